package tui

import (
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"matou/cloud"
	"matou/steps"
	"matou/tui/dialog"
	"matou/tui/pane"
)

// openOutline lists the slides, each with how its steps stand.
func (m *Model) openOutline() {
	deck := m.slide.Deck()
	if deck == nil {
		return
	}
	var items []dialog.Item
	for i, s := range deck.Slides {
		item := dialog.Item{ID: strconv.Itoa(i), Text: pad(i+1) + "  " + s.Title}
		for _, step := range m.stepsAt(i) {
			item.Right += pane.StatusGlyph(m.styles, m.state.Step(step.ID).Status)
		}
		items = append(items, item)
	}
	m.dialogs.Push(infoID, dialog.NewFinder(m.text.T("outline.title"), m.text.T("finder.nothing"), m.slide.Index(), dialog.Fuzzy(items)),
		func(a dialog.Answer) tea.Cmd {
			if i, err := strconv.Atoi(a.Button); err == nil {
				m.turn(m.slide.Goto(i))
				m.moveTo(pane.SlideID)
			}
			return nil
		})
}

// stepsAt lists the steps of a slide, by its index.
func (m *Model) stepsAt(slide int) []steps.Step { return m.workshop.StepsAt(slide) }

func pad(n int) string {
	if n < 10 {
		return " " + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}

// most is how many lines a search lists.
const most = 200

// openSearch looks through the log when it has the focus, and through the deck otherwise.
func (m *Model) openSearch() {
	source, title := m.searchDeck, m.text.T("search.deck")
	if m.focus == pane.LogID {
		source, title = m.searchLog, m.text.T("search.log")
	}
	m.dialogs.Push(infoID, dialog.NewFinder(title, m.text.T("search.none"), 0, source), func(a dialog.Answer) tea.Cmd {
		if a.Button == dialog.Cancel {
			m.log.Search("", 0)
			return nil
		}
		where, number, _ := strings.Cut(a.Button, ":")
		n, err := strconv.Atoi(number)
		if err != nil {
			return nil
		}
		if where == "log" {
			m.log.Show(n)
			return nil
		}
		m.toHit(a.Text, n)
		m.moveTo(pane.SlideID)
		return nil
	})
}

func (m *Model) searchDeck(query string) []dialog.Item {
	deck := m.slide.Deck()
	if deck == nil || query == "" {
		return nil
	}
	var items []dialog.Item
	for i, h := range deck.Search(query) {
		if i == most {
			break
		}
		items = append(items, dialog.Item{ID: "deck:" + strconv.Itoa(i), Text: pad(h.Slide) + "  " + strings.TrimSpace(h.Text)})
	}
	return items
}

func (m *Model) searchLog(query string) []dialog.Item {
	var items []dialog.Item
	for _, h := range m.log.Search(query, most) {
		items = append(items, dialog.Item{ID: "log:" + strconv.Itoa(h.Number), Text: ansi.Strip(h.Line.Text), Right: pane.Bare(h.Line.Source)})
	}
	return items
}

// openPalette lists everything the console can do, every pane to look at, and every step to go to.
func (m *Model) openPalette() {
	var items []dialog.Item
	for _, b := range m.keys {
		if m.has(b) && b.id != "palette" && b.id != "number" {
			items = append(items, dialog.Item{ID: "key " + b.id, Text: m.text.T("help." + b.id), Right: keysOf(m.text, b), Off: b.why(m)})
		}
	}
	for _, id := range m.order() {
		items = append(items, dialog.Item{ID: "pane " + string(id), Text: m.text.T("palette.pane", "pane", m.text.T("pane."+string(id)))})
	}
	for _, s := range m.workshop.Steps {
		items = append(items, dialog.Item{
			ID: "step " + string(s.ID), Text: m.text.T("palette.step", "step", m.title(s.ID)),
			Right: m.text.T("status." + string(m.state.Step(s.ID).Status)),
		})
	}
	m.dialogs.Push(infoID, dialog.NewFinder(m.text.T("palette.title"), m.text.T("finder.nothing"), 0, dialog.Fuzzy(items)),
		func(a dialog.Answer) tea.Cmd {
			kind, id, _ := strings.Cut(a.Button, " ")
			switch kind {
			case "step":
				m.goTo(steps.ID(id))
			case "pane":
				m.moveTo(pane.ID(id))
			case "key":
				b := m.lookup(id)
				return b.run(m, b.keys[0])
			}
			return nil
		})
}

// askCopy lists what can be copied: the command, the servers' ids and addresses, a line of log.
func (m *Model) askCopy() {
	texts := map[string]string{}
	var items []dialog.Item
	add := func(label, text string) {
		if text == "" {
			return
		}
		id := strconv.Itoa(len(items))
		texts[id] = text
		items = append(items, dialog.Item{ID: id, Text: text, Right: label})
	}
	one := func(v cloud.Server) {
		add(m.text.T("copy.id", "name", cloud.Clean(v.Name)), cloud.Clean(v.ID))
		if a := v.Address(); a.IsValid() {
			add(m.text.T("copy.address", "name", cloud.Clean(v.Name)), a.String())
		}
	}
	chosen := m.servers.Selected()
	if m.focus == pane.ServersID {
		one(chosen)
	}
	if links := m.traffic.Links(); m.focus == pane.TrafficID {
		add(m.text.T("copy.site"), links.Site)
		add(m.text.T("copy.stats"), links.Stats)
		add(m.text.T("copy.ssh"), links.SSH)
	}
	add(m.text.T("copy.command"), ansi.Strip(m.command))
	for _, v := range m.servers.Servers() {
		if m.focus != pane.ServersID || v.ID != chosen.ID {
			one(v)
		}
	}
	m.dialogs.Push(infoID, dialog.NewFinder(m.text.T("copy.title"), m.text.T("copy.nothing"), 0, dialog.Fuzzy(items)),
		func(a dialog.Answer) tea.Cmd {
			if text := texts[a.Button]; text != "" {
				return m.copy(text)
			}
			return nil
		})
}
