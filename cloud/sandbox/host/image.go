package host

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"matou/cloud/sandbox/host/bin"
	"matou/cloud/sandbox/host/gitcmd"
	"matou/cloud/sandbox/puppet"
)

// image is an image.yaml: what a machine consists of at its first boot. Files beside it, under
// files/, are copied to the root of the tree.
type image struct {
	Users    []imageUser         `yaml:"users"`
	Packages []string            `yaml:"packages"`
	Dirs     []string            `yaml:"dirs"`  // "/path" or "/path mode owner"
	Links    map[string]string   `yaml:"links"` // link -> target
	Modes    map[string]string   `yaml:"modes"` // path -> "mode" or "mode owner"
	Copy     []imageCopy         `yaml:"copy"`
	Git      []imageGit          `yaml:"git"`
	Services map[string]Duration `yaml:"services"` // name -> recorded time to start up
	OS       string              `yaml:"os"`       // "Ubuntu 14.04.6 LTS"
	Kernel   string              `yaml:"kernel"`
	Hosts    []string            `yaml:"hosts"` // more lines of /etc/hosts
	// Certificates is the folder where a machine that is its own certificate authority has its key and
	// its certificate from the start.
	Certificates string `yaml:"certificates"`

	root fs.FS
}

type imageUser struct {
	Name  string `yaml:"name"`
	UID   int    `yaml:"uid"`
	Home  string `yaml:"home"`
	Shell string `yaml:"shell"`
	Gecos string `yaml:"gecos"`
}

// imageCopy takes a file or folder of the workshop.
type imageCopy struct {
	From     string `yaml:"from"`
	To       string `yaml:"to"`
	Mode     string `yaml:"mode"`
	Optional bool   `yaml:"optional"`
}

// imageGit builds a repository: one branch for each folder of branches, each one commit on top of
// the one before, over the files of shared.
type imageGit struct {
	To       string   `yaml:"to"`
	Shared   string   `yaml:"shared"`
	Branches string   `yaml:"branches"` // folder that holds one folder a branch
	Order    []string `yaml:"order"`    // names of the branches; empty: all, sorted
	Checkout string   `yaml:"checkout"`
	Author   string   `yaml:"author"` // "Name <mail>"
	Messages []string `yaml:"messages"`
	// Links are symbolic links of every branch: path in the work tree -> target.
	Links map[string]string `yaml:"links"`
}

// Duration is a time span in YAML, written as time.ParseDuration reads it.
type Duration time.Duration

// UnmarshalYAML reads "25s".
func (d *Duration) UnmarshalYAML(n *yaml.Node) error {
	if n.Value == "" || n.Value == "0" {
		*d = 0
		return nil
	}
	v, err := time.ParseDuration(n.Value)
	if err != nil || v < 0 {
		return fmt.Errorf("line %d: %q is no duration", n.Line, n.Value)
	}
	*d = Duration(v)
	return nil
}

// loadYAML reads a file strictly: unknown keys are mistakes.
func loadYAML(fsys fs.FS, name string, into any) error {
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	if err := yaml.Load(data, into, yaml.WithKnownFields()); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
}

func loadImage(images fs.FS, name string) (*image, error) {
	if images == nil || !fs.ValidPath(name) || name == "." {
		return nil, fmt.Errorf("image %q: %w", name, fs.ErrNotExist)
	}
	sub, err := fs.Sub(images, name)
	if err != nil {
		return nil, fmt.Errorf("image %q: %w", name, err)
	}
	img := &image{root: sub}
	if err := loadYAML(sub, "image.yaml", img); err != nil {
		return nil, fmt.Errorf("image %q: %w", name, err)
	}
	return img, nil
}

// baseDirs are in every image, with their modes.
var baseDirs = []string{
	"/bin:", "/sbin:", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/lib", "/usr/share", "/etc", "/etc/default",
	"/etc/cron.d", "/root 0700", "/home", "/opt", "/srv", "/mnt", "/proc", "/sys", "/run", "/dev", "/tmp 1777", "/var/tmp 1777",
	"/var/log", "/var/lib", "/var/cache", "/var/spool/cron/crontabs", "/var/lib/sandbox 0700", "/lib:",
}

// install copies the image into an empty tree.
func (h *Host) install(img *image) error {
	root := h.tree.Root()
	for _, d := range append(slices.Clone(baseDirs), img.Dirs...) {
		if link, ok := strings.CutSuffix(d, ":"); ok {
			if err := root.Symlink("usr"+link, link); err != nil {
				return err
			}
			continue
		}
		if err := h.makeDir(d); err != nil {
			return err
		}
	}
	for _, dev := range []string{"null", "zero", "full", "urandom", "random", "tty"} {
		if err := root.Device("/dev/"+dev, 0o666); err != nil {
			return err
		}
	}
	if err := errors.Join(h.writeBase(img), h.installSoftware(img)); err != nil {
		return err
	}
	if err := copyFS(root, img.root, "files", "/", nil); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, c := range img.Copy {
		if err := h.copyEntry(c); err != nil {
			return err
		}
	}
	for _, g := range img.Git {
		if err := h.buildRepository(g); err != nil {
			return err
		}
	}
	for link, target := range img.Links {
		if err := errors.Join(root.MkdirAll(path.Dir(link), 0o755), root.Symlink(target, link)); err != nil {
			return err
		}
	}
	if dir := img.Certificates; dir != "" {
		err := errors.Join(root.MkdirAll(dir+"/private_keys", 0o750), root.MkdirAll(dir+"/certs", 0o755), puppet.Certify(root, dir, h.FQDN()))
		if err != nil {
			return err
		}
	}
	for p, spec := range img.Modes {
		if err := h.setMode(p, spec); err != nil {
			return err
		}
	}
	return nil
}

func (h *Host) makeDir(spec string) error {
	f := strings.Fields(spec)
	root := h.tree.Root()
	if err := root.MkdirAll(f[0], 0o755); err != nil {
		return err
	}
	if len(f) == 1 {
		return nil
	}
	return h.setMode(f[0], strings.Join(f[1:], " "))
}

// setMode applies "mode [owner]".
func (h *Host) setMode(p, spec string) error {
	f := strings.Fields(spec)
	if len(f) == 0 {
		return fmt.Errorf("mode of %s: empty", p)
	}
	n, err := strconv.ParseUint(f[0], 8, 16)
	if err != nil {
		return fmt.Errorf("mode of %s: %q", p, f[0])
	}
	mode := fs.FileMode(n & 0o777)
	if n&0o1000 != 0 {
		mode |= fs.ModeSticky
	}
	root := h.tree.Root()
	if err := root.Chmod(p, mode); err != nil {
		return err
	}
	if len(f) > 1 {
		user, group, _ := strings.Cut(f[1], ":")
		a := bin.LookupUser(root, user)
		gid := a.GID
		if group != "" {
			gid = bin.LookupGroup(root, group)
		}
		return root.Chown(p, a.UID, gid)
	}
	return nil
}

// writeBase writes the files that describe the machine and its users.
func (h *Host) writeBase(img *image) error {
	root := h.tree.Root()
	users := append([]imageUser{{Name: "root", Home: "/root", Shell: "/bin/bash", Gecos: "root"}}, img.Users...)
	next := 1000
	for name := range h.cfg.Users {
		if !slices.ContainsFunc(users, func(u imageUser) bool { return u.Name == name }) {
			users = append(users, imageUser{Name: name})
		}
	}
	var passwd, group strings.Builder
	for _, u := range users {
		if u.Name != "root" && u.UID == 0 {
			u.UID = next
			next++
		}
		if u.Home == "" {
			u.Home = "/home/" + u.Name
		}
		if u.Shell == "" {
			u.Shell = "/bin/bash"
		}
		fmt.Fprintf(&passwd, "%s:x:%d:%d:%s:%s:%s\n", u.Name, u.UID, u.UID, u.Gecos, u.Home, u.Shell)
		fmt.Fprintf(&group, "%s:x:%d:\n", u.Name, u.UID)
		if strings.HasSuffix(u.Shell, "sh") {
			if err := errors.Join(root.MkdirAll(u.Home, 0o755), root.Chown(u.Home, u.UID, u.UID)); err != nil {
				return err
			}
		}
	}
	hosts := "127.0.0.1 localhost\n"
	if h.cfg.Address.IsValid() {
		hosts += "127.0.1.1 " + h.FQDN() + " " + h.name + "\n"
	} else {
		hosts += "127.0.1.1 " + h.name + "\n"
	}
	for _, l := range img.Hosts {
		hosts += l + "\n"
	}
	hosts += "\n# The following lines are desirable for IPv6 capable hosts\n::1 localhost ip6-localhost ip6-loopback\n"
	osName := img.OS
	if osName == "" {
		osName = "Ubuntu 14.04.6 LTS"
	}
	id, _, _ := strings.Cut(osName, " ")
	release := fmt.Sprintf("NAME=%q\nID=%s\nPRETTY_NAME=%q\n", id, strings.ToLower(id), osName)
	files := map[string]string{
		"/etc/passwd": passwd.String(), "/etc/group": group.String(), "/etc/hosts": hosts, "/etc/hostname": h.name + "\n",
		"/etc/os-release": release, "/etc/issue": osName + " \\n \\l\n", "/etc/resolv.conf": "nameserver 127.0.0.53\n",
		"/var/log/syslog": "", "/var/log/auth.log": "", stateDir + "/kernel": img.Kernel, stateDir + "/start.json": "",
	}
	for p, text := range files {
		if err := root.WriteFile(p, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (h *Host) copyEntry(c imageCopy) error {
	if h.cfg.Workshop == nil {
		return nil
	}
	err := copyFS(h.tree.Root(), h.cfg.Workshop, c.From, c.To, nil)
	if err != nil {
		if c.Optional && errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return fmt.Errorf("copy %s: %w", c.From, err)
	}
	if c.Mode != "" {
		return h.setMode(c.To, c.Mode)
	}
	return nil
}

// buildRepository makes the git repository of a git: entry.
func (h *Host) buildRepository(g imageGit) error {
	if h.cfg.Workshop == nil {
		return nil
	}
	branches := g.Order
	if len(branches) == 0 {
		list, err := fs.ReadDir(h.cfg.Workshop, g.Branches)
		if err != nil {
			return fmt.Errorf("repository %s: %w", g.To, err)
		}
		for _, e := range list {
			if e.IsDir() {
				branches = append(branches, e.Name())
			}
		}
	}
	name, mail, _ := strings.Cut(strings.TrimSuffix(g.Author, ">"), " <")
	b := gitcmd.Builder{View: h.tree.Root(), Dir: g.To, Name: name, Mail: mail, When: h.cfg.Now(), Links: g.Links}
	for i, branch := range branches {
		var files []gitcmd.Source
		if g.Shared != "" {
			files = append(files, gitcmd.Source{FS: h.cfg.Workshop, Dir: g.Shared, To: path.Base(g.Shared)})
		}
		files = append(files, gitcmd.Source{FS: h.cfg.Workshop, Dir: path.Join(g.Branches, branch)})
		message := branch
		if i < len(g.Messages) {
			message = g.Messages[i]
		}
		if err := b.Branch(branch, message, files); err != nil {
			return fmt.Errorf("repository %s: branch %s: %w", g.To, branch, err)
		}
	}
	if g.Checkout == "" && len(branches) > 0 {
		g.Checkout = branches[0]
	}
	if err := b.Checkout(g.Checkout); err != nil {
		return fmt.Errorf("repository %s: %w", g.To, err)
	}
	return nil
}
