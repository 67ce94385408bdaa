package bin

import (
	"context"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

func env(ctx context.Context, c *Call) int {
	args := c.Args[1:]
	vars := slices.Clone(c.Env)
	if base(c.Args[0]) == "printenv" {
		for _, a := range args {
			if v := c.Getenv(a); v != "" {
				c.put(v + "\n")
			}
		}
		if len(args) > 0 {
			return 0
		}
	}
	for len(args) > 0 {
		switch a := args[0]; {
		case a == "-i" || a == "-":
			vars = nil
		case a == "-u" && len(args) > 1:
			args = args[1:]
			vars = slices.DeleteFunc(vars, func(v string) bool { return strings.HasPrefix(v, args[0]+"=") })
		case strings.Contains(a, "="):
			vars = append(vars, a)
		default:
			next := *c
			next.Args, next.Env = args, vars
			return c.Exec(ctx, next)
		}
		args = args[1:]
	}
	slices.Sort(vars)
	for _, v := range vars {
		c.put(v + "\n")
	}
	return 0
}

func nohup(ctx context.Context, c *Call) int {
	if len(c.Args) < 2 {
		return c.Fail(125, "missing operand")
	}
	next := *c
	next.Args = c.Args[1:]
	return c.Exec(ctx, next)
}

// Duration parses the times of sleep(1) and timeout(1): 5, 0.5, 3s, 2m, 1h, 1d.
func Duration(s string) (time.Duration, bool) {
	unit := time.Second
	if s == "" {
		return 0, false
	}
	switch s[len(s)-1] {
	case 's':
		s = s[:len(s)-1]
	case 'm':
		s, unit = s[:len(s)-1], time.Minute
	case 'h':
		s, unit = s[:len(s)-1], time.Hour
	case 'd':
		s, unit = s[:len(s)-1], 24*time.Hour
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f < 0 || !(f < 1e6) {
		return 0, false
	}
	return time.Duration(f * float64(unit)), true
}

func sleep(ctx context.Context, c *Call) int {
	if len(c.Args) < 2 {
		return c.Fail(1, "missing operand")
	}
	var total time.Duration
	for _, a := range c.Args[1:] {
		d, ok := Duration(a)
		if !ok {
			return c.Fail(1, "invalid time interval '%s'", a)
		}
		total += d
	}
	t := time.NewTimer(total)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return 130
	case <-t.C:
		return 0
	}
}

func timeout(ctx context.Context, c *Call) int {
	args := c.Args[1:]
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		if (args[0] == "-k" || args[0] == "-s") && len(args) > 1 {
			args = args[1:]
		}
		args = args[1:]
	}
	if len(args) < 2 {
		return c.Fail(125, "missing operand")
	}
	d, ok := Duration(args[0])
	if !ok {
		return c.Fail(125, "invalid time interval '%s'", args[0])
	}
	sub, cancel := ctx, context.CancelFunc(func() {})
	if d > 0 {
		sub, cancel = context.WithTimeout(ctx, d)
	}
	defer cancel()
	next := *c
	next.Args = args[1:]
	code := c.Exec(sub, next)
	if sub.Err() != nil && ctx.Err() == nil {
		return 124
	}
	return code
}

func xargs(ctx context.Context, c *Call) int {
	args := c.Args[1:]
	per, replace, skipEmpty, null := 0, "", false, false
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		switch a := args[0]; {
		case a == "-r" || a == "--no-run-if-empty":
			skipEmpty = true
		case a == "-0":
			null = true
		case a == "-n" && len(args) > 1:
			per, _ = strconv.Atoi(args[1])
			args = args[1:]
		case strings.HasPrefix(a, "-n"):
			per, _ = strconv.Atoi(a[2:])
		case a == "-I" && len(args) > 1:
			replace = args[1]
			args = args[1:]
		default:
			return c.Fail(1, "invalid option -- '%s'", strings.TrimLeft(a, "-"))
		}
		args = args[1:]
	}
	if len(args) == 0 {
		args = []string{"echo"}
	}
	in, _ := c.open("-")
	data, _ := io.ReadAll(io.LimitReader(in.r, maxHeld))
	var words []string
	switch {
	case null:
		words = strings.FieldsFunc(string(data), func(r rune) bool { return r == 0 })
	case replace != "":
		words = strings.FieldsFunc(string(data), func(r rune) bool { return r == '\n' })
	default:
		words = strings.Fields(strings.NewReplacer(`"`, "", `'`, "").Replace(string(data)))
	}
	if len(words) == 0 && (skipEmpty || replace != "") {
		return 0
	}
	return c.xargsRun(ctx, args, words, per, replace)
}

func (c *Call) xargsRun(ctx context.Context, args, words []string, per int, replace string) int {
	code := 0
	run := func(argv []string) {
		next := *c
		next.Args, next.Stdin = argv, strings.NewReader("")
		if r := c.Exec(ctx, next); r == 127 {
			code = 127
		} else if r != 0 {
			code = 123
		}
	}
	if replace != "" {
		for _, w := range words {
			argv := make([]string, len(args))
			for i, a := range args {
				argv[i] = strings.ReplaceAll(a, replace, w)
			}
			if ctx.Err() == nil && code != 127 {
				run(argv)
			}
		}
		return code
	}
	if per <= 0 {
		per = max(len(words), 1)
	}
	for first := true; (first || len(words) > 0) && ctx.Err() == nil && code != 127; first = false {
		n := min(per, len(words))
		run(append(slices.Clone(args), words[:n]...))
		words = words[n:]
	}
	return code
}
