// Package action runs the actions of a workshop: one file for each family of kinds.
//
// A kind is a name ("server.boot"), a schema the loader checks workshop.yaml against, a function
// that does it, and the words a person would type for it. Every kind can be run again: it looks at
// what is there before it makes anything. What a kind needs of a cloud and of hosts it says in the
// interfaces [Compute] and [Host]; cmd/matou gives it cloud/openstack and cloud/remote.
package action

import (
	"context"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"mvdan.cc/sh/v3/syntax"

	"matou/cloud"
	"matou/steps"
)

// Compute is a cloud somebody is logged in to.
type Compute interface {
	Identity() cloud.Identity
	Servers(ctx context.Context) ([]cloud.Server, error)
	Server(ctx context.Context, id string) (cloud.Server, error)
	Boot(ctx context.Context, spec cloud.ServerSpec) ([]cloud.Server, error)
	Wait(ctx context.Context, id string, seen func(cloud.Server)) (cloud.Server, error)
	Delete(ctx context.Context, id string) error
	WaitGone(ctx context.Context, id string) error
	ConsoleLog(ctx context.Context, id string, lines int) (string, error)
	// Mark puts metadata on a server, beside what it has, all of it or nothing; Unmark takes keys off.
	Mark(ctx context.Context, id string, metadata map[string]string) error
	Unmark(ctx context.Context, id string, keys ...string) error
}

// Networking is what a cloud has besides, and what not every workshop needs: ports to open, addresses
// to borrow, keys to leave.
type Networking interface {
	Networks(ctx context.Context) ([]cloud.Network, error)
	SecurityGroups(ctx context.Context) ([]cloud.SecurityGroup, error)
	CreateSecurityGroup(ctx context.Context, name, description string) (cloud.SecurityGroup, error)
	AddRule(ctx context.Context, r cloud.Rule) (cloud.Rule, error)
	DeleteRule(ctx context.Context, id string) error
	DeleteSecurityGroup(ctx context.Context, id string) error
	FloatingIPs(ctx context.Context) ([]cloud.FloatingIP, error)
	Float(ctx context.Context, server, from, description string) (cloud.FloatingIP, error)
	ReleaseFloatingIP(ctx context.Context, id string) error
	Keypairs(ctx context.Context) ([]cloud.Keypair, error)
	ImportKeypair(ctx context.Context, name, publicKey string) error
	DeleteKeypair(ctx context.Context, name string) error
}

// Hop is one SSH host on the way to another, its values filled in.
type Hop struct {
	Name, User, Host string
	Port             int
	Password         string
	Fingerprints     []string // of the host key, when something else vouches for them
	Expected         []string // fingerprints of the host key that people were given to compare it with
	Sudo             bool     // do everything there as root
}

// Identity says who we are on a host, and what its key is.
type Identity struct{ User, Hostname, Fingerprint, Verified string }

// Host is the far end of a chain of hops. Its errors are, or wrap, a *steps.Failure.
type Host interface {
	// Run runs a command line and hands out its lines; err says that it could not be run, or that its
	// end is unknown.
	Run(ctx context.Context, line string, out func(text string, stderr bool)) (exit int, err error)
	// RunOnce is Run for a command that must not run twice: under the same id it is picked up where it
	// is, by this program after the line dropped, or by the next one. Both streams come as one.
	RunOnce(ctx context.Context, id, line string, out func(text string)) (exit int, err error)
	// ReadFile reads a file, at most limit bytes; a file that is not there is a Failure of kind not-found.
	ReadFile(ctx context.Context, path string, limit int) ([]byte, error)
	WriteFile(ctx context.Context, path string, data []byte) error
	Identity(ctx context.Context) (Identity, error)
	DialContext(ctx context.Context, network, addr string) (net.Conn, error)
	// Follow hands out a file's last lines and those that are added, until ctx ends; gap is set when
	// lines may be missing, because the connection was lost for a while.
	Follow(ctx context.Context, path string, lines int, out func(text string, gap bool)) error
}

// Hosts opens hosts. Connections are kept and shared.
type Hosts interface {
	Open(ctx context.Context, chain []Hop, out steps.Output) (Host, error)
	// Forget drops what is known of a host's key: the server that had it is gone.
	Forget(chain []Hop) error
}

// Dial makes a connection, as net.Dialer's DialContext does.
type Dial func(ctx context.Context, network, addr string) (net.Conn, error)

// Login logs in to the cloud. OpenRC reads the openrc of the workshop's hop; it is called only if
// the credentials are to come from there, and says where it read it. Dial is how the API is
// reached; nil is directly.
type Login func(ctx context.Context, out steps.Output, openrc func(context.Context) (data []byte, source string, err error), dial Dial) (Compute, error)

// Deps are what the kinds stand on.
type Deps struct {
	Hosts   Hosts
	Login   Login
	Here    string        // the hop this program runs on; empty: none of them
	DataDir string        // where this seat's own copies of the workshop's files are
	OnLogin func(Compute) // may be nil
	Changed func()        // may be nil: servers were made or deleted; called from any goroutine
	Servers *cloud.Poller // the list of the cloud that OnLogin told; nil: each server is asked for by itself
	// Remember keeps a parameter for the next programs of this seat; may be nil.
	Remember func(name, value string) error
	// HostKey is the fingerprint that an instructor would hand out for a host; may be nil, and empty.
	HostKey func(ctx context.Context, host string, port int) string
	// Retry is how long to wait before an agent run that found another one under way is tried again;
	// zero is 2 s.
	Retry time.Duration
}

// Registry knows all kinds. It implements steps.Executor.
type Registry struct {
	deps  Deps
	kinds map[string]kind

	mu      sync.Mutex
	compute Compute
	keys    map[string][]string // server id -> host key fingerprints its console log told
	chosen  map[string]string   // what the person chose, by what was asked
}

// kind is one kind of action.
type kind struct {
	schema steps.Schema
	run    func(ctx context.Context, c *call) (steps.Result, error)
	words  func(c *call) string // the command line a person would type
}

// New makes a registry of all kinds there are.
func New(d Deps) *Registry {
	if d.Retry == 0 {
		d.Retry = 2 * time.Second
	}
	r := &Registry{deps: d, kinds: map[string]kind{}, keys: map[string][]string{}, chosen: map[string]string{}}
	for _, family := range [][]kind{hopKinds, cloudKinds, serverKinds, sshKinds, fileKinds, dataKinds, gitKinds, puppetKinds, httpKinds, holdKinds} {
		for _, k := range family {
			r.kinds[k.schema.Kind] = k
		}
	}
	return r
}

// Kinds are the schemas of all kinds.
func Kinds() map[string]steps.Schema {
	schemas := map[string]steps.Schema{}
	for name, k := range New(Deps{}).kinds {
		schemas[name] = k.schema
	}
	return schemas
}

// Execute runs one action.
func (r *Registry) Execute(ctx context.Context, in steps.Input, out steps.Output) (steps.Result, error) {
	k, ok := r.kinds[in.Action.Kind]
	if !ok {
		return steps.Result{}, steps.Failf(steps.FailInternal, "no kind of action %q", in.Action.Kind)
	}
	c := &call{Registry: r, in: in, out: out}
	if err := c.fill(k.schema, steps.Expand); err != nil {
		return steps.Result{}, err
	}
	result, err := k.run(ctx, c)
	if err != nil {
		return result, fail(err)
	}
	return result, nil
}

// Command is the command line a person would type for an action.
func (r *Registry) Command(in steps.Input) string {
	if in.Action.Command != "" {
		return steps.Sketch(in.Action.Command, in.Vars)
	}
	k, ok := r.kinds[in.Action.Kind]
	if !ok || k.words == nil {
		return ""
	}
	c := &call{Registry: r, in: in}
	sketch := func(template string, vars steps.Vars, _ func(string) string) (string, error) {
		return steps.Sketch(template, vars), nil
	}
	if err := c.fill(k.schema, sketch); err != nil {
		return ""
	}
	return k.words(c)
}

// call is one run of a kind, its fields filled in.
type call struct {
	*Registry
	in    steps.Input
	out   steps.Output
	texts map[string]string
	lists map[string][]string
	maps  map[string]map[string]string
}

func (c *call) fill(schema steps.Schema, expand func(string, steps.Vars, func(string) string) (string, error)) error {
	c.texts, c.lists, c.maps = map[string]string{}, map[string][]string{}, map[string]map[string]string{}
	for name, value := range c.in.Action.With {
		var quoting func(string) string
		switch schema.Fields[name].Type {
		case steps.FieldShell:
			quoting = quote
		case steps.FieldPattern:
			quoting = regexp.QuoteMeta
		}
		text, err := expand(value.Text, c.in.Vars, quoting)
		if err != nil && !schema.Fields[name].Late {
			return fmt.Errorf("%s %s: %w", c.in.Action.Kind, name, err)
		}
		c.texts[name] = text
		for _, item := range value.List {
			text, err := expand(item, c.in.Vars, nil)
			if err != nil {
				return fmt.Errorf("%s %s: %w", c.in.Action.Kind, name, err)
			}
			c.lists[name] = append(c.lists[name], text)
		}
		if value.Map == nil {
			continue
		}
		c.maps[name] = map[string]string{}
		for key, item := range value.Map {
			text, err := expand(item, c.in.Vars, nil)
			if err != nil {
				return fmt.Errorf("%s %s: %w", c.in.Action.Kind, name, err)
			}
			c.maps[name][key] = text
		}
	}
	return nil
}

// number is a whole number among the fields; fallback when it is not given.
func (c *call) number(name string, fallback int) (int, error) {
	if c.texts[name] == "" {
		return fallback, nil
	}
	n, err := strconv.Atoi(c.texts[name])
	if err != nil {
		return 0, steps.Failf(steps.FailValue, "%s %s: %q is no whole number", c.in.Action.Kind, name, c.texts[name])
	}
	return n, nil
}

// show prints lines of a source.
func (c *call) show(source string, lines ...string) {
	for _, l := range lines {
		c.out.Line(source, l)
	}
}

// quote makes one word of a shell's command line of any text. A NUL byte can't be in a word: it
// goes.
func quote(s string) string {
	q, err := syntax.Quote(strings.ReplaceAll(s, "\x00", ""), syntax.LangPOSIX)
	if err != nil { // a byte that POSIX quoting can't express is still literal between single quotes
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	return q
}

// isHere tells whether this program runs on a hop, or on one behind it.
func (c *call) isHere(hop string) bool {
	if c.deps.Here == "" {
		return false
	}
	for _, h := range c.in.Workshop.Chain(c.deps.Here) {
		if h.Name == hop {
			return true
		}
	}
	return false
}

// chain is the way to a hop from where this program runs, filled in.
func (c *call) chain(ctx context.Context, name string) ([]Hop, error) {
	var chain []Hop
	all := c.in.Workshop.Chain(name)
	if len(all) == 0 {
		return nil, steps.Failf(steps.FailValue, "no hop %q", name)
	}
	for _, h := range all {
		if c.isHere(h.Name) {
			continue
		}
		hop, err := c.hop(h)
		if err != nil {
			return nil, steps.Within(err, "cause.hop", "hop {hop}", "hop", h.Name)
		}
		if h.Server != "" {
			if id, err := steps.Expand(h.Server, c.in.Vars, nil); err == nil {
				hop.Fingerprints = c.fingerprints(ctx, id)
			}
		} else if len(hop.Expected) == 0 && c.deps.HostKey != nil {
			if key := c.deps.HostKey(ctx, hop.Host, hop.Port); key != "" {
				hop.Expected = []string{key}
			}
		}
		chain = append(chain, hop)
	}
	return chain, nil
}

// fingerprint is one as ssh-keygen -l prints it.
var fingerprint = regexp.MustCompile(`^SHA256:[A-Za-z0-9+/]{43}=?$`)

func (c *call) hop(h steps.Hop) (Hop, error) {
	hop := Hop{Name: h.Name}
	var port, sudo, keys string
	for _, f := range []struct {
		to       *string
		template string
	}{{&hop.User, h.User}, {&hop.Host, h.Host}, {&port, h.Port}, {&hop.Password, h.Password}, {&sudo, h.Sudo}, {&keys, h.HostKey}} {
		text, err := steps.Expand(f.template, c.in.Vars, nil)
		if err != nil {
			return hop, err
		}
		*f.to = text
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return hop, steps.Failf(steps.FailValue, "port %q is no port", port)
	}
	if hop.Host == "" {
		return hop, steps.Fail(steps.FailValue, "cause.no-address", "it has no address yet")
	}
	hop.Port, hop.Sudo, hop.Expected = int(n), sudo == "true", strings.Fields(keys)
	for _, key := range hop.Expected {
		if !fingerprint.MatchString(key) {
			return hop, steps.Failf(steps.FailValue, "host key %q is no fingerprint, as ssh-keygen -l prints it: SHA256:…", key)
		}
	}
	c.secret(hop.Password)
	return hop, nil
}

func (c *call) secret(s string) {
	if s != "" && c.out != nil {
		c.out.Secret(s)
	}
}

// open opens a hop of the workshop.
func (c *call) open(ctx context.Context, name string) (Host, error) {
	chain, err := c.chain(ctx, name)
	if err != nil {
		return nil, err
	}
	if len(chain) == 0 {
		return nil, steps.Fail(steps.FailValue, "cause.here", "{hop} is where this program runs: there is nothing to log in to", "hop", name)
	}
	return c.deps.Hosts.Open(ctx, chain, c.out)
}
