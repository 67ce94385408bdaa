package remote

import (
	"net"
	"sync"
	"time"
)

// paced is the connection to the first hop, read less often while a log trickles in over it.
//
// A server that prints fifty lines a second sends each as a packet of its own, and each wakes the
// program: its poller, two goroutines of x/crypto/ssh and one of ours, for a hundred bytes that are
// shown with some other lines later. That is most of what such a log costs. So once it has been like
// that for half a second, what comes is left with the kernel for up to pause and read together, as network
// cards do with their interrupts.
//
// Nobody is to notice. Whatever is asked of the other side is answered as ever, because writing ends
// the pause, and much data at once ends it too. A shell holds it off as long as it lasts.
type paced struct {
	net.Conn
	ended chan struct{} // a pause: something was written, or the connection closed

	mu    sync.Mutex
	since time.Time // when it began that little comes, and often; zero while it is not so
	held  int       // by shells
}

const (
	pause    = 100 * time.Millisecond // less than the console lets a log gather
	trickle  = 500 * time.Millisecond // until a log is known to be one that trickles
	fewBytes = 1 << 10                // in one read: less than a full segment
	longWait = pause / 2              // for data: where it comes that seldom, a pause gains nothing
)

func newPaced(c net.Conn) *paced { return &paced{Conn: c, ended: make(chan struct{}, 1)} }

// Read implements [net.Conn]. Only x/crypto's transport calls it, from one goroutine.
func (p *paced) Read(b []byte) (int, error) {
	most := fewBytes
	if p.trickles() {
		most = len(b) - 1 // all that had come was read
		p.rest()
	}
	began := time.Now()
	n, err := p.Conn.Read(b)
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case n > most || time.Since(began) >= longWait:
		p.since = time.Time{}
	case p.since.IsZero():
		p.since = began
	}
	return n, err
}

func (p *paced) trickles() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.held == 0 && !p.since.IsZero() && time.Since(p.since) >= trickle
}

// rest waits for a pause, or until it is ended.
func (p *paced) rest() {
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-t.C:
	case <-p.ended:
	}
}

// hurry ends a pause, and there is none for a while. More is held by as many shells.
func (p *paced) hurry(more int) {
	p.mu.Lock()
	p.since = time.Time{}
	p.held += more
	p.mu.Unlock()
	select {
	case p.ended <- struct{}{}:
	default:
	}
}

// hold lets there be no pause until the function it returns is called.
func (p *paced) hold() (release func()) {
	p.hurry(1)
	return func() { p.hurry(-1) }
}

// Write implements [net.Conn]: an answer may be on its way as soon as it returns.
func (p *paced) Write(b []byte) (int, error) {
	p.hurry(0)
	return p.Conn.Write(b)
}

// Close implements [net.Conn].
func (p *paced) Close() error {
	err := p.Conn.Close()
	p.hurry(0)
	return err
}
