package remote

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"matou/cloud/leaktest"
)

func TestMain(m *testing.M) {
	// What the person running the tests has set up must not take part in them.
	os.Unsetenv("SSH_AUTH_SOCK")
	leaktest.Main(m)
}

// server is a real SSH server on loopback.
type server struct {
	t      testing.TB
	ln     net.Listener
	config *ssh.ServerConfig
	key    ssh.Signer

	password string
	authKeys []ssh.PublicKey
	tries    atomic.Int64 // attempts to log in, whatever the method
	accepted atomic.Int64 // TCP connections
	pty      atomic.Value // the last pty-req's payload
	window   chan string  // window-change requests

	mu    sync.Mutex
	conns map[net.Conn]bool
	wg    sync.WaitGroup
}

func newSigner(t testing.TB) ssh.Signer {
	t.Helper()
	_, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(priv)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// newServer makes a server that takes the password "moutarde" and runs commands with sh.
// Options change it before it listens.
func newServer(t testing.TB, options ...func(*server)) *server {
	t.Helper()
	s := &server{t: t, key: newSigner(t), password: "moutarde", conns: map[net.Conn]bool{}, window: make(chan string, 16)}
	s.config = &ssh.ServerConfig{
		MaxAuthTries:     -1,
		PasswordCallback: s.checkPassword,
		PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			for _, k := range s.authKeys {
				if string(k.Marshal()) == string(key.Marshal()) {
					return nil, nil
				}
			}
			return nil, errors.New("unknown key")
		},
		AuthLogCallback: func(_ ssh.ConnMetadata, method string, err error) { s.tries.Add(1) },
	}
	for _, o := range options {
		o(s)
	}
	s.config.AddHostKey(s.key)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.ln = ln
	s.wg.Go(s.serve)
	t.Cleanup(s.close)
	return s
}

func (s *server) checkPassword(_ ssh.ConnMetadata, pw []byte) (*ssh.Permissions, error) {
	if s.password == "" || string(pw) != s.password {
		return nil, errors.New("wrong password")
	}
	return nil, nil
}

func (s *server) close() {
	s.ln.Close()
	s.drop()
	s.wg.Wait()
}

// drop cuts every connection.
func (s *server) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.Close()
	}
}

func (s *server) hop() Hop {
	_, port, _ := net.SplitHostPort(s.ln.Addr().String())
	n, _ := strconv.Atoi(port)
	return Hop{Name: "test", User: "jump", Host: "127.0.0.1", Port: n, Password: s.password, Fingerprints: []string{s.fingerprint()}}
}

func (s *server) fingerprint() string { return ssh.FingerprintSHA256(s.key.PublicKey()) }

func (s *server) serve() {
	for {
		nc, err := s.ln.Accept()
		if err != nil {
			return
		}
		s.accepted.Add(1)
		s.wg.Go(func() { s.handle(nc) })
	}
}

func (s *server) handle(nc net.Conn) {
	s.mu.Lock()
	s.conns[nc] = true
	s.mu.Unlock()
	defer func() {
		nc.Close()
		s.mu.Lock()
		delete(s.conns, nc)
		s.mu.Unlock()
	}()
	conn, chans, reqs, err := ssh.NewServerConn(nc, s.config)
	if err != nil {
		return
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	defer conn.Close()
	wg.Go(func() { ssh.DiscardRequests(reqs) })
	for ch := range chans {
		switch ch.ChannelType() {
		case "session":
			wg.Go(func() { s.session(nc, ch) })
		case "direct-tcpip":
			wg.Go(func() { s.forward(ch) })
		default:
			ch.Reject(ssh.UnknownChannelType, "no such channel")
		}
	}
}

func (s *server) forward(nch ssh.NewChannel) {
	var to struct {
		Host     string
		Port     uint32
		From     string
		FromPort uint32
	}
	if err := ssh.Unmarshal(nch.ExtraData(), &to); err != nil {
		nch.Reject(ssh.ConnectionFailed, "bad request")
		return
	}
	if to.Host == "silent.example" {
		return // never answered
	}
	if to.Host == "forbidden.example" {
		nch.Reject(ssh.Prohibited, "open failed")
		return
	}
	far, err := net.Dial("tcp", net.JoinHostPort(to.Host, strconv.Itoa(int(to.Port))))
	if err != nil {
		nch.Reject(ssh.ConnectionFailed, "Connection refused")
		return
	}
	defer far.Close()
	ch, reqs, err := nch.Accept()
	if err != nil {
		return
	}
	defer ch.Close()
	go ssh.DiscardRequests(reqs)
	var wg sync.WaitGroup
	wg.Go(func() {
		io.Copy(ch, far)
		ch.CloseWrite()
	})
	io.Copy(far, ch)
	far.(*net.TCPConn).CloseWrite()
	wg.Wait()
}

// session runs commands. Some lines stand for what a healthy host would not do.
func (s *server) session(nc net.Conn, nch ssh.NewChannel) {
	ch, reqs, err := nch.Accept()
	if err != nil {
		return
	}
	defer ch.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var wg sync.WaitGroup
	defer wg.Wait()
	for req := range reqs {
		switch req.Type {
		case "pty-req":
			s.pty.Store(string(req.Payload))
			req.Reply(true, nil)
		case "window-change":
			select {
			case s.window <- string(req.Payload):
			default:
			}
		case "signal":
			cancel()
		case "shell", "exec":
			line := "sh"
			if req.Type == "exec" {
				line = string(req.Payload[4:])
			}
			if line == "mute" {
				continue // the request is never answered
			}
			req.Reply(line != "refuse", nil)
			wg.Go(func() { s.run(ctx, nc, ch, line) })
		default:
			req.Reply(false, nil)
		}
	}
	cancel()
}

func (s *server) run(ctx context.Context, nc net.Conn, ch ssh.Channel, line string) {
	defer ch.Close()
	status := func(n int) { ch.SendRequest("exit-status", false, ssh.Marshal(struct{ N uint32 }{uint32(n)})) }
	switch cmd, arg, _ := strings.Cut(line, " "); cmd {
	case "drop":
		fmt.Fprintln(ch, "about to go")
		time.Sleep(5 * time.Millisecond)
		nc.Close()
	case "nostatus":
		fmt.Fprintln(ch, "bye")
	case "killed":
		ch.SendRequest("exit-signal", false, ssh.Marshal(struct {
			Signal string
			Core   bool
			Msg    string
			Lang   string
		}{"KILL", false, "", ""}))
	case "hang":
		fmt.Fprintln(ch, "hanging")
		<-ctx.Done()
	case "zeros":
		n, _ := strconv.Atoi(arg)
		io.CopyN(ch, zeros{}, int64(n))
		status(0)
	default:
		c := exec.CommandContext(ctx, "sh", "-c", line)
		c.Stdout, c.Stderr = ch, ch.Stderr()
		c.WaitDelay = time.Second
		status(s.shell(c, ch))
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}

// shell runs c. Its stdin is not waited for: it ends with the channel.
func (s *server) shell(c *exec.Cmd, ch ssh.Channel) int {
	in, err := c.StdinPipe()
	if err != nil {
		return 255
	}
	if err := c.Start(); err != nil {
		return 255
	}
	go func() {
		io.Copy(in, ch)
		in.Close()
	}()
	err = c.Wait()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return exit.ExitCode()
	case err != nil:
		return 255
	}
	return 0
}

// newClient makes a client that is closed with the test.
func newClient(t testing.TB, options ...func(*Options)) *Client {
	t.Helper()
	o := Options{KnownHosts: filepath.Join(t.TempDir(), "state", "known_hosts"), DialTimeout: time.Minute, HandshakeTimeout: time.Minute}
	for _, f := range options {
		f(&o)
	}
	c := New(o)
	t.Cleanup(func() { c.Close() })
	return c
}

// connect brings a chain up or fails the test.
func connect(t testing.TB, c *Client, chain ...Hop) *Conn {
	t.Helper()
	conn, err := c.Conn(t.Context(), chain...)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func needShell(t testing.TB) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the test server runs commands with sh")
	}
}

// contextUntil is the test's context, ended also by stop.
func contextUntil(t testing.TB, stop <-chan struct{}) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		select {
		case <-stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}
