package remote

import (
	"errors"
	"io"
	"sync"
	"unicode/utf8"
)

// Line is a piece of output. Text is what the host sent: it may hold escape sequences and need not
// be UTF-8.
type Line struct {
	Stderr    bool
	Text      string // without the line's end
	Partial   bool   // the line goes on in the next Line of the same stream: it is longer than 64 KiB
	Overwrite bool   // ended by a carriage return: the next line is written over it, as progress bars do
}

// maxLine is how much of a line is kept before it is passed on in parts, in bytes.
const maxLine = 64 << 10

// output splits what two streams bring into lines, and counts.
type output struct {
	mu      sync.Mutex
	emit    func(Line) // nil once nobody listens any more
	left    int64      // bytes still to pass on; negative: no limit
	dropped int64
	streams [2]splitter // stdout, stderr
}

func newOutput(emit func(Line), limit int64) *output {
	o := &output{emit: emit, left: limit}
	o.streams[1].stderr = true
	return o
}

// writer is one stream. It never fails and never blocks longer than emit: a session whose output
// is not read stalls the command on the other side.
type writer struct {
	o *output
	n int
}

func (w writer) Write(p []byte) (int, error) {
	o := w.o
	o.mu.Lock()
	defer o.mu.Unlock()
	take := p
	if o.left >= 0 && int64(len(take)) > o.left {
		take = take[:o.left]
		o.dropped += int64(len(p) - len(take))
	}
	if o.left >= 0 {
		o.left -= int64(len(take))
	}
	if o.emit != nil {
		o.streams[w.n].write(take, o.emit)
	}
	return len(p), nil
}

// The buffer a stream is read through: most say little, and stderr nothing at all, but each has one
// as long as its command runs. A flood is to come in large pieces.
const (
	leastBuffer = 1 << 10
	mostBuffer  = 32 << 10
)

// ReadFrom implements [io.ReaderFrom], for io.Copy, which would take the largest buffer at once.
func (w writer) ReadFrom(r io.Reader) (int64, error) {
	var all int64
	buf := make([]byte, leastBuffer)
	for {
		n, err := r.Read(buf)
		_, _ = w.Write(buf[:n]) // never fails
		all += int64(n)
		switch {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return all, err
		case n == len(buf) && n < mostBuffer:
			buf = make([]byte, 2*n)
		}
	}
}

// finish passes on what is left of unfinished lines. After it nothing is passed on any more.
func (o *output) finish() (dropped int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.emit != nil {
		for i := range o.streams {
			o.streams[i].flush(o.emit)
		}
	}
	o.emit = nil
	return o.dropped
}

// splitter cuts one stream into lines.
type splitter struct {
	stderr bool
	buf    []byte
	cr     bool // a carriage return was seen, and what follows it not yet
	part   bool // part of this line has been passed on
}

func (s *splitter) write(p []byte, emit func(Line)) {
	for len(p) > 0 {
		if s.cr {
			switch p[0] {
			case '\n':
				s.pass(emit, Line{})
				p = p[1:]
				continue
			case '\r': // nested terminals make \r\r\n out of \n
				p = p[1:]
				continue
			}
			s.cr = false
			if len(s.buf) > 0 || s.part {
				s.pass(emit, Line{Overwrite: true})
			}
		}
		end := 0
		for end < len(p) && p[end] != '\n' && p[end] != '\r' {
			end++
		}
		p = s.fill(p, end, emit)
	}
}

// fill takes p up to end, and the line's end there if there is one.
func (s *splitter) fill(p []byte, end int, emit func(Line)) (rest []byte) {
	if room := maxLine - len(s.buf); end > room {
		s.buf = append(s.buf, p[:room]...)
		keep := unfinishedRune(s.buf)
		tail := append([]byte(nil), s.buf[len(s.buf)-keep:]...)
		s.buf = s.buf[:len(s.buf)-keep]
		s.pass(emit, Line{Partial: true})
		s.buf = append(s.buf, tail...)
		return p[room:]
	}
	s.buf = append(s.buf, p[:end]...)
	if end == len(p) {
		return nil
	}
	if p[end] == '\r' {
		s.cr = true
	} else {
		s.pass(emit, Line{})
	}
	return p[end+1:]
}

// pass hands the buffer on as one Line.
func (s *splitter) pass(emit func(Line), l Line) {
	l.Text, l.Stderr = string(s.buf), s.stderr
	s.buf, s.cr, s.part = s.buf[:0], false, l.Partial
	if cap(s.buf) > 4<<10 && !l.Partial {
		s.buf = nil // a stream that had one long line need not hold on to that much
	}
	emit(l)
}

func (s *splitter) flush(emit func(Line)) {
	if len(s.buf) > 0 || s.part {
		s.pass(emit, Line{Overwrite: s.cr})
	}
}

// unfinishedRune is how many bytes at the end of b begin a UTF-8 sequence that is cut off.
func unfinishedRune(b []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(b); n++ {
		if c := b[len(b)-n]; utf8.RuneStart(c) {
			if c >= utf8.RuneSelf && !utf8.FullRune(b[len(b)-n:]) {
				return n
			}
			return 0
		}
	}
	return 0
}
