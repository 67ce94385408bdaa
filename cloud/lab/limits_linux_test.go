package lab

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tree is a folder with files that look like a hierarchy of cgroups.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, data := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// What is written where, in either version of cgroups (cgroups(7)).
func TestLimits(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		files   map[string]string
		want    map[string]string // of the machine's groups and above
		missing int
	}{
		{"version 1", map[string]string{"memory/memory.limit_in_bytes": "", "pids/tasks": ""}, map[string]string{
			"memory/G/web/memory.limit_in_bytes": "201326592", "memory/G/web/memory.memsw.limit_in_bytes": "201326592",
			"pids/G/web/pids.max": "2048", "memory/G/web/cgroup.procs": "7", "pids/G/web/cgroup.procs": "7",
		}, 0},
		{"version 2", map[string]string{"cgroup.subtree_control": "cpu memory pids\n"}, map[string]string{
			"G/web/memory.max": "201326592", "G/web/memory.swap.max": "0", "G/web/pids.max": "2048", "G/web/cgroup.procs": "7",
		}, 0},
		{"version 2 with pids only", map[string]string{"cgroup.subtree_control": "pids\n"}, map[string]string{
			"G/web/pids.max": "2048", "G/web/cgroup.procs": "7", "G/cgroup.subtree_control": "+pids",
		}, 1},
		{"nothing", nil, nil, 2},
	}
	for _, tc := range tests {
		root := tree(t, tc.files)
		p := Place{Dir: "/srv", Name: "x"}
		l := newLimiter(root, p)
		if len(l.missing()) != tc.missing {
			t.Errorf("%s: missing %q", tc.name, l.missing())
		}
		if err := l.hold("web", process{pid: 7}, 192); err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		for _, name := range slices.Sorted(maps.Keys(tc.want)) {
			data, err := os.ReadFile(filepath.Join(root, strings.ReplaceAll(name, "G/", p.Group()+"/")))
			if err != nil || string(data) != tc.want[name] {
				t.Errorf("%s: %s is %q, want %q (%v)", tc.name, name, data, tc.want[name], err)
			}
		}
	}
}

func TestMemoryUse(t *testing.T) {
	t.Parallel()
	p := Place{}
	root := tree(t, map[string]string{
		"memory/memory.limit_in_bytes":              "",
		"memory/" + p.Group() + "/web/memory.stat":  "cache 99999999\nrss 3145728\ntotal_rss 4194304\n",
		"memory/" + p.Group() + "/none/memory.stat": "cache 1\n",
	})
	l := newLimiter(root, p)
	for id, want := range map[string]int{"web": 4, "none": -1, "gone": -1} {
		if got := l.memory(id); got != want {
			t.Errorf("%s uses %d MiB, want %d", id, got, want)
		}
	}
}

// Labs of one name in two folders have nothing in common.
func TestGroup(t *testing.T) {
	t.Parallel()
	a, b := Place{Dir: "/a"}.Group(), Place{Dir: "/b"}.Group()
	if a == b || a == (Place{}).Group() || (Place{}).Group() != "matou-lab-lab" {
		t.Errorf("groups %s, %s, %s", a, b, Place{}.Group())
	}
}
