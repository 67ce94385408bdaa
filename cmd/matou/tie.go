package main

import (
	"maps"
	"slices"
	"strings"

	"matou/slides"
	"matou/steps"
)

// tie finds which of the workshop's slides each slide of another deck is; empty for one that is none.
// Number alone says nothing about a deck that somebody else wrote. A slide is known by its id, else by
// a title, else by the commands it shows, if no other slide of either deck has the same: the wrong
// step beside a slide is worse than none.
func tie(w *steps.Workshop, own map[string]*slides.Deck, other *slides.Deck) []steps.ID {
	ids := make([]steps.ID, len(other.Slides))
	taken := map[steps.ID]bool{}
	for i, s := range other.Slides {
		if id := steps.ID(s.ID); slices.Contains(w.Slides, id) && !taken[id] {
			ids[i], taken[id] = id, true
		}
	}
	langs := slices.Sorted(maps.Keys(own))
	for _, mark := range []func(*slides.Slide) string{titleOf, commandsOf} {
		theirs := onlyOnes(other, mark)
		for _, lang := range langs {
			if len(own[lang].Slides) != len(w.Slides) {
				continue
			}
			for text, n := range onlyOnes(own[lang], mark) {
				i, ok := theirs[text]
				if id := w.Slides[n]; ok && ids[i] == "" && other.Slides[i].ID == "" && !taken[id] {
					ids[i], taken[id] = id, true
				}
			}
		}
	}
	return ids
}

// onlyOnes are the indices of the slides whose mark no other slide of the deck has.
func onlyOnes(d *slides.Deck, mark func(*slides.Slide) string) map[string]int {
	found, twice := map[string]int{}, map[string]bool{}
	for i, s := range d.Slides {
		text := mark(s)
		if _, ok := found[text]; ok || text == "" {
			twice[text] = true
		}
		found[text] = i
	}
	maps.DeleteFunc(found, func(text string, _ int) bool { return twice[text] })
	return found
}

// titleOf is a slide's title in lower case, without blanks around words.
func titleOf(s *slides.Slide) string {
	return strings.ToLower(strings.Join(strings.Fields(s.Title), " "))
}

// commandsOf are a slide's commands; whatever stands in for a value of the participant's own is the
// same in all decks.
func commandsOf(s *slides.Slide) string {
	var lines []string
	for _, c := range s.Commands() {
		line := c.Fill(func(string) (string, bool) { return "*", true })
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return strings.Join(lines, "\n")
}

// tied is how many slides are some of the workshop's.
func tied(ids []steps.ID) int {
	n := 0
	for _, id := range ids {
		if id != "" {
			n++
		}
	}
	return n
}

// tieDeck ties the deck that is shown in place of the workshop's; nil when there is none.
func tieDeck(w *steps.Workshop, file string, decks map[string]*slides.Deck) ([]steps.ID, error) {
	if file == "" || len(w.Languages) == 0 {
		return nil, nil
	}
	own, err := loadDecks(w, "")
	if err != nil {
		return nil, err
	}
	return tie(w, own, decks[w.Languages[0]]), nil
}
