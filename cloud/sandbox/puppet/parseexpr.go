package puppet

import (
	"math"
	"strconv"
	"strings"
)

// ranks are the precedences of the binary operators, low to high, as in Puppet's grammar.
var ranks = map[string]int{
	"or": 3, "and": 4,
	"<": 5, "<=": 5, ">": 5, ">=": 5,
	"==": 6, "!=": 6,
	"<<": 7, ">>": 7,
	"+": 8, "-": 8,
	"*": 9, "/": 9, "%": 9,
	"=~": 10, "!~": 10,
	"in": 11,
}

// expression reads operators of at least the given rank. Rank 0 is a statement's (assignment
// allowed), 1 a value's, 2 a default's.
func (p *parser) expression(rank int) node {
	p.enter()
	defer p.leave()
	left := p.unary()
	for {
		t := p.tok()
		if t.kind != tPunct && t.kind != tKeyword {
			return left
		}
		if (t.text == "=" || t.text == "+=" || t.text == "-=") && rank == 0 {
			p.next()
			return &assign{t.pos, left, p.expression(0), t.text}
		}
		r, ok := ranks[t.text]
		if !ok || r < rank {
			return left
		}
		p.next()
		left = &binary{t.pos, t.text, left, p.expression(r + 1)}
	}
}

func (p *parser) unary() node {
	t := p.tok()
	if t.kind == tPunct {
		switch t.text {
		case "!", "-", "*":
			p.next()
			p.enter()
			defer p.leave()
			return &unary{t.pos, t.text, p.unary()}
		}
	}
	return p.postfix(p.primary())
}

// postfix reads what may follow an operand: [keys], .method(args), ? { selector }.
func (p *parser) postfix(n node) node {
	for {
		t := p.tok()
		if t.kind != tPunct {
			return n
		}
		switch {
		case t.text == "[" && !t.space:
			p.next()
			n = &access{n.at(), n, p.items("]")}
			p.expect("]")
		case t.text == ".":
			p.next()
			m := p.next()
			if m.kind != tName && m.kind != tKeyword {
				p.i--
				p.unexpected()
			}
			n = p.callTail(&call{pos: m.pos, name: m.text, args: []node{n}})
		case t.text == "?":
			n = p.selector(n)
		default:
			return n
		}
	}
}

// callTail reads the arguments in parentheses and the lambda of a call.
func (p *parser) callTail(c *call) node {
	if p.is("(") {
		p.next()
		c.args = append(c.args, p.items(")")...)
		p.expect(")")
	}
	if p.is("|") {
		p.next()
		c.lambda = &lambda{params: p.params("|")}
		p.expect("|")
		c.lambda.body = p.block()
	}
	return c
}

func (p *parser) items(end string) []node {
	var out []node
	for !p.is(end) {
		item := p.expression(1)
		if p.is("=>") { // key => value without braces is a hash
			p.next()
			item = &hash{item.at(), []pair{{item, p.expression(1)}}}
		}
		out = append(out, item)
		if !p.accept(",") {
			break
		}
	}
	return out
}

func (p *parser) selector(of node) node {
	t := p.expect("?")
	s := &selector{pos: t.pos, of: of}
	p.expect("{")
	s.options = p.pairs()
	p.expect("}")
	return s
}

func (p *parser) pairs() []pair {
	var out []pair
	for !p.is("}") {
		k := p.expression(1)
		p.expect("=>")
		out = append(out, pair{k, p.expression(1)})
		if !p.accept(",") {
			break
		}
	}
	return out
}

func (p *parser) primary() node {
	t := p.tok()
	switch t.kind {
	case tString:
		p.next()
		return &literal{t.pos, t.text}
	case tInterp:
		p.next()
		return p.interp(t)
	case tNumber:
		p.next()
		return &literal{t.pos, p.number(t)}
	case tRegex:
		p.next()
		return &regex{t.pos, t.text}
	case tVar:
		p.next()
		return &variable{t.pos, t.text}
	case tRef:
		p.next()
		ref := &typeName{t.pos, strings.TrimPrefix(t.text, "::")}
		if p.is("(") && !p.tok().space { // Integer('3') makes a value of the type
			return p.callTail(&call{pos: t.pos, name: "new", args: []node{ref}})
		}
		return ref
	case tName:
		p.next()
		if p.is("(") || p.is("|") && !p.tok().space || p.is("|") && p.peek().kind == tVar {
			return p.callTail(&call{pos: t.pos, name: strings.TrimPrefix(t.text, "::")})
		}
		return &bare{t.pos, t.text}
	}
	return p.special(t)
}

// special reads operands that begin with a keyword or a bracket.
func (p *parser) special(t token) node {
	switch t.text {
	case "true", "false":
		p.next()
		return &literal{t.pos, t.text == "true"}
	case "undef":
		p.next()
		return &literal{t.pos, nil}
	case "default":
		p.next()
		return &literal{t.pos, defaultValue{}}
	case "type", "class", "node", "function":
		p.next()
		if p.is("(") && !p.tok().space {
			return p.callTail(&call{pos: t.pos, name: t.text})
		}
		return &bare{t.pos, t.text}
	case "if", "unless":
		return p.conditional()
	case "case":
		return p.caseOf()
	case "(":
		p.next()
		n := p.expression(0)
		p.expect(")")
		return n
	case "[":
		p.next()
		n := &list{t.pos, p.items("]")}
		p.expect("]")
		return n
	case "{":
		p.next()
		n := &hash{t.pos, p.pairs()}
		p.expect("}")
		return n
	}
	p.unexpected()
	return nil
}

func (p *parser) number(t token) any {
	if v, err := strconv.ParseInt(t.text, 0, 64); err == nil && !strings.ContainsAny(t.text, "_oObB") {
		return v
	}
	if v, err := strconv.ParseFloat(t.text, 64); err == nil && !math.IsInf(v, 0) && !strings.ContainsAny(t.text, "xXpP_") {
		return v
	}
	p.fail(t.pos, "Illegal number '"+t.text+"'")
	return nil
}

// interp parses the expressions of a double-quoted string.
func (p *parser) interp(t token) node {
	p.enter()
	defer p.leave()
	n := &interp{pos: t.pos}
	for _, part := range t.parts {
		if !part.expr {
			n.parts = append(n.parts, &literal{t.pos, part.text})
			continue
		}
		tree, err := parseAt(part.pos.file, part.text, part.pos, p.deep)
		if err != nil {
			panic(bail{err})
		}
		if len(tree) == 0 {
			tree = []node{&literal{part.pos, nil}}
		}
		n.parts = append(n.parts, asVariable(tree[len(tree)-1]))
	}
	return n
}

// asVariable makes a variable of the name an interpolated expression begins with: "${x}" and
// "${facts['x']}" mean $x and $facts.
func asVariable(n node) node {
	switch n := n.(type) {
	case *bare:
		return &variable{n.pos, n.name}
	case *access:
		n.of = asVariable(n.of)
	case *call:
		if len(n.args) > 0 {
			if _, method := n.args[0].(*bare); method && n.args[0].at().before(n.pos) {
				n.args[0] = asVariable(n.args[0])
			} else if inner, ok := n.args[0].(*access); ok && inner.at().before(n.pos) {
				asVariable(inner)
			} else if inner, ok := n.args[0].(*call); ok && inner.at().before(n.pos) {
				asVariable(inner)
			}
		}
	}
	return n
}

// before tells a method's receiver, which stands before its name, from an argument.
func (p pos) before(q pos) bool { return p.line < q.line || p.line == q.line && p.col < q.col }
