package tui

import (
	"strconv"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"matou/steps"
	"matou/tui/pane"
	"matou/tui/theme"
)

func itoa(n int) string { return strconv.Itoa(n) }

// bar is the lines that say what the step is, what a person would type for it, and which keys do
// what. With fewer lines the least needed go first.
func (m *Model) bar(height int) []string {
	step, command, keys := m.stepLine(), m.commandLine(), m.keyLine()
	if text, more := m.toast.text, ""; text != "" {
		if ansi.StringWidth(text)+1 > m.width && height > 2 { // the command can wait, the end of a sentence not
			text, more, _ = strings.Cut(ansi.Wordwrap(text, m.width-1, ""), "\n")
			command = " " + m.styles.Toast.Render(text)
			text = strings.ReplaceAll(more, "\n", " ")
		}
		keys = " " + m.styles.Toast.Render(text)
	} else if m.trouble != nil {
		keys = " " + m.styles.Error.Render(m.text.T("trouble", "why", m.explain(m.trouble)))
	}
	var lines []string
	switch height {
	case 1:
		lines = []string{step}
		if m.toast.text != "" {
			lines = []string{keys}
		}
	case 2:
		lines = []string{step, keys}
	default:
		lines = []string{step, command, keys}
	}
	for i := range lines {
		lines[i] = theme.Fit(lines[i], m.width, m.styles.Glyph.Ellipsis)
	}
	return lines
}

// stepLine says which step this is and how it stands.
func (m *Model) stepLine() string {
	st, t := m.styles, m.text
	id := m.shown()
	step, ok := m.workshop.Step(id)
	if !ok {
		if next := m.ahead(); next != "" {
			return " " + st.Dim.Render(t.T("bar.ahead", "step", m.title(next), "slide", itoa(m.slideOf(next)+1)))
		}
		if left := len(m.workshop.Steps) - m.done(); left > 0 { // behind us, or on no slide of this deck
			return " " + st.Dim.Render(t.N("bar.left", left))
		}
		return " " + st.Dim.Render(t.T("bar.nothing"))
	}
	state := m.state.Step(id)
	left := " " + pane.StatusGlyph(st, state.Status) + " " + st.Strong.Render(m.number(id)+" "+step.Title.In(t.Lang))
	return left + "  " + m.standing(step, state, m.width-ansi.StringWidth(left)-2)
}

// standing says how a step stands, in so many cells where it is not known how long it gets.
func (m *Model) standing(step steps.Step, state steps.StepState, room int) string {
	st, t := m.styles, m.text
	right := ""
	if hand := m.noticed.hand; hand.id != "" && hand.step == step.ID && step.ID == m.step {
		return st.Accent.Render(ansi.Truncate(m.offered(), room, st.Glyph.Ellipsis))
	}
	switch state.Status {
	case steps.Running:
		if len(m.questions) > 0 && !m.opts.ReadOnly { // the time that passes is not the machine's
			return st.Warn.Render(t.T("bar.asks"))
		}
		right = m.progress(step, state, room)
	case steps.Done:
		right = st.OK.Render(t.T("status.done"))
		if state.Took > 0 {
			right += st.Dim.Render(" " + t.T("bar.in", "time", pane.Clock(state.Took)))
		}
		if sum := m.summary(step, state); sum != "" {
			right += st.Dim.Render(" " + st.Glyph.Dot + " " + sum)
		}
	case steps.Failed:
		right = st.Error.Render(t.T("status.failed"))
		if word := m.cutShort(state.Failure); word != "" {
			right = st.Warn.Render(word) + st.Dim.Render(" "+st.Glyph.Dot+" "+t.T("bar.cut-short"))
		} else if state.Failure != nil {
			cause, _, _ := strings.Cut(m.why(state.Failure), "\n")
			right += st.Dim.Render(" " + st.Glyph.Dot + " " + cause)
		}
	case steps.Pending:
		right = st.Dim.Render(t.T("bar.waits", "needs", m.needs(step)))
	case steps.Stale, steps.Shown:
		right = st.Warn.Render(t.T("status." + string(state.Status)))
		if state.Failure != nil {
			cause, _, _ := strings.Cut(m.why(state.Failure), "\n")
			right += st.Dim.Render(" " + st.Glyph.Dot + " " + cause)
		}
	case steps.Ready:
		right = st.Accent.Render(t.T("status." + string(state.Status)))
		if step.Expect > 0 {
			right += st.Dim.Render(" " + st.Glyph.Dot + " " + t.T("bar.expect", "time", pane.Clock(step.Expect)))
		}
	}
	return right
}

// cutShort words a step that nothing is wrong with: somebody stopped it, or the program went away. It
// is empty for a failure.
func (m *Model) cutShort(f *steps.Failure) string {
	switch {
	case f == nil:
	case f.Kind == steps.FailInterrupted:
		return m.text.T("bar.interrupted")
	case f.Kind == steps.FailCanceled:
		return m.text.T("bar.canceled")
	}
	return ""
}

// progress is how far a running step is: its doing, the time, and a gauge against what is expected.
// What the room does not allow for goes, the gauge first.
func (m *Model) progress(step steps.Step, state steps.StepState, room int) string {
	st, t := m.styles, m.text
	took := m.worked(step.ID, time.Now())
	doing := pane.Clean(m.status[step.ID].In(m.text, m.title))
	if doing == "" {
		doing = t.T("status.running")
		if state.Phase == steps.PhaseCheck {
			doing = t.T("status.checking")
		}
	}
	if n := len(step.Actions); state.Phase == steps.PhaseAction && n > 1 {
		doing = itoa(state.Index+1) + "/" + itoa(n) + " " + doing
	}
	clock := " " + pane.Clock(took)
	if step.Expect <= 0 {
		return st.Info.Render(ansi.Truncate(doing, max(8, room-len(clock)), st.Glyph.Ellipsis)) + clock
	}
	of := " " + t.T("bar.of", "time", pane.Clock(step.Expect))
	if ansi.StringWidth(doing+clock+of) > room {
		of = "/" + pane.Clock(step.Expect)
	}
	doing = ansi.Truncate(doing, max(8, room-len(clock)-ansi.StringWidth(of)), st.Glyph.Ellipsis)
	gauge := ""
	if left := room - ansi.StringWidth(doing+clock+of) - 1; left >= 4 {
		gauge = " " + st.Meter(min(12, left), took.Seconds(), step.Expect.Seconds())
	}
	return st.Info.Render(doing) + clock + st.Dim.Render(of) + gauge
}

// summary is what the last action with something to tell has told.
func (m *Model) summary(step steps.Step, state steps.StepState) string {
	out := ""
	for i, a := range state.Actions {
		if a.Summary != "" && i < len(step.Actions) {
			out = a.In(m.text)
		}
	}
	line, _, _ := strings.Cut(pane.Clean(out), "\n")
	return line
}

// worked is how long a running step has been worked at: a command that is being typed before a room takes
// none of its time.
func (m *Model) worked(id steps.ID, now time.Time) time.Duration {
	st := m.state.Step(id)
	return max(0, now.Sub(st.Started)-m.opts.Gate.waited(id, st, now))
}

// outlineClock is the time as the list of steps has it, see [Model.worked].
func (m *Model) outlineClock(now time.Time) time.Time {
	id := m.running()
	return now.Add(-m.opts.Gate.waited(id, m.state.Step(id), now))
}

// number is a step's place among all: "5/18".
func (m *Model) number(id steps.ID) string {
	for i, s := range m.workshop.Steps {
		if s.ID == id {
			return itoa(i+1) + "/" + itoa(len(m.workshop.Steps))
		}
	}
	return ""
}

// ahead is the first step on a later slide that is not done yet; empty when there is none.
func (m *Model) ahead() steps.ID {
	for _, s := range m.workshop.Steps {
		if i := m.slideOf(s.ID); i > m.slide.Index() && m.state.Step(s.ID).Status != steps.Done {
			return s.ID
		}
	}
	return ""
}

// commandLine is what a person would type.
func (m *Model) commandLine() string {
	if m.command == "" || m.unseen() {
		return ""
	}
	first, rest, more := strings.Cut(m.command, "\n")
	if more && strings.TrimSpace(rest) != "" {
		first += " " + m.styles.Glyph.Ellipsis
	}
	if m.going != "" {
		first += " ; " + m.going
	}
	return "   " + m.styles.Dim.Render(m.styles.Glyph.Prompt) + " " + m.styles.Command.Render(first)
}

// keyLine names the keys that work now, as many as fit, and the way to all others.
func (m *Model) keyLine() string {
	if m.dialogs.Len() > 0 {
		return "" // its own keys stand in its border, and no others do anything
	}
	st := m.styles
	line, width := " ", 1
	seen := map[string]bool{}
	for _, id := range m.hints() {
		b := m.lookup(id)
		if seen[id] || b.why(m) != "" {
			continue
		}
		seen[id] = true
		key, name := keyName(m.text, b.keys[0]), m.hintName(id)
		w := ansi.StringWidth(key) + ansi.StringWidth(name) + 1
		if width+w+2 > m.width {
			break
		}
		if width > 1 {
			line, width = line+"  ", width+2
		}
		line += st.Key.Render(key) + " " + st.Dim.Render(name)
		width += w
	}
	return line
}

// hintName words a key for the moment: enter repeats a failed step, and goes on with the next one.
func (m *Model) hintName(id string) string {
	status := m.state.Step(m.step).Status
	switch {
	case id == "run" && status == steps.Failed:
		id = "replay"
	case id == "run" && status == steps.Done:
		id = "run-next"
	case id == "run" && m.step == "":
		id = "next"
	case id == "cancel" && (m.focus != pane.SlideID || m.running() == ""):
		id = "back"
	case id == onwardID:
		id = m.onwardName()
	case id == "next" && status == steps.Done && m.nextHere() == "":
		id = "go-on"
	}
	return m.text.T("key." + id)
}

// statusLine is the last line of the screen: which cloud, who, where, how far.
func (m *Model) statusLine() string {
	st, t := m.styles, m.text
	badge, word := st.Badge, m.opts.Cloud
	if m.opts.Sandbox {
		badge, word = st.BadgeSandbox, t.T("bar.sandbox")
	}
	left := st.BarStrong.Render(" Matou ")
	width := 7
	add := func(style theme.Style, text string) {
		if text != "" && width+ansi.StringWidth(text) < m.width {
			left += style.Render(text)
			width += ansi.StringWidth(text)
		}
	}
	if word != "" {
		add(badge, " "+pane.Clean(word)+" ")
	}
	if m.opts.ReadOnly {
		word := t.T("bar.read-only")
		if m.hold.free {
			word = t.T("bar.free")
		}
		add(st.BarStrong, " "+word)
	}
	if m.demo.on {
		add(st.BarStrong, " "+t.T("bar.demo"))
	}
	tail := m.statusTail(m.width - width)
	if m.opts.Seat != "" && m.width-width-ansi.StringWidth(tail) > 18 {
		add(st.Bar, " "+t.T("bar.seat", "seat", m.opts.Seat))
	}
	gauge := ""
	if m.width >= 100 {
		gauge = m.statusGauge(16)
	}
	room := m.width - width - ansi.StringWidth(tail) - ansi.StringWidth(gauge)
	if title := m.workshop.Title.In(t.Lang); room > 16 {
		add(st.Bar, ansi.Truncate("  "+title, room-2, st.Glyph.Ellipsis))
		room = m.width - width - ansi.StringWidth(tail) - ansi.StringWidth(gauge)
	}
	return left + st.Bar.Render(strings.Repeat(" ", max(0, room))) + gauge + st.Bar.Render(tail)
}

// statusTail is the right end of the status line: the slide, the steps and the language, as much
// as fits.
func (m *Model) statusTail(room int) string {
	parts := []string{
		m.text.T("bar.slide", "n", itoa(m.slide.Index()+1), "all", itoa(max(1, m.slide.Count()))),
		m.text.T("bar.steps", "n", itoa(m.done()), "all", itoa(len(m.workshop.Steps))),
		strings.ToUpper(m.text.Lang),
	}
	for n := len(parts); n > 0; n-- {
		if tail := " " + strings.Join(parts[:n], "  ") + " "; ansi.StringWidth(tail) <= room {
			return tail
		}
	}
	return ""
}

// statusGauge shows how many steps hold, on the ground of the status line.
func (m *Model) statusGauge(width int) string {
	n := 0
	if all := len(m.workshop.Steps); all > 0 {
		n = width * m.done() / all
	}
	g := m.styles.Glyph
	return m.styles.BarStrong.Render(strings.Repeat(g.Full, n)) + m.styles.Bar.Render(strings.Repeat(g.Empty, width-n))
}
