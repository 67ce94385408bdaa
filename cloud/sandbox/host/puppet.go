package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"matou/cloud/sandbox/host/bin"
	"matou/cloud/sandbox/host/shell"
	"matou/cloud/sandbox/host/tree"
	"matou/cloud/sandbox/puppet"
)

// Where the master keeps the code and what nodes export.
const (
	environmentDir = "/etc/puppetlabs/code/environments/production"
	exportedFile   = "/var/lib/puppetdb/exported.json"
)

// node is the host as the Puppet agent sees it.
type node struct {
	*Host
	pid int // of the run
}

var (
	_ puppet.Node  = node{}
	_ puppet.Owned = node{}
)

func (n node) root() tree.View { return n.tree.Root() }

func (n node) ReadFile(p string) ([]byte, error) { return n.root().ReadFile(p) }

func (n node) WriteFile(p string, data []byte, mode fs.FileMode) error {
	return errors.Join(n.root().MkdirAll(path.Dir(p), 0o755), n.root().WriteFile(p, data, mode), n.root().Chmod(p, mode))
}

func (n node) Remove(p string) error {
	if _, err := n.root().Lstat(p); err != nil {
		return err
	}
	return n.root().RemoveAll(p)
}

func (n node) Mkdir(p string, mode fs.FileMode) error {
	if n.root().IsDir(p) {
		return nil
	}
	return errors.Join(n.root().MkdirAll(p, 0o755), n.root().Chmod(p, mode))
}

func (n node) Stat(p string) (fs.FileInfo, error) {
	i, err := n.root().Stat(p)
	if err != nil {
		return nil, err
	}
	return i, nil
}

// Log writes a line of the run to syslog, all with the run's process id.
func (n node) Log(program, line string) { n.Host.Log(fmt.Sprintf("%s[%d]", program, n.pid), line) }

// ReadDir lists a folder.
func (n node) ReadDir(p string) ([]fs.FileInfo, error) {
	list, err := n.root().ReadDir(p)
	infos := make([]fs.FileInfo, len(list))
	for i, e := range list {
		infos[i] = e
	}
	return infos, err
}

func (n node) Owner(p string) (owner, group string, err error) {
	i, err := n.root().Stat(p)
	if err != nil {
		return "", "", err
	}
	uid, gid := i.Owner()
	return bin.UserName(n.root(), uid), bin.GroupName(n.root(), gid), nil
}

func (n node) Chown(p, owner, group string) error {
	uid, gid := -1, -1
	if owner != "" {
		if uid = bin.LookupUser(n.root(), owner).UID; uid < 0 {
			return fmt.Errorf("could not find user %s", owner)
		}
	}
	if group != "" {
		if gid = bin.LookupGroup(n.root(), group); gid < 0 {
			return fmt.Errorf("could not find group %s", group)
		}
	}
	return n.root().Chown(p, uid, gid)
}

// Install installs without apt's pace: the run has its own times.
func (n node) Install(pkg string) error {
	if n.Installed(pkg) {
		return nil
	}
	list, err := n.addPackage(pkg)
	if errors.Is(err, ErrNoPackage) {
		return tree.Errno("E: Unable to locate package " + pkg)
	}
	if err != nil {
		return err
	}
	n.saveState()
	for _, name := range list {
		for _, s := range n.packages.Packages[name].Services {
			if err := n.startService(s, 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// Exec runs a line. What the line leaves in the background goes on in programs that know how to
// (see [Host.detach]); the rest of it ends.
func (n node) Exec(ctx context.Context, line string) (string, int) {
	out := &limited{max: maxOutput}
	s := n.session("root")
	s.prefix = "sh"
	sh, err := s.newShell(shell.Config{Stdout: out, Stderr: out, Dir: "/", Prefix: "sh"})
	if err != nil {
		return err.Error(), 126
	}
	code, _ := sh.Run(ctx, line, false)
	sh.Close()
	return out.String(), code
}

// connect reaches the Puppet server named server as the host sees it.
func (h *Host) connect(ctx context.Context, server string) (puppet.Master, error) {
	addr, err := resolve(h, server)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", puppet.ErrUnknownHost, server)
	}
	c, err := h.cfg.Net.Dial(ctx, h, net.JoinHostPort(addr.String(), "8140"))
	if err != nil {
		var op *net.OpError
		if errors.As(err, &op) && errors.Is(op.Err, ErrRefused) {
			return nil, fmt.Errorf("%w: %s", puppet.ErrRefused, server)
		}
		return nil, err
	}
	c.Close()
	target := h
	if !addr.IsLoopback() && addr != h.cfg.Address {
		target = h.cfg.Net.Host(addr)
	}
	if target == nil {
		return nil, fmt.Errorf("%w: %s", puppet.ErrRefused, server)
	}
	return master{target}, nil
}

// master is the host as the Puppet server that nodes compile their catalogues with.
type master struct{ *Host }

var _ puppet.Master = master{}

func (m master) Environment() fs.FS { return m.tree.Root().FS(environmentDir) }

func (m master) EnvironmentPath() string { return environmentDir }

func (m master) Version() string { return strconv.FormatInt(m.cfg.Now().Unix(), 10) }

// exports serialises the changes of what nodes export: several agents run at once.
var exports sync.Mutex

func (m master) read() (map[string][]puppet.Exported, error) {
	all := map[string][]puppet.Exported{}
	data, err := m.tree.Root().ReadFile(exportedFile)
	if errors.Is(err, fs.ErrNotExist) {
		return all, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &all)
	}
	if err != nil {
		return nil, fmt.Errorf("read exported resources: %w", err)
	}
	return all, nil
}

func (m master) Exported() ([]puppet.Exported, error) {
	exports.Lock()
	defer exports.Unlock()
	all, err := m.read()
	if err != nil {
		return nil, err
	}
	nodes := make([]string, 0, len(all))
	for n := range all {
		nodes = append(nodes, n)
	}
	slices.Sort(nodes)
	var list []puppet.Exported
	for _, n := range nodes {
		list = append(list, all[n]...)
	}
	return list, nil
}

func (m master) Export(name string, r []puppet.Exported) error {
	exports.Lock()
	defer exports.Unlock()
	all, err := m.read()
	if err != nil {
		return err
	}
	if _, had := all[name]; !had && len(r) == 0 {
		return nil
	}
	delete(all, name)
	if len(r) > 0 {
		all[name] = r
	}
	data, err := json.Marshal(all)
	if err != nil {
		return fmt.Errorf("write exported resources: %w", err)
	}
	root := m.tree.Root()
	return errors.Join(root.MkdirAll(path.Dir(exportedFile), 0o755), root.WriteFile(exportedFile+".new", data, 0o640),
		root.Rename(exportedFile+".new", exportedFile))
}

// puppetProgram is the puppet command: agent, module list, config print, --version.
func puppetProgram(ctx context.Context, p *Process) int {
	args := p.Args[1:]
	if len(args) == 0 {
		p.printf("See 'puppet help' for help on available puppet subcommands\n")
		return 0
	}
	switch args[0] {
	case "agent":
		if p.Host.cfg.Puppet == nil {
			return p.Fail(1, "no agent on this host")
		}
		if p.User != "root" {
			fmt.Fprintln(p.Stderr, "Error: puppet agent must be run as root here")
			return 1
		}
		out := p.Stdout
		return p.Host.cfg.Puppet.Agent(ctx, node{p.Host, p.PID}, p.Host.connect, args[1:], p.Host.cfg.Faults, out)
	case "module":
		return p.puppetModule(args[1:])
	case "config":
		return p.puppetConfig(args[1:])
	case "parser":
		p.printf("Notice: the manifest is checked when an agent asks for its catalogue\n")
		return 0
	case "--version", "-V":
		p.printf("%s\n", p.Host.packages.version("puppet-agent", "puppet"))
		return 0
	case "help", "--help", "-h":
		p.printf("Usage: puppet <subcommand> [options]\n\nAvailable subcommands here: agent, config, module list\n")
		return 0
	}
	fmt.Fprintf(p.Stderr, "Error: Unknown Puppet subcommand '%s'\nSee 'puppet help' for help on available puppet subcommands\n", args[0])
	return 1
}

func (l *packageList) version(names ...string) string {
	for _, n := range names {
		if p := l.Packages[n]; p != nil {
			v, _, _ := strings.Cut(p.Version, "-")
			return v
		}
	}
	return "7.23.0"
}

func (p *Process) puppetModule(args []string) int {
	if len(args) == 0 || args[0] != "list" {
		fmt.Fprintln(p.Stderr, "Error: only 'puppet module list' works here: the forge is out of reach")
		return 1
	}
	dir := environmentDir + "/modules"
	list, err := p.FS.ReadDir(dir)
	p.printf("%s\n", dir)
	if err != nil || len(list) == 0 {
		p.printf("(no modules installed)\n")
		return 0
	}
	var names []string
	for _, e := range list {
		i, err := p.FS.Stat(dir + "/" + e.Name())
		if err == nil && i.IsDir() {
			names = append(names, e.Name())
		}
	}
	for i, n := range names {
		branch := "├── "
		if i == len(names)-1 {
			branch = "└── "
		}
		title, version := n, "(???)"
		if info := p.Host.packages.Modules[n]; len(info) > 1 {
			title, version = info[1]+"-"+n, "(v"+info[0]+")"
		}
		p.printf("%s%s %s\n", branch, title, version)
	}
	return 0
}

func (p *Process) puppetConfig(args []string) int {
	values := map[string]string{
		"certname": p.Host.FQDN(), "server": "puppet", "environment": "production", "environmentpath": path.Dir(environmentDir),
		"confdir": "/etc/puppetlabs/puppet", "codedir": "/etc/puppetlabs/code", "ssldir": "/etc/puppetlabs/puppet/ssl",
		"modulepath": environmentDir + "/modules",
	}
	if len(args) < 1 || args[0] != "print" {
		fmt.Fprintln(p.Stderr, "Error: only 'puppet config print' works here")
		return 1
	}
	var names []string
	for _, a := range args[1:] {
		if !strings.HasPrefix(a, "-") {
			names = append(names, a)
		}
	}
	for _, n := range names {
		v, ok := values[n]
		if !ok {
			fmt.Fprintf(p.Stderr, "Error: Unknown setting %s\n", n)
			return 1
		}
		if len(names) > 1 {
			v = n + " = " + v
		}
		p.printf("%s\n", v)
	}
	return 0
}
