package steps

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// ReadLog lists the lines a seat's log keeps of one step between two moments, the newest of them,
// sanitised as a [Line] on its way to the screen is. A log that is not there has none.
func ReadLog(ctx context.Context, dir string, step ID, from, to time.Time, most int) ([]Line, error) {
	var out []Line
	for _, name := range []string{logName + ".old", logName} {
		err := readLog(ctx, filepath.Join(dir, name), step, func(l Line) {
			if l.At.Before(from) || l.At.After(to) {
				return
			}
			if len(out) >= 2*most { // let go of the older half at once: each line costs a constant amount
				out = out[:copy(out, out[len(out)-most:])]
			}
			l.Text = Sanitize(l.Text)
			out = append(out, l)
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("read log: %w", err)
		}
	}
	return out[max(0, len(out)-most):], nil
}

// readLog gives found the lines of a step in one file. What is no line, the torn end of a program that
// was killed, is passed over.
func readLog(ctx context.Context, path string, step ID, found func(Line)) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	name, err := json.Marshal(step)
	if err != nil {
		return err
	}
	in := bufio.NewReaderSize(file, 64<<10)
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		text, err := in.ReadBytes('\n')
		if bytes.Contains(text, name) { // most lines are another step's: they need not be understood
			var l Line
			if json.Unmarshal(text, &l) == nil && l.Step == step {
				found(l)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
