package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"matou/steps"
)

func TestOutputOf(t *testing.T) {
	dir := t.TempDir()
	start := time.Date(2026, 3, 10, 21, 0, 0, 0, time.UTC)
	log, err := steps.OpenLog(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 30 {
		step := steps.ID("boot")
		if i%3 == 0 {
			step = "other"
		}
		log.Append(steps.Line{At: start.Add(time.Duration(i) * time.Minute), Step: step, Source: "nova", Text: strconv.Itoa(i)})
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name           string
		from, to, most int // minutes, minutes, lines
		lines          int
		first, last    string
	}{
		{"all", 0, 60, 100, 20, "1", "29"},
		{"between two moments", 10, 14, 100, 4, "10", "14"},
		{"the newest", 0, 60, 3, 3, "26", "29"},
	} {
		at := func(m int) time.Time { return start.Add(time.Duration(m) * time.Minute) }
		lines, err := outputOf(t.Context(), dir, "boot", at(tt.from), at(tt.to), tt.most)
		if err != nil || len(lines) != tt.lines || lines[0].Text != tt.first || lines[len(lines)-1].Text != tt.last {
			t.Errorf("%s: %v, %v", tt.name, lines, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := outputOf(ctx, dir, "boot", start, start.Add(time.Hour), 10); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

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
