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

// joiner makes logical lines of a source.
type joiner struct {
	src           string
	i             int
	line          int // where i is
	start, indent int // of the logical line
	depth         int // open brackets
	text          strings.Builder
	out           []logical
}

// flush ends a logical line.
func (j *joiner) flush() {
	if t := strings.TrimSpace(j.text.String()); t != "" {
		j.out = append(j.out, logical{j.start, j.indent, t})
	}
	j.text.Reset()
}

// margin reads the indentation that a logical line begins with.
func (j *joiner) margin() {
	j.start, j.indent = j.line, 0
	for ; j.i < len(j.src) && (j.src[j.i] == ' ' || j.src[j.i] == '\t'); j.i++ {
		j.indent++
		if j.src[j.i] == '\t' {
			j.indent += 7
		}
	}
}

// join makes logical lines: brackets and triple quotes go over line ends, comments go away.
func join(src string) ([]logical, error) {
	j := &joiner{src: src, line: 1}
	j.margin()
	for j.i < len(src) {
		if err := j.next(); err != nil {
			return nil, err
		}
	}
	j.flush()
	if j.depth > 0 {
		return nil, fmt.Errorf("%w: line %d: a bracket was never closed", ErrSyntax, j.start)
	}
	return j.out, nil
}

// next takes one character, string or comment.
func (j *joiner) next() error {
	switch ch := j.src[j.i]; {
	case ch == '#':
		for j.i < len(j.src) && j.src[j.i] != '\n' {
			j.i++
		}
		return nil
	case ch == '"' || ch == '\'':
		end, err := stringEnd(j.src, j.i)
		if err != nil {
			return fmt.Errorf("%w: line %d: %w", ErrSyntax, j.line, err)
		}
		j.text.WriteString(j.src[j.i:end])
		j.line += strings.Count(j.src[j.i:end], "\n")
		j.i = end
		return nil
	case ch == '\\' && strings.HasPrefix(j.src[j.i:], "\\\n"):
		j.line++
		j.i += 2
		return nil
	case ch == '\n':
		j.line++
		j.i++
		if j.depth > 0 {
			j.text.WriteByte(' ')
			return nil
		}
		j.flush()
		j.margin()
		return nil
	case ch == ';' && j.depth == 0:
		j.flush()
		j.i++
		return nil
	case ch == '(' || ch == '[' || ch == '{':
		j.depth++
	case ch == ')' || ch == ']' || ch == '}':
		j.depth = max(j.depth-1, 0)
	}
	j.text.WriteByte(j.src[j.i])
	j.i++
	return nil
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
