package tui

import (
	"context"
	"sync"
	"time"
	"unicode/utf8"

	"matou/steps"
)

// typingLimit is how long the typing of one command takes at most: a long one is typed faster.
const typingLimit = 4 * time.Second

// typingTime is how long a command takes to be typed, at so long a character.
func typingTime(command string, each time.Duration) time.Duration {
	return min(typingLimit, time.Duration(utf8.RuneCountInString(command))*each)
}

// Gate keeps the engine from beginning an action before the console, in demo mode, has typed its
// command. It stands before the executor; only the step that is on stage waits there, and the time it
// waits is not the action's. The zero value lets everything through. It is safe for concurrent use.
type Gate struct {
	mu   sync.Mutex
	step steps.ID // the one on stage; empty: none
	each time.Duration
	at   gateAt        // the action that was let through last
	from time.Time     // when that was held
	held time.Duration // for so long; zero: it was not
}

// gateAt is an action of an attempt.
type gateAt struct{ attempt, index int }

// Before puts the gate before an executor.
func (g *Gate) Before(x steps.Executor) steps.Executor { return gated{x, g} }

// open begins to hold a step's actions, but for its first: the command of that one has been typed.
func (g *Gate) open(step steps.ID, each time.Duration) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.step, g.each, g.at, g.held = step, each, gateAt{}, 0
}

// waited is how long the action that a step is at has been held so far. Once the action has ended its
// step counts it, see [steps.StepState]: in between, what shows a clock takes it off.
func (g *Gate) waited(id steps.ID, st steps.StepState, now time.Time) time.Duration {
	if g == nil || st.Status != steps.Running || st.Phase != steps.PhaseAction {
		return 0
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	over := st.Index < len(st.Actions) && st.Actions[st.Index].Status != steps.Running
	if id != g.step || over || g.at != (gateAt{st.Attempt, st.Index}) {
		return 0
	}
	return max(0, min(g.held, now.Sub(g.from)))
}

// hold is how long an action is to wait for its command. A further try of the same waits no more.
func (g *Gate) hold(in steps.Input, command string) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	if in.Step != g.step || in.Phase != steps.PhaseAction || in.Action.Background {
		return 0
	}
	at := gateAt{in.Attempt, in.Index}
	first := g.at.attempt != in.Attempt
	again := g.at == at
	g.at = at
	if again {
		return 0
	}
	if g.held = 0; !first {
		g.from, g.held = time.Now(), typingTime(command, g.each)
	}
	return g.held
}

// gated is an executor behind a gate.
type gated struct {
	steps.Executor
	gate *Gate
}

// Execute implements [steps.Executor].
func (x gated) Execute(ctx context.Context, in steps.Input, out steps.Output) (steps.Result, error) {
	held, began := x.gate.hold(in, x.Command(in)), time.Now()
	if held > 0 && !pause(ctx, held) {
		return steps.Result{Held: time.Since(began).Truncate(time.Millisecond)}, ctx.Err()
	}
	result, err := x.Executor.Execute(ctx, in, out)
	result.Held += held.Truncate(time.Millisecond) // as a journal keeps it
	return result, err
}
