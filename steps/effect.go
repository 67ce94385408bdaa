package steps

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"time"
)

// execute begins one run of an action; its end comes back through results.
func (e *Engine) execute(ctx context.Context, x Execute) {
	step, ok := e.w.Step(x.Step)
	if !ok {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	e.cancels[effectID{x.Step, x.Attempt, x.Phase, x.Index}] = cancel
	in := e.input(x, step)
	if e.State().Step(x.Step).Began == PhaseCheck { // nothing was done that would still have to show
		in.Action.Within = min(in.Action.Within, lookOnly)
	}
	e.effects.Add(1)
	go func() {
		defer e.effects.Done()
		began := e.o.Now()
		result, failure := e.perform(ctx, in)
		safe := func(s string) string { return e.o.Redactor.Text(sanitizeLines(s)) }
		if failure != nil {
			failure.Cause, failure.Said = safe(failure.Cause), mapped(failure.Said, safe)
		}
		result.Summary, result.Said = e.o.Redactor.Text(Sanitize(result.Summary)), mapped(result.Said, safe)
		e.results <- finished{
			Step: x.Step, Attempt: x.Attempt, Phase: x.Phase, Index: x.Index,
			Result: result, Failure: failure, Took: Millis(max(0, e.o.Now().Sub(began)-result.Held)), Held: Millis(result.Held),
		}
	}()
}

// How long between two looks at something that does not hold yet.
const (
	lookSoon  = 250 * time.Millisecond
	lookLater = 3 * time.Second
	lookOnly  = 8 * time.Second // in all, when a check was asked for by itself
)

// perform runs an action until it holds, its time is over, or it fails for good.
func (e *Engine) perform(ctx context.Context, in Input) (Result, *Failure) {
	lost, held := false, time.Duration(0)
	clock := newStopwatch(in.Action.Within)
	pause := lookSoon
	for {
		result, failure := e.once(ctx, in)
		held += result.Held
		result.Held = held
		if failure != nil && failure.Kind == FailLost && in.Phase == PhaseCheck && !lost {
			lost = true // a line that dropped proves nothing: look once more, on a new one
			continue
		}
		if failure == nil || in.Action.Within <= 0 || !worthWaiting(failure.Kind) {
			return result, failure
		}
		if clock.left() <= 0 {
			failure.and("cause.waited", "{why} (waited {time})", "time", in.Action.Within)
			return result, failure
		}
		select {
		case <-time.After(min(pause, clock.left())):
		case <-ctx.Done():
			return result, canceled(ctx.Err())
		}
		pause = min(pause*2, lookLater)
	}
}

// worthWaiting tells whether a failure may pass by itself.
func worthWaiting(kind string) bool {
	switch kind {
	case FailCheck, FailExit, FailUnreachable, FailLost, FailTimeout, FailNotFound, FailUnavailable, FailRate, FailPuppet:
		return true
	}
	return false
}

// once runs an action one time, within its timeout; time spent waiting for a person's answer does
// not count.
func (e *Engine) once(ctx context.Context, in Input) (result Result, failure *Failure) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	out := &output{engine: e, step: in.Step}
	if in.Action.Timeout > 0 && !in.Action.Background {
		out.deadline = newDeadline(in.Action.Timeout, func() { cancel(errTooLong) })
		defer out.deadline.stop()
	}
	defer func() {
		if p := recover(); p != nil {
			for line := range strings.Lines(fmt.Sprintf("panic: %v\n%s", p, debug.Stack())) {
				out.Line("matou", strings.TrimSuffix(line, "\n"))
			}
			failure = Failf(FailInternal, "%s: %v", in.Action.Kind, p)
		}
	}()
	result, err := e.x.Execute(ctx, in, out)
	switch {
	case err == nil:
		return result, nil
	case errors.Is(context.Cause(ctx), errTooLong):
		return result, Fail(FailTimeout, "cause.late", "not done after {time}", "time", in.Action.Timeout, err)
	case ctx.Err() != nil:
		return result, canceled(err)
	}
	var f *Failure
	if errors.As(err, &f) {
		return result, e.w.whence(&Failure{Kind: f.Kind, Cause: err.Error(), Said: phrases(err), Broken: f.Broken, Missing: f.Missing, Err: err})
	}
	return result, &Failure{Kind: FailInternal, Cause: err.Error(), Said: phrases(err), Err: err}
}

// canceled is the failure of what somebody stopped.
func canceled(err error) *Failure {
	f := Fail(FailCanceled, "cause.canceled", "canceled")
	f.Err = err
	return f
}

var errTooLong = errors.New("took too long")

// output is how a running action speaks.
type output struct {
	engine   *Engine
	step     ID
	deadline *deadline
}

func (o *output) Line(source, text string) { o.engine.line(o.step, source, text) }

func (o *output) Status(doing Phrase) {
	doing = mapped([]Phrase{doing}, func(text string) string { return o.engine.o.Redactor.Text(Sanitize(text)) })[0]
	o.engine.mu.Lock()
	defer o.engine.mu.Unlock()
	if o.engine.status[o.step].equal(doing) || o.engine.state.Step(o.step).Status != Running {
		return
	}
	o.engine.status[o.step] = doing
	for f := range o.engine.feeds {
		f.touch()
	}
}

func (o *output) Secret(value string) { o.engine.o.Redactor.Add(value) }

func (o *output) Ask(ctx context.Context, q Question) (Answer, error) {
	o.deadline.pause()
	defer o.deadline.resume()
	q.Step = o.step
	return o.engine.ask(ctx, q)
}

// line is one line of output on its way to the log and the readers.
func (e *Engine) line(step ID, source, text string) {
	full := e.o.Redactor.Text(text)
	l := Line{At: e.o.Now(), Step: step, Source: e.o.Redactor.Text(bare(source)), Text: full}
	e.mu.Lock()
	e.lastLine++
	l.Seq = e.lastLine
	if e.o.Log != nil {
		e.o.Log.Append(l)
	}
	if l.Text = Sanitize(full); !strings.HasPrefix(l.Text, full) {
		l.Text = e.o.Redactor.Text(l.Text) // what stood between the letters of a secret is gone
	}
	for f := range e.feeds {
		f.addLine(l)
	}
	e.mu.Unlock()
}

// asked is a question that waits.
type asked struct {
	Question
	answer chan Answer
}

func (e *Engine) ask(ctx context.Context, q Question) (Answer, error) {
	a := &asked{Question: q, answer: make(chan Answer, 1)}
	e.mu.Lock()
	e.lastAsk++
	a.ID = e.lastAsk
	e.questions = append(e.questions, a)
	for f := range e.feeds {
		f.touch()
	}
	e.mu.Unlock()
	defer e.unask(a)
	select {
	case answer := <-a.answer:
		return answer, nil
	case <-ctx.Done():
		return Answer{}, ctx.Err()
	}
}

func (e *Engine) unask(a *asked) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i, q := range e.questions {
		if q == a {
			e.questions = append(e.questions[:i:i], e.questions[i+1:]...)
			break
		}
	}
	for f := range e.feeds {
		f.touch()
	}
}

func (e *Engine) answer(r Reply) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, q := range e.questions {
		if q.ID != r.Question {
			continue
		}
		select {
		case q.answer <- r.Answer:
			return nil
		default: // answered already
		}
	}
	return &Refusal{Code: RefusedQuestion}
}

// stopwatch measures what is left of a wait; without one nothing is left.
type stopwatch struct{ until time.Time }

func newStopwatch(d time.Duration) stopwatch { return stopwatch{time.Now().Add(d)} }

func (s stopwatch) left() time.Duration { return time.Until(s.until) }

// deadline is a timer that can be held: a person thinking about an answer costs an action nothing.
type deadline struct {
	mu    sync.Mutex
	timer *time.Timer
	left  time.Duration
	since time.Time
	held  int
}

func newDeadline(d time.Duration, over func()) *deadline {
	return &deadline{timer: time.AfterFunc(d, over), left: d, since: time.Now()}
}

func (d *deadline) pause() {
	if d == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.held++; d.held == 1 && d.timer.Stop() {
		d.left -= time.Since(d.since)
	}
}

func (d *deadline) resume() {
	if d == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.held--; d.held == 0 {
		d.since = time.Now()
		d.timer.Reset(max(d.left, time.Millisecond))
	}
}

func (d *deadline) stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.timer.Stop()
}
