package puppet

import (
	"strings"
)

// run evaluates statements; the value is the last one's.
func (c *compiler) run(s *scope, tree []node) any {
	var last any
	for _, n := range tree {
		last = c.eval(s, n)
	}
	return last
}

// eval evaluates one expression.
func (c *compiler) eval(s *scope, n node) any {
	c.tick(n.at())
	switch n := n.(type) {
	case *literal:
		return n.value
	case *bare:
		return n.name
	case *typeName:
		return &typeValue{name: capital(n.name)}
	case *variable:
		return c.variable(s, n)
	case *interp:
		var b strings.Builder
		for _, p := range n.parts {
			b.WriteString(render(c.eval(s, p)))
			if b.Len() > maxText {
				c.fail(n.pos, "Evaluation Error: a string is too long")
			}
		}
		text := b.String()
		c.charge(n.pos, text)
		return text
	case *regex:
		return c.regex(n.text, n.pos)
	case *list:
		items := c.list(s, n.items)
		c.charge(n.pos, items)
		return items
	case *hash:
		h := newHash()
		for _, p := range n.pairs {
			h.set(c.eval(s, p.key), c.eval(s, p.value))
		}
		return h
	case *access:
		return c.access(s, n)
	case *unary:
		return c.unary(s, n)
	case *binary:
		return c.binary(s, n)
	case *call:
		return c.call(s, n)
	case *selector:
		return c.choose(s, n)
	default:
		return c.statement(s, n)
	}
}

func (c *compiler) statement(s *scope, n node) any {
	switch n := n.(type) {
	case *assign:
		return c.assign(s, n)
	case *conditional:
		if truth(c.eval(s, n.test)) {
			return c.run(s, n.then)
		}
		return c.run(s, n.alt)
	case *caseOf:
		return c.caseOf(s, n)
	case *resource:
		return c.declare(s, n)
	case *settings:
		return c.settings(s, n)
	case *relation:
		return c.relate(s, n)
	case *collector:
		col := &collection{n: n, scope: s, attrs: c.attrs(s, n.attrs), done: map[*Resource]bool{}}
		c.collect = append(c.collect, col)
		return col
	case *definition:
		c.fail(n.pos, "Classes, definitions, and nodes may only appear at toplevel or inside other classes")
	case *nodeDef:
		c.fail(n.pos, "Classes, definitions, and nodes may only appear at toplevel or inside other classes")
	}
	return nil
}

func (c *compiler) regex(text string, at pos) any {
	re, err := compileRegex(text)
	if err != nil {
		c.fail(at, "Illegal regular expression: "+text)
	}
	return re
}

func (c *compiler) list(s *scope, items []node) []any {
	out := []any{}
	for _, item := range items {
		if u, ok := item.(*unary); ok && u.op == "*" {
			out = append(out, asList(c.eval(s, u.of))...)
		} else {
			out = append(out, c.eval(s, item))
		}
		if len(out) > maxItems {
			c.fail(item.at(), "Evaluation Error: a list is too long")
		}
	}
	return out
}

// variable looks a name up: local, then the node's and the top scope; $class::name in that class.
func (c *compiler) variable(s *scope, n *variable) any {
	name := strings.TrimPrefix(n.name, "::")
	if name != n.name && !strings.Contains(name, "::") {
		return c.top.vars[name]
	}
	if len(name) == 1 && name[0] >= '0' && name[0] <= '9' {
		for up := s; up != nil; up = up.up {
			if up.matches != nil {
				if i := int(name[0] - '0'); i < len(up.matches) {
					return up.matches[i]
				}
				return nil
			}
		}
		return nil
	}
	if i := strings.LastIndex(name, "::"); i >= 0 {
		if cs := c.classes[strings.ToLower(name[:i])]; cs != nil {
			return cs.find(name[i+2:])
		}
		return nil
	}
	return s.find(name)
}

func (c *compiler) assign(s *scope, n *assign) any {
	if n.op != "=" {
		c.fail(n.pos, "The operator '"+n.op+"' is no longer supported. See http://links.puppet.com/remove-plus-equals")
	}
	v := c.eval(s, n.from)
	switch to := n.to.(type) {
	case *variable:
		c.bind(s, to.name, v, n.pos)
	case *list:
		items := asList(v)
		for i, item := range to.items {
			name, ok := item.(*variable)
			if !ok || i >= len(items) {
				c.fail(n.pos, "Evaluation Error: Mismatched number of assignable entries and values, expected "+
					render(int64(len(to.items)))+", got "+render(int64(len(items))))
			}
			c.bind(s, name.name, items[i], n.pos)
		}
	default:
		c.fail(n.pos, "Illegal attempt to assign to '"+render(c.eval(s, n.to))+"'. Not an assignable reference")
	}
	return v
}

func (c *compiler) bind(s *scope, name string, v any, at pos) {
	if strings.Contains(name, "::") {
		c.fail(at, "Illegal attempt to assign to '"+name+"'. Cannot assign to variables in other namespaces")
	}
	if name == "facts" || name == "trusted" || name == "title" || name == "name" {
		c.fail(at, "Evaluation Error: Attempt to assign to a reserved variable name: '$"+name+"'")
	}
	if _, ok := s.vars[name]; ok {
		c.fail(at, "Evaluation Error: Cannot reassign variable '$"+name+"'")
	}
	s.vars[name] = v
}

// matchOption tells whether a value meets an option of a case or a selector.
func (c *compiler) matchOption(s *scope, v, option any) bool {
	c.charge(pos{}, v)
	switch o := option.(type) {
	case defaultValue:
		return true
	case *typeValue:
		return c.matches(o, v, 0) || equal(o, v)
	case interface{ FindStringSubmatch(string) []string }:
		text, ok := v.(string)
		if !ok {
			return false
		}
		m := o.FindStringSubmatch(text)
		if m != nil {
			s.matches = m
		}
		return m != nil
	}
	return equal(v, option)
}

func (c *compiler) caseOf(s *scope, n *caseOf) any {
	v := c.eval(s, n.of)
	var fallback []node
	for _, o := range n.options {
		for _, value := range o.values {
			if l, ok := value.(*literal); ok && l.value == (defaultValue{}) {
				fallback = o.body
			} else if c.matchOption(s, v, c.eval(s, value)) {
				return c.run(s, o.body)
			}
		}
	}
	return c.run(s, fallback)
}

func (c *compiler) choose(s *scope, n *selector) any {
	v := c.eval(s, n.of)
	var fallback node
	for _, o := range n.options {
		if l, ok := o.key.(*literal); ok && l.value == (defaultValue{}) {
			fallback = o.value
		} else if c.matchOption(s, v, c.eval(s, o.key)) {
			return c.eval(s, o.value)
		}
	}
	if fallback == nil {
		c.fail(n.pos, "Evaluation Error: No matching entry for selector parameter with value '"+render(v)+"'")
	}
	return c.eval(s, fallback)
}

// access is x[...]: an item of a list, a value of a hash, a part of a string, a reference.
func (c *compiler) access(s *scope, n *access) any {
	of, keys := c.eval(s, n.of), c.list(s, n.keys)
	if len(keys) == 0 {
		c.fail(n.pos, "Syntax error at ']'")
	}
	switch of := of.(type) {
	case *typeValue:
		return c.specialize(of, keys)
	case *hashValue:
		v, _ := of.get(keys[0])
		return v
	case []any:
		i, ok := keys[0].(int64)
		if !ok {
			c.fail(n.pos, "Evaluation Error: A substring operation does not accept a "+typeOf(keys[0])+" as a character index. Expected an Integer")
		}
		from, to := span(i, keys, len(of))
		if len(keys) > 1 {
			return of[from:to]
		}
		if to <= from {
			return nil
		}
		return of[from]
	case string:
		i, ok := keys[0].(int64)
		if !ok {
			c.fail(n.pos, "Evaluation Error: A substring operation does not accept a "+typeOf(keys[0])+" as a character index. Expected an Integer")
		}
		runes := []rune(of)
		from, to := span(i, keys, len(runes))
		return string(runes[from:to])
	}
	c.fail(n.pos, "Evaluation Error: Operator '[]' is not applicable to "+undefWord(of)+".")
	return nil
}

func undefWord(v any) string {
	if v == nil {
		return "an Undef Value"
	}
	return "a " + typeOf(v)
}

// span is the range that an index, or an index and a length, select of n items.
func span(i int64, keys []any, n int) (int, int) {
	if i < 0 {
		i += int64(n)
	}
	if i < 0 || i >= int64(n) {
		return 0, 0
	}
	count := int64(1)
	if len(keys) > 1 {
		if k, ok := keys[1].(int64); ok {
			count = k
			if k < 0 {
				count = int64(n) + k - i + 1
			}
		}
	}
	return int(i), int(max(i, min(i+min(count, int64(n)), int64(n))))
}

// specialize makes a data type with arguments, or references to resources.
func (c *compiler) specialize(t *typeValue, keys []any) any {
	if dataTypes[t.name] || strings.Contains(t.name, "::") && c.find(t.name, "type") != nil {
		return &typeValue{t.name, keys}
	}
	var refs []any
	for _, k := range flatten(keys) {
		title, ok := k.(string)
		if !ok {
			title = render(k)
		}
		if t.name == "Class" {
			title = capital(title)
		}
		refs = append(refs, &reference{t.name, title})
	}
	if len(refs) == 1 {
		return refs[0]
	}
	return refs
}
