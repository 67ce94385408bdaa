package theme

import (
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// twins are what stands for a sign on a terminal that shows only ASCII; each is as wide.
var twins = func() map[rune]byte {
	m := map[rune]byte{}
	for ascii, signs := range map[byte]string{
		'a': "àáâãäå", 'A': "ÀÁÂÃÄÅ", 'c': "ç", 'C': "Ç", 'e': "èéêë", 'E': "ÈÉÊË", 'i': "ìíîï", 'I': "ÌÍÎÏ", 'n': "ñ", 'N': "Ñ",
		'o': "òóôõöø○", 'O': "ÒÓÔÕÖØ", 'u': "ùúûü", 'U': "ÙÚÛÜ", 'y': "ýÿ", 'Y': "Ý", 's': "ß",
		'\'': "‘’", '"': "“”«»", '-': "–—─━═", '|': "│┃║▌", '+': "╭╮╰╯┌┐└┘├┤┬┴┼", '*': "•●", '.': "·", '~': "…",
		'<': "←", '>': "→▶", '^': "↑", 'v': "↓✓", 'x': "✗×",
		' ': "\u00a0\u202f",
	} {
		for _, r := range signs {
			m[r] = ascii
		}
	}
	m['⌫'] = '<'
	return m
}()

// ASCII writes a styled line with nothing outside ASCII, at the same width: accents go, drawing
// signs have twins, and what has none is a question mark for each of its cells.
func ASCII(line string) string {
	if isASCII(line) {
		return line
	}
	var b strings.Builder
	for line != "" {
		seq, width, n, _ := ansi.DecodeSequence(line, 0, nil)
		line = line[max(1, n):]
		r, _ := utf8.DecodeRuneInString(seq)
		switch twin, ok := twins[r]; {
		case isASCII(seq):
			b.WriteString(seq)
		case width == 0: // a mark on the letter before
		case ok && width == 1:
			b.WriteByte(twin)
		default:
			b.WriteString(strings.Repeat("?", width))
		}
	}
	return b.String()
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
