package steps_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"pgregory.net/rapid"

	"matou/steps"
)

func open(t *testing.T, dir string) *steps.Journal {
	t.Helper()
	j, err := steps.OpenJournal(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

// run plays an engine on a seat's folder, until the step stands as wanted.
func run(t *testing.T, dir string, x steps.Executor, c steps.Command, id steps.ID, want steps.Status) steps.State {
	t.Helper()
	j := open(t, dir)
	e, stop := start(t, course(), x, steps.Options{Seat: "01", Journal: j})
	f := e.Feed(10)
	defer f.Close()
	if c != nil {
		if err := e.Do(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	state := until(t, f, id, want).State
	stop()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return state
}

func TestProgressIsThereAfterARestart(t *testing.T) {
	dir := t.TempDir()
	run(t, dir, &doer{}, steps.Start{Step: "a"}, "a", steps.Done)
	state := run(t, dir, &doer{}, nil, "a", steps.Done)
	if state.Vars["a.id"] != "42" || state.Step("b").Status != steps.Ready {
		t.Errorf("after the restart: %+v", state)
	}
}

// TestCutAnywhere kills the program at every byte it ever wrote: whatever is left on disk, the next
// one opens it, marks what was in flight as interrupted, and gets the step done without booting twice
// unless the intent to boot never reached the disk.
func TestCutAnywhere(t *testing.T) {
	dir := t.TempDir()
	run(t, dir, &doer{}, steps.Start{Step: "a"}, "a", steps.Done)
	whole, err := os.ReadFile(filepath.Join(dir, "journal.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for cut := 0; cut <= len(whole); cut += 7 {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "journal.jsonl"), whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		left := string(whole[:strings.LastIndexByte(string(whole[:cut]), '\n')+1])
		intent, done := strings.Contains(left, `"name":"boot"`), strings.Contains(left, `"type":"action.done"`)
		resumed := false
		x := &doer{do: map[string]func(context.Context, steps.Input, steps.Output) (steps.Result, error){
			"boot": func(_ context.Context, in steps.Input, _ steps.Output) (steps.Result, error) {
				resumed = in.Resumed
				return steps.Result{Values: map[string]string{"id": "42"}}, nil
			},
		}}
		j := open(t, dir)
		state := steps.Replay(course(), j.Events())
		if (len(left) < cut) != (j.Torn() != "") {
			t.Fatalf("cut at %d: torn %q", cut, j.Torn())
		}
		_ = j.Close()
		switch st := state.Step("a"); st.Status {
		case steps.Done:
			continue
		case steps.Ready:
			run(t, dir, x, steps.Start{Step: "a"}, "a", steps.Done)
		default:
			run(t, dir, x, steps.Retry{Step: "a"}, "a", steps.Done)
		}
		if intent && !done && !resumed {
			t.Fatalf("cut at %d: the boot did not know that it may have happened", cut)
		}
		if done && x.runs["boot"] != 0 && !strings.Contains(left, `"phase":"check"`) {
			t.Fatalf("cut at %d: booted again", cut)
		}
	}
}

// TestDamageAnywhere flips bytes: what comes before the damage counts, and nothing panics.
func TestDamageAnywhere(t *testing.T) {
	dir := t.TempDir()
	run(t, dir, &doer{}, steps.Start{Step: "a"}, "a", steps.Done)
	whole, err := os.ReadFile(filepath.Join(dir, "journal.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		bad := append([]byte(nil), whole...)
		for range rapid.IntRange(1, 5).Draw(rt, "hits") {
			bad[rapid.IntRange(0, len(bad)-1).Draw(rt, "at")] = rapid.Byte().Draw(rt, "byte")
		}
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "journal.jsonl"), bad, 0o600); err != nil {
			rt.Fatal(err)
		}
		j, err := steps.OpenJournal(dir)
		if err != nil {
			rt.Fatal(err)
		}
		steps.Replay(course(), j.Events())
		if err := j.Close(); err != nil {
			rt.Fatal(err)
		}
	})
}

func TestOneProgramHoldsASeat(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	_, err := steps.OpenJournal(dir)
	var held *steps.HeldError
	if !errors.As(err, &held) || held.PID != os.Getpid() {
		t.Fatalf("second hold: %v", err)
	}
	reader, err := steps.ReadJournal(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Append(steps.Event{V: 1, Seq: 1, Type: steps.StepStarted, Step: "a", Attempt: 1, Phase: steps.PhaseAction}); err != nil {
		t.Fatal(err)
	}
	events, err := reader.Refresh()
	if err != nil || len(events) != 1 {
		t.Fatalf("refresh: %v, %v", events, err)
	}
	if err := reader.Append(steps.Event{}); err == nil {
		t.Fatal("a reader wrote")
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, dir)
}

func TestEventsOfALaterVersionAreKept(t *testing.T) {
	dir := t.TempDir()
	later := `{"v":9,"seq":1,"at":"2030-01-01T00:00:00Z","type":"cat.petted","purr":11}` + "\n"
	if err := os.WriteFile(filepath.Join(dir, "journal.jsonl"), []byte(later), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, dir, &doer{}, steps.Start{Step: "a"}, "a", steps.Done)
	data, err := os.ReadFile(filepath.Join(dir, "journal.jsonl"))
	if err != nil || !strings.HasPrefix(string(data), later) {
		t.Fatalf("%v\n%s", err, data)
	}
}

// The journal here can't grow: its file is closed under it, as a disk that fails would have it.
func TestWorkGoesOnWhenTheJournalCannotBeWritten(t *testing.T) {
	j := open(t, t.TempDir())
	e, _ := start(t, course(), &doer{}, steps.Options{Journal: j})
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	f := e.Feed(10)
	defer f.Close()
	if err := e.Do(t.Context(), steps.Start{Step: "a"}); err != nil {
		t.Fatal(err)
	}
	for {
		b, err := f.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if b.State.Step("a").Status == steps.Done {
			if b.Trouble == nil {
				t.Error("nothing was said of the trouble")
			}
			return
		}
	}
}

// TestJournalLookers: those who look whether a seat is free are waited for, however slow their machine is.
func TestJournalLookers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	looker := flock.New(filepath.Join(dir, "lock"))
	if err := looker.RLock(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(50*time.Millisecond, func() { _ = looker.Close() })
	defer timer.Stop()
	open(t, dir)
	var held *steps.HeldError
	if _, err := steps.OpenJournal(dir); !errors.As(err, &held) {
		t.Errorf("a second holder: %v", err)
	}
}
