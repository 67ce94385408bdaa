package steps

import (
	"slices"
	"strings"
)

// unknown lists the values that a step's actions find out, that something else works with, and that
// nobody has found out yet, in order. A check that holds proves the work, but finds out none of them.
func unknown(w *Workshop, s State, step Step) []string {
	var names []string
	for _, a := range step.Actions {
		for name := range a.Save {
			if _, known := s.Vars[name]; !known && w.uses(name, step.ID) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// whence says of the values that a failure misses where they come from: the first step that finds them
// out, or the command line.
func (w *Workshop) whence(f *Failure) *Failure {
	for _, name := range f.Missing {
		from := slices.IndexFunc(w.Steps, func(s Step) bool {
			return slices.ContainsFunc(s.Actions, func(a Action) bool { _, saves := a.Save[name]; return saves })
		})
		switch {
		case from >= 0 && !slices.Contains(f.From, w.Steps[from].ID):
			f.From = append(f.From, w.Steps[from].ID)
			f.and("cause.found-by", "{why}; the step {step} finds it out", "step", w.Steps[from].ID)
		case from < 0 && slices.ContainsFunc(w.Params, func(p Param) bool { return p.Name == name }):
			f.and("cause.set", "{why}; say it with --set {name}=…", "name", name)
		}
	}
	return f
}

// uses tells whether a hop, or a step other than the one given, works with a value.
func (w *Workshop) uses(name string, but ID) bool {
	for _, h := range w.Hops {
		for _, template := range []string{h.User, h.Host, h.Port, h.Password, h.HostKey, h.Server} {
			if slices.Contains(Names(template), name) {
				return true
			}
		}
	}
	for _, step := range w.Steps {
		if step.ID == but {
			continue
		}
		for _, a := range slices.Concat(step.Actions, step.Checks, step.Undo) {
			if a.uses(name) {
				return true
			}
		}
	}
	return false
}

// identifies tells whether a value is the id of the server behind a hop: another value is another
// machine, and what was done on the one before is not there.
func (w *Workshop) identifies(name string) bool {
	return slices.ContainsFunc(w.Hops, func(h Hop) bool { return slices.Contains(Names(h.Server), name) })
}

func (a Action) uses(name string) bool {
	for _, value := range a.With {
		templates := append([]string{value.Text}, value.List...)
		for _, template := range value.Map {
			templates = append(templates, template)
		}
		for _, template := range templates {
			if slices.Contains(Names(template), name) {
				return true
			}
		}
	}
	return false
}

// proven ends the checks of work that holds and was not done by us, when later steps wait for values
// that only its actions find out. A plan runs them; a check by itself changes nothing, and says so.
func (d *decision) proven(step Step, st StepState) {
	if st.Probing {
		d.emit(Event{Type: StepStarted, Step: step.ID, Attempt: st.Attempt, Run: st.Run, Phase: PhaseAction})
		d.advance(step, PhaseAction, 0, nil)
		return
	}
	names := strings.Join(unknown(d.w, d.s, step), ", ")
	why := Fail(FailValue, "cause.holds-unknown", "it holds, but {names} is not known yet: start the step to find it out", "names", names)
	d.emit(Event{Type: StepChecked, Step: step.ID, Attempt: st.Attempt, Failure: why, Took: Millis(d.m.Now.Sub(st.Started))})
	d.effects = append(d.effects, Stop{Step: step.ID})
}

// moved tells whether one of these values replaces another: a server booted again has another id.
func (d *decision) moved(values map[string]string) bool {
	for name, value := range values {
		if old, known := d.s.Vars[name]; known && old != value && d.w.identifies(name) {
			return true
		}
	}
	return false
}

// unmade follows an action that took away all that others had made: the steps that made it, and all that
// was done with it, hold no longer, and what they found out is forgotten.
func (d *decision) unmade(by ID) {
	on := map[ID]*Failure{}
	for _, other := range d.w.Steps { // a step stands after those it needs
		var cause *Failure
		if other.ID != by && slices.ContainsFunc(other.Actions, func(a Action) bool { return a.Makes }) {
			cause = Fail(FailNeeds, "cause.took-away", "{step} took away what it had made", "step", by)
		}
		for _, need := range other.Needs {
			if why, ok := on[need]; ok && cause == nil {
				cause = why
			}
		}
		if cause == nil || other.ID == by {
			continue
		}
		on[other.ID] = cause
		st := d.s.Step(other.ID)
		if st.Status == Done || len(st.Saved) > 0 && st.Status != Running {
			d.emit(Event{Type: StepStale, Step: other.ID, Attempt: st.Attempt, Names: st.Saved, Failure: cause})
		}
	}
}

// made follows an action that made something: what took all away before has something to do again.
func (d *decision) made(by ID) {
	for _, other := range d.w.Steps {
		st := d.s.Step(other.ID)
		if st.Status == Done && slices.ContainsFunc(other.Actions, func(a Action) bool { return a.Unmakes }) {
			cause := Fail(FailNeeds, "cause.made-anew", "{step} has made something anew", "step", by)
			d.emit(Event{Type: StepStale, Step: other.ID, Attempt: st.Attempt, Failure: cause})
		}
	}
}

// outdate marks all that was done with what a step has just made anew, however far from it.
func (d *decision) outdate(id ID) {
	on := map[ID]bool{id: true}
	for _, other := range d.w.Steps { // a step stands after those it needs
		if !slices.ContainsFunc(other.Needs, func(need ID) bool { return on[need] }) {
			continue
		}
		on[other.ID] = true
		if st := d.s.Step(other.ID); st.Status == Done {
			why := Fail(FailNeeds, "cause.done-anew", "{step} was done anew", "step", id)
			d.emit(Event{Type: StepStale, Step: other.ID, Attempt: st.Attempt, Failure: why})
		}
	}
	if plan := d.s.Plan; len(plan) > 0 && plan[0] == id { // they come next
		if plan = planOf(d.w, d.s, plan...); plan[0] == id {
			d.emit(Event{Type: PlanMade, Plan: plan})
		}
	}
}
