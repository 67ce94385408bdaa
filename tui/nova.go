package tui

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"matou/cloud"
	"matou/steps"
	"matou/tui/dialog"
	"matou/tui/pane"
)

// shownMsg brings what a viewer waits for.
type shownMsg struct {
	view  *dialog.Viewer
	lines []string
	err   error
}

func (s shownMsg) fill(m *Model) {
	if s.err != nil {
		s.view.Fail(m.explain(s.err))
		return
	}
	s.view.Show(s.lines)
}

func noServer(m *Model) string {
	if m.servers.Selected().ID == "" {
		return m.text.T("servers.none")
	}
	return ""
}

func offConsole(m *Model) string {
	if m.opts.Console == nil {
		return m.text.T("off.no-cloud")
	}
	return noServer(m)
}

// offDelete spares what this seat did not make: the cloud's rights may go further than ours.
func offDelete(m *Model) string {
	v := m.servers.Selected()
	switch {
	case m.opts.ReadOnly:
		return readOnly(m)
	case m.opts.Delete == nil:
		return m.text.T("off.no-cloud")
	case v.ID == "":
		return m.text.T("servers.none")
	case !m.ours(v):
		return m.text.T("off.not-yours")
	}
	return ""
}

// expected is how long a server should take to be built: as long as the step that made it.
func (m *Model) expected(v cloud.Server) time.Duration {
	if v.Metadata[cloud.MetaWorkshop] != m.workshop.Name {
		return 0
	}
	step, _ := m.workshop.Step(steps.ID(v.Metadata[cloud.MetaStep]))
	return step.Expect
}

// sorted tells what the list is ordered by now.
func (m *Model) sorted(key string) {
	if key == "" {
		m.say(time.Now(), m.text.T("toast.unsorted"))
		return
	}
	m.say(time.Now(), m.text.T("toast.sorted", "column", m.text.T("servers."+key)))
}

// openServer shows one server in full: as nova show has it, or, with nobody to ask, what the list
// knows.
func (m *Model) openServer(string) tea.Cmd {
	v := m.servers.Selected()
	if m.opts.Server == nil {
		m.knownServer(v)
		return nil
	}
	return m.showServer(v)
}

func (m *Model) showServer(v cloud.Server) tea.Cmd {
	view := &dialog.Viewer{Title: "nova show " + cloud.Clean(v.Name), Wait: m.text.T("servers.asking"), Buttons: m.serverButtons()}
	m.dialogs.Push(infoID, view, m.serverAnswer(v))
	ctx, ask := m.ctx, m.opts.Server
	return func() tea.Msg {
		full, err := ask(ctx, v.ID)
		if err != nil {
			return shownMsg{view: view, err: err}
		}
		return shownMsg{view: view, lines: cloud.PropertyTable(full.Properties)}
	}
}

// serverButtons are what can be done with a server from its details.
func (m *Model) serverButtons() []dialog.Button {
	buttons := []dialog.Button{{ID: "copy", Label: m.text.T("button.copy"), Key: "y"}}
	if offConsole(m) == "" {
		buttons = append(buttons, dialog.Button{ID: "console", Label: m.text.T("key.console"), Key: "v"})
	}
	if offDelete(m) == "" {
		buttons = append(buttons, dialog.Button{ID: "delete", Label: m.text.T("key.delete"), Key: "d"})
	}
	return append(buttons, dialog.Button{ID: "again", Label: m.text.T("button.again"), Key: "r"})
}

func (m *Model) serverAnswer(v cloud.Server) func(dialog.Answer) tea.Cmd {
	return func(a dialog.Answer) tea.Cmd {
		switch a.Button {
		case "copy":
			return m.copy(v.ID)
		case "console":
			return m.showConsole(v)
		case "delete":
			m.confirmDelete(v)
		case "again":
			return m.showServer(v)
		}
		return nil
	}
}

// knownServer shows what the list knows of a server.
func (m *Model) knownServer(v cloud.Server) {
	row := func(key, value string) dialog.Para {
		return dialog.Para{Look: dialog.Row, Label: m.text.T("servers." + key), Text: orDash(cloud.Clean(value))}
	}
	body := []dialog.Para{
		row("id", v.ID), row("status", string(v.Status)), row("task", v.TaskState), row("power", v.PowerState),
		row("networks", v.Networks()), row("image", v.Image.String()), row("flavor", v.Flavor.String()), row("keypair", v.KeyName),
		row("created", v.Created.UTC().Format("2006-01-02 15:04:05 MST")), row("seat", v.Metadata[cloud.MetaSeat]),
	}
	if v.Fault != nil {
		body = append(body, dialog.Para{}, dialog.Para{Look: dialog.Bad, Text: cloud.Clean(v.Fault.Message)})
	}
	m.dialogs.Push(infoID, &dialog.Box{
		Title: cloud.Clean(v.Name), Body: body,
		Buttons: []dialog.Button{
			{ID: dialog.Cancel, Label: m.text.T("button.close")},
			{ID: "copy", Label: m.text.T("button.copy"), Key: "y"},
		},
	}, m.serverAnswer(v))
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func (m *Model) openConsole(string) tea.Cmd { return m.showConsole(m.servers.Selected()) }

// showConsole shows the newest lines of a server's console, which its kernel and cloud-init write.
func (m *Model) showConsole(v cloud.Server) tea.Cmd {
	view := &dialog.Viewer{
		Title: "nova console-log " + cloud.Clean(v.Name), Wait: m.text.T("servers.asking"), Empty: m.text.T("servers.silent"), Tail: true,
		Buttons: []dialog.Button{{ID: "again", Label: m.text.T("button.again"), Key: "r"}},
	}
	m.dialogs.Push(infoID, view, func(a dialog.Answer) tea.Cmd {
		if a.Button == "again" {
			return m.showConsole(v)
		}
		return nil
	})
	ctx, ask := m.ctx, m.opts.Console
	return func() tea.Msg {
		text, err := ask(ctx, v.ID)
		if err != nil {
			return shownMsg{view: view, err: err}
		}
		return shownMsg{view: view, lines: cleanLines(text)}
	}
}

// cleanLines makes lines of what a console wrote; the blank ones at its end say nothing.
func cleanLines(text string) []string {
	text = strings.TrimRight(text, "\r\n \t")
	if text == "" {
		return nil
	}
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		lines = append(lines, pane.Clean(line))
	}
	return lines
}

func (m *Model) askDelete() { m.confirmDelete(m.servers.Selected()) }

// confirmDelete asks, and then deletes one of the seat's own servers.
func (m *Model) confirmDelete(v cloud.Server) {
	name := cloud.Clean(v.Name)
	ctx, remove, text := m.ctx, m.opts.Delete, m.text
	gone := func() tea.Msg {
		if err := remove(ctx, v.ID); err != nil {
			return saidMsg{text.T("delete.failed", "name", name, "why", m.refusal(err))}
		}
		return saidMsg{text.T("delete.done", "name", name)}
	}
	cmd := func() tea.Msg { return doingMsg{text.T("delete.doing", "name", name), gone} }
	m.confirm(m.text.T("delete.title"), m.text.T("delete.text", "name", name), m.text.T("button.delete"), cmd,
		dialog.Para{}, dialog.Para{Look: dialog.Row, Label: m.text.T("servers.id"), Text: cloud.Clean(v.ID)})
}
