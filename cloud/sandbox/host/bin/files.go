package bin

import (
	"context"
	"fmt"
	"io"
	"io/fs"
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

// targets pairs each source with where it goes: into the folder or onto the name given last.
func (c *Call) targets(args []string, verb string) (pairs [][2]string, code int) {
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
	pairs, code := c.targets(o.Rest, "move")
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
	pairs, code := c.targets(o.Rest, "copy")
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
	pairs, code := c.targets(o.Rest, "link")
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

func chmod(ctx context.Context, c *Call) int {
	if len(c.Args) < 3 {
		return c.Fail(1, "missing operand")
	}
	args, recurse := c.Args[1:], false
	for len(args) > 0 && (args[0] == "-R" || args[0] == "-v" || args[0] == "-f") {
		recurse = recurse || args[0] == "-R"
		args = args[1:]
	}
	if len(args) < 2 {
		return c.Fail(1, "missing operand")
	}
	code := 0
	for _, n := range args[1:] {
		err := c.walk(ctx, tree.Clean(c.Dir, n), recurse, func(p string) error { return c.applyMode(p, args[0]) })
		if err == errMode {
			return c.Fail(1, "invalid mode: '%s'", args[0])
		}
		if err != nil {
			code = c.Fail(1, "cannot access '%s': %s", n, Reason(err))
		}
	}
	return code
}

// walk calls f for p and, when recurse is set, for all below it.
func (c *Call) walk(ctx context.Context, p string, recurse bool, f func(p string) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := f(p); err != nil || !recurse {
		return err
	}
	if i, err := c.FS.Lstat(p); err != nil || !i.IsDir() {
		return err
	}
	list, err := c.FS.ReadDir(p)
	for _, e := range list {
		if err == nil && e.Target() == "" {
			err = c.walk(ctx, strings.TrimSuffix(p, "/")+"/"+e.Name(), true, f)
		}
	}
	return err
}

const errMode = tree.Errno("invalid mode")

// applyMode sets a mode given in octal or symbols (chmod(1)).
func (c *Call) applyMode(p, mode string) error {
	i, err := c.FS.Stat(p)
	if err != nil {
		return err
	}
	m := i.Mode()
	if n, err := strconv.ParseUint(mode, 8, 32); err == nil && n <= 0o7777 {
		m = fs.FileMode(n & 0o777)
		for bit, flag := range map[uint64]fs.FileMode{0o1000: fs.ModeSticky, 0o2000: fs.ModeSetgid, 0o4000: fs.ModeSetuid} {
			if n&bit != 0 {
				m |= flag
			}
		}
		return c.FS.Chmod(p, m)
	}
	for clause := range strings.SplitSeq(mode, ",") {
		if m, err = symbolic(m, clause, i.IsDir()); err != nil {
			return err
		}
	}
	return c.FS.Chmod(p, m)
}

func symbolic(m fs.FileMode, clause string, dir bool) (fs.FileMode, error) {
	at := strings.IndexAny(clause, "+-=")
	if at < 0 {
		return 0, errMode
	}
	var who, what fs.FileMode
	for _, r := range clause[:at] {
		switch r {
		case 'u':
			who |= 0o700
		case 'g':
			who |= 0o070
		case 'o':
			who |= 0o007
		case 'a':
			who |= 0o777
		default:
			return 0, errMode
		}
	}
	if who == 0 {
		who = 0o777
	}
	for _, r := range clause[at+1:] {
		switch r {
		case 'r':
			what |= 0o444
		case 'w':
			what |= 0o222
		case 'x':
			what |= 0o111
		case 'X':
			if dir || m&0o111 != 0 {
				what |= 0o111
			}
		case 't', 's':
		default:
			return 0, errMode
		}
	}
	switch clause[at] {
	case '+':
		return m | who&what, nil
	case '-':
		return m &^ (who & what), nil
	}
	return m&^who | who&what, nil
}

func chown(ctx context.Context, c *Call) int {
	o, ok := c.Parse("R v f h")
	if !ok || len(o.Rest) < 2 {
		return c.Fail(1, "missing operand")
	}
	user, group, hasGroup := strings.Cut(strings.Replace(o.Rest[0], ".", ":", 1), ":")
	uid, gid := -1, -1
	if user != "" {
		if uid = LookupUser(c.FS, user).UID; uid < 0 {
			return c.Fail(1, "invalid user: '%s'", o.Rest[0])
		}
	}
	if hasGroup && group != "" {
		if gid = LookupGroup(c.FS, group); gid < 0 {
			return c.Fail(1, "invalid group: '%s'", o.Rest[0])
		}
	}
	code := 0
	for _, n := range o.Rest[1:] {
		err := c.walk(ctx, tree.Clean(c.Dir, n), o.Has("R"), func(p string) error { return c.FS.Chown(p, uid, gid) })
		if err != nil {
			code = c.Fail(1, "changing ownership of '%s': %s", n, Reason(err))
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
	pairs, code := c.targets(o.Rest, "install")
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

func stat(_ context.Context, c *Call) int {
	o, ok := c.Parse("c: L format=c")
	if !ok {
		return 1
	}
	code := 0
	for _, n := range o.Rest {
		i, err := c.FS.Lstat(tree.Clean(c.Dir, n))
		if err == nil && o.Has("L") {
			i, err = c.FS.Stat(tree.Clean(c.Dir, n))
		}
		if err != nil {
			code = c.Fail(1, "cannot statx '%s': %s", n, Reason(err))
			continue
		}
		uid, gid := i.Owner()
		perm := fmt.Sprintf("%o", octal(i.Mode()))
		format := o.Value("c")
		if format == "" {
			when := i.ModTime().Format("2006-01-02 15:04:05.000000000 -0700")
			fmt.Fprintf(c.Stdout, "  File: %s\n  Size: %-10d\tBlocks: %-10d IO Block: 4096   %s\nInode: %-11d Links: %d\n"+
				"Access: (%04o/%s)  Uid: (%5d/%8s)   Gid: (%5d/%8s)\nModify: %s\n", n, i.Size(), (i.Size()+511)/512,
				kind(i), i.Ino(), i.Links(), octal(i.Mode()), modeString(i), uid, UserName(c.FS, uid), gid, GroupName(c.FS, gid), when)
			continue
		}
		c.put(strings.NewReplacer("%a", perm, "%A", modeString(i), "%n", n, "%s", strconv.FormatInt(i.Size(), 10),
			"%U", UserName(c.FS, uid), "%u", strconv.Itoa(uid), "%G", GroupName(c.FS, gid), "%g", strconv.Itoa(gid),
			"%Y", strconv.FormatInt(i.ModTime().Unix(), 10), "%y", i.ModTime().Format("2006-01-02 15:04:05.000000000 -0700"),
			"%F", kind(i), "%i", strconv.FormatUint(i.Ino(), 10), "%%", "%").Replace(format) + "\n")
	}
	return code
}

func kind(i tree.Info) string {
	switch {
	case i.IsDir():
		return "directory"
	case i.Mode()&fs.ModeSymlink != 0:
		return "symbolic link"
	case i.Mode()&fs.ModeDevice != 0:
		return "character special file"
	case i.Size() == 0:
		return "regular empty file"
	}
	return "regular file"
}

func octal(m fs.FileMode) uint32 {
	o := uint32(m.Perm())
	if m&fs.ModeSticky != 0 {
		o |= 0o1000
	}
	if m&fs.ModeSetgid != 0 {
		o |= 0o2000
	}
	if m&fs.ModeSetuid != 0 {
		o |= 0o4000
	}
	return o
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
