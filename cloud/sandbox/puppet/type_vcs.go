package puppet

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"github.com/go-git/go-billy/v5"
	"github.com/go-git/go-billy/v5/memfs"
	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/filesystem"
)

const branchHead = "refs/heads/master"

func applyVcsrepo(_ context.Context, a *apply, r *Resource) ([]change, error) {
	dir := path.Clean(r.titled("path"))
	if !strings.HasPrefix(dir, "/") || dir == "/" {
		return nil, errors.New("File paths must be fully qualified, not '" + dir + "'")
	}
	if p := r.text("provider"); p != "" && p != "git" || !a.node.Installed("git") {
		return nil, errors.New("Provider " + r.titled("provider") + " is not functional on this host")
	}
	ensure := r.text("ensure")
	_, err := a.node.Stat(path.Join(dir, ".git/config"))
	exists := err == nil
	if ensure == "absent" {
		if !exists {
			return nil, nil
		}
		return []change{{property: "ensure", message: "removed", failure: "change from 'present' to 'absent' failed", do: func() error { return a.node.Remove(dir) }}}, nil
	}
	if ensure == "" {
		ensure = "present"
	}
	source := r.text("source")
	if exists {
		return a.pull(r, dir, source, ensure)
	}
	return []change{{
		property: "ensure", message: "created", failure: "change from 'absent' to '" + ensure + "' failed",
		before: func() {
			a.log.say(noticeLine, shownPath(r)+"/ensure", "Creating repository from "+ensure)
		},
		do: func() error {
			if info, err := a.node.Stat(dir); err == nil && !a.isEmpty(info, dir) && !r.flag("force") {
				return errors.New("Could not create repository (non-repository at path)") //nolint:staticcheck // puppet's words
			}
			return a.clone(source, dir)
		},
	}}, nil
}

// isEmpty tells a folder without entries; a [Node] that lists none is taken to have a file.
func (a *apply) isEmpty(info fs.FileInfo, dir string) bool {
	lister, ok := a.node.(interface {
		ReadDir(path string) ([]fs.FileInfo, error)
	})
	if !info.IsDir() || !ok {
		return false
	}
	entries, err := lister.ReadDir(dir)
	return err == nil && len(entries) == 0
}

// pull brings an existing clone to the newest revision when that is asked for.
func (a *apply) pull(r *Resource, dir, source, ensure string) ([]change, error) {
	folder, known := a.sim.data.VCS[source]
	if ensure != "latest" || !known {
		return nil, nil
	}
	repo, err := a.sim.repository(source, folder)
	if err != nil {
		return nil, err
	}
	want, _ := repo.head()
	have, err := a.node.ReadFile(path.Join(dir, ".git", branchHead))
	if err != nil || strings.TrimSpace(string(have)) == want {
		return nil, nil //nolint:nilerr // another branch is checked out: it is the participant's
	}
	return []change{{
		property: "ensure", message: "ensure changed 'present' to 'latest'", failure: "change from 'present' to 'latest' failed",
		before: func() { a.log.say(noticeLine, shownPath(r)+"/ensure", "Updating to latest '"+want+"' revision") },
		do:     func() error { return a.checkout(repo, dir) },
	}}, nil
}

func (a *apply) clone(source, dir string) error {
	failed := "Execution of '/usr/bin/git clone " + source + " " + dir + "' returned 128: Cloning into '" + dir + "'...\n"
	folder, known := a.sim.data.VCS[source]
	if !known {
		host := strings.TrimPrefix(strings.TrimPrefix(source, "https://"), "http://")
		host, _, _ = strings.Cut(host, "/")
		return errors.New(failed + "fatal: unable to access '" + source + "/': Could not resolve host: " + host)
	}
	repo, err := a.sim.repository(source, folder)
	if err != nil {
		return errors.New(failed + "fatal: " + err.Error())
	}
	return a.checkout(repo, dir)
}

// checkout writes a repository and its files into a folder of the node.
func (a *apply) checkout(repo *repository, dir string) error {
	return repo.walk("", func(name string, mode fs.FileMode, data []byte) error {
		if data == nil {
			return a.node.Mkdir(path.Join(dir, name), 0o755)
		}
		return a.node.WriteFile(path.Join(dir, name), data, mode)
	})
}

// repository is a clone in memory: one commit with the content of a folder.
type repository struct{ tree billy.Filesystem }

// repository makes the clone of a known URL. The commit's author and time are fixed, so that the
// same content always has the same revision.
func (s *Simulator) repository(url, folder string) (*repository, error) {
	tree := memfs.New()
	dot, err := tree.Chroot(".git")
	if err != nil {
		return nil, err
	}
	repo, err := git.Init(filesystem.NewStorage(dot, cache.NewObjectLRUDefault()), tree)
	if err != nil {
		return nil, err
	}
	work, err := repo.Worktree()
	if err != nil {
		return nil, err
	}
	if err := fill(tree, s.workshop, folder); err != nil {
		return nil, err
	}
	if err := work.AddGlob("."); err != nil {
		return nil, err
	}
	who := &object.Signature{Name: "workshop", Email: "workshop@localhost", When: time.Date(2016, 3, 10, 21, 0, 0, 0, time.UTC)}
	head, err := work.Commit("demo application", &git.CommitOptions{Author: who, Committer: who})
	if err != nil {
		return nil, err
	}
	if _, err := repo.CreateRemote(&config.RemoteConfig{Name: "origin", URLs: []string{url}}); err != nil {
		return nil, err
	}
	cfg, err := repo.Config()
	if err != nil {
		return nil, err
	}
	cfg.Branches["master"] = &config.Branch{Name: "master", Remote: "origin", Merge: branchHead}
	if err := repo.SetConfig(cfg); err != nil {
		return nil, err
	}
	return &repository{tree}, repo.Storer.SetReference(plumbing.NewHashReference("refs/remotes/origin/master", head))
}

// fill copies a folder; a script is made executable, since an embedded folder keeps no modes.
func fill(to billy.Filesystem, from fs.FS, folder string) error {
	return fs.WalkDir(from, folder, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(from, p)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o644)
		if info.Mode()&0o111 != 0 || bytes.HasPrefix(data, []byte("#!")) {
			mode = 0o755
		}
		f, err := to.OpenFile(strings.TrimPrefix(strings.TrimPrefix(p, folder), "/"), os.O_RDWR|os.O_CREATE|os.O_TRUNC, mode)
		if err != nil {
			return err
		}
		_, err = f.Write(data)
		return errors.Join(err, f.Close())
	})
}

func (r *repository) head() (string, error) {
	var out string
	err := r.walk("", func(name string, _ fs.FileMode, data []byte) error {
		if name == path.Join(".git", branchHead) {
			out = strings.TrimSpace(string(data))
		}
		return nil
	})
	return out, err
}

// walk calls f for each file, and for each folder with data nil.
func (r *repository) walk(dir string, f func(name string, mode fs.FileMode, data []byte) error) error {
	entries, err := r.tree.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		if e.IsDir() {
			if err := errors.Join(f(name, 0o755, nil), r.walk(name, f)); err != nil {
				return err
			}
			continue
		}
		file, err := r.tree.Open(name)
		if err != nil {
			return err
		}
		data, err := io.ReadAll(file)
		if err := errors.Join(err, file.Close()); err != nil {
			return err
		}
		if err := f(name, e.Mode().Perm(), append([]byte{}, data...)); err != nil {
			return err
		}
	}
	return nil
}
