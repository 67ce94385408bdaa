package pyapp

import (
	"fmt"
	"strconv"
	"strings"
)

func (p *exprParser) atom() (*expr, error) {
	t := p.next()
	switch {
	case t.kind == 's' || t.kind == 'f':
		return p.strings(t)
	case t.kind == 'd':
		if n, err := strconv.ParseInt(t.text, 10, 64); err == nil {
			return &expr{op: "literal", val: n}, nil
		}
		f, err := strconv.ParseFloat(t.text, 64)
		if err != nil {
			return nil, fmt.Errorf("%w near %q", ErrSyntax, t.text)
		}
		return &expr{op: "literal", val: f}, nil
	case t.kind == 'n':
		if v, ok := map[string]any{"True": true, "False": false, "None": nil}[t.text]; ok {
			return &expr{op: "literal", val: v}, nil
		}
		return &expr{op: "name", text: t.text}, nil
	case t.text == "(":
		if p.take(")") {
			return &expr{op: "list"}, nil
		}
		return p.sequence(")")
	case t.text == "[":
		if p.take("]") {
			return &expr{op: "list"}, nil
		}
		e, err := p.sequence("]")
		if err == nil && (e.op != "list" || !e.grouped()) {
			e = &expr{op: "list", args: []*expr{e}}
		}
		return e, err
	case t.text == "{":
		return p.dict()
	}
	return nil, fmt.Errorf("%w near %q", ErrSyntax, t.text)
}

// grouped tells a list made by commas from a list literal standing alone.
func (e *expr) grouped() bool { return e.text == "," }

func (p *exprParser) sequence(end string) (*expr, error) {
	first, err := p.ternary()
	if err != nil {
		return nil, err
	}
	if p.take(end) {
		return first, nil
	}
	list := &expr{op: "list", text: ",", args: []*expr{first}}
	for p.take(",") {
		if p.is(end) {
			break
		}
		e, err := p.ternary()
		if err != nil {
			return nil, err
		}
		list.args = append(list.args, e)
	}
	if !p.take(end) {
		return nil, fmt.Errorf("%w: expected '%s'", ErrSyntax, end)
	}
	return list, nil
}

func (p *exprParser) dict() (*expr, error) {
	d := &expr{op: "dict"}
	for !p.take("}") {
		k, err := p.ternary()
		if err != nil {
			return nil, err
		}
		if !p.take(":") {
			return nil, fmt.Errorf("%w: expected ':'", ErrSyntax)
		}
		v, err := p.ternary()
		if err != nil {
			return nil, err
		}
		d.args = append(d.args, k, v)
		if !p.take(",") && !p.is("}") {
			return nil, fmt.Errorf("%w: expected '}'", ErrSyntax)
		}
	}
	return d, nil
}

// strings joins adjacent literals, as Python does, and takes f-strings apart.
func (p *exprParser) strings(t token) (*expr, error) {
	var parts []*expr
	for {
		if t.kind == 's' {
			parts = append(parts, &expr{op: "literal", val: t.text})
		} else {
			f, err := p.fstring(t.text)
			if err != nil {
				return nil, err
			}
			parts = append(parts, f...)
		}
		if k := p.peek().kind; k != 's' && k != 'f' {
			break
		}
		t = p.next()
	}
	if len(parts) == 1 && parts[0].op == "literal" {
		return parts[0], nil
	}
	return &expr{op: "fstring", args: parts}, nil
}

func (p *exprParser) fstring(s string) ([]*expr, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, fmt.Errorf("%w: f-string too deep", ErrSyntax)
	}
	defer func() { p.depth-- }()
	var parts []*expr
	text := func(t string) { parts = append(parts, &expr{op: "literal", val: t}) }
	for s != "" {
		i := strings.IndexAny(s, "{}")
		if i < 0 {
			text(s)
			break
		}
		text(s[:i])
		if i+1 < len(s) && s[i+1] == s[i] {
			text(s[i : i+1])
			s = s[i+2:]
			continue
		}
		end := strings.IndexByte(s[i:], '}')
		if s[i] == '}' || end < 0 {
			return nil, fmt.Errorf("%w: f-string: expecting '}'", ErrSyntax)
		}
		inner := s[i+1 : i+end]
		if head, _, ok := cutColon(inner); ok {
			inner = head
		}
		toks, err := lex(strings.TrimSuffix(strings.TrimSuffix(inner, "!s"), "!r"))
		if err != nil {
			return nil, err
		}
		sub := &exprParser{toks: toks, depth: p.depth}
		e, err := sub.ternary()
		if err != nil {
			return nil, err
		}
		parts = append(parts, e)
		s = s[i+end+1:]
	}
	return parts, nil
}
