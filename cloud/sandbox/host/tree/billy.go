package tree

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"strconv"

	"github.com/go-git/go-billy/v5"
)

// Billy lends the folder dir as a billy filesystem, which cannot be left: go-git keeps
// repositories on it.
func (v View) Billy(dir string) billy.Filesystem { return &folder{view: v, dir: Clean("/", dir)} }

type folder struct {
	view View
	dir  string
}

var _ billy.Filesystem = (*folder)(nil)

// at is the tree's path for a name inside the folder; ".." stops at the folder.
func (f *folder) at(name string) string {
	return path.Join(f.dir, path.Clean("/"+slashed(name)))
}

func slashed(name string) string {
	if os.PathSeparator == '/' {
		return name
	}
	b := []byte(name)
	for i, c := range b {
		if c == os.PathSeparator {
			b[i] = '/'
		}
	}
	return string(b)
}

func (f *folder) Create(name string) (billy.File, error) {
	return f.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o666)
}

func (f *folder) Open(name string) (billy.File, error) { return f.OpenFile(name, os.O_RDONLY, 0) }

func (f *folder) OpenFile(name string, flag int, perm os.FileMode) (billy.File, error) {
	p := f.at(name)
	if flag&os.O_CREATE != 0 {
		if err := f.view.MkdirAll(path.Dir(p), 0o755); err != nil {
			return nil, plain(err)
		}
	}
	file, err := f.view.OpenFile(p, flag, perm)
	if err != nil {
		return nil, plain(err)
	}
	file.name = name
	return billyFile{file}, nil
}

func (f *folder) Stat(name string) (os.FileInfo, error) {
	i, err := f.view.Stat(f.at(name))
	if err != nil {
		return nil, plain(err)
	}
	return i, nil
}

func (f *folder) Lstat(name string) (os.FileInfo, error) {
	i, err := f.view.Lstat(f.at(name))
	if err != nil {
		return nil, plain(err)
	}
	return i, nil
}

func (f *folder) Rename(from, to string) error {
	if err := f.view.MkdirAll(path.Dir(f.at(to)), 0o755); err != nil {
		return err
	}
	return plain(f.view.Rename(f.at(from), f.at(to)))
}

func (f *folder) Remove(name string) error { return plain(f.view.Remove(f.at(name))) }

func (f *folder) Join(elem ...string) string { return path.Join(elem...) }

func (f *folder) TempFile(dir, prefix string) (billy.File, error) {
	for i := 0; ; i++ {
		name := path.Join(dir, prefix+strconv.Itoa(i))
		file, err := f.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if err == nil || i > 10000 || !os.IsExist(err) {
			return file, err
		}
	}
}

// plain turns an Errno into the io/fs error it stands for: go-git asks os.IsNotExist, which knows
// no others.
func plain(err error) error {
	var pe *fs.PathError
	if !errors.As(err, &pe) {
		return err
	}
	for _, std := range []error{fs.ErrNotExist, fs.ErrExist, fs.ErrPermission} {
		if errors.Is(pe.Err, std) {
			return &fs.PathError{Op: pe.Op, Path: pe.Path, Err: std}
		}
	}
	return err
}

func (f *folder) ReadDir(name string) ([]os.FileInfo, error) {
	list, err := f.view.ReadDir(f.at(name))
	if err != nil {
		return nil, plain(err)
	}
	infos := make([]os.FileInfo, len(list))
	for i, e := range list {
		infos[i] = e
	}
	return infos, nil
}

func (f *folder) MkdirAll(name string, perm os.FileMode) error {
	return plain(f.view.MkdirAll(f.at(name), perm))
}

func (f *folder) Symlink(target, name string) error {
	p := f.at(name)
	if err := f.view.MkdirAll(path.Dir(p), 0o755); err != nil {
		return err
	}
	return plain(f.view.Symlink(target, p))
}

func (f *folder) Readlink(name string) (string, error) {
	target, err := f.view.Readlink(f.at(name))
	return target, plain(err)
}

func (f *folder) Chroot(name string) (billy.Filesystem, error) {
	return &folder{view: f.view, dir: f.at(name)}, nil
}

func (f *folder) Root() string { return f.dir }

// Chmod makes the folder a billy.Chmod, so that go-git sets executable bits.
func (f *folder) Chmod(name string, mode os.FileMode) error { return f.view.Chmod(f.at(name), mode) }

// billyFile adds billy's locks, which a tree of one process does not need.
type billyFile struct{ *File }

func (billyFile) Lock() error   { return nil }
func (billyFile) Unlock() error { return nil }
