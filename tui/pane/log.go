package pane

import (
	"regexp"
	"sort"
	"time"

	"github.com/charmbracelet/x/ansi"

	"matou/steps"
)

// DefaultLogLines is how many lines a log keeps when not told otherwise.
const DefaultLogLines = 10000

// logBytes bounds the text a log keeps, in bytes: long lines push out more than one old one.
const logBytes = 8 << 20

// Log shows the output of all sources as it comes. It keeps the newest lines only; the whole log
// is on disk. What is kept is here; logview.go draws it, logfind.go looks through it, and logruns.go
// knows the runs of the Puppet agent in it.
//
// A line has a number, counted from the first ever, that stays its own as long as it is kept.
type Log struct {
	base
	keep    int     // lines
	ring    []entry // grows to keep, then is written over
	start   int     // of the oldest line in ring
	count   int
	size    int // bytes of text kept
	first   int // number of the oldest line kept
	dropped int // lines that never came here
	view    []int
	top     int // number of the line at the top, when not following
	left    int
	follow  bool
	unseen  int

	times, wrap bool

	query  string
	hit    int // number of the line found last; -1 when none
	filter *regexp.Regexp
	not    bool // the filter shows what does not match
	words  string

	running map[string]*run // the agent runs under way, by source
	last    map[string]*run // those that ended last
	folding folding
	tag     int // width of the widest source so far: a column that narrows again makes the text jump
}

// entry is a line that is kept, and what is known of it.
type entry struct {
	steps.Line
	run  *run
	bad  bool // an error of the run
	mark bool // set by the reader
	// level is read off the text when it is first drawn: most lines of a flood never are.
	level level
}

// NewLog makes a log that keeps so many lines. It breaks long ones: beside a slide it is narrow, and
// what a line of Puppet's has to say stands at its end.
func NewLog(keep int) *Log {
	if keep <= 0 {
		keep = DefaultLogLines
	}
	return &Log{keep: keep, follow: true, wrap: true, hit: -1, running: map[string]*run{}, last: map[string]*run{}}
}

// Append adds lines, and counts those that were skipped before them.
func (l *Log) Append(lines []steps.Line, dropped int) {
	if len(lines) == 0 && dropped == 0 {
		return
	}
	l.dropped += dropped
	folds := false
	for _, line := range lines {
		line.Text = Clean(line.Text)
		if len(line.Source) > l.tag {
			l.tag = max(l.tag, ansi.StringWidth(line.Source))
		}
		folds = l.push(entry{Line: line}) || folds
	}
	if folds {
		l.rebuild()
	}
	l.version++
}

// push keeps one line, and tells whether a run has to be folded for it.
func (l *Log) push(e entry) (folds bool) {
	for l.count == l.keep || (l.count > 0 && l.size+len(e.Text) > logBytes) {
		l.size -= len(l.ring[l.start].Text)
		l.ring[l.start] = entry{}
		l.start = (l.start + 1) % len(l.ring)
		l.first++
		l.count--
		if len(l.view) > 0 && l.view[0] < l.first {
			l.view = l.view[1:]
		}
	}
	n := l.end()
	if !e.mark {
		folds = l.track(n, &e)
	}
	if l.count == len(l.ring) {
		l.grow()
	}
	l.ring[(l.start+l.count)%len(l.ring)] = e
	l.count++
	l.size += len(e.Text)
	if l.visible(n) {
		l.view = append(l.view, n)
		if !l.follow {
			l.unseen++
		}
	}
	return folds
}

// grow makes room for as many lines again. A log that says little takes little memory.
func (l *Log) grow() {
	ring := make([]entry, min(l.keep, max(64, 2*len(l.ring))))
	n := copy(ring, l.ring[l.start:])
	copy(ring[n:], l.ring[:l.start])
	l.ring, l.start = ring, 0
}

// Mark draws a line below what is there now, so that what comes next can be told from it.
func (l *Log) Mark(now time.Time) {
	l.push(entry{Line: steps.Line{At: now}, mark: true})
	if !l.follow {
		l.unseen--
	}
	l.version++
}

// at is the line of a number.
func (l *Log) at(n int) *entry { return &l.ring[(l.start+n-l.first)%len(l.ring)] }

func (l *Log) end() int { return l.first + l.count }

// Last is the newest line without its colours; the zero line when there is none.
func (l *Log) Last() steps.Line {
	for n := l.end() - 1; n >= l.first; n-- {
		if e := l.at(n); !e.mark {
			return steps.Line{Source: Bare(e.Source), Text: ansi.Strip(e.Text), At: e.At, Seq: e.Seq, Step: e.Step}
		}
	}
	return steps.Line{}
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
	l.hold(l.shown())
	l.follow, l.unseen = on, 0
	l.version++
}

// hold makes a line of the view the one at the top.
func (l *Log) hold(index int) {
	l.top = l.end()
	if index = max(0, index); index < len(l.view) {
		l.top = l.view[index]
	}
}

// index is where in the view a line stands, or where the next one does.
func (l *Log) index(n int) int { return sort.SearchInts(l.view, n) }

// lowest is the line of the view at the top when the newest is in sight.
func (l *Log) lowest() int {
	if !l.wrap {
		return max(0, len(l.view)-l.height)
	}
	rows, i := 0, len(l.view)
	for i > 0 {
		if rows += l.rows(l.view[i-1]); rows > l.height && i < len(l.view) {
			break
		}
		i--
	}
	return i
}

// shown is the line of the view at the top of the pane.
func (l *Log) shown() int {
	if l.follow {
		return l.lowest()
	}
	return min(l.index(max(l.top, l.first)), l.lowest())
}

// Scroll moves by lines; moving up stops following, reaching the end goes on with it.
func (l *Log) Scroll(lines int) {
	to := max(0, l.shown()+lines)
	l.follow = false
	if to >= l.lowest() {
		l.follow, l.unseen = true, 0
	}
	l.hold(to)
	l.version++
}

// Pan moves sideways by cells.
func (l *Log) Pan(cells int) { l.left = max(0, l.left+cells); l.version++ }

// Height is how many lines a page has, less one that stays in sight.
func (l *Log) Height() int { return max(1, l.height-1) }

// Wrap breaks long lines, or cuts them off; it tells which.
func (l *Log) Wrap() bool {
	l.wrap, l.left = !l.wrap, 0
	l.version++
	return l.wrap
}

// Times shows when each line came, or does not; it tells which.
func (l *Log) Times() bool {
	l.times = !l.times
	l.version++
	return l.times
}
