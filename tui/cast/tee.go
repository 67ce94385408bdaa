package cast

import (
	"io"
	"os"

	"github.com/charmbracelet/x/term"
)

// Terminal is a terminal whose output is recorded: a program that draws takes it for the terminal
// itself (term.File of charmbracelet/x). It is written to by one goroutine at a time, as a terminal
// is.
type Terminal struct {
	file       *os.File
	rec        *Writer
	cols, rows int
}

// Terminal puts a terminal behind the recording.
func (w *Writer) Terminal(file *os.File) *Terminal {
	t := &Terminal{file: file, rec: w}
	t.cols, t.rows, _ = term.GetSize(file.Fd())
	return t
}

// Write shows and records. Recording never fails it.
func (t *Terminal) Write(p []byte) (int, error) {
	// Programs draw anew after a resize, so this sees each size that something was drawn for.
	if cols, rows, err := term.GetSize(t.file.Fd()); err == nil && (cols != t.cols || rows != t.rows) {
		t.cols, t.rows = cols, rows
		t.rec.Resize(cols, rows)
	}
	n, err := t.file.Write(p)
	t.rec.Output(string(p[:n]))
	return n, err
}

// Read reads from the terminal: what is typed is not recorded.
func (t *Terminal) Read(p []byte) (int, error) { return t.file.Read(p) }

// Close leaves the terminal open: it belongs to the process.
func (t *Terminal) Close() error { return nil }

// Fd is the terminal's descriptor, for its modes and its size.
func (t *Terminal) Fd() uintptr { return t.file.Fd() }

// Text is a writer whose text is recorded as a terminal would show it.
func (w *Writer) Text(out io.Writer) io.Writer { return text{out, w} }

type text struct {
	out io.Writer
	rec *Writer
}

// Write shows and records. Recording never fails it.
func (t text) Write(p []byte) (int, error) {
	n, err := t.out.Write(p)
	t.rec.Output(string(p[:n]))
	return n, err
}
