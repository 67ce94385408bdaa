package theme

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"matou/assets"
)

func TestThemes(t *testing.T) {
	t.Parallel()
	set, err := Load(assets.Themes())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"dark", "light", "contrast", "mono"} {
		th, ok := set[name]
		if !ok {
			t.Errorf("no theme %s", name)
		}
		for _, token := range tokens {
			if _, ok := th.Styles[token]; !ok {
				t.Errorf("%s leaves %s out", name, token)
			}
		}
	}
	seen := map[string]bool{}
	for name, i := "dark", 0; i < len(set); i++ {
		seen[name] = true
		name = set.Next(name)
	}
	if len(seen) != len(set) {
		t.Errorf("going through the themes shows %v", seen)
	}
}

func TestThemesRefused(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"unknown token": "styles: {tXet: bold}",
		"unknown key":   "stiles: {}",
		"colour":        "styles: {text: '#12'}",
		"index":         "styles: {text: '256'}",
		"attribute":     "styles: {text: blinking}",
		"tag":           "tags: [nice]",
	} {
		_, err := Load(fstest.MapFS{"x.yaml": {Data: []byte(text)}})
		if err == nil || !strings.Contains(err.Error(), "x.yaml") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestStyle(t *testing.T) {
	t.Parallel()
	for spec, want := range map[string]string{
		"":                           "x",
		"bold":                       "\x1b[1mx\x1b[m",
		"#ff0000 on #00ff00 reverse": "\x1b[38;2;255;0;0;48;2;0;255;0;7mx\x1b[m",
		"faint underline italic":     "\x1b[2;4;3mx\x1b[m",
	} {
		st, err := parse(spec)
		if err != nil || st.Render("x") != want {
			t.Errorf("%q gives %q, %v", spec, st.Render("x"), err)
		}
	}
}

// A frame is exactly as large as it was asked to be, whatever stands in it.
func TestDraw(t *testing.T) {
	t.Parallel()
	st := Theme{Styles: map[string]string{"border": "bold"}}.Make(false)
	text := rapid.StringOfN(rapid.RuneFrom([]rune("abc é漢…→│ ")), 0, 60, -1)
	rapid.Check(t, func(t *rapid.T) {
		f := Frame{
			Width: rapid.IntRange(0, 50).Draw(t, "w"), Height: rapid.IntRange(0, 10).Draw(t, "h"),
			Title: text.Draw(t, "title"), Right: text.Draw(t, "right"), Foot: text.Draw(t, "foot"), FootLeft: text.Draw(t, "left"),
		}
		lines := st.Draw(f, rapid.SliceOfN(text, 0, 12).Draw(t, "lines"))
		if len(lines) != f.Height {
			t.Fatalf("%d lines, not %d", len(lines), f.Height)
		}
		for _, line := range lines {
			if w := ansi.StringWidth(line); w != f.Width {
				t.Fatalf("%d cells, not %d: %q", w, f.Width, line)
			}
		}
	})
}

func TestASCII(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain":                     "plain",
		"é à ç œ":                   "e a c ?",
		"\x1b[31m✓ fait…\x1b[m │ →": "\x1b[31mv fait~\x1b[m | >",
		"漢":                         "??",
	} {
		if got := ASCII(in); got != want {
			t.Errorf("ASCII(%q) = %q, not %q", in, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.String().Draw(t, "in")
		if got := ASCII(in); !isASCII(got) {
			t.Fatalf("%q left in %q", got, in)
		}
	})
}

func TestMeter(t *testing.T) {
	t.Parallel()
	st := Theme{}.Make(true)
	for _, c := range []struct {
		part, whole float64
		want        string
	}{{0, 10, "...."}, {5, 10, "##.."}, {10, 10, "####"}, {99, 10, "####"}, {-1, 10, "...."}, {1, 0, "...."}} {
		if got := st.Meter(4, c.part, c.whole); got != c.want {
			t.Errorf("Meter(4, %v, %v) = %q, not %q", c.part, c.whole, got, c.want)
		}
	}
}
