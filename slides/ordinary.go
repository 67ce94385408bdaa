package slides

import (
	"regexp"
	"strings"
	"sync"
)

// What only Markdown decks have: see CommonMark 0.31 for tags, breaks and
// references, the manuals of pandoc and patat for divs and attributes.

// markdownSigns tells a Markdown deck without front matter and comments from
// one for mdp: it has headings, pipe tables, references or callouts that mdp
// would show as text, and nothing that is markup in mdp alone.
func markdownSigns(lines []string) bool {
	found := false
	c := classifier{md: true}
	for i := 0; i < len(lines); i++ {
		s := lines[i]
		if f, ok := c.openFence(s); ok {
			for i++; i < len(lines) && !f.closedBy(lines[i]); i++ {
			}
			continue
		}
		if indentOf(s) >= codeIndent {
			continue
		}
		t := strings.TrimLeft(s, " ")
		for _, mdp := range []string{"-> ", "->\u00a0", "^", "<br>", "<BR>"} {
			if strings.HasPrefix(t, mdp) {
				return false
			}
		}
		if i > 0 && strings.HasPrefix(t, "= ") && ruleLine(lines[i-1]) {
			return false
		}
		found = found || deepHeading(t) || strings.HasPrefix(t, "> [!") || reference().MatchString(t) ||
			i > 0 && strings.Contains(lines[i-1], "|") && delimiterRow(t)
	}
	return found
}

// deepHeading recognises a heading of level 3 to 6.
func deepHeading(t string) bool {
	n := runLength(t, '#')
	return n > 2 && n < 7 && n+1 < len(t) && t[n] == ' '
}

// htmlTag matches the tags of HTML that people write into Markdown for looks.
var htmlTag = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)</?(?:a|b|big|br|center|code|del|details|div|em|font|i|img|ins|kbd|mark|p|s|small|span|strong|sub|summary|sup|u)(?:\s[^<>]*)?/?>`)
})

// htmlBreak matches the tag that ends a line.
var htmlBreak = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)<br\s*/?>`) })

// attributes matches a span with attributes of pandoc, [text]{.class}.
var attributes = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\[([^][]+)\]\{[^{}]*\}`) })

// reference matches the definition of a link's target: [label]: target "title".
var reference = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\[([^][^][^][]*)\]:\s+<?([^\s<>]+)>?(?:\s+["'(].*)?\s*$`)
})

// referred matches a link by its label: [text][label], [label][] or [label].
var referred = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\[([^][]+)\](?:\[([^][]*)\])?`) })

// lineEnd stands for a <br> inside a line until the line is cut there. The
// reader has dropped all control characters, so that no deck holds one.
const lineEnd = "\v"

// ordinary takes out of a line of Markdown what has no meaning here: HTML tags
// outside code, pandoc's attributes, and the backslash of a hard break, for
// every line breaks. A line of nothing else is to be left out.
func (p *parser) ordinary(s string) (rest string, nothing bool) {
	t := strings.TrimLeft(s, " ")
	if strings.HasPrefix(t, ":::") || len(p.targets) > 0 && reference().MatchString(t) {
		return "", true
	}
	if strings.Contains(s, "<") {
		rest = outsideCode(s, func(part string) string {
			return htmlTag().ReplaceAllString(htmlBreak().ReplaceAllString(part, lineEnd), "")
		})
		if strings.Trim(rest, " "+lineEnd) == "" {
			return "", !strings.Contains(rest, lineEnd)
		}
		s = strings.TrimRight(rest, " "+lineEnd)
	}
	if strings.Contains(s, "]{") {
		s = outsideCode(s, func(part string) string { return attributes().ReplaceAllString(part, "$1") })
	}
	if len(p.targets) > 0 && strings.Contains(s, "[") {
		s = outsideCode(s, p.refer)
	}
	if t, ok := strings.CutSuffix(s, "\\"); ok && !strings.HasSuffix(t, "\\") {
		s = t
	}
	return s, false
}

// outsideCode changes a line but for what is between two backticks.
func outsideCode(s string, change func(string) string) string {
	parts := strings.Split(s, "`")
	for i := 0; i < len(parts); i += 2 {
		parts[i] = change(parts[i])
	}
	return strings.Join(parts, "`")
}

// refer gives links by label their targets.
func (p *parser) refer(s string) string {
	var b strings.Builder
	at := 0
	for _, m := range referred().FindAllStringSubmatchIndex(s, -1) {
		label := s[m[2]:m[3]]
		if m[4] >= 0 && m[4] < m[5] {
			label = s[m[4]:m[5]]
		}
		target, ok := p.targets[strings.ToLower(label)]
		if ok && !strings.HasPrefix(s[m[1]:], "(") {
			b.WriteString(s[at:m[0]] + "[" + s[m[2]:m[3]] + "](" + target + ")")
			at = m[1]
		}
	}
	return b.String() + s[at:]
}

// findTargets collects the targets that links name by a label.
func (p *parser) findTargets(lines []string) {
	for _, s := range lines {
		t := strings.TrimLeft(s, " ")
		if !strings.HasPrefix(t, "[") || len(s)-len(t) >= codeIndent {
			continue
		}
		m := reference().FindStringSubmatch(t)
		if m == nil || strings.ContainsAny(m[2], "()") {
			continue
		}
		if p.targets == nil {
			p.targets = map[string]string{}
		}
		if label := strings.ToLower(m[1]); p.targets[label] == "" {
			p.targets[label] = m[2]
		}
	}
}

// speakerDiv takes pandoc's "::: notes" that starts on line i and returns the
// index of its last line.
func (p *parser) speakerDiv(i int) (last int, ok bool) {
	if !p.deck.Markdown || !strings.HasPrefix(p.lines[i], ":::") || strings.Trim(p.lines[i], ": {}.") != "notes" {
		return 0, false
	}
	for n := i + 1; n < len(p.lines) && n <= i+frontMatterMax; n++ {
		if strings.HasPrefix(p.lines[n], ":::") {
			p.note(strings.Join(p.lines[i+1:n], "\n"))
			return n, true
		}
	}
	return 0, false
}

// broken keeps the parts of a line before its last <br>, and returns the rest
// as it continues them. A row of a table stays one.
func (p *parser) broken(s string, number int) string {
	if strings.HasPrefix(strings.TrimLeft(s, " "), "|") {
		return strings.ReplaceAll(s, lineEnd, " ")
	}
	hang := strings.Repeat(" ", indentOf(s))
	for {
		part, rest, ok := strings.Cut(s, lineEnd)
		if !ok {
			return s
		}
		sc := p.cl.line(part)
		if sc.class == classList && !sc.cont {
			hang += "  "
		}
		p.keep(sc, number, part)
		s = hang + strings.TrimLeft(rest, " ")
	}
}

// withoutAttributes takes {#id .class} off the end of a heading.
func withoutAttributes(title string) string {
	i := strings.LastIndex(title, " {")
	if i <= 0 || !strings.HasSuffix(title, "}") || !strings.ContainsAny(title[i:], ".#=") {
		return title
	}
	return strings.TrimRight(title[:i], " ")
}

// callout makes the first line of a callout, "[!note] title", its title, and
// tells whether there was one.
func callout(b *Block) bool {
	kind, title, ok := strings.Cut(strings.TrimPrefix(b.Lines[0].Text, "[!"), "]")
	if !ok || !strings.HasPrefix(b.Lines[0].Text, "[!") || kind == "" || strings.ContainsAny(kind, " *_") {
		return false
	}
	if title = strings.TrimSpace(strings.TrimLeft(title, "+-")); title == "" {
		title = strings.ToUpper(kind[:1]) + strings.ToLower(kind[1:])
	}
	b.Lines[0].Text = "*" + title + "*"
	return true
}

// slideLevel is the level of the headings that begin a slide each, in a deck
// that has no separators: the highest that stands more than once, as patat and
// pandoc have it; 0 in a deck that has separators.
func slideLevel(lines []string) int {
	c := classifier{md: true}
	counts := [7]int{}
	empty := false
	for i := 0; i < len(lines); i++ {
		if empty || i == 0 {
			if rows, _ := simpleTable(lines, i); rows > 0 {
				i, empty = i+rows-1, false
				continue
			}
		}
		if f, ok := c.openFence(lines[i]); ok {
			for i++; i < len(lines) && !f.closedBy(lines[i]); i++ {
			}
			continue
		}
		if strings.Contains(lines[i], "<!-- end_slide") {
			return 0
		}
		switch sc := c.line(lines[i]); {
		case sc.rule && empty && i > 0:
			return 0
		case sc.class == classHeading:
			counts[sc.level]++
			empty = false
		default:
			empty = sc.empty
		}
	}
	for level, n := range counts {
		if n > 1 {
			return level
		}
	}
	return 0
}
