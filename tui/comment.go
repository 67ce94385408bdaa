package tui

import (
	"strings"
	"time"

	"matou/steps"
	"matou/tui/pane"
)

// How long a comment of the cat stands: long enough to be read before another takes its place, and not
// for ever. While a step runs there is one now and then: that is when a room waits.
const (
	commentAtLeast = 1500 * time.Millisecond
	commentAtMost  = 12 * time.Second
	commentAgain   = 20 * time.Second
)

// comment is what the cat says of what a room sees, one thing at a time, on a border.
type comment struct {
	text   string
	of     moments
	since  time.Time
	n      int  // how many there were
	behind bool // another wants to be said
}

// moments are what a comment is about: a new one is said when it changes.
type moments struct {
	what  string
	step  steps.ID
	slide int
	lull  int // how many times commentAgain a step has run
}

// due is when it goes, or gives way; zero when it stays as it is.
func (c comment) due(now time.Time) time.Time {
	switch {
	case c.behind:
		return c.since.Add(commentAtLeast)
	case c.text != "" && now.Before(c.since.Add(commentAtMost)):
		return c.since.Add(commentAtMost)
	}
	return time.Time{}
}

// remark has the cat say something about what is new.
func (m *Model) remark(now time.Time) {
	c := &m.demo.comment
	if !m.demo.on || m.opts.NoCat {
		*c = comment{n: c.n}
		return
	}
	of := moments{m.moment(now), m.step, m.slide.Index(), 0}
	if id := m.running(); id != "" {
		of.lull = int(m.worked(id, now) / commentAgain)
	}
	if c.behind = of != c.of && now.Before(c.since.Add(commentAtLeast)); c.behind {
		return
	}
	if of != c.of {
		lines := strings.Split(m.text.T("comment."+of.what), "\n")
		*c = comment{text: lines[c.n%len(lines)], of: of, since: now, n: c.n + 1}
	}
	if !now.Before(c.since.Add(commentAtMost)) {
		c.text = ""
	}
}

// The moments that are not moods.
const (
	momentTyped     = "typed"
	momentRecording = "recording"
)

// moment is what the cat comments: how it feels, or something only a demonstration has.
func (m *Model) moment(now time.Time) string {
	switch {
	case m.demo.recorded:
		return momentRecording
	case m.demo.waits:
		return momentTyped
	}
	mood := m.mood(now)
	if mood == pane.Asleep { // a speaker who talks touches no key
		mood = pane.Awake
	}
	return string(mood)
}

// said is the comment as it stands on the border of the pane that the room looks at.
func (m *Model) said(p placed) string {
	if m.demo.comment.text == "" || (!m.lay.Tabs && (!m.demo.up || p.ID != m.demo.pane)) {
		return ""
	}
	return m.styles.Cat.Render(m.text.T("comment.face") + " " + m.demo.comment.text)
}
