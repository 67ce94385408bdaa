package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"matou/cloud"
)

// Conn is a connection to a hop that is up, or was. It belongs to its Client and is shared by all
// who asked for that hop, so it cannot be closed from here: see [Client.Disconnect].
type Conn struct {
	client *Client
	parent *Conn
	chain  []leg
	leg    leg // the last of chain
	ssh    *ssh.Client
	pace   *paced // of the first hop; nil on those behind it

	// Set during the handshake, and fixed from then on.
	since                        time.Time
	trust                        Trust
	keyType, fingerprint, server string

	raising raising
	done    chan struct{} // closed when the connection has ended
	mu      sync.Mutex
	err     error // why it ended; nil while it is up
	died    time.Time
	latency time.Duration
}

func newConn(c *Client, parent *Conn, legs []leg) *Conn {
	return &Conn{client: c, parent: parent, chain: legs, leg: legs[len(legs)-1], done: make(chan struct{})}
}

// hold has everything that comes read at once until the function it returns is called.
func (c *Conn) hold() (release func()) {
	for c.parent != nil {
		c = c.parent
	}
	return c.pace.hold()
}

// Hop is the host at the end of the connection, without its password.
func (c *Conn) Hop() Hop {
	h := c.leg.Hop
	h.Password = ""
	return h
}

// Chain is the way to it, the first hop first, without passwords.
func (c *Conn) Chain() []Hop {
	hops := make([]Hop, len(c.chain))
	for i, l := range c.chain {
		hops[i] = l.Hop
		hops[i].Password = ""
	}
	return hops
}

// HostKey is the fingerprint of the key that the host showed, and why that was trusted.
func (c *Conn) HostKey() (fingerprint string, trusted Trust) { return c.fingerprint, c.trust }

// Done is closed when the connection has ended.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Err says why the connection ended; nil while it is up.
func (c *Conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

func (c *Conn) alive() bool { return c.Err() == nil }

func (c *Conn) diedAt() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.died
}

// start takes a fresh connection into service. It reports whether the client was still open.
func (c *Conn) start() bool {
	c.since = time.Now()
	if !c.client.spawn(c.wait) {
		c.ssh.Close()
		return false
	}
	return c.client.spawn(c.keepalive)
}

// wait notices the end of the connection, whoever caused it.
func (c *Conn) wait() {
	err := c.ssh.Wait()
	if errors.Is(err, io.EOF) || err == nil {
		err = cloud.Say(errors.New("the server hung up"), "cause.hung-up")
	}
	c.fail(err)
	close(c.done)
	c.client.mu.Lock()
	c.client.changedLocked()
	c.client.mu.Unlock()
}

// fail records why the connection is unusable. The first reason stays.
func (c *Conn) fail(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.died = time.Now()
		c.err = hopError(c.leg.Hop, fmt.Errorf("%w: %w", ErrLost, cause))
	}
}

// close ends the connection.
func (c *Conn) close(cause error) {
	c.fail(cause)
	c.ssh.Close()
}

// keepalive probes the peer until the connection ends, and ends it when the peer is silent. The
// answer to this request is a refusal, which is an answer (OpenSSH's PROTOCOL has no reply to
// unknown requests but that).
func (c *Conn) keepalive() {
	every := c.client.o.KeepaliveEvery
	tick := time.NewTimer(every)
	defer tick.Stop()
	for {
		select {
		case <-c.done:
			return
		case <-tick.C:
		}
		sent := time.Now()
		answered := make(chan error, 1)
		if !c.client.spawn(func() {
			_, _, err := c.ssh.SendRequest("keepalive@openssh.com", true, nil)
			answered <- err
		}) {
			return
		}
		late := time.NewTimer(2 * every)
		select {
		case err := <-answered:
			late.Stop()
			if err != nil {
				c.close(err)
				return
			}
			c.mu.Lock()
			c.latency = time.Since(sent)
			c.mu.Unlock()
		case <-late.C:
			c.close(cloud.Say(fmt.Errorf("no answer for %v", 2*every), "cause.silent-for", "time", (2 * every).String()))
			return
		case <-c.done:
			late.Stop()
			return
		}
		tick.Reset(every)
	}
}

// lost words an error of something that ran on the connection, once it has ended.
func (c *Conn) lost(err error) error {
	if cause := c.Err(); cause != nil {
		return cause
	}
	return hopError(c.leg.Hop, fmt.Errorf("%w: %w", ErrLost, err))
}

// within runs f, which takes no context and ends when the server answers or the connection ends. When
// ctx or the connection ends first, within returns, and drop gets what f still comes up with.
//
// A channel opened in the very moment the connection ends may never come to its end: x/crypto/ssh puts
// it in a list that has just been read for the last time. So once the connection has ended nobody
// waits for f, not even Close of the client.
func within[T any](ctx context.Context, c *Conn, f func() (T, error), drop func(T)) (T, error) {
	type result struct {
		value T
		err   error
	}
	var none T
	ch, left := make(chan result), make(chan struct{})
	if !c.client.spawn(func() {
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			v, err := f()
			select {
			case ch <- result{v, err}:
			case <-left:
				if err == nil {
					drop(v)
				}
			}
		}()
		select {
		case <-ended:
		case <-c.done:
		}
	}) {
		return none, hopError(c.leg.Hop, ErrClosed)
	}
	select {
	case r := <-ch:
		return r.value, r.err
	case <-ctx.Done():
		close(left)
		return none, context.Cause(ctx)
	case <-c.done:
	}
	select {
	case r := <-ch:
		return r.value, r.err
	default:
		close(left)
		return none, c.Err()
	}
}

// mortal is a connection to which nothing can be written any more once reading has failed. Otherwise
// there is a moment in which x/crypto/ssh has given a connection up and still sends requests on it,
// whose answers it then waits for without end.
type mortal struct {
	net.Conn
	dead atomic.Bool
}

func (m *mortal) Read(p []byte) (int, error) {
	n, err := m.Conn.Read(p)
	if err != nil {
		m.dead.Store(true)
	}
	return n, err
}

func (m *mortal) Write(p []byte) (int, error) {
	if m.dead.Load() {
		return 0, net.ErrClosed
	}
	return m.Conn.Write(p)
}
