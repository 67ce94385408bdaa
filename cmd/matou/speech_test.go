package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"matou/assets"
	"matou/steps"
)

// TestNotesOfOurs: our workshops have notes for the same slides in each language, and the slides get
// them.
func TestNotesOfOurs(t *testing.T) {
	t.Parallel()
	for _, name := range assets.Workshops() {
		w, err := loadWorkshop(name)
		if err != nil {
			t.Fatal(err)
		}
		if problems := checkNotes(w); problems != nil {
			t.Error(problems)
		}
		decks, err := loadDecks(w, "")
		if err != nil {
			t.Fatal(err)
		}
		var first []steps.ID
		for i, lang := range w.Languages {
			if err := withNotes(w, lang, decks[lang]); err != nil {
				t.Fatal(err)
			}
			var with []steps.ID
			for n, s := range decks[lang].Slides {
				if len(s.Notes) > 0 {
					with = append(with, w.Slides[n])
				}
				if strings.Contains(strings.Join(s.Notes, ""), "# ") {
					t.Errorf("%s %s: the note of another slide is in that of %s", name, lang, w.Slides[n])
				}
			}
			if i == 0 {
				first = with
			}
			if diff := cmp.Diff(first, with); diff != "" || len(with) == 0 {
				t.Errorf("%s %s: slides with notes (-%s):\n%s", name, lang, w.Languages[0], diff)
			}
		}
	}
}
