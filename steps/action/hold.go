package action

import (
	"context"
	"errors"
	"fmt"
	"time"

	"matou/steps"
)

var holdKinds = []kind{
	{
		schema: steps.Schema{
			Kind: "workshop.holds", Timeout: 5 * time.Minute,
			Fields: map[string]steps.Field{"steps": {Type: steps.FieldSteps, Required: true}},
		},
		run: hold, words: func(*call) string { return "matou check" },
	},
}

// hold runs the checks of several steps, and holds when all of them do.
func hold(ctx context.Context, c *call) (steps.Result, error) {
	total := 0
	for _, id := range c.lists["steps"] {
		step, ok := c.in.Workshop.Step(steps.ID(id))
		if !ok {
			return steps.Result{}, steps.Failf(steps.FailValue, "workshop.holds: no step %q", id)
		}
		if step.ID == c.in.Step {
			return steps.Result{}, steps.Failf(steps.FailValue, "workshop.holds: step %q can't hold itself up", id)
		}
		c.out.Status(steps.Doing("doing.step", "step", id))
		for i, check := range step.Checks {
			in := c.in
			in.Step, in.Phase, in.Index, in.Action = step.ID, steps.PhaseCheck, i, check
			result, err := c.Execute(ctx, in, c.out)
			if err != nil {
				return steps.Result{}, broken(ctx, step.ID, err)
			}
			// The command needs no translation: nobody knows here which language the reader has.
			c.show("matou", fmt.Sprintf("✓ %s: %s  %s", id, c.Command(in), result.Summary))
			total++
		}
	}
	return steps.Result{Summary: fmt.Sprintf("%d ✓", total)}, nil
}

// broken is the failure of a step that does not hold: its name goes along, so that it gets marked. A
// check that was cut short has found out nothing.
func broken(ctx context.Context, id steps.ID, err error) error {
	err = steps.Within(err, "cause.step", "{step}", "step", id)
	var f *steps.Failure
	if ctx.Err() == nil && errors.As(err, &f) {
		f.Broken = id
	}
	return err
}
