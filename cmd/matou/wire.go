package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	"github.com/adrg/xdg"

	"matou/cloud"
	"matou/cloud/openstack"
	"matou/cloud/remote"
	"matou/cloud/sandbox"
	"matou/steps"
	"matou/steps/action"
	"matou/tui"
)

// session is everything one seat's work needs, put together.
type session struct {
	workshop *steps.Workshop
	seat     string
	account  account
	root     string // the folder of all seats on this cloud
	dir      string // the seat's folder; empty: nothing is kept
	journal  *steps.Journal
	engine   *steps.Engine
	registry *action.Registry
	hosts    *hosts
	client   *remote.Client
	poller   *cloud.Poller
	redactor *steps.Redactor
	gate     *tui.Gate         // of a console that may show a demonstration
	world    *sandbox.Sandbox  // nil on a real cloud
	given    map[string]string // parameters that are not left at their defaults
	warnings []error
	holder   *steps.HeldError // another program has the seat: read only
	// beside logs in to the sandbox in the program that holds the seat; nil on any other cloud. Its
	// answer is nil when there is none.
	beside func(context.Context) *openstack.Client
	theirs steps.Vars // the parameters of that sandbox; nil when there is none

	ctx     context.Context // of all that runs for the session, from begin to Close
	stop    context.CancelFunc
	running sync.WaitGroup
	ended   error
	close   []func() error
}

// stateDir is where progress is kept: from the root, because the files that lie there name each other,
// and the sandbox's hosts take no path with ".." in it.
func (o *options) stateDir() string {
	if o.state != "" {
		if dir, err := filepath.Abs(o.state); err == nil {
			return dir
		}
		return o.state
	}
	return filepath.Join(xdg.StateHome, "matou")
}

// open puts a session together and starts its engine. A seat that another program holds is opened to
// look at, when readOnly allows it.
func (o *options) open(ctx context.Context, readOnly bool) (_ *session, err error) {
	w, err := loadWorkshop(o.workshop)
	if err != nil {
		return nil, err
	}
	s, err := o.begin(ctx, w, readOnly)
	if err != nil {
		return nil, err
	}
	if err := o.bringUp(s); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

// begin makes the part of a session that takes no time: whose it is, on which cloud, and how far it
// got.
func (o *options) begin(ctx context.Context, w *steps.Workshop, readOnly bool) (*session, error) {
	seat, err := o.seatName()
	if err != nil {
		return nil, err
	}
	if _, ok := w.Hop(o.here); o.here != "" && o.here != "none" && !ok {
		return nil, usagef("--here %q: the workshop has no hop of that name", o.here)
	}
	s := &session{workshop: w, seat: seat, account: chooseAccount(o, w), poller: cloud.NewPoller(nil)}
	s.account.password = os.Getenv("MATOU_PASSWORD")
	s.ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	if err := s.account.findLab(w); err != nil {
		_ = s.Close()
		return nil, err
	}
	s.root = filepath.Join(o.stateDir(), w.Name, s.account.folder())
	if s.journal, err = s.openSeat(filepath.Join(s.root, "seats", s.seat), readOnly); err != nil {
		_ = s.Close()
		return nil, err
	}
	if s.holder != nil && s.account.from == accountSandbox {
		s.beside = o.runningWorld
	}
	return s, nil
}

// bringUp starts the sandbox, when there is one, and the engine.
func (o *options) bringUp(s *session) error {
	given, err := o.params(s.ctx, s, filepath.Join(s.root, "world"))
	if err != nil {
		return err
	}
	s.given = given
	if err := s.workshop.CheckSeat(s.seat, o.hereOf(s.workshop, s.account), given); err != nil {
		return &exitError{code: exitUsage, err: err}
	}
	params, err := s.paramsOf(s.seat)
	if err != nil {
		return err
	}
	return s.start(s.ctx, o, params)
}

// openSeat opens the seat's journal. What can't be written is a warning: the work goes on without.
func (s *session) openSeat(dir string, readOnly bool) (*steps.Journal, error) {
	journal, err := steps.OpenJournal(dir)
	var held *steps.HeldError
	switch {
	case errors.As(err, &held):
		if !readOnly {
			return nil, err
		}
		s.holder = held
		s.dir = dir
		return steps.ReadJournal(dir)
	case err != nil:
		s.warnings = append(s.warnings, fmt.Errorf("progress is not kept (--state DIR names another folder): %w", err))
		return nil, nil
	}
	s.dir = dir
	s.close = append(s.close, journal.Close)
	if torn := journal.Torn(); torn != "" {
		s.warnings = append(s.warnings, fmt.Errorf("the journal's end was damaged, and is kept in %s", torn))
	}
	return journal, nil
}

// params are the parameters given from outside; in the sandbox those of its world come first.
func (o *options) params(ctx context.Context, s *session, dir string) (map[string]string, error) {
	given := map[string]string{}
	if s.account.from == accountSandbox && s.holder == nil {
		if s.dir == "" {
			dir = ""
		}
		if err := o.startWorld(ctx, s, dir); err != nil {
			return nil, err
		}
	}
	if s.beside != nil {
		s.theirs, _ = sandbox.Beside(dir, s.workshop.Files, s.workshop.Sandbox.World) // without it nothing is asked of its hosts
	}
	if s.ours() {
		for name, template := range s.workshop.Sandbox.Params {
			value, err := steps.Expand(template, s.sandboxParams(), nil)
			if err != nil {
				return nil, fmt.Errorf("sandbox parameter %s: %w", name, err)
			}
			given[name] = value
		}
	}
	kept, err := readParams(s.dir)
	if err != nil {
		s.warnings = append(s.warnings, err)
	}
	for _, p := range s.workshop.Params {
		if value, ok := kept[p.Name]; ok {
			given[p.Name] = value
		}
	}
	for name, value := range o.set {
		given[name] = value
	}
	return given, nil
}

// paramsOf are the parameters of a seat, given those that were given.
func (s *session) paramsOf(seat string) (steps.Vars, error) {
	return s.workshop.Resolve(s.given, steps.Builtins(s.workshop, seat).With(s.sandboxParams()))
}

// start makes the engine and what it stands on, and runs it.
func (s *session) start(ctx context.Context, o *options, params steps.Vars) error {
	redactor := &steps.Redactor{}
	s.redactor = redactor
	redactor.Add(s.account.password)
	s.client = remote.New(o.remoteOptions(s, redactor))
	s.close = append(s.close, s.client.Close)
	data := filepath.Join(s.dir, "files")
	if s.dir == "" {
		var err error
		if data, err = os.MkdirTemp("", "matou-"); err != nil {
			return fmt.Errorf("a folder for this seat's files: %w", err)
		}
		s.close = append(s.close, func() error { return os.RemoveAll(data) })
	}
	s.hosts = &hosts{client: s.client}
	if !s.ours() { // the sandbox takes passwords; nobody's keys are shown to it
		s.hosts.keys, s.hosts.agent = remote.DefaultKeyFiles(), true
	}
	s.poller.Pace = s.account.poll
	s.registry = action.New(action.Deps{
		Hosts: s.hosts, Login: s.account.login, Here: o.hereOf(s.workshop, s.account), DataDir: data,
		OnLogin: func(c action.Compute) { s.poller.Use(c) }, Changed: s.poller.Wake,
		Servers: s.poller, HostKey: s.handedOut, Remember: s.remember,
	})
	eo := steps.Options{Seat: s.seat, Params: params, Journal: s.journal, Redactor: redactor, Version: version(), ReadOnly: s.holder != nil}
	if s.dir != "" && s.holder == nil {
		log, err := steps.OpenLog(s.dir)
		if err != nil {
			s.warnings = append(s.warnings, err)
		} else {
			eo.Log = log
		}
	}
	var executor steps.Executor = s.registry
	if s.gate != nil {
		executor = s.gate.Before(s.registry)
	}
	engine, err := steps.New(s.workshop, executor, eo)
	if err != nil {
		return err
	}
	s.engine = engine
	s.running.Add(2)
	go func() { defer s.running.Done(); s.ended = engine.Run(ctx) }()
	go func() { defer s.running.Done(); s.poller.Run(ctx) }()
	return nil
}

func (o *options) remoteOptions(s *session, redactor *steps.Redactor) remote.Options {
	ro := remote.Options{Asker: asker(func(_ context.Context, value string) { redactor.Add(value) })}
	known := ""
	if s.dir != "" {
		known = filepath.Join(s.dir, "known_hosts")
	}
	if s.holder == nil {
		ro.KnownHosts = known
	} else { // the one that has the seat writes it
		ro.ReadKnownHosts = []string{known}
	}
	if s.ours() {
		return ro // the sandbox's hosts are not in anybody's files
	}
	if home, err := os.UserHomeDir(); err == nil {
		ro.ReadKnownHosts = append(ro.ReadKnownHosts, filepath.Join(home, ".ssh", "known_hosts"), "/etc/ssh/ssh_known_hosts")
		config, err := remote.LoadSSHConfig(filepath.Join(home, ".ssh", "config"), "/etc/ssh/ssh_config")
		if err != nil {
			s.warnings = append(s.warnings, err)
		}
		ro.SSHConfig = config
	}
	return ro
}

// hereOf is the hop this program runs on: the one asked for, or, when the credentials are in the
// environment, the one on which the workshop has people source them.
func (o *options) hereOf(w *steps.Workshop, a account) string {
	switch {
	case o.here == "none":
		return ""
	case o.here != "":
		return o.here
	case a.local():
		return w.Cloud.Hop
	}
	return ""
}

// cloudName is what the screen says the cloud is.
func (s *session) cloudName() string {
	if s.account.from == accountEnv {
		if u, err := url.Parse(os.Getenv("OS_AUTH_URL")); err == nil && u.Host != "" {
			return u.Host
		}
	}
	return s.account.label()
}

// Close ends the engine and lets go of everything, in the reverse order.
func (s *session) Close() error {
	s.stop()
	s.running.Wait()
	errs := []error{s.ended}
	for i := len(s.close) - 1; i >= 0; i-- {
		errs = append(errs, s.close[i]())
	}
	s.close = nil
	return errors.Join(errs...)
}
