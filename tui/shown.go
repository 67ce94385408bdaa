package tui

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"matou/steps"
)

// caughtUp follows the plan that catches up with what was shown, behind the slides.
func (m *Model) caughtUp(e steps.Event, now time.Time) (told bool) {
	d := &m.demo
	if !d.catching {
		return false
	}
	switch {
	case e.Type == steps.StepDone && len(m.state.Plan) == 0:
		d.catching, d.caught = false, true
	case e.Type == steps.PlanEnded:
		d.catching = false
	case e.Type == steps.StepFailed && d.on && e.Failure != nil && e.Failure.Kind != steps.FailCanceled:
		why, _, _ := strings.Cut(m.why(e.Failure), "\n")
		m.say(now, m.text.T("demo.catchup-failed", "step", m.title(e.Step), "why", why))
		return true // a dialog would stand in the way of the show
	}
	return false
}

func offCatchUpShown(m *Model) string {
	if why := readOnly(m); why != "" {
		return why
	}
	if len(steps.PlanShown(m.workshop, m.state)) == 0 {
		return m.text.T("off.nothing-shown")
	}
	if m.running() != "" {
		return m.text.T("run.running")
	}
	return ""
}

// askCatchUpShown shows what doing all that was only shown would look at.
func (m *Model) askCatchUpShown() {
	plan := steps.PlanShown(m.workshop, m.state)
	m.askPlan(m.text.T("catchup.shown"), plan, func() tea.Msg { return catchingMsg{} })
}

// catchingMsg says that somebody wants to catch up with what was shown.
type catchingMsg struct{}

// catchUp does what was only shown, behind the slides.
func (m *Model) catchUp() tea.Cmd {
	m.lower()
	m.demo.catching = true
	return m.do(steps.CatchUp{Shown: true})
}
