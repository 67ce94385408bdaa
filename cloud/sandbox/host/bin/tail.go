package bin

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"

	"matou/cloud/sandbox/host/tree"
)

// tail prints the end of files and follows them: -f the file that was opened, -F the name, whatever
// file it leads to. tailf is tail -f.
func tail(ctx context.Context, c *Call) int {
	oldStyle(c)
	o, ok := c.Parse("n: c: f F q v s: lines=n bytes=c follow=f retry=F quiet=q z pid=s")
	if !ok {
		return 1
	}
	count, from, bytes := 10, false, o.Has("c")
	value := o.Value("n") + o.Value("c")
	if value != "" {
		from = value[0] == '+'
		n, err := strconv.Atoi(strings.TrimLeft(value, "+-"))
		if err != nil {
			return c.Fail(1, "invalid number of lines: '%s'", value)
		}
		count = n
	}
	byName := o.Has("F") || o.Value("f") == "name"
	t := &tailer{c: c, count: count, from: from, bytes: bytes, byName: byName, heads: len(o.Rest) > 1 && !o.Has("q")}
	if !o.Has("f", "F") && base(c.Args[0]) != "tailf" {
		return c.each(ctx, o.Rest, func(in input) int {
			t.header(in.name)
			t.last(ctx, in.r)
			return 0
		})
	}
	if len(o.Rest) == 0 {
		in, _ := c.open("-")
		t.last(ctx, in.r)
		return 0
	}
	return t.follow(ctx, o.Rest)
}

type tailer struct {
	c      *Call
	count  int
	from   bool // from that line on, instead of the last ones
	bytes  bool
	byName bool
	heads  bool
	name   string // whose lines were printed last
	wrote  bool
}

func (t *tailer) header(name string) {
	if !t.heads || t.name == name {
		return
	}
	if t.wrote {
		t.c.put("\n")
	}
	if name == "-" {
		name = "standard input"
	}
	t.c.put("==> " + name + " <==\n")
	t.name, t.wrote = name, true
}

// maxHeld bounds what tail keeps of a stream to find its last lines.
const maxHeld = 16 << 20

func (t *tailer) last(ctx context.Context, r io.Reader) {
	if t.bytes {
		data, _ := io.ReadAll(io.LimitReader(r, maxHeld))
		n := min(t.count, len(data))
		if t.from {
			data = data[min(max(t.count-1, 0), len(data)):]
		} else {
			data = data[len(data)-n:]
		}
		t.c.put(string(data))
		return
	}
	if t.from {
		skip := t.count - 1
		lines(ctx, r, func(l string) bool {
			skip--
			return skip >= 0 || t.c.put(l)
		})
		return
	}
	var held []string
	size := 0
	lines(ctx, r, func(l string) bool {
		held, size = append(held, l), size+len(l)
		for len(held) > t.count || size > maxHeld && len(held) > 1 {
			size -= len(held[0])
			held = held[1:]
		}
		return true
	})
	t.c.put(strings.Join(held, ""))
}

// followed is one file that is followed.
type followed struct {
	name, path string
	watch      *tree.Watch
	file       *tree.File
	off        int64
	ino        uint64
}

// follow prints what is added to the files until the context ends or nobody reads. It waits for
// the tree to tell of a change; it never polls.
func (t *tailer) follow(ctx context.Context, names []string) int {
	var list []*followed
	wake := make(chan *followed)
	ctx, cancel := context.WithCancel(ctx)
	var waiters []chan struct{}
	defer func() {
		cancel()
		for _, w := range waiters {
			<-w
		}
		for _, f := range list {
			f.watch.Close()
			if f.file != nil {
				f.file.Close()
			}
		}
	}()
	for _, n := range names {
		f := &followed{name: n, path: t.c.Path(n)}
		f.watch = t.c.FS.Watch(f.path)
		list = append(list, f)
		if err := t.begin(ctx, f); err != nil && !t.byName {
			if len(names) == 1 {
				t.c.Fail(1, "cannot open '%s' for reading: %s", n, Reason(err))
				return t.c.Fail(1, "no files remaining")
			}
			continue
		}
		done := make(chan struct{})
		waiters = append(waiters, done)
		go func() {
			defer close(done)
			for {
				select {
				case <-ctx.Done():
					return
				case <-f.watch.C:
				}
				select {
				case <-ctx.Done():
					return
				case wake <- f:
				}
			}
		}()
	}
	for {
		select {
		case <-ctx.Done():
			return 130
		case f := <-wake:
			if !t.more(ctx, f) {
				return 0
			}
		}
	}
}

func (t *tailer) begin(ctx context.Context, f *followed) error {
	in, err := t.c.open(f.name)
	if err != nil {
		if t.byName {
			t.c.Fail(1, "cannot open '%s' for reading: %s", f.name, Reason(err))
		}
		return err
	}
	f.file = in.r.(*tree.File)
	info, _ := f.file.Stat()
	f.ino = info.(tree.Info).Ino()
	t.header(f.name)
	t.last(ctx, f.file)
	// The position is where reading stopped: lines added meanwhile come next.
	f.off, _ = f.file.Seek(0, io.SeekCurrent)
	return nil
}

// more prints what f got since; it answers false when nobody reads any more.
func (t *tailer) more(ctx context.Context, f *followed) bool {
	if t.byName && !t.reopen(f) {
		return true
	}
	if f.file == nil {
		return true
	}
	info, _ := f.file.Stat()
	if info.Size() < f.off {
		t.c.Fail(0, "%s: file truncated", f.name)
		f.off = 0
	}
	mem := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(mem)
	buf := mem[:]
	for ctx.Err() == nil {
		n, err := f.file.ReadAt(buf, f.off)
		if n > 0 {
			t.header(f.name)
			f.off += int64(n)
			if !t.c.put(string(buf[:n])) {
				return false
			}
		}
		if n == 0 || err != nil && !errors.Is(err, io.EOF) {
			break
		}
	}
	return true
}

// reopen makes f the file its name leads to now; false when there is none.
func (t *tailer) reopen(f *followed) bool {
	info, err := t.c.FS.Stat(f.path)
	if err != nil {
		if f.file != nil {
			f.file.Close()
			f.file = nil
			t.c.Fail(0, "'%s' has become inaccessible: %s", f.name, Reason(err))
		}
		return false
	}
	if f.file != nil && info.Ino() == f.ino {
		return true
	}
	if f.file != nil {
		f.file.Close()
		t.c.Fail(0, "'%s' has been replaced;  following new file", f.name)
	} else {
		t.c.Fail(0, "'%s' has appeared;  following new file", f.name)
	}
	f.file, err = t.c.FS.Open(f.path)
	if err != nil {
		f.file = nil
		return false
	}
	f.off, f.ino = 0, info.Ino()
	return true
}
