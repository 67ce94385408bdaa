package remote

import (
	"bytes"
	"errors"
	"io"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
	"pgregory.net/rapid"
)

func TestQuote(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":               "''",
		"site.pp":        "site.pp",
		"/etc/a-b_c:d@e": "/etc/a-b_c:d@e",
		"a b":            "'a b'",
		"it's":           `'it'\''s'`,
		"$(reboot)":      "'$(reboot)'",
		"a\nb":           "'a\nb'",
		"~":              "'~'",
		"é":              "'é'",
		"a\x00b":         "ab",
	} {
		if got := Quote(in); got != want {
			t.Errorf("Quote(%q) = %s, want %s", in, got, want)
		}
	}
}

// A quoted word is one word to a shell's parser, and means what it was.
func FuzzQuote(f *testing.F) {
	for _, s := range []string{"", "a b", "'", "''", `\'`, "$(x)`y`", "a\nb", "!#~*?[", "\xff", "=x", "{a,b}", "-n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.ContainsAny(s, "\x00\r") || !utf8.ValidString(s) {
			return // NUL is left out, and mvdan's parser does not take the others; see TestQuoteRealShell
		}
		file, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader("echo "+Quote(s)), "")
		if err != nil {
			t.Fatal(err)
		}
		if len(file.Stmts) != 1 {
			t.Fatalf("%d statements", len(file.Stmts))
		}
		call, ok := file.Stmts[0].Cmd.(*syntax.CallExpr)
		if !ok || len(call.Args) != 2 || len(file.Stmts[0].Redirs) != 0 {
			t.Fatalf("not one word: %s", Quote(s))
		}
		fields, err := expand.Fields(nil, call.Args[1])
		if err != nil || len(fields) != 1 || fields[0] != s {
			t.Fatalf("%q became %q, %v", s, fields, err)
		}
	})
}

func TestQuoteRealShell(t *testing.T) {
	t.Parallel()
	needShell(t)
	s := "a'b\"c $HOME `id` \\ \n\t*?~!#&|;<>(){}[]\r\xff"
	out, err := exec.Command("sh", "-c", "printf %s "+Quote(s)).Output()
	if err != nil || string(out) != s {
		t.Errorf("%q, %v", out, err)
	}
}

func split(chunks ...string) []Line {
	var got []Line
	o := newOutput(func(l Line) { got = append(got, l) }, -1)
	for _, c := range chunks {
		writer{o, 0}.Write([]byte(c))
	}
	o.finish()
	return got
}

func TestLines(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", maxLine/2)
	for _, tt := range []struct {
		name   string
		chunks []string
		want   []Line
	}{
		{"none", nil, nil},
		{"lines", []string{"a\n\nb\n"}, []Line{{Text: "a"}, {}, {Text: "b"}}},
		{"no end", []string{"a\nb"}, []Line{{Text: "a"}, {Text: "b"}}},
		{"dos", []string{"a\r", "\nb\r\r\n"}, []Line{{Text: "a"}, {Text: "b"}}},
		{"progress", []string{"1%\r2%\r", "\r3%\ndone"}, []Line{{Text: "1%", Overwrite: true}, {Text: "2%", Overwrite: true}, {Text: "3%"}, {Text: "done"}}},
		{"progress at the end", []string{"1%\r"}, []Line{{Text: "1%", Overwrite: true}}},
		{"return first", []string{"\ra\n"}, []Line{{Text: "a"}}},
		{"just fits", []string{long, "\n"}, []Line{{Text: long}}},
		{"one more", []string{long, "x\n"}, []Line{{Text: long, Partial: true}, {Text: "x"}}},
		{"cut between runes", []string{"x" + long + "\ny"}, []Line{{Text: "x" + long[:maxLine-2], Partial: true}, {Text: "é"}, {Text: "y"}}},
		{"not UTF-8", []string{"\xff\xfe\n"}, []Line{{Text: "\xff\xfe"}}},
	} {
		if got := split(tt.chunks...); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %.200v, want %.200v", tt.name, got, tt.want)
		}
	}
}

// However the network cuts it, the lines are the same and nothing is lost.
func TestLinesChunked(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		piece := rapid.SampledFrom([]string{"a", "é", "\r", "\n", "\r\n", "\xff", "\xe2\x82", strings.Repeat("x", maxLine-1), "€€"})
		chunks := rapid.SliceOfN(piece, 0, 12).Draw(t, "chunks")
		whole := strings.Join(chunks, "")
		got, want := split(chunks...), split(whole)
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%d lines in chunks, %d at once", len(got), len(want))
		}
		var text bytes.Buffer
		for _, l := range got {
			if len(l.Text) > maxLine {
				t.Fatalf("%d bytes in a line", len(l.Text))
			}
			text.WriteString(l.Text)
		}
		if text.String() != strings.NewReplacer("\r", "", "\n", "").Replace(whole) {
			t.Fatal("text lost or made up")
		}
	})
}

func TestClean(t *testing.T) {
	t.Parallel()
	if got, want := clean("a\x1b]0;x\x07b\r\n\xffé\u202e"), "a?]0;x?b  ?é?"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestOverlap(t *testing.T) {
	t.Parallel()
	lines := func(s string) []Line {
		var l []Line
		for f := range strings.SplitSeq(s, "") {
			l = append(l, Line{Text: f})
		}
		return l
	}
	for _, tt := range []struct {
		seen, again string
		want        int
	}{
		{"abc", "abc", 3},
		{"abc", "bcd", 2},
		{"abc", "xyz", 0},
		{"", "abc", 0},
		{"abc", "", 0},
		{"aaa", "aaaa", 3},
		{"ab", "b", 1},
		{"bc", "abcd", 3},
		{"xa", "axan", 3},
		{"abc", "xbcy", 0},
	} {
		if got := overlap(strings.Split(tt.seen, ""), lines(tt.again)); got != tt.want {
			t.Errorf("%s then %s: %d, want %d", tt.seen, tt.again, got, tt.want)
		}
	}
}

// says reads as a stream does that says a little at a time, and then much; asked is what it was last
// given to fill.
type says struct {
	little, much int // reads
	err          error
	asked        int
}

func (s *says) Read(b []byte) (int, error) {
	s.asked = len(b)
	switch {
	case s.little > 0:
		s.little--
		return copy(b, "a line\n"), nil
	case s.much > 0:
		s.much--
		return copy(b, bytes.Repeat([]byte{'x'}, len(b))), nil
	}
	return 0, s.err
}

// TestReadFrom: a stream that says little is read through a small buffer, a flood through a large one.
func TestReadFrom(t *testing.T) {
	t.Parallel()
	lost := errors.New("lost")
	for _, c := range []struct {
		s     says
		asked int
		err   error
	}{
		{says{err: io.EOF}, leastBuffer, nil},
		{says{little: 1000, err: io.EOF}, leastBuffer, nil},
		{says{little: 3, much: 100, err: lost}, mostBuffer, lost},
	} {
		lines := 0
		o := newOutput(func(Line) { lines++ }, -1)
		little := c.s.little
		if _, err := io.Copy(writer{o, 0}, &c.s); !errors.Is(err, c.err) {
			t.Errorf("%+v: %v", c, err)
		}
		if c.s.asked != c.asked {
			t.Errorf("read %d bytes at once, not %d", c.s.asked, c.asked)
		}
		if lines < little {
			t.Errorf("%d lines of %d", lines, little)
		}
	}
}

// BenchmarkQuiet is what reading a command's output costs that has none.
func BenchmarkQuiet(b *testing.B) {
	b.ReportAllocs()
	o := newOutput(func(Line) {}, -1)
	for b.Loop() {
		if _, err := io.Copy(writer{o, 0}, &says{little: 1, err: io.EOF}); err != nil {
			b.Fatal(err)
		}
	}
}
