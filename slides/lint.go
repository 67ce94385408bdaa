package slides

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// A Severity says how much a problem matters.
type Severity uint8

// The severities.
const (
	Info    Severity = iota // worth knowing
	Warning                 // will not look as the author meant
	Error                   // text is lost
)

// String returns the severity's name.
func (s Severity) String() string {
	switch s {
	case Warning:
		return "warning"
	case Error:
		return "error"
	}
	return "info"
}

// The keys of problems, for the catalogue of messages. What Args hold is said
// with each.
const (
	KeySeparator   = "separator-without-blank-line" // the text above
	KeyListRule    = "rule-is-list"                 // the rule
	KeyNBSP        = "nbsp-after-hash"              // none
	KeyHiddenBreak = "blank-code-before-separator"  // number of blanks
	KeyFenceIndent = "indented-fence"               // number of blanks
	KeyFenceOpen   = "unclosed-fence"               // none
	KeyDeepHeading = "deep-heading"                 // level
	KeyStopText    = "text-after-stop"              // the text
	KeyJoinedLine  = "trailing-backslash"           // none
	KeyInWord      = "marker-inside-word"           // the marked text
	KeyLateHeader  = "header-not-first"             // the line
	KeyTooWide     = "too-wide"                     // cells, limit
	KeyTooTall     = "too-tall"                     // rows, limit
	KeySameID      = "duplicate-id"                 // the id, the first slide that has it
	KeySecret      = "secret-in-clear"              // none: the secret is not repeated
	KeyNotText     = "not-text"                     // none
	KeyNotUTF8     = "not-utf8"                     // none
	KeyEmpty       = "empty"                        // none
)

// ProblemKeys returns all keys that Lint uses.
func ProblemKeys() []string {
	return []string{
		KeySeparator, KeyListRule, KeyNBSP, KeyHiddenBreak, KeyFenceIndent, KeyFenceOpen, KeyDeepHeading,
		KeyStopText, KeyJoinedLine, KeyInWord, KeyLateHeader, KeyTooWide, KeyTooTall, KeySameID, KeySecret,
		KeyNotText, KeyNotUTF8, KeyEmpty,
	}
}

// A Problem is a finding of Lint.
type Problem struct {
	File         string
	Line, Column int // from 1; the column counts characters
	Slide        int // from 1
	Severity     Severity
	Key          string
	Args         []any
}

// String returns the problem as "file:line:column: severity: key args".
func (p Problem) String() string {
	s := fmt.Sprintf("%s:%d:%d: %s: %s", p.File, p.Line, p.Column, p.Severity, p.Key)
	for _, a := range p.Args {
		s += fmt.Sprintf(" %v", a)
	}
	return s
}

// LintOptions choose what Lint measures against.
type LintOptions struct {
	// Width and Height are the cells a slide should fit in; 0 means 80x24.
	Width, Height int
}

// Lint reports what will surprise the author of a deck, in mdp or here, in
// the order of the source. src is what d was parsed from.
func Lint(d *Deck, src []byte, o LintOptions) []Problem {
	if o.Width <= 0 {
		o.Width = 80
	}
	if o.Height <= 0 {
		o.Height = 24
	}
	l := &linter{deck: d, lines: splitLines(src), opts: o}
	l.cl.md = d.Markdown
	if l.binary(src) {
		return l.out
	}
	l.encoding(src)
	l.source()
	l.ids()
	l.size()
	slices.SortStableFunc(l.out, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return l.out
}

// A linter walks the source lines with the parser's own classifier.
type linter struct {
	deck  *Deck
	lines []string
	opts  LintOptions
	cl    classifier
	slide int // index of the current slide
	out   []Problem
}

// add reports a problem at line index i and byte offset at.
func (l *linter) add(i, at int, sev Severity, key string, args ...any) {
	col := 1
	if i < len(l.lines) {
		col += utf8.RuneCountInString(l.lines[i][:min(at, len(l.lines[i]))])
	}
	l.out = append(l.out, Problem{
		File: l.deck.Name, Line: i + 1, Column: col, Slide: l.slide + 1,
		Severity: sev, Key: key, Args: args,
	})
}

// binary reports a file that is no text at all: nothing else there is to say
// about it would help anybody.
func (l *linter) binary(src []byte) bool {
	at := bytes.IndexByte(src, 0)
	if at < 0 {
		return false
	}
	l.add(bytes.Count(src[:at], []byte{'\n'}), 0, Error, KeyNotText)
	return true
}

// encoding checks that the deck is UTF-8, and that there is something in it.
func (l *linter) encoding(src []byte) {
	for i := 0; len(src) > 0; i++ {
		line, rest, _ := bytes.Cut(src, []byte{'\n'})
		if !utf8.Valid(line) {
			l.add(i, 0, Error, KeyNotUTF8)
			l.out[len(l.out)-1].Column = 1 + utf8.RuneCount(validPrefix(line))
			break
		}
		src = rest
	}
	for _, s := range l.deck.Slides {
		for i := range s.Blocks {
			if s.Blocks[i].Kind != Blank {
				return
			}
		}
	}
	l.add(0, 0, Warning, KeyEmpty)
}

// validPrefix returns what of b stands before the first byte that is not UTF-8.
func validPrefix(b []byte) []byte {
	for n := 0; n < len(b); {
		r, size := utf8.DecodeRune(b[n:])
		if r == utf8.RuneError && size <= 1 {
			return b[:n]
		}
		n += size
	}
	return b
}

// source checks line by line. Front matter and headers are no slides.
func (l *linter) source() {
	l.cl.reset()
	above := ""
	first := 0
	if l.deck.Markdown {
		first = l.deck.Slides[0].Line - 1
	}
	for i := first; i < len(l.lines); i++ {
		for l.slide+1 < len(l.deck.Slides) && i+1 >= l.deck.Slides[l.slide+1].Line {
			l.slide++
			l.cl.reset()
			above = ""
		}
		s := l.lines[i]
		indent := indentOf(s)
		if f, ok := l.cl.openFence(s); ok {
			if indent > 0 && !l.deck.Markdown {
				l.add(i, 0, Warning, KeyFenceIndent, indent)
			}
			i = l.fenced(i, f)
			above = "x"
			continue
		}
		if l.cl.isStop(s, false) {
			l.stop(i)
			l.cl.stopped = true
			continue
		}
		code := indent >= codeIndent && (l.cl.prev == classEmpty || l.cl.prev == classCode)
		sc := l.cl.line(s)
		l.line(i, sc, above, code)
		if strings.TrimSpace(s) != "" || !code {
			above = s
		}
	}
}

// fenced skips a fenced block and returns the index of its last line.
func (l *linter) fenced(i int, f fence) int {
	for n := i + 1; n < len(l.lines); n++ {
		if f.closedBy(l.lines[n]) {
			l.cl.prev, l.cl.stopped = classCode, false
			return n
		}
		l.secret(n)
	}
	l.add(i, 0, Error, KeyFenceOpen)
	return len(l.lines)
}

// stop checks a stop line: mdp drops what follows on it.
func (l *linter) stop(i int) {
	s := l.lines[i]
	rest := strings.TrimLeft(s, " ")
	if strings.HasPrefix(rest, ".") { // a Markdown deck's ". . ."
		return
	}
	rest = strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(rest, "<br>"), "<BR>"), "^")
	if t := strings.TrimSpace(rest); t != "" {
		l.add(i, strings.Index(s, t), Error, KeyStopText, t)
	}
}

// line checks one classified line; above is the line before it.
func (l *linter) line(i int, sc scan, above string, code bool) {
	s := l.lines[i]
	trimmed := strings.TrimSpace(s)
	at := indentOf(s)
	switch {
	case l.deck.Markdown: // what follows surprises in mdp only, which does not show such decks
	case code && trimmed == "":
		if i+1 < len(l.lines) && ruleLine(l.lines[i+1]) {
			l.add(i, 0, Warning, KeyHiddenBreak, len(s))
		}
		return
	case code:
	case (trimmed == "---" || trimmed == "***") && strings.Trim(above, " =#*-") != "" && textWidth(strings.TrimSpace(above)) > 4:
		l.add(i, at, Warning, KeySeparator, strings.TrimSpace(above))
	case sc.class == classList && !sc.cont && ruleLine(s):
		l.add(i, at, Warning, KeyListRule, trimmed)
	case strings.HasPrefix(trimmed, "%") && len(l.deck.Header) == 0 && i < 10 && strings.Contains(trimmed, ":"):
		l.add(i, at, Warning, KeyLateHeader, trimmed)
	}
	if !code {
		l.markup(i, sc)
	}
	l.secret(i)
}

// markup checks headings and line ends.
func (l *linter) markup(i int, sc scan) {
	s := l.lines[i]
	if sc.hash != "" {
		l.add(i, strings.Index(s, "#")+len(sc.hash)-len("\u00a0"), Warning, KeyNBSP)
	}
	t := strings.TrimLeft(strings.TrimPrefix(strings.TrimLeft(s, " "), "->"), " ")
	if n := runLength(t, '#'); !l.deck.Markdown && n > 2 && n < len(t) && n < 7 && t[n] == ' ' {
		l.add(i, strings.Index(s, "#"), Warning, KeyDeepHeading, n)
	}
	if sc.class == classQuote {
		l.inWord(i)
	}
	if n := len(s) - len(strings.TrimRight(s, "\\")); !l.deck.Markdown && n%2 == 1 && i+1 < len(l.lines) {
		l.add(i, len(s)-1, Warning, KeyJoinedLine)
	}
}

// inWord checks for a placeholder such as user@*address*: markers open after a
// blank only, so that the stars are shown and nothing is filled in.
func (l *linter) inWord(i int) {
	s := l.lines[i]
	for at := 1; at < len(s); at++ {
		if s[at] != '*' || strings.IndexByte("@=/:'\"(", s[at-1]) < 0 {
			continue
		}
		word, after, ok := strings.Cut(s[at+1:], "*")
		if !ok || word == "" || strings.ContainsAny(word, " ./*") || strings.HasPrefix(after, "*") {
			continue
		}
		l.add(i, at, Warning, KeyInWord, word)
		at += len(word) + 1
	}
}

// withoutMarkers takes the markers off a line.
var withoutMarkers = strings.NewReplacer("*", "", "_", "", "`", "")

// secret checks for a password in clear text.
func (l *linter) secret(i int) {
	s := l.lines[i]
	plain := withoutMarkers.Replace(s)
	start, end, ok := secretAt(plain)
	if !ok {
		return
	}
	l.add(i, max(0, strings.LastIndex(s, plain[start:end])), Warning, KeySecret)
}

// ruleLine reports whether s consists of three or more - or * and blanks.
func ruleLine(s string) bool {
	mark := strings.ReplaceAll(s, " ", "")
	return len(mark) >= 3 && (strings.Trim(mark, "-") == "" || strings.Trim(mark, "*") == "")
}

// ids checks that no two slides have the same id.
func (l *linter) ids() {
	first := map[string]int{}
	for n, s := range l.deck.Slides {
		if s.ID == "" {
			continue
		}
		if at, ok := first[s.ID]; ok {
			l.slide = n
			l.add(s.Line-1, 0, Error, KeySameID, s.ID, at)
			continue
		}
		first[s.ID] = s.Number
	}
}

// size checks that slides fit.
func (l *linter) size() {
	for n, s := range l.deck.Slides {
		l.slide = n
		v := s.Render(l.deck, Options{Width: l.opts.Width, Height: l.opts.Height, Stop: -1})
		if v.Width > l.opts.Width {
			for i := range v.rows {
				if v.rows[i].width() == v.Width {
					l.add(max(0, v.Source[i]-1), 0, Info, KeyTooWide, v.Width, l.opts.Width)
					break
				}
			}
		}
		if v.Height > l.opts.Height {
			l.add(s.Line-1, 0, Info, KeyTooTall, v.Height, l.opts.Height)
		}
	}
}
