package puppet

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
)

var hashFunctions = map[string]function{
	"keys": {1, 1, func(f *frame) any {
		h, ok := f.arg(0).(*hashValue)
		if !ok {
			f.fail("'keys' parameter 'hsh' expects a Hash value, got " + typeOf(f.arg(0)))
		}
		return slices.Clone(append([]any{}, h.keys...))
	}},
	"values": {1, 1, func(f *frame) any {
		out := []any{}
		for _, p := range asList(f.arg(0)) {
			if pair, ok := p.([]any); ok && len(pair) == 2 {
				out = append(out, pair[1])
			}
		}
		return out
	}},
	"merge":      {1, -1, func(f *frame) any { return f.c.merged(f.hashes()...) }},
	"deep_merge": {1, -1, func(f *frame) any { return f.c.merged(f.hashes()...) }},
	"has_key": {2, 2, func(f *frame) any {
		h, ok := f.arg(0).(*hashValue)
		if !ok {
			return false
		}
		_, found := h.get(f.arg(1))
		return found
	}},
	"dig": {1, -1, func(f *frame) any { return dig(f.arg(0), f.args[1:]) }},
	"get": {1, 3, func(f *frame) any {
		var keys []any
		for _, k := range strings.Split(f.text(1), ".") {
			if k != "" {
				keys = append(keys, k)
			}
		}
		if v := dig(f.arg(0), keys); v != nil {
			return v
		}
		return f.arg(2)
	}},
}

func dig(v any, keys []any) any {
	for _, k := range keys {
		switch at := v.(type) {
		case *hashValue:
			v, _ = at.get(k)
		case []any:
			i, ok := number(k)
			if !ok || i < 0 || int(i) >= len(at) {
				return nil
			}
			v = at[int(i)]
		default:
			return nil
		}
	}
	return v
}

func (f *frame) hashes() []*hashValue {
	var out []*hashValue
	for _, a := range f.args {
		if h, ok := a.(*hashValue); ok {
			out = append(out, h)
		} else if a != nil && a != "" {
			f.fail(f.name + ": unexpected argument type " + typeOf(a) + ", only expects hash arguments")
		}
	}
	return out
}

// moreFunctions are those on several kinds of values.
var moreFunctions = map[string]function{
	"length": {1, 1, length}, "size": {1, 1, length}, "count": {1, 1, length},
	"empty":    {1, 1, func(f *frame) any { return f.arg(0) == nil || length(f) == int64(0) }},
	"contains": {2, 2, func(f *frame) any { return f.c.contains(f.scope, f.arg(1), f.arg(0)) }},
	"pick": {1, -1, func(f *frame) any {
		for _, a := range f.args {
			if a != nil && a != "" {
				return a
			}
		}
		f.fail("pick(): must receive at least one non empty value")
		return nil
	}},
	"pick_default": {1, -1, func(f *frame) any {
		for _, a := range f.args {
			if a != nil && a != "" {
				return a
			}
		}
		return f.arg(len(f.args) - 1)
	}},
	"abs": {1, 1, func(f *frame) any {
		if v, ok := f.arg(0).(int64); ok {
			return max(v, -v)
		}
		x, _ := number(f.arg(0))
		return math.Abs(x)
	}},
	"max":      {1, -1, func(f *frame) any { return slices.MaxFunc(f.args, compareValues) }},
	"min":      {1, -1, func(f *frame) any { return slices.MinFunc(f.args, compareValues) }},
	"bool2str": {1, 1, func(f *frame) any { return f.text(0) }},
	"str2bool": {1, 1, func(f *frame) any {
		return slices.Contains([]string{"1", "t", "true", "y", "yes"}, strings.ToLower(f.text(0)))
	}},
	"type": {1, 2, func(f *frame) any { return &typeValue{name: typeOf(f.arg(0))} }},
	"assert_type": {2, 2, func(f *frame) any {
		if !f.c.matches(f.arg(0), f.arg(1), 0) {
			if f.lambda != nil {
				return f.yield(f.arg(0), f.arg(1))
			}
			f.fail("assert_type(): " + mismatch(f.arg(0), f.arg(1)))
		}
		return f.arg(1)
	}},
	"to_json": {1, 1, func(f *frame) any {
		data, err := json.Marshal(plain(f.arg(0)))
		if err != nil {
			f.fail(err.Error())
		}
		return f.short(string(data))
	}},
	"lookup": {1, 4, func(f *frame) any {
		for _, a := range f.args[1:] {
			if h, ok := a.(*hashValue); ok {
				if v, ok := h.get("default_value"); ok {
					return v
				}
			}
		}
		if len(f.args) == 4 {
			return f.arg(3)
		}
		f.c.fail(f.pos, "Function lookup() did not find a value for the name '"+f.text(0)+"'")
		return nil
	}},
	"unwrap":    {1, 1, func(f *frame) any { return f.arg(0) }},
	"Sensitive": {1, 1, func(f *frame) any { return f.arg(0) }},
	"new":       {1, -1, convert},
	"template": {1, -1, func(f *frame) any {
		f.fail("the sandbox renders no ERB templates")
		return nil
	}},
	"hiera": {1, 3, func(f *frame) any {
		if len(f.args) > 1 {
			return f.arg(1)
		}
		f.fail("Could not find data item " + f.text(0) + " in any Hiera data file and no default supplied")
		return nil
	}},
}

func compareValues(a, b any) int { return boolInt(lessText(b, a)) - boolInt(lessText(a, b)) }

func length(f *frame) any {
	switch v := f.arg(0).(type) {
	case string:
		return int64(len([]rune(v)))
	case []any:
		return int64(len(v))
	case *hashValue:
		return int64(len(v.keys))
	}
	f.fail("'" + f.name + "' parameter expects a value of type String, Array, or Hash, got " + typeOf(f.arg(0)))
	return nil
}

// convert is Type.new(value) and Type(value).
func convert(f *frame) any {
	t, ok := f.arg(0).(*typeValue)
	if !ok {
		f.fail("Creation of new instance of type '" + typeOf(f.arg(0)) + "' is not supported")
	}
	v := f.arg(1)
	x, isNumber := number(v)
	switch t.name {
	case "String":
		return f.short(render(v))
	case "Integer", "Numeric", "Float":
		if !isNumber || math.IsNaN(x) || math.Abs(x) > 1<<53 {
			f.fail("The value '" + render(v) + "' cannot be converted to " + t.name + ".")
		}
		if t.name == "Float" || t.name == "Numeric" && x != math.Trunc(x) {
			return x
		}
		return int64(x)
	case "Boolean":
		return slices.Contains([]string{"true", "yes", "y", "1", "1.0"}, strings.ToLower(render(v)))
	case "Array":
		return append([]any{}, asList(v)...)
	case "Hash":
		h := newHash()
		for _, p := range asList(v) {
			if pair, ok := p.([]any); ok && len(pair) == 2 {
				h.set(pair[0], pair[1])
			}
		}
		return h
	case "Sensitive":
		return v
	}
	f.fail("Creation of new instance of type '" + t.name + "' is not supported")
	return nil
}

// logFunctions speak to the server's own log, which the agent does not show; fail ends the run.
var logFunctions = func() map[string]function {
	out := map[string]function{
		"fail": {1, -1, func(f *frame) any {
			words := make([]string, len(f.args))
			for i := range f.args {
				words[i] = f.text(i)
			}
			f.fail(strings.Join(words, " "))
			return nil
		}},
	}
	for _, level := range []string{"debug", "info", "notice", "warning", "err", "alert", "crit", "emerg"} {
		out[level] = function{0, -1, func(*frame) any { return nil }}
	}
	return out
}()
