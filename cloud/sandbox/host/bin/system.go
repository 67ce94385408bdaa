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
	"strconv"
	"strings"
	"time"
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
