package steps

import (
	"maps"
	"slices"
	"time"
)

// Status is where a step stands.
type Status string

// The statuses of a step. Pending steps wait for others; ready ones can be started. Of shown ones a
// recording was shown, and they are still to be done.
const (
	Pending Status = "pending"
	Ready   Status = "ready"
	Running Status = "running"
	Done    Status = "done"
	Failed  Status = "failed"
	Stale   Status = "stale"
	Shown   Status = "shown"
)

// ActionState is where one action, check or undo of the current attempt stands.
type ActionState struct {
	Status  Status // Pending, Running, Done or Failed
	Skipped bool   // done by an earlier attempt
	Started time.Time
	Took    time.Duration
	Command string
	Summary string
	Said    []Phrase // the summary, for people of any language, see [ActionState.In]
	Failure *Failure
}

// StepState is what the journal says of one step.
type StepState struct {
	Status  Status
	Attempt int
	Run     string
	Began   Phase // the phase the attempt began with: PhaseCheck when only the checks were asked for
	Phase   Phase // of a running or failed step
	Index   int   // the action it is at
	Probing bool  // its checks run first, as part of a plan
	Actions []ActionState
	Checks  []ActionState
	Undo    []ActionState
	Started time.Time // later by what its actions were held: it counts the time somebody worked
	Ended   time.Time
	// Took is how long a done step was worked on until it was first proven: all attempts together, those
	// that failed or were cut short as well, without the time in which no program ran. To do again, or
	// check, what is done does not change it; what was taken back, or had lost what it stands on, is done
	// for the first time again.
	Took    time.Duration
	Failure *Failure
	Saved   []string // the variables it set
	// Before the attempt that runs now.
	was Status
	// Of all attempts: the time spent in vain so far, and Took once it was proven.
	spent, proven time.Duration
}

// State is all the journal says. It is a value: Apply returns a new one and leaves the old alone.
type State struct {
	Workshop string
	Seat     string
	Seq      int64
	Steps    map[ID]StepState
	Vars     Vars // saved by actions, over the parameters
	Plan     []ID // steps still to be caught up with, the running one first
}

// Step is a step's state; the zero value, pending, for one the journal does not mention.
func (s State) Step(id ID) StepState {
	if st, ok := s.Steps[id]; ok {
		return st
	}
	return StepState{Status: Pending}
}

// Running lists the steps that run now, in the workshop's order.
func (s State) Running(w *Workshop) []ID {
	var ids []ID
	for _, step := range w.Steps {
		if s.Step(step.ID).Status == Running {
			ids = append(ids, step.ID)
		}
	}
	return ids
}

// Next is the step a participant would do next: the first that is neither done nor running, those
// that were shown last. The empty id when there is none.
func (s State) Next(w *Workshop) ID {
	shown := ID("")
	for _, step := range w.Steps {
		switch s.Step(step.ID).Status {
		case Done, Running:
		case Shown:
			if shown == "" {
				shown = step.ID
			}
		default:
			return step.ID
		}
	}
	return shown
}

// list is a copy of a phase's actions, for a change.
func (st StepState) list(p Phase) []ActionState {
	switch p {
	case PhaseAction:
		return slices.Clone(st.Actions)
	case PhaseCheck:
		return slices.Clone(st.Checks)
	default:
		return slices.Clone(st.Undo)
	}
}

func (st StepState) withList(p Phase, list []ActionState) StepState {
	switch p {
	case PhaseAction:
		st.Actions = list
	case PhaseCheck:
		st.Checks = list
	default:
		st.Undo = list
	}
	return st
}

func (s State) withStep(id ID, st StepState) State {
	s.Steps = maps.Clone(s.Steps)
	if s.Steps == nil {
		s.Steps = map[ID]StepState{}
	}
	s.Steps[id] = st
	return s
}
