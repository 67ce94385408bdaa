package slides

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrColor is returned for a theme colour that is neither #rrggbb nor 0-255.
var ErrColor = errors.New("not a colour (want #rrggbb or 0-255)")

// A Style is how a piece of text looks. The zero Style is the terminal's own.
type Style struct {
	Fg        Color `json:"fg,omitempty"`
	Bg        Color `json:"bg,omitempty"`
	Bold      bool  `json:"bold,omitempty"`
	Faint     bool  `json:"faint,omitempty"`
	Italic    bool  `json:"italic,omitempty"`
	Underline bool  `json:"underline,omitempty"`
	Reverse   bool  `json:"reverse,omitempty"`
	Strike    bool  `json:"strike,omitempty"`
}

// A Color is a 24-bit or palette colour; the zero Color is the default one.
// It reads "#rrggbb" or a palette index from "0" to "255".
type Color uint32

// The upper byte of a Color says how to read the rest.
const (
	colorRGB     Color = 1 << 24
	colorPalette Color = 2 << 24
)

// Palette returns one of the terminal's 256 colours.
func Palette(index uint8) Color { return colorPalette | Color(index) }

// ParseColor reads a colour in its text form; "" is the default colour.
func ParseColor(s string) (Color, error) {
	if s == "" {
		return 0, nil
	}
	if hex, ok := strings.CutPrefix(s, "#"); ok && len(hex) == 6 {
		if v, err := strconv.ParseUint(hex, 16, 32); err == nil {
			return colorRGB | Color(v), nil
		}
	}
	if v, err := strconv.ParseUint(s, 10, 8); err == nil {
		return Palette(uint8(v)), nil
	}
	return 0, fmt.Errorf("colour %q: %w", s, ErrColor)
}

// String returns the text form that ParseColor reads.
func (c Color) String() string {
	switch c &^ 0xffffff {
	case colorRGB:
		return fmt.Sprintf("#%06x", uint32(c&0xffffff))
	case colorPalette:
		return strconv.Itoa(int(c & 0xff))
	}
	return ""
}

// MarshalJSON writes the text form.
func (c Color) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }

// UnmarshalJSON reads the text form.
func (c *Color) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("colour: %w", err)
	}
	v, err := ParseColor(s)
	*c = v
	return err
}

// sgr appends the parameters that set c; base is 38 for text, 48 for the
// ground (ECMA-48 8.3.117, ITU T.416; the eight bright ones as aixterm has
// them). The first sixteen have parameters of their own, a third as long.
func (c Color) sgr(b []byte, base int64) []byte {
	switch c &^ 0xffffff {
	case colorRGB:
		b = append(strconv.AppendInt(append(b, ';'), base, 10), ";2"...)
		for _, v := range [...]Color{c >> 16 & 0xff, c >> 8 & 0xff, c & 0xff} {
			b = strconv.AppendInt(append(b, ';'), int64(v), 10)
		}
	case colorPalette:
		switch i := int64(c & 0xff); {
		case i < 8:
			return strconv.AppendInt(append(b, ';'), base-8+i, 10)
		case i < 16:
			return strconv.AppendInt(append(b, ';'), base+52+i-8, 10)
		}
		b = append(strconv.AppendInt(append(b, ';'), base, 10), ";5;"...)
		b = strconv.AppendInt(b, int64(c&0xff), 10)
	}
	return b
}

// appendSGR appends the sequence that turns any look into s; it starts with a
// reset, so that styles may follow each other directly.
func (s Style) appendSGR(b []byte) []byte {
	if s == (Style{}) {
		return b
	}
	b = append(b, "\x1b[0"...)
	for _, f := range [...]struct {
		on   bool
		code string
	}{{s.Bold, ";1"}, {s.Faint, ";2"}, {s.Italic, ";3"}, {s.Underline, ";4"}, {s.Reverse, ";7"}, {s.Strike, ";9"}} {
		if f.on {
			b = append(b, f.code...)
		}
	}
	b = s.Fg.sgr(b, 38)
	b = s.Bg.sgr(b, 48)
	return append(b, 'm')
}

// passesFor reports whether a space in the look s may as well be drawn in
// another: the colour of a letter can't be seen on it. Between the words of
// code this halves what the line costs. The default look is mistaken for
// another only in the middle of styled text, so that styled text ends where it
// ends.
func (s Style) passesFor(look Style, middle bool) bool {
	if look == (Style{}) || s == (Style{}) && !middle || s.Underline || s.Reverse || s.Strike {
		return false
	}
	return s.Bg == look.Bg && !look.Underline && !look.Reverse && !look.Strike
}

// over returns s drawn on top of base: what s leaves open stays as in base.
// Two reversals do not cancel each other.
func (s Style) over(base Style) Style {
	if s.Fg == 0 {
		s.Fg = base.Fg
	}
	if s.Bg == 0 {
		s.Bg = base.Bg
	}
	s.Bold = s.Bold || base.Bold
	s.Faint = s.Faint || base.Faint
	s.Italic = s.Italic || base.Italic
	s.Underline = s.Underline || base.Underline
	s.Reverse = s.Reverse || base.Reverse
	s.Strike = s.Strike || base.Strike
	return s
}
