// Package bin holds the programs of a virtual host that need nothing but its file tree, standard
// streams and clock: what /bin and /usr/bin hold on a small Linux machine.
//
// Each program is a [Func] in [Table]; it gets a [Call] and answers an exit status. They are
// subsets, true to POSIX and GNU in what they do have: options, output and error messages. What a
// program does not know it refuses with its name and exit status 2 or 1, as the real one would.
//
// No program may run without looking at its context, hold more than a bounded part of a stream in
// memory without need, or touch anything outside the Call.
package bin

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"
	"time"

	"matou/cloud/sandbox/host/tree"
)

// Call is one invocation of a program.
type Call struct {
	Args   []string // Args[0] is the name it was called by
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	Env    []string // "NAME=value"
	Dir    string   // working folder
	User   string   // login name
	FS     tree.View
	Now    func() time.Time
	// Exec runs another program with the call's environment and folder; env, when not nil,
	// replaces the environment. It answers the exit status.
	Exec func(ctx context.Context, c Call) int
	// Width is the terminal's width in cells, 0 when the output is none.
	Width int
}

// Func is a program.
type Func func(ctx context.Context, c *Call) int

// Getenv answers a variable of the environment.
func (c *Call) Getenv(name string) string {
	for i := len(c.Env) - 1; i >= 0; i-- {
		if k, v, ok := strings.Cut(c.Env[i], "="); ok && k == name {
			return v
		}
	}
	return ""
}

// Path answers the absolute path of a name given to the program.
func (c *Call) Path(name string) string {
	p := tree.Clean(c.Dir, name)
	if strings.HasSuffix(name, "/") && p != "/" {
		p += "/"
	}
	return p
}

// Fail prints "program: message" to the standard error and answers code.
func (c *Call) Fail(code int, format string, args ...any) int {
	fmt.Fprintf(c.Stderr, "%s: %s\n", base(c.Args[0]), fmt.Sprintf(format, args...))
	return code
}

func base(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// Reason is the bare reason of a file error, as strerror(3) words it.
func Reason(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

// failFile prints "program: name: reason".
func (c *Call) failFile(code int, name string, err error) int {
	return c.Fail(code, "%s: %s", name, Reason(err))
}

// Options are parsed short and long options.
type Options struct {
	set  map[string]string
	seen map[string]bool
	Rest []string
}

// Has tells whether an option was given.
func (o Options) Has(names ...string) bool {
	for _, n := range names {
		if o.seen[n] {
			return true
		}
	}
	return false
}

// Value is an option's last value.
func (o Options) Value(name string) string { return o.set[name] }

// Parse parses options the way getopt_long(3) does. spec is a list of short letters ("l"), short
// letters with a value ("n:"), and long names that stand for a letter ("lines=n"), by blanks. After
// an error, which it prints, ok is false.
func (c *Call) Parse(spec string) (o Options, ok bool) {
	short, long := map[string]bool{}, map[string]string{}
	for s := range strings.FieldsSeq(spec) {
		if name, letter, isLong := strings.Cut(s, "="); isLong {
			long[name] = letter
		} else {
			short[strings.TrimSuffix(s, ":")] = strings.HasSuffix(s, ":")
		}
	}
	o = Options{set: map[string]string{}, seen: map[string]bool{}}
	args := c.Args[1:]
	for i := 0; i < len(args); i++ {
		a := args[i]
		if a == "--" {
			o.Rest = append(o.Rest, args[i+1:]...)
			break
		}
		if len(a) < 2 || a[0] != '-' {
			o.Rest = append(o.Rest, a)
			continue
		}
		var more int
		if strings.HasPrefix(a, "--") {
			more, ok = c.longOption(&o, a[2:], args[i+1:], short, long)
		} else {
			more, ok = c.shortOptions(&o, a[1:], args[i+1:], short)
		}
		if !ok {
			return o, false
		}
		i += more
	}
	return o, true
}

func (c *Call) longOption(o *Options, a string, rest []string, short map[string]bool, long map[string]string) (int, bool) {
	name, value, inline := strings.Cut(a, "=")
	letter, known := long[name]
	if !known {
		c.Fail(2, "unrecognized option '--%s'", name)
		return 0, false
	}
	o.seen[letter] = true
	switch {
	case !short[letter] && !inline, inline:
		o.set[letter] = value
		return 0, true
	case len(rest) == 0:
		c.Fail(2, "option '--%s' requires an argument", name)
		return 0, false
	}
	o.set[letter] = rest[0]
	return 1, true
}

func (c *Call) shortOptions(o *Options, a string, rest []string, short map[string]bool) (int, bool) {
	for j, r := range a {
		letter := string(r)
		valued, known := short[letter]
		if !known {
			c.Fail(2, "invalid option -- '%s'", letter)
			return 0, false
		}
		o.seen[letter] = true
		if !valued {
			continue
		}
		if v := a[j+len(letter):]; v != "" {
			o.set[letter] = v
			return 0, true
		}
		if len(rest) == 0 {
			c.Fail(2, "option requires an argument -- '%s'", letter)
			return 0, false
		}
		o.set[letter] = rest[0]
		return 1, true
	}
	return 0, true
}

// input is one of the streams that a program reads: a file or, for "-", the standard input.
type input struct {
	name string
	r    io.Reader
	stop func()
}

// open opens an argument for reading.
func (c *Call) open(name string) (input, error) {
	if name == "-" {
		r := c.Stdin
		if r == nil {
			r = strings.NewReader("")
		}
		return input{"-", r, func() {}}, nil
	}
	f, err := c.FS.Open(c.Path(name))
	if err != nil {
		return input{}, err
	}
	if i, _ := f.Stat(); i != nil && i.IsDir() {
		f.Close()
		return input{}, &fs.PathError{Op: "read", Path: name, Err: tree.EISDIR}
	}
	return input{name, f, func() { f.Close() }}, nil
}

// each calls f for every file argument, or the standard input when there is none, and answers the
// worst status. A file that can't be read is reported and counts as 1.
func (c *Call) each(ctx context.Context, names []string, f func(in input) int) int {
	if len(names) == 0 {
		names = []string{"-"}
	}
	worst := 0
	for _, n := range names {
		if ctx.Err() != nil {
			return 130
		}
		in, err := c.open(n)
		if err != nil {
			worst = max(worst, c.failFile(1, n, err))
			continue
		}
		worst = max(worst, f(in))
		in.stop()
	}
	return worst
}

// maxLine bounds a line that a program holds in memory; a longer one is handled in pieces.
const maxLine = 1 << 20

// What programs read through is used again by the next: a loop in a shell calls one after the other,
// and a followed log is looked at several times a second.
const bufferSize = 32 << 10

var (
	buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}
	readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, bufferSize) }}
)

// lines calls f with each line of r, its newline included when it has one, until f answers false,
// the context ends or the stream does.
func lines(ctx context.Context, r io.Reader, f func(line string) bool) {
	in := readers.Get().(*bufio.Reader)
	in.Reset(r)
	defer func() {
		in.Reset(nil)
		readers.Put(in)
	}()
	var part strings.Builder
	for ctx.Err() == nil {
		b, err := in.ReadSlice('\n')
		part.Write(b)
		if errors.Is(err, bufio.ErrBufferFull) && part.Len() < maxLine {
			continue
		}
		if part.Len() > 0 && !f(part.String()) {
			return
		}
		part.Reset()
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return
		}
	}
}

// all reads the lines of the inputs without their newlines.
func (c *Call) all(ctx context.Context, names []string) ([]string, int) {
	var list []string
	code := c.each(ctx, names, func(in input) int {
		lines(ctx, in.r, func(l string) bool {
			list = append(list, strings.TrimSuffix(l, "\n"))
			return len(list) < 1<<20
		})
		return 0
	})
	return list, code
}

// put writes to the standard output and tells whether somebody still reads.
func (c *Call) put(s string) bool {
	_, err := io.WriteString(c.Stdout, s)
	return err == nil
}
