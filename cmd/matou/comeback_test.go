//go:build unix

package main

import (
	"strings"
	"testing"
)

// withServer is the state folder of a seat that has played up to its first server.
func withServer(t *testing.T) string {
	t.Helper()
	state := t.TempDir()
	if out, err := program(t, state, "play", "--pace", "instant", "--until", "master-boot").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return state
}

// TestComeBack opens the console on a seat with servers: they are on the screen before a key is
// pressed.
func TestComeBack(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a second")
	}
	t.Parallel()
	state := withServer(t)
	s := newScreen(t, 120, 36, program(t, state, "--pace", "instant", "--still"))
	s.sees("• puppet-01")
	s.press("q")
	<-s.done
}

// TestLookOver opens a second console on a seat: it sees the servers of the first one's sandbox, and
// what they are, but touches nothing.
func TestLookOver(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a second")
	}
	t.Parallel()
	state := withServer(t)
	first := newScreen(t, 80, 24, program(t, state, "--pace", "instant", "--still"))
	first.sees("Servers 1") // its sandbox is up
	second := newScreen(t, 120, 36, program(t, state, "--pace", "instant", "--still"))
	second.sees("read only")
	second.sees("• puppet-01") // in the list: the slide names it too
	second.press("\t\t\r")
	second.sees("nova show puppet-01")
	second.sees("| OS-EXT-STS:power_state")
	second.press(keyEsc)
	second.until("the dialog to close", func(text string) bool { return !strings.Contains(text, "nova show puppet-01") })
	second.press("d")
	second.sees("holds this seat")
	for _, s := range []*screen{second, first} {
		s.press("q")
		<-s.done
	}
}
