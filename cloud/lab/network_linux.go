package lab

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// bridge is the link that all machines of a lab hang on, in the lab's own network namespace.
const bridge = "lab"

// openNet finds the lab's network namespace, or makes it. The namespace lives as long as a process
// is in it: one that sleeps, and that outlives us.
func openNet(ctx context.Context, p Place) (process, error) {
	name := filepath.Join(p.folder(), netFile)
	if holder := loadProcess(name); holder.alive() {
		return holder, nil
	}
	cmd := exec.Command("/bin/sleep", "infinity") //nolint:noctx // it is to outlive us
	cmd.Args[0] = p.Group()
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Setsid: true}
	if err := cmd.Start(); err != nil {
		return process{}, fmt.Errorf("make the lab's network: %w", err)
	}
	go cmd.Wait() //nolint:errcheck // it ends when it is killed, or we do first
	holder, err := identify(cmd.Process.Pid)
	if err == nil {
		err = holder.save(name)
	}
	if err == nil {
		// The bridge has an address of its own: it would take that of its lowest port otherwise, and
		// change it as machines come and go.
		err = ip(ctx, holder, "link set lo up", "link add "+bridge+" address 02:00:00:00:00:01 type bridge", "link set "+bridge+" up")
	}
	if err != nil {
		return process{}, errors.Join(fmt.Errorf("make the lab's network: %w", err), cmd.Process.Kill())
	}
	return holder, nil
}

// linkName is the lab's end of a machine's link.
func linkName(id string) string {
	return fmt.Sprintf("m%x", sha256.Sum256([]byte(id)))[:15]
}

// wire links a machine that is about to start. All of a lab is on one bridge, so everything is
// reached directly; what is not there does not answer. The last route keeps programs that look for a
// cloud's metadata from waiting for it.
func wire(ctx context.Context, lab, machine process, id, mac string, address netip.Prefix) error {
	link := linkName(id)
	if mac != "" {
		mac = " address " + mac
	}
	err := ip(ctx, lab,
		fmt.Sprintf("link add %s type veth peer name eth0%s netns %d", link, mac, machine.pid),
		fmt.Sprintf("link set %s master %s up", link, bridge))
	if err == nil {
		err = ip(ctx, machine,
			"link set lo up", fmt.Sprintf("addr add %s dev eth0", address), "link set eth0 up",
			"route add default dev eth0", "route add unreachable 169.254.0.0/16")
	}
	if err != nil {
		return fmt.Errorf("link machine: %w", err)
	}
	return nil
}

// ip runs commands of ip(8) in the network namespace of a process.
func ip(ctx context.Context, at process, lines ...string) error {
	cmd := exec.CommandContext(ctx, "nsenter", "--net="+at.file("ns/net"), "ip", "-batch", "-")
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("ip: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

// inside runs f in the network namespace of a process. Sockets belong to the namespace they are made
// in, wherever they are used.
func (p process) inside(f func() error) error {
	done := make(chan error, 1)
	go func() {
		// The thread is never unlocked: it ends with the goroutine instead of serving others from
		// inside the wrong network.
		runtime.LockOSThread()
		ns, err := os.Open(p.file("ns/net"))
		if err != nil {
			done <- fmt.Errorf("enter the machine's network: %w", err)
			return
		}
		defer ns.Close()
		if !p.alive() {
			done <- fmt.Errorf("enter the machine's network: %w", os.ErrProcessDone)
			return
		}
		if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
			done <- fmt.Errorf("enter the machine's network: %w", err)
			return
		}
		done <- f()
	}()
	return <-done
}

// dial connects to an address as the machine sees it. The address is numeric: a name would be looked
// up by another thread, which is in the host's network.
func (p process) dial(ctx context.Context, hostport string) (conn net.Conn, err error) {
	if _, err := netip.ParseAddrPort(hostport); err != nil {
		return nil, fmt.Errorf("dial %s: %w", hostport, err)
	}
	err = p.inside(func() (err error) {
		var d net.Dialer
		conn, err = d.DialContext(ctx, "tcp", hostport)
		return err
	})
	return conn, err
}

// await dials until somebody listens. Connections are refused, or lost, while a machine starts.
func (p process) await(ctx context.Context, hostport string, within time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for {
		conn, err := p.dial(ctx, hostport)
		if err == nil || !p.alive() || !sleep(ctx, 25*time.Millisecond) {
			return conn, err
		}
	}
}

// relay carries bytes both ways until both sides have ended, or ctx.
func relay(ctx context.Context, a, b net.Conn) {
	stop := context.AfterFunc(ctx, func() { _, _ = a.Close(), b.Close() })
	defer stop()
	var both sync.WaitGroup
	carry := func(to, from net.Conn) {
		_, _ = io.Copy(to, from)
		if half, ok := to.(interface{ CloseWrite() error }); !ok || half.CloseWrite() != nil {
			_ = to.Close()
		}
	}
	both.Go(func() { carry(a, b) })
	both.Go(func() { carry(b, a) })
	both.Wait()
	_, _ = a.Close(), b.Close()
}

// door is a port of a machine's loopback that leads elsewhere.
type door struct {
	listener net.Listener
	open     sync.WaitGroup
	cancel   context.CancelFunc
}

// maxThrough bounds the connections through one door.
const maxThrough = 100

// openDoor listens on a port of a machine's loopback, and connects who comes to wherever dial leads.
func openDoor(ctx context.Context, p process, port int, dial func(context.Context) (net.Conn, error)) (*door, error) {
	d := &door{}
	err := p.inside(func() (err error) {
		d.listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		return err
	})
	if err != nil {
		return nil, err
	}
	ctx, d.cancel = context.WithCancel(ctx)
	slots := make(chan struct{}, maxThrough)
	d.open.Go(func() {
		for {
			conn, err := d.listener.Accept()
			if errors.Is(err, net.ErrClosed) || ctx.Err() != nil {
				return
			}
			if err != nil {
				sleep(ctx, 50*time.Millisecond) // out of file descriptors, most likely
				continue
			}
			select {
			case slots <- struct{}{}:
			default:
				_ = conn.Close()
				continue
			}
			d.open.Go(func() {
				defer func() { <-slots }()
				to, err := dial(ctx)
				if err != nil {
					_ = conn.Close()
					return
				}
				relay(ctx, conn, to)
			})
		}
	})
	return d, nil
}

func (d *door) close() {
	_ = d.listener.Close()
	d.cancel()
	d.open.Wait()
}
