package steps_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unicode"

	"matou/steps"
)

// poison drives a terminal in every way one line can.
const poison = "a\x1b[2J\x1b]0;owned\x07\x1b]52;c;cm0=\x07\u009b31m\u009d0;t\u009c\u202e\u2066\u200f\u061c\x00\x7f\r\x08Z" + "\u0300\u0300\u0300\u0300\u0300\u0300"

// journalWith is a seat's folder whose journal somebody else wrote.
func journalWith(t *testing.T, data []byte) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "journal.jsonl"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// drives tells whether a text has anything but letters and colours.
func drives(text string) bool {
	text = strings.NewReplacer("\x1b[31m", "", "\x1b[0m", "").Replace(text)
	return strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
	}) || strings.Contains(text, strings.Repeat("\u0300", 4))
}

// TestPoisonedJournal: what is read from a journal can be shown, whoever wrote it.
func TestPoisonedJournal(t *testing.T) {
	t.Parallel()
	p := poison
	e := steps.Event{
		V: 1, Seq: 1, Type: steps.EventType("x" + p), Workshop: p, Seat: p, Step: steps.ID(p), Run: p, Phase: steps.Phase(p),
		Name: p, Kind: p, Command: p, Values: map[string]string{p: p}, Names: []string{p}, Summary: p, Plan: []steps.ID{steps.ID(p)}, Note: p,
		Failure: &steps.Failure{Kind: p, Cause: p, Broken: steps.ID(p), From: []steps.ID{steps.ID(p)}},
	}
	data, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	j, err := steps.ReadJournal(journalWith(t, append(data, '\n')))
	if err != nil || len(j.Events()) != 1 {
		t.Fatalf("%d events, %v", len(j.Events()), err)
	}
	var all []string
	var collect func(v any)
	collect = func(v any) {
		switch v := v.(type) {
		case string:
			all = append(all, v)
		case []any:
			for _, x := range v {
				collect(x)
			}
		case map[string]any:
			for k, x := range v {
				collect(k)
				collect(x)
			}
		}
	}
	var back any
	if data, err = json.Marshal(j.Events()[0]); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	collect(back)
	found := 0
	for _, text := range all {
		if drives(text) {
			t.Errorf("%q", text)
		}
		if strings.Contains(text, "Z") {
			found++
		}
	}
	if found < 16 {
		t.Errorf("the text itself is gone from all but %d of %q", found, all)
	}
}

// TestEndlessJournal: a line without an end, or a file without one, takes no memory to speak of, and what
// stood before it counts.
func TestEndlessJournal(t *testing.T) {
	const good = `{"v":1,"seq":1,"at":"2026-01-01T00:00:00Z","type":"step.started","step":"a","attempt":1,"phase":"action"}` + "\n"
	long := `{"v":1,"seq":2,"at":"2026-01-01T00:00:00Z","type":"step.done","note":"`
	for _, tt := range []struct {
		name string
		data []byte
	}{
		{"no newline", append([]byte(good+long), bytes.Repeat([]byte("x"), 20<<20)...)},
		{"a huge field", append(append([]byte(good+long), bytes.Repeat([]byte("x"), 20<<20)...), "\"}\n"+good...)},
		{"nothing but zeros", append([]byte(good), make([]byte, 20<<20)...)},
		{"not UTF-8", []byte(good + "\xff\xfe\x00\n")},
		{"wrong types", []byte(good + `{"v":1,"seq":"two","type":["step.done"]}` + "\n")},
		{"no object", []byte(good + "[[[[\n")},
	} {
		dir := journalWith(t, tt.data)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		j, err := steps.ReadJournal(dir)
		runtime.ReadMemStats(&after)
		if err != nil || len(j.Events()) != 1 {
			t.Fatalf("%s: %d events, %v", tt.name, len(j.Events()), err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 8<<20 {
			t.Errorf("%s: %d bytes to read it", tt.name, used)
		}
		runtime.ReadMemStats(&before)
		j, err = steps.OpenJournal(dir)
		runtime.ReadMemStats(&after)
		if err != nil || j.Torn() == "" {
			t.Fatalf("%s: torn %q, %v", tt.name, j.Torn(), err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 8<<20 {
			t.Errorf("%s: %d bytes to open it", tt.name, used)
		}
		if err := j.Close(); err != nil {
			t.Error(err)
		}
		kept, err := os.ReadFile(j.Torn())
		if err != nil || !bytes.Equal(kept, tt.data[len(good):]) {
			t.Errorf("%s: %d bytes kept aside of %d, %v", tt.name, len(kept), len(tt.data)-len(good), err)
		}
	}
}

// TestTooManyEvents: a journal no workshop makes is refused, with what to do.
func TestTooManyEvents(t *testing.T) {
	if testing.Short() {
		t.Skip("writes a large file")
	}
	var b bytes.Buffer
	for b.Len() <= 32<<20 {
		fmt.Fprintf(&b, `{"v":1,"type":"step.started","step":"%d","attempt":1,"phase":"action","note":"%s"}`+"\n", b.Len(), strings.Repeat("x", 400))
	}
	for _, open := range []func(string) (*steps.Journal, error){steps.ReadJournal, steps.OpenJournal} {
		if _, err := open(journalWith(t, b.Bytes())); !errors.Is(err, steps.ErrTooLarge) || !strings.Contains(err.Error(), "journal.jsonl aside") {
			t.Errorf("a large one: %v", err)
		}
	}
	half := b.Bytes()[:b.Len()/2]
	j, err := steps.ReadJournal(journalWith(t, half[:bytes.LastIndexByte(half, '\n')+1]))
	if err != nil {
		t.Fatal(err)
	}
	if s := steps.Replay(course(), j.Events()); len(s.Steps) > 1100 {
		t.Errorf("%d steps", len(s.Steps))
	}
}

// TestLaterShapesAreKept: an event of a later version may have another shape. It is no damage.
func TestLaterShapesAreKept(t *testing.T) {
	t.Parallel()
	data := `{"v":2,"seq":1,"at":"2030-01-01T00:00:00Z","type":"step.started","step":{"id":"a"}}` + "\n" +
		`{"v":1,"seq":2,"at":"2030-01-01T00:00:00Z","type":"step.started","step":"a","attempt":1,"phase":"action"}` + "\n"
	dir := journalWith(t, []byte(data))
	j := open(t, dir)
	if len(j.Events()) != 2 || j.Torn() != "" {
		t.Errorf("%d events, torn %q", len(j.Events()), j.Torn())
	}
	if st := steps.Replay(course(), j.Events()).Step("a").Status; st != steps.Running {
		t.Errorf("the step is %s", st)
	}
}

// TestTooLargeToAppend: what could not be read back is not written.
func TestTooLargeToAppend(t *testing.T) {
	t.Parallel()
	j := open(t, t.TempDir())
	e := steps.Event{V: 1, Seq: 1, Type: steps.StepStarted, Step: "a", Note: strings.Repeat("x", 2<<20)}
	if err := j.Append(e); !errors.Is(err, steps.ErrTooLarge) {
		t.Errorf("appended: %v", err)
	}
	e.Note = "\u009b31m"
	if err := j.Append(e); err != nil {
		t.Error(err)
	}
	data, err := os.ReadFile(filepath.Join(j.Dir(), "journal.jsonl"))
	if err != nil || !strings.Contains(string(data), `"note":"\u009b31m"`) {
		t.Errorf("%v, %s", err, data)
	}
}

// TestHolderIsPoisoned: who holds a seat is told, and can't tell more.
func TestHolderIsPoisoned(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open(t, dir)
	data, err := json.Marshal(map[string]any{"pid": 7, "host": poison})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "holder.json"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = steps.OpenJournal(dir)
	var held *steps.HeldError
	if !errors.As(err, &held) || drives(err.Error()) || !strings.Contains(err.Error(), "process 7") {
		t.Errorf("%q", err)
	}
}

func TestSafeJSON(t *testing.T) {
	t.Parallel()
	data, err := steps.SafeJSON(map[string]string{"a": "é\u0085\u009b\u202e\x7f\x1b\ufeff\u2028 🐱\u200e"})
	if want := `{"a":"é\u0085\u009b\u202e\u007f\u001b\ufeff\u2028 🐱\u200e"}`; err != nil || string(data) != want {
		t.Errorf("%s, %v, want %s", data, err, want)
	}
	if _, err := steps.SafeJSON(func() {}); err == nil {
		t.Error("a function is no JSON")
	}
	line := steps.Line{Source: "w\u009b", Text: "a\x7f\u202eb\xff"}
	got := line.AppendJSON(nil)
	var back steps.Line
	if err := json.Unmarshal(got, &back); err != nil || back.Source != line.Source || back.Text != "a\x7f\u202eb\ufffd" || drives(string(got)) {
		t.Errorf("%s, %v, %+v", got, err, back)
	}
}

// TestUnseenCharacters: a workshop whose texts would drive a terminal is refused, with the place.
func TestUnseenCharacters(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{`\x1b]0;owned\x07`, `\u009b2J`, `\u202e`, `\r`, `\0`} {
		_, err := load(strings.Replace(lesson, "title: {fr: Trois, en: Three}", `title: {fr: Trois, en: "Three`+bad+`"}`, 1))
		var problems steps.Problems
		if !errors.As(err, &problems) || len(problems) != 1 || problems[0].Line == 0 || !strings.Contains(problems[0].Text, "not seen") || drives(err.Error()) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// FuzzJournal: whatever a journal holds, it is opened and replayed, and what it gives can be shown.
func FuzzJournal(f *testing.F) {
	f.Add([]byte(`{"v":1,"type":"step.started","step":"a","attempt":1,"phase":"action","note":"\u001b[2J\u009b"}` + "\n"))
	f.Add([]byte(`{"v":1,"type":"action.done","step":"a","values":{"\u0000":"\u202e"},"failure":{"cause":"\u009dx"}}` + "\n{"))
	f.Add([]byte(`{"v":9,"type":[1]}` + "\n" + `{"v":9,"type":"x","step":1}` + "\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		j, err := steps.ReadJournal(journalWith(t, data))
		if err != nil {
			t.Fatal(err)
		}
		steps.Replay(course(), j.Events())
		for _, e := range j.Events() {
			for _, text := range []string{string(e.Type), string(e.Step), e.Seat, e.Name, e.Kind, e.Run} {
				if drives(text) {
					t.Errorf("%q", text)
				}
			}
			for line := range strings.SplitSeq(e.Summary+"\n"+e.Command+"\n"+e.Note, "\n") {
				safe(t, line)
			}
		}
	})
}
