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
// waits counts as the action's. The zero value lets everything through. It is safe for concurrent use.
type Gate struct {
	mu   sync.Mutex
	step steps.ID // the one on stage; empty: none
	each time.Duration
	at   gateAt // the action that was let through last
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
	g.step, g.each, g.at = step, each, gateAt{}
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
	if first || again {
		return 0
	}
	return typingTime(command, g.each)
}

// gated is an executor behind a gate.
type gated struct {
	steps.Executor
	gate *Gate
}

// Execute implements [steps.Executor].
func (x gated) Execute(ctx context.Context, in steps.Input, out steps.Output) (steps.Result, error) {
	if d := x.gate.hold(in, x.Command(in)); d > 0 && !pause(ctx, d) {
		return steps.Result{}, ctx.Err()
	}
	return x.Executor.Execute(ctx, in, out)
}
