package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"time"

	"go.yaml.in/yaml/v4"
)

// worldFile is world.yaml: what the sandbox's cloud offers.
type worldFile struct {
	Identity identity      `yaml:"identity"`
	Quota    quota         `yaml:"quota"`
	Timing   timing        `yaml:"timing"`
	Flavors  []flavor      `yaml:"flavors"`
	Images   []image       `yaml:"images"`
	Networks []network     `yaml:"networks"`
	Ports    []int         `yaml:"ports"` // TCP ports at which everybody gets in
	Servers  serverDefault `yaml:"servers"`
	Hosts    hosts         `yaml:"hosts"`
}

type identity struct {
	Region        string        `yaml:"region"`
	Domain        string        `yaml:"domain"`
	Project       string        `yaml:"project"`
	User          string        `yaml:"user"`
	Password      string        `yaml:"password"`
	Roles         []string      `yaml:"roles"`
	TokenLifetime time.Duration `yaml:"token_lifetime"`
}

type quota struct {
	Instances     int `yaml:"instances"`
	Cores         int `yaml:"cores"`
	RAM           int `yaml:"ram"`
	Keypairs      int `yaml:"keypairs"`
	MetadataItems int `yaml:"metadata_items"`
}

// timing is how long each change of a server takes at pace 1.
type timing struct {
	Scheduling time.Duration `yaml:"scheduling"`
	Networking time.Duration `yaml:"networking"`
	Spawning   time.Duration `yaml:"spawning"`
	Deleting   time.Duration `yaml:"deleting"`
	Rebooting  time.Duration `yaml:"rebooting"`
	Stopping   time.Duration `yaml:"stopping"`
	Starting   time.Duration `yaml:"starting"`
}

type flavor struct {
	ID    string            `yaml:"id"`
	Name  string            `yaml:"name"`
	VCPUs int               `yaml:"vcpus"`
	RAM   int               `yaml:"ram"`
	Disk  int               `yaml:"disk"`
	Extra map[string]string `yaml:"extra_specs"`
}

type image struct {
	ID      string    `yaml:"id"`
	Name    string    `yaml:"name"`
	Tree    string    `yaml:"tree"`
	MinDisk int       `yaml:"min_disk"`
	MinRAM  int       `yaml:"min_ram"`
	Size    int64     `yaml:"size"`
	Created time.Time `yaml:"created"`
}

type network struct {
	ID       string       `yaml:"id"`
	Name     string       `yaml:"name"`
	CIDR     netip.Prefix `yaml:"cidr"`
	Gateway  netip.Addr   `yaml:"gateway"`
	First    netip.Addr   `yaml:"first"`
	Last     netip.Addr   `yaml:"last"`
	DNS      []string     `yaml:"dns"`
	SubnetID string       `yaml:"subnet_id"`
}

type serverDefault struct {
	Users map[string]string `yaml:"users"`
}

type hosts struct {
	Jumphost  jumphost  `yaml:"jumphost"`
	Container container `yaml:"container"`
}

type jumphost struct {
	Name  string            `yaml:"name"`
	Image string            `yaml:"image"`
	Users map[string]string `yaml:"users"`

	Address netip.Addr `yaml:"address"`
}

type container struct {
	Name  string            `yaml:"name"`
	Image string            `yaml:"image"`
	Port  int               `yaml:"port"` // plus the seat: the jumphost's loopback port
	Users map[string]string `yaml:"users"`
	Home  string            `yaml:"home"`
	Files map[string]string `yaml:"files"` // name in the home -> path in the workshop's folder
	First netip.Addr        `yaml:"first"` // seat 1's address; those of the other seats follow
}

// address is the address of a seat's container.
func (c container) address(seat int) netip.Addr {
	a := c.First
	for range seat - 1 {
		a = a.Next()
	}
	return a
}

// loadWorld reads world.yaml, strictly: the error tells all that is wrong with it.
func loadWorld(fsys fs.FS, name string) (*worldFile, error) {
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("read world: %w", err)
	}
	var w worldFile
	if len(bytes.TrimSpace(data)) > 0 {
		if err := yaml.Load(data, &w, yaml.WithKnownFields()); err != nil {
			return nil, fmt.Errorf("read world: %s: %w", name, err)
		}
	}
	w.complete()
	if err := w.check(); err != nil {
		return nil, fmt.Errorf("read world: %s: %w", name, err)
	}
	return &w, nil
}

// complete fills in what may be left out. Ids follow from the names, so that they are the same on
// every machine and after every reset.
func (w *worldFile) complete() {
	w.Identity.Region = orText(w.Identity.Region, "RegionOne")
	w.Identity.Domain = orText(w.Identity.Domain, "Default")
	if w.Identity.TokenLifetime == 0 {
		w.Identity.TokenLifetime = time.Hour
	}
	if len(w.Identity.Roles) == 0 {
		w.Identity.Roles = []string{"member"}
	}
	for i := range w.Flavors {
		f := &w.Flavors[i]
		f.ID = orText(f.ID, nameID("flavor", f.Name))
	}
	for i := range w.Images {
		im := &w.Images[i]
		im.ID = orText(im.ID, nameID("image", im.Name))
		if im.Created.IsZero() {
			im.Created = time.Date(2016, 3, 10, 12, 0, 0, 0, time.UTC)
		}
	}
	for i := range w.Networks {
		n := &w.Networks[i]
		n.ID = orText(n.ID, nameID("network", n.Name))
		n.SubnetID = orText(n.SubnetID, nameID("subnet", n.Name))
	}
	w.Hosts.Container.Home = orText(w.Hosts.Container.Home, "/root")
}

func orText(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

// check reports everything that would keep the world from working.
func (w *worldFile) check() error {
	var bad []error
	want := func(ok bool, format string, args ...any) {
		if !ok {
			bad = append(bad, fmt.Errorf(format, args...))
		}
	}
	id := w.Identity
	want(id.Project != "", "identity.project is missing")
	want(id.User != "", "identity.user is missing")
	want(id.Password != "", "identity.password is missing")
	want(id.TokenLifetime > 0, "identity.token_lifetime is negative")
	q := w.Quota
	want(q.Instances > 0 && q.Cores > 0 && q.RAM > 0, "quota: instances, cores and ram must be above 0")
	t := w.Timing
	want(min(t.Scheduling, t.Networking, t.Spawning, t.Deleting, t.Rebooting, t.Stopping, t.Starting) >= 0,
		"timing: a duration is negative")
	want(len(w.Flavors) > 0, "flavors: none")
	want(len(w.Images) > 0, "images: none")
	want(len(w.Networks) > 0, "networks: none")
	seen := map[string]bool{}
	once := func(kind, name string) {
		want(name != "", "%s without a name", kind)
		want(!seen[kind+name], "%s %q is there twice", kind, name)
		seen[kind+name] = true
	}
	for _, f := range w.Flavors {
		once("flavor", f.Name)
		want(f.VCPUs > 0 && f.RAM > 0 && f.Disk >= 0, "flavor %q: vcpus and ram must be above 0", f.Name)
	}
	for _, im := range w.Images {
		once("image", im.Name)
		want(fs.ValidPath(im.Tree) && im.Tree != ".", "image %q: tree %q is no folder name", im.Name, im.Tree)
	}
	for _, n := range w.Networks {
		once("network", n.Name)
		want(n.CIDR.IsValid() && n.CIDR.Contains(n.First) && n.CIDR.Contains(n.Last) && n.CIDR.Contains(n.Gateway) &&
			!n.Last.Less(n.First), "network %q: gateway, first and last must be addresses of cidr", n.Name)
	}
	return errors.Join(append(bad, w.Hosts.check()...)...)
}

func (h hosts) check() []error {
	var bad []error
	j, c := h.Jumphost, h.Container
	if j.Name == "" || j.Image == "" || len(j.Users) == 0 || !j.Address.IsValid() {
		bad = append(bad, errors.New("hosts.jumphost: name, image, users and address are needed"))
	}
	if c.Name == "" || c.Image == "" || len(c.Users) == 0 || !c.First.IsValid() {
		bad = append(bad, errors.New("hosts.container: name, image, users and first are needed"))
	}
	if c.Port < 1 || c.Port+maxSeat > 65535 {
		bad = append(bad, errors.New("hosts.container: port must leave room for 99 more"))
	}
	for name, src := range c.Files {
		if !fs.ValidPath(name) || !fs.ValidPath(src) {
			bad = append(bad, fmt.Errorf("hosts.container.files: %q: %q is no path inside the workshop", name, src))
		}
	}
	return bad
}
