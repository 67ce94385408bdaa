package steps

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// Holder says which program holds a seat.
type Holder struct {
	PID   int       `json:"pid"`
	Host  string    `json:"host"`
	Since time.Time `json:"since"`
}

// String names the program and its machine; empty for one that is not known.
func (h Holder) String() string {
	if h.PID == 0 {
		return ""
	}
	return fmt.Sprintf("%d (%s)", h.PID, h.Host)
}

// HeldError is another program's hold on the seat.
type HeldError struct {
	Seat string
	Holder
}

// Error names the holder.
func (e *HeldError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("seat %s is held by another program", e.Seat)
	}
	return fmt.Sprintf("seat %s is held by process %d on %s since %s", e.Seat, e.PID, e.Host, e.Since.Local().Format("15:04:05"))
}

// Journal is a seat's file of events: JSON Lines, only ever appended to, on disk before Append
// returns. One program writes it at a time.
type Journal struct {
	dir    string
	lock   *flock.Flock
	file   *os.File // nil: read only
	events []Event
	torn   string      // where a damaged tail was kept
	offset int64       // read up to here, for Refresh
	last   os.FileInfo // of the file Refresh read
}

const (
	journalName = "journal.jsonl"
	lockName    = "lock"
	holderName  = "holder.json"
)

// OpenJournal opens, or makes, the journal in a seat's folder and takes hold of the seat. A
// *HeldError says that another program has it. A damaged or half-written end is kept aside, in a
// file that Torn names, and what comes before it counts.
func OpenJournal(dir string) (*Journal, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	for _, name := range []string{lockName, holderName} {
		if err := Regular(filepath.Join(dir, name)); err != nil {
			return nil, fmt.Errorf("open journal: %w", err)
		}
	}
	lock := flock.New(filepath.Join(dir, lockName), flock.SetPermissions(0o600))
	ok, err := hold(lock)
	if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	if !ok {
		_ = lock.Close()
		held := &HeldError{Seat: filepath.Base(dir)}
		held.Holder = readHolder(filepath.Join(dir, holderName))
		return nil, held
	}
	j := &Journal{dir: dir, lock: lock}
	if err := j.open(); err != nil {
		_ = lock.Close()
		return nil, fmt.Errorf("open journal: %w", err)
	}
	host, _ := os.Hostname()
	if data, err := json.Marshal(Holder{PID: os.Getpid(), Host: host, Since: time.Now()}); err == nil {
		_ = os.WriteFile(filepath.Join(dir, holderName), data, 0o600) // only a courtesy to the next one
	}
	return j, nil
}

// hold takes a seat's lock. Who only looks whether the seat is free has it for a moment, shared, and is
// waited for; who holds the seat shares it with nobody.
func hold(lock *flock.Flock) (bool, error) {
	for end := time.Now().Add(lookLimit); ; time.Sleep(lookTime) {
		ok, err := lock.TryLock()
		if ok || err != nil || time.Now().After(end) {
			return ok, err
		}
		shared, err := lock.TryRLock()
		if !shared || err != nil {
			return false, err
		}
		if err := lock.Unlock(); err != nil {
			return false, err
		}
	}
}

// ReadJournal opens a seat's journal to look at: it takes no hold, and [Journal.Refresh] reads what
// the holder has added.
func ReadJournal(dir string) (*Journal, error) {
	j := &Journal{dir: dir}
	if _, err := j.Refresh(); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return j, nil
}

// How long those are waited for who only look whether a seat is free, see [Journal.Held], and how often
// the seat is tried meanwhile. They look for microseconds, unless their machine lets them wait.
const (
	lookLimit = 5 * time.Second
	lookTime  = 5 * time.Millisecond
)

// Held tells whether a program holds the seat, and which. It is for those who read the journal: it has
// the lock for the moment of asking, shared with all others who ask.
func (j *Journal) Held() (Holder, bool, error) {
	path := filepath.Join(j.dir, lockName)
	if err := Regular(path); err != nil {
		return Holder{}, false, fmt.Errorf("look who holds the seat: %w", err)
	}
	lock := flock.New(path, flock.SetPermissions(0o600))
	free, err := lock.TryRLock()
	if err = errors.Join(err, lock.Close()); err != nil {
		return Holder{}, false, fmt.Errorf("look who holds the seat: %w", err)
	}
	if free {
		return Holder{}, false, nil
	}
	return readHolder(filepath.Join(j.dir, holderName)), true, nil
}

// ErrNotFile is what stands where a file of the seat should, and is something else.
var ErrNotFile = errors.New("not a regular file: move it away, the seat makes a new one")

// Regular refuses what is there and is no file. Opening a FIFO waits for somebody at its other end,
// and no signal ends that wait. What is not there is fine.
func Regular(path string) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return &fs.PathError{Op: "open", Path: path, Err: ErrNotFile}
	}
	return nil
}

// ReadSmall reads a file of the seat that is small if it is what it should be: at most so many bytes. The
// error wraps [ErrNotFile] for what is no file, and [ErrTooLarge] for one that is larger.
func ReadSmall(path string, most int64) ([]byte, error) {
	if err := Regular(path); err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, most+1))
	if err == nil && int64(len(data)) > most {
		return nil, &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("%w: %d bytes at most", ErrTooLarge, most)}
	}
	return data, err
}

func (j *Journal) open() error {
	path := filepath.Join(j.dir, journalName)
	if err := Regular(path); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	var events []Event
	var good int64
	info, err := file.Stat()
	if err == nil {
		events, good, err = readEvents(file, info.Size(), maxEvents)
	}
	if err != nil {
		_ = file.Close()
		return err
	}
	if err := j.cutTail(file, good); err != nil {
		_ = file.Close()
		return err
	}
	if _, err := file.Seek(0, io.SeekEnd); err != nil {
		_ = file.Close()
		return err
	}
	j.file, j.events, j.offset = file, events, good
	syncDir(j.dir)
	return nil
}

// cutTail moves what stands after the last good line into a file of its own.
func (j *Journal) cutTail(file *os.File, good int64) error {
	info, err := file.Stat()
	if err != nil || info.Size() == good {
		return err
	}
	j.torn = filepath.Join(j.dir, fmt.Sprintf("journal.torn-%d", time.Now().UnixNano()))
	torn, err := os.OpenFile(j.torn, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(torn, io.NewSectionReader(file, good, info.Size()-good))
	if err = errors.Join(err, torn.Close()); err != nil {
		return err
	}
	if err := file.Truncate(good); err != nil {
		return err
	}
	return file.Sync()
}

// Events are those read when it was opened.
func (j *Journal) Events() []Event { return j.events }

// Torn is the file a damaged end was kept in; empty when there was none.
func (j *Journal) Torn() string { return j.torn }

// Dir is the seat's folder.
func (j *Journal) Dir() string { return j.dir }

// Append writes events and returns when they are on disk. After a failed write the file holds
// either all of them or, for a later Append to go on cleanly, none.
func (j *Journal) Append(events ...Event) error {
	if j.file == nil {
		return errors.New("append to journal: opened to read only")
	}
	var buf bytes.Buffer
	for _, e := range events {
		data, err := SafeJSON(e)
		if err != nil {
			return fmt.Errorf("append to journal: %w", err)
		}
		if len(data) > maxEvent {
			return fmt.Errorf("append to journal: %w: an event of %d bytes, %d at most", ErrTooLarge, len(data), maxEvent)
		}
		buf.Write(data)
		buf.WriteByte('\n')
	}
	if _, err := j.file.WriteAt(buf.Bytes(), j.offset); err != nil {
		_ = j.file.Truncate(j.offset) // a full disk: leave no half line; the next open would cut it anyway
		return fmt.Errorf("append to journal: %w", err)
	}
	j.offset += int64(buf.Len())
	if err := j.file.Sync(); err != nil {
		return fmt.Errorf("append to journal: %w", err)
	}
	return nil
}

// Refresh reads what was added since the last look. When another file is there, because the holder
// put the old one aside, it is read from its beginning and what was read before is forgotten.
func (j *Journal) Refresh() ([]Event, error) {
	path := filepath.Join(j.dir, journalName)
	if err := Regular(path); err != nil {
		return nil, fmt.Errorf("read journal: %w", err)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read journal: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("read journal: %w", err)
	}
	if j.last != nil && !os.SameFile(j.last, info) || info.Size() < j.offset {
		j.offset, j.events = 0, nil
	}
	j.last = info
	if _, err := file.Seek(j.offset, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read journal: %w", err)
	}
	events, good, err := readEvents(file, info.Size(), maxEvents-len(j.events))
	if err != nil {
		return nil, fmt.Errorf("read journal: %w", err)
	}
	j.offset += good
	j.events = append(j.events, events...)
	return events, nil
}

// Archive puts a seat's journal and log aside, under a name with the time, so that the seat starts
// anew. The journal must be open for writing; it is closed.
func (j *Journal) Archive() (string, error) {
	old := filepath.Join(j.dir, journalName)
	to := filepath.Join(j.dir, time.Now().UTC().Format("journal-20060102-150405.000")+".jsonl")
	if err := j.file.Close(); err != nil {
		return "", fmt.Errorf("archive journal: %w", err)
	}
	j.file = nil
	if err := os.Rename(old, to); err != nil {
		return "", fmt.Errorf("archive journal: %w", err)
	}
	syncDir(j.dir)
	return to, j.Close()
}

// Close lets go of the seat.
func (j *Journal) Close() error {
	var errs []error
	if j.file != nil {
		errs = append(errs, j.file.Close())
		j.file = nil
	}
	if j.lock != nil {
		_ = os.Remove(filepath.Join(j.dir, holderName))
		errs = append(errs, j.lock.Close())
		j.lock = nil
	}
	return errors.Join(errs...)
}

// syncDir makes a new or renamed file's name last. Not every system can; the file itself is synced
// in any case.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}
