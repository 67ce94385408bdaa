package steps_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"matou/steps"
)

// logged reads a log; a line that is not one fails the test.
func logged(t *testing.T, path string) (texts []string) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	in := bufio.NewScanner(file)
	for in.Scan() {
		var l steps.Line
		if in.Text() == "" {
			continue
		}
		if err := json.Unmarshal(in.Bytes(), &l); err != nil {
			t.Errorf("%q: %v", in.Text(), err)
		}
		texts = append(texts, l.Text)
	}
	return texts
}

func openLog(t *testing.T) *steps.Log {
	t.Helper()
	l, err := steps.OpenLog(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() }) // a second time does nothing
	return l
}

func TestLogFlushesByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := openLog(t)
		l.Append(steps.Line{Source: "web", Text: "one\xff"})
		if got := logged(t, l.Path()); len(got) != 0 {
			t.Errorf("on disk at once: %q", got)
		}
		time.Sleep(steps.LogFlush)
		synctest.Wait()
		if got := logged(t, l.Path()); len(got) != 1 || got[0] != "one\ufffd" {
			t.Errorf("on disk: %q", got)
		}
		l.Append(steps.Line{Text: "two"})
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		l.Append(steps.Line{Text: "too late"})
		time.Sleep(steps.LogFlush)
		if got := logged(t, l.Path()); len(got) != 2 || l.Trouble() != nil {
			t.Errorf("after Close: %q, %v", got, l.Trouble())
		}
	})
}

func TestLogTurnsOver(t *testing.T) {
	t.Parallel()
	l := openLog(t)
	l.Limit(1000)
	for i := range 100 {
		l.Append(steps.Line{Text: fmt.Sprintf("line %02d", i)})
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	old, now := logged(t, l.Path()+".old"), logged(t, l.Path())
	all := append(old, now...)
	if len(old) < 5 || len(now) == 0 || all[len(all)-1] != "line 99" {
		t.Fatalf("%d old, %d new: %q", len(old), len(now), all)
	}
	for i, text := range all {
		if want := fmt.Sprintf("line %02d", 100-len(all)+i); text != want {
			t.Fatalf("%q, want %q: a line is missing", text, want)
		}
	}
	for _, path := range []string{l.Path(), l.Path() + ".old"} {
		if info, err := os.Stat(path); err != nil || info.Size() > 1000 {
			t.Errorf("%s: %v, %v", path, info.Size(), err)
		}
	}
}

// TestLogThatCannotTurnOver: where the old file's name cannot be taken, the log stays within its
// bound all the same, and says so.
func TestLogThatCannotTurnOver(t *testing.T) {
	t.Parallel()
	l := openLog(t)
	if err := os.MkdirAll(filepath.Join(l.Path()+".old", "occupied"), 0o700); err != nil {
		t.Fatal(err)
	}
	l.Limit(500)
	for range 100 {
		l.Append(steps.Line{Text: "x"})
	}
	if l.Trouble() == nil {
		t.Error("no trouble")
	}
	_ = l.Close()
	if info, err := os.Stat(l.Path()); err != nil || info.Size() == 0 || info.Size() > 500 {
		t.Errorf("%v, %v", info.Size(), err)
	}
}

func TestLogWriteError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := openLog(t)
		l.Break()
		l.Append(steps.Line{Text: "lost"})
		time.Sleep(steps.LogFlush)
		synctest.Wait()
		if err := l.Trouble(); err == nil || !strings.HasPrefix(err.Error(), "write log: ") {
			t.Errorf("trouble: %v", err)
		}
		l.Append(steps.Line{Text: strings.Repeat("x", 200<<10)}) // past the buffer
		if l.Close() == nil {
			t.Error("Close of a broken log says that all is well")
		}
	})
}

// TestLogAfterACrash: a half-written last line does not spoil the next.
func TestLogAfterACrash(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "output.jsonl"), []byte(`{"text":"whole"}`+"\n"+`{"text":"ha`), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := steps.OpenLog(dir)
	if err != nil {
		t.Fatal(err)
	}
	l.Append(steps.Line{Source: "web", Text: "next"})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(l.Path())
	if lines := strings.Split(string(data), "\n"); err != nil || len(lines) != 4 || !strings.Contains(lines[2], `"next"`) {
		t.Errorf("%q, %v", data, err)
	}
}

func TestOpenLogNowhere(t *testing.T) {
	t.Parallel()
	if _, err := steps.OpenLog(filepath.Join(t.TempDir(), "no", "such")); err == nil {
		t.Error("a log in a folder there is not")
	}
}

// TestLogHasNoSecret: what an action prints reaches the disk without the secrets, and whole.
func TestLogHasNoSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := openLog(t)
		w := course()
		w.Params = []steps.Param{{Name: "word", Type: "secret"}}
		e, stop := start(t, w, &doer{}, steps.Options{Log: l, Params: steps.Vars{"word": "moutarde"}})
		f := e.Feed(10)
		defer f.Close()
		e.Line("a", "web", "\x1b[31mit is moutarde\x1b[0m")
		e.Line("a", "web", "hidden: mou\x07tarde")
		b, err := f.Next(t.Context())
		if err != nil || len(b.Lines) != 2 || strings.Contains(b.Lines[0].Text+b.Lines[1].Text, "moutarde") {
			t.Errorf("%+v, %v", b.Lines, err)
		}
		stop()
		got := logged(t, l.Path())
		if len(got) != 2 || got[0] != "\x1b[31mit is "+steps.Masked+"\x1b[0m" {
			t.Errorf("%q", got)
		}
	})
}

// FuzzLine: what is written of a line is what encoding/json reads.
func FuzzLine(f *testing.F) {
	f.Add("web", "one", "a \"b\" \\ \x1b[31mc\x1b[0m\t\x00\x7f é \u2028 \xff")
	f.Add("", "", "")
	f.Fuzz(func(t *testing.T, step, source, text string) {
		in := steps.Line{Seq: 7, At: time.Date(2026, 11, 22, 18, 0, 1, 5000, time.FixedZone("", 3600)), Step: steps.ID(step), Source: source, Text: text}
		var got, want steps.Line
		if err := json.Unmarshal(in.AppendJSON(nil), &got); err != nil {
			t.Fatalf("%q: %v", in.AppendJSON(nil), err)
		}
		data, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, &want); err != nil {
			t.Fatal(err)
		}
		if !got.At.Equal(want.At) {
			t.Errorf("at %v, want %v", got.At, want.At)
		}
		got.At = want.At
		if got != want {
			t.Errorf("%q reads %+v, want %+v", in.AppendJSON(nil), got, want)
		}
	})
}

// BenchmarkLog is what keeping a line on disk costs.
func BenchmarkLog(b *testing.B) {
	l, err := steps.OpenLog(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	line := steps.Line{At: time.Now(), Step: "bz2", Source: "web", Text: colouredLine}
	b.ReportAllocs()
	for b.Loop() {
		l.Append(line)
	}
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
}
