package puppet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"matou/cloud/sandbox/fault"
)

// Exit codes of puppet agent --test, as puppet-agent(8) lists them for --detailed-exitcodes.
const (
	ExitUnchanged      = 0 // nothing had to change
	ExitFailed         = 1 // the run failed or was not attempted
	ExitChanged        = 2
	ExitFailures       = 4 // resources failed
	ExitChangedFailure = 6 // some changed, some failed
)

// options are those of puppet agent.
type options struct {
	test, verbose, noop, onetime bool
	colour                       bool
	server                       string
	detailed                     bool
}

// Agent runs puppet agent with its arguments on a node and answers its exit code. What it prints
// goes to out, coloured as puppet does it even into a pipe, and without colours to the node's
// syslog; cron gives io.Discard. ctx ends the run as an interrupt does.
func (s *Simulator) Agent(ctx context.Context, n Node, connect Connect, args []string, faults *fault.Set, out io.Writer) int {
	o := options{colour: true, server: s.data.Server}
	bad, done := o.parse(args, s.data.Version, out)
	log := &console{out: out, node: n, colour: o.colour, verbose: o.verbose || o.test, quiet: !o.test && !o.verbose}
	switch {
	case bad != "":
		log.quiet = false
		log.say(errorLine, "", "Could not parse application options: "+bad)
		return ExitFailed
	case done:
		return 0
	}
	lock := path.Join(s.data.Statedir, "state/agent_catalog_run.lock")
	if !s.begin(n) {
		_ = n.Wait(ctx, time.Duration(s.data.Times.Start))
		log.say(noticeLine, "", "Run of Puppet configuration client already in progress; skipping  ("+lock+" exists)")
		return ExitFailed
	}
	defer s.end(n)
	_ = n.WriteFile(lock, []byte("1\n"), 0o644)
	defer func() { _ = n.Remove(lock) }()
	r := &agentRun{sim: s, node: n, connect: connect, log: log, options: o, faults: faults}
	code, err := r.all(ctx)
	if err != nil {
		log.say(noticeLine, "", "Caught INT; exiting")
		return ExitFailed
	}
	if !o.detailed && !o.test && code != ExitFailed {
		return 0
	}
	return code
}

// parse reads the arguments; done says that there is nothing to run.
func (o *options) parse(args []string, version string, out io.Writer) (bad string, done bool) {
	for i := 0; i < len(args); i++ {
		name, value, hasValue := strings.Cut(args[i], "=")
		next := func() string {
			if !hasValue && i+1 < len(args) {
				i++
				return args[i]
			}
			return value
		}
		switch name {
		case "-t", "--test":
			o.test, o.verbose, o.onetime, o.detailed = true, true, true, true
		case "-tv", "-vt":
			o.test, o.verbose, o.onetime, o.detailed = true, true, true, true
		case "-v", "--verbose", "-d", "--debug":
			o.verbose = true
		case "-o", "--onetime":
			o.onetime = true
		case "--no-daemonize", "--show_diff", "--no-usecacheonfailure", "--ignorecache", "--no-splay", "--trace":
		case "--detailed-exitcodes":
			o.detailed = true
		case "--noop":
			o.noop = true
		case "--no-noop":
			o.noop = false
		case "--server", "--serverport", "--environment", "--certname", "--waitforcert", "-w", "--tags", "--logdest", "-l", "--color":
			switch v := next(); name {
			case "--server":
				o.server = v
			case "--color":
				o.colour = v != "false"
			}
		case "-V", "--version":
			_, _ = io.WriteString(out, version+"\n")
			return "", true
		default:
			return "invalid option: " + name, false
		}
	}
	return "", false
}

// Validate checks the syntax of one manifest, as puppet parser validate does. The error is an
// [*Error] with puppet's words and the place; name is the file's path in it.
func (s *Simulator) Validate(name string, src []byte) error {
	_, err := parse(name, string(src))
	var e *Error
	if errors.As(err, &e) {
		e.Message = "Could not parse for environment production: " + e.Message
	}
	return err
}

// agentRun is one run of the agent, from the certificate to the report.
type agentRun struct {
	sim     *Simulator
	node    Node
	connect Connect
	log     *console
	options options
	faults  *fault.Set
}

func (r *agentRun) wait(ctx context.Context, d duration) error {
	return r.node.Wait(ctx, time.Duration(d))
}

// all runs the agent; the error is ctx's.
func (r *agentRun) all(ctx context.Context) (int, error) {
	t := r.sim.data.Times
	if err := r.wait(ctx, t.Start); err != nil {
		return ExitFailed, err
	}
	master, down := r.connect(ctx, r.options.server)
	if ctx.Err() != nil {
		return ExitFailed, ctx.Err()
	}
	if ok, err := r.certificate(ctx, down); err != nil || !ok {
		return ExitFailed, err
	}
	r.log.say(infoLine, "", "Using environment 'production'")
	if down != nil {
		return ExitFailed, r.unreached(ctx, down)
	}
	for _, step := range []struct {
		text string
		d    duration
	}{{"Retrieving pluginfacts", t.Plugins}, {"Retrieving plugin", t.Plugins}, {"Loading facts", t.Facts}} {
		r.log.say(infoLine, "", step.text)
		if err := r.wait(ctx, step.d); err != nil {
			return ExitFailed, err
		}
	}
	if err := r.wait(ctx, t.Catalog); err != nil {
		return ExitFailed, err
	}
	cat, err := r.sim.compileFor(r.node, master)
	if err != nil {
		r.noCatalog(err.Error())
		return ExitFailed, nil
	}
	return r.applyCatalog(ctx, cat, master)
}

func (r *agentRun) noCatalog(why string) {
	r.log.say(errorLine, "", "Could not retrieve catalog from remote server: "+why)
	r.log.say(warningLine, "", "Not using cache on failed catalog")
	r.log.say(errorLine, "", "Could not retrieve catalog; skipping run")
}

// route words a connection that failed, as the agent does for each service it asks.
func (r *agentRun) route(service string, down error) {
	url := "https://" + r.options.server + ":8140/" + service
	reason := down.Error()
	switch {
	case errors.Is(down, ErrUnknownHost):
		reason = "getaddrinfo: Temporary failure in name resolution"
	case errors.Is(down, ErrRefused):
		reason = fmt.Sprintf("Connection refused - connect(2) for %q port 8140", r.options.server)
	case errors.Is(down, ErrNoRoute):
		reason = fmt.Sprintf("No route to host - connect(2) for %q port 8140", r.options.server)
	}
	text := "Failed to open TCP connection to " + r.options.server + ":8140 (" + reason + ")"
	seconds := max(0.001, time.Duration(r.sim.data.Times.Refused).Seconds())
	r.log.say(errorLine, "", fmt.Sprintf("Connection to %s failed, trying next route: Request to %s failed after %.3g seconds: %s\nWrapped exception:\n%s",
		url, url, seconds, text, text))
}

// unreached says that no server answers, as often as the agent tries.
func (r *agentRun) unreached(ctx context.Context, down error) error {
	r.route("puppet/v3", down)
	r.log.say(errorLine, "", "No more routes to fileserver")
	r.log.say(infoLine, "", "Loading facts")
	if err := r.wait(ctx, r.sim.data.Times.Facts); err != nil {
		return err
	}
	r.route("puppet/v3", down)
	r.noCatalog("No more routes to puppet")
	r.route("puppet/v3", down)
	r.log.say(errorLine, "", "Could not send report: No more routes to report")
	return r.wait(ctx, r.sim.data.Times.Refused)
}

// compileFor compiles the catalogue of a node on a master, and stores what it exports there.
func (s *Simulator) compileFor(n Node, m Master) (*Catalog, error) {
	c, err := s.compiler(n.FQDN(), n.Hostname(), m)
	if err != nil {
		return nil, err
	}
	c.facts = s.facts(n)
	cat, err := c.compile()
	if err != nil {
		return nil, fmt.Errorf("Error 500 on SERVER: Server Error: %w", err)
	}
	cat.Version = m.Version()
	if err := m.Export(n.FQDN(), cat.exported); err != nil {
		return nil, fmt.Errorf("Error 500 on SERVER: Server Error: %w", err)
	}
	return cat, nil
}

func (s *Simulator) compiler(fqdn, short string, m Master) (*compiler, error) {
	exported, err := m.Exported()
	if err != nil {
		return nil, fmt.Errorf("Error 500 on SERVER: Server Error: %w", err)
	}
	return &compiler{
		env: m.Environment(), root: m.EnvironmentPath(), modules: s.modules, fqdn: fqdn, short: short,
		exported: exported, facts: newHash(),
	}, nil
}

// applyCatalog validates a catalogue, applies it and answers the exit code; the error is ctx's.
func (r *agentRun) applyCatalog(ctx context.Context, cat *Catalog, m Master) (int, error) {
	if bad := cat.validate(); bad != "" {
		r.log.say(errorLine, "", "Failed to apply catalog: "+bad)
		return ExitFailed, nil
	}
	r.log.say(infoLine, "", "Caching catalog for "+r.node.FQDN())
	r.log.say(infoLine, "", "Applying configuration version '"+cat.Version+"'")
	order, cycle := newGraph(cat).sorted()
	if cycle != nil {
		names := make([]string, len(cycle))
		for i, v := range cycle {
			names[i] = v.res.Ref()
		}
		r.log.say(errorLine, "", "Found 1 dependency cycle:\n("+strings.Join(names, " => ")+`)\nTry the '--graph' option and opening the resulting '.dot' file in OmniGraffle or GraphViz`)
		r.log.say(errorLine, "", "Failed to apply catalog: One or more resource dependency cycles detected in graph")
		return ExitFailed, nil
	}
	a := &apply{sim: r.sim, node: r.node, master: m, log: r.log, noop: r.options.noop, cat: cat}
	if rule, ok := r.faults.Take(fault.PuppetFail, r.node.Hostname()); ok {
		a.fault = &rule
	}
	if err := a.run(ctx, order); err != nil {
		return ExitFailed, err
	}
	state := path.Join(r.sim.data.Statedir, "state/state.yaml")
	if _, err := r.node.Stat(state); err != nil {
		r.log.say(infoLine, "", "Creating state file "+state)
		_ = r.node.WriteFile(state, []byte("---\n"), 0o640)
	}
	r.log.say(noticeLine, "", fmt.Sprintf("Applied catalog in %.2f seconds", a.spent.Seconds()))
	if err := r.wait(ctx, r.sim.data.Times.Report); err != nil {
		return ExitFailed, err
	}
	code := ExitUnchanged
	if a.changed > 0 && !a.noop {
		code |= ExitChanged
	}
	if a.failed > 0 {
		code |= ExitFailures
	}
	return code, nil
}
