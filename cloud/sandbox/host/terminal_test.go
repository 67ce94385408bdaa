package host

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

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
	limit := time.After(time.Minute)
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
		if i > 60_000 {
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
