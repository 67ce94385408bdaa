package pane

import (
	"hash/fnv"
	"regexp"
	"strings"
	"sync"

	"github.com/charmbracelet/x/ansi"

	"matou/tui/theme"
)

// visible tells whether a line stands in the view: the filter lets it through, and it is not folded
// away. A filter looks into folded runs too.
func (l *Log) visible(n int) bool {
	e := l.at(n)
	switch {
	case e.mark:
		return true
	case l.filter != nil:
		return l.passes(e)
	case e.run != nil && l.folded(e.run):
		return n == e.run.first || e.bad
	}
	return true
}

// rebuild lists the lines in the view anew.
func (l *Log) rebuild() {
	view := make([]int, 0, l.count)
	for n := l.first; n < l.end(); n++ {
		if l.visible(n) {
			view = append(view, n)
		}
	}
	l.view = view
	l.version++
}

// Lines draws what is in sight.
func (l *Log) Lines() []string {
	if len(l.view) == 0 {
		text := l.look.Text.T("log.none")
		if l.count > 0 {
			text = l.look.Text.T("log.filtered")
		}
		return l.page(append([]string{""}, wrapped(l.look.Styles.Dim, text, l.width, 1)...))
	}
	lines := make([]string, 0, l.height)
	for i := l.shown(); i < len(l.view) && len(lines) < l.height; i++ {
		lines = append(lines, l.draw(l.view[i])...)
		if l.follow && i == len(l.view)-1 && len(lines) > l.height { // one line longer than the pane
			lines = lines[len(lines)-l.height:]
		}
	}
	return l.page(lines)
}

// tagWidth is the width of the column of sources: on a narrow pane the text needs the room more.
func (l *Log) tagWidth() int { return min(l.tag, 14, max(3, l.width/5)) }

// timeColumn is the width of the column of times, the blank behind it included.
const timeColumn = 9

// timed tells whether there is a column of times: on a narrow pane the text needs the room.
func (l *Log) timed() bool { return l.times && l.width >= 3*timeColumn }

// textWidth is what is left for the text.
func (l *Log) textWidth() int {
	w := l.width - l.tagWidth() - 1
	if l.timed() {
		w -= timeColumn
	}
	return max(0, w)
}

// rows is how many rows a line takes.
func (l *Log) rows(n int) int {
	if e := l.at(n); !l.wraps(e) || e.mark || l.heads(n, e) {
		return 1
	}
	return len(broken(l.at(n).Text, l.textWidth()))
}

// wraps tells whether a line is broken where it is too long. A row of a table never is: its columns
// would be lost, so it pans as on a slide.
func (l *Log) wraps(e *entry) bool { return l.wrap && !tabular(e.Text) }

// tabular tells whether a line is a row of a table, as nova and many others draw it, or a rule of one.
func tabular(text string) bool {
	text = strings.TrimSpace(ansi.Strip(text))
	return strings.HasPrefix(text, "+-") && strings.HasSuffix(text, "-+") ||
		len(text) > 1 && strings.HasPrefix(text, "|") && strings.HasSuffix(text, "|")
}

// broken cuts a text into pieces of a width, between words where one ends in the second half of a
// piece. Each piece carries the colours that hold in it.
func broken(text string, width int) []string {
	var rows []string
	for ansi.StringWidth(text) > width && len(rows) < maxLine {
		row := ansi.Truncate(text, width, "")
		w := ansi.StringWidth(row)
		if w == 0 {
			break
		}
		if plain := ansi.Strip(ansi.Truncate(text, width+1, "")); plain != "" {
			if end := strings.LastIndexByte(plain, ' '); end >= 0 {
				if at := ansi.StringWidth(plain[:end]); at > width/2 {
					row, w = ansi.Truncate(text, at, ""), at+1
				}
			}
		}
		rows = append(rows, row)
		text = ansi.TruncateLeft(text, w, "")
	}
	return append(rows, text)
}

// heads tells whether a line stands for a run that is folded.
func (l *Log) heads(n int, e *entry) bool {
	return l.filter == nil && e.run != nil && n == e.run.first && l.folded(e.run)
}

// draw is a line of the log, on as many rows as it takes.
func (l *Log) draw(n int) []string {
	st, e := l.look.Styles, l.at(n)
	if e.mark {
		text := " " + l.look.Text.T("log.mark", "time", e.At.Local().Format("15:04:05")) + " "
		rest := max(0, l.width-ansi.StringWidth(text)-4)
		return []string{st.Accent.Render(strings.Repeat(st.Glyph.Horizontal, 4) + text + strings.Repeat(st.Glyph.Horizontal, rest))}
	}
	head, blank := "", ""
	if l.timed() {
		head = st.Dim.Render(l.cell(e.At.Local().Format("15:04:05"), timeColumn))
		blank = strings.Repeat(" ", timeColumn)
	}
	tag := l.tagWidth()
	head += st.Tags[tagOf(e.Source, len(st.Tags))].Render(l.cell(Clean(e.Source), tag)) + st.Faint.Render(st.Glyph.Vertical)
	if l.heads(n, e) {
		return []string{head + l.cell(l.headline(e.run), l.textWidth())}
	}
	whole := e.Text
	if l.query != "" {
		whole = l.marked(n, whole)
	}
	if !l.wraps(e) {
		text := whole
		if l.left > 0 {
			text = ansi.TruncateLeft(text, l.left, "")
		}
		return []string{head + l.cell(l.paint(n, text), l.textWidth())}
	}
	blank += strings.Repeat(" ", tag) + st.Faint.Render(st.Glyph.Vertical)
	var out []string
	for i, row := range broken(whole, l.textWidth()) {
		if i == 1 {
			head = blank
		}
		out = append(out, head+l.cell(l.paint(n, row), l.textWidth()))
	}
	return out
}

// paint colours a text: the line found last first of all, then as it came, then by what it says.
func (l *Log) paint(n int, text string) string {
	switch {
	case strings.IndexByte(text, 0x1b) >= 0:
		return text
	case n == l.hit:
		return l.look.Styles.Selected.Render(text)
	}
	return l.levelStyle(l.levelAt(n)).Render(text)
}

func (l *Log) levelAt(n int) level {
	e := l.at(n)
	if e.level == unread {
		e.level = levelOf(e.Text)
	}
	return e.level
}

// marked is a line in which what was searched for stands out: the rest keeps its looks, but on the
// line found last, which is a bar to be found by.
func (l *Log) marked(n int, text string) string {
	plain := ansi.Strip(text)
	found := places(plain, l.query)
	if found == nil && n != l.hit {
		return text
	}
	st := l.look.Styles
	style, own := l.levelStyle(l.levelAt(n)), n != l.hit && strings.IndexByte(text, 0x1b) >= 0
	if n == l.hit {
		style = st.Selected
	}
	rest := func(from, to int) string {
		if own { // the line's own colours go on around the mark
			return ansi.Cut(text, ansi.StringWidth(plain[:from]), ansi.StringWidth(plain[:to]))
		}
		return style.Render(plain[from:to])
	}
	var b strings.Builder
	at := 0
	for _, f := range found {
		b.WriteString(rest(at, f[0]))
		b.WriteString(st.Match.Render(plain[f[0]:f[1]]))
		at = f[1]
	}
	b.WriteString(rest(at, len(plain)))
	return b.String()
}

// places are the bytes at which a text in lower case stands in another, whatever its case.
func places(text, lower string) [][2]int {
	folded := strings.ToLower(text)
	if len(folded) != len(text) { // a rare letter whose small form is longer: the places would be off
		folded = text
	}
	var out [][2]int
	for at := 0; lower != ""; {
		i := strings.Index(folded[at:], lower)
		if i < 0 {
			break
		}
		out = append(out, [2]int{at + i, at + i + len(lower)})
		at += i + len(lower)
	}
	return out
}

// level is how much a line matters, by what it says.
type level int

const (
	unread level = iota
	plainLevel
	noticeLevel
	warnLevel
	errorLevel
)

// The words by which programs say how much a line matters: syslog's severities (RFC 5424, 6.2.1) as
// they are spelled in logs, and what compilers, shells and Puppet write.
var (
	errorWords  = words(`error|err|fatal|panic|critical|crit|emerg|alert|failed|failure|traceback|exception`)
	warnWords   = words(`warning|warn|deprecated`)
	noticeWords = words(`notice`)
)

// words is the expression for any of some words, whatever their case. It is compiled for the first
// line that is drawn: nobody waits for it at the start.
func words(any string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)\b(?:` + any + `)\b`) })
}

// levelOf reads the level off a line. Only what is in sight is asked, so it may take its time.
func levelOf(text string) level {
	switch {
	case errorWords().MatchString(text):
		return errorLevel
	case warnWords().MatchString(text):
		return warnLevel
	case noticeWords().MatchString(text):
		return noticeLevel
	}
	return plainLevel
}

func (l *Log) levelStyle(v level) theme.Style {
	st := l.look.Styles
	switch v {
	case errorLevel:
		return st.Error
	case warnLevel:
		return st.Warn
	case noticeLevel:
		return st.OK
	default:
		return theme.Style{}
	}
}

// tagOf gives each source a colour that stays the same from run to run.
func tagOf(source string, n int) int {
	h := fnv.New32a()
	h.Write([]byte(source))
	return int(h.Sum32() % uint32(n))
}

// Heads says whether it follows, what was missed, and what is left out.
func (l *Log) Heads() (left, right, foot string) {
	st, t := l.look.Styles, l.look.Text
	left = t.T("pane.log")
	switch {
	case l.count == 0:
	case l.follow:
		right = st.Dim.Render(t.T("log.following"))
	case l.unseen > 0:
		right = st.Warn.Render(t.N("log.unseen", l.unseen))
	default:
		right = st.Warn.Render(t.T("log.paused"))
	}
	if l.filter != nil {
		foot = st.Warn.Render(t.T("log.only", "n", itoa(len(l.view)), "all", itoa(l.count), "filter", "&"+l.words))
	}
	if l.dropped > 0 {
		if foot != "" {
			foot += " " + st.Glyph.Dot + " "
		}
		foot += st.Dim.Render(t.N("log.dropped", l.dropped))
	}
	return left, right, foot
}
