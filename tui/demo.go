package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"matou/steps"
	"matou/tui/dialog"
	"matou/tui/pane"
)

// Demo is how the console shows the workshop to a room.
type Demo struct {
	On       bool          // from the start
	Typing   time.Duration // that a character of a command takes; zero: a command appears at once
	RunAfter time.Duration // how long a typed command stands there before it runs; zero: until the key
}

// demo is where a demonstration is. One key carries it, see [Model.onward]: the slide, its stops, then
// each of its steps: the panes come up and the command is typed there, it runs, and what came of it
// stays until the key goes on.
type demo struct {
	on   bool
	up   bool     // the panes of a step are up
	step steps.ID // this one
	from int      // the slide it was on
	pane pane.ID  // where its command stands

	prompt prompt
	logged bool // the prompt is a line of the log
	waits  bool // it has been typed, or is being: the key runs it
	first  bool // the step has begun, with the command that was typed

	recorded bool // a recording is on stage, not what happened
	play     *playback
	catching bool // what was only shown is caught up with, meanwhile
	caught   bool // all of it, just now

	comment comment
}

// toggleDemo begins a demonstration, or ends it.
func (m *Model) toggleDemo() {
	m.lower()
	m.demo = demo{on: !m.demo.on, catching: m.demo.catching, comment: comment{n: m.demo.comment.n}}
	text := m.text.T("demo.off")
	if m.demo.on {
		text = m.text.T("demo.on")
	}
	m.say(time.Now(), text)
}

// onward is the one key of a demonstration: it does what comes next.
func (m *Model) onward(now time.Time) tea.Cmd {
	d := &m.demo
	switch {
	case d.play != nil:
		m.hurry(now)
		return nil
	case d.waits && d.prompt.over().After(now):
		d.prompt.finish()
		return nil
	case d.waits:
		return m.runTyped()
	}
	if id := m.running(); id != "" && !d.catching && !m.opts.ReadOnly {
		if !d.up && id == m.step { // somebody went back to the slide meanwhile
			m.raiseStage(id, false)
		}
		m.say(now, m.text.T("demo.wait", "step", m.title(id)))
		return nil
	}
	m.lower()
	if m.focus != pane.SlideID || m.zoom {
		m.focus, m.zoom = pane.SlideID, false
	}
	switch next := m.toShow(); {
	case m.slide.Scroll(m.slide.Height()):
	case m.slide.More() || next == "" || m.opts.ReadOnly:
		before := m.slide.Index()
		more := m.slide.More()
		m.turn(m.slide.Next())
		if !more && m.slide.Index() == before {
			m.say(now, m.text.T("demo.end"))
		}
	default:
		return m.perform(next, now)
	}
	return nil
}

// backward is the way back: from the stage to the slide, up the slide, to the slide before.
func (m *Model) backward() {
	switch {
	case m.demo.up:
		m.lower()
	case m.focus != pane.SlideID:
		m.focus = pane.SlideID
	case m.slide.Scroll(-m.slide.Height()):
	default:
		m.turn(m.slide.Prev())
	}
}

// toShow is the first step of this slide that was neither done nor shown; empty when there is none.
func (m *Model) toShow() steps.ID {
	for _, s := range m.here() {
		if st := m.state.Step(s.ID).Status; st != steps.Done && st != steps.Shown {
			return s.ID
		}
	}
	return ""
}

// perform brings a step on stage, or says what is in its way.
func (m *Model) perform(id steps.ID, now time.Time) tea.Cmd {
	m.choose(id)
	switch st := m.state.Step(id); st.Status {
	case steps.Running:
		m.say(now, m.text.T("demo.wait", "step", m.title(id)))
	case steps.Pending:
		m.askWaiting(id)
	case steps.Failed:
		if f := st.Failure; f != nil && f.Kind != steps.FailCanceled && f.Kind != steps.FailInterrupted {
			m.failed(id, *f, now)
			return nil
		}
		m.typeCommand(id, now)
	default:
		m.typeCommand(id, now)
	}
	return nil
}

// typeCommand brings the panes of a step up, and types its command there.
func (m *Model) typeCommand(id steps.ID, now time.Time) {
	m.raiseStage(id, false)
	m.recall() // the engine may have come up since
	d := &m.demo
	d.prompt, d.logged, d.waits = m.newPrompt(m.command, now), false, true
}

// runTyped runs the step whose command stands there.
func (m *Model) runTyped() tea.Cmd {
	d := &m.demo
	step, ok := m.workshop.Step(d.step)
	if !ok {
		m.lower()
		return nil
	}
	m.opts.Gate.open(step.ID, m.opts.Demo.Typing)
	if m.state.Step(step.ID).Status == steps.Failed {
		return m.do(steps.Retry{Step: step.ID})
	}
	return m.start(step)
}

// direct does what a demonstration does by itself: it runs what has been typed long enough.
func (m *Model) direct(now time.Time) tea.Cmd {
	d := &m.demo
	if d.up && (m.step != d.step || m.slide.Index() != d.from) { // somebody has gone elsewhere
		m.lower()
	}
	m.playOn(now)
	m.remark(now)
	if after := m.opts.Demo.RunAfter; d.waits && after > 0 && m.dialogs.Len() == 0 && !d.prompt.over().Add(after).After(now) {
		d.waits = false
		return m.runTyped()
	}
	return nil
}

// demoDue lists when something of a demonstration changes by itself.
func (m *Model) demoDue(now time.Time) []time.Time {
	d := &m.demo
	due := []time.Time{d.comment.due(now), m.playDue(now)}
	if d.up && len(d.prompt.text) > 0 {
		due = append(due, d.prompt.due(now))
	}
	if d.waits && m.opts.Demo.RunAfter > 0 {
		due = append(due, d.prompt.over().Add(m.opts.Demo.RunAfter))
	}
	return due
}

// deckOnly tells whether the slide has the whole screen: nothing else is on stage.
func (m *Model) deckOnly() bool { return m.demo.on && !m.demo.up && m.focus == pane.SlideID }

// unseen tells whether the command is still to be typed: the bar must not give it away.
func (m *Model) unseen() bool {
	st := m.state.Step(m.shown()).Status
	return m.demo.on && (m.demo.waits || st == steps.Ready || st == steps.Pending || st == steps.Stale)
}

// onwardName is the text of what the key does next.
func (m *Model) onwardName() string {
	d := &m.demo
	switch {
	case d.play != nil, d.waits && d.prompt.over().After(time.Now()):
		return "onward-all"
	case d.waits:
		return "onward-run"
	case m.running() != "" && !d.catching && !m.opts.ReadOnly:
		return "onward-wait"
	case d.up:
		return "go-on"
	case m.toShow() != "" && !m.opts.ReadOnly:
		return "onward-type"
	default:
		return onwardID
	}
}

// askWaiting says what a step waits for, and how the show can go on.
func (m *Model) askWaiting(id steps.ID) {
	t := m.text
	step, _ := m.workshop.Step(id)
	body := []dialog.Para{{Look: dialog.Strong, Text: m.title(id)}, {}, {Text: t.T("demo.waits")}, {}}
	for _, need := range step.Needs {
		if st := m.state.Step(need).Status; st != steps.Done {
			body = append(body, dialog.Para{Look: dialog.Row, Label: t.T("status." + string(st)), Text: m.title(need)})
		}
	}
	var buttons []dialog.Button
	if m.recorded(id) {
		buttons = append(buttons, dialog.Button{ID: "recording", Label: t.T("button.recording"), Key: "v"})
	}
	buttons = append(buttons,
		dialog.Button{ID: "catchup", Label: t.T("button.catchup"), Key: "c"},
		dialog.Button{ID: "on", Label: t.T("button.skip"), Key: "n"})
	m.dialogs.Push(waitingID, &dialog.Box{Title: t.T("demo.waits-title"), Body: body, Buttons: buttons}, func(a dialog.Answer) tea.Cmd {
		switch a.Button {
		case "recording":
			return m.showRecording(id)
		case "catchup":
			if offCatchUpShown(m) == "" {
				m.askCatchUpShown()
			} else if why := offCatchUp(m); why != "" {
				m.say(time.Now(), why)
			} else {
				m.askCatchUp()
			}
		case "on":
			m.turn(m.slide.Next())
		}
		return nil
	})
}

// answerKnown answers what the console knows the answer of, so that it does not stop the show.
func (m *Model) answerKnown(questions []steps.Question, now time.Time) tea.Cmd {
	if !m.demo.on || m.opts.Known == nil || m.opts.ReadOnly {
		return nil
	}
	var cmds []tea.Cmd
	for _, q := range questions {
		if m.answered[q.ID] {
			continue
		}
		if a, ok := m.opts.Known(q); ok {
			m.answered[q.ID] = true
			m.say(now, m.text.T("demo.answered", "subject", pane.Clean(q.Subject), "kind", m.text.T("question."+string(q.Kind)+".title")))
			cmds = append(cmds, m.do(steps.Reply{Question: q.ID, Answer: a}))
		}
	}
	return tea.Batch(cmds...)
}

// demoKey is a key as a dialog of a demonstration takes it: a presenter's remote has no enter. It
// presses what is chosen where that is harmless; what a question means has to be answered by hand.
func (m *Model) demoKey(msg tea.KeyPressMsg) tea.KeyPressMsg {
	switch top := m.dialogs.Top(); {
	case !m.demo.on:
	case top != failureID && top != waitingID && top != victoryID:
	case msg.String() == "space", msg.String() == "pgdown":
		return tea.KeyPressMsg{Code: tea.KeyEnter}
	}
	return msg
}
