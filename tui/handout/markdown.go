package handout

import (
	"bufio"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"matou/steps"
	"matou/tui/i18n"
)

// Markdown writes the tale as a hand-out in CommonMark (https://spec.commonmark.org/0.31.2/), in the
// words of a language. What hosts said stands in fenced blocks and can't get out of them.
func (t *Tale) Markdown(out io.Writer, text i18n.Texts) error {
	p := &page{Tale: t, text: text, out: bufio.NewWriter(out)}
	p.head()
	var open []string
	for _, step := range t.Workshop.Steps {
		if !p.step(step) {
			open = append(open, escape(step.Title.In(text.Lang)))
		}
	}
	if open != nil {
		p.para("## " + text.T("handout.open"))
		for _, title := range open {
			p.line("- " + title)
		}
	}
	return p.out.Flush()
}

// page is a hand-out being written.
type page struct {
	*Tale
	text i18n.Texts
	out  *bufio.Writer
}

func (p *page) line(s string) { p.out.WriteString(s + "\n") }
func (p *page) para(s string) { p.out.WriteString(s + "\n\n") }

func (p *page) head() {
	first, last := p.Attempts[0], p.Attempts[len(p.Attempts)-1]
	end := last.End.At
	if end.IsZero() {
		end = last.At
	}
	done := 0
	for _, s := range p.Workshop.Steps {
		if p.State.Step(s.ID).Status == steps.Done {
			done++
		}
	}
	p.para("# " + escape(p.Workshop.Title.In(p.text.Lang)))
	p.para(p.text.T("handout.head", "seat", escape(p.Seat), "from", clock(first.At), "to", clock(end),
		"n", strconv.Itoa(done), "all", strconv.Itoa(len(p.Workshop.Steps))))
}

// step tells all attempts at a step, and whether there was any.
func (p *page) step(step steps.Step) bool {
	var all []*Attempt
	tries := 0
	for _, a := range p.Attempts {
		if a.Step == step.ID {
			all = append(all, a)
			if a.tried() {
				tries++
			}
		}
	}
	if all == nil {
		return false
	}
	p.para("## " + strconv.Itoa(p.number(step.ID)) + ". " + escape(step.Title.In(p.text.Lang)))
	st := p.State.Step(step.ID)
	status := p.text.T("status." + string(st.Status))
	if st.Status == steps.Done && st.Took > 0 {
		status += " " + p.text.T("bar.in", "time", span(st.Took))
	}
	p.para("*" + escape(status) + "*")
	n := 0
	for _, a := range all {
		if !a.tried() {
			p.checked(a)
			continue
		}
		if n++; tries > 1 {
			p.para("### " + p.text.T("handout.attempt", "n", strconv.Itoa(n), "time", clock(a.At)))
		}
		p.attempt(a)
	}
	return true
}

// attempt tells what one attempt did, what proved it, and how it ended.
func (p *page) attempt(a *Attempt) {
	var proofs []*Action
	for _, act := range a.Actions {
		switch {
		case act.Phase == steps.PhaseCheck:
			proofs = append(proofs, act)
		case act.Skipped:
			p.para(p.text.T("handout.skipped", "action", code(p.title(a, act, p.text))))
		default:
			p.action(act)
		}
	}
	if proofs != nil {
		p.para(p.text.T("handout.proofs"))
		for _, act := range proofs {
			p.line("- " + p.proof(p.title(a, act, p.text), act))
		}
		p.line("")
	}
	p.end(a)
}

// proof is one check in a line.
func (p *page) proof(title string, act *Action) string {
	word := p.text.T("handout.no")
	if act.Done {
		word = p.text.T("handout.yes")
	}
	s := word + " " + code(title)
	if act.Summary != "" {
		s += " " + code(act.told(p.text))
	}
	return s
}

// action shows a command and what came of it.
func (p *page) action(act *Action) {
	var lines []string
	for i, l := range strings.Split(act.Command, "\n") {
		switch {
		case act.Command == "":
		case i == 0:
			lines = append(lines, "$ "+l)
		default:
			lines = append(lines, "> "+l)
		}
	}
	bare := act.oneSource()
	lines = append(lines, said(act.Head, bare)...)
	if act.Left > 0 {
		lines = append(lines, "[… "+p.text.N("handout.left", act.Left)+" …]")
	}
	lines = append(lines, said(act.Tail, bare)...)
	if lines != nil {
		p.fenced("console", lines)
	}
	if act.Summary != "" {
		p.para(code(act.told(p.text)))
	}
}

// said is output as it stands in a hand-out: bare, or each line with its source.
func said(lines []steps.Line, bare bool) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		if out[i] = ansi.Strip(l.Text); !bare {
			out[i] = ansi.Strip(l.Source) + ": " + out[i]
		}
	}
	return out
}

// oneSource tells whether all output that was kept comes from the same source.
func (a *Action) oneSource() bool {
	for _, list := range [][]steps.Line{a.Head, a.Tail} {
		for _, l := range list {
			if l.Source != a.Head[0].Source {
				return false
			}
		}
	}
	return true
}

// checked tells an attempt that only checked.
func (p *page) checked(a *Attempt) {
	switch a.End.Type {
	case steps.StepShown:
		p.para("**" + p.text.T("handout.shown", "time", clock(a.End.At)) + "**")
	case steps.StepDone:
		p.para(p.text.T("handout.holds", "time", clock(a.End.At)))
	case "":
	default:
		p.para(p.text.T("handout.fails", "time", clock(a.End.At)))
		p.cause(a)
	}
}

// end tells how an attempt ended, if not well.
func (p *page) end(a *Attempt) {
	switch a.End.Type {
	case steps.StepDone:
	case steps.StepUndone:
		p.para(p.text.T("handout.undone", "time", clock(a.End.At)))
	case "":
		p.para(p.text.T("handout.unfinished"))
	default:
		p.para("**" + p.text.T("handout.failed", "time", clock(a.End.At)) + "**")
		p.cause(a)
	}
}

// cause tells why, and what helps.
func (p *page) cause(a *Attempt) {
	f := a.End.Failure
	if f == nil {
		return
	}
	p.fenced("text", strings.Split(p.why(f, p.text), "\n"))
	if remedy := "remedy." + f.Kind; p.text.Has(remedy) {
		p.para("> " + escape(p.text.T(remedy)))
	}
}

// fenced writes lines in a block whose fence is longer than any in them.
func (p *page) fenced(lang string, lines []string) {
	fence := "```"
	for _, l := range lines {
		if run := ticks(l); run >= len(fence) {
			fence = strings.Repeat("`", run+1)
		}
	}
	p.line(fence + lang)
	for _, l := range lines {
		p.line(l)
	}
	p.para(fence)
}

// code makes a code span, its backticks more than any run in it.
func code(s string) string {
	if s = strings.Join(strings.Fields(s), " "); s == "" {
		return ""
	}
	run := ticks(s)
	mark, pad := strings.Repeat("`", run+1), ""
	if run > 0 {
		pad = " "
	}
	return mark + pad + s + pad + mark
}

// ticks is the longest run of backticks.
func ticks(s string) int {
	longest, run := 0, 0
	for _, r := range s {
		if run++; r != '`' {
			run = 0
		}
		longest = max(longest, run)
	}
	return longest
}

// escape makes text stand for itself.
func escape(s string) string {
	var b strings.Builder
	for _, r := range strings.Join(strings.Fields(s), " ") {
		if strings.ContainsRune("\\`*_[]<>#|~&", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// text is text of several lines without what drives a terminal.
func text(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = ansi.Strip(steps.Sanitize(l))
	}
	return strings.Join(lines, "\n")
}

func clock(at time.Time) string { return at.Local().Format("2006-01-02 15:04") }

func span(took time.Duration) string {
	if took < 10*time.Second {
		return took.Round(100 * time.Millisecond).String()
	}
	return took.Round(time.Second).String()
}
