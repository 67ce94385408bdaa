package action

import (
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"matou/steps"
)

var fileKinds = []kind{
	{
		schema: steps.Schema{
			Kind: "file.show", Timeout: time.Minute,
			Fields: map[string]steps.Field{
				"hop":  {Type: steps.FieldHop, Required: true},
				"path": {Type: steps.FieldString, Required: true},
			},
		},
		run: showFile, words: func(c *call) string { return "cat " + quote(c.texts["path"]) },
	},
	{
		schema: steps.Schema{
			Kind: "file.line", Timeout: time.Minute,
			Fields: map[string]steps.Field{
				"hop":   {Type: steps.FieldHop, Required: true},
				"path":  {Type: steps.FieldString, Required: true},
				"line":  {Type: steps.FieldString, Required: true},
				"match": {Type: steps.FieldPattern},
			},
		},
		run: ensureLine, words: func(c *call) string {
			return fmt.Sprintf("echo %s >> %s", quote(c.texts["line"]), quote(c.texts["path"]))
		},
	},
	{
		schema: steps.Schema{
			Kind: "file.has", Timeout: time.Minute,
			Fields: map[string]steps.Field{
				"hop":   {Type: steps.FieldHop, Required: true},
				"path":  {Type: steps.FieldString, Required: true},
				"match": {Type: steps.FieldPattern, Required: true},
			},
		},
		run: checkFile, words: func(c *call) string {
			return fmt.Sprintf("grep -E %s %s", quote(c.texts["match"]), quote(c.texts["path"]))
		},
	},
	{
		schema: steps.Schema{
			Kind: "file.follow",
			Fields: map[string]steps.Field{
				"hop":   {Type: steps.FieldHop, Required: true},
				"path":  {Type: steps.FieldString, Required: true},
				"lines": {Type: steps.FieldInt},
			},
		},
		run: follow, words: func(c *call) string { return "tail -F " + quote(c.texts["path"]) },
	},
}

const fileLimit = 1 << 20 // bytes: what is read of a remote file

func (c *call) readRemote(ctx context.Context) (Host, string, error) {
	host, err := c.open(ctx, c.texts["hop"])
	if err != nil {
		return nil, "", err
	}
	data, err := host.ReadFile(ctx, c.texts["path"], fileLimit)
	return host, string(data), err
}

func showFile(ctx context.Context, c *call) (steps.Result, error) {
	_, text, err := c.readRemote(ctx)
	if err != nil {
		return steps.Result{}, err
	}
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	c.show(c.texts["hop"]+" "+path.Base(c.texts["path"]), lines...)
	return steps.Result{Summary: fmt.Sprintf("%s: %d", c.texts["path"], len(lines))}, nil
}

// ensureLine puts a line into a file once. Lines that match give way to it: the first becomes it, the
// others go, for in many files it is the first that counts.
func ensureLine(ctx context.Context, c *call) (steps.Result, error) {
	host, text, err := c.readRemote(ctx)
	var f *steps.Failure
	if err != nil && (!errors.As(err, &f) || f.Kind != steps.FailNotFound) {
		return steps.Result{}, err
	}
	line := c.texts["line"]
	if strings.ContainsAny(line, "\r\n\x00") {
		return steps.Result{}, steps.Failf(steps.FailValue, "file.line: %q is not one line", line)
	}
	var lines []string
	if text != "" {
		lines = strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	}
	matches := func(l string) bool { return l == line }
	if p := c.texts["match"]; p != "" {
		re, err := regexp.Compile(p)
		if err != nil {
			return steps.Result{}, steps.Failf(steps.FailValue, "match: %w", err)
		}
		matches = func(l string) bool { return l == line || re.MatchString(l) }
	} else if slices.Contains(lines, line) {
		return steps.Result{Summary: line}, nil
	}
	var after, diff []string
	there := false
	for _, l := range lines {
		switch {
		case !matches(l):
			after = append(after, l)
		case there:
			diff = append(diff, "- "+l)
		default:
			if there, after = true, append(after, line); l != line {
				diff = append(diff, "- "+l, "+ "+line)
			}
		}
	}
	if !there {
		after, diff = append(after, line), append(diff, "+ "+line)
	}
	if diff == nil {
		return steps.Result{Summary: line}, nil
	}
	c.show(c.texts["hop"], diff...)
	err = host.WriteFile(ctx, c.texts["path"], []byte(strings.Join(after, "\n")+"\n"))
	return steps.Result{Summary: line, Changed: true}, err
}

func checkFile(ctx context.Context, c *call) (steps.Result, error) {
	_, text, err := c.readRemote(ctx)
	if err != nil {
		return steps.Result{}, err
	}
	return matchText(c, c.texts["path"], text)
}

// matchText checks that a text has what match asks for, and says the line it found.
func matchText(c *call, what, text string) (steps.Result, error) {
	re, err := regexp.Compile("(?m)" + c.texts["match"])
	if err != nil {
		return steps.Result{}, steps.Failf(steps.FailValue, "match: %w", err)
	}
	found := re.FindString(text)
	if !re.MatchString(text) {
		return steps.Result{}, steps.Fail(steps.FailCheck, "cause.lacks", "{what} has nothing that matches {pattern}", "what", what, "pattern", c.texts["match"])
	}
	return steps.Result{Summary: shorten(found)}, nil
}

// follow shows a log until the step ends.
func follow(ctx context.Context, c *call) (steps.Result, error) {
	n, err := c.number("lines", 5)
	if err != nil {
		return steps.Result{}, err
	}
	host, err := c.open(ctx, c.texts["hop"])
	if err != nil {
		return steps.Result{}, err
	}
	source := c.texts["hop"] + " " + path.Base(c.texts["path"])
	err = host.Follow(ctx, c.texts["path"], n, func(text string, gap bool) {
		if gap {
			text = "~~~ " + text
		}
		c.show(source, text)
	})
	return steps.Result{}, err
}
