package slides

import (
	"strings"
	"unicode"
)

// textBlocks splits a run of text lines into paragraphs, framed tables, pipe
// tables and drawings.
func (p *parser) textBlocks(b Block) []Block {
	var out []Block
	rest := b.Lines
	flush := func(lines []Line) {
		if len(lines) == 0 {
			return
		}
		kind := Text
		if drawn(lines) {
			kind = Art
		}
		out = append(out, Block{Kind: kind, Lines: lines, Stop: b.Stop})
	}
	start := 0
	for i := 0; i < len(rest); {
		n := i
		if p.deck.Markdown && i+1 < len(rest) && strings.Contains(rest[i].Text, "|") && delimiterRow(rest[i+1].Text) {
			for n < len(rest) && strings.Contains(rest[n].Text, "|") {
				n++
			}
		}
		for n < len(rest) && !rest[n].Centered && framed(rest[n].Text) {
			n++
		}
		if n == i {
			i++
			continue
		}
		flush(rest[start:i])
		lines := rest[i:n]
		kind := Art
		if !p.opts.Strict {
			if t, ok := pipeTable(lines, p.deck.Markdown); ok {
				lines, kind = t, Table
			}
		}
		out = append(out, Block{Kind: kind, Lines: lines, Stop: b.Stop})
		start, i = n, n
	}
	flush(rest[start:])
	return out
}

// codeBlocks turns blank lines around code into blank blocks, guesses the
// language of indented code, and tells drawings from code.
func codeBlocks(b Block) []Block {
	if b.Fenced {
		b.paint = &painter{}
		return []Block{b}
	}
	first, last := 0, len(b.Lines)
	for first < last && strings.TrimSpace(b.Lines[first].Text) == "" {
		first++
	}
	for last > first && strings.TrimSpace(b.Lines[last-1].Text) == "" {
		last--
	}
	var out []Block
	if first > 0 {
		out = append(out, Block{Kind: Blank, Lines: b.Lines[:first], Stop: b.Stop})
	}
	if first < last {
		c := Block{Kind: Code, Lines: b.Lines[first:last], Stop: b.Stop}
		c.Lang = guess(c.Lines)
		if c.Lang == "" && sketched(c.Lines) {
			c.Kind = Art
		} else {
			c.paint = &painter{}
		}
		out = append(out, c)
	}
	if last < len(b.Lines) {
		out = append(out, Block{Kind: Blank, Lines: b.Lines[last:], Stop: b.Stop})
	}
	return out
}

// framed reports whether a line is a row or rule of a table or box.
func framed(s string) bool {
	t := strings.TrimSpace(s)
	if len(t) < 2 {
		return false
	}
	switch t[0] {
	case '+':
		return (t[1] == '-' || t[1] == '=') && t[len(t)-1] == '+'
	case '|':
		return t[len(t)-1] == '|'
	}
	for _, r := range t {
		return r >= 0x2500 && r < 0x25a0
	}
	return false
}

// drawn reports whether text lines are aligned with each other by runs of
// blanks or frame characters, so that wrapping would break them. A single
// line is aligned with nothing.
func drawn(lines []Line) bool {
	if len(lines) < 2 {
		return false
	}
	n := 0
	for _, l := range lines {
		if l.Centered {
			return false
		}
		if framed(l.Text) || gaps(l.Text) >= 2 || strings.Contains(l.Text, "+--") {
			n++
		}
	}
	return n*2 >= len(lines) && n >= 2
}

// gaps counts the inner runs of two or more blanks.
func gaps(s string) int {
	n, run := 0, 0
	for _, r := range strings.Trim(s, " ") {
		if r == ' ' {
			if run++; run == 2 {
				n++
			}
			continue
		}
		run = 0
	}
	return n
}

// sketched reports whether indented lines are a drawing: mostly other
// characters than letters and digits.
func sketched(lines []Line) bool {
	word, all := 0, 0
	for _, l := range lines {
		for _, r := range l.Text {
			switch {
			case unicode.IsLetter(r), unicode.IsDigit(r):
				word++
				all++
			case r != ' ':
				all++
			}
		}
	}
	return word*2 < all
}

// guess names the language of indented code that has no fence to say it.
func guess(lines []Line) string {
	puppet, yaml, shell, content := 0, 0, 0, 0
	for _, l := range lines {
		t := strings.TrimSpace(l.Text)
		if t == "" {
			continue
		}
		content++
		switch {
		case strings.Contains(t, "=>"), strings.Contains(t, "::") && !strings.Contains(t, "::/"),
			strings.HasPrefix(t, "class ") && strings.Contains(t, "{"),
			strings.HasPrefix(t, "node ") && strings.Contains(t, "{"):
			puppet++
		case strings.HasPrefix(t, "$ "), strings.HasPrefix(t, "#!"), strings.HasPrefix(t, "sudo "),
			strings.HasPrefix(t, "apt-get "), strings.HasPrefix(t, "export "):
			shell++
		case strings.HasPrefix(t, "- "), strings.HasPrefix(t, "#cloud-config"), yamlKey(t):
			yaml++
		}
	}
	switch {
	case puppet > 0:
		return "puppet"
	case shell > 0:
		return "shell"
	case yaml*2 > content:
		return "yaml"
	}
	return ""
}

// yamlKey reports whether t starts with "key:" followed by a blank or nothing.
func yamlKey(t string) bool {
	key, after, ok := strings.Cut(t, ":")
	return ok && key != "" && !strings.ContainsAny(key, " {}()'\"") && (after == "" || after[0] == ' ')
}
