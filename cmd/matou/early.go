package main

import (
	"context"
	"errors"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"matou/steps"
	"matou/tui"
)

// early is a session the console can draw before it is up. Starting the sandbox and the engine takes
// longer than everything else a first screen needs, so the console begins with what the journal says,
// and its first pull brings the session up. It implements [tui.Session] and [tui.Feed].
type early struct {
	session *session
	bringUp func() error
	failed  func() // called once when the session could not be brought up

	past  steps.State // where the journal ends
	begin sync.Once
	up    chan struct{} // closed when the session is up, or never will be
	err   error         // why it is not; set before up is closed
	told  int           // warnings the console knows
	feed  *steps.Feed   // only the one reader uses it
}

var (
	_ tui.Session = (*early)(nil)
	_ tui.Feed    = (*early)(nil)
)

// errEnded is what a session answers that was closed before it came up.
var errEnded = errors.New("the session has ended")

func newEarly(s *session, bringUp func() error, failed func()) *early {
	e := &early{session: s, bringUp: bringUp, failed: failed, up: make(chan struct{}), told: len(s.warnings)}
	var past []steps.Event
	if s.journal != nil {
		past = s.journal.Events()
	}
	e.past = steps.Replay(s.workshop, past)
	return e
}

// wait brings the session up, or waits until somebody else has.
func (e *early) wait() error {
	e.begin.Do(func() {
		defer close(e.up)
		if e.err = e.bringUp(); e.err != nil {
			e.failed()
		}
	})
	return e.err
}

// engine is the session's engine, or nil while there is none.
func (e *early) engine() *steps.Engine {
	select {
	case <-e.up:
		return e.session.engine
	default:
		return nil
	}
}

// Close ends the session. The error is why it never came up, or what went wrong since.
func (e *early) Close() error {
	e.session.stop()
	e.begin.Do(func() { e.err = errEnded; close(e.up) })
	err := e.session.Close()
	if !errors.Is(e.err, errEnded) {
		err = errors.Join(e.err, err)
	}
	return err
}

// Workshop implements [tui.Session].
func (e *early) Workshop() *steps.Workshop { return e.session.workshop }

// State implements [tui.Session]: until the engine is up, where the journal ends.
func (e *early) State() steps.State {
	if engine := e.engine(); engine != nil {
		return engine.State()
	}
	return e.past
}

// Vars implements [tui.Session]: until the engine is up, what the steps have saved.
func (e *early) Vars() steps.Vars {
	if engine := e.engine(); engine != nil {
		return engine.Vars()
	}
	return e.past.Vars
}

// CommandLine implements [tui.Session]: until the engine is up there is none.
func (e *early) CommandLine(step steps.ID, phase steps.Phase, index int) string {
	if engine := e.engine(); engine != nil {
		return engine.CommandLine(step, phase, index)
	}
	return ""
}

// Do implements [tui.Session]. It waits for the engine.
func (e *early) Do(ctx context.Context, c steps.Command) error {
	if err := e.wait(); err != nil {
		return err
	}
	return e.session.engine.Do(ctx, c)
}

// Feed implements [tui.Session]. It waits for the engine.
func (e *early) Feed(lines int) *steps.Feed {
	if e.wait() != nil {
		return nil
	}
	return e.session.engine.Feed(lines)
}

// Next implements [tui.Feed]. The first call brings the session up, and what went wrong but not badly
// on the way comes with the first batch.
func (e *early) Next(ctx context.Context) (steps.Batch, error) {
	if err := e.wait(); err != nil {
		return steps.Batch{}, err
	}
	if e.feed == nil {
		e.feed = e.session.engine.Feed(tui.FeedLines)
	}
	b, err := e.feed.Next(ctx)
	if late := e.session.warnings[e.told:]; err == nil && len(late) > 0 {
		var lines []steps.Line
		for _, w := range late {
			lines = append(lines, steps.Line{At: time.Now(), Source: tui.OwnSource, Text: steps.Sanitize(w.Error())})
		}
		b.Lines = append(lines, b.Lines...)
		e.told = len(e.session.warnings)
	}
	return b, err
}

// shell is an interactive shell on a hop, once the session is up.
func (e *early) shell(hop string) tea.ExecCommand {
	return terminal{func() error {
		if err := e.wait(); err != nil {
			return err
		}
		return e.session.interactive(hop, "")
	}}
}

// edit opens what a step lets people edit; nil when there is nothing, or not yet.
func (e *early) edit(step steps.ID) tea.ExecCommand {
	if e.engine() == nil {
		return nil
	}
	return e.session.edit(step)
}
