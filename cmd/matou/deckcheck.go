package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"matou/slides"
	"matou/steps"
	"matou/tui/i18n"
)

// The problems a deck has only as part of a workshop, beside those of slides.ProblemKeys.
const (
	keyUnknownID = "unknown-id" // the id, the nearest there are
	keyOtherID   = "other-id"   // the id, the workshop's
	keySlides    = "slides"     // how many there are, how many the workshop names
)

func newDeckCheck(o *options) *cobra.Command {
	var lo slides.LintOptions
	cmd := &cobra.Command{
		Use:   "check FILE...",
		Short: "Tell what will surprise a deck's author: one line each, with file, line and column",
		Long: `Prints what is wrong with decks, and what will not look as it was meant, here or in mdp. It ends with 1
when text is lost or an id is wrong. A deck that lies beside a workshop.yaml, or is given with --workshop,
has to have the slides and the ids that the workshop names.`,
		Args: cobra.MinimumNArgs(1),
	}
	cmd.Flags().IntVar(&lo.Width, "width", 80, "columns a slide should fit in")
	cmd.Flags().IntVar(&lo.Height, "height", 24, "lines a slide should fit in")
	cmd.RunE = running(func(cmd *cobra.Command, args []string) error {
		if lo.Width < 1 || lo.Width > 10000 || lo.Height < 1 || lo.Height > 10000 {
			return usagef("width %d and height %d: 1 to 10000", lo.Width, lo.Height)
		}
		_, text, err := o.texts()
		if err != nil {
			return err
		}
		wrong := false
		for _, name := range args {
			w, err := o.workshopOf(name, cmd.Flags().Changed("workshop"))
			if err != nil {
				return err
			}
			problems, err := checkDeck(name, cmd.InOrStdin(), w, lo)
			if err != nil {
				return err
			}
			for _, p := range problems {
				wrong = wrong || p.Severity == slides.Error
				fmt.Fprintf(cmd.OutOrStdout(), "%s:%d:%d: %s: %s\n", p.File, p.Line, p.Column, text.T("severity."+p.Severity.String()), wordProblem(p, text))
			}
		}
		if wrong {
			return &exitError{code: exitFailed, shown: true, err: errors.New("a deck has errors")}
		}
		return nil
	})
	return cmd
}

// workshopOf is the workshop a deck belongs to: the one that is asked for, else the one in whose
// folder it lies; nil when there is none.
func (o *options) workshopOf(file string, asked bool) (*steps.Workshop, error) {
	if asked {
		return loadWorkshop(o.workshop)
	}
	dir := filepath.Dir(file)
	if _, err := os.Stat(filepath.Join(dir, steps.WorkshopFile)); file == "-" || errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return loadWorkshop(dir)
}

// checkDeck finds the problems of a deck, in the order of its lines. Without a workshop ids are free.
func checkDeck(name string, stdin io.Reader, w *steps.Workshop, lo slides.LintOptions) ([]slides.Problem, error) {
	var src bytes.Buffer
	deck, err := readDeckInto(name, stdin, &src)
	if err != nil {
		return nil, err
	}
	return deckProblems(deck, src.Bytes(), w, lo), nil
}

// deckProblems are the problems of a deck that has been read.
func deckProblems(deck *slides.Deck, src []byte, w *steps.Workshop, lo slides.LintOptions) []slides.Problem {
	problems := slides.Lint(deck, src, lo)
	if w == nil {
		return problems
	}
	if len(deck.Slides) != len(w.Slides) {
		problems = append(problems, slides.Problem{
			File: deck.Name, Line: 1, Column: 1, Slide: 1, Severity: slides.Error, Key: keySlides, Args: []any{len(deck.Slides), len(w.Slides)},
		})
	}
	for i, s := range deck.Slides {
		p := slides.Problem{File: deck.Name, Line: s.Line, Column: 1, Slide: s.Number, Severity: slides.Error, Args: []any{s.ID}}
		switch {
		case s.ID == "" || i < len(w.Slides) && w.Slides[i] == steps.ID(s.ID):
			continue
		case !slices.Contains(w.Slides, steps.ID(s.ID)):
			p.Key, p.Args = keyUnknownID, append(p.Args, nearestSlides(w, s.ID))
		case i < len(w.Slides):
			p.Key, p.Args = keyOtherID, append(p.Args, w.Slides[i])
		default:
			continue // one too many: that was told
		}
		problems = append(problems, p)
	}
	slices.SortStableFunc(problems, func(a, b slides.Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return problems
}

// nearestSlides names the slides whose ids look like one there is not.
func nearestSlides(w *steps.Workshop, id string) string {
	var names []string
	for _, s := range w.Slides {
		names = append(names, string(s))
	}
	near := steps.Nearest(id, names)
	if near == nil {
		return ""
	}
	return strings.Join(near, ", ") + "?"
}

// wordProblem is a problem in a language, its values in place of {0}, {1}.
func wordProblem(p slides.Problem, text i18n.Texts) string {
	var pairs []string
	for i, a := range p.Args {
		pairs = append(pairs, fmt.Sprint(i), steps.Sanitize(fmt.Sprint(a)))
	}
	return strings.TrimRight(text.T("problem."+p.Key, pairs...), " ")
}
