package remote

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// HopState is what is known about one hop somebody asked for.
type HopState struct {
	Hop   Hop   // without its password
	Way   []Hop // from the first hop to this one
	Depth int   // 1 for the first hop of a chain
	Up    bool
	Since time.Time // when it came up or went down
	Err   error     // why it is down; nil when up or never tried

	KeyType     string // "ssh-ed25519"
	Fingerprint string
	Verified    Trust
	Server      string        // the server's version line, printable
	Latency     time.Duration // of the last keepalive; 0 before the first
}

// Trust says why a host key was trusted.
type Trust string

// The ways a host key becomes trusted.
const (
	TrustKnown       Trust = "known_hosts" // it was on record
	TrustCertificate Trust = "certificate" // signed by an authority on record
	TrustFingerprint Trust = "fingerprint" // matched Hop.Fingerprints
	TrustAccepted    Trust = "accepted"    // the person said so, just now
)

// States returns the hops asked for so far, parents before what lies behind them.
func (c *Client) States() []HopState {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.statesLocked()
}

// Watch waits until something came up or went down since version, and returns all states with the
// version they have. Start with version 0. Changes of latency alone are not worth waking up for.
func (c *Client) Watch(ctx context.Context, version int) ([]HopState, int, error) {
	for {
		c.mu.Lock()
		news, now, states := c.news, c.version, c.statesLocked()
		closed := c.closed
		c.mu.Unlock()
		if now > version {
			return states, now, nil
		}
		if closed {
			return nil, version, ErrClosed
		}
		select {
		case <-news:
		case <-ctx.Done():
			return nil, version, ctx.Err()
		}
	}
}

func (c *Client) changedLocked() {
	c.version++
	close(c.news)
	c.news = make(chan struct{})
}

func (c *Client) statesLocked() []HopState {
	states := make([]HopState, 0, len(c.slots))
	for _, s := range c.slots {
		hop := s.leg.Hop
		hop.Password = ""
		st := HopState{Hop: hop, Depth: s.depth, Since: s.changed, Err: s.err}
		if conn := s.conn; conn != nil {
			conn.mu.Lock()
			st.Up, st.Latency = conn.err == nil, conn.latency
			st.Way, st.KeyType, st.Fingerprint = conn.Chain(), conn.keyType, conn.fingerprint
			st.Verified, st.Server = conn.trust, conn.server
			switch {
			case st.Up:
				st.Since, st.Err = conn.since, nil
			case conn.died.After(st.Since) || st.Err == nil:
				st.Since, st.Err = conn.died, conn.err
			}
			conn.mu.Unlock()
		}
		states = append(states, st)
	}
	slices.SortFunc(states, func(a, b HopState) int {
		return cmp.Or(cmp.Compare(a.Depth, b.Depth), cmp.Compare(a.Hop.String(), b.Hop.String()))
	})
	return states
}
