//go:build unix

package main

import (
	"strings"
	"testing"
)

// TestTakeOver kills the console that holds a seat: the one that looks at it says so, takes the seat over
// at a key, and goes on with the work at the same slide.
func TestTakeOver(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	state := withServer(t)
	first := newScreen(t, 80, 24, program(t, state, "--pace", "instant", "--still"))
	first.sees("Servers 1")
	second := newScreen(t, 100, 30, program(t, state, "--pace", "instant", "--still"))
	second.sees("read only")
	second.press("11") // of the two steps there, the first is done
	place := "slide 11/29"
	second.sees(place)
	_ = first.cmd.Process.Kill()
	<-first.done
	second.sees("read only, free")
	second.press("H")
	text := second.until("the seat to be its own", func(text string) bool {
		return strings.Contains(text, place) && strings.Contains(text, "Servers 1") && !strings.Contains(text, "read only")
	})
	if mark, _ := step(text); mark != "○" && mark != "✓" {
		t.Errorf("the step is %q:\n%s", mark, text)
	}
	second.press("c")
	second.sees("it holds")
	third := newScreen(t, 80, 24, program(t, state, "--pace", "instant", "--still"))
	third.sees("read only")
	for _, s := range []*screen{third, second} {
		s.press("q")
		<-s.done
		if s.err != nil {
			t.Errorf("it ended with %v", s.err)
		}
	}
}
