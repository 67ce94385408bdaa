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
	if strings.IndexByte(line, 0x1b) >= 0 {
		line = lengthen(line)
		if !strings.HasSuffix(line, reset) {
			line += reset
		}
	}
	if w < width {
		line += strings.Repeat(" ", width-w)
	}
	return line
}

// lengthen lets a style that only colours letters go on over the blanks behind it, when another
// style follows them: it can't be seen on them, and the terminal is told one thing less.
func lengthen(line string) string {
	if !strings.Contains(line, reset+" ") {
		return line
	}
	var b strings.Builder
	open, shows, from := false, false, 0 // a style, and whether it shows on a blank; what of line is in b
	for i := 0; i < len(line); {
		if line[i] != 0x1b {
			i++
			continue
		}
		end := strings.IndexByte(line[i:], 'm')
		if end < 0 || i+1 == len(line) || line[i+1] != '[' {
			break // no style: a link, say
		}
		end += i + 1
		if line[i:end] != reset {
			open, shows = true, shows || !lettersOnly(line[i+2:end-1])
			i = end
			continue
		}
		blanks := end
		for blanks < len(line) && line[blanks] == ' ' {
			blanks++
		}
		if open && !shows && blanks > end && opens(line[blanks:]) {
			b.WriteString(line[from:i])
			b.WriteString(line[end:blanks])
			b.WriteString(reset)
			from = blanks
		}
		open, shows, i = false, false, blanks
	}
	if from == 0 {
		return line
	}
	b.WriteString(line[from:])
	return b.String()
}

// opens tells whether a text begins with a style.
func opens(text string) bool {
	return strings.HasPrefix(text, "\x1b[") && !strings.HasPrefix(text, reset) && !strings.HasPrefix(text, "\x1b[0m")
}

// lettersOnly tells whether the parameters of SGR (ECMA-48 8.3.117) set nothing but weight, slant
// and the colour of letters.
func lettersOnly(params string) bool {
	for params != "" {
		var p string
		p, params, _ = strings.Cut(params, ";")
		switch {
		case p == "1" || p == "2" || p == "3" || len(p) == 2 && (p[0] == '3' || p[0] == '9') && p != "38":
		case p == "38" && strings.HasPrefix(params, "5;"):
			_, params, _ = strings.Cut(params[2:], ";")
		case p == "38" && strings.HasPrefix(params, "2;"):
			params = params[2:]
			for range 3 {
				_, params, _ = strings.Cut(params, ";")
			}
		default:
			return false
		}
	}
	return true
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
