package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"matou/cloud/lab"
	"matou/cloud/remote"
	"matou/steps"
	"matou/steps/action"
)

func newLabSSH(o *options, p *lab.Place) *cobra.Command {
	return &cobra.Command{
		Use:   "ssh NAME [COMMAND]...",
		Short: "Open a shell on a server, or on a hop of the workshop, over SSH",
		Args:  cobra.MinimumNArgs(1),
		RunE: running(func(cmd *cobra.Command, args []string) (err error) {
			o.cloud = accountLab + ":" + p.Name
			if err := os.Setenv(labDirEnv, p.Dir); err != nil {
				return err
			}
			ctx := cmd.Context()
			s, err := o.open(ctx, true)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.Close()) }()
			chain, err := s.labChain(ctx, args[0])
			if err != nil {
				return err
			}
			conn, err := s.client.Conn(withOutput(ctx, s.aside()), (&hosts{client: s.client}).chain(chain)...)
			if err != nil {
				return hostFailure(err)
			}
			var exit remote.Exit
			if line := strings.Join(args[1:], " "); line != "" {
				exit, err = conn.Run(ctx, remote.Command{Line: line}, func(l remote.Line) {
					to := cmd.OutOrStdout()
					if l.Stderr {
						to = cmd.ErrOrStderr()
					}
					fmt.Fprintln(to, l.Text)
				})
			} else {
				exit, err = remote.Interactive(ctx, conn, "")
			}
			if err == nil && exit.Code != 0 {
				return &exitError{code: exitFailed, shown: true, err: fmt.Errorf("%s: %s", args[0], exit)}
			}
			return hostFailure(err)
		}),
	}
}

func (s *session) aside() *aside {
	return &aside{s: s, accept: s.ours(), password: s.account.password}
}

// labChain is the way to a hop of the workshop, or to a server by its name, id or address.
func (s *session) labChain(ctx context.Context, name string) ([]action.Hop, error) {
	for _, h := range s.workshop.Hops {
		if h.Name == name {
			return s.registry.Chain(ctx, s.input(), s.aside(), name)
		}
	}
	compute, err := s.registry.Compute(ctx, s.input(), s.aside())
	if err != nil {
		return nil, err
	}
	servers, err := compute.Servers(ctx)
	if err != nil {
		return nil, err
	}
	for _, server := range servers {
		address := server.Address().String()
		if server.Name != name && server.ID != name && address != name {
			continue
		}
		chain, err := s.registry.Chain(ctx, s.input(), s.aside(), s.workshop.Cloud.Hop)
		if err != nil {
			return nil, err
		}
		params := s.sandboxParams()
		return append(chain, action.Hop{
			Name: server.Name, User: params["sandbox.server.user"], Password: params["sandbox.server.password"], Host: address, Port: 22,
		}), nil
	}
	var hops []string
	for _, h := range s.workshop.Hops {
		hops = append(hops, h.Name)
	}
	return nil, steps.Failf(steps.FailNotFound, "no hop (%s) and no server is called %s: matou servers lists those of --cloud lab", strings.Join(hops, ", "), name)
}
