package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"matou/steps"
)

// Again is how its reader had a console that ends so that another one takes over the seat it looked at.
// That one begins like it, and nobody has to find their way back: the fields are those of [Options].
type Again struct {
	Slide       int
	Lang, Theme string
	Mouse       bool
}

// hold is who has the seat that a console looks at.
type hold struct {
	free   bool   // nobody any more
	holder string // who has it, as far as it was told
	over   bool   // this console ends, for one that takes the seat over
}

// TakesOver tells, after the program has ended, whether it did so for another one that takes over the
// seat, and how that one begins.
func (m *Model) TakesOver() (Again, bool) {
	a := Again{Slide: m.slide.Index() + 1, Lang: m.text.Lang, Mouse: m.mouse}
	if m.themeChosen {
		a.Theme = m.styles.Name
	}
	return a, m.hold.over
}

// held takes what was found out about who has the seat.
func (m *Model) held(b steps.Batch, now time.Time) {
	if !m.opts.ReadOnly {
		return
	}
	if who := b.Holder.String(); who != "" {
		m.hold.holder = who
	}
	if was := m.hold.free; was != b.Free {
		m.hold.free = b.Free
		m.say(now, readOnly(m))
	}
}

// readOnly says why a console that only looks does nothing; empty in any other.
func readOnly(m *Model) string {
	switch {
	case !m.opts.ReadOnly:
		return ""
	case !m.hold.free:
		return m.text.T("off.read-only", "holder", m.hold.holder)
	case m.opts.Keep:
		return m.text.T("off.free-again")
	}
	return m.text.T("off.free", "key", keyName(m.text, m.lookup(takeOverID).keys[0]))
}

// seatKeys are those of a console that only looks: the last of the lists, for few ever need them.
func seatKeys() []binding {
	return []binding{{takeOverID, []string{"H"}, "do", nil, offTakeOver, (*Model).takeOver}}
}

// offTakeOver says why the seat is not there to be taken over.
func offTakeOver(m *Model) string {
	switch {
	case !m.opts.ReadOnly:
		return m.text.T("off.yours")
	case !m.hold.free || m.opts.Keep:
		return readOnly(m)
	}
	return ""
}

// takeOver ends this console for one that holds the seat.
func (m *Model) takeOver(string) tea.Cmd {
	m.hold.over = true
	return tea.Quit
}
