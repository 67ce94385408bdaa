package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"matou/cloud"
)

func newClean(o *options) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "clean",
		Short: "Delete the servers this seat made, and begin anew",
		Long: `Shows what this seat made in the cloud, asks, and deletes exactly that: servers that carry this
workshop's and this seat's metadata. The journal is put aside under the time, so the workshop begins
anew.`,
		Args: cobra.NoArgs,
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	cmd.RunE = running(func(cmd *cobra.Command, _ []string) (err error) {
		ctx, out := cmd.Context(), cmd.OutOrStdout()
		s, compute, err := o.compute(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.Close()) }()
		s.warn(cmd.ErrOrStderr())
		all, err := compute.Servers(ctx)
		if err != nil {
			return err
		}
		var mine []cloud.Server
		for _, server := range all {
			if server.Metadata[cloud.MetaWorkshop] == s.workshop.Name && server.Metadata[cloud.MetaSeat] == s.seat {
				mine = append(mine, server)
			}
		}
		_, text, err := o.texts()
		if err != nil {
			return err
		}
		if len(mine) > 0 {
			if err := printServers(out, mine, false); err != nil {
				return err
			}
			fmt.Fprint(out, text.T("cli.clean.ask", "n", fmt.Sprint(len(mine))), " ")
			if !yes && !confirmed(cmd.InOrStdin()) {
				fmt.Fprintln(out, text.T("cli.clean.kept"))
				return nil
			}
			fmt.Fprintln(out)
		}
		if err := s.registry.Clean(ctx, s.input(), &aside{s: s, accept: true, password: s.account.password}); err != nil {
			return err
		}
		fmt.Fprintln(out, text.T("cli.clean.done", "n", fmt.Sprint(len(mine)), "seat", s.seat))
		return s.forget()
	})
	return cmd
}

// confirmed reads a yes, in English or French. Everything else, an end of input among it, is a no.
func confirmed(in io.Reader) bool {
	line, _ := bufio.NewReader(in).ReadString('\n')
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes", "o", "oui":
		return true
	}
	return false
}
