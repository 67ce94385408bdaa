package tui

import (
	"strings"
	"testing"

	"matou/tui/pane"
)

// draw paints a layout with one letter per region, shrunk by a factor each way.
func (l layout) draw(w, h, fx, fy int) string {
	cells := make([][]byte, h)
	for y := range cells {
		cells[y] = []byte(strings.Repeat(".", w))
	}
	paint := func(r rect, c byte) {
		for y := r.Y; y < r.Y+r.H; y++ {
			for x := r.X; x < r.X+r.W; x++ {
				if cells[y][x] != '.' {
					c = '!'
				}
				cells[y][x] = c
			}
		}
	}
	for _, p := range l.Panes {
		c := map[pane.ID]byte{pane.SlideID: 'S', pane.StepsID: 'T', pane.ServersID: 'V', pane.LogID: 'L', pane.TrafficID: 'W', pane.CatID: 'C'}[p.ID]
		paint(p.rect, c)
	}
	paint(l.Bar, 'b')
	paint(l.Status, '=')
	var out strings.Builder
	for y := fy - 1; y < h; y += fy {
		for x := fx - 1; x < w; x += fx {
			out.WriteByte(cells[y][x])
		}
		out.WriteByte('\n')
	}
	return out.String()
}

func TestArrange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		in     want
		fx, fy int
		want   string
	}{
		{"120x36", want{Width: 120, Height: 36, Focus: pane.SlideID}, 6, 4, `
SSSSSSSSSSSSTTTTTCCC
SSSSSSSSSSSSTTTTTCCC
SSSSSSSSSSSSVVVVVVVV
SSSSSSSSSSSSVVVVVVVV
SSSSSSSSSSSSLLLLLLLL
SSSSSSSSSSSSLLLLLLLL
SSSSSSSSSSSSLLLLLLLL
SSSSSSSSSSSSLLLLLLLL
====================
`},
		{"200x60", want{Width: 200, Height: 60, Focus: pane.LogID}, 10, 10, `
SSSSSSSSSSSSTTTTTTCC
SSSSSSSSSSSSTTTTTTCC
SSSSSSSSSSSSLLLLLLLL
SSSSSSSSSSSSLLLLLLLL
SSSSSSSSSSSSLLLLLLLL
====================
`},
		{"200x60 with many servers", want{Width: 200, Height: 60, Focus: pane.LogID, List: 40}, 10, 10, `
SSSSSSSSSSSSTTTTTTCC
SSSSSSSSSSSSTTTTTTCC
SSSSSSSSSSSSVVVVVVVV
SSSSSSSSSSSSLLLLLLLL
SSSSSSSSSSSSLLLLLLLL
====================
`},
		{"120x24 has no room for the cat", want{Width: 120, Height: 24, Focus: pane.SlideID}, 10, 4, `
SSSSSSSTTTTT
SSSSSSSTTTTT
SSSSSSSVVVVV
SSSSSSSLLLLL
SSSSSSSLLLLL
============
`},
		{"120x36 with the traffic in place of the servers", want{Width: 120, Height: 36, Focus: pane.SlideID, Traffic: true}, 6, 4, `
SSSSSSSSSSSSTTTTTCCC
SSSSSSSSSSSSTTTTTCCC
SSSSSSSSSSSSWWWWWWWW
SSSSSSSSSSSSWWWWWWWW
SSSSSSSSSSSSWWWWWWWW
SSSSSSSSSSSSWWWWWWWW
SSSSSSSSSSSSLLLLLLLL
SSSSSSSSSSSSLLLLLLLL
====================
`},
		{"the servers come first", want{Width: 120, Height: 36, Focus: pane.SlideID, Traffic: true, Servers: true}, 6, 4, `
SSSSSSSSSSSSTTTTTCCC
SSSSSSSSSSSSTTTTTCCC
SSSSSSSSSSSSVVVVVVVV
SSSSSSSSSSSSVVVVVVVV
SSSSSSSSSSSSLLLLLLLL
SSSSSSSSSSSSLLLLLLLL
SSSSSSSSSSSSLLLLLLLL
SSSSSSSSSSSSLLLLLLLL
====================
`},
		{"200x60 has room for both", want{Width: 200, Height: 60, Focus: pane.ServersID, Traffic: true, Servers: true, List: 9}, 10, 5, `
SSSSSSSSSSSSTTTTTTCC
SSSSSSSSSSSSTTTTTTCC
SSSSSSSSSSSSTTTTTTCC
SSSSSSSSSSSSTTTTTTCC
SSSSSSSSSSSSVVVVVVVV
SSSSSSSSSSSSVVVVVVVV
SSSSSSSSSSSSWWWWWWWW
SSSSSSSSSSSSWWWWWWWW
SSSSSSSSSSSSWWWWWWWW
SSSSSSSSSSSSWWWWWWWW
SSSSSSSSSSSSLLLLLLLL
====================
`},
		{"a step that runs needs its log", want{Width: 120, Height: 36, Focus: pane.SlideID, Traffic: true, Busy: true}, 6, 4, `
SSSSSSSSSSSSTTTTTCCC
SSSSSSSSSSSSTTTTTCCC
SSSSSSSSSSSSWWWWWWWW
SSSSSSSSSSSSWWWWWWWW
SSSSSSSSSSSSWWWWWWWW
SSSSSSSSSSSSLLLLLLLL
SSSSSSSSSSSSLLLLLLLL
SSSSSSSSSSSSLLLLLLLL
====================
`},
		{"no cat", want{Width: 120, Height: 36, Focus: pane.SlideID, NoCat: true, List: 5}, 10, 9, `
SSSSSSSTTTTT
SSSSSSSVVVVV
SSSSSSSLLLLL
============
`},
		{"zoom", want{Width: 120, Height: 36, Focus: pane.LogID, Zoom: true}, 10, 9, `
LLLLLLLLLLLL
LLLLLLLLLLLL
LLLLLLLLLLLL
============
`},
		{"on stage", want{Width: 120, Height: 36, Focus: pane.LogID, Stage: pane.LogID}, 6, 4, `
LLLLLLLLLLLLLLLLLLLL
LLLLLLLLLLLLLLLLLLLL
LLLLLLLLLLLLLLLLLLLL
LLLLLLLLLLLLLLLLLLLL
LLLLLLLLLLLLLLLLLLLL
TTTTTTVVVVVVVVVVVCCC
TTTTTTVVVVVVVVVVVCCC
TTTTTTVVVVVVVVVVVCCC
====================
`},
		{"on stage, with no cat", want{Width: 200, Height: 60, Focus: pane.ServersID, Stage: pane.ServersID, NoCat: true}, 10, 10, `
VVVVVVVVVVVVVVVVVVVV
VVVVVVVVVVVVVVVVVVVV
VVVVVVVVVVVVVVVVVVVV
VVVVVVVVVVVVVVVVVVVV
TTTTTTLLLLLLLLLLLLLL
====================
`},
		{"on stage, a site whose answers matter below", want{Width: 200, Height: 60, Focus: pane.LogID, Stage: pane.LogID, Wings: []pane.ID{pane.CatID, pane.LogID, pane.TrafficID, pane.ServersID}}, 10, 10, `
LLLLLLLLLLLLLLLLLLLL
LLLLLLLLLLLLLLLLLLLL
LLLLLLLLLLLLLLLLLLLL
LLLLLLLLLLLLLLLLLLLL
TTTTTTWWWWWWWWWWWWCC
====================
`},
		{"80x24", want{Width: 80, Height: 24, Focus: pane.ServersID}, 10, 1, strings.Repeat("VVVVVVVV\n", 20) + strings.Repeat("bbbbbbbb\n", 3) + "========\n"},
		{"60x14 has two lines of bar", want{Width: 60, Height: 14, Focus: pane.SlideID}, 10, 1, strings.Repeat("SSSSSS\n", 11) + "bbbbbb\nbbbbbb\n======\n"},
		{"40x8", want{Width: 40, Height: 8, Focus: pane.SlideID}, 10, 1, strings.Repeat("SSSS\n", 6) + "bbbb\n====\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := arrange(c.in).draw(c.in.Width, c.in.Height, c.fx, c.fy)
			if got != strings.TrimPrefix(c.want, "\n") {
				t.Errorf("got\n%s", got)
			}
		})
	}
}

// Every size is tiled by the regions: no cell twice, none left out.
func TestArrangeTiles(t *testing.T) {
	t.Parallel()
	for w := 1; w <= 220; w += 3 {
		for h := 1; h <= 70; h++ {
			for _, focus := range pane.All {
				for _, stage := range []pane.ID{pane.LogID, pane.ServersID, pane.TrafficID}[:3*((h+w)%7/6)] { // a part of them: it takes its time
					on := arrange(want{Width: w, Height: h, Focus: focus, Stage: stage, NoCat: h%2 == 0})
					if got := on.draw(w, h, 1, 1); !on.Tiny && (strings.ContainsAny(got, ".!") || !on.has(focus)) {
						t.Fatalf("%dx%d, %s on stage, %s has the focus:\n%s", w, h, stage, focus, got)
					}
				}
				l := arrange(want{Width: w, Height: h, Focus: focus})
				if l.Tiny {
					if w >= tinyColumns && h >= tinyRows {
						t.Fatalf("%dx%d is not that small", w, h)
					}
					continue
				}
				if got := l.draw(w, h, 1, 1); strings.ContainsAny(got, ".!") {
					t.Fatalf("%dx%d:\n%s", w, h, got)
				}
				if !l.has(focus) {
					t.Fatalf("%dx%d does not show %s, which has the focus", w, h, focus)
				}
			}
		}
	}
}
