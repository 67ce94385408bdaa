package remote

import (
	"context"
	"errors"
	"fmt"
	"net"

	"golang.org/x/crypto/ssh"

	"matou/cloud"
)

// dial brings one leg up through parent, or directly when that is nil. A server that hangs up in
// the middle of logging in is dialled again as long as there is something else to try: sshd does
// so when it was offered too many keys, or while a person looks for a password.
func (c *Client) dial(ctx context.Context, parent *Conn, legs []leg) (*Conn, error) {
	l := legs[len(legs)-1]
	a := &login{c: c, leg: l}
	defer a.close()
	for {
		conn, err := c.dialOnce(ctx, parent, legs, a)
		if err == nil || ctx.Err() != nil {
			return conn, err
		}
		if !a.again(err) {
			return nil, a.final(err)
		}
	}
}

func (c *Client) dialOnce(ctx context.Context, parent *Conn, legs []leg, a *login) (*Conn, error) {
	l := legs[len(legs)-1]
	nc, err := c.open(ctx, parent, l)
	if err != nil {
		return nil, err
	}
	conn := newConn(c, parent, legs)
	if parent == nil { // the others come over this one
		conn.pace = newPaced(nc)
		nc = conn.pace
	}
	rec, err := c.known.load(l.knownFiles)
	if err != nil {
		nc.Close()
		return nil, err
	}
	clock := newWatchdog(ctx, c.o.HandshakeTimeout, func() { nc.Close() })
	a.begin(clock)
	config := c.config(l, rec)
	config.AuthCallback = func(ac *ssh.ClientAuthContext) (ssh.AuthMethod, error) {
		m, err := a.next(ctx, ac)
		a.err = err
		return m, err
	}
	var refused error
	config.HostKeyCallback = func(_ string, _ net.Addr, key ssh.PublicKey) error {
		if shown := ssh.FingerprintSHA256(plainKey(key)); conn.fingerprint != "" { // a later key exchange
			if shown != conn.fingerprint {
				return fmt.Errorf("%w: %s instead of %s while connected", ErrHostKeyChanged, shown, conn.fingerprint)
			}
			return nil
		}
		trust, err := c.verify(ctx, l, key, clock)
		if err != nil {
			refused = err
			return err
		}
		conn.trust, conn.keyType, conn.fingerprint = trust, plainKey(key).Type(), ssh.FingerprintSHA256(plainKey(key))
		return nil
	}
	sc, chans, reqs, err := ssh.NewClientConn(&mortal{Conn: nc}, l.Addr(), config)
	late := clock.stop()
	if err != nil {
		nc.Close()
		return nil, a.explain(ctx, err, refused, late, conn.fingerprint != "")
	}
	if err := ctx.Err(); err != nil {
		sc.Close()
		return nil, err
	}
	conn.ssh = ssh.NewClient(sc, chans, reqs)
	conn.server = cut(clean(string(sc.ServerVersion())), 255)
	if !conn.start() {
		return nil, ErrClosed
	}
	a.remember()
	return conn, nil
}

// open makes the TCP connection.
func (c *Client) open(ctx context.Context, parent *Conn, l leg) (net.Conn, error) {
	dctx, cancel := context.WithTimeout(ctx, c.o.DialTimeout)
	defer cancel()
	if parent != nil {
		nc, err := parent.DialContext(dctx, "tcp", l.Addr())
		if err != nil && ctx.Err() == nil && dctx.Err() != nil {
			err = fmt.Errorf("%w: %w", ErrUnreachable, cloud.Say(fmt.Errorf("no answer through %s within %v", parent.leg.Name, c.o.DialTimeout),
				"cause.silent-through", "hop", parent.leg.Name, "time", c.o.DialTimeout.String()))
		}
		// The hop to name is the one being dialled, unless the one before it was lost.
		var he *HopError
		if errors.As(err, &he) && !errors.Is(err, ErrLost) {
			err = he.Err
		}
		return nc, err
	}
	nc, err := c.o.Dial(dctx, "tcp", l.Addr())
	switch {
	case err == nil:
		return nc, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case dctx.Err() != nil:
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, noAnswer(c.o.DialTimeout))
	}
	return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
}

// config is all of the ssh configuration but the two decisions: the host key, and how to log in.
func (c *Client) config(l leg, rec *record) *ssh.ClientConfig {
	algos := ssh.SupportedAlgorithms()
	if c.o.LegacyAlgorithms {
		old := ssh.InsecureAlgorithms()
		algos.KeyExchanges = append(algos.KeyExchanges, ssh.InsecureKeyExchangeDH14SHA1, ssh.InsecureKeyExchangeDHGEXSHA1)
		algos.Ciphers = append(algos.Ciphers, ssh.InsecureCipherAES128CBC)
		algos.MACs = append(algos.MACs, old.MACs...)
		algos.HostKeys = append(algos.HostKeys, ssh.KeyAlgoRSA, ssh.CertAlgoRSAv01)
	}
	config := &ssh.ClientConfig{
		User:              l.User,
		HostKeyAlgorithms: rec.algorithms(algos.HostKeys, l.names()...),
		ClientVersion:     "SSH-2.0-Matou",
	}
	config.KeyExchanges, config.Ciphers, config.MACs = algos.KeyExchanges, algos.Ciphers, algos.MACs
	room := 64 << 10 // what a server may say before login
	config.BannerCallback = func(text string) error {
		text = text[:min(len(text), room)]
		room -= len(text)
		if c.o.Banner != nil && text != "" {
			hop := l.Hop
			hop.Password = ""
			c.o.Banner(hop, text)
		}
		return nil
	}
	return config
}
