package remote

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// Options say how a [Client] reaches and trusts hosts. The zero value asks nobody, trusts nothing
// and records nothing.
type Options struct {
	// KnownHosts is the file for the keys this program accepts, made with its folder when needed
	// (modes 0600, 0700). When it cannot be written, keys are kept in memory and
	// Client.KnownHostsError says why.
	KnownHosts     string
	ReadKnownHosts []string // further known_hosts files, only read; missing ones are fine
	Asker          Asker

	DialTimeout      time.Duration // for one TCP connection; zero: 10 s
	HandshakeTimeout time.Duration // for each wait during the handshake, not counting people; zero: 15 s
	// KeepaliveEvery is how often a connection is probed; zero: 5 s. A peer that does not answer
	// within twice that is dead.
	KeepaliveEvery time.Duration

	// Dial makes the connection to the first hop; nil: a net.Dialer.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// SSHConfig is looked up for each hop's host, see [LoadSSHConfig]; nil: nothing is.
	SSHConfig *SSHConfig
	// LegacyAlgorithms also allows ssh-rsa with SHA-1 and the key exchanges of that age, for
	// servers too old for anything else.
	LegacyAlgorithms bool
	// Banner gets what a server shows before login (RFC 4252, 5.4). It comes from the server.
	Banner func(hop Hop, text string)
}

// Client holds connections to hosts. Its methods may be called from any goroutine.
type Client struct {
	o Options

	mu      sync.Mutex
	slots   map[string]*slot
	flights map[*flight]bool
	secrets map[string]string     // passwords that were typed, by leg key: a reconnect must not ask again
	signers map[string]ssh.Signer // unlocked key files, by path
	closed  bool
	version int           // of what States returns
	news    chan struct{} // closed and replaced when version grows

	stop   chan struct{} // closed by Close
	asking chan struct{} // holds one token: one question at a time
	wg     sync.WaitGroup
	known  knownHosts
}

// slot is the place of one connection.
type slot struct {
	leg      leg
	depth    int
	conn     *Conn   // the last one there was
	flight   *flight // the attempt going on
	fails    int     // attempts and short lives in a row
	failedAt time.Time
	err      error // of the last attempt
	changed  time.Time
}

// flight is one attempt to bring a connection up, waited for by all who want it.
type flight struct {
	done    chan struct{}
	conn    *Conn
	err     error
	waiters int
	cancel  context.CancelFunc
}

// New makes a client. Nothing is dialled before somebody asks for a connection.
func New(o Options) *Client {
	o.DialTimeout = orElse(o.DialTimeout, 10*time.Second)
	o.HandshakeTimeout = orElse(o.HandshakeTimeout, 15*time.Second)
	o.KeepaliveEvery = orElse(o.KeepaliveEvery, 5*time.Second)
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	c := &Client{
		o: o, slots: map[string]*slot{}, flights: map[*flight]bool{}, secrets: map[string]string{},
		signers: map[string]ssh.Signer{}, news: make(chan struct{}), stop: make(chan struct{}), asking: make(chan struct{}, 1),
		known: knownHosts{own: o.KnownHosts, read: o.ReadKnownHosts},
	}
	return c
}

func orElse(d, fallback time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return fallback
}

// spawn runs f in a goroutine that Close waits for. It reports whether the client was still open.
func (c *Client) spawn(f func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.wg.Go(f)
	return true
}

// Close ends every attempt and every connection, and returns when nothing of the client runs any
// more.
func (c *Client) Close() error {
	c.mu.Lock()
	if !c.closed {
		c.closed = true
		close(c.stop)
	}
	for f := range c.flights {
		f.cancel()
	}
	conns := c.liveLocked(func(*slot) bool { return true })
	clear(c.secrets)
	c.changedLocked()
	c.mu.Unlock()
	for _, conn := range conns {
		conn.close(ErrClosed)
	}
	c.wg.Wait()
	return nil
}

// liveLocked returns the connections whose slots match, deepest first.
func (c *Client) liveLocked(match func(*slot) bool) []*Conn {
	var conns []*Conn
	for _, s := range c.slots {
		if s.conn != nil && match(s) {
			conns = append(conns, s.conn)
		}
	}
	slices.SortFunc(conns, func(a, b *Conn) int { return len(b.chain) - len(a.chain) })
	return conns
}

// Disconnect closes the connection to the last hop of the chain and all that go through it. What
// runs on them ends with [ErrLost]. Use it when the host is known to be gone.
func (c *Client) Disconnect(chain ...Hop) error {
	legs, err := c.resolve(chain)
	if err != nil {
		return err
	}
	key := legs[len(legs)-1].key
	c.mu.Lock()
	conns := c.liveLocked(func(s *slot) bool { return s.leg.key == key || strings.HasPrefix(s.leg.key, key+"/") })
	c.mu.Unlock()
	for _, conn := range conns {
		conn.close(errors.New("disconnected"))
	}
	return nil
}

// Conn returns the connection to the last hop of the chain, bringing up what is not. Callers that
// ask for the same hop at the same time wait for one attempt together and get its one result. A
// host that keeps failing is not dialled at once again but after a wait that grows to 5 s.
func (c *Client) Conn(ctx context.Context, chain ...Hop) (*Conn, error) {
	legs, err := c.resolve(chain)
	if err != nil {
		return nil, err
	}
	return c.connect(ctx, legs)
}

func (c *Client) connect(ctx context.Context, legs []leg) (*Conn, error) {
	last := legs[len(legs)-1]
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil, hopError(last.Hop, ErrClosed)
	}
	s := c.slots[last.key]
	if s == nil {
		s = &slot{depth: len(legs)}
		c.slots[last.key] = s
	}
	if s.conn != nil && s.conn.alive() {
		c.mu.Unlock()
		return s.conn, nil
	}
	s.leg = last
	f := s.flight
	if f == nil {
		f = c.launchLocked(ctx, s, legs)
	}
	f.waiters++
	c.mu.Unlock()

	select {
	case <-f.done:
		return f.conn, f.err
	case <-ctx.Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.waiters--; f.waiters == 0 {
		f.cancel()
		if s.flight == f { // whoever asks next must not join an attempt that is being given up
			s.flight = nil
		}
	}
	return nil, hopError(last.Hop, context.Cause(ctx))
}

// launchLocked starts an attempt. It lives on when the caller that started it leaves and others
// still wait.
func (c *Client) launchLocked(ctx context.Context, s *slot, legs []leg) *flight {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f := &flight{done: make(chan struct{}), cancel: cancel}
	s.flight = f
	c.flights[f] = true
	pause := s.backoff(time.Now())
	c.wg.Go(func() {
		defer cancel()
		conn, err := c.raise(ctx, legs, pause)
		c.mu.Lock()
		delete(c.flights, f)
		wanted := s.flight == f && !c.closed
		if conn != nil && !wanted {
			err = ErrClosed
		}
		if s.flight == f {
			s.settle(conn, err)
		}
		c.changedLocked()
		c.mu.Unlock()
		if conn != nil && !wanted {
			conn.close(err)
			conn = nil
		}
		f.conn, f.err = conn, hopError(legs[len(legs)-1].Hop, err)
		close(f.done)
	})
	return f
}

// settle records how an attempt ended.
func (s *slot) settle(conn *Conn, err error) {
	s.flight, s.err, s.changed = nil, err, time.Now()
	if err == nil {
		// A host that lets us in and drops us at once fails too: fails is reset by a connection
		// that has lived for a while, in backoff.
		s.conn = conn
		return
	}
	if retriable(err) {
		s.fails++
		s.failedAt = s.changed
	}
}

// backoff says how long to wait before the next attempt.
func (s *slot) backoff(now time.Time) time.Duration {
	if s.conn != nil {
		died := s.conn.diedAt()
		switch {
		case died.Sub(s.conn.since) > 10*time.Second:
			if s.failedAt.Before(died) {
				s.fails = 0
			}
		case s.failedAt.Before(died):
			s.fails++
			s.failedAt = died
		}
	}
	if s.fails == 0 {
		return 0
	}
	wait := min(100*time.Millisecond<<min(s.fails-1, 10), 5*time.Second)
	return max(0, wait-now.Sub(s.failedAt))
}

// raise brings the last leg up, its parents first.
func (c *Client) raise(ctx context.Context, legs []leg, pause time.Duration) (*Conn, error) {
	if err := sleep(ctx, pause); err != nil {
		return nil, err
	}
	var parent *Conn
	if len(legs) > 1 {
		var err error
		if parent, err = c.connect(ctx, legs[:len(legs)-1]); err != nil {
			return nil, err
		}
	}
	return c.dial(ctx, parent, legs)
}

// sleep waits for d or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
