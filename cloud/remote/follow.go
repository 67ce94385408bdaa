package remote

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"matou/cloud"
)

// FollowLine is a line of a followed file, or a mark that following was interrupted.
type FollowLine struct {
	Line
	Gap  bool          // the connection was lost here, and is back; Text is empty
	Lost time.Duration // for how long, with Gap
	// Missed tells, with Gap, that lines may be missing: nothing that was seen before the gap was
	// found again after it.
	Missed bool
}

const (
	followOverlap = 100 // lines read again after a gap to find where it began
	// No more of them come after so long: where the host could count them, and some are missing (the
	// file was replaced in between), and where it could not.
	followMissing = 5 * time.Second
	followQuiet   = 300 * time.Millisecond
)

// Follow reads a growing file as tail -F does, beginning with its last lines, until ctx ends. A
// file that is not there yet, or is replaced, is waited for. When the connection is lost Follow
// brings it up again, waiting longer each time, reads the end of the file anew, leaves out what was
// seen already and marks the gap. Out is called as in [Conn.Run].
//
// It returns ctx's error, or earlier the error that no waiting can mend: a refused host key or
// login, or a host without tail.
func Follow(ctx context.Context, c *Client, chain []Hop, path string, lines int, out func(FollowLine)) error {
	f := &follower{out: out}
	var lostAt time.Time
	for fails := 0; ; fails++ {
		if err := sleep(ctx, followPause(fails)); err != nil {
			return err
		}
		conn, err := c.Conn(ctx, chain...)
		if err == nil {
			begun := time.Now()
			n := lines
			if !lostAt.IsZero() {
				n = followOverlap
				f.resume(begun.Sub(lostAt))
			}
			err = f.run(ctx, conn, path, n)
			if time.Since(begun) > 10*time.Second {
				fails = 0
			}
			if f.seenMark() || lostAt.IsZero() {
				lostAt = time.Now()
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !retriable(err) {
			return cloud.During("follow "+path, err, "cause.follow", "path", path)
		}
	}
}

// followPause is the wait before another try: none at first, then 200 ms doubling to 5 s.
func followPause(fails int) time.Duration {
	if fails == 0 {
		return 0
	}
	return min(100*time.Millisecond<<min(fails, 10), 5*time.Second)
}

// follower passes lines on and knows where it was.
type follower struct {
	mu    sync.Mutex
	out   func(FollowLine)
	seen  []string // the last lines passed on, at most followOverlap
	again []Line   // lines read since the connection is back, not yet passed on
	gap   *FollowLine
	timer *time.Timer
	mark  string // begins the line that the command's own output comes after
	begun bool   // it was seen
	ends  int    // lines that the file ended with then; negative: unknown
}

func (f *follower) run(ctx context.Context, conn *Conn, path string, n int) error {
	f.begin()
	// What the login shell says on its own comes before the mark. With the mark comes how many lines
	// tail will print at once at least, so that nobody has to guess how long a busy host takes for it.
	end := fmt.Sprintf("tail -n %d -- %s", max(n, 0), Quote(path))
	cmd := Command{Line: fmt.Sprintf("printf '%%s %%s\\n' %s \"$(%s 2>/dev/null | wc -l)\"; LC_ALL=C %s", f.mark, end, strings.Replace(end, " --", " -F --", 1)), MaxOutput: -1}
	exit, err := conn.Run(ctx, cmd, f.line)
	if f.seenMark() {
		f.settle() // otherwise the gap goes on
	}
	if err == nil && (exit.Code == 126 || exit.Code == 127) {
		return hopError(conn.leg.Hop, fmt.Errorf("tail: %v", exit))
	}
	if err == nil { // killed, with the host going down perhaps
		err = fmt.Errorf("%w: tail ended: %v", ErrLost, exit)
	}
	if errors.Is(err, ErrNoShell) { // a host going down refuses sessions before it hangs up
		err = fmt.Errorf("%w: %w", ErrLost, err)
	}
	return err
}

func (f *follower) seenMark() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.begun
}

// resume begins to collect what the file ends with after a gap.
func (f *follower) resume(lost time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gap = &FollowLine{Gap: true, Lost: lost}
}

// begin is before the first line of a command.
func (f *follower) begin() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mark, f.begun = marker(), false
}

func (f *follower) line(l Line) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case !f.begun:
		if _, count, ok := strings.Cut(l.Text, f.mark); ok && !l.Stderr {
			f.start(count)
		}
	case f.gap == nil || l.Stderr:
		f.pass(l)
	default:
		f.again = append(f.again, l)
		f.timer.Reset(f.patience())
		if len(f.again) >= followOverlap || len(f.again) == f.ends {
			f.settleLocked()
		}
	}
}

// start is at the mark, which says how many lines the file ends with.
func (f *follower) start(count string) {
	n, err := strconv.Atoi(strings.TrimSpace(count))
	if err != nil {
		n = -1
	}
	f.begun, f.ends = true, n
	switch {
	case f.gap == nil:
	case n == 0:
		f.settleLocked()
	default:
		f.timer = time.AfterFunc(f.patience(), f.settle)
	}
}

// patience is how long another line that was there before may take.
func (f *follower) patience() time.Duration {
	if f.ends < 0 {
		return followQuiet
	}
	return followMissing
}

// settle compares what was read again with what was seen, marks the gap and passes on the rest.
func (f *follower) settle() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.settleLocked()
}

func (f *follower) settleLocked() {
	if f.gap == nil {
		return
	}
	if f.timer != nil {
		f.timer.Stop()
	}
	known := overlap(f.seen, f.again)
	f.gap.Missed = known == 0 && len(f.seen) > 0 && len(f.again) > 0
	f.out(*f.gap)
	fresh := f.again[known:]
	f.gap, f.again = nil, nil
	for _, l := range fresh {
		f.pass(l)
	}
}

func (f *follower) pass(l Line) {
	if !l.Stderr {
		f.seen = append(f.seen, l.Text)
		if len(f.seen) > followOverlap {
			f.seen = append(f.seen[:0], f.seen[1:]...)
		}
	}
	f.out(FollowLine{Line: l})
}

// overlap is how many lines at the start of again were seen before: where what was seen ends in
// it. Of several such places the one that agrees over most lines is taken, and then the earliest: a
// line shown twice is better than one not shown.
func overlap(seen []string, again []Line) int {
	known, agreed := 0, 0
	for end := 1; end <= len(again); end++ {
		n := min(end, len(seen))
		if n > agreed && same(seen[len(seen)-n:], again[end-n:end]) {
			known, agreed = end, n
		}
	}
	return known
}

func same(seen []string, again []Line) bool {
	for i, s := range seen {
		if again[i].Text != s {
			return false
		}
	}
	return true
}
