// Package gitcmd is git on a virtual host: go-git's repositories on the host's file tree, with the
// words of git's own command line.
//
// [Builder] makes a repository from folders, as an image asks for one; [Run] is the command. What
// it knows: status, branch, checkout, switch, log, diff, show, rev-parse, add, commit, config, init,
// clone, remote, reset --hard, restore and stash. The rest is refused with git's message for an unknown
// command.
package gitcmd

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/filesystem"

	"matou/cloud/sandbox/host/tree"
)

// Source is a folder whose files go into a commit, under To.
type Source struct {
	FS  fs.FS
	Dir string
	To  string
}

// Builder makes a repository with one commit after the other, each the head of a branch of its own.
type Builder struct {
	View       tree.View
	Dir        string
	Name, Mail string
	When       time.Time
	Links      map[string]string // symbolic links of every branch: path -> target

	repo *git.Repository
	last plumbing.Hash
}

func openAt(v tree.View, dir string) (*git.Repository, error) {
	dot := v.Billy(path.Join(dir, ".git"))
	return git.Open(filesystem.NewStorage(dot, cache.NewObjectLRUDefault()), v.Billy(dir))
}

func initAt(v tree.View, dir, branch string) (*git.Repository, error) {
	dot := v.Billy(path.Join(dir, ".git"))
	return git.InitWithOptions(filesystem.NewStorage(dot, cache.NewObjectLRUDefault()), v.Billy(dir),
		git.InitOptions{DefaultBranch: plumbing.NewBranchReferenceName(branch)})
}

// Branch makes a branch: one commit on top of the branch made before, holding just these files.
func (b *Builder) Branch(name, message string, files []Source) error {
	if b.repo == nil {
		if err := b.View.MkdirAll(b.Dir, 0o755); err != nil {
			return err
		}
		repo, err := initAt(b.View, b.Dir, name)
		if err != nil {
			return fmt.Errorf("init: %w", err)
		}
		b.repo = repo
	} else {
		ref := plumbing.NewHashReference(plumbing.NewBranchReferenceName(name), b.last)
		head := plumbing.NewSymbolicReference(plumbing.HEAD, ref.Name())
		if err := errors.Join(b.repo.Storer.SetReference(ref), b.repo.Storer.SetReference(head)); err != nil {
			return err
		}
	}
	if err := b.replace(files); err != nil {
		return err
	}
	w, err := b.repo.Worktree()
	if err != nil {
		return err
	}
	if err := w.AddWithOptions(&git.AddOptions{All: true}); err != nil {
		return fmt.Errorf("add: %w", err)
	}
	who := &object.Signature{Name: b.Name, Email: b.Mail, When: b.When}
	b.last, err = w.Commit(message, &git.CommitOptions{Author: who, Committer: who, AllowEmptyCommits: true})
	if err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// replace puts the files in place of what the work tree holds. What stays the same is not written.
func (b *Builder) replace(files []Source) error {
	want := map[string]bool{}
	for _, src := range files {
		err := fs.WalkDir(src.FS, src.Dir, func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || path.Base(p) == ".gitkeep" {
				return err
			}
			data, err := fs.ReadFile(src.FS, p)
			if err != nil {
				return err
			}
			dst := path.Join(b.Dir, src.To, strings.TrimPrefix(p, src.Dir))
			want[dst] = true
			if old, err := b.View.ReadFile(dst); err == nil && string(old) == string(data) {
				return nil
			}
			return errors.Join(b.View.MkdirAll(path.Dir(dst), 0o755), b.View.WriteFile(dst, data, 0o644))
		})
		if err != nil {
			return err
		}
	}
	for link, target := range b.Links {
		p := path.Join(b.Dir, link)
		want[p] = true
		if old, err := b.View.Readlink(p); err == nil && old == target {
			continue
		}
		if err := errors.Join(b.View.MkdirAll(path.Dir(p), 0o755), b.View.Symlink(target, p)); err != nil {
			return err
		}
	}
	return b.prune(b.Dir, want)
}

func (b *Builder) prune(dir string, want map[string]bool) error {
	list, err := b.View.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range list {
		p := path.Join(dir, e.Name())
		switch {
		case e.IsDir() && e.Name() != ".git":
			err = b.prune(p, want)
		case !e.IsDir() && !want[p]:
			err = b.View.Remove(p)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Checkout checks a branch out.
func (b *Builder) Checkout(name string) error {
	if b.repo == nil {
		return errors.New("no branches")
	}
	w, err := b.repo.Worktree()
	if err != nil {
		return err
	}
	return w.Checkout(&git.CheckoutOptions{Branch: plumbing.NewBranchReferenceName(name), Force: true})
}
