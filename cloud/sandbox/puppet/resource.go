package puppet

import (
	"fmt"
	"slices"
	"strings"
)

// metaparams are the parameters every resource has.
var metaparams = map[string]bool{
	"require": true, "before": true, "notify": true, "subscribe": true, "alias": true, "audit": true,
	"loglevel": true, "noop": true, "schedule": true, "stage": true, "tag": true,
}

const inResource = "Resource Statement"

// declare evaluates a resource expression; its value is the references it made.
func (c *compiler) declare(s *scope, n *resource) any {
	typ := c.resourceType(s, n.typ)
	var defaults []attribute
	for _, b := range n.bodies {
		if l, ok := b.title.(*literal); ok && l.value == (defaultValue{}) {
			defaults = b.attrs
		}
	}
	var refs []any
	for _, b := range n.bodies {
		if l, ok := b.title.(*literal); ok && l.value == (defaultValue{}) {
			continue
		}
		for _, title := range c.titles(s, b) {
			attrs := c.attrs(s, b.attrs)
			for _, d := range c.attrs(s, defaults) {
				if !slices.ContainsFunc(attrs, func(a given) bool { return a.name == d.name }) {
					attrs = append(attrs, d)
				}
			}
			r := c.create(s, typ, title, attrs, n.form, pos{n.file, b.title.at().line, n.col}, n.pos)
			if r != nil {
				refs = append(refs, &reference{r.Type, r.Title})
			}
		}
	}
	return refs
}

func (c *compiler) resourceType(s *scope, n node) string {
	if b, ok := n.(*bare); ok {
		return strings.ToLower(strings.TrimPrefix(b.name, "::"))
	}
	return strings.ToLower(render(c.eval(s, n)))
}

func (c *compiler) titles(s *scope, b body) []string {
	v := c.eval(s, b.title)
	items, ok := v.([]any)
	if !ok {
		items = []any{v}
	}
	var out []string
	for _, item := range flatten(items) {
		t := render(item)
		if _, isText := item.(string); item == nil || !isText || t == "" {
			what := "Empty string title at 0. Title strings must have a length greater than zero."
			if t == "" && item == nil {
				what = "Missing title. The title expression resulted in undef"
			} else if t != "" {
				what = "Illegal title type at 0. Expected String, got " + typeOf(item)
			}
			c.fail(b.pos, "Evaluation Error: "+what)
		}
		out = append(out, t)
	}
	return out
}

// given is an attribute with its value.
type given struct {
	name  string
	value any
	add   bool
	pos   pos
}

func (c *compiler) attrs(s *scope, in []attribute) []given {
	var out []given
	for _, a := range in {
		v := c.eval(s, a.value)
		if a.name != "*" {
			if slices.ContainsFunc(out, func(g given) bool { return g.name == a.name }) {
				c.fail(a.pos, "Evaluation Error: Error while evaluating a Resource Statement, The attribute '"+a.name+"' has already been set")
			}
			out = append(out, given{a.name, v, a.add, a.pos})
			continue
		}
		h, ok := v.(*hashValue)
		if !ok && v != nil {
			c.fail(a.pos, "Evaluation Error: Error while evaluating a Resource Statement, Attributes splat requires a Hash, got "+typeOf(v))
		}
		if ok {
			for _, k := range h.keys {
				out = append(out, given{render(k), h.values[hashKey(k)], false, a.pos})
			}
		}
	}
	return out
}

// create adds one resource to the catalogue; a class is evaluated at once, an instance of a
// defined type later.
func (c *compiler) create(s *scope, typ, title string, attrs []given, form string, titleAt, at pos) *Resource {
	c.tick(at)
	if typ == "class" {
		return c.declareClass(s, title, attrs, at)
	}
	r := &Resource{
		Type: capital(typ), Title: title, Params: map[string]any{}, container: s.holder, scope: s,
		virtual: form != "" || s.holder != nil && s.holder.virtual, exported: form == "@@", pos: titleAt.lined(),
	}
	if native[typ] == nil {
		if r.define = c.find(typ, "define"); r.define == nil {
			c.evalError(at, inResource, "Unknown resource type: '"+typ+"'")
		}
	}
	if old := c.cat.lookup(r.Type, r.Title); old != nil {
		c.evalError(at, inResource, fmt.Sprintf("Duplicate declaration: %s is already declared at (file: %s, line: %d); cannot redeclare (file: %s, line: %d)",
			r.Ref(), old.pos.file, old.pos.line, at.file, at.line))
	}
	if len(c.cat.Resources) >= maxResources {
		c.evalError(at, inResource, "too many resources in one catalogue")
	}
	for _, a := range attrs {
		c.setParam(r, a, at)
	}
	c.applyDefaults(s, r, at)
	r.Tags = tagsOf(s, r)
	c.cat.add(r)
	if r.define != nil {
		c.lazy = append(c.lazy, r)
	}
	return r
}

// setParam sets an attribute the type knows.
func (c *compiler) setParam(r *Resource, a given, at pos) {
	if r.define != nil {
		if !metaparams[a.name] && !slices.ContainsFunc(r.define.params, func(p param) bool { return p.name == a.name }) {
			c.evalError(at, inResource, r.Ref()+": has no parameter named '"+a.name+"'")
		}
	} else if t := native[strings.ToLower(r.Type)]; !metaparams[a.name] && !slices.Contains(t.params, a.name) {
		c.fail(r.pos.lined(), fmt.Sprintf("no parameter named '%s' (file: %s, line: %d) on %s", a.name, at.file, at.line, r.Ref()))
	}
	if a.value != nil {
		r.set(a.name, a.value)
	}
}

// applyDefaults adds what Type { ... } of this scope and those above it set.
func (c *compiler) applyDefaults(s *scope, r *Resource, at pos) {
	for up := s; up != nil; up = up.up {
		for _, d := range up.defaults[r.Type] {
			if _, ok := r.Params[d.name]; !ok {
				c.setParam(r, given{d.name, c.eval(up, d.value), false, d.pos}, at)
			}
		}
	}
}

// tagsOf are the tags a resource has by where it stands, and its own.
func tagsOf(s *scope, r *Resource) []string {
	tags := []string{strings.ToLower(r.Type), strings.ToLower(r.Title)}
	tags = append(tags, r.many("tag")...)
	for up := s.holder; up != nil; up = up.container {
		tags = append(tags, strings.ToLower(up.Title))
	}
	return tags
}

// declareClass handles class { 'x': ... }.
func (c *compiler) declareClass(s *scope, title string, attrs []given, at pos) *Resource {
	d := c.find(title, "class")
	if d == nil {
		c.evalError(at, inResource, "Could not find declared class "+strings.TrimPrefix(title, "::"))
	}
	if old := c.cat.lookup("Class", d.name); old != nil {
		c.evalError(at, inResource, fmt.Sprintf("Duplicate declaration: %s is already declared at (file: %s, line: %d); cannot redeclare (file: %s, line: %d)",
			old.Ref(), old.pos.file, old.pos.line, at.file, at.line))
	}
	return c.class(s, d, attrs, at)
}

// include declares a class without parameters, once.
func (c *compiler) include(s *scope, name string, at pos) *Resource {
	d := c.find(name, "class")
	if d == nil {
		c.evalError(at, inFunction, "Could not find class ::"+strings.TrimPrefix(name, "::")+" for "+c.fqdn)
	}
	if r := c.cat.lookup("Class", d.name); r != nil {
		return r
	}
	return c.class(s, d, nil, at)
}

// class adds a class to the catalogue and evaluates it.
func (c *compiler) class(s *scope, d *definition, attrs []given, at pos) *Resource {
	stage := c.main.container
	r := &Resource{Type: "Class", Title: capital(d.name), Params: map[string]any{}, container: stage, pos: at.lined(), define: d, evaluated: true}
	for _, a := range attrs {
		c.setParam(r, a, at)
	}
	r.Tags = append(tagsOf(s, r), strings.Split(d.name, "::")...)
	c.cat.add(r)
	base := c.top
	if d.parent != "" {
		parent := c.find(d.parent, "class")
		if parent == nil {
			c.evalError(d.pos, inResource, "Could not find parent class "+d.parent)
		}
		c.include(s, d.parent, d.pos)
		if ps := c.classes[strings.ToLower(parent.name)]; ps != nil {
			base = ps
		}
	}
	inner := base.child(r, d.name)
	c.classes[strings.ToLower(d.name)] = inner
	c.within(at, func() { c.body(inner, r, d, at) })
	return r
}

// evalDefine evaluates an instance of a defined type.
func (c *compiler) evalDefine(r *Resource) {
	if r.evaluated || r.virtual { // a virtual one waits for its collector
		return
	}
	r.evaluated = true
	depth := 0
	for up := r.container; up != nil; up = up.container {
		if depth++; depth > maxCalls {
			c.fail(r.pos, "Evaluation Error: stack level too deep")
		}
	}
	inner := c.top.child(r, r.define.name)
	c.within(r.pos, func() { c.body(inner, r, r.define, r.pos) })
}

// body binds the parameters of a class or a defined type and runs what it holds.
func (c *compiler) body(s *scope, r *Resource, d *definition, at pos) {
	title := r.Title
	if r.Type == "Class" {
		title = d.name
	}
	s.vars["title"], s.vars["name"], s.vars["module_name"] = title, title, s.module
	for _, p := range d.params {
		v, ok := r.Params[p.name]
		switch {
		case ok:
		case p.value != nil:
			v = c.eval(s, p.value)
		case p.typ != nil && c.matches(c.eval(s, p.typ), nil, 0):
		default:
			c.evalError(at, inResource, r.Ref()+": expects a value for parameter '"+p.name+"'")
		}
		if p.typ != nil {
			if t := c.eval(s, p.typ); !c.matches(t, v, 0) {
				c.evalError(at, inResource, r.Ref()+": parameter '"+p.name+"' "+mismatch(t, v))
			}
		}
		s.vars[p.name] = v
		if _, isSet := r.Params[p.name]; !isSet && v != nil {
			r.set(p.name, v)
		}
	}
	c.finishBody(s, d.body)
}

// finishBody runs a body that return() may end early.
func (c *compiler) finishBody(s *scope, tree []node) {
	var v any
	defer catch(&v, "return", c.calls, c)
	c.run(s, tree)
}
