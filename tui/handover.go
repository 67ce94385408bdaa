package tui

import (
	"runtime"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
)

// handover is a program that gets the terminal once nobody draws on it any more.
//
// Bubble Tea tells its renderer to end and does not wait for it. A program that is over at once is faster
// than that: the old renderer then stops the ticker that the new one has just started, and the console
// is never drawn again (https://github.com/charmbracelet/bubbletea/issues/1778).
type handover struct{ tea.ExecCommand }

// Run implements tea.ExecCommand.
func (h handover) Run() error {
	for end := time.Now().Add(drawsOn); drawing() && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	return h.ExecCommand.Run()
}

// drawsOn is how long a renderer that was told to end is waited for: it needs microseconds, and as long
// as anybody waits a shell is late.
const drawsOn = time.Second

// renderer is the function that Bubble Tea's renderer runs in.
const renderer = "charm.land/bubbletea/v2.(*Program).startRenderer."

// drawing tells whether a renderer of this process has not ended yet. Bubble Tea itself does not tell.
func drawing() bool {
	stacks := make([]runtime.StackRecord, runtime.NumGoroutine()+16)
	n, ok := runtime.GoroutineProfile(stacks)
	for !ok {
		stacks = make([]runtime.StackRecord, n+16)
		n, ok = runtime.GoroutineProfile(stacks)
	}
	for _, stack := range stacks[:n] {
		frames := runtime.CallersFrames(stack.Stack())
		for more := true; more; {
			var frame runtime.Frame
			if frame, more = frames.Next(); strings.HasPrefix(frame.Function, renderer) {
				return true
			}
		}
	}
	return false
}

// suspend gives the terminal back to the shell until that continues the console.
func (m *Model) suspend(string) tea.Cmd {
	return tea.Exec(handover{m.opts.Suspend}, func(err error) tea.Msg {
		if err == nil {
			return nil
		}
		return leftMsg{err: err}
	})
}
