package handout_test

import (
	"bytes"
	"strings"
	"testing"

	"matou/steps"
	"matou/tui/handout"
)

// TestShown tells of a step that failed before a room, and that its recording stood in for it.
func TestShown(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	journal, err := steps.OpenJournal(dir)
	if err != nil {
		t.Fatal(err)
	}
	no := &steps.Failure{Kind: steps.FailQuota, Cause: "no room"}
	for i, e := range []steps.Event{
		{Type: steps.JournalOpened, Workshop: "cats", Seat: "07"},
		{Type: steps.StepStarted, Step: "jump", Attempt: 1, Phase: steps.PhaseAction},
		{Type: steps.ActionStarted, Step: "jump", Attempt: 1, Phase: steps.PhaseAction, Command: "ssh chat@jump"},
		{Type: steps.StepFailed, Step: "jump", Attempt: 1, Failure: no},
		{Type: steps.StepShown, Step: "jump", Attempt: 1},
		{Type: steps.StepShown, Step: "boot"},
	} {
		e.V, e.Seq, e.At = 1, int64(i)+1, at(float64(i))
		if err := journal.Append(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := journal.Close(); err != nil {
		t.Fatal(err)
	}
	tale, err := handout.Read(workshop(), dir, handout.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var md, cast bytes.Buffer
	if err := tale.Markdown(&md, english(t)); err != nil {
		t.Fatal(err)
	}
	if err := tale.Cast(&cast, english(t), nil); err != nil {
		t.Fatal(err)
	}
	const shown = "its recording was shown in its place. Nothing was done then.**"
	if got := md.String(); strings.Count(got, shown) != 2 || strings.Count(got, "*shown, to be caught up*") != 2 ||
		!strings.Contains(got, "no room") || !strings.Contains(got, "0 of 3 steps done") {
		t.Errorf("the hand-out:\n%s", got)
	}
	if got := cast.String(); strings.Count(got, "shown from its recording, not done.") != 2 || strings.Contains(got, "Done: ") {
		t.Errorf("the recording:\n%s", got)
	}
}
