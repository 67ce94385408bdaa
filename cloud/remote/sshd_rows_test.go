//go:build unix

package remote

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"matou/assets"
	"matou/cloud/openstack"
	"matou/cloud/sandbox"
)

// tool runs one of OpenSSH's programs, or skips the test.
func tool(t *testing.T, env []string, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skip(err)
	}
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("%s %q: %v: %s", name, args, err, exit.Stderr)
		}
		t.Fatalf("%s: %v", name, err)
	}
	return string(out)
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestOpenSSHKeys: keys as OpenSSH's own tools make them: locked ones, certified ones, those of an
// agent, each against its own server.
func TestOpenSSHKeys(t *testing.T) {
	dir := t.TempDir()
	ca, locked := filepath.Join(dir, "ca"), filepath.Join(dir, "locked")
	tool(t, nil, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", ca)
	tool(t, nil, "ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "miaou", "-f", locked)
	asked := 0
	asker := func(o *Options) {
		o.Asker.Passphrase = func(_ context.Context, file string, attempt int) (string, error) {
			asked++
			if file != locked {
				t.Errorf("asked for %s", file)
			}
			if attempt == 1 {
				return "wouaf", nil
			}
			return "miaou", nil
		}
	}
	hop := sshd(t, "TrustedUserCAKeys "+ca+".pub")
	pub, err := os.ReadFile(locked + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(filepath.Dir(hop.KeyFiles[0]), "authorized"), string(pub)) // it alone
	plain := hop.KeyFiles[0]

	hop.KeyFiles = []string{locked}
	c := newClient(t, asker)
	connect(t, c, hop)
	if err := c.Disconnect(hop); err != nil {
		t.Error(err)
	}
	connect(t, c, hop)
	if asked != 2 {
		t.Errorf("the passphrase was asked for %d times: a wrong answer and a right one are 2", asked)
	}

	// A certificate beside the key, as ssh-keygen -s puts it.
	hop.KeyFiles = []string{plain}
	if _, err := newClient(t).Conn(t.Context(), hop); !errors.Is(err, ErrAuth) {
		t.Errorf("an unknown key: %v", err)
	}
	write(t, plain+".pub", tool(t, nil, "ssh-keygen", "-y", "-f", plain))
	tool(t, nil, "ssh-keygen", "-q", "-s", ca, "-I", "me", "-n", hop.User, "-V", "+5m", plain+".pub")
	connect(t, newClient(t), hop)

	// An agent that holds the unlocked key.
	sock := filepath.Join(dir, "agent")
	agent := exec.Command("ssh-agent", "-D", "-a", sock)
	if err := agent.Start(); err != nil {
		t.Skip(err)
	}
	defer func() { agent.Process.Kill(); agent.Wait() }()
	eventually(t, "the agent listens", func() bool {
		_, err := os.Stat(sock)
		return err == nil
	})
	unlocked := filepath.Join(dir, "unlocked")
	data, err := os.ReadFile(locked)
	if err != nil {
		t.Fatal(err)
	}
	write(t, unlocked, string(data))
	tool(t, nil, "ssh-keygen", "-q", "-p", "-P", "miaou", "-N", "", "-f", unlocked)
	tool(t, []string{"SSH_AUTH_SOCK=" + sock}, "ssh-add", "-q", unlocked)
	t.Setenv("SSH_AUTH_SOCK", sock)
	hop.KeyFiles, hop.NoAgent = nil, false
	connect(t, newClient(t), hop)
}

// TestOpenSSHConfig: a chain that only ssh_config knows, with the keys that ssh-keyscan and ssh-keygen
// wrote down: hashed, certified, revoked.
func TestOpenSSHConfig(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	near, far := sshd(t, ""), sshd(t, "")
	scan := func(h Hop) string {
		return tool(t, nil, "ssh-keyscan", "-t", "ed25519", "-p", fmt.Sprint(h.Port), "127.0.0.1")
	}
	hosts := write(t, filepath.Join(dir, "hosts"), scan(near)+strings.ReplaceAll(scan(far), fmt.Sprintf("[127.0.0.1]:%d", far.Port), "the-far-one"))
	tool(t, nil, "ssh-keygen", "-q", "-H", "-f", hosts)
	if text, _ := os.ReadFile(hosts); strings.Contains(string(text), "127.0.0.1") || !strings.Contains(string(text), "|1|") {
		t.Fatalf("not hashed: %s", text)
	}
	write(t, filepath.Join(dir, "more"), fmt.Sprintf("Host near\n  Port %d\n  IdentityFile %s\n", near.Port, near.KeyFiles[0]))
	file := write(t, filepath.Join(dir, "config"), fmt.Sprintf(`Include %s/more
Host far
  ProxyJump near
  Port %d
  HostKeyAlias the-far-one
  IdentityFile %s
Host near far
  HostName 127.0.0.1
  User %s
  IdentitiesOnly yes
  UserKnownHostsFile %s
`, dir, far.Port, far.KeyFiles[0], near.User, hosts))
	config, err := LoadSSHConfig(file)
	if err != nil {
		t.Fatal(err)
	}
	with := func(o *Options) { o.SSHConfig = config }
	c := newClient(t, with)
	conn := connect(t, c, Hop{Host: "far"})
	if len(conn.Chain()) != 2 {
		t.Errorf("the way is %v", conn.Chain())
	}
	for _, s := range c.States() {
		if s.Verified != TrustKnown {
			t.Errorf("%s is trusted because of %q", s.Hop, s.Verified)
		}
	}

	// Another key is on record, then this one is revoked.
	other := strings.Fields(scan(near))
	for name, text := range map[string]struct {
		line string
		want error
	}{
		"changed": {"the-far-one " + other[1] + " " + other[2] + "\n", ErrHostKeyChanged},
		"revoked": {"@revoked * " + strings.Join(strings.Fields(scan(far))[1:3], " ") + "\n", ErrHostKeyRevoked},
	} {
		write(t, hosts, scan(near)+text.line)
		_, err := newClient(t, with).Conn(t.Context(), Hop{Host: "far"})
		var key *HostKeyError
		if !errors.Is(err, text.want) || !errors.As(err, &key) || key.Fingerprint != far.Fingerprints[0] {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestOpenSSHCertifiedHost: a host shows a certificate of an authority on record.
func TestOpenSSHCertifiedHost(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ca, host := filepath.Join(dir, "ca"), filepath.Join(dir, "host")
	for _, key := range []string{ca, host} {
		tool(t, nil, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
	}
	tool(t, nil, "ssh-keygen", "-q", "-s", ca, "-h", "-I", "host", "-n", "127.0.0.1", "-V", "+5m", host+".pub")
	hop := sshd(t, "HostKey "+host+"\nHostCertificate "+host+"-cert.pub")
	hop.Fingerprints = nil
	pub, err := os.ReadFile(ca + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	known := write(t, filepath.Join(dir, "known"), fmt.Sprintf("@cert-authority [127.0.0.1]:%d %s", hop.Port, pub))
	c := newClient(t, func(o *Options) { o.ReadKnownHosts = []string{known} })
	connect(t, c, hop)
	if s := c.States(); len(s) != 1 || s[0].Verified != TrustCertificate {
		t.Errorf("%+v", s)
	}
}

// TestOpenSSHOld: a server that knows nothing but SHA-1 is for those who say so.
func TestOpenSSHOld(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rsa := filepath.Join(dir, "rsa")
	tool(t, nil, "ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", rsa)
	hop := sshd(t, "HostKeyAlgorithms ssh-rsa\nKexAlgorithms diffie-hellman-group14-sha1\nHostKey "+rsa+"\nPubkeyAcceptedAlgorithms +ssh-rsa")
	hop.Fingerprints = strings.Fields(tool(t, nil, "ssh-keygen", "-l", "-f", rsa))[1:2]
	if _, err := newClient(t).Conn(t.Context(), hop); err == nil || !strings.Contains(err.Error(), "no common algorithm") {
		t.Errorf("by default: %v", err)
	}
	connect(t, newClient(t, func(o *Options) { o.LegacyAlgorithms = true }), hop)
}

// TestOpenSSHSilence: the server's process stops answering, as behind a NAT that has forgotten us. It is
// noticed, and a followed file goes on, with a mark, once there is a way again.
func TestOpenSSHSilence(t *testing.T) {
	t.Parallel()
	hop := sshd(t, "")
	file := write(t, filepath.Join(t.TempDir(), "log"), "one\n")
	c := newClient(t, func(o *Options) { o.KeepaliveEvery = 500 * time.Millisecond })
	conn := connect(t, c, hop)
	out, _, err := conn.Output(t.Context(), "echo $PPID", 100)
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	fmt.Sscan(string(out), &pid)
	var mu sync.Mutex
	var seen []string
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	went := make(chan error, 1)
	appended := func(text string) {
		f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
		if err == nil {
			_, err = f.WriteString(text)
			f.Close()
		}
		if err != nil {
			t.Error(err)
		}
	}
	go func() {
		went <- Follow(ctx, c, []Hop{hop}, file, 10, func(l FollowLine) {
			mu.Lock()
			defer mu.Unlock()
			switch {
			case l.Gap:
				seen = append(seen, fmt.Sprintf("gap missed=%v", l.Missed))
			default:
				seen = append(seen, l.Text)
			}
			if l.Text == "one" {
				syscall.Kill(pid, syscall.SIGSTOP)
				appended("two\n")
			}
			if l.Text == "two" {
				cancel()
			}
		})
	}()
	<-conn.Done()
	if !errors.Is(conn.Err(), ErrLost) {
		t.Errorf("noticed: %v", conn.Err())
	}
	if err := <-went; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	syscall.Kill(pid, syscall.SIGCONT)
	mu.Lock()
	defer mu.Unlock()
	// On a machine that is busy for a second an answer may come too late more than once.
	if got := slices.Compact(seen); !slices.Equal(got, []string{"one", "gap missed=false", "two"}) {
		t.Errorf("saw %q", got)
	}
}

// TestOpenSSHAPI: the cloud's API is reached through two hops, by the console's own client.
func TestOpenSSHAPI(t *testing.T) {
	t.Parallel()
	files, err := assets.Workshop("web-cloud-puppet")
	if err != nil {
		t.Fatal(err)
	}
	s, err := sandbox.Start(context.WithoutCancel(t.Context()), sandbox.Options{Workshop: files, World: "sandbox", Pace: 0.001})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	credentials, err := openstack.ParseOpenRC(strings.NewReader(s.OpenRC()))
	if err != nil {
		t.Fatal(err)
	}
	hop := sshd(t, "")
	c := newClient(t)
	chain := []Hop{hop, hop}
	chain[1].Name = "second"
	var dialled []string
	cloud, err := openstack.Login(t.Context(), credentials, openstack.Options{Dial: func(ctx context.Context, network, addr string) (conn net.Conn, err error) {
		through, err := c.Conn(ctx, chain...)
		if err != nil {
			return nil, err
		}
		dialled = append(dialled, addr)
		return through.DialContext(ctx, network, addr)
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer cloud.Close()
	if _, err := cloud.Servers(t.Context()); err != nil {
		t.Error(err)
	}
	// The line drops between two requests.
	if err := c.Disconnect(hop); err != nil {
		t.Error(err)
	}
	if _, err := cloud.Servers(t.Context()); err != nil {
		t.Errorf("after the line dropped: %v", err)
	}
	if len(dialled) < 2 {
		t.Errorf("dialled %q", dialled)
	}
}
