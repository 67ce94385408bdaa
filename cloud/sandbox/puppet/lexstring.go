package puppet

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// unclosed words a string without its end as puppet does, with the first five characters of it.
func (l *lexer) unclosed(at pos, quote, text string) {
	shown := []rune(text)
	if len(shown) > 5 {
		shown = append(shown[:5], []rune("...")...)
	}
	at.col++ // it is told from the character after the quote
	l.fail(at, "Unclosed quote after %s followed by '%s'", quote, strings.ReplaceAll(string(shown), "\n", `\n`))
	l.i = len(l.src)
}

// single reads 'text': only \\ and \' are escapes.
func (l *lexer) single(t *token) {
	var b strings.Builder
	rest := l.src[l.i+1:]
	for i := 0; i < len(rest); i++ {
		switch c := rest[i]; {
		case c == '\'':
			t.kind, t.text = tString, b.String()
			l.advance(i + 2)
			return
		case c == '\\' && i+1 < len(rest) && (rest[i+1] == '\'' || rest[i+1] == '\\'):
			i++
			b.WriteByte(rest[i])
		default:
			b.WriteByte(c)
		}
	}
	l.unclosed(t.pos, `"'"`, rest)
}

// double reads "text $x ${y}" up to its closing quote.
func (l *lexer) double(t *token) {
	start := l.i + 1
	l.advance(1)
	parts, closed := l.interpolated(func(rest string) int { return boolInt(rest[0] == '"') }, true)
	if !closed {
		l.unclosed(t.pos, `'"'`, l.src[start:])
		return
	}
	l.finish(t, parts)
}

// finish makes the token of a string's parts.
func (l *lexer) finish(t *token, parts []part) {
	t.kind = tString
	for _, p := range parts {
		if p.expr {
			t.kind, t.parts = tInterp, parts
			return
		}
		t.text += p.text
	}
}

// interpolated reads text with interpolation until end answers how many bytes end it.
func (l *lexer) interpolated(end func(string) int, escapes bool) (parts []part, closed bool) {
	var b strings.Builder
	flush := func() {
		if b.Len() > 0 {
			parts = append(parts, part{text: b.String()})
			b.Reset()
		}
	}
	for l.i < len(l.src) && l.err == nil {
		rest := l.src[l.i:]
		if n := end(rest); n > 0 {
			l.advance(n)
			flush()
			return parts, true
		}
		switch {
		case rest[0] == '\\' && escapes:
			s, n := escape(rest)
			b.WriteString(s)
			l.advance(n)
		case strings.HasPrefix(rest, "${"):
			flush()
			l.advance(2)
			p := part{expr: true, pos: l.pos()}
			n := braced(l.src[l.i:])
			if n < 0 {
				return nil, false
			}
			p.text = l.src[l.i : l.i+n]
			l.advance(n + 1)
			parts = append(parts, p)
		case rest[0] == '$' && qualified(rest[1:], false) > 0 && !isUpper(strings.TrimPrefix(rest[1:], "::")[0]):
			flush()
			n := qualified(rest[1:], false)
			parts = append(parts, part{expr: true, text: rest[:n+1], pos: l.pos()})
			l.advance(n + 1)
		default:
			b.WriteByte(rest[0])
			l.advance(1)
		}
	}
	flush()
	return parts, false
}

// escape answers what a backslash sequence stands for and how long it is.
func escape(s string) (string, int) {
	if len(s) < 2 {
		return `\`, 1
	}
	switch s[1] {
	case 'n':
		return "\n", 2
	case 't':
		return "\t", 2
	case 'r':
		return "\r", 2
	case 's':
		return " ", 2
	case '\\', '"', '\'', '$':
		return s[1:2], 2
	case '\n':
		return "", 2
	case 'u':
		if len(s) >= 6 {
			if v, err := strconv.ParseUint(s[2:6], 16, 32); err == nil {
				return string(rune(v)), 6
			}
		}
	}
	return `\`, 1
}

// braced measures the inside of ${...}: up to the brace that closes it, past nested braces and
// quotes. Negative when nothing closes it.
func braced(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '{':
			depth++
		case '}':
			if depth == 0 {
				return i
			}
			depth--
		case '\'', '"':
			for i++; i < len(s) && s[i] != c; i++ {
				if s[i] == '\\' {
					i++
				}
			}
		}
	}
	return -1
}

// heredoc reads @(END) or @("END"): the lines below the current one, up to END on a line of its
// own, after a bar that says how far they are indented and a dash that drops the last newline.
func (l *lexer) heredoc(t *token) {
	rest := l.src[l.i:]
	closing, nl := strings.IndexByte(rest, ')'), strings.IndexByte(rest, '\n')
	if closing < 0 || nl < 0 || closing > nl {
		l.fail(t.pos, "Heredoc without a following line")
		return
	}
	tag, _, _ := strings.Cut(rest[2:closing], "/")
	tag, _, _ = strings.Cut(tag, ":")
	tag = strings.TrimSpace(tag)
	name := strings.Trim(tag, `"`)
	body := rest[nl+1:]
	var lines []string
	for name != "" && body != "" {
		line, after, _ := strings.Cut(body, "\n")
		mark := strings.TrimSpace(line)
		bar := strings.HasPrefix(mark, "|")
		mark = strings.TrimSpace(strings.TrimPrefix(mark, "|"))
		dash := strings.HasPrefix(mark, "-")
		if strings.TrimSpace(strings.TrimPrefix(mark, "-")) != name {
			lines, body = append(lines, line), after
			continue
		}
		indent := 0
		if bar {
			indent = strings.IndexByte(line, '|')
		}
		l.hereText(t, lines, indent, dash, tag != name)
		// The rest of the line the heredoc began on is read next, then what follows the end mark:
		// the text between them is cut out of the source, its newlines kept so that lines count.
		gone := len(rest) - nl - 1 - len(after)
		l.src = l.src[:l.i] + rest[closing+1:nl+1] + strings.Repeat("\n", strings.Count(rest[nl+1:nl+1+gone], "\n")) + after
		return
	}
	l.fail(t.pos, "Heredoc without a following line")
}

func (l *lexer) hereText(t *token, lines []string, indent int, dash, interp bool) {
	for i, s := range lines {
		cut := 0
		for cut < indent && cut < len(s) && (s[cut] == ' ' || s[cut] == '\t') {
			cut++
		}
		lines[i] = s[cut:]
	}
	text := strings.Join(lines, "\n")
	if !dash && len(lines) > 0 {
		text += "\n"
	}
	t.kind, t.text = tString, text
	if !interp || !utf8.ValidString(text) {
		return
	}
	in := &lexer{file: l.file, src: text, line: l.line + 1, deep: l.deep}
	parts, _ := in.interpolated(func(string) int { return 0 }, false)
	if len(parts) > 0 {
		t.text = ""
		l.finish(t, parts)
	}
}
