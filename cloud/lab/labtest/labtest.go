// Package labtest looks at what labs leave on a machine, for the tests of those who make them.
package labtest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Traces are all that labs leave on this machine, and what is there besides of the same kinds: links,
// routes, mounts, processes, cgroups, loop devices, files. dir is the folder of the labs, groups are
// the names of their cgroups. It is sorted. Images are not traces.
func Traces(t testing.TB, dir string, groups ...string) []string {
	t.Helper()
	var list []string
	// It is asked in a test's clean-up too, when the test's own context has ended.
	run := func(name string, args ...string) {
		out, err := exec.CommandContext(context.WithoutCancel(t.Context()), name, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v: %s", name, err, out)
		}
		for line := range strings.Lines(string(out)) {
			list = append(list, strings.TrimSpace(line))
		}
	}
	run("ip", "-br", "link")
	run("ip", "route")
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	list = append(list, strings.Split(string(mounts), "\n")...)
	pids, _ := filepath.Glob("/proc/[0-9]*")
	for _, p := range pids {
		name, _ := os.ReadFile(p + "/cmdline")
		info, _ := os.ReadFile(p + "/mountinfo") // a server's root is an overlay with its folder in it
		if bytes.Contains(info, []byte(dir+"/labs/")) || slices.ContainsFunc(groups, func(g string) bool { return bytes.HasPrefix(name, []byte(g)) }) {
			list = append(list, fmt.Sprintf("process %s: %q", filepath.Base(p), name))
		}
	}
	patterns := []string{filepath.Join(dir, "labs"), filepath.Join(dir, "labs", "*")}
	for _, g := range groups {
		patterns = append(patterns, "/sys/fs/cgroup/"+g, "/sys/fs/cgroup/*/"+g)
	}
	for _, pattern := range patterns {
		found, _ := filepath.Glob(pattern)
		list = append(list, found...)
	}
	backing, _ := filepath.Glob("/sys/block/loop*/loop/backing_file")
	for _, name := range backing {
		if data, _ := os.ReadFile(name); strings.Contains(string(data), dir) {
			list = append(list, "loop device on "+string(data))
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Left is the traces, see [Traces], that were not there before. A loop device frees itself when all is
// written, so it looks again for a while; the rest is gone when it is said to be.
func Left(t testing.TB, before []string, dir string, groups ...string) []string {
	t.Helper()
	_ = exec.CommandContext(context.WithoutCancel(t.Context()), "sync").Run()
	var left []string
	for range 600 {
		left = slices.DeleteFunc(Traces(t, dir, groups...), func(s string) bool {
			_, was := slices.BinarySearch(before, s)
			return was
		})
		if len(left) == 0 {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	return left
}
