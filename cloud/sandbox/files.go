package sandbox

import (
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/netip"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// The files that let other programs use the sandbox.
const (
	openrcFile     = "openrc"
	cloudsFile     = "clouds.yaml"
	sshConfigFile  = "ssh_config"
	knownHostsFile = "known_hosts"
)

// OpenRC is a shell script that sets the OS_ variables, for the openstack and nova commands.
func (s *Sandbox) OpenRC() string {
	id := s.world.file.Identity
	var b strings.Builder
	for _, v := range [][2]string{
		{"OS_AUTH_URL", s.AuthURL()},
		{"OS_IDENTITY_API_VERSION", "3"},
		{"OS_USERNAME", id.User},
		{"OS_PASSWORD", id.Password},
		{"OS_PROJECT_NAME", id.Project},
		{"OS_TENANT_NAME", id.Project},
		{"OS_USER_DOMAIN_NAME", id.Domain},
		{"OS_PROJECT_DOMAIN_NAME", id.Domain},
		{"OS_REGION_NAME", id.Region},
	} {
		fmt.Fprintf(&b, "export %s=%s\n", v[0], shellQuote(v[1]))
	}
	return b.String()
}

// shellQuote quotes a value for a POSIX shell, unless it needs none.
func shellQuote(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./:@%+,", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// CloudsYAML is the same as a clouds.yaml, with one cloud named sandbox.
func (s *Sandbox) CloudsYAML() string {
	id := s.world.file.Identity
	return fmt.Sprintf(`clouds:
  sandbox:
    auth:
      auth_url: %q
      username: %q
      password: %q
      project_name: %q
      user_domain_name: %q
      project_domain_name: %q
    region_name: %q
    identity_api_version: "3"
`, s.AuthURL(), id.User, id.Password, id.Project, id.Domain, id.Domain, id.Region)
}

// SSHConfig is a configuration for OpenSSH: jumphost, inception-01 and so on, and the servers by
// their addresses. Host keys are remembered in the state folder's known_hosts, when there is one.
func (s *Sandbox) SSHConfig() string {
	if s.world.store.dir == "" {
		return s.sshConfig("")
	}
	return s.sshConfig(filepath.Join(s.world.store.dir, knownHostsFile))
}

// sshConfig is SSHConfig with a known_hosts file of its own; "" is the user's.
func (s *Sandbox) sshConfig(known string) string {
	file, at := s.world.file, s.front.listener.Addr().(*net.TCPAddr)
	user, _ := account(file.Hosts.Jumphost.Users)
	var b strings.Builder
	fmt.Fprintf(&b, "Host %s\n  HostName %s\n  Port %d\n  User %s\n  HostKeyAlias %s\n\n",
		file.Hosts.Jumphost.Name, at.IP, at.Port, user, file.Hosts.Jumphost.Name)
	c := file.Hosts.Container
	user, _ = account(c.Users)
	for seat := 1; seat <= s.opts.Seats; seat++ {
		name := fmt.Sprintf("%s-%02d", c.Name, seat)
		fmt.Fprintf(&b, "Host %s\n  HostName 127.0.0.1\n  Port %d\n  User %s\n  HostKeyAlias %s\n  ProxyJump %s\n\n",
			name, c.Port+seat, user, name, file.Hosts.Jumphost.Name)
	}
	user, _ = account(file.Servers.Users)
	for _, n := range file.Networks {
		fmt.Fprintf(&b, "# servers, by address, through the first seat\nHost %s\n  User %s\n  ProxyJump %s-01\n\n",
			addressPattern(n.CIDR), user, c.Name)
	}
	if known != "" {
		fmt.Fprintf(&b, "Host *\n  UserKnownHostsFile \"%s\"\n  StrictHostKeyChecking accept-new\n", filepath.ToSlash(known))
	}
	return b.String()
}

// addressPattern is the pattern of ssh_config for the addresses of an IPv4 network, or a wider one:
// patterns end at dots.
func addressPattern(p netip.Prefix) string {
	if !p.Addr().Is4() {
		return p.Masked().Addr().String() + "*"
	}
	parts := strings.Split(p.Masked().Addr().String(), ".")
	kept := p.Bits() / 8
	if kept >= 4 {
		return strings.Join(parts, ".")
	}
	return strings.Join(append(parts[:kept:kept], "*"), ".")
}

// WriteFiles writes ssh_config, clouds.yaml and openrc into a folder, readable by the owner only; the
// openrc last, so that who waits for it finds them all. The known_hosts beside them is left as it is
// when there is one.
func (s *Sandbox) WriteFiles(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("write sandbox files: %w", err)
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("write sandbox files: %w", err)
	}
	known := filepath.Join(abs, knownHostsFile)
	if f, err := os.OpenFile(known, os.O_CREATE|os.O_WRONLY, 0o600); err != nil {
		return fmt.Errorf("write sandbox files: %w", err)
	} else if err := f.Close(); err != nil {
		return fmt.Errorf("write sandbox files: %w", err)
	}
	for _, f := range []struct{ name, text string }{
		{sshConfigFile, s.sshConfig(known)}, {cloudsFile, s.CloudsYAML()}, {openrcFile, s.OpenRC()},
	} {
		if err := writeFile(filepath.Join(abs, f.name), []byte(f.text)); err != nil {
			return fmt.Errorf("write sandbox files: %w", err)
		}
	}
	return nil
}

// Beside are the [Sandbox.Params] of a sandbox that another program runs and keeps in a folder, as far as
// its files there tell them: those of the world's own file, and where its jumphost listens. The error
// matches [fs.ErrNotExist] when no sandbox ever ran there; one that has ended leaves its files behind.
func Beside(dir string, workshop fs.FS, world string) (map[string]string, error) {
	params, err := WorldParams(workshop, world)
	if err != nil {
		return nil, err
	}
	file, err := os.Open(filepath.Join(dir, sshConfigFile))
	if err != nil {
		return nil, fmt.Errorf("read sandbox files: %w", err)
	}
	defer file.Close()
	in := bufio.NewScanner(io.LimitReader(file, 1<<20))
	found := map[string]string{}
	for in.Scan() && len(found) < 2 { // the jumphost comes first, see sshConfig
		switch f := strings.Fields(in.Text()); {
		case len(f) != 2:
		case f[0] == "HostName" && net.ParseIP(f[1]) != nil:
			found["sandbox.ssh.host"] = f[1]
		case f[0] == "Port":
			if _, err := strconv.ParseUint(f[1], 10, 16); err == nil {
				found["sandbox.ssh.port"] = f[1]
			}
		}
	}
	if err := in.Err(); err != nil {
		return nil, fmt.Errorf("read sandbox files: %w", err)
	}
	if len(found) < 2 {
		return nil, fmt.Errorf("read sandbox files: %s does not say where the jumphost is", file.Name())
	}
	maps.Copy(params, found)
	return params, nil
}

// containerFiles is what a seat finds in its container: the openrc, which follows the ports, and
// the workshop's user-data, which is the participant's to edit and so is written only once.
func (s *Sandbox) containerFiles(int) (once, always map[string][]byte) {
	c := s.world.file.Hosts.Container
	once, always = map[string][]byte{}, map[string][]byte{path.Join(c.Home, openrcFile): []byte(s.OpenRC())}
	for name, src := range c.Files {
		data, err := fs.ReadFile(s.opts.Workshop, src)
		if err != nil {
			s.world.store.complain(fmt.Errorf("container file %s: %w", name, err))
			continue
		}
		once[path.Join(c.Home, name)] = data
	}
	return once, always
}
