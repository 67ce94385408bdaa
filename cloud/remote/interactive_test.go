//go:build unix

package remote

import (
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/creack/pty"
	"golang.org/x/term"
)

// terminal is a pseudo-terminal of 91 columns and 33 rows, and the state it is in.
func terminal(t *testing.T) (ptmx, tty *os.File, before *term.State) {
	t.Helper()
	ptmx, tty, err := pty.Open()
	if err != nil {
		t.Skip("no pseudo-terminals: ", err)
	}
	t.Cleanup(func() { ptmx.Close(); tty.Close() })
	if err := pty.Setsize(tty, &pty.Winsize{Cols: 91, Rows: 33}); err != nil {
		t.Fatal(err)
	}
	before, err = term.GetState(int(tty.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	return ptmx, tty, before
}

// The terminal is raw while the shell runs and as before afterwards, and what is typed then is not
// swallowed by a reader left behind.
func TestInteractive(t *testing.T) {
	ptmx, tty, before := terminal(t)
	s := newServer(t)
	conn := connect(t, newClient(t), s.hop())
	var exit Exit
	var err error
	var wg sync.WaitGroup
	wg.Go(func() { exit, err = interactive(t.Context(), conn, "", tty, tty, os.Stderr) })
	ptmx.WriteString("echo hello; exit 3\n")
	wg.Wait()
	if err != nil || exit.Code != 3 {
		t.Errorf("%+v, %v", exit, err)
	}
	after, err := term.GetState(int(tty.Fd()))
	if err != nil || *after != *before {
		t.Errorf("terminal left in another state (%v)", err)
	}
	if p, _ := s.pty.Load().(string); !strings.Contains(p, "\x00\x00\x00\x5b\x00\x00\x00\x21") {
		t.Errorf("terminal asked for: %q", p)
	}
	ptmx.WriteString("mine\n")
	buf := make([]byte, 16)
	n, err := tty.Read(buf)
	if err != nil || string(buf[:n]) != "mine\n" {
		t.Errorf("read %q, %v", buf[:n], err)
	}
}
