package slides

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// judge plays the terminal: a line may only consist of printable characters,
// SGR and OSC 8 sequences, has to end in the default look with no link open,
// and has to be exactly width cells, or at any width for width < 0.
func judge(t *testing.T, line string, width int) {
	t.Helper()
	if !utf8.ValidString(line) {
		t.Fatalf("not UTF-8: %q", line)
	}
	styled, linked := false, false
	rest := line
	for rest != "" {
		r, size := utf8.DecodeRuneInString(rest)
		if r != 0x1b {
			if r < ' ' || r >= 0x7f && r < 0xa0 {
				t.Fatalf("control character %U in %q", r, line)
			}
			rest = rest[size:]
			continue
		}
		switch {
		case strings.HasPrefix(rest, "\x1b]8;;"):
			target, after, ok := strings.Cut(rest[len("\x1b]8;;"):], "\x1b\\")
			if !ok || strings.ContainsFunc(target, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
				t.Fatalf("bad OSC 8 in %q", line)
			}
			linked, rest = target != "", after
		case strings.HasPrefix(rest, "\x1b["):
			n := strings.IndexFunc(rest[2:], func(r rune) bool { return r != ';' && (r < '0' || r > '9') })
			if n < 0 || rest[2+n] != 'm' {
				t.Fatalf("not SGR in %q", line)
			}
			styled, rest = rest[2:2+n] != "0", rest[2+n+1:]
		default:
			t.Fatalf("stray escape in %q", line)
		}
	}
	if styled || linked {
		t.Fatalf("the look or a link stays on after %q", line)
	}
	if w := ansi.StringWidth(line); width >= 0 && w != width {
		t.Fatalf("%d cells instead of %d: %q", w, width, line)
	}
}

// FuzzDeck feeds any bytes through parser, renderer, window and linter.
func FuzzDeck(f *testing.F) {
	_, src := atelier(f)
	f.Add(src, 76, 20, 0, 0, uint8(0))
	f.Add([]byte("---\ntitle: é\n---\n# a\n<!-- n -->\n| a | b |\n|---|--:|\n| *x* | y |\n<!-- pause -->\n[a](http://é)\n"), 20, 9, 1, 3, uint8(1))
	f.Add([]byte("漢\u0301字 👩\u200d💻 *e*\u0301 🇫*🇷* \ufe0f\u200d\n-> ﷽ﷺ\n"), 3, 4, 0, 1, uint8(2))
	f.Add([]byte("*\u0d4e*\u0601\n漢\u0601 \U000111c2\n"), 9, 4, 0, 1, uint8(66))
	f.Add([]byte("```\n\x1b[2J\x9b1m\x00\xff\n```\n* a\n  * b\n> > c `d *e* _f\n\n    a => b\n"), 11, 5, 0, 2, uint8(3))
	f.Fuzz(func(t *testing.T, src []byte, width, height, top, left int, mode uint8) {
		d := Parse("fuzz", src)
		if len(d.Slides) == 0 {
			t.Fatal("no slide")
		}
		o := Options{
			Width: width % 200, Height: height % 60, Stop: int(mode%4) - 1,
			ASCII: mode&4 != 0, Strict: mode&8 != 0, Conceal: mode&16 != 0, Hyperlinks: mode&32 != 0,
			Highlight: string(src[:min(len(src), 3)]),
		}
		if mode&2 != 0 {
			o.Example = func(string) string { return "pattern" }
		}
		o.Theme = []*Theme{nil, Dark(), Mono(), tagTheme()}[mode>>6]
		for _, s := range d.Slides {
			v := s.Render(d, o)
			for _, l := range v.Lines {
				judge(t, l, -1)
			}
			w, h := 1+abs(width)%200, 1+abs(height)%60
			lines := v.Window(w, h, top%100, left%300)
			if len(lines) != h {
				t.Fatalf("%d lines, want %d", len(lines), h)
			}
			for _, l := range lines {
				judge(t, l, w)
			}
			for _, c := range s.Commands() {
				if c.Text != joinParts(c.Parts) {
					t.Fatalf("parts %+v are not %q", c.Parts, c.Text)
				}
			}
		}
		d.Search(o.Highlight)
		Lint(d, src, LintOptions{Width: w80(width)})
		ParseWith("fuzz", src, ParseOptions{Strict: true, Entities: true})
	})
}

func abs(n int) int {
	if n < 0 {
		n = -n
	}
	return max(n, 0) // the smallest int stays negative
}

func w80(n int) int { return 1 + abs(n)%160 }
