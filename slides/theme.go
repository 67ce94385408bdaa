package slides

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"sync"
)

// A Theme says how each part of a slide looks. It is data: see ParseTheme and
// the JSON files in themes.
type Theme struct {
	Name string `json:"name"`

	Text      Style `json:"text"`      // everything without a style of its own
	H1        Style `json:"h1"`        // level 1 headings
	H2        Style `json:"h2"`        // level 2 headings and below
	Emphasis  Style `json:"emphasis"`  // *x*
	Underline Style `json:"underline"` // _x_
	Code      Style `json:"code"`      // `x` and code blocks
	Quote     Style `json:"quote"`     // quoted text: commands
	QuoteBar  Style `json:"quoteBar"`  // the bar before it
	Value     Style `json:"value"`     // a placeholder filled in, see Options.Substitute
	Example   Style `json:"example"`   // one not filled in yet, see Options.Example
	List      Style `json:"list"`      // bullets and item numbers
	Link      Style `json:"link"`      // labels and targets of links
	Table     Style `json:"table"`     // frames of tables and drawings
	Match     Style `json:"match"`     // what was searched for

	// Colours inside code blocks, on top of Code.
	Keyword  Style `json:"keyword"`
	Function Style `json:"function"`
	Variable Style `json:"variable"`
	String   Style `json:"string"`
	Number   Style `json:"number"`
	Comment  Style `json:"comment"`
	Operator Style `json:"operator"`
}

//go:embed themes/*.json
var themeFiles embed.FS

// The built-in themes are decoded on first use.
var (
	dark     = sync.OnceValue(func() *Theme { return builtin("dark") })
	light    = sync.OnceValue(func() *Theme { return builtin("light") })
	contrast = sync.OnceValue(func() *Theme { return builtin("contrast") })
	mono     = sync.OnceValue(func() *Theme { return builtin("mono") })
)

// Dark returns the theme for a dark ground.
func Dark() *Theme { t := *dark(); return &t }

// Light returns the theme for a light ground.
func Light() *Theme { t := *light(); return &t }

// Contrast returns the high contrast theme.
func Contrast() *Theme { t := *contrast(); return &t }

// Mono returns the theme without colours: bold, underline and reverse only.
func Mono() *Theme { t := *mono(); return &t }

// Plain returns the theme that styles nothing.
func Plain() *Theme { return &Theme{Name: "plain"} }

// builtin decodes an embedded theme. The files are part of the program, so a
// broken one is a bug of the program.
func builtin(name string) *Theme {
	b, err := themeFiles.ReadFile("themes/" + name + ".json")
	if err == nil {
		var t *Theme
		if t, err = ParseTheme(b); err == nil {
			return t
		}
	}
	panic("slides: built-in theme " + name + ": " + err.Error())
}

// ParseTheme reads a theme from JSON. An unknown key or a bad colour is an
// error; what is left out looks like the terminal's default.
func ParseTheme(b []byte) (*Theme, error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	t := &Theme{}
	if err := dec.Decode(t); err != nil {
		return nil, fmt.Errorf("parse theme: %w", err)
	}
	return t, nil
}
