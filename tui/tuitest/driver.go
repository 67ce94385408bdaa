// Package tuitest drives the console the way a participant does: keys in, a screen out.
//
// A test runs in a bubble of testing/synctest, so that time is its own: a command that waits for a
// clock or for somebody is known to wait, and the clock moves only when the test says so. Nothing
// here opens a terminal.
//
//	synctest.Test(t, func(t *testing.T) {
//		d := tuitest.New(t, model, 80, 24)
//		d.Press("enter")
//		d.Sees("running")
//	})
package tuitest

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// Driver runs one model.
type Driver struct {
	t             testing.TB
	model         tea.Model
	width, height int

	mu      sync.Mutex
	pending []tea.Msg

	// Clipboard is what was copied last.
	Clipboard string
	// Quit tells that the program would have ended.
	Quit bool
	// Execs counts the programs that would have been given the terminal. None is run.
	Execs int
	// Updates counts the messages the model has taken: what is idle takes none.
	Updates int
}

// New starts a model on a screen of a size, in cells. It must be called in a synctest bubble.
func New(t testing.TB, model tea.Model, width, height int) *Driver {
	d := &Driver{t: t, model: model, width: width, height: height}
	d.start(model.Init())
	d.Send(tea.WindowSizeMsg{Width: width, Height: height})
	return d
}

// Send gives messages to the model and waits until everything that follows at once has happened.
func (d *Driver) Send(msgs ...tea.Msg) {
	d.t.Helper()
	for _, msg := range msgs {
		d.update(msg)
	}
	d.Settle()
}

// rounds bounds how long messages may lead to further ones: a model that feeds itself is a bug.
const rounds = 1000

// Settle runs commands until all of them wait for a clock or for somebody.
func (d *Driver) Settle() {
	d.t.Helper()
	for range rounds {
		synctest.Wait()
		d.mu.Lock()
		msgs := d.pending
		d.pending = nil
		d.mu.Unlock()
		if len(msgs) == 0 {
			return
		}
		for _, msg := range msgs {
			d.update(msg)
		}
	}
	d.t.Fatalf("the model does not come to rest")
}

// Wait lets time pass, in small steps so that timers fire in their order.
func (d *Driver) Wait(total time.Duration) {
	d.t.Helper()
	const step = 50 * time.Millisecond
	for total > 0 {
		time.Sleep(min(step, total))
		total -= step
		d.Settle()
	}
}

func (d *Driver) update(msg tea.Msg) {
	if msg == nil || d.Quit {
		return
	}
	if _, ok := msg.(tea.QuitMsg); ok {
		d.Quit = true
		return
	}
	d.Updates++
	var cmd tea.Cmd
	d.model, cmd = d.model.Update(msg)
	d.model.View() // as the program does after each update
	d.start(cmd)
}

// start runs a command on its own, as the program does.
func (d *Driver) start(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	go func() {
		msg := cmd()
		if batch, ok := msg.(tea.BatchMsg); ok {
			for _, c := range batch {
				d.start(c)
			}
			return
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		if text, ok := clipboard(msg); ok {
			d.Clipboard = text
			return
		}
		if isExec(msg) {
			d.Execs++
			return
		}
		d.pending = append(d.pending, msg)
	}()
}

// Resize changes the size of the screen.
func (d *Driver) Resize(width, height int) {
	d.t.Helper()
	d.width, d.height = width, height
	d.Send(tea.WindowSizeMsg{Width: width, Height: height})
}

// Press presses keys by their names: "enter", "ctrl+c", "a", "G".
func (d *Driver) Press(keys ...string) {
	d.t.Helper()
	for _, k := range keys {
		d.Send(Key(k))
	}
}

// Type types a text.
func (d *Driver) Type(text string) {
	d.t.Helper()
	for _, r := range text {
		d.Send(tea.KeyPressMsg{Code: r, Text: string(r)})
	}
}

// Screen is what stands on the screen, without colours. It fails the test when a line is not
// exactly as wide as the screen or lines are missing: that is what tears a terminal.
func (d *Driver) Screen() string {
	d.t.Helper()
	lines := strings.Split(ansi.Strip(d.Styled()), "\n")
	if len(lines) != d.height {
		d.t.Errorf("screen of %d lines on a terminal of %d", len(lines), d.height)
	}
	for i, line := range lines {
		if w := ansi.StringWidth(line); w != d.width {
			d.t.Errorf("line %d is %d cells wide, not %d: %q", i+1, w, d.width, line)
		}
		// A blank that does not break looks like any other, and tests may write it so.
		lines[i] = strings.TrimRight(strings.ReplaceAll(line, "\u00a0", " "), " ")
	}
	return strings.Join(lines, "\n") + "\n"
}

// Styled is the screen with its colours.
func (d *Driver) Styled() string { return d.model.View().Content }

// View is all the model wants of the terminal.
func (d *Driver) View() tea.View { return d.model.View() }

// Sees fails the test unless all texts stand on the screen.
func (d *Driver) Sees(texts ...string) {
	d.t.Helper()
	screen := d.Screen()
	for _, text := range texts {
		if !strings.Contains(screen, text) {
			d.t.Fatalf("%q is not on the screen:\n%s", text, screen)
		}
	}
}

// SeesNot fails the test if one of the texts stands on the screen.
func (d *Driver) SeesNot(texts ...string) {
	d.t.Helper()
	screen := d.Screen()
	for _, text := range texts {
		if strings.Contains(screen, text) {
			d.t.Fatalf("%q is on the screen:\n%s", text, screen)
		}
	}
}
