package sandbox

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// realClient runs a client of OpenStack's own against the sandbox.
type realClient struct {
	t    *testing.T
	s    *Sandbox
	home string
}

func (c *realClient) run(args ...string) string {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = c.home
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + c.home}
	for line := range strings.Lines(c.s.OpenRC()) {
		cmd.Env = append(cmd.Env, strings.TrimSpace(strings.TrimPrefix(line, "export ")))
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.t.Errorf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (c *realClient) want(out string, parts ...string) {
	c.t.Helper()
	for _, p := range parts {
		if !strings.Contains(out, p) {
			c.t.Errorf("missing %q in:\n%s", p, out)
		}
	}
}

func newRealClient(t *testing.T, names ...string) *realClient {
	t.Helper()
	if testing.Short() {
		t.Skip("short: each run of a real client takes seconds")
	}
	for _, n := range names {
		if _, err := exec.LookPath(n); err != nil {
			t.Skipf("%s is not installed", n)
		}
	}
	s, _ := startFake(t, nil)
	return &realClient{t: t, s: s, home: t.TempDir()}
}

func TestRealNova(t *testing.T) {
	t.Parallel()
	c := newRealClient(t, "nova")
	if err := os.WriteFile(filepath.Join(c.home, "web.yaml"), []byte("#cloud-config\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out := c.run("nova", "boot", "--poll", "--image", "Ubuntu 14.04", "--flavor", "vps-ssd-1", "--user-data", "web.yaml",
		"--meta", "k=v", "web-1")
	c.want(out, "adminPass", "web-1", `{"k": "v"}`, "100% complete", "Finished")
	c.want(c.run("nova", "show", "web-1"), "Ext-Net network", "158.69.78.", "ACTIVE", "vps-ssd-1", "Ubuntu 14.04 (")
	c.want(c.run("nova", "console-log", "web-1"), "booting web-1")
	c.want(c.run("nova", "delete", "web-1"), "has been accepted")
}

func TestRealOpenStack(t *testing.T) {
	t.Parallel()
	c := newRealClient(t, "openstack")
	out := c.run("openstack", "server", "create", "--image", "puppet-breizhcamp", "--flavor", "vps-ssd-2", "--wait", "puppet-1")
	c.want(out, "puppet-1", "ACTIVE")
	c.want(c.run("openstack", "server", "list"), "puppet-1", "ACTIVE", "Ext-Net=158.69.78.", "puppet-breizhcamp", "vps-ssd-2")
}
