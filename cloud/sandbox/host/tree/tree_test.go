package tree

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"sort"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/go-git/go-billy/v5/memfs"
	"pgregory.net/rapid"
)

func TestErrors(t *testing.T) {
	t.Parallel()
	v := New(Options{}).Root()
	check := func(what string, err error, want Errno) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	if err := errors.Join(v.MkdirAll("/a/b", 0o755), v.WriteFile("/a/f", []byte("x"), 0o644), v.Symlink("loop", "/a/loop")); err != nil {
		t.Fatal(err)
	}
	_, err := v.Stat("/nope")
	check("stat", err, ENOENT)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v is no fs.ErrNotExist", err)
	}
	_, err = v.ReadFile("/a")
	check("read a folder", err, EISDIR)
	_, err = v.ReadFile("/a/f/g")
	check("through a file", err, ENOTDIR)
	_, err = v.ReadFile("/a/loop")
	check("loop", err, ELOOP)
	check("mkdir twice", v.Mkdir("/a", 0o755), EEXIST)
	check("remove a full folder", v.Remove("/a"), ENOTEMPTY)
	check("remove the root", v.RemoveAll("/"), EBUSY)
	check("move into itself", v.Rename("/a", "/a/b/c"), EINVAL)
	check("long name", v.WriteFile("/"+strings.Repeat("x", 256), nil, 0o644), ENAMETOOLONG)
	check("write to /dev/full", func() error {
		if err := v.Device("/full", 0o666); err != nil {
			return err
		}
		return v.WriteFile("/full", []byte("x"), 0o644)
	}(), ENOSPC)
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	tr := New(Options{})
	root, user := tr.Root(), tr.As(1000, 1000)
	if err := errors.Join(root.MkdirAll("/home/u", 0o755), root.Chown("/home/u", 1000, 1000), root.MkdirAll("/root", 0o755),
		root.Chmod("/root", 0o700), root.WriteFile("/root/secret", []byte("x"), 0o600), root.WriteFile("/etc", nil, 0o644),
		root.MkdirAll("/tmp", 0o755), root.Chmod("/tmp", 0o777|fs.ModeSticky), root.WriteFile("/tmp/of-root", nil, 0o666)); err != nil {
		t.Fatal(err)
	}
	if err := user.WriteFile("/home/u/f", []byte("x"), 0o644); err != nil {
		t.Error(err)
	}
	for what, err := range map[string]error{
		"read":   func() error { _, err := user.ReadFile("/root/secret"); return err }(),
		"write":  user.WriteFile("/etc", []byte("x"), 0o644),
		"create": user.WriteFile("/x", nil, 0o644),
		"remove": user.Remove("/tmp/of-root"),
		"rename": user.Rename("/tmp/of-root", "/tmp/mine"),
		"list":   func() error { _, err := user.ReadDir("/root"); return err }(),
		"chown":  user.Chown("/home/u/f", 0, 0),
		"chmod":  user.Chmod("/tmp/of-root", 0o777),
	} {
		if !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s: %v, want a permission error", what, err)
		}
	}
}

func TestLimit(t *testing.T) {
	t.Parallel()
	v := New(Options{Limit: 100}).Root()
	if err := v.WriteFile("/a", make([]byte, 90), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := v.WriteFile("/b", make([]byte, 20), 0o644); !errors.Is(err, ENOSPC) {
		t.Errorf("over the limit: %v", err)
	}
	if err := v.Remove("/a"); err != nil {
		t.Fatal(err)
	}
	if err := v.WriteFile("/b", make([]byte, 100), 0o644); err != nil {
		t.Errorf("room was given back: %v", err)
	}
	f, err := v.OpenFile("/b", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Seek(1<<40, io.SeekStart); err == nil {
		t.Error("a seek beyond the limit is allowed")
	}
}

func TestWatch(t *testing.T) {
	t.Parallel()
	v := New(Options{}).Root()
	w := v.Watch("/log")
	defer w.Close()
	told := func(what string, want bool) {
		t.Helper()
		got := false
		select {
		case <-w.C:
			got = true
		default:
		}
		if got != want {
			t.Errorf("%s: told %v, want %v", what, got, want)
		}
	}
	told("nothing", false)
	_ = v.WriteFile("/other", nil, 0o644)
	told("another file", false)
	for what, do := range map[string]func() error{
		"create": func() error { return v.WriteFile("/log", []byte("a"), 0o644) },
	} {
		if err := do(); err != nil {
			t.Fatal(err)
		}
		told(what, true)
	}
	_ = v.AppendFile("/log", []byte("b"), 0o644)
	told("append", true)
	_ = v.Rename("/log", "/log.1")
	told("rename", true)
	_ = v.AppendFile("/log.1", []byte("c"), 0o644)
	told("the renamed file", false)
}

func TestOpenFileOutlivesItsName(t *testing.T) {
	t.Parallel()
	v := New(Options{}).Root()
	_ = v.WriteFile("/f", []byte("hello"), 0o644)
	f, err := v.Open("/f")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := v.Remove("/f"); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(f)
	if err != nil || string(got) != "hello" || !f.Gone() {
		t.Errorf("%q, %v, gone %v", got, err, f.Gone())
	}
}

func TestFS(t *testing.T) {
	t.Parallel()
	v := New(Options{}).Root()
	if err := errors.Join(v.MkdirAll("/d/sub", 0o755), v.WriteFile("/d/a", []byte("1"), 0o644), v.WriteFile("/d/sub/b", []byte("2"), 0o644)); err != nil {
		t.Fatal(err)
	}
	if err := fstest.TestFS(v.FS("/d"), "a", "sub/b"); err != nil {
		t.Error(err)
	}
}

// dump lists a tree: path, mode, owner, content or target.
func dump(t testing.TB, v View, dir string, out map[string]string) {
	t.Helper()
	list, err := v.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range list {
		p := path.Join(dir, i.Name())
		uid, gid := i.Owner()
		s := i.Mode().String() + string(rune('0'+uid)) + string(rune('0'+gid)) + i.Target()
		if i.Mode().IsRegular() {
			data, err := v.ReadFile(p)
			if err != nil {
				t.Fatal(err)
			}
			s += string(data)
		}
		out[p] = s
		if i.IsDir() {
			dump(t, v, p, out)
		}
	}
}

// TestJournal: whatever is done to a tree, and wherever its journal is cut off, opening it again
// gives the tree, or an earlier state of it.
func TestJournal(t *testing.T) {
	t.Parallel()
	names := []string{"/a", "/b", "/a/c", "/a/d", "/b/e", "/a/c/f"}
	rapid.Check(t, func(rt *rapid.T) {
		store := memfs.New()
		tr, _, err := Open(store, Options{})
		if err != nil {
			rt.Fatal(err)
		}
		v := tr.Root()
		name := rapid.SampledFrom(names)
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			p, q := name.Draw(rt, "p"), name.Draw(rt, "q")
			switch rapid.IntRange(0, 8).Draw(rt, "op") {
			case 0:
				_ = v.Mkdir(p, 0o755)
			case 1:
				_ = v.WriteFile(p, []byte(q), 0o644)
			case 2:
				_ = v.AppendFile(p, []byte(q), 0o600)
			case 3:
				_ = v.Rename(p, q)
			case 4:
				_ = v.Remove(p)
			case 5:
				_ = v.RemoveAll(p)
			case 6:
				_ = v.Symlink(q, p)
			case 7:
				_ = v.Chmod(p, 0o700)
			case 8:
				_ = v.Chown(p, 1, 2)
			}
		}
		want := map[string]string{}
		dump(t, v, "/", want)
		if err := tr.Close(); err != nil {
			rt.Fatal(err)
		}
		again, _, err := Open(store, Options{})
		if err != nil {
			rt.Fatal(err)
		}
		got := map[string]string{}
		dump(t, again.Root(), "/", got)
		if d := differ(want, got); d != "" {
			rt.Fatalf("after the replay: %s", d)
		}
		_ = again.Close()
	})
}

func differ(a, b map[string]string) string {
	var keys []string
	for k := range a {
		keys = append(keys, k)
	}
	for k := range b {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		if a[k] != b[k] {
			return k + ": " + a[k] + " / " + b[k]
		}
	}
	return ""
}

func TestTornJournal(t *testing.T) {
	t.Parallel()
	store := memfs.New()
	tr, found, err := Open(store, Options{})
	if err != nil || found {
		t.Fatal(found, err)
	}
	if err := errors.Join(tr.Root().WriteFile("/kept", []byte("1"), 0o644), tr.Root().WriteFile("/torn", []byte("2"), 0o644), tr.Close()); err != nil {
		t.Fatal(err)
	}
	f, _ := store.OpenFile(journalName, os.O_RDWR, 0)
	data, _ := io.ReadAll(f)
	_ = f.Truncate(int64(len(data) - 5))
	f.Close()
	again, found, err := Open(store, Options{})
	if err != nil || !found {
		t.Fatal(found, err)
	}
	if got, err := again.Root().ReadFile("/kept"); string(got) != "1" {
		t.Errorf("%q, %v", got, err)
	}
	// The torn line must not stand in the way of what comes after it.
	_ = again.Root().WriteFile("/later", []byte("3"), 0o644)
	_ = again.Close()
	last, _, err := Open(store, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := last.Root().ReadFile("/later"); string(got) != "3" {
		t.Errorf("%q, %v", got, err)
	}
}

// TestTornBatch cuts a batch's journal anywhere: the next Open finds all of the batch or nothing of it,
// and what was there before.
func TestTornBatch(t *testing.T) {
	t.Parallel()
	store := memfs.New()
	journal := func() []byte {
		t.Helper()
		f, err := store.Open(journalName)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		data, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	tr, _, err := Open(store, Options{})
	if err != nil {
		t.Fatal(err)
	}
	v := tr.Root()
	before := len(journal())
	batch := func() error {
		return errors.Join(v.WriteFile("/a", bytes.Repeat([]byte("x"), 90<<10), 0o644), v.WriteFile("/b", []byte("2"), 0o644))
	}
	if err := tr.Batch(batch); err != nil {
		t.Fatal(err)
	}
	whole := journal()
	for cut := range len(whole) + 1 {
		if cut > before+50 && cut < len(whole)-300 && cut%4999 != 0 {
			continue
		}
		again := New(Options{})
		n, err := again.replay(bytes.NewReader(whole[:cut]))
		a, b := again.Root().Exists("/a"), again.Root().Exists("/b")
		if all := cut == len(whole); err != nil || a != all || b != all || n > 0 != all {
			t.Fatalf("cut after %d bytes of %d: %d changes, %v, %v, %v", cut, len(whole), n, a, b, err)
		}
	}
	if err := v.WriteFile("/later", []byte("3"), 0o644); err != nil {
		t.Fatal(err)
	}
	failed := errors.New("no image")
	err = tr.Batch(func() error { return errors.Join(v.WriteFile("/half", nil, 0o644), failed) })
	if !errors.Is(err, failed) {
		t.Error(err)
	}
	_ = tr.Close()
	last, found, err := Open(store, Options{})
	if err != nil || !found || !last.Root().Exists("/later") || last.Root().Exists("/half") {
		t.Errorf("after a batch that failed: %v, %v", found, err)
	}
	_ = last.Close()
}

func TestJournalIsCompacted(t *testing.T) {
	t.Parallel()
	store := memfs.New()
	tr, _, err := Open(store, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 40 {
		if err := tr.Root().WriteFile("/f", bytes.Repeat([]byte("x"), 500<<10), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	i, err := store.Stat(journalName)
	if err != nil || i.Size() > compactOver+2<<20 {
		t.Errorf("journal of %d bytes for a file of 500 KiB, %v", i.Size(), err)
	}
	if err := tr.Trouble(); err != nil {
		t.Error(err)
	}
	_ = tr.Close()
}

func FuzzReplay(f *testing.F) {
	f.Add([]byte(`{"op":"n","p":"/a","m":2147484141}` + "\n" + `{"op":"w","p":"/a/b","d":"eA=="}` + "\n"))
	f.Add([]byte(`{"op":"r","p":"/a","to":"/a/b"}` + "\n" + `{"op":"d","p":"/"}` + "\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		tr := New(Options{Limit: 1 << 20, Now: func() time.Time { return time.Unix(0, 0) }})
		_, _ = tr.replay(bytes.NewReader(data))
		dump(t, tr.Root(), "/", map[string]string{})
	})
}
