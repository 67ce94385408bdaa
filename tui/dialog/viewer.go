package dialog

import (
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"matou/tui/pane"
	"matou/tui/theme"
)

// Viewer shows lines that are wider or more than the screen: a table, a console's log, the output of
// a step. It pans and scrolls. What is shown may come later than the viewer does.
type Viewer struct {
	Title   string
	Wait    string // shown until the lines are there
	Empty   string // shown when there are none
	Buttons []Button
	Tail    bool // begins at the end

	lines []string
	state viewing
	wide  int // cells of the widest line
	top   int
	left  int
	page  int // lines in sight
	room  int // cells in sight
}

type viewing int

const (
	waiting viewing = iota
	showing
	failing
)

// Show gives the viewer its lines, which may hold colours (SGR) but no other control sequence.
func (v *Viewer) Show(lines []string) {
	first := v.state != showing
	v.lines, v.state, v.wide = lines, showing, 0
	for _, line := range lines {
		v.wide = max(v.wide, ansi.StringWidth(line))
	}
	if v.Tail && first {
		v.top = len(lines)
	}
}

// Fail says why there are no lines.
func (v *Viewer) Fail(why string) {
	v.lines, v.state, v.Empty, v.wide = nil, failing, why, ansi.StringWidth(why)
}

// Typing tells that keys are not text.
func (v *Viewer) Typing() bool { return false }

// Update takes a key.
func (v *Viewer) Update(msg tea.Msg) *Answer {
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return nil
	}
	k := press.String()
	for _, b := range v.Buttons {
		if b.Key == k {
			return &Answer{Button: b.ID}
		}
	}
	switch k {
	case "esc", "ctrl+c", "q", "enter":
		return &Answer{Button: Cancel}
	case "up", "k":
		v.top--
	case "down", "j":
		v.top++
	case "pgup", "b":
		v.top -= v.page
	case "pgdown", "space":
		v.top += v.page
	case "home", "g":
		v.top = 0
	case "end", "G":
		v.top = len(v.lines)
	case "left", "h", "<":
		v.left -= 8
	case "right", "l", ">":
		v.left += 8
	}
	v.clamp()
	return nil
}

func (v *Viewer) clamp() {
	v.top = max(0, min(v.top, len(v.lines)-v.page))
	v.left = max(0, min(v.left, v.wide-v.room))
}

// Draw is the viewer with its border: as large as what it shows, no larger than the screen.
func (v *Viewer) Draw(look pane.Look, width, height int) []string {
	st := look.Styles
	foot := v.keys(look)
	lines := v.lines
	if len(lines) == 0 {
		style, text := st.Dim, v.Empty
		switch v.state {
		case waiting:
			text = v.Wait
		case failing:
			style = st.Error
		case showing:
		}
		lines = []string{style.Render(text)}
	}
	most := width - 4
	if width < 60 {
		most = width
	}
	wide := max(v.wide, ansi.StringWidth(foot), ansi.StringWidth(v.Title)+8, ansi.StringWidth(lines[0]), 40)
	w := max(4, min(most, wide+4))
	v.room = max(1, w-4)
	v.page = max(1, min(len(lines), height-4))
	v.clamp()
	out := make([]string, 0, v.page+2)
	for _, line := range lines[v.top:min(len(lines), v.top+v.page)] {
		if v.left > 0 {
			line = ansi.TruncateLeft(line, v.left, "")
		}
		out = append(out, " "+theme.Fit(line, v.room, st.Glyph.Ellipsis))
	}
	if height > 6 {
		out = append(out, "", " "+theme.Fit(foot, v.room, st.Glyph.Ellipsis))
	}
	f := theme.Frame{Width: w, Height: min(height, len(out)+2), Title: st.Dialog.Render(v.Title), Focused: true}
	if below := len(lines) - v.top - v.page; below > 0 {
		f.Foot = st.Warn.Render(st.Glyph.Down + " " + look.Text.N("slide.below", below))
	} else if v.top > 0 {
		f.Foot = st.Dim.Render(st.Glyph.Up)
	}
	if v.wide > v.room {
		f.Right = st.Dim.Render(look.Text.T("slide.wide"))
	}
	return st.Draw(f, out)
}

// keys names what can be done with what is shown.
func (v *Viewer) keys(look pane.Look) string {
	st, out := look.Styles, ""
	for _, b := range v.Buttons {
		out += st.Key.Render(b.Key) + " " + st.Dim.Render(b.Label) + "  "
	}
	return out + st.Key.Render(look.Text.T("cap.esc")) + " " + st.Dim.Render(look.Text.T("button.close"))
}
