package steps

// catchUp makes a plan and begins with it.
func (d *decision) catchUp(c CatchUp) error {
	until := c.Until
	if until != "" {
		if _, ok := d.w.Step(until); !ok {
			return d.w.Unknown(until)
		}
	}
	if running := d.s.Running(d.w); len(running) > 0 {
		return &Refusal{Code: RefusedRunning, Step: running[0]}
	}
	plan := PlanUntil(d.w, d.s, until)
	if c.Shown {
		plan = PlanShown(d.w, d.s)
	}
	if len(plan) == 0 {
		return &Refusal{Code: RefusedNothing, Step: until}
	}
	d.emit(Event{Type: PlanMade, Plan: plan})
	d.follow()
	return nil
}

// follow begins the next step of the plan.
func (d *decision) follow() {
	var step Step
	ok := len(d.s.Plan) > 0
	if ok {
		step, ok = d.w.Step(d.s.Plan[0])
	}
	if !ok || d.needs(step) != nil {
		d.emit(Event{Type: PlanEnded, Plan: d.s.Plan})
		return
	}
	phase := PhaseCheck
	if len(step.Checks) == 0 {
		phase = PhaseAction
	}
	d.begin(step, phase, d.m.Run, phase == PhaseCheck)
	d.advance(step, phase, 0, nil)
}

// PlanUntil lists what catching up with a step looks at: the step and all it stands on that is not
// done, in order. An empty id is the last step that makes nothing disappear: the one before the
// first step that asks for confirmation, or the last.
func PlanUntil(w *Workshop, s State, until ID) []ID {
	if until == "" {
		for _, step := range w.Steps {
			if len(step.Confirm) > 0 {
				break
			}
			until = step.ID
		}
	}
	return planOf(w, s, until)
}

// PlanShown lists what catching up with all that was only shown looks at: those steps and all they
// stand on that is not done, in order.
func PlanShown(w *Workshop, s State) []ID {
	var shown []ID
	for _, step := range w.Steps {
		if s.Step(step.ID).Status == Shown {
			shown = append(shown, step.ID)
		}
	}
	return planOf(w, s, shown...)
}

// planOf lists some steps and all they stand on, as far as they are not done, in order.
func planOf(w *Workshop, s State, ids ...ID) []ID {
	wanted := map[ID]bool{}
	var want func(ID)
	want = func(id ID) {
		step, ok := w.Step(id)
		if !ok || wanted[id] {
			return
		}
		wanted[id] = true
		for _, need := range step.Needs {
			want(need)
		}
	}
	for _, id := range ids {
		want(id)
	}
	var plan []ID
	for _, step := range w.Steps {
		if wanted[step.ID] && s.Step(step.ID).Status != Done {
			plan = append(plan, step.ID)
		}
	}
	return plan
}
