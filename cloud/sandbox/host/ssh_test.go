package host

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"matou/cloud/sandbox/fault"
)

// dialSSH logs in through the virtual network.
func dialSSH(t testing.TB, h *Host, user string, auth ...ssh.AuthMethod) (*ssh.Client, error) {
	t.Helper()
	conn, err := h.cfg.Net.Dial(context.Background(), nil, h.Address()+":22")
	if err != nil {
		t.Fatal(err)
	}
	c, ch, req, err := ssh.NewClientConn(conn, "web-1", &ssh.ClientConfig{
		User: user, Auth: auth, HostKeyCallback: ssh.FixedHostKey(h.HostKey()),
	})
	if err != nil {
		conn.Close()
		return nil, err
	}
	client := ssh.NewClient(c, ch, req)
	t.Cleanup(func() { client.Close() })
	return client, nil
}

func logIn(t testing.TB, h *Host) *ssh.Client {
	t.Helper()
	c, err := dialSSH(t, h, "root", ssh.Password("moutarde"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func newKey(t testing.TB) (ssh.Signer, []byte) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	return s, pem.EncodeToMemory(block)
}

func TestSSHAuthentication(t *testing.T) {
	t.Parallel()
	good, _ := newKey(t)
	bad, _ := newKey(t)
	c := testConfig(t, "web-1", "ubuntu", "10.0.0.11")
	c.Keys = []string{string(ssh.MarshalAuthorizedKey(good.PublicKey()))}
	h := boot(t, c)
	asked := ssh.KeyboardInteractive(func(_, _ string, q []string, _ []bool) ([]string, error) {
		return []string{"moutarde"}[:len(q)], nil
	})
	for _, tt := range []struct {
		name, user string
		auth       ssh.AuthMethod
		ok         bool
	}{
		{"password", "root", ssh.Password("moutarde"), true},
		{"wrong password", "root", ssh.Password("Moutarde"), false},
		{"empty password", "root", ssh.Password(""), false},
		{"unknown user", "nobody", ssh.Password("moutarde"), false},
		{"key", "root", ssh.PublicKeys(good), true},
		{"other key", "root", ssh.PublicKeys(bad), false},
		{"keyboard-interactive", "root", asked, true},
	} {
		_, err := dialSSH(t, h, tt.user, tt.auth)
		if (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if got := must(t, h, "grep -c 'Failed password' /var/log/auth.log"); got != "3\n" {
		t.Errorf("auth.log: %s failures", got)
	}
}

func TestSSHExec(t *testing.T) {
	t.Parallel()
	h := boot(t, testConfig(t, "web-1", "ubuntu", "10.0.0.11"))
	c := logIn(t, h)
	for _, tt := range []struct {
		line, in, out, err string
		exit               int
	}{
		{"hostname", "", "web-1\n", "", 0},
		{"whoami; pwd; echo $HOME", "", "root\n/root\n/root\n", "", 0},
		{"exit 7", "", "", "", 7},
		{"nosuch", "", "", "bash: line 1: nosuch: command not found\n", 127},
		{"cat; echo end >&2", "a\nb\n", "a\nb\n", "end\n", 0},
		{"read x; echo \"<$x>\"", "hello\nmore\n", "<hello>\n", "", 0},
		{"base64 -d | sha256sum", "aGVsbG8K\n", "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03  -\n", "", 0},
	} {
		s, err := c.NewSession()
		if err != nil {
			t.Fatal(err)
		}
		var out, stderr bytes.Buffer
		s.Stdin, s.Stdout, s.Stderr = strings.NewReader(tt.in), &out, &stderr
		err = s.Run(tt.line)
		exit := 0
		var ee *ssh.ExitError
		if errors.As(err, &ee) {
			exit = ee.ExitStatus()
		} else if err != nil {
			t.Errorf("%s: %v", tt.line, err)
		}
		if out.String() != tt.out || stderr.String() != tt.err || exit != tt.exit {
			t.Errorf("%s: %q, %q, %d; want %q, %q, %d", tt.line, out.String(), stderr.String(), exit, tt.out, tt.err, tt.exit)
		}
	}
}

func TestSSHFollowEndsWithItsChannel(t *testing.T) {
	t.Parallel()
	h := boot(t, testConfig(t, "web-1", "ubuntu", "10.0.0.11"))
	c := logIn(t, h)
	s, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	must(t, h, "timeout 60 cloud-init status --wait") // it logs too
	if err := s.Start("tail -n 0 -F /var/log/syslog | ccze -A"); err != nil {
		t.Fatal(err)
	}
	for h.running("rsyslog") != nil {
		if out, code := h.Run(t.Context(), "root", "pidof tail"); code == 0 && out != "" {
			break
		}
		time.Sleep(time.Millisecond)
	}
	// tail is there; it may not have found the end of the file yet.
	got := make(chan string, 1)
	go func() {
		b := make([]byte, 4096)
		n, _ := out.Read(b)
		got <- string(b[:n])
	}()
	for i := 0; ; i++ {
		must(t, h, "logger -t miaou bonjour")
		select {
		case line := <-got:
			if !strings.Contains(line, "miaou") || !strings.Contains(line, "\x1b[") {
				t.Errorf("followed line: %q", line)
			}
		case <-time.After(5 * time.Millisecond):
			if i < 12_000 {
				continue
			}
			t.Fatal("nothing followed")
		}
		break
	}
	s.Close()
	c.Close()
	for i := 0; ; i++ {
		if _, code := h.Run(t.Context(), "root", "pidof tail"); code != 0 {
			return
		}
		if i > 60_000 {
			t.Fatal("tail goes on after its channel is closed")
		}
		time.Sleep(time.Millisecond)
	}
}

func TestSSHFaults(t *testing.T) {
	t.Parallel()
	faults, err := fault.New(
		fault.Rule{At: fault.SSHHostKey, Match: "^web-1$", Count: 1},
		fault.Rule{At: fault.SSHDrop, After: 1, Count: 1},
		fault.Rule{At: fault.DiskFull, Match: "/root/"},
	)
	if err != nil {
		t.Fatal(err)
	}
	c := testConfig(t, "web-1", "ubuntu", "10.0.0.11")
	c.Faults = faults
	h := boot(t, c)
	if _, err := dialSSH(t, h, "root", ssh.Password("moutarde")); err == nil || !strings.Contains(err.Error(), "host key mismatch") {
		t.Errorf("changed host key: %v", err)
	}
	client := logIn(t, h)
	s, err := client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	var missing *ssh.ExitMissingError
	if err := s.Run("sleep 20"); !errors.As(err, &missing) {
		t.Errorf("dropped line: %v", err)
	}
	if out, code := h.Run(t.Context(), "root", "echo x > /root/f"); code != 1 || !strings.Contains(out, "No space left on device") {
		t.Errorf("full disk: %q, %d", out, code)
	}
	must(t, h, "echo x > /tmp/f")
}

// TestOpenSSH drives a host with the real client.
func TestOpenSSH(t *testing.T) {
	t.Parallel()
	client, err := exec.LookPath("ssh")
	if err != nil {
		t.Skip("no OpenSSH client on this machine")
	}
	signer, private := newKey(t)
	c := testConfig(t, "web-1", "ubuntu", "10.0.0.11")
	c.Keys = []string{string(ssh.MarshalAuthorizedKey(signer.PublicKey()))}
	h := boot(t, c)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { _ = h.ServeSSH(context.Background(), conn) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		wg.Wait()
	})
	dir := t.TempDir()
	key := filepath.Join(dir, "key")
	if err := os.WriteFile(key, private, 0o600); err != nil {
		t.Fatal(err)
	}
	ask := filepath.Join(dir, "ask")
	if err := os.WriteFile(ask, []byte("#!/bin/sh\necho moutarde\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	run := func(args ...string) (string, error) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		base := []string{"-F", "/dev/null", "-p", port, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=" + filepath.Join(dir, "known"), "-o", "IdentityAgent=none"}
		cmd := exec.CommandContext(ctx, client, append(base, args...)...)
		cmd.Env = append(os.Environ(), "SSH_ASKPASS="+ask, "SSH_ASKPASS_REQUIRE=force", "DISPLAY=none:0")
		cmd.Stdin = strings.NewReader("from here\n")
		out, err := cmd.Output()
		return string(out), err
	}
	if out, err := run("-o", "BatchMode=yes", "-i", key, "root@127.0.0.1", "cat; hostname; exit 3"); out != "from here\nweb-1\n" || exitOf(err) != 3 {
		t.Errorf("key: %q, %v", out, err)
	}
	if out, err := run("-o", "PubkeyAuthentication=no", "root@127.0.0.1", "whoami"); out != "root\n" || err != nil {
		t.Errorf("password: %q, %v", out, err)
	}
	if out, err := run("-tt", "-o", "BatchMode=yes", "-i", key, "root@127.0.0.1", "tty"); !strings.Contains(out, "/dev/pts/") || err != nil {
		t.Errorf("terminal: %q, %v", out, err)
	}
}

// A client whose own input is at its end (ssh -tt HOST COMMAND < /dev/null) is still there: what it
// asked for runs to its end, and reads the end of a file.
func TestSSHInputEnds(t *testing.T) {
	t.Parallel()
	c := logIn(t, boot(t, testConfig(t, "web-1", "ubuntu", "10.0.0.11")))
	terminal := func() *ssh.Session {
		s, err := c.NewSession()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		if err := s.RequestPty("xterm", 24, 80, ssh.TerminalModes{}); err != nil {
			t.Fatal(err)
		}
		s.Stdin = strings.NewReader("from here\n")
		return s
	}
	out, err := terminal().Output("cat; sleep 0.3; tty")
	if !strings.Contains(string(out), "from here\r\n/dev/pts/") || err != nil {
		t.Errorf("a command: %q, %v", out, err)
	}
	s := terminal()
	s.Stdin = strings.NewReader("sleep 0.3; tty\n")
	var screen strings.Builder
	s.Stdout = &screen
	if err := s.Shell(); err != nil {
		t.Fatal(err)
	}
	if err := s.Wait(); !strings.Contains(screen.String(), "/dev/pts/") || err != nil {
		t.Errorf("a shell: %q, %v", screen.String(), err)
	}
}

func exitOf(err error) int {
	var ee *exec.ExitError
	if errors.As(err, &ee) {
		return ee.ExitCode()
	}
	return 0
}

// A command may be over before the request for it was answered; the client still gets its answer.
func TestSSHExecThatEndsAtOnce(t *testing.T) {
	t.Parallel()
	h := boot(t, testConfig(t, "web-1", "ubuntu", "10.0.0.11"))
	c := logIn(t, h)
	for i := range 500 {
		s, err := c.NewSession()
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Run("true"); err != nil {
			t.Fatalf("run %d: %v", i, err)
		}
	}
}
