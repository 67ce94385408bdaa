package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/charmbracelet/colorprofile"
	"github.com/spf13/cobra"

	"matou/slides"
)

func newDeck(o *options) *cobra.Command {
	cmd := &cobra.Command{Use: "deck", Short: "Show or check a deck in mdp's format"}
	var slide, width int
	show := &cobra.Command{
		Use:   "show FILE",
		Short: "Print a deck, or one slide of it; - is standard input",
		Args:  cobra.ExactArgs(1),
	}
	show.Flags().IntVar(&slide, "slide", 0, "number of the slide to print (default: all)")
	show.Flags().IntVar(&width, "width", 80, "columns to lay it out for")
	show.RunE = running(func(cmd *cobra.Command, args []string) error {
		deck, err := readDeck(args[0], cmd.InOrStdin())
		if err != nil {
			return err
		}
		if slide < 0 || slide > len(deck.Slides) || slide == 0 && cmd.Flags().Changed("slide") {
			return usagef("no slide %d: %s has 1 to %d", slide, args[0], len(deck.Slides))
		}
		if width < 1 || width > 10000 {
			return usagef("width %d: 1 to 10000", width)
		}
		// Colours are for terminals; a file or a pipe gets the text.
		buffer := bufio.NewWriter(cmd.OutOrStdout())
		out := &colorprofile.Writer{Forward: buffer, Profile: colorprofile.Detect(cmd.OutOrStdout(), os.Environ())}
		for _, s := range deck.Slides {
			if slide != 0 && s.Number != slide {
				continue
			}
			if slide == 0 {
				fmt.Fprintf(out, "%s %d/%d %s\n", strings.Repeat("─", 3), s.Number, len(deck.Slides), strings.Repeat("─", max(3, width-12)))
			}
			for _, l := range s.Render(deck, slides.Options{Width: width, Stop: -1, Theme: slides.Dark()}).Lines {
				fmt.Fprintln(out, l)
			}
		}
		return buffer.Flush()
	})
	cmd.AddCommand(show, newDeckCheck(o))
	return cmd
}

// maxDeck bounds a deck's file, in bytes: one that is larger is none.
const maxDeck = 16 << 20

func readDeck(name string, stdin io.Reader) (*slides.Deck, error) {
	return readDeckInto(name, stdin, io.Discard)
}

// deckFile refuses what is no file: opening a FIFO that nobody writes to would never return. What the
// program was given open, as by <(command) of a shell, is read.
func deckFile(name string) error {
	if strings.HasPrefix(name, "/dev/fd/") {
		return nil
	}
	info, err := os.Stat(name)
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "read deck", Path: name, Err: errNoFile}
	}
	return err
}

// errNoFile is what is neither a file nor standard input.
var errNoFile = errors.New("not a regular file; give a deck's file, or - for standard input")

// readDeckInto reads a deck and gives what it read to a writer too.
func readDeckInto(name string, stdin io.Reader, copied io.Writer) (*slides.Deck, error) {
	in := stdin
	if name != "-" {
		if err := deckFile(name); err != nil {
			return nil, err
		}
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	src, err := io.ReadAll(io.LimitReader(io.TeeReader(in, copied), maxDeck+1))
	if err != nil {
		return nil, err
	}
	if len(src) > maxDeck {
		return nil, fmt.Errorf("%s is larger than %d MiB: no deck", name, maxDeck>>20)
	}
	return slides.Parse(name, src), nil
}

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: running(func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "matou", version())
			return err
		}),
	}
}
