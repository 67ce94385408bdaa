package tui

import (
	"time"

	"matou/tui/pane"
)

// pettedFor is how long the cat enjoys a stroke.
const pettedFor = 4 * time.Second

func offPet(m *Model) string {
	if m.opts.NoCat {
		return m.text.T("off.no-cat")
	}
	return ""
}

// pet strokes the cat. Where it is out of sight it is heard.
func (m *Model) pet() {
	now := time.Now()
	m.petted = now.Add(pettedFor)
	if !m.lay.has(pane.CatID) {
		m.say(now, m.text.T("cat.petted"))
	}
}
