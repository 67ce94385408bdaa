// Package shell is the login shell of a virtual host: the interpreter mvdan.cc/sh on the host's
// file tree.
//
// The interpreter is made for the machine it runs on, so this package's work is to see that it
// never meets that machine: files, folders, access and commands go through handlers (handlers.go);
// what the interpreter does by itself, such as looking along PATH for "type" or resolving "pwd -P",
// is rewritten before it runs (rewrite.go); named pipes, which only the real system could offer,
// are refused; and what would let a line use unbounded memory or stack is cut off (guard.go).
package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"

	"matou/cloud/sandbox/host/tree"
)

// Command is a program to run: what the shell could not do itself.
type Command struct {
	Args           []string
	Stdin          io.Reader // may be nil
	Stdout, Stderr io.Writer
	Env            []string
	Dir            string
}

// Config says where a shell runs.
type Config struct {
	FS     tree.View
	Dir    string
	Env    []string // "NAME=value"; HOME and PATH should be among them
	Stdin  *os.File // may be nil
	Stdout io.Writer
	Stderr io.Writer
	Params []string // $1 and on
	// Prefix starts the shell's own messages: "-bash" for a login, "bash: line 1" for one line.
	Prefix string
	// Exec runs a program and answers its exit status. It prints "command not found" itself.
	Exec func(ctx context.Context, c Command) int
	// Lookup finds a program along the PATH; "" when there is none.
	Lookup func(dir, path, name string) string
	// Home is a user's home folder, for ~name.
	Home func(user string) (string, bool)
	// Background is the context of statements that end in &, Go starts their goroutines. Without
	// them such a statement ends with the shell.
	Background context.Context
	Go         func(func())
	// Interactive shells expand aliases.
	Interactive bool
}

// Shell is one running shell. Its methods are not safe for concurrent use, but for those the
// interpreter itself calls.
type Shell struct {
	cfg    Config
	runner *interp.Runner
	mu     sync.Mutex
	funcs  map[string]bool // functions defined in what was parsed so far
	bg     []context.CancelCauseFunc
	jobs   []*job
	exited bool
}

// grace is how long a shell that ends waits for what it left in the background to get going.
const grace = 300 * time.Millisecond

// ErrClosed is the cause with which the commands that a shell left in the background end.
var ErrClosed = errors.New("shell closed")

// ErrIncomplete says that a line needs more lines: an open quote, a here-document, a loop.
var ErrIncomplete = errors.New("incomplete command")

// New makes a shell. Close it.
func New(c Config) (*Shell, error) {
	c.Stderr = untraced{c.Stderr}
	s := &Shell{cfg: c, funcs: map[string]bool{}}
	stdin := io.Reader(nil)
	if c.Stdin != nil {
		stdin = c.Stdin
	}
	opts := []interp.RunnerOption{
		interp.Env(&environ{list: append(c.Env, "TMPDIR="+nowhere), home: c.Home}),
		interp.Interactive(c.Interactive),
		interp.OpenHandler(s.open),
		interp.ReadDirHandler2(s.readDir),
		interp.StatHandler(s.stat),
		interp.AccessHandler(s.access),
		interp.CallHandler(s.call),
		interp.ExecHandlers(func(interp.ExecHandlerFunc) interp.ExecHandlerFunc { return s.exec }),
		interp.StdIO(stdin, c.Stdout, c.Stderr),
		interp.Params(append([]string{"--"}, c.Params...)...),
		func(r *interp.Runner) error { r.Dir = c.Dir; return nil },
	}
	r, err := interp.New(opts...)
	if err != nil {
		return nil, fmt.Errorf("start shell: %w", err)
	}
	s.runner = r
	// TMPDIR only has to mislead the interpreter's named pipes, which read it at the reset.
	r.Reset()
	unset, _ := syntax.NewParser().Parse(strings.NewReader("unset TMPDIR"), "")
	if err := r.Run(context.Background(), unset.Stmts[0]); err != nil {
		return nil, fmt.Errorf("start shell: %w", err)
	}
	return s, nil
}

// Dir is the working folder.
func (s *Shell) Dir() string { return s.runner.Dir }

// Exited tells that exit was called, or that an error ended the shell.
func (s *Shell) Exited() bool { return s.exited }

// Run runs a text to its end and answers the exit status. When interactive is set, what ends the
// input too early is not reported but answered as [ErrIncomplete]. A context that ends stops it:
// 130.
func (s *Shell) Run(ctx context.Context, text string, interactive bool) (int, error) {
	file, err := s.parse(text)
	if err != nil {
		if interactive && syntax.IsIncomplete(err) {
			return 0, ErrIncomplete
		}
		fmt.Fprintf(s.cfg.Stderr, "%s: %s\n", s.cfg.Prefix, parseMessage(err))
		return 2, nil
	}
	// What runs in the background goes on after the text's end, until Close.
	run, cancel := context.WithCancelCause(ctx)
	if background(file) {
		s.bg = append(s.bg, cancel)
	} else {
		defer cancel(nil)
	}
	code := 0
	for _, st := range file.Stmts {
		code = s.statement(run, st)
		if s.exited || ctx.Err() != nil {
			break
		}
	}
	if s.exited || !interactive {
		s.trapExit(run, file)
	}
	return code, nil
}

func (s *Shell) statement(ctx context.Context, st *syntax.Stmt) (code int) {
	if (st.Background || st.Disown) && s.cfg.Background != nil {
		s.launch(st)
		return 0
	}
	err := s.run(ctx, s.runner, st)
	s.exited = s.exited || s.runner.Exited()
	var status interp.ExitStatus
	switch {
	case err == nil:
		return 0
	case errors.As(err, &status):
		return int(status)
	case ctx.Err() != nil:
		// The context ended the statement, not the shell.
		s.exited = false
		return 130
	}
	s.exited = s.exited && !errors.Is(err, errRefused)
	fmt.Fprintf(s.cfg.Stderr, "%s: %v\n", s.cfg.Prefix, err)
	if errors.Is(err, errInternal) {
		fmt.Fprintln(s.cfg.Stderr, "Aborted")
		return aborted
	}
	return 1
}

// run runs a statement. A panic of the interpreter ends the statement, not the program; for what it
// runs in goroutines of its own see contain.
func (s *Shell) run(ctx context.Context, r *interp.Runner, st syntax.Node) (err error) {
	s.homes(st)
	contain(st)
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v: %w", errInternal, p, errRefused)
		}
	}()
	return r.Run(ctx, st)
}

// errInternal is a mistake of the interpreter.
var errInternal = errors.New("internal error of the shell")

// trapExit runs what "trap ... EXIT" asked for: running an empty file is an exit.
func (s *Shell) trapExit(ctx context.Context, f *syntax.File) {
	code := s.exited
	_ = s.run(ctx, s.runner, &syntax.File{Name: f.Name})
	s.exited = code
}

// Close ends the shell. Statements that were sent to the background go on in Config.Background;
// what functions and loops left there ends, after a moment to get going.
func (s *Shell) Close() {
	s.settle()
	if len(s.bg) == 0 {
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		wait, _ := syntax.NewParser().Parse(strings.NewReader("builtin wait"), "")
		_ = s.run(context.Background(), s.runner, wait.Stmts[0])
	}()
	limit := time.NewTimer(grace)
	defer limit.Stop()
	select {
	case <-done:
	case <-limit.C:
	}
	for _, cancel := range s.bg {
		cancel(ErrClosed)
	}
	<-done
	s.bg = nil
}

// background tells whether something in f runs with & or a function could.
func background(f *syntax.File) bool {
	found := false
	syntax.Walk(f, func(n syntax.Node) bool {
		if st, ok := n.(*syntax.Stmt); ok && (st.Background || st.Disown || st.Coprocess) {
			found = true
		}
		if c, ok := n.(*syntax.CallExpr); ok && len(c.Args) > 0 {
			switch c.Args[0].Lit() {
			case "eval", "source", ".", "":
				found = true
			}
		}
		return !found
	})
	return found
}

func parseMessage(err error) string {
	var pe syntax.ParseError
	if errors.As(err, &pe) {
		return fmt.Sprintf("line %d: syntax error: %s", pe.Pos.Line(), pe.Text)
	}
	return err.Error()
}

// SetStdin sets what the next commands read; nil is nothing.
func (s *Shell) SetStdin(f *os.File) {
	s.cfg.Stdin = f
	in := io.Reader(nil)
	if f != nil {
		in = f
	}
	_ = interp.StdIO(in, s.cfg.Stdout, s.cfg.Stderr)(s.runner) // can't fail: no pipe has to be made
}
