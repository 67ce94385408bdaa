// Package cloudinit turns a server's user data into files and two shell scripts, which the server's
// own init runs: what cloud-init does on a real cloud, in the part that workshops use.
//
// [Parse] reads a cloud-config (https://cloudinit.readthedocs.io/en/latest/reference/modules.html)
// or a script that begins with "#!", either of them gzipped or not. Of a cloud-config it knows
// bootcmd, write_files, runcmd, packages, chpasswd, password, ssh_pwauth, ssh_authorized_keys,
// hostname and final_message; what it does not know is said on the server's console, not passed
// over in silence.
//
// [Plan.Files] are written before the server starts. Early runs at every boot, before any service;
// Late runs once, after them. The order of the parts is cloud-init's.
package cloudinit

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Limits of what is read. Nova takes 64 KiB of user data; what is packed in it may be larger.
const (
	maxData = 1 << 20
	maxFile = 16 << 20
	maxList = 1000
)

// Dir is where the scripts live on the server.
const Dir = "/var/lib/cloud/instance"

// ErrTooLarge says that something in the user data is beyond its limit.
var ErrTooLarge = errors.New("too large")

// Plan is what user data comes to.
type Plan struct {
	Hostname string            // "" when the user data names none
	Files    map[string][]byte // path below [Dir] -> content
	Early    string            // shell script, for every boot, before the services
	Late     string            // shell script, once, after them
	Warnings []string          // what was not understood, one sentence each
}

// config is the part of a cloud-config that is done.
type config struct {
	Hostname     string   `yaml:"hostname"`
	FQDN         string   `yaml:"fqdn"`
	BootCmd      []any    `yaml:"bootcmd"`
	RunCmd       []any    `yaml:"runcmd"`
	Packages     []any    `yaml:"packages"`
	Password     string   `yaml:"password"`
	PwAuth       any      `yaml:"ssh_pwauth"`
	Keys         []string `yaml:"ssh_authorized_keys"`
	FinalMessage string   `yaml:"final_message"`
	ChPasswd     struct {
		Expire any    `yaml:"expire"`
		List   any    `yaml:"list"`
		Users  []user `yaml:"users"`
	} `yaml:"chpasswd"`
	WriteFiles []file `yaml:"write_files"`
}

type user struct {
	Name     string `yaml:"name"`
	Password string `yaml:"password"`
	Type     string `yaml:"type"` // text, hash; RANDOM is not done
}

type file struct {
	Path        string `yaml:"path"`
	Content     string `yaml:"content"`
	Encoding    string `yaml:"encoding"`
	Owner       string `yaml:"owner"`
	Permissions any    `yaml:"permissions"`
	Append      bool   `yaml:"append"`
	Defer       bool   `yaml:"defer"`
}

// known are the keys that need no warning: those done, and those that say what is so anyway.
var known = []string{
	"hostname", "fqdn", "bootcmd", "runcmd", "packages", "password", "ssh_pwauth", "ssh_authorized_keys", "final_message",
	"chpasswd", "write_files", "disable_root", "manage_etc_hosts", "preserve_hostname", "package_update", "package_upgrade",
	"timezone", "locale",
}

// Parse reads user data. Empty user data is an empty plan. The error says what can't be read at all;
// what is read but not done is in [Plan.Warnings].
func Parse(data []byte) (*Plan, error) {
	if len(data) > maxData {
		return nil, fmt.Errorf("parse user data: %w: %d bytes", ErrTooLarge, len(data))
	}
	if bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		var err error
		if data, err = unzip(data, maxData); err != nil {
			return nil, fmt.Errorf("parse user data: %w", err)
		}
	}
	p := &Plan{Files: map[string][]byte{}}
	first, _, _ := bytes.Cut(data, []byte("\n"))
	switch head := strings.TrimSpace(string(first)); {
	case len(bytes.TrimSpace(data)) == 0:
		return p, nil
	case strings.HasPrefix(head, "#!"):
		p.Files["script"] = data
		p.Early = "#!/bin/sh\nexit 0\n"
		p.Late = "#!/bin/sh\n" + Dir + "/script\n" + finish("")
	case head == "#cloud-config":
		if err := p.config(data); err != nil {
			return nil, fmt.Errorf("parse user data: %w", err)
		}
	default:
		p.Warnings = append(p.Warnings, fmt.Sprintf("user data that begins with %.40q is not run here", head))
	}
	p.Files["user-data.txt"] = data
	return p, nil
}

func (p *Plan) config(data []byte) error {
	var all map[string]any
	if err := yaml.Load(data, &all); err != nil {
		return err
	}
	for key := range all {
		if !slices.Contains(known, key) {
			p.Warnings = append(p.Warnings, fmt.Sprintf("%.60q of the user data is not done here", key))
		}
	}
	slices.Sort(p.Warnings)
	var c config
	if err := yaml.Load(data, &c); err != nil {
		return err
	}
	if len(c.BootCmd)+len(c.RunCmd)+len(c.WriteFiles)+len(c.Packages) > maxList {
		return fmt.Errorf("%w: more than %d commands and files", ErrTooLarge, maxList)
	}
	p.Hostname = c.Hostname
	if p.Hostname == "" {
		p.Hostname, _, _ = strings.Cut(c.FQDN, ".")
	}
	early, err := p.early(&c)
	if err != nil {
		return err
	}
	late, err := p.late(&c)
	if err != nil {
		return err
	}
	p.Early, p.Late = early, late
	return nil
}

// early is the part before the services: bootcmd at every boot, the rest at the first.
func (p *Plan) early(c *config) (string, error) {
	var b strings.Builder
	b.WriteString("#!/bin/sh\n")
	if err := commands(&b, "bootcmd", c.BootCmd); err != nil {
		return "", err
	}
	fmt.Fprintf(&b, "[ ! -e %[1]s/early.done ] || exit 0\n: >%[1]s/early.done\n", Dir)
	for _, w := range p.Warnings {
		fmt.Fprintf(&b, "echo %s\n", quote("cloud-init: "+w))
	}
	for i, f := range c.WriteFiles {
		if !f.Defer {
			if err := p.writeFile(&b, i, f); err != nil {
				return "", err
			}
		}
	}
	if len(c.Keys) > 0 {
		p.Files["keys"] = []byte(strings.Join(c.Keys, "\n") + "\n")
		fmt.Fprintf(&b, "mkdir -p -m 700 /root/.ssh\ncat %s/keys >>/root/.ssh/authorized_keys\nchmod 600 /root/.ssh/authorized_keys\n", Dir)
	}
	if on, said := truth(c.PwAuth); said {
		fmt.Fprintf(&b, "mkdir -p /etc/ssh/sshd_config.d\necho 'PasswordAuthentication %s' >/etc/ssh/sshd_config.d/50-cloud-init.conf\n",
			map[bool]string{true: "yes", false: "no"}[on])
	}
	passwords(&b, c)
	return b.String(), nil
}

// late is the part after the services.
func (p *Plan) late(c *config) (string, error) {
	var b strings.Builder
	b.WriteString("#!/bin/sh\nexport HOME=/root\n")
	var packages []string
	for _, v := range c.Packages {
		s, ok := v.(string)
		if !ok {
			return "", fmt.Errorf("packages: %v is no name", v)
		}
		packages = append(packages, quote(s))
	}
	if len(packages) > 0 {
		fmt.Fprintf(&b, "DEBIAN_FRONTEND=noninteractive apt-get -q -y install %s\n", strings.Join(packages, " "))
	}
	for i, f := range c.WriteFiles {
		if f.Defer {
			if err := p.writeFile(&b, i, f); err != nil {
				return "", err
			}
		}
	}
	if err := commands(&b, "runcmd", c.RunCmd); err != nil {
		return "", err
	}
	b.WriteString(finish(c.FinalMessage))
	return b.String(), nil
}

// finish is the last line that cloud-init says.
func finish(message string) string {
	if message != "" {
		return "echo " + quote(message) + "\n"
	}
	return `echo "Cloud-init finished at $(date -R). Up $(cut -d' ' -f1 /proc/uptime) seconds"` + "\n"
}

// commands appends commands, each in a shell of its own: one that fails, exits or changes the folder
// does nothing to the next.
func commands(b *strings.Builder, key string, list []any) error {
	for _, item := range list {
		switch v := item.(type) {
		case string:
			fmt.Fprintf(b, "sh -c %s\n", quote(v))
		case []any:
			words := make([]string, len(v))
			for i, w := range v {
				words[i] = quote(fmt.Sprint(w))
			}
			b.WriteString(strings.Join(words, " ") + "\n")
		default:
			return fmt.Errorf("%s: %v is neither a line nor a list", key, item)
		}
	}
	return nil
}

// writeFile appends the commands that put a file in its place.
func (p *Plan) writeFile(b *strings.Builder, i int, f file) error {
	if !path.IsAbs(f.Path) || strings.ContainsRune(f.Path, 0) {
		return fmt.Errorf("write_files: path %q is not absolute", f.Path)
	}
	data, err := decode(f.Content, f.Encoding)
	if err != nil {
		return fmt.Errorf("write_files: %s: %w", f.Path, err)
	}
	name := fmt.Sprintf("file-%03d", i)
	p.Files[name] = data
	to, from, how := quote(f.Path), Dir+"/"+name, ">"
	if f.Append {
		how = ">>"
	}
	fmt.Fprintf(b, "mkdir -p %s\ncat %s %s%s\n", quote(path.Dir(f.Path)), from, how, to)
	mode := "0644"
	switch v := f.Permissions.(type) {
	case string:
		mode = v
	case int:
		mode = fmt.Sprintf("%04o", v) // YAML read 0755 as an octal number
	}
	fmt.Fprintf(b, "chmod %s %s\n", quote(mode), to)
	if f.Owner != "" {
		fmt.Fprintf(b, "chown %s %s\n", quote(f.Owner), to)
	}
	return nil
}

// decode undoes an encoding by its cloud-init name.
func decode(content, encoding string) ([]byte, error) {
	data := []byte(content)
	switch strings.ToLower(encoding) {
	case "", "text/plain":
		return data, nil
	case "b64", "base64":
		return unbase64(data)
	case "gz", "gzip":
		return unzip(data, maxFile)
	case "gz+b64", "gz+base64", "gzip+b64", "gzip+base64":
		packed, err := unbase64(data)
		if err != nil {
			return nil, err
		}
		return unzip(packed, maxFile)
	}
	return nil, fmt.Errorf("encoding %q is not known", encoding)
}

func unbase64(data []byte) ([]byte, error) {
	out, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(data)), ""))
	if err != nil {
		return nil, fmt.Errorf("decode base64: %w", err)
	}
	return out, nil
}

func unzip(data []byte, limit int64) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("unzip: %w", err)
	}
	out, err := io.ReadAll(io.LimitReader(z, limit+1))
	if err != nil {
		return nil, fmt.Errorf("unzip: %w", err)
	}
	if int64(len(out)) > limit {
		return nil, fmt.Errorf("unzip: %w: more than %d bytes", ErrTooLarge, limit)
	}
	return out, nil
}

// passwords appends the setting of passwords.
func passwords(b *strings.Builder, c *config) {
	set := func(line string, hashed bool) {
		how := ""
		if hashed {
			how = " -e"
		}
		fmt.Fprintf(b, "printf '%%s\\n' %s | chpasswd%s\n", quote(line), how)
	}
	if c.Password != "" {
		set("root:"+c.Password, false)
	}
	var lines []string
	switch v := c.ChPasswd.List.(type) {
	case string:
		lines = strings.Split(v, "\n")
	case []any:
		for _, l := range v {
			lines = append(lines, fmt.Sprint(l))
		}
	}
	for _, l := range lines {
		if _, secret, ok := strings.Cut(l, ":"); ok {
			set(strings.TrimSpace(l), strings.HasPrefix(secret, "$"))
		}
	}
	for _, u := range c.ChPasswd.Users {
		if u.Name != "" && u.Password != "" {
			set(u.Name+":"+u.Password, u.Type == "hash" || u.Type == "" && strings.HasPrefix(u.Password, "$"))
		}
	}
}

// truth reads what cloud-init takes for yes and no; said is whether it was either.
func truth(v any) (on, said bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case string:
		switch strings.ToLower(v) {
		case "true", "yes", "on", "1":
			return true, true
		case "false", "no", "off", "0":
			return false, true
		}
	}
	return false, false
}

// quote makes one word of a POSIX shell.
func quote(s string) string {
	return "'" + strings.ReplaceAll(strings.ReplaceAll(s, "\x00", ""), "'", `'\''`) + "'"
}
