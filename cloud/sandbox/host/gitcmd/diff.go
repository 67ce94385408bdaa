package gitcmd

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/sergi/go-diff/diffmatchpatch"
)

// diff compares: the work tree with HEAD, or two revisions written "a..b", "a b" or "a" (with the
// work tree), over all files or those named.
func (c *command) diff(context.Context) error {
	var revs, paths []string
	mode := ""
	for i, a := range c.args {
		if a == "--" {
			paths = append(paths, c.args[i+1:]...)
			break
		}
		switch a {
		case "--stat", "--name-only", "--name-status":
			mode = a
			continue
		}
		if strings.HasPrefix(a, "-") {
			continue
		}
		if x, y, ok := strings.Cut(strings.Replace(a, "...", "..", 1), ".."); ok && len(revs) == 0 {
			revs = append(revs, orHead(x), orHead(y))
			continue
		}
		if _, err := c.repo.ResolveRevision(plumbing.Revision(a)); err == nil && len(paths) == 0 {
			revs = append(revs, a)
			continue
		}
		if _, err := c.FS.Lstat(path.Join(c.Dir, a)); err != nil {
			_, err := c.revision(a)
			return err
		}
		paths = append(paths, a)
	}
	if len(revs) == 0 {
		revs = []string{"HEAD"}
	}
	var sides [2]map[string]string
	for i, r := range revs[:min(2, len(revs))] {
		k, err := c.revision(r)
		if err != nil {
			return err
		}
		t, err := k.Tree()
		if err != nil {
			return err
		}
		sides[i] = contents(t)
	}
	if len(revs) == 1 {
		sides[1] = map[string]string{}
		for n := range sides[0] {
			full := path.Join(c.dir, n)
			if target, err := c.FS.Readlink(full); err == nil {
				sides[1][n] = target
			} else if data, err := c.FS.ReadFile(full); err == nil {
				sides[1][n] = string(data)
			}
		}
	}
	for i, p := range paths {
		paths[i] = c.relative(p)
	}
	return c.diffFiles(sides[0], sides[1], paths, mode)
}

func orHead(s string) string {
	if s == "" {
		return "HEAD"
	}
	return s
}

func (c *command) diffFiles(a, b map[string]string, paths []string, mode string) error {
	var names []string
	for n := range a {
		names = append(names, n)
	}
	for n := range b {
		if _, both := a[n]; !both {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	files, plus, minus := 0, 0, 0
	for _, n := range names {
		x, inA := a[n]
		y, inB := b[n]
		if inA == inB && x == y || !selected(n, paths) {
			continue
		}
		files++
		d := compare(x, y)
		p, m := d.count()
		plus, minus = plus+p, minus+m
		switch mode {
		case "--name-only":
			c.out("%s\n", n)
		case "--name-status":
			c.out("%c\t%s\n", letter(inA, inB), n)
		case "--stat":
			c.out(" %s | %d %s%s\n", n, p+m, strings.Repeat("+", min(p, 40)), strings.Repeat("-", min(m, 40)))
		default:
			c.printFile(n, x, y, inA, inB, d)
		}
	}
	if mode == "--stat" && files > 0 {
		c.out(" %d file%s changed, %d insertion%s(+), %d deletion%s(-)\n", files, plural(files), plus, plural(plus), minus, plural(minus))
	}
	return nil
}

func selected(name string, paths []string) bool {
	return len(paths) == 0 || slices.ContainsFunc(paths, func(p string) bool {
		return p == "" || name == p || strings.HasPrefix(name, p+"/")
	})
}

func letter(inA, inB bool) byte {
	switch {
	case !inA:
		return 'A'
	case !inB:
		return 'D'
	}
	return 'M'
}

func (c *command) printFile(n, x, y string, inA, inB bool, d lineDiff) {
	bold, end := "", ""
	if c.colour {
		bold, end = "\x1b[1m", "\x1b[m"
	}
	from, to := "a/"+n, "b/"+n
	hx, hy := blob(x), blob(y)
	head := fmt.Sprintf("diff --git a/%s b/%s\n", n, n)
	switch {
	case !inA:
		head += "new file mode 100644\n"
		from, hx = "/dev/null", "0000000"
	case !inB:
		head += "deleted file mode 100644\n"
		to, hy = "/dev/null", "0000000"
	}
	head += "index " + hx + ".." + hy
	if inA && inB {
		head += " 100644"
	}
	for l := range strings.SplitSeq(head+"\n--- "+from+"\n+++ "+to, "\n") {
		c.out("%s%s%s\n", bold, l, end)
	}
	d.hunks(func(head string, lines []string) {
		c.out("%s\n", c.paint(head, "\x1b[36m"))
		for _, l := range lines {
			switch l[0] {
			case '+':
				l = c.paint(l, "\x1b[32m")
			case '-':
				l = c.paint(l, "\x1b[31m")
			}
			c.out("%s\n", l)
		}
	})
}

func (c *command) paint(s, colour string) string {
	if !c.colour {
		return s
	}
	return colour + s + "\x1b[m"
}

func blob(text string) string {
	return plumbing.ComputeHash(plumbing.BlobObject, []byte(text)).String()[:7]
}

// lineDiff is a comparison by lines: each starts with ' ', '+' or '-'.
type lineDiff []string

func compare(a, b string) lineDiff {
	dmp := diffmatchpatch.New()
	dmp.DiffTimeout = 0 // the same answer on a slow machine
	x, y, table := dmp.DiffLinesToRunes(a, b)
	var out lineDiff
	for _, d := range dmp.DiffCharsToLines(dmp.DiffMainRunes(x, y, false), table) {
		mark := map[diffmatchpatch.Operation]string{diffmatchpatch.DiffEqual: " ", diffmatchpatch.DiffInsert: "+", diffmatchpatch.DiffDelete: "-"}[d.Type]
		for l := range strings.Lines(d.Text) {
			out = append(out, mark+strings.TrimSuffix(l, "\n"))
			if !strings.HasSuffix(l, "\n") {
				out = append(out, `\ No newline at end of file`)
			}
		}
	}
	return out
}

func (d lineDiff) count() (plus, minus int) {
	for _, l := range d {
		switch l[0] {
		case '+':
			plus++
		case '-':
			minus++
		}
	}
	return plus, minus
}

// hunks calls f for each group of changes with three lines of context.
func (d lineDiff) hunks(f func(head string, lines []string)) {
	const around = 3
	for i := 0; i < len(d); {
		if d[i][0] == ' ' {
			i++
			continue
		}
		from, last := max(i-around, 0), i
		for j := i; j < len(d) && j-last <= 2*around; j++ {
			if d[j][0] != ' ' {
				last = j
			}
		}
		to := min(last+around+1, len(d))
		a, b := 1, 1
		for _, l := range d[:from] {
			if l[0] == ' ' || l[0] == '-' {
				a++
			}
			if l[0] == ' ' || l[0] == '+' {
				b++
			}
		}
		na, nb := 0, 0
		for _, l := range d[from:to] {
			if l[0] == ' ' || l[0] == '-' {
				na++
			}
			if l[0] == ' ' || l[0] == '+' {
				nb++
			}
		}
		f("@@ -"+span(a, na)+" +"+span(b, nb)+" @@", d[from:to])
		i = to
	}
}

func span(from, n int) string {
	if n == 0 {
		from--
	}
	if n == 1 {
		return strconv.Itoa(from)
	}
	return strconv.Itoa(from) + "," + strconv.Itoa(n)
}
