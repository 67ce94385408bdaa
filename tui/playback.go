package tui

import (
	"errors"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"matou/steps"
	"matou/tui/dialog"
	"matou/tui/pane"
)

// How a recording is played: no pause is longer than longestPause, all of them together take no longer
// than pausesLimit, a command that was typed stands for a moment, and lines come in handfuls.
const (
	longestPause = 700 * time.Millisecond
	pausesLimit  = 15 * time.Second
	typedPause   = 400 * time.Millisecond
	handful      = 100 * time.Millisecond
)

// recordingMsg brings the recording of a step, after the engine has taken note.
type recordingMsg struct {
	step  steps.ID
	lines []steps.RecordedLine
	err   error
}

// playback is a recording that is being played.
type playback struct {
	step  steps.ID
	lines []steps.RecordedLine
	at    []time.Duration // of each line, since it began
	next  int
	began time.Time
}

// newPlayback lays out when each line of a recording comes.
func newPlayback(step steps.ID, lines []steps.RecordedLine, typing time.Duration, now time.Time) *playback {
	gap := func(i int) time.Duration {
		if i == 0 {
			return 0
		}
		return min(longestPause, max(0, time.Duration(lines[i].Ms-lines[i-1].Ms)*time.Millisecond))
	}
	all := time.Duration(0)
	for i := range lines {
		all += gap(i)
	}
	p := &playback{step: step, lines: lines, at: make([]time.Duration, len(lines)), began: now}
	at := time.Duration(0)
	for i, l := range lines {
		pause := gap(i)
		if all > pausesLimit {
			pause = time.Duration(float64(pause) * float64(pausesLimit) / float64(all))
		}
		at += pause
		p.at[i] = at
		if l.Kind != "" {
			at += typingTime(l.Command, typing) + typedPause
		}
	}
	return p
}

func offRecording(m *Model) string {
	if why := offStep(m); why != "" {
		return why
	}
	switch {
	case !m.demo.on:
		return m.text.T("off.no-demo")
	case m.state.Step(m.step).Status == steps.Done:
		return m.text.T("refusal.done", "step", m.title(m.step))
	case !m.recorded(m.step):
		return m.text.T("off.no-recording")
	}
	return ""
}

// recorded tells whether there is a recording of a step to be shown.
func (m *Model) recorded(id steps.ID) bool { return m.opts.Recording != nil && m.opts.Recorded[id] }

// showRecording reads the recording of a step, and has the engine take note that it stands in for the
// step.
func (m *Model) showRecording(id steps.ID) tea.Cmd {
	ctx, session, read := m.ctx, m.session, m.opts.Recording
	step, ok := m.workshop.Step(id)
	if !ok || !m.recorded(id) {
		return nil
	}
	return func() tea.Msg {
		lines, err := read(ctx, id)
		if err == nil {
			err = session.Do(ctx, steps.Show{Step: id})
		}
		return recordingMsg{id, ownCommands(session, step, lines), err}
	}
}

// ownCommands puts this seat's commands in place of the recorded ones, where they are the same actions.
func ownCommands(session Session, step steps.Step, lines []steps.RecordedLine) []steps.RecordedLine {
	lines, at := slices.Clone(lines), 0
	for i, l := range lines {
		if l.Kind == "" {
			continue
		}
		if at < len(step.Actions) && step.Actions[at].Kind == l.Kind {
			if own := session.CommandLine(step.ID, steps.PhaseAction, at); own != "" {
				lines[i].Command = own
			}
		}
		at++
	}
	return lines
}

// beginPlayback shows a recording, in the log.
func (m *Model) beginPlayback(msg recordingMsg, now time.Time) {
	if msg.err != nil {
		why := m.refusal(msg.err)
		if errors.Is(msg.err, steps.ErrNoRecording) {
			why = m.text.T("off.no-recording")
		}
		m.say(now, why)
		return
	}
	if m.step != msg.step {
		m.goTo(msg.step)
	}
	m.dialogs.Close(failureID)
	m.raiseStage(msg.step, true)
	d := &m.demo
	d.recorded = true
	d.play = newPlayback(msg.step, msg.lines, m.opts.Demo.Typing, now)
	m.recordedLine("", m.text.T("recording.begins", "step", m.title(msg.step)), now)
}

// recordedLine puts a line of a recording into the log, marked as one. It belongs to no step: nothing
// that is asked about the step's real output finds it.
func (m *Model) recordedLine(source, text string, now time.Time) {
	tag := m.text.T("recording.tag")
	if source != "" {
		tag += " " + source
	}
	m.log.Append([]steps.Line{{At: now, Source: tag, Text: text}}, 0)
}

// playOn shows what is due of the recording.
func (m *Model) playOn(now time.Time) {
	d := &m.demo
	p := d.play
	if p == nil {
		return
	}
	for p.next < len(p.lines) && !p.began.Add(p.at[p.next]).After(now) {
		l := p.lines[p.next]
		p.next++
		m.commit(now)
		if l.Kind != "" {
			d.prompt, d.logged = m.newPrompt(l.Command, now), false
			continue
		}
		m.recordedLine(l.Source, pane.Clean(l.Text), now)
	}
	if p.next == len(p.lines) && !d.prompt.over().After(now) {
		m.endPlayback(now)
	}
}

// playDue is when something of the recording comes next; zero when none is played.
func (m *Model) playDue(now time.Time) time.Time {
	p := m.demo.play
	if p == nil {
		return time.Time{}
	}
	soonest := now.Add(handful)
	if p.next < len(p.lines) {
		if at := p.began.Add(p.at[p.next]); at.After(soonest) {
			return at
		}
	}
	return soonest
}

// hurry shows the rest of the recording at once.
func (m *Model) hurry(now time.Time) {
	p := m.demo.play
	for i := p.next; i < len(p.at); i++ {
		p.at[i] = 0
	}
	m.demo.prompt.finish()
	m.playOn(now)
	if m.demo.play != nil { // a command was the last line: it stands there whole
		m.demo.prompt.finish()
		m.playOn(now)
	}
}

func (m *Model) endPlayback(now time.Time) {
	m.commit(now)
	m.recordedLine("", m.text.T("recording.ends"), now)
	m.demo.play = nil
}

// showShown shows, among what was done, the recording that stood in for a step.
func (m *Model) showShown(a attempt) tea.Cmd {
	st, tag := m.styles, m.text.T("recording.tag")
	head := []string{
		st.Strong.Render(m.title(a.step)), st.Warn.Render(m.text.T("recording.begins", "step", m.title(a.step))), "",
	}
	view := &dialog.Viewer{Title: m.text.T("history.output", "time", a.from.Local().Format("15:04:05")), Wait: m.text.T("history.reading")}
	m.dialogs.Push(infoID, view, nil)
	if !m.recorded(a.step) {
		view.Show(append(head, st.Dim.Render(m.text.T("off.no-recording"))))
		return nil
	}
	ctx, session, read := m.ctx, m.session, m.opts.Recording
	step, _ := m.workshop.Step(a.step)
	return func() tea.Msg {
		lines, err := read(ctx, a.step)
		if err != nil {
			return shownMsg{view: view, err: err}
		}
		out := head
		for _, l := range ownCommands(session, step, lines) {
			source, text := tag+" "+l.Source, pane.Clean(l.Text)
			if l.Kind != "" {
				source, text = tag+" "+st.Glyph.Prompt, st.Command.Render(strings.Join(strings.Fields(pane.Clean(l.Command)), " "))
			}
			out = append(out, st.Dim.Render(source+st.Glyph.Vertical)+text)
		}
		return shownMsg{view: view, lines: out}
	}
}
