package tui

import (
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"matou/steps"
	"matou/tui/pane"
	"matou/tui/theme"
)

// drawn is a pane as it was drawn last, and what it was drawn from.
type drawn struct {
	version int
	rect    rect
	focused bool
	title   string
	right   string
	last    string
	prompt  string
	lines   []string
}

// arrange places the panes for the size as it is. It tells the slide its size even while another
// tab hides it, so that it keeps its place.
func (m *Model) arrange() {
	in := want{
		Width: m.width, Height: m.height, Focus: m.focus, Zoom: m.zoom || m.deckOnly(), NoCat: m.opts.NoCat,
		Traffic: m.besideServers(), Servers: m.serversFirst(), Busy: m.busy(), List: len(m.snapshot.Servers),
	}
	if m.demo.up {
		in.Stage, in.Wings = m.demo.pane, m.wings()
	}
	m.lay = arrange(in)
	panes := m.panes()
	for _, p := range m.lay.Panes {
		panes[p.ID].SetSize(p.W-2, p.H-2)
	}
}

// View is the screen.
func (m *Model) View() tea.View {
	v := tea.NewView("")
	v.AltScreen, v.ReportFocus = true, true
	v.WindowTitle = m.windowTitle()
	v.ProgressBar = m.taskbar(time.Now())
	if m.mouse {
		v.MouseMode = tea.MouseModeCellMotion
	}
	if m.width > 0 && m.height > 0 {
		v.Content = strings.Join(m.screen(), "\n")
	}
	return v
}

// taskbar is how far the step is that runs now, for the terminal's tab or the taskbar (OSC 9;4). When
// nothing runs there is none, but for what wants to be seen: a failure, and Victory.
func (m *Model) taskbar(now time.Time) *tea.ProgressBar {
	id := m.running()
	switch {
	case id != "" && len(m.questions) > 0:
		return tea.NewProgressBar(tea.ProgressBarWarning, m.percent(id, now))
	case id != "" && m.percent(id, now) == 0:
		return tea.NewProgressBar(tea.ProgressBarIndeterminate, 0)
	case id != "":
		return tea.NewProgressBar(tea.ProgressBarDefault, m.percent(id, now))
	case m.dialogs.Has(victoryID):
		return tea.NewProgressBar(tea.ProgressBarDefault, 100)
	case m.dialogs.Has(failureID):
		return tea.NewProgressBar(tea.ProgressBarError, 100)
	}
	return nil
}

// percent is how far a step is, by the time it is expected to take: never 100, which it is only when
// it is done, and 0 when nobody knows. It moves in steps of five, which a taskbar can show.
func (m *Model) percent(id steps.ID, now time.Time) int {
	step, _ := m.workshop.Step(id)
	if step.Expect <= 0 {
		return 0
	}
	took := m.worked(id, now)
	return max(5, min(95, int(20*took/step.Expect)*5))
}

func (m *Model) windowTitle() string {
	parts := []string{"Matou"}
	if id := m.running(); id != "" {
		parts = append(parts, m.title(id))
	}
	if m.opts.Seat != "" {
		parts = append(parts, m.opts.Seat)
	}
	return pane.Bare(strings.Join(parts, " - ")) // the workshop may be anybody's
}

// screen is every line of the screen, each exactly as wide as it.
func (m *Model) screen() []string {
	var lines []string
	if m.lay.Tiny {
		lines = m.tiny()
	} else {
		lines = append(m.body(), m.bar(m.lay.Bar.H)...)
		lines = append(lines, m.statusLine())
	}
	if m.dialogs.Len() > 0 {
		for i, line := range lines {
			lines[i] = m.styles.Faint.Render(theme.Plain(line))
		}
		lines = overlay(lines, m.dialogs.Draw(m.look(), m.width, m.height), m.width, m.lay.Bar.Y)
	}
	if m.opts.ASCII {
		for i, line := range lines {
			lines[i] = theme.ASCII(line)
		}
	}
	return lines
}

// body joins the panes that stand beside each other.
func (m *Model) body() []string {
	rows := make([]strings.Builder, m.lay.Bar.Y)
	for _, p := range m.lay.Panes {
		for i, line := range m.frame(p) {
			if y := p.Y + i; y < len(rows) {
				rows[y].WriteString(line)
			}
		}
	}
	out := make([]string, len(rows))
	for i := range rows {
		out[i] = rows[i].String()
	}
	return out
}

// frame is a pane with its border, drawn anew only when something in it has changed.
func (m *Model) frame(p placed) []string {
	one := m.panes()[p.ID]
	focused := p.ID == m.focus
	left, right, foot := m.heads(p.ID)
	rows := m.promptRows(p.ID, p.W-2, time.Now())
	typed := strings.Join(rows, "\n")
	title := m.paneTitle(left, focused)
	if m.lay.Tabs {
		title = m.tabLine(m.tabs(tabRoom(p, right)))
	}
	last := m.lastLine(p)
	old, ok := m.drawn[p.ID]
	if ok && old.version == one.Version() && old.rect == p.rect && old.focused == focused && old.title == title && old.right == right && old.last == last && old.prompt == typed {
		return old.lines
	}
	lines := m.styles.Draw(theme.Frame{
		Width: p.W, Height: p.H, Title: title, Right: right, FootLeft: last, Foot: foot, Focused: focused && !m.lay.Tabs,
	}, m.onStage(p.ID, one.Lines(), rows))
	m.drawn[p.ID] = drawn{one.Version(), p.rect, focused, title, right, last, typed, lines}
	return lines
}

// heads is what the border of a pane says.
func (m *Model) heads(id pane.ID) (left, right, foot string) {
	left, right, foot = m.panes()[id].Heads()
	if m.demo.recorded && id == m.demo.pane {
		right = m.styles.Warn.Render(m.text.T("recording.badge"))
	}
	return left, right, foot
}

func (m *Model) paneTitle(text string, focused bool) string {
	if focused {
		return m.styles.TitleFocus.Render(text)
	}
	return m.styles.Title.Render(text)
}

// lastLine is the newest line of the log, for the border of the slide: on a small screen the log
// itself is behind a tab while a step runs.
func (m *Model) lastLine(p placed) string {
	if m.demo.on {
		return m.said(p)
	}
	if !m.lay.Tabs || p.ID != pane.SlideID || m.running() == "" {
		return ""
	}
	line := m.log.Last()
	if line.Text == "" {
		return ""
	}
	return m.styles.Dim.Render(ansi.Truncate(line.Source+": "+line.Text, max(0, p.W/2), m.styles.Glyph.Ellipsis))
}

// tiny is what is left on a screen too small for panes: the step or the slide, how it stands, what a
// person would type, and which key does it. On fewer than five lines the least needed go first.
func (m *Model) tiny() []string {
	st, t := m.styles, m.text
	where := t.T("tiny.slide", "n", itoa(m.slide.Index()+1), "all", itoa(max(1, m.slide.Count())))
	what, how := "", ""
	if cur := m.slide.Current(); cur != nil {
		what = st.Strong.Render(cur.Title)
	}
	id := m.shown()
	if step, ok := m.workshop.Step(id); ok {
		state := m.state.Step(id)
		what = pane.StatusGlyph(st, state.Status) + " " + st.Strong.Render(m.title(id))
		how = m.standing(step, state, m.width)
	}
	command, _, _ := strings.Cut(m.command, "\n")
	last, least := st.Dim.Render(where+"  ? "+t.T("key.help")), []int{2, 1, 2, 1}
	if m.toast.text != "" {
		last, least = st.Toast.Render(m.toast.text), []int{2, 1, 1, 0}
	}
	texts := []string{what, how, st.Command.Render(command), strings.TrimPrefix(m.keyLine(), " "), last}
	for _, i := range least { // among what is still there
		if len(texts) > max(1, m.height) {
			texts = slices.Delete(texts, i, i+1)
		}
	}
	lines := make([]string, m.height)
	for i := range lines {
		text := ""
		if i < len(texts) {
			text = texts[i]
		}
		lines[i] = theme.Fit(text, m.width, st.Glyph.Ellipsis)
	}
	return lines
}

// overlay lays a box over the middle of the screen. Where it covers lines from clear on, which are
// sentences, it covers them whole: the ends of them beside it would read as if they said something.
func overlay(lines, box []string, width, clear int) []string {
	if len(box) == 0 || len(lines) == 0 {
		return lines
	}
	w := ansi.StringWidth(box[0])
	x, y := max(0, (width-w)/2), max(0, (len(lines)-len(box))/2)
	out := append([]string(nil), lines...)
	for i, line := range box {
		if y+i >= len(out) {
			break
		}
		under := out[y+i]
		if y+i >= clear {
			under = ""
		}
		left := theme.Fit(ansi.Cut(under, 0, x), x, "")
		right := theme.Fit(ansi.Cut(under, x+w, width), max(0, width-x-w), "")
		out[y+i] = left + line + right
	}
	return out
}
