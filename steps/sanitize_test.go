package steps_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"matou/steps"
)

func TestSanitize(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, in, want string }{
		{"plain", "été 🐱 ok", "été 🐱 ok"},
		{"colour is closed", "\x1b[1;31mError: no", "\x1b[1;31mError: no\x1b[0m"},
		{"colour that was closed", "\x1b[1;31mError\x1b[0m: no", "\x1b[1;31mError\x1b[0m: no"},
		{"closed and opened", "\x1b[31mError\x1b[m: \x1b[1mno", "\x1b[31mError\x1b[m: \x1b[1mno\x1b[0m"},
		{"puppet's own reset", "\x1b[mNotice: done", "\x1b[mNotice: done"},
		{"true colour, colons", "\x1b[38:2::1:2:3mx", "\x1b[38:2::1:2:3mx\x1b[0m"},
		{"rsyslog's escape", "#033[32mInfo#033[0m", "\x1b[32mInfo\x1b[0m"},
		{"cursor", "a\x1b[2J\x1b[1;1Hb\x1b[10Ac", "abc"},
		{"title", "a\x1b]0;owned\x07b", "ab"},
		{"title, ST", "a\x1b]0;owned\x1b\\b", "ab"},
		{"clipboard", "a\x1b]52;c;cm0gLXJm\x07b", "ab"},
		{"title given up for a colour", "a\x1b]0;x\x1b[31mb", "a\x1b[31mb\x1b[0m"},
		{"device control", "a\x1bP$q\x1b\\b", "ab"},
		{"C1 sequence", "a\u009b31mb", "a\x1b[31mb\x1b[0m"},
		{"C1 title", "a\u009d0;owned\u009cb", "ab"},
		{"C1 byte is no UTF-8", "a\x9b31mb", "a\ufffd31mb"},
		{"private SGR", "\x1b[>4;2mx\x1b[?1mx", "xx"},
		{"SGR with an intermediate", "\x1b[1 mx", "x"},
		{"endless SGR", "\x1b[" + strings.Repeat("1;", 100) + "mx", "x"},
		{"cut off", "a\x1b[31", "a"},
		{"cut off before anything", "a\x1b", "a"},
		{"character set", "a\x1b(0b", "ab"},
		{"reset of the terminal", "a\x1bcb", "ab"},
		{"a control inside a sequence", "a\x1b[3\x081mb", "a1mb"},
		{"bell, backspace, carriage return", "a\x07\x08\rb\x7f", "ab"},
		{"tab", "ab\tc\t\td", "ab      c               d"},
		{"reordering", "a\u202eb\u2066c\u2069", "abc"},
		{"line separators", "a\u2028b\u0085c", "abc"},
		{"marks on a border", "\x1b[31m\U0001f3ff\u0301\u0903\u200dx", "\x1b[31mx\x1b[0m"},
		{"marks on a letter", "e\u0301 \U0001f44b\U0001f3ff", "e\u0301 \U0001f44b\U0001f3ff"},
		{"not UTF-8", "a\xff\xfeb", "a\ufffd\ufffdb"},
		{"two escapes", "\x1b\x1b[31mx", "\x1b[31mx\x1b[0m"},
		{"nothing", "", ""},
	}
	for _, tt := range tests {
		if got := steps.Sanitize(tt.in); got != tt.want {
			t.Errorf("%s:\n got %q\nwant %q", tt.name, got, tt.want)
		}
		safe(t, tt.in)
	}
	long := steps.Sanitize(strings.Repeat("x", 1<<20))
	if len(long) > steps.MaxLine+len(" […]") || !strings.HasSuffix(long, "x […]") {
		t.Errorf("%d bytes of a long line, ending in %q", len(long), long[len(long)-10:])
	}
}

// safe checks, with somebody else's parser, that a sanitised line can only print and colour, that
// the colours end with it, and that it is no longer than a line may be.
func safe(t *testing.T, in string) {
	t.Helper()
	out := steps.Sanitize(in)
	if !utf8.ValidString(out) {
		t.Errorf("%q: not UTF-8: %q", in, out)
	}
	if len(out) > steps.MaxLine+100 {
		t.Errorf("%.100q: %d bytes", in, len(out))
	}
	open := false
	p := ansi.NewParser()
	p.SetHandler(ansi.Handler{
		Print: func(r rune) {
			if unicode.IsControl(r) || r >= 0x202a && r <= 0x202e {
				t.Errorf("%q prints %q", in, r)
			}
		},
		Execute: func(b byte) { t.Errorf("%q: control %#x in %q", in, b, out) },
		HandleCsi: func(c ansi.Cmd, params ansi.Params) {
			if c.Final() != 'm' || c.Prefix() != 0 || c.Intermediate() != 0 {
				t.Errorf("%q: sequence %q in %q", in, rune(c), out)
			}
			first, _, _ := params.Param(0, 0)
			open = len(params) > 1 || first != 0
		},
		HandleEsc: func(c ansi.Cmd) { t.Errorf("%q: escape %q in %q", in, rune(c), out) },
		HandleDcs: func(ansi.Cmd, ansi.Params, []byte) { t.Errorf("%q: device control in %q", in, out) },
		HandleOsc: func(int, []byte) { t.Errorf("%q: operating system command in %q", in, out) },
		HandlePm:  func([]byte) { t.Errorf("%q: privacy message in %q", in, out) },
		HandleApc: func([]byte) { t.Errorf("%q: application command in %q", in, out) },
		HandleSos: func([]byte) { t.Errorf("%q: string in %q", in, out) },
	})
	p.Parse([]byte(out))
	if state := p.StateName(); state != "GroundState" {
		t.Errorf("%q: %q leaves the terminal in %s", in, out, state)
	}
	if open {
		t.Errorf("%q: a colour is left on in %q", in, out)
	}
}

func FuzzSanitize(f *testing.F) {
	for _, s := range []string{"a", "\x1b[31mx", "#033[1m", "\x1b]0;t\x07", "\u009b1m\u009d;\u009c", "\t\t", "\xff\x1bP\x1b\\", "\x1b[38;5;1mx\x1b[m"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		safe(t, in)
		if steps.Sanitize(in) == in {
			return
		}
		again := steps.Sanitize(steps.Sanitize(in))
		if ansi.Strip(again) != ansi.Strip(steps.Sanitize(in)) && !strings.Contains(steps.Sanitize(in), "#033[") && len(in) < steps.MaxLine/8 {
			t.Errorf("%q: sanitised twice it says something else: %q, then %q", in, steps.Sanitize(in), again)
		}
	})
}

const (
	plainLine    = "Feb 10 21:00:01 web-01 puppet-agent[1234]: Applied catalog in 2.13 seconds"
	colouredLine = "\x1b[mNotice: /Stage[main]/Main/Node[web]/Package[python3-flask]/ensure: created\x1b[0m\t\x1b[1;31mError\x1b[0m"
)

func BenchmarkSanitize(b *testing.B) {
	for _, line := range []struct{ name, text string }{{"plain", plainLine}, {"coloured", colouredLine}} {
		b.Run(line.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(line.text)))
			for b.Loop() {
				steps.Sanitize(line.text)
			}
		})
	}
}

// BenchmarkFeedLine is what a line of a flood costs on its way to one reader that is far behind.
func BenchmarkFeedLine(b *testing.B) {
	for _, line := range []struct{ name, text string }{{"plain", plainLine}, {"coloured", colouredLine}} {
		b.Run(line.name, func(b *testing.B) {
			r := &steps.Redactor{}
			r.Add("moutarde", "gAAAAABl-a-token-of-the-cloud", "another secret", "and one more")
			e, err := steps.New(course(), &doer{}, steps.Options{Redactor: r})
			if err != nil {
				b.Fatal(err)
			}
			f := e.Feed(5000)
			defer f.Close()
			b.ReportAllocs()
			for b.Loop() {
				e.Line("a", "web", line.text)
			}
		})
	}
}
