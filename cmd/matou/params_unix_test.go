//go:build unix

package main

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"

	"matou/steps"
)

// A FIFO in the place of the parameters is refused: to open it would wait for ever.
func TestParamsFIFO(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, paramsFile), 0o600); err != nil {
		t.Skip(err)
	}
	if _, err := readParams(dir); !errors.Is(err, steps.ErrNotFile) {
		t.Errorf("error %v", err)
	}
}
