// Package i18n holds the words of the interface, by language, as data.
//
// A catalogue is a folder of files named after a language ("fr.yaml"), each a tree of texts whose
// branches are joined with dots: remedy.quota. A text names its values in braces, {step}, because
// the order of words differs between languages. A countable text has two leaves, one and other.
//
// The package knows no terminal, so the screen and the command line share its words.
package i18n

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v4"
)

// Catalog is the words in all languages there are. It never changes once loaded.
type Catalog struct {
	langs map[string]func() (map[string]string, error)
}

// Load finds every *.yaml file at the top of a folder. The file's name is the language's. A language
// is read when it is first asked for: most people need one, and wait for it at the start.
func Load(fsys fs.FS) (*Catalog, error) {
	names, err := fs.Glob(fsys, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list texts: %w", err)
	}
	c := &Catalog{langs: map[string]func() (map[string]string, error){}}
	for _, name := range names {
		c.langs[strings.TrimSuffix(path.Base(name), ".yaml")] = sync.OnceValues(func() (map[string]string, error) {
			return read(fsys, name)
		})
	}
	return c, nil
}

func read(fsys fs.FS, name string) (map[string]string, error) {
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("read texts: %w", err)
	}
	var tree map[string]any
	if err := yaml.Load(data, &tree); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	flat := map[string]string{}
	if err := flatten(flat, "", tree); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return flat, nil
}

// Check reads all languages, and tells what is wrong with them.
func (c *Catalog) Check() error {
	var errs []error
	for _, lang := range c.Langs() {
		_, err := c.langs[lang]()
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func flatten(into map[string]string, prefix string, tree map[string]any) error {
	for key, value := range tree {
		switch v := value.(type) {
		case string:
			into[prefix+key] = strings.TrimRight(v, "\n")
		case map[string]any:
			if err := flatten(into, prefix+key+".", v); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%s%s: a text or more texts below it, not %T", prefix, key, value)
		}
	}
	return nil
}

// Langs lists the languages there are, in alphabetical order.
func (c *Catalog) Langs() []string {
	if c == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(c.langs))
}

// In is the words of one language. A language there is none of, or that can't be read, gives English,
// and a catalogue without English the first there is.
func (c *Catalog) In(lang string) Texts {
	if c == nil {
		return Texts{Lang: lang}
	}
	for _, l := range append([]string{lang, "en"}, c.Langs()...) {
		if read, ok := c.langs[l]; ok {
			if words, err := read(); err == nil {
				return Texts{Lang: l, words: words}
			}
		}
	}
	return Texts{Lang: lang}
}

// Texts is the words of one language. The zero value answers every key with the key.
type Texts struct {
	Lang  string
	words map[string]string
}

// Keys lists the keys there are, sorted.
func (t Texts) Keys() []string { return slices.Sorted(maps.Keys(t.words)) }

// Has tells whether there is a text for a key.
func (t Texts) Has(key string) bool { _, ok := t.words[key]; return ok }

// T is a text with its values filled in, given as name, value pairs. A key without a text is
// shown as it is: ugly enough to be found, better than a blank.
func (t Texts) T(key string, pairs ...string) string {
	text, ok := t.words[key]
	if !ok {
		return key
	}
	switch len(pairs) {
	case 0:
		return text
	case 2: // most, and several a frame: a Replacer makes tables first
		return strings.ReplaceAll(text, "{"+pairs[0]+"}", pairs[1])
	}
	old := make([]string, 0, len(pairs))
	for i := 0; i+1 < len(pairs); i += 2 {
		old = append(old, "{"+pairs[i]+"}", pairs[i+1])
	}
	return strings.NewReplacer(old...).Replace(text)
}

// N is a countable text: the leaf one or other of a key, as the language counts, with {n} filled
// in. French counts zero as one thing; English doesn't.
func (t Texts) N(key string, n int, pairs ...string) string {
	leaf := ".other"
	if n == 1 || (n == 0 && t.Lang == "fr") {
		leaf = ".one"
	}
	return t.T(key+leaf, append([]string{"n", strconv.Itoa(n)}, pairs...)...)
}
