package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"

	"matou/cloud/sandbox/host/bin"
	"matou/cloud/sandbox/host/shell"
	"matou/cloud/sandbox/host/tree"
)

func itoa(n int) string { return strconv.Itoa(n) }

// newShell makes a shell for a session.
func (s *session) newShell(c shell.Config) (*shell.Shell, error) {
	h := s.host
	c.FS = h.tree.As(s.account.UID, s.account.GID)
	if c.Env == nil {
		c.Env = s.env()
	}
	if c.Dir == "" {
		c.Dir = s.home()
	}
	if c.Prefix == "" {
		c.Prefix = s.prefix
	}
	c.Exec = func(ctx context.Context, cmd shell.Command) int { return s.exec(ctx, cmd) }
	c.Lookup = func(dir, pathList, name string) string {
		p, _ := s.lookup(dir, pathList, name)
		return p
	}
	c.Home = func(user string) (string, bool) {
		a := bin.LookupUser(h.tree.Root(), user)
		return a.Home, a.UID >= 0
	}
	if c.Background == nil {
		c.Background = h.ctx
	}
	c.Go = h.goFunc
	return shell.New(c)
}

// lookup finds a program as execvp(3) does. The status is 127 when there is none and 126 when it
// can't be run.
func (s *session) lookup(dir, pathList, name string) (string, int) {
	v := s.host.tree.As(s.account.UID, s.account.GID)
	if strings.Contains(name, "/") {
		p := tree.Clean(dir, name)
		i, err := v.Stat(p)
		switch {
		case err != nil:
			return "", 127
		case i.IsDir() || v.Access(p, 1) != nil:
			return p, 126
		}
		return p, 0
	}
	if name == "" {
		return "", 127
	}
	for d := range strings.SplitSeq(pathList, ":") {
		p := tree.Clean(dir, d+"/"+name)
		if i, err := v.Stat(p); err == nil && i.Mode().IsRegular() && v.Access(p, 1) == nil {
			return p, 0
		}
	}
	return "", 127
}

// exec runs a program and waits for it.
func (s *session) exec(ctx context.Context, c shell.Command) int {
	name := c.Args[0]
	pathList := ""
	for _, kv := range c.Env {
		if p, ok := strings.CutPrefix(kv, "PATH="); ok {
			pathList = p
		}
	}
	p, code := s.lookup(c.Dir, pathList, name)
	if code != 0 {
		switch {
		case code == 126 && s.host.tree.Root().IsDir(p):
			fmt.Fprintf(c.Stderr, "%s: %s: Is a directory\n", s.prefix, name)
		case code == 126:
			fmt.Fprintf(c.Stderr, "%s: %s: Permission denied\n", s.prefix, name)
		case strings.Contains(name, "/"):
			fmt.Fprintf(c.Stderr, "%s: %s: No such file or directory\n", s.prefix, name)
		default:
			fmt.Fprintf(c.Stderr, "%s: %s: command not found\n", s.prefix, name)
		}
		return code
	}
	data, err := s.host.tree.As(s.account.UID, s.account.GID).ReadFile(p)
	if err != nil {
		fmt.Fprintf(c.Stderr, "%s: %s: %s\n", s.prefix, name, bin.Reason(err))
		return 126
	}
	if prog, ok := strings.CutPrefix(string(data), stub); ok {
		return s.program(ctx, strings.TrimSpace(prog), c)
	}
	return s.script(ctx, p, data, c)
}

// script runs a file by its first line, as the kernel does; without one it is the shell's.
func (s *session) script(ctx context.Context, p string, data []byte, c shell.Command) int {
	first, _, _ := bytes.Cut(data, []byte("\n"))
	if bytes.IndexByte(first, 0) >= 0 {
		fmt.Fprintf(c.Stderr, "%s: %s: cannot execute binary file: Exec format error\n", s.prefix, c.Args[0])
		return 126
	}
	interpreter := []string{"/bin/sh"}
	if line, ok := strings.CutPrefix(string(first), "#!"); ok {
		interpreter = strings.Fields(line)
	}
	if len(interpreter) > 1 && path.Base(interpreter[0]) == "env" {
		interpreter = interpreter[1:]
	}
	if len(interpreter) == 0 {
		interpreter = []string{"/bin/sh"}
	}
	c.Args = append(append(append([]string{}, interpreter...), p), c.Args[1:]...)
	switch path.Base(interpreter[0]) {
	case "sh", "bash", "dash":
		return s.program(ctx, "sh", c)
	}
	name := interpreter[0]
	if found, code := s.lookup(c.Dir, "/usr/bin:/bin", name); code != 0 || found == p {
		fmt.Fprintf(c.Stderr, "%s: %s: %s: bad interpreter: No such file or directory\n", s.prefix, p, name)
		return 126
	}
	return s.program(ctx, path.Base(name), c)
}

// program runs one of the sandbox's own programs in this goroutine, as an entry of the process
// table.
func (s *session) program(ctx context.Context, name string, c shell.Command) int {
	h := s.host
	run := h.find(name)
	if run == nil {
		fmt.Fprintf(c.Stderr, "%s: %s: cannot execute binary file: Exec format error\n", s.prefix, c.Args[0])
		return 126
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	p := h.addProc(0, s.account.Name, c.Args...)
	h.mu.Lock()
	p.cancel = cancel
	if s.tty != nil {
		p.tty = s.tty.name
	}
	h.mu.Unlock()
	defer h.endProc(p)
	call := &bin.Call{
		Args: append([]string{}, c.Args...), Stdin: c.Stdin, Stdout: c.Stdout, Stderr: c.Stderr, Env: c.Env, Dir: c.Dir,
		User: s.account.Name, FS: h.tree.As(s.account.UID, s.account.GID), Now: h.cfg.Now,
	}
	call.Exec = func(ctx context.Context, n bin.Call) int {
		return s.exec(ctx, shell.Command{Args: n.Args, Stdin: n.Stdin, Stdout: n.Stdout, Stderr: n.Stderr, Env: n.Env, Dir: n.Dir})
	}
	if s.tty != nil && s.tty.owns(c.Stdout) {
		call.Width = s.tty.width()
	}
	if name != "python" && name != "python3" {
		shell.Started(ctx) // a Flask application tells itself when it listens
	}
	code := 0
	if !h.survives(call.Args[0], func() {
		code = run(ctx, &Process{Call: call, Host: h, PID: p.pid, TTY: s.tty, session: s})
	}) {
		fmt.Fprintln(c.Stderr, "Aborted")
		return exitAborted
	}
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errKilled):
		return 137
	case errors.Is(cause, errTerminated):
		return 143
	}
	return code
}

// exitAborted is the status of a program that came down: 128 and SIGABRT.
const exitAborted = 128 + 6

// survives runs f, and reports whether it came to its end. What people type and write on a host may
// bring one of its programs down by a mistake of ours; the console, in whose process they all run, goes
// on, and the host's log tells.
func (h *Host) survives(what string, f func()) (well bool) {
	defer func() {
		if p := recover(); p != nil {
			well = false
			h.Log("kernel", fmt.Sprintf("%s: internal error of the sandbox: %v", what, p))
		}
	}()
	f()
	return true
}

// find answers the program behind a name.
func (h *Host) find(name string) Program {
	if p := h.cfg.Commands[name]; p != nil {
		return p
	}
	if p := builtins[name]; p != nil {
		return p
	}
	if f := bin.Table[name]; f != nil {
		return func(ctx context.Context, p *Process) int { return f(ctx, p.Call) }
	}
	return nil
}

// shellProgram is sh and bash: -c LINE, FILE, or the standard input.
func shellProgram(ctx context.Context, p *Process) int {
	args := p.Args[1:]
	text, have := "", false
	var flags []string
	for len(args) > 0 && len(args[0]) > 1 && (args[0][0] == '-' || args[0][0] == '+') {
		f := args[0]
		args = args[1:]
		if strings.HasPrefix(f, "--") {
			continue
		}
		if strings.Contains(f, "c") && f[0] == '-' {
			if len(args) == 0 {
				return p.Fail(2, "-c: option requires an argument")
			}
			text, args, have = args[0], args[1:], true
			if len(args) > 0 {
				args = args[1:] // $0
			}
		}
		for _, letter := range f[1:] {
			if strings.ContainsRune("eux", letter) {
				flags = append(flags, string(f[0])+string(letter))
			}
		}
	}
	name := path.Base(p.Args[0])
	switch {
	case have:
	case len(args) > 0:
		data, err := p.FS.ReadFile(tree.Clean(p.Dir, args[0]))
		if err != nil {
			fmt.Fprintf(p.Stderr, "%s: %s: %s\n", name, args[0], bin.Reason(err))
			return 127
		}
		name, text, args = args[0], string(data), args[1:]
	case p.Stdin != nil:
		data, err := io.ReadAll(io.LimitReader(p.Stdin, 1<<20))
		if err != nil {
			return 1
		}
		text = string(data)
	}
	stdin, _ := p.Stdin.(*os.File)
	sub := *p.session
	sub.prefix = name
	sh, err := sub.newShell(shell.Config{
		Dir: p.Dir, Env: p.Env, Stdin: stdin, Stdout: p.Stdout, Stderr: p.Stderr, Params: args, Prefix: name,
	})
	if err != nil {
		return p.Fail(126, "%v", err)
	}
	defer sh.Close()
	if len(flags) > 0 {
		if _, err := sh.Run(ctx, "set "+strings.Join(flags, " "), false); err != nil {
			return 2
		}
	}
	code, _ := sh.Run(ctx, text, false)
	return code
}

// limited gathers output up to a bound and drops the rest.
type limited struct {
	mu  sync.Mutex
	buf bytes.Buffer
	max int
}

func (l *limited) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if room := l.max - l.buf.Len(); room > 0 {
		l.buf.Write(b[:min(room, len(b))])
	}
	return len(b), nil
}

func (l *limited) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// maxOutput bounds what is kept of a command that nobody follows, in bytes.
const maxOutput = 1 << 20

// Run runs a line in a user's shell and answers both outputs and the exit status.
func (h *Host) Run(ctx context.Context, user, line string) (string, int) {
	out := &limited{max: maxOutput}
	code := h.runTo(ctx, h.session(user), line, out)
	return out.String(), code
}

func (h *Host) runTo(ctx context.Context, s *session, line string, out io.Writer) int {
	sh, err := s.newShell(shell.Config{Stdout: out, Stderr: out})
	if err != nil {
		fmt.Fprintln(out, err)
		return 126
	}
	defer sh.Close()
	code, _ := sh.Run(ctx, line, false)
	return code
}
