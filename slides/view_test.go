package slides

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
)

func TestWindow(t *testing.T) {
	t.Parallel()
	d := Parse("t", []byte("```\nab漢字cd\n0123456789\n```\n"))
	v := d.Slides[0].Render(d, Options{Stop: -1, Strict: true})
	for _, tc := range []struct {
		name                     string
		width, height, top, left int
		want                     []string
	}{
		{"all", 8, 2, 0, 0, []string{"ab漢字cd", "01234567"}},
		{"wide cut at the right", 5, 1, 0, 0, []string{"ab漢 "}},
		{"wide cut at the left", 4, 1, 0, 3, []string{" 字c"}},
		{"both halves", 2, 1, 0, 3, []string{"  "}},
		{"half only", 1, 1, 0, 2, []string{" "}},
		{"beyond", 3, 3, 1, 9, []string{"9  ", "   ", "   "}},
		{"above and left", 2, 2, -1, -4, []string{"  ", "ab"}},
		{"far away", 2, 1, 99, 99, []string{"  "}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := v.Window(tc.width, tc.height, tc.top, tc.left)
			if strings.Join(got, "|") != strings.Join(tc.want, "|") {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
	if got := v.Window(0, 5, 0, 0); got != nil {
		t.Errorf("no width: got %q", got)
	}
	if got := (View{}).Window(2, 1, 0, 0); len(got) != 1 || got[0] != "  " {
		t.Errorf("empty view: got %q", got)
	}
}

// TestWindowStyles checks that a cut keeps the look of what it shows and ends
// in the default look.
func TestWindowStyles(t *testing.T) {
	t.Parallel()
	d := Parse("t", []byte("a *bcd* e\n"))
	v := d.Slides[0].Render(d, Options{Stop: -1, Theme: tagTheme()})
	got := v.Window(2, 1, 0, 3)
	if want := "<em>cd<>"; len(got) != 1 || tags(got[0]) != want {
		t.Errorf("got %q, want %q", tags(strings.Join(got, "")), want)
	}
}

// TestGround checks that a theme with a ground of its own fills the window.
func TestGround(t *testing.T) {
	t.Parallel()
	d := Parse("t", []byte("a\n"))
	v := d.Slides[0].Render(d, Options{Stop: -1, Theme: &Theme{Text: Style{Bg: Palette(207)}}})
	for _, l := range v.Window(3, 2, 0, 0) {
		if !strings.HasPrefix(l, "\x1b[0;48;5;207m") || strings.Count(l, "\x1b") != 2 {
			t.Errorf("ground is missing in %q", l)
		}
	}
}

func TestHyperlinks(t *testing.T) {
	t.Parallel()
	d := Parse("t", []byte("[a](https://x.example/\u00e9)\n"))
	v := d.Slides[0].Render(d, Options{Stop: -1, Hyperlinks: true})
	want := "\x1b]8;;https://x.example/%C3%A9\x1b\\a\x1b]8;;\x1b\\ [1]"
	if v.Lines[0] != want {
		t.Errorf("got %q, want %q", v.Lines[0], want)
	}
	got := v.Window(1, 1, 0, 0)[0]
	if want := "\x1b]8;;https://x.example/%C3%A9\x1b\\a\x1b]8;;\x1b\\"; got != want {
		t.Errorf("cut: got %q, want %q", got, want)
	}
}

func TestSubstitute(t *testing.T) {
	t.Parallel()
	src := "> ssh *adresse_ip* -p *22XX*\n\n+----------+\n| *id*       |\n+----------+\n\n*autre*\n"
	d := Parse("t", []byte(src))
	sub := func(p string) (string, bool) {
		v, ok := map[string]string{"adresse_ip": "10.0.0.7", "22XX": "2203\x1b[2J", "id": "a-b-c-d"}[p]
		return v, ok
	}
	got := show(d, Options{Substitute: sub})
	want := "▌<quote> ssh <value+quote>10.0.0.7<quote> -p <value+quote>2203[2J<>\n\n" +
		"<frame>+----------+<>\n<frame>| <value>a-b-c-d<frame>  |<>\n<frame>+----------+<>\n\n<em>autre<>"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	c := d.Slides[0].Commands()
	if len(c) != 1 || c[0].Fill(sub) != "ssh 10.0.0.7 -p 2203[2J" {
		t.Errorf("commands: %+v", c)
	}
}

// TestExamples: a value that is not known yet is said to be an example, and no table changes its shape.
func TestExamples(t *testing.T) {
	t.Parallel()
	const table = "+-------------+-------------------------+\n| Property    | Value                   |\n+-------------+-------------------------+\n" +
		"| id          | *c47c0ffe*                |\n| name        | *web-XXX*                 |\n+-------------+-------------------------+\n"
	opts := Options{
		Substitute: func(p string) (string, bool) { return "web-07", p == "web-XXX" },
		Example: func(p string) string {
			if p == "c47c0ffe" || p == "web-XXX" { // of a value that is known, nobody asks
				return "pattern"
			}
			return ""
		},
	}
	for _, tc := range []struct {
		name, src, want string
		width           int
	}{
		{"a table", table, "<frame>+-------------+-<example> pattern <frame>---------------+<>\n" +
			"<frame>|<> Property    <frame>|<> Value                   <frame>|<>\n<frame>+-------------+-------------------------+<>\n" +
			"<frame>|<> id          <frame>| <example>c47c0ffe<frame>                |<>\n" +
			"<frame>|<> name        <frame>| <value>web-07<frame>                  |<>\n<frame>+-------------+-------------------------+<>", 0},
		{"a small table", "+----------+\n| *c47c0ffe* |\n+----------+\n", "<frame>+----------+<>\n<frame>| <example>c47c0ffe<frame> |  <example>pattern<>\n<frame>+----------+<>", 0},
		{"a small table in a small pane", "+----------+\n| *c47c0ffe* |\n+----------+\n", " <frame>+----------+<>\n <frame>| <example>c47c0ffe<frame> |<>\n <frame>+----------+<>", 14},
		{"a command", "> source openrc\n> nova show *c47c0ffe*\n", "▌<quote> source openrc<>\n▌<quote> nova show <example+quote>c47c0ffe  <example>pattern<>", 0},
		{"text", "its id, *c47c0ffe*, is long", "its id, <example>c47c0ffe (pattern)<>, is long", 0},
		{"a list", "* its id, *c47c0ffe*", " • its id, <example>c47c0ffe (pattern)<>", 0},
		{"nothing else", "> echo *other*\n\n+----------------------+\n| *other* [x](http://c47c0ffe) |\n+----------------------+\n", "", 0},
	} {
		o := opts
		o.Width = tc.width
		got := show(Parse("t", []byte(tc.src)), o)
		if tc.want == "" {
			o.Example = nil
			tc.want = show(Parse("t", []byte(tc.src)), o)
		}
		if got != tc.want {
			t.Errorf("%s: got\n%s\nwant\n%s", tc.name, got, tc.want)
		}
	}
	opts.Width, opts.Theme, opts.Stop = 40, Dark(), -1 // commands on a ground as wide as the pane
	d := Parse("t", []byte("> echo a line that takes all there is\n> nova show *c47c0ffe*\n"))
	lines := d.Slides[0].Render(d, opts).Lines
	if len(lines) != 2 || !strings.HasSuffix(strings.TrimRight(ansi.Strip(lines[1]), " "), "c47c0ffe           pattern") || ansi.StringWidth(lines[1]) > 40 {
		t.Errorf("got %q", lines)
	}
}

func TestHighlightMatches(t *testing.T) {
	t.Parallel()
	d := Parse("t", []byte("un *phare*, PHÂRE\n"))
	want := "un <em>phar<em+match>e<match>, PHÂ<>RE"
	if got := show(d, Options{Highlight: "E, phà"}); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := show(d, Options{Highlight: " "}); strings.Contains(got, "match") {
		t.Errorf("a blank query marks: %q", got)
	}
}

func TestConceal(t *testing.T) {
	t.Parallel()
	src := "Mot de passe : *moutarde* ici\n\n| adminPass | s3cr3t | x |\n\n    password = 'hop'\n\nMot de passe : $SECRET\n"
	d := Parse("t", []byte(src))
	v := d.Slides[0].Render(d, Options{Stop: -1, Conceal: true})
	got := strings.Join(v.Lines, "\n")
	for _, secret := range []string{"moutarde", "s3cr3t", "hop"} {
		if strings.Contains(got, secret) {
			t.Errorf("%q is shown:\n%s", secret, got)
		}
	}
	for _, kept := range []string{"•••••••• ici", "| adminPass | •••••• | x |", "$SECRET"} {
		if !strings.Contains(got, kept) {
			t.Errorf("%q is missing:\n%s", kept, got)
		}
	}
}

// TestTooTall checks that a slide loses repeated blank lines before it has to
// scroll, and only then.
func TestTooTall(t *testing.T) {
	t.Parallel()
	d := Parse("t", []byte("\n\na\n\n\n\nb\n\n"))
	for height, want := range map[int]int{0: 5, 5: 5, 4: 3} {
		if got := d.Slides[0].Render(d, Options{Stop: -1, Height: height}).Height; got != want {
			t.Errorf("height %d: %d rows, want %d", height, got, want)
		}
	}
}

func TestRowOf(t *testing.T) {
	t.Parallel()
	d := Parse("t", []byte("\na b c d e f\n\nlast\n"))
	v := d.Slides[0].Render(d, Options{Stop: -1, Width: 4})
	for line, want := range map[int]int{0: 0, 2: 0, 4: 4, 99: 4} {
		if got := v.RowOf(line); got != want {
			t.Errorf("RowOf(%d) = %d, want %d (%q)", line, got, want, v.Lines)
		}
	}
}

// TestWrap checks the widths of wrapped text, and what is kept together.
func TestWrap(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, src string
		width     int
		want      string
	}{
		{"words", "aaa bbb ccc", 7, "aaa bbb|ccc"},
		{"French marks", "aaa bbb !!! c", 7, "aaa|bbb !!!|c"},
		{"styled word", "aa *bb*cc", 4, "aa|*bb*|cc"},
		{"long word", "abcdefgh", 3, "abc|def|gh"},
		{"wide characters", "漢字漢字", 3, "漢|字|漢|字"},
		{"list", "* aaa bbb ccc ddd", 11, " • aaa bbb|   ccc ddd"},
		{"ordered", "1. aaa bbb ccc ddd", 11, "1. aaa bbb|   ccc ddd"},
		{"quote", "> aaa bbb ccc", 9, "▌ aaa bbb|▌   ccc"},
		{"centred", "-> aaa bbb ccc", 7, "aaa bbb|  ccc"},
		{"indent kept", "  aaa bbb cc", 9, "  aaa bbb|  cc"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := Parse("t", []byte(tc.src))
			v := d.Slides[0].Render(d, Options{Stop: -1, Width: tc.width})
			if got := strings.Join(v.Lines, "|"); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			for _, l := range v.Lines {
				if w := ansi.StringWidth(l); w > tc.width {
					t.Errorf("%q is %d cells, want at most %d", l, w, tc.width)
				}
			}
		})
	}
}
