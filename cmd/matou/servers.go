package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"matou/cloud"
	"matou/cloud/doctor"
	"matou/cloud/openstack"
	"matou/steps"
	"matou/steps/action"
)

// serverFlags are those of servers.
type serverFlags struct {
	json, watch, allSeats, keep bool
	columns                     []string
}

// The columns of servers --all-seats.
var seatColumns = []string{"seat", "name", "status", "task", "power", "networks"}

func newServers(o *options) *cobra.Command {
	var f serverFlags
	cmd := &cobra.Command{
		Use:   "servers",
		Short: "List the project's servers, as nova list does",
		Long: `Lists the project's servers, as nova list does.

With --keep-session (or MATOU_KEEP_SESSION=1) the session with the cloud is kept for the next time, which
then is a single request. It is kept in a file of yours alone, encrypted under the account's own
password, until it expires; nothing is ever kept without being asked for.`,
		Args: cobra.NoArgs,
	}
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON object a server")
	cmd.Flags().BoolVar(&f.watch, "watch", false, "print the list again whenever it changes, until interrupted")
	cmd.Flags().BoolVar(&f.allSeats, "all-seats", false, "only the servers of this workshop, of all its seats")
	cmd.Flags().StringSliceVar(&f.columns, "columns", nil, "columns to show: "+strings.Join(columnNames(), ", "))
	cmd.Flags().BoolVar(&f.keep, "keep-session", os.Getenv("MATOU_KEEP_SESSION") == "1", "keep the session with the cloud, encrypted, for the next time")
	cmd.RunE = running(func(cmd *cobra.Command, _ []string) (err error) {
		ctx := cmd.Context()
		show, err := f.printer(o)
		if err != nil {
			return err
		}
		lister, done, err := o.lister(ctx, f.keep)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, done()) }()
		if f.needsImages() {
			if c, ok := lister.(interface {
				Images(ctx context.Context) ([]cloud.Image, error)
			}); ok {
				if _, err := c.Images(ctx); err != nil {
					return err
				}
			}
		}
		if f.watch {
			return watchServers(ctx, cmd.OutOrStdout(), lister, show, !f.json)
		}
		servers, err := lister.Servers(ctx)
		if err != nil {
			return err
		}
		return show(cmd.OutOrStdout(), servers)
	})
	return cmd
}

func columnNames() []string {
	names := make([]string, len(cloud.Columns))
	for i, c := range cloud.Columns {
		names[i] = c.Name
	}
	return names
}

// needsImages tells whether the images' names are wanted, which a list of servers has not.
func (f *serverFlags) needsImages() bool { return slices.Contains(f.columns, "image") }

// printer is how the flags want servers shown.
func (f *serverFlags) printer(o *options) (func(io.Writer, []cloud.Server) error, error) {
	names := f.columns
	if f.allSeats && len(names) == 0 {
		names = seatColumns
	}
	var columns []cloud.Column
	for _, name := range names {
		i := slices.IndexFunc(cloud.Columns, func(c cloud.Column) bool { return c.Name == name })
		if i < 0 {
			return nil, usagef("no column %q: there is %s", name, strings.Join(columnNames(), ", "))
		}
		columns = append(columns, cloud.Columns[i])
	}
	workshop := filepath.Base(o.workshop)
	return func(out io.Writer, servers []cloud.Server) error {
		if f.allSeats {
			servers = slices.DeleteFunc(slices.Clone(servers), func(s cloud.Server) bool { return s.Metadata[cloud.MetaWorkshop] != workshop })
			slices.SortStableFunc(servers, func(a, b cloud.Server) int {
				return strings.Compare(a.Metadata[cloud.MetaSeat], b.Metadata[cloud.MetaSeat])
			})
		}
		switch {
		case f.json:
			return printServers(out, servers, true)
		case columns == nil:
			return printServers(out, servers, false)
		}
		return printLines(out, cloud.ColumnTable(servers, columns))
	}, nil
}

func printLines(out io.Writer, lines []string) error {
	_, err := io.WriteString(out, strings.Join(lines, "\n")+"\n")
	return err
}

// sessions is where sessions with clouds are kept.
func sessions() (openstack.Sessions, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return openstack.Sessions{}, fmt.Errorf("keep the session: %w", err)
	}
	return openstack.Sessions{Dir: filepath.Join(dir, "matou", "sessions")}, nil
}

// keeping is a client whose session is kept as soon as it has been good for something.
type keeping struct {
	*openstack.Client
	in openstack.Sessions
}

// Servers implements cloud.Lister.
func (k keeping) Servers(ctx context.Context) ([]cloud.Server, error) {
	servers, err := k.Client.Servers(ctx)
	if err == nil {
		err = k.in.Keep(k.Client)
	}
	return servers, err
}

// lister logs in with as little as it takes: on a cloud whose credentials are here, that needs
// neither the workshop nor a seat.
func (o *options) lister(ctx context.Context, keep bool) (_ cloud.Lister, _ func() error, err error) {
	// Credentials that are here need no workshop to be found.
	a := chooseAccount(o, &steps.Workshop{})
	if !a.local() || o.here == "none" { // the API may be behind a hop
		if client := o.runningWorld(ctx); client != nil {
			return client, func() error { client.Close(); return nil }, nil
		}
		s, compute, err := o.compute(ctx)
		if err != nil {
			return nil, nil, err
		}
		return compute, s.Close, nil
	}
	defer func() { err = o.withRemedy(err) }()
	c, err := a.credentials(ctx, nil)
	if err != nil {
		return nil, nil, err
	}
	if c.NeedsPassword() {
		password := os.Getenv("MATOU_PASSWORD")
		if password == "" {
			return nil, nil, fmt.Errorf("%s has no password: set OS_PASSWORD or MATOU_PASSWORD: %w", c.Source, cloud.ErrNoAccount)
		}
		c = c.WithPassword(password)
	}
	co := openstack.Options{UserAgent: "matou/" + version()}
	if !keep {
		client, err := openstack.Login(ctx, c, co)
		if err != nil {
			return nil, nil, err
		}
		return client, func() error { client.Close(); return nil }, nil
	}
	in, err := sessions()
	if err != nil {
		return nil, nil, err
	}
	client, err := in.Login(ctx, c, co)
	if err != nil {
		return nil, nil, err
	}
	return keeping{client, in}, func() error { client.Close(); return nil }, nil
}

// withRemedy adds what to do about an error of a cloud, where a step would say it.
func (o *options) withRemedy(err error) error {
	_, text, bad := o.texts()
	if err == nil || bad != nil {
		return err
	}
	if r := doctor.Because(err); r.Remedy != "remedy."+steps.FailInternal {
		return fmt.Errorf("%w\n       %s", err, text.T(r.Remedy))
	}
	return err
}

// runningWorld logs in to the sandbox that another matou is running, a console in the next terminal
// most of the time. It is nil when there is none.
func (o *options) runningWorld(ctx context.Context) *openstack.Client {
	w, err := loadWorkshop(o.workshop)
	if err != nil || chooseAccount(o, w).from != accountSandbox {
		return nil
	}
	rc, err := os.Open(filepath.Join(o.worldDir(w), "openrc"))
	if err != nil {
		return nil
	}
	defer rc.Close()
	c, err := openstack.ParseOpenRC(rc)
	if err != nil {
		return nil
	}
	client, err := openstack.Login(ctx, c, openstack.Options{UserAgent: "matou/" + version(), Timeout: 5 * time.Second})
	if err != nil {
		return nil // it has ended: its openrc is of the past
	}
	return client
}

// compute opens a session and logs in to its cloud, outside of any step.
func (o *options) compute(ctx context.Context) (*session, action.Compute, error) {
	s, err := o.open(ctx, false)
	if err != nil {
		return nil, nil, err
	}
	_, text, err := o.texts()
	if err == nil {
		var compute action.Compute
		compute, err = s.registry.Compute(ctx, s.input(), &aside{s: s, accept: o.accept || s.ours(), password: s.account.password})
		if err == nil {
			return s, compute, nil
		}
	}
	var f *steps.Failure
	if errors.As(err, &f) {
		err = fmt.Errorf("%w\n       %s", err, text.T("remedy."+f.Kind))
	}
	return nil, nil, errors.Join(err, s.Close())
}

// input is what an action outside of any step would get.
func (s *session) input() steps.Input {
	return steps.Input{Workshop: s.workshop, Seat: s.seat, Vars: s.engine.AllVars()}
}

// aside is the output of work outside of any step: it shows nothing, and answers for nobody.
type aside struct {
	s        *session
	accept   bool
	password string
	giveBack bool // servers that were taken over go with those that were made
}

// Line implements steps.Output.
func (*aside) Line(string, string) {}

// Status implements steps.Output.
func (*aside) Status(steps.Phrase) {}

// Secret implements steps.Output: what is never shown needs no masking.
func (*aside) Secret(string) {}

// Ask implements steps.Output.
func (a *aside) Ask(_ context.Context, q steps.Question) (steps.Answer, error) {
	switch {
	case q.Kind == steps.AskHostKey && (a.accept || asExpected(q)):
		return steps.Answer{OK: true}, nil
	case q.Kind == steps.AskPassword && a.password != "" && q.Attempt <= 1:
		return steps.Answer{OK: true, Text: a.password}, nil
	case q.Kind == steps.AskGiveBack && a.giveBack:
		return steps.Answer{OK: true, Text: steps.ChoiceDelete}, nil
	}
	return steps.Answer{Nobody: true}, nil
}

// watchPause is how often a watched list is asked for while nothing changes in it.
const watchPause = 5 * time.Second

func watchServers(ctx context.Context, out io.Writer, lister cloud.Lister, show func(io.Writer, []cloud.Server) error, times bool) error {
	poller := cloud.NewPoller(lister)
	poller.Idle = watchPause
	running, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() { defer close(ended); poller.Run(running) }()
	defer func() { stop(); <-ended }()
	version := 0
	for {
		now, err := poller.Next(ctx, version)
		if err != nil {
			return nil // interrupted: that is how it ends
		}
		version = now.Version
		if now.Err != nil {
			fmt.Fprintf(os.Stderr, "matou: %s\n", steps.Plain(now.Err.Error()))
			if now.At.IsZero() {
				return now.Err
			}
			continue
		}
		if times {
			fmt.Fprintln(out, now.At.Format(time.TimeOnly))
		}
		if err := show(out, now.Servers); err != nil {
			return err
		}
	}
}

// serverRow is a line of servers --json.
type serverRow struct {
	ID        string            `json:"id"`
	Name      string            `json:"name"`
	Status    cloud.Status      `json:"status"`
	TaskState string            `json:"task_state,omitempty"`
	Power     string            `json:"power_state,omitempty"`
	Addresses []string          `json:"addresses,omitempty"`
	Image     string            `json:"image,omitempty"`
	Flavor    string            `json:"flavor,omitempty"`
	Metadata  map[string]string `json:"metadata,omitempty"`
	Fault     string            `json:"fault,omitempty"`
	Created   time.Time         `json:"created"`
}

func printServers(out io.Writer, servers []cloud.Server, asJSON bool) error {
	if !asJSON {
		return printLines(out, cloud.ListTable(servers))
	}
	for _, s := range servers {
		row := serverRow{
			ID: s.ID, Name: s.Name, Status: s.Status, TaskState: s.TaskState, Power: s.PowerState,
			Image: s.Image.String(), Flavor: s.Flavor.String(), Metadata: s.Metadata, Created: s.Created,
		}
		for _, a := range s.Addresses {
			row.Addresses = append(row.Addresses, a.IP.String())
		}
		if s.Fault != nil {
			row.Fault = s.Fault.Message
		}
		if err := printJSON(out, row); err != nil {
			return err
		}
	}
	return nil
}
