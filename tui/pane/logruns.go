package pane

import (
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"matou/steps"
)

// run is one run of the Puppet agent, as its own output or as the lines of a system log.
type run struct {
	first           int    // number of its first line
	lines           int    //
	pid             string // in a system log; empty for the agent's own output
	step            steps.ID
	changed, failed int
	applying        bool
	ended           bool
	old             bool // another run of the source has begun
	opened          bool // by the reader
	began, at       time.Time
}

// folding says which runs are shown as one line.
type folding int

const (
	foldOld  folding = iota // those that another run of the same source followed
	foldAll                 // those that have ended
	foldNone                //
)

// foldLines is how many lines a run must have to be worth folding.
const foldLines = 3

// runLines bounds a run: an agent that was cut off never says that it has ended.
const runLines = 2000

func (l *Log) folded(r *run) bool {
	if r.opened || r.lines < foldLines {
		return false
	}
	switch l.folding {
	case foldAll:
		return r.ended || r.old
	case foldOld:
		return r.old
	default:
		return false
	}
}

// Fold folds all runs of the Puppet agent, or opens them all when some are folded. It tells how many
// are folded now.
func (l *Log) Fold() int {
	runs, folded := map[*run]bool{}, 0
	for n := l.first; n < l.end(); n++ {
		if r := l.at(n).run; r != nil && !runs[r] {
			runs[r] = true
			if l.folded(r) {
				folded++
			}
		}
	}
	l.folding = foldAll
	if folded > 0 {
		l.folding = foldNone
	}
	folded = 0
	for r := range runs {
		r.opened = false
		if l.folded(r) {
			folded++
		}
	}
	l.rebuild()
	return folded
}

// track finds out which run a line belongs to. It tells whether a run is folded because of it.
func (l *Log) track(n int, e *entry) (folds bool) {
	text := bare(e.Text)
	pid, said := agentInSyslog(text)
	r := l.running[e.Source]
	if r != nil && r.pid == "" && r.step != e.Step { // cut off: what another step prints is not its
		r.ended = true
		delete(l.running, e.Source)
		l.last[e.Source], r = r, nil
	}
	switch {
	case pid != "":
		if r == nil || r.pid != pid {
			r, folds = l.begin(n, e, pid)
		}
	case begins(text) && (r == nil || r.applying):
		r, folds = l.begin(n, e, "")
	case r == nil, r.pid != "":
		return false // other programs write to a system log too
	}
	if pid == "" {
		said = text
	}
	e.run, e.bad = r, r.take(said)
	r.lines++
	r.at = e.At
	if r.ended || r.lines >= runLines {
		r.ended = true
		delete(l.running, e.Source)
		l.last[e.Source] = r
		folds = folds || l.folding == foldAll
	}
	return folds
}

func (l *Log) begin(n int, e *entry, pid string) (r *run, folds bool) {
	for _, before := range []*run{l.running[e.Source], l.last[e.Source]} {
		if before != nil && !before.old {
			before.old = true
			folds = folds || l.folding != foldNone
		}
	}
	r = &run{first: n, pid: pid, step: e.Step, began: e.At}
	l.running[e.Source] = r
	return r, folds
}

// bare is a text without the colours it begins with.
func bare(text string) string {
	for {
		n := sgr(text)
		if n == 0 {
			return text
		}
		text = text[n:]
	}
}

const agentTag = "puppet-agent["

// agentInSyslog finds the agent's process id and words in a line of a system log.
func agentInSyslog(text string) (pid, said string) {
	_, rest, ok := strings.Cut(text, agentTag)
	if !ok {
		return "", ""
	}
	pid, said, ok = strings.Cut(rest, "]: ")
	if !ok || pid == "" || len(pid) > 10 || strings.Trim(pid, "0123456789") != "" {
		return "", ""
	}
	return pid, bare(said)
}

// begins tells whether the agent's own output begins with a line like that.
func begins(text string) bool {
	said, ok := strings.CutPrefix(text, "Info: ")
	if !ok {
		return false
	}
	for _, word := range []string{"Using ", "Retrieving plugin", "Refreshing CA", "Loading facts", "Caching catalog", "Applying configuration"} {
		if strings.HasPrefix(said, word) {
			return true
		}
	}
	return false
}

// take counts one line of a run, the way steps/action counts for the result of a step, and tells
// whether it is an error.
func (r *run) take(said string) (bad bool) {
	if end := strings.TrimPrefix(said, "Notice: "); strings.HasPrefix(end, "Applied catalog in") || strings.HasPrefix(end, "Finished catalog run") {
		r.ended = true
		return false
	}
	switch resource := strings.HasPrefix(said, "(/Stage["); {
	case strings.HasPrefix(said, "Info: Applying configuration"):
		r.applying = true
	case strings.HasPrefix(said, "Error: "), strings.HasPrefix(said, "Could not "), resource && strings.Contains(said, "failed:"):
		if resource || strings.HasPrefix(said, "Error: /Stage[") {
			r.failed++
		}
		r.failed = max(r.failed, 1) // no catalogue at all is a failure too
		r.ended = strings.Contains(said, "skipping run")
		return true
	case strings.HasPrefix(said, "Notice: /Stage["), resource:
		spoken := strings.Contains(said, "/returns: ") && !strings.Contains(said, "executed successfully")
		spoken = spoken || strings.Contains(said, "/returns) ") && !strings.Contains(said, "executed successfully")
		if !spoken && !strings.HasSuffix(ansi.Strip(said), "has failures: true") { // a command's own words; a dependency's failure
			r.changed++
		}
	}
	return false
}

// headline stands for a folded run.
func (l *Log) headline(r *run) string {
	st, t := l.look.Styles, l.look.Text
	changed := st.Dim
	if r.changed > 0 {
		changed = st.OK
	}
	failed := st.Dim
	if r.failed > 0 {
		failed = st.Error
	}
	dot := st.Dim.Render(" " + st.Glyph.Dot + " ")
	line := st.Accent.Render("+ "+t.T("log.run")) + " " + changed.Render(t.N("log.changed", r.changed)) + dot + failed.Render(t.N("log.failed", r.failed))
	if took := r.at.Sub(r.began); took >= time.Second {
		line += dot + st.Dim.Render(Clock(took))
	}
	return line + dot + st.Dim.Render(t.N("log.lines", r.lines))
}
