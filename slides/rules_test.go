package slides

import (
	"regexp"
	"strings"
	"testing"
)

// tagTheme gives each part a look of its own, which tags turns into a name.
func tagTheme() *Theme {
	return &Theme{
		H1: Style{Fg: Palette(201)}, H2: Style{Fg: Palette(202)}, Emphasis: Style{Fg: Palette(203)},
		Link: Style{Fg: Palette(204)}, Table: Style{Fg: Palette(206)}, Value: Style{Fg: Palette(207)},
		Example: Style{Fg: Palette(208)},
		Match:   Style{Bold: true}, Underline: Style{Underline: true}, Code: Style{Reverse: true},
		Quote: Style{Italic: true},
	}
}

var sgrRE = regexp.MustCompile("\x1b\\[0([;0-9]*)m")

// tags replaces the SGR sequences of tagTheme by names: <h1>, <em+u>, <>.
func tags(s string) string {
	return sgrRE.ReplaceAllStringFunc(s, func(m string) string {
		p := sgrRE.FindStringSubmatch(m)[1]
		var names []string
		for _, t := range []struct{ code, name string }{
			{";38;5;201", "h1"},
			{";38;5;202", "h2"},
			{";38;5;203", "em"},
			{";38;5;204", "link"},
			{";38;5;206", "frame"},
			{";38;5;207", "value"},
			{";38;5;208", "example"},
		} {
			if strings.Contains(p, t.code) {
				names = append(names, t.name)
				p = strings.ReplaceAll(p, t.code, "")
			}
		}
		for _, t := range []struct{ code, name string }{{";1", "match"}, {";3", "quote"}, {";4", "u"}, {";7", "code"}} {
			if strings.Contains(p, t.code) {
				names = append(names, t.name)
			}
		}
		return "<" + strings.Join(names, "+") + ">"
	})
}

// show renders all slides, tagged, each line trimmed at its right, slides
// separated by a line of slashes.
func show(d *Deck, o Options) string {
	o.Theme, o.Stop = tagTheme(), -1
	var out []string
	for i, s := range d.Slides {
		if i > 0 {
			out = append(out, "//")
		}
		for _, l := range s.Render(d, o).Lines {
			out = append(out, strings.TrimRight(tags(l), " "))
		}
	}
	return strings.Join(out, "\n")
}

// ruleCases has at least one case for each rule of the format that shows in
// the rendering; the number is that of the rule, those of headers and stops
// have tests of their own.
var ruleCases = []struct {
	name, src, want string
}{
	{"1 rule of dashes after a blank line splits", "a\n\n---\nb", "a\n//\nb"},
	{"1 rule of stars splits", "a\n\n*****\nb", "a\n//\nb"},
	{"1 blanks in the rule", "a\n\n  -- --  \nb", "a\n//\nb"},
	{"1 no blank line makes a heading", "a\n---\nb", "<h2>a<>\nb"},
	{"1 two rules make an empty slide", "a\n\n---\n---\nb", "a\n//\n//\nb"},
	{"1 first line is swallowed", "---\na", "a"},
	{"1 rule at the end of file", "a\n\n---\n", "a"},
	{"2 spaced stars are a list", "a\n\n* * *\nb", "a\n\n • * *\n   b"},
	{"2 spaced dashes are a list", "a\n\n- - -", "a\n\n • - -"},
	{"3 a line of signs counts as empty", "a\n##\n---\nb", "a\n##\n//\nb"},
	{"3 blank code line does not hide the rule", "a\n\n     \n---\nb", "a\n//\nb"},
	{"4 rule in a fence is code", "~~~\na\n\n---\n~~~", "<code> a   <>\n<code>     <>\n<code> --- <>"},
	{"4 column 0 rule ends indented code", "    a\n\n---\nb", "<code> a <>\n//\nb"},
	{"5 header", "%title: T\n%author: A\na", "a"},
	{"5 blank line disables headers", "\n%title: T", "%title: T"},
	{"8 mdpress name dropped", "= name\na", "a"},
	{"8 alone it stays", "= name", "= name"},
	{"9 tab is four blanks", "a\tb", "a    b"},
	{"9 CRLF", "a\r\n\r\n---\r\nb\r\n", "a\n//\nb"},
	{"9 control characters dropped", "a\x1b[31mb\x00\x9b\x7f", "a[31mb\ufffd"},
	{"10 entities are literal", "a &gt; b", "a &gt; b"},
	{"11 tilde fence", "~~~ {.sh}\n*a*\n~~~\nb", "<code> *a* <>\nb"},
	{"11 longer fence closes, shorter does not", "~~~~\na\n~~~\n~~~~~\nb", "<code> a   <>\n<code> ~~~ <>\nb"},
	{"12 backtick fence", "```sh\n# x\n```", "<code> # x <>"},
	{"12 other mark does not close", "```\n~~~\n```", "<code> ~~~ <>"},
	{"12 unclosed runs to the end", "```\na\n\n---\nb", "<code> a   <>\n<code>     <>\n<code> --- <>\n<code> b   <>"},
	{"12 inline triple is no fence", "```a``` b\nc", "<code>a<> b\nc"},
	{"13 indented code", "a\n\n    *b*\n      c", "a\n\n<code> *b* <>\n<code>   c <>"},
	{"13 not below text", "a\n    -> b", "a\nb"},
	{"14 stop", "a\n^\nb", "a\nb"},
	{"14 stop drops its line", "a\n  ^ x\nb", "a\nb"},
	{"14 br", "a\n<br>\nb\n<BR>\nc\n<Br>", "a\nb\nc\n<Br>"},
	{"14 stop in indented code is text", "    a b\n    ^", "<code> a b <>\n<code> ^   <>"},
	{"16 levels", "* a\n * b\n    * c\n         * d\n * e\n* f", " • a\n   ◦ b\n     ▪ c\n     ▪ d\n   ◦ e\n • f"},
	{"16 dash", "- a", " • a"},
	{"16 plus and numbers are text", "+ a\n1. b", "+ a\n1. b"},
	{"16 list wins over code", "a\n\n     * b", "a\n\n   • b"},
	{"17 continuation", "* a\n  b\n\nc", " • a\n   b\n\nc"},
	{"17 outdented text ends the list", "  * a\nb", "   • a\nb"},
	{"17 a command is no continuation", "* a\n> ls", " • a\n▌<quote> ls<>"},
	{"19 quote", "> a", "▌<quote> a<>"},
	{"19 without blank, nested", ">a\n>> b\n> > c", "▌<quote> a<>\n▌▌<quote> b<>\n▌▌<quote> c<>"},
	{"19 inline markup", "> a *b*", "▌<quote> a <em+quote>b<>"},
	{"19 no lazy continuation", "> a\nb", "▌<quote> a<>\nb"},
	{"20 centre", "-> a <-\n0123456789", "    a\n0123456789"},
	{"20 no blank is literal", "->x\n->\n->#", "->x\n->\n->#"},
	{"20 arrow inside stays", "-> a <- b\n01234567890123", "    a <- b\n01234567890123"},
	{"20 code", "a\n\n      -> abc", "a\n\n<code>   -> abc <>"},
	{"20 further blanks are an offset", "->   a\n0123456789", "     a\n0123456789"},
	{"21 cells, not runes", "-> 漢字\n0123456789", "   漢字\n0123456789"},
	{"22 ATX", "# a\n## b", "<h1>a<>\n<h2>b<>"},
	{"22 literal", "-> x\n### a\n#x\n#", "  x\n### a\n#x\n#"},
	{"22 trailing marks kept, raw text", "## *a* `b` ##", "<h2>*a* `b` ##<>"},
	{"23 setext", "a\n=\nb\n-", "<h1>a<>\n<h2>b<>"},
	{"23 centred", "-> ab\n===\n0123456789", "    <h1>ab<>\n0123456789"},
	{"23 inline markup of a heading is raw", "*a*\n===", "<h1>*a*<>"},
	{"24 NBSP", "#\u00a0a", "<h1>a<>"},
	{"25 emphasis", "*a* b *c d*", "<em>a<> b <em>c d<>"},
	{"25 literal inside words", "a*b*c 2 * 3 * 4 snake_case_x", "a*b*c 2 * 3 * 4 snake_case_x"},
	{"25 letter after the closer", "*b*old", "*b*old"},
	{"25 alone", "*a\nb*", "*a\nb*"},
	{"25 globs", "ls *.go *.md", "ls *.go *.md"},
	{"26 underline nests", "_a_ *_b_* _*c*_", "<u>a<> <em+u>b<> <em+u>c<>"},
	{"27 code", "`a` b", "<code>a<> b"},
	{"27 markers inside", "`a *b*`", "<code>a <em+code>b<>"},
	{"28 doubled", "**a** __b__", "<em>a <u>b<>"},
	{"28 tripled", "***a***", "<em>a<>"},
	{"29 escape", `\*a\* \\ \_b_`, `*a* \ _b_`},
	{"29 paths keep theirs", `C:\dir s/\./x/ \n`, `C:\dir s/\./x/ \n`},
	{"29 not in code", "```\na \\\nb\n```", "<code> a \\ <>\n<code> b   <>"},
	{"29 does not join lines", "a \\\nb", "a \\\nb"},
	{"30 link", "a [b](http://c) d", "a <link>b<> [1] d\n\n[1] <link>http://c<>"},
	{"30 image", "![b](c.png)", "<link>b<> [1]\n\n[1] <link>c.png<>"},
	{"30 needs a blank before", "a[b](c)", "a[b](c)"},
	{"31 exclamation marks", "a !!! b! *c!*", "a !!! b! <em>c!<>"},
	{"32 ordered list and the like are text", "1. a\n~~b~~\n<i>c</i>", "1. a\n~~b~~\n<i>c</i>"},
	{
		"32 markers in tables have no width", "+----+\n| *a*  |\n+----+",
		"<frame>+----+<>\n<frame>| <em>a<frame>  |<>\n<frame>+----+<>",
	},
}

func TestRules(t *testing.T) {
	t.Parallel()
	for _, tc := range ruleCases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := show(Parse("t", []byte(tc.src)), Options{}); got != tc.want {
				t.Errorf("source:\n%s\ngot:\n%s\nwant:\n%s", tc.src, got, tc.want)
			}
		})
	}
}

func TestStrict(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, src, want string
	}{
		{"3 blank code line hides the rule", "a\n\n     \n---\nb", "a\n\n\n---\nb"},
		{"14 first line is text", "^\nb", "^\nb"},
		{"18 glyphs", "* a\n * b\n * c\n* d", " +- a\n |   +- b\n |   +- c\n +- d"},
		{"18 continuation", "* a\n  b\n* c", " +- a\n |  b\n +- c"},
		{"19 blanks skipped", ">    a", "><quote> a<>"},
		{"24 NBSP", "#\u00a0a", "#\u00a0a"},
		{"comments are text", "<!-- a -->", "<!-- a -->"},
		{"indented fence is text", " ```\n a\n ```", " ```\n a\n ```"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := ParseWith("t", []byte(tc.src), ParseOptions{Strict: true})
			if got := show(d, Options{Strict: true}); got != tc.want {
				t.Errorf("source:\n%s\ngot:\n%s\nwant:\n%s", tc.src, got, tc.want)
			}
		})
	}
	// A deck parsed for everybody can still be shown as mdp would.
	d := Parse("t", []byte("#\u00a0a\n"))
	if got := show(d, Options{Strict: true}); got != "#\u00a0a" {
		t.Errorf("strict rendering of #+NBSP = %q", got)
	}
}

// TestHeaders covers rules 5 to 7: what a caller needs for the bars.
func TestHeaders(t *testing.T) {
	t.Parallel()
	d := Parse("t", []byte("%title: Un atelier\n%author: É. Quipe\n%x:y\n\n-> # A\n"))
	want := []string{"Un atelier", "É. Quipe", ""}
	if len(d.Header) != 3 || d.Header[0] != want[0] || d.Header[1] != want[1] || d.Header[2] != want[2] {
		t.Errorf("Header = %q, want %q", d.Header, want)
	}
	if s := Parse("t", []byte("a\n\n---\n= boot x=3\nb\n")).Slide("boot"); s == nil || s.Number != 2 {
		t.Errorf("slide named as in mdpress: %+v", s)
	}
	if d.Title() != "Un atelier" {
		t.Errorf("Title = %q", d.Title())
	}
	if got := Parse("t", []byte("\n\n-> # A\n")).Title(); got != "A" {
		t.Errorf("Title without header = %q", got)
	}
}

// TestEntities covers rule 10.
func TestEntities(t *testing.T) {
	t.Parallel()
	src := "a &gt; &#233; &#27;\n\n    &gt;"
	d := ParseWith("t", []byte(src), ParseOptions{Entities: true})
	if got, want := show(d, Options{}), "a > é\n\n<code> &gt; <>"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestStops covers rules 14 and 15: what is behind a stop is blank but has its
// place, and links so far are listed.
func TestStops(t *testing.T) {
	t.Parallel()
	d := Parse("t", []byte("a [x](u)\n^\nb\n^\nc [y](v)\n"))
	s := d.Slides[0]
	if s.Stops != 2 {
		t.Fatalf("Stops = %d, want 2", s.Stops)
	}
	full := s.Render(d, Options{Stop: -1})
	for stop, want := range []string{
		"a x [1]\n\n\n\n[1] u\n",
		"a x [1]\nb\n\n\n[1] u\n",
		"a x [1]\nb\nc y [2]\n\n[1] u\n[2] v",
	} {
		v := s.Render(d, Options{Stop: stop})
		if got := strings.Join(v.Lines, "\n"); got != want {
			t.Errorf("stop %d: got %q, want %q", stop, got, want)
		}
		if v.Height != full.Height {
			t.Errorf("stop %d: height %d, want %d as in full", stop, v.Height, full.Height)
		}
	}
}
