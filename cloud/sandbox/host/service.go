package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"time"
)

// Errors of services.
var (
	// ErrNoService says that no service has that name.
	ErrNoService = errors.New("unrecognized service")
	// ErrNotRunning says that a service is stopped.
	ErrNotRunning = errors.New("not running")
	// ErrStarting says that a service runs but does not answer yet.
	ErrStarting = errors.New("starting")
)

// service is one running service.
type service struct {
	name   string
	unit   *unit
	proc   *proc
	cancel context.CancelCauseFunc
	ready  chan struct{} // closed when it answers
	done   chan struct{} // closed when all of it has ended
	reload chan chan error
}

// coreUnits are the services every machine has.
var coreUnits = map[string]*unit{
	"ssh":     {Aliases: []string{"sshd"}, Kind: "sshd", Process: "/usr/sbin/sshd -D", Description: "OpenBSD Secure Shell server"},
	"cron":    {Aliases: []string{"crond"}, Kind: "cron", Process: "/usr/sbin/cron -f", Description: "Regular background program processing daemon"},
	"rsyslog": {Aliases: []string{"syslog"}, Kind: "syslog", Process: "/usr/sbin/rsyslogd -n", User: "syslog", Description: "System Logging Service"},
}

// unit finds a service by name or alias.
func (h *Host) unit(name string) (string, *unit) {
	name = strings.TrimSuffix(name, ".service")
	for _, set := range []map[string]*unit{coreUnits, h.packages.Services} {
		for n, u := range set {
			if n == name || slices.Contains(u.Aliases, name) {
				if set == nil {
					continue
				}
				if _, core := coreUnits[n]; core || h.serviceInstalled(n) {
					return n, u
				}
			}
		}
	}
	return "", nil
}

// serviceInstalled tells whether some installed package, or the image, brings the service.
func (h *Host) serviceInstalled(name string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.state.Services[name]; ok {
		return true
	}
	for n := range h.state.Packages {
		if p := h.packages.Packages[n]; p != nil && slices.Contains(p.Services, name) {
			return true
		}
	}
	return false
}

// serviceNames lists the services of the host.
func (h *Host) serviceNames() []string {
	names := slices.Collect(maps.Keys(coreUnits))
	for n := range h.packages.Services {
		if h.serviceInstalled(n) {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// startServices starts what runs at boot. After a restart that is what ran before.
func (h *Host) startServices(restart bool) {
	delays := map[string]time.Duration{}
	if data, err := h.tree.Root().ReadFile(stateDir + "/start.json"); err == nil {
		_ = json.Unmarshal(data, &delays) // our own file; without it services start at once
	}
	for _, n := range []string{"rsyslog", "cron", "ssh"} {
		h.mu.Lock()
		run, known := h.state.Services[n]
		h.mu.Unlock()
		if run || !known || !restart || n == "ssh" {
			h.logStart(n, h.startService(n, 0))
		}
	}
	for _, n := range h.serviceNames() {
		h.mu.Lock()
		run := h.state.Services[n] && !slices.Contains(h.state.Disabled, n)
		h.mu.Unlock()
		delay := delays[n]
		if restart { // the program that plays the machine began anew, not the machine
			delay = 0
		}
		if _, core := coreUnits[n]; run && !core {
			h.logStart(n, h.startService(n, delay))
		}
	}
	h.mu.Lock()
	programs := slices.Clone(h.state.Programs)
	h.mu.Unlock()
	for _, p := range programs {
		h.resume(p)
	}
}

func (h *Host) logStart(name string, err error) {
	if err != nil {
		h.Log("systemd[1]", fmt.Sprintf("Failed to start %s: %v", name, err))
	}
}

// startService starts a service that takes delay of recorded time to answer. It returns at once; a
// service that runs is left alone.
func (h *Host) startService(name string, delay time.Duration) error {
	n, u := h.unit(name)
	if u == nil {
		return fmt.Errorf("%s: %w", name, ErrNoService)
	}
	h.mu.Lock()
	if h.services[n] != nil || h.stopped {
		h.mu.Unlock()
		return nil
	}
	ctx, cancel := context.WithCancelCause(h.ctx)
	s := &service{name: n, unit: u, cancel: cancel, ready: make(chan struct{}), done: make(chan struct{}), reload: make(chan chan error)}
	h.services[n] = s
	h.mu.Unlock()
	run, err := h.prepare(s)
	if err != nil {
		cancel(err)
		h.forget(s)
		return err
	}
	user, process := u.User, u.Process
	if user == "" {
		user = "root"
	}
	if process == "" {
		process = "/usr/sbin/" + n
	}
	s.proc = h.addProc(0, user, strings.Fields(process)...)
	h.mu.Lock()
	s.proc.service = n
	h.mu.Unlock()
	started := false
	h.goFunc(func() {
		defer close(s.done)
		defer h.endProc(s.proc)
		defer h.forget(s)
		defer cancel(nil)
		_ = h.Wait(ctx, delay) // a context that ended makes run end too
		run(ctx)
	})
	h.mu.Lock()
	started = !h.stopped
	if _, known := h.state.Services[n]; started && (!h.state.Services[n] || !known) {
		h.state.Services[n] = true
	}
	h.mu.Unlock()
	if h.scaled(delay) == 0 && started {
		// A service that takes no time is up when its start returns.
		select {
		case <-s.ready:
		case <-s.done:
		}
	}
	return nil
}

func (h *Host) forget(s *service) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.services[s.name] == s {
		delete(h.services, s.name)
	}
}

// prepare answers what a service does until its context ends; the error is why it can't start.
func (h *Host) prepare(s *service) (func(ctx context.Context), error) {
	switch s.unit.Kind {
	case "sshd":
		return func(ctx context.Context) { h.runSSHD(ctx, s) }, nil
	case "cron":
		return func(ctx context.Context) { h.runCron(ctx, s) }, nil
	case "haproxy":
		return h.prepareProxy(s)
	case "syslog", "", "listen":
		return func(ctx context.Context) { h.runListeners(ctx, s) }, nil
	}
	return nil, fmt.Errorf("service %s: unknown kind %q", s.name, s.unit.Kind)
}

// runListeners is a service that only holds its ports.
func (h *Host) runListeners(ctx context.Context, s *service) {
	var open []net.Listener
	var wg sync.WaitGroup
	for _, at := range s.unit.Listen {
		if !strings.Contains(at, ":") {
			at = ":" + at
		}
		l, err := h.Listen(at, s.proc.name())
		if err != nil {
			h.Log(s.name, err.Error())
			continue
		}
		open = append(open, l)
		wg.Go(func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				c.Close()
			}
		})
	}
	close(s.ready)
	answerReloads(ctx, s)
	for _, l := range open {
		l.Close()
	}
	wg.Wait()
}

func answerReloads(ctx context.Context, s *service) {
	for {
		select {
		case <-ctx.Done():
			return
		case r := <-s.reload:
			r <- nil
		}
	}
}

// running answers a service that runs, nil when it does not.
func (h *Host) running(name string) *service {
	n, _ := h.unit(name)
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.services[n]
}

// live answers a service that runs and its unit's name, or why there is none.
func (h *Host) live(name string) (string, *service, error) {
	n, u := h.unit(name)
	if u == nil {
		return "", nil, fmt.Errorf("%s: %w", name, ErrNoService)
	}
	s := h.running(n)
	if s == nil {
		return "", nil, fmt.Errorf("%s: %w", n, ErrNotRunning)
	}
	return n, s, nil
}

// serviceStatus answers nil when a service runs and answers.
func (h *Host) serviceStatus(name string) error {
	n, s, err := h.live(name)
	if err != nil {
		return err
	}
	select {
	case <-s.ready:
		return nil
	default:
		return fmt.Errorf("%s: %w", n, ErrStarting)
	}
}

func (h *Host) stopService(name string) error {
	n, u := h.unit(name)
	if u == nil {
		return fmt.Errorf("%s: %w", name, ErrNoService)
	}
	if s := h.running(n); s != nil {
		s.cancel(errTerminated)
		<-s.done
	}
	h.update(func(st *state) { st.Services[n] = false })
	return nil
}

func (h *Host) reloadService(name string) error {
	n, s, err := h.live(name)
	if err != nil {
		return err
	}
	r := make(chan error, 1)
	select {
	case s.reload <- r:
		return <-r
	case <-s.done:
		return fmt.Errorf("%s: %w", n, ErrNotRunning)
	}
}

// Service acts on a service: start, stop, restart, reload, enable, disable, status, is-enabled. A
// start waits until the service answers. status answers an error when it does not run.
func (h *Host) Service(ctx context.Context, name, action string) error {
	n, u := h.unit(name)
	if u == nil {
		return fmt.Errorf("%s: %w", name, ErrNoService)
	}
	switch action {
	case "start":
		return h.startAndWait(ctx, n)
	case "stop":
		return h.stopService(n)
	case "restart", "force-reload":
		if u.Kind == "sshd" {
			return nil // who asks came in through it, and its settings are not files
		}
		if err := h.stopService(n); err != nil {
			return err
		}
		return h.startAndWait(ctx, n)
	case "reload":
		return h.reloadService(n)
	case "status", "is-active":
		return h.serviceStatus(n)
	case "enable":
		h.update(func(s *state) { s.Disabled = slices.DeleteFunc(s.Disabled, func(d string) bool { return d == n }) })
		return nil
	case "disable":
		h.update(func(s *state) { s.Disabled = append(s.Disabled, n) })
		return nil
	case "is-enabled":
		h.mu.Lock()
		defer h.mu.Unlock()
		if slices.Contains(h.state.Disabled, n) {
			return fmt.Errorf("%s: disabled", n)
		}
		return nil
	}
	return fmt.Errorf("%s: unknown action %q", n, action)
}

func (h *Host) startAndWait(ctx context.Context, n string) error {
	delays := map[string]time.Duration{}
	if data, err := h.tree.Root().ReadFile(stateDir + "/start.json"); err == nil {
		_ = json.Unmarshal(data, &delays)
	}
	if err := h.startService(n, delays[n]); err != nil {
		return err
	}
	h.saveState()
	s := h.running(n)
	if s == nil {
		return fmt.Errorf("%s: %w", n, ErrNotRunning)
	}
	select {
	case <-s.ready:
		return nil
	case <-s.done:
		return fmt.Errorf("%s: %w", n, ErrNotRunning)
	case <-ctx.Done():
		return ctx.Err()
	}
}
