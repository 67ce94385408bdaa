package steps

import (
	"strings"
	"unicode/utf8"
)

// maxLine bounds what of one line goes to the screen, in bytes; the log on disk has all of it.
const maxLine = 8 << 10

const reset = "\x1b[0m"

// Sanitize makes a line of remote output safe for a terminal: of all control characters and escape
// sequences (ECMA-48) only SGR, which sets colours, is kept, and is closed at the end of the line,
// so that nothing moves the cursor, writes a title or the clipboard, or colours what follows.
// Bidirectional overrides go too. Tabs become blanks up to the next multiple of eight; what is not
// UTF-8 becomes U+FFFD. The form in which rsyslog writes an escape, #033[, is read as one.
func Sanitize(s string) string {
	if plain(s) {
		return s
	}
	if strings.Contains(s, "#033[") {
		s = strings.ReplaceAll(s, "#033[", "\x1b[")
	}
	var b strings.Builder
	b.Grow(min(len(s), maxLine) + len(reset))
	column, styled := 0, false
	for i := 0; i < len(s); {
		if b.Len() >= maxLine {
			b.WriteString(" […]")
			break
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == 0x1b || r == 0x9b:
			end, sgr := sequence(s, i, r, n)
			if sgr != "" {
				b.WriteString(sgr)
				styled = true
			}
			i = end
			continue
		case opensString(r):
			i = stringEnd(s, i+n)
			continue
		case r == '\t':
			for pad := 8 - column%8; pad > 0; pad-- {
				b.WriteByte(' ')
				column++
			}
		case hidden(r):
		default:
			b.WriteRune(r) // RuneError for what is not UTF-8
			column++
		}
		i += n
	}
	if styled {
		b.WriteString(reset)
	}
	return b.String()
}

// plain tells whether there is nothing to do, which is what most lines are.
func plain(s string) bool {
	if len(s) > maxLine || !utf8.ValidString(s) || strings.Contains(s, "#033[") {
		return false
	}
	for _, r := range s {
		if r < ' ' || r >= 0x7f && hidden(r) {
			return false
		}
	}
	return true
}

// hidden tells whether a rune has no place on a screen: controls, and the marks that reorder text.
func hidden(r rune) bool {
	switch {
	case r < ' ', r >= 0x7f && r < 0xa0:
		return true
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x2028, r == 0x2029, r == 0xfeff:
		return true
	}
	return false
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
	if s[i] == 'm' && len(params) <= 48 && strings.Trim(params, "0123456789;:") == "" {
		if r == 0x1b {
			return i + 1, s[begin : i+1]
		}
		return i + 1, "\x1b[" + params + "m"
	}
	return i + 1, ""
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
