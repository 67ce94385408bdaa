package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
)

// maxForwarded is how many connections one Forwarder carries at once. More wait to be accepted.
const maxForwarded = 128

// Forwarder is a local port whose connections go to an address seen from a hop.
type Forwarder struct {
	ln     net.Listener
	remote string
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu  sync.Mutex
	err error
}

// Forward listens on localAddr (empty: a free port of 127.0.0.1) and carries each connection to
// remoteAddr, a host:port seen from the end of c. When c is lost, the next connection brings the
// chain up again. It ends with ctx or with Close.
func (c *Conn) Forward(ctx context.Context, localAddr, remoteAddr string) (*Forwarder, error) {
	if localAddr == "" {
		localAddr = "127.0.0.1:0"
	}
	if _, _, err := channelOpen("tcp", remoteAddr); err != nil {
		return nil, hopError(c.leg.Hop, fmt.Errorf("forward: %w", err))
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", localAddr)
	if err != nil {
		return nil, hopError(c.leg.Hop, fmt.Errorf("forward: %w", err))
	}
	ctx, cancel := context.WithCancel(ctx)
	f := &Forwarder{ln: ln, remote: remoteAddr, cancel: cancel}
	if !c.client.spawn(func() {
		defer cancel()
		f.serve(ctx, c)
	}) || !c.client.spawn(func() {
		select {
		case <-ctx.Done():
		case <-c.client.stop:
			cancel()
		}
		ln.Close()
	}) {
		cancel()
		ln.Close()
		return nil, hopError(c.leg.Hop, ErrClosed)
	}
	return f, nil
}

// Addr is the local address, such as 127.0.0.1:40123.
func (f *Forwarder) Addr() net.Addr { return f.ln.Addr() }

// Remote is the address that is forwarded to.
func (f *Forwarder) Remote() string { return f.remote }

// Err says why the last connection that could not be carried failed; nil when the last one could.
func (f *Forwarder) Err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// Close stops listening, ends what is being carried and waits for it.
func (f *Forwarder) Close() error {
	f.cancel()
	err := f.ln.Close()
	f.wg.Wait()
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	return err
}

func (f *Forwarder) serve(ctx context.Context, c *Conn) {
	room := make(chan struct{}, maxForwarded)
	for {
		select {
		case room <- struct{}{}:
		case <-ctx.Done():
			f.wg.Wait()
			return
		}
		local, err := f.ln.Accept()
		if err != nil {
			f.cancel()
			f.wg.Wait()
			return
		}
		f.wg.Go(func() {
			defer func() { <-room }()
			defer local.Close()
			err := f.carry(ctx, c, local)
			f.mu.Lock()
			f.err = err
			f.mu.Unlock()
		})
	}
}

// carry brings one connection to the far side and copies both ways until both are done.
func (f *Forwarder) carry(ctx context.Context, c *Conn, local net.Conn) error {
	far, err := f.dial(ctx, c)
	if err != nil {
		return err
	}
	defer far.Close()
	stop := context.AfterFunc(ctx, func() {
		local.Close()
		far.Close()
	})
	defer stop()
	var wg sync.WaitGroup
	wg.Go(func() { copyHalf(far, local) })
	copyHalf(local, far)
	wg.Wait()
	return nil
}

func (f *Forwarder) dial(ctx context.Context, c *Conn) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, c.client.o.DialTimeout)
	defer cancel()
	if !c.alive() {
		up, err := c.client.connect(ctx, c.chain)
		if err != nil {
			return nil, err
		}
		c = up
	}
	return c.DialContext(ctx, "tcp", f.remote)
}

// copyHalf copies one direction and passes its end on.
func copyHalf(dst, src net.Conn) {
	if _, err := io.Copy(dst, src); err != nil {
		dst.Close()
		src.Close()
		return
	}
	if half, ok := dst.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	} else {
		dst.Close()
	}
}
