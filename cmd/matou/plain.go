package main

import (
	"context"
	"errors"
	"os"

	"github.com/charmbracelet/x/term"
	"github.com/muesli/cancelreader"
	"github.com/spf13/cobra"

	"matou/steps"
	"matou/tui/plain"
)

// plain runs the workshop as a dialogue on standard input and output, whatever these are.
func (o *options) plain(cmd *cobra.Command, c *consoleFlags) (err error) {
	ctx := cmd.Context()
	s, err := o.open(ctx, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	po, err := o.plainOptions(s, c)
	if err != nil {
		return err
	}
	rec, err := o.startRecording(ctx, s, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rec.end(err)) }()
	po.Out, po.Typed, po.Conceal = rec.text(cmd.OutOrStdout()), rec.typed(), rec != nil || s.workshop.Conceal
	keeper := s.keepPlace(c.deck)
	defer func() { err = errors.Join(err, keeper.close()) }()
	po.OnSlide = keeper.set
	in, err := cancelreader.NewReader(os.Stdin)
	if err == nil {
		po.In = in
		defer in.Close()
	} else { // a file, of which no Read waits for anybody
		po.In = os.Stdin
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop() // what the dialogue waits for ends with it
	s.comeBack(ctx)
	err = plain.Run(ctx, s.engine, po)
	var failed *plain.FailedError
	if errors.As(err, &failed) {
		return &exitError{code: exitFailed, shown: true, err: err}
	}
	return err
}

func (o *options) plainOptions(s *session, c *consoleFlags) (plain.Options, error) {
	parts, err := o.consoleParts(c)
	if err != nil {
		return plain.Options{}, err
	}
	to, err := o.consoleOptions(s, parts, c)
	if err != nil {
		return plain.Options{}, err
	}
	po := plain.Options{
		Texts: to.Texts, Lang: to.Lang, Decks: to.Decks, Slides: to.Slides, Step: to.Step, Cloud: to.Cloud, Sandbox: to.Sandbox, Seat: to.Seat,
		ReadOnly: to.ReadOnly, Holder: to.Holder, Warnings: to.Warnings, Servers: to.Servers, Made: to.Made,
		Interactive: term.IsTerminal(os.Stdin.Fd()),
	}
	if len(s.workshop.Traffic.Sites) > 0 {
		po.Traffic = s.trafficOnce
	}
	if w, _, err := term.GetSize(os.Stdout.Fd()); err == nil {
		po.Width = w
	}
	if !po.Interactive {
		po.Answer = o.absent(s)
	} else {
		po.Echo = func(on bool) error { return echo(os.Stdin.Fd(), on) }
		if s.holder == nil {
			po.Shell = func(hop string) error { return s.interactive(hop, "") }
			po.Edit = s.editHere
		}
	}
	return po, nil
}

// absent answers for a person who is not there, what the flags and the environment answer.
func (o *options) absent(s *session) func(steps.Question) (steps.Answer, bool) {
	return func(q steps.Question) (steps.Answer, bool) {
		switch {
		case q.Kind == steps.AskHostKey && q.Data["changed"] != "true" && (o.accept || s.ours() || asExpected(q)):
			return steps.Answer{OK: true}, true
		case q.Kind == steps.AskPassword && s.account.password != "" && q.Attempt <= 1:
			return steps.Answer{OK: true, Text: s.account.password}, true
		}
		return steps.Answer{}, false
	}
}

// editHere opens what a step lets people edit, and comes back when they are done.
func (s *session) editHere(step steps.ID) error {
	e := s.edit(step)
	if e == nil {
		return steps.Fail(steps.FailNotFound, "cause.no-edit", "there is nothing to edit at {step}", "step", step)
	}
	return e.Run()
}
