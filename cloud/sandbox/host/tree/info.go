package tree

import (
	"io/fs"
	"time"
)

// Info describes a file. It is an [fs.FileInfo] and an [fs.DirEntry].
type Info struct {
	name     string
	size     int64
	mode     fs.FileMode
	mtime    time.Time
	uid, gid int
	ino      uint64
	target   string
	sub      int
}

var (
	_ fs.FileInfo = Info{}
	_ fs.DirEntry = Info{}
)

// info describes n under a name. Caller holds the lock.
func (n *node) info(name string) Info {
	i := Info{
		name: name, mode: n.mode, mtime: n.mtime, uid: n.uid, gid: n.gid, ino: n.ino,
		size: int64(len(n.data)), target: n.target,
	}
	switch {
	case n.mode.IsDir():
		i.size = 4096
		for _, k := range n.kids {
			if k.mode.IsDir() {
				i.sub++
			}
		}
	case n.mode&fs.ModeSymlink != 0:
		i.size = int64(len(n.target))
	}
	return i
}

// Name is the last element of the path.
func (i Info) Name() string { return i.name }

// Size is the number of bytes; 4096 for a folder, as on ext4.
func (i Info) Size() int64 { return i.size }

// Mode holds type and permission bits.
func (i Info) Mode() fs.FileMode { return i.mode }

// ModTime is the time of the last change.
func (i Info) ModTime() time.Time { return i.mtime }

// IsDir tells a folder.
func (i Info) IsDir() bool { return i.mode.IsDir() }

// Owner answers the ids of user and group.
func (i Info) Owner() (uid, gid int) { return i.uid, i.gid }

// Ino tells files apart: a file that replaces another has another number.
func (i Info) Ino() uint64 { return i.ino }

// Target is where a link leads; "" when it is none.
func (i Info) Target() string { return i.target }

// Links is the link count as ls -l shows it.
func (i Info) Links() int {
	if i.mode.IsDir() {
		return 2 + i.sub
	}
	return 1
}

// Type is the type bits of the mode, for [fs.DirEntry].
func (i Info) Type() fs.FileMode { return i.mode.Type() }

// Info is the entry itself, for [fs.DirEntry].
func (i Info) Info() (fs.FileInfo, error) { return i, nil }

// Named is the same file under another name.
func (i Info) Named(name string) Info {
	i.name = name
	return i
}
