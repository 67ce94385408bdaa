package tui

import (
	"slices"

	"matou/steps"
	"matou/tui/pane"
)

// raised is the attempt whose panes came up last, and the one of them that was given the screen.
type raised struct {
	step    steps.ID
	attempt int
	pane    pane.ID
}

// raise brings the panes of a step up when its actions begin, and the slide back when it is done;
// actions that only look for what is there bring nothing up. On a screen that shows them all there is
// nothing to bring up; where one hides the others, the first of them is shown. Whoever has moved the
// focus since the step was asked for keeps it.
func (m *Model) raise(e steps.Event) {
	if m.demo.on {
		return // see stageFor: what came of a step stays until the key goes on
	}
	switch {
	case e.Type == steps.StepStarted && e.Phase == steps.PhaseAction && !e.Probing,
		e.Type == steps.ActionStarted && e.Phase == steps.PhaseAction && !e.Look:
	case e.Type == steps.StepChecked && e.Step == m.raised.step && m.raised.pane != "":
		if !m.byHand && m.focus == m.raised.pane { // nothing has come of it: on with the slide
			m.focus, m.raised.pane = pane.SlideID, ""
		}
		return
	case e.Type == steps.StepDone && e.Step == m.raised.step && m.raised.pane != "":
		if !m.byHand && m.focus == m.raised.pane {
			m.focus = m.uncovered(e.Step)
		}
		m.raised.pane = ""
		if m.focus != pane.SlideID {
			m.raised.pane = m.focus
		}
		return
	default:
		return
	}
	if m.raised.step == e.Step && m.raised.attempt == e.Attempt {
		return
	}
	m.raised = raised{step: e.Step, attempt: e.Attempt}
	if m.byHand || !m.lay.Tabs || m.zoom {
		return
	}
	step, _ := m.workshop.Step(e.Step)
	for _, name := range step.Panes {
		if id := pane.ID(name); slices.Contains(m.order(), id) {
			m.focus, m.raised.pane = id, id
			return
		}
	}
}

// uncovered is the pane to look at when a step is done: the traffic when the step is about it, for who
// answers is what it was done for, and the slide otherwise.
func (m *Model) uncovered(id steps.ID) pane.ID {
	if m.opts.Traffic != nil && m.shows(id, pane.TrafficID) {
		return pane.TrafficID
	}
	return pane.SlideID
}
