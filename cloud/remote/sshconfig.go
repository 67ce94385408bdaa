package remote

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/kevinburke/ssh_config"
)

// SSHConfig is what the person's ssh_config(5) files say. Understood are HostName, User, Port,
// IdentityFile, IdentitiesOnly, IdentityAgent none, ProxyJump, HostKeyAlias and UserKnownHostsFile,
// under Host, Match host, Match all and Include. A nil SSHConfig says nothing about any host.
type SSHConfig struct{ files []*ssh_config.Config }

// LoadSSHConfig reads configuration files; the first file that has a value wins. Without paths they
// are ~/.ssh/config and /etc/ssh/ssh_config. Missing files are fine. An unreadable one is reported,
// and what the others say is returned with the error.
func LoadSSHConfig(paths ...string) (*SSHConfig, error) {
	if len(paths) == 0 {
		paths = []string{"~/.ssh/config", "/etc/ssh/ssh_config"}
	}
	c := &SSHConfig{}
	var errs []error
	for _, path := range paths {
		data, err := os.ReadFile(expandHome(path))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			var file *ssh_config.Config
			if file, err = ssh_config.DecodeBytes(data); err == nil {
				c.files = append(c.files, file)
				continue
			}
			err = fmt.Errorf("%s: %w", path, err)
		}
		errs = append(errs, fmt.Errorf("read ssh configuration: %w", err))
	}
	return c, errors.Join(errs...)
}

// get returns the first value of key for the alias, or "".
func (c *SSHConfig) get(alias, key string) string {
	if all := c.all(alias, key); len(all) > 0 {
		return all[0]
	}
	return ""
}

func (c *SSHConfig) all(alias, key string) []string {
	var all []string
	if c == nil {
		return nil
	}
	for _, file := range c.files {
		// The error is about an Include that could not be read when the file was parsed; there is
		// nothing more to say about it here.
		values, _ := file.GetAll(alias, key)
		for _, v := range values {
			all = append(all, strings.Trim(strings.TrimSpace(v), `"`))
		}
	}
	return all
}

// maxJumps bounds a ProxyJump that leads in circles.
const maxJumps = 8

// Chain is the way to alias as ssh alias would take it: the hops of its ProxyJump, then itself.
func (c *SSHConfig) Chain(alias string) ([]Hop, error) {
	legs, err := c.lookup(Hop{Host: alias}, true, 0)
	if err != nil {
		return nil, hopError(Hop{Host: alias}, err)
	}
	var hops []Hop
	for _, l := range legs {
		hops = append(hops, l.Hop)
	}
	return hops, nil
}

// lookup completes a hop from the configuration, and puts its ProxyJump hops before it when it is
// the first of its chain.
func (c *SSHConfig) lookup(h Hop, first bool, depth int) ([]leg, error) {
	alias := h.Host
	l := leg{Hop: h}
	if h.User == "" {
		l.User = c.get(alias, "User")
	}
	if h.Port == 0 {
		if s := c.get(alias, "Port"); s != "" {
			n, err := strconv.Atoi(s)
			if err != nil {
				return nil, fmt.Errorf("%w: ssh configuration of %s: port %q", ErrBadHop, alias, s)
			}
			l.Port = n
		}
	}
	if name := c.get(alias, "HostName"); name != "" {
		l.Host = strings.NewReplacer("%%", "%", "%h", alias).Replace(name)
	}
	if l.Name == "" {
		l.Name = alias
	}
	if l.User == "" {
		l.User = localUser()
	}
	if c != nil {
		c.lookupTrust(alias, &l)
	}
	jump := c.get(alias, "ProxyJump")
	if !first || jump == "" || strings.EqualFold(jump, "none") {
		return []leg{l}, nil
	}
	if depth++; depth > maxJumps {
		return nil, fmt.Errorf("%w: ProxyJump of %s goes through more than %d hosts", ErrBadHop, alias, maxJumps)
	}
	var way []leg
	for i, spec := range strings.Split(jump, ",") {
		hop, err := parseJump(strings.TrimSpace(spec))
		if err != nil {
			return nil, err
		}
		legs, err := c.lookup(hop, i == 0, depth)
		if err != nil {
			return nil, err
		}
		way = append(way, legs...)
	}
	return append(way, l), nil
}

// lookupTrust adds the keys and the known_hosts settings of alias.
func (c *SSHConfig) lookupTrust(alias string, l *leg) {
	expand := strings.NewReplacer("%%", "%", "%d", homeDir(), "%h", l.Host, "%n", alias,
		"%p", strconv.Itoa(l.port()), "%r", l.User, "%u", localUser())
	for _, f := range c.all(alias, "IdentityFile") {
		if !strings.EqualFold(f, "none") {
			l.KeyFiles = append(l.KeyFiles[:len(l.KeyFiles):len(l.KeyFiles)], expand.Replace(f))
		}
	}
	l.onlyFiles = strings.EqualFold(c.get(alias, "IdentitiesOnly"), "yes")
	if strings.EqualFold(c.get(alias, "IdentityAgent"), "none") {
		l.NoAgent = true
	}
	if a := c.get(alias, "HostKeyAlias"); a != "" {
		l.alias = net.JoinHostPort(a, "22") // ssh_config(5): the alias stands without a port
	}
	for _, f := range strings.Fields(c.get(alias, "UserKnownHostsFile")) {
		if f = expand.Replace(f); !strings.EqualFold(f, "none") && f != os.DevNull {
			l.knownFiles = append(l.knownFiles, f)
		}
	}
}

// parseJump reads one ProxyJump word: [user@]host[:port] or ssh://[user@]host[:port].
func parseJump(spec string) (Hop, error) {
	s := strings.TrimSuffix(strings.TrimPrefix(spec, "ssh://"), "/")
	var h Hop
	if i := strings.LastIndex(s, "@"); i >= 0 {
		h.User, s = s[:i], s[i+1:]
	}
	h.Host = strings.Trim(s, "[]")
	if host, port, err := net.SplitHostPort(s); err == nil {
		n, err := strconv.Atoi(port)
		if err != nil || n < 1 {
			return Hop{}, fmt.Errorf("%w: ProxyJump %q: port %q", ErrBadHop, spec, port)
		}
		h.Host, h.Port = host, n
	}
	if err := h.check(); err != nil {
		return Hop{}, fmt.Errorf("ProxyJump %q: %w", spec, err)
	}
	return h, nil
}

// resolve completes a chain and gives each hop its place in it.
func (c *Client) resolve(chain []Hop) ([]leg, error) {
	if len(chain) == 0 {
		return nil, fmt.Errorf("%w: empty chain", ErrBadHop)
	}
	var legs []leg
	for i, h := range chain {
		if err := h.check(); err != nil {
			return nil, hopError(h, err)
		}
		more, err := c.o.SSHConfig.lookup(h, i == 0, 0)
		if err != nil {
			return nil, hopError(h, err)
		}
		legs = append(legs, more...)
	}
	return route(legs)
}

// DefaultKeyFiles are the private keys ssh(1) offers when nothing else is said, those that exist.
func DefaultKeyFiles() []string {
	var files []string
	for _, name := range []string{"id_ed25519", "id_ecdsa", "id_rsa"} {
		path := filepath.Join(homeDir(), ".ssh", name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			files = append(files, path)
		}
	}
	return files
}

func homeDir() string {
	home, err := os.UserHomeDir()
	if err != nil {
		return "."
	}
	return home
}

func expandHome(path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		return filepath.Join(homeDir(), rest)
	}
	return path
}

// localUser is the login name without a Windows domain.
func localUser() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username[strings.LastIndexByte(u.Username, '\\')+1:]
}
