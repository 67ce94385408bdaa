package tui

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"matou/cloud"
	"matou/steps"
	"matou/tui/pane"
)

// FeedLines is how many lines one pull may bring: all that the log keeps, so that a flood leaves no
// hole in what can be scrolled back to.
const FeedLines = pane.DefaultLogLines

// gather is how long the console leaves a log alone that it has just drawn lines of: each pull costs
// a redraw, on a bad line too, and nobody reads faster.
const gather = 200 * time.Millisecond

// The messages the console sends itself.
type (
	batchMsg struct {
		batch steps.Batch
		err   error
	}
	snapMsg struct {
		snap cloud.Snapshot
		err  error
	}
	wakeMsg struct{ id int }
	didMsg  struct {
		command steps.Command
		err     error
	}
	saidMsg  struct{ text string } // to be told in the bar
	doingMsg struct {              // to be told in the bar, before it is done
		text string
		then tea.Cmd
	}
	leftMsg struct { // a shell or an editor was left
		step   steps.ID
		edited bool
		err    error
	}
)

// next pulls from the engine once, after a while; the message re-arms it.
func (m *Model) next(after time.Duration) tea.Cmd {
	ctx, feed := m.ctx, m.feed
	if feed == nil {
		return nil
	}
	return func() tea.Msg {
		pause(ctx, after)
		b, err := feed.Next(ctx)
		if c, ok := feed.(interface{ Close() }); ok && err != nil {
			c.Close()
		}
		return batchMsg{b, err}
	}
}

// poll waits for a list of servers newer than a version.
func (m *Model) poll(version int) tea.Cmd {
	ctx, servers := m.ctx, m.opts.Servers
	return func() tea.Msg {
		snap, err := servers.Next(ctx, version)
		return snapMsg{snap, err}
	}
}

// do sends a command to the engine. Who asks for a step looks at it, until the focus is moved again.
func (m *Model) do(c steps.Command) tea.Cmd {
	switch c.(type) {
	case steps.Start, steps.Retry, steps.CatchUp:
		m.byHand = false
	}
	ctx, session := m.ctx, m.session
	return func() tea.Msg { return didMsg{c, session.Do(ctx, c)} }
}

// after comes back after a while, or not at all when the session ends first.
func (m *Model) after(d time.Duration, msg tea.Msg) tea.Cmd {
	ctx := m.ctx
	return func() tea.Msg {
		if !pause(ctx, d) {
			return nil
		}
		return msg
	}
}

// pause waits, and tells whether it was to the end.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// exec runs a program in the terminal in place of the console, an editor or a shell.
func (m *Model) exec(c tea.ExecCommand, step steps.ID, edits bool) tea.Cmd {
	return tea.Exec(handover{c}, func(err error) tea.Msg { return leftMsg{step, edits, err} })
}
