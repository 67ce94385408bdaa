//go:build unix

package notes_test

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"

	"matou/steps"
	"matou/tui/notes"
)

// A FIFO in the file's place is refused: to open it would wait for ever.
func TestFIFO(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, notes.FileName), 0o600); err != nil {
		t.Skip(err)
	}
	if _, err := notes.ReadPlace(dir); !errors.Is(err, steps.ErrNotFile) {
		t.Errorf("error %v", err)
	}
}
