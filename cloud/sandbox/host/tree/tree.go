// Package tree is a virtual host's file tree: what "/" is to everything that runs there.
//
// The tree lives in memory, with POSIX semantics (symbolic links, modes, owners, open files that
// outlive their name), because neither the real machine's rules (Windows has no owners, a link
// could lead out of the folder) nor its load may show through. A [View] is the tree as one user
// sees it; every program and the shell work on a View.
//
// What happens is appended to a journal on a billy filesystem, so that the tree survives a
// restart and a kill: see journal.go. [Tree.Watch] tells who follows a file (tail -F) that it
// changed, so that nobody has to poll. billy.go lends a folder to go-git.
package tree

import (
	"io/fs"
	"path"
	"strings"
	"sync"
	"time"
)

// Limits of one tree. They bound memory: a virtual host is not a place to store things.
const (
	DefaultLimit = 256 << 20 // bytes of file content
	maxLinks     = 40        // links followed in one path, as Linux's MAXSYMLINKS
	maxName      = 255       // bytes of one name
	maxPath      = 4096      // bytes of a path
)

// Tree is a file tree. All methods are safe for concurrent use.
type Tree struct {
	mu      sync.RWMutex
	root    *node
	serial  uint64
	size    int64
	limit   int64
	now     func() time.Time
	full    func(path string) bool
	watches map[string]map[*Watch]struct{}
	log     *journal
}

// node is a file, folder, link or device. Its fields are guarded by Tree.mu.
type node struct {
	ino      uint64
	name     string
	parent   *node
	mode     fs.FileMode
	uid, gid int
	mtime    time.Time
	data     []byte
	target   string
	kids     map[string]*node
	gone     bool // removed; open handles still reach it
}

// Options of a new tree.
type Options struct {
	Limit int64                  // bytes of content; 0 is [DefaultLimit]
	Now   func() time.Time       // nil is time.Now
	Full  func(path string) bool // a write to path fails with ENOSPC when it answers true; may be nil
}

// New makes an empty tree kept in memory only.
func New(o Options) *Tree {
	t := &Tree{limit: o.Limit, now: o.Now, full: o.Full, watches: map[string]map[*Watch]struct{}{}}
	if t.limit <= 0 {
		t.limit = DefaultLimit
	}
	if t.now == nil {
		t.now = time.Now
	}
	t.root = t.newNode("", fs.ModeDir|0o755, 0, 0)
	t.root.parent = t.root
	return t
}

func (t *Tree) newNode(name string, mode fs.FileMode, uid, gid int) *node {
	t.serial++
	n := &node{ino: t.serial, name: name, mode: mode, uid: uid, gid: gid, mtime: t.now()}
	if mode.IsDir() {
		n.kids = map[string]*node{}
	}
	return n
}

// path answers the absolute path of a node. Caller holds the lock.
func (n *node) path() string {
	if n.parent == n {
		return "/"
	}
	var parts []string
	for m := n; m.parent != m; m = m.parent {
		parts = append(parts, m.name)
	}
	var b strings.Builder
	for i := len(parts) - 1; i >= 0; i-- {
		b.WriteByte('/')
		b.WriteString(parts[i])
	}
	return b.String()
}

// Clean answers the absolute slash path that name means seen from dir. A backslash is a slash
// on no system here: it is part of a name, as on Linux.
func Clean(dir, name string) string {
	if !strings.HasPrefix(name, "/") {
		name = dir + "/" + name
	}
	return path.Clean("/" + name)
}

// place is what resolving a path finds: the folder, the last name, and the node when it exists.
type place struct {
	dir  *node
	name string
	node *node
}

// resolve walks an absolute path. The last element's link is followed when follow is set.
// Caller holds the lock.
func (v View) resolve(p string, follow bool) (place, error) {
	if len(p) > maxPath {
		return place{}, ENAMETOOLONG
	}
	links := 0
	return v.walk(v.tree.root, p, follow, &links)
}

func (v View) walk(at *node, p string, follow bool, links *int) (place, error) {
	if strings.HasPrefix(p, "/") {
		at = v.tree.root
	}
	parts := strings.Split(p, "/")
	pl := place{dir: at, name: ".", node: at}
	for i, part := range parts {
		if part == "" || part == "." {
			continue
		}
		last := lastPart(parts[i+1:])
		if pl.node == nil {
			return place{}, ENOENT
		}
		if !pl.node.mode.IsDir() {
			return place{}, ENOTDIR
		}
		if !v.may(pl.node, 1) {
			return place{}, EACCES
		}
		if part == ".." {
			up := pl.node.parent
			pl = place{dir: up.parent, name: up.name, node: up}
			continue
		}
		if len(part) > maxName {
			return place{}, ENAMETOOLONG
		}
		dir := pl.node
		pl = place{dir: dir, name: part, node: dir.kids[part]}
		if pl.node != nil && pl.node.mode&fs.ModeSymlink != 0 && (!last || follow) {
			if *links++; *links > maxLinks {
				return place{}, ELOOP
			}
			var err error
			if pl, err = v.walk(dir, pl.node.target, true, links); err != nil {
				return place{}, err
			}
		}
	}
	return pl, nil
}

func lastPart(rest []string) bool {
	for _, p := range rest {
		if p != "" && p != "." {
			return false
		}
	}
	return true
}

// grow accounts for delta more bytes of content in n, or refuses with ENOSPC. Caller holds the
// write lock.
func (t *Tree) grow(n *node, delta int64) error {
	if delta > 0 && t.size+delta > t.limit {
		return ENOSPC
	}
	if !n.gone {
		t.size += delta
	}
	return nil
}

// room asks the full hook, which may be a fault, before a write to p. It is called without the lock.
func (t *Tree) room(p string) error {
	if t.full != nil && t.full(p) {
		return ENOSPC
	}
	return nil
}

// attach puts n into dir under its name. Caller holds the write lock.
func (t *Tree) attach(dir, n *node) {
	n.parent = dir
	dir.kids[n.name] = n
	dir.mtime = t.now()
	t.notify(n)
}

// detach takes n and all below out of the tree. Caller holds the write lock.
func (t *Tree) detach(n *node) {
	t.notify(n)
	delete(n.parent.kids, n.name)
	n.parent.mtime = t.now()
	t.drop(n)
}

func (t *Tree) drop(n *node) {
	n.gone = true
	t.size -= int64(len(n.data))
	for _, k := range n.kids {
		t.drop(k)
	}
}

// Size answers the bytes of content in the tree and their limit.
func (t *Tree) Size() (used, limit int64) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.size, t.limit
}
