package steps

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// maxLogLine bounds one line of the log's file, in bytes; one that is longer is left out.
const maxLogLine = 1 << 20

// ReadLog reads the output kept in a seat's folder, the oldest line first, the turned-over file
// before the present one. Text is sanitised as it is for the screen. What is damaged is left out; a
// seat that has said nothing has no lines. It ends early, without an error, when yield says no.
func ReadLog(dir string, yield func(Line) bool) error {
	for _, name := range []string{logName + ".old", logName} {
		path := filepath.Join(dir, name)
		if err := Regular(path); err != nil {
			return fmt.Errorf("read log: %w", err)
		}
		file, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("read log: %w", err)
		}
		more, err := readLines(file, yield)
		_ = file.Close()
		if err != nil {
			return fmt.Errorf("read log: %w", err)
		}
		if !more {
			return nil
		}
	}
	return nil
}

// readLines gives each well-formed line to yield, and tells whether it wants more.
func readLines(r io.Reader, yield func(Line) bool) (more bool, err error) {
	in := bufio.NewReaderSize(r, 64<<10)
	var long []byte // of a line that is larger than the reader
	for {
		part, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			if len(long) <= maxLogLine {
				long = append(long, part...)
			}
			continue
		}
		if err != nil && err != io.EOF {
			return false, err
		}
		data := part
		if long != nil {
			data, long = append(long, part...), nil
		}
		var l Line
		if len(data) <= maxLogLine && json.Unmarshal(bytes.TrimSpace(data), &l) == nil && l.Source != "" {
			l.Source, l.Text = Sanitize(l.Source), Sanitize(l.Text)
			if !yield(l) {
				return false, nil
			}
		}
		if err == io.EOF {
			return true, nil
		}
	}
}
