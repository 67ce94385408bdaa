package gitcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

func subject(c *object.Commit) string { return firstLine(c.Message) }

// names lists the branches that point to each commit, HEAD's first, as --decorate does.
func (c *command) names() map[plumbing.Hash][]string {
	out := map[plumbing.Hash][]string{}
	current, head := c.current()
	if current != "" {
		out[head] = append(out[head], "HEAD -> "+current)
	} else {
		out[head] = append(out[head], "HEAD")
	}
	refs, err := c.repo.Branches()
	if err != nil {
		return out
	}
	_ = refs.ForEach(func(r *plumbing.Reference) error {
		if r.Name().Short() != current {
			out[r.Hash()] = append(out[r.Hash()], r.Name().Short())
		}
		return nil
	})
	return out
}

func (c *command) log(ctx context.Context) error {
	oneline, limit, patch, all := false, -1, false, false
	rev := "HEAD"
	for i := 0; i < len(c.args); i++ {
		switch a := c.args[i]; {
		case a == "--oneline":
			oneline = true
		case a == "-p" || a == "--patch":
			patch = true
		case a == "--all":
			all = true
		case a == "-n" && i+1 < len(c.args):
			limit, _ = strconv.Atoi(c.args[i+1])
			i++
		case len(a) > 1 && a[0] == '-' && strings.Trim(a[1:], "0123456789") == "":
			limit, _ = strconv.Atoi(a[1:])
		case strings.HasPrefix(a, "-"):
		default:
			rev = a
		}
	}
	start, err := c.revision(rev)
	if err != nil {
		name, hash := c.current()
		if rev == "HEAD" && hash.IsZero() {
			return fmt.Errorf("your current branch '%s' does not have any commits yet", name)
		}
		return err
	}
	iter, err := c.repo.Log(&git.LogOptions{From: start.Hash, All: all, Order: git.LogOrderCommitterTime})
	if err != nil {
		return err
	}
	names := c.names()
	err = iter.ForEach(func(k *object.Commit) error {
		if limit == 0 || ctx.Err() != nil {
			return io.EOF
		}
		limit--
		c.printCommit(k, names[k.Hash], oneline)
		if patch {
			return c.printPatch(k)
		}
		return nil
	})
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return err
}

func (c *command) printCommit(k *object.Commit, names []string, oneline bool) {
	deco := ""
	if len(names) > 0 {
		deco = " (" + strings.Join(names, ", ") + ")"
	}
	if oneline {
		c.out("%s%s %s\n", c.yellow(short(k.Hash)), deco, subject(k))
		return
	}
	c.out("%s%s\nAuthor: %s <%s>\nDate:   %s\n\n", c.yellow("commit "+k.Hash.String()), deco, k.Author.Name, k.Author.Email,
		k.Author.When.Format("Mon Jan 2 15:04:05 2006 -0700"))
	for l := range strings.SplitSeq(strings.TrimRight(k.Message, "\n"), "\n") {
		c.out("    %s\n", l)
	}
	c.out("\n")
}

func (c *command) yellow(s string) string {
	if !c.colour {
		return s
	}
	return "\x1b[33m" + s + "\x1b[m"
}

func (c *command) show(context.Context) error {
	rev := "HEAD"
	for _, a := range c.args {
		if !strings.HasPrefix(a, "-") {
			rev = a
		}
	}
	if r, file, ok := strings.Cut(rev, ":"); ok {
		k, err := c.revision(r)
		if err != nil {
			return err
		}
		f, err := k.File(strings.TrimPrefix(file, "./"))
		if err != nil {
			return fmt.Errorf("path '%s' does not exist in '%s'", file, r)
		}
		text, err := f.Contents()
		if err == nil {
			c.out("%s", text)
		}
		return err
	}
	k, err := c.revision(rev)
	if err != nil {
		return err
	}
	c.printCommit(k, c.names()[k.Hash], false)
	return c.printPatch(k)
}

func (c *command) printPatch(k *object.Commit) error {
	to, err := k.Tree()
	if err != nil {
		return err
	}
	from := &object.Tree{}
	if p, err := k.Parent(0); err == nil {
		if from, err = p.Tree(); err != nil {
			return err
		}
	}
	return c.diffFiles(contents(from), contents(to), nil, "")
}

// contents answers the files of a tree with their texts.
func contents(t *object.Tree) map[string]string {
	out := map[string]string{}
	if t == nil || t.Hash.IsZero() {
		return out
	}
	_ = t.Files().ForEach(func(f *object.File) error {
		text, err := f.Contents()
		if err == nil {
			out[f.Name] = text
		}
		return nil
	})
	return out
}
