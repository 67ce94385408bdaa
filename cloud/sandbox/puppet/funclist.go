package puppet

import (
	"slices"
	"sort"
	"strings"
)

// lessText orders values as sort does.
func lessText(a, b any) bool {
	x, xok := number(a)
	y, yok := number(b)
	if _, isText := a.(string); xok && yok && !isText {
		return x < y
	}
	return strings.ToLower(render(a)) < strings.ToLower(render(b))
}

// pairsOf are what a lambda is called with: items, or key and value.
func (f *frame) pairsOf(v any) []any {
	switch v := v.(type) {
	case *hashValue, []any:
		return asList(v)
	case int64:
		if v < 0 || v > maxItems {
			f.fail("too many iterations")
		}
		out := make([]any, v)
		for i := range out {
			out[i] = int64(i)
		}
		return out
	case string:
		var out []any
		for _, r := range v {
			out = append(out, string(r))
		}
		return f.c.bounded(out, f.pos)
	}
	f.fail("'" + f.name + "' parameter 'enumerable' expects an Iterable value, got " + typeOf(v))
	return nil
}

// visit calls the lambda for each item: with key and value, or index and item, when it takes two.
func (f *frame) visit(then func(item, result any) bool) {
	_, isHash := f.arg(0).(*hashValue)
	for i, item := range f.pairsOf(f.arg(0)) {
		var v any
		switch pair, isPair := item.([]any); {
		case f.lambda != nil && len(f.lambda.params) >= 2 && isHash && isPair:
			v = f.yield(pair[0], pair[1])
		case f.lambda != nil && len(f.lambda.params) >= 2:
			v = f.yield(int64(i), item)
		default:
			v = f.yield(item)
		}
		if !then(item, v) {
			return
		}
	}
}

// chosen keeps what the lambda says, as the kind of the argument.
func (f *frame) chosen(keep bool) any {
	_, isHash := f.arg(0).(*hashValue)
	list, h := []any{}, newHash()
	f.visit(func(item, v any) bool {
		if truth(v) == keep {
			if isHash {
				pair, _ := item.([]any)
				h.set(pair[0], pair[1])
			} else {
				list = append(list, item)
			}
		}
		return true
	})
	if isHash {
		return h
	}
	return list
}

var listFunctions = map[string]function{
	"each": {1, 1, func(f *frame) (v any) {
		defer catch(&v, "break", f.c.calls, f.c)
		f.visit(func(_, _ any) bool { return true })
		return f.arg(0)
	}},
	"map": {1, 1, func(f *frame) any {
		out := []any{}
		f.visit(func(_, v any) bool { out = append(out, v); return true })
		return out
	}},
	"filter": {1, 1, func(f *frame) any { return f.chosen(true) }},
	"reject": {1, 1, func(f *frame) any { return f.chosen(false) }},
	"any": {1, 1, func(f *frame) any {
		found := false
		f.visit(func(_, v any) bool { found = truth(v); return !found })
		return found
	}},
	"all": {1, 1, func(f *frame) any {
		every := true
		f.visit(func(_, v any) bool { every = truth(v); return every })
		return every
	}},
	"reduce": {1, 2, func(f *frame) any {
		items := f.pairsOf(f.arg(0))
		memo := f.arg(1)
		if len(f.args) < 2 {
			if len(items) == 0 {
				return nil
			}
			memo, items = items[0], items[1:]
		}
		for _, item := range items {
			memo = f.yield(memo, item)
		}
		return memo
	}},
	"slice": {2, 2, func(f *frame) any {
		items, n := f.pairsOf(f.arg(0)), f.int(1)
		if n < 1 {
			f.fail("'slice' parameter 'slice_size' expects an Integer[1] value, got " + f.text(1))
		}
		out := []any{}
		for part := range slices.Chunk(items, int(min(n, maxItems))) {
			if f.lambda == nil {
				out = append(out, slices.Clone(part))
			} else if len(f.lambda.params) > 1 {
				f.yield(part...)
			} else {
				f.yield(part)
			}
		}
		return out
	}},
	"with":    {0, -1, func(f *frame) any { return f.yield(f.args...) }},
	"then":    {1, 1, func(f *frame) any { return f.unless(f.arg(0) == nil, nil) }},
	"lest":    {1, 1, func(f *frame) any { return f.unless(f.arg(0) != nil, f.arg(0)) }},
	"flatten": {1, -1, func(f *frame) any { return append([]any{}, flatten(f.args)...) }},
	"concat": {1, -1, func(f *frame) any {
		out := []any{}
		for _, a := range f.args {
			out = f.c.bounded(append(out, asList(a)...), f.pos)
		}
		return out
	}},
	"unique": {1, 1, func(f *frame) any {
		out := []any{}
		seen := map[any]bool{}
		for _, v := range f.pairsOf(f.arg(0)) {
			if k := hashKey(v); !seen[k] {
				seen[k] = true
				out = append(out, v)
			}
		}
		return out
	}},
	"sort": {1, 1, func(f *frame) any {
		out := slices.Clone(f.pairsOf(f.arg(0)))
		sort.SliceStable(out, func(i, j int) bool { return lessText(out[i], out[j]) })
		return out
	}},
	"reverse": {1, 1, func(f *frame) any {
		out := slices.Clone(f.pairsOf(f.arg(0)))
		slices.Reverse(out)
		return out
	}},
	"join": {1, 2, func(f *frame) any {
		var b strings.Builder
		for i, v := range flatten([]any{f.arg(0)}) {
			if i > 0 {
				b.WriteString(f.text(1))
			}
			b.WriteString(f.short(render(v)))
			f.short(b.String()[:min(b.Len(), maxText+1)])
		}
		return b.String()
	}},
	"range": {2, 3, func(f *frame) any {
		step := int64(1)
		if len(f.args) > 2 {
			step = max(1, f.int(2))
		}
		out := []any{}
		for i, end := f.int(0), f.int(1); i <= end && i >= f.int(0); i += step {
			out = f.c.bounded(append(out, i), f.pos)
		}
		return out
	}},
	"member":    {2, 2, func(f *frame) any { return f.c.contains(f.scope, f.arg(1), asList(f.arg(0))) }},
	"any2array": {0, -1, func(f *frame) any { return append([]any{}, flatten(f.args)...) }},
	"delete":    {2, 2, func(f *frame) any { v, _ := f.c.joinMany(&binary{f.pos, "-", nil, nil}, f.arg(0), f.arg(1)); return v }},
	"first":     {1, 1, func(f *frame) any { return slices.Concat(asList(f.arg(0)), []any{nil})[0] }},
	"last":      {1, 1, func(f *frame) any { l := asList(f.arg(0)); return slices.Concat([]any{nil}, l)[len(l)] }},
	"intersection": {2, 2, func(f *frame) any {
		out := []any{}
		for _, v := range asList(f.arg(0)) {
			if f.c.contains(f.scope, v, asList(f.arg(1))) {
				out = append(out, v)
			}
		}
		return out
	}},
	"break":  {0, 0, func(f *frame) any { panic(returned{"break", nil}) }},
	"next":   {0, 1, func(f *frame) any { panic(returned{"next", f.arg(0)}) }},
	"return": {0, 1, func(f *frame) any { panic(returned{"return", f.arg(0)}) }},
}

// unless answers alt when the condition holds, else what the lambda makes of the argument.
func (f *frame) unless(cond bool, alt any) any {
	if cond {
		return alt
	}
	return f.yield(f.arg(0))
}
