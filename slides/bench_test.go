package slides

import (
	"bytes"
	"testing"
)

func BenchmarkParse(b *testing.B) {
	_, src := atelier(b)
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		Parse("atelier.md", src)
	}
}

func BenchmarkParseSeed(b *testing.B) {
	_, src := seedDeck(b)
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		Parse("prez.md", src)
	}
}

// BenchmarkRender is one slide of the deck, with colours, after the first use.
func BenchmarkRender(b *testing.B) {
	d, _ := atelier(b)
	o := Options{Width: 76, Height: 22, Stop: -1, Theme: Dark()}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		d.Slides[n%len(d.Slides)].Render(d, o)
	}
}

// BenchmarkRenderCode is the slide with the most code, after the first use.
func BenchmarkRenderCode(b *testing.B) {
	d, _ := atelier(b)
	o := Options{Width: 76, Height: 22, Stop: -1, Theme: Dark()}
	for b.Loop() {
		d.Slides[6].Render(d, o)
	}
}

// BenchmarkFirstPaint is a deck read and its code slide shown for the first
// time, with the lexers already made.
func BenchmarkFirstPaint(b *testing.B) {
	_, src := atelier(b)
	for b.Loop() {
		d := Parse("atelier.md", src)
		d.Slides[6].Render(d, Options{Width: 76, Stop: -1, Theme: Dark()})
	}
}

func BenchmarkWindow(b *testing.B) {
	d, _ := atelier(b)
	v := d.Slides[6].Render(d, Options{Width: 76, Stop: -1, Theme: Dark()})
	for b.Loop() {
		v.Window(76, 22, 0, 3)
	}
}

func BenchmarkSearch(b *testing.B) {
	d, _ := atelier(b)
	for b.Loop() {
		d.Search("deja")
	}
}

// TestHostileSize reads and shows decks made to be slow: one whose time grows
// with more than the square of its size would not come to an end here.
func TestHostileSize(t *testing.T) {
	t.Parallel()
	for name, piece := range map[string]string{
		"stars":    "*a ",
		"brackets": "[a ",
		"links":    "[a](b ",
		"codes":    "`a ",
		"mixed":    "*_`![",
		"marks":    "***a **b *c ",
		"escapes":  "\\*",
		"quotes":   "> ",
		"nested":   "*a _b ",
		"comments": "<!--\n",
		"fences":   "```\n",
		"rules":    "\n---\n",
		"bullets":  " * a\n* b\n",
		"rows":     "| a |\n|---|\n",
		"lines":    "aaa bbb\n",
		"marked":   "a\u0301",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			src := bytes.Repeat([]byte(piece), 40_000/len(piece))
			d := Parse("t", src)
			d.Slides[0].Render(d, Options{Width: 76, Stop: -1, Theme: Dark(), Highlight: "b"}).Window(76, 22, 0, 5)
			d.Search("zz")
		})
	}
}
