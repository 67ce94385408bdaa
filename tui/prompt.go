package tui

import (
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"matou/steps"
	"matou/tui/pane"
)

// prompt is a command that appears as if somebody typed it. The zero value is none.
type prompt struct {
	text  []rune
	began time.Time
	took  time.Duration // for all of it
}

// promptRunes bounds what is typed of a command; a script goes on with an ellipsis.
const promptRunes = 400

// newPrompt begins to type a command, its lines in one.
func (m *Model) newPrompt(command string, now time.Time) prompt {
	text := []rune(strings.Join(strings.Fields(ansi.Strip(command)), " "))
	if len(text) > promptRunes {
		text = append(text[:promptRunes], []rune(m.styles.Glyph.Ellipsis)...)
	}
	return prompt{text: text, began: now, took: typingTime(string(text), m.opts.Demo.Typing)}
}

// typed is what stands there at a moment.
func (p prompt) typed(now time.Time) string {
	past := max(0, now.Sub(p.began)) // a clock read before it began is a moment behind
	if past >= p.took {
		return string(p.text)
	}
	return string(p.text[:int(past*time.Duration(len(p.text))/p.took)])
}

// due is when the next character comes; zero when all are there.
func (p prompt) due(now time.Time) time.Time {
	if max(0, now.Sub(p.began)) >= p.took {
		return time.Time{}
	}
	n := time.Duration(len([]rune(p.typed(now))) + 1)
	return p.began.Add((n*p.took + time.Duration(len(p.text)) - 1) / time.Duration(len(p.text)))
}

// over is when all of it is there.
func (p prompt) over() time.Time { return p.began.Add(p.took) }

// finish types the rest at once.
func (p *prompt) finish() { p.took = 0 }

// promptRows is the prompt as it stands in a pane of a width; none when there is nothing typed there.
func (m *Model) promptRows(id pane.ID, width int, now time.Time) []string {
	d := &m.demo
	if !d.up || d.pane != id || len(d.prompt.text) == 0 || width < 8 {
		return nil
	}
	st := m.styles
	head := st.Glyph.Prompt + " "
	text := d.prompt.typed(now)
	if d.waits || d.prompt.over().After(now) {
		text += "_"
	}
	text = ansi.Hardwrap(text, width-len(head)-1, true)
	var rows []string
	for row := range strings.SplitSeq(text, "\n") {
		rows = append(rows, " "+st.Accent.Render(head)+st.Command.Render(row))
		head = "  "
	}
	return rows
}

// onStage is what a pane shows with the prompt: the list of servers is what the command gives, the log
// what came before it.
func (m *Model) onStage(id pane.ID, lines, rows []string) []string {
	switch {
	case len(rows) == 0 || len(rows) > len(lines):
		return lines
	case id == pane.ServersID:
		return append(rows, lines[:len(lines)-len(rows)]...)
	case m.log.Len() == 0: // the words that stand for nothing would stand above it
		lines = make([]string, len(lines))
	}
	return below(lines, rows)
}

// below puts rows under the last line of a pane that says something; what is on top gives way.
func below(lines, rows []string) []string {
	at := len(lines)
	for at > 0 && strings.TrimSpace(ansi.Strip(lines[at-1])) == "" {
		at--
	}
	cut := max(0, at+len(rows)-len(lines))
	out := append(append([]string(nil), lines[cut:at]...), rows...)
	for len(out) < len(lines) {
		out = append(out, "")
	}
	return out
}

// commit makes the prompt a line of the log, above what the command prints. Where the log is not what
// is looked at, the prompt stays as well.
func (m *Model) commit(now time.Time) {
	d := &m.demo
	if len(d.prompt.text) == 0 || d.logged {
		return
	}
	d.logged = true
	d.prompt.finish()
	source := m.styles.Glyph.Prompt
	if d.recorded {
		source = m.text.T("recording.tag") + " " + source
	}
	m.log.Append([]steps.Line{{At: now, Source: source, Text: m.styles.Command.Render(string(d.prompt.text))}}, 0)
	if d.pane == pane.LogID {
		d.prompt = prompt{}
	}
}
