package slides

import "strings"

// A Deck is a parsed presentation.
type Deck struct {
	// Name is what the deck was parsed as, normally its file name.
	Name string
	// Header holds the values of the leading % lines by position: title,
	// author, and so on (mdp looks at the position, not at the key).
	// Decks with YAML front matter get title, author and date here.
	Header []string
	// Meta holds the scalar keys of YAML front matter, lower-cased; nil without.
	Meta map[string]string
	// Slides are the slides in order; there is at least one.
	Slides []*Slide
	// Width is the widest line of the whole deck in cells, all markup removed.
	Width int
	// Markdown is set when the deck shows that it was written for an ordinary
	// Markdown presenter: front matter or HTML comments.
	Markdown bool

	strict bool
}

// A Slide is one screen of a deck.
type Slide struct {
	// Number counts from 1.
	Number int
	// ID names the slide: the word of a first line "= id", which mdp does not
	// show, or of an <!-- id: x --> comment; else "".
	ID string
	// Title is the first level 1 heading, else the first heading, else the
	// first line of text; without markup.
	Title string
	// Blocks is the content in order.
	Blocks []Block
	// Stops is the number of stop points, so the slide has Stops+1 states.
	Stops int
	// Line is the slide's first source line, from 1.
	Line int
	// Notes are the texts of HTML comments, for the speaker.
	Notes []string
	// Links are the link targets in order; the nth is marked [n] on the slide.
	Links []Link
}

// A Link is a link or an image of a slide.
type Link struct {
	Label string
	URL   string
	// Line is the source line, from 1.
	Line int
}

// A Kind says what a block is and so how it may be laid out.
type Kind uint8

// The kinds of block.
const (
	Blank   Kind = iota // empty lines
	Text                // wraps on words
	Heading             // setext or ATX heading
	List                // bullet list of up to three levels
	Quote               // quoted lines, mostly commands
	Code                // fenced or indented code, keeps its columns
	Art                 // drawing or framed table, keeps its columns
	Table               // Markdown pipe table, aligned by the parser
)

// String returns the kind's name.
func (k Kind) String() string {
	names := [...]string{"blank", "text", "heading", "list", "quote", "code", "art", "table"}
	if int(k) < len(names) {
		return names[k]
	}
	return "unknown"
}

// A Block is a run of source lines of one kind.
type Block struct {
	Kind  Kind
	Lines []Line
	// Lang is the language of a code block, from its fence or guessed; or "".
	Lang string
	// Fenced is set for code between ~~~ or ``` lines.
	Fenced bool
	// Stop is the number of stop points before the block.
	Stop int

	paint *painter // code colours, computed once
	prose bool     // a callout: quoted text that has no commands
}

// A Line is one source line without its line-wide markup.
type Line struct {
	// Text still has its inline markup, unless the block is code or a heading.
	Text string
	// Number is the source line, from 1.
	Number int
	// Indent is the number of leading blanks removed from Text.
	Indent int
	// Level is the heading, list or quote level, from 1; else 0.
	Level int
	// Centered is set by an arrow at the start of the line.
	Centered bool
	// Cont is set for a list line that continues the item above.
	Cont bool

	hash string // "#"+NBSP that strict rendering shows, see Options.Strict
}

// Slide returns the slide with the given id, or nil.
func (d *Deck) Slide(id string) *Slide {
	if id == "" {
		return nil
	}
	for _, s := range d.Slides {
		if s.ID == id {
			return s
		}
	}
	return nil
}

// Title returns the deck's title: its header, else its first slide's title.
func (d *Deck) Title() string {
	if len(d.Header) > 0 && d.Header[0] != "" {
		return d.Header[0]
	}
	return d.Slides[0].Title
}

// markdown reports which inline rules the block follows in a Markdown deck
// or not. Quoted lines always follow mdp's: there a star after a quotation
// mark is a glob of a command.
func (b *Block) markdown(md bool) bool { return md && b.Kind != Quote }

// plain returns the line as shown, without inline markup.
func (b *Block) plain(l *Line, md bool) string {
	if b.Kind == Code || b.Kind == Heading {
		return l.Text
	}
	if !strings.ContainsAny(l.Text, inlineSpecials) {
		return l.Text
	}
	var sb strings.Builder
	for _, sp := range parseInline(l.Text, b.markdown(md)) {
		sb.WriteString(sp.text)
	}
	return sb.String()
}
