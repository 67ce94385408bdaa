package slides

import (
	"strings"
	"unicode/utf8"
)

// inline turns one line's markup into segs on top of base.
func (l *layout) inline(b *Block, text string, base Style) []seg {
	var segs []seg
	if strings.ContainsAny(text, inlineSpecials) {
		for _, sp := range parseInline(text, b.markdown(l.deck.Markdown)) {
			segs = append(segs, l.span(sp, base)...)
		}
	} else if text != "" {
		segs = []seg{{text: text, style: base}}
	}
	if l.opts.Conceal {
		conceal(segs)
	}
	return segs
}

// span returns the segs of one span: a placeholder's value, a link with its
// reference, or styled text.
func (l *layout) span(sp span, base Style) []seg {
	style := base
	if sp.attr&attrEmphasis != 0 {
		style = l.theme.Emphasis.over(style)
	}
	if sp.attr&attrUnderline != 0 {
		style = l.theme.Underline.over(style)
	}
	if sp.attr&attrCode != 0 {
		style = l.theme.Code.over(style)
	}
	if sp.attr&attrStrike != 0 {
		style = Style{Strike: true, Faint: true}.over(style) // a terminal that can't strike shows it faint
	}
	if sp.attr&attrLink != 0 {
		style = l.theme.Link.over(style)
		if sp.bare {
			return []seg{{text: sp.text, style: style, url: l.href(sp.url)}}
		}
		return []seg{
			{text: sp.text, style: style, url: l.href(sp.url)},
			{text: " " + l.reference(sp.url), style: base},
		}
	}
	if sp.attr&attrEmphasis != 0 && l.opts.Substitute != nil {
		if v, ok := l.opts.Substitute(strings.TrimSpace(sp.text)); ok {
			return []seg{{text: clean(v), style: l.theme.Value.over(base)}}
		}
	}
	if mark := l.example(sp); mark != "" {
		return l.exemplify(sp.text, mark, base)
	}
	return []seg{{text: sp.text, style: style}}
}

// fixed lays out a drawing or table: nothing wraps, all rows move together.
func (l *layout) fixed(s *Slide, b *Block) {
	l.drawings(s)
	sketch := indented(b)
	for i := range b.Lines {
		line := b.Lines[i]
		var segs []seg
		frame := !sketch && (b.Kind == Table || framed(line.Text))
		text := line.Text
		if l.opts.ASCII && b.Kind == Table {
			text = tableASCII.Replace(text)
		}
		if sketch {
			segs = []seg{{text: l.moved(text), style: l.theme.Text}}
		} else {
			segs = l.inline(b, text, l.theme.Text)
		}
		if l.opts.Substitute != nil && frame {
			refit(segs, inlineWidth(text, l.deck.Markdown))
		}
		r := row{fixed: true}
		for _, sg := range segs {
			if frame {
				l.frames(&r, sg)
			} else {
				r.add(sg.text, sg.style, sg.url)
			}
		}
		if !sketch {
			r = r.indent(line.Indent, l.theme.Text)
		}
		l.push(line, r)
	}
}

// tableASCII redraws the rules of pipe tables.
var tableASCII = strings.NewReplacer("│", "|", "─", "-", "┼", "+")

// moved returns a line of a drawing with its position changed by the shift.
func (l *layout) moved(text string) string {
	text = strings.TrimRight(text, " ")
	if l.shift < 0 {
		return strings.Repeat(" ", -l.shift) + text
	}
	return text[min(l.shift, indentOf(text)):]
}

// indented reports whether a drawing was written as indented code: its text
// is verbatim and has the blanks that position it.
func indented(b *Block) bool {
	return len(b.Lines) > 0 && b.Lines[0].Indent == codeIndent && !b.Fenced
}

// frames adds a seg whose frame characters have the table style.
func (l *layout) frames(r *row, s seg) {
	style := l.theme.Table.over(s.style)
	rest := s.text
	if strings.Trim(rest, "+-=| ") == "" {
		r.add(rest, style, s.url)
		return
	}
	for rest != "" {
		n := strings.IndexFunc(rest, frameRune)
		if n < 0 {
			break
		}
		_, size := utf8.DecodeRuneInString(rest[n:])
		r.add(rest[:n], s.style, s.url)
		r.add(rest[n:n+size], style, s.url)
		rest = rest[n+size:]
	}
	r.add(rest, s.style, s.url)
}

// frameRune reports whether r divides cells.
func frameRune(r rune) bool { return r == '|' || r >= 0x2500 && r < 0x2580 }

// refit restores the width that a table row had before values replaced its
// placeholders, by taking blanks from behind them or adding some.
func refit(segs []seg, want int) {
	have := segsWidth(segs)
	for i := 1; i < len(segs) && have != want; i++ {
		blanks := indentOf(segs[i].text)
		switch {
		case blanks == 0:
		case have > want:
			n := min(have-want, blanks-1)
			segs[i].text = segs[i].text[n:]
			have -= n
		default:
			segs[i].text = strings.Repeat(" ", want-have) + segs[i].text
			have = want
		}
	}
}

// code lays out a code block on its own ground.
func (l *layout) code(b *Block) {
	style := l.theme.Code.over(l.theme.Text)
	widest := 0
	for _, line := range b.Lines {
		widest = max(widest, textWidth(line.Text))
	}
	inset := ""
	if widest+2 <= l.width && !l.opts.Strict {
		inset = " "
	}
	start := len(l.rows)
	painted := l.painted(b)
	for i, line := range b.Lines {
		r := row{fixed: true}
		r.add(inset, style, "")
		if painted == nil {
			r.add(strings.TrimRight(line.Text, " "), style, "")
		} else {
			for _, t := range painted[i] {
				r.add(t.text, t.role.style(l.theme).over(style), "")
			}
		}
		if l.opts.Conceal {
			conceal(r.segs)
		}
		l.push(line, r)
	}
	l.fill(l.rows[start:], style, len(inset))
}

// painted returns the coloured tokens of a code block, or nil if the theme
// would not show them.
func (l *layout) painted(b *Block) [][]token {
	if b.paint == nil || b.Lang == "" || l.opts.Strict || l.theme.Keyword == (Style{}) && l.theme.Comment == (Style{}) {
		return nil
	}
	return b.paint.tokens(b)
}

// drawingIndent is the indent from which a drawing was moved to the middle by
// its author.
const drawingIndent = 8

// drawings decides how far the slide's drawings move left in a pane that is
// narrower than the deck: all by the same number of columns.
func (l *layout) drawings(s *Slide) {
	if l.known {
		return
	}
	l.known = true
	if l.deck.Width <= l.width || l.opts.Strict {
		return
	}
	left, right := unlimited, 0
	for i := range s.Blocks {
		b := &s.Blocks[i]
		if b.Kind != Art || !indented(b) {
			continue
		}
		for j := range b.Lines {
			text := strings.TrimRight(b.Lines[j].Text, " ")
			if n := indentOf(text); n < len(text) {
				left = min(left, n)
				right = max(right, textWidth(text))
			}
		}
	}
	if left == unlimited || left < drawingIndent {
		return
	}
	l.shift = left - max(0, (l.width-(right-left))/2)
}

// tidy drops blank rows around the slide, and repeated ones in a slide that
// is too tall.
func (l *layout) tidy() {
	if l.opts.Strict {
		return
	}
	for len(l.rows) > 0 && l.rows[len(l.rows)-1].blank {
		l.rows = l.rows[:len(l.rows)-1]
	}
	for len(l.rows) > 0 && l.rows[0].blank {
		l.rows = l.rows[1:]
	}
	if l.opts.Height <= 0 || len(l.rows) <= l.opts.Height {
		return
	}
	kept := l.rows[:0]
	for i, r := range l.rows {
		if i > 0 && r.blank && l.rows[i-1].blank && r.stop == l.rows[i-1].stop {
			continue
		}
		kept = append(kept, r)
	}
	l.rows = kept
}

// place centres the centred rows over the deck's widest line, and the whole
// in a pane that is wider.
func (l *layout) place() {
	margin := 0
	if l.width != unlimited && l.deck.Width < l.width {
		margin = (l.width - l.deck.Width) / 2
	}
	for i := range l.rows {
		r := &l.rows[i]
		n := margin
		if r.center {
			n += max(0, (l.frame-r.width())/2)
		}
		if len(r.segs) > 0 {
			*r = r.indent(n, l.theme.Text)
		}
	}
}

// mark gives the match style to all matches of the query within rows.
func (l *layout) mark(query string) {
	q, _ := fold(query)
	if strings.TrimSpace(q) == "" {
		return
	}
	for i := range l.rows {
		r := &l.rows[i]
		var b strings.Builder
		for _, s := range r.segs {
			b.WriteString(s.text)
		}
		hits := matches(b.String(), q)
		if len(hits) == 0 {
			continue
		}
		marked := row{}
		at := 0
		for _, s := range r.segs {
			for text := s.text; text != ""; {
				n, in := sameSide(hits, at, len(text))
				style := s.style
				if in {
					style = l.theme.Match.over(style)
				}
				marked.add(text[:n], style, s.url)
				text = text[n:]
				at += n
			}
		}
		r.segs = marked.segs
	}
}

// sameSide returns how many of the n bytes at offset at are all inside or all
// outside the sorted hits, and which.
func sameSide(hits [][2]int, at, n int) (length int, in bool) {
	for _, h := range hits {
		switch {
		case h[1] <= at:
		case h[0] <= at:
			return min(n, h[1]-at), true
		default:
			return min(n, h[0]-at), false
		}
	}
	return n, false
}
