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

// signal sends one to a process, unless it has ended.
func (p process) signal(s syscall.Signal) error {
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
	if err := handle.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("end process %d: %w", p.pid, err)
	}
	return nil
}

// errStays says that a process is still there.
var errStays = errors.New("it does not end")

// kill ends a process, and with the first of a pid namespace all the others in it, and waits until
// it has.
func (p process) kill(ctx context.Context) error {
	if err := p.signal(syscall.SIGKILL); err != nil {
		return err
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
