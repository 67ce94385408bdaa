//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// keySpace carries a demonstration.
const keySpace = " "

// onward presses the one key until the screen is as wanted. It waits while a step runs, and for each
// press to show.
func (s *screen) onward(what string, want func(screen string) bool) {
	s.t.Helper()
	for range 400 {
		text := s.calm()
		if want(text) {
			return
		}
		if mark, _ := step(text); mark == "▶" {
			s.until("the step to end", func(text string) bool { mark, _ := step(text); return mark != "▶" || want(text) })
			continue
		}
		s.press(keySpace)
		s.until("the key to do something", func(after string) bool { return after != text })
	}
	s.t.Fatalf("400 keys, and not %s:\n%s", what, s.text())
}

// TestDemo carries the show from the first slide to Victory with one key.
func TestDemo(t *testing.T) {
	if testing.Short() && os.Getenv("MATOU_SMOKE") == "" {
		t.Skip("takes several seconds")
	}
	t.Parallel()
	state := t.TempDir()
	s := newScreen(t, 80, 24, program(t, state, "--demo", "--typing", "off", "--pace", "instant", "--still", "--no-cat"))
	s.sees("Web, Cloud, Puppet!")
	s.onward("Victory", func(text string) bool { return strings.Contains(text, hooray) })
	s.dialog(s.text(), hooray, keySpace)
	s.press("q")
	<-s.done
	for _, row := range rows(t, state, "status", "--json") {
		if done := row["status"] == "done"; done == (row["step"] == "bonus" || row["step"] == "cleanup") {
			t.Errorf("%s is %s", row["step"], row["status"])
		}
	}
}

// TestDemoFault has Puppet fail before the room. Its recording is shown, also to those who ask the
// journal; then it is done for real.
func TestDemoFault(t *testing.T) {
	if testing.Short() {
		t.Skip("takes several seconds")
	}
	t.Parallel()
	state := t.TempDir()
	if out, err := program(t, state, "play", "--pace", "instant", "--until", "master-code").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	faults := filepath.Join(state, "faults.yaml")
	if err := os.WriteFile(faults, []byte("faults:\n  - {at: puppet.fail, match: ^puppet, count: 1}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := newScreen(t, 80, 24, program(t, state, "--demo", "--typing", "off", "--pace", "instant", "--still", "--no-cat", "--faults", faults))
	s.sees("slide 19/29")
	s.onward("the failure", func(text string) bool { return strings.Contains(text, "That didn't work") })
	s.dialog(s.text(), "That didn't work", "v")
	s.sees("RECORDING, not live")
	s.onward("the recording's end", func(text string) bool { return strings.Contains(text, "End of the recording") })
	s.sees("» 10/19")

	status := func() string {
		out, err := program(t, state, "status").CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
	if !strings.Contains(status(), "shown, to be caught up") {
		t.Errorf("matou status:\n%s", status())
	}
	out, err := program(t, state, "export").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "its recording was shown in its place") {
		t.Errorf("matou export: %v\n%s", err, out)
	}
	s.press("A")
	s.sees("Do what was only shown")
	s.press("y")
	s.sees("All that was only shown is done, and proven.")
	if strings.Contains(status(), "shown") {
		t.Errorf("matou status:\n%s", status())
	}
	s.press("q")
	<-s.done
}
