package dialog

import (
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/sahilm/fuzzy"

	"matou/tui/pane"
	"matou/tui/theme"
)

// Item is one line of a list.
type Item struct {
	ID    string
	Text  string
	Right string // shown at the right: a key, a status, a time
	Off   string // why it can't be chosen now; empty: it can
}

// Finder is a list that narrows as one types. Source answers with the items for what was typed.
type Finder struct {
	Title  string
	Empty  string // shown when nothing is found
	Source func(query string) []Item

	input *input
	items []Item
	at    int
	top   int
	page  int
	asked bool
	last  string
}

// NewFinder opens a list at an item.
func NewFinder(title, empty string, at int, source func(query string) []Item) *Finder {
	return &Finder{Title: title, Empty: empty, Source: source, input: newInput(false, ""), at: at}
}

// Fuzzy is a source that keeps the items whose text matches, the best first.
func Fuzzy(items []Item) func(string) []Item {
	texts := make([]string, len(items))
	for i, item := range items {
		texts[i] = strings.ReplaceAll(item.Text, "\u00a0", " ") // nobody types a blank that does not break
	}
	return func(query string) []Item {
		query = strings.TrimSpace(query) // a pasted line has an end
		if query == "" {
			return items
		}
		var found []Item
		for _, m := range fuzzy.Find(query, texts) {
			found = append(found, items[m.Index])
		}
		return found
	}
}

// Typing tells that keys are text.
func (f *Finder) Typing() bool { return true }

// Update takes a key or a paste.
func (f *Finder) Update(msg tea.Msg) *Answer {
	f.refresh()
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		f.input.update(msg)
		f.refresh()
		return nil
	}
	switch press.String() {
	case "esc", "ctrl+c":
		return &Answer{Button: Cancel, Text: f.input.value()}
	case "enter":
		if f.at < len(f.items) && f.items[f.at].Off == "" {
			return &Answer{Button: f.items[f.at].ID, Text: f.input.value()}
		}
	case "up", "ctrl+p", "shift+tab":
		f.at--
	case "down", "ctrl+n", "tab":
		f.at++
	case "pgup":
		f.at -= f.page
	case "pgdown":
		f.at += f.page
	default:
		f.input.update(msg)
	}
	f.refresh()
	return nil
}

func (f *Finder) refresh() {
	if q := f.input.value(); !f.asked || q != f.last {
		f.items = f.Source(q)
		if f.asked {
			f.at, f.top = 0, 0
		}
		f.asked, f.last = true, q
	}
	f.at = max(0, min(f.at, len(f.items)-1))
}

// Draw is the list with its border.
func (f *Finder) Draw(look pane.Look, width, height int) []string {
	f.refresh()
	st := look.Styles
	w := min(boxWidth, width-4)
	if width < 60 {
		w = width
	}
	inside := max(8, w-4)
	f.page = max(1, min(height-5, 16))
	f.top = max(0, min(max(f.top, f.at-f.page+1), f.at))
	lines := []string{f.input.draw(st, inside), ""}
	for i := f.top; i < len(f.items) && i < f.top+f.page; i++ {
		lines = append(lines, f.line(st, i, inside))
	}
	if len(f.items) == 0 {
		lines = append(lines, st.Dim.Render(f.Empty))
	}
	for len(lines) < f.page+2 {
		lines = append(lines, "")
	}
	if f.at < len(f.items) && f.items[f.at].Off != "" {
		lines = append(lines, st.Warn.Render(f.items[f.at].Off))
	} else {
		lines = append(lines, st.Dim.Render(look.Text.T("finder.hint")))
	}
	for i := range lines {
		lines[i] = " " + lines[i]
	}
	frame := theme.Frame{Width: w, Height: min(height, len(lines)+2), Title: st.Dialog.Render(f.Title), Focused: true}
	if len(f.items) > 0 {
		frame.Right = st.Dim.Render(look.Text.T("finder.count", "at", itoa(f.at+1), "all", itoa(len(f.items))))
	}
	return st.Draw(frame, lines)
}

func (f *Finder) line(st *theme.Styles, i, width int) string {
	item := f.items[i]
	right := ansi.Truncate(item.Right, width/2, st.Glyph.Ellipsis)
	gap := strings.Repeat(" ", min(2, ansi.StringWidth(right)))
	left := theme.Fit(" "+item.Text, max(0, width-ansi.StringWidth(gap+right)-1), st.Glyph.Ellipsis) + gap
	switch {
	case i == f.at:
		return st.Selected.Render(theme.Plain(left + right + " "))
	case item.Off != "":
		return st.Faint.Render(theme.Plain(left + right + " "))
	default:
		return left + st.Dim.Render(right) + " "
	}
}

func itoa(n int) string { return strconv.Itoa(n) }
