package host

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"matou/cloud/sandbox/fault"
	"matou/cloud/sandbox/host/shell"
)

// crontabs is where each user's table is (cron(8)).
const crontabs = "/var/spool/cron/crontabs"

// minTick is the least real time between two minutes of cron, whatever the pace: a job each minute
// must leave time to do something by hand.
const minTick = 5 * time.Second

// job is a line of a crontab.
type job struct {
	user, spec, command string
	match               func(time.Time) bool
}

// tables watches the crontabs.
type tables struct {
	host    *Host
	seen    map[string]bool
	changed chan struct{}
	wg      sync.WaitGroup
}

// watch begins to watch the tables there are now; ctx ends it.
func (t *tables) watch(ctx context.Context) {
	paths := []string{"/etc/passwd"}
	for _, u := range t.host.cronUsers() {
		paths = append(paths, crontabs+"/"+u)
	}
	for _, p := range paths {
		if t.seen[p] {
			continue
		}
		t.seen[p] = true
		w := t.host.tree.Root().Watch(p)
		t.wg.Go(func() {
			defer w.Close()
			for {
				select {
				case <-ctx.Done():
					return
				case <-w.C:
				}
				select {
				case t.changed <- struct{}{}:
				default:
				}
			}
		})
	}
}

// runCron runs the crontabs' lines at each minute of recorded time. While all tables are empty it
// waits for one to change and nothing ticks.
func (h *Host) runCron(ctx context.Context, s *service) {
	var jobs sync.WaitGroup
	defer jobs.Wait()
	t := &tables{host: h, seen: map[string]bool{}, changed: make(chan struct{}, 1)}
	defer t.wg.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	close(s.ready)
	now := h.cfg.Now().Truncate(time.Minute)
	for ctx.Err() == nil {
		t.watch(ctx)
		if !h.minute(ctx, s, t.changed) {
			continue
		}
		now = now.Add(time.Minute)
		for _, j := range h.jobs() {
			if !j.match(now) {
				continue
			}
			if _, skip := h.cfg.Faults.Take(fault.CronSkip, h.cfg.Name+" "+j.command); !skip {
				jobs.Go(func() { h.survives("cron", func() { h.runJob(ctx, j) }) })
			}
		}
	}
}

// minute waits for the next minute, or, while there are no jobs, for a table to change. It tells
// whether a minute has passed.
func (h *Host) minute(ctx context.Context, s *service, changed <-chan struct{}) bool {
	var tick <-chan time.Time
	if len(h.jobs()) > 0 {
		timer := time.NewTimer(max(h.scaled(time.Minute), minTick))
		defer timer.Stop()
		tick, changed = timer.C, nil // the next minute comes when it comes
	}
	for {
		select {
		case <-ctx.Done():
			return false
		case r := <-s.reload:
			r <- nil
		case <-changed:
			return false
		case <-tick:
			return true
		}
	}
}

func (h *Host) cronUsers() []string {
	users := []string{"root"}
	for u := range h.cfg.Users {
		if u != "root" {
			users = append(users, u)
		}
	}
	if list, err := h.tree.Root().ReadDir(crontabs); err == nil {
		for _, e := range list {
			users = append(users, e.Name())
		}
	}
	return users
}

func (h *Host) jobs() []job {
	var all []job
	list, err := h.tree.Root().ReadDir(crontabs)
	if err != nil {
		return nil
	}
	for _, e := range list {
		data, err := h.tree.Root().ReadFile(crontabs + "/" + e.Name())
		if err == nil {
			jobs, _ := parseCrontab(e.Name(), string(data)) // the bad lines were refused by crontab(1)
			all = append(all, jobs...)
		}
	}
	return all
}

// runJob runs one line. Its output would be mailed; there is no mail here, so it is dropped.
func (h *Host) runJob(ctx context.Context, j job) {
	h.Log("CRON", fmt.Sprintf("(%s) CMD (%s)", j.user, j.command))
	s := h.session(j.user)
	s.prefix = "/bin/sh"
	out := &limited{max: 1 << 16}
	sh, err := s.newShell(shell.Config{
		Stdout: out, Stderr: out, Prefix: "/bin/sh",
		Env: append(s.env(), "PATH=/usr/bin:/bin", "SHELL=/bin/sh"),
	})
	if err != nil {
		return
	}
	defer sh.Close()
	_, _ = sh.Run(ctx, j.command, false)
}

// cronNames are the short forms of crontab(5).
var cronNames = map[string]string{
	"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
	"@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
}

// parseCrontab reads a crontab (crontab(5)). Comments and variables are skipped; the error is about
// the first bad line, and the good ones are answered with it.
func parseCrontab(user, text string) (jobs []job, err error) {
	num := 0
	for l := range strings.Lines(text) {
		num++
		l = strings.TrimSpace(l)
		if l == "" || l[0] == '#' || isAssignment(l) {
			continue
		}
		j, bad := parseCronLine(l)
		if bad != nil {
			if err == nil {
				err = fmt.Errorf("%d: %w", num, bad)
			}
			continue
		}
		if j.match != nil {
			j.user = user
			jobs = append(jobs, j)
		}
	}
	return jobs, err
}

func isAssignment(l string) bool {
	name, _, ok := strings.Cut(l, "=")
	return ok && !strings.ContainsAny(strings.TrimSpace(name), " \t*/,@") && !strings.ContainsAny(l[:1], "0123456789")
}

func parseCronLine(l string) (job, error) {
	f := strings.Fields(l)
	if strings.HasPrefix(l, "@") {
		rest := strings.TrimSpace(strings.TrimPrefix(l, f[0]))
		spec, known := cronNames[f[0]]
		if f[0] == "@reboot" {
			return job{}, nil
		}
		if !known || rest == "" {
			return job{}, fmt.Errorf("bad time specifier")
		}
		l = spec + " " + rest
		f = strings.Fields(l)
	}
	if len(f) < 6 {
		return job{}, fmt.Errorf("bad minute")
	}
	names := []string{"minute", "hour", "day-of-month", "month", "day-of-week"}
	low, high := []int{0, 0, 1, 1, 0}, []int{59, 23, 31, 12, 7}
	var sets [5]map[int]bool
	rest := l
	for i := range 5 {
		set, err := cronField(f[i], low[i], high[i])
		if err != nil {
			return job{}, fmt.Errorf("bad %s", names[i])
		}
		sets[i] = set
		rest = strings.TrimLeft(rest, " \t")[len(f[i]):]
	}
	command, _, _ := strings.Cut(strings.ReplaceAll(strings.TrimSpace(rest), `\%`, "\x01"), "%")
	command = strings.ReplaceAll(command, "\x01", "%")
	starDay := strings.HasPrefix(f[2], "*") || strings.HasPrefix(f[4], "*")
	return job{spec: strings.Join(f[:5], " "), command: command, match: func(t time.Time) bool {
		dom := sets[2][t.Day()]
		dow := sets[4][int(t.Weekday())] || t.Weekday() == 0 && sets[4][7]
		day := dom && dow
		if !starDay {
			day = dom || dow
		}
		return sets[0][t.Minute()] && sets[1][t.Hour()] && sets[3][int(t.Month())] && day
	}}, nil
}

func cronField(s string, low, high int) (map[int]bool, error) {
	set := map[int]bool{}
	for part := range strings.SplitSeq(s, ",") {
		span, stepText, stepped := strings.Cut(part, "/")
		step := 1
		if stepped {
			var err error
			if step, err = strconv.Atoi(stepText); err != nil || step < 1 {
				return nil, fmt.Errorf("step %q", stepText)
			}
		}
		from, to := low, high
		if span != "*" {
			a, b, ranged := strings.Cut(span, "-")
			var err error
			if from, err = strconv.Atoi(a); err != nil {
				return nil, err
			}
			if to = from; ranged {
				if to, err = strconv.Atoi(b); err != nil {
					return nil, err
				}
			} else if stepped {
				to = high
			}
		}
		if from < low || to > high || from > to {
			return nil, fmt.Errorf("range %q", span)
		}
		for n := from; n <= to; n += step {
			set[n] = true
		}
	}
	return set, nil
}
