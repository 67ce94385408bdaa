package main

import (
	"os"
	"path/filepath"

	"github.com/charmbracelet/x/term"
	"github.com/spf13/cobra"

	"matou/slides"
	"matou/steps"
	"matou/tui/notes"
)

func newNotes(o *options) *cobra.Command {
	var deck string
	var once bool
	cmd := &cobra.Command{
		Use:   "notes",
		Short: "Show the speaker's notes of the slide the console is at, in another terminal",
		Long: `Follows the console of the same seat: the notes of its slide, the next slide's title, how its step
stands, and the time. The notes are the comments of the deck, <!-- like this one -->, and those in the file
that workshop.yaml names under notes: a line "# SLIDE", and below it what to say there.`,
		Args: cobra.NoArgs,
	}
	cmd.Flags().StringVar(&deck, "deck", "", "deck with the notes (default: the one the console shows)")
	cmd.Flags().BoolVar(&once, "once", false, "show where the console is now, and end")
	cmd.RunE = running(func(cmd *cobra.Command, _ []string) error {
		w, dir, text, err := o.onDisk()
		if err != nil {
			return err
		}
		no := notes.Options{Dir: dir, Workshop: w, Text: text, Out: cmd.OutOrStdout(), Once: once}
		no.Deck = func(file string) (*slides.Deck, error) {
			if deck != "" {
				file = deck
			}
			decks, err := loadDecks(w, file)
			if err != nil {
				return nil, err
			}
			lang := text.Lang
			if decks[lang] == nil {
				lang = w.Languages[0]
			}
			if file == "" {
				err = withNotes(w, lang, decks[lang])
			}
			return decks[lang], err
		}
		if fd := os.Stdout.Fd(); term.IsTerminal(fd) && !once {
			no.Size = func() (int, int) {
				width, height, err := term.GetSize(fd)
				if err != nil {
					return 80, 24
				}
				return width, height
			}
		}
		return notes.Follow(cmd.Context(), no)
	})
	return cmd
}

// place keeps a console's place for the notes. A nil one keeps nothing: a console that only looks
// is not the one to follow.
type place struct{ keeper *notes.Keeper }

// keepPlace begins to keep it. Deck is the file shown in place of the workshop's.
func (s *session) keepPlace(deck string) *place {
	if s.dir == "" || s.holder != nil {
		return nil
	}
	if deck == "-" {
		deck = ""
	}
	if abs, err := filepath.Abs(deck); deck != "" && err == nil {
		deck = abs
	}
	return &place{notes.Keep(s.dir, deck)}
}

func (p *place) set(n int, step steps.ID) {
	if p != nil {
		p.keeper.Set(n, step)
	}
}

func (p *place) close() error {
	if p == nil {
		return nil
	}
	return p.keeper.Close()
}
