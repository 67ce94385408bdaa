package slides

import (
	"strings"
	"unicode/utf8"
)

// A class is what one source line is, before lines are merged into blocks.
type class uint8

const (
	classEmpty     class = iota // nothing but blanks and = # * -
	classText                   // anything else
	classList                   // bullet or continuation
	classCode                   // indented code
	classQuote                  // >
	classCenter                 // ->
	classHeading                // # or ##
	classUnderline              // only = or only -
	classTable                  // a row of pandoc's simple tables, laid out
)

// codeIndent is the number of leading blanks that makes a line code.
const codeIndent = 4

// A scan is a classified line.
type scan struct {
	class  class
	level  int    // heading, list, quote level; underline: 1 for =, 2 for -
	indent int    // leading blanks removed
	text   string // the line without line-wide markup
	center bool
	cont   bool   // list continuation
	hash   string // literal form of a # followed by a no-break space
	empty  bool   // mdp's EMPTY bit: the next --- ends the slide
	rule   bool   // three or more - or *
}

// A classifier keeps the context that a line's class depends on.
type classifier struct {
	md      bool  // ordinary Markdown deck
	strict  bool  // mdp's own behaviour where it is a trap
	prev    class // class of the line above
	stopped bool  // the line above was a stop
	offsets []int // indent of each open list level
	item    int   // where the text of the last item begins, in Markdown decks; 0 outside lists
}

// reset forgets the lines above, at the start of a slide. The separator
// itself counts as an empty line.
func (c *classifier) reset() {
	c.prev, c.stopped, c.offsets, c.item = classEmpty, false, nil, 0
}

// line classifies one line outside fences. The order of the tests is mdp's:
// list, code, quote, centre, heading, rule.
func (c *classifier) line(s string) scan {
	indent := indentOf(s)
	rest := s[indent:]
	sc := scan{class: classText, indent: indent, text: rest}
	switch {
	case c.bullet(rest, &sc):
	case c.within(indent) && rest != "" && rest[0] != '>':
		c.plain(rest, &sc)
		sc.indent = 1 + 2*max(len(c.offsets), 1)
	case indent >= codeIndent && (c.prev == classEmpty || c.prev == classCode || c.stopped):
		sc.class, sc.indent, sc.text = classCode, codeIndent, s[codeIndent:]
		// mdp takes no line of an indented block as empty, so that a blank
		// one hides the separator below; nobody wants that.
		sc.empty = !c.strict && strings.TrimSpace(rest) == ""
	case strings.HasPrefix(rest, ">"):
		sc.class = classQuote
		c.quote(rest, &sc)
	case c.continues(rest, indent):
		sc.class, sc.cont, sc.level = classList, true, len(c.offsets)
	default:
		c.plain(rest, &sc)
	}
	if sc.class == classList || sc.class == classEmpty || sc.class == classUnderline {
		// Lists stay open over blank lines.
	} else if len(c.offsets) > 0 && indent < c.offsets[len(c.offsets)-1] || sc.class == classHeading {
		c.offsets = nil
	}
	if n, ok := ordered(rest); c.md && ok && sc.class == classText {
		c.item = indent + n
	} else if sc.class == classHeading || sc.class == classText && indent < 2 {
		c.item = 0
	}
	c.prev, c.stopped = sc.class, false
	if sc.empty && sc.class != classCode {
		c.prev = classEmpty
	}
	return sc
}

// bullet recognises "* " and "- " (and "+ " in Markdown decks) and tracks the
// level: any deeper offset is one level more, up to three.
func (c *classifier) bullet(rest string, sc *scan) bool {
	if len(rest) < 2 || rest[1] != ' ' || !(rest[0] == '*' || rest[0] == '-' || c.md && rest[0] == '+') {
		return false
	}
	if c.md && (c.prev == classCode && sc.indent >= codeIndent || thematic(rest)) {
		return false // mdp breaks indented YAML apart here, and takes "* * *" for a list
	}
	for len(c.offsets) > 0 && sc.indent < c.offsets[len(c.offsets)-1] {
		c.offsets = c.offsets[:len(c.offsets)-1]
	}
	if n := len(c.offsets); n == 0 || sc.indent > c.offsets[n-1] && n < 3 {
		c.offsets = append(c.offsets, sc.indent)
	}
	sc.class, sc.level, sc.text = classList, len(c.offsets), strings.TrimLeft(rest[2:], " ")
	if c.md {
		c.item = sc.indent + 2
	}
	return true
}

// within tells whether a line of such an indent, below a blank one, is a
// paragraph of a list's item: in mdp it is code.
func (c *classifier) within(indent int) bool {
	return c.item > 0 && indent >= codeIndent && indent < c.item+codeIndent && c.prev == classEmpty
}

// continues reports whether a line joins the list item directly above. Lines
// with markup of their own do not.
func (c *classifier) continues(rest string, indent int) bool {
	if c.prev != classList || rest == "" || len(c.offsets) == 0 || indent < c.offsets[len(c.offsets)-1] {
		return false
	}
	if strings.HasPrefix(rest, "-> ") || strings.HasPrefix(rest, "|") {
		return false
	}
	if _, ok := ordered(rest); ok && indent <= c.offsets[0] {
		return false
	}
	var sc scan
	c.plain(rest, &sc)
	return sc.class == classText && !sc.empty
}

// quote counts the > marks, which may have blanks between them, and removes
// them with one blank. Further blanks stay: quoted YAML needs its indent.
func (c *classifier) quote(rest string, sc *scan) {
	for strings.HasPrefix(rest, ">") {
		sc.level++
		rest = rest[1:]
		if t := strings.TrimLeft(rest, " "); strings.HasPrefix(t, ">") || c.strict {
			rest = t
		}
	}
	sc.text = strings.TrimPrefix(rest, " ")
}

// plain classifies the line kinds that are left: centred, heading, underline,
// rule, empty or text.
func (c *classifier) plain(rest string, sc *scan) {
	sc.class, sc.text = classText, rest
	if t, ok := centered(rest); ok {
		sc.class, sc.center = classCenter, true
		rest, sc.text = t, t
	}
	trimmed := strings.TrimRight(rest, " ")
	lead := indentOf(rest)
	switch {
	case c.atx(rest[lead:], sc):
		return
	case sc.center:
		return
	case c.md && thematic(rest):
		sc.empty, sc.rule = true, true
		if rest[0] == '-' && !strings.Contains(trimmed, " ") { // below text it makes a heading of it
			sc.class, sc.level = classUnderline, 2
		}
		return
	case strings.Trim(trimmed, " =#*-") != "":
		return
	}
	sc.empty = true
	mark := strings.ReplaceAll(trimmed, " ", "")
	switch {
	case mark == "":
		sc.class, sc.text = classEmpty, ""
	case strings.Trim(mark, "=") == "":
		sc.class, sc.level = classUnderline, 1
	case strings.Trim(mark, "-") == "":
		sc.class, sc.level, sc.rule = classUnderline, 2, len(mark) >= 3
	case strings.Trim(mark, "*") == "":
		sc.rule = len(mark) >= 3
	}
}

// atx recognises "# " and "## ", and in Markdown decks up to six marks. The
// text is shown raw; a closing run of # stays, as in mdp.
func (c *classifier) atx(rest string, sc *scan) bool {
	n := 0
	for n < len(rest) && rest[n] == '#' {
		n++
	}
	if n == 0 || n > 2 && (!c.md || n > 6) || n == len(rest) {
		return false
	}
	after := rest[n:]
	blank := ""
	for _, r := range after {
		if !isBlank(r) {
			break
		}
		blank += string(r)
	}
	if blank == "" {
		return false
	}
	if r := []rune(blank)[0]; r != ' ' {
		sc.hash = rest[:n] + string(r)
		if c.strict {
			return false
		}
	}
	title := strings.TrimRight(after[len(blank):], " ")
	if title == "" {
		return false
	}
	if c.md {
		title = withoutAttributes(title)
		if t := strings.TrimRight(title, "#"); t != title && strings.HasSuffix(t, " ") {
			title = strings.TrimRight(t, " ")
		}
	}
	sc.class, sc.level, sc.text = classHeading, n, title
	return true
}

// centered removes "-> " and an optional closing " <-". Blanks after the arrow's
// own stay as an offset; an arrow alone is text.
func centered(rest string) (string, bool) {
	t, ok := strings.CutPrefix(rest, "->")
	if !ok || t == "" {
		return "", false
	}
	r, n := utf8.DecodeRuneInString(t)
	if !isBlank(r) {
		return "", false
	}
	t = t[n:]
	t = strings.TrimRight(t, " ")
	if t == "" || t == "<-" {
		return "", false
	}
	if body, ok := strings.CutSuffix(t, " <-"); ok && strings.TrimSpace(body) != "" {
		t = strings.TrimRight(body, " ")
	}
	return t, true
}

// ordered recognises the number of an ordered list item, "12. " or "b) ", and
// returns the width of number and blanks together. Such lines are text in mdp; knowing
// them lets wrapped lines hang under their text.
func ordered(s string) (width int, ok bool) {
	i := 0
	for i < len(s) && i < 4 && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	if i == 0 && len(s) > 0 && (s[0] >= 'a' && s[0] <= 'z' || s[0] >= 'A' && s[0] <= 'Z') {
		i = 1
	}
	if i == 0 || i+1 >= len(s) || s[i] != '.' && s[i] != ')' || s[i+1] != ' ' {
		return 0, false
	}
	w := i + 1
	for w < len(s) && s[w] == ' ' {
		w++
	}
	return w, true
}

// thematic recognises a break of CommonMark (0.31, 4.1): three or more of one
// of - * _ and nothing else but blanks.
func thematic(rest string) bool {
	mark := strings.ReplaceAll(rest, " ", "")
	return len(mark) >= 3 && strings.IndexByte("-*_", mark[0]) >= 0 && strings.Trim(mark, mark[:1]) == ""
}

// isStop recognises a stop point: ^ or <br> as the first thing on a line that
// is not inside indented code. In Markdown decks <br> is a blank line, and the
// pause of patat and pandoc, ". . .", a stop.
func (c *classifier) isStop(s string, first bool) bool {
	indent := indentOf(s)
	rest := s[indent:]
	if c.md {
		return strings.TrimRight(rest, " ") == ". . ." || strings.HasPrefix(rest, "^") && indent < codeIndent
	}
	if !strings.HasPrefix(rest, "^") && !strings.HasPrefix(rest, "<br>") && !strings.HasPrefix(rest, "<BR>") {
		return false
	}
	if first && c.strict {
		return false
	}
	return indent < codeIndent || c.prev != classCode
}

// A fence is an open ~~~ or ``` block.
type fence struct {
	mark   byte
	length int
	indent int
	lang   string
}

// openFence recognises the line that opens a fenced block. mdp wants it at
// column 0; up to three blanks are accepted here, as in CommonMark.
func (c *classifier) openFence(s string) (fence, bool) {
	indent := indentOf(s)
	if indent > 0 && c.strict || indent >= codeIndent && (c.item == 0 || indent >= c.item+codeIndent || c.prev == classCode) {
		return fence{}, false
	}
	rest := s[indent:]
	n := markRun(rest)
	if n < 3 {
		return fence{}, false
	}
	info := strings.TrimSpace(rest[n:])
	if rest[0] == '`' && strings.Contains(info, "`") {
		return fence{}, false
	}
	end := strings.IndexFunc(info, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-')
	})
	if end >= 0 {
		info = info[:end]
	}
	return fence{mark: rest[0], length: n, indent: indent, lang: strings.ToLower(info)}, true
}

// closedBy reports whether s ends the fenced block.
func (f fence) closedBy(s string) bool {
	indent := indentOf(s)
	if indent > 0 && indent != f.indent || len(s) == indent || s[indent] != f.mark {
		return false
	}
	n := markRun(s[indent:])
	return n >= f.length && strings.TrimSpace(s[indent+n:]) == ""
}

// markRun returns the length of the run of ~ or ` that s starts with.
func markRun(s string) int {
	if s == "" || s[0] != '~' && s[0] != '`' {
		return 0
	}
	n := 1
	for n < len(s) && s[n] == s[0] {
		n++
	}
	return n
}
