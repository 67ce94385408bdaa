package bin

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// sed(1), the part people use on a server: s d p q = a i c y with addresses, ranges and ! and -n -i
// -E -e -s. Hold space and labels are refused.
func sed(ctx context.Context, c *Call) int {
	suffix := ""
	args := c.Args[:1:1]
	for _, a := range c.Args[1:] {
		if strings.HasPrefix(a, "-i") && !strings.HasPrefix(a, "-i=") && len(a) > 2 {
			suffix, a = a[2:], "-i"
		}
		args = append(args, a)
	}
	c.Args = args
	o, ok := c.Parse("n i E r e: s u in-place=i quiet=n regexp-extended=E expression=e")
	if !ok {
		return 1
	}
	script := o.Value("e")
	if !o.Has("e") {
		if len(o.Rest) == 0 {
			return c.Fail(1, "no script specified")
		}
		script, o.Rest = o.Rest[0], o.Rest[1:]
	}
	kind := basic
	if o.Has("E", "r") {
		kind = extended
	}
	prog, err := parseSed(script, kind)
	if err != nil {
		return c.Fail(1, "-e expression #1: %v", err)
	}
	if !o.Has("i") {
		list, code := c.all(ctx, o.Rest)
		(&sedRun{prog: prog, quiet: o.Has("n"), out: c.Stdout}).run(ctx, list)
		return code
	}
	code := 0
	for _, n := range o.Rest {
		if err := c.sedInPlace(ctx, n, suffix, prog, o.Has("n")); err != nil {
			code = c.Fail(2, "can't edit %s: %s", n, Reason(err))
		}
	}
	return code
}

func (c *Call) sedInPlace(ctx context.Context, name, suffix string, prog []*sedCommand, quiet bool) error {
	p := c.Path(name)
	data, err := c.FS.ReadFile(p)
	if err != nil {
		return err
	}
	if suffix != "" {
		if err := c.FS.WriteFile(p+suffix, data, 0o644); err != nil {
			return err
		}
	}
	var list []string
	if len(data) > 0 {
		list = strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	}
	var b strings.Builder
	(&sedRun{prog: prog, quiet: quiet, out: &b}).run(ctx, list)
	for _, cmd := range prog {
		cmd.active = false
	}
	text := b.String()
	if !strings.HasSuffix(string(data), "\n") {
		text = strings.TrimSuffix(text, "\n")
	}
	return c.FS.WriteFile(p, []byte(text), 0o644)
}

// sedAddress selects lines: a number, the last ($) or an expression.
type sedAddress struct {
	line int
	last bool
	re   *regexp.Regexp
}

func (a *sedAddress) match(line string, n, total int) bool {
	switch {
	case a.re != nil:
		return a.re.MatchString(line)
	case a.last:
		return n == total
	}
	return n == a.line
}

type sedCommand struct {
	from, to *sedAddress
	not      bool
	active   bool // inside its range
	name     byte
	text     string
	block    []*sedCommand
	re       *regexp.Regexp
	with     string
	global   bool
	print    bool
	nth      int
}

func (s *sedCommand) selects(line string, n, total int) bool {
	hit := true
	switch {
	case s.from == nil:
	case s.to == nil:
		hit = s.from.match(line, n, total)
	case s.active:
		if s.to.match(line, n, total) || s.to.line > 0 && n >= s.to.line {
			s.active = false
		}
	default:
		if hit = s.from.match(line, n, total); hit {
			s.active = s.to.line == 0 || s.to.line > n
		}
	}
	return hit != s.not
}

type sedRun struct {
	prog  []*sedCommand
	quiet bool
	out   io.Writer
	later []string
	quit  bool
}

func (r *sedRun) run(ctx context.Context, list []string) {
	for i, l := range list {
		if r.quit || ctx.Err() != nil {
			return
		}
		r.later = r.later[:0]
		line, keep := r.line(r.prog, l, i+1, len(list))
		if keep && !r.quiet {
			r.put(line)
		}
		for _, t := range r.later {
			r.put(t)
		}
	}
}

func (r *sedRun) put(s string) { fmt.Fprintf(r.out, "%s\n", s) }

func (r *sedRun) line(prog []*sedCommand, l string, n, total int) (string, bool) {
	for _, s := range prog {
		if !s.selects(l, n, total) {
			continue
		}
		switch s.name {
		case '{':
			var keep bool
			if l, keep = r.line(s.block, l, n, total); !keep {
				return l, false
			}
		case 'd':
			return l, false
		case 'p':
			r.put(l)
		case '=':
			r.put(strconv.Itoa(n))
		case 'q':
			r.quit = true
			return l, true
		case 'a':
			r.later = append(r.later, s.text)
		case 'i':
			r.put(s.text)
		case 'c':
			if !s.active {
				r.put(s.text)
			}
			return l, false
		case 'y':
			l = transliterate(l, s.text, s.with)
		case 's':
			var done bool
			if l, done = s.substitute(l); done && s.print {
				r.put(l)
			}
		}
	}
	return l, true
}

func transliterate(l, from, to string) string {
	f, t := []rune(from), []rune(to)
	return strings.Map(func(r rune) rune {
		for i, x := range f {
			if x == r {
				return t[i]
			}
		}
		return r
	}, l)
}

func (s *sedCommand) substitute(l string) (string, bool) {
	var b strings.Builder
	last, count, done := 0, 0, false
	for _, m := range s.re.FindAllStringSubmatchIndex(l, -1) {
		count++
		if count < s.nth || count > s.nth && !s.global {
			continue
		}
		done = true
		b.WriteString(l[last:m[0]])
		b.WriteString(expandSed(s.with, l, m))
		last = m[1]
	}
	b.WriteString(l[last:])
	return b.String(), done
}

// expandSed fills & and \1 to \9 of a replacement.
func expandSed(with, l string, m []int) string {
	var b strings.Builder
	group := func(k int) {
		if 2*k+1 < len(m) && m[2*k] >= 0 {
			b.WriteString(l[m[2*k]:m[2*k+1]])
		}
	}
	for i := 0; i < len(with); i++ {
		switch {
		case with[i] == '&':
			group(0)
		case with[i] == '\\' && i+1 < len(with):
			i++
			switch ch := with[i]; {
			case ch >= '0' && ch <= '9':
				group(int(ch - '0'))
			case ch == 'n':
				b.WriteByte('\n')
			case ch == 't':
				b.WriteByte('\t')
			default:
				b.WriteByte(ch)
			}
		default:
			b.WriteByte(with[i])
		}
	}
	return b.String()
}
