package pane

import (
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"
)

// Mood is how the cat feels: it follows from how things stand.
type Mood string

// The moods.
const (
	Asleep  Mood = "asleep"  // nobody has touched a key for long
	Awake   Mood = "awake"   // waiting for the reader
	Curious Mood = "curious" // a question waits, or a server is being built
	Working Mood = "working" // a step runs
	Grumpy  Mood = "grumpy"  // a step failed
	Worried Mood = "worried" // it takes longer than it should, or something no longer holds
	Happy   Mood = "happy"   // a step was just done
	Dancing Mood = "dancing" // victory
	Petted  Mood = "petted"  // the reader has just stroked it
)

// Moods lists them all.
var Moods = []Mood{Asleep, Awake, Curious, Working, Grumpy, Worried, Happy, Dancing, Petted}

// The largest a cat may be, in cells.
const (
	CatWidth  = 16
	CatHeight = 6
)

// drawing is one mood's frames and how long each stands.
type drawing struct {
	every  time.Duration
	frames [][]string
}

// Cats are the drawings of all moods.
type Cats map[Mood]drawing

// LoadCats reads the drawings, one file MOOD.txt each: a line "% 500ms" says how long a frame
// stands, a line "%" parts two frames. A missing mood, a drawing that is not ASCII, or larger than
// the pane, is an error.
func LoadCats(fsys fs.FS) (Cats, error) {
	cats := Cats{}
	for _, mood := range Moods {
		name := string(mood) + ".txt"
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("read cat: %w", err)
		}
		d, err := parseCat(string(data))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		cats[mood] = d
	}
	return cats, nil
}

func parseCat(text string) (drawing, error) {
	head, rest, _ := strings.Cut(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	every, err := time.ParseDuration(strings.TrimSpace(strings.TrimPrefix(head, "%")))
	if err != nil || !strings.HasPrefix(head, "%") || every < 100*time.Millisecond {
		return drawing{}, fmt.Errorf("first line %q: %% and how long a frame stands, 100ms at least", head)
	}
	d := drawing{every: every}
	for part := range strings.SplitSeq(rest, "\n%\n") {
		frame := strings.Split(strings.TrimRight(part, "\n"), "\n")
		if len(frame) > CatHeight {
			return drawing{}, fmt.Errorf("frame %d: %d lines, at most %d", len(d.frames)+1, len(frame), CatHeight)
		}
		for _, line := range frame {
			if !plain(line) || ansi.Strip(line) != line || ansi.StringWidth(line) > CatWidth {
				return drawing{}, fmt.Errorf("frame %d: %q is not ASCII or wider than %d", len(d.frames)+1, line, CatWidth)
			}
		}
		d.frames = append(d.frames, frame)
	}
	return d, nil
}

// Cat is the pane the cat lives in.
type Cat struct {
	base
	cats  Cats
	mood  Mood
	frame int
	still bool
}

// NewCat makes the pane. With still set it never moves.
func NewCat(cats Cats, still bool) *Cat { return &Cat{cats: cats, mood: Awake, still: still} }

// SetMood changes how it feels.
func (c *Cat) SetMood(m Mood) {
	if m != c.mood {
		c.mood, c.frame = m, 0
		c.version++
	}
}

// Mood is how it feels.
func (c *Cat) Mood() Mood { return c.mood }

// Every is how long a frame stands; zero when nothing moves.
func (c *Cat) Every() time.Duration {
	d := c.cats[c.mood]
	if c.still || len(d.frames) < 2 {
		return 0
	}
	return d.every
}

// Step shows the next frame.
func (c *Cat) Step() {
	if n := len(c.cats[c.mood].frames); n > 1 && !c.still {
		c.frame = (c.frame + 1) % n
		c.version++
	}
}

// Drawing is the cat as it looks now, without the pane around it.
func (c *Cat) Drawing() []string {
	d := c.cats[c.mood]
	if len(d.frames) == 0 {
		return nil
	}
	return d.frames[c.frame%len(d.frames)]
}

// Lines draws the cat in the middle, with what it has to say below it where there is room.
func (c *Cat) Lines() []string {
	st := c.look.Styles
	art := c.Drawing()
	indent := strings.Repeat(" ", max(0, (c.width-CatWidth)/2))
	var lines []string
	said := strings.Split(ansi.Wrap(c.look.Text.T("cat."+string(c.mood)), max(8, c.width-2), ""), "\n")
	room := c.height - len(art)
	if room > len(said)+2 {
		lines = make([]string, (room-len(said)-1)/2)
	}
	for _, line := range art {
		lines = append(lines, indent+st.Cat.Render(line))
	}
	if room > len(said) && c.height > CatHeight+1 {
		lines = append(lines, "")
		for _, line := range said {
			lines = append(lines, strings.Repeat(" ", max(0, (c.width-ansi.StringWidth(line))/2))+st.Dim.Render(line))
		}
	}
	return c.page(lines)
}

// Heads says the mood in a word.
func (c *Cat) Heads() (left, right, foot string) {
	return c.look.Text.T("mood." + string(c.mood)), "", ""
}

var _ = []Pane{(*Slide)(nil), (*Outline)(nil), (*Servers)(nil), (*Log)(nil), (*Cat)(nil)}
