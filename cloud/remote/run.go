package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"matou/cloud"
)

// Command is what to run. The login shell of the remote user reads Line.
type Command struct {
	Line  string    // a shell command line; quote values with [Quote]
	Stdin io.Reader // nil: empty. A Read that is waiting when the command ends is left waiting.
	// Env is exported before Line runs, by the shell: sshd passes on hardly any variable. Everybody
	// on the host can see it in the process list, so it is no place for secrets.
	Env        map[string]string
	PTY        bool // run on a terminal: programs colour, and stderr is part of stdout
	Cols, Rows int  // of that terminal; zero: 80 and 24
	// MaxOutput is how many bytes are passed on; the rest is read and dropped. Zero: 64 MiB,
	// negative: no limit. Memory use is bounded in any case.
	MaxOutput int64
}

const defaultMaxOutput = 64 << 20

// Exit is how a command ended.
type Exit struct {
	Code    int    // 0 to 255; 128 and more when a signal ended it; -1 when not known
	Signal  string // without SIG: "KILL"; empty when it exited by itself
	Missing bool   // the session ended without an exit status
	Dropped int64  // bytes of output beyond MaxOutput
}

// OK tells whether the command ran and exited with 0.
func (e Exit) OK() bool { return e.Code == 0 && e.Signal == "" && !e.Missing }

// String words it for people: "exit 1", "killed by TERM".
func (e Exit) String() string {
	switch {
	case e.Missing:
		return "no exit status"
	case e.Signal != "":
		return "killed by " + e.Signal
	}
	return fmt.Sprintf("exit %d", e.Code)
}

// grace is how long a cancelled command may take to be gone.
const grace = time.Second

// Run runs a command and calls out for each line, from one goroutine at a time and never after Run
// has returned. Out must not block: while it does, the command on the other side stalls.
//
// The error is about a command that could not be started, was cancelled with ctx, or whose end is
// unknown ([ErrLost]); a command that fails is no error.
//
// On cancelling, the command's terminal or pipes are closed, after a SIGTERM where the server passes
// signals on. OpenSSH does so since 7.9, but not for root: there only a command with a PTY is sure to
// end, by the SIGHUP its terminal gives it. Without one it runs on until it writes.
func (c *Conn) Run(ctx context.Context, cmd Command, out func(Line)) (Exit, error) {
	line, err := cmd.line()
	if err != nil {
		return Exit{Code: -1}, hopError(c.leg.Hop, err)
	}
	line, first, err := c.raise(ctx, line)
	if err != nil {
		return Exit{Code: -1}, err
	}
	limit := cmd.MaxOutput
	if limit == 0 {
		limit = defaultMaxOutput
	}
	if out == nil {
		out = func(Line) {}
	}
	o := newOutput(out, limit)
	exit, err := c.session(ctx, func(s *ssh.Session) (func(), error) {
		s.Stdout, s.Stderr = writer{o, 0}, writer{o, 1}
		if cmd.PTY {
			if err := requestPTY(s, "xterm-256color", cmd.Cols, cmd.Rows, false); err != nil {
				return nil, err
			}
		}
		feed, err := c.feed(s, before(first, cmd.Stdin))
		if err != nil {
			return nil, err
		}
		return feed, s.Start(line)
	})
	exit.Dropped = o.finish()
	return exit, err
}

// line is the command with its environment.
func (cmd Command) line() (string, error) {
	if strings.ContainsRune(cmd.Line, 0) {
		return "", fmt.Errorf("%w: NUL byte in the command line", ErrNoShell)
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(cmd.Env)) {
		if !goodEnvName(name) {
			return "", fmt.Errorf("%w: environment variable %q", ErrNoShell, name)
		}
		fmt.Fprintf(&b, "export %s=%s; ", name, Quote(cmd.Env[name]))
	}
	b.WriteString(cmd.Line)
	return b.String(), nil
}

func goodEnvName(s string) bool {
	for i, r := range s {
		if r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}

// requestPTY asks for a terminal. RFC 4254, 6.2 and 8.
func requestPTY(s *ssh.Session, term string, cols, rows int, echo bool) error {
	if cols <= 0 || rows <= 0 {
		cols, rows = 80, 24
	}
	modes := ssh.TerminalModes{ssh.ECHO: 0, ssh.TTY_OP_ISPEED: 38400, ssh.TTY_OP_OSPEED: 38400}
	if echo {
		modes[ssh.ECHO] = 1
	}
	return s.RequestPty(term, rows, cols, modes)
}

// feed arranges for stdin to reach the command. The function it returns starts that.
func (c *Conn) feed(s *ssh.Session, stdin io.Reader) (func(), error) {
	if stdin == nil {
		return func() {}, nil // the session closes it
	}
	pipe, err := s.StdinPipe()
	if err != nil {
		return nil, err
	}
	return func() {
		// Not waited for: nothing can interrupt the caller's Read. What it still brings is dropped.
		go func() {
			io.Copy(pipe, stdin)
			pipe.Close()
		}()
	}, nil
}

// session runs one session from its opening to its end. Begin starts the command, and returns what
// to do once it runs.
func (c *Conn) session(ctx context.Context, begin func(*ssh.Session) (func(), error)) (Exit, error) {
	unknown := Exit{Code: -1}
	s, err := c.openSession(ctx, begin)
	if err != nil {
		return unknown, err
	}
	ended := make(chan error, 1)
	if !c.client.spawn(func() { ended <- s.Wait() }) {
		s.Close()
		return unknown, c.lost(ErrClosed) // it runs already, and its end will not be known
	}
	select {
	case err = <-ended:
		s.Close()
		return c.exit(err)
	case <-ctx.Done():
	}
	// The transport may be stuck, so saying goodbye must not be waited for.
	_ = c.client.spawn(func() {
		s.Signal(ssh.SIGTERM)
		s.Close()
	})
	t := time.NewTimer(grace)
	defer t.Stop()
	select {
	case <-ended: //nolint:errcheck // the cancellation is what is told, however the command ended
	case <-t.C:
	}
	return unknown, hopError(c.leg.Hop, cloud.During("command cancelled", context.Cause(ctx), "cause.command-canceled"))
}

// openSession opens a session and starts what it is for; that has the time of a handshake.
func (c *Conn) openSession(ctx context.Context, begin func(*ssh.Session) (func(), error)) (*ssh.Session, error) {
	octx, cancel := context.WithTimeout(ctx, c.client.o.HandshakeTimeout)
	defer cancel()
	s, err := within(octx, c, func() (*ssh.Session, error) {
		s, err := c.ssh.NewSession()
		if err != nil {
			return nil, err
		}
		stop := context.AfterFunc(octx, func() { s.Close() })
		run, err := begin(s)
		if !stop() || err != nil {
			s.Close()
			return nil, errors.Join(err, context.Cause(octx))
		}
		run()
		return s, nil
	}, func(s *ssh.Session) { s.Close() })
	var refused *ssh.OpenChannelError
	switch {
	case err == nil:
		return s, nil
	case ctx.Err() != nil:
		err = cloud.During("start command", context.Cause(ctx), "cause.start")
	case c.Err() != nil:
		err = c.Err()
	case octx.Err() != nil:
		err = fmt.Errorf("%w: %w", ErrNoShell, noAnswer(c.client.o.HandshakeTimeout))
	case errors.As(err, &refused):
		text := cut(refused.Message, 200)
		err = fmt.Errorf("%w: %w", ErrNoShell, cloud.Say(fmt.Errorf("session refused: %s", text), "cause.no-session", "text", text))
	case errors.Is(err, io.EOF):
		err = c.lost(err) // the transport is going, and wait has not noticed yet
	case !errors.Is(err, ErrClosed):
		err = fmt.Errorf("%w: %w", ErrNoShell, err)
	}
	return nil, hopError(c.leg.Hop, err)
}

// exit reads how a session ended.
func (c *Conn) exit(err error) (Exit, error) {
	var status *ssh.ExitError
	switch {
	case err == nil:
		return Exit{}, nil
	case errors.As(err, &status):
		return Exit{Code: status.ExitStatus(), Signal: cut(clean(status.Signal()), 32)}, nil
	}
	var missing *ssh.ExitMissingError
	if errors.As(err, &missing) {
		// The end of the connection ends the session a moment before it is known as such.
		select {
		case <-c.done:
		case <-time.After(20 * time.Millisecond):
		}
		err = cloud.Say(errors.New("the command ended without an exit status"), "cause.no-exit")
	}
	return Exit{Code: -1, Missing: true}, c.lost(err)
}

// Output runs a command line and returns what it writes to stdout, at most limit bytes of it;
// Exit.Dropped counts the rest.
func (c *Conn) Output(ctx context.Context, line string, limit int) ([]byte, Exit, error) {
	stdout, _, exit, err := c.capture(ctx, line, nil, limit)
	return stdout, exit, err
}

// capture runs a command line and keeps its output: limit bytes of stdout, and the start of stderr.
func (c *Conn) capture(ctx context.Context, line string, stdin io.Reader, limit int) (stdout, stderr []byte, exit Exit, err error) {
	line, first, err := c.raise(ctx, line)
	if err != nil {
		return nil, nil, Exit{Code: -1}, err
	}
	return c.captureRaw(ctx, line, before(first, stdin), limit)
}

// captureRaw is capture as the log-in itself.
func (c *Conn) captureRaw(ctx context.Context, line string, stdin io.Reader, limit int) (stdout, stderr []byte, exit Exit, err error) {
	o := &bounded{limit: max(limit, 0)}
	e := &bounded{limit: 4 << 10}
	exit, err = c.session(ctx, streams(c, line, stdin, o, e))
	stdout, exit.Dropped = o.take()
	stderr, _ = e.take()
	return stdout, stderr, exit, err
}

// streams begins a command line with these streams.
func streams(c *Conn, line string, stdin io.Reader, stdout, stderr io.Writer) func(*ssh.Session) (func(), error) {
	return func(s *ssh.Session) (func(), error) {
		s.Stdout, s.Stderr = stdout, stderr
		feed, err := c.feed(s, stdin)
		if err != nil {
			return nil, err
		}
		return feed, s.Start(line)
	}
}
