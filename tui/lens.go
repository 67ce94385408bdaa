package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"matou/tui/dialog"
	"matou/tui/pane"
)

func offSave(m *Model) string {
	if m.opts.Save == nil {
		return m.text.T("off.no-save")
	}
	return ""
}

func offFound(m *Model) string {
	if m.focus == pane.LogID && m.log.Query() == "" || m.focus != pane.LogID && m.slide.Query() == "" {
		return m.text.T("off.no-search")
	}
	return ""
}

func offSuspend(m *Model) string {
	if m.opts.Suspend == nil {
		return m.text.T("off.no-suspend")
	}
	return ""
}

// filtered is the filter of the pane that has the focus; empty when all is shown.
func (m *Model) filtered() string {
	switch m.focus {
	case pane.LogID:
		return m.log.Filtered()
	case pane.ServersID:
		return m.servers.Filtered()
	default:
		return ""
	}
}

func (m *Model) setFilter(words string) error {
	if m.focus == pane.ServersID {
		return m.servers.Filter(words)
	}
	return m.log.Filter(words)
}

// askFilter asks what to show of the pane that has the focus.
func (m *Model) askFilter() {
	text := m.text.T("filter.log")
	if m.focus == pane.ServersID {
		text = m.text.T("filter.servers")
	}
	box := &dialog.Box{
		Title:   m.text.T("filter.title"),
		Body:    []dialog.Para{{Text: text}, {Look: dialog.Dim, Text: m.text.T("filter.hint")}},
		Buttons: []dialog.Button{{ID: "ok", Label: m.text.T("button.filter")}, {ID: dialog.Cancel, Label: m.text.T("button.cancel")}},
	}
	m.dialogs.Push(infoID, box.AskFrom(m.filtered()), func(a dialog.Answer) tea.Cmd {
		if a.Button != "ok" {
			return nil
		}
		if err := m.setFilter(a.Text); err != nil {
			m.say(time.Now(), m.text.T("filter.bad", "why", pane.Clean(err.Error())))
		}
		return nil
	})
}

// findOn goes to the next line of the last search.
func (m *Model) findOn(by int) {
	if m.focus != pane.LogID && m.toHit(m.slide.Query(), m.hit+by) {
		return
	}
	if m.focus != pane.LogID || !m.log.Next(by) {
		m.say(time.Now(), m.text.T("search.no-more"))
	}
}

// forth is the next slide; the key that is next hit elsewhere is so here, while a search lasts: until
// people turn a slide.
func (m *Model) forth(key string) tea.Cmd {
	if key == "n" && m.slide.Query() != "" {
		m.findOn(1)
	} else {
		m.turnOn()
	}
	return nil
}

// toHit goes to one of the places in the deck that a search finds, with all of them marked. It tells
// whether there is one of that number.
func (m *Model) toHit(query string, n int) bool {
	hits := m.slide.Deck().Search(query)
	if n < 0 || n >= len(hits) {
		return false
	}
	m.turn(m.slide.Goto(hits[n].Slide - 1))
	m.slide.Mark(query)
	m.slide.Show(hits[n].Slide-1, hits[n].Line)
	m.hit = n
	return true
}

func (m *Model) toError() {
	if !m.log.ToError() {
		m.say(time.Now(), m.text.T("toast.no-error"))
	}
}

func (m *Model) toMark() {
	if !m.log.ToMark() {
		m.say(time.Now(), m.text.T("toast.no-mark"))
	}
}

func (m *Model) fold() { m.say(time.Now(), m.text.N("toast.folded", m.log.Fold())) }

// askSave asks where to, and writes what the log keeps there.
func (m *Model) askSave() {
	box := &dialog.Box{
		Title:   m.text.T("save.title"),
		Body:    []dialog.Para{{Text: m.text.T("save.text")}, {Look: dialog.Dim, Text: m.text.T("save.hint")}},
		Buttons: []dialog.Button{{ID: "ok", Label: m.text.T("button.save")}, {ID: dialog.Cancel, Label: m.text.T("button.cancel")}},
	}
	m.dialogs.Push(infoID, box.AskFrom(""), func(a dialog.Answer) tea.Cmd {
		if a.Button != "ok" {
			return nil
		}
		ctx, save, lines, text := m.ctx, m.opts.Save, m.log.Export(), m.text
		return func() tea.Msg {
			path, err := save(ctx, a.Text, lines)
			if err != nil {
				return saidMsg{text.T("save.failed", "why", pane.Clean(err.Error()))}
			}
			return saidMsg{text.N("save.done", len(lines), "path", pane.Clean(path))}
		}
	})
}
