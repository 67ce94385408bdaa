package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/term"

	"matou/cloud/sandbox/host/shell"
)

// login is one session channel.
type login struct {
	*session
	conn *sshConn
	ch   ssh.Channel
	env  []string
	stop context.CancelCauseFunc
}

// session serves a session channel (RFC 4254, section 6): its requests, and one program.
func (c *sshConn) session(ctx context.Context, server *ssh.ServerConn, n ssh.NewChannel) {
	ch, requests, err := n.Accept()
	if err != nil {
		return
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	l := &login{session: c.host.session(server.User()), conn: c, ch: ch, stop: cancel}
	l.remote = server.RemoteAddr().String()
	var run sync.WaitGroup
	started := false
	var program func() int // to be run once the request for it was answered
	start := func(f func() int) { started, program = true, f }
	begin := func() {
		f := program
		program = nil
		cut := make(chan struct{}) // closed once the line is, if it is to be
		run.Go(func() {
			status := exitAborted
			l.host.survives("login", func() { status = f() })
			if c.drop { // however short it was: its end is not told before
				<-cut
			}
			_, _ = ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{uint32(status)}))
			ch.Close()
		})
		if c.drop {
			run.Go(func() {
				t := time.NewTimer(50 * time.Millisecond)
				defer t.Stop()
				select {
				case <-t.C:
				case <-ctx.Done():
				}
				c.net.Close()
				close(cut)
			})
		}
	}
	for r := range requests {
		ok := l.request(ctx, r, started, start)
		if r.WantReply {
			_ = r.Reply(ok, nil)
		}
		// A program that ends at once closes the channel: a client that has no answer to its request by
		// then takes the connection for lost.
		if program != nil {
			begin()
		}
	}
	// The channel is closed: what still runs gets a hang-up.
	cancel(errTerminated)
	if l.tty != nil {
		l.tty.hangUp()
	}
	run.Wait()
	ch.Close()
}

func (l *login) request(ctx context.Context, r *ssh.Request, started bool, start func(func() int)) bool {
	switch r.Type {
	case "env":
		var v struct{ Name, Value string }
		if ssh.Unmarshal(r.Payload, &v) == nil && len(l.env) < 64 && (strings.HasPrefix(v.Name, "LC_") || v.Name == "LANG" || v.Name == "TERM") {
			l.env = append(l.env, v.Name+"="+v.Value)
		}
		return true
	case "pty-req":
		var p struct {
			Term                      string
			Cols, Rows, Width, Height uint32
			Modes                     string
		}
		if started || ssh.Unmarshal(r.Payload, &p) != nil {
			return false
		}
		h := l.host
		h.mu.Lock()
		name := fmt.Sprintf("pts/%d", h.pty%100)
		h.pty++
		h.mu.Unlock()
		l.tty = newTTY(name, p.Term, l.ch, int(p.Cols), int(p.Rows))
		l.env = append(l.env, "TERM="+p.Term, "SSH_TTY=/dev/"+name)
		return true
	case "window-change":
		var p struct{ Cols, Rows, Width, Height uint32 }
		if l.tty != nil && ssh.Unmarshal(r.Payload, &p) == nil {
			l.tty.resize(int(p.Cols), int(p.Rows))
		}
		return true
	case "signal":
		var s struct{ Name string }
		if ssh.Unmarshal(r.Payload, &s) == nil && started {
			l.stop(map[string]error{"INT": errInterrupted, "KILL": errKilled}[s.Name])
		}
		return true
	case "exec":
		var e struct{ Line string }
		if started || ssh.Unmarshal(r.Payload, &e) != nil {
			return false
		}
		start(func() int { return l.exec(ctx, e.Line) })
		return true
	case "shell":
		if started {
			return false
		}
		start(func() int {
			if l.tty == nil {
				return l.piped(ctx)
			}
			return l.interactive(ctx)
		})
		return true
	}
	return false
}

func (l *login) environment() []string {
	port := "22"
	client, _, _ := strings.Cut(l.remote, ":")
	return append(append(l.session.env(), l.env...), "SSH_CONNECTION="+client+" 0 "+l.host.Address()+" "+port, "SSH_CLIENT="+client+" 0 "+port)
}

// exec runs one line.
func (l *login) exec(ctx context.Context, line string) int {
	if l.tty != nil {
		return l.onTerminal(ctx, line)
	}
	pr, pw, err := os.Pipe()
	if err != nil {
		fmt.Fprintln(l.ch.Stderr(), err)
		return 126
	}
	fed := make(chan struct{})
	go func() {
		defer close(fed)
		_, _ = io.Copy(pw, l.ch) // the client's end, or the program's
		pw.Close()
	}()
	// The channel's end unblocks the copy; it comes when the line below has returned.
	l.conn.wg.Go(func() { <-fed })
	stop := context.AfterFunc(ctx, func() { pw.Close() })
	defer stop()
	defer pr.Close()
	sh, err := l.newShell(shell.Config{Env: l.environment(), Stdin: pr, Stdout: l.ch, Stderr: l.ch.Stderr()})
	if err != nil {
		fmt.Fprintln(l.ch.Stderr(), err)
		return 126
	}
	defer sh.Close()
	code, _ := sh.Run(ctx, line, false)
	return code
}

// piped is a shell without a terminal: it reads its lines from the channel.
func (l *login) piped(ctx context.Context) int {
	data, err := io.ReadAll(io.LimitReader(l.ch, 1<<20))
	if err != nil {
		return 1
	}
	sh, err := l.newShell(shell.Config{Env: l.environment(), Stdout: l.ch, Stderr: l.ch.Stderr()})
	if err != nil {
		fmt.Fprintln(l.ch.Stderr(), err)
		return 126
	}
	defer sh.Close()
	code, _ := sh.Run(ctx, string(data), false)
	return code
}

// onTerminal runs one line on a terminal (ssh -t).
func (l *login) onTerminal(ctx context.Context, line string) int {
	l.conn.wg.Go(func() { l.tty.pump(l.ch) })
	out := &screen{tty: l.tty, w: l.ch}
	sh, err := l.newShell(shell.Config{Env: l.environment(), Stdout: out, Stderr: out})
	if err != nil {
		fmt.Fprintln(out, err)
		return 126
	}
	defer sh.Close()
	code, _ := l.foreground(ctx, sh, line, false)
	return code
}

// foreground runs a text with the terminal as its standard input. ctrl-c ends it.
func (l *login) foreground(ctx context.Context, sh *shell.Shell, text string, interactive bool) (int, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	pr, pw, err := os.Pipe()
	if err != nil {
		return 126, nil // out of files: the command did not run
	}
	l.tty.enter(cooked, cancel)
	stop, fed := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(fed)
		buf := make([]byte, 4096)
		for {
			n, err := l.tty.take(cooked, buf, stop)
			if n > 0 {
				if _, err := pw.Write(buf[:n]); err != nil {
					return
				}
			}
			if err != nil {
				pw.Close()
				return
			}
		}
	}()
	end := context.AfterFunc(ctx, func() { pw.Close() })
	sh.SetStdin(pr)
	code, err := sh.Run(ctx, text, interactive)
	end()
	sh.SetStdin(nil)
	close(stop)
	<-fed
	pw.Close()
	// What was typed ahead goes to the next prompt.
	left, _ := io.ReadAll(io.LimitReader(pr, maxQueue))
	pr.Close()
	l.tty.enter(editing, nil)
	if len(left) > 0 {
		l.tty.unread(left)
	}
	if errors.Is(context.Cause(ctx), errInterrupted) {
		code = 130
	}
	return code, err
}

// interactive is a login shell on a terminal.
func (l *login) interactive(ctx context.Context) int {
	l.conn.wg.Go(func() { l.tty.pump(l.ch) })
	out := &screen{tty: l.tty, w: l.ch}
	l.prefix = "-bash"
	l.history = &history{}
	who := l.host.addProc(0, l.account.Name, "-bash")
	l.host.mu.Lock()
	who.tty = l.tty.name
	l.host.mu.Unlock()
	defer l.host.endProc(who)
	bg, cancel := context.WithCancelCause(ctx)
	defer cancel(errTerminated)
	sh, err := l.newShell(shell.Config{
		Env: l.environment(), Stdout: out, Stderr: out, Prefix: "-bash", Interactive: true, Background: bg,
	})
	if err != nil {
		fmt.Fprintln(out, err)
		return 126
	}
	defer sh.Close()
	l.greet(ctx, sh, out)
	t := term.NewTerminal(lineEditor{l.tty, l.ch}, "")
	t.History = l.history
	t.AutoCompleteCallback = func(line string, pos int, key rune) (string, int, bool) {
		if key != '\t' {
			return "", 0, false
		}
		return l.complete(sh.Dir(), line, pos)
	}
	return l.prompts(ctx, sh, t)
}

func (l *login) greet(ctx context.Context, sh *shell.Shell, out io.Writer) {
	root := l.host.tree.Root()
	if motd, err := root.ReadFile("/etc/motd"); err == nil {
		_, _ = out.Write(motd)
	}
	for _, rc := range []string{"/etc/profile", path.Join(l.account.Home, ".profile"), path.Join(l.account.Home, ".bashrc")} {
		if root.Exists(rc) {
			_, _ = sh.Run(ctx, ". "+rc, false)
		}
	}
}

var _ term.History = (*history)(nil)
