package main

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestSaver(t *testing.T) {
	home, seat := t.TempDir(), t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	save := saver(seat)
	for name, dir := range map[string]string{"": seat, "~/a.txt": home, filepath.Join(seat, "b.txt"): seat} {
		path, err := save(t.Context(), name, []string{"one", "two"})
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil || string(data) != "one\ntwo\n" || filepath.Dir(path) != dir {
			t.Errorf("%q: %q in %s, %v", name, data, path, err)
		}
		info, err := os.Stat(path)
		if err != nil || (runtime.GOOS != "windows" && info.Mode().Perm() != 0o600) {
			t.Errorf("%q: %v, %v", name, info.Mode(), err)
		}
	}
	if _, err := save(t.Context(), "~/a.txt", []string{"three"}); err == nil {
		t.Error("a file that was there is written over")
	}
	if data, err := os.ReadFile(filepath.Join(home, "a.txt")); err != nil || string(data) != "one\ntwo\n" {
		t.Errorf("it holds %q, %v", data, err)
	}
	if _, err := saver("")(t.Context(), "", nil); err == nil {
		t.Error("saved nowhere")
	}
}
