package remote

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/ssh"
)

// bubbleServer serves one connection over a pipe. Closing mute makes it deaf and dumb, as a host is
// whose cable was pulled.
func bubbleServer(t *testing.T, key ssh.Signer, mute <-chan struct{}) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		config := &ssh.ServerConfig{NoClientAuth: true}
		config.AddHostKey(key)
		go func() {
			m := newMuted(far, mute)
			defer close(m.done)
			conn, chans, reqs, err := ssh.NewServerConn(m, config)
			if err != nil {
				return
			}
			go ssh.DiscardRequests(reqs)
			for ch := range chans {
				ch, reqs, err := ch.Accept()
				if err == nil {
					go func() {
						for r := range reqs {
							r.Reply(true, nil)
						}
						ch.Close()
					}()
				}
			}
			conn.Close()
		}()
		return near, nil
	}
}

// muted buffers what is written, as a network does: both sides of a handshake speak first.
type muted struct {
	net.Conn
	mute  <-chan struct{}
	queue chan []byte
	done  chan struct{}
}

func newMuted(c net.Conn, mute <-chan struct{}) *muted {
	m := &muted{Conn: c, mute: mute, queue: make(chan []byte, 1024), done: make(chan struct{})}
	go func() {
		for {
			select {
			case p := <-m.queue:
				if _, err := m.Conn.Write(p); err != nil {
					return
				}
			case <-m.done:
				return
			}
		}
	}()
	return m
}

func (m *muted) Write(p []byte) (int, error) {
	select {
	case <-m.mute:
	default:
		m.queue <- slices.Clone(p)
	}
	return len(p), nil
}

func TestKeepalive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		key, mute := newSigner(t), make(chan struct{})
		c := New(Options{Dial: bubbleServer(t, key, mute)})
		defer c.Close()
		hop := Hop{Name: "pipe", User: "u", Host: "h", Fingerprints: []string{ssh.FingerprintSHA256(key.PublicKey())}}
		conn := connect(t, c, hop)
		time.Sleep(time.Hour) // an idle connection that answers stays
		if !conn.alive() {
			t.Fatal(conn.Err())
		}
		_, version, err := c.Watch(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		ran := make(chan error, 1)
		go func() {
			_, err := conn.Run(t.Context(), Command{Line: "x"}, nil)
			ran <- err
		}()
		synctest.Wait()
		close(mute)
		cut := time.Now()
		states, _, err := c.Watch(t.Context(), version)
		if err != nil {
			t.Fatal(err)
		}
		if d := time.Since(cut); d > 15*time.Second {
			t.Errorf("noticed after %v", d)
		}
		if states[0].Up || !errors.Is(states[0].Err, ErrLost) {
			t.Errorf("state %+v", states[0])
		}
		if err := <-ran; !errors.Is(err, ErrLost) || !strings.Contains(err.Error(), "no answer for 10s") {
			t.Errorf("what ran: %v", err)
		}
	})
}

// A host that cannot be reached is dialled ever more rarely, and at once after a long time.
func TestBackoff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dials := 0
		c := New(Options{Dial: func(context.Context, string, string) (net.Conn, error) {
			dials++
			return nil, io.ErrUnexpectedEOF
		}})
		defer c.Close()
		start := time.Now()
		for time.Since(start) < time.Minute {
			if _, err := c.Conn(t.Context(), Hop{User: "u", Host: "h"}); !errors.Is(err, ErrUnreachable) {
				t.Fatal(err)
			}
		}
		if dials < 10 || dials > 25 {
			t.Errorf("%d dials in a minute", dials)
		}
		time.Sleep(10 * time.Second)
		before := time.Now()
		c.Conn(t.Context(), Hop{User: "u", Host: "h"})
		if d := time.Since(before); d != 0 {
			t.Errorf("waited %v more after a long pause", d)
		}
	})
}

// A person may think for longer than a handshake may last.
func TestHandshakeClockStopsWhileAsking(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		key := newSigner(t)
		o := Options{Dial: bubbleServer(t, key, nil), KnownHosts: t.TempDir() + "/k"}
		o.Asker.HostKey = func(context.Context, HostKey) (bool, error) {
			time.Sleep(10 * time.Minute)
			return true, nil
		}
		c := New(o)
		defer c.Close()
		connect(t, c, Hop{User: "u", Host: "h"})
	})
}
