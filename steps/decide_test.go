package steps_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"matou/steps"
)

// course is a workshop of three steps: a makes and saves, b follows a log beside its work, c only
// checks.
func course() *steps.Workshop {
	act := func(name string) steps.Action { return steps.Action{Name: name, Kind: "test." + name} }
	boot := act("boot")
	boot.Save = map[string]string{"a.id": "id"}
	tail := act("tail")
	tail.Background = true
	return &steps.Workshop{Name: "course", Steps: []steps.Step{
		{ID: "a", Actions: []steps.Action{boot, act("show")}, Checks: []steps.Action{act("up")}, Undo: []steps.Action{act("delete")}},
		{ID: "b", Needs: []steps.ID{"a"}, Actions: []steps.Action{tail, act("run")}, Checks: []steps.Action{act("ok"), act("fine")}},
		{ID: "c", Needs: []steps.ID{"b"}, Checks: []steps.Action{act("hold")}},
	}}
}

// stage plays the engine for Decide: it applies events, and keeps the effects that are under way.
type stage struct {
	w      *steps.Workshop
	state  steps.State
	events []steps.Event
	going  []steps.Execute
	now    time.Time
}

func newStage() *stage {
	w := course()
	return &stage{w: w, state: steps.Replay(w, nil), now: time.Date(2026, 3, 10, 21, 0, 0, 0, time.UTC)}
}

func (s *stage) do(c steps.Command) error {
	s.now = s.now.Add(time.Second)
	events, effects, err := steps.Decide(s.w, s.state, c, steps.Moment{Now: s.now, Run: "run"})
	if err != nil {
		return err
	}
	s.events = append(s.events, events...)
	s.state = steps.Replay(s.w, s.events)
	for _, e := range effects {
		switch e := e.(type) {
		case steps.Execute:
			s.going = append(s.going, e)
		case steps.Stop:
			s.going = slices.DeleteFunc(s.going, func(x steps.Execute) bool { return x.Step == e.Step && s.state.Step(x.Step).Status != steps.Running })
		}
	}
	return nil
}

// end ends the first effect under way with that action name.
func (s *stage) end(t *testing.T, name string, f *steps.Failure) {
	t.Helper()
	for i, x := range s.going {
		step, _ := s.w.Step(x.Step)
		list := map[steps.Phase][]steps.Action{steps.PhaseAction: step.Actions, steps.PhaseCheck: step.Checks, steps.PhaseUndo: step.Undo}[x.Phase]
		if list[x.Index].Name != name {
			continue
		}
		s.going = slices.Delete(s.going, i, i+1)
		if err := s.do(steps.Finished(x, steps.Result{Values: map[string]string{"id": "42"}}, f)); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatalf("%s is not under way: %+v", name, s.going)
}

func (s *stage) status(t *testing.T, want ...steps.Status) {
	t.Helper()
	for i, id := range []steps.ID{"a", "b", "c", "d"}[:len(want)] {
		if got := s.state.Step(id).Status; got != want[i] {
			t.Fatalf("%s is %s, want %s", id, got, want[i])
		}
	}
}

func code(err error) steps.RefusalCode {
	var r *steps.Refusal
	if errors.As(err, &r) {
		return r.Code
	}
	return ""
}

func TestStepRunsItsActionsThenItsChecks(t *testing.T) {
	s := newStage()
	s.status(t, steps.Ready, steps.Pending, steps.Pending)
	if err := s.do(steps.Start{Step: "b"}); code(err) != steps.RefusedNeeds {
		t.Fatalf("start of b: %v", err)
	}
	if err := s.do(steps.Start{Step: "a"}); err != nil {
		t.Fatal(err)
	}
	if err := s.do(steps.Start{Step: "a"}); code(err) != steps.RefusedRunning {
		t.Fatalf("second start: %v", err)
	}
	s.end(t, "boot", nil)
	if got := s.state.Vars["a.id"]; got != "42" {
		t.Fatalf("a.id = %q", got)
	}
	s.end(t, "show", nil)
	s.status(t, steps.Running, steps.Pending, steps.Pending)
	s.end(t, "up", nil)
	s.status(t, steps.Done, steps.Ready, steps.Pending)
	if err := s.do(steps.Start{Step: "a"}); code(err) != steps.RefusedDone {
		t.Fatalf("start of what is done: %v", err)
	}
}

func TestRetryGoesOnWhereItFailed(t *testing.T) {
	s := newStage()
	_ = s.do(steps.Start{Step: "a"})
	s.end(t, "boot", nil)
	s.end(t, "show", steps.Failf(steps.FailLost, "the line dropped"))
	s.status(t, steps.Failed, steps.Pending, steps.Pending)
	if err := s.do(steps.Retry{Step: "a"}); err != nil {
		t.Fatal(err)
	}
	st := s.state.Step("a")
	if !st.Actions[0].Skipped || st.Attempt != 2 {
		t.Fatalf("second attempt: %+v", st)
	}
	if len(s.going) != 1 || !s.going[0].Resumed || s.going[0].Index != 1 {
		t.Fatalf("under way: %+v", s.going)
	}
	s.end(t, "show", nil)
	s.end(t, "up", steps.Failf(steps.FailCheck, "no"))
	// A check that says no means that the actions did not do it: all of them run again.
	if err := s.do(steps.Retry{Step: "a"}); err != nil {
		t.Fatal(err)
	}
	if s.state.Step("a").Actions[0].Skipped {
		t.Fatal("an action was skipped though the check failed")
	}
}

func TestBackgroundActionGoesOnBesideTheOthers(t *testing.T) {
	s := newStage()
	_ = s.do(steps.Start{Step: "a"})
	for _, name := range []string{"boot", "show", "up"} {
		s.end(t, name, nil)
	}
	_ = s.do(steps.Start{Step: "b"})
	if len(s.going) != 2 {
		t.Fatalf("under way: %+v", s.going)
	}
	s.end(t, "tail", steps.Failf(steps.FailLost, "gone")) // a log is no reason to fail
	s.status(t, steps.Done, steps.Running, steps.Pending)
	for _, name := range []string{"run", "ok", "fine"} {
		s.end(t, name, nil)
	}
	s.status(t, steps.Done, steps.Done, steps.Ready)
}

func TestCheckFindsWorkDoneByHandAndWorkUndone(t *testing.T) {
	s := newStage()
	_ = s.do(steps.Check{Step: "a"})
	s.end(t, "up", steps.Failf(steps.FailCheck, "no server"))
	s.status(t, steps.Ready, steps.Pending, steps.Pending)
	_ = s.do(steps.Check{Step: "a"})
	s.end(t, "up", nil)
	s.status(t, steps.Done, steps.Ready, steps.Pending)
	_ = s.do(steps.Check{Step: "a"})
	s.end(t, "up", steps.Failf(steps.FailCheck, "it is gone"))
	s.status(t, steps.Stale, steps.Pending, steps.Pending)
}

func TestCatchUpActsOnlyWhereChecksFail(t *testing.T) {
	s := newStage()
	if err := s.do(steps.CatchUp{Until: "c"}); err != nil {
		t.Fatal(err)
	}
	s.end(t, "up", nil) // a holds already
	s.end(t, "ok", steps.Failf(steps.FailCheck, "no"))
	s.end(t, "run", nil)
	s.end(t, "ok", nil)
	s.end(t, "fine", nil)
	s.end(t, "hold", nil)
	s.status(t, steps.Done, steps.Done, steps.Done)
	if s.state.Plan != nil {
		t.Fatalf("plan left: %v", s.state.Plan)
	}
	if err := s.do(steps.CatchUp{}); code(err) != steps.RefusedNothing {
		t.Fatalf("catch up with nothing: %v", err)
	}
}

// TestBrokenStepIsMarked has the last step find out that the first no longer holds.
func TestBrokenStepIsMarked(t *testing.T) {
	s := newStage()
	_ = s.do(steps.CatchUp{})
	for _, name := range []string{"up", "ok", "fine", "hold"} {
		s.end(t, name, nil)
	}
	_ = s.do(steps.Check{Step: "c"})
	s.end(t, "hold", &steps.Failure{Kind: steps.FailCheck, Cause: "a: no server", Broken: "a"})
	s.status(t, steps.Stale, steps.Done, steps.Stale)
	if f := s.state.Step("a").Failure; f == nil || f.Cause != "a: no server" {
		t.Fatalf("failure = %+v", f)
	}
	_ = s.do(steps.Check{Step: "c"})
	s.end(t, "hold", &steps.Failure{Kind: steps.FailCanceled, Cause: "canceled", Broken: "b"})
	s.status(t, steps.Stale, steps.Done, steps.Stale)
}

func TestUndoForgetsAndWhatStandsOnItGoesStale(t *testing.T) {
	s := newStage()
	_ = s.do(steps.CatchUp{})
	for _, name := range []string{"up", "ok", "fine", "hold"} {
		s.end(t, name, nil)
	}
	if err := s.do(steps.Undo{Step: "b"}); code(err) != steps.RefusedNoUndo {
		t.Fatalf("undo of b: %v", err)
	}
	_ = s.do(steps.Retry{Step: "a", FromStart: true})
	s.end(t, "boot", nil)
	s.end(t, "show", nil)
	s.end(t, "up", nil)
	_ = s.do(steps.Undo{Step: "a"})
	s.end(t, "delete", nil)
	s.status(t, steps.Ready, steps.Stale, steps.Stale)
	if _, ok := s.state.Vars["a.id"]; ok {
		t.Fatal("a.id is remembered")
	}
}

// TestShownIsNotDone has a step fail, its recording shown and that of the one that needs it, and both
// caught up with later.
func TestShownIsNotDone(t *testing.T) {
	s := newStage()
	_ = s.do(steps.Start{Step: "a"})
	if err := s.do(steps.Show{Step: "a"}); code(err) != steps.RefusedRunning {
		t.Fatalf("shown while it runs: %v", err)
	}
	s.end(t, "boot", steps.Failf(steps.FailQuota, "no room"))
	for _, id := range []steps.ID{"a", "b"} {
		if err := s.do(steps.Show{Step: id}); err != nil {
			t.Fatal(err)
		}
	}
	s.status(t, steps.Shown, steps.Shown, steps.Pending)
	if f := s.state.Step("a").Failure; f == nil || f.Cause != "no room" {
		t.Fatalf("why a was shown is forgotten: %+v", f)
	}
	if err := s.do(steps.Start{Step: "b"}); code(err) != steps.RefusedNeeds {
		t.Fatalf("b begins on what was only shown: %v", err)
	}
	if got := s.state.Next(s.w); got != "c" {
		t.Fatalf("next is %s", got)
	}
	if err := s.do(steps.CatchUp{Shown: true}); err != nil {
		t.Fatal(err)
	}
	s.end(t, "up", steps.Failf(steps.FailCheck, "no server"))
	for _, name := range []string{"boot", "show", "up", "ok", "fine"} {
		s.end(t, name, nil)
	}
	s.status(t, steps.Done, steps.Done, steps.Ready)
	if err := s.do(steps.Show{Step: "a"}); code(err) != steps.RefusedDone {
		t.Fatalf("shown though it is done: %v", err)
	}
	if err := s.do(steps.CatchUp{Shown: true}); code(err) != steps.RefusedNothing {
		t.Fatalf("nothing is left of what was shown: %v", err)
	}
	if err := s.do(steps.Show{Step: "nope"}); code(err) != steps.RefusedUnknown {
		t.Fatalf("no such step: %v", err)
	}
}

// TestCheckOfShownLeavesItShown looks at a step that was only shown, by hand.
func TestCheckOfShownLeavesItShown(t *testing.T) {
	s := newStage()
	_ = s.do(steps.Show{Step: "a"})
	_ = s.do(steps.Check{Step: "a"})
	s.end(t, "up", steps.Failf(steps.FailCheck, "no server"))
	s.status(t, steps.Shown, steps.Pending, steps.Pending)
	_ = s.do(steps.Undo{Step: "a"})
	s.end(t, "delete", nil)
	s.status(t, steps.Ready, steps.Pending, steps.Pending)
}

func TestUnknownStepNamesTheNearest(t *testing.T) {
	w := &steps.Workshop{Steps: []steps.Step{{ID: "master-boot"}, {ID: "web-boot"}}}
	_, _, err := steps.Decide(w, steps.State{}, steps.Start{Step: "master-bot"}, steps.Moment{})
	if err == nil || err.Error() != `no step "master-bot": did you mean master-boot?` {
		t.Fatal(err)
	}
}

// TestInvariants drives Decide with any commands in any order, and ends of effects that may come
// late, twice or never.
func TestInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newStage()
		var over []steps.Execute
		id := rapid.SampledFrom([]steps.ID{"a", "b", "c", "nope"})
		for range rapid.IntRange(1, 60).Draw(t, "moves") {
			before := s.state
			var c steps.Command
			switch rapid.IntRange(0, 10).Draw(t, "move") {
			case 0:
				c = steps.Start{Step: id.Draw(t, "id")}
			case 1:
				c = steps.Check{Step: id.Draw(t, "id")}
			case 2:
				c = steps.Retry{Step: id.Draw(t, "id"), FromStart: rapid.Bool().Draw(t, "fromStart")}
			case 3:
				c = steps.Undo{Step: id.Draw(t, "id")}
			case 4:
				c = steps.CatchUp{Until: id.Draw(t, "id")}
			case 5:
				c = steps.Show{Step: id.Draw(t, "id")}
			case 6:
				c = steps.CatchUp{Shown: true}
			default:
				pool := append(slices.Clone(s.going), over...)
				if len(pool) == 0 {
					continue
				}
				x := rapid.SampledFrom(pool).Draw(t, "effect")
				s.going = slices.DeleteFunc(s.going, func(y steps.Execute) bool { return x == y })
				over = append(over, x)
				var f *steps.Failure
				if rapid.IntRange(0, 2).Draw(t, "fails") == 0 {
					f = steps.Failf(rapid.SampledFrom([]string{steps.FailCheck, steps.FailLost, steps.FailCanceled}).Draw(t, "kind"), "it does")
				}
				c = steps.Finished(x, steps.Result{Values: map[string]string{"id": "7"}}, f)
			}
			if err := s.do(c); err != nil && code(err) == "" {
				t.Fatalf("%#v: %v", c, err)
			}
			holds(t, s, before)
		}
		// What is on disk gives the state that was on the screen, at every point.
		var read []steps.Event
		for _, e := range s.events {
			data, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			var back steps.Event
			if err := json.Unmarshal(data, &back); err != nil {
				t.Fatal(err)
			}
			read = append(read, back)
		}
		want, _ := json.Marshal(s.state)
		got, _ := json.Marshal(steps.Replay(s.w, read))
		if string(want) != string(got) {
			t.Fatalf("replayed from disk:\n%s\nlive:\n%s", got, want)
		}
	})
}

func holds(t *rapid.T, s *stage, before steps.State) {
	count := map[steps.ID]int{}
	for _, x := range s.going {
		if st := s.state.Step(x.Step); st.Status == steps.Running && st.Attempt == x.Attempt && x.Phase == st.Phase && x.Index == st.Index {
			count[x.Step]++
		}
	}
	for _, step := range s.w.Steps {
		st := s.state.Step(step.ID)
		if count[step.ID] > 1 {
			t.Fatalf("%s: the same action is under way twice: %+v", step.ID, s.going)
		}
		if st.Status == steps.Running && count[step.ID] == 0 {
			t.Fatalf("%s runs, and nothing of it is under way: %+v, %+v", step.ID, st, s.going)
		}
		if was := before.Step(step.ID); st.Attempt < was.Attempt || st.Attempt > was.Attempt+1 {
			t.Fatalf("%s went from attempt %d to %d", step.ID, was.Attempt, st.Attempt)
		}
		if st.Status == steps.Ready {
			for _, need := range step.Needs {
				if s.state.Step(need).Status != steps.Done {
					t.Fatalf("%s is ready without %s", step.ID, need)
				}
			}
		}
		if st.Status == steps.Failed && st.Failure == nil {
			t.Fatalf("%s failed without a cause", step.ID)
		}
	}
	last := map[steps.ID]steps.EventType{}
	for i, e := range s.events {
		switch e.Type {
		case steps.StepStarted, steps.StepDone, steps.StepFailed, steps.StepChecked, steps.StepUndone, steps.StepShown:
			last[e.Step] = e.Type
		default:
		}
		if e.Seq != int64(i)+1 {
			t.Fatalf("event %d has number %d", i, e.Seq)
		}
	}
	for id, what := range last {
		if got := s.state.Step(id).Status; (got == steps.Shown) != (what == steps.StepShown) && what != steps.StepChecked {
			t.Fatalf("%s is %s, and the last thing that happened to it is %s", id, got, what)
		}
	}
}
