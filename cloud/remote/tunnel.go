package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"matou/cloud"
)

// DialContext opens a TCP connection from the host at the end of c: network is tcp, tcp4 or tcp6,
// and addr is looked up there. With network unix, addr is the path of a socket there (OpenSSH's
// direct-streamlocal). It returns when ctx ends, however silent the peer. The connection has
// working deadlines and CloseWrite; it ends with c.
func (c *Conn) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	kind, payload, err := channelOpen(network, addr)
	if err != nil {
		return nil, hopError(c.leg.Hop, err)
	}
	ch, err := within(ctx, c, func() (ssh.Channel, error) {
		ch, reqs, err := c.ssh.OpenChannel(kind, payload)
		if err != nil {
			return nil, err
		}
		if !c.client.spawn(func() { ssh.DiscardRequests(reqs) }) {
			ch.Close()
			return nil, ErrClosed
		}
		return ch, nil
	}, func(ch ssh.Channel) { ch.Close() })
	if err == nil {
		if t := c.tunnel(ch, network, addr); t != nil {
			return t, nil
		}
		ch.Close()
		err = ErrClosed
	}
	var refused *ssh.OpenChannelError
	switch {
	case ctx.Err() != nil:
		err = cloud.During("dial "+addr, context.Cause(ctx), "cause.connect", "address", addr)
	case errors.As(err, &refused) && refused.Reason == ssh.Prohibited:
		text := cut(refused.Message, 200)
		err = fmt.Errorf("%w: %w", ErrUnreachable, cloud.Say(fmt.Errorf("%s does not forward to %s: %s", c.leg.Name, addr, text),
			"cause.no-forward", "hop", c.leg.Name, "address", addr, "text", text))
	case errors.As(err, &refused):
		text := cut(refused.Message, 200)
		err = fmt.Errorf("%w: %w", ErrUnreachable, cloud.Say(fmt.Errorf("%s says of %s: %s", c.leg.Name, addr, text),
			"cause.hop-says", "hop", c.leg.Name, "address", addr, "text", text))
	case !errors.Is(err, ErrClosed):
		err = c.lost(err)
	}
	return nil, hopError(c.leg.Hop, err)
}

// channelOpen is the channel type and its data for a dial. RFC 4254, 7.2.
func channelOpen(network, addr string) (kind string, payload []byte, err error) {
	switch network {
	case "tcp", "tcp4", "tcp6":
		host, port, err := net.SplitHostPort(addr)
		if err != nil {
			return "", nil, fmt.Errorf("dial: %w", err)
		}
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return "", nil, fmt.Errorf("dial %s: port %q", addr, port)
		}
		return "direct-tcpip", ssh.Marshal(struct {
			Host     string
			Port     uint32
			From     string
			FromPort uint32
		}{host, uint32(n), "127.0.0.1", 0}), nil
	case "unix":
		return "direct-streamlocal@openssh.com", ssh.Marshal(struct {
			Path     string
			Reserved string
			Port     uint32
		}{addr, "", 0}), nil
	}
	return "", nil, fmt.Errorf("dial %s: %w", addr, net.UnknownNetworkError(network))
}

// tunnel is a net.Conn over a channel. A channel has no deadlines, and its Read and Write return
// only when the peer acts; so two pipes stand between, which can be left at any time, and two
// goroutines carry what goes through them.
type tunnel struct {
	in, out       net.Conn // our ends of the pipes
	local, remote net.Addr
	once          sync.Once
	closed        chan struct{}
}

// linger is how long a closed tunnel may take to hand over what was written before.
const linger = time.Second

func (c *Conn) tunnel(ch ssh.Channel, network, addr string) net.Conn {
	in, fromPeer := net.Pipe()
	out, toPeer := net.Pipe()
	t := &tunnel{
		in: in, out: out, closed: make(chan struct{}),
		local: tunnelAddr{network, c.leg.Addr()}, remote: tunnelAddr{network, addr},
	}
	sent := make(chan struct{})
	up := c.client.spawn(func() {
		io.Copy(fromPeer, ch)
		fromPeer.Close() // Read returns io.EOF; Write still works
	}) && c.client.spawn(func() {
		io.Copy(ch, toPeer)
		ch.CloseWrite()
		toPeer.Close()
		close(sent)
	}) && c.client.spawn(func() {
		select {
		case <-t.closed:
			late := time.NewTimer(linger)
			select {
			case <-sent:
			case <-late.C:
			case <-c.done:
			}
			late.Stop()
		case <-c.done:
			t.Close()
		}
		ch.Close()
		toPeer.Close()
		fromPeer.Close()
	}) && c.client.spawn(func() { io.Copy(io.Discard, ch.Stderr()) })
	if !up {
		in.Close()
		out.Close()
		return nil
	}
	return t
}

func (t *tunnel) Read(p []byte) (int, error)         { return t.in.Read(p) }
func (t *tunnel) Write(p []byte) (int, error)        { return t.out.Write(p) }
func (t *tunnel) LocalAddr() net.Addr                { return t.local }
func (t *tunnel) RemoteAddr() net.Addr               { return t.remote }
func (t *tunnel) SetReadDeadline(d time.Time) error  { return t.in.SetReadDeadline(d) }
func (t *tunnel) SetWriteDeadline(d time.Time) error { return t.out.SetWriteDeadline(d) }

// CloseWrite tells the peer that nothing more comes; reading goes on.
func (t *tunnel) CloseWrite() error { return t.out.Close() }

func (t *tunnel) SetDeadline(d time.Time) error {
	return errors.Join(t.in.SetReadDeadline(d), t.out.SetWriteDeadline(d))
}

func (t *tunnel) Close() error {
	t.once.Do(func() {
		close(t.closed)
		t.in.Close()
		t.out.Close()
	})
	return nil
}

// tunnelAddr is an address as it is seen from the far host.
type tunnelAddr struct{ network, addr string }

func (a tunnelAddr) Network() string { return a.network }
func (a tunnelAddr) String() string  { return a.addr }
