package notes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"matou/slides"
	"matou/steps"
	"matou/tui/i18n"
)

// Options are what following needs.
type Options struct {
	Dir      string // the seat's folder
	Workshop *steps.Workshop
	// Deck reads the deck: the file a console says it shows, or, for an empty name, the workshop's.
	Deck func(file string) (*slides.Deck, error)
	Text i18n.Texts
	Out  io.Writer
	// Size is the terminal's, in cells. Nil: Out is none, and gets a paragraph at each move.
	Size func() (width, height int)
	Once bool // show where it is now, and end
}

// look is how often the file is looked at, and clock how often a terminal is drawn anew.
const (
	look  = 250 * time.Millisecond
	clock = time.Second
)

// follower is one Follow.
type follower struct {
	o       Options
	journal *steps.Journal
	state   steps.State
	deck    *slides.Deck
	file    string // the deck's
	place   Place
	present bool // a console is open
	last    string
}

// Follow shows the notes until ctx ends.
func Follow(ctx context.Context, o Options) error {
	f := &follower{o: o, file: "\x00"}
	var err error
	if f.journal, err = steps.ReadJournal(o.Dir); err != nil {
		return err
	}
	f.state = steps.Replay(o.Workshop, f.journal.Events())
	if o.Size != nil {
		fmt.Fprint(o.Out, ansi.EraseEntireScreen)
	}
	tick := time.NewTicker(look)
	defer tick.Stop()
	var drawn time.Time
	for {
		moved, err := f.look()
		if err != nil {
			return err
		}
		if now := time.Now(); moved || o.Size != nil && now.Sub(drawn) >= clock {
			drawn = now
			if err := f.show(now); err != nil {
				return err
			}
		}
		if o.Once {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// look reads what has changed, and tells whether the reader has moved or a step has changed. What
// can't be read now is looked at again later.
func (f *follower) look() (moved bool, err error) {
	place, err := ReadPlace(f.o.Dir)
	present := err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		place, present = f.place, f.present
	}
	if present && place.Deck != f.file || f.deck == nil {
		if f.deck, err = f.o.Deck(place.Deck); err != nil {
			return false, err
		}
		f.file = place.Deck
	}
	f.place, f.present = place, present
	if events, err := f.journal.Refresh(); err == nil && len(events) > 0 {
		f.state = steps.Replay(f.o.Workshop, f.journal.Events())
	}
	now := fmt.Sprint(present, place.Slide, place.Step, f.state.Step(place.Step).Status)
	moved = now != f.last
	f.last = now
	return moved, nil
}

// lines are what the speaker sees.
func (f *follower) lines(now time.Time) []string {
	t := f.o.Text
	if !f.present {
		return []string{t.T("notes.none")}
	}
	n := max(1, min(f.place.Slide, len(f.deck.Slides)))
	s := f.deck.Slides[n-1]
	out := []string{
		t.T("plain.slide", "n", strconv.Itoa(n), "all", strconv.Itoa(len(f.deck.Slides)), "title", s.Title),
		t.T("notes.time", "all", span(now.Sub(f.place.Began)), "slide", span(now.Sub(f.place.At))),
	}
	if step, ok := f.o.Workshop.Step(f.place.Step); ok {
		st := f.state.Step(step.ID)
		status := t.T("status." + string(st.Status))
		if st.Status == steps.Running {
			status += " " + t.T("bar.in", "time", span(now.Sub(st.Started)))
		}
		if step.Expect > 0 && st.Status != steps.Done {
			status += ", " + t.T("bar.expect", "time", span(step.Expect))
		}
		i := slices.IndexFunc(f.o.Workshop.Steps, func(s steps.Step) bool { return s.ID == step.ID })
		out = append(out, t.T("plain.step", "n", strconv.Itoa(i+1), "all", strconv.Itoa(len(f.o.Workshop.Steps)), "step", step.Title.In(t.Lang), "status", status))
	}
	out = append(out, "")
	if len(s.Notes) == 0 {
		out = append(out, t.T("notes.nothing"))
	}
	for i, note := range s.Notes {
		if i > 0 {
			out = append(out, "")
		}
		out = append(out, strings.Split(note, "\n")...)
	}
	if n < len(f.deck.Slides) {
		out = append(out, "", t.T("notes.next", "title", f.deck.Slides[n].Title))
	}
	return out
}

// show draws a terminal anew, without a flicker, or prints a paragraph.
func (f *follower) show(now time.Time) error {
	lines := f.lines(now)
	var b strings.Builder
	if f.o.Size == nil {
		for _, l := range lines {
			b.WriteString(ansi.Strip(steps.Sanitize(l)) + "\n")
		}
		b.WriteByte('\n')
	} else {
		width, height := f.o.Size()
		var rows []string
		for _, l := range lines {
			rows = append(rows, strings.Split(ansi.Wrap(ansi.Strip(steps.Sanitize(l)), max(1, width), ""), "\n")...)
		}
		b.WriteString(ansi.CursorHomePosition)
		for i, row := range rows[:min(len(rows), max(1, height))] {
			if i > 0 {
				b.WriteString("\r\n")
			}
			b.WriteString(row + ansi.EraseLineRight)
		}
		b.WriteString(ansi.EraseScreenBelow)
	}
	if _, err := io.WriteString(f.o.Out, b.String()); err != nil {
		return fmt.Errorf("show notes: %w", err)
	}
	return nil
}

// span is a duration in minutes and seconds.
func span(d time.Duration) string {
	s := int(max(d, 0) / time.Second)
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}
