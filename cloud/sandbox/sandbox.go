package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"maps"
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"matou/cloud/sandbox/fault"
)

// maxSeat is the highest seat: containers listen at the container port plus 1 to 99.
const maxSeat = 99

// Options say which sandbox to start.
type Options struct {
	Workshop fs.FS  // the workshop's folder
	World    string // folder in it with world.yaml, images/, packages.yaml, puppet.yaml; "" is "sandbox"
	Dir      string // state folder; "" keeps the world in memory
	// Pace is the ratio to recorded time: 1 as recorded, 0.1 ten times faster, 0 instant.
	Pace   float64
	Faults *fault.Set // nil: nothing goes wrong
	// Listen is the address of the APIs and of the jumphost; "" is 127.0.0.1. Ports are chosen when
	// the world is made and stay with it.
	Listen string
	Seats  int // how many seats ssh_config names, 1 to 99; 0 is 9. Any seat can be used.
	// Log is told every call of an API, from several goroutines. It may be nil.
	Log func(Request)
	// Machines are the machines behind the servers; nil: package host's.
	Machines Machines

	boot bootFunc // tests put machines of their own behind the servers
}

// Sandbox is a running world.
type Sandbox struct {
	opts   Options
	world  *world
	front  *front
	api    *api
	http   *http.Server
	httpAt net.Listener
	cancel context.CancelFunc
	tasks  sync.WaitGroup

	closeOnce sync.Once
	closeErr  error
}

// Start brings the world up: its APIs, its jumphost, and the servers it had when it ended. It runs
// until ctx ends or [Sandbox.Close]; Close is needed in either case. The error wraps [ErrHeld] when
// another process uses the state folder. A state folder that can't be written is no error: the
// world is then in memory, and [Sandbox.Trouble] says so.
func Start(ctx context.Context, o Options) (*Sandbox, error) {
	if o.Workshop == nil {
		return nil, errors.New("start sandbox: no workshop")
	}
	o.World = orText(o.World, "sandbox")
	o.Listen = orText(o.Listen, "127.0.0.1")
	if o.Seats <= 0 {
		o.Seats = 9
	}
	o.Seats = min(o.Seats, maxSeat)
	file, err := loadWorld(o.Workshop, path.Join(o.World, "world.yaml"))
	if err != nil {
		return nil, fmt.Errorf("start sandbox: %w", err)
	}
	root, cancel := context.WithCancel(ctx)
	w := newWorld(root, file)
	w.pace, w.faults = max(o.Pace, 0), o.Faults
	if w.store, err = openStore(o.Dir); err != nil {
		cancel()
		return nil, fmt.Errorf("start sandbox: %w", err)
	}
	s := &Sandbox{opts: o, world: w, cancel: cancel}
	if err := s.start(root); err != nil {
		return nil, errors.Join(fmt.Errorf("start sandbox: %w", err), s.Close())
	}
	return s, nil
}

func (s *Sandbox) start(ctx context.Context) error {
	w := s.world
	if err := w.store.load(w); err != nil {
		return err
	}
	w.boot = s.opts.boot
	resumed := func() {}
	switch m := s.opts.Machines; {
	case m != nil:
		w.boot, w.forget = m.Boot, m.Forget
	case w.boot == nil:
		m, err := newMachines(&s.opts, w.store.dir)
		if err != nil {
			return err
		}
		w.boot, w.forget, resumed = m.boot, m.forget, func() { close(m.up) }
	}
	var err error
	if s.httpAt, err = listen(ctx, s.opts.Listen, w.ports.HTTP); err != nil {
		return err
	}
	s.api = newAPI(w, "http://"+s.httpAt.Addr().String(), s.opts.Log)
	if s.front, err = openFront(ctx, w, s.opts.Listen, s.containerFiles); err != nil {
		return err
	}
	w.mu.Lock()
	w.ports = portNumbers{HTTP: portOf(s.httpAt), SSH: portOf(s.front.listener)}
	w.changed()
	w.mu.Unlock()
	w.save()
	w.resume()
	resumed()
	s.http = &http.Server{
		Handler: s.api, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: log.New(io.Discard, "", 0), // the screen is somebody else's
	}
	s.tasks.Go(func() {
		if err := s.http.Serve(s.httpAt); !errors.Is(err, http.ErrServerClosed) {
			w.store.complain(fmt.Errorf("serve APIs: %w", err))
		}
	})
	s.tasks.Go(func() { s.front.serve(ctx) })
	return nil
}

// listen takes the port the world had, or any when that is taken by now.
func listen(ctx context.Context, host string, port int) (net.Listener, error) {
	var lc net.ListenConfig
	if _, _, err := net.SplitHostPort(host); err == nil {
		return lc.Listen(ctx, "tcp", host) // the caller chose
	}
	if port != 0 {
		if l, err := lc.Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port))); err == nil {
			return l, nil
		}
	}
	return lc.Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
}

func portOf(l net.Listener) int {
	if a, ok := l.Addr().(*net.TCPAddr); ok {
		return a.Port
	}
	return 0
}

// closeTimeout bounds how long requests under way may take when the sandbox ends.
const closeTimeout = 2 * time.Second

// Close ends the world: its APIs, its hosts and all that runs on them. What is kept stays for the
// next [Start].
func (s *Sandbox) Close() error {
	s.closeOnce.Do(func() {
		var errs []error
		switch {
		case s.http != nil:
			ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
			if err := s.http.Shutdown(ctx); err != nil {
				errs = append(errs, s.http.Close())
			}
			cancel()
		case s.httpAt != nil:
			errs = append(errs, s.httpAt.Close())
		}
		if s.front != nil {
			errs = append(errs, s.front.close())
		}
		errs = append(errs, s.world.close())
		s.cancel()
		s.tasks.Wait()
		s.closeErr = errors.Join(errs...)
	})
	return s.closeErr
}

// Trouble says what keeps the world from being kept on disk, nil when nothing does. The sandbox runs
// on in either case.
func (s *Sandbox) Trouble() error { return s.world.store.problem() }

// AuthURL is where to log in: what OS_AUTH_URL holds.
func (s *Sandbox) AuthURL() string { return s.api.base + identityPrefix + "/v3" }

// Params are the values that a workshop's templates may use. The passwords among them are the
// classroom's, which stand in the workshop's data.
func (s *Sandbox) Params() map[string]string {
	at := s.front.listener.Addr().(*net.TCPAddr)
	params := s.world.file.params()
	params["sandbox.auth_url"], params["sandbox.dir"] = s.AuthURL(), s.world.store.dir
	params["sandbox.ssh.host"], params["sandbox.ssh.port"] = at.IP.String(), strconv.Itoa(at.Port)
	return params
}

// WorldParams are those of a world's [Sandbox.Params] that stand in its file: they are the same in
// all sandboxes of the world, and known while none runs.
func WorldParams(workshop fs.FS, world string) (map[string]string, error) {
	file, err := loadWorld(workshop, path.Join(orText(world, "sandbox"), "world.yaml"))
	if err != nil {
		return nil, err
	}
	return file.params(), nil
}

func (w *worldFile) params() map[string]string {
	jumpUser, jumpPassword := account(w.Hosts.Jumphost.Users)
	boxUser, boxPassword := account(w.Hosts.Container.Users)
	serverUser, serverPassword := account(w.Servers.Users)
	return map[string]string{
		"sandbox.region": w.Identity.Region, "sandbox.project": w.Identity.Project,
		"sandbox.domain": w.Identity.Domain, "sandbox.user": w.Identity.User, "sandbox.password": w.Identity.Password,
		"sandbox.ssh.user": jumpUser, "sandbox.ssh.password": jumpPassword,
		"sandbox.container.user": boxUser, "sandbox.container.password": boxPassword,
		"sandbox.container.port": strconv.Itoa(w.Hosts.Container.Port),
		"sandbox.server.user":    serverUser, "sandbox.server.password": serverPassword,
		"sandbox.network": w.Networks[0].Name,
	}
}

// account is the first login of a host by name, which is the one it is used with.
func account(users map[string]string) (name, password string) {
	names := slices.Sorted(maps.Keys(users))
	if len(names) == 0 {
		return "", ""
	}
	return names[0], users[names[0]]
}

// Reset forgets the world kept in a folder: its servers, their files, its ports. The error wraps
// [ErrHeld] when a sandbox runs there. Files that are not the sandbox's stay.
func Reset(dir string) error {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	lock := flock.New(filepath.Join(dir, lockFile), flock.SetPermissions(0o600))
	ok, err := lock.TryLock()
	if err != nil {
		return fmt.Errorf("reset sandbox %s: %w", dir, err)
	}
	if !ok {
		_ = lock.Close()
		return fmt.Errorf("reset sandbox %s: %w%s", dir, ErrHeld, holder(dir))
	}
	errs := []error{os.RemoveAll(filepath.Join(dir, hostsFolder))}
	for _, name := range []string{stateFile, holderFile, knownHostsFile, openrcFile, cloudsFile, sshConfigFile} {
		if err := os.Remove(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(append(errs, lock.Unlock())...); err != nil {
		return fmt.Errorf("reset sandbox %s: %w", dir, err)
	}
	return nil
}
