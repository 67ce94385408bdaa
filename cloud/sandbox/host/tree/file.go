package tree

import (
	"crypto/rand"
	"io"
	"io/fs"
	"os"
)

// File is an open file. It is an io.ReadWriteSeeker, io.ReaderAt and io.Closer, safe for
// concurrent use. It goes on working when its name is removed.
type File struct {
	tree   *Tree
	node   *node
	name   string
	flag   int
	off    int64
	closed bool
}

// Open opens a file for reading.
func (v View) Open(p string) (*File, error) { return v.OpenFile(p, os.O_RDONLY, 0) }

// OpenFile opens a file with the flags of package os. perm is used when it is created; the
// umask 022 is applied to it.
func (v View) OpenFile(p string, flag int, perm fs.FileMode) (*File, error) {
	if flag&(os.O_WRONLY|os.O_RDWR) != 0 {
		if err := v.tree.room(p); err != nil {
			return nil, pathError("open", p, err)
		}
	}
	v.tree.mu.Lock()
	defer v.tree.mu.Unlock()
	n, err := v.openNode(p, flag, perm)
	if err != nil {
		return nil, pathError("open", p, err)
	}
	return &File{tree: v.tree, node: n, name: p, flag: flag}, nil
}

func (v View) openNode(p string, flag int, perm fs.FileMode) (*node, error) {
	pl, err := v.resolve(p, flag&os.O_EXCL == 0)
	if err != nil {
		return nil, err
	}
	writes := flag&(os.O_WRONLY|os.O_RDWR) != 0
	n := pl.node
	switch {
	case n == nil && flag&os.O_CREATE == 0:
		return nil, ENOENT
	case n == nil:
		if len(p) > 0 && p[len(p)-1] == '/' {
			return nil, EISDIR
		}
		return v.create(pl, perm.Perm()&^0o022, "")
	case flag&os.O_EXCL != 0 && flag&os.O_CREATE != 0:
		return nil, EEXIST
	case n.mode.IsDir() && writes:
		return nil, EISDIR
	case len(p) > 0 && p[len(p)-1] == '/' && !n.mode.IsDir():
		return nil, ENOTDIR
	case writes && !v.may(n, 2), flag&os.O_WRONLY == 0 && !v.may(n, 4):
		return nil, EACCES
	}
	if flag&os.O_TRUNC != 0 && writes && n.mode.IsRegular() {
		v.tree.cut(n, 0)
	}
	return n, nil
}

// cut sets the length of n. Caller holds the write lock.
func (t *Tree) cut(n *node, size int64) {
	old := int64(len(n.data))
	if size == old {
		return
	}
	if size < old {
		n.data = append([]byte(nil), n.data[:size]...)
	} else {
		n.data = append(n.data, make([]byte, size-old)...)
	}
	if !n.gone {
		t.size += size - old
	}
	n.mtime = t.now()
	t.notify(n)
	t.log.truncate(n)
}

// Name is the path the file was opened with.
func (f *File) Name() string { return f.name }

// Stat describes the open file.
func (f *File) Stat() (fs.FileInfo, error) {
	f.tree.mu.RLock()
	defer f.tree.mu.RUnlock()
	return f.node.info(f.node.name), nil
}

// Gone tells that the file's name was removed or taken by another file.
func (f *File) Gone() bool {
	f.tree.mu.RLock()
	defer f.tree.mu.RUnlock()
	return f.node.gone
}

// Read reads from the file's position.
func (f *File) Read(b []byte) (int, error) {
	f.tree.mu.Lock()
	defer f.tree.mu.Unlock()
	n, err := f.readAt(b, f.off)
	f.off += int64(n)
	return n, err
}

// ReadAt reads from a given position.
func (f *File) ReadAt(b []byte, off int64) (int, error) {
	f.tree.mu.RLock()
	defer f.tree.mu.RUnlock()
	n, err := f.readAt(b, off)
	if err == nil && n < len(b) {
		err = io.EOF
	}
	return n, err
}

func (f *File) readAt(b []byte, off int64) (int, error) {
	switch {
	case f.closed, f.flag&os.O_WRONLY != 0:
		return 0, pathError("read", f.name, EBADF)
	case f.node.mode.IsDir():
		return 0, pathError("read", f.name, EISDIR)
	case off < 0:
		return 0, pathError("read", f.name, EINVAL)
	case f.node.mode&fs.ModeDevice != 0:
		return readDevice(f.node.name, b)
	case len(b) == 0:
		return 0, nil
	case off >= int64(len(f.node.data)):
		return 0, io.EOF
	}
	return copy(b, f.node.data[off:]), nil
}

func readDevice(name string, b []byte) (int, error) {
	switch name {
	case "zero", "full":
		clear(b)
		return len(b), nil
	case "urandom", "random":
		return rand.Read(b)
	}
	return 0, io.EOF
}

// Write writes at the file's position, or at the end when it was opened to append.
func (f *File) Write(b []byte) (int, error) {
	if f.tree.full != nil {
		f.tree.mu.RLock()
		p, regular := f.node.path(), f.node.mode.IsRegular()
		f.tree.mu.RUnlock()
		if regular {
			if err := f.tree.room(p); err != nil {
				return 0, pathError("write", f.name, err)
			}
		}
	}
	f.tree.mu.Lock()
	defer f.tree.mu.Unlock()
	n := f.node
	switch {
	case f.closed, f.flag&(os.O_WRONLY|os.O_RDWR) == 0:
		return 0, pathError("write", f.name, EBADF)
	case n.mode&fs.ModeDevice != 0 && n.name == "full":
		return 0, pathError("write", f.name, ENOSPC)
	case n.mode&fs.ModeDevice != 0:
		return len(b), nil
	case f.flag&os.O_APPEND != 0:
		f.off = int64(len(n.data))
	}
	end := f.off + int64(len(b))
	if delta := end - int64(len(n.data)); delta > 0 {
		if err := f.tree.grow(n, delta); err != nil {
			return 0, pathError("write", f.name, err)
		}
		n.data = append(n.data, make([]byte, delta)...)
	}
	copy(n.data[f.off:end], b)
	n.mtime = f.tree.now()
	f.tree.log.write(n, f.off, b)
	f.off = end
	f.tree.notify(n)
	return len(b), nil
}

// Seek moves the position, as io.Seeker.
func (f *File) Seek(off int64, whence int) (int64, error) {
	f.tree.mu.Lock()
	defer f.tree.mu.Unlock()
	switch whence {
	case io.SeekCurrent:
		off += f.off
	case io.SeekEnd:
		off += int64(len(f.node.data))
	}
	// The limit also bounds how far a sparse write can reach.
	if off < 0 || off > f.tree.limit {
		return 0, pathError("seek", f.name, EINVAL)
	}
	f.off = off
	return off, nil
}

// Truncate sets the length.
func (f *File) Truncate(size int64) error {
	f.tree.mu.Lock()
	defer f.tree.mu.Unlock()
	if f.flag&(os.O_WRONLY|os.O_RDWR) == 0 || size < 0 || !f.node.mode.IsRegular() {
		return pathError("truncate", f.name, EINVAL)
	}
	if delta := size - int64(len(f.node.data)); delta > 0 && f.tree.size+delta > f.tree.limit {
		return pathError("truncate", f.name, ENOSPC)
	}
	f.tree.cut(f.node, size)
	return nil
}

// Close closes the file.
func (f *File) Close() error {
	f.tree.mu.Lock()
	defer f.tree.mu.Unlock()
	if f.closed {
		return pathError("close", f.name, EBADF)
	}
	f.closed = true
	return nil
}

// ReadFile answers a file's content.
func (v View) ReadFile(p string) ([]byte, error) {
	f, err := v.Open(p)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	v.tree.mu.RLock()
	defer v.tree.mu.RUnlock()
	switch {
	case f.node.mode.IsDir():
		return nil, pathError("read", p, EISDIR)
	case f.node.mode&fs.ModeDevice != 0:
		return nil, nil
	}
	return append([]byte(nil), f.node.data...), nil
}

// WriteFile replaces a file's content, making the file with perm when there is none.
func (v View) WriteFile(p string, data []byte, perm fs.FileMode) error {
	return v.put(p, data, perm, os.O_TRUNC)
}

// AppendFile adds to a file's end, making the file with perm when there is none.
func (v View) AppendFile(p string, data []byte, perm fs.FileMode) error {
	return v.put(p, data, perm, os.O_APPEND)
}

func (v View) put(p string, data []byte, perm fs.FileMode, flag int) error {
	if flag == os.O_TRUNC { // a program killed in between must leave the old content or the new
		v.tree.begin()
		defer v.tree.end(true)
	}
	f, err := v.OpenFile(p, os.O_WRONLY|os.O_CREATE|flag, perm)
	if err != nil {
		return err
	}
	if len(data) > 0 {
		_, err = f.Write(data)
	}
	f.Close()
	return err
}

// Device makes a character device; "null", "zero", "full" and "urandom" behave as they should.
func (v View) Device(p string, perm fs.FileMode) error {
	v.tree.mu.Lock()
	defer v.tree.mu.Unlock()
	pl, err := v.resolve(p, false)
	if err == nil && pl.node == nil {
		_, err = v.create(pl, fs.ModeDevice|fs.ModeCharDevice|perm, "")
	}
	return pathError("mknod", p, err)
}
