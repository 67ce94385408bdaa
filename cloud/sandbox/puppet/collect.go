package puppet

import (
	"regexp"
	"slices"
	"strings"
)

// collection is a collector that waits for resources.
type collection struct {
	n     *collector
	scope *scope
	attrs []given
	refs  []any
	done  map[*Resource]bool
}

// collectAll realizes what the collectors match, with the exported resources of other nodes.
func (c *compiler) collectAll() {
	for _, col := range c.collect {
		if col.n.exported {
			c.importExported(col)
		}
		for _, r := range slices.Clone(c.cat.Resources) {
			if r.Type == capital(col.n.typ) && !col.done[r] && (!col.n.exported || r.exported) && c.query(col.scope, col.n.query, r) {
				c.realize(col, r)
			}
		}
	}
}

func (c *compiler) realize(col *collection, r *Resource) {
	col.done[r] = true
	if r.virtual {
		r.virtual = false
		if r.define != nil && !r.evaluated {
			c.lazy = append(c.lazy, r)
		}
	}
	for _, a := range col.attrs {
		c.override(r, a)
	}
	col.refs = append(col.refs, &reference{r.Type, r.Title})
}

// importExported declares the matching resources that other nodes exported.
func (c *compiler) importExported(col *collection) {
	typ := capital(col.n.typ)
	for _, e := range c.exported {
		if e.Type != typ || e.Node == c.fqdn {
			continue
		}
		r := &Resource{
			Type: e.Type, Title: e.Title, Params: map[string]any{}, Tags: e.Tags, exported: true, imported: true,
			container: col.scope.holder, scope: c.top, pos: pos{e.File, e.Line, 0},
		}
		if native[strings.ToLower(typ)] == nil {
			if r.define = c.find(typ, "define"); r.define == nil {
				c.evalError(col.n.pos, inResource, "Unknown resource type: '"+strings.ToLower(typ)+"'")
			}
		}
		for k, v := range e.Params {
			r.Params[k] = fromPlain(v)
			r.Order = append(r.Order, k)
		}
		slices.Sort(r.Order)
		if !c.query(col.scope, col.n.query, r) {
			continue
		}
		if old := c.cat.lookup(r.Type, r.Title); old != nil {
			if !col.done[old] && !old.exported {
				c.fail(pos{}, "A duplicate resource was found while collecting exported resources, with the type and title "+r.Ref())
			}
			continue
		}
		c.cat.add(r)
		r.virtual = true
		c.realize(col, r)
	}
}

// query tells whether a resource meets a collector's condition.
func (c *compiler) query(s *scope, n node, r *Resource) bool {
	switch n := n.(type) {
	case nil:
		return true
	case *binary:
		switch n.op {
		case "and":
			return c.query(s, n.left, r) && c.query(s, n.right, r)
		case "or":
			return c.query(s, n.left, r) || c.query(s, n.right, r)
		case "==", "!=":
			name, ok := n.left.(*bare)
			if !ok {
				break
			}
			return c.attrIs(r, name.name, c.eval(s, n.right)) == (n.op == "==")
		}
	}
	c.fail(n.at(), "Evaluation Error: Error while evaluating a Collect Expression, Unsupported expression in a collector")
	return false
}

func (c *compiler) attrIs(r *Resource, name string, want any) bool {
	switch name {
	case "title":
		return equal(r.Title, want)
	case "tag":
		return slices.Contains(r.Tags, strings.ToLower(render(want)))
	}
	got := r.Params[name]
	if items, ok := got.([]any); ok {
		return slices.ContainsFunc(items, func(v any) bool { return equal(v, want) })
	}
	return equal(got, want) || got != nil && want != nil && render(got) == render(want)
}

// override sets or adds to an attribute of a declared resource.
func (c *compiler) override(r *Resource, a given) {
	if a.add {
		old := r.Params[a.name]
		var items []any
		if old != nil {
			items = flatten([]any{old})
		}
		a.value = append(slices.Clone(items), flatten([]any{a.value})...)
	}
	c.setParam(r, a, a.pos)
	if a.value == nil {
		delete(r.Params, a.name)
	}
}

// settings handles Type { } defaults and Type['x'] { } overrides.
func (c *compiler) settings(s *scope, n *settings) any {
	if t, ok := n.of.(*typeName); ok {
		if s.defaults == nil {
			s.defaults = map[string][]attribute{}
		}
		s.defaults[capital(t.name)] = append(s.defaults[capital(t.name)], n.attrs...)
		return nil
	}
	attrs := c.attrs(s, n.attrs)
	for _, ref := range c.refs(c.eval(s, n.of), n.pos) {
		c.later = append(c.later, func() {
			r := c.cat.lookup(ref.typ, ref.title)
			if r == nil {
				c.fail(n.lined(), "Evaluation Error: Error while evaluating a Resource Override, Could not find resource '"+ref.String()+"' for overriding")
			}
			for _, a := range attrs {
				c.override(r, a)
			}
		})
		if r := c.cat.lookup(ref.typ, ref.title); r != nil {
			c.later = c.later[:len(c.later)-1]
			for _, a := range attrs {
				c.override(r, a)
			}
		}
	}
	return c.eval(s, n.of)
}

// relate handles a -> b and its like; its value is the right side's.
func (c *compiler) relate(s *scope, n *relation) any {
	left, right := c.eval(s, n.left), c.eval(s, n.right)
	from, to, op := left, right, n.op
	if op == "<-" || op == "<~" {
		from, to = right, left
	}
	c.later = append(c.later, func() {
		for _, a := range c.refs(from, n.pos) {
			for _, b := range c.refs(to, n.pos) {
				c.relateTwo(a, b, strings.Contains(op, "~"))
			}
		}
	})
	return right
}

func (c *compiler) relateTwo(a, b *reference, refresh bool) {
	from, to := c.cat.lookup(a.typ, a.title), c.cat.lookup(b.typ, b.title)
	switch {
	case from == nil:
		c.fail(pos{}, "Could not find resource '"+a.String()+"' for relationship on '"+b.String()+"'")
	case to == nil:
		c.fail(pos{}, "Could not find resource '"+b.String()+"' for relationship from '"+a.String()+"'")
	}
	c.addEdge(edge{from, to, refresh})
}

// maxEdges bounds the relations of a catalogue.
const maxEdges = 100_000

func (c *compiler) addEdge(e edge) {
	if len(c.cat.edges) >= maxEdges {
		c.fail(pos{}, "Evaluation Error: too many relationships in one catalogue")
	}
	c.cat.edges = append(c.cat.edges, e)
}

// refs reads references out of a value: themselves, lists of them, collectors.
func (c *compiler) refs(v any, at pos) []*reference {
	switch v := v.(type) {
	case nil:
		return nil
	case *reference:
		return []*reference{v}
	case *collection:
		return c.refs(v.refs, at)
	case string:
		if m := refText.FindStringSubmatch(v); m != nil {
			return []*reference{{capital(m[1]), m[2]}}
		}
	case []any:
		var out []*reference
		for _, item := range v {
			c.tick(at)
			out = append(out, c.refs(item, at)...)
		}
		return out
	}
	c.fail(at.lined(), "No title provided and \""+render(v)+"\" is not a valid resource reference")
	return nil
}

var refText = regexp.MustCompile(`^((?:::)?[A-Za-z]\w*(?:::\w+)*)\[['"]?([^]'"]+)['"]?\]$`)

// link turns the relation parameters of all resources into edges.
func (c *compiler) link() {
	for _, r := range c.cat.Resources {
		for _, name := range []string{"before", "notify", "require", "subscribe"} {
			v, ok := r.Params[name]
			if !ok {
				continue
			}
			for _, ref := range c.refs(v, r.pos) {
				other := c.cat.lookup(ref.typ, ref.title)
				if other == nil {
					c.fail(r.pos.lined(), "Could not find resource '"+ref.String()+"' in parameter '"+name+"'")
				}
				e := edge{r, other, name == "notify"}
				if name == "require" || name == "subscribe" {
					e = edge{other, r, name == "subscribe"}
				}
				c.addEdge(e)
			}
		}
	}
}
