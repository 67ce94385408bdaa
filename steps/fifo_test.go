//go:build unix

package steps_test

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"matou/steps"
)

// A FIFO in the place of a file of the seat is refused: to open one would wait for ever.
func TestFIFO(t *testing.T) {
	t.Parallel()
	openJournal := func(dir string) error { _, err := steps.OpenJournal(dir); return err }
	readJournal := func(dir string) error { _, err := steps.ReadJournal(dir); return err }
	openLog := func(dir string) error { _, err := steps.OpenLog(dir); return err }
	readLog := func(dir string) error { return steps.ReadLog(dir, func(steps.Line) bool { return true }) }
	for _, tt := range []struct {
		name, file string
		do         func(dir string) error
	}{
		{"open journal", "journal.jsonl", openJournal},
		{"read journal", "journal.jsonl", readJournal},
		{"lock", "lock", openJournal},
		{"holder", "holder.json", openJournal},
		{"open log", "output.jsonl", openLog},
		{"read log", "output.jsonl", readLog},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := syscall.Mkfifo(filepath.Join(dir, tt.file), 0o600); err != nil {
				t.Skip(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- tt.do(dir) }()
			select {
			case err := <-ended:
				if !errors.Is(err, steps.ErrNotFile) {
					t.Errorf("error %v", err)
				}
			case <-time.After(time.Minute):
				t.Fatal("it waits")
			}
		})
	}
}
