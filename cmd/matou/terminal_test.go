//go:build unix

package main

import (
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Modes of a terminal that a program sets and must take back: DEC's private ones, the keyboard's, the
// title, and the progress in the taskbar.
var (
	privateMode = regexp.MustCompile(`\x1b\[\?([0-9;]+)([hl])`)
	otherMode   = regexp.MustCompile(`\x1b\[>4(;2)?m|\x1b\[([<>])1?u|\x1b\](2|9;4);([^\x07\x1b]*)`)
)

// left is what a program has left changed after all that it wrote; empty when nothing.
func left(written string) []string {
	on := map[string]bool{}
	for _, m := range privateMode.FindAllStringSubmatch(written, -1) {
		for mode := range strings.SplitSeq(m[1], ";") {
			on["mode "+mode] = (m[2] == "h") != (mode == "25") // the cursor is shown unless somebody hides it
		}
	}
	for _, m := range otherMode.FindAllStringSubmatch(written, -1) {
		switch {
		case strings.HasSuffix(m[0], "m"):
			on["modified keys"] = m[1] != ""
		case m[2] != "":
			on["keyboard"] = m[2] == ">"
		case m[3] == "2":
			on["title"] = m[4] != ""
		default:
			on["progress"] = m[4] != "0"
		}
	}
	var out []string
	for name, set := range on {
		if set {
			out = append(out, name)
		}
	}
	return out
}

func TestTerminalLeftClean(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	for name, leave := range map[string]func(s *screen){
		"q":         func(s *screen) { s.press("q") },
		"ctrl+c":    func(s *screen) { s.press("\x03") },
		"a signal":  func(s *screen) { _ = s.cmd.Process.Signal(syscall.SIGTERM) },
		"an answer": func(s *screen) { s.press("9"); s.sees("The jumphost"); s.press("q") },
		"in the middle of a step": func(s *screen) {
			s.press("9")
			s.sees("1/19 The jumphost")
			s.press("c") // enter right after a digit ends the number
			s.sees(firstVisit)
			_ = s.cmd.Process.Signal(syscall.SIGTERM)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScreen(t, 80, 24, program(t, t.TempDir(), "--pace", "instant", "--still", "--mouse"))
			s.sees("slide 1/29")
			s.press("M") // the mouse is let go, and taken again
			s.sees("selects text again")
			s.press("M")
			s.sees("scrolls and chooses")
			if on := left(s.written()); len(on) < 5 {
				t.Errorf("while it runs only %v is set: the test sees nothing", on)
			}
			leave(s)
			select {
			case <-s.done:
			case <-time.After(60 * time.Second):
				t.Fatalf("it does not end:\n%s", s.text())
			}
			s.waits("the last bytes", func() bool { return len(left(s.written())) == 0 })
		})
	}
}

// waits waits for something of a program that may have ended.
func (s *screen) waits(what string, want func() bool) {
	s.t.Helper()
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if want() {
			return
		}
	}
	s.t.Fatalf("waiting for %s: %v is left set", what, left(s.written()))
}

func TestNoColor(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a second")
	}
	t.Parallel()
	s := newScreen(t, 120, 36, program(t, t.TempDir(), "--pace", "instant", "--still"), "NO_COLOR=1")
	s.sees("slide 1/29")
	s.press(":")
	s.sees("What would you like to do?")
	s.press("q\x03")
	if colour := regexp.MustCompile(`\x1b\[[0-9;]*\b[34]8;[25];`).FindString(s.written()); colour != "" {
		t.Errorf("colour %q", colour)
	}
	if !regexp.MustCompile(`\x1b\[([0-9;]+;)?7(;[0-9;]+)?m`).MatchString(s.written()) {
		t.Error("what is chosen can't be seen: nothing is reversed")
	}
	s.press("q")
	<-s.done
}

// A terminal that can't place its cursor gets the dialogue.
func TestDumbTerminal(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a second")
	}
	t.Parallel()
	s := newScreen(t, 80, 24, program(t, t.TempDir(), "--pace", "instant"), "TERM=dumb")
	s.sees("Slide 1 of 29: Web, Cloud, Puppet!")
	s.press("q\r")
	<-s.done
	if esc := strings.Count(s.written(), "\x1b"); esc > 0 {
		t.Errorf("%d escape sequences: %q", esc, s.written())
	}
}

// underShell runs a program as a shell with job control does: suspended, it leaves the shell to wait
// for a line, and then comes back.
func underShell(cmd *exec.Cmd) *exec.Cmd {
	const script = `set -m; "$@"; while jobs %% >/dev/null 2>&1; do echo in the shell; read x; fg %% >/dev/null; done`
	sh := exec.Command("sh", append([]string{"-c", script, "sh", cmd.Path}, cmd.Args[1:]...)...)
	sh.Env = cmd.Env
	return sh
}

// Suspended, the shell gets its own screen back; coming back, the console is as it was.
func TestSuspend(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	s := newScreen(t, 80, 24, underShell(program(t, t.TempDir(), "--pace", "instant", "--still")))
	s.sees("slide 1/29")
	s.press(keyRight)
	s.sees("slide 2/29")
	s.press("\x1a")
	s.waits("the shell", func() bool { return strings.Contains(s.written(), "in the shell") })
	if on := left(s.written()); len(on) > 0 {
		t.Errorf("the shell is left with %v", on)
	}
	s.press("\r")
	s.until("the last slide", func(text string) bool {
		s.press("G") // what is typed before the console reads again is lost
		return strings.Contains(text, "slide 29/29")
	})
	s.press("q")
	<-s.done
	s.waits("the last bytes", func() bool { return len(left(s.written())) == 0 })
}

// Without a shell to come back from, ctrl+z would be the end: it says why it does nothing.
func TestSuspendWithoutShell(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a second")
	}
	t.Parallel()
	s := newScreen(t, 80, 24, program(t, t.TempDir(), "--pace", "instant", "--still"))
	s.sees("slide 1/29")
	s.press("\x1a")
	s.sees("no shell to come back from")
	s.press(keyRight)
	s.sees("slide 2/29")
	s.press("q")
	<-s.done
}
