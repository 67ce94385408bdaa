package tree

import (
	"io"
	"io/fs"
	"path"
)

// FS lends the folder dir as an [fs.FS], as it is at each call.
func (v View) FS(dir string) fs.FS { return dirFS{v, Clean("/", dir)} }

type dirFS struct {
	view View
	dir  string
}

var (
	_ fs.ReadFileFS = dirFS{}
	_ fs.ReadDirFS  = dirFS{}
	_ fs.StatFS     = dirFS{}
)

func (d dirFS) at(op, name string) (string, error) {
	if !fs.ValidPath(name) {
		return "", &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	return path.Join(d.dir, name), nil
}

func (d dirFS) Open(name string) (fs.File, error) {
	p, err := d.at("open", name)
	if err != nil {
		return nil, err
	}
	f, err := d.view.Open(p)
	if err != nil {
		return nil, err
	}
	if info, _ := f.Stat(); info != nil && info.IsDir() {
		list, err := d.view.ReadDir(p)
		return &openDir{File: f, list: list}, err
	}
	return f, nil
}

func (d dirFS) ReadFile(name string) ([]byte, error) {
	p, err := d.at("open", name)
	if err != nil {
		return nil, err
	}
	return d.view.ReadFile(p)
}

func (d dirFS) Stat(name string) (fs.FileInfo, error) {
	p, err := d.at("stat", name)
	if err != nil {
		return nil, err
	}
	i, err := d.view.Stat(p)
	if err != nil {
		return nil, err
	}
	return i, nil
}

func (d dirFS) ReadDir(name string) ([]fs.DirEntry, error) {
	p, err := d.at("readdir", name)
	if err != nil {
		return nil, err
	}
	list, err := d.view.ReadDir(p)
	entries := make([]fs.DirEntry, len(list))
	for i, e := range list {
		entries[i] = e
	}
	return entries, err
}

// openDir is a folder opened through FS.
type openDir struct {
	*File
	list []Info
}

// ReadDir answers the next n entries, as [fs.ReadDirFile] says.
func (o *openDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if n > 0 && len(o.list) == 0 {
		return nil, io.EOF
	}
	if n <= 0 || n > len(o.list) {
		n = len(o.list)
	}
	entries := make([]fs.DirEntry, n)
	for i := range entries {
		entries[i] = o.list[i]
	}
	o.list = o.list[n:]
	return entries, nil
}
