package steps

import (
	"maps"
	"slices"
	"time"
)

// Apply is the state after an event. It ignores events it does not know and events about steps in
// another attempt, so that any journal, however damaged or new, gives some state.
func (s State) Apply(e Event) State {
	s.Seq = max(s.Seq, e.Seq)
	switch e.Type {
	case JournalOpened:
		s.Workshop, s.Seat = e.Workshop, e.Seat
		return s
	case PlanMade:
		s.Plan = slices.Clone(e.Plan)
		return s
	case PlanEnded:
		s.Plan = nil
		return s
	}
	if _, known := s.Steps[e.Step]; e.Step == "" || !known && len(s.Steps) >= maxSteps {
		return s
	}
	st := s.Step(e.Step)
	switch e.Type {
	case StepStarted:
		st = st.started(e)
	case ActionStarted, ActionDone, ActionFailed, ActionSkipped:
		if e.Attempt != st.Attempt || e.Index < 0 || e.Index >= maxActions {
			return s
		}
		st = st.acted(e)
		if e.Type == ActionDone && len(e.Values) > 0 && len(s.Vars)+len(e.Values) <= maxVars {
			s.Vars = s.Vars.With(e.Values)
			for name := range e.Values {
				if !slices.Contains(st.Saved, name) {
					st.Saved = append(slices.Clone(st.Saved), name)
				}
			}
			slices.Sort(st.Saved)
		}
	case StepShown:
		if e.Attempt != st.Attempt || st.Status == Running || st.Status == Done {
			return s
		}
		st.Status, st.Ended = Shown, e.At // what failed before stays known
	case StepDone, StepFailed, StepChecked, StepStale, StepUndone:
		st = st.ended(e)
		if len(e.Names) > 0 && (e.Type == StepUndone || e.Type == StepStale) {
			s.Vars = maps.Clone(s.Vars)
			for _, name := range e.Names {
				delete(s.Vars, name)
			}
			st.Saved = slices.DeleteFunc(slices.Clone(st.Saved), func(name string) bool { return slices.Contains(e.Names, name) })
		}
		if len(s.Plan) > 0 && s.Plan[0] == e.Step && e.Type == StepDone {
			s.Plan = slices.Clone(s.Plan[1:])
		}
	default:
		return s
	}
	return s.withStep(e.Step, st)
}

// A damaged journal must not allocate the world, nor make each of its events copy one.
const (
	maxActions = 1000 // the index an event may name
	maxSteps   = 1000 // names of steps, those the workshop no longer has among them
	maxVars    = 5000 // values saved
)

func (st StepState) started(e Event) StepState {
	if e.Attempt != st.Attempt || st.Status != Running {
		st.was = st.Status
		if st.was == Running { // the one before was cut short
			st.was = Failed
		}
		st.Attempt, st.Run, st.Started = e.Attempt, e.Run, e.At
		st.Ended, st.Took = time.Time{}, 0
		st.Probing, st.Began = e.Probing, e.Phase
	} else {
		st.Probing, st.Began = false, e.Phase // the checks have said no: now the actions
	}
	st.Status, st.Phase, st.Index, st.Failure = Running, e.Phase, 0, nil
	for _, p := range []Phase{PhaseAction, PhaseCheck, PhaseUndo} {
		if p == e.Phase || e.Phase == PhaseAction {
			st = st.withList(p, nil)
		}
	}
	return st
}

func (st StepState) acted(e Event) StepState {
	list := st.list(e.Phase)
	for len(list) <= e.Index {
		list = append(list, ActionState{Status: Pending})
	}
	a := list[e.Index]
	switch e.Type {
	case ActionStarted:
		a = ActionState{Status: Running, Started: e.At, Command: e.Command}
		st.Phase, st.Index = e.Phase, e.Index
	case ActionDone:
		st.Started = st.Started.Add(time.Duration(e.Held))
		a.Status, a.Took, a.Summary, a.Said, a.Failure = Done, time.Duration(e.Took), e.Summary, e.Said, nil
	case ActionSkipped:
		a = ActionState{Status: Done, Skipped: true}
	case ActionFailed:
		st.Started = st.Started.Add(time.Duration(e.Held))
		a.Status, a.Took, a.Failure = Failed, time.Duration(e.Took), e.Failure
	}
	list[e.Index] = a
	return st.withList(e.Phase, list)
}

func (st StepState) ended(e Event) StepState {
	if e.Attempt != 0 && e.Attempt != st.Attempt {
		return st
	}
	st.Ended = e.At
	if st.Began == PhaseCheck {
		st.Phase = PhaseCheck // wherever it looked first: there is nothing to go on with
	}
	switch e.Type {
	case StepDone:
		if st.proven == 0 {
			st.proven = st.spent + time.Duration(e.Took)
		}
		st.Status, st.Failure, st.Took, st.spent = Done, nil, st.proven, 0
	case StepFailed:
		if st.Began == PhaseAction {
			st.spent += time.Duration(e.Took)
		}
		st.Status, st.Failure = Failed, e.Failure
		st = st.settleRunning(e.Failure)
	case StepChecked:
		st.Status, st.Failure = st.was, e.Failure
		if st.was == Ready || st.was == "" {
			st.Status = Pending
		}
	case StepStale:
		st.Status, st.Failure, st.Took = Stale, e.Failure, 0
		if e.Failure != nil && e.Failure.Kind == FailNeeds {
			st.spent, st.proven = 0, 0
		}
	case StepUndone:
		st = StepState{Status: Pending, Attempt: st.Attempt, Undo: st.Undo, Phase: PhaseUndo}
	}
	st.Probing = false
	return st
}

// settleRunning closes what was still running when its step failed.
func (st StepState) settleRunning(f *Failure) StepState {
	for _, p := range []Phase{PhaseAction, PhaseCheck, PhaseUndo} {
		list := st.list(p)
		for i, a := range list {
			if a.Status == Running {
				list[i].Status, list[i].Failure = Failed, f
			}
		}
		st = st.withList(p, list)
	}
	return st
}

// settle marks which of the steps that wait could be started.
func settle(w *Workshop, s State) State {
	for _, step := range w.Steps {
		st := s.Step(step.ID)
		if st.Status != Pending && st.Status != Ready {
			continue
		}
		want := Ready
		for _, need := range step.Needs {
			if s.Step(need).Status != Done {
				want = Pending
			}
		}
		if _, known := s.Steps[step.ID]; !known || st.Status != want {
			st.Status = want
			s = s.withStep(step.ID, st)
		}
	}
	return s
}

// Replay is the state after all events, from nothing.
func Replay(w *Workshop, events []Event) State {
	s := settle(w, State{})
	for _, e := range events {
		s = settle(w, s.Apply(e))
	}
	return s
}
