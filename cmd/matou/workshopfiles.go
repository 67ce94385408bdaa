package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"matou/assets"
	"matou/steps"
	"matou/steps/action"
)

// loadWorkshop finds a workshop by its name among ours, or by its folder.
func loadWorkshop(name string) (*steps.Workshop, error) {
	if dir, ok := workshopDir(name); ok {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return nil, err
		}
		w, err := steps.Load(filepath.Base(abs), os.DirFS(abs), action.Kinds())
		var problems steps.Problems
		switch {
		case errors.As(err, &problems):
			return nil, inFolder(dir, problems)
		case errors.Is(err, fs.ErrNotExist):
			return nil, usagef("no workshop in %s: it has no %s (matou workshop new DIR makes one)", dir, steps.WorkshopFile)
		}
		return w, err
	}
	fsys, err := assets.Workshop(name)
	if err != nil {
		return nil, usagef("no workshop %q: neither a folder, nor one of %s", name, strings.Join(assets.Workshops(), ", "))
	}
	return steps.Load(name, fsys, action.Kinds())
}

// workshopDir is the folder of a workshop that is none of the program's: it is named itself, or the
// workshop.yaml in it is.
func workshopDir(name string) (dir string, ok bool) {
	info, err := os.Stat(name)
	if err == nil && !info.IsDir() && filepath.Base(name) == steps.WorkshopFile {
		return filepath.Dir(name), true
	}
	return name, err == nil && info.IsDir()
}

// inFolder names the files of problems from where we are, so that an editor finds them.
func inFolder(name string, problems steps.Problems) steps.Problems {
	dir, ok := workshopDir(name)
	if !ok {
		return problems
	}
	out := slices.Clone(problems)
	for i := range out {
		out[i].File = filepath.Join(dir, filepath.FromSlash(out[i].File))
	}
	return out
}
