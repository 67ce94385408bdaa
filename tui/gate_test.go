package tui

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"matou/steps"
)

// began tells when each action began.
type began struct{ at []time.Duration }

func (b *began) Command(steps.Input) string { return "0123456789" }

func (b *began) Execute(context.Context, steps.Input, steps.Output) (steps.Result, error) {
	b.at = append(b.at, time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)))
	return steps.Result{}, nil
}

func TestGate(t *testing.T) {
	t.Parallel()
	at := func(attempt, index int, change ...func(*steps.Input)) steps.Input {
		in := steps.Input{Step: "boot", Attempt: attempt, Index: index, Phase: steps.PhaseAction}
		for _, c := range change {
			c(&in)
		}
		return in
	}
	background := func(in *steps.Input) { in.Action.Background = true }
	tests := []struct {
		name string
		step steps.ID // on stage
		in   []steps.Input
		want []int // how many of them are typed, each a second, before it begins
	}{
		{"the first was typed, the others wait", "boot", []steps.Input{at(1, 0), at(1, 1), at(1, 2)}, []int{0, 1, 2}},
		{"what is gone on with was typed", "boot", []steps.Input{at(1, 0), at(2, 2), at(2, 3)}, []int{0, 0, 1}},
		{"another try waits no more", "boot", []steps.Input{at(1, 0), at(1, 0), at(1, 1), at(1, 1)}, []int{0, 0, 1, 1}},
		{"a log that is followed waits for nobody", "boot", []steps.Input{at(1, 0, background), at(1, 1), at(1, 2)}, []int{0, 0, 1}},
		{"nor does a check", "boot", []steps.Input{at(1, 0), at(1, 0, func(in *steps.Input) { in.Phase = steps.PhaseCheck }), at(1, 1)}, []int{0, 0, 1}},
		{"nor another step", "ssh", []steps.Input{at(1, 0), at(1, 1)}, []int{0, 0}},
		{"nor anything when nothing is on stage", "", []steps.Input{at(1, 0), at(1, 1)}, []int{0, 0}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var g Gate
				b := &began{}
				x := g.Before(b)
				g.open(tt.step, 100*time.Millisecond)
				for _, in := range tt.in {
					if _, err := x.Execute(t.Context(), in, nil); err != nil {
						t.Fatal(err)
					}
				}
				for i, at := range b.at {
					if want := time.Duration(tt.want[i]) * time.Second; at != want {
						t.Errorf("action %d began after %s, not %s", i, at, want)
					}
				}
			})
		})
	}
}

func TestGateEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var g Gate
		b := &began{}
		g.open("boot", time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for i := range 2 {
			_, err := g.Before(b).Execute(ctx, steps.Input{Step: "boot", Attempt: 1, Index: i, Phase: steps.PhaseAction}, nil)
			if i == 1 && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("canceled while it was typed: %v", err)
			}
		}
		if len(b.at) != 1 {
			t.Errorf("%d actions began", len(b.at))
		}
		(*Gate)(nil).open("boot", time.Second) // a console without one
	})
}

// TestPlaybackPauses bounds how long a recording takes to be shown.
func TestPlaybackPauses(t *testing.T) {
	t.Parallel()
	lines := []steps.RecordedLine{{Kind: "a", Command: "0123456789"}, {Ms: 200}, {Ms: 90_000}, {Ms: 80_000}}
	p := newPlayback("boot", lines, 100*time.Millisecond, time.Now())
	for i, want := range []time.Duration{0, 1600 * time.Millisecond, 2300 * time.Millisecond, 2300 * time.Millisecond} {
		if p.at[i] != want {
			t.Errorf("line %d comes after %s, not %s", i, p.at[i], want)
		}
	}
	for i := range int64(1000) {
		lines = append(lines, steps.RecordedLine{Ms: 100_000 + i*1000})
	}
	p = newPlayback("boot", lines, 0, time.Now())
	if last := p.at[len(lines)-1]; last < 14*time.Second || last > 16*time.Second {
		t.Errorf("a long one takes %s", last)
	}
}
