package sandbox

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// smallHosts lies over the workshop's folder: hosts that have a shell, an SSH server and no more.
var smallHosts = fstest.MapFS{
	"sandbox/packages.yaml": {Data: []byte(`
services:
  ssh: {kind: sshd, description: SSH server, process: /usr/sbin/sshd -D, user: root, listen: ["22"]}
`)},
	"sandbox/images/jumphost/image.yaml": {Data: []byte(`
users: [{name: jump, uid: 1000, home: /home/jump, shell: /bin/bash}]
services: {ssh: 0s}
`)},
	"sandbox/images/inception/image.yaml": {Data: []byte("services: {ssh: 0s}\n")},
	"sandbox/images/ubuntu/image.yaml":    {Data: []byte("services: {ssh: 0s}\n")},
}

// layers is a file system over another.
type layers struct{ top, base fs.FS }

func (l layers) Open(name string) (fs.File, error) {
	f, err := l.top.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return l.base.Open(name)
	}
	return f, err
}

// startReal starts the workshop's world with virtual hosts behind it.
func startReal(t *testing.T, dir string) *Sandbox {
	t.Helper()
	s, err := Start(t.Context(), Options{Workshop: layers{smallHosts, os.DirFS(workshopDir)}, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.Trouble(); err != nil {
		t.Error(err)
	}
	return s
}

// openSSH runs OpenSSH's client with a sandbox's ssh_config and the classroom password.
type openSSH struct {
	t   *testing.T
	dir string
}

func newOpenSSH(t *testing.T, s *Sandbox) *openSSH {
	t.Helper()
	if testing.Short() {
		t.Skip("short: each connection through two hops takes a while")
	}
	if _, err := exec.LookPath("ssh"); err != nil {
		t.Skip("OpenSSH is not installed")
	}
	o := &openSSH{t: t, dir: t.TempDir()}
	if err := s.WriteFiles(o.dir); err != nil {
		t.Fatal(err)
	}
	// The name of the program that asks is part of OpenSSH's interface: it prints the password.
	ask := "#!/bin/sh\necho " + shellQuote(s.Params()["sandbox.ssh.password"]) + "\n"
	if err := os.WriteFile(filepath.Join(o.dir, "ask"), []byte(ask), 0o700); err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *openSSH) run(host, command string) string {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(o.t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "ssh", "-F", filepath.Join(o.dir, sshConfigFile), host, command)
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + o.dir, "SSH_ASKPASS=" + filepath.Join(o.dir, "ask"), "SSH_ASKPASS_REQUIRE=force",
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		o.t.Errorf("ssh %s %q: %v\n%s", host, command, err, out)
	}
	return string(out)
}

// TestRealSSH walks the workshop's way with OpenSSH: jumphost, container, nova there, server; then
// the sandbox ends and comes back, and what was written on the server is there.
func TestRealSSH(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := startReal(t, dir)
	o := newOpenSSH(t, s)
	want := func(out string, parts ...string) {
		t.Helper()
		for _, p := range parts {
			if !strings.Contains(out, p) {
				t.Errorf("missing %q in:\n%s", p, out)
			}
		}
	}
	want(o.run("jumphost", "hostname; whoami"), "jumphost\n", "jump\n")
	want(o.run("inception-02", "nova list 2>&1; true"), "You must provide a user name/id")
	out := o.run("inception-01", "hostname; ls; . ./openrc; "+
		"nova boot --poll --image 'Ubuntu 14.04' --flavor vps-ssd-1 --user-data web.yaml web-1; nova list")
	want(out, "inception-01\n", "openrc", "web.yaml", "Finished", "| web-1 | ACTIVE |")
	_, rest, _ := strings.Cut(out, "Ext-Net=")
	address, _, _ := strings.Cut(rest, " ")
	want(o.run(address, "hostname; echo kept > /root/note; cat /root/note"), "web-1\n", "kept\n")
	want(o.run("inception-01", ". ./openrc; nova console-log web-1"), "web-1", "SSH HOST KEY")
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	s = startReal(t, dir)
	if err := s.WriteFiles(o.dir); err != nil {
		t.Fatal(err)
	}
	want(o.run(address, "cat /root/note"), "kept\n")
	want(o.run("inception-01", ". ./openrc; nova list"), "| web-1 | ACTIVE |")
}
