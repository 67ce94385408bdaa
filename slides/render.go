package slides

// Options say how a slide is rendered. The zero Options renders the whole
// width of the deck without styles, up to the first stop.
type Options struct {
	// Width and Height are the cells available; 0 means no limit. Text wraps
	// at Width. A slide taller than Height loses repeated blank lines first.
	Width, Height int
	// Theme styles the text; nil styles nothing.
	Theme *Theme
	// Stop is how many stops have been passed; -1 shows everything.
	Stop int
	// Substitute, if set, gives the value to show for an emphasised word such
	// as adresse_ip; not ok keeps the word.
	Substitute func(placeholder string) (value string, ok bool)
	// Example, if set, is asked about an emphasised word that Substitute has no
	// value for. A word that stands for a value which is not known yet is an
	// example; what is returned says so beside it. Empty: it is no such word.
	Example func(placeholder string) (mark string)
	// Highlight is a search query whose matches are marked.
	Highlight string
	// Strict shows what mdp would: its list glyphs, a # followed by a
	// no-break space as text, all blank lines, no code colours.
	Strict bool
	// ASCII draws bullets, bars and table rules without other characters.
	ASCII bool
	// Conceal hides passwords and tokens that stand on the slide.
	Conceal bool
	// Hyperlinks makes links clickable (OSC 8).
	Hyperlinks bool
}

// A View is a rendered slide, before scrolling and panning.
type View struct {
	// Lines are the rows, styled, each in the default look at both ends.
	Lines []string
	// Width is the widest row in cells. It is above Options.Width when a
	// drawing, table or code block does not fit and has to be panned.
	Width int
	// Height is the number of rows.
	Height int
	// Source is the source line of each row, or 0: what to hold on to when a
	// resize moves the rows.
	Source []int

	rows   []row
	ground Style // of the cells beside the text
}

// Render lays the slide out. Rows behind the stop are blank, so that nothing
// moves when they are revealed.
func (s *Slide) Render(d *Deck, o Options) View {
	l := newLayout(d, o)
	for i := range s.Blocks {
		l.block(s, &s.Blocks[i])
	}
	l.targets()
	l.tidy()
	l.place()
	if o.Highlight != "" {
		l.mark(o.Highlight)
	}
	v := View{Height: len(l.rows), rows: l.rows, ground: Style{Bg: l.theme.Text.Bg}}
	v.Lines = make([]string, len(l.rows))
	v.Source = make([]int, len(l.rows))
	for i := range l.rows {
		r := &l.rows[i]
		if o.Stop >= 0 && r.stop > o.Stop {
			r.segs = nil
		}
		v.Lines[i] = r.String()
		v.Source[i] = r.line
		v.Width = max(v.Width, r.width())
	}
	return v
}

// RowOf returns the first row at or after the given source line, else the
// last row; 0 for an empty view.
func (v View) RowOf(line int) int {
	for i, n := range v.Source {
		if n >= line {
			return i
		}
	}
	return max(0, len(v.Source)-1)
}

// Window returns exactly height lines of exactly width cells: the rectangle of
// the view whose first row is top and first column is left. What is outside
// the view is blank. A wide character cut by an edge becomes blanks. Width and
// height below 1 give no lines.
func (v View) Window(width, height, top, left int) []string {
	if width < 1 || height < 1 {
		return nil
	}
	left = max(left, 0)
	none := row{}
	none = none.cut(0, width, v.ground)
	blank := none.String()
	out := make([]string, height)
	for i := range out {
		n := top + i
		if n < 0 || n >= len(v.rows) {
			out[i] = blank
			continue
		}
		r := v.rows[n].cut(left, width, v.ground)
		out[i] = r.String()
	}
	return out
}

// widest returns the deck's widest line in cells, as laid out without limit.
func (d *Deck) widest() int {
	w := 0
	for _, s := range d.Slides {
		l := newLayout(d, Options{Stop: -1, Strict: true})
		for i := range s.Blocks {
			l.block(s, &s.Blocks[i])
		}
		for i := range l.rows {
			w = max(w, l.rows[i].width())
		}
	}
	return w
}
