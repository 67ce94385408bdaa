package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"matou/cloud/sandbox/host/bin"
)

// packageList is packages.yaml: what can be installed, and what it brings.
type packageList struct {
	Packages map[string]*pkg     `yaml:"packages"`
	Pips     map[string]*pip     `yaml:"pips"`
	Services map[string]*unit    `yaml:"services"`
	Git      map[string]string   `yaml:"git"`     // URL -> folder of the workshop: what git clone finds there
	Modules  map[string][]string `yaml:"modules"` // Puppet module -> version, author

	fsys fs.FS
}

// pkg is a Debian package.
type pkg struct {
	Version     string            `yaml:"version"`
	Section     string            `yaml:"section"`
	Description string            `yaml:"description"`
	Depends     []string          `yaml:"depends"`
	Provides    []string          `yaml:"provides"`
	Commands    []string          `yaml:"commands"` // names in /usr/bin or absolute paths
	Files       map[string]string `yaml:"files"`    // path -> content
	Links       map[string]string `yaml:"links"`
	Dirs        []string          `yaml:"dirs"`
	Services    []string          `yaml:"services"` // started after installation
	Python      []string          `yaml:"python"`   // importable modules
	Users       []string          `yaml:"users"`
	Size        int               `yaml:"size"` // kB to download
	Time        Duration          `yaml:"time"`
}

// pip is a Python package.
type pip struct {
	Version string   `yaml:"version"`
	Python  []string `yaml:"python"`
	Depends []string `yaml:"depends"`
	Summary string   `yaml:"summary"`
	Time    Duration `yaml:"time"`
}

// unit is a service.
type unit struct {
	Aliases     []string `yaml:"aliases"`
	Kind        string   `yaml:"kind"` // sshd, cron, syslog, haproxy, listen
	Description string   `yaml:"description"`
	Process     string   `yaml:"process"` // its command line in ps
	User        string   `yaml:"user"`
	Listen      []string `yaml:"listen"` // "8140" or "127.0.0.1:5432"
	Config      string   `yaml:"config"`
}

// ErrNoPackage says that there is no package of that name.
var ErrNoPackage = errors.New("unable to locate package")

func loadPackages(fsys fs.FS) (*packageList, error) {
	l := &packageList{fsys: fsys}
	if fsys == nil {
		return l, nil
	}
	if err := loadYAML(fsys, "packages.yaml", l); errors.Is(err, fs.ErrNotExist) {
		return l, nil // nothing to install
	} else if err != nil {
		return nil, err
	}
	for name, p := range l.Packages {
		if p == nil {
			l.Packages[name] = &pkg{Version: "1.0"}
			continue
		}
		for _, d := range p.Depends {
			if l.Packages[d] == nil {
				if _, ok := l.Packages[d]; !ok {
					return nil, fmt.Errorf("packages.yaml: %s depends on %q, which is not there", name, d)
				}
			}
		}
		for _, s := range p.Services {
			if l.Services[s] == nil {
				return nil, fmt.Errorf("packages.yaml: %s has the service %q, which is not there", name, s)
			}
		}
	}
	return l, nil
}

// commands are the names of all programs that come with some package.
func (l *packageList) commands() map[string]bool {
	owned := map[string]bool{}
	for _, p := range l.Packages {
		for _, c := range p.Commands {
			owned[path.Base(c)] = true
		}
	}
	return owned
}

// find answers the package that a name means, itself or one that provides it.
func (l *packageList) find(name string) (string, *pkg) {
	if p := l.Packages[name]; p != nil {
		return name, p
	}
	for _, n := range slices.Sorted(maps.Keys(l.Packages)) {
		if slices.Contains(l.Packages[n].Provides, name) {
			return n, l.Packages[n]
		}
	}
	return "", nil
}

// Installed tells whether a package is installed.
func (h *Host) Installed(name string) bool {
	real, _ := h.packages.find(name)
	h.mu.Lock()
	defer h.mu.Unlock()
	_, ok := h.state.Packages[name]
	if !ok && real != "" {
		_, ok = h.state.Packages[real]
	}
	return ok
}

// missing lists a package and its dependencies that are not installed, dependencies first.
func (h *Host) missing(name string) ([]string, error) {
	var list []string
	seen := map[string]bool{}
	var visit func(string) error
	visit = func(n string) error {
		real, p := h.packages.find(n)
		if p == nil {
			return fmt.Errorf("%w %s", ErrNoPackage, n)
		}
		if seen[real] || h.Installed(real) {
			return nil
		}
		seen[real] = true
		for _, d := range p.Depends {
			if err := visit(d); err != nil {
				return err
			}
		}
		list = append(list, real)
		return nil
	}
	return list, visit(name)
}

// addPackage installs a package and what it depends on, without services, and answers the names.
func (h *Host) addPackage(name string) ([]string, error) {
	list, err := h.missing(name)
	if err != nil {
		return nil, err
	}
	for _, n := range list {
		if err := h.unpack(n, h.packages.Packages[n]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (h *Host) unpack(name string, p *pkg) error {
	root := h.tree.Root()
	for _, u := range p.Users {
		if err := h.addSystemUser(u); err != nil {
			return err
		}
	}
	for _, d := range p.Dirs {
		if err := h.makeDir(d); err != nil {
			return err
		}
	}
	for file, text := range p.Files {
		if root.Exists(file) {
			continue // a configuration file somebody already has
		}
		mode := fs.FileMode(0o644)
		if strings.HasPrefix(text, "#!") {
			mode = 0o755
		}
		if err := errors.Join(root.MkdirAll(path.Dir(file), 0o755), root.WriteFile(file, []byte(text), mode), root.Chmod(file, mode)); err != nil {
			return err
		}
	}
	for _, c := range p.Commands {
		if err := h.addCommand(c); err != nil {
			return err
		}
	}
	for link, target := range p.Links {
		if !root.Exists(link) {
			if err := errors.Join(root.MkdirAll(path.Dir(link), 0o755), root.Symlink(target, link)); err != nil {
				return err
			}
		}
	}
	h.mu.Lock()
	h.state.Packages[name] = p.Version
	for _, s := range p.Services {
		h.state.Services[s] = true
	}
	h.mu.Unlock()
	return nil
}

// addSystemUser makes the account that a service runs under.
func (h *Host) addSystemUser(name string) error {
	root := h.tree.Root()
	if bin.LookupUser(root, name).UID >= 0 {
		return nil
	}
	id := 100
	for bin.LookupUser(root, itoa(id)).UID >= 0 {
		id++
	}
	return errors.Join(
		root.AppendFile("/etc/passwd", fmt.Appendf(nil, "%s:x:%d:%d::/var/lib/%s:/usr/sbin/nologin\n", name, id, id, name), 0o644),
		root.AppendFile("/etc/group", fmt.Appendf(nil, "%s:x:%d:\n", name, id), 0o644))
}

// Install installs a package as apt-get does, at the recorded pace, and starts its services. What
// apt prints goes to out, which may be nil.
func (h *Host) Install(ctx context.Context, name string, out io.Writer) error {
	if out == nil {
		out = io.Discard
	}
	if h.Installed(name) {
		return nil
	}
	list, err := h.missing(name)
	if err != nil {
		return err
	}
	size := 0
	for _, n := range list {
		size += h.packages.Packages[n].Size
	}
	fmt.Fprintf(out, "Need to get %s kB of archives.\n", thousands(size))
	for i, n := range list {
		p := h.packages.Packages[n]
		fmt.Fprintf(out, "Get:%d http://archive.ubuntu.com/ubuntu/ %s %s [%s kB]\n", i+1, n, p.Version, thousands(p.Size))
	}
	for _, n := range list {
		p := h.packages.Packages[n]
		if err := h.Wait(ctx, time.Duration(p.Time)); err != nil {
			return err
		}
		fmt.Fprintf(out, "Unpacking %s (%s) ...\n", n, p.Version)
		if err := h.unpack(n, p); err != nil {
			return err
		}
		fmt.Fprintf(out, "Setting up %s (%s) ...\n", n, p.Version)
	}
	h.saveState()
	for _, n := range list {
		for _, s := range h.packages.Packages[n].Services {
			if err := h.startService(s, 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// Uninstall removes a package; its configuration files stay.
func (h *Host) Uninstall(name string) error {
	real, p := h.packages.find(name)
	if p == nil || !h.Installed(real) {
		return nil
	}
	for _, s := range p.Services {
		_ = h.stopService(s)
	}
	for _, c := range p.Commands {
		if !strings.HasPrefix(c, "/") {
			c = "/usr/bin/" + c
		}
		if err := h.tree.Root().RemoveAll(c); err != nil {
			return err
		}
	}
	h.update(func(s *state) {
		delete(s.Packages, real)
		for _, n := range p.Services {
			delete(s.Services, n)
		}
	})
	return nil
}

// InstallPip installs a Python package and what it depends on.
func (h *Host) InstallPip(ctx context.Context, name string) ([]string, error) {
	var done []string
	var visit func(string) error
	visit = func(n string) error {
		real := h.packages.pipName(n)
		p := h.packages.Pips[real]
		if p == nil {
			return fmt.Errorf("no matching distribution found for %s", n)
		}
		if h.pipVersion(real) != "" {
			return nil
		}
		for _, d := range p.Depends {
			if err := visit(d); err != nil {
				return err
			}
		}
		if err := h.Wait(ctx, time.Duration(p.Time)); err != nil {
			return err
		}
		h.update(func(s *state) { s.Pips[real] = p.Version })
		done = append(done, real+"-"+p.Version)
		return nil
	}
	return done, visit(name)
}

// UninstallPip removes a Python package and tells whether it was there.
func (h *Host) UninstallPip(name string) bool {
	real := h.packages.pipName(name)
	had := h.pipVersion(real) != ""
	h.update(func(s *state) { delete(s.Pips, real) })
	return had
}

// pipName is a name as its author writes it: pip does not look at case, "-" and "_".
func (l *packageList) pipName(name string) string {
	norm := func(s string) string { return strings.ReplaceAll(strings.ToLower(s), "_", "-") }
	for n := range l.Pips {
		if norm(n) == norm(name) {
			return n
		}
	}
	return name
}

func (h *Host) pipVersion(name string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.state.Pips[h.packages.pipName(name)]
}

// importable tells whether Python on this host finds a module.
func (h *Host) importable(module string) bool {
	module, _, _ = strings.Cut(module, ".")
	h.mu.Lock()
	defer h.mu.Unlock()
	for n := range h.state.Pips {
		if p := h.packages.Pips[n]; p != nil && slices.Contains(p.Python, module) {
			return true
		}
	}
	for n := range h.state.Packages {
		if p := h.packages.Packages[n]; p != nil && slices.Contains(p.Python, module) {
			return true
		}
	}
	return false
}

func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
