package puppet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"matou/cloud/sandbox/fault"
)

const workshopDir = "../../../assets/workshops/web-cloud-puppet"

var testNow = time.Date(2026, 11, 22, 18, 38, 7, 0, time.UTC)

// memNode is a machine in memory.
type memNode struct {
	name     string
	address  string
	files    fstest.MapFS
	owners   map[string][2]string
	packages map[string]bool
	known    map[string]bool // packages there are
	services map[string]bool // running
	disabled map[string]bool
	procs    map[string]bool
	links    map[string]string
	execs    []string
	waited   time.Duration
	syslog   []string
	writes   int
	onWait   func()
}

func newNode(name, address string) *memNode {
	n := &memNode{
		name: name, address: address, files: fstest.MapFS{}, owners: map[string][2]string{}, packages: map[string]bool{},
		known: map[string]bool{}, services: map[string]bool{}, disabled: map[string]bool{}, procs: map[string]bool{},
		links: map[string]string{},
	}
	for _, p := range strings.Fields("python3 python3-pip python3-flask git haproxy postgresql puppetdb puppet-terminus-puppetdb cron") {
		n.known[p] = true
	}
	for _, d := range []string{"etc", "tmp", "opt", "var/lib/haproxy", "etc/puppet", "var/cache/puppet/state"} {
		n.files[d] = &fstest.MapFile{Mode: fs.ModeDir | 0o755, ModTime: testNow}
	}
	n.put("/etc/hosts", "127.0.0.1 localhost\n")
	n.put("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n")
	n.put("/etc/group", "root:x:0:\n")
	return n
}

func (n *memNode) put(name, text string) {
	n.files[name[1:]] = &fstest.MapFile{Data: []byte(text), Mode: 0o644, ModTime: testNow}
}

func (n *memNode) text(name string) string {
	f := n.files[name[1:]]
	if f == nil {
		return ""
	}
	return string(f.Data)
}

func (n *memNode) Hostname() string { return n.name }
func (n *memNode) FQDN() string     { return n.name + ".novalocal" }
func (n *memNode) Address() string  { return n.address }

func (n *memNode) ReadFile(name string) ([]byte, error) { return fs.ReadFile(n.files, name[1:]) }

func (n *memNode) WriteFile(name string, data []byte, mode fs.FileMode) error {
	if strings.HasPrefix(name, "/full/") {
		return &fs.PathError{Op: "write", Path: name, Err: errors.New("no space left on device")}
	}
	n.writes++
	n.files[name[1:]] = &fstest.MapFile{Data: bytes.Clone(data), Mode: mode.Perm(), ModTime: testNow}
	return nil
}

func (n *memNode) Remove(name string) error {
	if _, err := n.Stat(name); err != nil {
		return err
	}
	for f := range n.files {
		if f == name[1:] || strings.HasPrefix(f, name[1:]+"/") {
			delete(n.files, f)
		}
	}
	return nil
}

func (n *memNode) Mkdir(name string, mode fs.FileMode) error {
	n.writes++
	n.files[name[1:]] = &fstest.MapFile{Mode: fs.ModeDir | mode.Perm(), ModTime: testNow}
	return nil
}

func (n *memNode) Stat(name string) (fs.FileInfo, error) {
	if name == "/" {
		name = "/."
	}
	return fs.Stat(n.files, name[1:])
}

func (n *memNode) Owner(name string) (string, string, error) {
	if o, ok := n.owners[name]; ok {
		return o[0], o[1], nil
	}
	return "root", "root", nil
}

func (n *memNode) Chown(name, owner, group string) error {
	o, g, _ := n.Owner(name)
	if owner != "" {
		o = owner
	}
	if group != "" {
		g = group
	}
	n.owners[name] = [2]string{o, g}
	return nil
}

func (n *memNode) Installed(pkg string) bool { return n.packages[pkg] }

func (n *memNode) Install(pkg string) error {
	if !n.known[pkg] {
		return fmt.Errorf("Unable to locate package %s", pkg)
	}
	n.packages[pkg] = true
	if pkg == "haproxy" {
		n.services["haproxy"] = true
		n.put("/etc/haproxy/haproxy.cfg", "global\n\tdaemon\n")
		n.put("/etc/default/haproxy", "# nothing\n")
	}
	return nil
}

func (n *memNode) Uninstall(pkg string) error { delete(n.packages, pkg); return nil }

func (n *memNode) Exec(_ context.Context, line string) (string, int) {
	n.execs = append(n.execs, line)
	if i := strings.LastIndex(line, "; "); i >= 0 && strings.HasPrefix(line, "export ") {
		line = line[i+2:]
	}
	words := append(strings.Fields(line), "''", "''", "''")
	switch path.Base(words[0]) {
	case "pidof":
		return "", boolInt(!n.procs[words[len(words)-4]])
	case "false":
		return "", 1
	case "echo":
		return strings.Join(words[1:len(words)-3], " ") + "\n", 0
	case "readlink":
		return n.links[strings.Trim(words[1], "'")], 0
	case "ln":
		n.links[strings.Trim(words[3], "'")] = strings.Trim(words[2], "'")
		n.put(strings.Trim(words[3], "'"), "link")
		return "", 0
	case "haproxy":
		if strings.Contains(n.text(strings.Trim(words[2], "'")), "roundrobbin") {
			return "[ALERT] unknown balance\n", 1
		}
		return "", 0
	case "sh":
		return "some words\n", 3
	case "chmod":
		mode, err := strconv.ParseUint(words[1], 8, 32)
		n.files[strings.Trim(words[2], "'/")].Mode = fs.ModeDir | fs.FileMode(mode)
		return "", boolInt(err != nil)
	case "test":
		return "", boolInt(n.files[words[2][1:]] == nil)
	case "true":
		return "", 0
	case "touch":
		n.put(words[1], "")
		return "", 0
	}
	if f := n.files[strings.TrimPrefix(words[0], "/")]; f != nil {
		n.procs[path.Base(words[0])] = true
		return "", 0
	}
	return "sh: not found\n", 127
}

func (n *memNode) Service(_ context.Context, name, action string) error {
	running, ok := n.services[name]
	if !ok {
		return fmt.Errorf("Could not find init script for '%s'", name)
	}
	switch action {
	case "status":
		if !running {
			return errors.New("not running")
		}
	case "is-enabled":
		if n.disabled[name] {
			return errors.New("disabled")
		}
	case "enable", "disable":
		n.disabled[name] = action == "disable"
	default:
		n.services[name] = action != "stop"
	}
	return nil
}

func (n *memNode) Wait(ctx context.Context, d time.Duration) error {
	n.waited += d
	if n.onWait != nil {
		n.onWait()
	}
	return ctx.Err()
}

func (n *memNode) Log(program, line string) { n.syslog = append(n.syslog, program+": "+line) }

// state is all that puppet may change, to be compared.
func (n *memNode) state() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(n.files)) {
		f := n.files[name]
		fmt.Fprintf(&b, "%s %v %v %q\n", name, f.Mode, n.owners["/"+name], f.Data)
	}
	fmt.Fprintln(&b, n.packages, n.services, n.disabled, n.procs)
	return b.String()
}

// memMaster is a server in memory.
type memMaster struct {
	env      fstest.MapFS
	exported map[string][]Exported
	fail     error
	root     string
}

func (m *memMaster) Environment() fs.FS { return m.env }
func (m *memMaster) EnvironmentPath() string {
	if m.root != "" {
		return m.root
	}
	return "/etc/puppetlabs/code/environments/production"
}
func (m *memMaster) Version() string { return "1795372679" }

func (m *memMaster) Exported() ([]Exported, error) {
	var out []Exported
	for _, node := range slices.Sorted(maps.Keys(m.exported)) {
		out = append(out, m.exported[node]...)
	}
	return out, m.fail
}

func (m *memMaster) Export(node string, r []Exported) error { m.exported[node] = r; return m.fail }

func (m *memMaster) connect(context.Context, string) (Master, error) { return m, nil }

// newMaster has the modules of the workshop's control repository, on a branch.
func newMaster(t testing.TB, branch string) *memMaster {
	t.Helper()
	m := &memMaster{env: fstest.MapFS{}, exported: map[string][]Exported{}}
	copyInto(t, m.env, os.DirFS(workshopDir+"/control/modules"), "modules")
	m.checkout(t, branch)
	return m
}

func copyInto(t testing.TB, to fstest.MapFS, from fs.FS, dir string) {
	t.Helper()
	err := fs.WalkDir(from, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(from, p)
		to[path.Join(dir, p)] = &fstest.MapFile{Data: data, Mode: 0o644}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (m *memMaster) checkout(t testing.TB, branch string) {
	t.Helper()
	data, err := os.ReadFile(workshopDir + "/control/branches/" + branch + "/manifests/site.pp")
	if err != nil {
		t.Fatal(err)
	}
	m.site(string(data))
}

func (m *memMaster) site(text string) {
	m.env["manifests/site.pp"] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
}

// newSim reads the workshop's own data.
func newSim(t testing.TB) *Simulator {
	t.Helper()
	s, err := Load(os.DirFS(workshopDir+"/sandbox"), os.DirFS(workshopDir))
	if err != nil {
		t.Fatal(err)
	}
	s.now = func() time.Time { return testNow }
	return s
}

// run runs the agent and answers what it printed.
func run(t testing.TB, s *Simulator, n Node, c Connect, faults *fault.Set, args ...string) (string, int) {
	t.Helper()
	if len(args) == 0 {
		args = []string{"-t", "-v"}
	}
	var out bytes.Buffer
	code := s.Agent(t.Context(), n, c, args, faults, &out)
	return out.String(), code
}

// settledWeb is a web server that has run its agent before.
func settledWeb(t testing.TB) *memNode {
	t.Helper()
	n := newNode("web-1", "10.99.0.11")
	n.services["rsyslog"], n.services["cron"] = true, true
	n.packages["cron"] = true
	if _, code := run(t, newSim(t), n, newMaster(t, "bz1").connect, nil); code != ExitChanged {
		t.Fatalf("first run of %s: %d", n.name, code)
	}
	return n
}
