package tui

import (
	"slices"
	"time"

	"matou/steps"
	"matou/tui/pane"
)

// raiseStage brings up the panes of a step, the one its output comes in as large as can be.
func (m *Model) raiseStage(id steps.ID, recording bool) {
	m.lower()
	d := &m.demo
	d.up, d.step, d.from, d.pane = true, id, m.slide.Index(), pane.LogID
	m.zoom, m.byHand = false, false
	step, _ := m.workshop.Step(id)
	for _, name := range step.Panes {
		if at := pane.ID(name); !recording && (at == pane.LogID || at == pane.ServersID) {
			d.pane = at
			break
		}
	}
	m.log.Follow(true)
	m.focus = d.pane
}

// reveal has what a step was done for take the stage, when it is who answers on a web site.
func (m *Model) reveal(id steps.ID) {
	d := &m.demo
	if m.uncovered(id) != pane.TrafficID || d.pane == pane.TrafficID {
		return
	}
	if m.focus == d.pane {
		m.focus = pane.TrafficID
	}
	d.pane, d.prompt = pane.TrafficID, prompt{}
}

// wings lists the panes of the step on stage, in the order in which they want to be seen.
func (m *Model) wings() []pane.ID {
	var out []pane.ID
	step, _ := m.workshop.Step(m.demo.step)
	for _, name := range step.Panes {
		if id := pane.ID(name); id != pane.TrafficID || m.opts.Traffic != nil {
			out = append(out, id)
		}
	}
	return out
}

// lower puts the panes of a step away: the room sees the slide again.
func (m *Model) lower() {
	d := &m.demo
	if !d.up {
		return
	}
	if d.play != nil {
		m.hurry(time.Now())
	}
	m.opts.Gate.open("", 0)
	d.up, d.step, d.prompt, d.logged, d.waits, d.first, d.recorded = false, "", prompt{}, false, false, false, false
	m.focus = pane.SlideID
}

// narrate tells a batch in its order: the commands as they begin, each above what it printed.
func (m *Model) narrate(b steps.Batch, now time.Time) {
	d := &m.demo
	lines := b.Lines
	dropped := b.Dropped
	add := func(n int) {
		if n == 0 && dropped == 0 {
			return
		}
		if slices.ContainsFunc(lines[:n], func(l steps.Line) bool { return l.Step == d.step && l.Step != "" }) && !d.waits {
			m.commit(now)
		}
		m.log.Append(lines[:n], dropped)
		lines, dropped = lines[n:], 0
	}
	for _, e := range b.Events {
		if !d.up || e.Step != d.step || d.play != nil {
			continue
		}
		n := 0
		for n < len(lines) && !lines[n].At.After(e.At) {
			n++
		}
		add(n)
		m.enact(e, now)
	}
	add(len(lines))
}

// enact follows the step on stage.
func (m *Model) enact(e steps.Event, now time.Time) {
	d := &m.demo
	switch e.Type {
	case steps.StepStarted:
		if d.recorded = false; d.waits {
			d.waits, d.first = false, true
		}
		m.commit(now)
	case steps.ActionStarted:
		step, _ := m.workshop.Step(e.Step)
		if e.Phase != steps.PhaseAction || e.Index >= len(step.Actions) {
			m.commit(now)
			return
		}
		back := step.Actions[e.Index].Background
		if d.first && !back { // its command has been typed
			d.first = false
			return
		}
		m.commit(now)
		d.prompt, d.logged = m.newPrompt(e.Command, now), false
		if back {
			m.commit(now)
		}
	case steps.StepDone:
		m.commit(now)
		m.reveal(e.Step)
	case steps.StepFailed, steps.StepChecked, steps.StepStale, steps.StepUndone:
		m.commit(now)
	default:
	}
}

// stageFor raises the panes for a step of this slide that somebody has started without the key.
func (m *Model) stageFor(e steps.Event) {
	if m.demo.on && e.Step == m.step && !m.demo.up && !m.demo.catching && e.Type == steps.StepStarted && e.Phase == steps.PhaseAction {
		m.raiseStage(e.Step, false)
	}
}
