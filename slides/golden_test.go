package slides

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// atelier parses the deck in testdata.
func atelier(t testing.TB) (*Deck, []byte) {
	t.Helper()
	src, err := os.ReadFile(filepath.Join("testdata", "atelier.md"))
	if err != nil {
		t.Fatal(err)
	}
	return Parse("atelier.md", src), src
}

func TestGolden(t *testing.T) {
	t.Parallel()
	d, _ := atelier(t)
	for _, tc := range []struct {
		name string
		opts Options
	}{
		{"plain-40", Options{Width: 40}},
		{"plain-76", Options{Width: 76, Height: 20}},
		{"plain-116", Options{Width: 116}},
		{"strict-116", Options{Width: 116, Strict: true}},
		{"ascii-76", Options{Width: 76, ASCII: true, Conceal: true}},
		{"dark-76", Options{Width: 76, Theme: Dark()}},
		{"light-76", Options{Width: 76, Theme: Light()}},
		{"contrast-76", Options{Width: 76, Theme: Contrast(), Highlight: "lampe"}},
		{"mono-116", Options{Width: 116, Theme: Mono(), Hyperlinks: true}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var b strings.Builder
			tc.opts.Stop = -1
			for _, s := range d.Slides {
				v := s.Render(d, tc.opts)
				fmt.Fprintf(&b, "== %d %s (%dx%d)\n", s.Number, s.Title, v.Width, v.Height)
				for _, l := range v.Lines {
					b.WriteString(strings.ReplaceAll(l, "\x1b", "␛") + "\n")
				}
			}
			file := filepath.Join("testdata", "golden", tc.name+".txt")
			if *update {
				if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, b.String(), string(want))
		})
	}
}

// compare reports the first line that differs.
func compare(t *testing.T, got, want string) {
	t.Helper()
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		var a, b string
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if a != b {
			t.Fatalf("line %d:\n got %q\nwant %q\n(-update rewrites the file)", i+1, a, b)
		}
	}
}
