// Package host is the sandbox's virtual machines: what answers behind an address of its cloud.
//
// A [Host] is booted from an image, which is data (image.go), onto a file tree (package tree) that
// survives restarts. On it run a real shell interpreter (package shell), small programs (package bin,
// command_*.go), git on real repositories (package gitcmd), services with process ids (service.go),
// a load balancer (package haproxy), cron, syslog and the Puppet agent (puppet.go). Hosts see each
// other over a [Net]; people and programs come in through an SSH server (sshd.go).
//
// Nothing here touches the machine that the sandbox runs on: no real file, process or network, and
// therefore no rights are needed, on any system.
//
// Times: what took a while when it was recorded takes that long times [Config.Pace].
package host

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"matou/cloud/sandbox/host/tree"
)

// Host is one running virtual machine. All methods are safe for concurrent use.
type Host struct {
	cfg      Config
	tree     *tree.Tree
	packages *packageList
	signer   ssh.Signer
	started  time.Time

	runMu  sync.Mutex // serialises Reboot and Shutdown
	ctx    context.Context
	cancel context.CancelCauseFunc
	wg     sync.WaitGroup

	mu        sync.Mutex
	name      string
	passwords map[string]string
	listeners []*listener
	conns     map[*conn]struct{}
	nextPort  uint16
	procs     map[int]*proc
	nextPID   int
	services  map[string]*service
	state     state
	console   []byte
	stopped   bool
	pty       int
}

// errStopped is why everything on a host that is shut down ends.
var errStopped = errors.New("host stopped")

// Boot starts a host. The host runs until Shutdown or until ctx ends; Shutdown must be called
// either way to wait for it. Cloud-init's work goes on after Boot returns.
func Boot(ctx context.Context, c Config) (*Host, error) {
	c = c.withDefaults()
	h := &Host{cfg: c, name: c.Name, started: c.Now(), passwords: map[string]string{}, nextPID: 300}
	for u, p := range c.Users {
		h.passwords[u] = p
	}
	var err error
	if h.packages, err = loadPackages(c.Packages); err != nil {
		return nil, fmt.Errorf("boot %s: %w", c.Name, err)
	}
	found := false
	options := tree.Options{Now: c.Now, Full: h.diskFull}
	if c.FS == nil {
		h.tree = tree.New(options)
	} else if h.tree, found, err = tree.Open(c.FS, options); err != nil {
		return nil, fmt.Errorf("boot %s: %w", c.Name, err)
	}
	img, err := loadImage(c.Images, c.Image)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("boot %s: %w", c.Name, err), h.tree.Close())
	}
	if err := h.tree.Batch(func() error { return h.populate(img, !found) }); err != nil {
		return nil, errors.Join(fmt.Errorf("boot %s: %w", c.Name, err), h.tree.Close())
	}
	h.start(ctx, found)
	return h, nil
}

// populate brings the tree to the state in which the machine comes up.
func (h *Host) populate(img *image, first bool) error {
	if first {
		if err := h.install(img); err != nil {
			return err
		}
	}
	if err := h.loadState(); err != nil {
		return err
	}
	if err := h.writeConfigured(); err != nil {
		return err
	}
	if err := h.loadHostKey(); err != nil {
		return err
	}
	if name, err := h.tree.Root().ReadFile("/etc/hostname"); err == nil && strings.TrimSpace(string(name)) != "" {
		h.name = strings.TrimSpace(string(name))
	}
	return nil
}

// start brings the services up. restart tells that programs which ran before go on.
func (h *Host) start(ctx context.Context, restart bool) {
	h.ctx, h.cancel = context.WithCancelCause(ctx)
	h.mu.Lock()
	h.stopped = false
	h.conns = map[*conn]struct{}{}
	h.procs = map[int]*proc{}
	h.services = map[string]*service{}
	h.mu.Unlock()
	h.cfg.Net.join(h)
	h.addProc(1, "root", "/sbin/init")
	h.nameBoot()
	h.bootMessages()
	h.startServices(restart)
	h.initCloud()
	// A context that ends stops the host as a pulled plug does.
	stop := context.AfterFunc(h.ctx, h.pull)
	h.goFunc(func() {
		<-h.ctx.Done()
		stop()
	})
}

// nameBoot gives this boot a name of its own, where Linux has it: it tells people and programs that
// what ran before does so no more.
func (h *Host) nameBoot() {
	root := h.tree.Root()
	if err := root.MkdirAll("/proc/sys/kernel/random", 0o555); err == nil {
		_ = root.WriteFile("/proc/sys/kernel/random/boot_id", []byte(strings.ToLower(rand.Text())+"\n"), 0o444) // a full disk has no say in /proc
	}
}

// goFunc runs f in a goroutine that Shutdown waits for. On a host that is stopped f still runs, to
// see its context ended and clean up, but nobody waits.
func (h *Host) goFunc(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopped {
		go h.survives("background", f)
		return
	}
	h.wg.Add(1)
	go func() {
		defer h.wg.Done()
		h.survives("background", f)
	}()
}

// pull ends all listeners and connections.
func (h *Host) pull() {
	h.cfg.Net.leave(h)
	h.mu.Lock()
	h.stopped = true
	listeners := append([]*listener(nil), h.listeners...)
	var conns []*conn
	for c := range h.conns {
		conns = append(conns, c)
	}
	h.mu.Unlock()
	for _, l := range listeners {
		l.Close()
	}
	for _, c := range conns {
		c.Close()
	}
}

// Shutdown ends all that runs on the host and waits for it. The tree keeps what was there. The
// error is one of keeping the tree.
func (h *Host) Shutdown(ctx context.Context) error {
	h.runMu.Lock()
	defer h.runMu.Unlock()
	if err := h.halt(ctx); err != nil {
		return fmt.Errorf("shut down %s: %w", h.cfg.Name, err)
	}
	if err := h.tree.Close(); err != nil {
		return fmt.Errorf("shut down %s: %w", h.cfg.Name, err)
	}
	return nil
}

func (h *Host) halt(ctx context.Context) error {
	h.cancel(errStopped)
	h.pull()
	done := make(chan struct{})
	go func() {
		h.wg.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Reboot ends all that runs and boots again: services that are enabled come up, programs that
// somebody started by hand do not.
func (h *Host) Reboot(ctx context.Context) error {
	h.runMu.Lock()
	defer h.runMu.Unlock()
	if err := h.halt(ctx); err != nil {
		return fmt.Errorf("reboot %s: %w", h.cfg.Name, err)
	}
	h.mu.Lock()
	h.state.Programs = nil
	h.state.Cloud = true // what cloud-init had left to do is not done at another boot
	h.started = h.cfg.Now()
	h.mu.Unlock()
	h.saveState()
	h.start(context.WithoutCancel(ctx), false)
	return nil
}

// Tree is the host's file tree.
func (h *Host) Tree() *tree.Tree { return h.tree }

// Hostname is the short name.
func (h *Host) Hostname() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.name
}

// FQDN is the full name.
func (h *Host) FQDN() string {
	n := h.Hostname()
	if strings.Contains(n, ".") {
		return n
	}
	return n + "." + h.cfg.Domain
}

// Address is the host's address on its network; "" when it has none.
func (h *Host) Address() string {
	if !h.cfg.Address.IsValid() {
		return ""
	}
	return h.cfg.Address.String()
}

// Addr is Address as netip has it.
func (h *Host) Addr() netip.Addr { return h.cfg.Address }

// HostKey is the SSH host key.
func (h *Host) HostKey() ssh.PublicKey { return h.signer.PublicKey() }

// Wait lets d of recorded time pass at the host's pace. The error is ctx's.
func (h *Host) Wait(ctx context.Context, d time.Duration) error {
	d = h.scaled(d)
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

func (h *Host) scaled(d time.Duration) time.Duration { return time.Duration(float64(d) * h.cfg.Pace) }

// diskFull asks the faults before a write to p. A disk is full to what runs, not to what brings the
// machine up.
func (h *Host) diskFull(p string) bool {
	if h.cfg.Faults == nil || h.ctx == nil || strings.HasPrefix(p, stateDir) {
		return false
	}
	_, full := h.cfg.Faults.Take("disk.full", h.cfg.Name+" "+p)
	return full
}

// loadHostKey reads the host key from the tree, making it at the first boot.
func (h *Host) loadHostKey() error {
	const file = "/etc/ssh/ssh_host_ed25519_key"
	root := h.tree.Root()
	if data, err := root.ReadFile(file); err == nil {
		if h.signer, err = ssh.ParsePrivateKey(data); err == nil {
			return nil
		}
	}
	private, signer, err := newHostKey()
	if err != nil {
		return err
	}
	h.signer = signer
	pub := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey()))) + " root@" + h.cfg.Name + "\n"
	return errors.Join(root.MkdirAll("/etc/ssh", 0o755), root.WriteFile(file, private, 0o600),
		root.Chmod(file, 0o600), root.WriteFile(file+".pub", []byte(pub), 0o644))
}

func newHostKey() ([]byte, ssh.Signer, error) {
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, nil, fmt.Errorf("make host key: %w", err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("make host key: %w", err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		return nil, nil, fmt.Errorf("make host key: %w", err)
	}
	return pemEncode(block), signer, nil
}
