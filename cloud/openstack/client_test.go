package openstack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"matou/cloud"
)

func TestLogin(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	c := f.client(t)
	id := c.Identity()
	if id.User != "participant" || id.Project != "workshop" || id.Region != "BHS1" ||
		!id.Expires.Equal(time.Date(2026, 11, 22, 19, 26, 3, 0, time.UTC)) {
		t.Errorf("identity is %+v", id)
	}
	if c.Token() != "gAAAA-secret-token-1" {
		t.Errorf("token is %q", c.Token())
	}
	if len(f.calls) != 1 {
		t.Errorf("logging in took %q", f.calls)
	}
	if skew := c.Skew(); skew < -2*time.Second || skew > 2*time.Second {
		t.Errorf("the clock of this machine differs from its own by %v", skew)
	}
}

func TestLoginRefused(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	tests := []struct {
		name   string
		change func(*Credentials)
		want   error
		text   string
	}{
		{"password", func(c *Credentials) { c.Password = "wrong-secret" }, cloud.ErrAuth, "wrong user, password or project"},
		{"token", func(c *Credentials) { c.Password, c.Token = "", "stale-secret" }, cloud.ErrAuth, "not valid"},
		{"no password", func(c *Credentials) { c.Password = "" }, cloud.ErrNoAccount, "no password"},
		{"no address", func(c *Credentials) { c.AuthURL = "" }, cloud.ErrNoAccount, "OS_AUTH_URL"},
		{"not Keystone", func(c *Credentials) { c.AuthURL = f.URL + "/blog" }, cloud.ErrUnavailable, "no identity service v3"},
	}
	for _, tt := range tests {
		c := f.credentials()
		tt.change(&c)
		_, err := Login(t.Context(), c, Options{})
		if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	gone := f.credentials()
	gone.Password, gone.ApplicationCredentialID, gone.ApplicationSecret = "", "c0ffee", "spilt-secret"
	f.on("POST", "/identity/v3/auth/tokens", 404, `{"error": {"code": 404, "title": "Not Found", "message": "Could not find Application Credential: c0ffee."}}`)
	if _, err := Login(t.Context(), gone, Options{}); !errors.Is(err, cloud.ErrAuth) || !strings.Contains(err.Error(), "not valid, or no longer") {
		t.Errorf("an application credential that was deleted: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Login(ctx, f.credentials(), Options{}); !errors.Is(err, cloud.ErrCanceled) || !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

func TestRegion(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	credentials := f.credentials()
	credentials.Region = "BSH1"
	c, err := Login(t.Context(), credentials, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Servers(t.Context()); !errors.Is(err, cloud.ErrUnavailable) || !strings.Contains(err.Error(), `nearest: "BHS1"`) {
		t.Errorf("got %v", err)
	}
	credentials.Region, credentials.Interface = "", "internalURL"
	c2, err := Login(t.Context(), credentials, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c2.Close()
	if _, err := c2.Servers(t.Context()); err != nil || c2.Identity().Region != "BHS1" {
		t.Errorf("got %v, region %q", err, c2.Identity().Region)
	}
}

// TestTokenExpires wants one new log-in, whatever the number of requests that fail at once.
func TestTokenExpires(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	c := f.client(t)
	if _, err := c.Servers(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.mu.Lock()
	f.logins++ // the cloud now wants another token
	f.mu.Unlock()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := c.Servers(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := f.asked("POST /identity"); n < 2 || n > 3 {
		t.Errorf("%d log-ins", n)
	}
	f.on("POST", "/identity/v3/auth/tokens", 401, `{"error": {"message": "account locked"}}`)
	f.mu.Lock()
	f.logins++
	f.mu.Unlock()
	if _, err := c.Servers(t.Context()); !errors.Is(err, cloud.ErrAuth) || !strings.Contains(err.Error(), "logging in again failed: account locked") {
		t.Errorf("got %v", err)
	}
}

func TestMicroversion(t *testing.T) {
	t.Parallel()
	for newest, want := range map[string]string{
		"2.93": "2.93", "2.100": "2.93", "2.60": "2.60", "2.47": "2.47", "2.46": "", "2.1": "", "": "", "3.0": "", "x": "", "2.": "",
	} {
		if got := chooseMicroversion(newest); got != want {
			t.Errorf("with a cloud of %q we speak %q, want %q", newest, got, want)
		}
	}
	tests := []struct {
		name   string
		answer func(f *fake)
		want   string // the header of the listing
	}{
		{"newest", func(*fake) {}, "compute 2.93"},
		{"old", func(f *fake) {
			f.on("GET", "/compute/v2.1/", 200, `{"version": {"id": "v2.1", "version": "2.38", "min_version": "2.1"}}`)
		}, ""},
		{"hidden", func(f *fake) { f.on("GET", "/compute/v2.1/", 403, `{}`) }, ""},
		{"promised, then refused", func(f *fake) {
			f.handle("GET", "/compute/v2.1/servers/detail", func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("OpenStack-API-Version") != "" {
					http.Error(w, fixture(t, "microversion-too-new-406"), 406)
					return
				}
				_, _ = w.Write([]byte(fixture(t, "servers-detail-2.93")))
			})
		}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			tt.answer(f)
			c := f.client(t)
			for range 2 {
				if _, err := c.Servers(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if got := f.heads[len(f.heads)-1].Get("OpenStack-API-Version"); got != tt.want {
				t.Errorf("the last request was in %q", got)
			}
			if n := f.asked("GET /compute/v2.1/ "); n > 1 || f.asked("GET /compute/v2.1/") > 5 {
				t.Errorf("asked again: %q", f.calls)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		status int
		body   string
		want   error
		text   string
	}{
		{400, fixture(t, "image-not-found-400"), cloud.ErrBadRequest, "list servers: request refused: Can not find requested image"},
		{403, fixture(t, "servers-detail-all-tenants-participant-403"), cloud.ErrForbidden, "list servers: not allowed: Policy doesn't allow"},
		{403, fixture(t, "quota-everything-403"), cloud.ErrQuota, "list servers: quota exceeded: cores, instances, ram: Requested 50"},
		{404, fixture(t, "server-unknown-404"), cloud.ErrNotFound, "list servers: not found: Instance"},
		{409, fixture(t, "server-console-output-error-409"), cloud.ErrConflict, "is not ready"},
		{409, `{"NeutronError": {"type": "OverQuota", "message": "Quota exceeded for resources: ['port']."}}`, cloud.ErrQuota, "['port']"},
		{413, `{"overLimit": {"message": "Request too big"}}`, cloud.ErrTooLarge, "Request too big"},
		{500, ``, cloud.ErrUnavailable, "http 500 internal server error"},
		{503, "<html><body>No server is available</body></html>", cloud.ErrUnavailable, "No server is available"},
		{504, ``, cloud.ErrTimeout, "504"},
		{418, `teapot gAAAA-secret-token-1 ` + password, cloud.ErrBadRequest, "teapot *** ***"},
		{200, `{"servers": [{"id": 7}]}`, cloud.ErrDecode, "not the API's"},
		{200, `{"flavors": []}`, cloud.ErrDecode, "missing"},
		{200, ``, cloud.ErrDecode, "not the API's"},
	}
	for _, tt := range tests {
		f := newFake(t)
		f.on("GET", "/compute/v2.1/servers/detail", tt.status, tt.body)
		_, err := f.client(t).Servers(t.Context())
		if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%d %.40s: %v", tt.status, tt.body, err)
		}
	}
}

// A reason is told in other languages from its values: they hide what its text hides.
func TestRefusalHidesSecretsInValues(t *testing.T) {
	t.Parallel()
	c := newFake(t).client(t)
	err := c.explain("list servers", &net.DNSError{Name: password + ".example", IsNotFound: true})
	for err != nil {
		said, ok := err.(interface {
			Said() (key string, pairs []string, why error)
		})
		if !ok {
			t.Fatalf("%v says nothing", err)
		}
		key, pairs, why := said.Said()
		if strings.Contains(fmt.Sprint(pairs), password) {
			t.Errorf("%s: %q", key, pairs)
		}
		if key == "cause.no-name" {
			return
		}
		err = why
	}
	t.Error("the name is not told")
}

func TestCancelDuringRequest(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	c := f.client(t)
	ctx, cancel := context.WithCancel(t.Context())
	f.handle("GET", "/compute/v2.1/servers/detail", func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	if _, err := c.Servers(ctx); !errors.Is(err, context.Canceled) || !errors.Is(err, cloud.ErrCanceled) {
		t.Errorf("got %v", err)
	}
}
