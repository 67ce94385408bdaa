package action

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

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
// texts. What is already so stays. A copy that has neither what is to be edited nor what comes of it,
// since it was made for another master, say, is made again from the workshop's file. A YAML file that
// would no longer be YAML is not written.
func editData(_ context.Context, c *call) (steps.Result, error) {
	name := c.texts["file"]
	data, own, err := c.dataFile(name)
	if err != nil {
		return steps.Result{}, err
	}
	text, err := c.edited(string(data))
	var f *steps.Failure
	if own && errors.As(err, &f) && f.Kind == steps.FailCheck {
		c.show(path.Base(name), fmt.Sprintf("%v: begun again from the workshop's file", err))
		original, err2 := c.originalFile(name)
		if err2 != nil {
			return steps.Result{}, err2
		}
		text, err = c.edited(string(original))
	}
	if err != nil {
		return steps.Result{}, steps.Within(err, "cause.edit", "edit {name}", "name", name)
	}
	if err := wellFormed(name, text); err != nil {
		return steps.Result{}, err
	}
	before, after := strings.Split(string(data), "\n"), strings.Split(text, "\n")
	for i := 0; i < len(after) && len(after) == len(before); i++ {
		if after[i] != before[i] {
			c.show(path.Base(name), "- "+before[i], "+ "+after[i])
		}
	}
	if err := writeOwn(c.ownFile(name), []byte(text)); err != nil {
		return steps.Result{}, steps.Failf(steps.FailDisk, "write this seat's copy of %s: %w", name, err)
	}
	return steps.Result{Summary: path.Base(name), Changed: text != string(data)}, nil
}

// edited is a text with the edits made. A Failure of kind check says that there is nothing to edit.
func (c *call) edited(text string) (string, error) {
	lines := strings.Split(text, "\n")
	for _, pattern := range c.lists["uncomment"] {
		if err := uncomment(lines, pattern); err != nil {
			return "", err
		}
	}
	replacements := c.maps["replace"]
	for _, from := range slices.Sorted(maps.Keys(replacements)) {
		if err := replace(lines, from, replacements[from]); err != nil {
			return "", err
		}
	}
	return strings.Join(lines, "\n"), nil
}

// replace puts one text in another's place. Where it stands already it is left alone, even if it
// holds what it replaces.
func replace(lines []string, from, to string) error {
	if from == "" {
		return steps.Failf(steps.FailValue, "replace: nothing is to become %q", to)
	}
	found := to == ""
	for i, l := range lines {
		parts := []string{l}
		if strings.Contains(to, from) {
			parts = strings.Split(l, to)
		}
		for j, part := range parts {
			found = found || strings.Contains(part, from)
			parts[j] = strings.ReplaceAll(part, from, to)
		}
		found = found || standsAlone(l, to)
		lines[i] = strings.Join(parts, to)
	}
	if !found {
		return steps.Fail(steps.FailCheck, "cause.neither", "neither {from} nor {to} is there", "from", strconv.Quote(from), "to", strconv.Quote(to))
	}
	return nil
}

// standsAlone tells whether a text is in a line, and not as a part of a longer word: 10.0.0.4 is not
// in 10.0.0.42.
func standsAlone(line, text string) bool {
	for at := 0; text != ""; at++ {
		i := strings.Index(line[at:], text)
		if i < 0 {
			break
		}
		at += i
		before, _ := utf8.DecodeLastRuneInString(line[:at])
		after, _ := utf8.DecodeRuneInString(line[at+len(text):])
		if !wordRune(before) && !wordRune(after) {
			return true
		}
	}
	return false
}

func wordRune(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

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
		return steps.Fail(steps.FailCheck, "cause.no-line", "no line matches {pattern}", "pattern", pattern)
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
		return steps.Fail(steps.FailValue, "cause.not-yaml", "{name} would no longer be YAML", "name", name, err)
	}
	return nil
}

// dataFile reads a file of the workshop: the seat's own copy, if there is one.
func (c *call) dataFile(name string) (data []byte, own bool, err error) {
	if !fs.ValidPath(name) { // it may have come from a value
		return nil, false, steps.Failf(steps.FailValue, "%q is no file of the workshop", name)
	}
	data, err = os.ReadFile(c.ownFile(name))
	if err == nil {
		return data, true, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, false, steps.Failf(steps.FailDisk, "read this seat's copy of %s: %w", name, err)
	}
	data, err = c.originalFile(name)
	return data, false, err
}

// originalFile reads the workshop's own file.
func (c *call) originalFile(name string) ([]byte, error) {
	data, err := fs.ReadFile(c.in.Workshop.Files, name)
	if err != nil {
		return nil, steps.Failf(steps.FailNotFound, "read %s: %w", name, err)
	}
	return data, nil
}

// ownFile is where this seat's copy of a workshop's file is, if there is one.
func (c *call) ownFile(name string) string {
	return filepath.Join(c.deps.DataDir, filepath.FromSlash(name))
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
