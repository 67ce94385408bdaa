package gitcmd

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"matou/cloud/sandbox/host/tree"
)

func (c *command) changes() (git.Status, []string, error) {
	w, err := c.repo.Worktree()
	if err != nil {
		return nil, nil, err
	}
	st, err := w.Status()
	if err != nil {
		return nil, nil, err
	}
	var names []string
	for n, s := range st {
		if s.Worktree != git.Unmodified || s.Staging != git.Unmodified {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	return st, names, nil
}

func (c *command) status(context.Context) error {
	st, names, err := c.changes()
	if err != nil {
		return err
	}
	if slices.ContainsFunc(c.args, func(a string) bool { return a == "-s" || a == "--short" || a == "--porcelain" }) {
		for _, n := range names {
			c.out("%c%c %s\n", st[n].Staging, st[n].Worktree, n)
		}
		return nil
	}
	name, hash := c.current()
	if name != "" {
		c.out("On branch %s\n", name)
	} else {
		c.out("HEAD detached at %s\n", short(hash))
	}
	var staged, changed, untracked []string
	for _, n := range names {
		s := st[n]
		if s.Worktree == git.Untracked {
			untracked = append(untracked, "\t"+n)
			continue
		}
		if s.Staging != git.Unmodified {
			staged = append(staged, "\t"+word(s.Staging)+n)
		}
		if s.Worktree != git.Unmodified {
			changed = append(changed, "\t"+word(s.Worktree)+n)
		}
	}
	section := func(head string, lines []string) {
		if len(lines) > 0 {
			c.out("%s\n%s\n\n", head, strings.Join(lines, "\n"))
		}
	}
	section("Changes to be committed:\n  (use \"git restore --staged <file>...\" to unstage)", staged)
	section("Changes not staged for commit:\n  (use \"git add <file>...\" to update what will be committed)\n"+
		"  (use \"git restore <file>...\" to discard changes in working directory)", changed)
	section("Untracked files:\n  (use \"git add <file>...\" to include in what will be committed)", untracked)
	switch {
	case len(staged) > 0:
	case len(changed) > 0:
		c.out("no changes added to commit (use \"git add\" and/or \"git commit -a\")\n")
	case len(untracked) > 0:
		c.out("nothing added to commit but untracked files present (use \"git add\" to track)\n")
	default:
		c.out("nothing to commit, working tree clean\n")
	}
	return nil
}

func word(s git.StatusCode) string {
	switch s {
	case git.Added:
		return "new file:   "
	case git.Deleted:
		return "deleted:    "
	case git.Renamed:
		return "renamed:    "
	}
	return "modified:   "
}

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

func (c *command) reset(context.Context) error {
	mode, target := git.MixedReset, "HEAD"
	for _, a := range c.args {
		switch a {
		case "--hard":
			mode = git.HardReset
		case "--soft":
			mode = git.SoftReset
		case "--mixed", "-q":
		default:
			target = a
		}
	}
	commit, err := c.revision(target)
	if err != nil {
		return err
	}
	w, err := c.repo.Worktree()
	if err != nil {
		return err
	}
	if err := w.Reset(&git.ResetOptions{Commit: commit.Hash, Mode: mode}); err != nil {
		return err
	}
	if mode == git.HardReset {
		c.out("HEAD is now at %s %s\n", short(commit.Hash), subject(commit))
	}
	return nil
}

func (c *command) add(context.Context) error {
	w, err := c.repo.Worktree()
	if err != nil {
		return err
	}
	for _, a := range c.args {
		rel := c.relative(a)
		switch {
		case a == "-A" || a == "--all" || rel == "":
			err = w.AddWithOptions(&git.AddOptions{All: true})
		case strings.HasPrefix(a, "-"):
		default:
			if _, err = w.Add(rel); err != nil {
				return fmt.Errorf("pathspec '%s' did not match any files", a)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *command) commit(context.Context) error {
	message, all := "", false
	for i := 0; i < len(c.args); i++ {
		switch a := c.args[i]; {
		case (a == "-m" || a == "-am" || a == "--message") && i+1 < len(c.args):
			all = all || a == "-am"
			message = c.args[i+1]
			i++
		case a == "-a" || a == "--all":
			all = true
		}
	}
	if message == "" {
		fmt.Fprintln(c.Stderr, "Aborting commit due to empty commit message.")
		return errExit(1)
	}
	w, err := c.repo.Worktree()
	if err != nil {
		return err
	}
	cfg, err := c.repo.Config()
	if err != nil {
		return err
	}
	who := &object.Signature{Name: cfg.User.Name, Email: cfg.User.Email, When: c.Now()}
	if who.Name == "" {
		who.Name, who.Email = c.User, c.User+"@localhost"
	}
	st, _, err := c.changes()
	if err != nil {
		return err
	}
	staged := 0
	for _, s := range st {
		if s.Staging != git.Unmodified && s.Staging != git.Untracked || all && s.Worktree != git.Unmodified && s.Worktree != git.Untracked {
			staged++
		}
	}
	if staged == 0 {
		_ = c.status(context.Background())
		return errExit(1)
	}
	hash, err := w.Commit(message, &git.CommitOptions{All: all, Author: who, Committer: who})
	if err != nil {
		return err
	}
	name, _ := c.current()
	c.out("[%s %s] %s\n %d file%s changed\n", name, short(hash), firstLine(message), staged, plural(staged))
	return nil
}

func (c *command) init(context.Context) error {
	dir := c.Dir
	for _, a := range c.args {
		if !strings.HasPrefix(a, "-") {
			dir = tree.Clean(c.Dir, a)
		}
	}
	if err := c.FS.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if _, err := initAt(c.FS, dir, "master"); err != nil {
		return err
	}
	c.out("Initialized empty Git repository in %s/.git/\n", strings.TrimSuffix(dir, "/"))
	return nil
}

func (c *command) clone(ctx context.Context) error {
	var args []string
	for _, a := range c.args {
		if !strings.HasPrefix(a, "-") {
			args = append(args, a)
		}
	}
	if len(args) == 0 {
		return errors.New("you must specify a repository to clone")
	}
	name := strings.TrimSuffix(path.Base(args[0]), ".git")
	if len(args) > 1 {
		name = args[1]
	}
	dir := tree.Clean(c.Dir, name)
	if list, err := c.FS.ReadDir(dir); err == nil && len(list) > 0 {
		return fmt.Errorf("destination path '%s' already exists and is not an empty directory", name)
	}
	fmt.Fprintf(c.Stderr, "Cloning into '%s'...\n", name)
	if c.remote == nil {
		return fmt.Errorf("unable to access '%s': Could not resolve host", args[0])
	}
	files, err := c.remote(ctx, args[0])
	if err != nil {
		return fmt.Errorf("repository '%s' not found", args[0])
	}
	b := Builder{View: c.FS, Dir: dir, Name: "Matou", Mail: "matou@localhost", When: c.Now()}
	if err := b.Branch("master", "Import "+name, []Source{{FS: files, Dir: "."}}); err != nil {
		return err
	}
	if err := makeExecutable(c.FS, dir); err != nil {
		return err
	}
	_, err = b.repo.CreateRemote(&config.RemoteConfig{Name: "origin", URLs: []string{args[0]}})
	return err
}

// makeExecutable gives scripts their mode: the folders a repository is made from have none.
func makeExecutable(v tree.View, dir string) error {
	list, err := v.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range list {
		p := path.Join(dir, e.Name())
		if e.IsDir() {
			if e.Name() != ".git" {
				err = makeExecutable(v, p)
			}
		} else if data, readErr := v.ReadFile(p); readErr == nil && strings.HasPrefix(string(data), "#!") {
			err = v.Chmod(p, 0o755)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
