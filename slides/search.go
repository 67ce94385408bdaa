package slides

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Hit is one match of a search.
type Hit struct {
	// Slide is the slide's number, from 1.
	Slide int
	// Line is the source line, from 1.
	Line int
	// Text is the line as shown, without markup.
	Text string
	// Start and End are the match's bytes in Text.
	Start, End int
}

// Search finds query in the deck, in order. Case and accents do not matter:
// "deployer" finds "Déployer". A blank query finds nothing.
func (d *Deck) Search(query string) []Hit {
	q, _ := fold(strings.TrimSpace(query))
	if q == "" {
		return nil
	}
	var hits []Hit
	for _, s := range d.Slides {
		for i := range s.Blocks {
			b := &s.Blocks[i]
			for j := range b.Lines {
				text := b.plain(&b.Lines[j], d.Markdown)
				for _, m := range matches(text, q) {
					hits = append(hits, Hit{Slide: s.Number, Line: b.Lines[j].Number, Text: text, Start: m[0], End: m[1]})
				}
			}
		}
	}
	return hits
}

// matches returns the byte ranges of s that match the folded query.
func matches(s, folded string) [][2]int {
	f, at := fold(s)
	var out [][2]int
	for from := 0; ; {
		i := strings.Index(f[from:], folded)
		if i < 0 {
			return out
		}
		i += from
		from = i + len(folded)
		start, end := i, from
		if at != nil {
			start, end = at[i], at[from]
		}
		if start < end {
			out = append(out, [2]int{start, end})
		}
	}
}

// fold returns s in lower case without accents, and for each of its bytes the
// offset in s it came from, plus one for the end. The offsets are nil when
// they are the same, which is so for ASCII.
func fold(s string) (string, []int) {
	if ascii(s) {
		return strings.ToLower(s), nil
	}
	var b strings.Builder
	at := make([]int, 0, len(s)+1)
	for i, r := range s {
		if unicode.Is(unicode.Mn, r) {
			continue // a combining accent belongs to the letter before it
		}
		n := b.Len()
		r = unicode.ToLower(r)
		if base, ok := unaccent(r); ok {
			b.WriteString(base)
		} else {
			b.WriteRune(r)
		}
		for ; n < b.Len(); n++ {
			at = append(at, i)
		}
	}
	at = append(at, len(s))
	return b.String(), at
}

// accented lists the lower-case letters of Latin scripts that have an accent,
// each group after its base letter.
const accented = "aàáâãäåāăąǎ cçćĉċč dďđ eèéêëēĕėęěẽ gĝğġģ hĥħ iìíîïĩīĭįı jĵ kķ lĺļľŀł " +
	"nñńņňŉ oòóôõöøōŏőǒ rŕŗř sśŝşšș tţťŧț uùúûüũūŭůűųǔ wŵẁẃẅ yýÿŷỳỹ zźżž"

// unaccent returns the base letters of an accented lower-case letter.
func unaccent(r rune) (string, bool) {
	switch {
	case r < utf8.RuneSelf:
		return "", false
	case r == 'œ':
		return "oe", true
	case r == 'æ':
		return "ae", true
	case r == 'ß':
		return "ss", true
	case r == 0xa0:
		return " ", true
	case r == '’':
		return "'", true
	case r > 0x1eff:
		return "", false
	}
	i := strings.IndexRune(accented, r)
	if i < 0 {
		return "", false
	}
	group := strings.LastIndexByte(accented[:i], ' ') + 1
	return accented[group : group+1], true
}
