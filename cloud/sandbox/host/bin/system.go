package bin

import (
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"matou/cloud/sandbox/host/tree"
)

func exitWith(code int) Func { return func(context.Context, *Call) int { return code } }

func echo(_ context.Context, c *Call) int {
	args, nl := c.Args[1:], "\n"
	if len(args) > 0 && args[0] == "-n" {
		args, nl = args[1:], ""
	}
	c.put(strings.Join(args, " ") + nl)
	return 0
}

func clearScreen(_ context.Context, c *Call) int {
	c.put("\x1b[H\x1b[2J\x1b[3J")
	return 0
}

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

func sum(ctx context.Context, c *Call) int {
	o, ok := c.Parse("c b t check=c")
	if !ok {
		return 1
	}
	if o.Has("c") {
		return c.Fail(1, "checking is not supported")
	}
	return c.each(ctx, o.Rest, func(in input) int {
		var h hash.Hash
		switch base(c.Args[0]) {
		case "md5sum":
			h = md5.New()
		case "sha1sum":
			h = sha1.New()
		default:
			h = sha256.New()
		}
		lines(ctx, in.r, func(l string) bool { _, _ = io.WriteString(h, l); return true })
		c.put(fmt.Sprintf("%x  %s\n", h.Sum(nil), in.name))
		return 0
	})
}

func base64Tool(ctx context.Context, c *Call) int {
	o, ok := c.Parse("d i w: decode=d wrap=w")
	if !ok {
		return 1
	}
	wrap := 76
	if v := o.Value("w"); v != "" {
		wrap, _ = strconv.Atoi(v)
	}
	return c.each(ctx, o.Rest, func(in input) int {
		data, _ := io.ReadAll(io.LimitReader(in.r, maxHeld))
		if o.Has("d") {
			out, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(data)), ""))
			c.put(string(out))
			if err != nil {
				return c.Fail(1, "invalid input")
			}
			return 0
		}
		text := base64.StdEncoding.EncodeToString(data)
		for wrap > 0 && len(text) > wrap {
			c.put(text[:wrap] + "\n")
			text = text[wrap:]
		}
		c.put(text)
		if wrap > 0 && text != "" {
			c.put("\n")
		}
		return 0
	})
}

func date(_ context.Context, c *Call) int {
	now, format := c.Now(), "%a %b %e %H:%M:%S %Z %Y"
	for _, a := range c.Args[1:] {
		switch {
		case a == "-u" || a == "--utc":
			now = now.UTC()
		case a == "-R":
			format = "%a, %d %b %Y %H:%M:%S %z"
		case a == "-Is" || a == "--iso-8601=seconds":
			format = "%Y-%m-%dT%H:%M:%S%:z"
		case a == "-I" || a == "--iso-8601":
			format = "%F"
		case strings.HasPrefix(a, "+"):
			format = a[1:]
		default:
			return c.Fail(1, "invalid date '%s'", a)
		}
	}
	c.put(strftime(now, format) + "\n")
	return 0
}

// strftime formats a time with the conversions of strftime(3) that people use.
func strftime(t time.Time, format string) string {
	layouts := map[byte]string{
		'Y': "2006", 'm': "01", 'd': "02", 'H': "15", 'M': "04", 'S': "05", 'y': "06", 'e': "_2", 'a': "Mon", 'A': "Monday",
		'b': "Jan", 'B': "January", 'Z': "MST", 'z': "-0700", 'F': "2006-01-02", 'T': "15:04:05", 'D': "01/02/06", 'I': "03",
		'p': "PM", 'j': "002", 'R': "15:04", 'N': "000000000",
	}
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		i++
		switch ch := format[i]; ch {
		case 's':
			b.WriteString(strconv.FormatInt(t.Unix(), 10))
		case 'N':
			fmt.Fprintf(&b, "%09d", t.Nanosecond())
		case 'n':
			b.WriteByte('\n')
		case 't':
			b.WriteByte('\t')
		case '%':
			b.WriteByte('%')
		case 'u':
			b.WriteString(strconv.Itoa((int(t.Weekday())+6)%7 + 1))
		case ':':
			if strings.HasPrefix(format[i:], ":z") {
				i++
				b.WriteString(t.Format("-07:00"))
			}
		default:
			if l, ok := layouts[ch]; ok {
				b.WriteString(t.Format(l))
			} else {
				b.WriteString("%" + string(ch))
			}
		}
	}
	return b.String()
}

// test is /usr/bin/test and [, for programs that run them; the shell has its own.
func test(_ context.Context, c *Call) int {
	a := c.Args[1:]
	if base(c.Args[0]) == "[" {
		if len(a) == 0 || a[len(a)-1] != "]" {
			return c.Fail(2, "missing ']'")
		}
		a = a[:len(a)-1]
	}
	if len(a) > 0 && a[0] == "!" {
		sub := *c
		sub.Args = append([]string{"test"}, a[1:]...)
		return 1 - min(test(context.Background(), &sub), 1)
	}
	ok := false
	switch len(a) {
	case 0:
	case 1:
		ok = a[0] != ""
	case 2:
		ok = c.unary(a[0], a[1])
	case 3:
		ok = binary(a[0], a[1], a[2])
	default:
		return c.Fail(2, "too many arguments")
	}
	if ok {
		return 0
	}
	return 1
}

func (c *Call) unary(op, x string) bool {
	p := c.Path(x)
	i, err := c.FS.Stat(p)
	uid, gid := c.FS.IDs()
	switch op {
	case "-e", "-a":
		return err == nil
	case "-f":
		return err == nil && i.Mode().IsRegular()
	case "-d":
		return err == nil && i.IsDir()
	case "-s":
		return err == nil && i.Size() > 0
	case "-r":
		return c.FS.Access(p, 4) == nil
	case "-w":
		return c.FS.Access(p, 2) == nil
	case "-x":
		return c.FS.Access(p, 1) == nil
	case "-L", "-h":
		l, err := c.FS.Lstat(p)
		return err == nil && l.Target() != ""
	case "-O", "-G":
		u, g := i.Owner()
		return err == nil && (op == "-O" && u == uid || op == "-G" && g == gid)
	case "-n":
		return x != ""
	case "-z":
		return x == ""
	}
	return false
}

func binary(a, op, b string) bool {
	x, err := strconv.Atoi(a)
	y, err2 := strconv.Atoi(b)
	numbers := err == nil && err2 == nil
	switch op {
	case "=", "==":
		return a == b
	case "!=":
		return a != b
	case "-eq":
		return numbers && x == y
	case "-ne":
		return numbers && x != y
	case "-lt":
		return numbers && x < y
	case "-le":
		return numbers && x <= y
	case "-gt":
		return numbers && x > y
	case "-ge":
		return numbers && x >= y
	}
	return false
}

// find(1) with -name, -iname, -type, -maxdepth, -mindepth, -print, -delete and -exec CMD ;
func find(ctx context.Context, c *Call) int {
	args := c.Args[1:]
	var roots []string
	for len(args) > 0 && !strings.HasPrefix(args[0], "-") && args[0] != "!" {
		roots, args = append(roots, args[0]), args[1:]
	}
	if len(roots) == 0 {
		roots = []string{"."}
	}
	f := finder{c: c, maxDepth: 1 << 20}
	if code := f.parse(args); code != 0 {
		return code
	}
	code := 0
	for _, r := range roots {
		if _, err := c.FS.Lstat(tree.Clean(c.Dir, r)); err != nil {
			code = c.Fail(1, "'%s': %s", r, Reason(err))
			continue
		}
		f.visit(ctx, r, 0)
	}
	return code
}

type finder struct {
	c                  *Call
	tests              []func(name string, i tree.Info) bool
	maxDepth, minDepth int
	remove             bool
	exec               []string
}

func (f *finder) parse(args []string) int {
	for len(args) > 0 {
		op := args[0]
		args = args[1:]
		if op == "-print" {
			continue
		}
		if op == "-delete" {
			f.remove = true
			continue
		}
		if len(args) == 0 {
			return f.c.Fail(1, "missing argument to `%s'", op)
		}
		v := args[0]
		args = args[1:]
		switch op {
		case "-name", "-iname":
			if op == "-iname" {
				v = strings.ToLower(v)
			}
			f.tests = append(f.tests, func(n string, _ tree.Info) bool {
				if op == "-iname" {
					n = strings.ToLower(n)
				}
				ok, _ := path.Match(v, n)
				return ok
			})
		case "-type":
			f.tests = append(f.tests, func(_ string, i tree.Info) bool {
				return v == "d" && i.IsDir() || v == "f" && i.Mode().IsRegular() || v == "l" && i.Target() != ""
			})
		case "-maxdepth":
			f.maxDepth, _ = strconv.Atoi(v)
		case "-mindepth":
			f.minDepth, _ = strconv.Atoi(v)
		case "-exec":
			args = append([]string{v}, args...)
			end := slices.IndexFunc(args, func(a string) bool { return a == ";" || a == "+" })
			if end < 1 {
				return f.c.Fail(1, "missing argument to `-exec'")
			}
			f.exec, args = args[:end], args[end+1:]
		default:
			return f.c.Fail(1, "unknown predicate `%s'", op)
		}
	}
	return 0
}

func (f *finder) visit(ctx context.Context, p string, depth int) {
	full := tree.Clean(f.c.Dir, p)
	i, err := f.c.FS.Lstat(full)
	if err != nil || ctx.Err() != nil {
		return
	}
	hit := func() {
		for _, t := range f.tests {
			if !t(path.Base(p), i) {
				return
			}
		}
		switch {
		case depth < f.minDepth:
		case f.remove:
			if err := f.c.FS.Remove(full); err != nil {
				f.c.Fail(1, "cannot delete '%s': %s", p, Reason(err))
			}
		case f.exec != nil:
			next := *f.c
			next.Args = slices.Clone(f.exec)
			for k, a := range next.Args {
				next.Args[k] = strings.ReplaceAll(a, "{}", p)
			}
			f.c.Exec(ctx, next)
		default:
			f.c.put(p + "\n")
		}
	}
	if !f.remove {
		hit()
	}
	if i.IsDir() && depth < f.maxDepth {
		list, _ := f.c.FS.ReadDir(full)
		for _, e := range list {
			f.visit(ctx, strings.TrimSuffix(p, "/")+"/"+e.Name(), depth+1)
		}
	}
	if f.remove && depth > 0 {
		hit()
	}
}

// pager prints all: without a terminal to page on, that is what less does too.
func pager(ctx context.Context, c *Call) int {
	var names []string
	for _, a := range c.Args[1:] {
		if !strings.HasPrefix(a, "-") && !strings.HasPrefix(a, "+") {
			names = append(names, a)
		}
	}
	return c.each(ctx, names, func(in input) int {
		lines(ctx, in.r, c.put)
		return 0
	})
}
