// Package dialog holds what opens above the panes and wants an answer: boxes with text, an input
// and buttons (box.go), and lists that narrow as one types (finder.go).
//
// A dialog is told keys and answers at most once; what the answer means is up to who opened it. The
// stack (this file) shows the newest and guards it: keys that were on their way when a dialog
// popped up by itself do not answer it.
package dialog

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"matou/tui/pane"
)

// Answer is what a dialog was closed with.
type Answer struct {
	Button string // the button's id; of a list, the item's; Cancel when it was left
	Text   string // what was typed
}

// Cancel is the answer of a dialog that was left.
const Cancel = "cancel"

// Dialog is one that is open.
type Dialog interface {
	// Update takes a key or a paste. The answer is nil while it stays open.
	Update(msg tea.Msg) *Answer
	// Draw is the dialog with its border, no larger than a size.
	Draw(look pane.Look, width, height int) []string
	// Typing tells whether keys are text.
	Typing() bool
}

// How long keys are kept from a dialog that popped up by itself: longer than a key takes over a
// slow line, shorter than it takes to read a title. A key held down prolongs it, up to the limit.
const (
	grace      = 250 * time.Millisecond
	graceLimit = 1500 * time.Millisecond
)

type entry struct {
	id     string
	dialog Dialog
	then   func(Answer) tea.Cmd
	since  time.Time
	until  time.Time // keys before this moment are dropped
}

// Stack is the open dialogs. The zero value has none.
type Stack struct{ open []entry }

// Push opens a dialog that somebody asked for. Then is called with its answer.
func (s *Stack) Push(id string, d Dialog, then func(Answer) tea.Cmd) {
	s.open = append(s.open, entry{id: id, dialog: d, then: then})
}

// Pop opens a dialog that comes by itself, with a time in which it takes no keys.
func (s *Stack) Pop(id string, d Dialog, now time.Time, then func(Answer) tea.Cmd) {
	s.open = append(s.open, entry{id: id, dialog: d, then: then, since: now, until: now.Add(grace)})
}

// Close closes the dialogs of an id without an answer: what they asked is moot.
func (s *Stack) Close(id string) {
	kept := s.open[:0]
	for _, e := range s.open {
		if e.id != id {
			kept = append(kept, e)
		}
	}
	s.open = kept
}

// Len is how many are open.
func (s *Stack) Len() int { return len(s.open) }

// Top is the id of the one that takes the keys; empty when none is open.
func (s *Stack) Top() string {
	if len(s.open) == 0 {
		return ""
	}
	return s.open[len(s.open)-1].id
}

// Has tells whether a dialog of that id is open.
func (s *Stack) Has(id string) bool {
	for _, e := range s.open {
		if e.id == id {
			return true
		}
	}
	return false
}

// Update gives a message to the top dialog, at a moment.
func (s *Stack) Update(msg tea.Msg, now time.Time) tea.Cmd {
	if len(s.open) == 0 {
		return nil
	}
	top := &s.open[len(s.open)-1]
	if now.Before(top.until) {
		if !top.dialog.Typing() && now.Sub(top.since) < graceLimit {
			top.until = now.Add(grace)
		}
		return nil
	}
	answer := top.dialog.Update(msg)
	if answer == nil {
		return nil
	}
	then := top.then
	s.open = s.open[:len(s.open)-1]
	if then == nil {
		return nil
	}
	return then(*answer)
}

// Draw is the top dialog; nil when none is open.
func (s *Stack) Draw(look pane.Look, width, height int) []string {
	if len(s.open) == 0 {
		return nil
	}
	return s.open[len(s.open)-1].dialog.Draw(look, width, height)
}
