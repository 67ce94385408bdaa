package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"matou/cloud"
)

// Job is a command that must not run twice, whatever happens to the line meanwhile.
type Job struct {
	// ID names the run: the same one asked for again is picked up where it is, not begun anew. Letters,
	// digits, dashes, dots and underscores, 200 at most.
	ID   string
	Line string // as [Command.Line]; run by sh, with no input
}

// A job lives in a folder of its own on the host, made before it begins, so that of two who ask for
// it only one begins it:
//
//	$HOME/.matou/jobs/ID/out   what it has printed so far, both streams
//	                    /pid   of the shell that waits for it
//	                    /boot  which boot of the host that was
//	                    /exit  its exit status, once it has ended: made at once, with its content
//
// It is left behind by nohup, so a hang-up does not end it. Who told its end takes the folder away.
// All of it is plain POSIX sh with head -c, which every system in use has.
const (
	// $1 is the folder, $2 the command line.
	jobBody = `cat /proc/sys/kernel/random/boot_id >"$1/boot" 2>/dev/null; echo $$ >"$1/pid.new" && mv "$1/pid.new" "$1/pid"
sh -c "$2"
echo $? >"$1/exit.new" && mv "$1/exit.new" "$1/exit"`

	// Begin the job unless it has been; the braces give the background list no file of ours to hold
	// open. %[1]s is the id, %[2]s the body, %[3]s the command line.
	jobBegin = `umask 077; d=$HOME/.matou/jobs/%[1]s; new=
mkdir -p "$HOME/.matou/jobs" || exit 125
mkdir "$d" 2>/dev/null && new=1
if [ -n "$new" ]; then : >"$d/out"; fi
if [ ! -e "$d/out" ]; then sleep 1; fi
{ [ -z "$new" ] || exec nohup sh -c %[2]s matou "$d" %[3]s; } >>"$d/out" 2>&1 </dev/null &
`

	// Print what is there from byte %[1]d on, and what comes, until the job's end is known; then that
	// end, or "lost" when nothing is left that could bring it. The end is looked for before the size
	// is, so what stands in the file then is all there is. A host without /proc/1 can't be asked
	// whether the process lives: there the boot decides alone.
	jobFollow = `alive() {
  [ "$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)" = "$(cat "$d/boot" 2>/dev/null)" ] || return 1
  [ ! -d /proc/1 ] || [ -d "/proc/$(cat "$d/pid")" ]
}
n=%[1]d; e=; young=0
while [ -z "$e" ]; do
  if [ -e "$d/exit" ]; then e=1
  elif [ -e "$d/pid" ]; then alive || { e=1; sleep 0.1; }
  else young=$((young+1)); [ $young -lt 50 ] || e=1
  fi
  s=$(wc -c <"$d/out"); s=$((s))
  if [ $s -ge $n ]; then tail -c +$n "$d/out" | head -c $((s-n+1)); n=$((s+1)); fi
  [ -n "$e" ] || sleep 0.2
done
`
)

// jobPatience is how long a host that was lost in the middle of a job is waited for: it may be
// starting again.
const jobPatience = 5 * time.Minute

// RunOnce runs a job to its end and hands out its lines, as [Conn.Run] does; the streams come as
// one. When the line drops, the host is dialled again and the job picked up: no line is lost and
// none comes twice. The same holds for a job that an earlier program began: its lines come from the
// first one on.
//
// When ctx ends, the job goes on without us; ask for it again to see its end. [ErrLost] says that it
// began and its end will never be known: the host was started again under it, or it was killed. Then,
// and when its end has been told, it is forgotten, and the same id begins a new one.
func RunOnce(ctx context.Context, c *Client, chain []Hop, job Job, out func(Line)) (Exit, error) {
	f := &jobFollower{o: newOutput(func(Line) {}, -1), mark: marker()}
	if out != nil {
		f.o.emit = out
	}
	if !goodJobID(job.ID) {
		return Exit{Code: -1}, fmt.Errorf("%w: job id %q", ErrNoShell, job.ID)
	}
	var lostAt time.Time
	for fails := 0; ; fails++ {
		if err := sleep(ctx, followPause(fails)); err != nil {
			return Exit{Code: -1}, err
		}
		conn, err := c.Conn(ctx, chain...)
		if err == nil {
			fails, lostAt = 0, time.Time{}
			var ended bool
			if ended, err = f.run(ctx, conn, job); ended {
				return f.end(ctx, conn, job)
			}
		}
		switch {
		case ctx.Err() != nil:
			return Exit{Code: -1}, hopError(chain[len(chain)-1], cloud.During("job left to itself", context.Cause(ctx), "cause.job-left"))
		case !f.begun || !retriable(err) && !errors.Is(err, ErrNoShell): // a host going down refuses sessions before it hangs up
			return Exit{Code: -1}, err
		case lostAt.IsZero():
			lostAt = time.Now()
		case time.Since(lostAt) > jobPatience:
			return Exit{Code: -1}, err
		}
	}
}

func goodJobID(id string) bool {
	return id != "" && len(id) <= 200 && id[0] != '.' && strings.Trim(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") == ""
}

// jobFollower passes a job's output on over any number of connections.
type jobFollower struct {
	o     *output
	mark  string // before the output there is what the login shell says, after it the job's end
	begun bool   // the job is known to be there
	read  int64  // bytes of its output passed on

	pending []byte // read and not yet looked through
	tail    []byte // after the second mark
	state   int    // marks seen on this connection
}

// run begins the job if nobody has, and follows it until its end is known or the line drops.
func (f *jobFollower) run(ctx context.Context, conn *Conn, job Job) (ended bool, err error) {
	f.pending, f.tail, f.state = nil, nil, 0
	script := fmt.Sprintf(jobBegin, job.ID, Quote(jobBody), Quote(job.Line)) +
		fmt.Sprintf("printf '%%s\\n' %s\n", f.mark) + fmt.Sprintf(jobFollow, f.read+1) +
		fmt.Sprintf("printf '%%s %%s\\n' %s \"$(cat \"$d/exit\" 2>/dev/null || echo lost)\"\n", f.mark)
	line, first, err := conn.raise(ctx, "sh -c "+Quote(script))
	if err != nil {
		return false, err
	}
	var complaints bounded
	complaints.limit = 4 << 10
	exit, err := conn.session(ctx, streams(conn, line, before(first, nil), f, &complaints))
	if f.state == 2 && bytes.HasSuffix(f.tail, []byte("\n")) {
		return true, nil
	}
	if err == nil {
		said, _ := complaints.take()
		err = hopError(conn.leg.Hop, fmt.Errorf("%w: %v %s", ErrNoShell, exit, cut(clean(string(bytes.TrimSpace(said))), 200)))
	}
	return false, err
}

// end reads how the job ended, and takes its folder away.
func (f *jobFollower) end(ctx context.Context, conn *Conn, job Job) (Exit, error) {
	f.o.finish()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), conn.client.o.HandshakeTimeout)
	defer cancel()
	// A folder that stays is picked up once more, and its end told again: that is harmless.
	_, _, _, _ = conn.capture(ctx, "rm -rf -- \"$HOME/.matou/jobs/"+job.ID+"\"", nil, 0)
	said := strings.TrimSpace(string(f.tail))
	code, err := strconv.Atoi(said)
	if err != nil || code < 0 || code > 255 {
		return Exit{Code: -1, Missing: true}, hopError(conn.leg.Hop, fmt.Errorf("%w: %w", ErrLost, cloud.Say(errors.New("the command is gone, and nobody knows how it ended"), "cause.command-gone")))
	}
	return Exit{Code: code}, nil
}

// Write takes what the script prints.
func (f *jobFollower) Write(p []byte) (int, error) {
	if f.state == 2 {
		f.tail = append(f.tail, p[:min(len(p), 64)]...)
		return len(p), nil
	}
	f.pending = append(f.pending, p...)
	if f.state == 0 {
		_, rest, found := bytes.Cut(f.pending, []byte(f.mark+"\n"))
		if !found {
			f.pending = append([]byte(nil), f.pending[max(0, len(f.pending)-len(f.mark)):]...)
			return len(p), nil
		}
		f.pending, f.state, f.begun = rest, 1, true
	}
	text, rest, found := bytes.Cut(f.pending, []byte(f.mark+" "))
	if found {
		f.pass(text)
		f.state, f.pending = 2, nil
		f.tail = append(f.tail, rest...)
		return len(p), nil
	}
	hold := overlapWith(f.pending, f.mark+" ")
	f.pass(f.pending[:len(f.pending)-hold])
	f.pending = append([]byte(nil), f.pending[len(f.pending)-hold:]...)
	return len(p), nil
}

func (f *jobFollower) pass(text []byte) {
	f.read += int64(len(text))
	_, _ = writer{f.o, 0}.Write(text) // it never fails
}

// overlapWith is how many bytes at the end of b begin mark.
func overlapWith(b []byte, mark string) int {
	for n := min(len(b), len(mark)-1); n > 0; n-- {
		if string(b[len(b)-n:]) == mark[:n] {
			return n
		}
	}
	return 0
}
