package main

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"matou/slides"
	"matou/steps"
)

func newWorkshop(o *options) *cobra.Command {
	cmd := &cobra.Command{Use: "workshop", Short: "Write a workshop"}
	cmd.AddCommand(&cobra.Command{
		Use:   "check [DIR]",
		Short: "Check a workshop's files: every mistake, with its file, line and column",
		Args:  cobra.MaximumNArgs(1),
		RunE: running(func(cmd *cobra.Command, args []string) error {
			name := o.workshop
			if len(args) > 0 {
				name = args[0]
			}
			w, err := loadWorkshop(name)
			if err != nil {
				return told(cmd, err)
			}
			if problems := checkDecks(w); len(problems) > 0 {
				return told(cmd, problems)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: %d steps, %d slides, %s\n", w.Name, len(w.Steps), len(w.Slides), strings.Join(w.Languages, ", "))
			return nil
		}),
	})
	return cmd
}

// told prints problems one a line, as compilers do, with nothing before them.
func told(cmd *cobra.Command, err error) error {
	var problems steps.Problems
	if !errors.As(err, &problems) {
		return err
	}
	fmt.Fprintln(cmd.ErrOrStderr(), steps.Plain(problems.Error()))
	return &exitError{code: exitFailed, shown: true, err: err}
}

// checkDecks checks that each deck has the slides the workshop names, and shows the same commands.
func checkDecks(w *steps.Workshop) steps.Problems {
	var problems steps.Problems
	var first []string
	for i, lang := range w.Languages {
		file := w.Decks[lang]
		src, err := fs.ReadFile(w.Files, file)
		if err != nil {
			problems = append(problems, steps.Problem{File: file, Text: err.Error()})
			continue
		}
		deck := slides.Parse(file, src)
		if len(deck.Slides) != len(w.Slides) {
			problems = append(problems, steps.Problem{File: file, Text: fmt.Sprintf("%d slides, but %s names %d", len(deck.Slides), steps.WorkshopFile, len(w.Slides))})
		}
		for _, p := range slides.Lint(deck, src, slides.LintOptions{}) {
			if p.Severity == slides.Error {
				problems = append(problems, steps.Problem{File: file, Line: p.Line, Col: p.Column, Text: fmt.Sprint(p.Key, p.Args)})
			}
		}
		counts := commandCounts(deck)
		if i == 0 {
			first = counts
		} else if !slices.Equal(first, counts) {
			problems = append(problems, steps.Problem{File: file, Text: "its slides do not have as many commands as those of " + w.Decks[w.Languages[0]]})
		}
	}
	return problems
}

func commandCounts(d *slides.Deck) []string {
	var counts []string
	for _, s := range d.Slides {
		counts = append(counts, fmt.Sprint(len(s.Commands())))
	}
	return counts
}
