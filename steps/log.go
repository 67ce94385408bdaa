package steps

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Log is the full output of a seat's actions on disk: JSON Lines of [Line], without secrets, but
// not sanitised. It is bounded: past logSize the file becomes the old one, and the one before that
// goes.
type Log struct {
	path  string
	limit int64 // bytes

	mu      sync.Mutex
	file    *os.File
	out     *bufio.Writer
	size    int64
	scratch []byte // for the line being written
	timer   *time.Timer
	torn    bool // the file may end in the middle of a line
	trouble error
}

// logSize is how large, in bytes, the log grows before it is turned over. One old file is kept.
const logSize = 32 << 20

const logFlush = 200 * time.Millisecond

const logName = "output.jsonl"

// OpenLog opens, or makes, the log in a seat's folder.
func OpenLog(dir string) (*Log, error) {
	l := &Log{path: filepath.Join(dir, logName), limit: logSize}
	if err := l.open(); err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	return l, nil
}

func (l *Log) open() error {
	if err := Regular(l.path); err != nil {
		return err
	}
	file, err := os.OpenFile(l.path, os.O_APPEND|os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close()
		return err
	}
	l.file, l.size, l.out = file, info.Size(), bufio.NewWriterSize(file, 64<<10)
	l.torn = l.size > 0 && !endsLine(file, l.size)
	return nil
}

// endsLine tells whether the last byte of a file of a size is a newline. One that cannot be read is
// taken for torn.
func endsLine(file io.ReaderAt, size int64) bool {
	var end [1]byte
	_, err := file.ReadAt(end[:], size-1)
	return err == nil && end[0] == '\n'
}

// Path is the file.
func (l *Log) Path() string { return l.path }

// Append adds a line; it is on disk within a fraction of a second, or when Close returns.
func (l *Log) Append(line Line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return
	}
	data := append(line.appendJSON(l.scratch[:0]), '\n')
	if l.scratch = data; cap(data) > 64<<10 {
		l.scratch = nil // one long line
	}
	if l.size += int64(len(data)); l.size > l.limit {
		l.turn()
		if l.file == nil {
			return
		}
		l.size = int64(len(data))
	}
	if l.torn { // an empty line harms nobody; half a line before this one would
		l.torn = false
		l.size++
		l.note(l.out.WriteByte('\n'))
	}
	_, err := l.out.Write(data)
	l.note(err)
	if l.timer == nil {
		l.timer = time.AfterFunc(logFlush, func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.timer = nil
			if l.file != nil {
				l.note(l.out.Flush())
			}
		})
	}
}

// note remembers what went wrong; a writer that failed once fails for ever, so it gets a new one.
func (l *Log) note(err error) {
	if err != nil {
		l.trouble = fmt.Errorf("write log: %w", err)
		l.out.Reset(l.file)
		l.torn = true
	}
}

func (l *Log) turn() {
	err := errors.Join(l.out.Flush(), l.file.Close())
	l.file = nil
	if rename := os.Rename(l.path, l.path+".old"); rename != nil { // Windows: while somebody reads it
		err = errors.Join(err, rename, os.Truncate(l.path, 0))
	}
	err = errors.Join(err, l.open())
	if err != nil {
		l.trouble = fmt.Errorf("turn log over: %w", err)
	}
}

// Trouble is what last went wrong, nil when all was written.
func (l *Log) Trouble() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.trouble
}

// Close writes the rest.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	if l.timer != nil {
		l.timer.Stop()
	}
	err := errors.Join(l.out.Flush(), l.file.Close())
	l.file = nil
	return err
}
