package puppet

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Bounds of what is read and evaluated: a manifest is written by a participant, or by a fuzzer.
const (
	maxSource = 1 << 20 // bytes of one manifest
	maxDepth  = 120     // nesting of expressions, blocks and interpolations
)

type kind int

const (
	tEOF     kind = iota
	tName         // include, python::pip
	tRef          // Package, Python::Pip
	tVar          // $x; text is the name
	tString       // a string without interpolation
	tInterp       // a string with interpolation; parts holds it
	tNumber       // text as written
	tRegex        // text between the slashes
	tKeyword      // node, class, if...
	tPunct        // an operator or a bracket
)

// token is one token of the language; line and column count from 1, as puppet's messages do.
type token struct {
	kind  kind
	text  string
	parts []part
	pos   pos
	space bool // white space or a comment came before it
}

// part is a piece of a double-quoted string: text, or the source of an expression.
type part struct {
	text string
	expr bool
	pos  pos
}

// pos is a place in a file.
type pos struct {
	file      string
	line, col int
}

// keywords of the language. Names that only some versions reserve stay names.
var keywords = map[string]bool{
	"and": true, "case": true, "class": true, "default": true, "define": true, "else": true,
	"elsif": true, "false": true, "function": true, "if": true, "in": true, "inherits": true,
	"node": true, "or": true, "true": true, "type": true, "undef": true, "unless": true,
}

// puncts are the operators, longest first.
var puncts = []string{
	"<<|", "|>>", "<|", "|>", "->", "~>", "<-", "<~", "=>", "+>", "==", "!=", "<=", ">=", "=~", "!~", "<<", ">>",
	"@@", "+=", "-=", "@", "{", "}", "(", ")", "[", "]", ",", ";", ":", "?", "=", "<", ">", "+", "-", "*", "/", "%", "!", ".", "|", "~",
}

// lexer cuts one source into tokens.
type lexer struct {
	file string
	src  string
	i    int
	line int
	bol  int // where the current line starts
	col0 int // columns to add on the first line, for the inside of a string
	out  []token
	err  error
	deep int
}

// lex cuts a source into tokens, the last of which is tEOF.
func lex(file, src string, at pos, deep int) ([]token, error) {
	if len(src) > maxSource {
		return nil, &Error{Message: "Evaluation Error: the manifest is too large", pos: pos{file, 1, 1}}
	}
	l := &lexer{file: file, src: src, line: at.line, col0: at.col - 1, deep: deep}
	for l.err == nil && l.next() {
	}
	if l.err != nil {
		return nil, l.err
	}
	l.out = append(l.out, token{kind: tEOF, pos: l.pos()})
	return l.out, nil
}

func (l *lexer) pos() pos {
	return pos{l.file, l.line, utf8.RuneCountInString(l.src[l.bol:min(l.i, len(l.src))]) + 1 + l.col0}
}

func (l *lexer) fail(at pos, format string, args ...any) {
	if l.err == nil {
		l.err = &Error{Message: fmt.Sprintf(format, args...), pos: at}
	}
}

// advance moves n bytes on, counting lines.
func (l *lexer) advance(n int) {
	for range n {
		if l.src[l.i] == '\n' {
			l.line++
			l.bol, l.col0 = l.i+1, 0
		}
		l.i++
	}
}

// skip passes white space and comments, and tells whether there was any.
func (l *lexer) skip() bool {
	start := l.i
	for l.i < len(l.src) {
		rest := l.src[l.i:]
		switch {
		case strings.IndexByte(" \t\r\n\f\v", rest[0]) >= 0:
			l.advance(1)
		case rest[0] == '#':
			n := strings.IndexByte(rest, '\n')
			if n < 0 {
				n = len(rest)
			}
			l.advance(n)
		case strings.HasPrefix(rest, "/*"):
			n := strings.Index(rest[2:], "*/")
			if n < 0 {
				n = len(rest) - 4
			}
			l.advance(min(n+4, len(rest)))
		case strings.HasPrefix(rest, "\ufeff") || strings.HasPrefix(rest, "\u00a0"):
			l.advance(utf8.RuneLen('\ufeff') - boolInt(rest[0] == 0xc2))
		default:
			return l.i > start
		}
	}
	return l.i > start
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (l *lexer) next() bool {
	space := l.skip()
	if l.i >= len(l.src) {
		return false
	}
	t := token{pos: l.pos(), space: space}
	c := l.src[l.i]
	switch {
	case c == '$':
		l.variable(&t)
	case c == '\'':
		l.single(&t)
	case c == '"':
		l.double(&t)
	case c >= '0' && c <= '9':
		t.kind, t.text = tNumber, l.take(numberEnd)
	case isWordStart(l.src[l.i:]):
		l.word(&t)
	case c == '/' && l.regexFits():
		if !l.regex(&t) {
			l.punct(&t)
		}
	case strings.HasPrefix(l.src[l.i:], "@("):
		l.heredoc(&t)
	default:
		l.punct(&t)
	}
	l.out = append(l.out, t)
	return true
}

func (l *lexer) punct(t *token) {
	for _, p := range puncts {
		if strings.HasPrefix(l.src[l.i:], p) {
			t.kind, t.text = tPunct, p
			l.advance(len(p))
			return
		}
	}
	r, _ := utf8.DecodeRuneInString(l.src[l.i:])
	l.fail(t.pos, "Illegal character %q", string(r))
}

func (l *lexer) take(end func(string) int) string {
	n := end(l.src[l.i:])
	s := l.src[l.i : l.i+n]
	l.advance(n)
	return s
}

func numberEnd(s string) int {
	i := 0
	for i < len(s) && (isWord(s[i]) || s[i] == '.' && i+1 < len(s) && isDigit(s[i+1]) && !strings.Contains(s[:i], ".")) {
		i++
	}
	return i
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isLower(c byte) bool { return c >= 'a' && c <= 'z' || c == '_' }
func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }
func isWord(c byte) bool  { return isLower(c) || isUpper(c) || isDigit(c) }

func isWordStart(s string) bool {
	s = strings.TrimPrefix(s, "::")
	return s != "" && (isLower(s[0]) || isUpper(s[0]))
}

// qualified measures a name with :: in it. A hyphen belongs to it when a word follows.
func qualified(s string, hyphen bool) int {
	i := 0
	for {
		if strings.HasPrefix(s[i:], "::") && i+2 < len(s) && (isLower(s[i+2]) || isUpper(s[i+2])) {
			i += 2
		} else if i > 0 {
			return i
		}
		start := i
		for i < len(s) && (isWord(s[i]) || hyphen && s[i] == '-' && i+1 < len(s) && isWord(s[i+1])) {
			i++
		}
		if i == start {
			return i
		}
	}
}

func (l *lexer) word(t *token) {
	rest := l.src[l.i:]
	upper := isUpper(strings.TrimPrefix(rest, "::")[0])
	n := qualified(rest, !upper)
	t.kind, t.text = tName, rest[:n]
	l.advance(n)
	switch {
	case upper:
		t.kind = tRef
	case keywords[t.text]:
		t.kind = tKeyword
	}
}

func (l *lexer) variable(t *token) {
	l.advance(1)
	n := qualified(l.src[l.i:], false)
	if n == 0 {
		l.fail(t.pos, "Illegal variable name, The given name '' does not conform to the naming rule /^((::)?[a-z]\\w*)*((::)?[a-z_]\\w*)$/")
		return
	}
	t.kind, t.text = tVar, l.src[l.i:l.i+n]
	l.advance(n)
}

// regexFits tells whether a slash here begins a regular expression and is no division: what came
// before is no operand.
func (l *lexer) regexFits() bool {
	if len(l.out) == 0 {
		return true
	}
	switch last := l.out[len(l.out)-1]; last.kind {
	case tPunct:
		return !strings.Contains(")]|>>", last.text)
	case tKeyword:
		return last.text != "true" && last.text != "false" && last.text != "undef" && last.text != "default"
	default:
		return false
	}
}

func (l *lexer) regex(t *token) bool {
	rest := l.src[l.i+1:]
	for i := 0; i < len(rest) && rest[i] != '\n'; i++ {
		switch rest[i] {
		case '\\':
			i++
		case '/':
			t.kind, t.text = tRegex, strings.ReplaceAll(rest[:i], `\/`, `/`)
			l.advance(i + 2)
			return true
		}
	}
	return false
}
