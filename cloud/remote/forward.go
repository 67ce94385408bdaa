package remote

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"

	"matou/cloud"
)

// maxForwarded is how many connections one Forwarder carries at once. More wait to be accepted.
const maxForwarded = 128

// Forwarder is a local port whose connections go to an address seen from somewhere else.
type Forwarder struct {
	ln     net.Listener
	remote string
	dial   func(ctx context.Context) (net.Conn, error)
	cancel context.CancelFunc
	done   chan struct{} // closed when nothing of it runs any more
	wg     sync.WaitGroup

	mu  sync.Mutex
	err error
}

// Forward listens on localAddr (empty: a free port of 127.0.0.1) and carries each connection to
// remoteAddr, a host:port seen from the end of c. When c is lost, the next connection brings the
// chain up again. It ends with ctx, with Close or with the client.
func (c *Conn) Forward(ctx context.Context, localAddr, remoteAddr string) (*Forwarder, error) {
	if _, _, err := channelOpen("tcp", remoteAddr); err != nil {
		return nil, hopError(c.leg.Hop, cloud.During("forward", err, "cause.forward"))
	}
	f, err := Forward(ctx, localAddr, remoteAddr, func(ctx context.Context, network, addr string) (net.Conn, error) {
		return c.again(ctx, network, addr)
	})
	if err != nil {
		return nil, hopError(c.leg.Hop, err)
	}
	if !c.client.spawn(func() {
		select {
		case <-f.done:
		case <-c.client.stop:
			f.Close()
		}
	}) {
		f.Close()
		return nil, hopError(c.leg.Hop, ErrClosed)
	}
	return f, nil
}

// again is DialContext that brings a lost chain up again.
func (c *Conn) again(ctx context.Context, network, addr string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, c.client.o.DialTimeout)
	defer cancel()
	if !c.alive() {
		up, err := c.client.connect(ctx, c.chain)
		if err != nil {
			return nil, err
		}
		c = up
	}
	return c.DialContext(ctx, network, addr)
}

// Forward listens on localAddr (empty: a free port of 127.0.0.1) and carries each connection to
// remoteAddr as dial reaches it. It ends with ctx or with Close.
func Forward(ctx context.Context, localAddr, remoteAddr string, dial func(ctx context.Context, network, addr string) (net.Conn, error)) (*Forwarder, error) {
	if localAddr == "" {
		localAddr = "127.0.0.1:0"
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", localAddr)
	if err != nil {
		return nil, cloud.During("forward", err, "cause.forward")
	}
	ctx, cancel := context.WithCancel(ctx)
	f := &Forwarder{ln: ln, remote: remoteAddr, cancel: cancel, done: make(chan struct{})}
	f.dial = func(ctx context.Context) (net.Conn, error) { return dial(ctx, "tcp", remoteAddr) }
	stop := context.AfterFunc(ctx, func() { ln.Close() })
	go func() {
		defer close(f.done)
		defer stop()
		f.serve(ctx)
	}()
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
	<-f.done
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	return err
}

func (f *Forwarder) serve(ctx context.Context) {
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
			err := f.carry(ctx, local)
			f.mu.Lock()
			f.err = err
			f.mu.Unlock()
		})
	}
}

// carry brings one connection to the far side and copies both ways until both are done.
func (f *Forwarder) carry(ctx context.Context, local net.Conn) error {
	far, err := f.dial(ctx)
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
