package main

import (
	"slices"
	"testing"

	"matou/slides"
	"matou/steps"
)

// TestTie checks that a deck somebody else wrote shows a step where it belongs, or nowhere.
func TestTie(t *testing.T) {
	t.Parallel()
	const own = "# Hello\n\n---\n# Boot\n> nova boot *name-XXX*\n\n---\n# Agent\n> puppet agent -t\n\n---\n# Again\n> puppet agent -t\n\n---\n# Bye\n"
	w := &steps.Workshop{Languages: []string{"en"}, Slides: []steps.ID{"hello", "boot", "agent", "again", "bye"}}
	for _, c := range []struct {
		name, deck string
		want       []steps.ID
	}{
		{"its own deck", own, w.Slides},
		{"as many slides, and nothing in common", "# 1\n\n---\n# 2\n\n---\n# 3\n\n---\n# 4\n\n---\n# 5\n", make([]steps.ID, 5)},
		{"an id", "= boot\n# Anything\n\n---\n= nowhere\n# Bye\n", []steps.ID{"boot", ""}},
		{"an id twice", "= boot\n# A\n\n---\n= boot\n# B\n", []steps.ID{"boot", ""}},
		{"a title, whatever its case", "# x\n\n---\n# HELLO\n", []steps.ID{"", "hello"}},
		{"a title twice", "# Hello\n\n---\n# Hello\n", []steps.ID{"", ""}},
		{"an id before a title", "# Hello\n\n---\n= hello\n# A\n", []steps.ID{"", "hello"}},
		{"a command, whatever the value", "# Création\n>  nova  boot *puppet-22*\n", []steps.ID{"boot"}},
		{"a command that two of its slides have", "# Puppet\n> puppet agent -t\n", []steps.ID{""}},
		{"other words stand there", "# Création\n> nova boot web-XXX\n", []steps.ID{""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := tie(w, map[string]*slides.Deck{"en": slides.Parse("own", []byte(own))}, slides.Parse("other", []byte(c.deck)))
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
