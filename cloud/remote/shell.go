package remote

import (
	"context"
	"io"
	"sync"

	"golang.org/x/crypto/ssh"
)

// WindowSize is a terminal's size in characters.
type WindowSize struct{ Cols, Rows int }

// ShellOptions say what an interactive session is connected to.
type ShellOptions struct {
	Command        string // run instead of the login shell; empty: the shell
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Term           string            // value of TERM; empty: xterm-256color
	Cols, Rows     int               // zero: 80 and 24
	Resize         <-chan WindowSize // new sizes; nil: it stays as it is
}

// Shell gives the person a terminal on the host until the program there ends. Raw mode of the local
// terminal is the caller's business, [Interactive] does it. The remote terminal echoes and makes
// signals out of ctrl+c and the like.
func (c *Conn) Shell(ctx context.Context, o ShellOptions) (Exit, error) {
	if o.Term == "" {
		o.Term = "xterm-256color"
	}
	if c.leg.Sudo {
		// It asks the person itself, on the terminal, if it asks at all.
		o.Command = "if [ \"$(id -u)\" = 0 ]; then " + firstOf(o.Command, `exec "$SHELL" -l`) + "; else sudo -H " + sudoShell(o.Command) + "; fi"
	}
	over := make(chan struct{})
	defer close(over)
	defer c.hold()() // somebody looks at it
	return c.session(ctx, func(s *ssh.Session) (func(), error) {
		var mu sync.Mutex // the two may be the same writer, and are written to by two goroutines
		s.Stdout, s.Stderr = lockedWriter{&mu, o.Stdout}, lockedWriter{&mu, o.Stderr}
		if err := requestPTY(s, o.Term, o.Cols, o.Rows, true); err != nil {
			return nil, err
		}
		feed, err := c.feed(s, o.Stdin)
		if err != nil {
			return nil, err
		}
		if o.Command == "" {
			err = s.Shell()
		} else {
			err = s.Start(o.Command)
		}
		return func() {
			feed()
			c.client.spawn(func() { resize(s, o.Resize, over) })
		}, err
	})
}

// sudoShell is what sudo is to run for a command, or for a shell when it is empty.
func sudoShell(command string) string {
	if command == "" {
		return "-i"
	}
	return "sh -c " + Quote(command)
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// resize passes the window's size on until the session is over.
func resize(s *ssh.Session, sizes <-chan WindowSize, over <-chan struct{}) {
	for {
		select {
		case <-over:
			return
		case w, ok := <-sizes:
			if !ok {
				return
			}
			if w.Cols > 0 && w.Rows > 0 && s.WindowChange(w.Rows, w.Cols) != nil {
				return
			}
		}
	}
}

// lockedWriter writes one at a time. A nil writer takes everything.
type lockedWriter struct {
	mu *sync.Mutex
	w  io.Writer
}

func (l lockedWriter) Write(p []byte) (int, error) {
	if l.w == nil {
		return len(p), nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}
