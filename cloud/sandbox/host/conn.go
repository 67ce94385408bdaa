package host

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// maxBuffer is how much one direction of a connection holds before its writer waits, in bytes.
const maxBuffer = 64 << 10

// stream is one direction of a connection.
type stream struct {
	mu     sync.Mutex
	buf    []byte
	change chan struct{} // closed and replaced when something changes
	ended  bool          // the writer is done
	broken bool          // the reader is gone
}

func newStream() *stream { return &stream{change: make(chan struct{})} }

// tell wakes who waits. Caller holds mu.
func (s *stream) tell() {
	close(s.change)
	s.change = make(chan struct{})
}

func (s *stream) read(b []byte, d *deadline) (int, error) {
	for {
		s.mu.Lock()
		switch {
		case s.broken:
			s.mu.Unlock()
			return 0, net.ErrClosed
		case len(s.buf) > 0:
			n := copy(b, s.buf)
			s.buf = s.buf[n:]
			s.tell()
			s.mu.Unlock()
			return n, nil
		case s.ended:
			s.mu.Unlock()
			return 0, io.EOF
		}
		change := s.change
		s.mu.Unlock()
		select {
		case <-change:
		case <-d.expired():
			return 0, os.ErrDeadlineExceeded
		}
	}
}

func (s *stream) write(b []byte, d *deadline) (int, error) {
	done := 0
	for {
		s.mu.Lock()
		if s.ended {
			s.mu.Unlock()
			return done, net.ErrClosed
		}
		if s.broken {
			s.mu.Unlock()
			return done, io.ErrClosedPipe
		}
		if n := min(maxBuffer-len(s.buf), len(b)-done); n > 0 {
			s.buf = append(s.buf, b[done:done+n]...)
			done += n
			s.tell()
		}
		change := s.change
		s.mu.Unlock()
		if done == len(b) {
			return done, nil
		}
		select {
		case <-change:
		case <-d.expired():
			return done, os.ErrDeadlineExceeded
		}
	}
}

func (s *stream) end(broken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if broken {
		s.broken = true
		s.buf = nil
	} else {
		s.ended = true
	}
	s.tell()
}

// deadline is a point in time that ends waits.
type deadline struct {
	mu    sync.Mutex
	timer *time.Timer
	done  chan struct{}
}

func newDeadline() *deadline { return &deadline{done: make(chan struct{})} }

func (d *deadline) expired() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.done
}

func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	select {
	case <-d.done:
		d.done = make(chan struct{})
	default:
	}
	if t.IsZero() {
		return
	}
	done := d.done
	if wait := time.Until(t); wait > 0 {
		d.timer = time.AfterFunc(wait, func() {
			d.mu.Lock()
			defer d.mu.Unlock()
			if d.done == done {
				close(done)
			}
		})
		return
	}
	close(done)
}

// conn is one end of a connection on the virtual network: buffered, full duplex, with deadlines,
// and closable in one direction as TCP is.
type conn struct {
	in, out       *stream
	local, remote net.Addr
	rd, wd        *deadline
	once          sync.Once
	onClose       func()
}

var _ net.Conn = (*conn)(nil)

// pair makes the two ends of a connection.
func pair(client, server net.Addr) (*conn, *conn) {
	up, down := newStream(), newStream()
	a := &conn{in: down, out: up, local: client, remote: server, rd: newDeadline(), wd: newDeadline()}
	b := &conn{in: up, out: down, local: server, remote: client, rd: newDeadline(), wd: newDeadline()}
	return a, b
}

func (c *conn) Read(b []byte) (int, error)  { return c.in.read(b, c.rd) }
func (c *conn) Write(b []byte) (int, error) { return c.out.write(b, c.wd) }

// CloseWrite tells the other end that no more comes, as shutdown(2) does.
func (c *conn) CloseWrite() error {
	c.out.end(false)
	return nil
}

func (c *conn) Close() error {
	c.once.Do(func() {
		c.out.end(false)
		c.in.end(true)
		c.rd.set(time.Time{})
		c.wd.set(time.Time{})
		if c.onClose != nil {
			c.onClose()
		}
	})
	return nil
}

func (c *conn) LocalAddr() net.Addr  { return c.local }
func (c *conn) RemoteAddr() net.Addr { return c.remote }

func (c *conn) SetDeadline(t time.Time) error {
	c.rd.set(t)
	c.wd.set(t)
	return nil
}

func (c *conn) SetReadDeadline(t time.Time) error {
	c.rd.set(t)
	return nil
}

func (c *conn) SetWriteDeadline(t time.Time) error {
	c.wd.set(t)
	return nil
}
