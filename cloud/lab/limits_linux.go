package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// maxProcesses bounds the processes and threads of one machine.
const maxProcesses = 2048

// limiter bounds what machines take, by cgroups of either version (cgroups(7)).
type limiter struct {
	group   string            // the lab's, below each hierarchy
	roots   map[string]string // controller -> hierarchy: memory, pids
	unified bool              // version 2
}

// cgroupRoot is where the hierarchies are mounted.
const cgroupRoot = "/sys/fs/cgroup"

// newLimiter finds the controllers this machine has below root and lets us use: a container often
// shows them read-only. Of version 2 it takes what the system has switched on for its own, and
// switches nothing on there.
func newLimiter(root string, p Place) *limiter {
	l := &limiter{group: p.Group(), roots: map[string]string{}}
	if on, err := os.ReadFile(filepath.Join(root, "cgroup.subtree_control")); err == nil {
		l.unified = true
		for _, c := range strings.Fields(string(on)) {
			if (c == "memory" || c == "pids") && unix.Access(root, unix.W_OK) == nil {
				l.roots[c] = root
			}
		}
		return l
	}
	for c, file := range map[string]string{"memory": "memory.limit_in_bytes", "pids": "tasks"} {
		dir := filepath.Join(root, c)
		if _, err := os.Stat(filepath.Join(dir, file)); err == nil && unix.Access(dir, unix.W_OK) == nil {
			l.roots[c] = dir
		}
	}
	return l
}

// missing says what can't be bounded here.
func (l *limiter) missing() []string {
	var list []string
	for c, what := range map[string]string{"memory": "no memory limit for a server", "pids": "no limit on a server's processes"} {
		if l.roots[c] == "" {
			list = append(list, what+": this machine has no cgroup controller "+c)
		}
	}
	return list
}

// groups are a machine's cgroups, one in each hierarchy.
func (l *limiter) groups(id string) map[string]string {
	all := map[string]string{}
	for c, root := range l.roots {
		all[c] = filepath.Join(root, l.group, id)
	}
	return all
}

// hold puts a process that is about to become a machine into cgroups with the limits.
func (l *limiter) hold(id string, p process, memory int) error {
	for controller, dir := range l.groups(id) {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("limit machine: %w", err)
		}
		if l.unified {
			name := filepath.Join(filepath.Dir(dir), "cgroup.subtree_control")
			if err := os.WriteFile(name, []byte("+"+controller), 0o644); err != nil {
				return fmt.Errorf("limit machine: %w", err)
			}
		}
		for _, b := range l.bounds(controller, memory) {
			err := os.WriteFile(filepath.Join(dir, b.file), []byte(b.value), 0o644)
			if err != nil && (!b.mayLack || !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission)) {
				return fmt.Errorf("limit machine: %w", err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(strconv.Itoa(p.pid)), 0o644); err != nil {
			return fmt.Errorf("limit machine: %w", err)
		}
	}
	return nil
}

// bound is a file of a cgroup and what is written to it.
type bound struct {
	file, value string
	mayLack     bool // not every kernel has it
}

// bounds are the limits of a machine with so many MiB, in the order they are to be set. Without the
// bounds on swap, what is over the limit would go there instead.
func (l *limiter) bounds(controller string, memory int) []bound {
	limit := strconv.Itoa(memory << 20)
	switch {
	case controller == "pids":
		return []bound{{file: "pids.max", value: strconv.Itoa(maxProcesses)}}
	case l.unified:
		return []bound{{file: "memory.max", value: limit}, {file: "memory.swap.max", value: "0", mayLack: true}}
	default:
		return []bound{{file: "memory.limit_in_bytes", value: limit}, {file: "memory.memsw.limit_in_bytes", value: limit, mayLack: true}}
	}
}

// memory is how many MiB a machine uses, file cache that can be given back not counted; -1 when that
// is not known.
func (l *limiter) memory(id string) int {
	dir := l.groups(id)["memory"]
	if dir == "" {
		return -1
	}
	name, keys := "memory.stat", []string{"rss ", "total_rss ", "anon "}
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return -1
	}
	used := -1
	for line := range strings.Lines(string(data)) {
		for _, k := range keys {
			if text, ok := strings.CutPrefix(line, k); ok {
				if n, err := strconv.Atoi(strings.TrimSpace(text)); err == nil {
					used = max(used, n>>20)
				}
			}
		}
	}
	return used
}

// release removes a machine's cgroups. They are busy for a moment after its last process has ended.
func (l *limiter) release(ctx context.Context, id string) error {
	var errs []error
	for _, dir := range l.groups(id) {
		errs = append(errs, removeGroup(ctx, dir))
	}
	return errors.Join(errs...)
}

// close removes the lab's own cgroups.
func (l *limiter) close(ctx context.Context) error {
	var errs []error
	for _, root := range l.roots {
		errs = append(errs, removeGroup(ctx, filepath.Join(root, l.group)))
	}
	return errors.Join(errs...)
}

func removeGroup(ctx context.Context, dir string) error {
	for {
		err := os.Remove(dir)
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if !sleep(ctx, 10*time.Millisecond) {
			return fmt.Errorf("remove cgroup: %w", err)
		}
	}
}
