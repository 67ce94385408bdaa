package dialog

import (
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"matou/tui/theme"
)

// input is one line to type in.
type input struct{ model textinput.Model }

// maxInput bounds what can be typed or pasted, in characters.
const maxInput = 1024

func newInput(masked bool, value string) *input {
	m := textinput.New()
	m.Prompt, m.CharLimit = "", maxInput
	if masked {
		m.EchoMode = textinput.EchoPassword
	}
	// Pasting is the terminal's business: the library would start a program for it.
	m.KeyMap.Paste.SetEnabled(false)
	styles := m.Styles()
	styles.Cursor.Blink = false
	m.SetStyles(styles)
	m.SetValue(value)
	m.CursorEnd()
	m.Focus()
	return &input{model: m}
}

func (i *input) update(msg tea.Msg) { i.model, _ = i.model.Update(msg) }

func (i *input) value() string { return i.model.Value() }

func (i *input) draw(st *theme.Styles, width int) string {
	i.model.EchoCharacter = []rune(st.Glyph.Mask)[0]
	i.model.SetWidth(max(4, width-3))
	styles := textinput.DefaultStyles(st.Dark)
	styles.Cursor.Blink = false
	i.model.SetStyles(styles)
	return st.Key.Render("> ") + theme.Fit(i.model.View(), max(1, width-2), "")
}
