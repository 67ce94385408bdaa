package cast_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"matou/steps"
	"matou/tui/cast"
)

type event struct {
	after      float64
	code, text string
}

// play reads a recording back.
func play(t testing.TB, r io.Reader) (header map[string]any, events []event) {
	t.Helper()
	in := bufio.NewScanner(r)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		if header == nil {
			if err := json.Unmarshal(in.Bytes(), &header); err != nil {
				t.Fatalf("header: %v in %s", err, in.Text())
			}
			continue
		}
		var row []any
		if err := json.Unmarshal(in.Bytes(), &row); err != nil || len(row) != 3 {
			t.Fatalf("event: %v in %s", err, in.Text())
		}
		events = append(events, event{row[0].(float64), row[1].(string), row[2].(string)})
	}
	return header, events
}

// shown is all output of a recording, joined.
func shown(events []event) string {
	var b strings.Builder
	for _, e := range events {
		if e.code == "o" {
			b.WriteString(e.text)
		}
	}
	return b.String()
}

func TestWriter(t *testing.T) {
	t.Parallel()
	now := time.Unix(1700000000, 0)
	mask := &steps.Redactor{}
	mask.Add("moutarde")
	var out bytes.Buffer
	w, err := cast.New(&out, cast.Header{Cols: 120, Rows: 36, Type: "xterm", Title: "a moutarde", Idle: 2 * time.Second},
		cast.Options{Mask: mask, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	now = now.Add(1500 * time.Millisecond)
	w.Output("pass mout")
	now = now.Add(250 * time.Millisecond)
	w.Output("arde, caf\xc3")
	w.Mark("step moutarde")
	w.Resize(90, 30)
	now = now.Add(-time.Hour) // a clock that was set back
	w.Output("\xa9 mou")
	now = now.Add(2 * time.Hour)
	if err := w.End(1); err != nil {
		t.Fatal(err)
	}
	header, events := play(t, &out)
	if got := fmt.Sprintln(header["version"], header["term"], header["timestamp"], header["title"], header["idle_time_limit"]); got !=
		"3 map[cols:120 rows:36 type:xterm] 1.7e+09 a "+steps.Masked+" 2\n" {
		t.Errorf("header %s", got)
	}
	want := []event{
		{1.5, "o", "pass "},
		{0.25, "o", steps.Masked + ", caf"},
		{0, "m", "step " + steps.Masked},
		{0, "r", "90x30"},
		{0, "o", "é "},
		{3600 - 0.0, "o", "mou"},
		{0, "x", "1"},
	}
	if fmt.Sprint(events) != fmt.Sprint(want) {
		t.Errorf("events\n%v, want\n%v", events, want)
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	var out, seen bytes.Buffer
	w, err := cast.New(&out, cast.Header{}, cast.Options{Lines: true})
	if err != nil {
		t.Fatal(err)
	}
	show := w.Text(&seen)
	for _, s := range []string{"a\nb\r", "\nc\r\n\nd"} {
		if _, err := io.WriteString(show, s); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.End(0); err != nil {
		t.Fatal(err)
	}
	header, events := play(t, &out)
	if got := fmt.Sprint(header["term"]); got != "map[cols:80 rows:24]" {
		t.Errorf("terminal %s", got)
	}
	if got := shown(events); got != "a\r\nb\r\nc\r\n\r\nd" {
		t.Errorf("recorded %q", got)
	}
	if seen.String() != "a\nb\r\nc\r\n\nd" {
		t.Errorf("shown %q", seen.String())
	}
}

// full is a disk that takes a few bytes.
type full struct{ left int }

var errFull = errors.New("no space left")

func (f *full) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestTrouble(t *testing.T) {
	t.Parallel()
	if _, err := cast.New(&full{}, cast.Header{}, cast.Options{}); !errors.Is(err, errFull) {
		t.Errorf("no room for a header: %v", err)
	}
	w, err := cast.New(&full{left: 100}, cast.Header{}, cast.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var seen bytes.Buffer
	for range 10 {
		if _, err := io.WriteString(w.Text(&seen), "0123456789\n"); err != nil {
			t.Fatal(err)
		}
	}
	if seen.Len() != 110 {
		t.Errorf("%d bytes shown: the show stopped for the recording", seen.Len())
	}
	if err := w.End(0); !errors.Is(err, errFull) {
		t.Errorf("ended with %v", err)
	}
}

// However a stream is cut, the recording plays the same, and no secret is in it.
func FuzzPieces(f *testing.F) {
	f.Add("pass moutarde, caféé", 3, 7)
	f.Add("axmoutx xmoutarde", 6, 14)
	f.Add("moumoutardemoutarde\r\n", 1, 2)
	f.Add("\xff\xc3\xa9tartarmoutarde", 5, 1)
	f.Fuzz(func(t *testing.T, s string, a, b int) {
		mask := &steps.Redactor{}
		mask.Add("moutarde", "tartare", "xmout")
		var out bytes.Buffer
		w, err := cast.New(&out, cast.Header{}, cast.Options{Mask: mask})
		if err != nil {
			t.Fatal(err)
		}
		a = min(max(a, 0), len(s))
		b = min(max(b, a), len(s))
		for _, piece := range []string{s[:a], s[a:b], s[b:]} {
			w.Output(piece)
		}
		if err := w.End(0); err != nil {
			t.Fatal(err)
		}
		_, events := play(t, &out)
		got := shown(events)
		if strings.Contains(got, "moutarde") || strings.Contains(got, "tartare") {
			t.Errorf("a secret in %q", got)
		}
		if utf8.ValidString(s) && got != mask.Text(s) {
			t.Errorf("%q, not %q", got, mask.Text(s))
		}
	})
}
