package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"matou/cloud/sandbox/host/bin"
	"matou/cloud/sandbox/host/shell"
	"matou/cloud/sandbox/host/tree"
)

func commandOf(c bin.Call) shell.Command {
	return shell.Command{Args: c.Args, Stdin: c.Stdin, Stdout: c.Stdout, Stderr: c.Stderr, Env: c.Env, Dir: c.Dir}
}

const curlOptions = "s i I f L k v S m: o: w: H: X: d: A: u: O x: silent=s include=i head=I fail=f location=L insecure=k " +
	"max-time=m connect-timeout=m output=o write-out=w header=H request=X data=d show-error=S user-agent=A verbose=v retry=x"

// curl speaks HTTP over the virtual network. Exit statuses as curl(1): 6 unknown host, 7 refused,
// 22 HTTP error with -f, 28 timeout, 52 empty reply.
func curl(ctx context.Context, p *Process) int {
	o, ok := p.Parse(curlOptions)
	if !ok {
		return 2
	}
	if len(o.Rest) == 0 {
		fmt.Fprintln(p.Stderr, "curl: no URL specified!")
		return 2
	}
	code := 0
	for _, u := range o.Rest {
		if c := p.fetch(ctx, o, u); c != 0 {
			code = c
		}
	}
	return code
}

func (p *Process) fetch(ctx context.Context, o bin.Options, target string) int {
	if !strings.Contains(target, "://") {
		target = "http://" + target
	}
	u, err := url.Parse(target)
	if err != nil || u.Host == "" {
		return p.curlFail(o, 3, "URL using bad/illegal format or missing URL")
	}
	if u.Scheme != "http" {
		return p.curlFail(o, 1, "Protocol \""+u.Scheme+"\" not supported or disabled in libcurl")
	}
	limit := 60 * time.Second
	if v := o.Value("m"); v != "" {
		d, ok := bin.Duration(v)
		if !ok {
			return p.curlFail(o, 2, "expected a proper numerical parameter")
		}
		limit = d
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	began := time.Now()
	resp, err := p.request(ctx, o, u)
	if err != nil {
		if o.Has("w") {
			p.printf("%s", writeOut(o.Value("w"), 0, 0, time.Since(began), u.String()))
		}
		return p.curlError(o, u, err)
	}
	defer resp.Body.Close()
	if o.Has("f") && resp.StatusCode >= 400 {
		return p.curlFail(o, 22, "The requested URL returned error: "+itoa(resp.StatusCode))
	}
	var head bytes.Buffer
	if o.Has("i", "I") {
		fmt.Fprintf(&head, "%s %s\r\n", resp.Proto, resp.Status)
		keys := make([]string, 0, len(resp.Header))
		for k := range resp.Header {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			fmt.Fprintf(&head, "%s: %s\r\n", k, strings.Join(resp.Header[k], ", "))
		}
		head.WriteString("\r\n")
	}
	n, err := p.save(o, u, io.MultiReader(&head, io.LimitReader(resp.Body, 64<<20)))
	if o.Has("w") {
		p.printf("%s", writeOut(o.Value("w"), resp.StatusCode, n, time.Since(began), u.String()))
	}
	if err != nil {
		return p.curlFail(o, 23, bin.Reason(err))
	}
	return 0
}

func (p *Process) request(ctx context.Context, o bin.Options, u *url.URL) (*http.Response, error) {
	method := "GET"
	var body io.Reader
	if o.Has("d") {
		method, body = "POST", strings.NewReader(o.Value("d"))
	}
	if o.Has("I") {
		method = "HEAD"
	}
	if o.Has("X") {
		method = o.Value("X")
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "curl/7.88.1")
	req.Header.Set("Accept", "*/*")
	if k, v, ok := strings.Cut(o.Value("H"), ":"); ok {
		req.Header.Set(strings.TrimSpace(k), strings.TrimSpace(v))
	}
	client := &http.Client{
		Transport: &http.Transport{
			DisableKeepAlives: true,
			DialContext:       func(ctx context.Context, _, addr string) (net.Conn, error) { return p.Host.Dial(ctx, addr) },
		},
		CheckRedirect: func(_ *http.Request, via []*http.Request) error {
			if !o.Has("L") || len(via) > 10 {
				return http.ErrUseLastResponse
			}
			return nil
		},
	}
	return client.Do(req)
}

func (p *Process) save(o bin.Options, u *url.URL, r io.Reader) (int64, error) {
	name := o.Value("o")
	if o.Has("O") {
		name = path.Base(u.Path)
	}
	if name == "" || name == "-" {
		n, _ := io.Copy(p.Stdout, r) // nobody reads on: not the transfer's fault
		return n, nil
	}
	if name == "/dev/null" {
		return io.Copy(io.Discard, r)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return 0, err
	}
	return int64(len(data)), p.FS.WriteFile(tree.Clean(p.Dir, name), data, 0o644)
}

func writeOut(format string, code int, size int64, took time.Duration, u string) string {
	return strings.NewReplacer("%{http_code}", fmt.Sprintf("%03d", code), "%{response_code}", fmt.Sprintf("%03d", code),
		"%{size_download}", strconv.FormatInt(size, 10), "%{time_total}", fmt.Sprintf("%.6f", took.Seconds()),
		"%{url_effective}", u, `\n`, "\n", `\t`, "\t", "%%", "%").Replace(format)
}

func (p *Process) curlFail(o bin.Options, code int, text string) int {
	if !o.Has("s") || o.Has("S") {
		fmt.Fprintf(p.Stderr, "curl: (%d) %s\n", code, text)
	}
	return code
}

func (p *Process) curlError(o bin.Options, u *url.URL, err error) int {
	port := u.Port()
	if port == "" {
		port = "80"
	}
	var dns *net.DNSError
	var op *net.OpError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return p.curlFail(o, 28, "Operation timed out")
	case errors.Is(err, context.Canceled):
		return 130
	case errors.As(err, &dns):
		return p.curlFail(o, 6, "Could not resolve host: "+u.Hostname())
	case errors.As(err, &op) && errors.Is(op.Err, ErrRefused):
		return p.curlFail(o, 7, fmt.Sprintf("Failed to connect to %s port %s: Connection refused", u.Hostname(), port))
	case errors.As(err, &op) && errors.Is(op.Err, ErrNoRoute):
		return p.curlFail(o, 7, fmt.Sprintf("Failed to connect to %s port %s: No route to host", u.Hostname(), port))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), strings.Contains(err.Error(), "EOF"), errors.Is(err, io.ErrClosedPipe),
		errors.Is(err, net.ErrClosed), strings.Contains(err.Error(), "server closed idle connection"): // closed before the request was out
		return p.curlFail(o, 52, "Empty reply from server")
	}
	return p.curlFail(o, 56, "Recv failure: "+err.Error())
}

func wget(ctx context.Context, p *Process) int {
	o, ok := p.Parse("q O: o: T: t: S quiet=q output-document=O")
	if !ok {
		return 2
	}
	args := []string{"curl", "-s", "-S", "-L", "-f"}
	switch {
	case o.Value("O") != "":
		args = append(args, "-o", o.Value("O"))
	default:
		args = append(args, "-O")
	}
	p.Args = append(args, o.Rest...)
	if code := curl(ctx, p); code != 0 {
		return 4
	}
	return 0
}

// Dial connects as a program on the host would.
func (h *Host) Dial(ctx context.Context, hostport string) (net.Conn, error) {
	return h.cfg.Net.Dial(ctx, h, hostport)
}

// sockets is ss(8) and netstat(8): the listening sockets.
func sockets(_ context.Context, p *Process) int {
	p.Host.mu.Lock()
	list := slices.Clone(p.Host.listeners)
	p.Host.mu.Unlock()
	slices.SortFunc(list, func(a, b *listener) int { return int(a.at.Port()) - int(b.at.Port()) })
	if strings.HasSuffix(p.Args[0], "netstat") {
		p.printf("Active Internet connections (only servers)\nProto Recv-Q Send-Q Local Address           Foreign Address         State       PID/Program name\n")
		for _, l := range list {
			p.printf("tcp        0      0 %-23s 0.0.0.0:*               LISTEN      %s\n", l.at, p.Host.holder(l))
		}
		return 0
	}
	p.printf("State    Recv-Q   Send-Q     Local Address:Port      Peer Address:Port  Process\n")
	for _, l := range list {
		p.printf("LISTEN   0        128        %13s:%-10d      0.0.0.0:*      users:((\"%s\"))\n", l.at.Addr(), l.at.Port(), l.program)
	}
	return 0
}

func (h *Host) holder(l *listener) string {
	for _, q := range h.processes() {
		if q.name() == l.program {
			return itoa(q.pid) + "/" + l.program
		}
	}
	return "-"
}

func ipProgram(_ context.Context, p *Process) int {
	a := p.Host.Address()
	p.printf("1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536\n    inet 127.0.0.1/8 scope host lo\n")
	if a != "" {
		p.printf("2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500\n    inet %s/24 scope global eth0\n", a)
	}
	return 0
}

func ping(ctx context.Context, p *Process) int {
	var name string
	count := 0
	for i := 1; i < len(p.Args); i++ {
		switch a := p.Args[i]; {
		case (a == "-c" || a == "-W" || a == "-i") && i+1 < len(p.Args):
			i++
			if a == "-c" {
				count, _ = strconv.Atoi(p.Args[i])
			}
		case !strings.HasPrefix(a, "-"):
			name = a
		}
	}
	addr, err := resolve(p.Host, name)
	if err != nil {
		return p.Fail(2, "%s: Name or service not known", name)
	}
	p.printf("PING %s (%s) 56(84) bytes of data.\n", name, addr)
	up := addr.IsLoopback() || addr == p.Host.cfg.Address || p.Host.cfg.Net.Host(addr) != nil
	got, sent := 0, 0
	for ctx.Err() == nil && (count == 0 || sent < count) {
		sent++
		if up {
			got++
			p.printf("64 bytes from %s: icmp_seq=%d ttl=64 time=0.3 ms\n", addr, sent)
		}
		if count != sent {
			t := time.NewTimer(time.Second)
			select {
			case <-ctx.Done():
			case <-t.C:
			}
			t.Stop()
		}
	}
	p.printf("\n--- %s ping statistics ---\n%d packets transmitted, %d received, %d%% packet loss\n", name, sent, got, (sent-got)*100/max(sent, 1))
	return b2i(got == 0)
}
