package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"matou/assets"
	"matou/cloud/sandbox"
	"matou/slides"
	"matou/steps"
	"matou/tui/i18n"
	"matou/tui/pane"
)

func newWorkshop(o *options) *cobra.Command {
	cmd := &cobra.Command{Use: "workshop", Short: "Write a workshop of your own, or change this one"}
	cmd.AddCommand(newWorkshopNew(), newWorkshopCheck(o), newWorkshopKinds(o))
	return cmd
}

// firstWorkshop is the one to begin with: small, and commented.
const firstWorkshop = "hello"

func newWorkshopNew() *cobra.Command {
	var from string
	cmd := &cobra.Command{
		Use:   "new DIR",
		Short: "Make a folder with a workshop to change: a small one that runs, or a copy of ours",
		Long: `Copies a workshop of the program into a new folder: everything there is text, and yours to change.
The small one that is copied without --from has a comment at each thing that can be said. The console,
play and all other commands run it with --workshop DIR, on a cloud or in its own sandbox.`,
		Args: cobra.ExactArgs(1),
	}
	cmd.Flags().StringVar(&from, "from", firstWorkshop, "workshop to copy: "+strings.Join(assets.Workshops(), " or "))
	cmd.RunE = running(func(cmd *cobra.Command, args []string) error {
		dir := args[0]
		files, err := assets.Workshop(from)
		if err != nil {
			return usagef("--from %q: there is %s", from, strings.Join(assets.Workshops(), ", "))
		}
		switch old, err := os.ReadDir(dir); {
		case err == nil && len(old) > 0:
			return usagef("%s is there already, and not empty: name a new folder", dir)
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("make a workshop: %w", err)
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Clean(dir)), 0o755); err != nil {
			return fmt.Errorf("make a workshop: %w", err)
		}
		if err := os.CopyFS(dir, files); err != nil {
			return fmt.Errorf("make a workshop: %w", err)
		}
		fmt.Fprintf(cmd.OutOrStdout(), "matou --workshop %[1]s\nmatou workshop check %[1]s\n", dir)
		return nil
	})
	return cmd
}

func newWorkshopCheck(o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check [DIR]",
		Short: "Check a workshop's files: every mistake, with its file, line and column",
		Long: `Reads workshop.yaml and the decks it names, and prints every mistake there is, one a line as compilers do:
file:line:column, what is wrong, and what may have been meant. It ends with 1 when there are any. What only
looks odd on a slide, "matou deck check" tells.`,
		Args: cobra.MaximumNArgs(1),
	}
	cmd.RunE = running(func(cmd *cobra.Command, args []string) error {
		_, text, err := o.texts()
		if err != nil {
			return err
		}
		name := o.workshop
		if len(args) > 0 {
			name = args[0]
		}
		w, err := loadWorkshop(name)
		if err != nil {
			return err
		}
		if problems := slices.Concat(checkPanes(w), checkDecks(w, text), checkSandbox(w)); len(problems) > 0 {
			return inFolder(name, problems)
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s: %s, %s, %s\n", w.Name, text.N("cli.workshop.steps", len(w.Steps)), text.N("cli.workshop.slides", len(w.Slides)), strings.Join(w.Languages, ", "))
		return nil
	})
	return cmd
}

// checkDecks checks that each deck has the slides the workshop names, and shows the same commands.
func checkDecks(w *steps.Workshop, text i18n.Texts) steps.Problems {
	var problems steps.Problems
	var first *slides.Deck
	for _, lang := range w.Languages {
		file := w.Decks[lang]
		src, err := fs.ReadFile(w.Files, file)
		if err != nil {
			problems = append(problems, steps.Problem{File: file, Text: err.Error()})
			continue
		}
		deck := slides.Parse(file, src)
		for _, p := range deckProblems(deck, src, w, slides.LintOptions{}) {
			if p.Severity == slides.Error {
				problems = append(problems, steps.Problem{File: file, Line: p.Line, Col: p.Column, Text: wordProblem(p, text)})
			}
		}
		if first == nil {
			first = deck
		}
		if len(deck.Slides) != len(first.Slides) {
			continue // every slide would be held against another
		}
		for i, s := range deck.Slides {
			if is, want := len(s.Commands()), len(first.Slides[i].Commands()); is != want {
				problems = append(problems, steps.Problem{File: file, Line: s.Line, Col: 1, Text: text.T("cli.workshop.commands", "n", fmt.Sprint(s.Number), "is", fmt.Sprint(is), "want", fmt.Sprint(want), "deck", first.Name)})
			}
		}
	}
	return append(problems, checkNotes(w)...)
}

// paneIDs are the panes that a step can ask for.
var paneIDs = []string{string(pane.LogID), string(pane.ServersID), string(pane.TrafficID), string(pane.CatID)}

// checkPanes finds panes that there are not. The engine does not know them: they are the console's.
func checkPanes(w *steps.Workshop) steps.Problems {
	var problems steps.Problems
	for _, s := range w.Steps {
		for _, p := range s.Panes {
			if !slices.Contains(paneIDs, p) {
				problems = append(problems, steps.Problem{File: steps.WorkshopFile, Line: s.Line, Col: 1, Text: fmt.Sprintf("step %q: no pane %q: there is %s", s.ID, p, strings.Join(paneIDs, ", "))})
			}
		}
	}
	return problems
}

// checkSandbox finds what would keep the workshop's sandbox from starting.
func checkSandbox(w *steps.Workshop) steps.Problems {
	if w.Sandbox.World == "" {
		return nil
	}
	var problems steps.Problems
	for _, m := range sandbox.Check(w.Files, w.Sandbox.World) {
		problems = append(problems, steps.Problem{File: m.File, Line: m.Line, Col: m.Col, Text: m.Text})
	}
	return problems
}

func newWorkshopKinds(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "kinds [KIND...]",
		Short: "List the kinds of action and check a workshop can use, and what each takes",
		Long: `A kind is what an action, a check or an undo of workshop.yaml does. For each: what it does, the fields of
its "with" with the shape of their values, and the results that "save" can keep under a name.`,
		Args: cobra.ArbitraryArgs,
		RunE: running(func(cmd *cobra.Command, args []string) error {
			_, text, err := o.texts()
			if err != nil {
				return err
			}
			return printKinds(cmd.OutOrStdout(), args, text)
		}),
	}
}
