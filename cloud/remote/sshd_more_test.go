//go:build linux

package remote

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/term"
)

// sshdProcess is the process of an sshd that [sshd] started.
func sshdProcess(t *testing.T, hop Hop) int {
	t.Helper()
	var pid int
	eventually(t, "sshd wrote its pid", func() bool {
		text, err := os.ReadFile(filepath.Join(filepath.Dir(hop.KeyFiles[0]), "pid"))
		if err != nil {
			return false
		}
		pid, err = strconv.Atoi(strings.TrimSpace(string(text)))
		return err == nil
	})
	return pid
}

// descendants are the processes that a process started, and those that they started.
func descendants(pid int) (all []int) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return nil
	}
	for _, field := range strings.Fields(string(text)) {
		child, err := strconv.Atoi(field)
		if err == nil {
			all = append(append(all, child), descendants(child)...)
		}
	}
	return all
}

// TestOpenSSHChallenge: the server asks through PAM, as jumphosts with a second factor do.
func TestOpenSSHChallenge(t *testing.T) {
	t.Parallel()
	const name, password = "matou-t-pam", "m0ut'arde $x"
	account(t, name, password, "")
	hop := as(t, sshd(t, "UsePAM yes\nPasswordAuthentication no\nPubkeyAuthentication no\nKbdInteractiveAuthentication yes"), name)
	hop.Sudo, hop.KeyFiles = false, nil
	asked := 0
	typed := func(words ...string) func(*Options) {
		return func(o *Options) {
			o.Asker.Password = func(context.Context, Hop, int) (string, error) {
				asked++
				return words[min(asked, len(words))-1], nil
			}
		}
	}
	c := newClient(t, typed("wrong", password))
	if id, err := connect(t, c, hop).Identity(t.Context()); err != nil || id.User != name || asked != 2 {
		t.Errorf("%v, %v, asked %d times", id, err, asked)
	}
	hop.Password = password
	connect(t, newClient(t), hop)
	hop.Password = "another"
	if _, err := newClient(t).Conn(t.Context(), hop); !errors.Is(err, ErrAuth) || strings.Contains(err.Error(), "another") {
		t.Errorf("a wrong one: %v", err)
	}
}

// TestOpenSSHShell: a person at the terminal of a real shell.
func TestOpenSSHShell(t *testing.T) {
	ptmx, tty, before := terminal(t)
	conn := connect(t, newClient(t), sshd(t, ""))

	var mu sync.Mutex
	var screen strings.Builder
	var reading sync.WaitGroup
	reading.Go(func() {
		buf := make([]byte, 4096)
		for {
			n, err := ptmx.Read(buf)
			mu.Lock()
			screen.Write(buf[:n])
			mu.Unlock()
			if err != nil {
				return
			}
		}
	})
	shown := func() string { mu.Lock(); defer mu.Unlock(); return screen.String() }
	sees := func(text string) {
		t.Helper()
		eventually(t, strconv.Quote(text)+" was shown", func() bool { return strings.Contains(shown(), text) })
	}
	types := func(text string) {
		t.Helper()
		if _, err := ptmx.WriteString(text); err != nil {
			t.Fatal(err)
		}
	}
	var exit Exit
	var err error
	var ended sync.WaitGroup
	ended.Go(func() {
		exit, err = interactive(t.Context(), conn, "PS1='ready> ' exec bash --norc --noprofile --noediting", tty, tty, os.Stderr)
	})
	sees("ready> ")
	types("echo size $(stty size)\r")
	sees("size 33 91\r\nready> ") // with the prompt: what is typed before it is shown before it, and no output begins a line
	if err := pty.Setsize(tty, &pty.Winsize{Cols: 100, Rows: 40}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGWINCH); err != nil {
		t.Fatal(err)
	}
	types("until [ \"$(stty size)\" = '40 100' ]; do sleep 0.05; done; echo now $(stty size)\r")
	sees("now 40 100\r\nready> ")
	// It says that it has begun once the terminal is its own: between two commands of a list ctrl-c is
	// bash's to take, and bash then waits for the command that it was just starting.
	types("sh -c 'echo begun; exec sleep 1000'; echo never\r")
	sees("\nbegun\r\n")
	types("\x03")
	eventually(t, "the shell is ready again", func() bool { return strings.HasSuffix(shown(), "ready> ") }) // it forgets what was typed before
	types("echo $((128+2)) is $?\r")
	sees("130 is 130\r\nready> ")
	types("stty -echo; echo hush''ed; read -r secret; stty echo; echo got ${#secret}\r")
	sees("\nhushed\r\n")
	types("moutarde\r")
	sees("\ngot 8\r\n")
	types("exit 7\r")
	ended.Wait()
	if err != nil || exit.Code != 7 {
		t.Errorf("%+v, %v", exit, err)
	}
	after, err := term.GetState(int(tty.Fd()))
	if err != nil || *after != *before {
		t.Errorf("terminal left in another state (%v)", err)
	}
	if text := shown(); strings.Count(text, "echo size") != 1 || strings.Contains(text, "moutarde") {
		t.Errorf("what was typed is shown twice, or at all:\n%s", text)
	}
	tty.Close()
	ptmx.Close()
	reading.Wait()
}

// TestOpenSSHReboot: the jumphost goes down with all its connections, and comes back. What was running
// behind it is picked up where it is, and a followed file goes on after a mark.
func TestOpenSSHReboot(t *testing.T) {
	t.Parallel()
	jumphost := sshd(t, "")
	far, home := homely(t, "echo 'Welcome, and mind the cat'\n", "")
	jumphost.Name, far.Name = "jumphost", "far"
	chain := []Hop{jumphost, far}
	c := newClient(t)
	connect(t, c, chain...)
	log := write(t, filepath.Join(home, "log"), "before\n")

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var followed lines
	following := make(chan error, 1)
	go func() {
		following <- Follow(ctx, c, chain, log, 10, func(l FollowLine) {
			if l.Gap {
				l.Text = "gap"
			}
			followed.take(Line{Text: l.Text})
		})
	}()
	eventually(t, "the file was followed", func() bool { return followed.String() == "before" })

	var counted lines
	down := make(chan struct{})
	counted.on = func(n int, _ string) {
		if n == 3 {
			close(down)
		}
	}
	type end struct {
		exit Exit
		err  error
	}
	ran := make(chan end, 1)
	go func() {
		exit, err := RunOnce(t.Context(), c, chain, Job{ID: "through-a-reboot", Line: counting(home, 20, "exit 4")}, counted.take)
		ran <- end{exit, err}
	}()
	<-down
	pid := sshdProcess(t, jumphost)
	for _, p := range append([]int{pid}, descendants(pid)...) {
		if err := syscall.Kill(p, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			t.Fatal(err)
		}
	}
	eventually(t, "the jumphost was down", func() bool {
		conn, err := net.Dial("tcp", jumphost.Addr())
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
	file, err := os.OpenFile(log, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString("meanwhile\n"); err != nil {
		t.Fatal(err)
	}
	again := exec.Command("/usr/sbin/sshd", "-D", "-e", "-f", filepath.Join(filepath.Dir(jumphost.KeyFiles[0]), "conf"))
	if err := again.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { again.Process.Kill(); again.Wait() })

	got := <-ran
	var want []string
	for i := range 20 {
		want = append(want, strconv.Itoa(i+1))
	}
	if got.err != nil || got.exit.Code != 4 || counted.String() != strings.Join(want, "|") {
		t.Errorf("%+v, %v, %s", got.exit, got.err, counted.String())
	}
	if n := begun(t, home); n != 1 {
		t.Errorf("it was begun %d times", n)
	}
	eventually(t, "the file was followed again", func() bool { return followed.String() == "before|gap|meanwhile" })
	cancel()
	if err := <-following; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestOpenSSHIdentitiesOnly: the agent has the key that the server takes, but shows it only where
// ssh_config lets it.
func TestOpenSSHIdentitiesOnly(t *testing.T) {
	dir := t.TempDir()
	sock := filepath.Join(dir, "agent")
	agent := exec.Command("ssh-agent", "-D", "-a", sock)
	if err := agent.Start(); err != nil {
		t.Skip(err)
	}
	defer func() { agent.Process.Kill(); agent.Wait() }()
	eventually(t, "the agent listened", func() bool { _, err := os.Stat(sock); return err == nil })
	hop := sshd(t, "")
	tool(t, []string{"SSH_AUTH_SOCK=" + sock}, "ssh-add", "-q", hop.KeyFiles[0])
	other := filepath.Join(dir, "other")
	tool(t, nil, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", other)
	t.Setenv("SSH_AUTH_SOCK", sock)
	for only, want := range map[string]error{"no": nil, "yes": ErrAuth} {
		config, err := LoadSSHConfig(write(t, filepath.Join(dir, "config"), fmt.Sprintf("Host room-*\n  HostName 127.0.0.1\n  Port %d\n  User %s\n  IdentitiesOnly %s\n  IdentityFile %s\n",
			hop.Port, hop.User, only, other)))
		if err != nil {
			t.Fatal(err)
		}
		c := newClient(t, func(o *Options) { o.SSHConfig = config })
		if _, err := c.Conn(t.Context(), Hop{Host: "room-1", Fingerprints: hop.Fingerprints}); !errors.Is(err, want) {
			t.Errorf("IdentitiesOnly %s: %v", only, err)
		}
	}
}

// TestOpenSSHStalled: a server that accepts and then says nothing, and one that stops in the middle of
// a command. Neither is waited for for ever.
func TestOpenSSHStalled(t *testing.T) {
	t.Parallel()
	hop := sshd(t, "")
	c := newClient(t, func(o *Options) { o.KeepaliveEvery = time.Hour })
	conn := connect(t, c, hop)
	pid := sshdProcess(t, hop)
	stopped := append([]int{pid}, descendants(pid)...)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := conn.Run(ctx, Command{Line: "echo go; sleep 1000"}, func(Line) {
		for _, p := range stopped {
			syscall.Kill(p, syscall.SIGSTOP)
		}
		cancel() // not before: it would end before the host stops
	})
	defer func() {
		for _, p := range descendants(pid) { // the command would outlive its host
			syscall.Kill(p, syscall.SIGKILL)
		}
		for _, p := range stopped {
			syscall.Kill(p, syscall.SIGCONT)
		}
	}()
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a command on a host that stopped: %v", err)
	}
	fresh := newClient(t, func(o *Options) { o.HandshakeTimeout = 300 * time.Millisecond })
	if _, err := fresh.Conn(t.Context(), hop); !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), "no answer in the handshake within 300ms") {
		t.Errorf("a server that says nothing: %v", err)
	}
}
