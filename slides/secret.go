package slides

import (
	"strings"
	"unicode/utf8"
)

// secretWords announce a secret when a colon, an equal sign or a cell border
// follows; folded, see fold.
var secretWords = []string{
	"mot de passe", "motdepasse", "password", "passwd", "adminpass", "passphrase",
	"secret", "token", "api key", "apikey", "api_key",
}

// secretAt returns the byte range of the secret in a line as shown, such as
// "Mot de passe : moutarde" or a table row "| adminPass | … |"; ok is false
// if there is none. Values that are placeholders ($x, <x>, XXX) are not.
func secretAt(s string) (start, end int, ok bool) {
	f, at := fold(s)
	for _, word := range secretWords {
		i := strings.Index(f, word)
		if i < 0 {
			continue
		}
		i += len(word)
		if at != nil {
			i = at[i]
		}
		rest := s[i:]
		if cut := strings.TrimLeft(rest, " \u00a0"); cut != "" && strings.IndexByte(":=|", cut[0]) >= 0 {
			value := strings.TrimLeft(cut[1:], " \u00a0\"'")
			start = len(s) - len(value)
			if n := strings.IndexAny(value, " |\"'"); n >= 0 {
				value = value[:n]
			}
			if value == "" || strings.ContainsAny(value[:1], "$<{%-") || strings.Trim(value, "X*•.…") == "" {
				continue
			}
			return start, start + len(value), true
		}
	}
	return 0, 0, false
}

// conceal replaces the secret in a line of segs by bullets of its width.
func conceal(segs []seg) {
	var b strings.Builder
	for _, s := range segs {
		b.WriteString(s.text)
	}
	start, end, ok := secretAt(b.String())
	if !ok {
		return
	}
	at := 0
	for i, s := range segs {
		from, to := max(start-at, 0), min(end-at, len(s.text))
		at += len(s.text)
		if from >= to || !utf8.RuneStart(s.text[from]) {
			continue
		}
		hidden := strings.Repeat("•", textWidth(s.text[from:to]))
		segs[i].text = s.text[:from] + hidden + s.text[to:]
	}
}
