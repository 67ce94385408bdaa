package action

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"strings"
	"time"

	"matou/steps"
)

var gitKinds = []kind{
	{
		schema: steps.Schema{
			Kind: "git.checkout", Timeout: time.Minute, Results: []string{"branch", "commit"},
			Fields: map[string]steps.Field{
				"hop":    {Type: steps.FieldHop, Required: true},
				"repo":   {Type: steps.FieldString, Required: true},
				"branch": {Type: steps.FieldString, Required: true},
			},
		},
		run: checkout, words: func(c *call) string { return inRepo(c, "git checkout "+quote(c.texts["branch"])) },
	},
	{
		schema: steps.Schema{
			Kind: "git.branch", Timeout: time.Minute, Results: []string{"branch"},
			Fields: map[string]steps.Field{
				"hop":   {Type: steps.FieldHop, Required: true},
				"repo":  {Type: steps.FieldString, Required: true},
				"match": {Type: steps.FieldPattern, Required: true},
				// What the branch brings, written by hand, is as good as the branch: a file of the repository
				// and what it then has.
				"path": {Type: steps.FieldString},
				"has":  {Type: steps.FieldPattern},
			},
		},
		run: checkBranch, words: func(c *call) string { return inRepo(c, "git branch") },
	},
	{
		schema: steps.Schema{
			Kind: "git.diff", Timeout: time.Minute,
			Fields: map[string]steps.Field{
				"hop":  {Type: steps.FieldHop, Required: true},
				"repo": {Type: steps.FieldString, Required: true},
				"from": {Type: steps.FieldString, Required: true},
				"to":   {Type: steps.FieldString, Required: true},
				"path": {Type: steps.FieldString},
			},
		},
		run: diff, words: diffWords,
	},
}

func inRepo(c *call, command string) string {
	return fmt.Sprintf("cd %s && %s", quote(c.texts["repo"]), command)
}

func diffWords(c *call) string {
	line := fmt.Sprintf("git diff %s %s", quote(c.texts["from"]), quote(c.texts["to"]))
	if p := c.texts["path"]; p != "" {
		line += " -- " + quote(p)
	}
	return inRepo(c, line)
}

// checkout switches the branch. Git itself refuses to overwrite what was edited by hand, and its words
// say which file: no waiting helps, as it would for a conflict in the cloud.
func checkout(ctx context.Context, c *call) (steps.Result, error) {
	branch := c.texts["branch"]
	exit, t, err := c.exec(ctx, c.texts["hop"], inRepo(c, "git checkout "+quote(branch)))
	if err != nil {
		return steps.Result{}, err
	}
	if exit != 0 {
		f := exitFailure(c.texts["hop"], "git checkout "+branch, exit, t)
		if strings.Contains(t.text.String(), "would be overwritten") {
			f.Cause, f.Said = strings.TrimSpace(t.text.String()), nil
		}
		return steps.Result{}, f
	}
	commit, err := c.ask(ctx, "git rev-parse --short HEAD")
	if err != nil {
		return steps.Result{}, err
	}
	return steps.Result{
		Values:  map[string]string{"branch": branch, "commit": commit},
		Summary: fmt.Sprintf("%s %s", branch, commit), Changed: true,
	}, nil
}

// ask runs a git command whose answer is one line, and shows nothing of it.
func (c *call) ask(ctx context.Context, command string) (string, error) {
	host, err := c.open(ctx, c.texts["hop"])
	if err != nil {
		return "", err
	}
	t := &transcript{}
	exit, err := host.Run(ctx, inRepo(c, command), func(text string, _ bool) { t.add(text) })
	if err != nil {
		return "", err
	}
	if exit != 0 {
		return "", exitFailure(c.texts["hop"], command, exit, t)
	}
	return strings.TrimSpace(t.text.String()), nil
}

func checkBranch(ctx context.Context, c *call) (steps.Result, error) {
	branch, err := c.ask(ctx, "git rev-parse --abbrev-ref HEAD")
	if err != nil {
		return steps.Result{}, err
	}
	re, err := regexp.Compile(c.texts["match"])
	if err != nil {
		return steps.Result{}, steps.Failf(steps.FailValue, "match: %w", err)
	}
	if !re.MatchString(branch) {
		byHand, err := c.byHand(ctx)
		if err != nil {
			return steps.Result{}, err
		}
		if !byHand {
			return steps.Result{}, steps.Fail(steps.FailCheck, "cause.branch", "{hop} is on branch {branch}", "hop", c.texts["hop"], "branch", branch)
		}
		branch += " *"
	}
	return steps.Result{Values: map[string]string{"branch": branch}, Summary: branch}, nil
}

// byHand tells whether a file of the repository has what the branch would have brought.
func (c *call) byHand(ctx context.Context) (bool, error) {
	if c.texts["path"] == "" || c.texts["has"] == "" {
		return false, nil
	}
	re, err := regexp.Compile("(?m)" + c.texts["has"])
	if err != nil {
		return false, steps.Failf(steps.FailValue, "has: %w", err)
	}
	host, err := c.open(ctx, c.texts["hop"])
	if err != nil {
		return false, err
	}
	data, err := host.ReadFile(ctx, path.Join(c.texts["repo"], c.texts["path"]), fileLimit)
	return re.Match(data), err
}

func diff(ctx context.Context, c *call) (steps.Result, error) {
	exit, t, err := c.exec(ctx, c.texts["hop"], diffWords(c))
	if err != nil {
		return steps.Result{}, err
	}
	if exit != 0 {
		return steps.Result{}, exitFailure(c.texts["hop"], "git diff", exit, t)
	}
	return steps.Result{Summary: fmt.Sprintf("%s..%s", c.texts["from"], c.texts["to"])}, nil
}
