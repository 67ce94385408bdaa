package shell

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"
)

// job is a statement that was sent to the background.
type job struct {
	number  int
	text    string
	done    chan struct{}
	started chan struct{}
	once    sync.Once
}

type jobKey struct{}

// InBackground tells whether ctx is that of a statement sent to the background.
func InBackground(ctx context.Context) bool {
	_, ok := ctx.Value(jobKey{}).(*job)
	return ok
}

// Started tells the shell that the program which ctx belongs to is up: until then a shell that
// ends waits a moment.
func Started(ctx context.Context) {
	if j, ok := ctx.Value(jobKey{}).(*job); ok {
		j.once.Do(func() { close(j.started) })
	}
}

// launch runs a statement in the background, in a copy of the shell.
func (s *Shell) launch(st *syntax.Stmt) {
	front := *st
	front.Background, front.Disown = false, false
	var text strings.Builder
	_ = syntax.NewPrinter(syntax.SingleLine(true)).Print(&text, &front)
	j := &job{number: len(s.jobs) + 1, text: text.String(), done: make(chan struct{}), started: make(chan struct{})}
	r := s.runner.Subshell()
	_ = interp.StdIO(nil, s.cfg.Stdout, s.cfg.Stderr)(r)
	s.jobs = append(s.jobs, j)
	ctx := context.WithValue(s.cfg.Background, jobKey{}, j)
	run := func() {
		defer close(j.done)
		defer Started(ctx)
		_ = s.run(ctx, r, &front) // its status is nobody's
	}
	if s.cfg.Interactive {
		fmt.Fprintf(s.cfg.Stderr, "[%d] %s\n", j.number, j.text)
	}
	s.cfg.Go(run)
}

// settle waits until what was sent to the background is up, for a moment at most.
func (s *Shell) settle() {
	limit := time.NewTimer(grace)
	defer limit.Stop()
	for _, j := range s.jobs {
		select {
		case <-j.started:
		case <-limit.C:
			return
		}
	}
}

// waitJobs is the builtin wait.
func (s *Shell) waitJobs(ctx context.Context) int {
	for _, j := range s.jobs {
		select {
		case <-j.done:
		case <-ctx.Done():
			return 130
		}
	}
	return 0
}

// listJobs is the builtin jobs.
func (s *Shell) listJobs(c Command) int {
	for _, j := range s.jobs {
		select {
		case <-j.done:
		default:
			fmt.Fprintf(c.Stdout, "[%d]+  Running                 %s &\n", j.number, j.text)
		}
	}
	return 0
}
