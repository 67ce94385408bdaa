package gitcmd

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"matou/cloud/sandbox/host/tree"
)

func (c *command) checkout(context.Context) error {
	create, force := false, false
	var args, paths []string
	for i, a := range c.args {
		switch a {
		case "-b", "-B", "-c":
			create = true
		case "-f", "--force":
			force = true
		case "-q", "--quiet":
		case "--":
			paths = c.args[i+1:]
		default:
			args = append(args, a)
		}
		if a == "--" {
			break
		}
	}
	if len(paths) > 0 || len(args) == 1 && !create && c.isPath(args[0]) {
		if len(paths) == 0 {
			paths = args
		}
		return c.revert(paths)
	}
	if len(args) == 0 {
		name, _ := c.current()
		if name == "" {
			return errors.New("you must specify a branch")
		}
		args = []string{name}
	}
	return c.switchTo(args, create, force)
}

// isPath tells whether a word means a tracked file and no revision.
func (c *command) isPath(name string) bool {
	if _, err := c.repo.ResolveRevision(plumbing.Revision(name)); err == nil {
		return false
	}
	return c.FS.Exists(tree.Clean(c.Dir, name))
}

func (c *command) switchTo(args []string, create, force bool) error {
	old, oldHash := c.current()
	ref := plumbing.NewBranchReferenceName(args[0])
	if create {
		hash := oldHash
		if len(args) > 1 {
			commit, err := c.revision(args[1])
			if err != nil {
				return err
			}
			hash = commit.Hash
		}
		if _, err := c.repo.Reference(ref, true); err == nil {
			return fmt.Errorf("a branch named '%s' already exists", args[0])
		}
		if err := c.repo.Storer.SetReference(plumbing.NewHashReference(ref, hash)); err != nil {
			return err
		}
	}
	to, err := c.repo.Reference(ref, true)
	if err != nil {
		return c.detach(args[0], force)
	}
	if args[0] == old {
		if force { // throws local changes away, as on any other branch
			if err := c.move(to.Hash(), true); err != nil {
				return err
			}
		}
		fmt.Fprintf(c.Stderr, "Already on '%s'\n", old)
		return c.listChanges()
	}
	if err := c.move(to.Hash(), force); err != nil {
		return err
	}
	if err := c.repo.Storer.SetReference(plumbing.NewSymbolicReference(plumbing.HEAD, ref)); err != nil {
		return err
	}
	if err := c.listChanges(); err != nil {
		return err
	}
	if create {
		fmt.Fprintf(c.Stderr, "Switched to a new branch '%s'\n", args[0])
	} else {
		fmt.Fprintf(c.Stderr, "Switched to branch '%s'\n", args[0])
	}
	return nil
}

func (c *command) detach(name string, force bool) error {
	h, err := c.repo.ResolveRevision(plumbing.Revision(name))
	if err != nil {
		fmt.Fprintf(c.Stderr, "error: pathspec '%s' did not match any file(s) known to git\n", name)
		return errExit(1)
	}
	if err := c.move(*h, force); err != nil {
		return err
	}
	if err := c.repo.Storer.SetReference(plumbing.NewHashReference(plumbing.HEAD, *h)); err != nil {
		return err
	}
	commit, err := c.repo.CommitObject(*h)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.Stderr, "Note: switching to '%s'.\n\nHEAD is now at %s %s\n", name, short(*h), subject(commit))
	return nil
}

// move brings the work tree from HEAD to a commit. Files changed by hand stay as they are when the
// two commits agree on them, and stop the move when they do not, as with git.
func (c *command) move(to plumbing.Hash, force bool) error {
	w, err := c.repo.Worktree()
	if err != nil {
		return err
	}
	if force {
		return w.Reset(&git.ResetOptions{Commit: to, Mode: git.HardReset})
	}
	st, names, err := c.changes()
	if err != nil {
		return err
	}
	differ, err := c.differ(to)
	if err != nil {
		return err
	}
	keep := map[string][]byte{}
	var clash, untracked []string
	for _, n := range names {
		data, readErr := c.FS.ReadFile(path.Join(c.dir, n))
		if st[n].Worktree == git.Untracked {
			if differ[n] {
				untracked = append(untracked, "\t"+n)
			}
			continue
		}
		if differ[n] {
			clash = append(clash, "\t"+n)
		} else if readErr == nil {
			keep[n] = data
		}
	}
	switch {
	case len(clash) > 0:
		fmt.Fprintf(c.Stderr, "error: Your local changes to the following files would be overwritten by checkout:\n%s\n"+
			"Please commit your changes or stash them before you switch branches.\nAborting\n", strings.Join(clash, "\n"))
		return errExit(1)
	case len(untracked) > 0:
		fmt.Fprintf(c.Stderr, "error: The following untracked working tree files would be overwritten by checkout:\n%s\n"+
			"Please move or remove them before you switch branches.\nAborting\n", strings.Join(untracked, "\n"))
		return errExit(1)
	}
	if err := w.Checkout(&git.CheckoutOptions{Hash: to, Force: true}); err != nil {
		return err
	}
	for n, data := range keep {
		if err := c.FS.WriteFile(path.Join(c.dir, n), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// differ answers the files in which HEAD and a commit differ.
func (c *command) differ(to plumbing.Hash) (map[string]bool, error) {
	_, from := c.current()
	set := map[string]bool{}
	if from.IsZero() || from == to {
		return set, nil
	}
	a, err := c.treeOf(from)
	if err != nil {
		return nil, err
	}
	b, err := c.treeOf(to)
	if err != nil {
		return nil, err
	}
	changes, err := object.DiffTree(a, b)
	if err != nil {
		return nil, err
	}
	for _, ch := range changes {
		set[ch.From.Name], set[ch.To.Name] = true, true
	}
	return set, nil
}

func (c *command) treeOf(h plumbing.Hash) (*object.Tree, error) {
	commit, err := c.repo.CommitObject(h)
	if err != nil {
		return nil, err
	}
	return commit.Tree()
}

func (c *command) listChanges() error {
	st, names, err := c.changes()
	if err != nil {
		return err
	}
	for _, n := range names {
		if s := st[n]; s.Worktree != git.Untracked {
			code := s.Worktree
			if code == git.Unmodified {
				code = s.Staging
			}
			c.out("%c\t%s\n", code, n)
		}
	}
	return nil
}

// revert takes files back from the index, which is what the last commit has unless they were added.
func (c *command) revert(paths []string) error {
	_, head := c.current()
	t, err := c.treeOf(head)
	if err != nil {
		return err
	}
	count := 0
	for _, p := range paths {
		rel := c.relative(p)
		err := t.Files().ForEach(func(f *object.File) error {
			if rel != "" && f.Name != rel && !strings.HasPrefix(f.Name, rel+"/") {
				return nil
			}
			text, err := f.Contents()
			if err != nil {
				return err
			}
			full := path.Join(c.dir, f.Name)
			if old, err := c.FS.ReadFile(full); err == nil && string(old) == text {
				return nil
			}
			count++
			return errors.Join(c.FS.MkdirAll(path.Dir(full), 0o755), c.FS.WriteFile(full, []byte(text), 0o644))
		})
		if err != nil {
			return err
		}
		if _, err := t.FindEntry(rel); err != nil && rel != "" {
			fmt.Fprintf(c.Stderr, "error: pathspec '%s' did not match any file(s) known to git\n", p)
			return errExit(1)
		}
	}
	fmt.Fprintf(c.Stderr, "Updated %d path%s from the index\n", count, plural(count))
	return nil
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// relative is a path inside the work tree; "" is its root.
func (c *command) relative(p string) string {
	full := tree.Clean(c.Dir, p)
	return strings.TrimPrefix(strings.TrimPrefix(full, strings.TrimSuffix(c.dir, "/")), "/")
}

func (c *command) restore(context.Context) error {
	var paths []string
	for _, a := range c.args {
		if a != "--staged" && a != "--" {
			paths = append(paths, a)
		}
	}
	if len(paths) == 0 {
		return errors.New("you must specify path(s) to restore")
	}
	return c.revert(paths)
}
