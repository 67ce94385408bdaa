package pane

import (
	"regexp"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"matou/steps"
)

// Hit is a line that was found.
type Hit struct {
	Number int
	Line   steps.Line
}

// Search lists the newest lines that hold a text, whatever its case, at most so many. It marks
// the text in the pane until the next search; an empty one finds nothing and takes the marks away.
func (l *Log) Search(query string, most int) []Hit {
	l.query, l.hit = strings.ToLower(query), -1
	l.version++
	var hits []Hit
	for n := l.end() - 1; n >= l.first && query != "" && len(hits) < most; n-- {
		if l.holds(n) {
			hits = append(hits, Hit{n, l.at(n).Line})
		}
	}
	return hits
}

// Query is what was searched for last, in lower case.
func (l *Log) Query() string { return l.query }

// holds tells whether a line holds what is searched for. Of a filtered log only what is shown counts.
func (l *Log) holds(n int) bool {
	e := l.at(n)
	return !e.mark && l.query != "" && (l.filter == nil || l.passes(e)) && strings.Contains(strings.ToLower(ansi.Strip(e.Text)), l.query)
}

// Next goes to the next line that was searched for, newer ones with 1 and older ones with -1. It
// tells whether there was one.
func (l *Log) Next(by int) bool { return l.seek(by, l.holds) }

// seek shows the next line, from the one found last or else the one at the top, that is wanted.
func (l *Log) seek(by int, wanted func(n int) bool) bool {
	n := l.hit
	if n < l.first {
		n = l.end()
		if i := l.shown(); !l.follow && i < len(l.view) {
			n = l.view[i] - max(0, by)
		}
	}
	for n += by; n >= l.first && n < l.end(); n += by {
		if wanted(n) {
			l.Show(n)
			return true
		}
	}
	return false
}

// Show scrolls to a line by its number and stops there. A run it is folded away in is opened.
func (l *Log) Show(number int) {
	if number < l.first || number >= l.end() {
		return
	}
	if r := l.at(number).run; r != nil && l.folded(r) {
		r.opened = true
		l.rebuild()
	}
	l.follow, l.unseen, l.hit = false, 0, number
	above := l.height / 2
	if l.wrap {
		above = l.height / 4
	}
	l.hold(l.index(number) - above)
	l.hold(l.shown())
	l.version++
}

// ToMark goes back to the newest of the reader's marks above what is in sight, or to the newest of
// all. It tells whether there was one.
func (l *Log) ToMark() bool {
	marked := func(n int) bool { return l.at(n).mark }
	if l.seek(-1, marked) {
		return true
	}
	l.hit = l.end()
	return l.seek(-1, marked)
}

// ToError goes to the first error of the newest Puppet run that has one, or else to the first error
// there is; from an error it goes on to the next one. It tells whether there was one.
func (l *Log) ToError() bool {
	isError := func(n int) bool {
		e := l.at(n)
		return e.bad || (!e.mark && (l.filter == nil || l.passes(e)) && levelOf(ansi.Strip(e.Text)) == errorLevel)
	}
	if l.hit >= l.first && l.hit < l.end() && isError(l.hit) && l.seek(1, isError) {
		return true
	}
	for n := l.end() - 1; n >= l.first; n-- {
		r := l.at(n).run
		if !l.at(n).bad || r == nil {
			continue
		}
		for i := max(r.first, l.first); i <= n; i++ {
			if e := l.at(i); e.bad && e.run == r {
				l.Show(i)
				return true
			}
		}
	}
	l.hit = l.first - 1
	for n := l.first; n < l.end(); n++ {
		if isError(n) {
			l.Show(n)
			return true
		}
	}
	return false
}

// Filter shows only lines that match a regular expression (RE2 syntax), or with a leading ! only
// those that don't. Without a capital letter in it, case does not matter. An empty one shows all.
func (l *Log) Filter(words string) error {
	not := strings.HasPrefix(words, "!")
	re, err := pattern(strings.TrimPrefix(words, "!"))
	if err != nil {
		return err
	}
	l.filter, l.not, l.words = re, not && re != nil, words
	l.rebuild()
	return nil
}

// Filtered is the filter as it was typed; empty when all is shown.
func (l *Log) Filtered() string {
	if l.filter == nil {
		return ""
	}
	return l.words
}

// pattern compiles what was typed as a filter. Without a capital letter in it, case does not matter.
// An empty one is nil.
func pattern(words string) (*regexp.Regexp, error) {
	if words == "" {
		return nil, nil //nolint:nilnil // no filter is not an error
	}
	if words == strings.ToLower(words) {
		words = "(?i)" + words
	}
	return regexp.Compile(words)
}

func (l *Log) passes(e *entry) bool {
	return (l.filter.MatchString(ansi.Strip(e.Text)) || l.filter.MatchString(e.Source)) != l.not
}

// Export is the text that is kept, as the filter shows it but with folded runs in full, without
// colours: time (RFC 3339), source, text.
func (l *Log) Export() []string {
	var out []string
	for n := l.first; n < l.end(); n++ {
		e := l.at(n)
		if e.mark || (l.filter != nil && !l.passes(e)) {
			continue
		}
		out = append(out, e.At.UTC().Format(time.RFC3339)+" "+Bare(e.Source)+": "+ansi.Strip(e.Text))
	}
	return out
}

// Of lists the lines that are kept of a step, between two moments.
func (l *Log) Of(step steps.ID, from, to time.Time) []steps.Line {
	var out []steps.Line
	for n := l.first; n < l.end(); n++ {
		if e := l.at(n); e.Step == step && !e.mark && !e.At.Before(from) && !e.At.After(to) {
			out = append(out, e.Line)
		}
	}
	return out
}
