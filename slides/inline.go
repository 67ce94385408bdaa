package slides

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// inlineSpecials are the characters that inline markup is made of.
const inlineSpecials = "\\*_`![~<"

// inlineDepth bounds the nesting of spans; deeper markers are literal.
const inlineDepth = 8

// linkMax bounds label and target of a link together, in bytes.
const linkMax = 4096

// attr is a set of inline attributes.
type attr uint8

const (
	attrEmphasis  attr = 1 << iota // *x*: a colour in mdp
	attrUnderline                  // _x_
	attrCode                       // `x`
	attrLink                       // the label of a link
	attrStrike                     // ~~x~~ of Markdown
)

// A span is a run of text with the same attributes, markers removed.
type span struct {
	text string
	attr attr
	url  string // for a link's label
	bare bool   // the text is the target itself, <http://x>
}

// inlineMarker reports whether r may vanish as a marker.
func inlineMarker(r rune) bool {
	return r < 0x80 && strings.ContainsRune(inlineSpecials+"]()|", r)
}

// parseInline finds emphasis, underline, code and links in one line. As in
// mdp a marker opens at the start, after a blank or after another opener, and
// closes when no letter or digit follows. Unlike mdp a marker without a
// partner is text, and so are stars with blanks around them, so that nothing
// is lost; markers never span lines. With md set, markers also open after
// punctuation and stand for themselves inside code.
func parseInline(s string, md bool) []span {
	p := inliner{s: s, md: md}
	p.parse(0, len(s), 0, true, 0)
	p.flush(0)
	return p.spans
}

// An inliner is the state of one parseInline.
type inliner struct {
	s     string
	md    bool
	spans []span
	text  strings.Builder
	attr  attr // of text
}

// write adds literal text.
func (p *inliner) write(s string, a attr) {
	if a != p.attr {
		p.flush(a)
	}
	p.text.WriteString(s)
}

// flush ends the current span and starts one with attributes a.
func (p *inliner) flush(a attr) {
	if p.text.Len() > 0 {
		p.spans = append(p.spans, span{text: p.text.String(), attr: p.attr})
		p.text.Reset()
	}
	p.attr = a
}

// parse handles s[i:end] with the attributes a; opener is set when an opening
// marker (or the line's start) is directly before i.
func (p *inliner) parse(i, end int, a attr, opener bool, depth int) {
	// Failed searches for a closer, per marker and run length: they would
	// fail again for each later opener, and make long lines quadratic.
	var failed [3][4]bool
	for i < end {
		c := p.s[i]
		if strings.IndexByte(inlineSpecials, c) < 0 {
			_, n := utf8.DecodeRuneInString(p.s[i:])
			p.write(p.s[i:i+n], a)
			opener = p.opensAfter(i + n)
			i += n
			continue
		}
		switch {
		case c == '\\' && i+1 < end && escapable(p.s[i+1]):
			p.write(p.s[i+1:i+2], a)
			opener = false
			i += 2
			continue
		case c == '[' || c == '!' && i+1 < end && p.s[i+1] == '[':
			if n := p.link(i, end, a, opener); n > 0 {
				i, opener = n, false
				continue
			}
		case (c == '~' || c == '<') && p.md:
			if n := p.struck(i, end, a, depth); n > 0 {
				i, opener = n, false
				continue
			}
			if n := p.address(i, end, a); n > 0 {
				i, opener = n, false
				continue
			}
		case c == '*' || c == '_' || c == '`':
			if n := p.marked(i, end, a, opener, depth, &failed); n > 0 {
				i, opener = n, false
				continue
			}
			run := runLength(p.s[i:end], c)
			p.write(p.s[i:i+run], a)
			i += run
			opener = false
			continue
		}
		p.write(p.s[i:i+1], a)
		i++
		opener = p.md
	}
}

// struck handles ~~text~~ at i and returns the index after it, or 0.
func (p *inliner) struck(i, end int, a attr, depth int) int {
	if depth >= inlineDepth || runLength(p.s[i:end], '~') != 2 || i+2 >= end || p.s[i+2] == ' ' {
		return 0
	}
	n := strings.Index(p.s[i+2:end], "~~")
	if n <= 0 || p.s[i+1+n] == ' ' {
		return 0
	}
	p.parse(i+2, i+2+n, a|attrStrike, true, depth+1)
	return i + n + 4
}

// address handles <https://target> at i and returns the index after it, or 0.
func (p *inliner) address(i, end int, a attr) int {
	n := strings.IndexByte(p.s[i:min(end, i+linkMax)], '>')
	if n < 0 || p.s[i] != '<' {
		return 0
	}
	url := p.s[i+1 : i+n]
	scheme, rest, ok := strings.Cut(url, ":")
	if !ok || rest == "" || strings.ContainsAny(url, " <") || scheme != "http" && scheme != "https" && scheme != "mailto" {
		return 0
	}
	p.flush(a)
	p.spans = append(p.spans, span{text: strings.TrimPrefix(url, "mailto:"), attr: a | attrLink, url: url, bare: true})
	return i + n + 1
}

// opensAfter reports whether a marker at i may open, from the rune before it.
func (p *inliner) opensAfter(i int) bool {
	r, _ := utf8.DecodeLastRuneInString(p.s[:i])
	return isBlank(r) || p.md && (unicode.IsPunct(r) || unicode.IsSymbol(r))
}

// marked handles a marked span at i and returns the index after it, or 0.
func (p *inliner) marked(i, end int, a attr, opener bool, depth int, failed *[3][4]bool) int {
	c := p.s[i]
	if !opener || depth >= inlineDepth {
		return 0
	}
	n := runLength(p.s[i:end], c)
	if n > 3 || i+n >= end {
		return 0
	}
	if r, _ := utf8.DecodeRuneInString(p.s[i+n:]); isBlank(r) && c != '`' {
		return 0
	}
	index := strings.IndexByte("*_`", c)
	if failed[index][n] {
		return 0
	}
	j := p.closer(i+n, end, c, n)
	if j < 0 {
		failed[index][n] = true
		return 0
	}
	inner := a | [...]attr{attrEmphasis, attrUnderline, attrCode}[index]
	if c == '`' && p.md {
		p.write(p.s[i+n:j], inner)
	} else {
		p.parse(i+n, j, inner, true, depth+1)
	}
	return j + n
}

// closer returns the index of the run of n marks c that closes a span whose
// text starts at i, or -1. A run of exactly n is preferred over a longer one.
func (p *inliner) closer(i, end int, c byte, n int) int {
	longer := -1
	for j := i; j < end; {
		switch {
		case p.s[j] == '\\' && c != '`':
			j += 2
			continue
		case p.s[j] != c:
			j++
			continue
		}
		run := runLength(p.s[j:end], c)
		before, _ := utf8.DecodeLastRuneInString(p.s[:j])
		after, _ := utf8.DecodeRuneInString(p.s[j+run:])
		closes := j > i && (c == '`' || !isBlank(before)) &&
			(j+run >= len(p.s) || !unicode.IsLetter(after) && !unicode.IsDigit(after))
		if closes && run == n {
			return j
		}
		if closes && run > n && longer < 0 {
			longer = j
		}
		j += run
	}
	return longer
}

// link handles [label](url) or ![label](url) at i and returns the index after
// it, or 0. mdp wants a blank before it.
func (p *inliner) link(i, end int, a attr, opener bool) int {
	if !opener {
		return 0
	}
	start := i + 1
	if p.s[i] == '!' {
		start++
	}
	end = min(end, start+linkMax)
	if start >= end {
		return 0
	}
	close := strings.Index(p.s[start:end], "](")
	if close < 0 || close == 0 && (!p.md || p.s[i] != '!') || strings.Contains(p.s[start:start+close], "[") {
		return 0
	}
	stop := strings.IndexByte(p.s[start+close:end], ')')
	if stop < 0 {
		return 0
	}
	label := p.s[start : start+close]
	url := strings.TrimSpace(p.s[start+close+2 : start+close+stop])
	url, _, _ = strings.Cut(url, " ")                                                 // a title may follow
	if p.md && p.s[i] == '!' && (label == "" || strings.HasPrefix(label, "image:")) { // presenterm's sizes
		label = url[strings.LastIndexByte(url, '/')+1:]
	}
	if url == "" || strings.TrimSpace(label) == "" {
		return 0
	}
	p.flush(a)
	plain := label
	if strings.ContainsAny(label, "*_`") {
		plain = ""
		for _, sp := range parseInline(strings.ReplaceAll(label, "[", ""), p.md) {
			plain += sp.text
		}
	}
	p.spans = append(p.spans, span{text: plain, attr: a | attrLink, url: url})
	return start + close + stop + 1
}

// escapable reports whether a backslash before c hides. mdp hides every
// backslash; those of commands and paths are kept here.
func escapable(c byte) bool {
	return strings.IndexByte("\\*_`![]#<>^-=+|~&", c) >= 0
}

// runLength returns how many bytes c are at the start of s.
func runLength(s string, c byte) int {
	n := 0
	for n < len(s) && s[n] == c {
		n++
	}
	return n
}
