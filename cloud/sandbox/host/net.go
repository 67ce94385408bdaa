package host

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Errors of the virtual network, wrapped in a *net.OpError or *net.DNSError as the real ones are.
var (
	// ErrRefused says that nothing listens there.
	ErrRefused = errors.New("connection refused")
	// ErrNoRoute says that no host has that address.
	ErrNoRoute = errors.New("no route to host")
	// ErrInUse says that another service has the address.
	ErrInUse = errors.New("address already in use")
)

// Net is the virtual network: each host has one address on it and a loopback of its own.
type Net struct {
	mu    sync.RWMutex
	hosts map[netip.Addr]*Host
}

// NewNet makes a network without hosts.
func NewNet() *Net { return &Net{hosts: map[netip.Addr]*Host{}} }

// join puts h on the network; a host that had the address before leaves it.
func (n *Net) join(h *Host) {
	if !h.cfg.Address.IsValid() {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hosts[h.cfg.Address] = h
}

func (n *Net) leave(h *Host) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.hosts[h.cfg.Address] == h {
		delete(n.hosts, h.cfg.Address)
	}
}

// Host answers the host with an address, nil when there is none.
func (n *Net) Host(a netip.Addr) *Host {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.hosts[a.Unmap()]
}

// Dial connects to "host:port" as seen from one host: its own loopback for 127.0.0.0/8, its
// /etc/hosts for names. from may be nil: then only addresses of the network can be reached.
func (n *Net) Dial(ctx context.Context, from *Host, hostport string) (net.Conn, error) {
	name, portText, err := net.SplitHostPort(hostport)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", hostport, err)
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil || port == 0 {
		return nil, fmt.Errorf("dial %s: invalid port", hostport)
	}
	addr, err := resolve(from, name)
	if err != nil {
		return nil, err
	}
	at := netip.AddrPortFrom(addr, uint16(port))
	if err := ctx.Err(); err != nil {
		return nil, opError(at, err)
	}
	target := from
	if from == nil || !addr.IsLoopback() && addr != from.cfg.Address {
		target = n.Host(addr)
	}
	if target == nil {
		return nil, opError(at, ErrNoRoute)
	}
	l := target.listenerAt(at)
	if l == nil {
		if target == from && addr.IsLoopback() && from.cfg.Dial != nil {
			return from.cfg.Dial(ctx, at.String())
		}
		return nil, opError(at, ErrRefused)
	}
	source := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	if from != nil && !addr.IsLoopback() && from.cfg.Address.IsValid() {
		source = from.cfg.Address
	}
	return l.connect(ctx, netip.AddrPortFrom(source, target.ephemeral()), at)
}

// resolve finds the address of a name as h does: numbers, /etc/hosts.
func resolve(h *Host, name string) (netip.Addr, error) {
	if a, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		if a.Is6() && a.IsLoopback() {
			return netip.AddrFrom4([4]byte{127, 0, 0, 1}), nil
		}
		return a.Unmap(), nil
	}
	if h != nil {
		data, _ := h.Tree().Root().ReadFile("/etc/hosts")
		for l := range strings.Lines(string(data)) {
			l, _, _ = strings.Cut(l, "#")
			f := strings.Fields(l)
			if len(f) > 1 && slices.ContainsFunc(f[1:], func(s string) bool { return strings.EqualFold(s, name) }) {
				if a, err := netip.ParseAddr(f[0]); err == nil && a.Unmap().Is4() {
					return a.Unmap(), nil
				}
			}
		}
		if name == "localhost" || strings.EqualFold(name, h.Hostname()) {
			return netip.AddrFrom4([4]byte{127, 0, 0, 1}), nil
		}
	}
	return netip.Addr{}, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

func opError(at netip.AddrPort, err error) error {
	return &net.OpError{Op: "dial", Net: "tcp", Addr: net.TCPAddrFromAddrPort(at), Err: err}
}

// listener accepts the connections to one port of a host. It ends with its host.
type listener struct {
	host    *Host
	at      netip.AddrPort // an unspecified address means all of the host's
	accept  chan net.Conn
	done    chan struct{}
	once    sync.Once
	program string // for ss -p
}

var _ net.Listener = (*listener)(nil)

// Listen makes a listener on "address:port" of the host; the address "", "*" or "0.0.0.0" means all.
func (h *Host) Listen(hostport, program string) (net.Listener, error) {
	name, portText, err := net.SplitHostPort(hostport)
	if err != nil {
		return nil, fmt.Errorf("listen %s: %w", hostport, err)
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil || port == 0 {
		return nil, fmt.Errorf("listen %s: invalid port", hostport)
	}
	addr := netip.IPv4Unspecified()
	if name != "" && name != "*" && name != "::" {
		if addr, err = resolve(h, name); err != nil {
			return nil, fmt.Errorf("listen %s: %w", hostport, err)
		}
	}
	if !addr.IsUnspecified() && !addr.IsLoopback() && addr != h.cfg.Address {
		return nil, fmt.Errorf("listen %s: cannot assign requested address", hostport)
	}
	l := &listener{
		host: h, at: netip.AddrPortFrom(addr, uint16(port)), accept: make(chan net.Conn), done: make(chan struct{}), program: program,
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopped {
		return nil, net.ErrClosed
	}
	for _, o := range h.listeners {
		if o.at.Port() == l.at.Port() && (o.at.Addr() == addr || o.at.Addr().IsUnspecified() || addr.IsUnspecified()) {
			return nil, fmt.Errorf("listen %s: %w", hostport, ErrInUse)
		}
	}
	h.listeners = append(h.listeners, l)
	return l, nil
}

func (h *Host) listenerAt(at netip.AddrPort) *listener {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, l := range h.listeners {
		if l.at.Port() == at.Port() && (l.at.Addr().IsUnspecified() || l.at.Addr() == at.Addr()) {
			return l
		}
	}
	return nil
}

func (h *Host) ephemeral() uint16 {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.nextPort++
	return 32768 + h.nextPort%28000
}

func (l *listener) connect(ctx context.Context, from, to netip.AddrPort) (net.Conn, error) {
	client, server := pair(net.TCPAddrFromAddrPort(from), net.TCPAddrFromAddrPort(to))
	if !l.host.track(server) {
		return nil, opError(to, ErrRefused)
	}
	select {
	case l.accept <- server:
		return client, nil
	case <-l.done:
		server.Close()
		return nil, opError(to, ErrRefused)
	case <-ctx.Done():
		server.Close()
		return nil, opError(to, ctx.Err())
	}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.accept:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *listener) Addr() net.Addr { return net.TCPAddrFromAddrPort(l.at) }

func (l *listener) Close() error {
	l.once.Do(func() {
		close(l.done)
		h := l.host
		h.mu.Lock()
		defer h.mu.Unlock()
		h.listeners = slices.DeleteFunc(h.listeners, func(o *listener) bool { return o == l })
	})
	return nil
}

// track remembers a connection of the host, so that it ends with the host.
func (h *Host) track(c *conn) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopped {
		return false
	}
	h.conns[c] = struct{}{}
	c.onClose = func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.conns, c)
	}
	return true
}
