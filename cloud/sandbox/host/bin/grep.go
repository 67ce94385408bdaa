package bin

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"matou/cloud/sandbox/host/tree"
)

const grepOptions = "q i v n c l L E F G P o r R w x h H s e: m: A: B: C: color=Z colour=Z Z: quiet=q silent=q " +
	"ignore-case=i invert-match=v line-number=n count=c files-with-matches=l extended-regexp=E fixed-strings=F " +
	"only-matching=o recursive=r word-regexp=w line-regexp=x no-messages=s regexp=e max-count=m after-context=A " +
	"before-context=B context=C no-filename=h with-filename=H line-buffered=b b"

// grep(1). Exit status: 0 a line matched, 1 none did, 2 trouble.
func grep(ctx context.Context, c *Call) int {
	for i, a := range c.Args {
		if a == "--color" || a == "--colour" {
			c.Args[i] = "--color=auto"
		}
	}
	o, ok := c.Parse(grepOptions)
	if !ok {
		return 2
	}
	pattern := o.Value("e")
	if !o.Has("e") {
		if len(o.Rest) == 0 {
			fmt.Fprintln(c.Stderr, "Usage: grep [OPTION]... PATTERNS [FILE]...")
			return 2
		}
		pattern, o.Rest = o.Rest[0], o.Rest[1:]
	}
	kind := basic
	switch {
	case o.Has("F") || base(c.Args[0]) == "fgrep":
		kind = fixed
	case o.Has("E", "P") || base(c.Args[0]) == "egrep":
		kind = extended
	}
	re, err := compile(pattern, kind, o)
	if err != nil {
		return c.Fail(2, "%v", err)
	}
	g := &grepper{c: c, o: o, re: re}
	if v := o.Value("m"); v != "" {
		g.max, _ = strconv.Atoi(v)
	}
	g.before, g.after = g.context("B"), g.context("A")
	files := o.Rest
	if o.Has("r", "R") {
		if len(files) == 0 {
			files = []string{"."}
		}
		files = c.expandDirs(ctx, files)
		g.names = true
	}
	g.names = (g.names || len(files) > 1 || o.Has("H")) && !o.Has("h")
	code := g.files(ctx, files)
	switch {
	case code == 2 && !(g.found && o.Has("q")):
		return 2
	case g.found:
		return 0
	}
	return 1
}

func (g *grepper) context(letter string) int {
	v := g.o.Value(letter)
	if v == "" {
		v = g.o.Value("C")
	}
	n, _ := strconv.Atoi(v)
	return min(max(n, 0), 10000)
}

func (c *Call) expandDirs(ctx context.Context, names []string) []string {
	var files []string
	for _, n := range names {
		p := tree.Clean(c.Dir, n)
		if !c.FS.IsDir(p) {
			files = append(files, n)
			continue
		}
		_ = c.walk(ctx, p, true, func(q string) error {
			if i, err := c.FS.Lstat(q); err == nil && i.Mode().IsRegular() {
				rel := strings.TrimPrefix(strings.TrimPrefix(q, p), "/")
				if n == "." && len(names) == 1 {
					files = append(files, rel)
				} else {
					files = append(files, strings.TrimSuffix(n, "/")+"/"+rel)
				}
			}
			return nil
		})
	}
	return files
}

type dialect int

const (
	basic dialect = iota
	extended
	fixed
)

// compile turns patterns, one a line, into one expression of package regexp.
func compile(pattern string, kind dialect, o Options) (*regexp.Regexp, error) {
	var alts []string
	for p := range strings.SplitSeq(pattern, "\n") {
		switch kind {
		case fixed:
			p = regexp.QuoteMeta(p)
		case basic:
			p = fromBasic(p)
		default:
			p = fromExtended(p)
		}
		alts = append(alts, "(?:"+p+")")
	}
	expr := strings.Join(alts, "|")
	if o.Has("w") {
		expr = `\b(?:` + expr + `)\b`
	}
	if o.Has("x") {
		expr = "^(?:" + expr + ")$"
	}
	if o.Has("i") || o.Has("I") {
		expr = "(?i)" + expr
	}
	re, err := regexp.Compile(expr)
	if err != nil {
		return nil, fmt.Errorf("invalid regular expression: %s", pattern)
	}
	return re, nil
}

// fromBasic turns a POSIX basic expression into Go's syntax: \( \) \{ \} \| \+ \? are operators and
// their bare forms are not.
func fromBasic(p string) string {
	var b strings.Builder
	for i := 0; i < len(p); i++ {
		switch ch := p[i]; {
		case ch == '[':
			i = copyBracket(&b, p, i)
		case ch == '\\' && i+1 < len(p):
			i++
			if strings.IndexByte("(){}|+?", p[i]) >= 0 {
				b.WriteByte(p[i])
			} else {
				b.WriteString(escape(p[i]))
			}
		case strings.IndexByte("(){}|+?", ch) >= 0:
			b.WriteByte('\\')
			b.WriteByte(ch)
		case ch == '*' && (i == 0 || strings.HasSuffix(b.String(), "(")):
			b.WriteString(`\*`)
		case ch == '^' && i > 0 && !strings.HasSuffix(b.String(), "(") && !strings.HasSuffix(b.String(), "|"):
			b.WriteString(`\^`)
		case ch == '$' && i+1 < len(p) && !strings.HasPrefix(p[i+1:], `\)`) && !strings.HasPrefix(p[i+1:], `\|`):
			b.WriteString(`\$`)
		default:
			b.WriteByte(ch)
		}
	}
	return b.String()
}

// fromExtended turns a POSIX extended expression into Go's syntax.
func fromExtended(p string) string {
	var b strings.Builder
	for i := 0; i < len(p); i++ {
		switch ch := p[i]; {
		case ch == '[':
			i = copyBracket(&b, p, i)
		case ch == '\\' && i+1 < len(p):
			i++
			b.WriteString(escape(p[i]))
		default:
			b.WriteByte(ch)
		}
	}
	return b.String()
}

func escape(ch byte) string {
	switch ch {
	case 'w', 'W', 's', 'S', 'b', 'B', 'd', 'D', 't', 'n':
		return `\` + string(ch)
	case '<', '>':
		return `\b`
	}
	return regexp.QuoteMeta(string(ch))
}

// copyBracket writes the bracket expression that starts at i in Go's syntax, and answers where its last
// byte is.
func copyBracket(b *strings.Builder, p string, i int) int {
	end := bracketEnd(p, i)
	b.WriteString(bracket(p[i:end]))
	return end - 1
}

// bracketEnd answers where the bracket expression that starts at i ends.
func bracketEnd(p string, i int) int {
	j := i + 1
	if j < len(p) && p[j] == '^' {
		j++
	}
	if j < len(p) && p[j] == ']' {
		j++
	}
	for ; j < len(p); j++ {
		if p[j] == '[' && j+1 < len(p) && p[j+1] == ':' {
			if end := strings.Index(p[j:], ":]"); end > 0 {
				j += end + 1
				continue
			}
		}
		if p[j] == ']' {
			return j + 1
		}
	}
	return len(p)
}

// bracket quotes what means something in Go's classes but nothing in POSIX's.
func bracket(s string) string {
	if len(s) < 3 || s[len(s)-1] != ']' {
		return regexp.QuoteMeta(s)
	}
	inner, neg := s[1:len(s)-1], ""
	if strings.HasPrefix(inner, "^") {
		inner, neg = inner[1:], "^"
	}
	var b strings.Builder
	for i := 0; i < len(inner); i++ {
		if strings.HasPrefix(inner[i:], "[:") {
			if end := strings.Index(inner[i:], ":]"); end > 0 {
				b.WriteString(inner[i : i+end+2])
				i += end + 1
				continue
			}
		}
		if strings.IndexByte(`\[]^&~`, inner[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(inner[i])
	}
	return "[" + neg + b.String() + "]"
}

// grepper searches files and prints as grep does.
type grepper struct {
	c             *Call
	o             Options
	re            *regexp.Regexp
	names         bool
	max           int
	before, after int
	found         bool
}

func (g *grepper) files(ctx context.Context, names []string) int {
	if len(names) == 0 {
		names = []string{"-"}
	}
	code := 0
	for _, n := range names {
		in, err := g.c.open(n)
		if err != nil {
			if !g.o.Has("s") {
				g.c.failFile(2, n, err)
			}
			code = 2
			continue
		}
		if n == "-" {
			in.name = "(standard input)"
		}
		g.file(ctx, in)
		in.stop()
		if g.found && g.o.Has("q") || ctx.Err() != nil {
			break
		}
	}
	return code
}

// search is the search of one file.
type search struct {
	*grepper
	name    string
	num     int // of the line
	count   int // of the matches
	after   int // lines of context still to print
	printed int // number of the line printed last
	held    []string
}

func (g *grepper) file(ctx context.Context, in input) {
	s := &search{grepper: g, name: in.name}
	lines(ctx, in.r, func(l string) bool {
		s.num++
		l = strings.TrimSuffix(l, "\n")
		if g.re.MatchString(l) == g.o.Has("v") {
			return s.miss(l)
		}
		s.count++
		g.found = true
		return s.hit(l) && (g.max == 0 || s.count < g.max)
	})
	switch {
	case g.o.Has("q"):
	case g.o.Has("c"):
		if g.names {
			g.c.put(in.name + ":")
		}
		g.c.put(strconv.Itoa(s.count) + "\n")
	case g.o.Has("l") && s.count > 0, g.o.Has("L") && s.count == 0:
		g.c.put(in.name + "\n")
	}
}

func (s *search) prefix(n int, sep string) string {
	p := ""
	if s.names {
		p = s.name + sep
	}
	if s.o.Has("n") {
		p += strconv.Itoa(n) + sep
	}
	return p
}

// miss handles a line that is not selected: it may be context.
func (s *search) miss(l string) bool {
	switch {
	case s.o.Has("q", "c", "l", "L", "o"):
	case s.after > 0:
		s.after--
		s.printed = s.num
		return s.c.put(s.prefix(s.num, "-") + l + "\n")
	case s.before > 0:
		if s.held = append(s.held, l); len(s.held) > s.before {
			s.held = s.held[1:]
		}
	}
	return true
}

// hit prints a line that is selected; false ends the search of the file.
func (s *search) hit(l string) bool {
	switch {
	case s.o.Has("q", "l", "L"):
		return false
	case s.o.Has("c"):
		return true
	case s.o.Has("o") && !s.o.Has("v"):
		for _, m := range s.re.FindAllString(l, -1) {
			if m != "" && !s.c.put(s.prefix(s.num, ":")+m+"\n") {
				return false
			}
		}
		return true
	}
	if first := s.num - len(s.held); s.before+s.grepper.after > 0 && s.printed > 0 && first > s.printed+1 {
		s.c.put("--\n")
	}
	for i, h := range s.held {
		s.c.put(s.prefix(s.num-len(s.held)+i, "-") + h + "\n")
	}
	s.held, s.after, s.printed = nil, s.grepper.after, s.num
	return s.c.put(s.prefix(s.num, ":") + l + "\n")
}
