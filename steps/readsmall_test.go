package steps_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"matou/steps"
)

func TestReadSmall(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	if err := os.WriteFile(path, []byte("12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	if data, err := steps.ReadSmall(path, 5); err != nil || string(data) != "12345" {
		t.Errorf("a file that just fits: %q, %v", data, err)
	}
	for name, test := range map[string]struct {
		path string
		most int64
		want error
	}{
		"too large": {path, 4, steps.ErrTooLarge},
		"not there": {filepath.Join(dir, "none"), 5, fs.ErrNotExist},
		"no file":   {dir, 5, steps.ErrNotFile},
	} {
		if data, err := steps.ReadSmall(test.path, test.most); !errors.Is(err, test.want) || data != nil {
			t.Errorf("%s: %q, %v", name, data, err)
		}
	}
}
