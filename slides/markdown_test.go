package slides

import (
	"slices"
	"strings"
	"testing"
)

func TestFrontMatter(t *testing.T) {
	t.Parallel()
	d := Parse("t", []byte("---\ntitle: \"Un: deux\"\nauthor: 'Zoé'\nopts:\n  a: b\n# c\n---\n# A\n"))
	if !d.Markdown || d.Meta["title"] != "Un: deux" || d.Meta["author"] != "Zoé" {
		t.Errorf("Meta = %v", d.Meta)
	}
	if !slices.Equal(d.Header, []string{"Un: deux", "Zoé"}) {
		t.Errorf("Header = %q", d.Header)
	}
	if got := show(d, Options{}); got != "<h1>A<>" {
		t.Errorf("got %q", got)
	}
	// An mdp deck may start with a separator too.
	d = Parse("t", []byte("---\nUn texte, puis : rien\n\n---\nb\n"))
	if d.Markdown || len(d.Slides) != 2 {
		t.Errorf("taken as front matter: %v, %d slides", d.Meta, len(d.Slides))
	}
}

func TestComments(t *testing.T) {
	t.Parallel()
	src := `a
<!-- id: debut -->
<!-- parler
     lentement -->
b
<!-- pause -->
c
<!-- new_lines: 2 -->
<!-- speaker_note: fin -->
<!-- end_slide -->
### d
<!-- x --> e

    <!-- in code it is text -->
`
	d := Parse("t", []byte(src))
	if len(d.Slides) != 2 {
		t.Fatalf("%d slides, want 2", len(d.Slides))
	}
	s := d.Slides[0]
	if s.ID != "debut" || d.Slide("debut") != s || d.Slide("") != nil || d.Slide("x") != nil {
		t.Errorf("ID = %q", s.ID)
	}
	if want := []string{"parler\nlentement", "fin"}; !slices.Equal(s.Notes, want) {
		t.Errorf("Notes = %q, want %q", s.Notes, want)
	}
	if s.Stops != 1 || d.Slides[1].Line != 11 {
		t.Errorf("Stops = %d, second slide at line %d", s.Stops, d.Slides[1].Line)
	}
	if got, want := show(d, Options{}), "a\nb\nc\n//\n<h2>d<>\n e\n\n<code> <!-- in code it is text --> <>"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	d = Parse("t", []byte("a\n<!-- b\nc\n"))
	if got := show(d, Options{}); got != "a\n<!-- b\nc" {
		t.Errorf("open comment: %q", got)
	}
}

func TestMarkdownInline(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ src, want string }{
		{"(*a*) l'*b*, [c](d).", "(<em>a<>) l'<em>b<>, <link>c<> [1].\n\n[1] <link>d<>"},
		{"`*a*` &lt;b&gt;", "<code>*a*<> <b>"},
		{"`` a`b ``", "<code> a`b <>"},
		{"+ a\n  1. b", " • a\n   1. b"},
		{"a\n\n    b:\n    - c", "a\n\n<code> b:  <>\n<code> - c <>"},
		{"## a ##\n#### b", "<h2>a<>\n<h2>b<>"},
		{"![*a*](b \"c\")", "<link>a<> [1]\n\n[1] <link>b<>"},
	} {
		d := Parse("t", []byte("<!-- n -->\n"+tc.src))
		if got := show(d, Options{}); got != tc.want {
			t.Errorf("%q: got %q, want %q", tc.src, got, tc.want)
		}
	}
}

func TestPipeTable(t *testing.T) {
	t.Parallel()
	src := "| Nom | *N* |\n|:---|--:|\n| é漢 | 1 |\n| a \\| b | `1000` | trop |\n|x|\n"
	want := []string{
		" Nom   │    N",
		"───────┼──────",
		" é漢   │    1",
		" a | b │ 1000 │ trop",
		" x     │",
	}
	d := Parse("t", []byte(src))
	var got []string
	for _, l := range d.Slides[0].Render(d, Options{Stop: -1}).Lines {
		got = append(got, strings.TrimRight(l, " "))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	v := d.Slides[0].Render(d, Options{Stop: -1, ASCII: true, Width: 5})
	if got := strings.TrimRight(v.Lines[1], " "); got != "-------+------" || v.Width <= 5 {
		t.Errorf("ASCII rule %q, width %d", got, v.Width)
	}
}

func TestCommands(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		src  string
		want []string
	}{
		{"> ls -l", []string{"ls -l"}},
		{"> cd /a\n> git checkout b", []string{"cd /a", "git checkout b"}},
		{"> a \\\n> b\n> c |\n> d && e", []string{"a b", "c | d && e"}},
		{"> nova boot\n> --image 'x y' *n*", []string{"nova boot --image 'x y' n"}},
		{"> tail -f x\n> | ccze -A", []string{"tail -f x | ccze -A"}},
		{"> putty?\n> Attention !\n> nous:\n> clé: 1", nil},
		{"> - echo a\n>   - b\n> # c", nil},
		{"> - echo a\n> --opt", nil},
		{"> ./run.sh ?\n> ls", []string{"ls"}},
		{"> OS_CLOUD=x nova list", []string{"OS_CLOUD=x nova list"}},
		{"> a\n\n> --b", []string{"a"}},
		{"> cd ..", []string{"cd .."}},
		{"> echo \"a *b* c\"", []string{"echo \"a b c\""}},
		{"> rm *.log", []string{"rm *.log"}},
	} {
		var got []string
		for _, c := range Parse("t", []byte(tc.src)).Slides[0].Commands() {
			got = append(got, c.Text)
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("%q: got %q, want %q", tc.src, got, tc.want)
		}
	}
	c := Parse("t", []byte("a\n^\n> x *b* \\\n> *c* *b*\n")).Slides[0].Commands()
	if len(c) != 1 || c[0].Line != 3 || c[0].Last != 4 || c[0].Stop != 1 || !slices.Equal(c[0].Placeholders(), []string{"b", "c"}) {
		t.Errorf("got %+v", c)
	}
	if got := c[0].Fill(nil); got != "x b c b" {
		t.Errorf("Fill(nil) = %q", got)
	}
}

func TestSearch(t *testing.T) {
	t.Parallel()
	d := Parse("t", []byte("Un *cœur* déjà\n\n---\n# DÉJÀ\n\n    deja e\u0301te\u0301\n"))
	for _, tc := range []struct {
		query string
		want  []string // slide:line matched text
	}{
		{"deja", []string{"déjà", "DÉJÀ", "deja"}},
		{"coeur D", []string{"cœur d"}},
		{"été", []string{"e\u0301te\u0301"}},
		{"zz", nil},
		{" ", nil},
		{"\u0301", nil},
	} {
		var got []string
		for _, h := range d.Search(tc.query) {
			got = append(got, h.Text[h.Start:h.End])
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("%q: got %q, want %q", tc.query, got, tc.want)
		}
	}
	if h := d.Search("DEJA"); h[1].Slide != 2 || h[1].Line != 4 {
		t.Errorf("second hit %+v", h[1])
	}
}

func TestLint(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, src string
		want      []string
	}{
		{"clean", "# a\n\ntexte\n\n---\n> ls\n", nil},
		{"separator", "* un texte\n---\n", []string{"2:1 " + KeySeparator}},
		{"heading underline", "Un titre\n------\n", nil},
		{"list rule", "a\n\n* * *\n\n- - -\n", []string{"3:1 " + KeyListRule, "5:1 " + KeyListRule}},
		{"nbsp", "-> #\u00a0é\n", []string{"1:5 " + KeyNBSP}},
		{"hidden break", "a\n\n      \n---\n", []string{"3:1 " + KeyHiddenBreak}},
		{"fence", "  ```\n---\n  ```\n```\n", []string{"1:1 " + KeyFenceIndent, "4:1 " + KeyFenceOpen}},
		{"deep", "-> é\n### b\n", []string{"2:1 " + KeyDeepHeading}},
		{"stop", "a\n^ perdu\n", []string{"2:3 " + KeyStopText}},
		{"backslash", "a \\\nb \\\\\nc\n\n    d \\\n    e\n", []string{"1:3 " + KeyJoinedLine}},
		{"in word", "> ssh r@*ip* -p *22XX*\n> ls /*.go /*/x \"*\"\n", []string{"1:9 " + KeyInWord}},
		{"header", "\n%title: a\n", []string{"2:1 " + KeyLateHeader}},
		{"secret", "é password: *x1*\n", []string{"1:14 " + KeySecret}},
		{"stars", "un texte\n***\n", []string{"2:1 " + KeySeparator}},
		{"ids", "= a\nx\n\n---\n= a\ny\n", []string{"5:1 " + KeySameID}},
		{"wide", "a\n\n    " + strings.Repeat("x", 90) + "\n", []string{"3:1 " + KeyTooWide}},
		{"binary", "a\n\x7fELF\x00\n* * *\n", []string{"2:1 " + KeyNotText}},
		{"latin-1", "é\n# D\xe9j\xe0 vu\nCr\xe9\n", []string{"2:4 " + KeyNotUTF8}},
		{"empty", "", []string{"1:1 " + KeyEmpty}},
		{"nothing but notes", "\n<!-- a -->\n\n", []string{"1:1 " + KeyEmpty}},
		{"byte order mark, CRLF and tabs", "\ufeff# a\r\n\r\n---\r\n\t* b\r\n", nil},
		{"wide characters and marks", "漢字 e\u0301 👩\u200d💻 שלום\n", nil},
		{"a Markdown deck's own ways", "---\na: b\nc: d\n---\n\nA\n---\n\n* * *\n\n### b\\\n\n. . .\n\n  ```\n  c\n  ```\n", nil},
		{"a Markdown deck's secret", "---\na: b\n---\n\npassword: x1\n", []string{"5:11 " + KeySecret}},
		{"tall", "a\n\n---\n" + strings.Repeat("a\n", 30), []string{"4:1 " + KeyTooTall}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, p := range Lint(Parse("t", []byte(tc.src)), []byte(tc.src), LintOptions{}) {
				f := strings.Fields(p.String())
				got = append(got, strings.TrimSuffix(strings.TrimPrefix(f[0], "t:"), ":")+" "+f[2])
				if !slices.Contains(ProblemKeys(), p.Key) {
					t.Errorf("key %q is not listed", p.Key)
				}
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// TestLintKeepsSecrets checks that a report does not repeat what it warns of.
func TestLintKeepsSecrets(t *testing.T) {
	t.Parallel()
	src := []byte("Mot de passe : bernique\n")
	for _, p := range Lint(Parse("t", src), src, LintOptions{}) {
		if strings.Contains(p.String(), "bernique") {
			t.Errorf("report %q repeats the secret", p)
		}
	}
}
