package bin

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"matou/cloud/sandbox/host/tree"
)

func ls(ctx context.Context, c *Call) int {
	o, ok := c.Parse("l a A 1 d h t r R F S p n i color=z all=a almost-all=A recursive=R reverse=r human-readable=h directory=d z:")
	if !ok {
		return 2
	}
	if len(o.Rest) == 0 {
		o.Rest = []string{"."}
	}
	var files, dirs []tree.Info
	names, code := map[string]string{}, 0
	for _, n := range o.Rest {
		p := c.Path(n)
		i, err := c.FS.Stat(p)
		if err != nil || o.Has("l") && !strings.HasSuffix(n, "/") || o.Has("d") {
			i2, err2 := c.FS.Lstat(p)
			if err2 != nil {
				code = c.Fail(2, "cannot access '%s': %s", n, Reason(err2))
				continue
			}
			if !i.IsDir() || o.Has("d") || i2.Target() != "" {
				i = i2
			}
		}
		i = i.Named(n)
		names[n] = p
		if i.IsDir() && !o.Has("d") {
			dirs = append(dirs, i)
		} else {
			files = append(files, i)
		}
	}
	l := lister{c: c, o: o, head: len(o.Rest) > 1 || o.Has("R")}
	if len(files) > 0 {
		l.print(files, false)
	}
	for _, d := range dirs {
		code = max(code, l.dir(ctx, d.Name(), names[d.Name()]))
	}
	return code
}

// lister prints lists of files as ls does.
type lister struct {
	c     *Call
	o     Options
	head  bool // name each folder before its list
	wrote bool
}

func (l *lister) dir(ctx context.Context, name, p string) int {
	if ctx.Err() != nil {
		return 130
	}
	list, err := l.c.FS.ReadDir(p)
	if err != nil {
		return l.c.Fail(2, "cannot open directory '%s': %s", name, Reason(err))
	}
	if l.head {
		if l.wrote {
			l.c.put("\n")
		}
		l.c.put(name + ":\n")
	}
	var show []tree.Info
	if l.o.Has("a") {
		for _, dot := range []string{".", ".."} {
			if i, err := l.c.FS.Stat(tree.Clean(p, dot)); err == nil {
				show = append(show, i.Named(dot))
			}
		}
	}
	for _, e := range list {
		if !strings.HasPrefix(e.Name(), ".") || l.o.Has("a", "A") {
			show = append(show, e)
		}
	}
	l.print(show, true)
	code := 0
	for _, e := range show {
		if l.o.Has("R") && e.IsDir() && e.Name() != "." && e.Name() != ".." {
			code = max(code, l.dir(ctx, strings.TrimSuffix(name, "/")+"/"+e.Name(), strings.TrimSuffix(p, "/")+"/"+e.Name()))
		}
	}
	return code
}

func (l *lister) print(list []tree.Info, total bool) {
	l.wrote = true
	slices.SortStableFunc(list, func(a, b tree.Info) int {
		switch {
		case l.o.Has("t"):
			return b.ModTime().Compare(a.ModTime())
		case l.o.Has("S"):
			return int(b.Size() - a.Size())
		}
		return strings.Compare(a.Name(), b.Name()) // the order of the locale C.UTF-8
	})
	if l.o.Has("r") {
		slices.Reverse(list)
	}
	if l.o.Has("l", "n") {
		l.long(list, total)
		return
	}
	names := make([]string, len(list))
	for i, e := range list {
		names[i] = l.decorate(e)
	}
	if l.c.Width == 0 || l.o.Has("1") {
		for _, n := range names {
			l.c.put(n + "\n")
		}
		return
	}
	l.c.put(columns(names, l.c.Width))
}

func (l *lister) decorate(e tree.Info) string {
	switch {
	case e.IsDir() && l.o.Has("F", "p"):
		return e.Name() + "/"
	case l.o.Has("F") && e.Target() != "":
		return e.Name() + "@"
	case l.o.Has("F") && e.Mode().IsRegular() && e.Mode()&0o111 != 0:
		return e.Name() + "*"
	}
	return e.Name()
}

func (l *lister) long(list []tree.Info, total bool) {
	if total {
		var blocks int64
		for _, e := range list {
			if e.Mode().IsRegular() || e.IsDir() {
				blocks += (e.Size() + 4095) / 4096 * 4
			}
		}
		l.c.put(fmt.Sprintf("total %d\n", blocks))
	}
	rows := make([][5]string, len(list))
	var w [5]int
	for i, e := range list {
		uid, gid := e.Owner()
		rows[i] = [5]string{strconv.Itoa(e.Links()), UserName(l.c.FS, uid), GroupName(l.c.FS, gid), strconv.FormatInt(e.Size(), 10), age(l.c.Now(), e.ModTime())}
		if l.o.Has("h") {
			rows[i][3] = human(e.Size())
		}
		if l.o.Has("n") {
			rows[i][1], rows[i][2] = strconv.Itoa(uid), strconv.Itoa(gid)
		}
		for k, s := range rows[i] {
			w[k] = max(w[k], len(s))
		}
	}
	for i, e := range list {
		r, name := rows[i], l.decorate(e)
		if e.Target() != "" {
			name = e.Name() + " -> " + e.Target()
		}
		l.c.put(fmt.Sprintf("%s %*s %-*s %-*s %*s %s %s\n", modeString(e), w[0], r[0], w[1], r[1], w[2], r[2], w[3], r[3], r[4], name))
	}
}

func human(n int64) string {
	if n < 1024 {
		return strconv.FormatInt(n, 10)
	}
	f, units := float64(n), "KMGT"
	for i := range units {
		if f /= 1024; f < 1024 || i == len(units)-1 {
			if f < 10 {
				return fmt.Sprintf("%.1f%c", f, units[i])
			}
			return fmt.Sprintf("%.0f%c", f, units[i])
		}
	}
	return ""
}

// modeString is the mode as ls -l shows it.
func modeString(i tree.Info) string {
	b := []byte("-rwxrwxrwx")
	for k := range 9 {
		if i.Mode()&(1<<(8-k)) == 0 {
			b[k+1] = '-'
		}
	}
	switch m := i.Mode(); {
	case m.IsDir():
		b[0] = 'd'
	case m&fs.ModeSymlink != 0:
		b[0] = 'l'
	case m&fs.ModeDevice != 0:
		b[0] = 'c'
	}
	if i.Mode()&fs.ModeSticky != 0 {
		if b[9] == 'x' {
			b[9] = 't'
		} else {
			b[9] = 'T'
		}
	}
	return string(b)
}

// columns sets names in as few rows as fit the width, column by column.
func columns(names []string, width int) string {
	if len(names) == 0 {
		return ""
	}
	for rows := 1; ; rows++ {
		cols := (len(names) + rows - 1) / rows
		widths, total := make([]int, cols), -2
		for i, n := range names {
			widths[i/rows] = max(widths[i/rows], len([]rune(n)))
		}
		for _, w := range widths {
			total += w + 2
		}
		if total > width && cols > 1 {
			continue
		}
		var b strings.Builder
		for r := range rows {
			for k := 0; k*rows+r < len(names); k++ {
				n := names[k*rows+r]
				b.WriteString(n)
				if (k+1)*rows+r < len(names) {
					b.WriteString(strings.Repeat(" ", widths[k]-len([]rune(n))+2))
				}
			}
			b.WriteByte('\n')
		}
		return b.String()
	}
}
