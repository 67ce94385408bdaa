package tree

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// View is the tree as one user sees it. Paths are absolute, with slashes. The errors are
// *fs.PathError holding an [Errno].
type View struct {
	tree     *Tree
	uid, gid int
}

// Root is the tree as root sees it: every access is allowed.
func (t *Tree) Root() View { return View{tree: t} }

// Batch is that of [Tree.Batch].
func (v View) Batch(f func() error) error { return v.tree.Batch(f) }

// As is the tree as the user with these ids sees it.
func (t *Tree) As(uid, gid int) View { return View{tree: t, uid: uid, gid: gid} }

// Tree answers the tree behind the view.
func (v View) Tree() *Tree { return v.tree }

// IDs answers the ids of the view's user.
func (v View) IDs() (uid, gid int) { return v.uid, v.gid }

// may tells whether the user may read (4), write (2) or execute (1) n. Caller holds the lock.
func (v View) may(n *node, want fs.FileMode) bool {
	if v.uid == 0 {
		return want != 1 || n.mode.IsDir() || n.mode&0o111 != 0
	}
	switch {
	case n.uid == v.uid:
		return n.mode>>6&want == want
	case n.gid == v.gid:
		return n.mode>>3&want == want
	}
	return n.mode&want == want
}

// mayRemove tells whether the user may unlink n from dir, which the sticky bit narrows.
func (v View) mayRemove(dir, n *node) bool {
	if !v.may(dir, 3) {
		return false
	}
	return dir.mode&fs.ModeSticky == 0 || v.uid == 0 || n.uid == v.uid || dir.uid == v.uid
}

// Access tells whether the user may use a path: mode is a sum of 4 (read), 2 (write), 1 (execute).
func (v View) Access(p string, mode int) error {
	v.tree.mu.RLock()
	defer v.tree.mu.RUnlock()
	pl, err := v.resolve(p, true)
	if err == nil && pl.node == nil {
		err = ENOENT
	}
	for _, bit := range []fs.FileMode{4, 2, 1} {
		if err == nil && fs.FileMode(mode)&bit != 0 && !v.may(pl.node, bit) {
			err = EACCES
		}
	}
	return pathError("access", p, err)
}

// Stat describes what a path leads to; links are followed.
func (v View) Stat(p string) (Info, error) { return v.stat("stat", p, true) }

// Lstat describes a path; a link is described itself.
func (v View) Lstat(p string) (Info, error) { return v.stat("lstat", p, false) }

func (v View) stat(op, p string, follow bool) (Info, error) {
	v.tree.mu.RLock()
	defer v.tree.mu.RUnlock()
	// "link/" means the folder behind the link.
	pl, err := v.resolve(p, follow || strings.HasSuffix(p, "/"))
	if err == nil && pl.node == nil {
		err = ENOENT
	}
	if err != nil {
		return Info{}, pathError(op, p, err)
	}
	return pl.node.info(path.Base(p)), nil
}

// Exists tells whether a path leads somewhere.
func (v View) Exists(p string) bool {
	_, err := v.Stat(p)
	return err == nil
}

// IsDir tells whether a path leads to a folder.
func (v View) IsDir(p string) bool {
	i, err := v.Stat(p)
	return err == nil && i.IsDir()
}

// RealPath answers the path with all links resolved.
func (v View) RealPath(p string) (string, error) {
	v.tree.mu.RLock()
	defer v.tree.mu.RUnlock()
	pl, err := v.resolve(p, true)
	if err != nil {
		return "", pathError("realpath", p, err)
	}
	if pl.node == nil {
		return path.Join(pl.dir.path(), pl.name), pathError("realpath", p, ENOENT)
	}
	return pl.node.path(), nil
}

// ReadDir lists a folder, sorted by name.
func (v View) ReadDir(p string) ([]Info, error) {
	v.tree.mu.RLock()
	defer v.tree.mu.RUnlock()
	pl, err := v.resolve(p, true)
	switch {
	case err != nil:
	case pl.node == nil:
		err = ENOENT
	case !pl.node.mode.IsDir():
		err = ENOTDIR
	case !v.may(pl.node, 4):
		err = EACCES
	}
	if err != nil {
		return nil, pathError("open", p, err)
	}
	list := make([]Info, 0, len(pl.node.kids))
	for name, k := range pl.node.kids {
		list = append(list, k.info(name))
	}
	slices.SortFunc(list, func(a, b Info) int { return strings.Compare(a.name, b.name) })
	return list, nil
}

// Mkdir makes one folder.
func (v View) Mkdir(p string, perm fs.FileMode) error {
	v.tree.mu.Lock()
	defer v.tree.mu.Unlock()
	pl, err := v.resolve(p, false)
	if err == nil && pl.node != nil {
		err = EEXIST
	}
	if err == nil {
		_, err = v.create(pl, fs.ModeDir|perm.Perm(), "")
	}
	return pathError("mkdir", p, err)
}

// MkdirAll makes a folder and its missing parents; an existing one is no error.
func (v View) MkdirAll(p string, perm fs.FileMode) error {
	v.tree.mu.Lock()
	defer v.tree.mu.Unlock()
	return pathError("mkdir", p, v.mkdirAll(p, perm))
}

func (v View) mkdirAll(p string, perm fs.FileMode) error {
	at := ""
	for part := range strings.SplitSeq(path.Clean(p), "/") {
		if part == "" {
			continue
		}
		at += "/" + part
		pl, err := v.resolve(at, true)
		switch {
		case err != nil:
			return err
		case pl.node == nil:
			if _, err := v.create(pl, fs.ModeDir|perm.Perm(), ""); err != nil {
				return err
			}
		case !pl.node.mode.IsDir():
			return ENOTDIR
		}
	}
	return nil
}

// create makes a node at a place that holds none. Caller holds the write lock.
func (v View) create(pl place, mode fs.FileMode, target string) (*node, error) {
	switch {
	case pl.dir == nil || pl.dir.gone || pl.name == "." || pl.name == "":
		return nil, ENOENT
	case !v.may(pl.dir, 3):
		return nil, EACCES
	}
	n := v.tree.newNode(pl.name, mode, v.uid, v.gid)
	n.target = target
	v.tree.attach(pl.dir, n)
	v.tree.log.make(n)
	return n, nil
}

// Symlink makes a link at p that leads to target, which may not exist.
func (v View) Symlink(target, p string) error {
	v.tree.mu.Lock()
	defer v.tree.mu.Unlock()
	pl, err := v.resolve(p, false)
	switch {
	case err != nil:
	case pl.node != nil:
		err = EEXIST
	case target == "" || len(target) > maxPath:
		err = EINVAL
	default:
		_, err = v.create(pl, fs.ModeSymlink|0o777, target)
	}
	return pathError("symlink", p, err)
}

// Readlink answers where a link leads.
func (v View) Readlink(p string) (string, error) {
	v.tree.mu.RLock()
	defer v.tree.mu.RUnlock()
	pl, err := v.resolve(p, false)
	switch {
	case err != nil:
	case pl.node == nil:
		err = ENOENT
	case pl.node.mode&fs.ModeSymlink == 0:
		err = EINVAL
	default:
		return pl.node.target, nil
	}
	return "", pathError("readlink", p, err)
}

// Remove removes a file, a link or an empty folder.
func (v View) Remove(p string) error { return v.remove(p, false) }

// RemoveAll removes a path with all it holds; a missing one is no error.
func (v View) RemoveAll(p string) error { return v.remove(p, true) }

func (v View) remove(p string, all bool) error {
	v.tree.mu.Lock()
	defer v.tree.mu.Unlock()
	pl, err := v.resolve(p, false)
	switch {
	case err != nil:
	case pl.node == nil:
		if all {
			return nil
		}
		err = ENOENT
	case pl.node == v.tree.root:
		err = EBUSY
	case !v.mayRemove(pl.dir, pl.node):
		err = EACCES
	case !all && len(pl.node.kids) > 0:
		err = ENOTEMPTY
	default:
		v.tree.log.remove(pl.node)
		v.tree.detach(pl.node)
	}
	return pathError("remove", p, err)
}

// Rename moves from to to, replacing a file or an empty folder there.
func (v View) Rename(from, to string) error {
	v.tree.mu.Lock()
	defer v.tree.mu.Unlock()
	return pathError("rename", from, v.rename(from, to))
}

func (v View) rename(from, to string) error {
	src, err := v.resolve(from, false)
	if err != nil {
		return err
	}
	dst, err := v.resolve(to, false)
	if err != nil {
		return err
	}
	switch {
	case src.node == nil:
		return ENOENT
	case src.node == v.tree.root || dst.node == v.tree.root:
		return EBUSY
	case src.node == dst.node:
		return nil
	case !v.mayRemove(src.dir, src.node) || !v.may(dst.dir, 3):
		return EACCES
	}
	for d := dst.dir; ; d = d.parent {
		if d == src.node {
			return EINVAL
		}
		if d.parent == d {
			break
		}
	}
	if old := dst.node; old != nil {
		switch {
		case old.mode.IsDir() && !src.node.mode.IsDir():
			return EISDIR
		case !old.mode.IsDir() && src.node.mode.IsDir():
			return ENOTDIR
		case len(old.kids) > 0:
			return ENOTEMPTY
		case !v.mayRemove(dst.dir, old):
			return EACCES
		}
		v.tree.detach(old)
	}
	old := src.node.path()
	v.tree.notify(src.node)
	delete(src.node.parent.kids, src.node.name)
	src.node.name = dst.name
	v.tree.attach(dst.dir, src.node)
	v.tree.log.rename(old, src.node.path())
	return nil
}

// Chmod sets the permission bits and the sticky bit.
func (v View) Chmod(p string, mode fs.FileMode) error {
	return v.change("chmod", p, true, func(n *node) {
		keep := fs.ModePerm | fs.ModeSticky | fs.ModeSetuid | fs.ModeSetgid
		n.mode = n.mode&^keep | mode&keep
	})
}

// Chown sets the owner; -1 leaves one as it is. Only root may.
func (v View) Chown(p string, uid, gid int) error {
	if v.uid != 0 {
		return pathError("chown", p, EPERM)
	}
	return v.change("chown", p, false, func(n *node) {
		if uid >= 0 {
			n.uid = uid
		}
		if gid >= 0 {
			n.gid = gid
		}
	})
}

// Chtimes sets the time of the last change.
func (v View) Chtimes(p string, at time.Time) error {
	return v.change("chtimes", p, true, func(n *node) { n.mtime = at })
}

func (v View) change(op, p string, follow bool, set func(*node)) error {
	v.tree.mu.Lock()
	defer v.tree.mu.Unlock()
	pl, err := v.resolve(p, follow)
	switch {
	case err != nil:
	case pl.node == nil:
		err = ENOENT
	case v.uid != 0 && v.uid != pl.node.uid:
		err = EPERM
	default:
		set(pl.node)
		v.tree.log.attributes(pl.node)
	}
	return pathError(op, p, err)
}
