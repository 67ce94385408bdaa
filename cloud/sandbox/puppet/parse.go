package puppet

// parser turns tokens into a tree; the first mistake ends it.
type parser struct {
	toks []token
	i    int
	deep int
}

// bail carries a mistake out of the recursive descent.
type bail struct{ err error }

// parse reads one manifest.
func parse(file, src string) (tree []node, err error) {
	return parseAt(file, src, pos{file, 1, 1}, 0)
}

func parseAt(file, src string, at pos, deep int) (tree []node, err error) {
	toks, err := lex(file, src, at, deep)
	if err != nil {
		return nil, err
	}
	p := &parser{toks: toks, deep: deep}
	defer func() {
		if r := recover(); r != nil {
			b, ok := r.(bail)
			if !ok {
				panic(r)
			}
			tree, err = nil, b.err
		}
	}()
	return p.statements(tEOF, ""), nil
}

func (p *parser) tok() token { return p.toks[p.i] }

func (p *parser) next() token {
	t := p.toks[p.i]
	if t.kind != tEOF {
		p.i++
	}
	return t
}

// peek is the token after the current one.
func (p *parser) peek() token { return p.toks[min(p.i+1, len(p.toks)-1)] }

// follows tells whether the next token is that operator or bracket.
func (p *parser) follows(text string) bool { return p.peek().kind == tPunct && p.peek().text == text }

func (p *parser) is(text string) bool {
	t := p.tok()
	return (t.kind == tPunct || t.kind == tKeyword) && t.text == text
}

func (p *parser) accept(text string) bool {
	if p.is(text) {
		p.i++
		return true
	}
	return false
}

func (p *parser) expect(text string) token {
	if !p.is(text) {
		p.unexpected()
	}
	return p.next()
}

// unexpected words the current token as a syntax error.
func (p *parser) unexpected() {
	t := p.tok()
	if t.kind == tEOF {
		// puppet has no place for the end of the input but its file
		panic(bail{&Error{Message: "Syntax error at end of input", pos: pos{file: t.pos.file}}})
	}
	p.fail(t.pos, "Syntax error at '"+t.text+"'")
}

func (p *parser) fail(at pos, message string) { panic(bail{&Error{Message: message, pos: at}}) }

// enter bounds the nesting; leave is its other half.
func (p *parser) enter() {
	if p.deep++; p.deep > maxDepth {
		p.fail(p.tok().pos, "Syntax error: nested too deeply")
	}
}

func (p *parser) leave() { p.deep-- }

// statements reads up to a closing token.
func (p *parser) statements(end kind, text string) []node {
	p.enter()
	defer p.leave()
	var out []node
	for {
		t := p.tok()
		if t.kind == end && (text == "" || t.text == text) {
			return out
		}
		if t.kind == tEOF {
			p.unexpected()
		}
		if p.accept(";") {
			continue
		}
		if len(out) > 0 {
			p.hasEffect(out[len(out)-1])
		}
		out = append(out, p.statement())
	}
}

// hasEffect refuses a value that nobody uses: mostly a statement that was mistyped.
func (p *parser) hasEffect(n node) {
	label := ""
	switch n := n.(type) {
	case *bare:
		label = "Name"
	case *literal:
		label = "Literal " + typeOf(n.value)
		if typeOf(n.value) == "String" {
			label = "String"
		}
	case *interp:
		label = "Double Quoted String"
	case *variable:
		label = "Variable"
	case *list:
		label = "Array Expression"
	case *hash:
		label = "Hash Expression"
	case *typeName:
		label = "Type-Name"
	}
	if label != "" {
		p.fail(n.at(), "This "+label+" has no effect. A value was produced and then forgotten (one or more preceding expressions may have the wrong form)")
	}
}

func (p *parser) block() []node {
	p.expect("{")
	body := p.statements(tPunct, "}")
	p.expect("}")
	return body
}

// arrows are the relations between statements.
var arrows = map[string]bool{"->": true, "~>": true, "<-": true, "<~": true}

func (p *parser) statement() node {
	left := p.simple()
	for t := p.tok(); t.kind == tPunct && arrows[t.text]; t = p.tok() {
		p.next()
		left = &relation{t.pos, t.text, left, p.simple()}
	}
	return left
}

// calls are the functions that take arguments without parentheses.
var calls = map[string]bool{
	"include": true, "contain": true, "require": true, "realize": true, "tag": true, "fail": true,
	"debug": true, "info": true, "notice": true, "warning": true, "err": true, "alert": true,
	"crit": true, "emerg": true, "return": true, "next": true, "break": true, "import": true,
}

func (p *parser) simple() node {
	t := p.tok()
	switch {
	case t.kind == tKeyword:
		if n := p.keyword(t); n != nil {
			return n
		}
	case p.is("@") || p.is("@@"):
		p.next()
		n := p.next()
		if n.kind != tName && n.text != "class" {
			p.i--
			p.unexpected()
		}
		return p.resource(&bare{n.pos, n.text}, t.text)
	case t.kind == tName && p.follows("{"):
		p.next()
		return p.resource(&bare{t.pos, t.text}, "")
	case t.kind == tName && calls[t.text] && !p.follows("("):
		return p.bareCall()
	}
	return p.afterExpression(p.expression(0))
}

// keyword reads a statement that begins with a keyword; nil when it is an expression.
func (p *parser) keyword(t token) node {
	switch t.text {
	case "class":
		if p.follows("{") {
			p.next()
			return p.resource(&bare{t.pos, "class"}, "")
		}
		return p.definition()
	case "define", "function":
		return p.definition()
	case "type":
		if p.peek().kind == tRef {
			return p.alias()
		}
	case "node":
		return p.nodeDef()
	case "if", "unless":
		return p.conditional()
	case "case":
		return p.caseOf()
	}
	return nil
}

// afterExpression reads what turns an upper-case name into a collector, defaults or an override,
// and an assignment.
func (p *parser) afterExpression(n node) node {
	t := p.tok()
	if t.kind != tPunct {
		return n
	}
	switch t.text {
	case "<|", "<<|":
		if ref, ok := n.(*typeName); ok {
			return p.collector(ref)
		}
	case "{":
		switch n.(type) {
		case *typeName, *access:
			p.next()
			s := &settings{n.at(), n, p.attributes()}
			p.expect("}")
			return s
		}
	}
	return n
}

func (p *parser) bareCall() node {
	t := p.next()
	c := &call{pos: t.pos, name: t.text}
	if first := p.tok(); first.kind == tEOF || first.kind == tPunct && (first.text == "}" || first.text == ";") {
		return c
	}
	if (t.text == "return" || t.text == "next" || t.text == "break") && p.tok().pos.line != t.pos.line {
		return c
	}
	for {
		c.args = append(c.args, p.expression(1))
		if !p.accept(",") {
			return c
		}
	}
}

func (p *parser) resource(typ node, form string) node {
	p.enter()
	defer p.leave()
	r := &resource{pos: typ.at(), typ: typ, form: form}
	p.expect("{")
	for !p.is("}") {
		b := body{pos: p.tok().pos}
		b.title = p.expression(1)
		p.expect(":")
		b.attrs = p.attributes()
		r.bodies = append(r.bodies, b)
		if !p.accept(";") {
			break
		}
	}
	p.expect("}")
	return r
}

func (p *parser) attributes() []attribute {
	var out []attribute
	for {
		t := p.tok()
		switch {
		case t.kind == tName, t.kind == tKeyword:
		case t.kind == tPunct && t.text == "*":
		default:
			return out
		}
		p.next()
		a := attribute{pos: t.pos, name: t.text}
		if p.accept("+>") {
			a.add = true
		} else {
			p.expect("=>")
		}
		a.value = p.expression(1)
		out = append(out, a)
		if !p.accept(",") {
			return out
		}
	}
}

func (p *parser) collector(ref *typeName) node {
	c := &collector{pos: ref.pos, typ: ref.name}
	end := "|>"
	if p.next().text == "<<|" {
		c.exported, end = true, "|>>"
	}
	if !p.is(end) {
		c.query = p.expression(1)
	}
	p.expect(end)
	if p.accept("{") {
		c.attrs = p.attributes()
		p.expect("}")
	}
	return c
}
