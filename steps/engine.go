package steps

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// Options are what an engine needs besides the workshop and something to run actions.
type Options struct {
	Seat     string
	Params   Vars      // parameters and built-in values
	Journal  *Journal  // nil: nothing is kept
	Log      *Log      // nil: output is not kept
	Redactor *Redactor // nil: a new one; knows the secrets among Params in any case
	Version  string    // of the program, for the journal
	// ReadOnly follows a journal that another program writes: every command is refused.
	ReadOnly bool
	Now      func() time.Time // nil: time.Now
}

// Engine owns a seat's state: one goroutine takes commands and the ends of effects, decides, writes
// the journal, and begins effects. Everything else reads.
//
//	Do(command) ─┐                         ┌─> Journal (on disk before anything begins)
//	             ├─> Run: Decide ─> events ┼─> State
//	effects end ─┘          └─> effects    └─> Feeds <─ lines, questions
//	       └──── Executor <──────┘
type Engine struct {
	w       *Workshop
	x       Executor
	o       Options
	inbox   chan request
	results chan finished
	ended   chan struct{}
	effects sync.WaitGroup

	// Owned by Run.
	cancels map[effectID]context.CancelFunc

	mu        sync.Mutex
	state     State
	feeds     map[*Feed]bool
	status    map[ID]Phrase
	questions []*asked
	lastAsk   int64
	lastLine  int64
	trouble   error
	free      bool   // who only reads: the program that held the seat has ended
	holder    Holder // who only reads: the program that holds it, as far as it was found out
	closed    bool
}

type request struct {
	command Command
	reply   chan error
}

type effectID struct {
	step    ID
	attempt int
	phase   Phase
	index   int
}

// New makes an engine, and brings its state to where the journal ends. What was in flight when the
// last program ended is marked interrupted.
func New(w *Workshop, x Executor, o Options) (*Engine, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Redactor == nil {
		o.Redactor = &Redactor{}
	}
	for _, p := range w.Params {
		if p.Type == "secret" {
			o.Redactor.Add(o.Params[p.Name])
		}
	}
	for _, h := range w.Hops {
		if password, err := Expand(h.Password, o.Params, nil); err == nil {
			o.Redactor.Add(password)
		}
	}
	e := &Engine{
		w: w, x: x, o: o,
		inbox: make(chan request), results: make(chan finished, 16), ended: make(chan struct{}),
		cancels: map[effectID]context.CancelFunc{}, feeds: map[*Feed]bool{}, status: map[ID]Phrase{},
	}
	var past []Event
	if o.Journal != nil {
		past = o.Journal.Events()
	}
	e.state = Replay(w, past)
	if !o.ReadOnly {
		e.begin(past)
	}
	return e, nil
}

// begin journals that this program has the seat now, and closes what the last one left open.
func (e *Engine) begin(past []Event) {
	var events []Event
	if len(past) == 0 {
		events = append(events, Event{Type: JournalOpened, Workshop: e.w.Name, Seat: e.o.Seat, Note: e.o.Version})
	}
	running := e.state.Running(e.w)
	seen := e.lastSeen(past, running)
	for _, id := range running {
		st := e.state.Step(id)
		end := Event{
			Type: StepFailed, Step: id, Attempt: st.Attempt, Took: Millis(max(0, seen[id].Sub(st.Started))),
			Failure: Fail(FailInterrupted, "cause.interrupted", "the program ended while this was running"),
		}
		if st.Began == PhaseCheck && !st.Probing {
			end.Type = StepChecked
		}
		events = append(events, Event{Type: EngineRecovered, Step: id, Attempt: st.Attempt, Note: e.o.Version}, end)
	}
	if len(e.state.Plan) > 0 {
		events = append(events, Event{Type: PlanEnded, Plan: e.state.Plan})
	}
	now := e.o.Now()
	for i := range events {
		events[i].V, events[i].Seq, events[i].At = EventVersion, e.state.Seq+int64(i)+1, now
	}
	e.record(events)
}

// lastSeen is when the steps that were cut short gave their last sign of life: an event, or a line in the
// log. Nothing tells when the program ended.
func (e *Engine) lastSeen(past []Event, ids []ID) map[ID]time.Time {
	seen := map[ID]time.Time{}
	if len(ids) == 0 {
		return seen
	}
	note := func(id ID, at time.Time) {
		if slices.Contains(ids, id) && at.After(seen[id]) {
			seen[id] = at
		}
	}
	for _, ev := range past {
		note(ev.Step, ev.At)
	}
	if e.o.Log != nil {
		_ = ReadLog(filepath.Dir(e.o.Log.Path()), func(l Line) bool { note(l.Step, l.At); return true }) // what it does not tell, the journal does
	}
	return seen
}

// Workshop is what the engine runs.
func (e *Engine) Workshop() *Workshop { return e.w }

// Seat is whose progress it is.
func (e *Engine) Seat() string { return e.o.Seat }

// State is the state now.
func (e *Engine) State() State {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.state
}

// Vars are the parameters and what actions saved, without the secrets.
func (e *Engine) Vars() Vars {
	vars := e.AllVars()
	for _, p := range e.w.Params {
		if p.Type == "secret" {
			delete(vars, p.Name)
		}
	}
	return vars
}

// AllVars are the parameters and what actions saved, secrets among them: for work outside of a step,
// never to be shown.
func (e *Engine) AllVars() Vars { return e.o.Params.With(e.State().Vars) }

// CommandLine is what a person would type for an action, with the values known so far. It is empty
// for an action there is not.
func (e *Engine) CommandLine(step ID, phase Phase, index int) string {
	s, ok := e.w.Step(step)
	if !ok || index < 0 || index >= len(s.actions(phase)) {
		return ""
	}
	return e.words(e.input(Execute{Step: step, Phase: phase, Index: index}, s))
}

func (e *Engine) words(in Input) string { return e.o.Redactor.Text(Sanitize(e.x.Command(in))) }

func (e *Engine) input(x Execute, step Step) Input {
	return Input{
		Workshop: e.w, Seat: e.o.Seat, Step: x.Step, Attempt: x.Attempt, Run: x.Run, Phase: x.Phase, Index: x.Index,
		Action: step.actions(x.Phase)[x.Index], Vars: e.AllVars(), Resumed: x.Resumed, Look: x.Look,
	}
}

// Do gives a command, and returns when it was journaled and its effects have begun. A *Refusal says
// why it was not followed.
func (e *Engine) Do(ctx context.Context, c Command) error {
	if r, ok := c.(Reply); ok {
		return e.answer(r)
	}
	r := request{command: c, reply: make(chan error, 1)}
	select {
	case e.inbox <- r:
	case <-ctx.Done():
		return ctx.Err()
	case <-e.ended:
		return &Refusal{Code: RefusedEnded}
	}
	select {
	case err := <-r.reply:
		return err
	case <-e.ended:
		return &Refusal{Code: RefusedEnded}
	}
}

// Run is the engine. It blocks until ctx ends and every effect has ended; what then succeeded in
// time is journaled, what was cut short is found to be interrupted by the next program.
func (e *Engine) Run(ctx context.Context) error {
	defer e.close()
	if e.o.ReadOnly {
		return e.watch(ctx)
	}
	for {
		select {
		case r := <-e.inbox:
			r.reply <- e.decide(ctx, r.command)
		case f := <-e.results:
			e.settleEffect(f)
			_ = e.decide(ctx, f) // an effect's end is never refused
		case <-ctx.Done():
			e.drain()
			return nil
		}
	}
}

// drain waits for the effects, which ctx has ended, and keeps what they got done.
func (e *Engine) drain() {
	all := make(chan struct{})
	go func() { e.effects.Wait(); close(all) }()
	for {
		select {
		case f := <-e.results:
			e.settleEffect(f)
			if f.Failure == nil {
				_ = e.decide(nil, f) //nolint:staticcheck // no context: no effect may begin any more
			}
		case <-all:
			return
		}
	}
}

func (e *Engine) settleEffect(f finished) {
	id := effectID{f.Step, f.Attempt, f.Phase, f.Index}
	if cancel := e.cancels[id]; cancel != nil {
		cancel()
		delete(e.cancels, id)
	}
}

// decide follows one command. Without a context it records and begins nothing.
func (e *Engine) decide(ctx context.Context, c Command) error {
	if e.o.ReadOnly {
		return &Refusal{Code: RefusedReadOnly}
	}
	events, effects, err := Decide(e.w, e.State(), c, Moment{Now: e.o.Now(), Run: newRun()})
	if err != nil {
		return err
	}
	if ctx == nil {
		events = onlyResult(events)
		effects = nil
	}
	e.record(events)
	for _, effect := range effects {
		switch effect := effect.(type) {
		case Execute:
			e.execute(ctx, effect)
		case Stop:
			for id, cancel := range e.cancels {
				if id.step == effect.Step {
					cancel()
				}
			}
		}
	}
	return nil
}

// onlyResult is the events up to the first that announces more work.
func onlyResult(events []Event) []Event {
	for i, ev := range events {
		if ev.Type == ActionStarted || ev.Type == StepStarted {
			return events[:i]
		}
	}
	return events
}

// record puts events on disk, then into the state, then before the readers. When the disk fails the
// work goes on, and the trouble is shown: a class must not stop for it.
func (e *Engine) record(events []Event) {
	if len(events) == 0 {
		return
	}
	var saved Vars // by the events before: the state does not have it yet
	for i, ev := range events {
		if step, ok := e.w.Step(ev.Step); ok && ev.Type == ActionStarted && !ev.Look {
			in := e.input(Execute{Step: ev.Step, Phase: ev.Phase, Index: ev.Index}, step)
			in.Vars = in.Vars.With(saved)
			ev.Command = e.words(in)
		}
		saved = saved.With(ev.Values)
		events[i] = e.o.Redactor.Event(ev)
	}
	var trouble error
	if e.o.Journal != nil {
		trouble = e.o.Journal.Append(events...)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.o.Journal != nil {
		e.trouble = trouble
	}
	e.show(events)
}

// show applies events and hands them to the feeds. The caller holds mu.
func (e *Engine) show(events []Event) {
	for _, ev := range events {
		e.state = settle(e.w, e.state.Apply(ev))
		switch ev.Type {
		case ActionStarted, StepDone, StepFailed, StepChecked, StepStale, StepUndone:
			delete(e.status, ev.Step)
		}
	}
	for f := range e.feeds {
		f.addEvents(events)
	}
}

// close ends the feeds.
func (e *Engine) close() {
	if e.o.Log != nil {
		if err := e.o.Log.Close(); err != nil {
			e.mu.Lock()
			e.trouble = errors.Join(e.trouble, err)
			e.mu.Unlock()
		}
	}
	close(e.ended)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	for f := range e.feeds {
		f.wake()
	}
}

// newRun is a name no other attempt has.
func newRun() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // it never fails: see crypto/rand
	return hex.EncodeToString(b[:])
}
