package tui

import (
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"matou/tui/pane"
)

// tab is the name of a pane in the border of the one that is shown, and how wide it stands there.
type tab struct {
	id    pane.ID
	text  string
	width int
}

// tabGap is how far tabs stand apart, in cells.
const tabGap = 3

// yields is what gives way in the border, in this order, until the tabs fit in whole: counts first, the
// one that the status line has too before the others, then tabs, the least needed before the others. The
// tab key gets to a pane whose tab is not there, and then it is.
var yields = []struct {
	id  pane.ID
	all bool // the tab, and not only its count
}{
	{pane.StepsID, false},
	{pane.TrafficID, false},
	{pane.ServersID, false},
	{pane.CatID, true},
	{pane.StepsID, true},
	{pane.TrafficID, true},
	{pane.ServersID, true},
	{pane.LogID, true},
	{pane.SlideID, true},
}

// tabs names the panes that so many cells have room for; those that have news say how many. The one that
// is shown is always there.
func (m *Model) tabs(room int) []tab {
	var tabs []tab
	for _, id := range m.order() {
		tabs = append(tabs, m.tab(id, true))
	}
	for _, y := range yields {
		if tabsWidth(tabs) <= room {
			break
		}
		i := slices.IndexFunc(tabs, func(t tab) bool { return t.id == y.id })
		switch {
		case i < 0 || y.all && y.id == m.focus:
		case y.all:
			tabs = slices.Delete(tabs, i, i+1)
		default:
			tabs[i] = m.tab(y.id, false)
		}
	}
	return tabs
}

// tab names a pane, with its count or without.
func (m *Model) tab(id pane.ID, counted bool) tab {
	name := m.text.T("tab." + string(id))
	if counted {
		name += m.tabCount(id)
	}
	style := m.styles.Dim
	if id == m.focus {
		style = m.styles.TitleFocus
	}
	return tab{id, style.Render(name), ansi.StringWidth(name)}
}

// tabCount is how much there is in a pane; empty for nothing.
func (m *Model) tabCount(id pane.ID) string {
	n := 0
	switch id {
	case pane.StepsID:
		return " " + itoa(m.done()) + "/" + itoa(len(m.workshop.Steps))
	case pane.ServersID:
		n = len(m.snapshot.Servers)
	case pane.TrafficID:
		n = len(m.traffic.Snapshot().Shares)
	case pane.SlideID, pane.LogID, pane.CatID:
	}
	if n == 0 {
		return ""
	}
	return " " + itoa(n)
}

func tabsWidth(tabs []tab) int {
	width := -tabGap
	for _, t := range tabs {
		width += t.width + tabGap
	}
	return width
}

// tabRoom is what the border of a pane leaves for tabs, beside what stands at its right: a blank stands on
// either side of both, and some line between them.
func tabRoom(p placed, right string) int {
	room := p.W - 6
	if right != "" {
		room -= ansi.StringWidth(right) + 3
	}
	return room
}

func (m *Model) tabLine(tabs []tab) string {
	texts := make([]string, len(tabs))
	for i, t := range tabs {
		texts[i] = t.text
	}
	return strings.Join(texts, m.styles.Border.Render(" "+m.styles.Glyph.Vertical+" "))
}

// tabUnder is the tab at a column of the border; tabs begin behind its corner, a line and a blank.
func (m *Model) tabUnder(p placed, x int) (pane.ID, bool) {
	_, right, _ := m.heads(p.ID)
	at := p.X + 3
	for _, t := range m.tabs(tabRoom(p, right)) {
		if x >= at && x < at+t.width {
			return t.id, true
		}
		at += t.width + tabGap
	}
	return "", false
}
