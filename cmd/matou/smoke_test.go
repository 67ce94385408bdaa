//go:build unix

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
)

// screen is the program in a terminal of its own.
type screen struct {
	t    *testing.T
	pty  *os.File
	cmd  *exec.Cmd
	mu   sync.Mutex
	term *vt.Emulator
	raw  bytes.Buffer // all that was written to it
	// frames are the screens the program meant to be seen, in order: it marks where one ends (mode
	// 2026, synchronized output). What is read in between may be half drawn.
	frames []string
	done   chan struct{} // closed when the program has ended
	err    error
}

// newScreen starts the program in a terminal of a size, with more in its environment.
func newScreen(t *testing.T, cols, rows int, cmd *exec.Cmd, env ...string) *screen {
	t.Helper()
	cmd.Env = slices.DeleteFunc(cmd.Env, func(v string) bool { // the terminal the tests run in is another
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains([]string{"SSH_TTY", "TERM_PROGRAM", "TMUX", "WT_SESSION", "NO_COLOR", "TZ"}, name)
	})
	cmd.Env = append(append(cmd.Env, "TERM=xterm-256color", "COLORTERM=truecolor"), env...)
	f, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: uint16(cols), Rows: uint16(rows)})
	if err != nil {
		t.Fatal(err)
	}
	s := &screen{t: t, pty: f, cmd: cmd, term: vt.NewEmulator(cols, rows), done: make(chan struct{})}
	_, _ = s.term.WriteString(ansi.ResetModeSynchronizedOutput) // so that it says it knows frames when asked
	s.term.SetCallbacks(vt.Callbacks{DisableMode: func(mode ansi.Mode) {
		if mode == ansi.ModeSynchronizedOutput {
			s.frames = append(s.frames, s.term.String())
		}
	}})
	var readers sync.WaitGroup
	readers.Add(2)
	go func() { // what the program draws
		defer readers.Done()
		buf := make([]byte, 32<<10)
		for {
			n, err := f.Read(buf)
			s.mu.Lock()
			_, _ = s.term.Write(buf[:n])
			s.raw.Write(buf[:n])
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	go func() { // what the terminal answers to questions about itself
		defer readers.Done()
		buf := make([]byte, 1<<10)
		for {
			n, err := s.term.Read(buf)
			if err != nil {
				return
			}
			_, _ = f.Write(buf[:n])
		}
	}()
	go func() { s.err = cmd.Wait(); close(s.done) }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it has ended, if all went well
		<-s.done
		_ = f.Close()
		_ = s.term.InputPipe().(io.Closer).Close() // Close of the emulator itself races with its Read
		readers.Wait()
	})
	return s
}

// text is the last frame, or what there is before the first.
func (s *screen) text() string {
	texts := s.since(-1)
	return texts[len(texts)-1]
}

// since is the frames after the first n, and at least the last one.
func (s *screen) since(n int) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.frames) == 0 {
		return []string{s.term.String()}
	}
	if n < 0 || n >= len(s.frames) {
		n = len(s.frames) - 1
	}
	return slices.Clone(s.frames[n:])
}

// drawn is how many frames there were.
func (s *screen) drawn() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.frames)
}

// calm is the frame when nothing has changed for a moment.
func (s *screen) calm() string {
	text := s.text()
	for range 100 {
		time.Sleep(40 * time.Millisecond)
		again := s.text()
		if again == text {
			break
		}
		text = again
	}
	return text
}

// written is all that the program has written so far.
func (s *screen) written() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.raw.String()
}

func (s *screen) press(keys string) {
	s.t.Helper()
	if _, err := s.pty.WriteString(keys); err != nil {
		s.t.Fatalf("press %q: %v", keys, err)
	}
}

// until waits for a frame as wanted: the present one or a later one, even if another has followed it by
// now. Real programs need real time: this is a bound, not a pace.
func (s *screen) until(what string, want func(screen string) bool) string {
	s.t.Helper()
	seen := -1
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		drawn := s.drawn()
		for _, text := range s.since(seen) {
			if want(text) {
				return text
			}
		}
		seen = drawn
		select {
		case <-s.done:
			s.t.Fatalf("waiting for %s: the program ended: %v\n%s", what, s.err, s.text())
		default:
		}
	}
	s.t.Fatalf("waiting for %s:\n%s", what, s.text())
	return ""
}

func (s *screen) sees(text string) string {
	s.t.Helper()
	return s.until(text, func(screen string) bool { return strings.Contains(screen, text) })
}

// stepLine says how the step of the slide stands: a mark, its number, its title and more.
var stepLine = regexp.MustCompile(`(?m)^ (\S) (\d+)/19 `)

// step reads the mark and the number; both are empty on a slide without a step.
func step(text string) (mark, number string) {
	if m := stepLine.FindStringSubmatch(text); m != nil {
		return m[1], m[2]
	}
	return "", ""
}

// doSlide runs all steps of the slide, as a participant would: enter, and see.
func (s *screen) doSlide() {
	s.t.Helper()
	for {
		text := s.calm()
		if s.dialog(text, firstVisit, "y") || s.dialog(text, hooray, keyEsc) {
			continue
		}
		mark, number := step(text)
		switch mark {
		case "": // nothing to do here
			return
		case "✓":
			s.press(keyEnter)
			after := s.until("another step, or none", func(text string) bool {
				_, now := step(text)
				return now != number || strings.Contains(text, "Already done")
			})
			if strings.Contains(after, "Already done") {
				return
			}
		case "○":
			s.press(keyEnter)
			s.until("the step to begin", func(text string) bool { now, _ := step(text); return now != "○" })
		case "▶":
			s.until("the step to end", func(text string) bool {
				now, _ := step(text)
				return now != "▶" || strings.Contains(text, firstVisit) || strings.Contains(text, hooray)
			})
		default:
			s.t.Fatalf("the step can't be run:\n%s", text)
		}
	}
}

// dialog answers a dialog, if it is there.
func (s *screen) dialog(text, title, answer string) bool {
	s.t.Helper()
	if !strings.Contains(text, title) {
		return false
	}
	time.Sleep(dialogMoment)
	s.press(answer)
	subject := fingerprint.FindString(text)
	s.until("the dialog to close", func(text string) bool { // or the next one to be there, about another host
		return !strings.Contains(text, title) || fingerprint.FindString(text) != subject
	})
	return true
}

var fingerprint = regexp.MustCompile(`SHA256:\S+`)

// What the dialogs on the way say.
const (
	firstVisit = "First visit"
	hooray     = "[ Hooray! ]"
)

// dialogMoment is longer than the first moment of a dialog, in which it takes no keys.
const dialogMoment = 300 * time.Millisecond

const victorySlide = 28 // the bonus, after Victory

const (
	keyEnter = "\r"
	keyRight = "\x1b[C"
	keyEsc   = "\x1b"
)

// lookBack looks at what was done and made: an attempt and its output, a server, its console.
func (s *screen) lookBack() {
	s.t.Helper()
	done, output, detail, console := "What was done", "Output of", "| OS-EXT-STS:vm_state", "nova console-log"
	for _, look := range []struct{ keys, sees string }{
		{"J", done},
		{keyEnter, output},
		{keyEsc, ""},
		{"\t\t\t\t", "Address"}, // Victory has brought the traffic up: from there the servers are the fourth
		{keyEnter, detail},
		{"v", console},
		{keyEsc, ""},
	} {
		s.press(look.keys)
		if look.sees != "" {
			s.sees(look.sees)
			time.Sleep(dialogMoment)
			continue
		}
		s.until("the dialogs to close", func(text string) bool {
			return !slices.ContainsFunc([]string{done, output, detail, console}, func(title string) bool { return strings.Contains(text, title) })
		})
	}
}

// TestSmoke walks from the first slide to Victory and the bonus, by keys, as a participant at 80x24
// would: enter runs what there is to run, the arrow goes on, and a host key is looked at before it is
// accepted.
func TestSmoke(t *testing.T) {
	if testing.Short() && os.Getenv("MATOU_SMOKE") == "" {
		t.Skip("takes several seconds")
	}
	t.Parallel()
	state := t.TempDir()
	s := newScreen(t, 80, 24, program(t, state, "--pace", "instant", "--still"))
	s.sees("Web, Cloud, Puppet!")
	for slide := 1; slide < victorySlide; slide++ {
		s.sees(fmt.Sprintf("slide %d/29", slide))
		s.doSlide()
		s.press(keyRight)
	}
	s.doSlide()
	s.lookBack()
	if s.drawn() == 0 {
		t.Error("the program does not mark its frames: what was read may have been half drawn")
	}
	s.press("q")
	select {
	case <-s.done:
	case <-time.After(2 * time.Minute):
		t.Fatalf("q does not end it:\n%s", s.text())
	}
	if s.err != nil {
		t.Fatalf("it ended with %v", s.err)
	}
	for _, row := range rows(t, state, "status", "--json") {
		if row["status"] != "done" && row["step"] != "cleanup" {
			t.Errorf("%s is %s", row["step"], row["status"])
		}
	}
}
