package shell

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/interp"

	"matou/cloud/sandbox/host/tree"
)

// virtual marks a path as one of the tree. The interpreter looks at some paths itself before it
// asks the handlers; with a NUL byte in it no real path is ever meant, and the look fails without
// a system call.
const virtual = "\x00"

// at is the tree's path for a path that the interpreter gives.
func at(dir, p string) string {
	p = strings.ReplaceAll(p, virtual, "")
	dir = strings.ReplaceAll(dir, virtual, "")
	if filepath.Separator != '/' {
		p, dir = unixed(p), unixed(dir)
	}
	trail := strings.HasSuffix(p, "/")
	p = tree.Clean(dir, p)
	if trail && p != "/" {
		p += "/"
	}
	return p
}

// unixed undoes what filepath.Join and Clean do to a path on Windows.
func unixed(p string) string {
	p = strings.ReplaceAll(p, `\`, "/")
	if len(p) > 1 && p[1] == ':' {
		p = p[2:]
	}
	return p
}

func (s *Shell) open(ctx context.Context, p string, flag int, perm fs.FileMode) (io.ReadWriteCloser, error) {
	hc := interp.HandlerCtx(ctx)
	full := at(hc.Dir, p)
	f, err := s.cfg.FS.OpenFile(full, flag, perm|0o022)
	if err == nil && flag&(os.O_WRONLY|os.O_RDWR) == 0 {
		if i, _ := f.Stat(); i.IsDir() && !strings.HasSuffix(full, "/.") {
			err = &fs.PathError{Op: "read", Path: p, Err: tree.EISDIR}
		}
	}
	if err != nil {
		var pe *fs.PathError
		errors.As(err, &pe)
		return nil, &fs.PathError{Op: s.cfg.Prefix + ":", Path: strings.ReplaceAll(p, virtual, ""), Err: pe.Err}
	}
	if flag&(os.O_WRONLY|os.O_RDWR) != 0 {
		return output{f, s}, nil
	}
	return feed(ctx, f)
}

// output reports the write errors of a redirection once: the interpreter's own commands, such as
// echo, do not look at them.
type output struct {
	*tree.File
	shell *Shell
}

func (o output) Write(b []byte) (int, error) {
	n, err := o.File.Write(b)
	if err != nil {
		var pe *fs.PathError
		if errors.As(err, &pe) {
			_, _ = io.WriteString(o.shell.cfg.Stderr, o.shell.cfg.Prefix+": write error: "+pe.Err.Error()+"\n")
		}
	}
	return n, err
}

// feed lends a file as a pipe: the interpreter takes nothing else as a standard input without a
// goroutine that may outlive its reader.
func feed(ctx context.Context, f *tree.File) (io.ReadWriteCloser, error) {
	pr, pw, err := os.Pipe()
	if err != nil {
		f.Close()
		return nil, err
	}
	go func() {
		defer f.Close()
		defer pw.Close()
		buf := make([]byte, 32<<10)
		for ctx.Err() == nil {
			n, err := f.Read(buf)
			if n > 0 {
				if _, err := pw.Write(buf[:n]); err != nil {
					return
				}
			}
			if err != nil || n == 0 {
				return
			}
		}
	}()
	return pr, nil
}

func (s *Shell) readDir(ctx context.Context, p string) ([]fs.DirEntry, error) {
	list, err := s.cfg.FS.ReadDir(at(interp.HandlerCtx(ctx).Dir, p))
	if err != nil {
		return nil, err
	}
	entries := make([]fs.DirEntry, len(list))
	for i, e := range list {
		entries[i] = e
	}
	return entries, nil
}

func (s *Shell) stat(ctx context.Context, p string, follow bool) (fs.FileInfo, error) {
	p = at(interp.HandlerCtx(ctx).Dir, p)
	look := s.cfg.FS.Lstat
	if follow {
		look = s.cfg.FS.Stat
	}
	i, err := look(p)
	if err != nil {
		return nil, err
	}
	return i, nil
}

func (s *Shell) access(ctx context.Context, p string, mode interp.AccessMode) error {
	want := 0
	for bit, m := range map[int]interp.AccessMode{4: interp.AccessRead, 2: interp.AccessWrite, 1: interp.AccessExec} {
		if mode&m != 0 {
			want |= bit
		}
	}
	return s.cfg.FS.Access(at(interp.HandlerCtx(ctx).Dir, p), want)
}

// exec runs a program.
func (s *Shell) exec(ctx context.Context, args []string) error {
	hc := interp.HandlerCtx(ctx)
	if args[0] == partName {
		return s.runPart(ctx, hc, args[1:])
	}
	own := strings.HasPrefix(args[0], virtual)
	for i, a := range args {
		args[i] = strings.ReplaceAll(a, virtual, "")
	}
	c := Command{
		Args: args, Stdin: hc.Stdin, Stdout: hc.Stdout, Stderr: hc.Stderr,
		Env: exported(hc.Env), Dir: at("/", hc.Dir),
	}
	var code int
	switch {
	case own && args[0] == "wait":
		code = s.waitJobs(ctx)
	case own && args[0] == "jobs":
		code = s.listJobs(c)
	default:
		code = s.cfg.Exec(ctx, c)
	}
	if code != 0 {
		return interp.ExitStatus(uint8(code))
	}
	return nil
}

func exported(env expand.Environ) []string {
	vars := map[string]string{}
	for name, v := range env.Each {
		if v.Exported && v.Kind == expand.String {
			vars[name] = v.Str
		} else {
			delete(vars, name)
		}
	}
	list := make([]string, 0, len(vars))
	for k, v := range vars {
		list = append(list, k+"="+v)
	}
	slices.Sort(list)
	return list
}

// environ is the environment a shell starts with. It answers for every user's home, so that the
// interpreter asks no user database for ~name.
type environ struct {
	list []string
	home func(string) (string, bool)
}

func (e *environ) Get(name string) expand.Variable {
	if user, ok := strings.CutPrefix(name, "HOME "); ok {
		dir := "~" + user
		if e.home != nil {
			if d, ok := e.home(user); ok {
				dir = d
			}
		}
		return expand.Variable{Set: true, Kind: expand.String, Str: dir}
	}
	for i := len(e.list) - 1; i >= 0; i-- {
		if k, v, ok := strings.Cut(e.list[i], "="); ok && k == name {
			return expand.Variable{Set: true, Exported: true, Kind: expand.String, Str: v}
		}
	}
	return expand.Variable{}
}

func (e *environ) Each(f func(string, expand.Variable) bool) {
	for _, kv := range e.list {
		if k, _, ok := strings.Cut(kv, "="); ok && !f(k, e.Get(k)) {
			return
		}
	}
}
