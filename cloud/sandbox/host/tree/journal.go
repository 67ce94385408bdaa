package tree

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/go-git/go-billy/v5"
)

// The journal is one JSON object a line, each a change. Replaying them gives the tree back. A last line
// that a kill cut short is ignored and overwritten by the next compaction, and so is a batch without its
// end. When the changes outweigh the tree, the journal is replaced by a snapshot: the changes that make
// the tree from nothing.
const (
	journalName = "tree.jsonl"
	journalNew  = "tree.jsonl.new"
	compactOver = 8 << 20 // bytes of journal before a running tree is compacted
	maxRecord   = DefaultLimit * 2
)

// record is one change. The operations: n(ew), w(rite), t(runcate), r(ename), d(elete), a(ttributes), and
// b(egin) and e(nd) of a batch.
type record struct {
	Op   string `json:"op"`
	Path string `json:"p,omitempty"`
	To   string `json:"to,omitempty"`
	Mode uint32 `json:"m,omitempty"`
	UID  int    `json:"u,omitempty"`
	GID  int    `json:"g,omitempty"`
	Off  int64  `json:"o,omitempty"`
	Time int64  `json:"at,omitempty"` // nanoseconds since 1970
	Data []byte `json:"d,omitempty"`
}

// journal appends to a file. The nil journal keeps nothing. Its methods are called with the
// tree's write lock held. A failed write is kept in err: the tree goes on in memory.
type journal struct {
	tree  *Tree
	fs    billy.Filesystem
	file  billy.File
	buf   *bufio.Writer
	bytes int64
	held  int // >0: changes gather in buf (see Batch)
	err   error
}

// Open makes the tree that the journal on fsys holds. found tells whether there was one.
func Open(fsys billy.Filesystem, o Options) (t *Tree, found bool, err error) {
	t = New(o)
	f, err := fsys.Open(journalName)
	if errors.Is(err, fs.ErrNotExist) || os.IsNotExist(err) {
		return t, false, t.start(fsys)
	}
	if err != nil {
		return nil, false, fmt.Errorf("open tree: %w", err)
	}
	n, err := t.replay(f)
	f.Close()
	if err != nil {
		return nil, false, fmt.Errorf("replay tree: %w", err)
	}
	return t, n > 0, t.start(fsys)
}

// replay applies a journal's lines up to its end or to the first broken one, and of each batch all or
// nothing.
func (t *Tree) replay(r io.Reader) (int, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	count := 0
	var batch []record // of the batch that has begun
	begun := false
	for {
		line, err := in.ReadBytes('\n')
		if err != nil || len(line) > maxRecord {
			if errors.Is(err, io.EOF) {
				err = nil // what is left is a torn line
			}
			return count, err
		}
		var rec record
		if json.Unmarshal(line, &rec) != nil {
			return count, nil //nolint:nilerr // the first broken line is where the journal ends
		}
		switch {
		case rec.Op == "b":
			begun = true
		case rec.Op == "e":
			for _, r := range batch {
				t.redo(r)
			}
			count += len(batch)
			batch, begun = nil, false
		case begun:
			batch = append(batch, rec)
		default:
			t.redo(rec)
			count++
		}
	}
}

// redo applies one change. A change that does not fit is skipped: it can only come from a
// journal that somebody edited.
func (t *Tree) redo(r record) {
	v := t.Root()
	pl, err := v.resolve(r.Path, false)
	if err != nil {
		return
	}
	if r.Op == "n" {
		if pl.node == nil && pl.name != "." && isType(fs.FileMode(r.Mode)) {
			n := t.newNode(pl.name, fs.FileMode(r.Mode), r.UID, r.GID)
			n.target = r.To
			t.attach(pl.dir, n)
			n.mtime = time.Unix(0, r.Time)
		}
		return
	}
	n := pl.node
	if n == nil {
		return
	}
	switch r.Op {
	case "w":
		end := r.Off + int64(len(r.Data))
		if r.Off < 0 || end > t.limit || !n.mode.IsRegular() {
			return
		}
		if d := end - int64(len(n.data)); d > 0 {
			n.data = append(n.data, make([]byte, d)...)
			t.size += d
		}
		copy(n.data[r.Off:], r.Data)
		n.mtime = time.Unix(0, r.Time)
	case "t":
		if r.Off >= 0 && r.Off <= t.limit && n.mode.IsRegular() {
			t.cut(n, r.Off)
			n.mtime = time.Unix(0, r.Time)
		}
	case "a":
		n.mode, n.uid, n.gid, n.mtime = n.mode.Type()|fs.FileMode(r.Mode)&^fs.ModeType, r.UID, r.GID, time.Unix(0, r.Time)
	case "r":
		_ = v.rename(r.Path, r.To)
	case "d":
		if n != t.root {
			t.detach(n)
		}
	}
}

// isType tells whether a mode says what a node is in one way: nothing is a folder and a link at once.
func isType(m fs.FileMode) bool {
	switch m.Type() {
	case 0, fs.ModeDir, fs.ModeSymlink, fs.ModeDevice | fs.ModeCharDevice:
		return true
	}
	return false
}

// start begins a fresh journal that holds the tree as it is.
func (t *Tree) start(fsys billy.Filesystem) error {
	j := &journal{tree: t, fs: fsys}
	if err := j.compact(); err != nil {
		return fmt.Errorf("write tree: %w", err)
	}
	t.log = j
	return nil
}

// compact replaces the journal by a snapshot.
func (j *journal) compact() error {
	f, err := j.fs.OpenFile(journalNew, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	old := j.file
	j.file, j.buf, j.bytes = f, bufio.NewWriterSize(f, 64<<10), 0
	for _, k := range sorted(j.tree.root.kids) {
		j.snapshot(k)
	}
	if j.err == nil {
		j.err = j.buf.Flush()
	}
	if old != nil {
		_ = old.Close()
	}
	if j.err == nil {
		// Closed and opened again because Windows renames no open file.
		_ = f.Close()
		if err := j.fs.Rename(journalNew, journalName); err != nil {
			return err
		}
		j.file, err = j.fs.OpenFile(journalName, os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			return err
		}
		j.buf.Reset(j.file)
	}
	j.bytes = 0
	return j.err
}

func sorted(kids map[string]*node) []*node {
	list := make([]*node, 0, len(kids))
	for _, k := range kids {
		list = append(list, k)
	}
	slices.SortFunc(list, func(a, b *node) int { return int(a.ino) - int(b.ino) })
	return list
}

// snapshot writes the changes that make n and all below from nothing.
func (j *journal) snapshot(n *node) {
	j.put(record{
		Op: "n", Path: n.path(), To: n.target, Mode: uint32(n.mode), UID: n.uid, GID: n.gid,
		Time: n.mtime.UnixNano(),
	})
	if len(n.data) > 0 {
		j.put(record{Op: "w", Path: n.path(), Data: n.data, Time: n.mtime.UnixNano()})
	}
	for _, k := range sorted(n.kids) {
		j.snapshot(k)
	}
}

func (j *journal) put(r record) {
	line, err := json.Marshal(r)
	if err == nil {
		_, err = j.buf.Write(append(line, '\n'))
	}
	j.bytes += int64(len(line)) + 1
	if err != nil && j.err == nil {
		j.err = err
	}
}

// add appends a change of n, which must still be in the tree.
func (j *journal) add(n *node, r record) {
	if j == nil || j.err != nil || n.gone {
		return
	}
	if r.Path == "" {
		r.Path = n.path()
	}
	r.Time = n.mtime.UnixNano()
	j.put(r)
	if j.held == 0 {
		j.flush()
	}
}

func (j *journal) flush() {
	if err := j.buf.Flush(); err != nil && j.err == nil {
		j.err = err
	}
	if j.err == nil && j.bytes > compactOver && j.bytes > 4*j.tree.size {
		if err := j.compact(); err != nil {
			j.err = err
		}
	}
}

func (j *journal) make(n *node) {
	j.add(n, record{Op: "n", To: n.target, Mode: uint32(n.mode), UID: n.uid, GID: n.gid})
}

func (j *journal) write(n *node, off int64, data []byte) {
	j.add(n, record{Op: "w", Off: off, Data: data})
}

func (j *journal) truncate(n *node) { j.add(n, record{Op: "t", Off: int64(len(n.data))}) }

func (j *journal) attributes(n *node) {
	j.add(n, record{Op: "a", Mode: uint32(n.mode), UID: n.uid, GID: n.gid})
}

func (j *journal) remove(n *node) { j.add(n, record{Op: "d"}) }

func (j *journal) rename(from, to string) {
	if j != nil {
		j.add(j.tree.root, record{Op: "r", Path: from, To: to})
	}
}

// Batch runs f and writes the changes it makes at its end, or when the buffer is full, instead of
// one by one: for a boot, which makes hundreds. [Open] finds all of them or none: none when f has
// failed, and then nothing that came later either, or when the program was killed before the end.
func (t *Tree) Batch(f func() error) (err error) {
	t.begin()
	defer func() { t.end(err == nil) }()
	return f()
}

func (t *Tree) begin() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if j := t.log; j != nil {
		if j.held++; j.held == 1 && j.err == nil {
			j.put(record{Op: "b"})
		}
	}
}

func (t *Tree) end(well bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if j := t.log; j != nil {
		if j.held--; j.held == 0 && j.err == nil {
			if well {
				j.put(record{Op: "e"})
			}
			j.flush()
		}
	}
}

// Close ends the journal; the tree goes on in memory. The error is the first that keeping the
// journal met.
func (t *Tree) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	j := t.log
	if j == nil {
		return nil
	}
	t.log = nil
	if j.err == nil {
		j.err = j.buf.Flush()
	}
	if err := j.file.Close(); err != nil && j.err == nil {
		j.err = err
	}
	return j.err
}

// Trouble is the error that stopped the journal, nil when it is well.
func (t *Tree) Trouble() error {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.log == nil {
		return nil
	}
	return t.log.err
}
