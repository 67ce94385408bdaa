// Package pyapp runs the small part of Python that a workshop's web application is written in: a
// Flask application whose views compute a page from strings, the host's name and the request.
//
// [Parse] takes a program apart into logical lines and blocks (lines.go); expressions are parsed
// when they are needed (expr.go, lex.go) and evaluated by eval.go, so that code which the sandbox
// can't run only matters when a page needs it. [Program.App] runs the module and gives an
// http.Handler (app.go). What participants change in the file changes what the server answers.
package pyapp

import (
	"errors"
	"fmt"
	"iter"
	"regexp"
	"strings"
)

// ErrSyntax says that a program can't be read.
var ErrSyntax = errors.New("invalid syntax")

const (
	maxSource = 1 << 20
	maxSteps  = 100000 // statements and expressions one request may evaluate
	maxText   = 4 << 20
	maxDepth  = 60
)

// stmt is a logical line with the block below it.
type stmt struct {
	line  int
	text  string
	block []*stmt
}

// Program is a parsed program.
type Program struct {
	body []*stmt
}

type logical struct {
	line, indent int
	text         string
}

// Parse reads a program.
func Parse(source string) (*Program, error) {
	if len(source) > maxSource {
		return nil, fmt.Errorf("%w: larger than %d bytes", ErrSyntax, maxSource)
	}
	lines, err := join(source)
	if err != nil {
		return nil, err
	}
	body, rest, err := blocks(lines, 0, 0)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%w: line %d: unexpected indent", ErrSyntax, rest[0].line)
	}
	return &Program{body}, err
}

// join makes logical lines: brackets and triple quotes go over line ends, comments go away.
func join(src string) ([]logical, error) {
	var out []logical
	var b strings.Builder
	line, start, indent, depth := 1, 1, 0, 0
	fresh := true
	flush := func() {
		if t := strings.TrimSpace(b.String()); t != "" {
			out = append(out, logical{start, indent, t})
		}
		b.Reset()
		fresh = true
	}
	for i := 0; i < len(src); {
		if fresh {
			start, indent = line, 0
			for i < len(src) && (src[i] == ' ' || src[i] == '\t') {
				indent++
				if src[i] == '\t' {
					indent += 7
				}
				i++
			}
			fresh = false
			continue
		}
		switch ch := src[i]; {
		case ch == '#':
			for i < len(src) && src[i] != '\n' {
				i++
			}
			continue
		case ch == '"' || ch == '\'':
			end, err := stringEnd(src, i)
			if err != nil {
				return nil, fmt.Errorf("%w: line %d: %w", ErrSyntax, line, err)
			}
			b.WriteString(src[i:end])
			line += strings.Count(src[i:end], "\n")
			i = end
			continue
		case ch == '\\' && i+1 < len(src) && src[i+1] == '\n':
			line++
			i += 2
			continue
		case ch == '(' || ch == '[' || ch == '{':
			depth++
		case ch == ')' || ch == ']' || ch == '}':
			depth--
		case ch == '\n':
			line++
			i++
			if depth <= 0 {
				depth = 0
				flush()
			} else {
				b.WriteByte(' ')
			}
			continue
		case ch == ';' && depth == 0:
			t := b.String()
			b.Reset()
			if t = strings.TrimSpace(t); t != "" {
				out = append(out, logical{start, indent, t})
			}
			i++
			continue
		}
		b.WriteByte(src[i])
		i++
	}
	flush()
	if depth > 0 {
		return nil, fmt.Errorf("%w: line %d: a bracket was never closed", ErrSyntax, start)
	}
	return out, nil
}

// stringEnd answers where the string literal at i ends.
func stringEnd(s string, i int) (int, error) {
	quote := s[i : i+1]
	if strings.HasPrefix(s[i:], strings.Repeat(quote, 3)) {
		quote = s[i : i+3]
	}
	for j := i + len(quote); j < len(s); j++ {
		switch {
		case s[j] == '\\':
			j++
		case strings.HasPrefix(s[j:], quote):
			return j + len(quote), nil
		case s[j] == '\n' && len(quote) == 1:
			return 0, errors.New("unterminated string literal")
		}
	}
	return 0, errors.New("unterminated string literal")
}

// blocks makes statements of the lines at one indentation.
func blocks(lines []logical, indent, depth int) ([]*stmt, []logical, error) {
	if depth > maxDepth {
		return nil, nil, fmt.Errorf("%w: too many nested blocks", ErrSyntax)
	}
	var out []*stmt
	for len(lines) > 0 {
		l := lines[0]
		if l.indent < indent {
			break
		}
		if l.indent > indent {
			return nil, nil, fmt.Errorf("%w: line %d: unexpected indent", ErrSyntax, l.line)
		}
		s := &stmt{line: l.line, text: l.text}
		lines = lines[1:]
		head, inline, opens := cutColon(l.text)
		if opens && compound(head) {
			s.text = head
			switch {
			case inline != "":
				s.block = []*stmt{{line: l.line, text: inline}}
			case len(lines) > 0 && lines[0].indent > indent:
				var err error
				if s.block, lines, err = blocks(lines, lines[0].indent, depth+1); err != nil {
					return nil, nil, err
				}
			default:
				return nil, nil, fmt.Errorf("%w: line %d: expected an indented block", ErrSyntax, l.line)
			}
		}
		out = append(out, s)
	}
	return out, lines, nil
}

var compoundWord = regexp.MustCompile(`^(async\s+def|def|class|if|elif|else|for|while|try|except|finally|with)\b`)

func compound(head string) bool { return compoundWord.MatchString(head) }

// cutColon splits "if x: y" at the colon that ends the head: the first outside brackets and strings.
func cutColon(s string) (head, rest string, ok bool) {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"', '\'':
			end, err := stringEnd(s, i)
			if err != nil {
				return s, "", false
			}
			i = end - 1
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		case ':':
			if depth == 0 && !strings.HasPrefix(s[i:], ":=") {
				return strings.TrimSpace(s[:i]), strings.TrimSpace(s[i+1:]), true
			}
		}
	}
	return s, "", false
}

var (
	importLine = regexp.MustCompile(`^import\s+(.+)$`)
	fromLine   = regexp.MustCompile(`^from\s+([\w.]+)\s+import\s+(.+)$`)
)

// Imports yields the line and the module of each import of a program, in order. What can't be
// read yields nothing.
func Imports(source string) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		lines, err := join(source)
		if err != nil {
			return
		}
		for _, l := range lines {
			if m := fromLine.FindStringSubmatch(l.text); m != nil {
				if !yield(l.line, m[1]) {
					return
				}
				continue
			}
			m := importLine.FindStringSubmatch(l.text)
			if m == nil {
				continue
			}
			for name := range strings.SplitSeq(m[1], ",") {
				if f := strings.Fields(name); len(f) > 0 && !yield(l.line, f[0]) {
					return
				}
			}
		}
	}
}
