package slides

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// splitLines returns the lines of src made safe to show: tabs become four
// blanks (always four, as in mdp), line ends lose their CR, and everything a
// terminal could obey is dropped. The result never has control characters.
func splitLines(src []byte) []string {
	s := string(src)
	s = strings.TrimPrefix(s, "\ufeff")
	if s == "" {
		return nil
	}
	s = strings.TrimSuffix(s, "\n")
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = clean(l)
	}
	return lines
}

// clean returns one line without control characters, see splitLines.
func clean(s string) string {
	plain := true
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] >= 0x7f {
			plain = false
			break
		}
	}
	if plain {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 8)
	base := false // the rune before can carry a combining mark
	for _, r := range s {
		switch {
		case r == '\t':
			b.WriteString("    ")
			base = false
		case r == '\u2028' || r == '\u2029':
			b.WriteByte(' ')
			base = false
		case hidden(r):
		case joins(r):
			// A mark with nothing to sit on has no defined width.
			if base {
				b.WriteRune(r)
			}
		case r == utf8.RuneError || prepends(r):
			b.WriteRune(utf8.RuneError)
			base = false
		default:
			b.WriteRune(r)
			base = r != ' ' && !inlineMarker(r)
		}
	}
	return b.String()
}

// hidden reports whether r is dropped: control characters, which a terminal
// would obey, and invisible characters that reorder or disguise text.
func hidden(r rune) bool {
	switch {
	case r < ' ', r >= 0x7f && r < 0xa0:
		return true
	case r == 0xad, r == 0x61c, r == 0x180e, r == 0xfeff:
		return true
	case r >= 0x200b && r <= 0x200f && r != 0x200d:
		return true
	case r >= 0x202a && r <= 0x202e, r >= 0x2060 && r <= 0x206f:
		return true
	case r >= 0xfff0 && r <= 0xfffb:
		return true
	case r >= 0xe0000 && r <= 0xe0fff || r == 0x200d:
		return false // flags and joined emoji
	}
	return r >= 0x600 && unicode.Is(unicode.Cf, r)
}

// joins reports whether r attaches to the rune before it, be that a blank.
// The width tables are asked, as they know more characters than Go's unicode.
func joins(r rune) bool {
	if alone(r) {
		return false
	}
	c, _ := ansi.FirstGraphemeCluster(" "+string(r), ansi.GraphemeWidth)
	return len(c) > 1
}

// prepends reports whether r draws itself into the rune after it (the
// property Prepend of UAX 29), be that a blank of the pane beside the slide:
// a few historic letters of Indic scripts do.
func prepends(r rune) bool {
	if alone(r) {
		return false
	}
	s := string(r)
	c, _ := ansi.FirstGraphemeCluster(s+" ", ansi.GraphemeWidth)
	return len(c) > len(s)
}

// alone reports whether r surely is a character of its own: Latin letters,
// arrows, frames and most Chinese and Japanese ones.
func alone(r rune) bool {
	return r < 0x300 || r >= 0x2010 && r < 0x20d0 && r != 0x200d || r >= 0x2190 && r < 0x2700 || r >= 0x3041 && r < 0x3099 || r >= 0x4e00 && r < 0xa000
}

// indentOf returns the number of leading blanks of s.
func indentOf(s string) int {
	i := 0
	for i < len(s) && s[i] == ' ' {
		i++
	}
	return i
}

// isBlank reports whether r separates words; the no-break space does, which
// mdp on glibc denies.
func isBlank(r rune) bool {
	return r == ' ' || r == 0xa0 || r > 0x7f && unicode.IsSpace(r)
}
