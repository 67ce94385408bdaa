package bin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"matou/cloud/sandbox/host/tree"
)

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
		if errors.Is(err, errMode) {
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
