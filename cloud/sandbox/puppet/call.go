package puppet

import (
	"slices"
	"strings"
)

const inFunction = "Function Call"

// frame is one call of a function.
type frame struct {
	c      *compiler
	scope  *scope
	name   string
	args   []any
	lambda *lambda
	pos    pos
}

// fail words a mistake in the call.
func (f *frame) fail(message string) { f.c.evalError(f.pos, inFunction, message) }

// arg is the nth argument, undef when it is not given.
func (f *frame) arg(n int) any {
	if n < len(f.args) {
		return f.args[n]
	}
	return nil
}

func (f *frame) text(n int) string { return render(f.arg(n)) }

func (f *frame) int(n int) int64 {
	v, ok := number(f.arg(n))
	if !ok {
		f.fail("'" + f.name + "' parameter expects an Integer value, got " + typeOf(f.arg(n)))
	}
	return int64(v)
}

// function is a function of the language. least and most bound the number of its arguments; a
// negative most is no bound.
type function struct {
	least, most int
	run         func(f *frame) any
}

// functions are all functions there are, by name; the tables of the other files fill it.
var functions = map[string]function{}

func register(tables ...map[string]function) bool {
	for _, t := range tables {
		for name, f := range t {
			functions[name] = f
		}
	}
	return true
}

// returned carries the value of return(), next() and break() out of a body.
type returned struct {
	what  string
	value any
}

func (c *compiler) call(s *scope, n *call) any {
	f := &frame{c: c, scope: s, name: n.name, lambda: n.lambda, pos: n.pos}
	f.args = c.list(s, n.args)
	if d := c.find(n.name, "function"); d != nil && functions[n.name].run == nil {
		return c.callDefined(f, d)
	}
	fn, ok := functions[strings.TrimPrefix(n.name, "stdlib::")]
	if !ok {
		c.fail(n.pos, "Evaluation Error: Unknown function: '"+n.name+"'.")
	}
	if len(f.args) < fn.least || fn.most >= 0 && len(f.args) > fn.most {
		want := render(int64(fn.least))
		if fn.most > fn.least {
			want = "between " + want + " and " + render(int64(fn.most))
		} else if fn.most < 0 {
			want = "at least " + want
		}
		plural := " arguments"
		if want == "1" {
			plural = " argument"
		}
		f.fail("'" + n.name + "' expects " + want + plural + ", got " + render(int64(len(f.args))))
	}
	c.charge(n.pos, f.args...)
	v := fn.run(f)
	c.charge(n.pos, v)
	return v
}

// callDefined calls a function written in the language.
func (c *compiler) callDefined(f *frame, d *definition) (v any) {
	inner := c.top.child(f.scope.holder, d.name)
	c.bindArgs(f, inner, d.params)
	defer catch(&v, "return", c.calls, c)
	c.within(f.pos, func() { v = c.run(inner, d.body) })
	return v
}

// catch ends a body at return() or next().
func catch(v *any, what string, calls int, c *compiler) {
	r := recover()
	if r == nil {
		return
	}
	back, ok := r.(returned)
	if !ok || back.what != what {
		panic(r)
	}
	c.calls = calls
	*v = back.value
}

func (c *compiler) bindArgs(f *frame, s *scope, params []param) {
	for i, p := range params {
		switch {
		case p.rest:
			s.vars[p.name] = slices.Clone(f.args[min(i, len(f.args)):])
		case i < len(f.args):
			s.vars[p.name] = f.args[i]
		case p.value != nil:
			s.vars[p.name] = c.eval(s, p.value)
		default:
			f.fail("'" + f.name + "' expects " + render(int64(len(params))) + " arguments, got " + render(int64(len(f.args))))
		}
		if p.typ != nil && !p.rest {
			if t := c.eval(s, p.typ); !c.matches(t, s.vars[p.name], 0) {
				f.fail("'" + f.name + "' parameter '" + p.name + "' " + mismatch(t, s.vars[p.name]))
			}
		}
	}
}

// yield calls the lambda of a call.
func (f *frame) yield(args ...any) (v any) {
	if f.lambda == nil {
		f.fail("'" + f.name + "' expects a block")
	}
	c := f.c
	c.tick(f.pos)
	inner := f.scope.child(f.scope.holder, f.scope.name)
	inner.module = f.scope.module
	if len(f.lambda.params) < len(args) {
		args = args[:len(f.lambda.params)]
	}
	c.bindArgs(&frame{c: c, scope: f.scope, name: "lambda", args: args, pos: f.pos}, inner, f.lambda.params)
	defer catch(&v, "next", c.calls, c)
	c.within(f.pos, func() { v = c.run(inner, f.lambda.body) })
	return v
}

// resourceFunctions are the functions that change the catalogue.
var resourceFunctions = map[string]function{
	"include": {1, -1, func(f *frame) any {
		var refs []any
		for _, name := range f.classNames() {
			r := f.c.include(f.scope, name, f.pos)
			refs = append(refs, &reference{"Class", r.Title})
		}
		return refs
	}},
	"contain": {1, -1, func(f *frame) any {
		var refs []any
		for _, name := range f.classNames() {
			r := f.c.include(f.scope, name, f.pos)
			f.c.cat.contain(f.scope.holder, r)
			refs = append(refs, &reference{"Class", r.Title})
		}
		return refs
	}},
	"require": {1, -1, func(f *frame) any {
		for _, name := range f.classNames() {
			r := f.c.include(f.scope, name, f.pos)
			f.c.addEdge(edge{r, f.scope.holder, false})
		}
		return nil
	}},
	"realize": {1, -1, func(f *frame) any {
		for _, ref := range f.c.refs(f.args, f.pos) {
			f.c.collect = append(f.c.collect, &collection{
				n:     &collector{pos: f.pos, typ: ref.typ, query: &binary{f.pos, "==", &bare{f.pos, "title"}, &literal{f.pos, ref.title}}},
				scope: f.scope, done: map[*Resource]bool{},
			})
		}
		return nil
	}},
	"create_resources": {2, 3, func(f *frame) any {
		many, ok := f.arg(1).(*hashValue)
		if !ok {
			f.fail("create_resources(): second argument must be a hash")
		}
		defaults, _ := f.arg(2).(*hashValue)
		for _, title := range many.keys {
			attrs, _ := many.values[hashKey(title)].(*hashValue)
			f.make(f.text(0), render(title), attrs, defaults)
		}
		return nil
	}},
	"ensure_resource": {2, 3, func(f *frame) any {
		attrs, _ := f.arg(2).(*hashValue)
		for _, title := range flatten([]any{f.arg(1)}) {
			f.ensure(f.text(0), render(title), attrs)
		}
		return nil
	}},
	"ensure_packages": {1, 2, func(f *frame) any {
		attrs, _ := f.arg(1).(*hashValue)
		if attrs == nil {
			attrs = newHash()
			attrs.set("ensure", "installed")
		}
		for _, title := range flatten([]any{f.arg(0)}) {
			f.ensure("package", render(title), attrs)
		}
		return nil
	}},
	"defined": {1, -1, func(f *frame) any {
		return slices.ContainsFunc(f.args, f.isDefined)
	}},
	"tag": {1, -1, func(f *frame) any { return nil }},
	"tagged": {1, -1, func(f *frame) any {
		for _, a := range f.args {
			if f.scope.holder == nil || !slices.Contains(f.scope.holder.Tags, strings.ToLower(render(a))) {
				return false
			}
		}
		return true
	}},
}

var _ = register(resourceFunctions, textFunctions, listFunctions, hashFunctions, moreFunctions, logFunctions)

func (f *frame) classNames() []string {
	var names []string
	for _, a := range flatten(f.args) {
		switch a := a.(type) {
		case *reference:
			names = append(names, strings.ToLower(a.title))
		case string:
			names = append(names, a)
		default:
			f.fail("Cannot use " + typeOf(a) + " where a Class reference is required")
		}
	}
	return names
}

func (f *frame) make(typ, title string, attrs, defaults *hashValue) {
	var out []given
	seen := map[string]bool{}
	for _, h := range []*hashValue{attrs, defaults} {
		if h == nil {
			continue
		}
		for _, k := range h.keys {
			if name := render(k); !seen[name] {
				seen[name] = true
				out = append(out, given{name, h.values[hashKey(k)], false, f.pos})
			}
		}
	}
	form := typ[:len(typ)-len(strings.TrimLeft(typ, "@"))]
	f.c.create(f.scope, strings.ToLower(strings.TrimPrefix(typ[len(form):], "::")), title, out, form, f.pos, f.pos)
}

func (f *frame) ensure(typ, title string, attrs *hashValue) {
	if f.c.cat.lookup(capital(typ), title) == nil {
		f.make(typ, title, attrs, nil)
	}
}

func (f *frame) isDefined(v any) bool {
	switch v := v.(type) {
	case *reference:
		return f.c.cat.lookup(v.typ, v.title) != nil
	case *typeValue:
		return native[strings.ToLower(v.name)] != nil || f.c.find(v.name, "define") != nil || f.c.find(v.name, "class") != nil
	case string:
		if name, ok := strings.CutPrefix(v, "$"); ok {
			return f.c.variable(f.scope, &variable{f.pos, name}) != nil
		}
		return native[strings.ToLower(v)] != nil || f.c.find(v, "define") != nil || f.c.find(v, "class") != nil
	}
	return false
}

// contain makes a class part of the order of what contains it.
func (c *Catalog) contain(holder, r *Resource) {
	if holder != nil && holder != r {
		c.held = append(c.held, [2]*Resource{holder, r})
	}
}
