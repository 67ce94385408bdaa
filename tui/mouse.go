package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"matou/tui/pane"
)

// wheelLines is how far one notch of the wheel goes.
const wheelLines = 3

// toggleMouse takes the mouse, or leaves it to the terminal, where it selects text.
func (m *Model) toggleMouse() {
	m.mouse = !m.mouse
	key := "toast.mouse-off"
	if m.mouse {
		key = "toast.mouse-on"
	}
	m.say(time.Now(), m.text.T(key))
}

// moused scrolls what is below the pointer, and gives the focus where it clicks. It never answers a
// dialog.
func (m *Model) moused(msg tea.MouseMsg, now time.Time) tea.Cmd {
	if !m.mouse {
		return nil
	}
	at := msg.Mouse()
	_, wheel := msg.(tea.MouseWheelMsg)
	if m.dialogs.Len() > 0 {
		if key, ok := map[tea.MouseButton]rune{tea.MouseWheelUp: tea.KeyUp, tea.MouseWheelDown: tea.KeyDown}[at.Button]; ok && wheel {
			return m.dialogs.Update(tea.KeyPressMsg{Code: key}, now)
		}
		return nil
	}
	under, ok := m.under(at.X, at.Y)
	if !ok {
		return nil
	}
	if wheel {
		m.wheel(under.ID, at.Button)
		return nil
	}
	if _, click := msg.(tea.MouseClickMsg); click && at.Button == tea.MouseLeft {
		if id, tab := m.tabUnder(under, at.X); m.lay.Tabs && tab && at.Y == under.Y {
			m.moveTo(id)
			return nil
		}
		m.moveTo(under.ID)
		if under.ID == pane.ServersID {
			m.servers.Click(at.Y - under.Y - 1)
		}
	}
	return nil
}

// under is the pane at a cell of the screen.
func (m *Model) under(x, y int) (placed, bool) {
	for _, p := range m.lay.Panes {
		if x >= p.X && x < p.X+p.W && y >= p.Y && y < p.Y+p.H {
			return p, true
		}
	}
	return placed{}, false
}

// wheel scrolls a pane, whichever has the focus. A slide stops at its end: a page is turned by hand.
func (m *Model) wheel(id pane.ID, button tea.MouseButton) {
	by, side := 0, 0
	switch button {
	case tea.MouseWheelUp:
		by = -wheelLines
	case tea.MouseWheelDown:
		by = wheelLines
	case tea.MouseWheelLeft:
		side = -8
	case tea.MouseWheelRight:
		side = 8
	default:
		return
	}
	switch id {
	case pane.SlideID:
		m.slide.Scroll(by)
		m.slide.Pan(side)
	case pane.LogID:
		m.log.Scroll(by)
		m.log.Pan(side)
	case pane.ServersID:
		m.servers.Move(by)
	case pane.StepsID:
		m.outline.Move(by)
	case pane.TrafficID:
		m.traffic.Scroll(by)
	case pane.CatID:
	}
}
