package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/user"
	"strconv"
	"strings"
	"sync"
	"time"

	"matou/cloud"
	"matou/cloud/remote"
	"matou/cloud/traffic"
	"matou/steps"
	"matou/steps/action"
	"matou/tui"
	"matou/tui/pane"
)

// web watches the workshop's sites for the console, and makes ports of this machine lead there.
type web struct {
	*traffic.Watcher
	s      *session
	engine func() *steps.Engine // nil while there is none

	mu          sync.Mutex
	ended       bool
	site, stats *remote.Forwarder // nil while they are shut
}

var _ tui.Traffic = (*web)(nil)

// watchWeb begins to watch the workshop's sites, until the session ends. It is nil when the workshop has
// none. Who only looks on asks by ways of their own: what the other program sees stays there.
func (s *session) watchWeb(engine func() *steps.Engine) *web {
	if len(s.workshop.Traffic.Sites) == 0 {
		return nil
	}
	w := &web{s: s, engine: engine}
	w.Watcher = traffic.New(traffic.Options{Site: w.watched, Every: s.workshop.Traffic.Every, Beside: s.holder != nil})
	s.running.Go(func() {
		w.Run(s.ctx)
		w.mu.Lock()
		w.ended = true
		w.mu.Unlock()
		w.Shut()
	})
	return w
}

// current is the site as things stand.
func (w *web) current() (action.Site, steps.Input, error) {
	engine := w.engine()
	if w.s.beside != nil && w.s.theirs == nil {
		return action.Site{}, steps.Input{}, errNoWorld
	}
	if engine == nil {
		return action.Site{}, steps.Input{}, action.ErrNoSite
	}
	in := w.s.input()
	site, err := w.s.registry.Site(in, engine.State())
	return site, in, err
}

// watched is the current site for the watcher.
func (w *web) watched() (traffic.Site, error) {
	site, in, err := w.current()
	if err != nil {
		return traffic.Site{}, err
	}
	return traffic.Site{
		Number: site.Number, URL: site.URL, Header: site.Header, Match: site.Match, Stats: site.Stats,
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			return w.s.dialWeb(ctx, in, network, address)
		},
	}, nil
}

// dialWeb reaches an address as the hop would that the sites are asked from. It asks no questions: the
// hop must have been opened by a step before. Whose sandbox another program runs may not have its keys yet,
// and trusts it as that program does.
func (s *session) dialWeb(ctx context.Context, in steps.Input, network, address string) (net.Conn, error) {
	dial, err := s.registry.Dialer(ctx, in, &aside{s: s, accept: s.theirs != nil}, s.workshop.Traffic.Via)
	if err != nil {
		if s.theirs != nil && ctx.Err() == nil {
			err = errNoWorld
		}
		return nil, fmt.Errorf("%w: %w", traffic.ErrWay, err)
	}
	return dial(ctx, network, address)
}

// carryLimit is how long a browser waits for the far end of its connection.
const carryLimit = 15 * time.Second

// Open implements [tui.Traffic]. A port leads to the site that is current when a browser comes.
func (w *web) Open(context.Context) (pane.Links, error) {
	site, in, err := w.current()
	if err != nil {
		return pane.Links{}, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return pane.Links{}, errEnded
	}
	if w.site == nil {
		w.site, err = w.lead(site.Local, func(s action.Site) string { return s.URL })
	}
	if err == nil && w.stats == nil && site.Stats != "" {
		w.stats, err = w.lead(site.LocalStats, func(s action.Site) string { return s.Stats })
	}
	if err != nil {
		return pane.Links{}, err
	}
	links := pane.Links{Site: localURL(site.URL, w.site.Addr())}
	ports := []net.Addr{w.site.Addr()}
	if w.stats != nil {
		links.Stats = localURL(site.Stats, w.stats.Addr())
		ports = append(ports, w.stats.Addr())
	}
	links.SSH = sshLine(os.Getenv("SSH_CONNECTION"), w.s.registry.Here(in), userName(), ports)
	return links, nil
}

// lead makes a port of this machine lead to an address of the site.
func (w *web) lead(port string, to func(action.Site) string) (*remote.Forwarder, error) {
	if port == "" {
		port = "0"
	}
	return remote.Forward(w.s.ctx, net.JoinHostPort("127.0.0.1", port), "", func(ctx context.Context, network, _ string) (net.Conn, error) {
		site, in, err := w.current()
		if err != nil {
			return nil, err
		}
		address, err := hostPort(to(site))
		if err != nil {
			return nil, err
		}
		ctx, cancel := context.WithTimeout(ctx, carryLimit)
		defer cancel()
		return w.s.dialWeb(ctx, in, network, address)
	})
}

// Shut implements [tui.Traffic].
func (w *web) Shut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range []**remote.Forwarder{&w.site, &w.stats} {
		if *f != nil {
			_ = (*f).Close() // it listens no more, whatever it says
			*f = nil
		}
	}
}

// hostPort is where a URL leads.
func hostPort(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return "", fmt.Errorf("no host in %q", address)
	}
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "https":
		port = "443"
	default:
		port = "80"
	}
	return net.JoinHostPort(u.Hostname(), port), nil
}

// localURL is a URL with an address of this machine in place of its own.
func localURL(address string, local net.Addr) string {
	u, err := url.Parse(address)
	if err != nil || local == nil {
		return ""
	}
	u.Host = local.String()
	return u.String()
}

// sshLine is what somebody types on their own machine to have the ports of this one there, under the same
// numbers: the way to here, as the workshop has it, or else as the SSH server says that they came
// (SSH_CONNECTION: both ends' addresses and ports). It is empty when they sit in front of this machine.
func sshLine(connection string, here []action.Hop, user string, ports []net.Addr) string {
	words := []string{"ssh", "-N"}
	for _, p := range ports {
		words = append(words, "-L", fmt.Sprintf("%d:%s", portOf(p), p))
	}
	if n := len(here); n > 0 {
		var jumps []string
		for _, h := range here[:n-1] {
			jumps = append(jumps, h.User+"@"+net.JoinHostPort(h.Host, strconv.Itoa(h.Port)))
		}
		if len(jumps) > 0 {
			words = append(words, "-J", strings.Join(jumps, ","))
		}
		last := here[n-1]
		return strings.Join(append(words, "-p", strconv.Itoa(last.Port), remote.Quote(last.User+"@"+last.Host)), " ")
	}
	ends := strings.Fields(connection) // client, its port, server, its port
	if len(ends) != 4 || net.ParseIP(ends[2]) == nil {
		return ""
	}
	if _, err := strconv.ParseUint(ends[3], 10, 16); err != nil {
		return ""
	}
	if ends[3] != "22" {
		words = append(words, "-p", ends[3])
	}
	if user != "" {
		user += "@"
	}
	return strings.Join(append(words, remote.Quote(user+ends[2])), " ")
}

func portOf(a net.Addr) int {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return tcp.Port
	}
	return 0
}

// userName is who runs this program; empty when nobody knows.
func userName() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return ""
}

// How the sites are asked where nobody watches: once, so many times, within so long.
const (
	onceRequests = 12
	onceLimit    = 30 * time.Second
)

// trafficOnce asks the current site who answers.
func (s *session) trafficOnce(ctx context.Context) (cloud.Traffic, error) {
	w := &web{s: s, engine: func() *steps.Engine { return s.engine }}
	site, err := w.watched()
	if errors.Is(err, action.ErrNoSite) {
		return cloud.Traffic{Site: -1}, nil
	}
	if err != nil {
		return cloud.Traffic{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, onceLimit)
	defer cancel()
	return traffic.Once(ctx, site, onceRequests), nil
}
