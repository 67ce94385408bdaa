package slides

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
)

// shownAs is a deck as it is printed, a line "---" between its slides.
func shownAs(src string) string {
	d := Parse("deck.md", []byte(src))
	var out []string
	for _, s := range d.Slides {
		v := s.Render(d, Options{Width: d.Width, Theme: Mono(), Stop: -1, ASCII: true})
		var lines []string
		for _, l := range v.Lines {
			lines = append(lines, strings.TrimRight(ansi.Strip(l), " "))
		}
		out = append(out, strings.Trim(strings.Join(lines, "\n"), "\n"))
	}
	return strings.Join(out, "\n---\n")
}

func TestOrdinaryMarkdown(t *testing.T) {
	t.Parallel()
	const front = "---\ntitle: t\n---\n\n"
	for _, tt := range []struct{ name, src, want string }{
		{"breaks of all sorts part slides", "a\n\n***\n\nb\n\n___\n\nc\n\n* * *\n\nd\n\n- - -\n\ne\n", "a\n---\nb\n---\nc\n---\nd\n---\ne"},
		{"a list of stars is a list", "* a\n* b\n", " * a\n * b"},
		{"without separators, headings part slides", "# a\n\ntext\n\n## more\n\n# b\n\nc\n", "a\n\ntext\n\nmore\n---\nb\n\nc"},
		{"one title alone does not", "# a\n\n## b\n\nx\n\n## c\n\ny\n", "a\n---\nb\n\nx\n---\nc\n\ny"},
		{"with separators, headings do not", "# a\n\n# b\n\n---\n\nc\n", "a\n\nb\n---\nc"},
		{"a heading in code parts nothing", "# a\n\n```sh\n# b\n# c\n```\n", "a\n\n# b\n# c"},
		{"tags go, what they hold stays", "<div align=\"center\">\n\npress <kbd>Ctrl</kbd>+<kbd>C</kbd><br/>\n\n</div>\n", "press Ctrl+C"},
		{"but not in code", "`<b>` is bold, <b>this</b> is\n\n```\n<b>\n```\n", "<b> is bold, this is\n\n <b>"},
		{"less is no tag", "a < b and c > d, <x>\n", "a < b and c > d, <x>"},
		{"a hard break needs no sign", "one\\\ntwo\n", "one\ntwo"},
		{"comments leave no hole", "a\n\n<!-- a note -->\n\nb\n\n<!-- pause -->\n\nc\n", "a\n\nb\n\nc"},
		{"what is struck has no marks", "a ~~b *c*~~ d ~e~ ~~ f ~~\n", "a b c d ~e~ ~~ f ~~"},
		{"an address is its own text", "<https://a.example/x> <b@c> <no:thing>\n", "https://a.example/x <b@c> <no:thing>"},
		{"links by label", "[a][r] and [r], not [s] nor `[r]`\n\n[R]: <http://x.example> \"t\"\n", "a [1] and r [2], not [s] nor [r]\n\n\n[1] http://x.example\n[2] http://x.example"},
		{"pictures without words", "![](a/b.png)\n![image:width:50%](c.png)\n\nten and two\n", "b.png [1]\nc.png [2]\n\nten and two\n\n[1] a/b.png\n[2] c.png"},
		{"callouts", "> [!note]\n> a\n\n> [!WARNING] its title\n> b\n\n> [x] c\n", "> Note\n> a\n\n> its title\n> b\n\n> [x] c"},
		{"attributes go", "## a {#b .c}\n\n[d]{.e} {f}\n", "a\n\nd {f}"},
		{"divs go, their text stays", "::: {.columns}\na\n:::\n", "a"},
		{"<br> inside a line", "a<br>b\n\n- c<br/>d\n- e\n", "a\nb\n\n * c\n   d\n * e"},
		{"a table without outer bars", "a | b\n--- | --:\nxx | 1\n\nc | d\n", " a  | b\n----+---\n xx | 1\n\nc | d"},
		{"a simple table", "Name    N\n----- ---\nMinou   7\n*é*    12\n\nb\n", " Name  |  N\n-------+----\n Minou |  7\n é     | 12\n\nb"},
		{"one without header", "----- --\nMinou 7\n----- --\n", " Minou | 7"},
		{"one of several lines", "-----------\n A    B\n---- ------\n a    b\n      c\n\n d    e\n-----------\n\nf\n", " A | B\n---+---\n a | b\n   | c\n   |\n d | e\n\nf"},
		{"dashes that are no table", "a\n\n---\nb\n\n-- --\n\nc\n", "a\n---\nb\n---\nc"},
		{"a paragraph of an item is no code", "- a\n\n    b\n\n        c\n", " * a\n\n   b\n\n    c"},
		{"a fence in an item", "1. a\n\n    ```sh\n    ls\n    ```\n", "1. a\n\n ls"},
		{"<br> is a blank line", "a\n\n<br>\n\nb\n", "a\n\n\n\nb"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := shownAs(front + tt.src); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
	d := Parse("p.md", []byte(front+"a\n\n. . .\n\nb\n\n- c\n\n    . . .\n\n- d\n"))
	if n := d.Slides[0].Stops; n != 2 {
		t.Errorf("%d pauses of patat, want 2", n)
	}
	d = Parse("n.md", []byte(front+"a\n\n::: notes\nsay *this*\n:::\n\n> [!tip]\n> ls -l\n"))
	if s := d.Slides[0]; len(s.Notes) != 1 || s.Notes[0] != "say *this*" || len(s.Commands()) != 0 {
		t.Errorf("notes %q, commands %v", s.Notes, s.Commands())
	}
	for src, want := range map[string]bool{ // without front matter and comments
		"### a\n": true, "a | b\n--|--\n": true, "> [!note]\n": true, "[a]: http://b\n": true,
		"# a\n\n* b\n": false, "-> # a\n\n### b\n": false, "### a\n^\nb\n": false, "```\n### a\n```\n": false,
	} {
		if got := Parse("m.md", []byte(src)).Markdown; got != want {
			t.Errorf("%q: Markdown %v", src, got)
		}
	}
	// The same text in an mdp deck is what mdp makes of it.
	if got := shownAs("* * *\n\n<b>x</b> y\\\n"); !strings.Contains(got, "<b>x</b> y\\") || !strings.Contains(got, "* * *") {
		t.Errorf("an mdp deck reads\n%s", got)
	}
}
