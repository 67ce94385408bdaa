package tui_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"matou/steps"
	"matou/tui"
	"matou/tui/tuitest"
)

// stubborn is a worker at whose Puppet nothing holds before its agent has run.
type stubborn struct {
	worker
	never bool // the agent never comes through

	mu  sync.Mutex
	ran bool
}

func (s *stubborn) Execute(ctx context.Context, in steps.Input, out steps.Output) (steps.Result, error) {
	if in.Step != "puppet" {
		return s.worker.Execute(ctx, in, out)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if in.Phase == steps.PhaseCheck {
		if !s.ran {
			return steps.Result{}, steps.Failf(steps.FailCheck, "no page")
		}
		return steps.Result{}, nil
	}
	if s.never {
		return steps.Result{}, steps.Failf(steps.FailPuppet, "exit status 4")
	}
	s.ran = true
	return s.worker.Execute(ctx, in, out)
}

// show is a demonstration with a real engine, whose journal is in a folder.
type show struct {
	*tuitest.Driver
	t      *testing.T
	engine *steps.Engine
	end    func()
}

func newShow(t *testing.T, dir string, x steps.Executor, known bool) *show {
	t.Helper()
	journal, err := steps.OpenJournal(dir)
	if err != nil {
		t.Fatal(err)
	}
	gate := &tui.Gate{}
	w := workshop()
	w.Steps[2].Actions = append(w.Steps[2].Actions, steps.Action{Name: "b", Kind: "ssh.run", Command: "nova console-log web-07"})
	engine, err := steps.New(w, gate.Before(x), steps.Options{Seat: "07", Params: steps.Vars{"seat": "07", "port": "2207"}, Journal: journal})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- engine.Run(ctx) }()
	o := tui.Options{
		Sandbox: true, Seat: "07", Lang: "en", Theme: "dark", Texts: texts(t), Themes: themes(t), Cats: cats(t), Decks: decks,
		Demo: tui.Demo{On: true, Typing: 50 * time.Millisecond}, Gate: gate, Recorded: map[steps.ID]bool{"puppet": true},
		Recording: func(_ context.Context, id steps.ID) ([]steps.RecordedLine, error) { return recordings[id], nil },
	}
	if known {
		o.Known = func(steps.Question) (steps.Answer, bool) { return steps.Answer{OK: true}, true }
	}
	s := &show{tuitest.New(t, tui.New(ctx, engine, o), 80, 24), t, engine, sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := journal.Close(); err != nil {
			t.Error(err)
		}
	})}
	t.Cleanup(s.end)
	s.Wait(100 * time.Millisecond)
	return s
}

// until presses the one key until the screen shows a text.
func (s *show) until(text string) {
	s.t.Helper()
	for range 60 {
		if strings.Contains(s.Screen(), text) {
			return
		}
		s.Press("space")
		for range 5 {
			if s.Wait(300 * time.Millisecond); strings.Contains(s.Screen(), text) {
				return
			}
		}
	}
	s.t.Fatalf("the show never comes to %q:\n%s", text, s.Screen())
}

// TestDemoShow carries the whole workshop with one key: a step fails live, its recording stands in, the
// program is killed, and later all is done for real, behind the slides.
func TestDemoShow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s := newShow(t, dir, &stubborn{never: true}, true)
		s.until("│ $ nova cons") // the second command of a step is typed as well
		if st := s.engine.State().Step("boot"); st.Index != 1 || st.Actions[1].Status != steps.Running || strings.Count(s.Screen(), "one line of boot") != 1 {
			t.Errorf("the engine does not wait for what is typed: %+v", st)
		}
		s.until("Run the agent for real?") // what has to be asked is asked
		s.Press("y")
		s.Wait(2 * time.Second)
		s.Sees("That didn't work", "exit status 4", "[ The recording (v) ]")
		s.Press("space")
		s.Wait(100 * time.Millisecond)
		s.Sees("RECORDING, not live")
		s.Wait(10 * time.Second)
		s.Sees("rec. web│Notice: Applied catalog in <n> seconds", "shown, to be caught up", "steps 3/5")
		s.end() // killed

		s = newShow(t, dir, &stubborn{worker: worker{failed: true}}, true)
		s.Sees("slide 5/5", "steps 3/5") // where the show was
		s.until("Not yet, for real")
		s.Sees("shown, to be caught up  Configure with Puppet")
		s.Press("n")
		s.Press("A")
		s.Sees("Do what was only shown", "1  Configure with Puppet")
		s.Press("y")
		s.Wait(500 * time.Millisecond)
		s.Press("left", "right") // the slides are free meanwhile
		s.Wait(2 * time.Second)
		s.Sees("All that was only shown is done, and proven.")
		if got := s.engine.State().Step("puppet").Status; got != steps.Done {
			t.Fatalf("puppet is %s", got)
		}
		s.Sees("steps 4/5")
		s.until("Victory!")
		s.Sees("All of it stands", "steps 5/5")
		s.Press("space")
		s.SeesNot("All of it stands")
	})
}

// TestCatchUpFailsBehindTheSlides has what was shown fail again: no dialog stands in the way.
func TestCatchUpFailsBehindTheSlides(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShow(t, t.TempDir(), &stubborn{never: true}, true)
		s.until("Run the agent for real?")
		s.Press("n", "V") // nobody dares, this time
		s.Wait(20 * time.Second)
		s.Press("A", "y")
		s.Wait(3 * time.Second)
		if got := s.engine.State().Step("puppet").Status; got != steps.Failed {
			t.Fatalf("puppet is %s", got)
		}
		s.Sees(`Catching up stopped at "Configure with Puppet": exit status 4`)
		s.SeesNot("That didn't work")
	})
}

// TestDemoAsks has a question that nobody knows the answer of.
func TestDemoAsks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShow(t, t.TempDir(), &worker{}, false)
		s.until("First visit")
		s.Press("space", "pgdown")
		s.Sees("First visit")
		s.Press("y")
		s.Wait(3 * time.Second)
		s.Sees("steps 1/5")
	})
}

// TestTypingIsNoWork types a step's second command for seconds: neither the step's time nor the clock that
// runs meanwhile counts them.
func TestTypingIsNoWork(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShow(t, t.TempDir(), &worker{}, true)
		s.until("│ $ nova cons")
		began := s.engine.State().Step("boot").Started
		s.Wait(time.Second)
		s.Sees("2/2", "0:01 of") // the first action took a second, and the typing nothing
		s.Wait(20 * time.Second)
		st := s.engine.State().Step("boot")
		if st.Status != steps.Done || st.Took != 2*time.Second || st.Actions[1].Took != time.Second {
			t.Errorf("%s in %s, its second action in %s", st.Status, st.Took, st.Actions[1].Took)
		}
		if held := st.Started.Sub(began); held != st.Ended.Sub(began)-2*time.Second || held < time.Second {
			t.Errorf("it was held for %s", held)
		}
	})
}
