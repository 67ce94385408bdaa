package plain

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"matou/cloud"
	"matou/steps"
)

// turn shows a slide, counted from 0, and selects its step: the first that is not done, else the
// last.
func (d *dialogue) turn(index int) {
	if index < 0 || index >= d.slides() {
		d.say(d.text.T("plain.no-slide", "n", strconv.Itoa(index+1), "all", strconv.Itoa(d.slides())))
		if d.slides() > 0 || d.step != "" {
			return
		}
	}
	d.index = max(0, min(index, d.slides()-1))
	d.step = ""
	for _, s := range d.w.StepsAt(d.index) {
		d.step = s.ID
		if d.state.Step(s.ID).Status != steps.Done {
			break
		}
	}
	if d.slides() > 0 {
		d.tellSlide()
	}
	d.tellStep()
}

// due is the step that enter is about: the first of this slide that is not done, and that enter has
// not gone past.
func (d *dialogue) due() (steps.Step, bool) {
	if d.o.ReadOnly {
		return steps.Step{}, false
	}
	for _, s := range d.w.StepsAt(d.index) {
		if d.state.Step(s.ID).Status != steps.Done && !d.passed[s.ID] {
			return s, true
		}
	}
	return steps.Step{}, false
}

// enter does the next thing: it runs what is due on this slide, else it turns to the next.
func (d *dialogue) enter() {
	step, ok := d.due()
	if !ok {
		switch {
		case d.index+1 < d.slides():
			d.turn(d.index + 1)
		case d.o.Interactive:
			d.say(d.text.T("plain.end"))
		default:
			d.say(d.text.T("plain.end"))
			d.quit = true
		}
		return
	}
	if d.step != step.ID {
		d.step = step.ID
		d.tellStep()
	}
	switch d.state.Step(step.ID).Status {
	case steps.Pending:
		d.say(d.text.T("run.needs", "needs", d.titles(d.missing(step))))
		d.passed[step.ID] = true // a second enter goes on
	case steps.Failed:
		if d.failed[step.ID] != nil && !d.o.Interactive {
			d.quit = true // nobody is there who could have changed anything
			return
		}
		d.start(step, steps.Retry{Step: step.ID})
	case steps.Stale:
		d.start(step, steps.Retry{Step: step.ID, FromStart: true})
	default:
		d.start(step, steps.Start{Step: step.ID})
	}
}

// start gives a command, after asking when the workshop says to ask.
func (d *dialogue) start(step steps.Step, c steps.Command) {
	question := step.Confirm.In(d.text.Lang)
	if question == "" {
		d.do(c, step.ID)
		return
	}
	if d.o.Made != nil && slices.ContainsFunc(step.Actions, func(a steps.Action) bool { return a.Unmakes }) {
		d.tellMade()
	}
	d.confirm(question, func() { d.do(c, step.ID) }, func() { d.passed[step.ID] = true })
}

// tellMade lists what the seat has in the cloud. Nothing runs meanwhile: there is nothing to be missed.
func (d *dialogue) tellMade() {
	d.say(d.text.T("servers.asking"))
	d.show()
	made, err := d.o.Made(d.ctx)
	switch {
	case err != nil:
		d.say("  " + d.text.T("made.unknown", "why", ansi.Strip(d.explain(err))))
	case made.Empty():
		d.say("  " + d.text.T("made.none"))
	}
	for _, item := range made.Items(time.Now()) {
		words := []string{cloud.Clean(item.Name)}
		if item.ID != "" {
			words = append(words, cloud.Clean(item.ID))
		}
		if item.Age > 0 {
			words = append(words, d.text.T("servers.ago", "time", span(item.Age)))
		}
		if item.Adopted {
			words = append(words, d.text.T("made.by-hand"))
		}
		d.say("  " + d.pair(d.text.T("made."+item.Kind), strings.Join(words, ", ")))
	}
}

// next is the prompt: what enter will do.
func (d *dialogue) next() string {
	step, ok := d.due()
	switch {
	case ok && d.state.Step(step.ID).Status == steps.Failed:
		return d.text.T("plain.prompt.retry")
	case ok && d.state.Step(step.ID).Status == steps.Pending:
		return d.text.T("plain.prompt.needs")
	case ok:
		return d.text.T("plain.prompt.run")
	case d.index+1 < d.slides():
		return d.text.T("plain.prompt.next")
	default:
		return d.text.T("plain.prompt.end")
	}
}

// missing lists the steps a step waits for.
func (d *dialogue) missing(step steps.Step) []steps.ID {
	var ids []steps.ID
	for _, id := range step.Needs {
		if d.state.Step(id).Status != steps.Done {
			ids = append(ids, id)
		}
	}
	return ids
}

// still says that what runs has not come to its end.
func (d *dialogue) still() {
	if !d.running() || d.pending != nil {
		return
	}
	for _, id := range d.state.Running(d.w) {
		step, _ := d.w.Step(id)
		took := time.Since(d.state.Step(id).Started)
		if step.Expect > 0 {
			d.say(d.text.T("plain.still-of", "step", d.title(id), "time", span(took), "expect", span(step.Expect)))
		} else {
			d.say(d.text.T("plain.still", "step", d.title(id), "time", span(took)))
		}
	}
}

// span words a duration: seconds are as fine as anybody listens.
func span(took time.Duration) string {
	if took < 10*time.Second {
		return took.Round(100 * time.Millisecond).String()
	}
	return took.Round(time.Second).String()
}
