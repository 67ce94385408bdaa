package puppet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"sync"
	"time"

	"go.yaml.in/yaml/v4"
)

// DataFile is the file [Load] reads.
const DataFile = "puppet.yaml"

// Simulator is what all runs of a world share: the data, and who runs right now. It is safe for
// concurrent use.
type Simulator struct {
	data     data
	modules  fs.FS // described as data; nil when there are none
	workshop fs.FS
	now      func() time.Time

	mu      sync.Mutex
	running map[string]bool // by FQDN and address
}

// data is the content of puppet.yaml.
type data struct {
	// Version is what puppet --version prints.
	Version string `yaml:"version"`
	// Server is the name the agent looks its server up by.
	Server string `yaml:"server"`
	// Confdir, Statedir are folders of the node.
	Confdir  string `yaml:"confdir"`
	Statedir string `yaml:"statedir"`
	// Modules is the folder, beside puppet.yaml, of modules that stand in for those of which the
	// control repository has no code.
	Modules string `yaml:"modules"`
	// Facts are the same on all nodes.
	Facts map[string]any `yaml:"facts"`
	// VCS maps the URL of a git repository to a folder of the workshop: its content.
	VCS map[string]string `yaml:"vcs"`
	// Times are recorded durations.
	Times times `yaml:"times"`
}

// times are how long the parts of a run took when recorded.
type times struct {
	Start       duration            `yaml:"start"`       // until the first line
	Certificate duration            `yaml:"certificate"` // a key, its request, its answer
	Plugins     duration            `yaml:"plugins"`     // each of the two retrievals
	Facts       duration            `yaml:"facts"`
	Catalog     duration            `yaml:"catalog"`
	Refused     duration            `yaml:"refused"` // until a connection that fails has failed
	Check       duration            `yaml:"check"`   // what one resource takes with nothing to do
	Report      duration            `yaml:"report"`
	Changes     map[string]duration `yaml:"changes"` // one change, by Type[title] or Type
}

type duration time.Duration

// UnmarshalYAML reads Go's notation: 1.5s, 300ms.
func (d *duration) UnmarshalYAML(n *yaml.Node) error {
	v, err := time.ParseDuration(n.Value)
	if err != nil || v < 0 || v > time.Hour {
		return fmt.Errorf("line %d: %q is no duration between 0 and 1h", n.Line, n.Value)
	}
	*d = duration(v)
	return nil
}

// Load reads puppet.yaml and the modules beside it from fsys. workshop is the workshop's own
// folder, which vcs entries point into; it may be nil when there are none. The file is read
// strictly: the error names every unknown key and wrong type with its line. A workshop with no puppet
// needs none: everything is at its default then.
func Load(fsys, workshop fs.FS) (*Simulator, error) {
	raw, err := fs.ReadFile(fsys, DataFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("load puppet data: %w", err)
	}
	s := &Simulator{
		workshop: workshop, running: map[string]bool{}, now: time.Now,
		data: data{
			Version: "7.23.0", Server: "puppet", Confdir: "/etc/puppet", Statedir: "/var/cache/puppet",
		},
	}
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	dec.KnownFields(true)
	if err := dec.Decode(&s.data); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("load %s: %w", DataFile, err)
	}
	if err := s.check(fsys); err != nil {
		return nil, fmt.Errorf("load %s: %w", DataFile, err)
	}
	return s, nil
}

// check opens what the data points at, and parses the modules, so that a mistake shows before a
// run does.
func (s *Simulator) check(fsys fs.FS) error {
	var bad []error
	if dir := s.data.Modules; dir != "" {
		sub, err := subFolder(fsys, dir)
		if err != nil {
			bad = append(bad, fmt.Errorf("modules: %w", err))
		} else {
			s.modules = under{sub}
			bad = append(bad, parseAll(sub)...)
		}
	}
	for _, url := range slices.Sorted(maps.Keys(s.data.VCS)) {
		if s.workshop == nil {
			bad = append(bad, fmt.Errorf("vcs: %s: no workshop folder is given", url))
		} else if _, err := subFolder(s.workshop, s.data.VCS[url]); err != nil {
			bad = append(bad, fmt.Errorf("vcs: %s: %w", url, err))
		}
	}
	return errors.Join(bad...)
}

func subFolder(fsys fs.FS, dir string) (fs.FS, error) {
	info, err := fs.Stat(fsys, dir)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%s is no folder", dir)
	}
	return fs.Sub(fsys, dir)
}

func parseAll(fsys fs.FS) []error {
	var bad []error
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || len(p) < 3 || p[len(p)-3:] != ".pp" {
			return err
		}
		src, err := fs.ReadFile(fsys, p)
		if err == nil {
			_, err = parse(p, string(src))
		}
		if err != nil {
			bad = append(bad, err)
		}
		return nil
	})
	return append(bad, err)
}

// under shows a folder as the folder modules of an environment.
type under struct{ fsys fs.FS }

func (u under) Open(name string) (fs.File, error) {
	const dir = "modules/"
	if len(name) <= len(dir) || name[:len(dir)] != dir {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return u.fsys.Open(name[len(dir):])
}

// begin notes that a node runs its agent; false when it does already.
func (s *Simulator) begin(n Node) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := n.FQDN() + " " + n.Address()
	if s.running[key] {
		return false
	}
	s.running[key] = true
	return true
}

func (s *Simulator) end(n Node) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.running, n.FQDN()+" "+n.Address())
}

// facts are the node's facts: those of the data, then those of the node itself.
func (s *Simulator) facts(n Node) *hashValue {
	h, _ := fromPlain(s.data.Facts).(*hashValue)
	if h == nil {
		h = newHash()
	}
	domain := ""
	if i := len(n.Hostname()); i < len(n.FQDN()) {
		domain = n.FQDN()[i+1:]
	}
	net := newHash()
	for _, f := range [][2]string{
		{"hostname", n.Hostname()}, {"fqdn", n.FQDN()}, {"domain", domain}, {"ip", n.Address()}, {"primary", "eth0"},
	} {
		net.set(f[0], f[1])
	}
	h.set("networking", net)
	h.set("clientversion", s.data.Version)
	h.set("puppetversion", s.data.Version)
	for _, f := range [][2]string{
		{"hostname", n.Hostname()},
		{"fqdn", n.FQDN()},
		{"domain", domain},
		{"ipaddress", n.Address()},
		{"ipaddress_eth0", n.Address()},
		{"clientcert", n.FQDN()},
		{"interfaces", "eth0,lo"},
	} {
		h.set(f[0], f[1])
	}
	return h
}
