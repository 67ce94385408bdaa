package haproxy

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"matou/cloud"
	"matou/cloud/leaktest"
	"matou/cloud/traffic"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// loopback is the network of these tests: real listeners, names for their addresses.
type loopback struct {
	mu    sync.Mutex
	names map[string]string
	lines []string
}

func (n *loopback) network() Network {
	return Network{
		Listen: func(at string) (net.Listener, error) {
			if strings.HasPrefix(at, "10.9.9.9:") {
				return nil, errors.New("cannot assign requested address")
			}
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err == nil {
				n.set(at, l.Addr().String())
			}
			return l, err
		},
		Dial: func(ctx context.Context, at string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", n.get(at))
		},
		Log: func(l string) {
			n.mu.Lock()
			defer n.mu.Unlock()
			n.lines = append(n.lines, l)
		},
	}
}

func (n *loopback) set(name, addr string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.names[name] = addr
}

func (n *loopback) get(name string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if a, ok := n.names[name]; ok {
		return a
	}
	return "127.0.0.1:1"
}

// web is a server that answers with its name.
func (n *loopback) web(t *testing.T, at, name string) *http.Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n.set(at, l.Addr().String())
	s := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, name) })}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(l)
	}()
	t.Cleanup(func() {
		s.Close()
		<-done
	})
	return s
}

func start(t *testing.T, n *loopback, text string) *Balancer {
	t.Helper()
	c, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Run(c, n.network(), 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// get asks once, on a connection of its own; an empty reply is "EOF".
func get(t *testing.T, n *loopback, at, path string) (int, string) {
	t.Helper()
	c, err := net.Dial("tcp", n.get(at))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path)
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0, "EOF"
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body)
}

func TestRoundRobin(t *testing.T) {
	t.Parallel()
	n := &loopback{names: map[string]string{}}
	for i := range 3 {
		n.web(t, fmt.Sprintf("10.0.0.%d:5000", i), fmt.Sprint("web-", i))
	}
	start(t, n, `
listen web
  bind 10.0.0.10:80
  balance roundrobin
  option tcplog
  server web-0 10.0.0.0:5000 check
  server web-1 10.0.0.1:5000 check
  server web-2 10.0.0.2:5000 check
`)
	count := map[string]int{}
	for range 9 {
		_, body := get(t, n, "10.0.0.10:80", "/")
		count[body]++
	}
	if len(count) != 3 || count["web-0"] != 3 || count["web-1"] != 3 {
		t.Errorf("nine requests went to %v", count)
	}
}

func TestChecksTakeServersOutAndIn(t *testing.T) {
	t.Parallel()
	n := &loopback{names: map[string]string{}}
	n.web(t, "a:1", "a")
	b := start(t, n, "listen web\n bind :80\n server a a:1 check inter 100 fall 999\n server b b:1 check inter 100\n")
	status := func(name string) string {
		for l := range strings.SplitSeq(b.CSV(), "\n") {
			if strings.HasPrefix(l, "web,"+name+",") {
				return strings.Split(l, ",")[17]
			}
		}
		return ""
	}
	wait := func(name, want string) {
		t.Helper()
		for began := time.Now(); status(name) != want; time.Sleep(time.Millisecond) {
			if time.Since(began) > time.Minute {
				t.Fatalf("%s is %q, want %q", name, status(name), want)
			}
		}
	}
	wait("b", "DOWN")
	rows, err := traffic.ParseStats(strings.NewReader(b.CSV())) // read as the real one's
	if err != nil || len(rows) != 4 || rows[0].Status != "OPEN" || rows[3].Active != 1 {
		t.Fatalf("%+v, %v", rows, err)
	}
	if r := rows[2]; r.Name != "b" || r.Health() != cloud.ProxyDown || r.Check != "L4CON" || r.CheckSays != "Connection refused" {
		t.Errorf("%+v", r)
	}
	for range 4 {
		if _, body := get(t, n, ":80", "/"); body != "a" {
			t.Errorf("got %q from a server that is down", body)
		}
	}
	n.web(t, "b:1", "b")
	wait("b", "UP")
	if got := map[string]bool{}; true {
		for range 4 {
			_, body := get(t, n, ":80", "/")
			got[body] = true
		}
		if len(got) != 2 {
			t.Errorf("after the return: %v", got)
		}
	}
}

func TestModes(t *testing.T) {
	t.Parallel()
	n := &loopback{names: map[string]string{}}
	n.web(t, "a:1", "a")
	start(t, n, `
defaults
  mode http
frontend in
  bind :81
  default_backend servers
backend servers
  balance source
  server a a:1
listen empty-tcp
  mode tcp
  bind :80
listen empty-http
  bind :82
listen stats
  bind :9090
  stats uri /
`)
	for _, tt := range []struct {
		at, path string
		code     int
		body     string
	}{
		{":81", "/x", 200, "a"},
		{":80", "/", 0, "EOF"},
		{":82", "/", 503, "503 Service Unavailable"},
		{":9090", "/", 200, "Statistics Report for HAProxy"},
		{":9090", "/;csv", 200, "# pxname,svname,qcur,"},
	} {
		code, body := get(t, n, tt.at, tt.path)
		if code != tt.code || !strings.Contains(body, tt.body) {
			t.Errorf("%s%s: %d %.80q", tt.at, tt.path, code, body)
		}
	}
}

func TestBindFails(t *testing.T) {
	t.Parallel()
	n := &loopback{names: map[string]string{}}
	c, err := Parse("listen a\n bind :80\nlisten b\n bind 10.9.9.9:80\n")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Run(c, n.network(), 1); err == nil || !strings.Contains(err.Error(), "cannot bind socket") {
		t.Errorf("got %v", err)
	}
}

func TestParseMistakes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"bind :80":                                    "out of section",
		"listen":                                      "expects an <id>",
		"listen a\n bind 80":                          "invalid address",
		"listen a\n bind :99999":                      "invalid address",
		"backend a\n bind :80":                        "not allowed",
		"frontend a\n server s a:1":                   "not allowed",
		"listen a\n server s a":                       "missing port",
		"listen a\n server s a:1\n server s b:1":      "already defined",
		"listen a\n server s a:1 foo":                 "unknown keyword 'foo'",
		"listen a\n mode ftp":                         "unknown proxy mode",
		"listen a\n balance best":                     "balance only supports",
		"listen a\n stats uri x":                      "URI prefix",
		"listen a\n timeout client soon":              "invalid time",
		"listen a\n flub":                             "unknown keyword 'flub'",
		"listen a\n option 'x":                        "unmatched quote",
		"frontend a\n bind :1\n default_backend nope": "unable to find required default_backend",
		"listen a\nlisten a":                          "same name",
		"listen a\n server s a:1 inter x":             "inter",
	} {
		_, err := Parse(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	_, err := Parse("listen a\n mode x\n flub\n")
	if err == nil || !strings.Contains(err.Error(), ":2]") || !strings.Contains(err.Error(), ":3]") {
		t.Errorf("not all mistakes at once: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("global\n daemon\ndefaults\n mode http\nlisten a\n bind *:80\n server a 1.2.3.4:5 check inter 2s rise 2 fall 3 weight 10 # x\n")
	f.Add("listen a 0.0.0.0:80\n stats uri /\n timeout connect 5\n \"\\")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse(text)
		if err != nil {
			return
		}
		for _, p := range c.Proxies {
			for _, at := range p.Binds {
				if _, _, err := net.SplitHostPort(at); err != nil {
					t.Errorf("bind %q accepted: %v", at, err)
				}
			}
		}
		b := &Balancer{config: c, backs: map[*Proxy]*back{}}
		_, _ = b.CSV(), b.HTML()
	})
}
