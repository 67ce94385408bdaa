package pyapp

import (
	"errors"
	"fmt"
	"hash/crc32"
	"html"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
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
	req     *http.Request
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

func truth(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case int64:
		return v != 0
	case float64:
		return v != 0
	case []any:
		return len(v) > 0
	}
	return true
}

// text is str(v).
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case string:
		return v
	case bool:
		if v {
			return "True"
		}
		return "False"
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case []any:
		parts := make([]string, len(v))
		for i, x := range v {
			parts[i] = text(x)
			if s, ok := x.(string); ok {
				parts[i] = "'" + s + "'"
			}
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case int64:
		return strconv.FormatInt(v, 10)
	}
	return "<object>"
}

func operate(op string, v []any) (any, error) {
	switch op {
	case "not":
		return !truth(v[0]), nil
	case "==":
		return text(v[0]) == text(v[1]), nil
	case "!=":
		return text(v[0]) != text(v[1]), nil
	case "in":
		return contains(v[1], v[0]), nil
	case "index":
		return index(v[0], v[1])
	case "%":
		if s, ok := v[0].(string); ok {
			return percent(s, v[1])
		}
	case "+":
		if a, ok := v[0].(string); ok {
			b, ok := v[1].(string)
			if !ok {
				return nil, errors.New("TypeError: can only concatenate str to str")
			}
			if len(a)+len(b) > maxText {
				return nil, errLimit
			}
			return a + b, nil
		}
		if a, ok := v[0].([]any); ok {
			b, _ := v[1].([]any)
			return slices.Concat(a, b), nil
		}
	case "*":
		s, ok := v[0].(string)
		if n, isInt := v[len(v)-1].(int64); ok && isInt {
			if n > 0 && int64(len(s))*n > maxText || n > maxText {
				return nil, errLimit
			}
			return strings.Repeat(s, int(max(n, 0))), nil
		}
	case "<", ">", "<=", ">=":
		a, aok := v[0].(string)
		b, bok := v[1].(string)
		if aok && bok {
			c := strings.Compare(a, b)
			return op == "<" && c < 0 || op == ">" && c > 0 || op == "<=" && c <= 0 || op == ">=" && c >= 0, nil
		}
	}
	return arithmetic(op, v)
}

func arithmetic(op string, v []any) (any, error) {
	ints := true
	f := make([]float64, len(v))
	for i, x := range v {
		switch x := x.(type) {
		case int64:
			f[i] = float64(x)
		case float64:
			f[i], ints = x, false
		case bool:
			if x {
				f[i] = 1
			}
		default:
			return nil, fmt.Errorf("TypeError: unsupported operand for %s", op)
		}
	}
	if op == "neg" {
		return number(-f[0], ints), nil
	}
	a, b := f[0], f[1]
	switch op {
	case "+":
		return number(a+b, ints), nil
	case "-":
		return number(a-b, ints), nil
	case "*":
		return number(a*b, ints), nil
	case "<":
		return a < b, nil
	case ">":
		return a > b, nil
	case "<=":
		return a <= b, nil
	case ">=":
		return a >= b, nil
	}
	if b == 0 {
		return nil, errors.New("ZeroDivisionError: division by zero")
	}
	switch op {
	case "/":
		return a / b, nil
	case "//":
		return number(floor(a/b), ints), nil
	case "%":
		return number(a-b*floor(a/b), ints), nil
	}
	return nil, fmt.Errorf("%w: operator %s", ErrSyntax, op)
}

func floor(f float64) float64 {
	n := float64(int64(f))
	if n > f {
		n--
	}
	return n
}

func number(f float64, integer bool) any {
	if integer {
		return int64(f)
	}
	return f
}

func contains(in, v any) bool {
	switch in := in.(type) {
	case string:
		return strings.Contains(in, text(v))
	case []any:
		return slices.ContainsFunc(in, func(x any) bool { return text(x) == text(v) })
	case object:
		_, ok := in[text(v)]
		return ok
	}
	return false
}

func index(v, k any) (any, error) {
	n, isInt := k.(int64)
	switch v := v.(type) {
	case []any:
		if n < 0 {
			n += int64(len(v))
		}
		if !isInt || n < 0 || n >= int64(len(v)) {
			return nil, errors.New("IndexError: list index out of range")
		}
		return v[n], nil
	case string:
		r := []rune(v)
		if n < 0 {
			n += int64(len(r))
		}
		if !isInt || n < 0 || n >= int64(len(r)) {
			return nil, errors.New("IndexError: string index out of range")
		}
		return string(r[n]), nil
	case object:
		if x, ok := v[text(k)]; ok {
			return x, nil
		}
		return nil, fmt.Errorf("KeyError: '%s'", text(k))
	}
	return nil, errors.New("TypeError: object is not subscriptable")
}

// percent is the % of strings.
func percent(s string, v any) (any, error) {
	args, ok := v.([]any)
	if !ok {
		args = []any{v}
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		if s[i] == '%' {
			b.WriteByte('%')
			continue
		}
		if s[i] == '(' {
			end := strings.IndexByte(s[i:], ')')
			d, isMap := v.(object)
			if end < 0 || !isMap {
				return nil, errors.New("TypeError: format requires a mapping")
			}
			b.WriteString(text(d[s[i+1:i+end]]))
			i += end + 1
			continue
		}
		for i < len(s)-1 && strings.IndexByte("0123456789.-", s[i]) >= 0 {
			i++
		}
		if len(args) == 0 {
			return nil, errors.New("TypeError: not enough arguments for format string")
		}
		b.WriteString(text(args[0]))
		args = args[1:]
	}
	if len(args) > 0 && !ok || len(args) > 0 {
		return nil, errors.New("TypeError: not all arguments converted during string formatting")
	}
	return b.String(), nil
}

// format is str.format.
func format(s string, args []any, kw map[string]any) (any, error) {
	var b strings.Builder
	auto := 0
	for i := 0; i < len(s); i++ {
		switch {
		case (s[i] == '{' || s[i] == '}') && i+1 < len(s) && s[i+1] == s[i]:
			b.WriteByte(s[i])
			i++
		case s[i] == '{':
			end := strings.IndexByte(s[i:], '}')
			if end < 0 {
				return nil, errors.New("ValueError: expected '}' before end of string")
			}
			name, _, _ := strings.Cut(s[i+1:i+end], ":")
			i += end
			n, err := strconv.Atoi(name)
			if name == "" {
				n, err = auto, nil
				auto++
			}
			v, ok := kw[name]
			if err == nil {
				if n >= len(args) {
					return nil, errors.New("IndexError: Replacement index out of range")
				}
				v, ok = args[n], true
			}
			if !ok {
				return nil, fmt.Errorf("KeyError: '%s'", name)
			}
			b.WriteString(text(v))
		default:
			b.WriteByte(s[i])
		}
		if b.Len() > maxText {
			return nil, errLimit
		}
	}
	return b.String(), nil
}

func arg(args []any, i int) string {
	if i < len(args) {
		return text(args[i])
	}
	return ""
}

func constant(f func(r *run) any) native {
	return func(r *run, _ []any, _ map[string]any) (any, error) { return f(r), nil }
}

func hostName(r *run) any { return r.host }

// natives are the functions and modules that programs find; imports bind nothing else.
var natives map[string]any

func init() {
	natives = map[string]any{
		"socket":      object{"gethostname": constant(hostName), "getfqdn": constant(hostName)},
		"platform":    object{"node": constant(hostName)},
		"gethostname": constant(hostName),
		"os": object{
			"uname": constant(func(r *run) any { return []any{"Linux", r.host, "", "", "x86_64"} }),
			"environ": object{"get": native(func(_ *run, a []any, _ map[string]any) (any, error) {
				if len(a) > 1 {
					return a[1], nil
				}
				return nil, nil
			})},
			"getenv": native(func(_ *run, a []any, _ map[string]any) (any, error) {
				if len(a) > 1 {
					return a[1], nil
				}
				return nil, nil
			}),
		},
		"zlib": object{"crc32": native(func(_ *run, a []any, _ map[string]any) (any, error) {
			return int64(crc32.ChecksumIEEE([]byte(arg(a, 0)))), nil
		})},
		"time":   object{"time": constant(func(*run) any { return float64(time.Now().UnixMilli()) / 1000 })},
		"random": object{"choice": native(choice)},
		"len":    native(length),
		"str":    native(func(_ *run, a []any, _ map[string]any) (any, error) { return arg(a, 0), nil }),
		"int":    native(toInt),
		"escape": native(func(_ *run, a []any, _ map[string]any) (any, error) { return html.EscapeString(arg(a, 0)), nil }),
		"print":  native(printOut), "Response": native(response), "Flask": native(newFlask), "jsonify": native(jsonify),
		"request": object{}, "__name__": "__main__",
	}
}

func choice(_ *run, a []any, _ map[string]any) (any, error) {
	if list, ok := a[0].([]any); ok && len(a) > 0 && len(list) > 0 {
		return list[rand.IntN(len(list))], nil
	}
	return nil, errors.New("IndexError: Cannot choose from an empty sequence")
}

func length(_ *run, a []any, _ map[string]any) (any, error) {
	if len(a) == 1 {
		switch v := a[0].(type) {
		case string:
			return int64(len([]rune(v))), nil
		case []any:
			return int64(len(v)), nil
		case object:
			return int64(len(v)), nil
		}
	}
	return nil, errors.New("TypeError: object has no len()")
}

func toInt(_ *run, a []any, _ map[string]any) (any, error) {
	n, err := strconv.ParseInt(strings.TrimSpace(arg(a, 0)), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("ValueError: invalid literal for int(): '%s'", arg(a, 0))
	}
	return n, nil
}

func printOut(r *run, a []any, _ map[string]any) (any, error) {
	parts := make([]string, len(a))
	for i, v := range a {
		parts[i] = text(v)
	}
	if r.out != nil {
		r.out(strings.Join(parts, " ") + "\n")
	}
	return nil, nil
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

type method func(s string, a []any, kw map[string]any) (any, error)

func plain(f func(s string, a []any) any) method {
	return func(s string, a []any, _ map[string]any) (any, error) { return f(s, a), nil }
}

var methods = map[string]method{
	"encode": plain(func(s string, _ []any) any { return s }), "decode": plain(func(s string, _ []any) any { return s }),
	"upper": plain(func(s string, _ []any) any { return strings.ToUpper(s) }),
	"lower": plain(func(s string, _ []any) any { return strings.ToLower(s) }),
	"strip": plain(func(s string, _ []any) any { return strings.TrimSpace(s) }),
	"title": plain(func(s string, _ []any) any { return strings.Title(s) }), //nolint:staticcheck // Python's title is as simple
	"capitalize": plain(func(s string, _ []any) any {
		if s == "" {
			return s
		}
		return strings.ToUpper(s[:1]) + strings.ToLower(s[1:])
	}),
	"replace": func(s string, a []any, _ map[string]any) (any, error) {
		if arg(a, 0) == "" {
			return s, nil
		}
		out := strings.ReplaceAll(s, arg(a, 0), arg(a, 1))
		if len(out) > maxText {
			return nil, errLimit
		}
		return out, nil
	},
	"startswith": plain(func(s string, a []any) any { return strings.HasPrefix(s, arg(a, 0)) }),
	"endswith":   plain(func(s string, a []any) any { return strings.HasSuffix(s, arg(a, 0)) }),
	"split": plain(func(s string, a []any) any {
		var parts []string
		if sep := arg(a, 0); sep != "" {
			parts = strings.Split(s, sep)
		} else {
			parts = strings.Fields(s)
		}
		list := make([]any, len(parts))
		for i, p := range parts {
			list[i] = p
		}
		return list
	}),
	"join": plain(func(s string, a []any) any {
		list, _ := a[0].([]any)
		parts := make([]string, len(list))
		for i, p := range list {
			parts[i] = text(p)
		}
		return strings.Join(parts, s)
	}),
	"format": format,
}
