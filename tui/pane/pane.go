// Package pane holds what stands on the screen beside and below each other: the slide, the steps,
// the servers, the log and the cat.
//
// A pane is a value with setters. It does no input or output and asks no clock by itself; it knows
// its size and answers with exactly that many lines of exactly that many cells, and with a version
// that grows when they change, so that the screen above redraws only what moved.
package pane

import (
	"time"

	"github.com/charmbracelet/x/ansi"

	"matou/tui/i18n"
	"matou/tui/theme"
)

// ID names a pane.
type ID string

// The panes there are.
const (
	SlideID   ID = "slide"
	StepsID   ID = "steps"
	ServersID ID = "servers"
	LogID     ID = "log"
	TrafficID ID = "traffic"
	CatID     ID = "cat"
)

// All lists the panes in the order of the tabs.
var All = []ID{SlideID, StepsID, ServersID, LogID, TrafficID, CatID}

// Look is what every pane draws with.
type Look struct {
	Styles *theme.Styles
	Text   i18n.Texts
}

// Pane is what the screen asks of each.
type Pane interface {
	SetSize(width, height int)         // of the inside, in cells
	SetLook(Look)                      //
	Lines() []string                   // height lines of width cells
	Heads() (left, right, foot string) // what the border says
	Version() int                      // grows with each change of what the others answer
}

// base is what the panes have in common.
type base struct {
	width, height int
	look          Look
	version       int
}

// SetSize sets the size of the inside.
func (b *base) SetSize(width, height int) {
	width, height = max(0, width), max(0, height)
	if width == b.width && height == b.height {
		return
	}
	b.width, b.height = width, height
	b.version++
}

// SetLook sets the styles and the words.
func (b *base) SetLook(l Look) { b.look = l; b.version++ }

// Version grows with each change.
func (b *base) Version() int { return b.version }

// fit makes a line exactly as wide as the pane.
func (b *base) fit(line string) string { return theme.Fit(line, b.width, b.look.Styles.Glyph.Ellipsis) }

// page fits lines and fills what is missing below.
func (b *base) page(lines []string) []string {
	out := make([]string, b.height)
	for i := range out {
		line := ""
		if i < len(lines) {
			line = lines[i]
		}
		out[i] = b.fit(line)
	}
	return out
}

// cell is a text of exactly width cells, cut with the ellipsis.
func (b *base) cell(text string, width int) string {
	return theme.Fit(text, width, b.look.Styles.Glyph.Ellipsis)
}

// split puts one text at the left and one at the right of a line; the left one gives way.
func (b *base) split(left, right string, width int) string {
	w := ansi.StringWidth(right)
	if w == 0 {
		return b.cell(left, width)
	}
	if w+4 > width {
		return b.cell(left, width)
	}
	return b.cell(left, width-w-1) + " " + right
}

// Clock words a duration the way a stopwatch shows it: 0:07, 12:30, 1:02:03.
func Clock(d time.Duration) string {
	s := int(max(0, d).Seconds())
	if s >= 3600 {
		return itoa(s/3600) + ":" + two(s/60%60) + ":" + two(s%60)
	}
	return itoa(s/60) + ":" + two(s%60)
}

func two(n int) string {
	if n < 10 {
		return "0" + itoa(n)
	}
	return itoa(n)
}
