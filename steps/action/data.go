package action

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"matou/steps"
)

var dataKinds = []kind{
	{
		schema: steps.Schema{
			Kind: "data.show", Timeout: 10 * time.Second,
			Fields: map[string]steps.Field{"file": {Type: steps.FieldFile, Required: true}},
		},
		run: showData, words: func(c *call) string { return "cat " + path.Base(c.texts["file"]) },
	},
	{
		schema: steps.Schema{
			Kind: "data.edit", Timeout: 10 * time.Second,
			Fields: map[string]steps.Field{
				"file":      {Type: steps.FieldFile, Required: true},
				"uncomment": {Type: steps.FieldList},
				"replace":   {Type: steps.FieldMap},
			},
		},
		run: editData, words: func(c *call) string { return "vim " + path.Base(c.texts["file"]) },
	},
	{
		schema: steps.Schema{
			Kind: "data.has", Timeout: 10 * time.Second,
			Fields: map[string]steps.Field{
				"file":  {Type: steps.FieldFile, Required: true},
				"match": {Type: steps.FieldPattern, Required: true},
			},
		},
		run: checkData, words: func(c *call) string {
			return fmt.Sprintf("grep -E %s %s", quote(c.texts["match"]), path.Base(c.texts["file"]))
		},
	},
}

func showData(_ context.Context, c *call) (steps.Result, error) {
	data, own, err := c.dataFile(c.texts["file"])
	if err != nil {
		return steps.Result{}, err
	}
	name := path.Base(c.texts["file"])
	c.show(name, strings.Split(strings.TrimRight(string(data), "\n"), "\n")...)
	if own {
		name += " *"
	}
	return steps.Result{Summary: name}, nil
}

// editData makes this seat's own copy of a file: takes the comment sign off lines, and replaces
// texts. What is already so stays. A YAML file that would no longer be YAML is not written.
func editData(_ context.Context, c *call) (steps.Result, error) {
	name := c.texts["file"]
	data, _, err := c.dataFile(name)
	if err != nil {
		return steps.Result{}, err
	}
	lines := strings.Split(string(data), "\n")
	before := slices.Clone(lines)
	for _, pattern := range c.lists["uncomment"] {
		if err := uncomment(lines, pattern); err != nil {
			return steps.Result{}, fmt.Errorf("edit %s: %w", name, err)
		}
	}
	for i := range lines {
		for from, to := range c.maps["replace"] {
			lines[i] = strings.ReplaceAll(lines[i], from, to)
		}
	}
	for i := range lines {
		if lines[i] != before[i] {
			c.show(path.Base(name), "- "+before[i], "+ "+lines[i])
		}
	}
	text := strings.Join(lines, "\n")
	if err := wellFormed(name, text); err != nil {
		return steps.Result{}, err
	}
	if err := writeOwn(c.ownFile(name), []byte(text)); err != nil {
		return steps.Result{}, steps.Failf(steps.FailDisk, "write this seat's copy of %s: %w", name, err)
	}
	return steps.Result{Summary: path.Base(name), Changed: !slices.Equal(lines, before)}, nil
}

var commented = regexp.MustCompile(`^(\s*)# ?(.*)$`)

// uncomment takes the comment sign off the lines whose rest matches. One that stands without it
// already is as good; none at all is a failure.
func uncomment(lines []string, pattern string) error {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return steps.Failf(steps.FailValue, "uncomment: %w", err)
	}
	found := false
	for i, l := range lines {
		if m := commented.FindStringSubmatch(l); m != nil {
			if re.MatchString(m[2]) {
				lines[i], found = m[1]+m[2], true
			}
		} else if re.MatchString(l) {
			found = true
		}
	}
	if !found {
		return steps.Failf(steps.FailCheck, "no line matches %s", pattern)
	}
	return nil
}

// wellFormed refuses what would fail only when a server reads it.
func wellFormed(name, text string) error {
	if ext := path.Ext(name); ext != ".yaml" && ext != ".yml" {
		return nil
	}
	var doc yaml.Node
	if err := yaml.Load([]byte(text), &doc); err != nil {
		return steps.Failf(steps.FailValue, "%s would no longer be YAML: %w", name, err)
	}
	return nil
}

// writeOwn puts a file in place whole or not at all.
func writeOwn(name string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // nothing to remove once it has its name
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

func checkData(_ context.Context, c *call) (steps.Result, error) {
	data, _, err := c.dataFile(c.texts["file"])
	if err != nil {
		return steps.Result{}, err
	}
	return matchText(c, path.Base(c.texts["file"]), string(data))
}
