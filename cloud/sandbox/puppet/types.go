package puppet

import (
	"regexp"
	"slices"
	"strings"
)

// dataTypes are the data types values are checked against; any other capital name is a resource
// type or an alias.
var dataTypes = map[string]bool{
	"Any": true, "String": true, "Integer": true, "Float": true, "Numeric": true, "Boolean": true, "Array": true,
	"Hash": true, "Undef": true, "NotUndef": true, "Optional": true, "Variant": true, "Enum": true, "Pattern": true,
	"Regexp": true, "Tuple": true, "Struct": true, "Collection": true, "Scalar": true, "Data": true, "Default": true,
	"Type": true, "Sensitive": true, "Catalogentry": true, "Callable": true, "Timestamp": true, "Scalardata": true,
	"Iterable": true, "Resource": true,
}

// matches tells whether a value is of a type.
func (c *compiler) matches(t, v any, deep int) bool {
	c.tick(pos{})
	if deep > maxDepth {
		return false
	}
	tv, ok := t.(*typeValue)
	if !ok {
		_, isRef := v.(*reference)
		return isRef && equal(t, v)
	}
	switch tv.name {
	case "Any", "Type", "Catalogentry", "Callable", "Sensitive", "Resource":
		return true
	case "Undef":
		return v == nil
	case "NotUndef":
		return v != nil && (len(tv.args) == 0 || c.matches(tv.args[0], v, deep+1))
	case "Optional":
		return v == nil || len(tv.args) == 0 || equal(tv.args[0], v) || c.matches(tv.args[0], v, deep+1)
	case "Variant":
		return slices.ContainsFunc(tv.args, func(a any) bool { return c.matches(a, v, deep+1) })
	case "Boolean", "Default", "Regexp":
		return typeOf(v) == tv.name
	case "String", "Enum", "Pattern":
		s, ok := v.(string)
		return ok && matchText(tv, s)
	case "Integer", "Float", "Numeric":
		return matchNumber(tv, v)
	case "Scalar", "Data", "Scalardata":
		return tv.name == "Data" || !slices.Contains([]string{"Array", "Hash", "Undef"}, typeOf(v))
	}
	return c.matchMany(tv, v, deep)
}

// matchMany checks the types that hold others, aliases, and resource types.
func (c *compiler) matchMany(tv *typeValue, v any, deep int) bool {
	switch tv.name {
	case "Collection", "Iterable":
		return typeOf(v) == "Array" || typeOf(v) == "Hash"
	case "Array", "Tuple":
		items, ok := v.([]any)
		if !ok || len(tv.args) == 0 {
			return ok
		}
		for i, item := range items {
			want := tv.args[0]
			if tv.name == "Tuple" {
				want = tv.args[min(i, len(tv.args)-1)]
			}
			if _, isType := want.(*typeValue); isType && !c.matches(want, item, deep+1) {
				return false
			}
		}
		return inRange(tv.args[1:], float64(len(items)))
	case "Hash", "Struct":
		h, ok := v.(*hashValue)
		if !ok || tv.name == "Struct" || len(tv.args) < 2 {
			return ok
		}
		return !slices.ContainsFunc(h.keys, func(k any) bool {
			return !c.matches(tv.args[0], k, deep+1) || !c.matches(tv.args[1], h.values[hashKey(k)], deep+1)
		})
	}
	if d := c.find(tv.name, "type"); d != nil {
		return c.matches(c.eval(c.top, d.result), v, deep+1)
	}
	// An alias of a module the sandbox has no code of (Stdlib::Port) checks nothing.
	r, isRef := v.(*reference)
	return strings.Contains(tv.name, "::") || isRef && (r.typ == tv.name)
}

func matchText(tv *typeValue, s string) bool {
	switch tv.name {
	case "Enum":
		return slices.ContainsFunc(tv.args, func(a any) bool { return a == s })
	case "Pattern":
		return slices.ContainsFunc(tv.args, func(a any) bool {
			if re, ok := a.(*regexp.Regexp); ok {
				return re.MatchString(s)
			}
			re, err := compileRegex(render(a))
			return err == nil && re.MatchString(s)
		})
	}
	return inRange(tv.args, float64(len([]rune(s))))
}

func matchNumber(tv *typeValue, v any) bool {
	_, isInt := v.(int64)
	_, isFloat := v.(float64)
	if !(isInt && tv.name != "Float" || isFloat && tv.name != "Integer") {
		return false
	}
	f, _ := number(v)
	return inRange(tv.args, f)
}

func inRange(args []any, f float64) bool {
	if len(args) > 0 {
		if low, ok := args[0].(int64); ok && f < float64(low) {
			return false
		}
	}
	if len(args) > 1 {
		if high, ok := args[1].(int64); ok && f > float64(high) {
			return false
		}
	}
	return true
}

// mismatch words why a value is not of a type: "expects a String value, got Integer".
func mismatch(t, v any) string {
	tv, ok := t.(*typeValue)
	if !ok {
		return "expects a " + render(t) + " value, got " + typeOf(v)
	}
	if tv.name == "Optional" && len(tv.args) > 0 {
		inner := mismatch(tv.args[0], v)
		if _, isType := tv.args[0].(*typeValue); isType && strings.HasPrefix(inner, "expects a ") && !strings.HasPrefix(inner, "expects a match") {
			return strings.Replace(inner, "expects a ", "expects a value of type Undef or ", 1)
		}
		return inner
	}
	if tv.name == "Enum" || tv.name == "Pattern" {
		shown := *tv
		shown.args = slices.Clone(tv.args)
		slices.SortFunc(shown.args, func(a, b any) int { return strings.Compare(render(a), render(b)) })
		got := typeOf(v)
		if s, ok := v.(string); ok {
			got = "'" + s + "'"
		}
		return "expects a match for " + render(&shown) + ", got " + got
	}
	if tv.name == "Variant" {
		names := make([]string, len(tv.args))
		for i, a := range tv.args {
			names[i] = render(a)
		}
		last := len(names) - 1
		if last > 0 {
			return "expects a value of type " + strings.Join(names[:last], ", ") + " or " + names[last] + ", got " + typeOf(v)
		}
	}
	article := "a"
	if strings.ContainsAny(tv.name[:1], "AEIOU") {
		article = "an"
	}
	if typeOf(v) == tv.name {
		return "expects " + article + " " + render(tv) + " value, got " + render(v)
	}
	return "expects " + article + " " + tv.name + " value, got " + typeOf(v)
}
