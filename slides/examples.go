package slides

import (
	"slices"
	"strings"
)

// example returns what says that a span is an example: the value it stands for
// is not known yet. It is empty for any other span.
func (l *layout) example(sp span) string {
	if sp.attr&attrEmphasis == 0 || sp.attr&attrLink != 0 || l.opts.Example == nil {
		return ""
	}
	return clean(l.opts.Example(strings.TrimSpace(sp.text)))
}

// exemplify returns the segs of an example. In text that flows the mark follows
// it; where columns matter, it has its place beside the block: see note.
func (l *layout) exemplify(text, mark string, base Style) []seg {
	style := l.theme.Example.over(base)
	if l.kind == Text || l.kind == List {
		return []seg{{text: text, style: style}, {text: " (" + mark + ")", style: style}}
	}
	l.noted, l.look = mark, style
	return []seg{{text: text, style: style}}
}

// note says beside the rows of a block that there is an example among them: in
// a rule of a table, which stays as long as it was, else behind the first row
// that has one, where the pane has room.
func (l *layout) note(rows []row) {
	if l.noted == "" {
		return
	}
	style := l.theme.Example.over(l.theme.Text)
	for i := range rows {
		if rows[i].label(l.noted, style) {
			return
		}
	}
	for i := range rows {
		r := &rows[i]
		here := slices.ContainsFunc(r.segs, func(s seg) bool { return s.style == l.look })
		if here && !r.center && (r.width()+2+textWidth(l.noted) <= l.width || r.clear(2+textWidth(l.noted))) {
			r.add("  ", l.theme.Text, "")
			r.add(l.noted, style, "")
			return
		}
	}
}

// clear takes blanks from the end of the row, of the ground it was filled with,
// but for one. It does nothing when there are not so many.
func (r *row) clear(cells int) bool {
	last := len(r.segs) - 1
	if last < 0 {
		return false
	}
	text := r.segs[last].text
	if len(text)-len(strings.TrimRight(text, " ")) <= cells {
		return false
	}
	r.segs[last].text = text[:len(text)-cells]
	return true
}

// label puts a word into the last cell of a table's rule, if the row is one and
// the cell is wide enough.
func (r *row) label(word string, style Style) bool {
	for _, s := range r.segs {
		if strings.Trim(s.text, "+-=|─┼│ ") != "" {
			return false
		}
	}
	last := len(r.segs) - 1
	if last < 0 {
		return false
	}
	rule := r.segs[last]
	text := []rune(rule.text)
	end := len(text)
	for end > 0 && !dash(text[end-1]) {
		end--
	}
	begin := end
	for begin > 0 && dash(text[begin-1]) {
		begin--
	}
	width := textWidth(word) + 2 // a blank on either side
	if end-begin < width+2 {
		return false
	}
	begin++ // at the left: a pane that is too narrow shows that
	r.segs = r.segs[:last]
	r.add(string(text[:begin]), rule.style, rule.url)
	r.add(" "+word+" ", style, "")
	r.add(string(text[begin+width:]), rule.style, rule.url)
	return true
}

// dash reports whether r draws a rule.
func dash(r rune) bool { return r == '-' || r == '=' || r == '─' }
