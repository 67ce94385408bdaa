package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// maxConnections bounds how many SSH connections there may be to the jumphost at once.
const maxConnections = 200

// front is the way into the world: a real TCP port that leads to the jumphost, and the containers
// behind it, each made when somebody first asks for it.
type front struct {
	world    *world
	listener net.Listener
	jump     machine
	files    func(seat int) (once, always map[string][]byte)
	conns    sync.WaitGroup
	slots    chan struct{}
	ctx      context.Context
	cancel   context.CancelFunc

	mu    sync.Mutex
	seats map[int]*seatBox
}

// seatBox is a seat's container, once it is wanted.
type seatBox struct {
	ready   chan struct{} // closed when machine or err is set
	machine machine
	err     error
}

func openFront(ctx context.Context, w *world, host string, files func(int) (once, always map[string][]byte)) (*front, error) {
	f := &front{world: w, files: files, slots: make(chan struct{}, maxConnections), seats: map[int]*seatBox{}}
	f.ctx, f.cancel = context.WithCancel(ctx)
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	var err error
	if f.listener, err = listen(ctx, host, w.ports.SSH); err != nil {
		f.cancel()
		return nil, err
	}
	j, ports := w.file.Hosts.Jumphost, make([]int, maxSeat)
	for i := range ports {
		ports[i] = w.file.Hosts.Container.Port + 1 + i
	}
	f.jump, err = w.boot(ctx, machineSpec{
		ID: "jumphost", Name: j.Name, Address: j.Address, Image: j.Image, Users: j.Users, Dial: f.dial, Ports: ports,
	})
	if err != nil {
		f.cancel()
		return nil, errors.Join(fmt.Errorf("boot jumphost: %w", err), f.listener.Close())
	}
	return f, nil
}

// serve accepts connections until the listener is closed.
func (f *front) serve(ctx context.Context) {
	for {
		conn, err := f.listener.Accept()
		if errors.Is(err, net.ErrClosed) || ctx.Err() != nil {
			return
		}
		if err != nil {
			// Out of file descriptors, most likely: some may be free in a moment.
			if !pause(f.ctx, 50*time.Millisecond) {
				return
			}
			continue
		}
		select {
		case f.slots <- struct{}{}:
		default:
			_ = conn.Close()
			continue
		}
		f.conns.Go(func() {
			defer func() { <-f.slots }()
			defer conn.Close()
			stop := context.AfterFunc(f.ctx, func() { _ = conn.Close() })
			defer stop()
			_ = f.jump.ServeSSH(f.ctx, conn) // how a stranger's connection ended is nobody's concern
		})
	}
}

// pause waits d, and reports false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// errRefused is what a port answers that nobody listens on.
var errRefused = fmt.Errorf("connection refused: %w", syscall.ECONNREFUSED)

// dial connects the jumphost to a port of its own loopback: 22XX is seat XX's container.
func (f *front) dial(ctx context.Context, hostport string) (net.Conn, error) {
	_, text, err := net.SplitHostPort(hostport)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", hostport, err)
	}
	port, err := strconv.Atoi(text)
	seat := port - f.world.file.Hosts.Container.Port
	if err != nil || seat < 1 || seat > maxSeat {
		return nil, fmt.Errorf("dial %s: %w", hostport, errRefused)
	}
	if _, err := f.container(ctx, seat); err != nil {
		return nil, err
	}
	at := netip.AddrPortFrom(f.world.file.Hosts.Container.address(seat), 22)
	return f.jump.Dial(ctx, at.String())
}

// container is a seat's container, running. Whoever asks first boots it, the others wait.
func (f *front) container(ctx context.Context, seat int) (machine, error) {
	f.mu.Lock()
	box := f.seats[seat]
	mine := box == nil
	if mine {
		box = &seatBox{ready: make(chan struct{})}
		f.seats[seat] = box
	}
	f.mu.Unlock()
	if mine {
		box.machine, box.err = f.bootSeat(seat)
		if box.err != nil {
			f.mu.Lock()
			delete(f.seats, seat) // the next one may have more luck
			f.mu.Unlock()
		}
		close(box.ready)
	}
	select {
	case <-box.ready:
		return box.machine, box.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (f *front) bootSeat(seat int) (machine, error) {
	c := f.world.file.Hosts.Container
	once, always := f.files(seat)
	m, err := f.world.boot(f.ctx, machineSpec{
		ID: fmt.Sprintf("container-%02d", seat), Name: fmt.Sprintf("%s-%02d", c.Name, seat), Address: c.address(seat),
		Image: c.Image, Users: c.Users, Files: once, Always: always, Tools: true,
	})
	if err != nil {
		return nil, fmt.Errorf("boot container %02d: %w", seat, err)
	}
	return m, nil
}

// close ends all connections and hosts.
func (f *front) close() error {
	err := f.listener.Close()
	f.cancel()
	f.conns.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), haltTimeout)
	defer cancel()
	f.mu.Lock()
	boxes := f.seats
	f.seats = map[int]*seatBox{}
	f.mu.Unlock()
	errs := []error{err}
	for _, box := range boxes {
		<-box.ready
		if box.machine != nil {
			errs = append(errs, box.machine.Shutdown(ctx))
		}
	}
	return errors.Join(append(errs, f.jump.Shutdown(ctx))...)
}
