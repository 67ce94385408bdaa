//go:build unix

package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// sshd starts OpenSSH's server with its own configuration, or skips the test. It returns the hop,
// and where the key is that it lets in.
func sshd(t *testing.T, extra string) Hop {
	t.Helper()
	bin, err := exec.LookPath("sshd")
	if err != nil {
		if bin, err = exec.LookPath("/usr/sbin/sshd"); err != nil {
			t.Skip("no sshd on this machine (Debian: openssh-server)")
		}
	}
	if _, err := os.Stat("/run/sshd"); os.Getuid() == 0 && err != nil {
		t.Skip("sshd run by root needs the folder /run/sshd")
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	hostPub := writeKey(t, filepath.Join(dir, "host"), "")
	userPub := writeKey(t, filepath.Join(dir, "user"), "")
	if err := os.WriteFile(filepath.Join(dir, "authorized"), ssh.MarshalAuthorizedKey(userPub), 0o600); err != nil {
		t.Fatal(err)
	}
	hop := Hop{
		Name: "sshd", User: me.Username, Host: "127.0.0.1", NoAgent: true,
		KeyFiles: []string{filepath.Join(dir, "user")}, Fingerprints: []string{ssh.FingerprintSHA256(hostPub)},
	}
	// Extra comes first: sshd takes the first word on each matter.
	conf := fmt.Sprintf("%[2]s\nListenAddress 127.0.0.1\nHostKey %[1]s/host\nAuthorizedKeysFile %[1]s/authorized\nPidFile %[1]s/pid\n"+
		"StrictModes no\nUsePAM no\nPermitRootLogin yes\nPrintMotd no\n", dir, extra)
	if !strings.Contains(extra, "SetEnv ") { // at home there is nothing: what somebody's .bashrc says is not tested
		conf += fmt.Sprintf("Match User %s\nSetEnv HOME=%s\n", me.Username, dir)
	}
	for range 20 {
		if hop.Port = freePort(t); listens(t, bin, dir, hop.Port, conf) {
			if os.Getuid() != 0 {
				locked(t, hop, hostPub)
			}
			return hop
		}
	}
	t.Fatal("each port that was free was somebody else's a moment later")
	return hop
}

// locked skips the test when sshd refuses this account whatever its key: nobody's, say, is locked on most
// systems. It does not ask our own client.
func locked(t *testing.T, hop Hop, hostKey ssh.PublicKey) {
	t.Helper()
	data, err := os.ReadFile(hop.KeyFiles[0])
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.ParsePrivateKey(data)
	if err != nil {
		t.Fatal(err)
	}
	client, err := ssh.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", hop.Port), &ssh.ClientConfig{
		User: hop.User, Auth: []ssh.AuthMethod{ssh.PublicKeys(key)}, HostKeyCallback: ssh.FixedHostKey(hostKey), Timeout: time.Minute,
	})
	if err != nil {
		t.Skipf("sshd does not let %s in, whose account may be locked: %v", hop.User, err)
	}
	_ = client.Close()
}

// freePort is a port that nobody listens on at this moment.
func freePort(t *testing.T) int {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port
}

// listens starts sshd until the end of the test, and reports whether it could have the port.
func listens(t *testing.T, bin, dir string, port int, conf string) bool {
	t.Helper()
	file := filepath.Join(dir, "conf")
	if err := os.WriteFile(file, []byte(fmt.Sprintf("Port %d\n", port)+conf), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bin, "-D", "-e", "-f", file)
	log := &sshdLog{ready: make(chan struct{})}
	log.limit = 64 << 10
	cmd.Stderr, cmd.WaitDelay = log, time.Second // its children share stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); cmd.Wait() }()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-ended
		if t.Failed() {
			text, _ := log.take()
			t.Logf("sshd: %s", text)
		}
	})
	select {
	case <-log.ready:
		return true
	case <-ended:
		if text := log.text(); !strings.Contains(text, "Address already in use") {
			t.Fatalf("sshd does not start: %s", text)
		}
		return false
	}
}

// sshdLog is what sshd prints, and when it has said that it listens.
type sshdLog struct {
	bounded
	once  sync.Once
	ready chan struct{}
}

func (l *sshdLog) Write(p []byte) (int, error) {
	n, err := l.bounded.Write(p)
	if strings.Contains(l.text(), "Server listening on 127.0.0.1") {
		l.once.Do(func() { close(l.ready) })
	}
	return n, err
}

func (l *sshdLog) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.kept)
}

// eventually waits for something another process does.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it never was that %s", what)
		}
	}
}

func TestOpenSSH(t *testing.T) {
	t.Parallel()
	hop := sshd(t, "")
	c := newClient(t)
	chain := []Hop{hop, hop, hop}
	for i := range chain {
		chain[i].Name = fmt.Sprint("hop", i+1)
	}
	conn := connect(t, c, chain...)
	ctx := t.Context()

	if id, err := conn.Identity(ctx); err != nil || id.User != hop.User {
		t.Errorf("identity %v, %v", id, err)
	}
	for line, want := range map[string]Exit{
		"exit 6": {Code: 6}, "kill -TERM $$": {Code: 128 + 15, Signal: "TERM"}, "nonesuch-command 2>/dev/null": {Code: 127},
	} {
		if exit, err := conn.Run(ctx, Command{Line: line}, nil); err != nil || exit != want {
			t.Errorf("%s: %+v, %v", line, exit, err)
		}
	}
	var got []string
	exit, err := conn.Run(ctx, Command{Line: "stty size; tty -s && echo terminal", PTY: true, Cols: 99, Rows: 11}, func(l Line) { got = append(got, l.Text) })
	if err != nil || !exit.OK() || strings.Join(got, " ") != "11 99 terminal" {
		t.Errorf("on a terminal: %q %+v %v", got, exit, err)
	}
	dropped := 0
	exit, err = conn.Run(ctx, Command{Line: "head -c 3000000 /dev/zero; echo x >&2", MaxOutput: 2_000_000}, func(l Line) { dropped += len(l.Text) })
	if total := dropped + int(exit.Dropped); err != nil || !exit.OK() || total != 3_000_001 && total != 3_000_002 { // the line's end may be among the dropped
		t.Errorf("much output: %d and %d, %v, %v", dropped, exit.Dropped, exit, err)
	}

	file := filepath.Join(t.TempDir(), "a b's")
	data := []byte(strings.Repeat("x\x00\xff\n", 300_000))
	if err := conn.WriteFile(ctx, file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if back, err := conn.ReadFile(ctx, file, len(data)); err != nil || string(back) != string(data) {
		t.Errorf("read back %d bytes, %v", len(back), err)
	}

	// A cancelled command on a terminal is told to end, not left behind.
	mark := filepath.Join(t.TempDir(), "ended")
	rctx, cancel := context.WithCancel(ctx)
	_, err = conn.Run(rctx, Command{Line: "trap 'echo > " + Quote(mark) + "; exit' TERM HUP; echo go; while :; do sleep 0.2; done", PTY: true}, func(Line) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	eventually(t, "a cancelled command ends", func() bool {
		_, err := os.Stat(mark)
		return err == nil
	})
}

func TestOpenSSHForward(t *testing.T) {
	t.Parallel()
	conn := connect(t, newClient(t), sshd(t, ""))
	sock := filepath.Join(t.TempDir(), "s")
	ln, err := net.Listen("unix", sock)
	if err != nil {
		t.Fatal(err)
	}
	web := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "miaou") })}
	go web.Serve(ln)
	defer web.Close()
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return conn.DialContext(ctx, "unix", sock) },
	}}
	resp, err := client.Get("http://behind/")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "miaou" {
		t.Errorf("%q, %v", body, err)
	}
	if _, err := conn.DialContext(t.Context(), "tcp", "127.0.0.1:1"); !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), "refused") {
		t.Errorf("closed port: %v", err)
	}
	strict := connect(t, newClient(t), sshd(t, "PermitOpen 127.0.0.1:1"))
	if _, err := strict.DialContext(t.Context(), "tcp", "192.0.2.1:80"); !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), "does not forward") {
		t.Errorf("forbidden: %v", err)
	}
}

func TestOpenSSHRefusals(t *testing.T) {
	t.Parallel()
	hop := sshd(t, "MaxAuthTries 2\nMaxSessions 1\nBanner none")
	stranger := hop
	stranger.KeyFiles = nil
	for range 4 {
		path := filepath.Join(t.TempDir(), "k")
		writeKey(t, path, "")
		stranger.KeyFiles = append(stranger.KeyFiles, path)
	}
	stranger.Password = "wrong"
	if _, err := newClient(t).Conn(t.Context(), stranger); !errors.Is(err, ErrAuth) {
		t.Errorf("stranger: %v", err)
	}
	changed := hop
	changed.Fingerprints = []string{"SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}
	if _, err := newClient(t).Conn(t.Context(), changed); !errors.Is(err, ErrHostKeyChanged) {
		t.Errorf("changed: %v", err)
	}
	conn := connect(t, newClient(t), hop)
	busy := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	over := make(chan struct{})
	go func() {
		defer close(over)
		conn.Run(ctx, Command{Line: "echo; sleep 60"}, func(Line) { close(busy) })
	}()
	<-busy
	if _, err := conn.Run(t.Context(), Command{Line: "true"}, nil); !errors.Is(err, ErrNoShell) {
		t.Errorf("one session too many: %v", err)
	}
	cancel()
	<-over
}
