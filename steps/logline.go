package steps

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// appendJSON appends the line as JSON (RFC 8259), as encoding/json reads it back. In a flood this is
// most of what a line costs: it allocates nothing.
func (l Line) appendJSON(b []byte) []byte {
	b = append(b, `{"seq":`...)
	b = strconv.AppendInt(b, l.Seq, 10)
	b = append(b, `,"at":"`...)
	b = l.At.AppendFormat(b, time.RFC3339Nano)
	b = append(b, '"')
	if l.Step != "" {
		b = append(b, `,"step":`...)
		b = appendString(b, string(l.Step))
	}
	b = append(b, `,"source":`...)
	b = appendString(b, l.Source)
	b = append(b, `,"text":`...)
	b = appendString(b, l.Text)
	return append(b, '}')
}

// appendString appends a string as JSON. What is not UTF-8 becomes U+FFFD, and what is hidden is escaped, as
// [SafeJSON] does it: people look at logs with cat.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c < 0x7f && c != '"' && c != '\\' {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			switch {
			case r == utf8.RuneError && n == 1:
				b = append(append(b, s[from:i]...), string(utf8.RuneError)...)
				from = i + n
			case hidden(r):
				b = appendEscaped(append(b, s[from:i]...), r)
				from = i + n
			}
			i += n
			continue
		}
		b = append(b, s[from:i]...)
		if c < ' ' || c == 0x7f {
			b = appendEscaped(b, rune(c))
		} else {
			b = append(b, '\\', c)
		}
		i++
		from = i
	}
	return append(append(b, s[from:]...), '"')
}
