package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"matou/cloud/sandbox/host"
	"matou/cloud/sandbox/puppet"
)

// Mistake is one thing in a world's files that keeps the sandbox from starting.
type Mistake struct {
	File      string // in the workshop's folder
	Line, Col int    // from 1; 0: about the whole file
	Text      string
}

// Check reads the files of a world as [Start] does, and starts nothing.
func Check(workshop fs.FS, world string) []Mistake {
	var found []Mistake
	name := path.Join(world, "world.yaml")
	w, err := loadWorld(workshop, name)
	found = append(found, mistakes(name, err)...)
	folder, err := fs.Sub(workshop, world)
	if err != nil {
		return append(found, mistakes(name, err)...)
	}
	if _, err := puppet.Load(folder, workshop); err != nil {
		found = append(found, mistakes(path.Join(world, puppet.DataFile), err)...)
	}
	if err := host.CheckPackages(folder); err != nil {
		found = append(found, mistakes(path.Join(world, "packages.yaml"), err)...)
	}
	if w == nil {
		return found
	}
	trees := []string{w.Hosts.Jumphost.Image, w.Hosts.Container.Image}
	for _, im := range w.Images {
		trees = append(trees, im.Tree)
	}
	slices.Sort(trees)
	images, err := fs.Sub(folder, "images")
	for _, tree := range slices.Compact(trees) {
		if err == nil {
			found = append(found, mistakes(path.Join(world, "images", tree, "image.yaml"), host.CheckImage(images, tree))...)
		}
	}
	return found
}

var unknownField = regexp.MustCompile(`^field (\S+) not found in type \S+$`)

// mistakes are those that an error tells of, each at its place when YAML knows it.
func mistakes(file string, err error) []Mistake {
	if err == nil {
		return nil
	}
	text := func(s string) string {
		return unknownField.ReplaceAllString(strings.TrimPrefix(s, "yaml: "), `unknown key "$1"`)
	}
	var all *yaml.LoadErrors
	var one *yaml.LoadError
	switch {
	case errors.As(err, &all):
		var found []Mistake
		for _, e := range all.Errors {
			found = append(found, Mistake{file, e.Mark.Line, max(1, e.Mark.Column), text(e.Message)})
		}
		return found
	case errors.As(err, &one):
		return []Mistake{{file, one.Mark.Line, max(1, one.Mark.Column), text(one.Message)}}
	case errors.Is(err, fs.ErrNotExist):
		return []Mistake{{File: file, Text: fmt.Sprint(err)}}
	}
	return []Mistake{{File: file, Text: text(err.Error())}}
}
