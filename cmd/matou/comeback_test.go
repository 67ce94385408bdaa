//go:build unix

package main

import "testing"

// TestComeBack opens the console on a seat with servers: they are on the screen before a key is
// pressed.
func TestComeBack(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a second")
	}
	t.Parallel()
	state := t.TempDir()
	if out, err := program(t, state, "play", "--pace", "instant", "--until", "master-boot").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s := newScreen(t, 120, 36, program(t, state, "--pace", "instant", "--still"))
	s.sees("• puppet-01")
	s.press("q")
	<-s.done
}
