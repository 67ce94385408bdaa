// Package doctor looks, before a class does, for everything that would keep it from working.
//
// A [Check] is one question with a name. [Run] asks all of them side by side, each as soon as those
// it stands on have been answered, and tells the [Finding]s in the order of the checks. The checks
// of a cloud are made by [CloudChecks] out of a [Plan]; those of hosts are the caller's, who knows
// the way to them.
//
// A finding is for people: what was found, why that will not do (the cause, in the words of whoever
// refused), and the key of the text that says what to do about it.
package doctor

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Status is how a check came out.
type Status string

// The statuses.
const (
	OK      Status = "ok"
	Warning Status = "warning" // the class can be held, but somebody should know
	Failed  Status = "failed"
	Skipped Status = "skipped" // it could not be asked; the reason is the cause
)

// Result is the answer to a check.
type Result struct {
	Status Status
	Detail string // what was found, when it is good to know
	Cause  string // why it is not OK
	Remedy string // key of the text that says what to do; empty when it is OK
}

// Good is a result without a flaw.
func Good(format string, args ...any) Result {
	return Result{Status: OK, Detail: fmt.Sprintf(format, args...)}
}

// Bad is a result that keeps a class from working. Remedy is the key of a text.
func Bad(remedy, format string, args ...any) Result {
	return Result{Status: Failed, Cause: fmt.Sprintf(format, args...), Remedy: remedy}
}

// Check is one question.
type Check struct {
	Name    string   // "image", unique with Subject
	Subject string   // what it is about: "Debian 12"; may be empty
	Needs   []string // keys of the checks that must not have failed before
	Timeout time.Duration
	Do      func(ctx context.Context) Result
}

// Key tells a check apart from the others, and is what Needs names: "image:Debian 12", or the name
// alone.
func (c Check) Key() string {
	if c.Subject == "" {
		return c.Name
	}
	return c.Name + ":" + c.Subject
}

// Finding is a check with its answer.
type Finding struct {
	Check, Subject string
	Result
	Took time.Duration
}

// checkTime is how long a check may take that says nothing else.
const checkTime = 30 * time.Second

// Run asks all checks and calls told for each finding, in the order of the checks, as early as
// that order allows. It returns when all have ended; when ctx does, what was not answered by then is
// told as failed. Checks that need one that is not there, or each other, are a mistake and panic.
func Run(ctx context.Context, checks []Check, told func(Finding)) []Finding {
	r := &round{ends: map[string]chan struct{}{}, status: map[string]Status{}}
	for _, c := range checks {
		for _, need := range c.Needs {
			if r.ends[need] == nil {
				panic("doctor: " + c.Key() + " needs " + need + ", which does not stand before it")
			}
		}
		if r.ends[c.Key()] != nil {
			panic("doctor: two checks " + c.Key())
		}
		r.ends[c.Key()] = make(chan struct{})
	}
	findings := make([]Finding, len(checks))
	for i, c := range checks {
		r.wg.Go(func() {
			defer close(r.ends[c.Key()])
			findings[i] = r.ask(ctx, c)
			r.mu.Lock()
			r.status[c.Key()] = findings[i].Status
			r.mu.Unlock()
		})
	}
	for i, c := range checks {
		<-r.ends[c.Key()]
		if told != nil {
			told(findings[i])
		}
	}
	r.wg.Wait()
	return findings
}

type round struct {
	wg   sync.WaitGroup
	ends map[string]chan struct{}

	mu     sync.Mutex
	status map[string]Status
}

func (r *round) ask(ctx context.Context, c Check) Finding {
	f := Finding{Check: c.Name, Subject: c.Subject}
	for _, need := range c.Needs {
		<-r.ends[need] // it ends when ctx does
		r.mu.Lock()
		status := r.status[need]
		r.mu.Unlock()
		if status == Failed || status == Skipped {
			f.Result = Result{Status: Skipped, Cause: need}
			return f
		}
	}
	limit := c.Timeout
	if limit == 0 {
		limit = checkTime
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	start := time.Now()
	f.Result = c.Do(ctx)
	f.Took = time.Since(start)
	return f
}

// Healthy tells whether nothing failed.
func Healthy(findings []Finding) bool {
	for _, f := range findings {
		if f.Status == Failed {
			return false
		}
	}
	return true
}
