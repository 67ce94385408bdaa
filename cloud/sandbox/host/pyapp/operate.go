package pyapp

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

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
