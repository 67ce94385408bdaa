package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"matou/steps"
	"matou/tui/i18n"
)

// feedLines is how many lines a printer may fall behind before it skips some.
const feedLines = 5000

// printer shows a session's events without a screen: as text for people, or as JSON Lines.
type printer struct {
	s       *session
	text    i18n.Texts
	out     *bufio.Writer
	json    bool
	colours bool // it goes to a terminal that has some; a file or a pipe gets the text
	adopt   bool // servers booted by hand are the person's own
	accept  bool // trust host keys seen for the first time

	trouble string // what was told of the journal's or the log's
}

func (o *options) printer(s *session, out io.Writer, asJSON bool) (*printer, error) {
	_, text, err := o.texts()
	if err != nil {
		return nil, err
	}
	colours := colorprofile.Detect(out, os.Environ()) > colorprofile.ASCII
	return &printer{s: s, text: text, out: bufio.NewWriter(out), colours: colours, json: asJSON, adopt: o.adopt, accept: o.accept || s.ours()}, nil
}

// outputLine is how a line of output stands among the events of --json.
type outputLine struct {
	V    int    `json:"v"`
	Type string `json:"type"` // "output"
	steps.Line
}

// until sends a command and prints what happens, until the step has come to an end.
func (p *printer) until(ctx context.Context, step steps.ID, c steps.Command) (*steps.Failure, error) {
	feed := p.s.engine.Feed(feedLines)
	defer feed.Close()
	if err := p.s.engine.Do(ctx, c); err != nil {
		return nil, err
	}
	answered := map[int64]bool{}
	for {
		b, err := feed.Next(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return steps.Fail(steps.FailCanceled, "cause.canceled", "canceled"), nil
			}
			return nil, err
		}
		end := p.batch(b, step)
		if err := p.out.Flush(); err != nil {
			return nil, fmt.Errorf("print: %w", err)
		}
		for _, q := range b.Questions {
			if !answered[q.ID] {
				answered[q.ID] = true
				p.answer(ctx, q)
			}
		}
		if end != nil {
			return end.Failure, nil
		}
	}
}

// batch prints what a pull brought, and finds the end of the step among it.
func (p *printer) batch(b steps.Batch, step steps.ID) (end *steps.Event) {
	// Events and lines come apart; the time puts them back together.
	lines := b.Lines
	for _, e := range b.Events {
		for len(lines) > 0 && !lines[0].At.After(e.At) {
			p.line(lines[0])
			lines = lines[1:]
		}
		p.event(e)
		if e.Step != step {
			continue
		}
		switch e.Type {
		case steps.StepDone, steps.StepFailed, steps.StepChecked, steps.StepStale, steps.StepUndone:
			end = &e
		default:
		}
	}
	for _, l := range lines {
		p.line(l)
	}
	if b.Trouble != nil && b.Trouble.Error() != p.trouble {
		p.trouble = b.Trouble.Error() // once: it goes on with every line
		fmt.Fprintf(os.Stderr, "matou: %s\n", steps.Plain(b.Trouble.Error()))
	}
	return end
}

func (p *printer) line(l steps.Line) {
	switch {
	case p.json:
		p.encode(outputLine{V: steps.EventVersion, Type: "output", Line: l})
	case p.colours:
		fmt.Fprintf(p.out, "  %s │ %s\n", steps.Plain(l.Source), l.Text)
	default:
		fmt.Fprintf(p.out, "  %s │ %s\n", steps.Plain(l.Source), ansi.Strip(l.Text))
	}
}

func (p *printer) encode(v any) {
	data, err := steps.SafeJSON(v)
	if err != nil {
		return // our own types always marshal
	}
	p.out.Write(data)
	p.out.WriteByte('\n')
}

func (p *printer) event(e steps.Event) {
	if p.json {
		p.encode(e)
		return
	}
	switch e.Type {
	case steps.StepStarted:
		title := string(e.Step)
		if step, ok := p.s.workshop.Step(e.Step); ok {
			title = step.Title.In(p.text.Lang)
		}
		fmt.Fprintf(p.out, "\n== %s · %s\n", e.Step, title)
	case steps.ActionStarted:
		if e.Command != "" && e.Phase != steps.PhaseCheck {
			fmt.Fprintf(p.out, "$ %s\n", steps.Plain(e.Command))
		}
	case steps.ActionDone:
		if e.Phase == steps.PhaseCheck {
			title := p.s.workshop.ActionTitle(e.Step, e.Phase, e.Index, p.text.Lang, e.Name)
			fmt.Fprintf(p.out, "  ✓ %s %s\n", title, steps.Plain(e.In(p.text)))
		}
	case steps.StepDone:
		fmt.Fprintf(p.out, "✓ %s  %s\n", e.Step, time.Duration(e.Took).Round(10*time.Millisecond))
	default:
	}
}

// answer speaks for a person who is not there.
func (p *printer) answer(ctx context.Context, q steps.Question) {
	a := steps.Answer{Nobody: true}
	switch q.Kind {
	case steps.AskHostKey:
		a.OK = p.accept || asExpected(q)
		a.Nobody = !a.OK
	case steps.AskPassword:
		if a.Text = p.s.account.password; a.Text != "" && q.Attempt <= 1 {
			a.OK, a.Nobody = true, false
		}
	case steps.AskAdopt, steps.AskGiveBack:
		if p.adopt {
			a = steps.Answer{OK: true, Text: q.Choices[0]}
		}
	default:
	}
	if !p.json {
		fmt.Fprintf(p.out, "  ? %s %s %s: %v\n", q.Kind, steps.Plain(q.Subject), steps.Plain(cmp.Or(q.Data["fingerprint"], q.Data["id"])), a.OK)
	}
	_ = p.s.engine.Do(ctx, steps.Reply{Question: q.ID, Answer: a}) // a question that is gone needs no answer
}

// asExpected tells whether the host key that a question is about is the one that was handed out: there is
// nothing left for a person to compare.
func asExpected(q steps.Question) bool {
	return q.Data["expected"] != "" && q.Data["expected"] == q.Data["fingerprint"]
}

// stepFailed tells on standard error what failed, why, and what to do, and ends the program with 1.
func (p *printer) stepFailed(w io.Writer, id steps.ID, f *steps.Failure) error {
	fmt.Fprintf(w, "matou: %s: %s\n", id, steps.Plain(f.In(p.text, nil)))
	if len(f.From) > 0 {
		var from []string
		for _, id := range f.From {
			from = append(from, string(id))
		}
		fmt.Fprintf(w, "       %s\n", p.text.T("cli.from", "steps", strings.Join(from, ", "), "last", from[len(from)-1]))
	} else if remedy := p.text.T("remedy."+f.Kind, "step", string(id)); remedy != "remedy."+f.Kind {
		fmt.Fprintf(w, "       %s\n", remedy)
	}
	return &exitError{code: exitFailed, shown: true, err: f}
}

// warn tells what is not as it should be, and does not keep anybody from working.
func (s *session) warn(w io.Writer) {
	for _, err := range s.warnings {
		fmt.Fprintf(w, "matou: %s\n", steps.Plain(err.Error()))
	}
}
