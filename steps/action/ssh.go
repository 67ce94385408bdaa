package action

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"matou/steps"
)

var sshKinds = []kind{
	{
		schema: steps.Schema{
			Kind: "ssh.run", Timeout: 10 * time.Minute,
			Fields: map[string]steps.Field{
				"hop":     {Type: steps.FieldHop, Required: true},
				"command": {Type: steps.FieldShell, Required: true},
				"exit":    {Type: steps.FieldList},
				"match":   {Type: steps.FieldPattern},
				"once":    {Type: steps.FieldBool}, // it must not run twice, whatever happens to the line
			},
			Results: []string{"output", "exit"},
		},
		run: runSSH, words: func(c *call) string { return c.texts["command"] },
	},
}

// outputKept bounds what of a command's output is kept to be matched, in bytes. All of it is shown.
const outputKept = 256 << 10

// transcript gathers a command's output while it is shown.
type transcript struct {
	text strings.Builder
	last string // the last line that says something: what a failure quotes
}

func (t *transcript) add(line string) {
	if strings.TrimSpace(line) != "" {
		t.last = line
	}
	if t.text.Len() < outputKept {
		t.text.WriteString(line)
		t.text.WriteByte('\n')
	}
}

// exec runs a command line on a hop and shows its output.
func (c *call) exec(ctx context.Context, hop, line string) (int, *transcript, error) {
	host, err := c.open(ctx, hop)
	if err != nil {
		return 0, nil, err
	}
	t := &transcript{}
	take := func(text string) {
		t.add(text)
		c.show(hop, text)
	}
	if c.texts["once"] == "true" {
		exit, err := host.RunOnce(ctx, c.onceID(hop), line, take)
		return exit, t, err
	}
	exit, err := host.Run(ctx, line, func(text string, _ bool) { take(text) })
	return exit, t, err
}

// onceID names what this action runs on a hop: the same after a crash, for the run is the same then,
// and another for every other action.
func (c *call) onceID(hop string) string {
	return fmt.Sprintf("%s-%s-%s-%d-%s", c.in.Step, c.in.Run, c.in.Phase, c.in.Index, hop)
}

func runSSH(ctx context.Context, c *call) (steps.Result, error) {
	exit, t, err := c.exec(ctx, c.texts["hop"], c.texts["command"])
	if err != nil {
		return steps.Result{}, err
	}
	wanted := c.lists["exit"]
	if wanted == nil {
		wanted = []string{"0"}
	}
	if !slices.Contains(wanted, strconv.Itoa(exit)) {
		return steps.Result{}, exitFailure(c.texts["hop"], c.texts["command"], exit, t)
	}
	output := strings.TrimRight(t.text.String(), "\n")
	if pattern := c.texts["match"]; pattern != "" {
		re, err := regexp.Compile("(?m)" + pattern)
		if err != nil {
			return steps.Result{}, steps.Failf(steps.FailValue, "match: %w", err)
		}
		if !re.MatchString(output) {
			return steps.Result{}, steps.Fail(steps.FailCheck, "cause.says", "{hop}: {command} says {text}, nothing that matches {pattern}",
				"hop", c.texts["hop"], "command", c.texts["command"], "text", strconv.Quote(shorten(t.last)), "pattern", pattern)
		}
	}
	return steps.Result{
		Values:  map[string]string{"output": output, "exit": strconv.Itoa(exit)},
		Summary: shorten(t.last), Changed: true,
	}, nil
}

func exitFailure(hop, command string, exit int, t *transcript) *steps.Failure {
	values := []any{"hop", hop, "command", shorten(command), "exit", exit}
	if t.last == "" {
		return steps.Fail(steps.FailExit, "cause.exit", "{hop}: {command}: exit {exit}", values...)
	}
	return steps.Fail(steps.FailExit, "cause.exit-says", "{hop}: {command}: exit {exit}: {text}", append(values, "text", shorten(t.last))...)
}

// shorten keeps a text's beginning, for a summary or a cause.
func shorten(s string) string {
	const most = 200
	s = strings.TrimSpace(s)
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
