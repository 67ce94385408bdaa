package plain

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"matou/steps"
)

// say prints lines; each begins at the left.
func (d *dialogue) say(lines ...string) {
	if d.open {
		d.out.WriteByte('\n')
		d.open = false
	}
	for _, l := range lines {
		d.out.WriteString(steps.Plain(l)) // whoever's words they are
		d.out.WriteByte('\n')
	}
}

// pair is a name and what it names, as the language writes it.
func (d *dialogue) pair(name, text string) string {
	return d.text.T("plain.pair", "name", name, "text", text)
}

// greet says where one is.
func (d *dialogue) greet() {
	cloud := d.o.Cloud
	if d.o.Sandbox {
		cloud = d.text.T("bar.sandbox")
	}
	d.say(d.w.Title.In(d.text.Lang), d.text.T("bar.seat", "seat", d.o.Seat)+", "+cloud)
	if d.o.ReadOnly {
		d.say(d.readOnly())
	}
	for _, w := range d.o.Warnings {
		d.say(steps.Sanitize(w))
	}
}

// title is a step's title in the reader's language.
func (d *dialogue) title(id steps.ID) string {
	if s, ok := d.w.Step(id); ok {
		return s.Title.In(d.text.Lang)
	}
	return steps.Plain(string(id)) // a journal's, and anybody's
}

func (d *dialogue) titles(ids []steps.ID) string {
	var out []string
	for _, id := range ids {
		out = append(out, d.title(id))
	}
	return strings.Join(out, ", ")
}

// tellStep says which step it is, how it stands, and what it will type.
func (d *dialogue) tellStep() {
	step, ok := d.w.Step(d.step)
	if !ok {
		return
	}
	n := 0
	for i, s := range d.w.Steps {
		if s.ID == step.ID {
			n = i + 1
		}
	}
	st := d.state.Step(step.ID)
	status := d.text.T("status." + string(st.Status))
	if st.Status == steps.Done && st.Took > 0 {
		status += " " + d.text.T("bar.in", "time", span(st.Took))
	} else if step.Expect > 0 {
		status += ", " + d.text.T("bar.expect", "time", span(step.Expect))
	}
	d.say(d.text.T("plain.step", "n", fmt.Sprint(n), "all", fmt.Sprint(len(d.w.Steps)), "step", d.title(step.ID), "status", status))
	for i := range step.Actions {
		if line := d.session.CommandLine(step.ID, steps.PhaseAction, i); line != "" && !step.Actions[i].Background {
			d.say("  $ " + ansi.Strip(line))
		}
	}
}

// batch tells what a pull brought. Events and lines come apart; the time puts them back together.
func (d *dialogue) batch(b steps.Batch) {
	if b.Dropped > 0 {
		d.say(d.text.N("log.dropped", b.Dropped))
	}
	lines := b.Lines
	for _, e := range b.Events {
		for len(lines) > 0 && !lines[0].At.After(e.At) {
			d.line(lines[0])
			lines = lines[1:]
		}
		d.event(e)
	}
	for _, l := range lines {
		d.line(l)
	}
	told := map[steps.ID]string{}
	for _, id := range d.state.Running(d.w) {
		told[id] = ansi.Strip(b.Status[id].In(d.text, d.title))
		if told[id] != "" && told[id] != d.status[id] {
			d.say("  " + told[id])
		}
	}
	d.status = told
	trouble := ""
	if b.Trouble != nil {
		trouble = steps.Sanitize(b.Trouble.Error())
	}
	if trouble != d.trouble && trouble != "" {
		d.say(d.text.T("trouble", "why", trouble))
	}
	d.trouble = trouble
	d.heldBy(b)
}

// heldBy tells when the program that held the seat has ended, and when another one has taken it.
func (d *dialogue) heldBy(b steps.Batch) {
	if who := b.Holder.String(); who != "" {
		d.o.Holder = who
	}
	if was := d.free; d.o.ReadOnly && was != b.Free {
		d.free = b.Free
		d.say(d.readOnly())
	}
}

// readOnly says why a dialogue that only looks does nothing.
func (d *dialogue) readOnly() string {
	if d.free {
		return d.text.T("off.free-again")
	}
	return d.text.T("off.read-only", "holder", d.o.Holder)
}

func (d *dialogue) line(l steps.Line) {
	d.say("  " + ansi.Strip(l.Source) + ": " + ansi.Strip(l.Text))
}

// event tells one event, and takes note of an end that is waited for.
func (d *dialogue) event(e steps.Event) {
	t := d.text
	switch e.Type {
	case steps.StepStarted:
		if e.Phase == steps.PhaseCheck {
			d.say(t.T("plain.checking", "step", d.title(e.Step)))
		} else {
			d.say(t.T("plain.begins", "step", d.title(e.Step)))
		}
	case steps.ActionStarted:
		if e.Command != "" && e.Phase != steps.PhaseCheck {
			d.say("$ " + ansi.Strip(steps.Sanitize(e.Command)))
		}
	case steps.ActionDone:
		d.worked(e)
	case steps.StepDone:
		delete(d.failed, e.Step)
		d.say(t.T("plain.done", "step", d.title(e.Step), "time", span(time.Duration(e.Took))))
		if step, ok := d.w.Step(e.Step); ok && step.Victory {
			d.say("", t.T("victory.title"), t.T("victory.text"))
		}
		d.settle(e.Step)
	case steps.StepFailed, steps.StepChecked, steps.StepStale:
		d.missed(e)
		d.settle(e.Step)
	case steps.StepShown:
		d.say(t.T("plain.shown", "step", d.title(e.Step)))
	case steps.StepUndone:
		d.say(t.T("toast.undone", "step", d.title(e.Step)))
		d.settle(e.Step)
	case steps.PlanEnded:
		d.planned = false
		d.quit = d.quit || d.eof && !d.running()
	default:
	}
}

// worked tells the outcome of an action or a check.
func (d *dialogue) worked(e steps.Event) {
	summary := ansi.Strip(steps.Sanitize(e.In(d.text)))
	switch {
	case e.Phase == steps.PhaseCheck:
		if summary != "" {
			summary = " (" + summary + ")"
		}
		d.say("  " + d.text.T("plain.holds", "check", d.w.ActionTitle(e.Step, e.Phase, e.Index, d.text.Lang, e.Name), "summary", summary))
	case summary != "":
		d.say("  " + summary)
	}
}

// missed tells what did not work, why, and what to do.
func (d *dialogue) missed(e steps.Event) {
	t, f := d.text, e.Failure
	if f == nil {
		f = &steps.Failure{Kind: steps.FailInternal}
	}
	cause := ansi.Strip(f.In(t, d.title))
	switch {
	case f.Kind == steps.FailCanceled:
		d.say(t.T("toast.canceled", "step", d.title(e.Step)))
		return
	case e.Type == steps.StepChecked:
		why, _, _ := strings.Cut(cause, "\n")
		d.say(t.T("toast.checked", "step", d.title(e.Step), "why", why))
		return
	case e.Type == steps.StepStale && f.Kind == steps.FailNeeds: // most of the time many at once
		d.say(t.T("toast.stale", "step", d.title(e.Step)))
		return
	case e.Type == steps.StepStale:
		d.say(t.T("toast.stale", "step", d.title(e.Step)))
	default:
		d.failed[e.Step], d.lastFail = f, e.Step
		d.say("", d.pair(t.T("failure.title"), d.title(e.Step)))
	}
	for l := range strings.SplitSeq(cause, "\n") {
		d.say("  " + steps.Sanitize(l))
	}
	remedy := "remedy." + f.Kind
	if !t.Has(remedy) {
		remedy = "remedy.internal"
	}
	next := t.T(remedy)
	if len(f.From) > 0 {
		var from []string
		for _, id := range f.From {
			from = append(from, t.T("failure.step", "step", d.title(id), "slide", strconv.Itoa(d.w.SlideOf(id)+1)))
		}
		next = t.T("failure.from", "steps", strings.Join(from, ", "))
	}
	d.say(t.T("failure.next") + " " + next)
	d.advise(e.Step)
}

// advise says what the workshop's authors have to say to somebody who is stuck at a step.
func (d *dialogue) advise(id steps.ID) {
	step, _ := d.w.Step(id)
	for _, text := range step.Advice(d.text.Lang) {
		d.say(d.pair(d.text.T("plain.hint"), text))
	}
}

// settle ends the wait for a step. When the input has ended, so does the dialogue.
func (d *dialogue) settle(id steps.ID) {
	if d.busy == id {
		d.busy = ""
	}
	if !d.running() && d.eof {
		d.quit = true
	}
}
