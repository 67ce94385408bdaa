//go:build unix

package main

import (
	"flag"
	"fmt"
	"html"
	"image/color"
	"os"
	"strings"
	"testing"
	"time"

	uv "github.com/charmbracelet/ultraviolet"
)

var picture = flag.String("picture", "", "draw the README's picture into this file")

// TestPicture draws the README's picture: a console at 120x36 whose agent has just run on the web
// server, as an SVG made of the terminal's cells.
func TestPicture(t *testing.T) {
	if *picture == "" {
		t.Skip("draws only when asked: go test ./cmd/matou -run TestPicture -picture ../../.github/console.svg")
	}
	state := t.TempDir()
	if out, err := program(t, state, "play", "--pace", "instant", "--until", "bz2").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s := newScreen(t, 120, 36, program(t, state, "--pace", "0.05", "--step", "bz3"))
	s.sees("ready")
	s.press(keyEnter)
	s.until("the step to end", func(text string) bool { mark, _ := step(text); return mark == "✓" })
	time.Sleep(time.Second) // the servers' list comes by itself
	s.calm()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := os.WriteFile(*picture, []byte(svg(s.term.Width(), s.term.Height(), s.term.CellAt)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Sizes of a cell, in the SVG's units.
const (
	cellWidth  = 8.4
	cellHeight = 18
	margin     = 14
)

// svg draws a screen: a dark ground, and for each stretch of cells that look alike one text.
func svg(width, height int, at func(x, y int) *uv.Cell) string {
	var b strings.Builder
	w, h := float64(width)*cellWidth+2*margin, height*cellHeight+2*margin
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %d" width="%.0f" height="%d">`+"\n", w, h, w, h)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" rx="10" fill="#15161e"/>`+"\n")
	b.WriteString(`<g font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14" xml:space="preserve">` + "\n")
	for y := range height {
		for x := 0; x < width; {
			cell := at(x, y)
			text, from := "", x
			for ; x < width; x++ {
				next := at(x, y)
				if next != nil && cell != nil && !next.Style.Equal(&cell.Style) || (next == nil) != (cell == nil) {
					break
				}
				switch {
				case next == nil || next.Content == "" && next.Width > 0:
					text += " "
				default:
					text += next.Content
				}
			}
			stretch(&b, cell, text, from, x-from, y)
		}
	}
	b.WriteString("</g>\n</svg>\n")
	return b.String()
}

func stretch(b *strings.Builder, cell *uv.Cell, text string, x, n, y int) {
	fg, bg, weight := "#c8ccd8", "", ""
	if cell != nil {
		f, g := cell.Style.Fg, cell.Style.Bg
		if cell.Style.Attrs&uv.AttrReverse != 0 {
			f, g = g, f
			if f == nil {
				f = color.RGBA{0x15, 0x16, 0x1e, 0xff}
			}
			if g == nil {
				g = color.RGBA{0xc8, 0xcc, 0xd8, 0xff}
			}
		}
		if f != nil {
			fg = hex(f)
		}
		if g != nil {
			bg = hex(g)
		}
		if cell.Style.Attrs&uv.AttrBold != 0 {
			weight = ` font-weight="bold"`
		}
	}
	left, top := margin+float64(x)*cellWidth, margin+y*cellHeight
	if bg != "" {
		fmt.Fprintf(b, `<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"/>`+"\n", left, top, float64(n)*cellWidth, cellHeight, bg)
	}
	if strings.TrimSpace(text) != "" {
		fmt.Fprintf(b, `<text x="%.1f" y="%d" textLength="%.1f" fill="%s"%s>%s</text>`+"\n",
			left, top+cellHeight-5, float64(n)*cellWidth, fg, weight, html.EscapeString(text))
	}
}

func hex(c color.Color) string {
	r, g, b, _ := c.RGBA()
	return fmt.Sprintf("#%02x%02x%02x", r>>8, g>>8, b>>8)
}
