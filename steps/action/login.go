package action

import (
	"context"
	"fmt"
	"net"
	"regexp"
	"strings"
	"time"

	"matou/cloud"
	"matou/steps"
)

var cloudKinds = []kind{
	{
		schema: steps.Schema{Kind: "cloud.login", Results: []string{"user", "project", "region", "expires"}, Timeout: time.Minute},
		run:    login,
		words:  func(c *call) string { return "source " + steps.Sketch(c.in.Workshop.Cloud.OpenRC, c.in.Vars) },
	},
	{
		schema: steps.Schema{Kind: "server.list", Results: []string{"count"}, Timeout: time.Minute},
		run:    listServers,
		words:  func(*call) string { return "nova list" },
	},
}

const openrcLimit = 64 << 10 // bytes: an openrc is a few lines

// Compute is the cloud, logged in to when needed: the first time, or after the program began anew.
func (r *Registry) Compute(ctx context.Context, in steps.Input, out steps.Output) (Compute, error) {
	return (&call{Registry: r, in: in, out: out}).cloud(ctx)
}

func (c *call) cloud(ctx context.Context) (Compute, error) {
	c.mu.Lock()
	compute := c.compute
	c.mu.Unlock()
	if compute != nil {
		return compute, nil
	}
	return c.login(ctx)
}

func (c *call) login(ctx context.Context) (Compute, error) {
	dial, err := c.apiDial()
	if err != nil {
		return nil, err
	}
	compute, err := c.deps.Login(ctx, c.out, c.openrc, dial)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.compute = compute
	c.mu.Unlock()
	if c.deps.OnLogin != nil {
		c.deps.OnLogin(compute)
	}
	return compute, nil
}

// apiDial is the way to the cloud's API through the hop the workshop names; nil when it names none,
// or we are there. The hop is opened anew for each connection, which costs nothing while it is up.
func (c *call) apiDial() (Dial, error) {
	via, err := steps.Expand(c.in.Workshop.Cloud.APIVia, c.in.Vars, nil)
	if err != nil || via == "" || c.isHere(via) {
		return nil, err
	}
	if _, ok := c.in.Workshop.Hop(via); !ok {
		return nil, steps.Failf(steps.FailValue, "api_via: no hop %q", via)
	}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		host, err := c.open(ctx, via)
		if err != nil {
			return nil, err
		}
		return host.DialContext(ctx, network, addr)
	}, nil
}

// openrc reads the credentials' file on the workshop's hop.
func (c *call) openrc(ctx context.Context) ([]byte, string, error) {
	source := c.in.Workshop.Cloud
	if source.Hop == "" {
		return nil, "", fmt.Errorf("the workshop names no openrc: %w", cloud.ErrNoAccount)
	}
	path, err := steps.Expand(source.OpenRC, c.in.Vars, nil)
	if err != nil {
		return nil, "", err
	}
	if c.isHere(source.Hop) {
		return nil, "", steps.Fail(steps.FailAccount, "cause.source", "source {path} before you start matou on {hop}", "path", path, "hop", source.Hop, cloud.ErrNoAccount)
	}
	host, err := c.open(ctx, source.Hop)
	if err != nil {
		return nil, "", err
	}
	data, err := host.ReadFile(ctx, path, openrcLimit)
	return data, source.Hop + ":" + path, err
}

// login logs in anew, so that what the participant sees is a token of now.
func login(ctx context.Context, c *call) (steps.Result, error) {
	get := c.login
	if c.in.Phase == steps.PhaseCheck {
		get = c.cloud
	}
	compute, err := get(ctx)
	if err != nil {
		return steps.Result{}, err
	}
	id := compute.Identity()
	if c.in.Phase == steps.PhaseCheck {
		if _, err := compute.Servers(ctx); err != nil { // the token is good for something
			return steps.Result{}, err
		}
	} else {
		c.show("cloud", fmt.Sprintf("%s in project %s, region %s, at %s", id.User, id.Project, id.Region, id.AuthURL))
		c.show("cloud", "token good until "+id.Expires.Local().Format("15:04"))
	}
	return steps.Result{
		Values: map[string]string{
			"user": id.User, "project": id.Project, "region": id.Region, "expires": id.Expires.UTC().Format(time.RFC3339),
		},
		Summary: fmt.Sprintf("%s @ %s", id.User, id.Project), Changed: true,
	}, nil
}

func listServers(ctx context.Context, c *call) (steps.Result, error) {
	compute, err := c.cloud(ctx)
	if err != nil {
		return steps.Result{}, err
	}
	servers, err := compute.Servers(ctx)
	if err != nil {
		return steps.Result{}, err
	}
	if c.in.Phase != steps.PhaseCheck {
		c.show("nova", cloud.ListTable(servers)...)
	}
	names := make([]string, len(servers))
	for i, s := range servers {
		names[i] = s.Name
	}
	return steps.Result{Values: map[string]string{"count": fmt.Sprint(len(servers))}, Summary: shorten(strings.Join(names, ", "))}, nil
}

// consoleKey finds the fingerprints cloud-init writes to the console between its markers, and those
// of ssh-keygen -l elsewhere: "256 SHA256:... root@host (ED25519)".
var consoleKey = regexp.MustCompile(`\b\d{3,5} (SHA256:[A-Za-z0-9+/]{43}) `)

// consoleKeysEnd is what cloud-init writes after the last fingerprint.
const consoleKeysEnd = "-----END SSH HOST KEY FINGERPRINTS-----"

// consoleLines is how much of a console log is asked for: the keys stand near the end of a boot.
const consoleLines = 1000

// fingerprints are the host keys that a server told its console. They are kept: a server does not
// change its key. None when the log has none, or none yet.
func (c *call) fingerprints(ctx context.Context, server string) []string {
	c.mu.Lock()
	known, ok := c.keys[server]
	c.mu.Unlock()
	if ok {
		return known
	}
	compute, err := c.cloud(ctx)
	if err != nil {
		return nil
	}
	text, err := compute.ConsoleLog(ctx, server, consoleLines)
	if err != nil {
		return nil // not every cloud has one; the person is then asked about the key
	}
	var found []string
	for _, m := range consoleKey.FindAllStringSubmatch(text, -1) {
		found = append(found, m[1])
	}
	if found == nil || !strings.Contains(text, consoleKeysEnd) {
		return found // there may be more to come
	}
	c.mu.Lock()
	c.keys[server] = found
	c.mu.Unlock()
	return found
}
