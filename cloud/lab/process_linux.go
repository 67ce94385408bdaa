package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a process by its number and the time it started, in ticks since the machine did: the
// pair does not come again while the machine runs.
type process struct {
	pid   int
	start string
}

// identify reads a process's start time, the 22nd field of its stat (proc_pid_stat(5)). The second
// is a name in brackets, which may hold anything.
func identify(pid int) (process, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return process{}, err
	}
	text := string(data)
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) < 20 {
		return process{}, fmt.Errorf("process %d: stat is %q", pid, text)
	}
	if fields[0] == "Z" {
		return process{}, fmt.Errorf("process %d: %w", pid, os.ErrProcessDone)
	}
	return process{pid: pid, start: boot() + "-" + fields[19]}, nil
}

// boot is this run of the machine: after a reboot, numbers and ticks begin anew.
func boot() string {
	data, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(data))
}

func (p process) alive() bool {
	now, err := identify(p.pid)
	return p.pid > 0 && err == nil && now == p
}

// file is /proc/PID/NAME.
func (p process) file(name string) string {
	return filepath.Join("/proc", strconv.Itoa(p.pid), name)
}

func (p process) save(name string) error {
	return writeFile(name, fmt.Appendf(nil, "%d %s\n", p.pid, p.start), 0o600)
}

// loadProcess reads a saved process; the zero process, which is not alive, when there is none.
func loadProcess(name string) process {
	data, err := os.ReadFile(name)
	if err != nil {
		return process{}
	}
	pid, start, _ := strings.Cut(strings.TrimSpace(string(data)), " ")
	n, err := strconv.Atoi(pid)
	if err != nil {
		return process{}
	}
	return process{pid: n, start: start}
}

// errStays says that a process is still there.
var errStays = errors.New("it does not end")

// kill ends a process, and with the first of a pid namespace all the others in it, and waits until
// it has.
func (p process) kill(ctx context.Context) error {
	if !p.alive() {
		return nil
	}
	// A file descriptor on the process keeps its number from being given to another meanwhile.
	handle, err := os.FindProcess(p.pid)
	if err != nil {
		return nil
	}
	defer handle.Release() //nolint:errcheck // nothing is held but memory
	if !p.alive() {
		return nil
	}
	if err := handle.Signal(syscall.SIGKILL); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("end process %d: %w", p.pid, err)
	}
	for p.alive() {
		if !sleep(ctx, 5*time.Millisecond) {
			return fmt.Errorf("end process %d: %w", p.pid, errStays)
		}
	}
	return nil
}

// sleep waits d, and reports false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
