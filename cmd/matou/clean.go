package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"matou/cloud"
	"matou/tui/i18n"
)

// cleanFlags are those of clean.
type cleanFlags struct {
	yes     bool
	adopted bool // what was booted by hand goes as well
}

func newClean(o *options) *cobra.Command {
	var f cleanFlags
	cmd := &cobra.Command{
		Use:   "clean",
		Short: "Delete the servers this seat made, and begin anew",
		Long: `Shows what this seat made in the cloud, asks, and deletes exactly that: servers that carry this
workshop's and this seat's metadata. Servers that were booted by hand and taken over are asked about by
themselves; with --yes they stay, and are no longer this seat's, unless --adopted lets them go as well.
Floating addresses, rules, security groups and the seat's keypair go when Matou made them.

The journal is put aside under the time, so the workshop begins anew.`,
		Args: cobra.NoArgs,
	}
	cmd.Flags().BoolVar(&f.yes, "yes", false, "do not ask")
	cmd.Flags().BoolVar(&f.adopted, "adopted", false, "delete what was booted by hand and taken over, too")
	cmd.RunE = running(func(cmd *cobra.Command, _ []string) (err error) {
		ctx, out := cmd.Context(), cmd.OutOrStdout()
		s, _, err := o.compute(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.Close()) }()
		s.warn(cmd.ErrOrStderr())
		made, err := s.registry.Made(ctx, s.input(), &aside{s: s, accept: true, password: s.account.password})
		if err != nil {
			return err
		}
		_, text, err := o.texts()
		if err != nil {
			return err
		}
		count, err := f.agree(cmd, text, made)
		if err != nil || count < 0 {
			return err
		}
		if err := s.registry.Clean(ctx, s.input(), &aside{s: s, accept: true, password: s.account.password, giveBack: f.adopted}); err != nil {
			return err
		}
		fmt.Fprintln(out, text.T("cli.clean.done", "n", fmt.Sprint(count), "seat", s.seat))
		return s.forget()
	})
	return cmd
}

// agree shows what is about to go, and asks. It gives how many things go; less than nothing when the
// answer is no.
func (f *cleanFlags) agree(cmd *cobra.Command, text i18n.Texts, made cloud.Made) (int, error) {
	out, answers := cmd.OutOrStdout(), bufio.NewReader(cmd.InOrStdin())
	ask := func(question string, n int) bool {
		fmt.Fprint(out, text.T(question, "n", fmt.Sprint(n)), " ")
		defer fmt.Fprintln(out)
		return confirmed(answers)
	}
	byHand := split(&made)
	if err := printMade(out, text, made); err != nil {
		return -1, err
	}
	question := "cli.clean.ask"
	if made.Empty() {
		question = "cli.clean.forget"
	}
	if !f.yes && !ask(question, made.Count()) {
		fmt.Fprintln(out, text.T("cli.clean.kept"))
		return -1, nil
	}
	if len(byHand) == 0 {
		return made.Count(), nil
	}
	fmt.Fprintln(out, text.T("cli.clean.by-hand"))
	if err := printServers(out, byHand, false); err != nil {
		return -1, err
	}
	f.adopted = f.adopted || !f.yes && ask("cli.clean.ask-by-hand", len(byHand))
	if f.adopted {
		return made.Count() + len(byHand), nil
	}
	fmt.Fprintln(out, text.T("cli.clean.stay"))
	return made.Count(), nil
}

// split takes out of what a seat has the servers that were booted by hand.
func split(made *cloud.Made) (byHand []cloud.Server) {
	made.Servers = slices.DeleteFunc(made.Servers, func(s cloud.Server) bool {
		if s.Adopted() {
			byHand = append(byHand, s)
		}
		return s.Adopted()
	})
	return byHand
}

// printMade shows everything that is about to go.
func printMade(out io.Writer, text i18n.Texts, made cloud.Made) error {
	if len(made.Servers) > 0 {
		if err := printServers(out, made.Servers, false); err != nil {
			return err
		}
	}
	made.Servers = nil
	for _, item := range made.Items(time.Now()) {
		if _, err := fmt.Fprintf(out, "+ %s %s %s\n", text.T("made."+item.Kind), cloud.Clean(item.Name), cloud.Clean(item.ID)); err != nil {
			return err
		}
	}
	return nil
}

// confirmed reads a yes, in English or French. Everything else, an end of input among it, is a no.
func confirmed(in *bufio.Reader) bool {
	line, _ := in.ReadString('\n')
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes", "o", "oui":
		return true
	}
	return false
}
