package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"matou/cloud/sandbox"
	"matou/cloud/sandbox/fault"
	"matou/steps"
)

func newSandbox(o *options) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Run the sandbox by itself, for other clients",
		Long: `Serves the sandbox's OpenStack API and jumphost on loopback until it is interrupted, and says how the
openstack, nova and ssh commands reach them from another terminal.

A file given with --faults, here or to any other command, says what is to go wrong in it, for rehearsing a
bad day:

    faults:
      - {at: boot.error, match: ^web-, count: 1, text: No valid host was found.}
      - {at: api.429, after: 3, count: 2, retry_after: 2}

match is a regular expression on what it is about (a server's or a host's name, "GET /servers/detail");
after, how often it still goes well; count, how often it then goes wrong (for ever, when left out); text,
the message; delay, a time. at is one of

    ` + strings.Join(fault.Names(), "\n    "),
		Args: cobra.NoArgs,
	}
	cmd.Flags().StringVar(&dir, "dir", "", "write openrc, clouds.yaml and ssh_config there")
	cmd.RunE = running(func(cmd *cobra.Command, _ []string) (err error) {
		w, err := loadWorkshop(o.workshop)
		if err != nil {
			return err
		}
		if w.Sandbox.World == "" {
			return usagef("workshop %s has no sandbox", w.Name)
		}
		so, err := o.sandboxOptions(w, o.worldDir(w))
		if err != nil {
			return err
		}
		ctx, out := cmd.Context(), cmd.OutOrStdout()
		world, err := sandbox.Start(ctx, so)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, world.Close()) }()
		if trouble := world.Trouble(); trouble != nil {
			fmt.Fprintf(cmd.ErrOrStderr(), "matou: %s\n", steps.Plain(trouble.Error()))
		}
		if err := world.WriteFiles(so.Dir); err != nil { // where matou servers looks
			fmt.Fprintf(cmd.ErrOrStderr(), "matou: %s\n", steps.Plain(err.Error()))
		}
		if dir == "" {
			fmt.Fprint(out, world.OpenRC(), "\n", world.SSHConfig())
		} else {
			if err := world.WriteFiles(dir); err != nil {
				return err
			}
			for _, line := range []string{". %s/openrc", "ssh -F %s/ssh_config inception-01"} {
				fmt.Fprintf(out, line+"\n", dir)
			}
		}
		<-ctx.Done()
		return nil
	})
	cmd.AddCommand(newSandboxReset(o))
	return cmd
}

func newSandboxReset(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "reset",
		Short: "Forget the sandbox's world, and the progress of all seats in it",
		Args:  cobra.NoArgs,
		RunE: running(func(_ *cobra.Command, _ []string) error {
			w, err := loadWorkshop(o.workshop)
			if err != nil {
				return err
			}
			dir := o.worldDir(w)
			if err := sandbox.Reset(dir); err != nil {
				return err
			}
			return forgetSeats(filepath.Join(filepath.Dir(dir), "seats"))
		}),
	}
}

// worldDir is where a workshop's sandbox keeps its world.
func (o *options) worldDir(w *steps.Workshop) string {
	return filepath.Join(o.stateDir(), w.Name, accountSandbox, "world")
}
