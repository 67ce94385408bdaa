package action

import (
	"context"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"matou/steps"
)

var puppetKinds = []kind{
	{
		schema: steps.Schema{
			Kind: "puppet.agent", Timeout: 15 * time.Minute, Results: []string{"changed", "failed", "exit"},
			Fields: map[string]steps.Field{
				"hops":  {Type: steps.FieldHops, Required: true},
				"tries": {Type: steps.FieldInt},
			},
		},
		run: agent, words: func(*call) string { return "puppet agent -t -v" },
	},
}

// The command has the deck's place of puppet on its path: a shell that is not a login shell may lack
// it.
const agentLine = `PATH="$PATH:/opt/puppetlabs/bin" puppet agent -t -v`

// agentTries is how often an agent run that finds another under way is tried again.
const agentTries = 60

// serverTries is how often an agent run is tried again whose master refuses connections: puppetserver
// takes half a minute to come up, after its host was started again for instance.
const serverTries = 15

// run is what one agent run printed, counted.
type agentRun struct {
	exit            int
	changed, failed int
	busy            bool   // another run was under way: nothing was done
	down            bool   // nothing listens at the master's port: nothing was done
	firstError      string // without colours
}

var colours = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\x1b\[[0-9;]*m`) })

// refused tells whether a line says that nothing listens at the master's port.
func refused(line string) bool {
	_, after, _ := strings.Cut(line, "Failed to open TCP connection to ")
	host, _, ok := strings.Cut(after, ":8140 (Connection refused")
	return ok && host != "" && !strings.ContainsAny(host, " \t")
}

// take counts one line of output. Puppet colours its lines even into a pipe.
func (r *agentRun) take(line string) {
	line = colours().ReplaceAllString(line, "")
	switch {
	case strings.Contains(line, "already in progress"):
		r.busy = true
	case refused(line):
		r.down = true
	case strings.HasPrefix(line, "Notice: /Stage["):
		spoken := strings.Contains(line, "/returns: ") && !strings.Contains(line, "executed successfully")
		if !spoken && !strings.HasSuffix(line, "has failures: true") { // a command's own words; a dependency's failure
			r.changed++
		}
	case strings.HasPrefix(line, "Error: /Stage["):
		r.failed++
	}
	if r.firstError == "" && strings.HasPrefix(line, "Error: ") {
		r.firstError = strings.TrimPrefix(line, "Error: ")
	}
}

// agent runs the agent on all hops side by side.
//
// Exit codes, see puppet-agent(8) on --detailed-exitcodes, which --test turns on: 0 nothing to do, 2
// changes made, 4 failures, 6 both; 1 is a failure before anything was applied, or a run by cron that
// is under way, in which case it is waited for.
func agent(ctx context.Context, c *call) (steps.Result, error) {
	tries, err := c.number("tries", agentTries)
	if err != nil {
		return steps.Result{}, err
	}
	hops := c.lists["hops"]
	runs := make([]agentRun, len(hops))
	g, ctx := errgroup.WithContext(ctx)
	for i, hop := range hops {
		g.Go(func() (err error) {
			runs[i], err = c.agentOn(ctx, hop, tries)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return steps.Result{}, err
	}
	var changed, failed, exit int
	for _, r := range runs {
		changed, failed, exit = changed+r.changed, failed+r.failed, max(exit, r.exit)
	}
	summary, said := steps.Summed("told.changed", "{n} changed", "n", changed)
	return steps.Result{
		Values:  map[string]string{"changed": strconv.Itoa(changed), "failed": strconv.Itoa(failed), "exit": strconv.Itoa(exit)},
		Summary: summary, Said: said, Changed: changed > 0,
	}, nil
}

func (c *call) agentOn(ctx context.Context, hop string, tries int) (agentRun, error) {
	host, err := c.open(ctx, hop)
	if err != nil {
		return agentRun{}, err
	}
	lost, down := false, min(tries, serverTries)
	for try := 1; ; try++ {
		var r agentRun
		r.exit, err = host.RunOnce(ctx, c.onceID(hop), agentLine, func(text string) {
			r.take(text)
			c.show(hop, text)
		})
		var f *steps.Failure
		if errors.As(err, &f) && f.Kind == steps.FailLost && !lost && ctx.Err() == nil {
			// The run is known to be dead, with its host most likely. An agent may begin anew.
			lost = true
			c.show(hop, f.Cause)
			continue
		}
		if err != nil {
			return r, err
		}
		switch {
		case r.exit == 0 || r.exit == 2:
			return r, nil
		case r.exit == 1 && r.busy && try < tries: // with any other exit something was applied
			c.out.Status(steps.Doing("doing.cron", "hop", hop, "try", try, "tries", tries))
		case r.exit == 1 && r.down && try < down:
			c.out.Status(steps.Doing("doing.puppetserver", "hop", hop, "try", try, "tries", down))
		default:
			return r, puppetFailure(hop, r)
		}
		select {
		case <-time.After(c.deps.Retry):
		case <-ctx.Done():
			return r, ctx.Err()
		}
		c.out.Status(steps.Phrase{}) // it runs again
	}
}

func puppetFailure(hop string, r agentRun) *steps.Failure {
	values := []any{"hop", hop, "exit", r.exit, "n", r.failed, "text", shorten(r.firstError)}
	switch {
	case r.firstError == "": // what failed is told in a line that begins with Error
		return steps.Fail(steps.FailPuppet, "cause.puppet", "{hop}: puppet agent: exit {exit}", values[:4]...)
	case r.failed == 0:
		return steps.Fail(steps.FailPuppet, "cause.puppet-says", "{hop}: puppet agent: exit {exit}: {text}", values...)
	}
	return steps.Fail(steps.FailPuppet, "cause.puppet-failed", "{hop}: puppet agent: exit {exit}, {n} failed: {text}", values...)
}
