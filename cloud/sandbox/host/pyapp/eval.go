package pyapp

import (
	"errors"
	"fmt"
	"strings"
)

// function is a def of the program.
type function struct {
	name   string
	params []string
	body   []*stmt
}

// native is a function of the sandbox.
type native func(r *run, args []any, kw map[string]any) (any, error)

// object has attributes: a module, the request, a response.
type object map[string]any

// reply is what Response(...) makes.
type reply struct {
	body    string
	kind    string
	code    int
	headers map[string]string
}

// run is one evaluation, with its limits.
type run struct {
	prog    *Program
	globals map[string]any
	host    string
	out     func(string)
	steps   int
	depth   int
	app     *App
}

var errLimit = errors.New("the program takes too long")

func (r *run) step() error {
	if r.steps++; r.steps > maxSteps {
		return errLimit
	}
	return nil
}

// errReturn carries a function's value out of its blocks.
type errReturn struct{ value any }

func (errReturn) Error() string { return "'return' outside function" }

func (r *run) eval(e *expr, local map[string]any) (any, error) {
	if err := r.step(); err != nil {
		return nil, err
	}
	switch e.op {
	case "literal":
		return e.val, nil
	case "name":
		return r.name(e.text, local)
	case "list", "dict", "fstring":
		return r.compound(e, local)
	case "call":
		return r.call(e, local)
	case "attr":
		v, err := r.eval(e.args[0], local)
		if err != nil {
			return nil, err
		}
		return r.attr(v, e.text)
	case "if":
		c, err := r.eval(e.args[0], local)
		if err != nil {
			return nil, err
		}
		if truth(c) {
			return r.eval(e.args[1], local)
		}
		return r.eval(e.args[2], local)
	case "and", "or":
		v, err := r.eval(e.args[0], local)
		if err != nil || truth(v) == (e.op == "or") {
			return v, err
		}
		return r.eval(e.args[1], local)
	}
	vals := make([]any, len(e.args))
	for i, a := range e.args {
		var err error
		if vals[i], err = r.eval(a, local); err != nil {
			return nil, err
		}
	}
	return operate(e.op, vals)
}

func (r *run) name(n string, local map[string]any) (any, error) {
	if v, ok := local[n]; ok {
		return v, nil
	}
	if v, ok := r.globals[n]; ok {
		return v, nil
	}
	if v, ok := natives[n]; ok {
		return v, nil
	}
	return nil, fmt.Errorf("NameError: name '%s' is not defined", n)
}

func (r *run) compound(e *expr, local map[string]any) (any, error) {
	var list []any
	for _, a := range e.args {
		v, err := r.eval(a, local)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	switch e.op {
	case "list":
		return list, nil
	case "dict":
		d := object{}
		for i := 0; i+1 < len(list); i += 2 {
			d[text(list[i])] = list[i+1]
		}
		return d, nil
	}
	var b strings.Builder
	for _, v := range list {
		b.WriteString(text(v))
		if b.Len() > maxText {
			return nil, errLimit
		}
	}
	return b.String(), nil
}

func (r *run) call(e *expr, local map[string]any) (any, error) {
	f, err := r.eval(e.args[0], local)
	if err != nil {
		return nil, err
	}
	var args []any
	kw := map[string]any{}
	for i, a := range e.args[1:] {
		v, err := r.eval(a, local)
		if err != nil {
			return nil, err
		}
		if k := e.keys[i+1]; k != "" {
			kw[k] = v
		} else {
			args = append(args, v)
		}
	}
	switch f := f.(type) {
	case native:
		return f(r, args, kw)
	case *function:
		return r.invoke(f, args, kw)
	}
	return nil, errors.New("TypeError: object is not callable")
}

func (r *run) invoke(f *function, args []any, kw map[string]any) (any, error) {
	if r.depth++; r.depth > maxDepth {
		return nil, errors.New("RecursionError: maximum recursion depth exceeded")
	}
	defer func() { r.depth-- }()
	local := map[string]any{}
	for i, p := range f.params {
		name, def, has := strings.Cut(p, "=")
		name = strings.TrimSpace(name)
		switch v, ok := kw[name]; {
		case i < len(args):
			local[name] = args[i]
		case ok:
			local[name] = v
		case has:
			e, err := parseExpr(def)
			if err != nil {
				return nil, err
			}
			if local[name], err = r.eval(e, nil); err != nil {
				return nil, err
			}
		default:
			return nil, fmt.Errorf("TypeError: %s() missing argument '%s'", f.name, name)
		}
	}
	err := r.exec(f.body, local)
	var ret errReturn
	if errors.As(err, &ret) {
		return ret.value, nil
	}
	return nil, err
}

// attr is v.name.
func (r *run) attr(v any, name string) (any, error) {
	switch v := v.(type) {
	case object:
		if x, ok := v[name]; ok {
			return x, nil
		}
		if name == "get" {
			return native(func(_ *run, a []any, _ map[string]any) (any, error) {
				if x, ok := v[arg(a, 0)]; ok {
					return x, nil
				}
				if len(a) > 1 {
					return a[1], nil
				}
				return nil, nil
			}), nil
		}
	case *App:
		return v.attr(name)
	case []any:
		if name == "nodename" && len(v) == 5 {
			return v[1], nil
		}
	case string:
		if m := methods[name]; m != nil {
			return native(func(_ *run, a []any, kw map[string]any) (any, error) { return m(v, a, kw) }), nil
		}
	}
	return nil, fmt.Errorf("AttributeError: no attribute '%s'", name)
}
