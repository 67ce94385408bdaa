package slides

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// A wrapper breaks a line of segs on words.
type wrapper struct {
	width int
	hang  row // what continued lines start with

	rows   []row
	cur    row
	curW   int
	fresh  bool  // nothing but the line's prefix so far
	blanks []seg // between the words, dropped at a break
	word   []seg
}

// wrap breaks segs into rows of at most width cells. The first row starts
// with head and the others with hang. Blanks at the start are kept. A word
// that is too long for a row is broken between characters; at widths below
// that of one wide character rows may be one cell too wide.
func wrap(segs []seg, width int, head, hang row) []row {
	if hw := hang.width(); 2*hw > width {
		hang = row{}
	}
	w := &wrapper{width: max(width, 1), hang: hang, fresh: true}
	for _, s := range head.segs {
		w.cur.add(s.text, s.style, s.url)
	}
	w.curW = head.width()
	for _, s := range segs {
		text := s.text
		for text != "" {
			n := strings.IndexByte(text, ' ')
			if n == 0 && len(w.word) > 0 && bound(text) {
				n = 2
				w.word = append(w.word, seg{text: text[:n], style: s.style, url: s.url})
			} else if n == 0 {
				w.flush()
				n = indentOf(text)
				w.blanks = append(w.blanks, seg{text: text[:n], style: s.style, url: s.url})
			} else {
				if n < 0 {
					n = len(text)
				}
				w.word = append(w.word, seg{text: text[:n], style: s.style, url: s.url})
			}
			text = text[n:]
		}
	}
	w.flush()
	return append(w.rows, w.cur)
}

// bound reports whether text is a blank and a mark that, in French, has a
// blank before it and still belongs to the word there.
func bound(text string) bool {
	if len(text) < 2 || strings.IndexByte("!?:;", text[1]) < 0 {
		return false
	}
	rest := strings.TrimLeft(text[1:], "!?:;")
	return rest == "" || rest[0] == ' '
}

// flush adds the collected word, on a new row if it does not fit.
func (w *wrapper) flush() {
	if len(w.word) == 0 {
		return
	}
	blank, word := segsWidth(w.blanks), segsWidth(w.word)
	if w.curW+blank+word > w.width && !w.fresh {
		w.feed()
	} else if w.curW+blank < w.width {
		for _, s := range w.blanks {
			w.cur.add(s.text, s.style, s.url)
		}
		w.curW += blank
	}
	w.blanks = w.blanks[:0]
	for _, s := range w.word {
		if w.curW+word <= w.width {
			w.cur.add(s.text, s.style, s.url)
			continue
		}
		w.split(s)
	}
	if w.curW+word <= w.width {
		w.curW += word
	}
	w.word = w.word[:0]
	w.fresh = false
}

// split adds s character by character, with a new row wherever one is full.
func (w *wrapper) split(s seg) {
	for text := s.text; text != ""; {
		cluster, cw := ansi.FirstGraphemeCluster(text, ansi.GraphemeWidth)
		if cluster == "" {
			return
		}
		text = text[len(cluster):]
		if w.curW+cw > w.width && w.curW > 0 {
			w.feed()
		}
		w.cur.add(cluster, s.style, s.url)
		w.curW += cw
	}
}

// feed starts a new row.
func (w *wrapper) feed() {
	w.rows = append(w.rows, w.cur)
	w.cur = row{}
	for _, s := range w.hang.segs {
		w.cur.add(s.text, s.style, s.url)
	}
	w.curW = w.hang.width()
}

// segsWidth returns the cells of segs.
func segsWidth(segs []seg) int {
	w := 0
	for _, s := range segs {
		w += textWidth(s.text)
	}
	return w
}

// paragraphMin is the width in cells from which a line may be one that its
// author broke because it was full.
const paragraphMin = 48

// slack is how many cells short of the widest line a full line may be.
const slack = 8

// paragraphs groups lines that their author broke only because they were
// full, so that they may flow together in a narrower pane. widths are the
// lines' cells. Elsewhere in an mdp deck each source line is a line.
func paragraphs(lines []Line, widths []int) [][]int {
	full := 0
	for _, w := range widths {
		full = max(full, w)
	}
	var out [][]int
	for i := range lines {
		if i > 0 && flows(lines[i-1], lines[i], widths[i-1], full) {
			out[len(out)-1] = append(out[len(out)-1], i)
			continue
		}
		out = append(out, []int{i})
	}
	return out
}

// flows reports whether line b goes on where line a was full.
func flows(a, b Line, width, full int) bool {
	if a.Centered || b.Centered || width < paragraphMin || a.Text == "" || b.Text == "" {
		return false
	}
	if a.Indent != b.Indent && !b.Cont {
		return false
	}
	if strings.IndexByte(".!?:;)", a.Text[len(a.Text)-1]) >= 0 {
		return false
	}
	if _, ok := ordered(b.Text); ok {
		return false
	}
	first, _, _ := strings.Cut(b.Text, " ")
	return width+1+textWidth(first)+slack > full
}
