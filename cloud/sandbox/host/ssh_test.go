package host

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"io"
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
			if i < 1000 {
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
		if i > 2000 {
			t.Fatal("tail goes on after its channel is closed")
		}
		time.Sleep(time.Millisecond)
	}
}

// terminal is an interactive shell under test.
type terminal struct {
	t    testing.TB
	in   io.Writer
	mu   sync.Mutex
	seen bytes.Buffer
	more chan struct{}
	sess *ssh.Session
}

func (x *terminal) Write(b []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.seen.Write(b)
	select {
	case x.more <- struct{}{}:
	default:
	}
	return len(b), nil
}

// expect waits for a text and forgets all up to its end.
func (x *terminal) expect(want string) string {
	x.t.Helper()
	limit := time.After(10 * time.Second)
	for {
		x.mu.Lock()
		have := x.seen.String()
		if i := strings.Index(have, want); i >= 0 {
			x.seen.Next(i + len(want))
			x.mu.Unlock()
			return have[:i]
		}
		x.mu.Unlock()
		select {
		case <-x.more:
		case <-limit:
			x.t.Fatalf("no %q in %q", want, have)
		}
	}
}

func (x *terminal) send(keys string) {
	x.t.Helper()
	if _, err := io.WriteString(x.in, keys); err != nil {
		x.t.Fatal(err)
	}
}

func shellOn(t testing.TB, c *ssh.Client) *terminal {
	t.Helper()
	s, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.RequestPty("xterm-256color", 24, 80, ssh.TerminalModes{}); err != nil {
		t.Fatal(err)
	}
	x := &terminal{t: t, more: make(chan struct{}, 1), sess: s}
	s.Stdout, s.Stderr = x, x
	if x.in, err = s.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := s.Shell(); err != nil {
		t.Fatal(err)
	}
	return x
}

func TestSSHInteractive(t *testing.T) {
	t.Parallel()
	h := boot(t, testConfig(t, "web-1", "ubuntu", "10.0.0.11"))
	x := shellOn(t, logIn(t, h))
	x.expect("root@web-1:~# ")
	x.send("echo $((6*7)) $TERM\r")
	x.expect("\r\n42 xterm-256color\r\n")
	x.expect("root@web-1:~# ")
	x.send("cd /etc/pup\t\r")
	x.expect("root@web-1:/etc/puppet# ")
	x.send("cat\r")
	x.send("line\r")
	x.expect("line\r\nline\r\n")
	x.send("\x04") // ctrl-d ends cat, not the shell
	x.expect("root@web-1:/etc/puppet# ")
	x.send("sleep 100\r")
	x.expect("sleep 100\r\n")
	for i := 0; ; i++ {
		if _, code := h.Run(t.Context(), "root", "pidof sleep"); code == 0 {
			break
		}
		if i > 5000 {
			t.Fatal("sleep does not run")
		}
		time.Sleep(time.Millisecond)
	}
	x.send("\x03")
	x.expect("root@web-1:/etc/puppet# ")
	x.send("echo $?\r")
	x.expect("130\r\n")
	x.send("for i in 1 2\rdo echo n$i\rdone\r")
	x.expect("n1\r\nn2\r\n")
	x.expect("root@web-1:/etc/puppet# ")
	x.send("\x1b[A") // the last line of the loop
	x.expect("done")
	x.send("\x03")
	x.expect("root@web-1:/etc/puppet# ")
	if err := x.sess.WindowChange(40, 132); err != nil {
		t.Fatal(err)
	}
	// The change is not ordered with the keys.
	x.send("until stty size | grep -q 132; do sleep 0.001; done; ls -d /usr/bin /etc\r")
	x.expect("\r\n/etc  /usr/bin\r\n")
	x.expect("# ")
	x.send("\x04")
	x.expect("logout")
	if err := x.sess.Wait(); err != nil {
		t.Error(err)
	}
}

func TestEditor(t *testing.T) {
	t.Parallel()
	h := boot(t, testConfig(t, "web-1", "ubuntu", "10.0.0.11"))
	must(t, h, `printf 'one\ntwo\nthree\n' > /root/f`)
	x := shellOn(t, logIn(t, h))
	x.expect("# ")
	x.send("vim f\r")
	x.expect("three")
	x.send("jddAx\x1bonew\x1b:wq\r")
	x.expect("root@web-1:~# ")
	if got := must(t, h, "cat f"); got != "one\nthreex\nnew\n" {
		t.Errorf("edited: %q", got)
	}
	x.send("nano f\r")
	x.expect("leave")
	x.send("0 \x18")
	x.expect("root@web-1:~# ")
	if got := must(t, h, "cat f"); got != "0 one\nthreex\nnew\n" {
		t.Errorf("edited: %q", got)
	}
}

func TestSSHInsideTheWorld(t *testing.T) {
	t.Parallel()
	n := NewNet()
	c := testConfig(t, "inception", "inception", "10.0.0.7")
	c.Net = n
	inner := boot(t, c)
	c = testConfig(t, "jumphost", "jumphost", "10.0.0.1")
	c.Net = n
	c.Users = map[string]string{"jump": "moutarde"}
	c.Dial = func(ctx context.Context, at string) (net.Conn, error) {
		if at != "127.0.0.1:2207" {
			return nil, opError(inner.listeners[0].at, ErrRefused)
		}
		return n.Dial(ctx, nil, "10.0.0.7:22")
	}
	jump := boot(t, c)
	client, err := dialSSH(t, jump, "jump", ssh.Password("moutarde"))
	if err != nil {
		t.Fatal(err)
	}
	x := shellOn(t, client)
	x.expect("jump@jumphost:~$ ")
	x.send("ssh root@127.0.0.1 -p 2207\r")
	x.expect("(yes/no)? ")
	x.send("yes\r")
	x.expect("password: ")
	x.send("wrong\r")
	x.expect("try again.")
	x.expect("password: ")
	x.send("moutarde\r")
	x.expect("root@inception:~# ")
	x.send("ls; exit\r")
	x.expect("puppet.yaml  web.yaml")
	x.expect("Connection to 127.0.0.1 closed.")
	x.expect("jump@jumphost:~$ ")
	x.send("exit 3\r")
	var ee *ssh.ExitError
	if err := x.sess.Wait(); !errors.As(err, &ee) || ee.ExitStatus() != 3 {
		t.Errorf("exit: %v", err)
	}
	// The same way without a terminal: a port forwarded as the jumphost sees it.
	conn, err := client.Dial("tcp", "127.0.0.1:2207")
	if err != nil {
		t.Fatal(err)
	}
	cc, ch, req, err := ssh.NewClientConn(conn, "inception", &ssh.ClientConfig{
		User: "root", Auth: []ssh.AuthMethod{ssh.Password("moutarde")}, HostKeyCallback: ssh.FixedHostKey(inner.HostKey()),
	})
	if err != nil {
		t.Fatal(err)
	}
	hop := ssh.NewClient(cc, ch, req)
	defer hop.Close()
	s, err := hop.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := s.Output("hostname"); err != nil || string(out) != "inception\n" {
		t.Errorf("through the jumphost: %q, %v", out, err)
	}
	if _, err := client.Dial("tcp", "127.0.0.1:2208"); err == nil {
		t.Error("a port nobody has answers")
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
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
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

func exitOf(err error) int {
	var ee *exec.ExitError
	if errors.As(err, &ee) {
		return ee.ExitCode()
	}
	return 0
}
