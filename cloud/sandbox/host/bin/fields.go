package bin

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

func cut(ctx context.Context, c *Call) int {
	o, ok := c.Parse("d: f: c: b: s delimiter=d fields=f characters=c output-delimiter=D D:")
	if !ok {
		return 1
	}
	spec := o.Value("f") + o.Value("c") + o.Value("b")
	in, err := ranges(spec)
	if err != nil {
		return c.Fail(1, "you must specify a list of bytes, characters, or fields")
	}
	delim := "\t"
	if o.Has("d") {
		delim = o.Value("d")
	}
	join := delim
	if o.Has("D") {
		join = o.Value("D")
	}
	return c.each(ctx, o.Rest, func(i input) int {
		lines(ctx, i.r, func(l string) bool {
			l = strings.TrimSuffix(l, "\n")
			parts, sep := strings.Split(l, delim), join
			if !o.Has("f") {
				parts, sep = strings.Split(l, ""), ""
			} else if len(parts) == 1 {
				return o.Has("s") || c.put(l+"\n")
			}
			var keep []string
			for k, p := range parts {
				if in(k + 1) {
					keep = append(keep, p)
				}
			}
			return c.put(strings.Join(keep, sep) + "\n")
		})
		return 0
	})
}

// ranges parses a list such as 1,3-5,7-.
func ranges(spec string) (func(int) bool, error) {
	type span struct{ from, to int }
	var spans []span
	for part := range strings.SplitSeq(spec, ",") {
		a, b, dash := strings.Cut(part, "-")
		s := span{1, 1 << 30}
		var err error
		if a != "" {
			if s.from, err = strconv.Atoi(a); err != nil || s.from < 1 {
				return nil, fmt.Errorf("range %q", part)
			}
		}
		if !dash {
			s.to = s.from
		} else if b != "" {
			if s.to, err = strconv.Atoi(b); err != nil {
				return nil, fmt.Errorf("range %q", part)
			}
		}
		if a == "" && b == "" {
			return nil, fmt.Errorf("range %q", part)
		}
		spans = append(spans, s)
	}
	return func(n int) bool {
		return slices.ContainsFunc(spans, func(s span) bool { return n >= s.from && n <= s.to })
	}, nil
}

func tr(ctx context.Context, c *Call) int {
	o, ok := c.Parse("d s c C delete=d squeeze-repeats=s complement=c")
	if !ok {
		return 1
	}
	if len(o.Rest) == 0 {
		return c.Fail(1, "missing operand")
	}
	from := charset(o.Rest[0])
	var to []rune
	if len(o.Rest) > 1 {
		to = charset(o.Rest[1])
	} else if !o.Has("d", "s") {
		return c.Fail(1, "missing operand after '%s'", o.Rest[0])
	}
	at := func(r rune) int {
		i := slices.Index(from, r)
		if o.Has("c", "C") {
			if i < 0 {
				return max(len(to)-1, 0)
			}
			return -1
		}
		return i
	}
	squeeze := to
	if len(squeeze) == 0 {
		squeeze = from
	}
	in, _ := c.open("-")
	last := rune(-1)
	lines(ctx, in.r, func(l string) bool {
		var b strings.Builder
		for _, r := range l {
			if i := at(r); i >= 0 {
				if o.Has("d") {
					continue
				}
				if len(to) > 0 {
					r = to[min(i, len(to)-1)]
				}
			}
			if o.Has("s") && r == last && slices.Contains(squeeze, r) {
				continue
			}
			last = r
			b.WriteRune(r)
		}
		return c.put(b.String())
	})
	return 0
}

// charset expands a set of tr(1): ranges, escapes and the classes people use.
func charset(s string) []rune {
	for class, set := range map[string]string{
		"[:upper:]": "A-Z", "[:lower:]": "a-z", "[:digit:]": "0-9", "[:alpha:]": "A-Za-z", "[:alnum:]": "A-Za-z0-9",
		"[:space:]": " \\t\\n\\r", "[:blank:]": " \\t", "[:punct:]": "!-/:-@[-`{-~",
	} {
		s = strings.ReplaceAll(s, class, set)
	}
	r := []rune(strings.NewReplacer(`\n`, "\n", `\t`, "\t", `\r`, "\r", `\\`, `\`, `\0`, "\x00").Replace(s))
	var out []rune
	for i := 0; i < len(r); i++ {
		if i+2 < len(r) && r[i+1] == '-' && r[i+2] >= r[i] && r[i+2]-r[i] < 4096 {
			for x := r[i]; x <= r[i+2]; x++ {
				out = append(out, x)
			}
			i += 2
			continue
		}
		out = append(out, r[i])
	}
	return out
}

func seq(ctx context.Context, c *Call) int {
	nums := []int{}
	for _, a := range c.Args[1:] {
		n, err := strconv.Atoi(a)
		if err != nil {
			return c.Fail(1, "invalid floating point argument: '%s'", a)
		}
		nums = append(nums, n)
	}
	from, step, to := 1, 1, 0
	switch len(nums) {
	case 1:
		to = nums[0]
	case 2:
		from, to = nums[0], nums[1]
	case 3:
		from, step, to = nums[0], nums[1], nums[2]
	default:
		return c.Fail(1, "missing operand")
	}
	if step == 0 {
		return c.Fail(1, "invalid Zero increment value: '0'")
	}
	for i := from; (step > 0 && i <= to || step < 0 && i >= to) && ctx.Err() == nil; i += step {
		if !c.put(strconv.Itoa(i) + "\n") {
			break
		}
	}
	return 0
}

func yes(ctx context.Context, c *Call) int {
	word := "y"
	if len(c.Args) > 1 {
		word = strings.Join(c.Args[1:], " ")
	}
	for ctx.Err() == nil && c.put(word+"\n") {
	}
	return 0
}
