package host

import (
	"bytes"
	"context"
	"io"
	"sync"
	"unicode/utf8"
)

// The modes of a terminal: who reads it.
type ttyMode int

const (
	editing ttyMode = iota // the shell's line editor
	cooked                 // a program: lines with echo, ctrl-c interrupts
	raw                    // a program that does all itself
)

// maxQueue bounds the input that nobody has read yet; the sender waits then.
const maxQueue = 64 << 10

// TTY is the terminal of a login: it sits between an SSH channel and what runs.
type TTY struct {
	name string
	term string
	out  io.Writer

	mu       sync.Mutex
	cols     int
	rows     int
	mode     ttyMode
	noEcho   bool
	line     []byte // what is typed of a line in cooked mode
	queue    []byte // what may be read
	eof      bool   // ctrl-d was typed in cooked mode
	closed   bool
	aborted  bool          // ctrl-c was typed in the line editor
	change   chan struct{} // closed and replaced when something changes
	stop     context.CancelCauseFunc
	resized  func(cols, rows int)
	lastByte byte
}

func newTTY(name, term string, out io.Writer, cols, rows int) *TTY {
	t := &TTY{name: name, term: term, out: out, change: make(chan struct{})}
	t.resize(cols, rows)
	return t
}

func (t *TTY) resize(cols, rows int) {
	if cols < 1 || cols > 2000 {
		cols = 80
	}
	if rows < 1 || rows > 2000 {
		rows = 24
	}
	t.mu.Lock()
	t.cols, t.rows = cols, rows
	f := t.resized
	t.mu.Unlock()
	if f != nil {
		f(cols, rows)
	}
}

// Size answers the terminal's size in cells.
func (t *TTY) Size() (cols, rows int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.cols, t.rows
}

func (t *TTY) width() int {
	cols, _ := t.Size()
	return cols
}

// owns tells whether a writer is this terminal.
func (t *TTY) owns(w io.Writer) bool {
	c, ok := w.(*screen)
	return ok && c.tty == t
}

// tell wakes who waits. Caller holds mu.
func (t *TTY) tell() {
	close(t.change)
	t.change = make(chan struct{})
}

// pump feeds the terminal from its line until that ends.
func (t *TTY) pump(r io.Reader) {
	buf := make([]byte, 4096)
	for {
		n, err := r.Read(buf)
		for rest := buf[:n]; len(rest) > 0; {
			t.mu.Lock()
			if len(t.queue) > maxQueue && !t.closed {
				change := t.change
				t.mu.Unlock()
				<-change
				continue
			}
			echo := t.key(rest[0])
			rest = rest[1:]
			t.mu.Unlock()
			if len(echo) > 0 {
				_, _ = t.out.Write(echo) // a line that went away ends the loop
			}
		}
		if err != nil {
			t.endInput()
			return
		}
	}
}

// endInput ends all reads once what was typed is read. What runs goes on: a client that has no more to
// say may still listen.
func (t *TTY) endInput() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	t.tell()
}

// hangUp ends all reads, and what runs on the terminal: its line is gone.
func (t *TTY) hangUp() {
	t.endInput()
	t.mu.Lock()
	stop := t.stop
	t.mu.Unlock()
	if stop != nil {
		stop(errTerminated)
	}
}

// key takes one byte and answers what to echo. Caller holds mu.
func (t *TTY) key(b byte) []byte {
	defer t.tell()
	after := t.lastByte
	t.lastByte = b
	switch t.mode {
	case raw:
		t.queue = append(t.queue, b)
		return nil
	case editing:
		if b == 3 {
			t.aborted = true
			// ctrl-u, ctrl-k, enter: the editor drops what was typed and gives an empty line.
			t.queue = append(t.queue, 0x15, 0x0b, '\r')
			return []byte("^C")
		}
		if b == '\n' && after == '\r' {
			return nil // one key, two bytes, from clients that send both
		}
		t.queue = append(t.queue, b)
		return nil
	}
	return t.cookedKey(b, after)
}

func (t *TTY) cookedKey(b, after byte) []byte {
	switch {
	case b == 3 || b == 0x1c:
		t.line = nil
		if t.stop != nil {
			t.stop(errInterrupted)
		}
		return []byte("^C\r\n")
	case b == 4:
		if len(t.line) == 0 {
			t.eof = true
		}
		t.queue = append(t.queue, t.line...)
		t.line = nil
		return nil
	case b == '\n' && after == '\r':
		return nil
	case b == '\r' || b == '\n':
		t.queue = append(append(t.queue, t.line...), '\n')
		t.line = nil
		if t.noEcho {
			return nil
		}
		return []byte("\r\n")
	case b == 0x7f || b == 8:
		if len(t.line) == 0 {
			return nil
		}
		_, n := utf8.DecodeLastRune(t.line)
		t.line = t.line[:len(t.line)-n]
		if t.noEcho {
			return nil
		}
		return []byte("\b \b")
	case b == 0x15:
		n := utf8.RuneCount(t.line)
		t.line = nil
		var out []byte
		for range n {
			out = append(out, "\b \b"...)
		}
		return out
	case b < ' ' && b != '\t':
		return nil
	}
	if len(t.line) < maxQueue {
		t.line = append(t.line, b)
	}
	if t.noEcho {
		return nil
	}
	return []byte{b}
}

// take reads in one mode: while the terminal is in another, it waits. The error is io.EOF at the
// end of the line, after ctrl-d, and when stop is closed.
func (t *TTY) take(m ttyMode, p []byte, stop <-chan struct{}) (int, error) {
	for {
		t.mu.Lock()
		if t.mode == m && len(t.queue) > 0 {
			have := t.queue
			if m == editing {
				// One line at a time: what follows may be for the program that the line starts.
				if i := bytes.IndexAny(have, "\r\n"); i >= 0 {
					have = have[:i+1]
				}
			}
			n := copy(p, have)
			t.queue = append(t.queue[:0], t.queue[n:]...)
			t.tell()
			t.mu.Unlock()
			return n, nil
		}
		if t.mode == m && t.eof {
			t.eof = false
			t.mu.Unlock()
			return 0, io.EOF
		}
		if t.closed {
			t.mu.Unlock()
			return 0, io.EOF
		}
		change := t.change
		t.mu.Unlock()
		select {
		case <-change:
		case <-stop:
			return 0, io.EOF
		}
	}
}

// enter changes the mode; ctrl-c calls stop in cooked mode. What was typed ahead stays.
func (t *TTY) enter(m ttyMode, stop context.CancelCauseFunc) {
	t.mu.Lock()
	var echo []byte
	switch {
	case m == editing:
		t.queue = append(t.queue, t.line...)
		t.line, t.eof = nil, false
	case m == cooked && t.mode == editing:
		// Keys typed ahead of the program were not seen by the line discipline yet.
		ahead := t.queue
		t.queue = nil
		for i, b := range ahead {
			after := byte(0)
			if i > 0 {
				after = ahead[i-1]
			}
			echo = append(echo, t.cookedKey(b, after)...)
		}
	}
	t.mode, t.stop, t.noEcho = m, stop, false
	t.tell()
	t.mu.Unlock()
	if len(echo) > 0 {
		_, _ = t.out.Write(echo) // a line that went away ends the login elsewhere
	}
}

// unread puts back what a program did not want.
func (t *TTY) unread(b []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.queue = append(append([]byte(nil), b...), t.queue...)
	t.tell()
}

// wasAborted tells whether ctrl-c was typed in the line editor since it was last asked.
func (t *TTY) wasAborted() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	a := t.aborted
	t.aborted = false
	return a
}

// Raw hands all input, keys included, to the caller until restore is called.
func (t *TTY) Raw(stop <-chan struct{}) (in io.Reader, restore func()) {
	t.mu.Lock()
	old, oldStop := t.mode, t.stop
	t.mode = raw
	t.queue = append(t.queue, t.line...)
	t.line = nil
	t.tell()
	t.mu.Unlock()
	return rawReader{t, stop}, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.mode, t.stop, t.resized = old, oldStop, nil
		t.tell()
	}
}

type rawReader struct {
	tty  *TTY
	stop <-chan struct{}
}

func (r rawReader) Read(p []byte) (int, error) { return r.tty.take(raw, p, r.stop) }

// OnResize calls f with each new size while the terminal is raw.
func (t *TTY) OnResize(f func(cols, rows int)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.resized = f
}

// Ask prints a question and reads a line, without echo when secret.
func (t *TTY) Ask(ctx context.Context, question string, secret bool) (string, error) {
	in, restore := t.Raw(ctx.Done())
	defer restore()
	if _, err := io.WriteString(t.out, question); err != nil {
		return "", err
	}
	var line []byte
	b := make([]byte, 1)
	for {
		if _, err := in.Read(b); err != nil {
			return "", err
		}
		switch {
		case b[0] == '\r' || b[0] == '\n':
			_, err := io.WriteString(t.out, "\r\n")
			return string(line), err
		case b[0] == 3 || b[0] == 4 && len(line) == 0:
			_, _ = io.WriteString(t.out, "\r\n")
			return "", errInterrupted
		case b[0] == 0x7f || b[0] == 8:
			if len(line) > 0 {
				line = line[:len(line)-1]
				if !secret {
					_, _ = io.WriteString(t.out, "\b \b")
				}
			}
		case b[0] >= ' ' && len(line) < 4096:
			line = append(line, b[0])
			if !secret {
				_, _ = t.out.Write(b)
			}
		}
	}
}

// screen is the output side of a terminal: newlines become carriage return and newline.
type screen struct {
	tty *TTY
	w   io.Writer
	mu  sync.Mutex
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tty.mu.Lock()
	asIs := s.tty.mode == raw
	s.tty.mu.Unlock()
	if asIs {
		return s.w.Write(b)
	}
	out := make([]byte, 0, len(b)+16)
	for _, c := range b {
		if c == '\n' {
			out = append(out, '\r')
		}
		out = append(out, c)
	}
	if _, err := s.w.Write(out); err != nil {
		return 0, err
	}
	return len(b), nil
}
