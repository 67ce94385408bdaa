package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"matou/steps"
)

// jsonHelp describes the lines of play, replay and check --json: they are those of [steps.Event].
const jsonHelp = `With --json, every line of standard output is one JSON object. A field that has nothing to say is left out.

  v         version of the format, 1; it changes when a field changes its meaning
  type      what happened (below), or "output": a line that a host or the cloud printed
  at        when, RFC 3339 with the zone
  seq       of an event: its number in the seat's journal, from 1, without a gap; of output: the number
            of the line in this run, counted by itself
  step      the step's id
  attempt   how often the step was begun, this time included
  run       a name of the attempt that is in the metadata of the servers it boots
  phase     action, check or undo
  index     of the action in its phase, from 0
  probing   of step.started: the checks come first, the actions only if they fail
  look      of action.started: it looks for what was done by hand, and makes nothing
  name      of the action, as workshop.yaml has it
  kind      of the action: server.boot, ssh.run...
  command   what a person would type for it
  values    variables that the action has set, by name
  names     variables that are forgotten
  summary   the outcome in a line
  said      the outcome in pieces that can be translated
  changed   true when the action changed something
  took_ms   how long it took, in milliseconds; of step.failed too
  held_ms   how long before that it was kept waiting: a command was being typed before a room
  failure   kind (one of a closed list, such as quota, login, check), cause, said (the cause in pieces that
            can be translated), broken (another step that was found not to hold), from (the steps that
            find out a value that is missing)
  plan      the steps to catch up with, in order
  workshop, seat, note   of journal.opened
  source, text           of output: who printed it, and the line without escape sequences but colours

Types: journal.opened, plan.made, plan.ended, step.started, action.started, action.done, action.failed,
action.skipped, step.done, step.failed, step.checked (it was looked at, and is not done), step.stale (it
was done, and no longer holds), step.undone, engine.recovered (the program had ended in the middle of it),
output. Types and fields may be added: skip those you do not know.`

func newPlay(o *options) *cobra.Command {
	var from, until string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "play",
		Short: "Walk through the workshop with no screen",
		Long: `Runs the steps in order, those that are done left out, and stops at the first that fails.

Without --until it goes on to the last step before the first that asks for confirmation. A password
that is not in the workshop is taken from MATOU_PASSWORD. A server of the right name that was booted by
hand is taken over with --adopt; without it, the step fails and says which server is in the way.

` + jsonHelp,
		Args: cobra.NoArgs,
	}
	recordFlag(cmd, o)
	adoptFlag(cmd, o)
	cmd.Flags().StringVar(&from, "from", "", "first step to run")
	cmd.Flags().StringVar(&until, "until", "", "last step to run")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON Lines")
	cmd.RunE = running(func(cmd *cobra.Command, _ []string) error {
		return o.playAll(cmd, asJSON, steps.ID(from), steps.ID(until))
	})
	return cmd
}

// adoptFlag lets a command answer for the person that a server made by hand is theirs.
func adoptFlag(cmd *cobra.Command, o *options) {
	cmd.Flags().BoolVar(&o.adopt, "adopt", false, "take over servers of yours that were booted by hand, and delete them with the others")
}

// playAll runs the steps between two that are not done.
func (o *options) playAll(cmd *cobra.Command, asJSON bool, from, until steps.ID) error {
	return o.play(cmd, asJSON, func(w *steps.Workshop, _ steps.State) ([]steps.ID, error) {
		return between(w, from, until)
	}, func(ctx context.Context, p *printer, id steps.ID) (*steps.Failure, error) {
		switch p.s.engine.State().Step(id).Status {
		case steps.Done:
			return nil, nil
		case steps.Failed, steps.Stale:
			return p.until(ctx, id, steps.Retry{Step: id})
		default:
			return p.until(ctx, id, steps.Start{Step: id})
		}
	})
}

func newReplay(o *options) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "replay STEP",
		Short: "Run one step again from its beginning",
		Long:  "Runs one step again from its beginning, whatever its state.\n\n" + jsonHelp,
		Args:  cobra.ExactArgs(1),
	}
	recordFlag(cmd, o)
	adoptFlag(cmd, o)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON Lines")
	cmd.RunE = running(func(cmd *cobra.Command, args []string) error {
		return o.play(cmd, asJSON, one(args[0]), func(ctx context.Context, p *printer, id steps.ID) (*steps.Failure, error) {
			return p.until(ctx, id, steps.Retry{Step: id, FromStart: true})
		})
	})
	return cmd
}

func newCheck(o *options) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check [STEP]",
		Short: "Prove that a step still holds, or all that were done",
		Long: `Runs the checks of one step, or of all that were done. Nothing is changed; what was done by hand in a
shell counts, and a server of the right name that was booted by hand is taken over with --adopt.

` + jsonHelp,
		Args: cobra.MaximumNArgs(1),
	}
	adoptFlag(cmd, o)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON Lines")
	cmd.RunE = running(func(cmd *cobra.Command, args []string) error {
		which := func(w *steps.Workshop, s steps.State) ([]steps.ID, error) {
			var done []steps.ID
			for _, step := range w.Steps {
				if st := s.Step(step.ID).Status; (st == steps.Done || st == steps.Stale) && len(step.Checks) > 0 {
					done = append(done, step.ID)
				}
			}
			return done, nil
		}
		if len(args) > 0 {
			which = one(args[0])
		}
		return o.play(cmd, asJSON, which, func(ctx context.Context, p *printer, id steps.ID) (*steps.Failure, error) {
			return p.until(ctx, id, steps.Check{Step: id})
		})
	})
	return cmd
}

// play does something to some steps, one after the other, and prints what happens.
func (o *options) play(cmd *cobra.Command, asJSON bool,
	which func(*steps.Workshop, steps.State) ([]steps.ID, error),
	do func(context.Context, *printer, steps.ID) (*steps.Failure, error),
) (err error) {
	ctx := cmd.Context()
	s, err := o.open(ctx, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	s.warn(cmd.ErrOrStderr())
	rec, err := o.startRecording(ctx, s, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rec.end(err)) }()
	p, err := o.printer(s, rec.text(cmd.OutOrStdout()), asJSON)
	if err != nil {
		return err
	}
	ids, err := which(s.workshop, s.engine.State())
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		nothing := "refusal." + string(steps.RefusedNothing)
		if cmd.Name() == "check" {
			nothing = "cli.check.nothing"
		}
		fmt.Fprintln(cmd.ErrOrStderr(), p.text.T(nothing))
	}
	for _, id := range ids {
		failure, err := do(ctx, p, id)
		var refused *steps.Refusal
		switch {
		case errors.As(err, &refused) && refused.Code == steps.RefusedUnknown:
			return unknownStep(refused)
		case err != nil:
			return err
		case failure != nil:
			return p.stepFailed(cmd.ErrOrStderr(), id, failure)
		}
	}
	return nil
}

// unknownStep is the mistake of naming a step that is not there.
func unknownStep(r *steps.Refusal) error {
	if len(r.Needs) == 0 { // nothing comes near
		return usagef("%w: matou status lists them", r)
	}
	return &exitError{code: exitUsage, err: r}
}

// one is a step named on the command line.
func one(id string) func(*steps.Workshop, steps.State) ([]steps.ID, error) {
	return func(w *steps.Workshop, _ steps.State) ([]steps.ID, error) {
		return between(w, steps.ID(id), steps.ID(id))
	}
}

// between lists the steps from one to another, both included. Without an end it stops before the
// first step that asks for confirmation.
func between(w *steps.Workshop, from, until steps.ID) ([]steps.ID, error) {
	for _, id := range []steps.ID{from, until} {
		if _, ok := w.Step(id); id != "" && !ok {
			return nil, unknownStep(w.Unknown(id))
		}
	}
	var ids []steps.ID
	began := from == ""
	for _, step := range w.Steps {
		began = began || step.ID == from
		if until == "" && len(step.Confirm) > 0 && step.ID != from {
			break
		}
		if began {
			ids = append(ids, step.ID)
		}
		if step.ID == until {
			break
		}
	}
	if len(ids) == 0 || (until != "" && ids[len(ids)-1] != until) {
		return nil, usagef("%s stands before %s: nothing to do between them", until, from)
	}
	return ids, nil
}
