package lab

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"time"

	"go.yaml.in/yaml/v4"
)

// own is what makes the first layer, and what every image starts with.
//
//go:embed recipe
var own embed.FS

// firstLayer is the image that this package makes itself.
const firstLayer = "debian"

// configFile is the workshop's word on its images.
const configFile = "lab/lab.yaml"

// recipe says how a workshop's images are made.
type recipe struct {
	images map[string]*image
	files  fs.FS // the workshop
}

// image is one entry of lab.yaml.
type image struct {
	Name   string        `yaml:"-"`
	On     string        `yaml:"on"`
	Script string        `yaml:"script"` // in the workshop's lab/; "" adds no layer
	Inputs []string      `yaml:"inputs"` // files and folders of the workshop that the script reads
	Memory int           `yaml:"memory"` // MiB that a server of it really takes
	Expect time.Duration `yaml:"expect"` // to build
}

// loadRecipe reads lab.yaml, strictly: the error tells all that is wrong with it.
func loadRecipe(workshop fs.FS) (*recipe, error) {
	data, err := fs.ReadFile(workshop, configFile)
	if err != nil {
		return nil, fmt.Errorf("read the lab's recipe: %w", err)
	}
	var file struct {
		Images map[string]*image `yaml:"images"`
	}
	if err := yaml.Load(data, &file, yaml.WithKnownFields()); err != nil {
		return nil, fmt.Errorf("read the lab's recipe: %s: %w", configFile, err)
	}
	r := &recipe{images: map[string]*image{}, files: workshop}
	r.images[firstLayer] = &image{Name: firstLayer, Memory: 64, Expect: 45 * time.Second}
	var bad []error
	for name, im := range file.Images {
		switch {
		case name == firstLayer || !fs.ValidPath(name) || path.Base(name) != name || name == ".":
			bad = append(bad, fmt.Errorf("image %q: not a name for one", name))
		case im == nil || im.On == "":
			bad = append(bad, fmt.Errorf("image %q: it stands on nothing", name))
		case im.Memory < 0 || im.Expect < 0:
			bad = append(bad, fmt.Errorf("image %q: memory and expect can't be negative", name))
		default:
			im.Name = name
			r.images[name] = im
		}
	}
	for name, im := range r.images {
		if _, err := r.chain(name); err != nil {
			bad = append(bad, err)
		}
		for _, in := range im.sources() {
			if _, err := fs.Stat(workshop, in); err != nil {
				bad = append(bad, fmt.Errorf("image %q: %w", name, err))
			}
		}
	}
	if len(bad) > 0 {
		return nil, fmt.Errorf("read the lab's recipe: %s: %w", configFile, errors.Join(bad...))
	}
	return r, nil
}

// sources are the parts of the workshop that the image depends on.
func (im *image) sources() []string {
	if im.Script == "" {
		return im.Inputs
	}
	return append([]string{path.Join("lab", im.Script)}, im.Inputs...)
}

// chain is the images that make a tree, the first layer first. Those without a script add nothing.
func (r *recipe) chain(name string) ([]*image, error) {
	var chain []*image
	at := name
	for range len(r.images) {
		im := r.images[at]
		if im == nil {
			return nil, fmt.Errorf("image %q: there is no image %q to stand on", name, at)
		}
		if im.Script != "" || at == firstLayer {
			chain = append(chain, im)
		}
		if at == firstLayer {
			slices.Reverse(chain)
			return chain, nil
		}
		at = im.On
	}
	return nil, fmt.Errorf("image %q: it stands on itself", name)
}

// layer is one layer with its name on disk, which follows from all that goes into it.
type layer struct {
	image *image
	id    string
	below []string // ids, topmost first
}

// layers are the layers of a tree, the first one first. sources is the content of the package
// sources, which the first layer depends on.
func (r *recipe) layers(name string, sources []byte) ([]layer, error) {
	chain, err := r.chain(name)
	if err != nil {
		return nil, err
	}
	var all []layer
	var below []string
	sum, err := digest(own, "recipe")
	if err != nil {
		return nil, err
	}
	parent := append(sum, sources...)
	for _, im := range chain {
		h := sha256.New()
		h.Write(parent)
		for _, in := range im.sources() {
			sum, err := digest(r.files, in)
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(h, "%s\x00%x\x00", in, sum)
		}
		parent = h.Sum(nil)
		id := im.Name + "-" + hex.EncodeToString(parent)[:12]
		all = append(all, layer{image: im, id: id, below: slices.Clone(below)})
		below = append([]string{id}, below...)
	}
	return all, nil
}

// digest is the hash of a file, or of all files of a folder with their names.
func digest(fsys fs.FS, name string) ([]byte, error) {
	h := sha256.New()
	err := fs.WalkDir(fsys, name, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(fsys, p)
		if err != nil {
			return err
		}
		fmt.Fprintf(h, "%s\x00%d\x00", p, len(data))
		h.Write(data)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("hash %s: %w", name, err)
	}
	return h.Sum(nil), nil
}
