package tui

import (
	"regexp"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"matou/steps"
	"matou/tui/pane"
)

// slideOf is the index of a step's first slide; -1 when it has none, or the deck ends before it: people
// may show another one.
func (m *Model) slideOf(id steps.ID) int {
	i := m.workshop.SlideOf(id)
	if i >= m.slide.Count() {
		return -1
	}
	return i
}

// here lists the steps of the slide that is shown.
func (m *Model) here() []steps.Step { return m.stepsAt(m.slide.Index()) }

// arrive selects the step of a slide that was just turned to: the first that is not done yet, else
// the last.
func (m *Model) arrive() {
	m.slide.Mark("")
	here := m.here()
	id := steps.ID("")
	for _, s := range here {
		id = s.ID
		if st := m.state.Step(s.ID).Status; st != steps.Done && (st != steps.Shown || !m.demo.on) {
			break
		}
	}
	m.choose(id)
}

// arriveIfLost selects a step again when the one selected has left the workshop's order: nothing
// was selected although the slide has a step.
func (m *Model) arriveIfLost() {
	if m.step == "" && len(m.here()) > 0 {
		m.arrive()
	}
}

// choose makes a step the one the console is at.
func (m *Model) choose(id steps.ID) {
	m.step = id
	m.outline.SetCurrent(id)
	m.recall()
}

// recall words the command line of the step the console is at.
func (m *Model) recall() {
	m.command, m.going = "", ""
	m.editable = m.step != "" && m.opts.Edit != nil && m.opts.Edit(m.step) != nil
	id := m.shown()
	step, ok := m.workshop.Step(id)
	if !ok {
		return
	}
	st := m.state.Step(id)
	phase, index, list := steps.PhaseAction, 0, step.Actions
	if st.Status == steps.Running || st.Status == steps.Failed {
		phase, index = st.Phase, st.Index
		if phase == steps.PhaseAction && st.Began == steps.PhaseCheck {
			phase, index = steps.PhaseCheck, 0 // it looks for what is there, and makes nothing
		}
		switch phase {
		case steps.PhaseCheck:
			list = step.Checks
		case steps.PhaseUndo:
			list = step.Undo
		case steps.PhaseAction:
		}
	}
	if phase == steps.PhaseAction && len(list) == 0 {
		phase, list = steps.PhaseCheck, step.Checks
	}
	for index+1 < len(list) && list[index].Background {
		index++ // a log that is followed is not what the step is about
	}
	if index >= len(list) {
		return
	}
	m.command = pane.Clean(m.session.CommandLine(id, phase, index))
	looks := st.Status == steps.Running && phase == steps.PhaseCheck
	switch {
	case looks && unset.MatchString(m.command):
		m.command = "" // nobody can type it yet
	case phase == steps.PhaseAction && st.Status != steps.Running && st.Status != steps.Failed:
		m.going = m.goesOn(step, index)
	}
}

// unset finds a value in a command line that no action has saved yet.
var unset = regexp.MustCompile(`<[a-z0-9-]+(\.[a-z0-9-]+)+>`)

// goesOn is what a person would type for the actions behind one, in one line, as far as it is known.
func (m *Model) goesOn(step steps.Step, index int) string {
	var all []string
	for i := index + 1; i < len(step.Actions); i++ {
		if step.Actions[i].Background {
			continue
		}
		command, _, _ := strings.Cut(pane.Clean(m.session.CommandLine(step.ID, steps.PhaseAction, i)), "\n")
		if unset.MatchString(command) {
			all = append(all, m.styles.Glyph.Ellipsis)
			break
		}
		if command != "" {
			all = append(all, command)
		}
	}
	return strings.Join(all, " ; ")
}

// shown is the step the bar is about: the one the console is at, or the one a plan is at elsewhere.
func (m *Model) shown() steps.ID {
	if len(m.state.Plan) > 0 {
		if busy := m.running(); busy != "" {
			return busy
		}
	}
	return m.step
}

// running is the step that runs now, the one the console is at first; empty when none does.
func (m *Model) running() steps.ID {
	if m.state.Step(m.step).Status == steps.Running {
		return m.step
	}
	if ids := m.state.Running(m.workshop); len(ids) > 0 {
		return ids[0]
	}
	return ""
}

// resume is the step to go on with in a workshop that was begun; empty at its very start.
func (m *Model) resume() steps.ID {
	begun := false
	for _, s := range m.workshop.Steps {
		begun = begun || m.state.Step(s.ID).Attempt > 0
	}
	switch id := m.running(); {
	case !begun:
		return ""
	case id != "":
		return id
	default:
		return m.state.Next(m.workshop)
	}
}

// turn shows another slide, if there is one, also when a step has brought up a pane in front of it.
func (m *Model) turn(moved bool) {
	if moved {
		if !m.byHand && m.focus == m.raised.pane {
			m.focus, m.raised.pane = pane.SlideID, ""
		}
		m.arrive()
	}
}

// turnOn shows the next slide, and tells of a step that stays behind on one where others are done: two may
// stand on a slide, and only one of them in the bar.
func (m *Model) turnOn() {
	from, left := m.slide.Index(), m.leftHere()
	m.turn(m.slide.Next())
	if left == "" || m.slide.Index() == from || slices.ContainsFunc(m.here(), func(s steps.Step) bool { return s.ID == left }) {
		return
	}
	m.say(time.Now(), m.text.T("toast.left", "step", m.title(left), "slide", itoa(from+1)))
}

// leftHere is the first step of a slide that nobody has begun although another one there is done; empty when
// there is none. Who only reads leaves nothing behind.
func (m *Model) leftHere() steps.ID {
	done, left := false, steps.ID("")
	for _, s := range m.here() {
		switch st := m.state.Step(s.ID); {
		case st.Status == steps.Done:
			done = true
		case left == "" && st.Attempt == 0:
			left = s.ID
		}
	}
	if !done || m.opts.ReadOnly {
		return ""
	}
	return left
}

// numberEnter is how long after a digit an enter belongs to the number, which is followed as it is
// typed, and starts nothing.
const numberEnter = 1500 * time.Millisecond

// run is what enter does: the next thing to do on this slide.
func (m *Model) run(now time.Time) tea.Cmd {
	if now.Sub(m.typed.at) <= numberEnter {
		m.typed = digits{} // it ends the number of the slide, as a hand used to other programs does
		return nil
	}
	step, ok := m.workshop.Step(m.step)
	if !ok {
		m.turn(m.slide.Next())
		return nil
	}
	switch m.state.Step(m.step).Status {
	case steps.Running:
		m.say(now, m.text.T("run.running"))
		return nil
	case steps.Done:
		if next := m.nextHere(); next != "" {
			m.choose(next)
			return m.run(now)
		}
		m.say(now, m.text.T("run.done"))
		return nil
	case steps.Failed:
		return m.do(steps.Retry{Step: m.step})
	case steps.Pending:
		m.say(now, m.text.T("run.needs", "needs", m.needs(step)))
		return nil
	case steps.Ready, steps.Stale, steps.Shown:
	}
	return m.start(step)
}

// start runs a step, after asking when the workshop says to ask.
func (m *Model) start(step steps.Step) tea.Cmd {
	start := m.do(steps.Start{Step: step.ID})
	if m.state.Step(step.ID).Status == steps.Stale {
		start = m.do(steps.Retry{Step: step.ID, FromStart: true})
	}
	question := step.Confirm.In(m.text.Lang)
	if question == "" {
		return start
	}
	return m.confirmStep(step, question, start)
}

// nextHere is the first step of this slide that is not done yet; empty when there is none.
func (m *Model) nextHere() steps.ID {
	for _, s := range m.here() {
		if m.state.Step(s.ID).Status != steps.Done {
			return s.ID
		}
	}
	return ""
}

// needs names the steps a step waits for.
func (m *Model) needs(step steps.Step) string {
	out := ""
	for _, id := range step.Needs {
		if m.state.Step(id).Status == steps.Done {
			continue
		}
		if out != "" {
			out += ", "
		}
		out += m.title(id)
	}
	return out
}

// goTo shows a step's slide and selects it.
func (m *Model) goTo(id steps.ID) {
	if i := m.slideOf(id); i >= 0 && !slices.ContainsFunc(m.here(), func(s steps.Step) bool { return s.ID == id }) {
		m.slide.Goto(i)
		m.slide.Mark("")
	}
	m.choose(id)
	m.moveTo(pane.SlideID)
}

// host is the hop a step works on; empty when there is none.
func (m *Model) host(id steps.ID) string { return m.workshop.HopOf(id) }

// reached tells whether somebody has been on a hop: a step there was done, or got as far as its
// second action. A shell asks nothing, so a host nobody has met yet is out of its reach.
func (m *Model) reached(hop string) bool {
	for _, s := range m.workshop.Steps {
		st := m.state.Step(s.ID)
		met := st.Status == steps.Done || st.Status == steps.Stale || (st.Phase == steps.PhaseAction && st.Index > 0)
		if met && slices.Contains(m.workshop.HopsOf(s.ID), hop) {
			return true
		}
	}
	return false
}

// done counts the steps that hold.
func (m *Model) done() int { return m.outline.Done() }
