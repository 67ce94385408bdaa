package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"matou/steps"
	"matou/tui/handout"
)

func newExport(o *options) *cobra.Command {
	var format, file string
	var lines int
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Make a hand-out of what the seat did: its commands, their output, what proved them",
		Long: `Reads the seat's journal and log, and no cloud. The format is md (Markdown) or cast (a recording to play
back, asciicast v3). Secrets the workshop knows are masked.`,
		Args: cobra.NoArgs,
	}
	cmd.Flags().StringVar(&format, "format", "md", "format: md or cast")
	cmd.Flags().StringVarP(&file, "output", "o", "", "file to write (default: standard output)")
	cmd.Flags().IntVar(&lines, "lines", 40, "lines of output to keep of the beginning, and of the end, of each command")
	cmd.RunE = running(func(cmd *cobra.Command, _ []string) error {
		if format != "md" && format != "cast" {
			return usagef("format %q: md or cast", format)
		}
		if lines < 1 || lines > 10000 {
			return usagef("lines %d: 1 to 10000", lines)
		}
		w, dir, text, err := o.onDisk()
		if err != nil {
			return err
		}
		mask := o.knownSecrets(w)
		tale, err := handout.Read(w, dir, handout.Options{Lines: lines, Mask: mask})
		if err != nil {
			return err
		}
		return writeTo(file, cmd.OutOrStdout(), func(out io.Writer) error {
			if format == "cast" {
				return tale.Cast(out, text, mask)
			}
			return tale.Markdown(out, text)
		})
	})
	return cmd
}

// knownSecrets knows the secrets there are without a session: the workshop's own, those given, and
// the password of the environment. What else was secret was masked as it was written.
func (o *options) knownSecrets(w *steps.Workshop) *steps.Redactor {
	mask := &steps.Redactor{}
	mask.Add(os.Getenv("MATOU_PASSWORD"), os.Getenv("OS_PASSWORD"))
	for _, p := range w.Params {
		if p.Type == "secret" {
			mask.Add(p.Default, o.set[p.Name])
		}
	}
	return mask
}

// writeTo writes a file that appears whole or not at all, or, without a name, to out.
func writeTo(name string, out io.Writer, write func(io.Writer) error) error {
	if name == "" || name == "-" {
		return write(out)
	}
	file, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err = errors.Join(write(file), file.Close()); err == nil {
		err = os.Rename(file.Name(), name)
	}
	if err != nil {
		_ = os.Remove(file.Name())
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}
