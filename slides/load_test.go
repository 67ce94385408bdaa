package slides

import (
	"testing"

	"github.com/charmbracelet/x/ansi"
)

// TestCleanWidths checks for every character that what is kept of it takes
// the same cells whatever stands beside it: widths can be added up then, and
// padding never changes them.
func TestCleanWidths(t *testing.T) {
	t.Parallel()
	for r := rune(0); r <= 0x10ffff; r++ {
		if r >= 0x4e00 && r < 0xe000 && r%64 != 0 {
			continue // Chinese, Korean: all alike
		}
		for _, s := range []string{clean(string(r)), clean("a" + string(r))} {
			w := ansi.StringWidth(s)
			if got := ansi.StringWidth(" " + s + " "); got != w+2 {
				t.Fatalf("%U: %q is %d cells, between blanks %d", r, s, w, got-2)
			}
		}
	}
}
