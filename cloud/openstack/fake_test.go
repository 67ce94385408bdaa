package openstack

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"matou/cloud/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// fake is a cloud whose answers are the recordings in testdata, or what a test puts in their
// place. It is strict where the real one is: a wrong password or token is refused.
type fake struct {
	*httptest.Server
	mu        sync.Mutex
	handlers  map[string]http.HandlerFunc // by "GET /compute/v2.1/servers"
	calls     []string                    // "GET /compute/v2.1/servers?limit=2"
	bodies    []string                    // of the calls
	heads     []http.Header
	logins    int
	tokenText string // in place of the recorded answer to a login
}

const password = "m0utarde+secret"

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{handlers: map[string]http.HandlerFunc{}}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	f.handlers["POST /identity/v3/auth/tokens"] = f.login
	for path, name := range map[string]string{
		"/compute/v2.1/":               "nova-v2.1",
		"/compute/v2.1/flavors/detail": "flavors-detail",
		"/compute/v2.1/limits":         "limits",
		"/compute/v2.1/os-keypairs":    "keypairs",
		"/compute/v2.1/servers/detail": "servers-detail-2.93",
		"/image/v2/images":             "images",
		"/network/v2.0/networks":       "networks",
	} {
		f.on("GET", path, 200, fixture(t, name))
	}
	return f
}

// credentials log in to f.
func (f *fake) credentials() Credentials {
	return Credentials{
		AuthURL: f.URL + "/identity/v3", Username: "participant", Password: password, UserDomain: "Default",
		Project: "workshop", ProjectDomain: "Default", Region: "BHS1",
	}
}

// client logs in to f, and polls without noticeable pauses.
func (f *fake) client(t *testing.T) *Client {
	t.Helper()
	c, err := Login(t.Context(), f.credentials(), Options{
		Timeout: time.Minute,
		Poll:    func(time.Duration) time.Duration { return time.Millisecond },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// on answers a path with a body; headers are pairs of name and value.
func (f *fake) on(method, path string, status int, body string, headers ...string) {
	f.handle(method, path, func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

// series answers a path with one body after the other, the last again and again. A body that
// begins with a number and a blank has that status.
func (f *fake) series(method, path string, bodies ...string) {
	var n int
	f.handle(method, path, func(w http.ResponseWriter, _ *http.Request) {
		f.mu.Lock()
		body := bodies[min(n, len(bodies)-1)]
		n++
		f.mu.Unlock()
		status := 200
		if _, err := fmt.Sscanf(body, "%3d ", &status); err == nil {
			body = body[4:]
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

func (f *fake) handle(method, path string, h http.HandlerFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.handlers[method+" "+path] = h
}

func (f *fake) token() string { return fmt.Sprintf("gAAAA-secret-token-%d", f.logins) }

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	f.mu.Lock()
	f.calls = append(f.calls, r.Method+" "+r.URL.RequestURI())
	f.bodies = append(f.bodies, string(body))
	f.heads = append(f.heads, r.Header)
	h, token := f.handlers[r.Method+" "+r.URL.Path], f.token()
	f.mu.Unlock()
	switch {
	case h == nil:
		w.WriteHeader(404)
		_, _ = io.WriteString(w, `{"itemNotFound": {"code": 404, "message": "Nothing at `+r.URL.Path+`"}}`)
	case !strings.HasPrefix(r.URL.Path, "/identity") && r.Header.Get("X-Auth-Token") != token:
		w.WriteHeader(401)
		_, _ = io.WriteString(w, `{"error": {"code": 401, "title": "Unauthorized", "message": "The request you have made requires authentication."}}`)
	default:
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		h(w, r)
	}
}

func (f *fake) login(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if !strings.Contains(string(body), password) {
		w.WriteHeader(401)
		_, _ = io.WriteString(w, `{"error": {"code": 401, "message": "The request you have made requires authentication."}}`)
		return
	}
	text, err := os.ReadFile(filepath.Join("testdata", "token.json"))
	if err != nil {
		panic(err)
	}
	if f.tokenText != "" {
		text = []byte(f.tokenText)
	}
	f.mu.Lock()
	f.logins++
	w.Header().Set("X-Subject-Token", f.token())
	f.mu.Unlock()
	w.WriteHeader(201)
	_, _ = io.WriteString(w, strings.NewReplacer(
		"http://127.0.0.1:5000/v3", f.URL+"/identity/v3", "http://127.0.0.1:8774/v2.1", f.URL+"/compute/v2.1",
		"http://127.0.0.1:9292", f.URL+"/image", "http://127.0.0.1:9696", f.URL+"/network",
	).Replace(string(text)))
}

// asked counts the calls that begin with prefix.
func (f *fake) asked(prefix string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, c := range f.calls {
		if strings.HasPrefix(c, prefix) {
			n++
		}
	}
	return n
}

// body gives what was sent with the last call that begins with prefix.
func (f *fake) body(t *testing.T, prefix string) string {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, c := range slices.Backward(f.calls) {
		if strings.HasPrefix(c, prefix) {
			return f.bodies[i]
		}
	}
	t.Fatalf("no call %s among %q", prefix, f.calls)
	return ""
}

func fixture(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// with changes one field of the server in a recording.
func with(t *testing.T, recording string, changes ...any) string {
	t.Helper()
	var doc struct {
		Server map[string]any `json:"server"`
	}
	if err := json.Unmarshal([]byte(recording), &doc); err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(changes); i += 2 {
		doc.Server[changes[i].(string)] = changes[i+1]
	}
	text, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
