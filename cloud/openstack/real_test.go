package openstack

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"

	"matou/cloud"
)

// adminEnv names the openrc of an administrator, who arranges what some tests look at: flavors that
// fit nowhere, networks with routers. It is the file openrc-admin beside the other when it is not set.
const adminEnv = "MATOU_TEST_OPENSTACK_ADMIN"

// real is a real cloud, to which a participant is logged in.
type real struct {
	credentials Credentials
	*Client
	run string // marks what this test makes
}

// TestReal is what only a real cloud can show: refusals in its own words, tokens that it takes back,
// servers that it can't place. What the sandbox must show too is in TestContract.
func TestReal(t *testing.T) {
	path := os.Getenv(liveEnv)
	if path == "" || path == "0" {
		t.Skip(liveEnv + " names no openrc")
	}
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "OS_") {
			t.Setenv(name, "")
		}
	}
	r := &real{credentials: openrc(t, path), run: "live-" + rand.Text()}
	r.Client = r.login(t, r.credentials, Options{})
	t.Cleanup(func() { sweep(t, r.Client, r.run) })
	adminPath := os.Getenv(adminEnv)
	if adminPath == "" {
		adminPath = filepath.Join(filepath.Dir(path), "openrc-admin")
	}

	t.Run("clouds.yaml", r.cloudsYAML)
	t.Run("application credential", r.applicationCredential)
	t.Run("token", r.token)
	t.Run("openrc of Keystone v2's days", r.oldNames)
	t.Run("TLS", r.tls)
	t.Run("clock", r.clock)
	t.Run("come back later", r.comeBackLater)
	t.Run("token taken back during a wait", r.revoked)
	t.Run("namesakes", r.namesakes)
	t.Run("endless refusal", r.endlessRefusal)
	t.Run("networks", r.networks)
	t.Run("as arranged by an administrator", func(t *testing.T) {
		if _, err := os.Stat(adminPath); err != nil {
			t.Skipf("%s names no openrc, nor is there %s", adminEnv, adminPath)
		}
		admin := r.login(t, openrc(t, adminPath), Options{})
		t.Run("quota", func(t *testing.T) { r.quota(t, admin) })
		t.Run("fault", func(t *testing.T) { r.fault(t, admin) })
		t.Run("no disk", func(t *testing.T) { r.noDisk(t, admin) })
		t.Run("floating address", func(t *testing.T) { r.floating(t, admin) })
	})
}

func openrc(t *testing.T, path string) Credentials {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c, err := ParseOpenRC(f)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (r *real) login(t *testing.T, k Credentials, o Options) *Client {
	t.Helper()
	c, err := Login(t.Context(), k, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// lists wants the participant's list of servers from a new session.
func (r *real) lists(t *testing.T, k Credentials, o Options) {
	t.Helper()
	c := r.login(t, k, o)
	if _, err := c.Servers(t.Context()); err != nil {
		t.Error(err)
	}
	if got := c.Identity().Project; got != r.Identity().Project {
		t.Errorf("logged in to project %q", got)
	}
}

// address is where a service is.
func address(t *testing.T, c *Client, service string) string {
	t.Helper()
	base, err := c.endpoint(gophercloud.EndpointOpts{Type: service})
	if err != nil {
		t.Fatal(err)
	}
	return base
}

// raw makes a request of a service that the client has no method for.
func raw(ctx context.Context, t *testing.T, c *Client, service, method, path string, body any) map[string]any {
	t.Helper()
	var answer map[string]any
	o := &gophercloud.RequestOpts{JSONBody: body, OkCodes: []int{200, 201, 202, 204}}
	if method != http.MethodDelete {
		o.JSONResponse = &answer
	}
	resp, err := c.provider.Request(ctx, method, address(t, c, service)+path, o)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	if method == http.MethodDelete {
		resp.Body.Close()
	}
	return answer
}

// made arranges something, and takes it away after the test. It returns its id.
func made(t *testing.T, c *Client, service, collection, what string, fields map[string]any) string {
	t.Helper()
	body := any(fields)
	if service != "image" {
		body = map[string]any{what: fields}
	}
	answer := raw(t.Context(), t, c, service, http.MethodPost, collection, body)
	if inner, ok := answer[what].(map[string]any); ok {
		answer = inner
	}
	id, _ := answer["id"].(string)
	if id == "" {
		t.Fatalf("%s: %v", collection, answer)
	}
	t.Cleanup(func() {
		raw(context.WithoutCancel(t.Context()), t, c, service, http.MethodDelete, collection+"/"+id, nil)
	})
	return id
}

// between is a proxy between us and the whole cloud: the service of port N is at its path /N. Seen
// may answer itself, and changed may change what the cloud answers; both may be nil.
func (r *real) between(t *testing.T, start func(*httptest.Server), seen func(http.ResponseWriter, *http.Request) bool, changed func(*http.Response)) Credentials {
	t.Helper()
	auth, err := url.Parse(r.credentials.AuthURL)
	if err != nil {
		t.Fatal(err)
	}
	var address string
	proxy := &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			port, path, _ := strings.Cut(strings.TrimPrefix(p.In.URL.Path, "/"), "/")
			p.Out.URL.Scheme, p.Out.URL.Host, p.Out.URL.Path, p.Out.URL.RawPath = auth.Scheme, auth.Hostname()+":"+port, "/"+path, ""
			p.Out.Host = p.Out.URL.Host
		},
		ModifyResponse: func(resp *http.Response) error {
			if changed != nil {
				changed(resp)
			}
			if !strings.HasSuffix(resp.Request.URL.Path, "/auth/tokens") {
				return nil
			}
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			text := catalogAddress.ReplaceAllString(string(body), address+"/$1")
			resp.Body, resp.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
			resp.Header.Set("Content-Length", strconv.Itoa(len(text)))
			return err
		},
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if seen == nil || !seen(w, req) {
			proxy.ServeHTTP(w, req)
		}
	}))
	if start == nil {
		start = (*httptest.Server).Start
	}
	start(server)
	t.Cleanup(server.Close)
	address = server.URL
	k := r.credentials
	k.AuthURL = server.URL + "/" + auth.Port() + auth.Path
	return k
}

var catalogAddress = regexp.MustCompile(`http://[^:/"]+:(\d+)`)

// cloudsYAML: what an account needs is spread over three files, and the environment says which.
func (r *real) cloudsYAML(t *testing.T) {
	k, dir := r.credentials, t.TempDir()
	for name, text := range map[string]string{
		"accounts.yaml":      "clouds:\n  room:\n    profile: ours\n    region_name: " + k.Region + "\n    interface: internal\n    auth: {username: " + k.Username + ", project_name: " + k.Project + ", user_domain_name: Default, project_domain_name: Default}\n  far: {profile: ours, region_name: Mars, auth: {username: " + k.Username + ", project_name: " + k.Project + ", domain_name: Default}}\n",
		"secure.yaml":        "clouds:\n  room:\n    auth: {password: " + strconv.Quote(k.Password) + "}\n  far:\n    auth: {password: " + strconv.Quote(k.Password) + "}\n",
		"clouds-public.yaml": "public-clouds:\n  ours:\n    auth: {auth_url: " + k.AuthURL + "}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("OS_CLIENT_CONFIG_FILE", filepath.Join(dir, "accounts.yaml"))
	t.Setenv("OS_CLOUD", "room")
	c, err := FromCloudsYAML("")
	if err != nil {
		t.Fatal(err)
	}
	r.lists(t, c, Options{})
	if c, err = FromCloudsYAML("far"); err != nil {
		t.Fatal(err)
	}
	if _, err = r.login(t, c, Options{}).Servers(t.Context()); !errors.Is(err, cloud.ErrUnavailable) || !strings.Contains(err.Error(), k.Region) {
		t.Errorf("another region: %v", err)
	}
}

func (r *real) userID(t *testing.T) string {
	t.Helper()
	result, ok := r.provider.GetAuthResult().(tokens.CreateResult)
	if !ok {
		t.Fatal("no answer to a log-in")
	}
	user, err := result.ExtractUser()
	if err != nil {
		t.Fatal(err)
	}
	return user.ID
}

func (r *real) applicationCredential(t *testing.T) {
	name := "matou-" + r.run
	collection := "users/" + r.userID(t) + "/application_credentials"
	answer := raw(t.Context(), t, r.Client, "identity", http.MethodPost, collection, map[string]any{"application_credential": map[string]any{"name": name}})
	given := answer["application_credential"].(map[string]any)
	id, secret := given["id"].(string), given["secret"].(string)
	gone := false
	forget := func() {
		if !gone {
			raw(context.WithoutCancel(t.Context()), t, r.Client, "identity", http.MethodDelete, collection+"/"+id, nil)
		}
		gone = true
	}
	t.Cleanup(forget)

	base := map[string]string{"OS_AUTH_URL": r.credentials.AuthURL, "OS_REGION_NAME": r.credentials.Region, "OS_APPLICATION_CREDENTIAL_SECRET": secret}
	byID, byName := maps.Clone(base), maps.Clone(base)
	byID["OS_APPLICATION_CREDENTIAL_ID"] = id
	byName["OS_APPLICATION_CREDENTIAL_NAME"], byName["OS_USERNAME"], byName["OS_USER_DOMAIN_NAME"] = name, r.credentials.Username, "Default"
	for what, env := range map[string]map[string]string{"id": byID, "name": byName} {
		t.Run(what, func(t *testing.T) {
			k, err := FromEnv(func(name string) string { return env[name] })
			if err != nil {
				t.Fatal(err)
			}
			r.lists(t, k, Options{})
		})
	}
	k, err := FromEnv(func(name string) string { return byID[name] })
	if err != nil {
		t.Fatal(err)
	}
	c := r.login(t, k, Options{})
	c.provider.SetToken("expired")
	if _, err := c.Servers(t.Context()); err != nil {
		t.Errorf("after its token expired: %v", err)
	}
	forget()
	if _, err := Login(t.Context(), k, Options{}); !errors.Is(err, cloud.ErrAuth) || !strings.Contains(err.Error(), "application credential is not valid") || strings.Contains(err.Error(), secret) {
		t.Errorf("one that was deleted: %v", err)
	}
}

// token: one for the project, one for no project yet, one that was taken back.
func (r *real) token(t *testing.T) {
	unscoped := r.credentials
	unscoped.Project, unscoped.ProjectID = "", ""
	for what, token := range map[string]string{
		"for the project": r.login(t, r.credentials, Options{}).Token(),
		"for no project":  r.login(t, unscoped, Options{}).Token(),
	} {
		env := map[string]string{
			"OS_AUTH_URL": r.credentials.AuthURL, "OS_TOKEN": token, "OS_PROJECT_NAME": r.credentials.Project,
			"OS_PROJECT_DOMAIN_NAME": "Default", "OS_REGION_NAME": r.credentials.Region,
		}
		k, err := FromEnv(func(name string) string { return env[name] })
		if err != nil {
			t.Fatal(err)
		}
		t.Run(what, func(t *testing.T) { r.lists(t, k, Options{}) })
		r.revoke(t, token)
		if _, err := Login(t.Context(), k, Options{}); !errors.Is(err, cloud.ErrAuth) || strings.Contains(err.Error(), token) {
			t.Errorf("%s, taken back: %v", what, err)
		}
	}
}

// revoke takes a token back: nobody gets in with it from now on.
func (r *real) revoke(t *testing.T, token string) {
	t.Helper()
	resp, err := r.provider.Request(t.Context(), http.MethodDelete, address(t, r.Client, "identity")+"auth/tokens", &gophercloud.RequestOpts{
		MoreHeaders: map[string]string{"X-Subject-Token": token}, OkCodes: []int{204},
	})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
}

func (r *real) oldNames(t *testing.T) {
	address, _, _ := strings.Cut(r.credentials.AuthURL, "/v3")
	k, err := ParseOpenRC(strings.NewReader("#!/bin/bash\nexport OS_AUTH_URL=" + address + "/v2.0/\nexport OS_TENANT_NAME=\"" + r.credentials.Project +
		"\"\nexport OS_USERNAME=\"" + r.credentials.Username + "\"\nunset OS_PASSWORD\nexport OS_REGION_NAME=" + r.credentials.Region + "\n"))
	if err != nil || !k.NeedsPassword() {
		t.Fatalf("%v, %v", k, err)
	}
	if _, err := Login(t.Context(), k, Options{}); !errors.Is(err, cloud.ErrNoAccount) || !strings.Contains(err.Error(), "password") {
		t.Errorf("without a password: %v", err)
	}
	r.lists(t, k.WithPassword(r.credentials.Password), Options{})
}

// clock: a cloud whose clock is ten minutes ahead.
func (r *real) clock(t *testing.T) {
	k := r.between(t, nil, nil, func(resp *http.Response) {
		resp.Header.Set("Date", time.Now().Add(10*time.Minute).UTC().Format(http.TimeFormat))
	})
	c := r.login(t, k, Options{})
	if skew := c.Skew(); skew < 9*time.Minute || skew > 11*time.Minute {
		t.Errorf("its clock is off by %s", skew)
	}
	if _, err := Login(t.Context(), k.WithPassword("mayonnaise"), Options{}); !errors.Is(err, cloud.ErrAuth) || !strings.Contains(err.Error(), "clock is ") || !strings.Contains(err.Error(), " ahead of") {
		t.Errorf("a refusal that the clock may be the cause of: %v", err)
	}
}

// comeBackLater: what stands before a cloud has had enough, or loses the line, and says for how long.
func (r *real) comeBackLater(t *testing.T) {
	for status, after := range map[int]string{429: "0", 503: "0", 413: "0", 0: ""} {
		var refused atomic.Int32
		k := r.between(t, nil, func(w http.ResponseWriter, req *http.Request) bool {
			if !strings.Contains(req.URL.Path, "/servers/detail") || refused.Add(1) > 2 {
				return false
			}
			if status == 0 {
				conn, _, _ := w.(http.Hijacker).Hijack()
				conn.Close()
				return true
			}
			w.Header().Set("Retry-After", after)
			http.Error(w, `{"overLimit": {"message": "slow down"}}`, status)
			return true
		}, nil)
		t.Run(strconv.Itoa(status), func(t *testing.T) { r.lists(t, k, Options{}) })
		if n := refused.Load(); n != 3 {
			t.Errorf("%d: asked %d times", status, n)
		}
	}
}

// spec is the smallest server there is.
func (r *real) spec(t *testing.T) cloud.ServerSpec {
	t.Helper()
	return liveSpec(t.Context(), t, r.Client, r.run)
}

// boot boots, and waits for it.
func (r *real) boot(t *testing.T, spec cloud.ServerSpec) cloud.Server {
	t.Helper()
	booted, err := r.Boot(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	s, err := r.Wait(t.Context(), booted[0].ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// gone deletes servers of this test, and waits for that.
func (r *real) gone(t *testing.T, ids ...string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	for _, id := range ids {
		if err := errors.Join(r.Delete(ctx, id), r.WaitGone(ctx, id)); err != nil {
			t.Error(err)
		}
	}
}

func (r *real) revoked(t *testing.T) {
	var logins atomic.Int32
	c := r.login(t, r.credentials, Options{OnRequest: func(method, path string, _ int, _ time.Duration) {
		if method == http.MethodPost && strings.HasSuffix(path, "/auth/tokens") {
			logins.Add(1)
		}
	}})
	booted, err := c.Boot(t.Context(), r.spec(t))
	if err != nil {
		t.Fatal(err)
	}
	defer r.gone(t, booted[0].ID)
	// Nova believes a token it has seen for a few minutes, so the one that is taken back is another.
	dead := r.login(t, r.credentials, Options{}).Token()
	r.revoke(t, dead)
	var looks []string
	s, err := c.Wait(t.Context(), booted[0].ID, func(s cloud.Server) {
		if looks = append(looks, string(s.Status)); len(looks) == 1 {
			c.provider.SetToken(dead)
		}
	})
	if err != nil || s.Status != cloud.StatusActive {
		t.Errorf("%v, %v", s.Status, err)
	}
	if _, err := c.Server(t.Context(), s.ID); err != nil {
		t.Error(err)
	}
	if c.Token() == dead || logins.Load() != 2 {
		t.Errorf("logged in %d times; looks: %q", logins.Load(), looks)
	}
}

func (r *real) namesakes(t *testing.T) {
	name := "matou-" + r.run
	image := map[string]any{"name": name, "disk_format": "raw", "container_format": "bare"}
	one, two := made(t, r.Client, "image", "v2/images", "image", image), made(t, r.Client, "image", "v2/images", "image", image)
	spec := r.spec(t)
	spec.Image = name
	_, err := r.Boot(t.Context(), spec)
	if !errors.Is(err, cloud.ErrAmbiguous) || !strings.Contains(err.Error(), one) || !strings.Contains(err.Error(), two) {
		t.Errorf("two of a name: %v", err)
	}
	spec.Image = one
	if _, err = r.Boot(t.Context(), spec); !errors.Is(err, cloud.ErrConflict) || !strings.Contains(err.Error(), "queued") {
		t.Errorf("one that has no data yet: %v", err)
	}

	// Servers may share a name too: both are found, neither is taken for the other.
	spec = r.spec(t)
	first := r.boot(t, spec)
	spec.Metadata = map[string]string{cloud.MetaRun: r.run, "owner": "somebody else"}
	second := r.boot(t, spec)
	defer r.gone(t, first.ID, second.ID)
	found, err := r.Find(t.Context(), spec.Name)
	if err != nil || len(found) != 2 {
		t.Errorf("found %d, %v", len(found), err)
	}
}

// endlessRefusal sends what Boot itself would not: Nova answers with twice the text.
func (r *real) endlessRefusal(t *testing.T) {
	secret := strings.Repeat("pass word ", 9300)
	err := r.withCompute(t.Context(), "boot", func(sc *gophercloud.ServiceClient) error {
		_, err := sc.Post(t.Context(), sc.ServiceURL("servers"), map[string]any{"server": map[string]any{
			"name": "matou", "flavorRef": "x", "imageRef": "", "networks": "none", "user_data": secret,
		}}, nil, nil)
		return err
	})
	if !errors.Is(err, cloud.ErrBadRequest) || len(err.Error()) > 400 || strings.Contains(err.Error(), "pass word") || !strings.Contains(err.Error(), "user_data") {
		t.Errorf("%d bytes: %.500s", len(err.Error()), err)
	}
}
