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
