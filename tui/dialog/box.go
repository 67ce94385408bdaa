package dialog

import (
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"matou/tui/i18n"
	"matou/tui/pane"
	"matou/tui/theme"
)

// Look says how a paragraph of a box is shown.
type Look int

// The looks of a paragraph.
const (
	Plain  Look = iota
	Dim         //
	Strong      //
	Bad         // what went wrong
	Typed       // a command or a value: never broken at blanks only
	Row         // a label and a value, labels of neighbours aligned
	Off         // a row that is not to be had now
)

// Para is one paragraph of a box.
type Para struct {
	Look  Look
	Label string // of a row
	Text  string
}

// Button closes a box.
type Button struct {
	ID    string
	Label string
	Key   string // answers at once, where nothing is typed; empty: none
	Also  string // another key for it: y says yes in every language, because ssh does
}

// Box is a dialog with text, perhaps a line to type in, and buttons. It scrolls when the text is
// too long for the screen.
type Box struct {
	Title   string
	Danger  bool
	Art     func() []string // drawn above the text, where there is room
	Body    []Para
	Picture []string // of printable ASCII, drawn below the text, where there is room for all of both
	Buttons []Button
	Chosen  int // the button that enter presses: the harmless one comes first

	input *input
	top   int
	page  int // how many lines of text were shown last
	lines int // and how many there are
}

// Ask gives the box a line to type in; masked hides what is typed.
func (b *Box) Ask(masked bool) *Box { b.input = newInput(masked, ""); return b }

// AskFrom gives the box a line to type in that begins as a value.
func (b *Box) AskFrom(value string) *Box { b.input = newInput(false, value); return b }

// Typing tells whether keys are text.
func (b *Box) Typing() bool { return b.input != nil }

// Update takes a key or a paste.
func (b *Box) Update(msg tea.Msg) *Answer {
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		if b.input != nil {
			b.input.update(msg)
		}
		return nil
	}
	switch k := press.String(); {
	case k == "esc", k == "ctrl+c":
		return &Answer{Button: Cancel}
	case k == "enter":
		return b.answer(b.Chosen)
	case k == "tab", k == "right" && b.input == nil:
		b.Chosen = (b.Chosen + 1) % max(1, len(b.Buttons))
	case k == "shift+tab", k == "left" && b.input == nil:
		b.Chosen = (b.Chosen + max(1, len(b.Buttons)) - 1) % max(1, len(b.Buttons))
	case k == "up", k == "down", k == "pgup", k == "pgdown":
		b.scroll(k)
	case b.input != nil:
		b.input.update(msg)
	default:
		return b.hotkey(k)
	}
	return nil
}

func (b *Box) answer(i int) *Answer {
	if i >= len(b.Buttons) {
		return &Answer{Button: Cancel}
	}
	a := &Answer{Button: b.Buttons[i].ID}
	if b.input != nil && a.Button != Cancel {
		a.Text = b.input.value()
	}
	return a
}

func (b *Box) hotkey(k string) *Answer {
	// Exactly the key first; then as it is written with shift or caps lock, unless that scrolls.
	for _, key := range []string{k, strings.ToLower(k)} {
		for i, button := range b.Buttons {
			if (button.Key == key || button.Also == key) && (key == k || len(k) == 1 && k != "G") {
				return b.answer(i)
			}
		}
	}
	switch k {
	case "q":
		return &Answer{Button: Cancel}
	case "j", "k", "space", "g", "G", "home", "end":
		b.scroll(k)
	}
	return nil
}

func (b *Box) scroll(k string) {
	switch k {
	case "up", "k":
		b.top--
	case "down", "j":
		b.top++
	case "pgup":
		b.top -= b.page
	case "pgdown", "space":
		b.top += b.page
	case "g", "home":
		b.top = 0
	case "G", "end":
		b.top = b.lines
	}
	b.top = max(0, min(b.top, b.lines-b.page))
}

// boxWidth is how wide a box is at most: longer lines are hard to read.
const boxWidth = 78

// Draw is the box with its border.
func (b *Box) Draw(look pane.Look, width, height int) []string {
	st := look.Styles
	w := min(boxWidth, width-4)
	if width < 60 {
		w = width
	}
	inside := max(8, w-6)
	body := b.text(st, inside)
	var foot []string
	if b.input != nil {
		foot = append(foot, "", b.input.draw(st, inside))
	}
	if len(b.Buttons) > 0 {
		buttons := b.buttons(st, inside)
		if len(buttons) > 1 && len(buttons) > height-2-len(foot)-3 { // no room for all: the one enter presses
			buttons = buttons[b.Chosen : b.Chosen+1]
		}
		foot = append(append(foot, ""), buttons...)
	}
	room := height - 2 - len(foot)
	var art []string
	if b.Art != nil && (room-len(body) > pane.CatHeight || room > pane.CatHeight+6) {
		for _, line := range b.Art() {
			art = append(art, strings.Repeat(" ", max(0, (inside-pane.CatWidth)/2))+st.Cat.Render(line))
		}
		for len(art) <= pane.CatHeight {
			art = append(art, "")
		}
	}
	if n := len(b.Picture); n > 0 && len(b.Picture[0]) <= inside && room-len(body) > n {
		body = append(body, "")
		for _, line := range b.Picture {
			body = append(body, strings.Repeat(" ", (inside-len(line))/2)+st.Text.Render(line))
		}
	}
	if pad := room - len(body) - len(art); pad >= 2 {
		body = append(append([]string{""}, body...), "")
		foot = trimFirst(foot)
	}
	b.lines, b.page = len(body), max(1, min(len(body), height-2-len(foot)-len(art)))
	b.top = max(0, min(b.top, b.lines-b.page))
	lines := append(art, body[b.top:min(len(body), b.top+b.page)]...)
	lines = append(lines, foot...)
	for i := range lines {
		lines[i] = "  " + lines[i]
	}
	f := theme.Frame{Width: w, Height: min(height, len(lines)+2), Title: st.Dialog.Render(b.Title), Danger: b.Danger, Focused: true}
	if b.Danger {
		f.Title = st.Danger.Render(b.Title)
	}
	if below := b.lines - b.top - b.page; below > 0 {
		f.Foot = st.Warn.Render(st.Glyph.Down + " " + look.Text.N("slide.below", below))
	} else if b.top > 0 {
		f.Foot = st.Dim.Render(st.Glyph.Up)
	}
	if hint := b.hint(look.Text); w >= ansi.StringWidth(hint)+ansi.StringWidth(f.Foot)+hintMargin {
		f.FootLeft = st.Dim.Render(hint)
	}
	return st.Draw(f, lines)
}

// hintMargin is what the border keeps for itself beside the hint and the arrow.
const hintMargin = 10

// hint says which keys work here: those of the screen below do not.
func (b *Box) hint(t i18n.Texts) string {
	if len(b.Buttons) > 1 {
		return t.T("dialog.choose")
	}
	return t.T("dialog.close")
}

// trimFirst drops the blank line that parts the foot from the text, where the text has its own.
func trimFirst(lines []string) []string {
	if len(lines) > 0 && lines[0] == "" {
		return lines[1:]
	}
	return lines
}

// text lays the paragraphs out for a width.
func (b *Box) text(st *theme.Styles, width int) []string {
	label := 0
	for _, p := range b.Body {
		if p.Look == Row || p.Look == Off {
			label = max(label, ansi.StringWidth(p.Label))
		}
	}
	label = min(label, width/2)
	var out []string
	for _, p := range b.Body {
		style, indent, head := st.Text, 0, ""
		switch p.Look {
		case Dim:
			style = st.Dim
		case Strong:
			style = st.Strong
		case Bad:
			style = st.Error
		case Typed:
			style, indent = st.Command, 2
		case Row:
			indent, head = label+2, st.Key.Render(theme.Fit(p.Label, label, st.Glyph.Ellipsis))
		case Off:
			style, indent, head = st.Dim, label+2, st.Dim.Render(theme.Fit(p.Label, label, st.Glyph.Ellipsis))
		case Plain:
		}
		for i, line := range strings.Split(ansi.Wrap(p.Text, max(6, width-indent), ""), "\n") {
			lead := strings.Repeat(" ", indent)
			if i == 0 && head != "" {
				lead = head + "  "
			}
			out = append(out, lead+style.Render(line))
		}
	}
	return out
}

// buttons lays the buttons out in a line, or one below the other where that is too wide.
func (b *Box) buttons(st *theme.Styles, width int) []string {
	var cells []string
	total := 0
	for i, button := range b.Buttons {
		label := button.Label
		if button.Key != "" && b.input == nil {
			label += " (" + button.Key + ")"
		}
		style, left, right := st.Button, "  ", "  "
		if i == b.Chosen {
			style, left, right = st.ButtonOn, "[ ", " ]"
		}
		cells = append(cells, style.Render(left+label+right))
		total += ansi.StringWidth(label) + 6
	}
	if total-2 <= width {
		return []string{strings.Join(cells, "  ")}
	}
	return cells
}
