package remote

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// peer listens and treats each connection as handle does.
func peer(t testing.TB, handle func(net.Conn)) Hop {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer conn.Close()
				handle(conn)
			})
		}
	})
	t.Cleanup(func() {
		ln.Close()
		wg.Wait()
	})
	return Hop{Name: "peer", User: "u", Host: "127.0.0.1", Port: ln.Addr().(*net.TCPAddr).Port}
}

func silent(c net.Conn) { io.Copy(io.Discard, c) }

func TestDialFails(t *testing.T) {
	t.Parallel()
	// A port that was free a moment ago may be another test's by now: nobody listens on this one.
	closed := Hop{User: "u", Host: "127.0.0.1", Port: 1}
	for _, tt := range []struct {
		name string
		hop  Hop
		text string
	}{
		{"refused", closed, "refused"},
		{"silent handshake", peer(t, silent), "no answer in the handshake within 50ms"},
		{"hangs up", peer(t, func(net.Conn) {}), "handshake failed"},
		{"not SSH", peer(t, func(c net.Conn) { io.WriteString(c, strings.Repeat("HTTP/1.1 400 Bad Request\r\n", 50)) }), "handshake failed"},
		{"version only", peer(t, func(c net.Conn) { io.WriteString(c, "SSH-2.0-x\r\n"); silent(c) }), "no answer in the handshake"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, via := range []*server{nil, newServer(t)} {
				c := newClient(t)
				chain := []Hop{tt.hop}
				if via != nil {
					chain = []Hop{via.hop(), tt.hop}
					connect(t, c, via.hop())
				}
				if strings.Contains(tt.text, "no answer") { // the others answer, however late
					c.o.HandshakeTimeout = 50 * time.Millisecond
				}
				_, err := c.Conn(t.Context(), chain...)
				if !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), tt.text) {
					t.Errorf("%d hops: %v", len(chain), err)
				}
				var he *HopError
				if !errors.As(err, &he) || he.Hop.Port != tt.hop.Port {
					t.Errorf("%d hops: the error names %v", len(chain), he.Hop)
				}
			}
		})
	}
}

// Whoever leaves, leaves at once, at every stage of a dial.
func TestDialCancelled(t *testing.T) {
	t.Parallel()
	hang := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	asking := func(o *Options) {
		o.Asker.HostKey = func(ctx context.Context, _ HostKey) (bool, error) {
			<-ctx.Done()
			return false, ctx.Err()
		}
	}
	for _, tt := range []struct {
		name   string
		chain  []Hop
		option func(*Options)
	}{
		{"dialling", []Hop{{User: "u", Host: "192.0.2.1"}}, func(o *Options) { o.Dial = hang }},
		{"handshake", []Hop{peer(t, silent)}, func(*Options) {}},
		{"asking", []Hop{unknown(newServer(t).hop())}, asking},
		{"through a hop that does not answer", []Hop{newServer(t).hop(), {User: "u", Host: "silent.example"}}, func(*Options) {}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newClient(t, func(o *Options) { o.DialTimeout, o.HandshakeTimeout = time.Hour, time.Hour }, tt.option)
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(50*time.Millisecond, cancel)
			if _, err := c.Conn(ctx, tt.chain...); !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestDialTimeout(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := newClient(t)
	connect(t, c, s.hop())
	c.o.DialTimeout = 200 * time.Millisecond
	_, err := c.Conn(t.Context(), s.hop(), Hop{User: "u", Host: "silent.example"})
	if !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), "no answer through test within 200ms") {
		t.Errorf("error %v", err)
	}
}

// Three hops: each in the next one's pocket, and one connection to each however many want it.
func TestChain(t *testing.T) {
	t.Parallel()
	needShell(t)
	a, b, d := newServer(t), newServer(t), newServer(t)
	var asked []HostKey
	c := newClient(t, accepting(&asked, true))
	chain := []Hop{a.hop(), unknown(b.hop()), unknown(d.hop())}
	chain[0].Name, chain[1].Name, chain[2].Name = "jumphost", "inception", "server"
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			conn, err := c.Conn(t.Context(), chain...)
			if err != nil {
				t.Error(err)
				return
			}
			out, _, err := conn.Output(t.Context(), "echo deep", 100)
			if err != nil || string(out) != "deep\n" {
				t.Errorf("%q, %v", out, err)
			}
		})
	}
	wg.Wait()
	for i, s := range []*server{a, b, d} {
		if n := s.accepted.Load(); n != 1 {
			t.Errorf("hop %d was dialled %d times", i+1, n)
		}
	}
	if len(asked) != 2 || !strings.Contains(asked[1].Addr, ".via.127.0.0.1-") {
		t.Errorf("asked about %+v", asked)
	}
	states := c.States()
	if len(states) != 3 || states[2].Depth != 3 || !states[2].Up || len(states[2].Way) != 3 {
		t.Fatalf("states %+v", states)
	}

	// The middle goes: what lies behind it goes too, what lies before it stays.
	first, deep := connect(t, c, chain[0]), connect(t, c, chain...)
	b.drop()
	<-deep.Done()
	if !errors.Is(deep.Err(), ErrLost) || !first.alive() {
		t.Errorf("deep: %v, first: %v", deep.Err(), first.Err())
	}
	connect(t, c, chain...)
	if a.accepted.Load() != 1 || b.accepted.Load() != 2 || d.accepted.Load() != 2 {
		t.Errorf("dialled again: %d %d %d", a.accepted.Load(), b.accepted.Load(), d.accepted.Load())
	}
	if len(asked) != 2 {
		t.Error("asked again")
	}
}

// All who wait for one attempt get its error; one who leaves does not take the others along.
func TestConnShared(t *testing.T) {
	t.Parallel()
	var dials atomic.Int64
	release := make(chan struct{})
	c := newClient(t, func(o *Options) {
		o.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
			dials.Add(1)
			select {
			case <-release:
				return nil, errors.New("cable pulled")
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
	})
	hop := Hop{User: "u", Host: "192.0.2.1"}
	impatient, cancel := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() {
		_, err := c.Conn(impatient, hop)
		first <- err
	}()
	for dials.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	errs := make(chan error, 4)
	for range 4 {
		go func() {
			_, err := c.Conn(t.Context(), hop)
			errs <- err
		}()
	}
	waiting := func() int {
		c.mu.Lock()
		defer c.mu.Unlock()
		for f := range c.flights {
			return f.waiters
		}
		return 0
	}
	for waiting() < 5 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	close(release)
	for range 4 {
		if err := <-errs; !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), "cable pulled") {
			t.Error(err)
		}
	}
	if dials.Load() != 1 {
		t.Errorf("%d dials", dials.Load())
	}
}

func TestClosed(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := newClient(t)
	conn := connect(t, c, s.hop())
	running := make(chan error, 1)
	go func() {
		_, err := conn.Run(t.Context(), Command{Line: "hang"}, func(Line) { running <- nil })
		running <- err
	}()
	<-running
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-running; !errors.Is(err, ErrLost) || !errors.Is(err, ErrClosed) {
		t.Errorf("what ran: %v", err)
	}
	if _, err := c.Conn(t.Context(), s.hop()); !errors.Is(err, ErrClosed) {
		t.Errorf("Conn: %v", err)
	}
	if _, err := conn.Run(t.Context(), Command{Line: "true"}, nil); err == nil {
		t.Error("Run on a closed client")
	}
	if _, _, err := c.Watch(t.Context(), 1<<30); !errors.Is(err, ErrClosed) {
		t.Errorf("Watch: %v", err)
	}
}

func TestTunnel(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	conn := connect(t, c, newServer(t).hop())
	// The far side answers only after our side has ended: half-closing must get through.
	echo := peer(t, func(c net.Conn) {
		data, _ := io.ReadAll(c)
		c.Write(data)
	})
	far, err := conn.DialContext(t.Context(), "tcp", echo.Addr())
	if err != nil {
		t.Fatal(err)
	}
	want := bytes.Repeat([]byte("matou"), 50_000)
	if _, err := far.Write(want); err != nil {
		t.Fatal(err)
	}
	far.(interface{ CloseWrite() error }).CloseWrite()
	if got, err := io.ReadAll(far); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes back, %v", len(got), err)
	}
	far.Close()

	quiet, err := conn.DialContext(t.Context(), "tcp", peer(t, silent).Addr())
	if err != nil {
		t.Fatal(err)
	}
	quiet.SetDeadline(time.Now().Add(10 * time.Millisecond))
	if _, err := quiet.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("deadline: %v", err)
	}
	quiet.Close()
	if _, err := quiet.Read(make([]byte, 1)); err == nil {
		t.Error("read from a closed tunnel")
	}
	for addr, text := range map[string]string{
		"127.0.0.1:1": "refused", "forbidden.example:80": "does not forward", "x:port": "port", "x": "missing port",
	} {
		if _, err := conn.DialContext(t.Context(), "tcp", addr); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v", addr, err)
		}
	}
}

func TestForward(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := newClient(t)
	conn := connect(t, c, s.hop())
	web := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "miaou") })}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go web.Serve(ln)
	defer web.Close()
	f, err := conn.Forward(t.Context(), "", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	get := func() string {
		resp, err := client.Get("http://" + f.Addr().String())
		if err != nil {
			return err.Error()
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		return string(body)
	}
	if got := get(); got != "miaou" {
		t.Error(got)
	}
	s.drop()
	<-conn.Done()
	if got := get(); got != "miaou" {
		t.Errorf("after a lost connection: %s", got)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", f.Addr().String()); err == nil {
		t.Error("still listening")
	}
	// One that nobody closes ends with the client.
	if _, err := connect(t, c, s.hop()).Forward(context.Background(), "", "127.0.0.1:1"); err != nil {
		t.Error(err)
	}
	if _, err := conn.Forward(t.Context(), "", "nonsense"); err == nil {
		t.Error("forward to nonsense")
	}
}

func TestReadUnixSocket(t *testing.T) {
	t.Parallel()
	conn := connect(t, newClient(t), newServer(t).hop())
	_, err := conn.DialContext(t.Context(), "unix", filepath.Join(t.TempDir(), "s"))
	if !errors.Is(err, ErrUnreachable) { // the test server has no such channels
		t.Error(err)
	}
	if _, err := conn.DialContext(t.Context(), "udp", "127.0.0.1:1"); err == nil {
		t.Error("udp")
	}
}
