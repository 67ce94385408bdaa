package pane

import (
	"strings"

	"matou/slides"
	"matou/tui/theme"
)

// Slide shows one slide of the deck at a time. A slide larger than the pane scrolls and pans; what
// was at the top stays there when the size changes.
type Slide struct {
	base
	deck       *slides.Deck
	substitute func(string) (string, bool)
	example    func(string) string
	conceal    bool   // hide the secrets on it
	query      string // marked on the slide
	index      int    // of the slide, from 0
	stop       int    // how many stops are revealed
	top, left  int    // where the reader wants to be; what is shown is as near as the size allows
	chosen     place  // where the reader went last, from which top follows at any other size
	view       slides.View
	drawn      bool
}

// place is a line of a slide, and how many it had then: text that wraps anew has more, or fewer.
type place struct{ top, lines int }

// NewSlide makes the pane for a deck.
func NewSlide(deck *slides.Deck) *Slide { return &Slide{deck: deck} }

// SetDeck changes the deck, say to another language, and keeps the place.
func (s *Slide) SetDeck(deck *slides.Deck) {
	s.deck = deck
	s.index = min(s.index, max(0, s.Count()-1))
	s.touch()
}

// SetSubstitute sets what fills in the seat's own values.
func (s *Slide) SetSubstitute(f func(string) (string, bool)) { s.substitute = f; s.touch() }

// SetExample sets what says of a word that it stands for a value of the seat's that is not known yet, see
// [slides.Options].
func (s *Slide) SetExample(f func(string) string) { s.example = f; s.touch() }

// SetConceal hides the passwords and tokens on slides, or shows them.
func (s *Slide) SetConceal(conceal bool) { s.conceal = conceal; s.touch() }

// Conceals tells whether they are hidden.
func (s *Slide) Conceals() bool { return s.conceal }

// SetLook sets the styles and the words.
func (s *Slide) SetLook(l Look) { s.base.SetLook(l); s.touch() }

// SetSize changes the size and keeps the place: text that wraps anew keeps its share of the slide. The
// share is of where the reader went, not of the size before: many changes must not add up.
func (s *Slide) SetSize(width, height int) {
	if width == s.width && height == s.height {
		return
	}
	s.base.SetSize(width, height)
	s.drawn = false
	if was := s.chosen; was.lines > 0 {
		s.top = was.top * s.lines() / was.lines
	}
}

func (s *Slide) touch() { s.drawn = false; s.version++ }

// Count is the number of slides.
func (s *Slide) Count() int {
	if s.deck == nil {
		return 0
	}
	return len(s.deck.Slides)
}

// Index is the slide shown, from 0.
func (s *Slide) Index() int { return s.index }

// Current is the slide shown; nil without a deck.
func (s *Slide) Current() *slides.Slide {
	if s.Count() == 0 {
		return nil
	}
	return s.deck.Slides[s.index]
}

// Deck is the deck shown.
func (s *Slide) Deck() *slides.Deck { return s.deck }

// Goto shows a slide from its top. It tells whether that is another one.
func (s *Slide) Goto(index int) bool {
	index = min(max(0, index), max(0, s.Count()-1))
	moved := index != s.index
	if moved || s.top != 0 || s.left != 0 || s.stop != 0 {
		s.index, s.stop, s.top, s.left, s.chosen = index, 0, 0, 0, place{}
		s.touch()
	}
	return moved
}

// Mark marks a text wherever it stands; an empty one takes the marks away.
func (s *Slide) Mark(query string) {
	if query != s.query {
		s.query = query
		s.touch()
	}
}

// Query is what is marked.
func (s *Slide) Query() string { return s.query }

// Show goes to a line of the deck's source, on a slide, and scrolls to where it can be seen.
func (s *Slide) Show(index, line int) {
	s.Goto(index)
	if cur := s.Current(); cur != nil && s.stop != cur.Stops {
		s.stop = cur.Stops
		s.touch()
	}
	s.draw()
	s.scrollTo(s.view.RowOf(line) - s.height/3)
}

// Next reveals the next stop, or goes to the next slide. It tells whether the slide changed.
func (s *Slide) Next() bool {
	if cur := s.Current(); cur != nil && s.stop < cur.Stops {
		s.stop++
		s.touch()
		return false
	}
	if s.index+1 >= s.Count() {
		return false
	}
	return s.Goto(s.index + 1)
}

// More tells whether there are stops to reveal on this slide.
func (s *Slide) More() bool { cur := s.Current(); return cur != nil && s.stop < cur.Stops }

// Prev goes to the slide before.
func (s *Slide) Prev() bool {
	if s.index == 0 {
		return false
	}
	return s.Goto(s.index - 1)
}

// Scroll moves by lines. It tells whether it moved: at an end it does not.
func (s *Slide) Scroll(lines int) bool {
	top, _ := s.at()
	return s.scrollTo(top + lines)
}

// Pan moves sideways by cells, where the slide is wider than the pane.
func (s *Slide) Pan(cells int) bool {
	_, old := s.at()
	s.left = old + cells
	_, s.left = s.at()
	if s.left != old {
		s.version++
	}
	return s.left != old
}

func (s *Slide) scrollTo(top int) bool {
	old, _ := s.at()
	s.top = top
	s.top, _ = s.at()
	s.chosen = place{s.top, s.lines()}
	if s.top != old {
		s.version++
	}
	return s.top != old
}

// Height is how many lines a page has, less one that stays in sight.
func (s *Slide) Height() int { return max(1, s.height-2) }

// at is the line and the cell shown first.
func (s *Slide) at() (top, left int) {
	top = min(max(0, s.top), max(0, s.lines()-s.height))
	return top, min(max(0, s.left), max(0, s.view.Width-s.text()))
}

func (s *Slide) lines() int { s.draw(); return len(s.view.Lines) }

func (s *Slide) draw() {
	cur := s.Current()
	if s.drawn || cur == nil || s.width <= 0 || s.look.Styles == nil {
		return
	}
	s.view = cur.Render(s.deck, slides.Options{
		Width: s.text(), Height: s.height, Theme: slideTheme(s.look.Styles), Stop: s.stop,
		Substitute: s.substitute, Example: s.example, Conceal: s.conceal, Highlight: s.query, ASCII: s.look.Styles.ASCII, Hyperlinks: !s.look.Styles.ASCII,
	})
	s.drawn = true
}

// slideTheme picks the theme that slides are drawn with.
func slideTheme(st *theme.Styles) *slides.Theme {
	switch st.Slides {
	case "light":
		return slides.Light()
	case "contrast":
		return slides.Contrast()
	case "mono":
		return slides.Mono()
	default:
		return slides.Dark()
	}
}

// Lines draws the slide.
func (s *Slide) Lines() []string {
	if s.Current() == nil {
		return s.page([]string{"", " " + s.look.Styles.Dim.Render(s.look.Text.T("slide.none"))})
	}
	top, left := s.at()
	w, margin := s.text(), strings.Repeat(" ", (s.width-s.text())/2)
	lines := make([]string, s.above(), s.height+s.above())
	for _, line := range s.view.Window(w, s.height-s.above(), top, left) {
		lines = append(lines, margin+line)
	}
	return s.page(lines)
}

// text is how wide the slide itself may be: it has a margin where there is room for one.
func (s *Slide) text() int {
	if s.width < 40 {
		return s.width
	}
	return s.width - 2
}

// above is how many lines stay free above a slide that does not fill the pane: few, so that the
// headings of most slides stand at the same height.
func (s *Slide) above() int {
	return max(0, min((s.height-len(s.view.Lines))/2, s.height/8))
}

// shortBar is below how many columns the status line may have no room for the number of the slide.
const shortBar = 50

// Heads names the slide, and says what is out of sight and how to get there.
func (s *Slide) Heads() (left, right, foot string) {
	g, st, t := s.look.Styles.Glyph, s.look.Styles, s.look.Text
	left = t.T("pane.slide")
	if s.width < shortBar { // else the status line has it: on a slow line, twice is once too often
		right = st.Dim.Render(itoa(s.index+1) + "/" + itoa(s.Count()))
	}
	lines := s.lines()
	top, _ := s.at()
	if below := lines - top - s.height; below > 0 {
		foot = st.Warn.Render(g.Down + " " + t.N("slide.below", below))
	} else if top > 0 {
		foot = st.Dim.Render(g.Up + " " + t.N("slide.above", top))
	}
	if cur := s.Current(); cur != nil && s.stop < cur.Stops {
		foot = join(foot, st.Dim.Render(t.T("slide.stops")))
	}
	if s.view.Width > s.text() {
		foot = join(foot, st.Dim.Render(t.T("slide.wide")))
	}
	return left, right, foot
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "  " + b
}
