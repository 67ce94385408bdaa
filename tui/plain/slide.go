package plain

import (
	"strconv"
	"strings"
	"unicode"

	"matou/slides"
	"matou/steps"
)

// tellSlide prints the slide as text.
func (d *dialogue) tellSlide() {
	s := d.deck.Slides[d.index]
	d.say("", d.text.T("plain.slide", "n", strconv.Itoa(s.Number), "all", strconv.Itoa(d.slides()), "title", s.Title), "")
	flat, left := d.flat(s)
	blank := true
	deck := *d.deck
	deck.Width = d.o.Width // so that nothing is moved to the middle
	v := flat.Render(&deck, d.options())
	for i, l := range v.Lines {
		l = strings.TrimRight(l, " ")
		if left[v.Source[i]] {
			l = strings.TrimLeft(l, " ")
		}
		if l == "" && blank {
			continue
		}
		blank = l == ""
		d.say(l)
	}
	if !blank {
		d.say("")
	}
}

// options are how text is laid out: nothing but characters that every terminal and voice has.
func (d *dialogue) options() slides.Options {
	return slides.Options{Width: d.o.Width, Stop: -1, ASCII: true, Conceal: d.o.Conceal, Substitute: d.placeholder, Example: d.example}
}

// placeholder is what stands for a word the deck emphasises: the seat's own value.
func (d *dialogue) placeholder(word string) (string, bool) {
	template, ok := d.w.Placeholders[word]
	if !ok {
		return "", false
	}
	value, err := steps.Expand(template, d.session.Vars(), nil)
	return steps.Sanitize(value), err == nil && value != ""
}

// example says of a word the deck emphasises that no step has brought what it stands for yet.
func (d *dialogue) example(word string) string {
	if _, ok := d.w.Placeholders[word]; !ok {
		return ""
	}
	return d.text.T("slide.example")
}

// flat is a slide without its title and its drawings: tables are lists of their rows, a drawing is a
// sentence. Left holds the source lines that stood in the middle.
func (d *dialogue) flat(s *slides.Slide) (flat *slides.Slide, left map[int]bool) {
	out := *s
	out.Blocks = nil
	left = map[int]bool{}
	titled := false // the title was said above it
	for _, b := range s.Blocks {
		if b.Kind == slides.Heading && !titled && len(b.Lines) == 1 && strings.TrimSpace(b.Lines[0].Text) == s.Title {
			titled = true
			continue
		}
		for _, l := range b.Lines {
			left[l.Number] = left[l.Number] || l.Centered
		}
		switch {
		case b.Kind != slides.Art && b.Kind != slides.Table:
			out.Blocks = append(out.Blocks, b)
		case isTable(b):
			out.Blocks = append(out.Blocks, rows(b))
		default:
			out.Blocks = append(out.Blocks, d.alt(b))
		}
	}
	return &out, left
}

// isTable tells whether each line of a block is a row or a rule of a table.
func isTable(b slides.Block) bool {
	if b.Kind == slides.Table {
		return true
	}
	cells := false
	for _, l := range b.Lines {
		t := strings.TrimSpace(l.Text)
		if t == "" || !strings.ContainsAny(t[:1], "|+") || !strings.ContainsAny(t[len(t)-1:], "|+") {
			return false
		}
		cells = cells || strings.Count(t, "|") > 2
	}
	return cells
}

// rows makes a list of a table: one item a row, its cells with semicolons between.
func rows(b slides.Block) slides.Block {
	list := slides.Block{Kind: slides.List, Stop: b.Stop}
	for _, l := range b.Lines {
		var cells []string
		text := strings.Trim(strings.ReplaceAll(l.Text, "│", "|"), " |")
		if strings.Trim(text, "+-=─┼ |") == "" {
			continue // a rule
		}
		for cell := range strings.SplitSeq(text, "|") {
			if cell = strings.TrimSpace(cell); cell == "" {
				cell = "-"
			}
			cells = append(cells, cell)
		}
		list.Lines = append(list.Lines, slides.Line{Text: strings.Join(cells, "; "), Number: l.Number, Level: 1})
	}
	if list.Lines == nil {
		list.Kind = slides.Blank
		list.Lines = b.Lines[:1]
	}
	return list
}

// altWords is how much of the writing in a drawing is told, in bytes.
const altWords = 400

// alt tells a drawing: that it is one, and what is written in it.
func (d *dialogue) alt(b slides.Block) slides.Block {
	var found []string
	size := 0
	for _, l := range b.Lines {
		for _, w := range writing(l.Text) {
			if size += len(w); size < altWords {
				found = append(found, w)
			}
		}
	}
	text := d.text.T("plain.art")
	if found != nil {
		text = d.text.T("plain.art-words", "words", strings.Join(found, "; "))
	}
	return slides.Block{Kind: slides.Text, Stop: b.Stop, Lines: []slides.Line{{Text: text, Number: b.Lines[0].Number}}}
}

// writing finds the words in a line of a drawing: what stands between runs of blanks and strokes, and
// is letters for the most part.
func writing(line string) []string {
	const strokes = "|+-_=/\\<>^'`~.:,\"()*#"
	var out []string
	for part := range strings.SplitSeq(strings.Map(func(r rune) rune {
		if r >= 0x2190 && r < 0x2c00 || r == '|' {
			return '\t' // arrows, frames, dingbats
		}
		return r
	}, strings.ReplaceAll(line, "  ", "\t")), "\t") {
		part = strings.Trim(part, " ")
		letters := 0
		for _, r := range part {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				letters++
			}
		}
		if word := strings.Trim(part, strokes+" "); letters >= 3 && letters*3 >= 2*len([]rune(word)) {
			out = append(out, word)
		}
	}
	return out
}

// art prints the slide as it was drawn.
func (d *dialogue) art() {
	if d.slides() == 0 {
		return
	}
	s := d.deck.Slides[d.index]
	for _, l := range s.Render(d.deck, d.options()).Lines {
		d.say(strings.TrimRight(l, " "))
	}
}
