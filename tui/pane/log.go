package pane

import (
	"hash/fnv"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"matou/steps"
)

// DefaultLogLines is how many lines a log keeps when not told otherwise.
const DefaultLogLines = 5000

// Log shows the output of all sources as it comes. It keeps the newest lines only; the whole log
// is on disk.
type Log struct {
	base
	ring    []steps.Line
	start   int // of the oldest line in ring
	count   int
	first   int // number of the oldest line kept, counted from the first ever
	dropped int // lines that never came here
	top     int // number of the line at the top, when not following
	left    int
	follow  bool
	unseen  int
	query   string
	tag     int // width of the widest source so far: a column that narrows again makes the text jump
}

// NewLog makes a log that keeps so many lines.
func NewLog(keep int) *Log {
	if keep <= 0 {
		keep = DefaultLogLines
	}
	return &Log{ring: make([]steps.Line, 0, keep), follow: true}
}

// Append adds lines, and counts those that were skipped before them.
func (l *Log) Append(lines []steps.Line, dropped int) {
	if len(lines) == 0 && dropped == 0 {
		return
	}
	l.dropped += dropped
	if over := len(lines) - cap(l.ring); over > 0 {
		l.first += over
		lines = lines[over:]
	}
	for _, line := range lines {
		line.Text = Clean(line.Text)
		if len(line.Source) > l.tag {
			l.tag = max(l.tag, ansi.StringWidth(line.Source))
		}
		if len(l.ring) < cap(l.ring) {
			l.ring = append(l.ring, line)
			l.count++
			continue
		}
		l.ring[l.start] = line
		l.start = (l.start + 1) % len(l.ring)
		l.first++
	}
	if !l.follow {
		l.unseen += len(lines)
		l.top = max(l.top, l.first)
	}
	l.version++
}

// at is the line of a number.
func (l *Log) at(n int) steps.Line { return l.ring[(l.start+n-l.first)%len(l.ring)] }

func (l *Log) end() int { return l.first + l.count }

// Last is the newest line without its colours; the zero line when there is none.
func (l *Log) Last() steps.Line {
	if l.count == 0 {
		return steps.Line{}
	}
	line := l.at(l.end() - 1)
	line.Source, line.Text = ansi.Strip(Clean(line.Source)), ansi.Strip(line.Text)
	return line
}

// Len is the number of lines kept.
func (l *Log) Len() int { return l.count }

// Following tells whether the newest line stays in sight.
func (l *Log) Following() bool { return l.follow }

// Follow goes to the end and stays there, or stops where it is.
func (l *Log) Follow(on bool) {
	if on == l.follow {
		return
	}
	l.top = l.shown()
	l.follow, l.unseen = on, 0
	l.version++
}

// shown is the number of the line at the top of the pane.
func (l *Log) shown() int {
	last := max(l.first, l.end()-l.height)
	if l.follow {
		return last
	}
	return min(max(l.top, l.first), last)
}

// Scroll moves by lines; moving up stops following, reaching the end goes on with it.
func (l *Log) Scroll(lines int) {
	l.top = l.shown() + lines
	l.follow = false
	if l.top >= l.end()-l.height {
		l.follow, l.unseen = true, 0
	}
	l.top = l.shown()
	l.version++
}

// Pan moves sideways by cells.
func (l *Log) Pan(cells int) { l.left = max(0, l.left+cells); l.version++ }

// Height is how many lines a page has, less one that stays in sight.
func (l *Log) Height() int { return max(1, l.height-1) }

// Hit is a line that was found.
type Hit struct {
	Number int
	Line   steps.Line
}

// Search lists the newest lines that hold a text, whatever its case, at most so many. It marks
// the text in the pane until the next search; an empty one finds nothing and takes the marks away.
func (l *Log) Search(query string, most int) []Hit {
	l.query = strings.ToLower(query)
	l.version++
	var hits []Hit
	for n := l.end() - 1; n >= l.first && query != "" && len(hits) < most; n-- {
		if line := l.at(n); strings.Contains(strings.ToLower(ansi.Strip(line.Text)), l.query) {
			hits = append(hits, Hit{n, line})
		}
	}
	return hits
}

// Show scrolls to a line by its number and stops there.
func (l *Log) Show(number int) {
	l.follow, l.unseen = false, 0
	l.top = number - l.height/2
	l.top = l.shown()
	l.version++
}

// Lines draws what is in sight.
func (l *Log) Lines() []string {
	if l.count == 0 {
		return l.page(append([]string{""}, wrapped(l.look.Styles.Dim, l.look.Text.T("log.none"), l.width, 1)...))
	}
	from, tag := l.shown(), min(l.tag, 14, max(3, l.width/4))
	lines := make([]string, 0, l.height)
	for n := from; n < l.end() && n < from+l.height; n++ {
		lines = append(lines, l.line(l.at(n), tag))
	}
	return l.page(lines)
}

func (l *Log) line(line steps.Line, tag int) string {
	st := l.look.Styles
	text := line.Text
	if l.left > 0 {
		text = ansi.TruncateLeft(text, l.left, "")
	}
	if l.query != "" && strings.Contains(strings.ToLower(ansi.Strip(text)), l.query) {
		text = st.Match.Render(ansi.Strip(text))
	}
	source := l.cell(Clean(line.Source), tag)
	return st.Tags[tagOf(line.Source, len(st.Tags))].Render(source) + st.Faint.Render(st.Glyph.Vertical) + l.cell(text, max(0, l.width-tag-1))
}

// tagOf gives each source a colour that stays the same from run to run.
func tagOf(source string, n int) int {
	h := fnv.New32a()
	h.Write([]byte(source))
	return int(h.Sum32() % uint32(n))
}

// Heads says whether it follows, and what was missed.
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
	if l.dropped > 0 {
		foot = st.Dim.Render(t.N("log.dropped", l.dropped))
	}
	return left, right, foot
}
