package puppet

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"time"

	"matou/cloud/sandbox/fault"
)

// nativeType is a type the sandbox applies itself.
type nativeType struct {
	params  []string
	values  map[string][]string      // of a parameter, those that are allowed; others go unchecked
	check   func(r *Resource) string // the answer is the mistake, "" for none
	apply   func(ctx context.Context, a *apply, r *Resource) ([]change, error)
	refresh func(ctx context.Context, a *apply, r *Resource) error
}

// change is one property to set.
type change struct {
	property string
	message  string       // what the notice says once it is done
	failure  string       // "change from 'absent' to 'present' failed"
	before   func()       // prints lines ahead of the change
	do       func() error // nil: nothing to do, the notice is all
	after    func()       // prints lines between the doing and the notice
	settled  bool         // a refresh is not needed any more: the service has just started
}

// apply is one run's application of a catalogue.
type apply struct {
	sim     *Simulator
	node    Node
	master  Master
	log     *console
	noop    bool
	cat     *Catalog
	fault   *fault.Rule // to strike once
	strike  *Resource   // the last resource it can strike
	told    map[*vertex]bool
	spent   time.Duration
	changed int
	failed  int
}

// wait lets recorded time pass and counts it.
func (a *apply) wait(ctx context.Context, d duration) error {
	a.spent += time.Duration(d)
	return a.node.Wait(ctx, time.Duration(d))
}

// run applies the resources in their order; the error is ctx's.
func (a *apply) run(ctx context.Context, order []*vertex) error {
	a.told = map[*vertex]bool{}
	if a.fault != nil {
		for _, v := range order {
			if v.kind == isNative && strikable(v.res) {
				a.strike = v.res
			}
		}
	}
	for _, v := range order {
		if err := ctx.Err(); err != nil {
			return err
		}
		a.block(v)
		switch {
		case v.blocked:
			a.skip(v)
		case v.kind == isNative:
			if err := a.resource(ctx, v); err != nil {
				return err
			}
		}
		a.refresh(ctx, v)
	}
	return nil
}

func strikable(r *Resource) bool {
	return r.Type != "Notify" && r.Type != "Anchor" && r.Type != "Concat_fragment"
}

// block finds out whether something the vertex depends on failed.
func (a *apply) block(v *vertex) {
	seen := map[*vertex]bool{}
	for _, p := range v.in {
		if p.failed && !seen[p] {
			seen[p] = true
			v.blocker = append(v.blocker, p)
		}
		for _, b := range p.blocker {
			if !seen[b] {
				seen[b] = true
				v.blocker = append(v.blocker, b)
			}
		}
	}
	v.blocked = len(v.blocker) > 0
}

// skip says, once for each failure, why a resource is not looked at.
func (a *apply) skip(v *vertex) {
	name := v.res.Ref()
	if v.kind == isNative {
		name = shownPath(v.res)
		for _, b := range v.blocker {
			if !a.told[b] {
				a.told[b] = true
				a.log.say(noticeLine, name, "Dependency "+shownRef(b.res)+" has failures: true")
			}
		}
		a.log.say(warningLine, name, "Skipping because of failed dependencies")
	}
	if v.events > 0 {
		v.events = 0
		a.log.say(infoLine, name, "Unscheduling all events on "+v.res.Ref())
	}
}

// resource brings one native resource to its wanted state.
func (a *apply) resource(ctx context.Context, v *vertex) error {
	r := v.res
	t := native[strings.ToLower(r.Type)]
	if t.apply == nil {
		return nil
	}
	if err := a.wait(ctx, a.sim.data.Times.Check); err != nil {
		return err
	}
	changes, err := t.apply(ctx, a, r)
	name := shownPath(r)
	if err == nil && a.fault != nil && a.strike == r && len(changes) == 0 {
		err = errors.New(a.struck())
	}
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		a.log.say(errorLine, name, "Could not evaluate: "+err.Error())
		a.fail(v)
		return nil
	}
	names := map[string]bool{}
	for _, ch := range changes {
		ok, err := a.change(ctx, v, ch)
		if err != nil {
			return err
		}
		if ok {
			names[ch.property] = true
		} else if ch.property == "ensure" || ch.property == "returns" {
			break
		}
	}
	for range names {
		a.pass(v, name)
	}
	return nil
}

func (a *apply) fail(v *vertex) {
	if !v.failed {
		v.failed = true
		a.failed++
	}
}

// struck is the text of the fault, which is used up by it.
func (a *apply) struck() string {
	text := a.fault.Text
	a.fault = nil
	if text == "" {
		text = "Execution expired"
	}
	return text
}

// change makes one change and tells of it; the error is ctx's.
func (a *apply) change(ctx context.Context, v *vertex, ch change) (bool, error) {
	r := v.res
	source := shownPath(r) + "/" + ch.property
	l, ok := levels[r.text("loglevel")]
	if !ok {
		l = noticeLine
	}
	if a.noop || r.flag("noop") {
		a.log.say(noticeLine, source, strings.Replace(ch.message, "changed", "current_value", 1)+" (noop)")
		return true, nil
	}
	if ch.before != nil {
		ch.before()
	}
	err := a.wait(ctx, a.sim.timeOf(r))
	if err != nil {
		return false, err
	}
	switch {
	case a.fault != nil && strikable(r):
		err = errors.New(a.struck())
	case ch.do != nil:
		err = ch.do()
	}
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err != nil {
		text := plainError(err)
		a.log.say(errorLine, "", text)
		var w *wrapped
		if errors.As(err, &w) {
			a.log.say(errorLine, "", text+"\nWrapped exception:\n"+w.inner)
		}
		a.log.say(errorLine, source, ch.failure+": "+text)
		a.fail(v)
		return false, nil
	}
	if ch.after != nil {
		ch.after()
	}
	a.log.say(l, source, ch.message)
	a.changed++
	if ch.settled {
		v.events = 0
		a.log.say(infoLine, shownPath(r), "Unscheduling refresh on "+r.Ref())
	}
	return true, nil
}

// plainError is an error as puppet words it: what the system said, with a capital letter.
func plainError(err error) string {
	var pe *fs.PathError
	switch {
	case errors.As(err, &pe) && errors.Is(err, fs.ErrNotExist):
		return "No such file or directory - " + pe.Path
	case errors.As(err, &pe) && errors.Is(err, fs.ErrPermission):
		return "Permission denied - " + pe.Path
	case errors.As(err, &pe):
		return capitalize(pe.Err.Error()) + " - " + pe.Path
	}
	return err.Error()
}

// timeOf is how long one change of a resource took when recorded.
func (s *Simulator) timeOf(r *Resource) duration {
	if d, ok := s.data.Times.Changes[r.Ref()]; ok {
		return d
	}
	return s.data.Times.Changes[r.Type]
}

// pass queues a refresh at everything that wants to know of a change.
func (a *apply) pass(v *vertex, name string) {
	for _, next := range v.out {
		if !next.refresh || next.to.kind == isNative && native[strings.ToLower(next.to.res.Type)].refresh == nil {
			continue
		}
		if next.to.kind != isEnd {
			a.log.say(infoLine, name, "Scheduling refresh of "+next.to.res.Ref())
		}
		next.to.events++
	}
}

// refresh does the refreshes queued at a vertex; a container passes them on as one.
func (a *apply) refresh(ctx context.Context, v *vertex) {
	if v.events == 0 || v.failed || v.blocked {
		return
	}
	events := v.events
	v.events = 0
	name := v.res.Ref()
	if v.kind == isNative {
		name = shownPath(v.res)
		plural := "s"
		if events == 1 {
			plural = ""
		}
		if a.noop {
			a.log.say(noticeLine, name, "Would have triggered 'refresh' from "+render(int64(events))+" event"+plural)
			return
		}
		if err := native[strings.ToLower(v.res.Type)].refresh(ctx, a, v.res); err != nil {
			if ctx.Err() == nil {
				a.log.say(errorLine, name, "Failed to call refresh: "+plainError(err))
				a.log.say(errorLine, name, plainError(err))
				a.fail(v)
			}
			return
		}
		a.log.say(noticeLine, name, "Triggered 'refresh' from "+render(int64(events))+" event"+plural)
		a.changed++
	}
	a.pass(v, name)
}

// shownRef is a resource's reference in messages, with the same exception as shownPath.
func shownRef(r *Resource) string {
	if r.Type == "Concat_file" {
		return "File[" + concatPath(r) + "]"
	}
	return r.Ref()
}

// shownPath is a resource's path in messages. A concatenated file shows as the file it makes.
func shownPath(r *Resource) string {
	if r.Type == "Concat_file" && r.container != nil {
		return r.container.Path() + "/File[" + concatPath(r) + "]"
	}
	return r.Path()
}
