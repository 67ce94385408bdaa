package pane

import (
	"time"

	"matou/steps"
	"matou/tui/theme"
)

// Outline lists the workshop's steps, where each stands and how long it took.
type Outline struct {
	base
	workshop *steps.Workshop
	state    steps.State
	now      time.Time
	current  int  // the step the console is at, or was last
	at       bool // it is at one now
	cursor   int  // the line the reader is at, when the pane has the focus
	focused  bool
	top      int // the line shown first: it stays while it can, since moving the list redraws it all
}

// NewOutline makes the pane for a workshop.
func NewOutline(w *steps.Workshop) *Outline { return &Outline{workshop: w} }

// SetState shows how things stand at a moment.
func (o *Outline) SetState(s steps.State, now time.Time) { o.state, o.now = s, now; o.version++ }

// SetCurrent marks the step the console is at; with an empty id no step is marked, and the list
// stays where it is.
func (o *Outline) SetCurrent(id steps.ID) {
	o.at = id != ""
	o.version++
	for i, s := range o.workshop.Steps {
		if s.ID == id {
			o.current = i
			if !o.focused {
				o.cursor = i
			}
		}
	}
}

// SetFocused shows or hides the cursor.
func (o *Outline) SetFocused(on bool) {
	if on != o.focused {
		o.focused, o.cursor = on, o.current
		o.version++
	}
}

// Move moves the cursor by lines.
func (o *Outline) Move(lines int) {
	o.cursor = min(max(0, o.cursor+lines), max(0, len(o.workshop.Steps)-1))
	o.version++
}

// Cursor is the step the cursor is on; empty without steps.
func (o *Outline) Cursor() steps.ID {
	if o.cursor >= len(o.workshop.Steps) {
		return ""
	}
	return o.workshop.Steps[o.cursor].ID
}

// StatusGlyph is a step's status as one sign in its colour.
func StatusGlyph(st *theme.Styles, s steps.Status) string {
	switch s {
	case steps.Done:
		return st.OK.Render(st.Glyph.Done)
	case steps.Running:
		return st.Info.Render(st.Glyph.Running)
	case steps.Failed:
		return st.Error.Render(st.Glyph.Failed)
	case steps.Stale:
		return st.Warn.Render(st.Glyph.Stale)
	case steps.Shown:
		return st.Warn.Render(st.Glyph.Shown)
	case steps.Ready:
		return st.Accent.Render(st.Glyph.Ready)
	default:
		return st.Faint.Render(st.Glyph.Pending)
	}
}

// Lines draws the list around the current step.
func (o *Outline) Lines() []string {
	at := o.current
	if o.focused {
		at = o.cursor
	}
	if at < o.top || at >= o.top+o.height-1 { // the next step is to be seen, too
		o.top = at - o.height/2
	}
	o.top = min(max(0, o.top), max(0, len(o.workshop.Steps)-o.height))
	var lines []string
	for i := o.top; i < len(o.workshop.Steps) && len(lines) < o.height; i++ {
		lines = append(lines, o.line(i))
	}
	return o.page(lines)
}

func (o *Outline) line(i int) string {
	st, step := o.look.Styles, o.workshop.Steps[i]
	state := o.state.Step(step.ID)
	title := step.Title.In(o.look.Text.Lang)
	right := ""
	switch state.Status {
	case steps.Done:
		if state.Took > 0 {
			right = st.Dim.Render(Clock(state.Took))
		}
	case steps.Running:
		right = st.Info.Render(Clock(o.now.Sub(state.Started)))
	case steps.Pending, steps.Ready, steps.Failed, steps.Stale, steps.Shown:
	}
	if o.width >= 36 && state.Status != steps.Pending {
		word := o.look.Text.T("status." + string(state.Status))
		if state.Status != steps.Done {
			right = join(st.Dim.Render(word), right)
		}
	}
	if o.focused && i == o.cursor {
		return st.Selected.Render(o.split(" "+plainGlyph(st, state.Status)+" "+title, theme.Plain(right), o.width))
	}
	here := o.at && i == o.current
	mark := " "
	if here {
		mark = st.Accent.Render(st.Glyph.Right)
	}
	if state.Status == steps.Pending { // one look, here or not: turning slides then moves the arrow alone
		return o.split(mark+st.Dim.Render(st.Glyph.Pending+" "+title), right, o.width)
	}
	if here {
		title = st.Strong.Render(title)
	}
	return o.split(mark+StatusGlyph(st, state.Status)+" "+title, right, o.width)
}

// plainGlyph is the sign without its colour, for a line that has its own.
func plainGlyph(st *theme.Styles, s steps.Status) string { return theme.Plain(StatusGlyph(st, s)) }

// Done counts the steps that hold.
func (o *Outline) Done() int {
	n := 0
	for _, s := range o.workshop.Steps {
		if o.state.Step(s.ID).Status == steps.Done {
			n++
		}
	}
	return n
}

// Heads says how far it is.
func (o *Outline) Heads() (left, right, foot string) {
	return o.look.Text.T("pane.steps"), o.look.Styles.Dim.Render(itoa(o.Done()) + "/" + itoa(len(o.workshop.Steps))), ""
}
