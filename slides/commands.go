package slides

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Command is a command that a slide shows in its quoted lines.
type Command struct {
	// Text is the command line as a person would type it, placeholders as on
	// the slide, continued lines joined.
	Text string
	// Parts are the pieces of Text; joined they are Text.
	Parts []Part
	// Line is the first source line, and Last the last one.
	Line, Last int
	// Stop is the number of stops before the command.
	Stop int
}

// A Part is a piece of a command.
type Part struct {
	Text string
	// Placeholder is set for emphasised text, which stands for a value of
	// the participant's own.
	Placeholder bool
}

// Fill returns the command line with the placeholders' values for showing. A
// placeholder without value stays. Values are not quoted for a shell.
func (c Command) Fill(value func(placeholder string) (string, bool)) string {
	var b strings.Builder
	for _, p := range c.Parts {
		if p.Placeholder && value != nil {
			if v, ok := value(p.Text); ok {
				b.WriteString(clean(v))
				continue
			}
		}
		b.WriteString(p.Text)
	}
	return b.String()
}

// Placeholders returns the command's placeholders in order, each once.
func (c Command) Placeholders() []string {
	var out []string
	seen := map[string]bool{}
	for _, p := range c.Parts {
		if p.Placeholder && !seen[p.Text] {
			seen[p.Text] = true
			out = append(out, p.Text)
		}
	}
	return out
}

// Commands returns the slide's commands in order: its quoted lines but those
// that are prose or YAML. A quoted line that starts with an option or an
// operator, or follows a line that ends with a backslash or an operator,
// continues the command above.
func (s *Slide) Commands() []Command {
	var out []Command
	for i := range s.Blocks {
		b := &s.Blocks[i]
		if b.Kind != Quote || b.prose {
			continue
		}
		open := false // the line above was a command
		for _, l := range b.Lines {
			parts := commandParts(l.Text)
			text := joinParts(parts)
			switch {
			case open && continuation(out[len(out)-1].Text, text):
				out[len(out)-1].extend(parts, l.Number)
			case isCommand(text):
				open = true
				out = append(out, Command{Text: text, Parts: parts, Line: l.Number, Last: l.Number, Stop: b.Stop})
			default:
				open = false
			}
		}
	}
	for i := range out {
		out[i].trim()
	}
	return out
}

// extend joins a continued line.
func (c *Command) extend(parts []Part, line int) {
	c.trim()
	c.Parts = append(append(c.Parts, Part{Text: " "}), parts...)
	c.Text = joinParts(c.Parts)
	c.Last = line
}

// trim removes a backslash at the end.
func (c *Command) trim() {
	if len(c.Parts) == 0 {
		return
	}
	last := &c.Parts[len(c.Parts)-1]
	last.Text = strings.TrimRight(strings.TrimSuffix(strings.TrimRight(last.Text, " "), "\\"), " ")
	c.Text = joinParts(c.Parts)
}

// commandParts splits a quoted line at its emphasised words.
func commandParts(text string) []Part {
	var parts []Part
	text = strings.TrimRight(text, " ")
	for _, sp := range parseInline(text, false) {
		placeholder := sp.attr&attrEmphasis != 0
		if n := len(parts); n > 0 && parts[n-1].Placeholder == placeholder {
			parts[n-1].Text += sp.text
			continue
		}
		parts = append(parts, Part{Text: sp.text, Placeholder: placeholder})
	}
	return parts
}

// joinParts returns the parts' text.
func joinParts(parts []Part) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(p.Text)
	}
	return b.String()
}

// continuation reports whether text goes on the command above it.
func continuation(above, text string) bool {
	above = strings.TrimRight(above, " ")
	for _, end := range []string{"\\", "|", "&&"} {
		if strings.HasSuffix(above, end) {
			return text != ""
		}
	}
	t := strings.TrimLeft(text, " ")
	return len(t) > 1 && t[0] == '-' && t[1] != ' ' || strings.HasPrefix(t, "| ") ||
		strings.HasPrefix(t, "&& ") || strings.HasPrefix(t, "|| ")
}

// isCommand tells a command from quoted prose and YAML by its first word and
// its last character.
func isCommand(text string) bool {
	text = strings.TrimSpace(text)
	word, _, _ := strings.Cut(text, " ")
	if word == "" || word[0] == '-' || word[0] == '#' || word[0] == '+' || word[0] == '|' {
		return false
	}
	if strings.HasSuffix(word, ":") { // a YAML key or a speaker's name
		return false
	}
	if name, _, ok := strings.Cut(word, "="); ok && name != "" {
		word = strings.ToLower(name) // a variable for the command after it
	}
	for _, r := range word {
		if r > unicode.MaxASCII || unicode.IsUpper(r) || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._/~+-[$", r) {
			return false
		}
	}
	r, size := utf8.DecodeLastRuneInString(text)
	if strings.ContainsRune("?!:…", r) {
		// A mark after a word ends a sentence.
		before, _ := utf8.DecodeLastRuneInString(text[:len(text)-size])
		return !unicode.IsLetter(before) && before != ' '
	}
	return true
}
