package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"matou/cloud/lab/cloudinit"
	"matou/cloud/sandbox"
)

// What a jumphost and a container get; a server has its flavor's.
const (
	hostMemory = 512 // MiB
	hostDisk   = 4   // GiB
)

// bootTimeout bounds the making of a machine, sshTimeout the time its sshd may take: a tenth of a
// second and a half, but not when a master is starting on the only two cores.
const (
	bootTimeout = 2 * time.Minute
	sshTimeout  = time.Minute
)

// machines makes a lab's machines. It implements [sandbox.Machines].
type machines struct {
	place  Place
	images *builder
	limits *limiter
	net    process
	disks  bool
	doors  context.Context // what runs for machines in this process ends with it

	served chan struct{} // closed when the APIs are served, at api
	api    string

	mu     sync.Mutex
	recent []promise
}

// machine is one that runs.
type machine struct {
	*machines
	spec sandbox.MachineSpec
	dir  string

	mu    sync.Mutex
	proc  process
	doors []*door
}

// Boot implements [sandbox.Machines]. A server is booted as soon as its init runs; a jumphost or a
// container when its sshd answers, for somebody is at the door.
func (ms *machines) Boot(ctx context.Context, spec sandbox.MachineSpec) (sandbox.Machine, error) {
	if path.Base(spec.ID) != spec.ID || spec.ID == "." || spec.ID == ".." {
		return nil, fmt.Errorf("boot machine %q: not a name", spec.ID)
	}
	m := &machine{machines: ms, spec: spec, dir: filepath.Join(ms.place.folder(), machinesDir, spec.ID)}
	ctx, cancel := context.WithTimeout(ctx, bootTimeout)
	defer cancel()
	m.proc = loadProcess(m.file(processPid))
	_, err := os.Stat(m.file(processReady))
	if m.proc.alive() && err == nil {
		err = m.refresh()
	} else {
		err = m.start(ctx)
	}
	if err == nil {
		err = m.openDoors(ctx)
	}
	if err == nil && (len(spec.Ports) > 0 || spec.Tools) {
		var conn net.Conn
		if conn, err = m.proc.await(ctx, "127.0.0.1:22", sshTimeout); err == nil {
			_ = conn.Close()
		}
	}
	if err != nil {
		stop, done := context.WithTimeout(context.WithoutCancel(ctx), bootTimeout)
		defer done()
		return nil, errors.Join(fmt.Errorf("boot machine %s: %w", spec.Name, err), m.Shutdown(stop))
	}
	return m, nil
}

func (m *machine) file(name string) string { return filepath.Join(m.dir, name) }

// start makes the machine's processes. What it wrote before, if it was there before, it finds again.
func (m *machine) start(ctx context.Context) error {
	lower, err := m.images.tree(m.spec.Image)
	if err != nil {
		return err
	}
	if err := m.proc.kill(ctx); err != nil { // left half made
		return err
	}
	memory, disk := hostMemory, hostDisk
	if m.spec.Memory > 0 {
		memory, disk = m.spec.Memory, m.spec.Disk
	}
	if err := m.room(); err != nil {
		return err
	}
	if err := os.MkdirAll(m.file("root"), 0o700); err != nil {
		return err
	}
	orders := &stageOrders{Name: m.spec.Name, Dir: m.dir, Lower: lower, Users: m.spec.Users, Disk: m.disks && disk > 0}
	if _, err := os.Stat(m.file(processReady)); errors.Is(err, fs.ErrNotExist) {
		orders.First = true
	}
	if orders.Disk {
		if err := m.disk(ctx, disk); err != nil {
			return err
		}
	}
	orders.Files = m.files()
	if err := m.launch(ctx, orders, memory); err != nil {
		return err
	}
	return os.WriteFile(m.file(processReady), nil, 0o600)
}

func (m *machine) disk(ctx context.Context, size int) error {
	if err := os.MkdirAll(m.file("disk"), 0o700); err != nil {
		return err
	}
	if _, err := os.Stat(m.file(diskFile)); err == nil {
		return nil
	}
	half := m.file(diskFile + ".new")
	_ = os.Remove(half)
	if err := makeDisk(ctx, half, size); err != nil {
		return err
	}
	return os.Rename(half, m.file(diskFile))
}

// launch starts the process that becomes init: it waits for its orders until its limits and its link
// are there.
func (m *machine) launch(ctx context.Context, orders *stageOrders, memory int) error {
	console, err := os.OpenFile(m.file("console.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer console.Close()
	ordersOut, ordersIn, err := os.Pipe()
	if err != nil {
		return err
	}
	defer ordersIn.Close()
	wordsOut, wordsIn, err := os.Pipe()
	if err != nil {
		return errors.Join(err, ordersOut.Close())
	}
	defer wordsOut.Close()
	cmd := exec.Command("/proc/self/exe") //nolint:noctx // it outlives us
	cmd.Args[0] = stageName
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	cmd.Dir = "/"
	cmd.ExtraFiles = []*os.File{ordersOut, wordsIn, console}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWUTS |
		unix.CLONE_NEWIPC | unix.CLONE_NEWNET | unix.CLONE_NEWCGROUP}
	err = cmd.Start()
	_, _ = ordersOut.Close(), wordsIn.Close()
	if err != nil {
		return fmt.Errorf("make namespaces: %w", err)
	}
	go cmd.Wait() //nolint:errcheck // it ends when it is killed, or we do first
	if m.proc, err = identify(cmd.Process.Pid); err != nil {
		return errors.Join(err, cmd.Process.Kill())
	}
	if err := m.proc.save(m.file(processPid)); err != nil {
		return err
	}
	if err := m.limits.hold(m.spec.ID, m.proc, memory); err != nil {
		return err
	}
	if err := wire(ctx, m.net, m.proc, m.spec.ID, m.spec.MAC, m.address()); err != nil {
		return err
	}
	if err := errors.Join(json.NewEncoder(ordersIn).Encode(orders), ordersIn.Close()); err != nil {
		return fmt.Errorf("give orders: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
	defer stop()
	words, err := io.ReadAll(io.LimitReader(wordsOut, 4096))
	if err != nil || len(words) > 0 || !m.proc.alive() {
		return fmt.Errorf("start init: %w", errors.Join(errors.New(strings.TrimSpace(string(words))), err, ctx.Err()))
	}
	return nil
}

// address is the machine's with the size of its network; who is in none of the cloud's is in a small
// one of his own.
func (m *machine) address() netip.Prefix {
	bits := 24
	if m.spec.Network.IsValid() {
		bits = m.spec.Network.Bits()
	}
	return netip.PrefixFrom(m.spec.Address, bits)
}

// files are what the machine finds when it starts.
func (m *machine) files() []stageFile {
	plan, err := cloudinit.Parse(m.spec.UserData)
	if err != nil {
		// A real server starts all the same, and says so on its console.
		plan = &cloudinit.Plan{Early: "echo " + shellWord("cloud-init: "+err.Error()) + "\n"}
	}
	name := m.spec.Name
	if plan.Hostname != "" {
		name = plan.Hostname
	}
	const sys, own = 0o644, 0o700
	list := []stageFile{
		{Path: "/etc/hostname", Mode: sys, Data: []byte(name + "\n"), Once: true},
		{Path: "/etc/hosts", Mode: sys, Data: fmt.Appendf(nil, "127.0.0.1 localhost\n%[2]s %[1]s.novalocal %[1]s\n", name, m.spec.Address), Once: true},
		{Path: cloudinit.Dir + "/early", Mode: own, Data: []byte(plan.Early), Once: true},
		{Path: cloudinit.Dir + "/late", Mode: own, Data: []byte(plan.Late), Once: true},
	}
	for _, w := range plan.Warnings {
		list[2].Data = fmt.Appendf(list[2].Data, "echo %s\n", shellWord("cloud-init: "+w))
	}
	for _, n := range slices.Sorted(maps.Keys(plan.Files)) {
		list = append(list, stageFile{Path: path.Join(cloudinit.Dir, n), Mode: own, Data: plan.Files[n], Once: true})
	}
	if len(m.spec.Keys) > 0 {
		keys := []byte(strings.Join(m.spec.Keys, "\n") + "\n")
		list = append(list, stageFile{Path: "/root/.ssh/authorized_keys", Mode: 0o600, Data: keys, Once: true})
	}
	if len(m.spec.Users) > 0 {
		list = append(list, stageFile{
			Path: "/etc/ssh/sshd_config.d/40-lab.conf", Mode: sys, Once: true,
			Data: []byte("PermitRootLogin yes\nPasswordAuthentication yes\n"),
		})
	}
	for once, files := range map[bool]map[string][]byte{true: m.spec.Files, false: m.spec.Always} {
		for _, n := range slices.Sorted(maps.Keys(files)) {
			list = append(list, stageFile{Path: n, Mode: 0o600, Data: files[n], Once: once})
		}
	}
	return list
}

func shellWord(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// refresh brings what is written at every boot up to date on a machine that is taken over. Its root
// is not to be trusted with our paths: a link in it must not lead out of it.
func (m *machine) refresh() error {
	if len(m.spec.Always) == 0 {
		return nil
	}
	root, err := os.OpenRoot(m.proc.file("root"))
	if err != nil {
		return err
	}
	defer root.Close()
	for name, data := range m.spec.Always {
		if err := root.WriteFile(strings.TrimPrefix(name, "/"), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// openDoors lets the machine's loopback lead on: the jumphost's to the containers, a container's to
// the APIs, which have the same address there as on the host.
func (m *machine) openDoors(ctx context.Context) error {
	add := func(port int, dial func(context.Context) (net.Conn, error)) error {
		d, err := openDoor(m.machines.doors, m.proc, port, dial)
		if err == nil {
			m.doors = append(m.doors, d)
		}
		return err
	}
	for _, port := range m.spec.Ports {
		if err := add(port, func(ctx context.Context) (net.Conn, error) {
			return m.spec.Dial(ctx, fmt.Sprintf("127.0.0.1:%d", port))
		}); err != nil {
			return err
		}
	}
	if !m.spec.Tools {
		return nil
	}
	select {
	case <-m.served:
	case <-ctx.Done():
		return ctx.Err()
	}
	at, err := netip.ParseAddrPort(m.api)
	if err != nil {
		return fmt.Errorf("the address of the APIs: %w", err)
	}
	return add(int(at.Port()), func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", m.api)
	})
}

// ServeSSH implements [sandbox.Machine]: the machine has an sshd of its own.
func (m *machine) ServeSSH(ctx context.Context, conn net.Conn) error {
	to, err := m.process().await(ctx, "127.0.0.1:22", sshTimeout)
	if err != nil {
		return err
	}
	relay(ctx, conn, to)
	return nil
}

func (m *machine) process() process {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.proc
}

// consoleTail is how much of a console's log is shown.
const consoleTail = 256 << 10

// ConsoleLog implements [sandbox.Machine].
func (m *machine) ConsoleLog() string {
	f, err := os.Open(m.file("console.log"))
	if err != nil {
		return ""
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > consoleTail {
		_, _ = f.Seek(-consoleTail, io.SeekEnd)
	}
	data, _ := io.ReadAll(io.LimitReader(f, consoleTail))
	return strings.ToValidUTF8(strings.ReplaceAll(string(data), "\r\n", "\n"), "\uFFFD")
}

// Dial implements [sandbox.Machine].
func (m *machine) Dial(ctx context.Context, hostport string) (net.Conn, error) {
	return m.process().dial(ctx, hostport)
}
