package lab

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// traces are all that a lab leaves on the host outside its folder, and its folder.
func traces(t *testing.T, p Place) []string {
	t.Helper()
	var list []string
	run := func(name string, args ...string) {
		out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
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
	procs, _ := filepath.Glob("/proc/[0-9]*/ns/pid")
	mine, _ := os.Readlink("/proc/self/ns/pid")
	for _, ns := range procs {
		if in, err := os.Readlink(ns); err == nil && in != mine {
			list = append(list, "processes in "+in)
		}
	}
	cmdlines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, name := range cmdlines {
		if data, _ := os.ReadFile(name); bytes.HasPrefix(data, []byte("matou-lab")) {
			list = append(list, string(data))
		}
	}
	for _, pattern := range []string{"/sys/fs/cgroup/matou-lab*", "/sys/fs/cgroup/*/matou-lab*", p.folder(), filepath.Dir(p.folder())} {
		found, _ := filepath.Glob(pattern)
		list = append(list, found...)
	}
	backing, _ := filepath.Glob("/sys/block/loop*/loop/backing_file")
	for _, name := range backing {
		if data, _ := os.ReadFile(name); strings.Contains(string(data), p.base()) {
			list = append(list, "loop device on "+string(data))
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}
