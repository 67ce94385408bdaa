package main

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"matou/slides"
	"matou/steps"
)

// note is what the speaker says at a slide. A workshop keeps them beside its decks, because what is a
// comment in a deck is read by the room when another program shows it.
type note struct {
	slide steps.ID
	line  int
	text  string
}

// readNotes reads a file of notes: a line "# SLIDE" with the name of a slide, and below it what to say
// there.
func readNotes(fsys fs.FS, file string) ([]note, error) {
	src, err := fs.ReadFile(fsys, file)
	if err != nil {
		return nil, fmt.Errorf("read notes: %w", err)
	}
	var notes []note
	for i, line := range strings.Split(strings.ReplaceAll(string(src), "\r\n", "\n"), "\n") {
		if id, ok := strings.CutPrefix(line, "# "); ok {
			notes = append(notes, note{slide: steps.ID(strings.TrimSpace(id)), line: i + 1})
		} else if n := len(notes) - 1; n >= 0 {
			notes[n].text += line + "\n"
		}
	}
	return notes, nil
}

// withNotes gives the slides of the workshop's own deck the notes that are kept beside it.
func withNotes(w *steps.Workshop, lang string, deck *slides.Deck) error {
	file := w.Notes[lang]
	if file == "" {
		return nil
	}
	notes, err := readNotes(w.Files, file)
	if err != nil {
		return err
	}
	for _, n := range notes {
		if i := slices.Index(w.Slides, n.slide); i >= 0 && i < len(deck.Slides) {
			deck.Slides[i].Notes = append(deck.Slides[i].Notes, strings.TrimSpace(n.text))
		}
	}
	return nil
}

// checkNotes finds the notes that are of no slide.
func checkNotes(w *steps.Workshop) steps.Problems {
	var problems steps.Problems
	for _, lang := range w.Languages {
		file := w.Notes[lang]
		if file == "" {
			continue
		}
		notes, err := readNotes(w.Files, file)
		if err != nil {
			problems = append(problems, steps.Problem{File: file, Text: err.Error()})
		}
		for _, n := range notes {
			if !slices.Contains(w.Slides, n.slide) {
				near := nearestSlides(w, string(n.slide))
				if near != "" {
					near = ": did you mean " + near
				}
				problems = append(problems, steps.Problem{File: file, Line: n.line, Col: 1, Text: fmt.Sprintf("no slide %q%s", n.slide, near)})
			}
		}
	}
	return problems
}
