package theme

// tokens are the styles a theme may set.
var tokens = []string{
	"text", "dim", "faint", "accent", "strong", "ok", "warn", "error", "info", "command",
	"border", "focus", "title", "title-focus", "selected", "match",
	"bar", "bar-strong", "badge", "badge-sandbox", "key", "toast", "gauge", "gauge-rest",
	"dialog", "danger", "button", "button-on", "cat",
}

// Style is how a piece of text looks. The zero value leaves it plain.
type Style struct{ open string }

const reset = "\x1b[m"

// Render is the text in this style. It holds no line break.
func (s Style) Render(text string) string {
	if s.open == "" || text == "" {
		return text
	}
	return s.open + text + reset
}

// Styles is a theme made ready for drawing, with the glyphs the terminal can show.
type Styles struct {
	Name   string
	Dark   bool
	Slides string
	ASCII  bool

	Text, Dim, Faint, Accent, Strong    Style
	OK, Warn, Error, Info, Command      Style
	Border, Focus, Title, TitleFocus    Style
	Selected, Match                     Style
	Bar, BarStrong, Badge, BadgeSandbox Style
	Key, Toast, Gauge, GaugeRest        Style
	Dialog, Danger, Button, ButtonOn    Style
	Cat                                 Style
	Tags                                []Style
	Glyph                               Glyphs
}

// Glyphs are the signs on the screen; each has an ASCII twin of the same width.
type Glyphs struct {
	Done, Running, Failed, Ready, Pending, Stale, Shown string
	Up, Down, Left, Right, Dot, Ellipsis, Mine          string
	Full, Empty                                         string // of a gauge
	Horizontal, Vertical                                string
	TopLeft, TopRight, BottomLeft, BottomRight          string
	Prompt, Mask, Bullet                                string
}

var unicodeGlyphs = Glyphs{
	Done: "✓", Running: "▶", Failed: "✗", Ready: "○", Pending: "·", Stale: "!", Shown: "»",
	Up: "↑", Down: "↓", Left: "←", Right: "→", Dot: "·", Ellipsis: "…", Mine: "•",
	Full: "━", Empty: "─",
	Horizontal: "─", Vertical: "│", TopLeft: "╭", TopRight: "╮", BottomLeft: "╰", BottomRight: "╯",
	Prompt: "$", Mask: "•", Bullet: "•",
}

var asciiGlyphs = Glyphs{
	Done: "v", Running: ">", Failed: "x", Ready: "o", Pending: ".", Stale: "!", Shown: "=",
	Up: "^", Down: "v", Left: "<", Right: ">", Dot: "-", Ellipsis: "~", Mine: "*",
	Full: "#", Empty: ".",
	Horizontal: "-", Vertical: "|", TopLeft: "+", TopRight: "+", BottomLeft: "+", BottomRight: "+",
	Prompt: "$", Mask: "*", Bullet: "*",
}

// Make makes a theme ready for drawing. With ascii no sign is outside ASCII.
func (t Theme) Make(ascii bool) *Styles {
	get := func(token string) Style {
		st, _ := parse(t.Styles[token]) // Load has refused what doesn't parse
		return st
	}
	s := &Styles{
		Name: t.Name, Dark: t.Dark, Slides: t.Slides, ASCII: ascii, Glyph: unicodeGlyphs,
		Text: get("text"), Dim: get("dim"), Faint: get("faint"), Accent: get("accent"), Strong: get("strong"),
		OK: get("ok"), Warn: get("warn"), Error: get("error"), Info: get("info"), Command: get("command"),
		Border: get("border"), Focus: get("focus"), Title: get("title"), TitleFocus: get("title-focus"),
		Selected: get("selected"), Match: get("match"),
		Bar: get("bar"), BarStrong: get("bar-strong"), Badge: get("badge"), BadgeSandbox: get("badge-sandbox"),
		Key: get("key"), Toast: get("toast"), Gauge: get("gauge"), GaugeRest: get("gauge-rest"),
		Dialog: get("dialog"), Danger: get("danger"), Button: get("button"), ButtonOn: get("button-on"),
		Cat: get("cat"),
	}
	if ascii {
		s.Glyph = asciiGlyphs
	}
	for _, tag := range t.Tags {
		st, _ := parse(tag)
		s.Tags = append(s.Tags, st)
	}
	if len(s.Tags) == 0 {
		s.Tags = []Style{{}}
	}
	return s
}
