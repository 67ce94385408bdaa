package haproxy

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Network is where the balancer listens and dials.
type Network struct {
	Listen func(hostport string) (net.Listener, error)
	Dial   func(ctx context.Context, hostport string) (net.Conn, error)
	Log    func(line string)
}

// Balancer is a running configuration.
type Balancer struct {
	config  *Config
	net     Network
	started time.Time
	cancel  context.CancelFunc
	wg      sync.WaitGroup
	fronts  []*front
	backs   map[*Proxy]*back
	pid     int
}

// front is a section that listens.
type front struct {
	proxy   *Proxy
	current atomic.Int64
	total   atomic.Int64
	in, out atomic.Int64
	close   func()
}

// back is a section with servers.
type back struct {
	proxy    *Proxy
	mu       sync.Mutex
	next     int
	servers  []*target
	total    atomic.Int64
	current  atomic.Int64
	in, out  atomic.Int64
	failures atomic.Int64
}

// target is a server with its state.
type target struct {
	*Server
	mu       sync.Mutex
	up       bool
	checked  bool
	streak   int
	fails    int
	downs    int
	since    time.Time
	detail   string
	says     string        // why the last check failed, as the system words it
	down     time.Duration // all the times that are over
	took     time.Duration
	current  atomic.Int64
	total    atomic.Int64
	in, out  atomic.Int64
	failures atomic.Int64
}

// Run starts the proxies. The error is why one can't listen; then nothing runs.
func Run(c *Config, n Network, pid int) (*Balancer, error) {
	ctx, cancel := context.WithCancel(context.Background())
	b := &Balancer{config: c, net: n, started: time.Now(), cancel: cancel, backs: map[*Proxy]*back{}, pid: pid}
	if n.Log == nil {
		b.net.Log = func(string) {}
	}
	for _, p := range c.Proxies {
		if p.Kind != "frontend" {
			k := &back{proxy: p}
			for _, s := range p.Servers {
				// A server counts as up until its checks say otherwise, as haproxy starts.
				k.servers = append(k.servers, &target{Server: s, up: !s.Disabled, since: b.started})
			}
			b.backs[p] = k
		}
	}
	for _, p := range c.Proxies {
		if p.Kind != "backend" {
			if err := b.listen(ctx, p); err != nil {
				b.Close()
				return nil, err
			}
		}
	}
	for _, k := range b.backs {
		for _, s := range k.servers {
			if s.Check && !s.Disabled {
				b.wg.Go(func() { b.check(ctx, k, s) })
			}
		}
	}
	return b, nil
}

// Close ends the proxies and their connections, and waits for them.
func (b *Balancer) Close() {
	b.cancel()
	for _, f := range b.fronts {
		f.close()
	}
	b.wg.Wait()
}

func (b *Balancer) listen(ctx context.Context, p *Proxy) error {
	f := &front{proxy: p}
	var open []net.Listener
	f.close = func() {
		for _, l := range open {
			l.Close()
		}
	}
	b.fronts = append(b.fronts, f)
	for _, at := range p.Binds {
		l, err := b.net.Listen(at)
		if err != nil {
			return fmt.Errorf("Starting proxy %s: cannot bind socket (%w) [%s]", p.Name, err, at) //nolint:staticcheck // haproxy's words
		}
		open = append(open, l)
	}
	for _, l := range open {
		b.wg.Go(func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				b.wg.Go(func() { b.serve(ctx, f, c) })
			}
		})
	}
	return nil
}

func (b *Balancer) serve(ctx context.Context, f *front, c net.Conn) {
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	f.total.Add(1)
	f.current.Add(1)
	defer f.current.Add(-1)
	if f.proxy.Mode == "http" {
		b.serveHTTP(ctx, f, c)
		return
	}
	k := b.backend(f.proxy)
	if k == nil {
		return
	}
	b.forward(ctx, f, k, c)
}

func (b *Balancer) backend(p *Proxy) *back {
	if p.Default != "" {
		return b.backs[b.config.backend(p.Default)]
	}
	return b.backs[p]
}

// forward joins a connection to a server. Without a server that answers the connection just ends:
// in TCP mode there is nothing to say.
func (b *Balancer) forward(ctx context.Context, f *front, k *back, c net.Conn) {
	s, conn := b.connect(ctx, k, c.RemoteAddr())
	if s == nil {
		k.failures.Add(1)
		b.net.Log(fmt.Sprintf("%s [%s] %s %s/<NOSRV> -1/-1/0 0 SC 1/1/0/0/0 0/0", c.RemoteAddr(), time.Now().Format("02/Jan/2006:15:04:05.000"), f.proxy.Name, k.proxy.Name))
		return
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	defer s.current.Add(-1)
	defer k.current.Add(-1)
	began := time.Now()
	var up, down int64
	var wg sync.WaitGroup
	wg.Go(func() {
		up = pipe(conn, c)
	})
	down = pipe(c, conn)
	wg.Wait()
	for _, n := range []*atomic.Int64{&f.in, &k.in, &s.in} {
		n.Add(up)
	}
	for _, n := range []*atomic.Int64{&f.out, &k.out, &s.out} {
		n.Add(down)
	}
	b.net.Log(fmt.Sprintf("%s [%s] %s %s/%s 0/0/%d %d -- 1/1/0/0/0 0/0", c.RemoteAddr(), began.Format("02/Jan/2006:15:04:05.000"),
		f.proxy.Name, k.proxy.Name, s.Name, time.Since(began).Milliseconds(), down))
}

// pipe copies one direction and passes its end on.
func pipe(dst, src net.Conn) int64 {
	n, _ := io.Copy(dst, src) // either end may go at any time
	if h, ok := dst.(interface{ CloseWrite() error }); ok {
		_ = h.CloseWrite()
	} else {
		dst.Close()
	}
	return n
}

// connect dials a server by the balancing rule, another one when the first does not answer.
func (b *Balancer) connect(ctx context.Context, k *back, from net.Addr) (*target, net.Conn) {
	tried := map[*target]bool{}
	for range 3 {
		s := k.pick(from, tried)
		if s == nil {
			return nil, nil
		}
		tried[s] = true
		dial, cancel := context.WithTimeout(ctx, orDefault(k.proxy.Connect, 5*time.Second))
		conn, err := b.net.Dial(dial, s.Address)
		cancel()
		if err != nil {
			s.failures.Add(1)
			continue
		}
		for _, n := range []*atomic.Int64{&s.total, &s.current, &k.total, &k.current} {
			n.Add(1)
		}
		return s, conn
	}
	return nil, nil
}

func orDefault(d, otherwise time.Duration) time.Duration {
	if d <= 0 {
		return otherwise
	}
	return d
}

// pick chooses a server that is up: backups only when no other is.
func (k *back) pick(from net.Addr, not map[*target]bool) *target {
	var live []*target
	for _, backup := range []bool{false, true} {
		for _, s := range k.servers {
			if s.Backup == backup && s.isUp() && !not[s] && s.Weight > 0 {
				live = append(live, s)
			}
		}
		if len(live) > 0 {
			break
		}
	}
	if len(live) == 0 {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	switch k.proxy.Balance {
	case "source":
		h := fnv.New32a()
		host, _, _ := net.SplitHostPort(from.String())
		_, _ = io.WriteString(h, host)
		return live[int(h.Sum32()%uint32(len(live)))]
	case "leastconn":
		best := live[k.next%len(live)]
		for _, s := range live {
			if s.current.Load() < best.current.Load() {
				best = s
			}
		}
		k.next++
		return best
	case "first":
		return live[0]
	}
	k.next++
	return live[(k.next-1)%len(live)]
}

func (s *target) isUp() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.up
}

// check connects to a server at its interval and marks it up or down after rise or fall results.
func (b *Balancer) check(ctx context.Context, k *back, s *target) {
	t := time.NewTimer(0)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		inter := max(s.Inter, 100*time.Millisecond)
		dial, cancel := context.WithTimeout(ctx, inter)
		began := time.Now()
		conn, err := b.net.Dial(dial, s.Address)
		cancel()
		if err == nil {
			conn.Close()
		}
		if ctx.Err() != nil {
			return
		}
		b.result(k, s, err, time.Since(began))
		t.Reset(inter)
	}
}

func (b *Balancer) result(k *back, s *target, err error, took time.Duration) {
	s.mu.Lock()
	s.took, s.detail, s.says = took, "L4OK", ""
	if err != nil {
		s.fails++
		s.detail, s.says = "L4CON", "Connection refused"
		if errors.Is(err, context.DeadlineExceeded) {
			s.detail, s.says = "L4TOUT", ""
		}
	}
	first := !s.checked
	s.checked = true
	was := s.up
	if (err == nil) == s.up {
		s.streak = 0
	} else if s.streak++; first || s.up && s.streak >= s.Fall || !s.up && s.streak >= s.Rise {
		// The first check decides at once, so that a dead server gets nothing.
		if !s.up {
			s.down += time.Since(s.since)
		}
		s.up, s.streak, s.since = !s.up, 0, time.Now()
		if !s.up {
			s.downs++
		}
	}
	now := s.up
	s.mu.Unlock()
	if was == now {
		return
	}
	left := 0
	for _, o := range k.servers {
		if o.isUp() {
			left++
		}
	}
	word := map[bool]string{true: "UP", false: "DOWN"}[now]
	b.net.Log(fmt.Sprintf("Server %s/%s is %s, reason: Layer4 check %s. %d active and 0 backup servers left.", k.proxy.Name, s.Name, word,
		map[bool]string{true: "passed", false: "failed"}[now], left))
	if left == 0 {
		b.net.Log(fmt.Sprintf("proxy %s has no server available!", k.proxy.Name))
	}
}
