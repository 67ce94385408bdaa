package puppet

import (
	"math"
	"regexp"
	"slices"
	"strings"
)

func (c *compiler) unary(s *scope, n *unary) any {
	v := c.eval(s, n.of)
	switch n.op {
	case "!":
		return !truth(v)
	case "-":
		switch v := v.(type) {
		case int64:
			return -v
		case float64:
			return -v
		}
		if f, ok := number(v); ok {
			return -f
		}
		c.fail(n.pos, "Evaluation Error: The value '"+render(v)+"' cannot be converted to Numeric.")
	}
	return asList(v)
}

func (c *compiler) binary(s *scope, n *binary) any {
	left := c.eval(s, n.left)
	switch n.op {
	case "and":
		return truth(left) && truth(c.eval(s, n.right))
	case "or":
		return truth(left) || truth(c.eval(s, n.right))
	}
	right := c.eval(s, n.right)
	c.charge(n.pos, left, right)
	switch n.op {
	case "==":
		return equal(left, right)
	case "!=":
		return !equal(left, right)
	case "=~", "!~":
		return c.matchText(s, left, right, n.pos) == (n.op == "=~")
	case "in":
		return c.contains(s, left, right)
	case "<", "<=", ">", ">=":
		return c.compare(n, left, right)
	case "<<":
		return c.bounded(append(slices.Clone(asList(left)), right), n.pos)
	}
	if n.op == "+" || n.op == "-" {
		if v, ok := c.joinMany(n, left, right); ok {
			return v
		}
	}
	return c.arithmetic(n, left, right)
}

// joinMany is + and - of lists and hashes.
func (c *compiler) joinMany(n *binary, left, right any) (any, bool) {
	switch l := left.(type) {
	case []any:
		if n.op == "+" {
			return c.bounded(append(slices.Clone(l), asList(right)...), n.pos), true
		}
		drop := asList(right)
		out := []any{}
		for _, v := range l {
			c.tick(n.pos)
			if !slices.ContainsFunc(drop, func(d any) bool { return equal(d, v) }) {
				out = append(out, v)
			}
		}
		return out, true
	case *hashValue:
		r, _ := right.(*hashValue)
		if n.op == "+" && r != nil {
			return c.merged(l, r), true
		}
		out := newHash()
		drop := asList(right)
		if r != nil {
			drop = r.keys
		}
		for _, k := range l.keys {
			if !slices.ContainsFunc(drop, func(d any) bool { return equal(d, k) }) {
				out.set(k, l.values[hashKey(k)])
			}
		}
		return out, true
	}
	return nil, false
}

func (c *compiler) merged(hashes ...*hashValue) *hashValue {
	out := newHash()
	for _, h := range hashes {
		for _, k := range h.keys {
			c.tick(pos{})
			out.set(k, h.values[hashKey(k)])
		}
	}
	return out
}

// bounded refuses a list that grew too long.
func (c *compiler) bounded(v []any, at pos) []any {
	if len(v) > maxItems {
		c.fail(at, "Evaluation Error: a list is too long")
	}
	return v
}

func (c *compiler) arithmetic(n *binary, left, right any) any {
	a, aok := left.(int64)
	b, bok := right.(int64)
	if aok && bok {
		switch n.op {
		case "+":
			return a + b
		case "-":
			return a - b
		case "*":
			return a * b
		case ">>":
			return a >> (uint64(b) & 63)
		case "/", "%":
			if b == 0 {
				c.fail(n.pos, "Evaluation Error: Division by 0")
			}
			if n.op == "/" {
				return int64(math.Floor(float64(a) / float64(b)))
			}
			return a % b
		}
	}
	x, xok := number(left)
	y, yok := number(right)
	if !xok || !yok {
		bad := left
		if xok {
			bad = right
		}
		if _, isText := bad.(string); isText {
			c.fail(n.pos, "Evaluation Error: The value '"+render(bad)+"' cannot be converted to Numeric.")
		}
		c.fail(n.pos, "Evaluation Error: Operator '"+n.op+"' is not applicable to "+undefWord(bad)+".")
	}
	f := floats(n.op, x, y)
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 && typeOf(left) != "Float" && typeOf(right) != "Float" {
		return int64(f)
	}
	return f
}

func floats(op string, x, y float64) float64 {
	switch op {
	case "+":
		return x + y
	case "-":
		return x - y
	case "*":
		return x * y
	case "/":
		return x / y
	}
	return math.Mod(x, y)
}

func (c *compiler) compare(n *binary, left, right any) any {
	var order int
	ls, lok := left.(string)
	rs, rok := right.(string)
	x, xok := number(left)
	y, yok := number(right)
	switch {
	case lok && rok:
		order = strings.Compare(strings.ToLower(ls), strings.ToLower(rs))
	case xok && yok && !lok && !rok:
		order = int(math.Copysign(1, x-y))
		if x == y {
			order = 0
		}
	default:
		c.fail(n.pos, "Evaluation Error: Comparison of: "+typeOf(left)+" "+n.op+" "+typeOf(right)+", is not possible. Caused by 'Only Strings, Numbers, Timespans, Timestamps, and Versions are comparable'.")
	}
	switch n.op {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

func (c *compiler) matchText(s *scope, left, right any, at pos) bool {
	if t, ok := right.(*typeValue); ok {
		return c.matches(t, left, 0)
	}
	text, ok := left.(string)
	if !ok {
		c.fail(at, "Evaluation Error: Left match operand must result in a String value. Got "+undefWord(left)+".")
	}
	re, ok := right.(*regexp.Regexp)
	if !ok {
		re, _ = c.regex(render(right), at).(*regexp.Regexp)
	}
	m := re.FindStringSubmatch(text)
	if m != nil {
		s.matches = m
	}
	return m != nil
}

// contains is left in right.
func (c *compiler) contains(s *scope, left, right any) bool {
	is := func(v any) bool {
		switch l := left.(type) {
		case *regexp.Regexp:
			text, ok := v.(string)
			return ok && l.MatchString(text)
		case *typeValue:
			return c.matches(l, v, 0)
		}
		return equal(left, v)
	}
	switch r := right.(type) {
	case string:
		if re, ok := left.(*regexp.Regexp); ok {
			return c.matchOption(s, r, re)
		}
		l, ok := left.(string)
		return ok && strings.Contains(strings.ToLower(r), strings.ToLower(l))
	case []any:
		return slices.ContainsFunc(r, is)
	case *hashValue:
		return slices.ContainsFunc(r.keys, is)
	}
	return false
}

// asList is a list as it is, a hash as pairs, undef as nothing, another value alone.
func asList(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	case *hashValue:
		out := make([]any, 0, len(v.keys))
		for _, k := range v.keys {
			out = append(out, []any{k, v.values[hashKey(k)]})
		}
		return out
	}
	return []any{v}
}

// flatten takes lists within lists apart; it stops at maxItems.
func flatten(items []any) []any {
	var out []any
	seen := 0 // empty lists within lists count too
	var walk func(items []any, deep int)
	walk = func(items []any, deep int) {
		for _, item := range items {
			if seen++; seen > maxItems || deep > maxDepth {
				return
			}
			if inner, ok := item.([]any); ok {
				walk(inner, deep+1)
			} else {
				out = append(out, item)
			}
		}
	}
	walk(items, 0)
	return out
}
