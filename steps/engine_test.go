package steps_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"matou/steps"
)

// doer runs actions by name; one that is not named succeeds at once.
type doer struct {
	mu   sync.Mutex
	runs map[string]int
	do   map[string]func(ctx context.Context, in steps.Input, out steps.Output) (steps.Result, error)
}

func (d *doer) Execute(ctx context.Context, in steps.Input, out steps.Output) (steps.Result, error) {
	d.mu.Lock()
	if d.runs == nil {
		d.runs = map[string]int{}
	}
	d.runs[in.Action.Name]++
	f := d.do[in.Action.Name]
	d.mu.Unlock()
	if f == nil {
		return steps.Result{Values: map[string]string{"id": "42"}}, nil
	}
	return f(ctx, in, out)
}

func (d *doer) Command(in steps.Input) string {
	return strings.TrimSpace("do " + in.Action.Name + " " + in.Vars["a.id"])
}

// start runs an engine until the test ends.
func start(t *testing.T, w *steps.Workshop, x steps.Executor, o steps.Options) (*steps.Engine, func()) {
	t.Helper()
	e, err := steps.New(w, x, o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return e, stop
}

// until pulls until a step has a status, and gives all that was pulled.
func until(t *testing.T, f *steps.Feed, id steps.ID, want steps.Status) (all steps.Batch) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour) // the bubble's clock
	defer cancel()
	for {
		b, err := f.Next(ctx)
		if err != nil {
			t.Fatalf("waiting for %s to be %s: %v (is %s)", id, want, err, all.State.Step(id).Status)
		}
		all.Events, all.Lines, all.Dropped = append(all.Events, b.Events...), append(all.Lines, b.Lines...), all.Dropped+b.Dropped
		all.State, all.Questions, all.Status = b.State, b.Questions, b.Status
		if b.State.Step(id).Status == want {
			return all
		}
	}
}

func TestEngineRunsAStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := &doer{do: map[string]func(context.Context, steps.Input, steps.Output) (steps.Result, error){
			"boot": func(_ context.Context, in steps.Input, out steps.Output) (steps.Result, error) {
				out.Secret("hunter2!")
				out.Line("nova", "\x1b[31mpassword hunter2!\x1b]0;title\x07")
				time.Sleep(38 * time.Second)
				return steps.Result{Values: map[string]string{"id": "abc"}, Summary: "with hunter2!"}, nil
			},
		}}
		e, _ := start(t, course(), x, steps.Options{Seat: "01"})
		f := e.Feed(10)
		defer f.Close()
		if err := e.Do(t.Context(), steps.Start{Step: "a"}); err != nil {
			t.Fatal(err)
		}
		b := until(t, f, "a", steps.Done)
		if got := b.Lines[0].Text; got != "\x1b[31mpassword "+steps.Masked+"\x1b[0m" {
			t.Errorf("line %q", got)
		}
		if got := b.State.Step("a").Actions[1].Command; got != "do show abc" {
			t.Errorf("the words of the second action do not have what the first saved: %q", got)
		}
		if took := b.State.Step("a").Took; took != 38*time.Second {
			t.Errorf("took %s", took)
		}
		if text := fmt.Sprintf("%+v", b.Events); strings.Contains(text, "hunter2") {
			t.Errorf("the secret is among the events: %s", text)
		}
		if got := e.Vars()["a.id"]; got != "abc" {
			t.Errorf("a.id = %q", got)
		}
	})
}

// What a step is doing goes with it, and neither holds a secret nor drives a terminal.
func TestEngineTellsWhatItDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := &doer{do: map[string]func(context.Context, steps.Input, steps.Output) (steps.Result, error){
			"boot": func(_ context.Context, _ steps.Input, out steps.Output) (steps.Result, error) {
				out.Secret("hunter2!")
				out.Status(steps.Doing("doing.boot", "name", "web\x1b[2J hunter2!"))
				out.Status(steps.Doing("doing.boot", "name", "web\x1b[2J hunter2!")) // nothing new
				time.Sleep(time.Second)
				return steps.Result{}, nil
			},
			"show": func(_ context.Context, _ steps.Input, out steps.Output) (steps.Result, error) {
				time.Sleep(time.Second)
				out.Status(steps.Doing("doing.boot", "name", "web"))
				out.Status(steps.Phrase{})
				time.Sleep(time.Second)
				return steps.Result{}, nil
			},
		}}
		e, _ := start(t, course(), x, steps.Options{})
		f := e.Feed(10)
		defer f.Close()
		if err := e.Do(t.Context(), steps.Start{Step: "a"}); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		synctest.Wait()
		b, err := f.Next(t.Context())
		if want := steps.Doing("doing.boot", "name", "web "+steps.Masked); err != nil || !reflect.DeepEqual(b.Status["a"], want) {
			t.Errorf("%+v, %v", b.Status, err)
		}
		for _, at := range []time.Duration{1500 * time.Millisecond, 2500 * time.Millisecond} {
			time.Sleep(at - time.Since(began))
			synctest.Wait()
			if b, err = f.Next(t.Context()); err != nil || b.State.Step("a").Index != 1 || !reflect.DeepEqual(b.Status["a"], steps.Phrase{}) {
				t.Errorf("after %s, action %d is doing %+v, %v", at, b.State.Step("a").Index, b.Status, err)
			}
		}
		if b = until(t, f, "a", steps.Done); len(b.Status) != 0 {
			t.Errorf("done, it is still doing %+v", b.Status)
		}
	})
}

func TestCancelEndsTheWorkAndSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := &doer{do: map[string]func(context.Context, steps.Input, steps.Output) (steps.Result, error){
			"boot": func(ctx context.Context, _ steps.Input, _ steps.Output) (steps.Result, error) {
				<-ctx.Done()
				return steps.Result{}, ctx.Err()
			},
		}}
		e, _ := start(t, course(), x, steps.Options{})
		f := e.Feed(10)
		defer f.Close()
		_ = e.Do(t.Context(), steps.Start{Step: "a"})
		if err := e.Do(t.Context(), steps.Cancel{Step: "a"}); err != nil {
			t.Fatal(err)
		}
		b := until(t, f, "a", steps.Failed)
		if kind := b.State.Step("a").Failure.Kind; kind != steps.FailCanceled {
			t.Errorf("failure %q", kind)
		}
		if err := e.Do(t.Context(), steps.Cancel{}); code(err) != steps.RefusedIdle {
			t.Errorf("cancel of nothing: %v", err)
		}
	})
}

func TestWithinTriesUntilItHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := course()
		w.Steps[0].Checks[0].Within = time.Minute
		var holds time.Time
		x := &doer{do: map[string]func(context.Context, steps.Input, steps.Output) (steps.Result, error){
			"up": func(context.Context, steps.Input, steps.Output) (steps.Result, error) {
				if time.Now().Before(holds) {
					return steps.Result{}, steps.Failf(steps.FailCheck, "BUILD")
				}
				return steps.Result{}, nil
			},
		}}
		e, _ := start(t, w, x, steps.Options{})
		f := e.Feed(10)
		defer f.Close()
		holds = time.Now().Add(30 * time.Second)
		_ = e.Do(t.Context(), steps.Start{Step: "a"})
		until(t, f, "a", steps.Done)
		holds = time.Now().Add(time.Hour)
		_ = e.Do(t.Context(), steps.Retry{Step: "a"})
		b := until(t, f, "a", steps.Failed)
		if cause := b.State.Step("a").Failure.Cause; cause != "BUILD (waited 1m0s)" {
			t.Errorf("cause %q", cause)
		}
		if n := x.runs["up"]; n < 10 || n > 60 {
			t.Errorf("looked %d times", n)
		}
	})
}

// TestCheckAloneDoesNotWaitForWork asks when nothing was done: a no comes soon, however long the
// checks may wait after the actions.
func TestCheckAloneDoesNotWaitForWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := course()
		w.Steps[0].Checks[0].Within = time.Hour
		refuse := false
		x := &doer{do: map[string]func(context.Context, steps.Input, steps.Output) (steps.Result, error){
			"up": func(context.Context, steps.Input, steps.Output) (steps.Result, error) {
				if refuse {
					return steps.Result{}, steps.Failf(steps.FailCheck, "BUILD")
				}
				return steps.Result{}, nil
			},
		}}
		e, _ := start(t, w, x, steps.Options{})
		f := e.Feed(10)
		defer f.Close()
		_ = e.Do(t.Context(), steps.Start{Step: "a"})
		until(t, f, "a", steps.Done)
		refuse = true
		asked := time.Now()
		_ = e.Do(t.Context(), steps.Check{Step: "a"})
		until(t, f, "a", steps.Stale)
		if took := time.Since(asked); took < time.Second || took > 15*time.Second {
			t.Errorf("a check by itself took %s", took)
		}
	})
}

func TestTimeoutLeavesOutTheTimeAPersonThinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := course()
		w.Steps[0].Actions[0].Timeout = 10 * time.Second
		think := 5 * time.Minute
		x := &doer{do: map[string]func(context.Context, steps.Input, steps.Output) (steps.Result, error){
			"boot": func(ctx context.Context, _ steps.Input, out steps.Output) (steps.Result, error) {
				a, err := out.Ask(ctx, steps.Question{Kind: steps.AskPassword, Subject: "jump"})
				if err != nil {
					return steps.Result{}, err
				}
				if !a.OK || a.Text != "moutarde" {
					return steps.Result{}, errors.New("wrong answer")
				}
				select {
				case <-time.After(time.Minute):
					return steps.Result{}, nil
				case <-ctx.Done():
					return steps.Result{}, ctx.Err()
				}
			},
		}}
		e, _ := start(t, w, x, steps.Options{})
		f := e.Feed(10)
		defer f.Close()
		_ = e.Do(t.Context(), steps.Start{Step: "a"})
		synctest.Wait()
		b := until(t, f, "a", steps.Running)
		for len(b.Questions) == 0 {
			var err error
			if b, err = f.Next(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(think)
		asked := time.Now()
		q := b.Questions[0]
		if err := e.Do(t.Context(), steps.Reply{Question: q.ID, Answer: steps.Answer{OK: true, Text: "moutarde"}}); err != nil {
			t.Fatal(err)
		}
		b = until(t, f, "a", steps.Failed)
		if kind := b.State.Step("a").Failure.Kind; kind != steps.FailTimeout {
			t.Errorf("failure %+v", b.State.Step("a").Failure)
		}
		if d := time.Since(asked); d != 10*time.Second {
			t.Errorf("given up %s after the answer", d)
		}
		if err := e.Do(t.Context(), steps.Reply{Question: q.ID}); code(err) != steps.RefusedQuestion {
			t.Errorf("answer to a question that is gone: %v", err)
		}
	})
}

func TestPanicIsAFailureAndTheEngineGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := &doer{do: map[string]func(context.Context, steps.Input, steps.Output) (steps.Result, error){
			"boot": func(context.Context, steps.Input, steps.Output) (steps.Result, error) { panic("oh no") },
		}}
		e, _ := start(t, course(), x, steps.Options{})
		f := e.Feed(10)
		defer f.Close()
		_ = e.Do(t.Context(), steps.Start{Step: "a"})
		b := until(t, f, "a", steps.Failed)
		if kind := b.State.Step("a").Failure.Kind; kind != steps.FailInternal {
			t.Errorf("failure %q", kind)
		}
		if err := e.Do(t.Context(), steps.Check{Step: "a"}); err != nil {
			t.Error(err)
		}
		until(t, f, "a", steps.Done)
	})
}

func TestFloodKeepsTheNewestAndCountsTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const lines, kept = 50_000, 100
		x := &doer{do: map[string]func(context.Context, steps.Input, steps.Output) (steps.Result, error){
			"boot": func(_ context.Context, _ steps.Input, out steps.Output) (steps.Result, error) {
				for i := range lines {
					out.Line("nova", fmt.Sprint(i))
				}
				return steps.Result{}, nil
			},
		}}
		e, _ := start(t, course(), x, steps.Options{})
		f := e.Feed(kept)
		defer f.Close()
		_ = e.Do(t.Context(), steps.Start{Step: "a"})
		synctest.Wait() // nobody reads, and nothing waits for it
		b := until(t, f, "a", steps.Done)
		if len(b.Lines) != kept || b.Dropped != lines-kept || b.Lines[kept-1].Text != fmt.Sprint(lines-1) {
			t.Errorf("kept %d, dropped %d, last %q", len(b.Lines), b.Dropped, b.Lines[len(b.Lines)-1].Text)
		}
	})
}

func TestFeedEndsWithTheEngine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, stop := start(t, course(), &doer{}, steps.Options{})
		f := e.Feed(1)
		if _, err := f.Next(t.Context()); err != nil {
			t.Fatal(err)
		}
		stop()
		if _, err := f.Next(t.Context()); !errors.Is(err, io.EOF) {
			t.Errorf("after the end: %v", err)
		}
		if err := e.Do(t.Context(), steps.Start{Step: "a"}); code(err) != steps.RefusedEnded {
			t.Errorf("command after the end: %v", err)
		}
	})
}

func TestCheckLooksAgainWhenTheLineDrops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		drops := 0
		x := &doer{do: map[string]func(context.Context, steps.Input, steps.Output) (steps.Result, error){
			"up": func(context.Context, steps.Input, steps.Output) (steps.Result, error) {
				if drops--; drops >= 0 {
					return steps.Result{}, steps.Failf(steps.FailLost, "connection lost")
				}
				return steps.Result{}, nil
			},
		}}
		e, _ := start(t, course(), x, steps.Options{})
		f := e.Feed(10)
		defer f.Close()
		drops = 1
		_ = e.Do(t.Context(), steps.Start{Step: "a"})
		until(t, f, "a", steps.Done)
		drops = 9
		_ = e.Do(t.Context(), steps.Check{Step: "a"})
		until(t, f, "a", steps.Stale)
		if x.runs["up"] != 4 {
			t.Errorf("looked %d times, not twice and twice", x.runs["up"])
		}
	})
}

// TestFailureSaysWhence has a step fail for want of values: the failure names the step that brings one,
// and how to give the other.
func TestFailureSaysWhence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := &doer{do: map[string]func(context.Context, steps.Input, steps.Output) (steps.Result, error){
			"boot": func(context.Context, steps.Input, steps.Output) (steps.Result, error) {
				_, err := steps.Expand("${a.id} ${port} ${nothing}", nil, nil)
				return steps.Result{}, fmt.Errorf("hop box: %w", err)
			},
		}}
		w := course()
		w.Params = []steps.Param{{Name: "port"}}
		e, _ := start(t, w, x, steps.Options{Seat: "01"})
		f := e.Feed(10)
		defer f.Close()
		_ = e.Do(t.Context(), steps.Start{Step: "a"})
		got := until(t, f, "a", steps.Failed).State.Step("a").Failure
		want := "hop box: no value yet for a.id, nothing, port; the step a finds it out; say it with --set port=…"
		if got.Cause != want || len(got.From) != 1 || got.From[0] != "a" {
			t.Errorf("%+v", got)
		}
	})
}

// TestErrorsHideSecrets: whatever an error has of a secret, a parameter's, a hop's own, or one that an
// action told, nobody gets to see it.
func TestErrorsHideSecrets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := &doer{do: map[string]func(context.Context, steps.Input, steps.Output) (steps.Result, error){
			"boot": func(_ context.Context, _ steps.Input, out steps.Output) (steps.Result, error) {
				out.Secret("told-secret")
				return steps.Result{}, fmt.Errorf("POST {\"a\":\"param-secret\",\"b\":\"hop-secret\"}: told-secret\x1b[0m refused: %w", steps.Failf(steps.FailAuth, "no"))
			},
		}}
		w := course()
		w.Params = []steps.Param{{Name: "password", Type: "secret"}}
		w.Hops = []steps.Hop{{Name: "box", Host: "box", Password: "hop-secret"}}
		dir := t.TempDir()
		journal, err := steps.OpenJournal(dir)
		if err != nil {
			t.Fatal(err)
		}
		e, stop := start(t, w, x, steps.Options{Seat: "01", Params: steps.Vars{"password": "param-secret"}, Journal: journal})
		f := e.Feed(10)
		defer f.Close()
		_ = e.Do(t.Context(), steps.Start{Step: "a"})
		b := until(t, f, "a", steps.Failed)
		stop()
		if err := journal.Close(); err != nil {
			t.Fatal(err)
		}
		kept, err := steps.ReadJournal(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{fmt.Sprintf("%+v", b.Events), b.State.Step("a").Failure.Cause, fmt.Sprintf("%+v", kept.Events())} {
			if strings.Contains(text, "-secret") || !strings.Contains(text, steps.Masked) {
				t.Errorf("a secret shows: %s", text)
			}
		}
	})
}

// TestTookIsHonest: what a step took is all the work on it until it was first proven. A program that was
// killed did its part, the time it was away is nobody's; to replay or check what is done changes nothing.
func TestTookIsHonest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		takes := 20 * time.Second
		var fails error
		x := &doer{do: map[string]func(context.Context, steps.Input, steps.Output) (steps.Result, error){
			"boot": func(ctx context.Context, _ steps.Input, out steps.Output) (steps.Result, error) {
				time.Sleep(takes)
				out.Line("nova", "still here")
				if fails == nil && takes == 20*time.Second {
					<-ctx.Done()
				}
				return steps.Result{Values: map[string]string{"id": "42"}}, errors.Join(fails, ctx.Err())
			},
		}}
		open := func() (*steps.Engine, func()) {
			journal, err := steps.OpenJournal(dir)
			if err != nil {
				t.Fatal(err)
			}
			log, err := steps.OpenLog(dir)
			if err != nil {
				t.Fatal(err)
			}
			e, stop := start(t, course(), x, steps.Options{Seat: "01", Journal: journal, Log: log})
			return e, func() {
				stop()
				if err := journal.Close(); err != nil {
					t.Error(err)
				}
			}
		}
		run := func(e *steps.Engine, c steps.Command, want steps.Status) time.Duration {
			t.Helper()
			f := e.Feed(10)
			defer f.Close()
			if err := e.Do(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			return until(t, f, "a", want).State.Step("a").Took
		}
		e, end := open()
		_ = e.Do(t.Context(), steps.Start{Step: "a"})
		time.Sleep(25 * time.Second) // it ends 5 s after the last sign of life
		end()
		time.Sleep(9 * time.Hour)
		e, end = open()
		takes, fails = 7*time.Second, steps.Failf(steps.FailQuota, "full")
		run(e, steps.Retry{Step: "a"}, steps.Failed)
		takes, fails = 3*time.Second, nil
		if took := run(e, steps.Retry{Step: "a"}, steps.Done); took != 30*time.Second {
			t.Errorf("took %s, not 20 s before the end of the program, 7 s in vain and 3 s", took)
		}
		takes = time.Minute
		if took := run(e, steps.Retry{Step: "a", FromStart: true}, steps.Done); took != 30*time.Second {
			t.Errorf("a replay makes it %s", took)
		}
		if took := run(e, steps.Check{Step: "a"}, steps.Done); took != 30*time.Second {
			t.Errorf("a check makes it %s", took)
		}
		run(e, steps.Undo{Step: "a"}, steps.Ready)
		if took := run(e, steps.Start{Step: "a"}, steps.Done); took != time.Minute {
			t.Errorf("after an undo %s", took)
		}
		end()
	})
}
