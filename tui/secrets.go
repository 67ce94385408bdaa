package tui

import "time"

func offSecrets(m *Model) string {
	if m.opts.Conceal {
		return m.text.T("off.recorded")
	}
	return ""
}

// toggleSecrets hides the passwords on slides, say from a projector, or shows them again.
func (m *Model) toggleSecrets() {
	m.slide.SetConceal(!m.slide.Conceals())
	if m.slide.Conceals() {
		m.say(time.Now(), m.text.T("toast.secrets-off"))
		return
	}
	m.say(time.Now(), m.text.T("toast.secrets-on"))
}
