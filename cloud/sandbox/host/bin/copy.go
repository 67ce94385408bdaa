package bin

import (
	"context"
	"path"
	"strings"

	"matou/cloud/sandbox/host/tree"
)

// targets pairs each source with where it goes: into the folder or onto the name given last.
func (c *Call) targets(args []string) (pairs [][2]string, code int) {
	if len(args) == 0 {
		return nil, c.Fail(1, "missing file operand")
	}
	if len(args) == 1 {
		return nil, c.Fail(1, "missing destination file operand after '%s'", args[0])
	}
	last := args[len(args)-1]
	into := c.FS.IsDir(c.Path(last))
	if !into && len(args) > 2 {
		return nil, c.Fail(1, "target '%s': No such file or directory", last)
	}
	for _, a := range args[:len(args)-1] {
		to := last
		if into {
			to = strings.TrimSuffix(last, "/") + "/" + path.Base(a)
		}
		pairs = append(pairs, [2]string{a, to})
	}
	return pairs, 0
}

func mv(_ context.Context, c *Call) int {
	o, ok := c.Parse("f i n v")
	if !ok {
		return 1
	}
	pairs, code := c.targets(o.Rest)
	for _, p := range pairs {
		if o.Has("n") && c.FS.Exists(c.Path(p[1])) {
			continue
		}
		if err := c.FS.Rename(tree.Clean(c.Dir, p[0]), tree.Clean(c.Dir, p[1])); err != nil {
			if !c.FS.Exists(c.Path(p[0])) {
				code = c.Fail(1, "cannot stat '%s': %s", p[0], Reason(err))
			} else {
				code = c.Fail(1, "cannot move '%s' to '%s': %s", p[0], p[1], Reason(err))
			}
		}
	}
	return code
}

func cp(ctx context.Context, c *Call) int {
	o, ok := c.Parse("r R a p f i v d n recursive=r archive=a")
	if !ok {
		return 1
	}
	pairs, code := c.targets(o.Rest)
	for _, p := range pairs {
		src, err := c.FS.Stat(c.Path(p[0]))
		switch {
		case err != nil:
			code = c.Fail(1, "cannot stat '%s': %s", p[0], Reason(err))
			continue
		case src.IsDir() && !o.Has("r", "R", "a"):
			code = c.Fail(1, "-r not specified; omitting directory '%s'", p[0])
			continue
		}
		if err := c.copyTree(ctx, tree.Clean(c.Dir, p[0]), tree.Clean(c.Dir, p[1]), o.Has("p", "a")); err != nil {
			code = c.Fail(1, "cannot create '%s': %s", p[1], Reason(err))
		}
	}
	return code
}

func (c *Call) copyTree(ctx context.Context, from, to string, keep bool) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	i, err := c.FS.Stat(from)
	if err != nil {
		return err
	}
	if !i.IsDir() {
		data, err := c.FS.ReadFile(from)
		if err == nil {
			err = c.FS.WriteFile(to, data, i.Mode().Perm())
		}
		if err == nil && keep {
			_ = c.FS.Chmod(to, i.Mode())
			_ = c.FS.Chtimes(to, i.ModTime())
		}
		return err
	}
	if to == from || strings.HasPrefix(to, from+"/") {
		return tree.EINVAL
	}
	list, err := c.FS.ReadDir(from)
	if err == nil {
		err = c.FS.MkdirAll(to, i.Mode().Perm())
	}
	for _, e := range list {
		if err != nil {
			break
		}
		if e.Target() != "" {
			err = c.FS.Symlink(e.Target(), to+"/"+e.Name())
			continue
		}
		err = c.copyTree(ctx, from+"/"+e.Name(), to+"/"+e.Name(), keep)
	}
	return err
}

func ln(_ context.Context, c *Call) int {
	o, ok := c.Parse("s f n v symbolic=s force=f")
	if !ok {
		return 1
	}
	if len(o.Rest) == 1 {
		o.Rest = append(o.Rest, ".")
	}
	if !o.Has("s") {
		return c.Fail(1, "hard links are not supported on this file system")
	}
	pairs, code := c.targets(o.Rest)
	for _, p := range pairs {
		to := tree.Clean(c.Dir, p[1])
		if o.Has("f") {
			if i, err := c.FS.Lstat(to); err == nil && !i.IsDir() {
				_ = c.FS.Remove(to)
			}
		}
		if err := c.FS.Symlink(p[0], to); err != nil {
			code = c.Fail(1, "failed to create symbolic link '%s': %s", p[1], Reason(err))
		}
	}
	return code
}

func install(_ context.Context, c *Call) int {
	o, ok := c.Parse("d m: o: g: D v")
	if !ok {
		return 1
	}
	mode := o.Value("m")
	if mode == "" {
		mode = "755"
	}
	if o.Has("d") {
		for _, n := range o.Rest {
			if err := c.FS.MkdirAll(c.Path(n), 0o755); err != nil {
				return c.Fail(1, "cannot create directory '%s': %s", n, Reason(err))
			}
			_ = c.applyMode(c.Path(n), mode)
		}
		return 0
	}
	pairs, code := c.targets(o.Rest)
	for _, p := range pairs {
		data, err := c.FS.ReadFile(c.Path(p[0]))
		to := c.Path(p[1])
		if err == nil && o.Has("D") {
			err = c.FS.MkdirAll(path.Dir(to), 0o755)
		}
		if err == nil {
			err = c.FS.WriteFile(to, data, 0o755)
		}
		if err == nil {
			err = c.applyMode(to, mode)
		}
		if err != nil {
			code = c.Fail(1, "cannot install '%s': %s", p[0], Reason(err))
		}
	}
	return code
}
