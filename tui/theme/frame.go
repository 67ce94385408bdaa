package theme

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Frame is what a bordered box says on its border. Each text may be styled and is cut to fit.
type Frame struct {
	Width, Height int // outside, border included
	Title, Right  string
	FootLeft      string
	Foot          string
	Focused       bool
	Danger        bool
}

// Draw puts lines into a frame: exactly Height lines of exactly Width cells. Lines that are too
// long are cut, missing ones are blank. A frame too small to have an inside is drawn as blanks.
func (s *Styles) Draw(f Frame, lines []string) []string {
	if f.Width < 4 || f.Height < 2 {
		out := make([]string, max(f.Height, 0))
		for i := range out {
			out[i] = strings.Repeat(" ", max(f.Width, 0))
		}
		return out
	}
	border := s.Border
	switch {
	case f.Danger:
		border = s.Danger
	case f.Focused:
		border = s.Focus
	}
	g := s.Glyph
	out := make([]string, 0, f.Height)
	out = append(out, s.edge(border, g.TopLeft, g.TopRight, f.Width, f.Title, f.Right, true))
	side := border.Render(g.Vertical)
	for i := range f.Height - 2 {
		line := ""
		if i < len(lines) {
			line = lines[i]
		}
		out = append(out, side+Fit(line, f.Width-2, s.Glyph.Ellipsis)+side)
	}
	return append(out, s.edge(border, g.BottomLeft, g.BottomRight, f.Width, f.FootLeft, f.Foot, false))
}

// edge is one horizontal border with a text at each end. Shared says that the left one may take up
// to half of it; otherwise it gets what the right one leaves.
func (s *Styles) edge(border Style, from, to string, width int, left, right string, shared bool) string {
	h := s.Glyph.Horizontal
	room := width - 4
	most := room - 2
	if shared {
		most -= min(ansi.StringWidth(left), room/2)
	}
	if most < 2 {
		right = ""
	} else if right = ansi.Truncate(right, most, s.Glyph.Ellipsis); right != "" {
		right = " " + right + " "
		room -= ansi.StringWidth(right)
	}
	if left != "" && room > 3 {
		left = " " + ansi.Truncate(left, room-2, s.Glyph.Ellipsis) + " "
		room -= ansi.StringWidth(left)
	} else {
		left = ""
	}
	return border.Render(from+h) + left + border.Render(strings.Repeat(h, max(0, room))) + right + border.Render(h+to)
}

// Fit makes a styled line exactly width cells: cut with a tail, or filled with blanks. Styles end
// with it, so that nothing leaks into what stands beside it.
func Fit(line string, width int, tail string) string {
	w := ansi.StringWidth(line)
	if w > width {
		line = ansi.Truncate(line, max(0, width), tail)
		w = ansi.StringWidth(line)
	}
	if strings.IndexByte(line, 0x1b) >= 0 && !strings.HasSuffix(line, reset) {
		line += reset
	}
	if w < width {
		line += strings.Repeat(" ", width-w)
	}
	return line
}

// Meter is a gauge of a width in cells, filled by part of whole.
func (s *Styles) Meter(width int, part, whole float64) string {
	n := 0
	if whole > 0 {
		n = min(width, max(0, int(float64(width)*part/whole+0.5)))
	}
	return s.Gauge.Render(strings.Repeat(s.Glyph.Full, n)) + s.GaugeRest.Render(strings.Repeat(s.Glyph.Empty, max(0, width-n)))
}

// Plain is a text without its styles.
func Plain(text string) string { return ansi.Strip(text) }

// Link makes a text clickable (OSC 8). The address is reduced to printable ASCII, as the sequence
// demands; a terminal that shows nothing but ASCII gets the text alone.
func (s *Styles) Link(url, text string) string {
	if s.ASCII || url == "" {
		return text
	}
	safe := strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return -1
		}
		return r
	}, url)
	return ansi.SetHyperlink(safe) + text + ansi.ResetHyperlink()
}
