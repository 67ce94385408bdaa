package slides

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// A seg is a run of cells with the same look.
type seg struct {
	text  string
	style Style
	url   string // hyperlink target, if any
}

// isBlank reports whether the run is nothing but spaces.
func (s seg) isBlank() bool { return strings.Trim(s.text, " ") == "" }

// A row is one screen line before it becomes a string.
type row struct {
	segs   []seg
	line   int  // source line it shows, or 0
	fixed  bool // keeps its columns: never wrapped
	blank  bool // separates blocks: may be dropped when the slide is too tall
	stop   int  // number of stops before it
	center bool // centred over the content width
}

// textWidth returns the cells that s takes in a terminal.
func textWidth(s string) int {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return ansi.StringWidth(s)
		}
	}
	return len(s)
}

// add appends text, joined to the run before it if it looks the same.
func (r *row) add(text string, style Style, url string) {
	if text == "" {
		return
	}
	if n := len(r.segs); n > 0 && r.segs[n-1].style == style && r.segs[n-1].url == url {
		r.segs[n-1].text += text
		return
	}
	r.segs = append(r.segs, seg{text: text, style: style, url: url})
}

// width returns the row's cells.
func (r *row) width() int {
	w := 0
	for _, s := range r.segs {
		w += textWidth(s.text)
	}
	return w
}

// indent returns the row moved right by n cells.
func (r row) indent(n int, style Style) row {
	if n <= 0 {
		return r
	}
	segs := make([]seg, 0, len(r.segs)+1)
	segs = append(segs, seg{text: strings.Repeat(" ", n), style: style})
	r.segs = append(segs, r.segs...)
	return r
}

// String returns the row as text with SGR and OSC 8 sequences, ending in the
// terminal's default look.
func (r *row) String() string {
	var b []byte
	look, url := Style{}, "" // as the sequences so far have left them
	for i, s := range r.segs {
		if s.url != url {
			b, url = append(b, hyperlink(s.url)...), s.url
		}
		styled := i+1 < len(r.segs) && r.segs[i+1].style != (Style{}) // what follows is: no style ends here
		if s.style != look && !(s.isBlank() && s.style.passesFor(look, styled)) {
			if look = s.style; look == (Style{}) {
				b = append(b, "\x1b[0m"...)
			} else {
				b = look.appendSGR(b)
			}
		}
		b = append(b, s.text...)
	}
	if look != (Style{}) {
		b = append(b, "\x1b[0m"...)
	}
	if url != "" {
		b = append(b, hyperlink("")...)
	}
	return string(b)
}

// hyperlink returns the OSC 8 sequence that starts a link, or ends it for "".
// The target is reduced to printable ASCII, as the sequence demands.
func hyperlink(url string) string {
	var b strings.Builder
	b.WriteString("\x1b]8;;")
	for i := 0; i < len(url); i++ {
		if c := url[i]; c > ' ' && c < 0x7f {
			b.WriteByte(c)
		} else {
			const hex = "0123456789ABCDEF"
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		}
	}
	b.WriteString("\x1b\\")
	return b.String()
}

// cut returns the cells from left to left+width, padded to exactly width
// with ground. A wide character that crosses an edge becomes blanks.
func (r *row) cut(left, width int, ground Style) row {
	out := row{line: r.line}
	col := 0 // of the next cluster in r
	end := left + width
	for _, s := range r.segs {
		if col >= end {
			break
		}
		if ascii(s.text) {
			from, to := max(left-col, 0), min(end-col, len(s.text))
			if from < to {
				out.add(s.text[from:to], s.style, s.url)
			}
			col += len(s.text)
			continue
		}
		col = out.cutWide(s, col, left, end)
	}
	if w := out.width(); w < width {
		out.add(strings.Repeat(" ", width-w), ground, "")
	}
	return out
}

// cutWide adds the part of s between left and end, cluster by cluster; col is
// the column of s. It returns the column after s.
func (r *row) cutWide(s seg, col, left, end int) int {
	for text := s.text; text != ""; {
		cluster, w := ansi.FirstGraphemeCluster(text, ansi.GraphemeWidth)
		if cluster == "" {
			break
		}
		text = text[len(cluster):]
		switch {
		case col >= left && col+w <= end && (w > 0 || col > left):
			r.add(cluster, s.style, s.url)
		case w > 0 && col < end && col+w > left:
			n := min(col+w, end) - max(col, left)
			r.add(strings.Repeat(" ", n), s.style, s.url)
		}
		col += w
	}
	return col
}

// ascii reports whether s is ASCII only.
func ascii(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
