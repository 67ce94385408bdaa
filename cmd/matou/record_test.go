//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"

	"matou/tui/notes"
)

// TestRecordConsole records the console in a terminal, and plays the recording on another: both show
// the same. Notes follow it meanwhile, and a deck that is written anew is shown anew.
func TestRecordConsole(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	file, deck := filepath.Join(state, "show.cast"), filepath.Join(state, "deck.md")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(deck, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("# Bonjour\n\nPassword: moutarde\n\n---\n\n# Second slide\n\n<!-- say it slowly -->\n")
	s := newScreen(t, 100, 30, program(t, state, "--record", file, "--deck", deck, "--no-cat", "--still", "--lang", "en"))
	s.until("the first slide", func(text string) bool { return strings.Contains(text, "Password: ••••••••") })
	s.press("\x1b[C")
	s.until("the second", func(text string) bool { return strings.Contains(text, "Second slide") })
	dir := filepath.Join(state, "web-cloud-puppet", "sandbox", "seats", "01")
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if p, err := notes.ReadPlace(dir); err == nil && p.Slide == 2 {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the console does not say where it is")
		}
	}
	out, err := program(t, state, "notes", "--once", "--lang", "en").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "say it slowly") {
		t.Errorf("notes: %v\n%s", err, out)
	}
	write("# Bonjour\n\n---\n\n# Second slide\n\nmended\n")
	s.until("the mended slide", func(text string) bool { return strings.Contains(text, "mended") })
	shown := s.calm()
	// Up to here, however the program may end: a recording is whole at any moment.
	_ = s.cmd.Process.Kill()
	<-s.done
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(data, []byte("moutarde")) {
		t.Error("a password of a slide is in the recording")
	}
	player := vt.NewEmulator(100, 30)
	answers := make(chan struct{})
	go func() { defer close(answers); _, _ = io.Copy(io.Discard, player) }() // to questions about itself
	defer func() {
		_ = player.InputPipe().(io.Closer).Close() // Close of the emulator itself races with its Read
		<-answers
	}()
	last, found := "", false // a frame may have been drawn since, and recorded
	for i, line := range bytes.Split(bytes.TrimSpace(data), []byte("\n")) {
		var event []any
		if i == 0 {
			if !bytes.HasPrefix(line, []byte(`{"version":3,"term":{"cols":100,"rows":30,"type":"xterm-256color"}`)) {
				t.Errorf("header %s", line)
			}
			continue
		}
		if err := json.Unmarshal(line, &event); err != nil {
			t.Fatalf("line %d: %v in %s", i+1, err, line)
		}
		if event[1] == "o" {
			if _, err := io.WriteString(player, event[2].(string)); err != nil {
				t.Fatal(err)
			}
			last = player.String()
			found = found || last == shown
		}
	}
	if !found {
		t.Errorf("the recording ends with\n%s\nand the terminal showed\n%s", last, shown)
	}
}

func TestEcho(t *testing.T) {
	t.Parallel()
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	defer tty.Close()
	typed := func(text string) {
		t.Helper()
		if _, err := io.WriteString(master, text); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 100)
		if n, err := tty.Read(buf); err != nil || string(buf[:n]) != text {
			t.Fatalf("read %q, %v", buf[:n], err)
		}
	}
	if err := echo(tty.Fd(), false); err != nil {
		t.Fatal(err)
	}
	typed("moutarde\n")
	if err := echo(tty.Fd(), true); err != nil {
		t.Fatal(err)
	}
	typed("shown\n")
	buf := make([]byte, 100)
	n, err := master.Read(buf)
	if err != nil || string(buf[:n]) != "shown\r\n" {
		t.Errorf("the terminal showed %q, %v", buf[:n], err)
	}
	if err := echo(^uintptr(0), false); err == nil {
		t.Error("what is no terminal was hidden")
	}
}

// TestPoisonedConsole opens the console on a seat that somebody else wrote: the terminal is told to draw,
// and nothing that stands in the journal.
func TestPoisonedConsole(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	poisonedSeat(t, state)
	s := newScreen(t, 120, 36, program(t, state, "--pace", "instant", "--no-cat", "--still", "--lang", "en"))
	s.sees("slide ")
	s.press("J")
	s.sees("What was done")
	time.Sleep(dialogMoment)
	s.press(keyEnter)
	s.sees("Output of")
	time.Sleep(dialogMoment)
	s.press(keyEsc)
	s.until("the dialog to close", func(text string) bool { return !strings.Contains(text, "Output of") })
	s.press("q")
	<-s.done
	raw := s.written()
	for _, bad := range []string{"owned\a", "\x1b]52", "evil", "\x1bP+q544e", "\x1bc"} {
		if strings.Contains(raw, bad) {
			t.Errorf("%q reached the terminal", bad)
		}
	}
	for _, r := range raw {
		if r >= 0x80 && r < 0xa0 || unicode.Is(unicode.Bidi_Control, r) {
			t.Errorf("%q reached the terminal", r)
		}
	}
}
