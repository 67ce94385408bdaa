package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// stageName is what a process of this program is called that is to become a machine's init.
const stageName = "matou-lab-stage"

// What a stage finds on its descriptors.
const (
	stageIn  = 3 // its orders; the end of them without an order means that nobody wants it any more
	stageOut = 4 // what went wrong; closed without a word when init runs
	stageLog = 5 // the console's log, open for appending
)

// consoleLimit bounds the console's log; what comes after is thrown away.
const consoleLimit = 4 << 20

// stageOrders are the orders.
type stageOrders struct {
	Name  string
	Dir   string // the machine's
	Lower []string
	Disk  bool // there is a disk image to put the writable layer on
	First bool // accounts and user data have not been made yet
	Users map[string]string
	Files []stageFile
}

// stageFile is written before init starts.
type stageFile struct {
	Path string
	Mode fs.FileMode
	Data []byte
	Once bool // at the first start only: it is the server's afterwards
}

// Main gives the process to a machine when that is what it was started for, and then does not
// return. Programs that call [Serve] begin with it: machines are made of the program itself.
func Main() {
	if os.Args[0] != stageName {
		return
	}
	runtime.LockOSThread() // capabilities are a thread's, and it is this one that becomes init
	err := stage()
	fmt.Fprint(os.NewFile(stageOut, "errors"), err)
	os.Exit(1)
}

// stage makes the machine's root file system around itself and becomes its init. It returns only
// with an error.
func stage() error {
	in := os.NewFile(stageIn, "orders")
	var o stageOrders
	if err := json.NewDecoder(io.LimitReader(in, 64<<20)).Decode(&o); err != nil {
		return fmt.Errorf("read orders: %w", err)
	}
	_ = in.Close()
	// What whoever started us left open is no business of the machine's.
	if err := unix.CloseRange(stageOut, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return fmt.Errorf("close files: %w", err)
	}
	if err := enterRoot(&o); err != nil {
		return err
	}
	for _, m := range mounts {
		if err := m.mount(); err != nil {
			return err
		}
	}
	if err := devices(); err != nil {
		return err
	}
	if err := guard(); err != nil {
		return err
	}
	if err := unix.Sethostname([]byte(o.Name)); err != nil {
		return fmt.Errorf("set host name: %w", err)
	}
	if err := furnish(&o); err != nil {
		return err
	}
	// From here on, what runs is the machine's own programs: they are as its root left them.
	if err := errors.Join(dropCapabilities(), filterCalls()); err != nil {
		return err
	}
	console, err := openConsole()
	if err != nil {
		return err
	}
	null, err := os.Open("/dev/null")
	if err != nil {
		return err
	}
	for fd, f := range map[int]*os.File{0: null, 1: console, 2: console} {
		if err := unix.Dup3(int(f.Fd()), fd, 0); err != nil {
			return fmt.Errorf("open console: %w", err)
		}
	}
	err = syscall.Exec("/sbin/init", []string{"init"}, []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "TERM=linux", "LANG=C.UTF-8"})
	return fmt.Errorf("start init: %w", err)
}

// enterRoot makes the root file system and leaves the host's. From then on every path is the
// machine's own, so that no link in it leads anywhere else.
func enterRoot(o *stageOrders) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("keep mounts private: %w", err)
	}
	top := o.Dir
	if o.Disk {
		top = filepath.Join(o.Dir, "disk")
		if err := mountDisk(filepath.Join(o.Dir, diskFile), top); err != nil {
			return err
		}
	}
	for _, d := range []string{"upper", "work"} {
		if err := os.Mkdir(filepath.Join(top, d), 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	root := filepath.Join(o.Dir, "root")
	layers := fmt.Sprintf("lowerdir=%s,upperdir=%s/upper,workdir=%s/work", strings.Join(o.Lower, ":"), top, top)
	if err := unix.Mount("matou", root, "overlay", 0, layers); err != nil {
		return fmt.Errorf("mount root: %w", err)
	}
	if err := unix.Chdir(root); err != nil {
		return fmt.Errorf("enter root: %w", err)
	}
	// With both arguments the same, the old root comes to lie on top of the new one (pivot_root(2)).
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("change root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("leave the old root: %w", err)
	}
	return os.Chdir("/")
}

type mount struct {
	target, kind, data string
	flags              uintptr
}

const harmless = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC

var mounts = []mount{
	{"/proc", "proc", "", harmless},
	{"/sys", "sysfs", "", harmless | unix.MS_RDONLY},
	{"/run", "tmpfs", "mode=755,size=64m", unix.MS_NOSUID | unix.MS_NODEV},
	{"/dev", "tmpfs", "mode=755,size=64k", unix.MS_NOSUID | unix.MS_NOEXEC},
	{"/dev/pts", "devpts", "newinstance,ptmxmode=666,mode=620,gid=5", unix.MS_NOSUID | unix.MS_NOEXEC},
	{"/dev/shm", "tmpfs", "mode=1777,size=256m", harmless},
}

func (m mount) mount() error {
	if info, err := os.Lstat(m.target); err == nil && !info.IsDir() { // its root made it lead elsewhere
		if err := os.Remove(m.target); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(m.target, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(m.kind, m.target, m.kind, m.flags, m.data); err != nil {
		return fmt.Errorf("mount %s: %w", m.target, err)
	}
	return nil
}

// devices makes the few that every program may count on.
func devices() error {
	unix.Umask(0)
	defer unix.Umask(0o022)
	for name, minor := range map[string]uint32{"null": 3, "zero": 5, "full": 7, "random": 8, "urandom": 9} {
		if err := unix.Mknod("/dev/"+name, unix.S_IFCHR|0o666, int(unix.Mkdev(1, minor))); err != nil {
			return fmt.Errorf("make /dev/%s: %w", name, err)
		}
	}
	if err := unix.Mknod("/dev/tty", unix.S_IFCHR|0o666, int(unix.Mkdev(5, 0))); err != nil {
		return fmt.Errorf("make /dev/tty: %w", err)
	}
	for name, to := range map[string]string{
		"ptmx": "pts/ptmx", "fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2",
	} {
		if err := os.Symlink(to, "/dev/"+name); err != nil {
			return err
		}
	}
	return unix.Mkfifo("/dev/console", 0o622)
}

// What of /proc and /sys says too much, or does something to the whole machine when written to.
var (
	hidden   = []string{"/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sched_debug", "/proc/acpi", "/proc/scsi", "/proc/asound", "/proc/kallsyms", "/proc/kmsg", "/sys/firmware", "/sys/kernel", "/sys/fs"}
	readOnly = []string{"/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs", "/proc/mtrr", "/proc/driver"}
)

// guard closes them. A machine has no capability to mount, so what is closed stays closed.
func guard() error {
	for _, p := range readOnly {
		if _, err := os.Stat(p); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := unix.Mount(p, p, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
			return fmt.Errorf("guard %s: %w", p, err)
		}
		if err := unix.Mount("", p, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY|harmless, ""); err != nil {
			return fmt.Errorf("guard %s: %w", p, err)
		}
	}
	for _, p := range hidden {
		info, err := os.Stat(p)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err == nil && info.IsDir():
			err = unix.Mount("tmpfs", p, "tmpfs", unix.MS_RDONLY|harmless, "size=0,mode=555")
		default:
			err = unix.Mount("/dev/null", p, "", unix.MS_BIND, "")
		}
		if err != nil {
			return fmt.Errorf("hide %s: %w", p, err)
		}
	}
	return nil
}

// furnish writes the files and makes the accounts.
func furnish(o *stageOrders) error {
	for _, f := range o.Files {
		if f.Once && !o.First {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(f.Path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(f.Path, f.Data, f.Mode); err != nil {
			return err
		}
		if err := os.Chmod(f.Path, f.Mode); err != nil {
			return err
		}
	}
	if !o.First || len(o.Users) == 0 {
		return nil
	}
	var secrets strings.Builder
	for _, name := range slices.Sorted(maps.Keys(o.Users)) {
		if err := tool("", "id", "-u", name); err != nil {
			if err := tool("", "useradd", "-m", "-s", "/bin/bash", name); err != nil {
				return err
			}
		}
		fmt.Fprintf(&secrets, "%s:%s\n", name, o.Users[name])
	}
	return tool(secrets.String(), "chpasswd")
}

// tool runs a program of the machine's.
func tool(input, name string, args ...string) error {
	cmd := exec.Command(name, args...) //nolint:noctx // the caller's deadline ends this whole process
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"}
	cmd.Stdin = strings.NewReader(input)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// openConsole starts the process that carries what is printed on the console to its log. It is the
// machine's own, so it lives as long as the machine, whatever happens to us.
func openConsole() (*os.File, error) {
	fifo, err := os.OpenFile("/dev/console", os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("open console: %w", err)
	}
	reader := exec.Command("/bin/sh", "-c", fmt.Sprintf("ulimit -f %d; cat; exec cat >/dev/null", consoleLimit>>9)) //nolint:noctx // it ends with the machine
	reader.Env = []string{"PATH=/usr/bin:/bin"}
	reader.Stdin, reader.Stdout = fifo, os.NewFile(stageLog, "console")
	reader.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := reader.Start(); err != nil {
		return nil, fmt.Errorf("open console: %w", err)
	}
	return fifo, nil
}
