package steps_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"matou/steps"
)

func TestReadLog(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	start := time.Date(2026, 3, 10, 21, 0, 0, 0, time.UTC)
	if lines, err := steps.ReadLog(t.Context(), dir, "boot", start, start.Add(time.Hour), 10); err != nil || len(lines) > 0 {
		t.Errorf("of no log: %v, %v", lines, err)
	}
	log, err := steps.OpenLog(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 30 {
		step := steps.ID("boot")
		if i%3 == 0 {
			step = "other"
		}
		log.Append(steps.Line{At: start.Add(time.Duration(i) * time.Minute), Step: step, Source: "nova", Text: fmt.Sprintf("line %d of \"boot\"\x1b[2J", i)})
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	old := `{"at":"2026-03-10T21:00:30Z","step":"boot","source":"nova","text":"before"}` + "\n"
	if err := os.WriteFile(filepath.Join(dir, "output.jsonl.old"), []byte(old+"torn {\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name        string
		from, to    int // minutes
		most, lines int
		first, last string
	}{
		{"all, the file turned over first", 0, 60, 100, 21, "before", `line 29 of "boot"`},
		{"between two moments", 10, 14, 100, 4, `line 10 of "boot"`, `line 14 of "boot"`},
		{"the newest", 0, 60, 3, 3, `line 26 of "boot"`, `line 29 of "boot"`},
	} {
		at := func(m int) time.Time { return start.Add(time.Duration(m) * time.Minute) }
		lines, err := steps.ReadLog(t.Context(), dir, "boot", at(tt.from), at(tt.to), tt.most)
		if err != nil || len(lines) != tt.lines {
			t.Errorf("%s: %d lines, %v", tt.name, len(lines), err)
			continue
		}
		if first, last := lines[0].Text, lines[len(lines)-1].Text; first != tt.first || last != tt.last {
			t.Errorf("%s: from %q to %q", tt.name, first, last)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := steps.ReadLog(ctx, dir, "boot", start, start.Add(time.Hour), 10); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}
