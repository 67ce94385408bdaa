package puppet

import (
	"regexp"
	"sort"
	"strconv"
	"strings"
)

// A value of the language is nil (undef), bool, int64, float64, string, []any, *hashValue,
// *typeValue, *reference, *regexp.Regexp or defaultValue.

type defaultValue struct{}

// hashValue is a hash that keeps its keys in the order they were added.
type hashValue struct {
	keys   []any
	values map[any]any // by hashKey
}

func newHash() *hashValue { return &hashValue{values: map[any]any{}} }

// hashKey makes a value usable as a Go map key.
func hashKey(k any) any {
	switch k.(type) {
	case nil, bool, int64, float64, string:
		return k
	}
	return "\x00" + render(k)
}

func (h *hashValue) set(k, v any) {
	if _, ok := h.values[hashKey(k)]; !ok {
		h.keys = append(h.keys, k)
	}
	h.values[hashKey(k)] = v
}

func (h *hashValue) get(k any) (any, bool) {
	v, ok := h.values[hashKey(k)]
	return v, ok
}

// reference names one resource of a catalogue: Package['git'].
type reference struct{ typ, title string }

func (r reference) String() string { return r.typ + "[" + r.title + "]" }

// typeValue is a data type with its arguments, or a resource type without titles.
type typeValue struct {
	name string
	args []any
}

// truth: only false and undef are false.
func truth(v any) bool {
	b, isBool := v.(bool)
	return v != nil && (!isBool || b)
}

// render is a value as it appears in a string, cut at maxText.
func render(v any) string {
	var b strings.Builder
	renderTo(&b, v, false, 0)
	return b.String()
}

// maxText bounds a string a manifest can make, in bytes.
const maxText = 1 << 20

func renderTo(b *strings.Builder, v any, quoted bool, deep int) {
	if b.Len() > maxText || deep > maxDepth {
		return
	}
	switch v := v.(type) {
	case nil:
		if quoted {
			b.WriteString("undef")
		}
	case string:
		if quoted {
			b.WriteString("'" + strings.ReplaceAll(v, "'", `\'`) + "'")
		} else {
			b.WriteString(v)
		}
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case int64:
		b.WriteString(strconv.FormatInt(v, 10))
	case float64:
		s := strconv.FormatFloat(v, 'g', -1, 64)
		if !strings.ContainsAny(s, ".eIN") {
			s += ".0"
		}
		b.WriteString(s)
	case []any:
		renderList(b, "[", v, "]", deep)
	case *hashValue:
		b.WriteString("{")
		for i, k := range v.keys {
			if i > 0 {
				b.WriteString(", ")
			}
			renderTo(b, k, true, deep+1)
			b.WriteString(" => ")
			renderTo(b, v.values[hashKey(k)], true, deep+1)
		}
		b.WriteString("}")
	case *reference:
		b.WriteString(v.typ + "['" + v.title + "']")
	case *typeValue:
		b.WriteString(v.name)
		if len(v.args) > 0 {
			renderList(b, "[", v.args, "]", deep)
		}
	case *regexp.Regexp:
		b.WriteString("/" + v.String() + "/")
	case defaultValue:
		b.WriteString("default")
	}
}

func renderList(b *strings.Builder, begin string, items []any, end string, deep int) {
	b.WriteString(begin)
	for i, item := range items {
		if i > 0 {
			b.WriteString(", ")
		}
		renderTo(b, item, true, deep+1)
	}
	b.WriteString(end)
}

// equal compares as == does: strings without regard to case.
func equal(a, b any) bool {
	switch a := a.(type) {
	case string:
		s, ok := b.(string)
		return ok && strings.EqualFold(a, s)
	case int64, float64:
		x, _ := number(a)
		y, ok := number(b)
		if _, isText := b.(string); isText {
			return false
		}
		return ok && x == y
	case nil:
		return b == nil
	case bool:
		return a == b
	case defaultValue:
		_, ok := b.(defaultValue)
		return ok
	}
	if b == nil {
		return false
	}
	switch b.(type) {
	case []any, *hashValue, *reference, *typeValue, *regexp.Regexp:
		return render(a) == render(b)
	}
	return false
}

// number reads an int64, a float64, or a string that looks like one.
func number(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	case string:
		f, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
		return f, err == nil
	}
	return 0, false
}

// typeOf names the data type of a value as messages do.
func typeOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "Undef"
	case string:
		return "String"
	case bool:
		return "Boolean"
	case int64:
		return "Integer"
	case float64:
		return "Float"
	case []any:
		return "Array"
	case *hashValue:
		return "Hash"
	case *regexp.Regexp:
		return "Regexp"
	case *reference:
		return v.typ
	case defaultValue:
		return "Default"
	}
	return "Type"
}

// plain turns a value into what JSON can hold; fromPlain is its reverse.
func plain(v any) any {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = plain(v[i])
		}
		return out
	case *hashValue:
		out := map[string]any{}
		for _, k := range v.keys {
			out[render(k)] = plain(v.values[hashKey(k)])
		}
		return out
	case nil, bool, float64, string:
		return v
	}
	return render(v)
}

func fromPlain(v any) any {
	switch v := v.(type) {
	case int:
		return int64(v)
	case float64:
		if v == float64(int64(v)) {
			return int64(v)
		}
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = fromPlain(v[i])
		}
		return out
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		sort.Strings(keys)
		h := newHash()
		for _, k := range keys {
			h.set(k, fromPlain(v[k]))
		}
		return h
	}
	return v
}

// capital writes a type's name as references do: python::pip is Python::Pip.
func capital(name string) string {
	parts := strings.Split(strings.TrimPrefix(name, "::"), "::")
	for i, p := range parts {
		if p != "" {
			parts[i] = strings.ToUpper(p[:1]) + strings.ToLower(p[1:])
		}
	}
	return strings.Join(parts, "::")
}
