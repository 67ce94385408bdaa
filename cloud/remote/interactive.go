package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/muesli/cancelreader"
	"golang.org/x/term"
)

// Interactive hands this process's terminal to command on the host, or to the login shell when
// command is empty, until it ends. The terminal is in raw mode meanwhile, so that every key goes to
// the other side; afterwards it is as it was, and no key typed then is lost to a reader left behind.
func Interactive(ctx context.Context, c *Conn, command string) (exit Exit, err error) {
	return interactive(ctx, c, command, os.Stdin, os.Stdout, os.Stderr)
}

func interactive(ctx context.Context, c *Conn, command string, in, out *os.File, errw io.Writer) (exit Exit, err error) {
	keys, err := cancelreader.NewReader(in)
	if err != nil {
		return Exit{Code: -1}, fmt.Errorf("read the terminal: %w", err)
	}
	defer keys.Close()
	o := ShellOptions{Command: command, Stdout: out, Stderr: errw, Term: os.Getenv("TERM")}
	if fd := int(in.Fd()); term.IsTerminal(fd) {
		old, rawErr := term.MakeRaw(fd)
		if rawErr != nil {
			return Exit{Code: -1}, fmt.Errorf("set the terminal to raw mode: %w", rawErr)
		}
		defer func() {
			if rerr := term.Restore(fd, old); rerr != nil {
				err = errors.Join(err, fmt.Errorf("restore the terminal: %w", rerr))
			}
		}()
	}
	if fd := int(out.Fd()); term.IsTerminal(fd) {
		if cols, rows, sizeErr := term.GetSize(fd); sizeErr == nil {
			o.Cols, o.Rows = cols, rows
		}
		sizes, stop := watchSize(fd)
		defer stop()
		o.Resize = sizes
	}
	// The shell's reader is fed from here and not given the terminal itself: this goroutine can be
	// taken back from its Read, and is waited for.
	r, w := io.Pipe()
	o.Stdin = r
	var wg sync.WaitGroup
	wg.Go(func() {
		_, err := io.Copy(w, keys)
		w.CloseWithError(err)
	})
	exit, err = c.Shell(ctx, o)
	r.Close()
	if keys.Cancel() {
		wg.Wait()
	}
	return exit, err
}
