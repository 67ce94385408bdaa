package pane

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

func itoa(n int) string { return strconv.Itoa(n) }

// maxLine bounds what is kept of one line of output, in bytes: far more than any screen is wide.
const maxLine = 4096

// Clean makes a line of remote output safe to stand in a pane: colours (SGR, ECMA-48 8.3.117) stay,
// every other escape sequence and control character goes, tabs become blanks, and marks that
// reorder text are dropped. The engine has cleaned its lines already; nothing here trusts that.
func Clean(text string) string {
	if len(text) > maxLine {
		text = text[:maxLine]
	}
	if plain(text) {
		return text
	}
	text = strings.ToValidUTF8(text, string(utf8.RuneError))
	var b strings.Builder
	var state byte
	for text != "" {
		seq, width, n, next := ansi.DecodeSequence(text, state, nil)
		state = next
		switch {
		case seq == "\t":
			b.WriteString("    ")
		case isSGR(seq):
			b.WriteString(seq)
		case width > 0 && stands(seq):
			b.WriteString(strings.Map(dropMarks, seq))
		}
		text = text[max(1, n):]
	}
	return b.String()
}

// plain tells whether a line is printable ASCII, as most are.
func plain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < 0x20 || c > 0x7e {
			return false
		}
	}
	return true
}

// stands tells whether a character keeps to its own cells whatever stands before and after it. A
// mark without a letter would join the border to its left, and half a flag the next half.
func stands(cluster string) bool {
	first, n := utf8.DecodeRuneInString(cluster)
	switch {
	case unicode.In(first, unicode.M, unicode.Cf, unicode.Prepended_Concatenation_Mark):
		return false
	case first >= 0x1f1e6 && first <= 0x1f1ff:
		return n < len(cluster)
	}
	return !unicode.Is(joiners, first)
}

// joiners are letters that join the next character (Grapheme_Cluster_Break=Prepend, UAX #29).
var joiners = &unicode.RangeTable{
	R16: []unicode.Range16{{0x0d4e, 0x0d4e, 1}},
	R32: []unicode.Range32{
		{0x111c2, 0x111c3, 1}, {0x1193f, 0x11941, 2}, {0x11a3a, 0x11a3a, 1}, {0x11a84, 0x11a89, 1}, {0x11d46, 0x11d46, 1}, {0x11f02, 0x11f02, 1},
	},
}

func dropMarks(r rune) rune {
	if unicode.Is(unicode.Bidi_Control, r) || unicode.IsControl(r) {
		return -1
	}
	return r
}

// isSGR tells whether a sequence only sets colours and weight.
func isSGR(seq string) bool {
	if len(seq) < 3 || seq[0] != 0x1b || seq[1] != '[' || seq[len(seq)-1] != 'm' {
		return false
	}
	return strings.Trim(seq[2:len(seq)-1], "0123456789;:") == ""
}
