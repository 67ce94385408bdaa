package slides

import (
	"strconv"
	"strings"
)

// unlimited is the pane width when Options has none; no line is longer.
const unlimited = 1 << 30

// A layout turns the blocks of one slide into rows.
type layout struct {
	deck  *Deck
	opts  Options
	theme *Theme
	width int // of the pane
	frame int // what centred lines are centred over
	rows  []row
	refs  []row // link targets, listed below
	links int
	stop  int    // of the block being laid out
	shift int    // columns taken from drawings, see drawings
	kind  Kind   // of the block being laid out
	noted string // to stand beside that block, see Options.Example
	look  Style  // of the examples in it
	known bool
}

// newLayout returns the layout of one slide for a pane.
func newLayout(d *Deck, o Options) *layout {
	l := &layout{deck: d, opts: o, theme: o.Theme, width: o.Width}
	if l.theme == nil {
		l.theme = Plain()
	}
	if l.width <= 0 {
		l.width = unlimited
	}
	l.frame = min(d.Width, l.width)
	return l
}

// block appends the rows of one block.
func (l *layout) block(s *Slide, b *Block) {
	l.stop, l.kind, l.noted = b.Stop, b.Kind, ""
	start := len(l.rows)
	defer func() { l.note(l.rows[start:]) }()
	switch b.Kind {
	case Blank:
		for _, line := range b.Lines {
			l.rows = append(l.rows, row{line: line.Number, blank: true, stop: b.Stop})
		}
	case Text:
		l.text(b)
	case Heading:
		l.heading(b)
	case List:
		l.list(b)
	case Quote:
		l.quote(b)
	case Code:
		l.code(b)
	case Art, Table:
		l.fixed(s, b)
	}
}

// push appends rows that show the given source line.
func (l *layout) push(line Line, rows ...row) {
	for _, r := range rows {
		r.line, r.stop, r.center = line.Number, l.stop, line.Centered
		l.rows = append(l.rows, r)
	}
}

// text lays out lines of text. When one does not fit, full lines flow into
// the next ones.
func (l *layout) text(b *Block) {
	segs := make([][]seg, len(b.Lines))
	widths := make([]int, len(b.Lines))
	wide := false
	for i := range b.Lines {
		segs[i] = l.inline(b, b.Lines[i].Text, l.theme.Text)
		widths[i] = b.Lines[i].Indent + segsWidth(segs[i])
		wide = wide || widths[i] > l.width
	}
	if !wide {
		for i, line := range b.Lines {
			l.push(line, row{segs: segs[i]}.indent(l.offset(line), l.theme.Text))
		}
		return
	}
	for _, group := range paragraphs(b.Lines, widths) {
		first := b.Lines[group[0]]
		flow := segs[group[0]]
		for _, i := range group[1:] {
			flow = append(append(flow, seg{text: " ", style: l.theme.Text}), segs[i]...)
		}
		indent := l.offset(first)
		hang := indent
		if w, ok := ordered(first.Text); ok {
			hang += w
		}
		l.push(first, wrap(flow, l.width, l.pad(indent), l.pad(hang))...)
	}
}

// offset returns the indent that is shown for a line.
func (l *layout) offset(line Line) int {
	if line.Centered {
		return 0
	}
	return line.Indent
}

// pad returns a row of n blanks.
func (l *layout) pad(n int) row {
	r := row{}
	if n > 0 && n < l.width/2 {
		r.add(strings.Repeat(" ", n), l.theme.Text, "")
	}
	return r
}

// heading lays out headings. Their text is shown raw, as in mdp.
func (l *layout) heading(b *Block) {
	for _, line := range b.Lines {
		style := l.theme.H2
		if line.Level == 1 {
			style = l.theme.H1
		}
		style = style.over(l.theme.Text)
		text := line.Text
		if l.opts.Strict && line.hash != "" {
			text, style = line.hash+text, l.theme.Text
		}
		indent := indentOf(text)
		segs := []seg{{text: text[indent:], style: style}}
		indent += l.offset(line)
		l.push(line, wrap(segs, l.width, l.pad(indent), l.pad(indent))...)
	}
}

// list lays out bullets; wrapped and continued lines hang under the text.
func (l *layout) list(b *Block) {
	style := l.theme.List.over(l.theme.Text)
	inset := 1
	if b.Lines[0].Indent > 0 {
		inset = 3 // below a line of text that it belongs to
	}
	widths := make([]int, len(b.Lines))
	segs := make([][]seg, len(b.Lines))
	wide := false
	for i := range b.Lines {
		segs[i] = l.inline(b, b.Lines[i].Text, l.theme.Text)
		widths[i] = segsWidth(segs[i])
		wide = wide || widths[i]+inset+2*b.Lines[i].Level > l.width
	}
	for _, group := range paragraphs(b.Lines, widths) {
		first, flow := group[0], segs[group[0]]
		for _, i := range group[1:] {
			if wide && b.Lines[i].Cont {
				flow = append(append(flow, seg{text: " ", style: l.theme.Text}), segs[i]...)
				continue
			}
			l.item(b, first, flow, inset, style)
			first, flow = i, segs[i]
		}
		l.item(b, first, flow, inset, style)
	}
}

// item lays out one line of a list.
func (l *layout) item(b *Block, i int, segs []seg, inset int, style Style) {
	line := b.Lines[i]
	level := max(line.Level, 1)
	var head, hang row
	if l.opts.Strict {
		head.add(listBars(b.Lines, i, level-1), style, "")
		hang.add(listBars(b.Lines, i, level), style, "")
		if line.Cont {
			head = hang
		} else {
			head.add(" +- ", style, "")
		}
	} else {
		indent := inset + 2*(level-1)
		head.add(strings.Repeat(" ", indent), l.theme.Text, "")
		hang.add(strings.Repeat(" ", indent+2), l.theme.Text, "")
		if line.Cont {
			head = hang
		} else {
			head.add(l.bullet(level)+" ", style, "")
		}
	}
	l.push(line, wrap(segs, l.width, head, hang)...)
}

// bullet returns the glyph of a list level.
func (l *layout) bullet(level int) string {
	glyphs := [...]string{"•", "◦", "▪"}
	if l.opts.ASCII {
		glyphs = [...]string{"*", "-", "+"}
	}
	return glyphs[min(level, len(glyphs))-1]
}

// listBars returns mdp's prefix of four cells per level: a bar while more
// items of that level follow.
func listBars(lines []Line, i, levels int) string {
	var b strings.Builder
	for level := 1; level <= levels; level++ {
		bar := "    "
		for _, next := range lines[i+1:] {
			if next.Level < level {
				break
			}
			if next.Level == level && !next.Cont {
				bar = " |  "
				break
			}
		}
		b.WriteString(bar)
	}
	return b.String()
}

// quote lays out quoted lines behind a bar per level. With a ground of their
// own they are padded to a block.
func (l *layout) quote(b *Block) {
	style := l.theme.Quote.over(l.theme.Text)
	bar := l.theme.QuoteBar.over(l.theme.Text)
	start := len(l.rows)
	for _, line := range b.Lines {
		var head row
		for range min(line.Level, 16) {
			if l.opts.ASCII || l.opts.Strict {
				head.add(">", bar, "")
			} else {
				head.add("▌", bar, "")
			}
		}
		head.add(" ", style, "")
		hang := row{segs: append([]seg(nil), head.segs...)}
		hang.add("  ", style, "")
		l.push(line, wrap(l.inline(b, line.Text, style), l.width, head, hang)...)
	}
	l.fill(l.rows[start:], style, 1)
}

// fill pads rows to the width of the widest one and extra cells, if the style
// shows on blanks.
func (l *layout) fill(rows []row, style Style, extra int) {
	if style.Bg == 0 && !style.Reverse {
		return
	}
	w := 0
	for i := range rows {
		w = max(w, rows[i].width())
	}
	w = max(w, min(w+extra, l.width))
	for i := range rows {
		if n := w - rows[i].width(); n > 0 {
			rows[i].add(strings.Repeat(" ", n), style, "")
		}
	}
}

// targets appends the list of link targets.
func (l *layout) targets() {
	if len(l.refs) == 0 {
		return
	}
	l.rows = append(l.rows, row{blank: true, stop: l.refs[0].stop})
	l.rows = append(l.rows, l.refs...)
}

// reference numbers a link and lists its target.
func (l *layout) reference(url string) string {
	l.links++
	mark := "[" + strconv.Itoa(l.links) + "]"
	segs := []seg{{text: mark + " ", style: l.theme.Text}, {text: url, style: l.theme.Link.over(l.theme.Text), url: l.href(url)}}
	hang := l.pad(len(mark) + 1)
	for _, r := range wrap(segs, l.width, row{}, hang) {
		r.stop = l.stop
		l.refs = append(l.refs, r)
	}
	return mark
}

// href returns url if links are to be clickable.
func (l *layout) href(url string) string {
	if l.opts.Hyperlinks && (strings.HasPrefix(url, "http://") || strings.HasPrefix(url, "https://")) {
		return url
	}
	return ""
}
