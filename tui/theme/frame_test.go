package theme

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
)

func TestLengthen(t *testing.T) {
	t.Parallel()
	const dim, bold, ground, off = "\x1b[38;5;246m", "\x1b[97;1m", "\x1b[38;5;1;48;5;236m", "\x1b[m"
	tests := []struct{ name, in, want string }{
		{"between two", dim + "a" + off + " " + bold + "b" + off, dim + "a " + off + bold + "b" + off},
		{"several", dim + "a" + off + "  " + bold + "b" + off + " " + dim + "c" + off, dim + "a  " + off + bold + "b " + off + dim + "c" + off},
		{"true colour", "\x1b[38;2;1;2;3ma" + off + " " + dim + "b", "\x1b[38;2;1;2;3ma " + off + dim + "b"},
		{"before plain text", dim + "a" + off + " b", dim + "a" + off + " b"},
		{"at the end", dim + "a" + off + "  ", dim + "a" + off + "  "},
		{"a ground", ground + "a" + off + " " + dim + "b", ground + "a" + off + " " + dim + "b"},
		{"underlined", "\x1b[1;4ma" + off + " " + dim + "b", "\x1b[1;4ma" + off + " " + dim + "b"},
		{"reversed", "\x1b[7ma" + off + " " + dim + "b", "\x1b[7ma" + off + " " + dim + "b"},
		{"default ground", "\x1b[49ma" + off + " " + dim + "b", "\x1b[49ma" + off + " " + dim + "b"},
		{"two grounds in a row", ground + "a" + dim + "b" + off + " " + dim + "c", ground + "a" + dim + "b" + off + " " + dim + "c"},
		{"a link", "\x1b]8;;http://m\x1b\\a" + off + " " + dim + "b", "\x1b]8;;http://m\x1b\\a" + off + " " + dim + "b"},
		{"before an end", dim + "a" + off + "  " + off, dim + "a" + off + "  " + off},
		{"before another end", dim + "a" + off + "  \x1b[0m", dim + "a" + off + "  \x1b[0m"},
		{"cut off", dim + "a" + off + " \x1b[3", dim + "a " + off + "\x1b[3"},
		{"nothing", "", ""},
	}
	for _, tt := range tests {
		got := lengthen(tt.in)
		if got != tt.want {
			t.Errorf("%s:\n got %q\nwant %q", tt.name, got, tt.want)
		}
		if ansi.Strip(got) != ansi.Strip(tt.in) {
			t.Errorf("%s: it says %q, not %q", tt.name, ansi.Strip(got), ansi.Strip(tt.in))
		}
	}
	if long := strings.Repeat(dim+"a"+off+" ", 3) + "b"; lengthen(long) == long {
		t.Error("nothing was left out")
	}
}
