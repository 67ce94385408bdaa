package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"matou/cloud/lab"
	"matou/steps"
)

// labDirEnv names the folder of labs and images, for all commands.
const labDirEnv = "MATOU_LAB_DIR"

// labOf is the lab that --cloud lab or --cloud lab:NAME means.
func labOf(cloud string) (lab.Place, bool) {
	kind, name, _ := strings.Cut(cloud, ":")
	return lab.Place{Dir: os.Getenv(labDirEnv), Name: name}, kind == accountLab
}

func isLab(cloud string) bool {
	_, ok := labOf(cloud)
	return ok
}

func newLab(o *options) *cobra.Command {
	p := &lab.Place{}
	cmd := &cobra.Command{
		Use:   "lab",
		Short: "The whole workshop for real, on one Linux machine",
		Long: `A lab is the same cloud as the sandbox, but its servers are real: each is a set of namespaces with its
own disk, address and init, with sshd, cron, syslog and Puppet. It needs root on Debian or Ubuntu. Its
API and its jumphost listen on loopback, and from inside there is no way out.

    sudo matou lab up
    matou --cloud lab
    sudo matou lab down`,
		Args: cobra.NoArgs,
	}
	f := cmd.PersistentFlags()
	f.StringVar(&p.Name, "name", lab.DefaultName, "which lab: several can run side by side; elsewhere it is --cloud lab:NAME")
	f.StringVar(&p.Dir, "dir", orElse(os.Getenv(labDirEnv), lab.DefaultDir), "folder of labs and images (also "+labDirEnv+")")
	cmd.AddCommand(newLabUp(o, p), newLabServe(o, p), newLabStatus(p), newLabSSH(o, p), newLabDown(p), newLabImages(o, p), newLabRecord(o, p))
	return cmd
}

func orElse(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

// labOptions are what makes a lab of the workshop.
func (o *options) labOptions(p *lab.Place, out io.Writer) (lab.Options, error) {
	w, err := loadWorkshop(o.workshop)
	if err != nil {
		return lab.Options{}, err
	}
	began := time.Now()
	return lab.Options{
		Place: *p, Workshop: w.Files, Label: w.Name, World: w.Sandbox.World,
		Progress: func(line string) { fmt.Fprintf(out, "%6.1fs  %s\n", time.Since(began).Seconds(), line) },
	}, nil
}

func newLabUp(o *options, p *lab.Place) *cobra.Command {
	var seats int
	var sources string
	var foreground bool
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Build the images that are missing, and start the lab",
		Args:  cobra.NoArgs,
	}
	cmd.Flags().IntVar(&seats, "seats", 9, "how many seats the lab's ssh_config names, 1 to 99; any seat can be used")
	cmd.Flags().StringVar(&sources, "sources", "", "file with the package sources to build from (default: this machine's, or debian.org)")
	cmd.Flags().BoolVar(&foreground, "foreground", false, "stay, and stop the servers when interrupted")
	cmd.RunE = running(func(cmd *cobra.Command, _ []string) error {
		ctx, out := cmd.Context(), cmd.OutOrStdout()
		lo, err := o.labOptions(p, out)
		if err != nil {
			return err
		}
		lo.Seats, lo.Sources = seats, sources
		if err := lab.Build(ctx, lo); err != nil {
			return err
		}
		if foreground {
			return lab.Serve(ctx, lo, func(info lab.Info) { tellLab(out, info) })
		}
		args := []string{
			"lab", "serve", "--name", p.Name, "--dir", p.Dir, "--seats", fmt.Sprint(seats), "--sources", sources, "--workshop", o.workshop,
		}
		info, err := lab.Spawn(ctx, *p, args)
		if err != nil {
			return err
		}
		tellLab(out, info)
		return nil
	})
	return cmd
}

// newLabServe is what lab up leaves running.
func newLabServe(o *options, p *lab.Place) *cobra.Command {
	lo := lab.Options{}
	cmd := &cobra.Command{Use: "serve", Short: "Serve a lab whose images are built", Hidden: true, Args: cobra.NoArgs}
	cmd.Flags().IntVar(&lo.Seats, "seats", 9, "")
	cmd.Flags().StringVar(&lo.Sources, "sources", "", "")
	cmd.RunE = running(func(cmd *cobra.Command, _ []string) error {
		full, err := o.labOptions(p, cmd.OutOrStdout())
		if err != nil {
			return err
		}
		full.Seats, full.Sources = lo.Seats, lo.Sources
		return lab.Serve(cmd.Context(), full, nil)
	})
	return cmd
}

// tellLab says how a lab is used.
func tellLab(out io.Writer, info lab.Info) {
	cloud := accountLab
	if info.Name != lab.DefaultName {
		cloud += ":" + info.Name
	}
	fmt.Fprintf(out, "lab %s: API %s, jumphost %s\n", info.Name, info.AuthURL, info.SSH)
	for _, m := range info.Missing {
		fmt.Fprintf(out, "note: %s\n", m)
	}
	fmt.Fprintf(out, "matou --cloud %s\n", cloud)
}

func newLabStatus(p *lab.Place) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Say what runs, and what it takes",
		Args:  cobra.NoArgs,
		RunE: running(func(cmd *cobra.Command, _ []string) error {
			out := cmd.OutOrStdout()
			info, err := lab.Find(*p)
			if errors.Is(err, lab.ErrNotRunning) {
				fmt.Fprintf(out, "%v (there are: %s)\n", err, orElse(strings.Join(lab.Labs(p.Dir), ", "), "none"))
			} else if err != nil {
				return err
			} else {
				tellLab(out, info)
			}
			list, err := lab.Machines(*p)
			if err != nil || len(list) == 0 {
				return err
			}
			t := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
			fmt.Fprintln(t, "MACHINE\tSTATE\tPID\tMEMORY\tDISK")
			for _, m := range list {
				state, memory := "stopped", "?"
				if m.Running {
					state = "running"
				}
				if m.Memory >= 0 {
					memory = fmt.Sprint(m.Memory) + " MiB"
				}
				fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%d MiB\n", m.ID, state, m.PID, memory, m.Disk)
			}
			return t.Flush()
		}),
	}
}

func newLabDown(p *lab.Place) *cobra.Command {
	var images bool
	cmd := &cobra.Command{
		Use:   "down",
		Short: "Remove the lab: servers, network, files; the images stay",
		Args:  cobra.NoArgs,
	}
	cmd.Flags().BoolVar(&images, "images", false, "remove the images too, when no other lab is there")
	cmd.RunE = running(func(cmd *cobra.Command, _ []string) error {
		if err := lab.Down(cmd.Context(), *p); err != nil {
			return err
		}
		if images {
			return lab.RemoveImages(p.Dir)
		}
		return nil
	})
	return cmd
}

func newLabImages(o *options, p *lab.Place) *cobra.Command {
	var build, prune bool
	var sources string
	cmd := &cobra.Command{
		Use:   "images",
		Short: "List the images, build those that are missing, remove the old ones",
		Args:  cobra.NoArgs,
	}
	cmd.Flags().BoolVar(&build, "build", false, "build what is missing")
	cmd.Flags().BoolVar(&prune, "prune", false, "remove those that this workshop's recipe no longer makes, and that no server runs on")
	cmd.Flags().StringVar(&sources, "sources", "", "as for lab up")
	cmd.RunE = running(func(cmd *cobra.Command, _ []string) error {
		ctx, out := cmd.Context(), cmd.OutOrStdout()
		lo, err := o.labOptions(p, out)
		if err != nil {
			return err
		}
		lo.Sources = sources
		if build {
			if err := lab.Build(ctx, lo); err != nil {
				return err
			}
		}
		if prune {
			gone, err := lab.Prune(ctx, lo)
			for _, l := range gone {
				fmt.Fprintf(out, "removed %s: %d MiB\n", l.Name, l.Size)
			}
			if err != nil {
				return err
			}
		}
		list, err := lab.Images(lo)
		if err != nil {
			return err
		}
		t := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
		for _, l := range list {
			state := "old"
			if l.Current {
				state = "current"
			}
			if l.Used {
				state += ", in use"
			}
			fmt.Fprintf(t, "%s\t%d MiB\tbuilt in %s\t%s\n", l.Name, l.Size, l.Took, state)
		}
		return t.Flush()
	})
	return cmd
}

func newLabRecord(o *options, p *lab.Place) *cobra.Command {
	return &cobra.Command{
		Use:   "record DIR",
		Short: "Play the workshop in a lab of its own, and write down what its hosts print",
		Long: `Makes a lab named "record", plays the workshop in it to the last step before the first that asks for
confirmation, writes what every step's commands printed on the hosts, and when, to DIR/STEP.jsonl, and
removes the lab. Addresses, ids and all else that differs from run to run stand there as ${...}. The
sandbox's own words are held against these files; DIR/made-from is the hash of the workshop's files that
they come from.`,
		Args: cobra.ExactArgs(1),
		RunE: running(func(cmd *cobra.Command, args []string) (err error) {
			ctx := cmd.Context()
			place := lab.Place{Dir: p.Dir, Name: "record"}
			w, err := loadWorkshop(o.workshop)
			if err != nil {
				return err
			}
			seat, err := o.seatName()
			if err != nil {
				return err
			}
			lo, err := o.labOptions(&place, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			if err := lab.Build(ctx, lo); err != nil {
				return err
			}
			if err := lab.Down(ctx, place); err != nil { // of a recording that was interrupted
				return err
			}
			defer func() { err = errors.Join(err, lab.Down(context.WithoutCancel(ctx), place)) }()
			if _, err := lab.Spawn(ctx, place, []string{"lab", "serve", "--name", place.Name, "--dir", place.Dir, "--workshop", o.workshop}); err != nil {
				return err
			}
			if o.state, err = os.MkdirTemp("", "matou-record-"); err != nil {
				return fmt.Errorf("a folder for the recording's seat: %w", err)
			}
			defer os.RemoveAll(o.state)
			if err := os.Setenv(labDirEnv, place.Dir); err != nil {
				return err
			}
			o.cloud = accountLab + ":" + place.Name
			r := newTranscript(w, seat)
			cmd.SetOut(r)
			if err := o.playRecorded(cmd); err != nil {
				return err
			}
			return r.save(args[0], w.Files)
		}),
	}
}

// playRecorded plays the workshop with cron stopped on each server as soon as it is known: whose run
// of the agent finds the work is chance otherwise.
func (o *options) playRecorded(cmd *cobra.Command) error {
	return o.play(cmd, true, func(w *steps.Workshop, _ steps.State) ([]steps.ID, error) {
		return between(w, "", "")
	}, func(ctx context.Context, p *printer, id steps.ID) (*steps.Failure, error) {
		failure, err := p.until(ctx, id, steps.Start{Step: id})
		if failure != nil || err != nil {
			return failure, err
		}
		for _, h := range p.s.workshop.Hops {
			if h.Server == "" || p.s.engine.State().Step(id).Status != steps.Done {
				continue
			}
			chain, err := p.s.registry.Chain(ctx, p.s.input(), p.s.aside(), h.Name)
			if err != nil {
				continue // there is no such server yet
			}
			conn, err := p.s.client.Conn(withOutput(ctx, p.s.aside()), (&hosts{client: p.s.client}).chain(chain)...)
			if err != nil {
				continue // nor an address, or nobody is at home
			}
			if _, _, err := conn.Output(ctx, "service cron stop", 1024); err != nil {
				return nil, hostFailure(err)
			}
		}
		return nil, nil
	})
}
