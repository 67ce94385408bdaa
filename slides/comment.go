package slides

import (
	"regexp"
	"strings"
	"sync"
)

// frontMatterMax bounds the search for the end of front matter, in lines.
const frontMatterMax = 200

// frontMatter takes a YAML block between --- lines at index i and returns the
// index after it, or i. In an mdp deck a first --- is only a separator, so
// every line in between has to look like YAML.
func (p *parser) frontMatter(i int) int {
	if i >= len(p.lines) || strings.TrimRight(p.lines[i], " ") != "---" {
		return i
	}
	meta := map[string]string{}
	for n := i + 1; n < len(p.lines) && n < i+frontMatterMax; n++ {
		l := strings.TrimRight(p.lines[n], " ")
		if l == "---" || l == "..." {
			if len(meta) == 0 {
				return i
			}
			p.deck.Meta = meta
			p.metaHeader()
			return n + 1
		}
		switch {
		case l == "", l[0] == '#', l[0] == ' ', strings.HasPrefix(l, "- "):
		case yamlKey(l):
			key, value, _ := strings.Cut(l, ":")
			meta[strings.ToLower(key)] = unquote(strings.TrimSpace(value))
		default:
			return i
		}
	}
	return i
}

// unquote removes the quotes around a YAML scalar.
func unquote(s string) string {
	if len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		return s[1 : len(s)-1]
	}
	return s
}

// metaHeader fills the header positions of mdp from front matter.
func (p *parser) metaHeader() {
	if len(p.deck.Header) > 0 {
		return
	}
	var h []string
	for _, key := range []string{"title", "author", "date"} {
		h = append(h, p.deck.Meta[key])
	}
	for len(h) > 0 && h[len(h)-1] == "" {
		h = h[:len(h)-1]
	}
	p.deck.Header = h
}

// hasComments reports whether any line outside code starts an HTML comment.
func hasComments(lines []string) bool {
	for _, l := range lines {
		if indentOf(l) < codeIndent && strings.HasPrefix(strings.TrimLeft(l, " "), "<!--") {
			return true
		}
	}
	return false
}

// comment takes the HTML comment that starts on line i. It returns the index
// of the comment's last line and the text after it on that line. A comment
// that never ends is text.
func (p *parser) comment(i int) (last int, rest string, ok bool) {
	s := p.lines[i]
	indent := indentOf(s)
	if p.opts.Strict || indent >= codeIndent || !strings.HasPrefix(s[indent:], "<!--") {
		return 0, "", false
	}
	var body []string
	text := s[indent+len("<!--"):]
	for n := i; ; {
		if in, after, found := strings.Cut(text, "-->"); found {
			body = append(body, in)
			p.directive(strings.TrimSpace(strings.Join(body, "\n")), n)
			return n, after, true
		}
		body = append(body, text)
		if n++; n >= len(p.lines) || n > i+frontMatterMax {
			return 0, "", false
		}
		text = p.lines[n]
	}
}

// layoutDirective matches presenterm's layout commands, which mean nothing
// here and are no notes either.
var layoutDirective = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(column_layout|column|reset_layout|new_lines?|jump_to_middle|font_size|alignment|incremental_lists|list_item_newlines|include|no_footer|snippet_output|skip_slide)\b`)
})

// directive obeys one comment that ends on line index i: a pause, the end of
// a slide, the slide's id, or a note for the speaker.
func (p *parser) directive(text string, i int) {
	key, value, _ := strings.Cut(text, ":")
	switch strings.TrimSpace(strings.ToLower(key)) {
	case "":
	case "pause", "stop":
		p.slide.Stops++
		p.cl.stopped = true
	case "end_slide":
		p.close()
		p.open(i + 1)
	case "id":
		p.slide.ID = strings.TrimSpace(value)
	case "speaker_note", "note", "notes":
		p.note(value)
	default:
		if !layoutDirective().MatchString(text) {
			p.note(text)
		}
	}
}

// begun tells whether the slide has anything on it.
func (p *parser) begun() bool {
	for _, it := range p.items {
		if it.class != classEmpty {
			return true
		}
	}
	return false
}

// note adds a note with the common indent of its lines removed.
func (p *parser) note(text string) {
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimSpace(l)
	}
	if t := strings.TrimSpace(strings.Join(lines, "\n")); t != "" {
		p.slide.Notes = append(p.slide.Notes, t)
	}
}
