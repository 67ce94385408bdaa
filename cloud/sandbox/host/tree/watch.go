package tree

// Watch tells that something happened at a path: the file was made, written, cut, replaced,
// renamed or removed. It tells that, not what: look again.
type Watch struct {
	C    <-chan struct{}
	c    chan struct{}
	tree *Tree
	path string
}

// Watch watches a path, which need not exist. Links on the way are resolved once, now.
func (v View) Watch(p string) *Watch {
	if real, err := v.RealPath(p); real != "" || err == nil {
		p = real
	}
	w := &Watch{c: make(chan struct{}, 1), tree: v.tree, path: p}
	w.C = w.c
	v.tree.mu.Lock()
	defer v.tree.mu.Unlock()
	if v.tree.watches[p] == nil {
		v.tree.watches[p] = map[*Watch]struct{}{}
	}
	v.tree.watches[p][w] = struct{}{}
	return w
}

// Close ends the watch.
func (w *Watch) Close() {
	w.tree.mu.Lock()
	defer w.tree.mu.Unlock()
	delete(w.tree.watches[w.path], w)
	if len(w.tree.watches[w.path]) == 0 {
		delete(w.tree.watches, w.path)
	}
}

// notify wakes who watches n, or anything below it when it is a folder that moves. Caller holds
// the write lock.
func (t *Tree) notify(n *node) {
	if len(t.watches) == 0 || n.gone {
		return
	}
	p := n.path()
	for watched, set := range t.watches {
		if watched != p && !(n.mode.IsDir() && len(watched) > len(p) && watched[:len(p)] == p && watched[len(p)] == '/') {
			continue
		}
		for w := range set {
			select {
			case w.c <- struct{}{}:
			default: // one wake-up is already waiting
			}
		}
	}
}
