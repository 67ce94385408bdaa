// Package theme turns a theme, which is data, into the styles the screen is drawn with.
//
// Three layers: a file names colours and attributes per token (theme.go), the tokens become styles
// (styles.go), and the styles draw frames and bars (frame.go). Nothing outside this package names a
// colour. Colours are written in full; the program tones them down to what the terminal has.
package theme

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
	"go.yaml.in/yaml/v4"
)

// Theme is one theme file.
type Theme struct {
	Name string `yaml:"-"`
	// Dark says that it is meant for a dark background.
	Dark bool `yaml:"dark"`
	// Slides names the theme slides are drawn with: dark, light or mono.
	Slides string `yaml:"slides"`
	// Styles says how each token looks: "#a0b0c0 on #102030 bold". Tokens it leaves out are plain.
	Styles map[string]string `yaml:"styles"`
	// Tags are the looks that tell sources apart in the log, in turn.
	Tags []string `yaml:"tags"`
}

// Set is the themes there are, by name.
type Set map[string]Theme

// Load reads every *.yaml file at the top of a folder; the file's name is the theme's. An unknown
// token or colour is an error that names the file.
func Load(fsys fs.FS) (Set, error) {
	names, err := fs.Glob(fsys, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list themes: %w", err)
	}
	set := Set{}
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("read theme: %w", err)
		}
		var t Theme
		if err := yaml.Load(data, &t, yaml.WithKnownFields()); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		t.Name = strings.TrimSuffix(path.Base(name), ".yaml")
		if err := t.check(); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		set[t.Name] = t
	}
	return set, nil
}

func (t Theme) check() error {
	for _, token := range slices.Sorted(maps.Keys(t.Styles)) {
		if !slices.Contains(tokens, token) {
			return fmt.Errorf("no style is called %q", token)
		}
		if _, err := parse(t.Styles[token]); err != nil {
			return fmt.Errorf("style %s: %w", token, err)
		}
	}
	for _, tag := range t.Tags {
		if _, err := parse(tag); err != nil {
			return fmt.Errorf("tag: %w", err)
		}
	}
	return nil
}

// Names lists the themes in alphabetical order.
func (s Set) Names() []string { return slices.Sorted(maps.Keys(s)) }

// Next is the theme after one, in turn.
func (s Set) Next(name string) string {
	names := s.Names()
	if len(names) == 0 {
		return name
	}
	return names[(slices.Index(names, name)+1)%len(names)]
}

// parse reads "fg [on bg] [attribute...]".
func parse(spec string) (Style, error) {
	var st ansi.Style
	background := false
	for _, word := range strings.Fields(spec) {
		switch {
		case word == "on":
			background = true
		case word == "bold":
			st = st.Bold()
		case word == "faint":
			st = st.Faint()
		case word == "italic":
			st = st.Italic(true)
		case word == "underline":
			st = st.Underline(true)
		case word == "reverse":
			st = st.Reverse(true)
		case strings.HasPrefix(word, "#") && len(word) == 7, isIndex(word):
			if background {
				st = st.BackgroundColor(lipgloss.Color(word))
			} else {
				st = st.ForegroundColor(lipgloss.Color(word))
			}
			background = false
		default:
			return Style{}, fmt.Errorf("%q is neither #rrggbb, a colour from 0 to 255, nor an attribute", word)
		}
	}
	if len(st) == 0 {
		return Style{}, nil
	}
	return Style{open: st.String()}, nil
}

func isIndex(word string) bool {
	if word == "" || len(word) > 3 || (len(word) == 3 && word > "255") {
		return false
	}
	return strings.Trim(word, "0123456789") == ""
}
