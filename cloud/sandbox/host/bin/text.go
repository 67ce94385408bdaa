package bin

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

func cat(ctx context.Context, c *Call) int {
	o, ok := c.Parse("n b A u v e t s number=n")
	if !ok {
		return 1
	}
	n := 0
	return c.each(ctx, o.Rest, func(in input) int {
		if !o.Has("n", "b", "A", "e") { // as it comes: a line at a time would be a packet each
			c.pass(ctx, in.r)
			return 0
		}
		lines(ctx, in.r, func(l string) bool {
			if o.Has("n") || o.Has("b") && strings.TrimSpace(l) != "" {
				n++
				l = fmt.Sprintf("%6d\t%s", n, l)
			}
			if o.Has("A", "e") {
				l = strings.Replace(l, "\n", "$\n", 1)
			}
			return c.put(l)
		})
		return 0
	})
}

// pass copies a stream to the output until it ends, the context does, or nobody reads on.
func (c *Call) pass(ctx context.Context, r io.Reader) {
	mem := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(mem)
	buf := mem[:]
	for ctx.Err() == nil {
		n, err := r.Read(buf)
		if n > 0 {
			if _, err := c.Stdout.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func tac(ctx context.Context, c *Call) int {
	list, code := c.all(ctx, c.Args[1:])
	for _, l := range slices.Backward(list) {
		c.put(l + "\n")
	}
	return code
}

func rev(ctx context.Context, c *Call) int {
	list, code := c.all(ctx, c.Args[1:])
	for _, l := range list {
		r := []rune(l)
		slices.Reverse(r)
		c.put(string(r) + "\n")
	}
	return code
}

func nl(ctx context.Context, c *Call) int {
	list, code := c.all(ctx, c.Args[1:])
	n := 0
	for _, l := range list {
		if l == "" {
			c.put("       \n")
			continue
		}
		n++
		c.put(fmt.Sprintf("%6d\t%s\n", n, l))
	}
	return code
}

// oldStyle turns the old form "-5" of head and tail into "-n 5".
func oldStyle(c *Call) {
	for i, a := range c.Args {
		if i > 0 && len(a) > 1 && a[0] == '-' && c.Args[i-1] != "-n" && c.Args[i-1] != "-c" {
			if _, err := strconv.Atoi(a[1:]); err == nil {
				c.Args[i] = "-n" + a[1:]
			}
		}
	}
}

func head(ctx context.Context, c *Call) int {
	oldStyle(c)
	o, ok := c.Parse("n: c: q v lines=n bytes=c quiet=q")
	if !ok {
		return 1
	}
	n, unit := 10, "n"
	if o.Has("c") {
		unit = "c"
	}
	if v := o.Value(unit); v != "" {
		var err error
		if n, err = strconv.Atoi(v); err != nil {
			return c.Fail(1, "invalid number of lines: '%s'", v)
		}
	}
	first := true
	return c.each(ctx, o.Rest, func(in input) int {
		if len(o.Rest) > 1 && !o.Has("q") {
			if !first {
				c.put("\n")
			}
			c.put("==> " + in.name + " <==\n")
		}
		first = false
		if unit == "c" {
			_, _ = io.Copy(c.Stdout, io.LimitReader(in.r, int64(max(n, 0))))
			return 0
		}
		c.headLines(ctx, in.r, n)
		return 0
	})
}

// headLines prints the first n lines; with a negative n all but the last -n.
func (c *Call) headLines(ctx context.Context, r io.Reader, n int) {
	if n == 0 {
		return
	}
	if n > 0 {
		lines(ctx, r, func(l string) bool {
			n--
			return c.put(l) && n > 0
		})
		return
	}
	var held []string
	lines(ctx, r, func(l string) bool {
		if held = append(held, l); len(held) > -n {
			l, held = held[0], held[1:]
			return c.put(l)
		}
		return true
	})
}

func wc(ctx context.Context, c *Call) int {
	o, ok := c.Parse("l w c m L lines=l words=w bytes=c chars=m")
	if !ok {
		return 1
	}
	all := !o.Has("l", "w", "c", "m")
	var total [4]int
	// One number alone is not padded, as in GNU wc.
	width := 1
	if all && (len(o.Rest) != 1 || true) {
		width = 7
	}
	show := func(n [4]int, name string) {
		var f []string
		for i, k := range []string{"l", "w", "m", "c"} {
			if o.Has(k) || all && k != "m" {
				f = append(f, fmt.Sprintf("%*d", width, n[i]))
			}
		}
		line := strings.Join(f, " ")
		if name != "-" {
			line += " " + name
		}
		c.put(line + "\n")
	}
	code := c.each(ctx, o.Rest, func(in input) int {
		var n [4]int
		lines(ctx, in.r, func(l string) bool {
			n[0] += strings.Count(l, "\n")
			n[1] += len(strings.Fields(l))
			n[2] += utf8.RuneCountInString(l)
			n[3] += len(l)
			return true
		})
		for i := range n {
			total[i] += n[i]
		}
		show(n, in.name)
		return 0
	})
	if len(o.Rest) > 1 {
		show(total, "total")
	}
	return code
}

func sortTool(ctx context.Context, c *Call) int {
	o, ok := c.Parse("n r u f k: t: o: s h V b")
	if !ok {
		return 2
	}
	list, code := c.all(ctx, o.Rest)
	from := 0
	if k := o.Value("k"); k != "" {
		k, _, _ = strings.Cut(k, ",")
		from, _ = strconv.Atoi(strings.TrimRight(k, "nrbf"))
		if from < 1 {
			return c.Fail(2, "invalid number at field start: '%s'", o.Value("k"))
		}
	}
	field := func(l string) string {
		if from == 0 {
			return l
		}
		f := strings.Fields(l)
		if t := o.Value("t"); t != "" {
			f = strings.Split(l, t)
		}
		return strings.Join(f[min(from-1, len(f)):], " ")
	}
	numeric := o.Has("n", "h", "V") || strings.HasSuffix(o.Value("k"), "n")
	compare := func(a, b string) int {
		ka, kb := field(a), field(b)
		r := 0
		if numeric {
			r = int(max(-1, min(1, leading(ka)-leading(kb))))
		} else if o.Has("f") {
			r = strings.Compare(strings.ToLower(ka), strings.ToLower(kb))
		} else {
			r = strings.Compare(ka, kb)
		}
		if r == 0 && !o.Has("s") && !o.Has("u") {
			r = strings.Compare(a, b)
		}
		if o.Has("r") {
			r = -r
		}
		return r
	}
	slices.SortStableFunc(list, compare)
	if o.Has("u") {
		list = slices.CompactFunc(list, func(a, b string) bool { return compare(a, b) == 0 })
	}
	text := strings.Join(list, "\n")
	if len(list) > 0 {
		text += "\n"
	}
	if out := o.Value("o"); out != "" {
		if err := c.FS.WriteFile(c.Path(out), []byte(text), 0o666); err != nil {
			return c.failFile(2, out, err)
		}
		return code
	}
	c.put(text)
	return code
}

// leading is the number a text starts with.
func leading(s string) float64 {
	s = strings.TrimLeft(s, " \t")
	end := 0
	for end < len(s) && (s[end] >= '0' && s[end] <= '9' || s[end] == '.' || end == 0 && s[end] == '-') {
		end++
	}
	f, _ := strconv.ParseFloat(s[:end], 64)
	return f
}

func uniq(ctx context.Context, c *Call) int {
	o, ok := c.Parse("c d u i count=c")
	if !ok {
		return 1
	}
	list, code := c.all(ctx, o.Rest[:min(1, len(o.Rest))])
	same := func(a, b string) bool { return a == b || o.Has("i") && strings.EqualFold(a, b) }
	for i := 0; i < len(list); {
		n := 1
		for i+n < len(list) && same(list[i], list[i+n]) {
			n++
		}
		switch {
		case o.Has("d") && n == 1, o.Has("u") && n > 1:
		case o.Has("c"):
			c.put(fmt.Sprintf("%7d %s\n", n, list[i]))
		default:
			c.put(list[i] + "\n")
		}
		i += n
	}
	return code
}
