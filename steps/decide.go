package steps

import (
	"fmt"
	"slices"
	"time"
)

// Moment is what Decide may not find out by itself.
type Moment struct {
	Now time.Time
	Run string // a fresh random name, used if an attempt begins
}

// Effect is something to do outside: the engine does it and reports back.
type Effect interface{ effect() }

// Execute asks for one run of an action.
type Execute struct {
	Step    ID
	Attempt int
	Run     string
	Phase   Phase
	Index   int
	Resumed bool // an earlier run of it may have got through
	Look    bool // see [Input.Look]
}

// Stop asks to end all that runs for a step.
type Stop struct{ Step ID }

func (Execute) effect() {}
func (Stop) effect()    {}

// Decide says what a command leads to: events to journal and apply, then effects to begin. It is
// pure. A command that makes no sense now is refused with a *Refusal.
func Decide(w *Workshop, s State, c Command, m Moment) ([]Event, []Effect, error) {
	d := &decision{w: w, s: settle(w, s), m: m}
	err := d.command(c)
	if err != nil {
		return nil, nil, err
	}
	return d.events, d.effects, nil
}

// decision gathers events, and applies each at once, so that what follows sees it.
type decision struct {
	w       *Workshop
	s       State
	m       Moment
	events  []Event
	effects []Effect
}

func (d *decision) emit(e Event) {
	e.V, e.Seq, e.At = EventVersion, d.s.Seq+1, d.m.Now
	d.events = append(d.events, e)
	d.s = settle(d.w, d.s.Apply(e))
}

func (d *decision) command(c Command) error {
	switch c := c.(type) {
	case Start:
		return d.start(c.Step)
	case Retry:
		return d.retry(c)
	case Check:
		return d.check(c.Step)
	case Undo:
		return d.undo(c.Step)
	case Cancel:
		return d.cancel(c.Step)
	case CatchUp:
		return d.catchUp(c)
	case Show:
		return d.show(c.Step)
	case finished:
		d.finished(c)
		return nil
	default:
		return fmt.Errorf("decide: %T is no command of the engine", c)
	}
}

// idle finds a step that does not run.
func (d *decision) idle(id ID) (Step, StepState, error) {
	step, ok := d.w.Step(id)
	if !ok {
		return step, StepState{}, d.w.Unknown(id)
	}
	st := d.s.Step(id)
	if st.Status == Running {
		return step, st, &Refusal{Code: RefusedRunning, Step: id}
	}
	return step, st, nil
}

func (d *decision) needs(step Step) error {
	var missing []ID
	for _, need := range step.Needs {
		if d.s.Step(need).Status != Done {
			missing = append(missing, need)
		}
	}
	if missing != nil {
		return &Refusal{Code: RefusedNeeds, Step: step.ID, Needs: missing}
	}
	return nil
}

func (d *decision) start(id ID) error {
	step, st, err := d.idle(id)
	if err != nil {
		return err
	}
	if st.Status == Done {
		return &Refusal{Code: RefusedDone, Step: id}
	}
	if err := d.needs(step); err != nil {
		return err
	}
	d.begin(step, PhaseAction, d.m.Run, false)
	d.advance(step, PhaseAction, 0, nil)
	return nil
}

func (d *decision) retry(c Retry) error {
	step, st, err := d.idle(c.Step)
	if err != nil {
		return err
	}
	if err := d.needs(step); err != nil {
		return err
	}
	before := []ActionState(nil)
	run := d.m.Run
	if st.Status == Failed && st.Phase == PhaseAction && !c.FromStart {
		before, run = st.Actions, st.Run // goes on where it stopped, under the same name in the cloud
	}
	d.begin(step, PhaseAction, run, false)
	d.advance(step, PhaseAction, 0, before)
	return nil
}

func (d *decision) check(id ID) error {
	step, _, err := d.idle(id)
	if err != nil {
		return err
	}
	if len(step.Checks) == 0 {
		return &Refusal{Code: RefusedNoChecks, Step: id}
	}
	d.begin(step, PhaseCheck, d.m.Run, false)
	d.look(step, 0)
	return nil
}

// look has the actions from index on look for what was done by hand, as far as they find out values
// that others work with and nobody knows yet; then come the checks.
func (d *decision) look(step Step, index int) {
	st := d.s.Step(step.ID)
	missing := unknown(d.w, d.s, step)
	for i := index; i < len(step.Actions); i++ {
		a := step.Actions[i]
		if !a.Looks || !slices.ContainsFunc(missing, func(name string) bool { _, saves := a.Save[name]; return saves }) {
			continue
		}
		d.emit(Event{Type: ActionStarted, Step: step.ID, Attempt: st.Attempt, Phase: PhaseAction, Look: true, Index: i, Name: a.Name, Kind: a.Kind})
		d.effects = append(d.effects, Execute{Step: step.ID, Attempt: st.Attempt, Run: st.Run, Phase: PhaseAction, Index: i, Look: true})
		return
	}
	d.advance(step, PhaseCheck, 0, nil)
}

func (d *decision) undo(id ID) error {
	step, st, err := d.idle(id)
	if err != nil {
		return err
	}
	if len(step.Undo) == 0 {
		return &Refusal{Code: RefusedNoUndo, Step: id}
	}
	d.begin(step, PhaseUndo, st.Run, false)
	d.advance(step, PhaseUndo, 0, nil)
	return nil
}

func (d *decision) cancel(id ID) error {
	if id != "" {
		if _, ok := d.w.Step(id); !ok {
			return d.w.Unknown(id)
		}
		if d.s.Step(id).Status != Running {
			return &Refusal{Code: RefusedIdle, Step: id}
		}
		d.effects = append(d.effects, Stop{Step: id})
		return nil
	}
	running := d.s.Running(d.w)
	if len(running) == 0 {
		return &Refusal{Code: RefusedIdle}
	}
	for _, id := range running {
		d.effects = append(d.effects, Stop{Step: id})
	}
	return nil
}

// show leaves a step to be done later: its recording stands in for it.
func (d *decision) show(id ID) error {
	_, st, err := d.idle(id)
	if err != nil {
		return err
	}
	if st.Status == Done {
		return &Refusal{Code: RefusedDone, Step: id}
	}
	d.emit(Event{Type: StepShown, Step: id, Attempt: st.Attempt})
	return nil
}

func (d *decision) begin(step Step, phase Phase, run string, probing bool) {
	d.emit(Event{Type: StepStarted, Step: step.ID, Attempt: d.s.Step(step.ID).Attempt + 1, Run: run, Phase: phase, Probing: probing})
}

// actions are the actions of a phase.
func (s Step) actions(p Phase) []Action {
	switch p {
	case PhaseAction:
		return s.Actions
	case PhaseCheck:
		return s.Checks
	default:
		return s.Undo
	}
}

// advance begins the action at index of a phase, or what comes after the phase's last one. Before
// holds the actions of the attempt that is gone on with: what it got done is not done again.
func (d *decision) advance(step Step, phase Phase, index int, before []ActionState) {
	st := d.s.Step(step.ID)
	list := step.actions(phase)
	for i := index; i < len(list); i++ {
		a := list[i]
		e := Event{Type: ActionStarted, Step: step.ID, Attempt: st.Attempt, Phase: phase, Index: i, Name: a.Name, Kind: a.Kind}
		if i < len(before) && before[i].Status == Done && !a.Background {
			e.Type = ActionSkipped
			d.emit(e)
			continue
		}
		d.emit(e)
		resumed := i < len(before) && before[i].Status == Failed
		d.effects = append(d.effects, Execute{Step: step.ID, Attempt: st.Attempt, Run: st.Run, Phase: phase, Index: i, Resumed: resumed})
		if !a.Background {
			return
		}
	}
	switch {
	case phase == PhaseUndo:
		d.undone(step, st)
	case phase == PhaseAction && len(step.Checks) > 0:
		d.advance(step, PhaseCheck, 0, nil)
	case phase == PhaseCheck && st.Began == PhaseCheck && len(unknown(d.w, d.s, step)) > 0:
		d.proven(step, st)
	default:
		d.done(step, st)
	}
}

func (d *decision) done(step Step, st StepState) {
	planned := len(d.s.Plan) > 0 && d.s.Plan[0] == step.ID
	d.emit(Event{Type: StepDone, Step: step.ID, Attempt: st.Attempt, Took: Millis(d.m.Now.Sub(st.Started))})
	d.effects = append(d.effects, Stop{Step: step.ID})
	if planned {
		d.follow()
	}
}

// undone forgets what the step saved; the steps that stand on it no longer hold.
func (d *decision) undone(step Step, st StepState) {
	d.emit(Event{Type: StepUndone, Step: step.ID, Attempt: st.Attempt, Names: st.Saved})
	d.effects = append(d.effects, Stop{Step: step.ID})
	for _, other := range d.w.Steps { // a step stands after those it needs
		if d.s.Step(other.ID).Status != Done {
			continue
		}
		for _, need := range other.Needs {
			if d.s.Step(need).Status != Done {
				d.emit(Event{Type: StepStale, Step: other.ID, Failure: Fail(FailNeeds, "cause.taken-back", "{step} was taken back", "step", need)})
				break
			}
		}
	}
}

// finished takes in the end of an action. One of an attempt that is over, or that has ended before,
// changes nothing.
func (d *decision) finished(c finished) {
	step, ok := d.w.Step(c.Step)
	st := d.s.Step(c.Step)
	if !ok || st.Status != Running || st.Attempt != c.Attempt || c.Index >= len(step.actions(c.Phase)) {
		return
	}
	if list := st.list(c.Phase); c.Index >= len(list) || list[c.Index].Status != Running {
		return
	}
	a := step.actions(c.Phase)[c.Index]
	e := Event{Step: step.ID, Attempt: st.Attempt, Phase: c.Phase, Index: c.Index, Name: a.Name, Kind: a.Kind, Took: c.Took, Held: c.Held}
	if c.Failure == nil {
		e.Type, e.Summary, e.Said, e.Changed = ActionDone, c.Result.Summary, c.Result.Said, c.Result.Changed
		for name, key := range a.Save {
			if value, ok := c.Result.Values[key]; ok {
				if e.Values == nil {
					e.Values = map[string]string{}
				}
				e.Values[name] = value
			}
		}
		moved := d.moved(e.Values)
		d.emit(e)
		if moved {
			d.outdate(step.ID)
		}
		switch {
		case c.Phase == PhaseAction && a.Unmakes:
			d.unmade(step.ID)
		case c.Phase == PhaseAction && a.Makes && c.Result.Changed:
			d.made(step.ID)
		}
		switch {
		case c.Phase == PhaseAction && st.Began == PhaseCheck:
			d.look(step, c.Index+1)
		case !a.Background:
			d.advance(step, c.Phase, c.Index+1, nil)
		}
		return
	}
	e.Type, e.Failure = ActionFailed, c.Failure
	d.emit(e)
	st = d.s.Step(c.Step)
	if a.Background && c.Failure.Kind != FailCanceled {
		return // a log that is no longer followed fails no step
	}
	d.failed(step, st, c)
}

func (d *decision) failed(step Step, st StepState, c finished) {
	e := Event{Type: StepFailed, Step: step.ID, Attempt: st.Attempt, Failure: c.Failure, Took: Millis(d.m.Now.Sub(st.Started))}
	if st.Began == PhaseCheck {
		switch {
		case c.Failure.Kind == FailCanceled && !st.Probing:
			e.Type = StepChecked // nothing was found out
		case c.Failure.Kind == FailCanceled:
		case st.Probing:
			d.emit(Event{Type: StepStarted, Step: step.ID, Attempt: st.Attempt, Run: st.Run, Phase: PhaseAction})
			d.advance(step, PhaseAction, 0, nil)
			return
		case st.was == Done || st.was == Stale:
			e.Type = StepStale
		default:
			e.Type = StepChecked
		}
	}
	d.emit(e)
	if other := c.Failure.Broken; c.Failure.Kind != FailCanceled && d.s.Step(other).Status == Done {
		d.emit(Event{Type: StepStale, Step: other, Attempt: d.s.Step(other).Attempt, Failure: &Failure{Kind: c.Failure.Kind, Cause: c.Failure.Cause, Said: c.Failure.Said}})
	}
	d.effects = append(d.effects, Stop{Step: step.ID})
	if len(d.s.Plan) > 0 && d.s.Plan[0] == step.ID {
		d.emit(Event{Type: PlanEnded, Plan: d.s.Plan})
	}
}
