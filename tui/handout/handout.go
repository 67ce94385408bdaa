// Package handout makes something to take home of what a seat did: its journal and the log of its
// output, read from disk, become a Markdown hand-out with the real commands and their real output
// ([Tale.Markdown]) or a recording to play back ([Tale.Cast]). It asks no cloud and needs no engine.
package handout

import (
	"errors"
	"io/fs"
	"slices"
	"sort"
	"time"

	"github.com/charmbracelet/x/ansi"

	"matou/steps"
)

// Tale is what a seat did, put in order.
type Tale struct {
	Workshop *steps.Workshop
	Seat     string
	State    steps.State // at its end
	Attempts []*Attempt  // in the order they began
}

// Attempt is one time a step was run, checked or taken back.
type Attempt struct {
	Step    steps.ID
	N       int // from 1
	Phase   steps.Phase
	At      time.Time
	Actions []*Action
	End     steps.Event // the zero value while it has none
}

// Action is one thing an attempt did.
type Action struct {
	Phase   steps.Phase
	Index   int
	Name    string
	Command string // as it would be typed
	At      time.Time
	Ended   time.Time
	Done    bool
	Skipped bool // an earlier attempt had done it
	Summary string
	Said    []steps.Phrase // the summary, for any language
	Failure *steps.Failure
	// Head and Tail are the first and the last lines of its output; Left is how many between them
	// were left out.
	Head, Tail []steps.Line
	Left       int
}

// Options say how a tale is read.
type Options struct {
	Lines int             // of output kept of the beginning, and of the end, of each action; zero: 40
	Mask  *steps.Redactor // nil: nothing that was not masked as it was written
}

// ErrNothing means that the seat has done nothing yet.
var ErrNothing = errors.New("this seat has done nothing yet")

// Read reads a seat's folder.
func Read(w *steps.Workshop, dir string, o Options) (*Tale, error) {
	if o.Lines <= 0 {
		o.Lines = 40
	}
	journal, err := steps.ReadJournal(dir)
	if err != nil {
		return nil, err
	}
	t := &Tale{Workshop: w, State: steps.Replay(w, journal.Events())}
	t.Seat = t.State.Seat
	for _, e := range journal.Events() {
		t.event(clean(o.Mask.Event(e)))
	}
	if len(t.Attempts) == 0 {
		return nil, ErrNothing
	}
	of := map[steps.ID][]*Action{}
	for _, a := range t.Attempts {
		of[a.Step] = append(of[a.Step], a.Actions...)
	}
	for _, list := range of {
		slices.SortStableFunc(list, func(a, b *Action) int { return a.At.Compare(b.At) })
	}
	err = steps.ReadLog(dir, func(l steps.Line) bool {
		// The one that had begun last when the line came; a line from before the journal has none.
		list := of[l.Step]
		if i := sort.Search(len(list), func(i int) bool { return list[i].At.After(l.At) }); i > 0 {
			l.Text, l.Source = o.Mask.Text(l.Text), o.Mask.Text(l.Source)
			list[i-1].line(l, o.Lines)
		}
		return true
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return t, nil
}

// clean takes out of an event what could drive a terminal: a journal is a file, and anybody's.
func clean(e steps.Event) steps.Event {
	safe := func(s string) string { return ansi.Strip(steps.Sanitize(s)) }
	e.Command, e.Summary, e.Name = text(e.Command), safe(e.Summary), safe(e.Name)
	if e.Failure != nil {
		f := *e.Failure
		f.Cause = text(f.Cause)
		e.Failure = &f
	}
	return e
}

// event takes one event into the tale.
func (t *Tale) event(e steps.Event) {
	a := t.current(e.Step)
	switch e.Type {
	case steps.StepStarted:
		if a == nil || a.N != e.Attempt || a.End.Type != "" { // else: its checks said no, and now its actions run
			a = &Attempt{Step: e.Step, N: e.Attempt, At: e.At}
			t.Attempts = append(t.Attempts, a)
		}
		a.Phase = e.Phase
	case steps.ActionStarted, steps.ActionSkipped:
		if a != nil {
			a.Actions = append(a.Actions, &Action{
				Phase: e.Phase, Index: e.Index, Name: e.Name, Command: e.Command, At: e.At, Skipped: e.Type == steps.ActionSkipped,
			})
		}
	case steps.ActionDone, steps.ActionFailed:
		if act := a.find(e); act != nil {
			act.Ended, act.Done, act.Summary, act.Said, act.Failure = e.At, e.Type == steps.ActionDone, e.Summary, e.Said, e.Failure
		}
	case steps.StepShown:
		t.Attempts = append(t.Attempts, &Attempt{Step: e.Step, N: e.Attempt, At: e.At, End: e})
	case steps.StepDone, steps.StepFailed, steps.StepChecked, steps.StepStale, steps.StepUndone:
		if a != nil && a.End.Type == "" && (e.Attempt == a.N || e.Attempt == 0) {
			a.End = e
		}
	default:
	}
}

// current is the last attempt at a step; nil when there was none.
func (t *Tale) current(id steps.ID) *Attempt {
	for i := len(t.Attempts) - 1; i >= 0; i-- {
		if t.Attempts[i].Step == id {
			return t.Attempts[i]
		}
	}
	return nil
}

// find is the action an event is about: the last of its place.
func (a *Attempt) find(e steps.Event) *Action {
	if a == nil || e.Attempt != a.N {
		return nil
	}
	for i := len(a.Actions) - 1; i >= 0; i-- {
		if act := a.Actions[i]; act.Phase == e.Phase && act.Index == e.Index && act.Ended.IsZero() {
			return act
		}
	}
	return nil
}

// line keeps a line of output, or counts it.
func (a *Action) line(l steps.Line, keep int) {
	if len(a.Head) < keep {
		a.Head = append(a.Head, l)
		return
	}
	if len(a.Tail) == keep {
		a.Tail = slices.Delete(a.Tail, 0, 1)
		a.Left++
	}
	a.Tail = append(a.Tail, l)
}

// tried tells whether an attempt did more than check.
func (a *Attempt) tried() bool {
	return slices.ContainsFunc(a.Actions, func(act *Action) bool { return act.Phase != steps.PhaseCheck })
}

// number is a step's place in the workshop, from 1; zero for one it no longer has.
func (t *Tale) number(id steps.ID) int {
	return 1 + slices.IndexFunc(t.Workshop.Steps, func(s steps.Step) bool { return s.ID == id })
}
