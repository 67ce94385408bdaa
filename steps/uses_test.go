package steps_test

import (
	"strings"
	"testing"

	"matou/steps"
)

// TestCheckAloneFindsOutNoValue has a step whose check holds though its action, which finds out what
// another step works with, never ran.
func TestCheckAloneFindsOutNoValue(t *testing.T) {
	s := newStage()
	s.w.Steps[1].Actions[1].With = map[string]steps.Value{"host": {Text: "${a.id}"}}
	if err := s.do(steps.Check{Step: "a"}); err != nil {
		t.Fatal(err)
	}
	s.end(t, "up", nil)
	s.status(t, steps.Ready, steps.Pending, steps.Pending)
	if f := s.state.Step("a").Failure; f == nil || !strings.Contains(f.Cause, "a.id") {
		t.Fatalf("failure = %+v", f)
	}
	if err := s.do(steps.CatchUp{Until: "a"}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"up", "boot", "show", "up"} {
		s.end(t, name, nil)
	}
	s.status(t, steps.Done, steps.Ready, steps.Pending)
	if got := s.state.Vars["a.id"]; got != "42" {
		t.Fatalf("a.id = %q", got)
	}
	if err := s.do(steps.Check{Step: "a"}); err != nil { // now it is known
		t.Fatal(err)
	}
	s.end(t, "up", nil)
	s.status(t, steps.Done, steps.Ready, steps.Pending)
}

// TestAnotherServerOutdatesWhatWasDoneOnTheOneBefore has the first step's server booted again.
func TestAnotherServerOutdatesWhatWasDoneOnTheOneBefore(t *testing.T) {
	s := newStage()
	s.w.Hops = []steps.Hop{{Name: "box", Host: "${a.id}.example.org", Server: "${a.id}"}}
	run := func(id string) {
		_ = s.do(steps.Retry{Step: "a", FromStart: true})
		x := s.going[0]
		s.going = nil
		if err := s.do(steps.Finished(x, steps.Result{Values: map[string]string{"id": id}}, nil)); err != nil {
			t.Fatal(err)
		}
		s.end(t, "show", nil)
		s.end(t, "up", nil)
	}
	run("42")
	_ = s.do(steps.CatchUp{})
	for _, name := range []string{"ok", "fine", "hold"} {
		s.end(t, name, nil)
	}
	run("42") // the same server: nothing is lost
	s.status(t, steps.Done, steps.Done, steps.Done)
	run("43")
	s.status(t, steps.Done, steps.Stale, steps.Stale)
	_ = s.do(steps.CatchUp{Until: "c"}) // it is gone: catching up does all that stood on it again
	for _, name := range []string{"ok", "fine", "hold"} {
		s.end(t, name, nil)
	}
	_ = s.do(steps.Check{Step: "a"})
	s.end(t, "up", steps.Failf(steps.FailCheck, "gone"))
	_ = s.do(steps.Check{Step: "c"})
	s.end(t, "hold", steps.Failf(steps.FailCheck, "no"))
	s.status(t, steps.Stale, steps.Done, steps.Stale)
	_ = s.do(steps.CatchUp{Until: "c"})
	s.end(t, "up", steps.Failf(steps.FailCheck, "gone"))
	for _, name := range []string{"boot", "show", "up"} { // its id is 42 again: another one than 43
		s.end(t, name, nil)
	}
	s.status(t, steps.Done, steps.Running, steps.Stale)
	if len(s.state.Plan) != 2 {
		t.Fatalf("plan = %v", s.state.Plan)
	}
}

// TestCheckLooks has an action that can look for what a person made by hand: the check finds the value
// that others wait for, and the step is done without having run.
func TestCheckLooks(t *testing.T) {
	hand := func() *stage {
		s := newStage()
		s.w.Steps[0].Actions[0].Looks = true
		s.w.Steps[1].Actions[1].With = map[string]steps.Value{"host": {Text: "${a.id}"}}
		return s
	}
	s := hand()
	if err := s.do(steps.Check{Step: "a"}); err != nil {
		t.Fatal(err)
	}
	if len(s.going) != 1 || !s.going[0].Look || s.going[0].Phase != steps.PhaseAction {
		t.Fatalf("under way: %+v", s.going)
	}
	s.end(t, "boot", nil)
	if len(s.going) != 1 || s.going[0].Look {
		t.Fatalf("after the look: %+v", s.going)
	}
	s.end(t, "up", nil)
	s.status(t, steps.Done, steps.Ready, steps.Pending)
	if got := s.state.Vars["a.id"]; got != "42" {
		t.Errorf("a.id = %q", got)
	}
	if err := s.do(steps.Check{Step: "a"}); err != nil { // what is known is not looked for
		t.Fatal(err)
	}
	s.end(t, "up", nil)

	s = hand() // there is nothing to be found
	_ = s.do(steps.Check{Step: "a"})
	s.end(t, "boot", steps.Failf(steps.FailCheck, "no server is called a"))
	s.status(t, steps.Ready, steps.Pending, steps.Pending)
	if err := s.do(steps.Start{Step: "a"}); err != nil {
		t.Fatal(err)
	}
	if len(s.going) != 1 || s.going[0].Look {
		t.Fatalf("a start looks only: %+v", s.going)
	}
	s.end(t, "boot", steps.Failf(steps.FailQuota, "full"))
	_ = s.do(steps.Check{Step: "a"})
	s.end(t, "boot", steps.Failf(steps.FailCheck, "no server is called a"))
	s.status(t, steps.Failed, steps.Pending, steps.Pending)
	_ = s.do(steps.Retry{Step: "a"})
	if len(s.going) != 1 || s.going[0].Look || s.going[0].Resumed {
		t.Errorf("a replay after a look in vain: %+v", s.going)
	}
}

// TestUnmade has a step take away all that others made: they and what stands on them are to be done
// again, from the first that makes something, and what they found out is forgotten.
func TestUnmade(t *testing.T) {
	s := newStage()
	s.w.Steps[0].Actions[0].Makes = true
	s.w.Steps[1].Actions[1].Save = map[string]string{"b.address": "id"}
	s.w.Steps = append(s.w.Steps, steps.Step{ID: "d", Actions: []steps.Action{{Name: "clean", Kind: "test.clean", Unmakes: true}}})
	_ = s.do(steps.CatchUp{Until: "c"})
	for _, name := range []string{"up", "boot", "show", "up", "ok", "run", "ok", "fine", "hold"} {
		var f *steps.Failure
		if name == "up" && s.state.Vars["a.id"] == "" || name == "ok" && s.state.Vars["b.address"] == "" {
			f = steps.Failf(steps.FailCheck, "not yet")
		}
		s.end(t, name, f)
	}
	s.status(t, steps.Done, steps.Done, steps.Done, steps.Ready)
	if err := s.do(steps.Start{Step: "d"}); err != nil {
		t.Fatal(err)
	}
	s.end(t, "clean", nil)
	s.status(t, steps.Stale, steps.Stale, steps.Stale, steps.Done)
	if len(s.state.Vars) > 0 {
		t.Errorf("still known: %v", s.state.Vars)
	}
	if next := s.state.Next(s.w); next != "a" {
		t.Errorf("the next step is %s", next)
	}
	if err := s.do(steps.Retry{Step: "a", FromStart: true}); err != nil {
		t.Fatal(err)
	}
	boot := s.going[0] // something is made again: there is something to take away again
	s.going = s.going[1:]
	if err := s.do(steps.Finished(boot, steps.Result{Changed: true, Values: map[string]string{"id": "43"}}, nil)); err != nil {
		t.Fatal(err)
	}
	s.end(t, "show", nil)
	s.end(t, "up", nil)
	s.status(t, steps.Done, steps.Stale, steps.Stale, steps.Stale)
}
