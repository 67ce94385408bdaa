package openstack

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"matou/cloud"
)

// script is a RoundTripper that answers with one step after the other, the last again and again.
type script struct {
	steps []any // an error, or a status with headers "503 Retry-After=7"
	at    []time.Time
	sent  []string
}

func (s *script) RoundTrip(req *http.Request) (*http.Response, error) {
	step := s.steps[min(len(s.at), len(s.steps)-1)]
	s.at = append(s.at, time.Now())
	if req.Body != nil {
		body, _ := io.ReadAll(req.Body)
		s.sent = append(s.sent, string(body))
	}
	if err, bad := step.(error); bad {
		return nil, err
	}
	rec := httptest.NewRecorder()
	status, header, _ := strings.Cut(step.(string), " ")
	if name, value, ok := strings.Cut(header, "="); ok {
		rec.Header().Set(name, value)
	}
	rec.WriteHeader(map[string]int{"200": 200, "413": 413, "429": 429, "503": 503, "500": 500}[status])
	return rec.Result(), nil
}

func TestRetries(t *testing.T) {
	t.Parallel()
	reset := &net.OpError{Op: "read", Err: syscall.ECONNRESET}
	refused := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	tests := []struct {
		name   string
		method string
		steps  []any
		want   int // requests
		took   time.Duration
		status int // of the last answer; 0: an error
	}{
		{"at once", "GET", []any{"200"}, 1, 0, 200},
		{"too many, seconds", "POST", []any{"429 Retry-After=7", "200"}, 2, 7 * time.Second, 200},
		{"too many, no hint", "GET", []any{"429", "429", "200"}, 3, 3 * time.Second, 200},
		{"too many, a day", "GET", []any{"429 Retry-After=86400", "200"}, 2, maxPause, 200},
		{"too many, nonsense", "GET", []any{"429 Retry-After=-5", "200"}, 2, time.Second, 200},
		{"too many, for ever", "GET", []any{"429 Retry-After=1"}, 5, 4 * time.Second, 429},
		{"busy, says when", "POST", []any{"503 Retry-After=2", "200"}, 2, 2 * time.Second, 200},
		{"busy, doesn't", "GET", []any{"503", "200"}, 1, 0, 503},
		{"too many, as old Novas say it", "GET", []any{"413 Retry-After=3", "200"}, 2, 3 * time.Second, 200},
		{"too large", "POST", []any{"413", "200"}, 1, 0, 413},
		{"broken", "GET", []any{"500 Retry-After=1", "200"}, 1, 0, 500},
		{"reset GET", "GET", []any{reset, "200"}, 2, 250 * time.Millisecond, 200},
		{"reset POST may have been heard", "POST", []any{reset, "200"}, 1, 0, 0},
		{"refused POST was not", "POST", []any{refused, refused, "200"}, 3, 750 * time.Millisecond, 200},
		{"refused for ever", "GET", []any{refused}, 3, 750 * time.Millisecond, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &script{steps: tt.steps}
				var logged int
				tr := &transport{base: s, timeout: time.Minute, seen: func(string, string, int, time.Duration) { logged++ }}
				req, err := http.NewRequestWithContext(t.Context(), tt.method, "http://cloud/", bytes.NewReader([]byte("body")))
				if err != nil {
					t.Fatal(err)
				}
				start, status := time.Now(), 0
				resp, err := tr.RoundTrip(req)
				if err == nil {
					status = resp.StatusCode
					resp.Body.Close()
				}
				if took := time.Since(start); len(s.at) != tt.want || took != tt.took || status != tt.status || logged != tt.want {
					t.Errorf("%d requests in %v, status %d, %d logged", len(s.at), took, status, logged)
				}
				for _, body := range s.sent {
					if body != "body" {
						t.Errorf("a request was sent again with the body %q", body)
					}
				}
			})
		})
	}
}

func TestRetryKeepsDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		tr := &transport{base: &script{steps: []any{"429 Retry-After=20"}}, timeout: time.Minute}
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "http://cloud/", nil)
		start := time.Now()
		resp, err := tr.RoundTrip(req)
		if err != nil || resp.StatusCode != 429 || time.Since(start) != 0 {
			t.Errorf("got %v, %v after %v: a pause beyond the deadline is of no use", resp, err, time.Since(start))
		}
	})
}

func TestParseRetryAfterDate(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 18, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"Sun, 22 Nov 2026 18:00:09 GMT": 9 * time.Second,
		"Sun, 22 Nov 2026 17:00:00 GMT": 0,
		" 3 ":                           3 * time.Second,
		"":                              time.Millisecond,
		"99999999999999999999":          time.Millisecond,
	} {
		if got := parseRetryAfter(header, now, time.Millisecond); got != want {
			t.Errorf("%q: %v, want %v", header, got, want)
		}
	}
}

// TestNamedFailures brings about what keeps a cloud from answering, and wants it named.
func TestNamedFailures(t *testing.T) {
	t.Parallel()
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secure.Close)
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // net/http notices that the other side left only after that
		<-r.Context().Done()
	}))
	t.Cleanup(silent.Close)
	cut := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, _ := w.(http.Hijacker).Hijack()
		conn.Close()
	}))
	t.Cleanup(cut.Close)
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(201)
		_, _ = io.WriteString(w, "<html>Log in to the hotel's network</html>")
	}))
	t.Cleanup(page.Close)
	away := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, page.URL, http.StatusTemporaryRedirect)
	}))
	t.Cleanup(away.Close)
	noName := func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.DNSError{Err: "no such host", Name: "auth.cloud.invalid", IsNotFound: true}
	}

	tests := []struct {
		name, address string
		dial          func(context.Context, string, string) (net.Conn, error)
		want          error
		text          string
	}{
		{"refused", "http://127.0.0.1:1", nil, cloud.ErrUnavailable, "refused"},
		{"unknown authority", secure.URL, nil, cloud.ErrUnavailable, "unknown authority"},
		{"TLS to a plain port", strings.Replace(page.URL, "http:", "https:", 1), nil, cloud.ErrUnavailable, "no TLS service"},
		{"silence", silent.URL, nil, cloud.ErrTimeout, "no answer"},
		{"cut", cut.URL, nil, cloud.ErrUnavailable, "reset"},
		{"captive portal", page.URL, nil, cloud.ErrDecode, "not the API's"},
		{"redirected elsewhere", away.URL, nil, cloud.ErrDecode, "307"},
		{"no such name", "http://auth.cloud.invalid", noName, cloud.ErrUnavailable, "no address is known for auth.cloud.invalid"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := Credentials{AuthURL: tt.address + "/v3", Username: "u", Password: password, Project: "w"}
			limit := time.Minute // a loaded machine takes its time for a handshake
			if errors.Is(tt.want, cloud.ErrTimeout) {
				limit = 200 * time.Millisecond
			}
			_, err := Login(t.Context(), c, Options{Dial: tt.dial, Timeout: limit})
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) || strings.Contains(err.Error(), password) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	secure := httptest.NewTLSServer(f)
	t.Cleanup(secure.Close)
	c := f.credentials()
	c.AuthURL = secure.URL + "/identity/v3"
	c.Insecure = true
	client, err := Login(t.Context(), c, Options{})
	if err != nil {
		t.Fatal(err)
	}
	client.Close()
	c.Insecure, c.CACert = false, "testdata/none.pem"
	if _, err := Login(t.Context(), c, Options{}); !errors.Is(err, cloud.ErrNoAccount) {
		t.Errorf("a CA file that is not there gives %v", err)
	}
}

func TestEndlessAnswer(t *testing.T) {
	t.Parallel()
	body := &boundedBody{ReadCloser: io.NopCloser(strings.NewReader("0123456789")), left: 4, cancel: func() {}}
	text, err := io.ReadAll(body)
	if string(text) != "0123" || !errors.Is(err, errTooLong) {
		t.Errorf("got %q, %v", text, err)
	}
}
