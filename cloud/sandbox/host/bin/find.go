package bin

import (
	"context"
	"path"
	"slices"
	"strconv"
	"strings"

	"matou/cloud/sandbox/host/tree"
)

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
