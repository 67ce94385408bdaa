package tui_test

import (
	"strings"
	"testing"

	"matou/slides"
	"matou/steps"
	"matou/tui"
)

func TestOnSlide(t *testing.T) {
	t.Parallel()
	type place struct {
		n    int
		step steps.ID
	}
	var told []place
	play(t, "is told each move once", 80, 24, func(f *fixture) {
		f.Press("right", "z", "z", "right", "1")
		want := []place{{1, ""}, {2, "jump"}, {3, "boot"}, {1, ""}}
		if len(told) != len(want) {
			f.t.Fatalf("told %v, not %v", told, want)
		}
		for i := range want {
			if told[i] != want[i] {
				f.t.Errorf("told %v, not %v", told, want)
			}
		}
	}, with(func(o *tui.Options) {
		o.OnSlide = func(n int, step steps.ID) { told = append(told, place{n, step}) }
	}))
}

func TestReload(t *testing.T) {
	t.Parallel()
	deck := func(text string) map[string]*slides.Deck {
		d := slides.Parse("deck.md", []byte(strings.ReplaceAll(text, "|", "\n\n---\n\n")))
		return map[string]*slides.Deck{"fr": d, "en": d}
	}
	play(t, "keeps the place", 80, 24, func(f *fixture) {
		f.Press("right", "right")
		f.Sees("Boot")
		f.Send(tui.Reload{Decks: deck("# A|# B|# C, mended|# D")})
		f.Sees("C, mended", "Les diapos ont changé.", "diapo 3/4")
		f.Send(tui.Reload{Decks: deck("# A|# new|# B|# C, mended|# D")})
		f.Sees("C, mended", "diapo 4/5")
		f.Send(tui.Reload{Decks: deck("# A|# B")})
		f.Sees("diapo 2/2")
	}, with(func(o *tui.Options) { o.Decks = deck("# A|# B|# Boot|# D") }))
	play(t, "another deck has the steps of the slides it knows, and no others", 80, 24, func(f *fixture) {
		f.Press("right")
		f.Sees("new", "2/3")
		f.SeesNot("nova boot", "Enter by the jump host", "Entrer par le rebond")
		f.Press("right")
		f.Sees("Boot", "Démarrer le serveur")
		f.Press("1")
		f.Send(tui.Reload{Decks: deck("# Boot|# C"), Slides: []steps.ID{"boot", ""}})
		f.Sees("Démarrer le serveur", "diapo 1/2")
	}, with(func(o *tui.Options) {
		o.Decks, o.Slides = deck("# A|# new|# Boot"), []steps.ID{"", "", "boot"}
	}))
	play(t, "and secrets are not shown to everybody", 80, 24, func(f *fixture) {
		f.Sees("Password: ••••••••")
	}, with(func(o *tui.Options) { o.Conceal, o.Decks = true, deck("# A\n\nPassword: moutarde") }))
}
