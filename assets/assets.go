// Package assets is what Matou carries with it: the workshops, the words of the screen in each
// language, the themes and the cats. It is data only; whoever needs a part asks for that part's
// folder and reads it like any other file system.
//
// A workshop is one folder under workshops/: workshop.yaml, a deck for each language, the
// user-data of its servers, the control repository's content and the demo application. Package
// steps reads it; a folder outside the program (--workshop DIR) has the same shape. See [Workshop].
package assets

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
)

// Whatever stands in a folder here: a new folder of data is in the program without a change in Go,
// and an empty one does not break the build. "all:" because the trees of a sandbox hold dot files.
//
//go:embed all:*/*
var files embed.FS

// Workshop is the folder of the named workshop. The error names the workshops there are, and wraps
// [fs.ErrNotExist].
func Workshop(name string) (fs.FS, error) {
	dir := path.Join("workshops", name)
	if !fs.ValidPath(name) || path.Dir(dir) != "workshops" {
		return nil, fmt.Errorf("open workshop %q: %w: there are %q", name, fs.ErrNotExist, Workshops())
	}
	if _, err := fs.Stat(files, path.Join(dir, "workshop.yaml")); err != nil {
		return nil, fmt.Errorf("open workshop %q: %w: there are %q", name, fs.ErrNotExist, Workshops())
	}
	return folder(dir), nil
}

// Workshops lists the names of the workshops in the program, sorted.
func Workshops() []string {
	found, err := fs.Glob(files, "workshops/*/workshop.yaml")
	if err != nil {
		panic(err) // the pattern is ours
	}
	names := make([]string, 0, len(found))
	for _, file := range found {
		names = append(names, path.Base(path.Dir(file)))
	}
	return names
}

// I18n is the folder with the words of the screen, one file a language.
func I18n() fs.FS { return folder("i18n") }

// Themes is the folder with the colours of the screen, one file a theme.
func Themes() fs.FS { return folder("themes") }

// Cats is the folder with the drawings of the cat, one file a mood.
func Cats() fs.FS { return folder("cats") }

// folder is a part of the files; asking it for a file that is not there is an error then, not now.
func folder(dir string) fs.FS {
	sub, err := fs.Sub(files, dir)
	if err != nil {
		panic(err) // the path is ours
	}
	return sub
}
