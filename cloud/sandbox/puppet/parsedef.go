package puppet

import "strings"

// definition reads class, define and function.
func (p *parser) definition() node {
	t := p.next()
	d := &definition{pos: t.pos, what: t.text}
	n := p.tok()
	if n.kind != tName {
		p.unexpected()
	}
	p.next()
	d.name = strings.TrimPrefix(n.text, "::")
	if p.accept("(") {
		d.params = p.params(")")
		p.expect(")")
	}
	if d.what == "function" && p.accept(">>") {
		d.result = p.typeExpr()
	}
	if d.what == "class" && p.accept("inherits") {
		parent := p.next()
		if parent.kind != tName && parent.text != "default" {
			p.i--
			p.unexpected()
		}
		d.parent = strings.TrimPrefix(parent.text, "::")
	}
	d.body = p.block()
	return d
}

// alias reads type Name = Type.
func (p *parser) alias() node {
	t := p.next()
	d := &definition{pos: t.pos, what: "type", name: p.next().text}
	p.expect("=")
	d.result = p.typeExpr()
	return d
}

// params reads parameters with their types and defaults, up to end.
func (p *parser) params(end string) []param {
	var out []param
	for !p.is(end) {
		var a param
		if p.tok().kind == tRef {
			a.typ = p.typeExpr()
		}
		a.rest = p.accept("*")
		v := p.tok()
		if v.kind != tVar {
			p.unexpected()
		}
		p.next()
		a.name = v.text
		if p.accept("=") {
			a.value = p.expression(2)
		}
		out = append(out, a)
		if !p.accept(",") {
			break
		}
	}
	return out
}

func (p *parser) typeExpr() node {
	t := p.tok()
	if t.kind != tRef {
		p.unexpected()
	}
	return p.postfix(p.primary())
}

func (p *parser) nodeDef() node {
	t := p.next()
	d := &nodeDef{pos: t.pos}
	for {
		h := p.tok()
		switch {
		case h.kind == tString || h.kind == tName || h.kind == tNumber:
			d.hosts = append(d.hosts, &literal{h.pos, p.hostName()})
		case h.kind == tRegex:
			p.next()
			d.hosts = append(d.hosts, &regex{h.pos, h.text})
		case h.kind == tKeyword && h.text == "default":
			p.next()
			d.hosts = append(d.hosts, &literal{h.pos, defaultValue{}})
		default:
			p.unexpected()
		}
		if !p.accept(",") || p.is("{") {
			break
		}
	}
	if p.accept("inherits") {
		p.fail(t.pos, "Node inheritance is not supported in Puppet >= 4.0.0. See http://links.puppet.com/puppet-node-inheritance-deprecation")
	}
	d.body = p.block()
	return d
}

// hostName joins the pieces of a bare host name: web-1.example.org.
func (p *parser) hostName() string {
	s := p.next().text
	for p.is(".") && (p.peek().kind == tName || p.peek().kind == tNumber) {
		p.next()
		s += "." + p.next().text
	}
	return s
}

func (p *parser) conditional() node {
	p.enter()
	defer p.leave()
	t := p.next()
	c := &conditional{pos: t.pos, test: p.expression(1)}
	c.then = p.block()
	switch {
	case t.text != "unless" && p.is("elsif"):
		c.alt = []node{p.conditional()}
	case p.accept("else"):
		c.alt = p.block()
	}
	if t.text == "unless" {
		c.test = &unary{t.pos, "!", c.test}
	}
	return c
}

func (p *parser) caseOf() node {
	p.enter()
	defer p.leave()
	t := p.next()
	c := &caseOf{pos: t.pos, of: p.expression(1)}
	p.expect("{")
	for !p.is("}") {
		var o caseOption
		for {
			o.values = append(o.values, p.expression(1))
			if !p.accept(",") || p.is(":") {
				break
			}
		}
		p.expect(":")
		o.body = p.block()
		c.options = append(c.options, o)
	}
	p.expect("}")
	return c
}
