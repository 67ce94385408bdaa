package pyapp

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// expr is a parsed expression.
type expr struct {
	op   string // literal, name, call, index, attr, list, dict, fstring, and the operators
	text string // name, attribute, operator
	val  any
	args []*expr
	keys []string // names of keyword arguments, "" for positional ones
}

type token struct {
	kind byte // n name, d number, s string, f fstring, o operator, 0 end
	text string
}

// lex takes an expression apart.
func lex(s string) ([]token, error) {
	var out []token
	for i := 0; i < len(s); {
		ch := rune(s[i])
		switch {
		case ch == ' ' || ch == '\t' || ch == '\n' || ch == '\r':
			i++
		case ch == '"' || ch == '\'':
			end, err := stringEnd(s, i)
			if err != nil {
				return nil, err
			}
			out = append(out, token{'s', unquote(s[i:end], false)})
			i = end
		case unicode.IsDigit(ch):
			j := i
			for j < len(s) && (s[j] >= '0' && s[j] <= '9' || s[j] == '.' || s[j] == '_') {
				j++
			}
			out = append(out, token{'d', strings.ReplaceAll(s[i:j], "_", "")})
			i = j
		case ch == '_' || unicode.IsLetter(ch) || ch >= 0x80:
			j := i
			for j < len(s) && (s[j] == '_' || s[j] >= 0x80 || unicode.IsLetter(rune(s[j])) || unicode.IsDigit(rune(s[j]))) {
				j++
			}
			if j < len(s) && (s[j] == '"' || s[j] == '\'') && j-i <= 2 && strings.Trim(strings.ToLower(s[i:j]), "rbfu") == "" {
				end, err := stringEnd(s, j)
				if err != nil {
					return nil, err
				}
				prefix := strings.ToLower(s[i:j])
				text := unquote(s[j:end], strings.Contains(prefix, "r"))
				kind := byte('s')
				if strings.Contains(prefix, "f") {
					kind = 'f'
				}
				out = append(out, token{kind, text})
				i = end
				continue
			}
			out = append(out, token{'n', s[i:j]})
			i = j
		default:
			op := s[i : i+1]
			for _, two := range []string{"==", "!=", "<=", ">=", "//", "**"} {
				if strings.HasPrefix(s[i:], two) {
					op = two
				}
			}
			if !strings.Contains("+-*/%()[]{}.,:=<>!==//**<=>=@|&", op) {
				return nil, fmt.Errorf("%w near %q", ErrSyntax, s[i:])
			}
			out = append(out, token{'o', op})
			i += len(op)
		}
	}
	return append(out, token{}), nil
}

// unquote is the value of a string literal.
func unquote(s string, raw bool) string {
	n := 1
	if len(s) >= 6 && s[0] == s[1] && s[1] == s[2] {
		n = 3
	}
	s = s[n : len(s)-n]
	if raw || !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		if r, ok := map[byte]string{'n': "\n", 't': "\t", 'r': "\r", '\\': `\`, '\'': "'", '"': `"`, '\n': "", '0': "\x00"}[s[i]]; ok {
			b.WriteString(r)
			continue
		}
		width := map[byte]int{'x': 2, 'u': 4, 'U': 8}[s[i]]
		if width > 0 && i+width < len(s) {
			if v, err := strconv.ParseUint(s[i+1:i+1+width], 16, 32); err == nil {
				b.WriteRune(rune(v))
				i += width
				continue
			}
		}
		b.WriteByte('\\')
		b.WriteByte(s[i])
	}
	return b.String()
}

type exprParser struct {
	toks  []token
	i     int
	depth int
}

// parseExpr parses a whole text as an expression; a bare comma makes a tuple.
func parseExpr(s string) (*expr, error) {
	toks, err := lex(s)
	if err != nil {
		return nil, err
	}
	p := &exprParser{toks: toks}
	e, err := p.tuple()
	if err == nil && p.peek().kind != 0 {
		err = fmt.Errorf("%w near %q", ErrSyntax, p.peek().text)
	}
	return e, err
}

func (p *exprParser) peek() token { return p.toks[min(p.i, len(p.toks)-1)] }

func (p *exprParser) next() token {
	t := p.peek()
	p.i++
	return t
}

func (p *exprParser) is(text string) bool {
	t := p.peek()
	return (t.kind == 'o' || t.kind == 'n') && t.text == text
}

func (p *exprParser) take(text string) bool {
	if p.is(text) {
		p.i++
		return true
	}
	return false
}

func (p *exprParser) tuple() (*expr, error) {
	first, err := p.ternary()
	if err != nil || !p.is(",") {
		return first, err
	}
	list := &expr{op: "list", args: []*expr{first}}
	for p.take(",") {
		if p.peek().kind == 0 {
			break
		}
		e, err := p.ternary()
		if err != nil {
			return nil, err
		}
		list.args = append(list.args, e)
	}
	return list, nil
}

func (p *exprParser) ternary() (*expr, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, fmt.Errorf("%w: expression too deep", ErrSyntax)
	}
	defer func() { p.depth-- }()
	e, err := p.binary(0)
	if err != nil || !p.take("if") {
		return e, err
	}
	cond, err := p.binary(0)
	if err != nil {
		return nil, err
	}
	if !p.take("else") {
		return nil, fmt.Errorf("%w: expected 'else'", ErrSyntax)
	}
	other, err := p.ternary()
	return &expr{op: "if", args: []*expr{cond, e, other}}, err
}

// levels are the binary operators from the loosest to the tightest.
var levels = [][]string{
	{"or"}, {"and"}, {"not"}, {"==", "!=", "<", ">", "<=", ">=", "in", "is"}, {"+", "-"}, {"*", "/", "//", "%"},
}

func (p *exprParser) binary(level int) (*expr, error) {
	if level == len(levels) {
		return p.unary()
	}
	if levels[level][0] == "not" {
		if p.take("not") {
			if p.depth++; p.depth > maxDepth {
				return nil, fmt.Errorf("%w: expression too deep", ErrSyntax)
			}
			e, err := p.binary(level)
			p.depth--
			return &expr{op: "not", args: []*expr{e}}, err
		}
		return p.binary(level + 1)
	}
	left, err := p.binary(level + 1)
	for err == nil {
		op := ""
		for _, o := range levels[level] {
			if p.is(o) {
				op = o
			}
		}
		negate := false
		if op == "" && level == 3 && p.is("not") && p.toks[min(p.i+1, len(p.toks)-1)].text == "in" {
			p.i++
			op, negate = "in", true
		}
		if op == "" {
			return left, nil
		}
		p.i++
		if op == "is" && p.take("not") {
			op = "!="
		} else if op == "is" {
			op = "=="
		}
		var right *expr
		if right, err = p.binary(level + 1); err == nil {
			left = &expr{op: op, args: []*expr{left, right}}
			if negate {
				left = &expr{op: "not", args: []*expr{left}}
			}
		}
	}
	return nil, err
}

func (p *exprParser) unary() (*expr, error) {
	if p.take("-") {
		if p.depth++; p.depth > maxDepth {
			return nil, fmt.Errorf("%w: expression too deep", ErrSyntax)
		}
		e, err := p.unary()
		p.depth--
		return &expr{op: "neg", args: []*expr{e}}, err
	}
	e, err := p.atom()
	for err == nil {
		switch {
		case p.take("."):
			t := p.next()
			if t.kind != 'n' {
				return nil, fmt.Errorf("%w near %q", ErrSyntax, t.text)
			}
			e = &expr{op: "attr", text: t.text, args: []*expr{e}}
		case p.take("("):
			e, err = p.call(e)
		case p.take("["):
			var k *expr
			if k, err = p.ternary(); err == nil && !p.take("]") {
				err = fmt.Errorf("%w: expected ']'", ErrSyntax)
			}
			e = &expr{op: "index", args: []*expr{e, k}}
		default:
			return e, nil
		}
	}
	return nil, err
}

func (p *exprParser) call(f *expr) (*expr, error) {
	c := &expr{op: "call", args: []*expr{f}, keys: []string{""}}
	for !p.take(")") {
		key := ""
		if t := p.peek(); t.kind == 'n' && p.toks[min(p.i+1, len(p.toks)-1)].text == "=" {
			key = t.text
			p.i += 2
		}
		e, err := p.ternary()
		if err != nil {
			return nil, err
		}
		c.args, c.keys = append(c.args, e), append(c.keys, key)
		if !p.take(",") && !p.is(")") {
			return nil, fmt.Errorf("%w: expected ')'", ErrSyntax)
		}
	}
	return c, nil
}
