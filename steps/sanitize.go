package steps

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxLine bounds what of one line goes to the screen, in bytes; the log on disk has all of it.
const maxLine = 8 << 10

const reset = "\x1b[0m"

// Sanitize makes a line of remote output safe for a terminal: of all control characters and escape
// sequences (ECMA-48) only SGR, which sets colours, is kept, and is closed at the end of the line,
// so that nothing moves the cursor, writes a title or the clipboard, or colours what follows.
// Marks that reorder text go too, and accents beyond the third on a letter. Tabs become blanks up to the
// next multiple of eight; what is not UTF-8 becomes U+FFFD. The form in which rsyslog writes an escape,
// #033[, is read as one.
//
// Every line of a flood comes this way: one that needs no change is not copied.
func Sanitize(s string) string {
	if strings.Contains(s, "#033[") {
		s = strings.ReplaceAll(s, "#033[", "\x1b[")
	}
	var b strings.Builder
	from := 0 // s[from:i] is to be written as it stands
	column, open, marks := 0, false, 0
	for i := 0; i < len(s); {
		room := maxLine - b.Len() - (i - from)
		if room <= 0 {
			b.WriteString(s[from:i])
			b.WriteString(" […]")
			from = len(s)
			break
		}
		if n := printable(s[i:min(len(s), i+room)]); n > 0 {
			i, column, marks = i+n, column+n, 0
			continue
		}
		end, instead := i+1, ""
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == 0x1b || r == 0x9b:
			end, instead = sequence(s, i, r, n)
			if instead != "" {
				open = instead != reset && instead != "\x1b[m"
			}
		case opensString(r):
			end = stringEnd(s, i+n)
		case r == '\t':
			instead = blanks[column%len(blanks):]
			column += len(instead)
		case hidden(r), column == 0 && joins(r), excess(r, &marks):
			end = i + n
		case r == utf8.RuneError && n == 1:
			instead = string(utf8.RuneError)
			column++
		default:
			i += n
			if marks == 0 {
				column++
			}
			continue
		}
		if instead != s[i:end] {
			if from == 0 {
				b.Grow(min(len(s), maxLine) + len(blanks) + len(reset))
			}
			b.WriteString(s[from:i])
			b.WriteString(instead)
			from = end
		}
		i = end
	}
	if from == 0 && !open {
		return s
	}
	b.WriteString(s[from:])
	if open {
		b.WriteString(reset)
	}
	return b.String()
}

// excess counts the accents on a letter, and tells whether this is one too many.
func excess(r rune, marks *int) bool {
	if r < firstMark || !unicode.Is(unicode.M, r) {
		*marks = 0
		return false
	}
	*marks++
	return *marks > maxMarks
}

// maxMarks is how many accents one letter may carry: real languages need no more, and a thousand of them
// draw over the lines above and below. None stands before firstMark.
const (
	maxMarks  = 3
	firstMark = 0x300
)

// blanks are as many as there may be between two tab stops.
const blanks = "        "

// printable is how many bytes of printable ASCII a text begins with.
func printable(s string) int {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c-' ' > '~'-' ' {
			return i
		}
	}
	return len(s)
}

// hidden tells whether a rune has no place on a screen: controls, and the marks that reorder text.
func hidden(r rune) bool {
	switch {
	case r < ' ', r >= 0x7f && r < 0xa0:
		return true
	case r >= 0x2028 && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f, r == 0x061c, r == 0xfeff:
		return true
	}
	return false
}

// joins tells whether a rune is drawn onto the one before it (UAX #29, Extend and SpacingMark). At the
// start of a line that would be the border of the pane it is shown in.
func joins(r rune) bool {
	return r >= 0x300 && (unicode.Is(unicode.M, r) || r >= 0x1f3fb && r <= 0x1f3ff || r == 0x200d)
}

// sequence finds the end of the escape sequence that begins at i, and what of it is kept.
func sequence(s string, i int, r rune, n int) (end int, sgr string) {
	begin := i
	i += n
	if r == 0x1b {
		if i >= len(s) {
			return i, ""
		}
		switch c := s[i]; c {
		case '[':
			i++
		case ']', 'P', 'X', '^', '_': // OSC, DCS, SOS, PM, APC: a string up to ST or BEL
			return stringEnd(s, i+1), ""
		default:
			for i < len(s) && s[i] >= 0x20 && s[i] <= 0x2f { // intermediate bytes
				i++
			}
			if i < len(s) && s[i] >= 0x30 && s[i] <= 0x7e {
				i++
			}
			return i, ""
		}
	}
	start := i
	for i < len(s) && s[i] >= 0x20 && s[i] <= 0x3f {
		i++
	}
	if i >= len(s) || s[i] < 0x40 || s[i] > 0x7e {
		return i, "" // cut off, or not a sequence
	}
	params := s[start:i]
	if s[i] == 'm' && len(params) <= 48 && onlyNumbers(params) {
		if r == 0x1b {
			return i + 1, s[begin : i+1]
		}
		return i + 1, "\x1b[" + params + "m"
	}
	return i + 1, ""
}

// onlyNumbers tells whether parameters are numbers, and nothing private.
func onlyNumbers(params string) bool {
	for i := 0; i < len(params); i++ {
		if c := params[i]; c < '0' || c > ';' {
			return false
		}
	}
	return true
}

// opensString tells whether a rune is the one-rune form of ESC P, X, ], ^ or _.
func opensString(r rune) bool {
	return r == 0x90 || r == 0x98 || r >= 0x9d && r <= 0x9f
}

// stringEnd finds the end of a control string: its terminator, or what makes a terminal give it up.
func stringEnd(s string, i int) int {
	for ; i < len(s); i++ {
		switch s[i] {
		case 0x07, 0x18, 0x1a: // BEL, CAN, SUB
			return i + 1
		case 0x1b:
			if strings.HasPrefix(s[i:], "\x1b\\") {
				return i + 2
			}
			return i // another sequence begins
		case 0xc2:
			if strings.HasPrefix(s[i:], "\u009c") {
				return i + 2
			}
		}
	}
	return i
}

// sanitizeLines does the same for text of several lines.
func sanitizeLines(s string) string {
	if !strings.Contains(s, "\n") {
		return Sanitize(s)
	}
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	for i, l := range lines {
		lines[i] = Sanitize(l)
	}
	return strings.Join(lines, "\n")
}

// Plain is text of several lines as a person may print it anywhere: [Sanitize] on each line, and no
// colours.
func Plain(s string) string {
	s = sanitizeLines(s)
	if !strings.Contains(s, "\x1b") {
		return s
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, "\x1b[") // only SGR is left
		b.WriteString(before)
		if !found {
			return b.String()
		}
		_, s, _ = strings.Cut(after, "m")
	}
}
