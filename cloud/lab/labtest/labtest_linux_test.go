package labtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// What a lab has left is told, and only as long as it is there. Other labs may come and go meanwhile.
func TestTraces(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	lab := filepath.Join(dir, "labs", "one")
	if slices.Contains(Traces(t, dir), lab) {
		t.Error("a lab that is not there was found")
	}
	if err := os.MkdirAll(lab, 0o755); err != nil {
		t.Fatal(err)
	}
	if list := Traces(t, dir); !slices.Contains(list, lab) || !slices.IsSorted(list) {
		t.Errorf("%s is not among %q", lab, list)
	}
	if err := os.RemoveAll(filepath.Dir(lab)); err != nil {
		t.Fatal(err)
	}
	if slices.Contains(Traces(t, dir), lab) {
		t.Error("a lab that is gone was found")
	}
}
