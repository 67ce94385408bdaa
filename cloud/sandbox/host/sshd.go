package host

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"matou/cloud/sandbox/fault"
	"matou/cloud/sandbox/host/bin"
)

const (
	handshakeLimit = 30 * time.Second
	maxChannels    = 64 // of one connection
)

// runSSHD accepts the connections of the virtual network.
func (h *Host) runSSHD(ctx context.Context, s *service) {
	l, err := h.Listen(":22", "sshd")
	if err != nil {
		h.Log("sshd", err.Error())
		return
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				if err := h.ServeSSH(ctx, c); err != nil && ctx.Err() == nil {
					h.logTo("/var/log/auth.log", "sshd", err.Error())
				}
			})
		}
	})
	close(s.ready)
	answerReloads(ctx, s)
	l.Close()
	wg.Wait()
}

// ServeSSH serves one SSH connection until it, the host or ctx ends: password, keyboard-interactive
// and public-key log-in, exec, shell with a terminal, direct-tcpip. It closes conn.
func (h *Host) ServeSSH(ctx context.Context, conn net.Conn) error {
	defer conn.Close()
	h.mu.Lock()
	if h.stopped {
		h.mu.Unlock()
		return errStopped
	}
	h.wg.Add(1)
	h.mu.Unlock()
	defer h.wg.Done()
	for _, c := range []context.Context{ctx, h.ctx} {
		stop := context.AfterFunc(c, func() { conn.Close() })
		defer stop()
	}
	c := &sshConn{host: h, net: conn}
	if rule, ok := h.cfg.Faults.Take(fault.SSHDrop, h.cfg.Name); ok {
		c.drop = rule.Delay == 0
		if !c.drop {
			t := time.AfterFunc(h.scaled(rule.Delay), func() { conn.Close() })
			defer t.Stop()
		}
	}
	config, err := c.config()
	if err != nil {
		return fmt.Errorf("serve ssh: %w", err)
	}
	if err := conn.SetDeadline(time.Now().Add(handshakeLimit)); err != nil {
		return fmt.Errorf("serve ssh: %w", err)
	}
	server, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return fmt.Errorf("serve ssh: %w", err)
	}
	_ = conn.SetDeadline(time.Time{})
	h.logTo("/var/log/auth.log", "sshd", fmt.Sprintf("Accepted %s for %s from %s ssh2", server.Permissions.Extensions["by"], server.User(), conn.RemoteAddr()))
	return c.serve(server, channels, requests)
}

// sshConn is one connection.
type sshConn struct {
	host *Host
	net  net.Conn
	drop bool // the fault: the line is cut when a command starts
	wg   sync.WaitGroup
}

func (c *sshConn) config() (*ssh.ServerConfig, error) {
	h := c.host
	signer := h.signer
	if _, ok := h.cfg.Faults.Take(fault.SSHHostKey, h.cfg.Name); ok {
		_, other, err := newHostKey()
		if err != nil {
			return nil, err
		}
		signer = other
	}
	by := func(how string) *ssh.Permissions {
		return &ssh.Permissions{Extensions: map[string]string{"by": how}}
	}
	config := &ssh.ServerConfig{
		ServerVersion: "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3",
		MaxAuthTries:  6,
		PasswordCallback: func(m ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			if h.passwordIs(m.User(), password) {
				return by("password"), nil
			}
			h.logTo("/var/log/auth.log", "sshd", fmt.Sprintf("Failed password for %s from %s ssh2", m.User(), m.RemoteAddr()))
			return nil, errors.New("wrong password")
		},
		KeyboardInteractiveCallback: func(m ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			answers, err := ask("", "", []string{"Password: "}, []bool{false})
			if err == nil && len(answers) == 1 && h.passwordIs(m.User(), []byte(answers[0])) {
				return by("keyboard-interactive"), nil
			}
			return nil, errors.New("wrong password")
		},
		PublicKeyCallback: func(m ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if h.keyIs(m.User(), key) {
				return by("publickey"), nil
			}
			return nil, errors.New("unknown key")
		},
	}
	config.AddHostKey(signer)
	return config, nil
}

func (h *Host) passwordIs(user string, password []byte) bool {
	h.mu.Lock()
	want, ok := h.passwords[user]
	h.mu.Unlock()
	return ok && want != "" && subtle.ConstantTimeCompare([]byte(want), password) == 1 && bin.LookupUser(h.tree.Root(), user).UID >= 0
}

// keyIs looks for a key in the user's authorized_keys, at each log-in: it may have been edited.
func (h *Host) keyIs(user string, key ssh.PublicKey) bool {
	a := bin.LookupUser(h.tree.Root(), user)
	if a.UID < 0 {
		return false
	}
	rest, err := h.tree.Root().ReadFile(a.Home + "/.ssh/authorized_keys")
	if err != nil {
		return false
	}
	for l := range strings.Lines(string(rest)) {
		k, _, _, _, err := ssh.ParseAuthorizedKey([]byte(l))
		if err == nil && string(k.Marshal()) == string(key.Marshal()) {
			return true
		}
	}
	return false
}

func (c *sshConn) serve(server *ssh.ServerConn, channels <-chan ssh.NewChannel, requests <-chan *ssh.Request) error {
	ctx, cancel := context.WithCancelCause(c.host.ctx)
	c.wg.Go(func() { ssh.DiscardRequests(requests) })
	var open sync.WaitGroup
	slots := make(chan struct{}, maxChannels)
	for n := range channels {
		select {
		case slots <- struct{}{}:
		default:
			_ = n.Reject(ssh.ResourceShortage, "too many channels")
			continue
		}
		open.Go(func() {
			defer func() { <-slots }()
			c.host.survives("sshd", func() { c.open(ctx, server, n) })
		})
	}
	// The line is gone: what runs on it gets a hang-up.
	cancel(errTerminated)
	open.Wait()
	err := server.Close()
	c.wg.Wait()
	if errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe) {
		err = nil
	}
	return err
}

// open serves one channel.
func (c *sshConn) open(ctx context.Context, server *ssh.ServerConn, n ssh.NewChannel) {
	switch n.ChannelType() {
	case "session":
		c.session(ctx, server, n)
	case "direct-tcpip":
		c.forward(ctx, n)
	default:
		_ = n.Reject(ssh.UnknownChannelType, "unknown channel type")
	}
}

// forward connects a direct-tcpip channel (RFC 4254, section 7.2) as seen from this host.
func (c *sshConn) forward(ctx context.Context, n ssh.NewChannel) {
	var to struct {
		Host       string
		Port       uint32
		Origin     string
		OriginPort uint32
	}
	if err := ssh.Unmarshal(n.ExtraData(), &to); err != nil || to.Port > 65535 {
		_ = n.Reject(ssh.ConnectionFailed, "malformed request")
		return
	}
	dial, cancel := context.WithTimeout(ctx, handshakeLimit)
	conn, err := c.host.Dial(dial, net.JoinHostPort(to.Host, fmt.Sprint(to.Port)))
	cancel()
	if err != nil {
		_ = n.Reject(ssh.ConnectionFailed, err.Error())
		return
	}
	defer conn.Close()
	ch, requests, err := n.Accept()
	if err != nil {
		return
	}
	defer ch.Close()
	c.wg.Go(func() { ssh.DiscardRequests(requests) })
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	join(ch, conn)
}

type halfCloser interface{ CloseWrite() error }

// join copies both ways until both directions have ended.
func join(a, b io.ReadWriteCloser) {
	var wg sync.WaitGroup
	one := func(dst, src io.ReadWriteCloser) {
		_, err := io.Copy(dst, src)
		if h, ok := dst.(halfCloser); ok && err == nil {
			_ = h.CloseWrite()
			return
		}
		a.Close()
		b.Close()
	}
	wg.Go(func() { one(a, b) })
	one(b, a)
	wg.Wait()
}
