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
	marks := maxMarks // on the last letter: at the start there is none to put one on
	for text != "" {
		seq, width, n, next := ansi.DecodeSequence(text, state, nil)
		state = next
		switch {
		case seq == "\t":
			b.WriteString("    ")
			marks = maxMarks
		case isSGR(seq):
			b.WriteString(seq)
			marks = maxMarks
		case width > 0 && stands(seq):
			b.WriteString(cluster(seq))
			marks = 0
		case width == 0:
			for _, r := range seq { // accents that stand alone: the decoder has already given the ASCII letter below them
				if unicode.Is(unicode.Mn, r) && marks < maxMarks {
					b.WriteRune(r)
					marks++
				}
			}
		}
		text = text[max(1, n):]
	}
	return b.String()
}

// Bare is [Clean] without its colours: for what is not drawn in a pane, or has a colour of its own.
func Bare(text string) string { return ansi.Strip(Clean(text)) }

// maxMarks is how many accents a letter may carry; real languages need no more.
const maxMarks = 3

// plain tells whether a line is printable ASCII and colours, as most are: it may stay as it is. It
// is asked for every line of a flood, so it looks at each byte once.
func plain(text string) bool {
	for i := 0; i < len(text); i++ {
		if c := text[i]; c >= 0x20 && c <= 0x7e {
			continue
		}
		n := sgr(text[i:])
		if n == 0 {
			return false
		}
		i += n - 1
	}
	return true
}

// sgr is the length of the colour sequence a text begins with; zero when it begins with none.
func sgr(text string) int {
	if len(text) < 3 || text[0] != 0x1b || text[1] != '[' {
		return 0
	}
	for i := 2; i < len(text); i++ {
		switch c := text[i]; {
		case c == 'm':
			return i + 1
		case (c < '0' || c > '9') && c != ';' && c != ':':
			return 0
		}
	}
	return 0
}

// stands tells whether a character keeps to its own cells whatever stands before and after it. A
// mark without a letter would join the border to its left, and half a flag the next half.
func stands(cluster string) bool {
	first, n := utf8.DecodeRuneInString(cluster)
	switch {
	case unicode.In(first, unicode.M, unicode.Cf, unicode.Prepended_Concatenation_Mark):
		return false
	case first == 0x0e33 || first == 0x0eb3: // SARA AM and AM, letters that join the one before (SpacingMark)
		return false
	case first >= 0x1f3fb && first <= 0x1f3ff, first == 0xff9e, first == 0xff9f: // skin tones and kana voice marks (Grapheme_Extend)
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

// cluster is a character with the accents it may carry, and nothing that reorders text.
func cluster(seq string) string {
	marks := 0
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Bidi_Control, r) || unicode.IsControl(r):
			return -1
		case !unicode.Is(unicode.M, r):
			marks = 0
		case marks == maxMarks:
			return -1
		default:
			marks++
		}
		return r
	}, seq)
}

// isSGR tells whether a sequence only sets colours and weight.
func isSGR(seq string) bool { return seq != "" && sgr(seq) == len(seq) }
