package tui

import (
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"matou/steps"
	"matou/tui/dialog"
	"matou/tui/pane"
)

// The dialogs that others ask about.
const (
	failureID = "failure"
	victoryID = "victory"
	infoID    = "info"
	waitingID = "waiting"
)

// confirm asks before something is done; leaving it as it is comes first.
func (m *Model) confirm(title, question, yes string, cmd tea.Cmd, more ...dialog.Para) *dialog.Box {
	box := &dialog.Box{
		Title: title,
		Body:  append([]dialog.Para{{Text: question}}, more...),
		Buttons: []dialog.Button{
			{ID: dialog.Cancel, Label: m.text.T("button.cancel"), Key: "n"},
			{ID: "yes", Label: yes, Key: m.text.T("button.yes-key")},
		},
	}
	m.dialogs.Push(infoID, box, func(a dialog.Answer) tea.Cmd {
		if a.Button != "yes" {
			return nil
		}
		return cmd
	})
	return box
}

func (m *Model) askUndo() {
	m.confirm(m.title(m.step), m.text.T("undo.text", "step", m.title(m.step)), m.text.T("button.undo"), m.do(steps.Undo{Step: m.step}))
}

func (m *Model) askCancel() {
	id := m.running()
	m.confirm(m.title(id), m.text.T("cancel.text", "step", m.title(id)), m.text.T("button.stop"), m.do(steps.Cancel{}))
}

// askCatchUp shows what it would look at before anything is done.
func (m *Model) askCatchUp() {
	plan := m.plan()
	until := plan[len(plan)-1]
	m.askPlan(m.text.T("catchup.title", "step", m.title(until)), plan, m.do(steps.CatchUp{Until: until}))
}

func (m *Model) askPlan(title string, plan []steps.ID, cmd tea.Cmd) {
	rows := []dialog.Para{{}}
	for i, id := range plan {
		rows = append(rows, dialog.Para{Look: dialog.Row, Label: strconv.Itoa(i + 1), Text: m.title(id)})
	}
	m.confirm(title, m.text.N("catchup.text", len(plan)), m.text.T("button.catchup"), cmd, rows...)
}

// quit leaves, after asking when something runs. A second ctrl+c in the dialog closes the dialog.
func (m *Model) quit(string) tea.Cmd {
	if id := m.running(); id != "" && !m.opts.ReadOnly {
		m.confirm(m.text.T("quit.title"), m.text.T("quit.text", "step", m.title(id)), m.text.T("button.quit"), tea.Quit)
		return nil
	}
	return tea.Quit
}

// What of a failure's cause is shown above what to do about it: more would push that out of sight.
const (
	causeLines = 4
	causeWidth = 280 // cells
)

// reason is why a step failed, line by line.
type reason []string

func reasonOf(text string) reason {
	var lines reason
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		lines = append(lines, pane.Bare(line))
	}
	return lines
}

func (r reason) paras() []dialog.Para {
	var out []dialog.Para
	for _, line := range r {
		out = append(out, dialog.Para{Look: dialog.Bad, Text: line})
	}
	return out
}

// failed opens the dialog of a failure: what, why, what next.
func (m *Model) failed(id steps.ID, f steps.Failure, now time.Time) {
	t := m.text
	remedy := "remedy." + f.Kind
	if !t.Has(remedy) {
		remedy = "remedy.internal"
	}
	body := []dialog.Para{{Look: dialog.Strong, Text: m.title(id)}, {}}
	cause := reasonOf(f.In(t, m.title))
	long := len(cause) > causeLines || ansi.StringWidth(cause[0]) > causeWidth
	if long { // what to do is to be seen first; the whole of it comes last
		body = append(body, dialog.Para{Look: dialog.Bad, Text: ansi.Truncate(cause[0], causeWidth, m.styles.Glyph.Ellipsis)})
	} else {
		body = append(body, cause.paras()...)
	}
	if st := m.state.Step(id); m.step == id && m.command != "" && st.Status == steps.Failed {
		body = append(body, dialog.Para{}, dialog.Para{Look: dialog.Typed, Text: "$ " + ansi.Strip(m.command)})
	}
	next := t.T(remedy)
	if from := m.whence(f); from != "" {
		next = t.T("failure.from", "steps", from)
	}
	body = append(body, dialog.Para{}, dialog.Para{Look: dialog.Dim, Text: t.T("failure.next")}, dialog.Para{Text: next})
	if hints := m.advice(id); len(hints) > 0 {
		body = append(append(body, dialog.Para{}), hints...)
	}
	if long {
		body = append(append(body, dialog.Para{}, dialog.Para{Look: dialog.Dim, Text: t.T("failure.whole")}), cause.paras()...)
	}
	box := &dialog.Box{Title: t.T("failure.title"), Danger: true, Body: body, Buttons: []dialog.Button{
		{ID: dialog.Cancel, Label: t.T("button.close")},
		{ID: "retry", Label: t.T("button.retry"), Key: "r"},
		{ID: "log", Label: t.T("button.log"), Key: "l"},
	}}
	if m.opts.ReadOnly {
		box.Buttons = append(box.Buttons[:1], box.Buttons[2:]...)
	} else if m.opts.Shell != nil && m.offShellOn(id) == "" {
		box.Buttons = append(box.Buttons, dialog.Button{ID: "shell", Label: t.T("button.shell"), Key: "s"})
	}
	if m.demo.on && m.recorded(id) && !m.opts.ReadOnly { // chosen: the show goes on, and nothing is done
		box.Chosen = len(box.Buttons)
		box.Buttons = append(box.Buttons, dialog.Button{ID: "recording", Label: t.T("button.recording"), Key: "v"})
	}
	m.dialogs.Close(failureID)
	m.dialogs.Pop(failureID, box, now, func(a dialog.Answer) tea.Cmd {
		switch a.Button {
		case "recording":
			return m.showRecording(id)
		case "retry":
			return m.do(steps.Retry{Step: id})
		case "log":
			m.moveTo(pane.LogID)
		case "shell":
			m.choose(id)
			return m.shell("")
		}
		return nil
	})
}

// notEdited says why what was edited is not in place, and what became of it.
func (m *Model) notEdited(err error, now time.Time) {
	cause := reasonOf(steps.Explain(err, m.text, m.title))
	body := append(cause.paras(), dialog.Para{}, dialog.Para{Text: m.text.T("edit.next", "key", keyName(m.text, m.lookup("edit").keys[0]))})
	m.dialogs.Pop(infoID, &dialog.Box{
		Title: m.text.T("edit.failed"), Danger: true, Body: body,
		Buttons: []dialog.Button{{ID: dialog.Cancel, Label: m.text.T("button.close")}},
	}, now, nil)
}

// whence names the steps that bring what a failure misses, each with its slide.
func (m *Model) whence(f steps.Failure) string {
	var from []string
	for _, id := range f.From {
		from = append(from, m.text.T("failure.step", "step", m.title(id), "slide", strconv.Itoa(m.slideOf(id)+1)))
	}
	return strings.Join(from, ", ")
}

// victory opens the last dialog: the cat dances, and every step's time stands below.
func (m *Model) victory(now time.Time) {
	body := []dialog.Para{{Look: dialog.Strong, Text: m.text.T("victory.text")}, {}}
	total := time.Duration(0)
	for _, s := range m.workshop.Steps {
		if st := m.state.Step(s.ID); st.Status == steps.Done && st.Took > 0 {
			total += st.Took
			body = append(body, dialog.Para{Look: dialog.Row, Label: pane.Clock(st.Took), Text: m.title(s.ID)})
		}
	}
	body = append(body, dialog.Para{}, dialog.Para{Look: dialog.Row, Label: pane.Clock(total), Text: m.text.T("victory.total")})
	box := &dialog.Box{Title: m.text.T("victory.title"), Body: body, Buttons: []dialog.Button{{ID: dialog.Cancel, Label: m.text.T("button.hooray")}}}
	if !m.opts.NoCat {
		box.Art = m.cat.Drawing
	}
	m.dialogs.Pop(victoryID, box, now, nil)
}

// openHelp lists every key; what does not work now says why.
func (m *Model) openHelp() {
	var body []dialog.Para
	for i, group := range groups {
		if i > 0 {
			body = append(body, dialog.Para{})
		}
		body = append(body, dialog.Para{Look: dialog.Strong, Text: m.text.T("group." + group)})
		for _, b := range m.keys {
			if b.group != group || !m.has(b) {
				continue
			}
			row := dialog.Para{Look: dialog.Row, Label: keysOf(m.text, b), Text: m.text.T("help." + b.id)}
			if why := b.why(m); why != "" {
				row.Look, row.Text = dialog.Off, row.Text+" ("+why+")"
			}
			body = append(body, row)
		}
	}
	m.dialogs.Push(infoID, &dialog.Box{
		Title: m.text.T("help-title", "pane", m.text.T("pane."+string(m.focus))), Body: body,
		Buttons: []dialog.Button{{ID: dialog.Cancel, Label: m.text.T("button.close")}},
	}, nil)
}

// copy puts a text on the clipboard of the reader's own machine (OSC 52).
func (m *Model) copy(text string) tea.Cmd {
	text = pane.Bare(text) // it may be pasted into a shell: one line, and nothing that is not seen
	m.say(time.Now(), m.text.T("toast.copied", "text", text))
	return tea.SetClipboard(text)
}
