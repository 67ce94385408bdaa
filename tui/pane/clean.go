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
		case width > 0:
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
