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
	// The same text in an mdp deck is what mdp makes of it.
	if got := shownAs("* * *\n\n<b>x</b> y\\\n"); !strings.Contains(got, "<b>x</b> y\\") || !strings.Contains(got, "* * *") {
		t.Errorf("an mdp deck reads\n%s", got)
	}
}
