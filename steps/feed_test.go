package steps_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"matou/steps"
)

// TestFeedKeepsTheNewest: a reader that is behind gets as many of the newest lines as it asked for,
// and is told how many it missed.
func TestFeedKeepsTheNewest(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 9, 10, 11, 19, 20, 21, 1000} {
		e, err := steps.New(course(), &doer{}, steps.Options{})
		if err != nil {
			t.Fatal(err)
		}
		f := e.Feed(10)
		for i := range n {
			e.Line("a", "web", fmt.Sprint(i))
		}
		b, err := f.Next(t.Context())
		if err != nil || len(b.Lines) != min(n, 10) || b.Dropped != max(0, n-10) {
			t.Errorf("%d lines: %d, %d dropped, %v", n, len(b.Lines), b.Dropped, err)
		}
		for i, l := range b.Lines {
			if want := fmt.Sprint(n - len(b.Lines) + i); l.Text != want {
				t.Errorf("%d lines: line %d is %q, want %q", n, i, l.Text, want)
			}
		}
		f.Close()
	}
}

func TestFeedEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, stop := start(t, course(), &doer{}, steps.Options{})
		f := e.Feed(0)
		if _, err := f.Next(t.Context()); err != nil {
			t.Errorf("the first pull waits: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := f.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("nothing new: %v", err)
		}
		e.Line("a", "web", "last")
		stop()
		if b, err := f.Next(t.Context()); err != nil || len(b.Lines) != 1 {
			t.Errorf("what was there before the end: %+v, %v", b.Lines, err)
		}
		if _, err := f.Next(t.Context()); !errors.Is(err, io.EOF) {
			t.Errorf("after the end: %v", err)
		}
		late := e.Feed(1)
		if _, err := late.Next(t.Context()); err != nil {
			t.Errorf("a reader that comes late: %v", err)
		}
		if _, err := late.Next(t.Context()); !errors.Is(err, io.EOF) {
			t.Errorf("then: %v", err)
		}
		if err := e.Do(t.Context(), steps.Start{Step: "a"}); code(err) != steps.RefusedEnded {
			t.Errorf("a command after the end: %v", err)
		}
	})
}

// TestReadOnlyFollows: a second program sees what the first does, from before its journal is there
// to after it has been put aside, and can do nothing itself.
func TestReadOnlyFollows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		read, err := steps.ReadJournal(dir)
		if err != nil {
			t.Fatal(err)
		}
		watcher, _ := start(t, course(), &doer{}, steps.Options{Journal: read, ReadOnly: true})
		f := watcher.Feed(10)
		defer f.Close()
		time.Sleep(3 * time.Second)
		if b, err := f.Next(t.Context()); err != nil || b.Trouble != nil || b.State.Step("a").Status != steps.Ready {
			t.Errorf("before there is a journal: %v, %v", b.Trouble, err)
		}
		for _, c := range []steps.Command{steps.Start{Step: "a"}, steps.Check{Step: "a"}, steps.CatchUp{}, steps.Cancel{}, steps.Undo{Step: "a"}} {
			if err := watcher.Do(t.Context(), c); code(err) != steps.RefusedReadOnly {
				t.Errorf("%T: %v", c, err)
			}
		}
		for round := range 2 {
			j, err := steps.OpenJournal(dir)
			if err != nil {
				t.Fatal(err)
			}
			e, stop := start(t, course(), &doer{}, steps.Options{Journal: j})
			ef := e.Feed(1)
			if round == 0 {
				if err := e.Do(t.Context(), steps.Start{Step: "a"}); err != nil {
					t.Fatal(err)
				}
				until(t, ef, "a", steps.Done)
				until(t, f, "a", steps.Done)
			} else {
				b := until(t, f, "a", steps.Ready)
				if b.State.Vars["a.id"] != "" || b.Trouble != nil {
					t.Errorf("begun anew: %v, %v", b.State.Vars, b.Trouble)
				}
			}
			stop()
			ef.Close()
			if round > 0 {
				_ = j.Close()
			} else if _, err := j.Archive(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(3 * time.Second)
		}
	})
}

// TestReadOnlySeesWhoHolds: who only reads is told when the program that holds the seat has ended, also
// without a word, and when another one has taken it; while nothing changes, nothing is told.
func TestReadOnlySeesWhoHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		j := open(t, dir)
		read, err := steps.ReadJournal(dir)
		if err != nil {
			t.Fatal(err)
		}
		watcher, _ := start(t, course(), &doer{}, steps.Options{Journal: read, ReadOnly: true})
		f := watcher.Feed(1)
		defer f.Close()
		next := func(free bool) {
			t.Helper()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			b, err := f.Next(ctx)
			if err == nil && !b.Free && b.Holder.PID == 0 { // a program takes the seat first, and then says who it is
				b, err = f.Next(ctx)
			}
			if err != nil || b.Free != free || (b.Holder.PID == 0) != free {
				t.Fatalf("free %v, held by %v: %v", b.Free, b.Holder, err)
			}
		}
		quiet := func() {
			t.Helper()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if b, err := f.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("told without need: %+v, %v", b, err)
			}
		}
		time.Sleep(2 * time.Second)
		next(false)
		quiet()
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		next(true)
		quiet()
		for range 100 { // who looks is in nobody's way
			if _, held, err := read.Held(); held || err != nil {
				t.Fatal(held, err)
			}
		}
		j, err = steps.OpenJournal(dir)
		if err != nil {
			t.Fatal(err)
		}
		next(false)
		if err := os.WriteFile(filepath.Join(dir, "holder.json"), []byte("not yet"), 0o600); err != nil {
			t.Fatal(err)
		}
		quiet()
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		next(true)
	})
}
