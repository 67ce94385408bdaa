package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// ErrHeld says that another process uses the state folder.
var ErrHeld = errors.New("state folder is in use")

const (
	stateFile   = "world.json"
	lockFile    = "lock"
	holderFile  = "holder"
	hostsFolder = "hosts"
	version     = 1
)

// kept is what world.json holds. It has no secret: admin passwords are shown once and forgotten,
// tokens and passwords of the accounts live in memory and in the workshop's data.
type kept struct {
	Version int
	Ports   portNumbers
	NextKey int
	Keys    []*keypair
	Servers []*instance
	Gone    []*instance
	Groups  []*group     `json:",omitempty"`
	Rules   []*groupRule `json:",omitempty"`
}

// store keeps the world in a folder. The zero store keeps nothing, which is the world in memory.
type store struct {
	dir  string
	lock *flock.Flock

	mu    sync.Mutex // held while writing, so that waiting savers share one write
	saved uint64

	troubleMu sync.Mutex
	trouble   error // of the folder, for good
	failed    error // of the last write
}

// openStore takes the folder. A folder that can't be written makes a store in memory with a
// trouble; a folder that another process holds is an error.
func openStore(dir string) (*store, error) {
	s := &store{}
	if dir == "" {
		return s, nil
	}
	if err := os.MkdirAll(filepath.Join(dir, hostsFolder), 0o700); err != nil {
		s.trouble = fmt.Errorf("state is not kept: %w", err)
		return s, nil
	}
	lock := flock.New(filepath.Join(dir, lockFile), flock.SetPermissions(0o600))
	ok, err := lock.TryLock()
	if err != nil {
		s.trouble = fmt.Errorf("state is not kept: lock folder: %w", err)
		return s, nil
	}
	if !ok {
		_ = lock.Close()
		return nil, fmt.Errorf("open sandbox %s: %w%s", dir, ErrHeld, holder(dir))
	}
	s.dir, s.lock = dir, lock
	text := fmt.Sprintf("process %d since %s\n", os.Getpid(), time.Now().Format(time.DateTime))
	if err := writeFile(filepath.Join(dir, holderFile), []byte(text)); err != nil {
		s.complain(fmt.Errorf("state is not kept: %w", err))
	}
	return s, nil
}

// holder tells who has the folder, as " by process 12 since ...".
func holder(dir string) string {
	f, err := os.Open(filepath.Join(dir, holderFile))
	if err != nil {
		return ""
	}
	defer f.Close()
	buf := make([]byte, 100)
	n, _ := f.Read(buf)
	return " by " + strings.TrimSpace(string(buf[:n]))
}

// load puts what is kept into the world. A file that can't be understood is set aside, never
// overwritten, and the world starts empty.
func (s *store) load(w *world) error {
	if s.dir == "" {
		return nil
	}
	name := filepath.Join(s.dir, stateFile)
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var k kept
	if err == nil {
		err = json.Unmarshal(data, &k)
	}
	if err == nil && k.Version > version {
		return fmt.Errorf("open sandbox %s: written by a newer version (%d, this one knows %d)", name, k.Version, version)
	}
	if err == nil {
		err = w.restore(&k)
	}
	if err == nil {
		return nil
	}
	aside := fmt.Sprintf("%s.bad-%d", name, time.Now().Unix())
	if moveErr := os.Rename(name, aside); moveErr != nil {
		return fmt.Errorf("open sandbox %s: %w", name, errors.Join(err, moveErr))
	}
	s.complain(fmt.Errorf("%s was damaged (%w): set aside as %s, the cloud starts empty", stateFile, err, filepath.Base(aside)))
	return nil
}

// restore fills the world from what was kept.
func (w *world) restore(k *kept) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, in := range k.Servers {
		if in == nil || in.ID == "" || w.image(in.ImageID) == nil || w.flavor(in.FlavorID) == nil {
			return errors.New("a server without id, or whose image or flavor the workshop no longer has")
		}
	}
	if slices.Contains(k.Keys, nil) || slices.Contains(k.Gone, nil) || slices.Contains(k.Groups, nil) || slices.Contains(k.Rules, nil) {
		return errors.New("an empty entry")
	}
	for _, in := range k.Servers {
		w.servers[in.ID] = in
	}
	for _, key := range k.Keys {
		w.keys[key.Name] = key
	}
	w.groups, w.rules = k.Groups, k.Rules
	w.gone, w.ports, w.nextKey = k.Gone, k.Ports, max(k.NextKey, 1)
	return nil
}

// snapshot is what is to be kept now, and the sequence number it belongs to.
func (w *world) snapshot() ([]byte, uint64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	k := kept{Version: version, Ports: w.ports, NextKey: w.nextKey, Servers: w.sorted(), Gone: w.gone, Groups: w.groups, Rules: w.rules}
	for _, key := range w.keys {
		k.Keys = append(k.Keys, key)
	}
	slices.SortFunc(k.Keys, func(a, b *keypair) int { return strings.Compare(a.Name, b.Name) })
	data, err := json.MarshalIndent(k, "", "  ")
	return data, w.seq, err
}

// save writes the world unless a write that others waited for already covers the caller's changes.
func (s *store) save(w *world) {
	if s.dir == "" {
		return
	}
	w.mu.Lock()
	want := w.seq
	w.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.saved >= want && s.saved > 0 {
		return
	}
	data, seq, err := w.snapshot()
	if err == nil {
		err = writeFile(filepath.Join(s.dir, stateFile), data)
	}
	s.troubleMu.Lock()
	defer s.troubleMu.Unlock()
	if err != nil {
		s.failed = fmt.Errorf("state is not kept: %w", err)
		return
	}
	s.saved, s.failed = seq, nil
}

// complain remembers a trouble that stays until the sandbox ends.
func (s *store) complain(err error) {
	s.troubleMu.Lock()
	defer s.troubleMu.Unlock()
	if s.trouble == nil {
		s.trouble = err
	}
}

func (s *store) problem() error {
	s.troubleMu.Lock()
	defer s.troubleMu.Unlock()
	return errors.Join(s.trouble, s.failed)
}

func (s *store) close() error {
	if s.lock == nil {
		return nil
	}
	_ = os.Remove(filepath.Join(s.dir, holderFile))
	return s.lock.Unlock()
}

// writeFile replaces a file as a whole: a reader, or a start after a crash, sees the old content or
// the new one. Only the owner may read it.
func writeFile(name string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	syncDir(filepath.Dir(name))
	return nil
}

// syncDir makes a rename last. Not every system lets a folder be synced: then the rename is as
// durable as the system makes it.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}
