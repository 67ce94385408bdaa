package bin

import (
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"matou/cloud/sandbox/host/tree"
)

func mkdir(_ context.Context, c *Call) int {
	o, ok := c.Parse("p m: v parents=p mode=m verbose=v")
	if !ok {
		return 1
	}
	if len(o.Rest) == 0 {
		return c.Fail(1, "missing operand")
	}
	code := 0
	for _, n := range o.Rest {
		p := tree.Clean(c.Dir, n)
		var err error
		if o.Has("p") {
			err = c.FS.MkdirAll(p, 0o755)
		} else {
			err = c.FS.Mkdir(p, 0o755)
		}
		if err == nil && o.Has("m") {
			err = c.applyMode(p, o.Value("m"))
		}
		if err != nil {
			code = c.Fail(1, "cannot create directory '%s': %s", n, Reason(err))
		} else if o.Has("v") {
			c.put(fmt.Sprintf("mkdir: created directory '%s'\n", n))
		}
	}
	return code
}

func rmdir(_ context.Context, c *Call) int {
	o, ok := c.Parse("p")
	if !ok {
		return 1
	}
	code := 0
	for _, n := range o.Rest {
		p := tree.Clean(c.Dir, n)
		err := error(tree.ENOTDIR)
		if i, e := c.FS.Lstat(p); e != nil {
			err = e
		} else if i.IsDir() {
			err = c.FS.Remove(p)
		}
		if err != nil {
			code = c.Fail(1, "failed to remove '%s': %s", n, Reason(err))
		}
	}
	return code
}

func rm(ctx context.Context, c *Call) int {
	o, ok := c.Parse("r R f i v d recursive=r force=f verbose=v")
	if !ok {
		return 1
	}
	if len(o.Rest) == 0 && !o.Has("f") {
		return c.Fail(1, "missing operand")
	}
	code := 0
	for _, n := range o.Rest {
		if ctx.Err() != nil {
			return 130
		}
		p := tree.Clean(c.Dir, n)
		i, err := c.FS.Lstat(p)
		switch {
		case err != nil && o.Has("f") && Reason(err) == string(tree.ENOENT):
			continue
		case err != nil:
		case p == "/":
			code = c.Fail(1, "it is dangerous to operate recursively on '/'")
			continue
		case i.IsDir() && !o.Has("r", "R") && !o.Has("d"):
			err = tree.EISDIR
		case o.Has("r", "R"):
			err = c.FS.RemoveAll(p)
		default:
			err = c.FS.Remove(p)
		}
		if err != nil {
			code = c.Fail(1, "cannot remove '%s': %s", n, Reason(err))
		} else if o.Has("v") {
			c.put(fmt.Sprintf("removed '%s'\n", n))
		}
	}
	return code
}

func touch(_ context.Context, c *Call) int {
	o, ok := c.Parse("c a m d: t: r:")
	if !ok {
		return 1
	}
	code := 0
	for _, n := range o.Rest {
		p := c.Path(n)
		if c.FS.Exists(p) {
			if err := c.FS.Chtimes(p, c.Now()); err != nil {
				code = c.Fail(1, "setting times of '%s': %s", n, Reason(err))
			}
			continue
		}
		if o.Has("c") {
			continue
		}
		f, err := c.FS.OpenFile(p, os.O_WRONLY|os.O_CREATE, 0o666)
		if err != nil {
			code = c.Fail(1, "cannot touch '%s': %s", n, Reason(err))
			continue
		}
		f.Close()
	}
	return code
}

func mktemp(_ context.Context, c *Call) int {
	o, ok := c.Parse("d t p: q u")
	if !ok {
		return 1
	}
	pattern := "/tmp/tmp.XXXXXXXXXX"
	if len(o.Rest) > 0 {
		pattern = c.Path(o.Rest[0])
	}
	stem := strings.TrimRight(pattern, "X")
	if len(pattern)-len(stem) < 3 {
		return c.Fail(1, "too few X's in template '%s'", pattern)
	}
	for i := range 1000 {
		p := stem + strconv.FormatInt(c.Now().UnixNano()/1000+int64(i), 36)
		var err error
		if o.Has("d") {
			err = c.FS.Mkdir(p, 0o700)
		} else {
			var f *tree.File
			if f, err = c.FS.OpenFile(p, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err == nil {
				f.Close()
			}
		}
		if err == nil {
			c.put(p + "\n")
			return 0
		}
		if Reason(err) != string(tree.EEXIST) {
			return c.Fail(1, "failed to create file via template '%s': %s", pattern, Reason(err))
		}
	}
	return 1
}

func readlink(_ context.Context, c *Call) int {
	o, ok := c.Parse("f e m n s")
	if !ok {
		return 1
	}
	code := 0
	for _, n := range o.Rest {
		p := tree.Clean(c.Dir, n)
		var to string
		var err error
		if o.Has("f", "e", "m") || base(c.Args[0]) == "realpath" {
			if to, err = c.FS.RealPath(p); to != "" && !o.Has("e") {
				err = nil
			}
		} else {
			to, err = c.FS.Readlink(p)
		}
		if err != nil {
			code = 1
			continue
		}
		c.put(to + "\n")
	}
	return code
}

func basename(_ context.Context, c *Call) int {
	if len(c.Args) < 2 {
		return c.Fail(1, "missing operand")
	}
	b := path.Base(c.Args[1])
	if len(c.Args) > 2 && b != c.Args[2] {
		b = strings.TrimSuffix(b, c.Args[2])
	}
	c.put(b + "\n")
	return 0
}

func dirname(_ context.Context, c *Call) int {
	if len(c.Args) < 2 {
		return c.Fail(1, "missing operand")
	}
	for _, a := range c.Args[1:] {
		c.put(path.Dir(a) + "\n")
	}
	return 0
}

func pwd(_ context.Context, c *Call) int {
	p, err := c.FS.RealPath(c.Dir)
	if err != nil {
		return c.failFile(1, c.Dir, err)
	}
	c.put(p + "\n")
	return 0
}

func tee(ctx context.Context, c *Call) int {
	o, ok := c.Parse("a i append=a")
	if !ok {
		return 1
	}
	mode := os.O_TRUNC
	if o.Has("a") {
		mode = os.O_APPEND
	}
	outs, code := []io.Writer{c.Stdout}, 0
	for _, n := range o.Rest {
		f, err := c.FS.OpenFile(c.Path(n), os.O_WRONLY|os.O_CREATE|mode, 0o666)
		if err != nil {
			code = c.failFile(1, n, err)
			continue
		}
		defer f.Close()
		outs = append(outs, f)
	}
	in, _ := c.open("-")
	lines(ctx, in.r, func(l string) bool {
		for _, w := range outs {
			if _, err := io.WriteString(w, l); err != nil && w != c.Stdout {
				code = c.Fail(1, "%s", Reason(err))
			}
		}
		return true
	})
	return code
}

func age(now, t time.Time) string {
	if d := now.Sub(t); d > 182*24*time.Hour || d < -time.Hour {
		return t.Format("Jan _2  2006")
	}
	return t.Format("Jan _2 15:04")
}
