package action

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"matou/steps"
)

// Editable is a file a step lets people edit: on a hop, or, with no hop, this seat's own copy of a
// file of the workshop.
type Editable struct{ Hop, Path string }

// Editable finds the first file that a step shows, edits, or lets people write instead of having it
// checked out.
func (r *Registry) Editable(in steps.Input) (Editable, bool) {
	step, ok := in.Workshop.Step(in.Step)
	if !ok {
		return Editable{}, false
	}
	for _, a := range slices.Concat(step.Actions, step.Checks) {
		in.Action = a
		c := &call{Registry: r, in: in}
		if err := c.fill(r.kinds[a.Kind].schema, steps.Expand); err != nil {
			continue // a value is missing yet: nothing to edit
		}
		switch a.Kind {
		case "file.show":
			return Editable{Hop: c.texts["hop"], Path: c.texts["path"]}, true
		case "data.show", "data.edit":
			return Editable{Path: c.texts["file"]}, true
		case "git.branch":
			if file := c.texts["path"]; file != "" {
				return Editable{Hop: c.texts["hop"], Path: path.Join(c.texts["repo"], file)}, true
			}
		}
	}
	return Editable{}, false
}

// rejected is what the name of a copy ends in that was not well-formed: the next edit goes on with it.
const rejected = ".rejected"

// EditOwn lets edit change a copy of a file of the workshop; what comes of it becomes this seat's own
// copy, unless it is no longer well-formed. Then it is kept aside, and the next edit begins with it; one
// that leaves it as it is gives it up.
func (r *Registry) EditOwn(in steps.Input, e Editable, edit func(file string) error) (err error) {
	c := &call{Registry: r, in: in}
	data, _, err := c.dataFile(e.Path)
	if err != nil {
		return err
	}
	aside := c.ownFile(e.Path) + rejected
	if draft, err := os.ReadFile(aside); err == nil {
		data = draft
	}
	dir, err := os.MkdirTemp("", "matou-edit-")
	if err != nil {
		return steps.Failf(steps.FailDisk, "edit %s: %w", e.Path, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	file := filepath.Join(dir, path.Base(e.Path))
	if err := os.WriteFile(file, data, 0o600); err != nil {
		return steps.Failf(steps.FailDisk, "edit %s: %w", e.Path, err)
	}
	if err := edit(file); err != nil {
		return err
	}
	edited, err := os.ReadFile(file)
	if err != nil {
		return steps.Failf(steps.FailDisk, "edit %s: %w", e.Path, err)
	}
	if string(edited) != string(data) {
		if err := wellFormed(e.Path, string(edited)); err != nil {
			return errors.Join(err, writeOwn(aside, edited))
		}
		if err := writeOwn(c.ownFile(e.Path), edited); err != nil {
			return steps.Failf(steps.FailDisk, "write this seat's copy of %s: %w", e.Path, err)
		}
	}
	if err := os.Remove(aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return steps.Failf(steps.FailDisk, "edit %s: %w", e.Path, err)
	}
	return nil
}

// Chain is the way to a hop of the workshop from where this program runs, outside of any step.
func (r *Registry) Chain(ctx context.Context, in steps.Input, out steps.Output, hop string) ([]Hop, error) {
	chain, err := (&call{Registry: r, in: in, out: out}).chain(ctx, hop)
	if err == nil && len(chain) == 0 {
		err = steps.Fail(steps.FailValue, "cause.here-shell", "{hop} is where this program runs: you have a shell there already", "hop", hop)
	}
	return chain, err
}
