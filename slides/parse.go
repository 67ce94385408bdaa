package slides

import (
	"html"
	"strings"
)

// ParseOptions choose between readings of a deck.
type ParseOptions struct {
	// Strict reads the deck as mdp 1.0.18 does, also where that surprises:
	// no HTML comments, front matter or pipe tables, a # followed by a
	// no-break space is text, a blank line of four or more blanks hides the
	// separator below.
	Strict bool
	// Entities expands HTML entities outside code, as mdp's -e. Markdown
	// decks always have them expanded.
	Entities bool
}

// Parse reads a deck. It never fails: whatever src holds, the result has at
// least one slide and no character that a terminal would obey.
func Parse(name string, src []byte) *Deck {
	return ParseWith(name, src, ParseOptions{})
}

// ParseWith is Parse with options.
func ParseWith(name string, src []byte, o ParseOptions) *Deck {
	p := &parser{
		deck:  &Deck{Name: name, strict: o.Strict},
		lines: splitLines(src),
		opts:  o,
	}
	next := p.header()
	if !o.Strict {
		if n := p.frontMatter(next); n > next {
			next = n
			p.deck.Markdown = true
		}
		if !p.deck.Markdown {
			p.deck.Markdown = hasComments(p.lines[next:]) || next == 0 && markdownSigns(p.lines)
		}
	}
	p.cl.strict, p.cl.md = o.Strict, p.deck.Markdown
	if p.deck.Markdown {
		p.level = slideLevel(p.lines[next:])
		p.findTargets(p.lines[next:])
	}
	p.body(next)
	p.deck.Width = p.deck.widest()
	return p.deck
}

// A parser turns lines into slides.
type parser struct {
	deck  *Deck
	lines []string
	opts  ParseOptions
	cl    classifier
	level int // of the headings that begin slides, in a deck without separators; else 0
	// targets of links, by label in lower case
	targets map[string]string

	slide *Slide
	items []item // kept lines of the slide so far
	empty bool   // the last kept line is empty: a rule splits here
	gone  bool   // a line above it, or above blank ones, is not shown: a comment, a stop
}

// An item is a kept line with what grouping needs to know.
type item struct {
	scan
	number int
	stop   int
	fence  int // source line of its fence, or 0
	lang   string
	raw    string
}

// header takes the % lines at the very start and returns the index of the
// first line after them. A leading blank line disables them, as in mdp.
func (p *parser) header() int {
	n := 0
	for n < len(p.lines) && strings.HasPrefix(p.lines[n], "%") {
		// The label up to the first blank does not matter, only position.
		_, value, _ := strings.Cut(p.lines[n], " ")
		p.deck.Header = append(p.deck.Header, strings.TrimSpace(value))
		n++
	}
	return n
}

// body reads slides from line index next on.
func (p *parser) body(next int) {
	p.open(next)
	first := next
	for i := next; i < len(p.lines); i++ {
		s := p.lines[i]
		if n, ok := p.table(i); ok {
			i = n
			continue
		}
		if f, ok := p.cl.openFence(s); ok {
			i = p.fenced(i, f)
			continue
		}
		if p.cl.isStop(s, i == first) {
			p.slide.Stops++
			p.cl.stopped, p.gone = true, true
			continue
		}
		if n, rest, ok := p.comment(i); ok {
			i = n
			if strings.TrimSpace(rest) == "" {
				p.gone = true
				continue
			}
			s = rest
		}
		if n, ok := p.speakerDiv(i); ok {
			i, p.gone = n, true
			continue
		}
		if p.deck.Markdown && p.cl.prev != classCode {
			var blank bool
			if s, blank = p.ordinary(s); blank {
				p.gone = true
				continue
			}
			s = p.broken(s, i+1)
		}
		sc := p.cl.line(s)
		if sc.class == classHeading && sc.level == p.level && p.begun() {
			p.close()
			p.open(i)
			p.keep(p.cl.line(s), i+1, s)
			continue
		}
		if sc.rule && p.empty {
			if i > first {
				p.close()
				p.open(i + 1)
			} else {
				p.slide.Line = i + 2
			}
			p.cl.reset()
			continue
		}
		if p.deck.Markdown && p.gone && p.empty && sc.class == classEmpty {
			continue // the blank line above was for what is gone as well
		}
		p.gone = p.gone && sc.class == classEmpty
		p.keep(sc, i+1, s)
	}
	p.close()
}

// open starts a slide whose first line has the given index.
func (p *parser) open(index int) {
	p.slide = &Slide{Number: len(p.deck.Slides) + 1, Line: index + 1}
	p.items = nil
	p.empty = true
	p.cl.reset()
}

// keep adds a line to the slide. An underline is merged into the text above,
// or is text itself.
func (p *parser) keep(sc scan, number int, raw string) {
	if sc.class == classUnderline {
		if p.underline(sc.level) {
			p.empty = true
			return
		}
		sc.class, sc.level = classText, 0
	}
	if sc.class != classCode && (p.opts.Entities || p.deck.Markdown) && strings.Contains(sc.text, "&") {
		sc.text = clean(html.UnescapeString(sc.text))
	}
	p.items = append(p.items, item{scan: sc, number: number, stop: p.slide.Stops, raw: raw})
	p.empty = sc.empty
}

// underline makes the last kept line a setext heading if it can be one.
func (p *parser) underline(level int) bool {
	if p.empty || len(p.items) == 0 {
		return false
	}
	it := &p.items[len(p.items)-1]
	if it.class != classText && it.class != classCenter {
		return false
	}
	it.class, it.level = classHeading, level
	it.text = strings.TrimRight(it.text, " ")
	return true
}

// fenced keeps the lines of a fenced block that opens at index i and returns
// the index of its last line. Without a closing fence it runs to the end.
func (p *parser) fenced(i int, f fence) int {
	number := i + 1
	n := i + 1
	for ; n < len(p.lines) && !f.closedBy(p.lines[n]); n++ {
		s := p.lines[n]
		s = s[min(f.indent, indentOf(s)):]
		p.items = append(p.items, item{
			scan:   scan{class: classCode, text: s},
			number: n + 1, stop: p.slide.Stops, fence: number, lang: f.lang, raw: s,
		})
		p.empty = false
	}
	if n > i+1 {
		p.cl.prev, p.cl.stopped, p.cl.offsets = classCode, false, nil
	}
	return n
}

// close groups the kept lines into blocks and ends the slide.
func (p *parser) close() {
	s := p.slide
	// mdpress decks name each slide in a first line that starts with "= ".
	// mdp does not show it, so that it is the way to name a slide in decks
	// that mdp can still present.
	if len(p.items) > 1 && p.items[0].number == s.Line && p.items[0].fence == 0 && strings.HasPrefix(p.items[0].raw, "= ") {
		if f := strings.Fields(p.items[0].raw[1:]); len(f) > 0 && s.ID == "" {
			s.ID = f[0]
		}
		p.items = p.items[1:]
	}
	if len(p.items) == 0 && len(s.Notes) == 0 && s.Stops == 0 && s.Line > len(p.lines) && s.Number > 1 {
		return // the file ends with a separator
	}
	for i := 0; i < len(p.items); {
		n := i + 1
		for n < len(p.items) && p.items[n].joins(p.items[n-1]) {
			n++
		}
		s.Blocks = append(s.Blocks, p.blocks(p.items[i:n])...)
		i = n
	}
	p.finish(s)
	p.deck.Slides = append(p.deck.Slides, s)
}

// joins reports whether it belongs to the same block as the line before it.
func (it item) joins(before item) bool {
	if it.kind() != before.kind() || it.stop != before.stop || it.fence != before.fence {
		return false
	}
	return it.kind() != Heading || it.center == before.center
}

// kind returns the kind of block the line belongs to.
func (it item) kind() Kind {
	switch it.class {
	case classEmpty:
		return Blank
	case classList:
		return List
	case classCode:
		return Code
	case classQuote:
		return Quote
	case classHeading:
		return Heading
	case classTable:
		return Table
	}
	return Text
}

// line returns the item as a line of a block.
func (it item) line() Line {
	l := Line{
		Text: it.text, Number: it.number, Indent: it.indent, Level: it.level,
		Centered: it.center, Cont: it.cont,
	}
	if it.class == classHeading {
		l.hash = it.hash
	}
	if it.class != classCode {
		l.Text = strings.TrimRight(l.Text, " ")
	}
	if it.fence > 0 {
		l.Indent = 0
	}
	return l
}

// blocks turns lines of one kind into one or more blocks: drawings and tables
// are found among text and indented code.
func (p *parser) blocks(items []item) []Block {
	b := Block{Kind: items[0].kind(), Stop: items[0].stop, Fenced: items[0].fence > 0, Lang: items[0].lang}
	for _, it := range items {
		b.Lines = append(b.Lines, it.line())
	}
	switch {
	case b.Kind == Text:
		return p.textBlocks(b)
	case b.Kind == Code:
		return codeBlocks(b)
	case b.Kind == Quote && p.deck.Markdown:
		b.prose = callout(&b)
	}
	return []Block{b}
}

// finish derives the slide's title and links from its blocks.
func (p *parser) finish(s *Slide) {
	level := 9
	for i := range s.Blocks {
		b := &s.Blocks[i]
		for j := range b.Lines {
			l := &b.Lines[j]
			switch {
			case b.Kind == Heading && l.Level < level:
				s.Title, level = strings.TrimSpace(l.Text), l.Level
			case level == 9 && s.Title == "" && (b.Kind == Text || b.Kind == List || b.Kind == Quote):
				s.Title = strings.TrimSpace(b.plain(l, p.deck.Markdown))
			}
			if b.Kind == Code || b.Kind == Heading || !strings.Contains(l.Text, "](") {
				continue
			}
			for _, sp := range parseInline(l.Text, b.markdown(p.deck.Markdown)) {
				if sp.url != "" && !sp.bare {
					s.Links = append(s.Links, Link{Label: sp.text, URL: sp.url, Line: l.Number})
				}
			}
		}
	}
}
