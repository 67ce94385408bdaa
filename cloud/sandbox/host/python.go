package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path"
	"strings"
	"time"

	"matou/cloud/sandbox/host/pyapp"
	"matou/cloud/sandbox/host/shell"
	"matou/cloud/sandbox/host/tree"
)

// python is python3 for what the workshop does with it: -c with imports, -m with a module, --version,
// and a Flask application in a file, which really serves (package pyapp).
func python(ctx context.Context, p *Process) int {
	args := p.Args[1:]
	if len(args) == 0 {
		return p.Fail(1, "the interactive interpreter is not part of the sandbox")
	}
	switch args[0] {
	case "--version", "-V":
		p.printf("Python 3.11.2\n")
		return 0
	case "-c":
		if len(args) < 2 {
			return p.Fail(2, "Argument expected for the -c option")
		}
		return p.pythonText("<string>", args[1])
	case "-m":
		if len(args) < 2 {
			return p.Fail(2, "Argument expected for the -m option")
		}
		if args[1] == "pip" {
			p.Args = append([]string{"pip"}, args[2:]...)
			return pipProgram(ctx, p)
		}
		if !p.Host.hasModule(args[1]) {
			fmt.Fprintf(p.Stderr, "%s: No module named %s\n", p.Args[0], args[1])
			return 1
		}
		return 0
	}
	file := tree.Clean(p.Dir, args[0])
	data, err := p.FS.ReadFile(file)
	if err != nil {
		fmt.Fprintf(p.Stderr, "%s: can't open file '%s': [Errno 2] No such file or directory\n", p.Args[0], file)
		return 2
	}
	if !strings.Contains(string(data), "Flask(") {
		return p.pythonText(file, string(data))
	}
	return p.serveApp(ctx, file, string(data))
}

// standard are the modules that come with Python and that programs of the workshop name.
var standard = map[string]bool{
	"os": true, "sys": true, "socket": true, "zlib": true, "json": true, "time": true, "re": true, "random": true,
	"platform": true, "datetime": true, "http": true, "logging": true, "subprocess": true, "string": true, "math": true, "base64": true,
}

func (h *Host) hasModule(name string) bool {
	top, _, _ := strings.Cut(name, ".")
	return standard[top] || h.importable(name)
}

// pythonText checks the imports of a text and runs its prints of plain values.
func (p *Process) pythonText(name, text string) int {
	if !p.imports(name, text) {
		return 1
	}
	prog, err := pyapp.Parse(text)
	if err == nil {
		err = prog.Run(p.Host.Hostname(), p.Stdout)
	}
	if err != nil {
		fmt.Fprintf(p.Stderr, "%s: %v (the sandbox runs a small part of Python only)\n", path.Base(p.Args[0]), err)
		return 1
	}
	return 0
}

// imports tells whether all modules are there, with Python's words when one is not.
func (p *Process) imports(file, text string) bool {
	for line, module := range pyapp.Imports(text) {
		if !p.Host.hasModule(module) {
			fmt.Fprintf(p.Stderr, "Traceback (most recent call last):\n  File \"%s\", line %d, in <module>\n"+
				"ModuleNotFoundError: No module named '%s'\n", file, line, module)
			return false
		}
	}
	return true
}

// serveApp runs a Flask application until it is killed. When only the shell that started it ends,
// it goes on without it.
func (p *Process) serveApp(ctx context.Context, file, text string) int {
	if !p.imports(file, text) {
		return 1
	}
	prog, err := pyapp.Parse(text)
	if err != nil {
		fmt.Fprintf(p.Stderr, "  File \"%s\"\nSyntaxError: %v\n", file, err)
		return 1
	}
	app, err := prog.App(p.Host.Hostname(), func(line string) {
		_ = p.FS.AppendFile("/var/log/"+strings.TrimSuffix(path.Base(file), ".py")+".log", []byte(line), 0o644) // a full disk loses it
	})
	if err != nil {
		fmt.Fprintf(p.Stderr, "%s: %v (the sandbox runs a small part of Python only)\n", path.Base(file), err)
		return 1
	}
	l, err := p.Host.Listen(net.JoinHostPort(app.Host, itoa(app.Port)), "python3")
	if err != nil {
		if errors.Is(err, ErrInUse) {
			fmt.Fprintf(p.Stderr, "Address already in use\nPort %d is in use by another program. Either identify and stop that program, or start the server with a different port.\n", app.Port)
		} else {
			fmt.Fprintln(p.Stderr, err)
		}
		return 1
	}
	fmt.Fprintf(p.Stderr, " * Serving Flask app '%s'\n * Debug mode: off\n * Running on http://%s:%d\n", strings.TrimSuffix(path.Base(file), ".py"), p.Host.Address(), app.Port)
	done := p.detach(l, app)
	if shell.InBackground(ctx) {
		return 0 // the process of the host goes on
	}
	select {
	case <-done:
		return 0
	case <-ctx.Done():
	}
	cause := context.Cause(ctx)
	if errors.Is(cause, errInterrupted) || errors.Is(cause, errKilled) || errors.Is(cause, errTerminated) {
		l.Close()
		<-done
		return 130
	}
	return 0
}

// detach serves an application as a process of the host. The channel is closed when it has ended.
func (p *Process) detach(l net.Listener, app *pyapp.App) <-chan struct{} {
	h := p.Host
	what := program{User: p.User, Dir: p.Dir, Args: append([]string{}, p.Args...)}
	q := h.addProc(0, p.User, p.Args...)
	ctx, cancel := context.WithCancelCause(h.ctx)
	h.mu.Lock()
	q.cancel = cancel
	h.mu.Unlock()
	h.update(func(s *state) { s.Programs = append(without(s.Programs, what), what) })
	done := make(chan struct{})
	server := &http.Server{Handler: app, ReadHeaderTimeout: 30 * time.Second, ErrorLog: nil}
	h.goFunc(func() {
		defer close(done)
		defer h.endProc(q)
		defer cancel(nil)
		stop := context.AfterFunc(ctx, func() { server.Close() })
		defer stop()
		_ = server.Serve(l) // ends with its listener
		server.Close()
		if h.ctx.Err() == nil { // killed, not the host's end: it is not to come back
			h.update(func(s *state) { s.Programs = without(s.Programs, what) })
		}
	})
	return done
}

func without(list []program, p program) []program {
	var out []program
	for _, o := range list {
		if !o.same(p) {
			out = append(out, o)
		}
	}
	return out
}

// resume starts a program again that ran when the sandbox ended.
func (h *Host) resume(p program) {
	s := h.session(p.User)
	args := append([]string(nil), p.Args...)
	h.goFunc(func() {
		ctx, cancel := context.WithCancel(h.ctx)
		defer cancel()
		s.exec(ctx, shell.Command{Args: args, Stdout: io.Discard, Stderr: io.Discard, Env: s.env(), Dir: p.Dir})
	})
}
