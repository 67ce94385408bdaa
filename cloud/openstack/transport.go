package openstack

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"matou/cloud"
)

// Bounds of one request. A workshop's listing is a few hundred KiB at most.
const (
	maxBody    = 32 << 20
	maxRetries = 4
	maxPause   = 30 * time.Second // between two attempts, whatever Retry-After says
)

var errTooLong = errors.New("answer longer than 32 MiB")

// transport sends requests with a deadline for each, and sends them again when the service asks
// to come back later (429; 503 and 413 with Retry-After, the latter being an old Nova's 429) or was
// not reached at all. It sits below gophercloud so that logging in and logging in again are covered
// too.
type transport struct {
	base    http.RoundTripper
	timeout time.Duration
	seen    func(method, path string, status int, took time.Duration)
	skew    atomic.Int64 // nanoseconds the cloud's clock is ahead of ours
}

// RoundTrip implements [http.RoundTripper].
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	for attempt := 1; ; attempt++ {
		resp, err := t.once(req)
		pause, again := retryAfter(req, resp, err, attempt)
		if !again {
			return resp, err
		}
		if deadline, ok := req.Context().Deadline(); ok && time.Until(deadline) < pause {
			return resp, err
		}
		if resp != nil {
			_, _ = io.CopyN(io.Discard, resp.Body, 4<<10) // lets the connection be used again
			resp.Body.Close()
		}
		if err := sleep(req.Context(), pause); err != nil {
			return nil, err
		}
		if req.GetBody != nil {
			body, err := req.GetBody()
			if err != nil {
				return nil, err
			}
			req = req.Clone(req.Context())
			req.Body = body
		}
	}
}

// once makes one attempt. The deadline covers reading the body too, so it ends with the body.
func (t *transport) once(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(req.Context(), t.timeout)
	start := time.Now()
	resp, err := t.base.RoundTrip(req.WithContext(ctx))
	status := 0
	if resp != nil {
		status = resp.StatusCode
		if date, dateErr := http.ParseTime(resp.Header.Get("Date")); dateErr == nil {
			t.skew.Store(int64(date.Sub(start)))
		}
	}
	if t.seen != nil {
		t.seen(req.Method, req.URL.Path, status, time.Since(start))
	}
	if err != nil {
		cancel()
		return nil, err
	}
	resp.Body = &boundedBody{ReadCloser: resp.Body, left: maxBody, cancel: cancel}
	return resp, nil
}

// retryAfter says whether to send req again, and after what pause.
func retryAfter(req *http.Request, resp *http.Response, err error, attempt int) (time.Duration, bool) {
	if attempt > maxRetries || req.Context().Err() != nil || req.Body != nil && req.GetBody == nil {
		return 0, false
	}
	backOff := 250 * time.Millisecond << (attempt - 1)
	if err != nil {
		// A refused connection carried nothing, so even a POST may go again. A reset one may have.
		unsent := errors.Is(err, syscall.ECONNREFUSED)
		reset := errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		idempotent := req.Method == http.MethodGet || req.Method == http.MethodHead
		return backOff, attempt <= 2 && (unsent || reset && idempotent)
	}
	header := resp.Header.Get("Retry-After")
	switch resp.StatusCode {
	case http.StatusTooManyRequests:
		return parseRetryAfter(header, time.Now(), 4*backOff), true
	case http.StatusServiceUnavailable, http.StatusRequestEntityTooLarge:
		return parseRetryAfter(header, time.Now(), backOff), header != ""
	}
	return 0, false
}

// parseRetryAfter reads the header of RFC 9110, section 10.2.3: seconds or a date.
func parseRetryAfter(header string, now time.Time, fallback time.Duration) time.Duration {
	pause := fallback
	if seconds, err := strconv.ParseUint(strings.TrimSpace(header), 10, 31); err == nil {
		pause = time.Duration(seconds) * time.Second
	} else if date, err := http.ParseTime(header); err == nil {
		pause = date.Sub(now)
	}
	return min(max(pause, 0), maxPause)
}

// sleep pauses for d, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// boundedBody ends the request's deadline with the body, and a body without end with an error.
type boundedBody struct {
	io.ReadCloser
	left   int64
	cancel context.CancelFunc
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("read: %w", errTooLong)
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

func (b *boundedBody) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}

// newHTTPClient makes the client all requests of one session go through.
func newHTTPClient(c Credentials, o Options) (http.Client, *transport, error) {
	config, err := c.tlsConfig()
	if err != nil {
		return http.Client{}, nil, err
	}
	base := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		TLSClientConfig:        config,
		TLSHandshakeTimeout:    10 * time.Second,
		ResponseHeaderTimeout:  o.Timeout,
		IdleConnTimeout:        60 * time.Second,
		MaxIdleConnsPerHost:    4,
		ForceAttemptHTTP2:      true,
		MaxResponseHeaderBytes: 1 << 20,
	}
	if o.Dial != nil {
		base.DialContext, base.Proxy = o.Dial, nil
	}
	t := &transport{base: base, timeout: o.Timeout, seen: o.OnRequest}
	return http.Client{Transport: t, CheckRedirect: sameHost}, t, nil
}

// sameHost follows a redirect only where the token may be shown: net/http strips Authorization
// when the host changes, but knows nothing of X-Auth-Token.
func sameHost(req *http.Request, via []*http.Request) error {
	first := via[0]
	if len(via) > 5 || req.URL.Host != first.URL.Host || req.URL.Scheme != first.URL.Scheme || req.Method != first.Method {
		return http.ErrUseLastResponse
	}
	return nil
}

func (c Credentials) tlsConfig() (*tls.Config, error) {
	if c.tls != nil {
		return c.tls.Clone(), nil
	}
	config := &tls.Config{InsecureSkipVerify: c.Insecure}
	if c.CACert != "" {
		pem, err := os.ReadFile(inHome(c.CACert))
		if err != nil {
			return nil, fmt.Errorf("%w: CA certificate: %w", cloud.ErrNoAccount, err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%w: no certificate in %s", cloud.ErrNoAccount, c.CACert)
		}
	}
	if c.ClientCert != "" || c.ClientKey != "" {
		// One file may hold both.
		pair, err := tls.LoadX509KeyPair(inHome(firstOf(c.ClientCert, c.ClientKey)), inHome(firstOf(c.ClientKey, c.ClientCert)))
		if err != nil {
			return nil, fmt.Errorf("%w: client certificate: %w", cloud.ErrNoAccount, err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

func inHome(path string) string {
	rest, ok := strings.CutPrefix(path, "~/")
	if !ok {
		return path
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return path
	}
	return filepath.Join(home, rest)
}
