package host

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
	"golang.org/x/crypto/ssh"

	"matou/cloud/sandbox/host/bin"
	"matou/cloud/sandbox/host/shell"
	"matou/cloud/sandbox/host/tree"
)

// cloudConfig is the subset of #cloud-config (cloud-init's documentation, "Module reference") that
// a workshop's user-data uses. Unknown keys are left alone, as cloud-init leaves them.
type cloudConfig struct {
	Hostname   string      `yaml:"hostname"`
	Password   string      `yaml:"password"`
	Keys       []string    `yaml:"ssh_authorized_keys"`
	Packages   []yaml.Node `yaml:"packages"`
	WriteFiles []cloudFile `yaml:"write_files"`
	Bootcmd    []yaml.Node `yaml:"bootcmd"`
	Runcmd     []yaml.Node `yaml:"runcmd"`
	Chpasswd   yaml.Node   `yaml:"chpasswd"`
	Users      []yaml.Node `yaml:"users"`
}

type cloudFile struct {
	Path        string `yaml:"path"`
	Content     string `yaml:"content"`
	Encoding    string `yaml:"encoding"`
	Permissions string `yaml:"permissions"`
	Owner       string `yaml:"owner"`
	Append      bool   `yaml:"append"`
	Defer       bool   `yaml:"defer"`
}

const cloudLog = "/var/log/cloud-init-output.log"

// parseCloudConfig reads a #cloud-config. What can't be read is an error; the rest of it counts.
func parseCloudConfig(data []byte) (*cloudConfig, error) {
	c := &cloudConfig{}
	if err := yaml.Unmarshal(data, c); err != nil {
		return c, fmt.Errorf("parse user-data: %w", err)
	}
	return c, nil
}

// passwords answers the passwords that user-data sets: for "" the first user.
func (c *cloudConfig) passwords() map[string]string {
	out := map[string]string{}
	if c.Password != "" {
		out[""] = c.Password
	}
	var v struct {
		List  yaml.Node `yaml:"list"`
		Users []struct {
			Name     string `yaml:"name"`
			Password string `yaml:"password"`
			Type     string `yaml:"type"`
		} `yaml:"users"`
	}
	if c.Chpasswd.Decode(&v) != nil {
		return out
	}
	for _, u := range v.Users {
		if u.Type != "hash" && u.Type != "RANDOM" {
			out[u.Name] = u.Password
		}
	}
	var lines []string
	if v.List.Kind == yaml.SequenceNode {
		_ = v.List.Decode(&lines)
	} else {
		lines = strings.Split(v.List.Value, "\n")
	}
	for _, l := range lines {
		if name, password, ok := strings.Cut(strings.TrimSpace(l), ":"); ok {
			out[name] = password
		}
	}
	return out
}

// data decodes the content of a file.
func (f cloudFile) data() ([]byte, error) {
	content := []byte(f.Content)
	enc := strings.ToLower(f.Encoding)
	if strings.Contains(enc, "b64") || strings.Contains(enc, "base64") {
		var err error
		if content, err = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(f.Content), "")); err != nil {
			return nil, fmt.Errorf("write_files %s: %w", f.Path, err)
		}
	}
	if strings.HasPrefix(enc, "gz") {
		z, err := gzip.NewReader(bytes.NewReader(content))
		if err != nil {
			return nil, fmt.Errorf("write_files %s: %w", f.Path, err)
		}
		if content, err = io.ReadAll(io.LimitReader(z, 64<<20)); err != nil {
			return nil, fmt.Errorf("write_files %s: %w", f.Path, err)
		}
	}
	return content, nil
}

// script answers the commands of a runcmd or bootcmd as lines of a shell.
func script(items []yaml.Node) []string {
	var lines []string
	for _, n := range items {
		switch n.Kind {
		case yaml.ScalarNode:
			lines = append(lines, n.Value)
		case yaml.SequenceNode:
			var words []string
			for _, w := range n.Content {
				words = append(words, "'"+strings.ReplaceAll(w.Value, "'", `'\''`)+"'")
			}
			lines = append(lines, strings.Join(words, " "))
		}
	}
	return lines
}

// bootMessages prints what a booting machine does, and logs it.
func (h *Host) bootMessages() {
	h.printConsole("[    0.000000] Linux version %s (buildd@lcy01) (gcc version 4.8.4)\n", h.kernel())
	h.printConsole("[    0.412377] ACPI: Power Button [PWRF]\n[    1.204331] EXT4-fs (vda1): mounted filesystem with ordered data mode\n")
}

// initCloud is cloud-init: its console output at each boot, its modules at the first.
func (h *Host) initCloud() {
	h.mu.Lock()
	first := !h.state.Cloud
	h.mu.Unlock()
	config := &cloudConfig{}
	data := bytes.TrimPrefix(h.cfg.UserData, []byte("\ufeff"))
	var bad error
	if bytes.HasPrefix(data, []byte("#cloud-config")) {
		config, bad = parseCloudConfig(data)
	}
	// Passwords are never written down, so they are set again at each boot.
	h.setPasswords(config.passwords())
	h.printConsole("[    3.518222] cloud-init[%d]: Cloud-init v. 22.4.2 running 'init' at %s. Up 3.52 seconds.\n", 412, h.cfg.Now().UTC().Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	h.printFingerprints()
	h.printConsole("\n%s login: ", h.Hostname())
	if !first {
		h.saveState()
		return
	}
	h.saveState()
	h.goFunc(func() {
		if h.cfg.Up != nil {
			select {
			case <-h.cfg.Up:
			case <-h.ctx.Done():
				return
			}
		}
		h.firstBoot(h.ctx, config, data, bad)
	})
}

func (h *Host) setPasswords(list map[string]string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for user, p := range list {
		if user == "" {
			for u := range h.cfg.Users {
				h.passwords[u] = p
			}
			continue
		}
		h.passwords[user] = p
	}
}

// printFingerprints prints cloud-init's block, which people compare a host key with.
func (h *Host) printFingerprints() {
	key := h.signer.PublicKey()
	h.printConsole("ci-info: no authorized SSH keys fingerprints found for user root.\n"+
		"<14>%s ec2: \n<14>ec2: #############################################################\n"+
		"<14>ec2: -----BEGIN SSH HOST KEY FINGERPRINTS-----\n<14>ec2: 256 %s root@%s (ED25519)\n"+
		"<14>ec2: -----END SSH HOST KEY FINGERPRINTS-----\n<14>ec2: #############################################################\n"+
		"-----BEGIN SSH HOST KEY KEYS-----\n%s root@%s\n-----END SSH HOST KEY KEYS-----\n",
		h.cfg.Now().UTC().Format("Jan _2 15:04:05"), ssh.FingerprintSHA256(key), h.Hostname(),
		strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))), h.Hostname())
}

// firstBoot applies user-data, in the order of cloud-init's modules.
func (h *Host) firstBoot(ctx context.Context, c *cloudConfig, data []byte, bad error) {
	out := &cloudWriter{host: h}
	say := func(format string, args ...any) { fmt.Fprintf(out, format+"\n", args...) }
	say("Cloud-init v. 22.4.2 running 'init'")
	if bad != nil {
		say("util.py[WARNING]: Failed loading yaml blob. %v", bad)
	}
	if strings.HasPrefix(string(data), "#!") {
		h.runFirst(ctx, out, string(data))
	}
	for _, l := range script(c.Bootcmd) {
		h.runFirst(ctx, out, l)
	}
	if c.Hostname != "" {
		h.setHostname(c.Hostname)
	}
	for _, f := range c.WriteFiles {
		if err := h.writeCloudFile(f); err != nil {
			say("util.py[WARNING]: %v", err)
		}
	}
	for _, key := range c.Keys {
		for user := range h.cfg.Users {
			if err := h.authorize(user, key); err != nil {
				say("util.py[WARNING]: %v", err)
			}
		}
	}
	for _, n := range c.Packages {
		name := n.Value
		if n.Kind == yaml.SequenceNode && len(n.Content) > 0 {
			name = n.Content[0].Value
		}
		if err := h.Install(ctx, name, out); err != nil {
			say("E: %v", err)
		}
	}
	if lines := script(c.Runcmd); len(lines) > 0 {
		say("Cloud-init v. 22.4.2 running 'modules:final'")
		h.runFirst(ctx, out, strings.Join(lines, "\n"))
	}
	if ctx.Err() != nil {
		return // the sandbox ended meanwhile: when it comes back, it begins anew
	}
	say("Cloud-init v. 22.4.2 finished. Datasource DataSourceOpenStackLocal [net,ver=2].")
	h.update(func(s *state) { s.Cloud = true })
}

// runFirst runs a script as root, from /.
func (h *Host) runFirst(ctx context.Context, out io.Writer, text string) {
	s := h.session("root")
	s.prefix = "/var/lib/cloud/instance/scripts/runcmd"
	sh, err := s.newShell(shell.Config{Dir: "/", Stdout: out, Stderr: out, Prefix: s.prefix})
	if err != nil {
		fmt.Fprintln(out, err)
		return
	}
	defer sh.Close()
	if code, _ := sh.Run(ctx, text, false); code != 0 && ctx.Err() == nil {
		fmt.Fprintf(out, "cc_scripts_user.py[WARNING]: Failed to run module scripts-user (exit status %d)\n", code)
	}
}

func (h *Host) writeCloudFile(f cloudFile) error {
	data, err := f.data()
	if err != nil {
		return err
	}
	if f.Path == "" {
		return errors.New("write_files: an entry without a path")
	}
	root, p := h.tree.Root(), tree.Clean("/", f.Path)
	mode := fs.FileMode(0o644)
	if f.Permissions != "" {
		n, err := strconv.ParseUint(strings.TrimPrefix(f.Permissions, "0o"), 8, 16)
		if err != nil {
			return fmt.Errorf("write_files %s: permissions %q", f.Path, f.Permissions)
		}
		mode = fs.FileMode(n & 0o777)
	}
	put := root.WriteFile
	if f.Append {
		put = root.AppendFile
	}
	if err := errors.Join(root.MkdirAll(path.Dir(p), 0o755), put(p, data, mode), root.Chmod(p, mode)); err != nil {
		return fmt.Errorf("write_files: %w", err)
	}
	if user, group, _ := strings.Cut(f.Owner, ":"); user != "" {
		a := bin.LookupUser(root, user)
		gid := bin.LookupGroup(root, group)
		if err := root.Chown(p, a.UID, gid); err != nil {
			return fmt.Errorf("write_files: %w", err)
		}
	}
	return nil
}

// cloudWriter is where cloud-init's output goes: its log, syslog and the console.
type cloudWriter struct {
	host *Host
	part []byte
}

func (w *cloudWriter) Write(b []byte) (int, error) {
	root := w.host.tree.Root()
	_ = root.AppendFile(cloudLog, b, 0o640) // a full disk loses output, as everywhere
	w.part = append(w.part, b...)
	for {
		line, rest, ok := bytes.Cut(w.part, []byte("\n"))
		if !ok {
			break
		}
		w.host.Log("cloud-init", string(line))
		w.host.printConsole("[   12.000000] cloud-init[611]: %s\n", printable(string(line)))
		w.part = rest
	}
	if len(w.part) > 4096 {
		w.part = nil
	}
	return len(b), nil
}

func cloudInitProgram(ctx context.Context, p *Process) int {
	if len(p.Args) < 2 || p.Args[1] != "status" {
		return p.Fail(2, "only 'cloud-init status [--wait]' works here")
	}
	log := func() bool {
		data, err := p.FS.Tree().Root().ReadFile(cloudLog)
		return err == nil && strings.Contains(string(data), " finished. ")
	}
	if len(p.Args) > 2 && p.Args[2] == "--wait" {
		w := p.FS.Watch(cloudLog)
		defer w.Close()
		for !log() {
			select {
			case <-ctx.Done():
				return 130
			case <-w.C:
			}
		}
	}
	if log() {
		p.printf("status: done\n")
	} else {
		p.printf("status: running\n")
	}
	return 0
}
