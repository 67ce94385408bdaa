package openstack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"
	"github.com/gophercloud/gophercloud/v2/openstack/utils"

	"matou/cloud"
)

// Options say how to talk to a cloud. The zero value is what a real cloud needs.
type Options struct {
	// Dial connects to the API; nil is directly, or through the proxy the environment names. It
	// lets the API be reached through SSH hops.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// UserAgent is sent before gophercloud's own.
	UserAgent string
	// Timeout bounds one request, the reading of its answer included. Zero: 30 s.
	Timeout time.Duration
	// Poll says how long to wait between two looks at a server that changes, given how long we
	// have been looking. Nil: [cloud.Pace].
	Poll func(elapsed time.Duration) time.Duration
	// OnRequest is told of each request after its answer's head has come, or with status 0 when
	// none came. Path has no query and no host. It may be called by several goroutines at once.
	OnRequest func(method, path string, status int, took time.Duration)
}

// Nova's microversions: the newest this package was tried with, and the first that embeds the
// flavor's name in a server. A cloud that has neither is spoken to in plain 2.1.
const (
	newestMinor   = 93
	embeddedMinor = 47
)

// Client is a session with one project of one cloud. Its methods may be called by several
// goroutines at once. Their errors wrap one of the errors of package cloud.
type Client struct {
	credentials Credentials
	options     Options
	provider    *gophercloud.ProviderClient
	transport   *transport
	catalog     *tokens.ServiceCatalog

	negotiating sync.Mutex // held while the microversion is being found out
	mu          sync.Mutex // guards what follows
	micro       string     // "2.93", or "" for 2.1
	negotiated  bool
	flavors     cache[cloud.Flavor]
	images      cache[cloud.Image]
	networks    cache[cloud.Network]
	nameless    map[string]time.Time // ids of images and flavors that had no name to be learnt, and when
	kept        session              // as Sessions wrote it down last
}

// Login gets a token for c, and the catalog that comes with it: one request. The session gets
// itself a new token when that one expires, unless all c has is a token.
func Login(ctx context.Context, c Credentials, o Options) (*Client, error) {
	op := "log in as " + c.String()
	client, err := newClient(c, o)
	if err != nil {
		return nil, err
	}
	auth := c.authOptions()
	// Not openstack.Authenticate: that asks an unversioned address for its versions first, and
	// there has been only this one for years.
	if err := openstack.AuthenticateV3(ctx, client.provider, &auth, gophercloud.EndpointOpts{}); err != nil {
		client.Close()
		return nil, client.explainLogin(op, err)
	}
	if err := client.readCatalog(); err != nil {
		client.Close()
		return nil, client.explain(op, err)
	}
	return client, nil
}

// newClient makes a client that has no token yet.
func newClient(c Credentials, o Options) (*Client, error) {
	op := "log in as " + c.String()
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("log in: %w", err)
	}
	if c.NeedsPassword() {
		return nil, refuse(op, cloud.ErrNoAccount, "no password given")
	}
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	if o.Poll == nil {
		o.Poll = cloud.Pace
	}
	client := &Client{credentials: c, options: o}
	httpClient, transport, err := newHTTPClient(c, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	client.transport = transport
	provider, err := openstack.NewClient(c.AuthURL)
	if err != nil {
		return nil, refuse(op, cloud.ErrNoAccount, "%s", shorten(err.Error()))
	}
	provider.HTTPClient = httpClient
	if o.UserAgent != "" {
		provider.UserAgent.Prepend(o.UserAgent)
	}
	client.provider = provider
	return client, nil
}

// explainLogin says more about the two failures that a person logging in can do something about.
func (c *Client) explainLogin(op string, err error) error {
	var r *refusal
	if err = c.explain(op, err); !errors.As(err, &r) {
		return err
	}
	if said := strings.ToLower(r.reason); r.status == http.StatusNotFound &&
		(c.credentials.secret() == "" && strings.Contains(said, "token") || strings.Contains(said, "application credential")) {
		r.status, r.kind = http.StatusUnauthorized, cloud.ErrAuth // Keystone's word for one it cannot read, or has deleted
	}
	switch r.status {
	case http.StatusUnauthorized:
		r.reason = "wrong user, password or project (the cloud doesn't say which)"
		if c.credentials.Password == "" {
			r.reason = "the token or application credential is not valid, or no longer"
		}
		r.reason += c.clockHint()
	case http.StatusNotFound, http.StatusGone, http.StatusMultipleChoices:
		r.kind, r.reason = cloud.ErrUnavailable, "no identity service v3 at that address"
	}
	return r
}

// clockOff is how far two clocks may be apart before tokens begin to look expired, or not yet valid.
const clockOff = 5 * time.Minute

// clockHint says so when the clocks may be why a token is refused.
func (c *Client) clockHint() string {
	skew := c.Skew().Round(time.Second)
	switch {
	case skew >= clockOff:
		return fmt.Sprintf("; the cloud's clock is %s ahead of this machine's", skew)
	case skew <= -clockOff:
		return fmt.Sprintf("; the cloud's clock is %s behind this machine's", -skew)
	}
	return ""
}

// readCatalog takes the catalog out of the token's answer, and finds endpoints in it from now on.
// gophercloud's own search asks endpoints for their versions, and no context can stop it.
func (c *Client) readCatalog() error {
	var err error
	switch result := c.provider.GetAuthResult().(type) {
	case tokens.CreateResult:
		c.catalog, err = result.ExtractServiceCatalog()
	case tokens.GetResult:
		c.catalog, err = result.ExtractServiceCatalog()
	default:
		err = errShape
	}
	if err != nil {
		return err
	}
	c.provider.EndpointLocator = c.endpoint
	return nil
}

// endpoint finds the address of a service in the catalog.
func (c *Client) endpoint(want gophercloud.EndpointOpts) (string, error) {
	var regions []string
	for _, entry := range c.catalog.Entries {
		if entry.Type != want.Type && !slices.Contains(want.Types(), entry.Type) {
			continue
		}
		for _, e := range entry.Endpoints {
			if gophercloud.Availability(e.Interface) != c.credentials.availability() {
				continue
			}
			region := firstOf(e.RegionID, e.Region)
			if wanted := c.credentials.Region; wanted == "" || wanted == e.RegionID || wanted == e.Region {
				return gophercloud.NormalizeURL(e.URL), nil
			}
			regions = append(regions, region)
		}
	}
	op := "find the " + want.Type + " service"
	if len(regions) > 0 {
		return "", refuse(op, cloud.ErrUnavailable, "none in region %s; %s",
			c.credentials.Region, suggest(c.credentials.Region, regions).text)
	}
	return "", refuse(op, cloud.ErrUnavailable, "not in the catalog of this account (no project chosen?)")
}

// Close lets go of idle connections. Requests under way are not ended.
func (c *Client) Close() {
	if base, ok := c.transport.base.(*http.Transport); ok {
		base.CloseIdleConnections()
	}
}

// Token is the session's token now: a secret, to be blotted out of whatever is shown or kept.
func (c *Client) Token() string {
	if c.provider == nil {
		return ""
	}
	return c.provider.Token()
}

// Skew is how far the cloud's clock was ahead of ours in its last answer, to about a second: a
// clock that is far off makes tokens and certificates look expired.
func (c *Client) Skew() time.Duration { return time.Duration(c.transport.skew.Load()) }

// Identity says as whom the session is logged in, and until when its token holds.
func (c *Client) Identity() cloud.Identity {
	id := cloud.Identity{
		User: c.credentials.Username, Project: c.credentials.Project, ProjectID: c.credentials.ProjectID,
		Region: c.region(), AuthURL: withoutUserinfo(c.credentials.AuthURL),
	}
	type result interface {
		ExtractUser() (*tokens.User, error)
		ExtractProject() (*tokens.Project, error)
		ExtractToken() (*tokens.Token, error)
	}
	r, ok := c.provider.GetAuthResult().(result)
	if !ok {
		return id
	}
	if user, err := r.ExtractUser(); err == nil && user != nil {
		id.User = cloud.Clean(user.Name)
	}
	if project, err := r.ExtractProject(); err == nil && project != nil {
		id.Project, id.ProjectID = cloud.Clean(project.Name), project.ID
	}
	if token, err := r.ExtractToken(); err == nil && token != nil {
		id.Expires = token.ExpiresAt
	}
	return id
}

// region is the one asked for, or the one the compute service was found in.
func (c *Client) region() string {
	if c.credentials.Region != "" {
		return c.credentials.Region
	}
	for _, entry := range c.catalog.Entries {
		for _, e := range entry.Endpoints {
			if entry.Type == "compute" && gophercloud.Availability(e.Interface) == c.credentials.availability() {
				return cloud.Clean(firstOf(e.RegionID, e.Region))
			}
		}
	}
	return ""
}

// withCompute calls f with a client for Nova. When Nova refuses the microversion that its own
// version document offered (a proxy may sit between), f is called once more in plain 2.1.
func (c *Client) withCompute(ctx context.Context, op string, f func(*gophercloud.ServiceClient) error) error {
	sc, err := openstack.NewComputeV2(c.provider, gophercloud.EndpointOpts{Availability: c.credentials.availability()})
	if err != nil {
		return c.explain(op, err)
	}
	if sc.Microversion, err = c.microversion(ctx, sc.Endpoint); err != nil {
		return c.explain(op, err)
	}
	err = f(sc)
	if sc.Microversion != "" && gophercloud.ResponseCodeIs(err, http.StatusNotAcceptable) {
		c.setMicroversion("")
		sc.Microversion = ""
		err = f(sc)
	}
	return c.explain(op, err)
}

// microversion asks Nova once for the range it speaks.
func (c *Client) microversion(ctx context.Context, endpoint string) (string, error) {
	c.negotiating.Lock()
	defer c.negotiating.Unlock()
	c.mu.Lock()
	micro, known := c.micro, c.negotiated
	c.mu.Unlock()
	if known {
		return micro, nil
	}
	base, err := utils.BaseVersionedEndpoint(endpoint) // without a project id, as old catalogs have it
	if err != nil {
		return "", err
	}
	type version struct {
		ID      string `json:"id"`
		Version string `json:"version"`
	}
	var doc struct {
		Version  version   `json:"version"`
		Versions []version `json:"versions"`
	}
	_, err = c.provider.Request(ctx, http.MethodGet, gophercloud.NormalizeURL(base),
		&gophercloud.RequestOpts{JSONResponse: &doc, OkCodes: []int{200, 300}})
	var code gophercloud.ErrUnexpectedResponseCode
	if err != nil && !(errors.As(err, &code) && code.Actual < 500 && code.Actual != 401) && !isDecode(err) {
		return "", err
	}
	for _, v := range append(doc.Versions, doc.Version) {
		if strings.HasPrefix(v.ID, "v2.1") {
			micro = chooseMicroversion(v.Version)
		}
	}
	c.setMicroversion(micro)
	return micro, nil
}

func (c *Client) setMicroversion(micro string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.micro, c.negotiated = micro, true
}

// chooseMicroversion picks what to speak with a Nova whose newest is the given one.
func chooseMicroversion(newest string) string {
	major, minor, _ := strings.Cut(newest, ".")
	n, err := strconv.Atoi(minor)
	if major != "2" || err != nil || n < embeddedMinor {
		return ""
	}
	return "2." + strconv.Itoa(min(n, newestMinor))
}
