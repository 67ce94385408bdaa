package steps_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"matou/steps"
)

func TestReadLog(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := steps.ReadLog(dir, func(steps.Line) bool { t.Error("a line from nowhere"); return true }); err != nil {
		t.Error(err)
	}
	log, err := steps.OpenLog(dir)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1700000000, 0).UTC()
	log.Append(steps.Line{Seq: 1, At: at, Step: "boot", Source: "nova", Text: "ACTIVE \x1b[2Jnow"})
	log.Append(steps.Line{Seq: 2, At: at, Step: "boot", Source: "nova", Text: strings.Repeat("x", 100<<10)})
	log.Append(steps.Line{Seq: 3, At: at, Step: "boot", Source: "nova", Text: strings.Repeat("y", 2<<20)})
	log.Append(steps.Line{Seq: 4, At: at, Step: "boot", Source: "nova", Text: "last"})
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	old := `{"seq":0,"source":"nova","text":"old"}` + "\nnot JSON\n{}\n"
	if err := os.WriteFile(filepath.Join(dir, "output.jsonl.old"), []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	var got []int64
	read := func(n int) {
		got = nil
		err := steps.ReadLog(dir, func(l steps.Line) bool {
			got = append(got, l.Seq)
			if strings.Contains(l.Text, "\x1b[2J") {
				t.Errorf("%q moves the cursor", l.Text)
			}
			return len(got) < n
		})
		if err != nil {
			t.Error(err)
		}
	}
	read(100)
	if len(got) != 4 || got[0] != 0 || got[3] != 4 {
		t.Errorf("lines %v", got)
	}
	if read(2); len(got) != 2 {
		t.Errorf("lines %v after a no", got)
	}
}

func FuzzReadLog(f *testing.F) {
	f.Add([]byte(`{"seq":1,"at":"2026-01-02T03:04:05Z","step":"a","source":"b","text":"c"}` + "\n"))
	f.Add([]byte("{\"source\":\"\\u001b]0;x\\u0007\",\"text\":\"\\u001b[2J\"}\n\n{"))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "output.jsonl"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		err := steps.ReadLog(dir, func(l steps.Line) bool {
			if steps.Sanitize(l.Text) != l.Text || strings.ContainsAny(l.Source, "\n\r\a") {
				t.Errorf("%q %q", l.Source, l.Text)
			}
			return true
		})
		if err != nil {
			t.Error(err)
		}
	})
}
