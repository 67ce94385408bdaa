package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"matou/cloud"
	"matou/cloud/doctor"
	"matou/cloud/remote"
	"matou/steps"
	"matou/steps/action"
)

// hostChecks are the checks of the hosts that are there before any server is: the hops to log in to,
// the other seats' doors, and the openrc.
func (p *practice) hostChecks(in steps.Input) []doctor.Check {
	var checks []doctor.Check
	here := p.o.hereOf(p.s.workshop, p.s.account)
	local := map[string]bool{}
	for _, h := range p.s.workshop.Chain(here) {
		local[h.Name] = true
	}
	source := p.s.workshop.Cloud
	for _, h := range p.s.workshop.Hops {
		if h.Server != "" || local[h.Name] {
			continue
		}
		c := doctor.Check{Name: "hop", Subject: h.Name, Timeout: time.Minute, Do: func(ctx context.Context) doctor.Result { return p.hop(ctx, in, h.Name) }}
		if h.Via != "" && !local[h.Via] {
			c.Needs = []string{"hop:" + h.Via}
		}
		checks = append(checks, c)
		checks = append(checks, p.seatChecks(in, h, c.Needs, source)...)
	}
	if source.Hop != "" && !local[source.Hop] {
		checks = append(checks, doctor.Check{
			Name: "openrc", Needs: []string{"hop:" + source.Hop}, Do: func(ctx context.Context) doctor.Result { return p.openrc(ctx, in, source) },
		})
	}
	return checks
}

// because is a failed check whose cause is an error of an action or a host.
func because(err error) doctor.Result {
	r := doctor.Because(err)
	var f *steps.Failure
	if errors.As(hostFailure(err), &f) {
		r.Remedy = "remedy." + f.Kind
	}
	return r
}

// hop logs in to a hop.
func (p *practice) hop(ctx context.Context, in steps.Input, name string) doctor.Result {
	host, err := p.open(ctx, in, name)
	if err != nil {
		return because(err)
	}
	id, err := host.Identity(ctx)
	if err != nil {
		return because(err)
	}
	if h, ok := in.Workshop.Hop(name); ok {
		p.seen(in, h, id)
	}
	return doctor.Good("%s@%s, host key %s (%s)", id.User, id.Hostname, id.Fingerprint, id.Verified)
}

// handOut is a parameter that takes fingerprints, and those it is to be given: one, or one a seat.
type handOut struct {
	param string
	keys  map[string]string // by seat
}

// seen keeps the key of a host for handing it out, unless the parameter for it was given one.
func (p *practice) seen(in steps.Input, h steps.Hop, id action.Identity) {
	names := steps.Names(h.HostKey)
	if len(names) != 1 || in.Vars[names[0]] != "" || id.Fingerprint == "" {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	at := slices.IndexFunc(p.keys, func(o handOut) bool { return o.param == names[0] })
	if at < 0 {
		at = len(p.keys)
		p.keys = append(p.keys, handOut{names[0], map[string]string{}})
	}
	p.keys[at].keys[in.Seat] = id.Fingerprint
}

// handOuts are the flags that participants need to have the keys compared for them: the same for all.
func (p *practice) handOuts() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var flags []string
	for _, o := range p.keys {
		var keys []string
		for _, seat := range slices.Sorted(maps.Keys(o.keys)) {
			if !slices.Contains(keys, o.keys[seat]) {
				keys = append(keys, o.keys[seat])
			}
		}
		value := o.param + "=" + strings.Join(keys, " ")
		if len(keys) > 1 {
			value = "'" + value + "'"
		}
		flags = append(flags, "--set "+value)
	}
	return flags
}

func (p *practice) open(ctx context.Context, in steps.Input, name string) (action.Host, error) {
	chain, err := p.s.registry.Chain(ctx, in, p.out, name)
	if err != nil {
		return nil, err
	}
	return p.s.hosts.Open(ctx, chain, p.out)
}

// openrc reads the credentials of this seat where the class reads them.
func (p *practice) openrc(ctx context.Context, in steps.Input, source steps.CloudSource) doctor.Result {
	path, err := steps.Expand(source.OpenRC, in.Vars, nil)
	if err != nil {
		return because(err)
	}
	host, err := p.open(ctx, in, source.Hop)
	if err != nil {
		return because(err)
	}
	return readOpenRC(ctx, host, path)
}

// bootTime is how long a boot with a log-in may take: that of a step, and some more.
const bootTime = 20 * time.Minute

// bootCheck boots the first server of the workshop under a name of its own, logs in, and deletes it.
func (p *practice) bootCheck(planned []action.Planned) doctor.Check {
	return doctor.Check{Name: "boot", Needs: []string{"quota"}, Timeout: bootTime, Do: func(ctx context.Context) doctor.Result {
		if len(planned) == 0 {
			return doctor.Good("the workshop boots nothing")
		}
		r, err := p.boot(ctx, planned[0])
		if err != nil {
			return because(err)
		}
		return r
	}}
}

func (p *practice) boot(ctx context.Context, b action.Planned) (r doctor.Result, err error) {
	compute, err := p.cloud(ctx)
	if err != nil {
		return r, err
	}
	spec := b.Spec
	spec.Count = 1
	spec.Metadata = map[string]string{cloud.MetaWorkshop: p.s.workshop.Name, cloud.MetaSeat: p.s.seat, cloud.MetaStep: "doctor"}
	start := time.Now()
	booted, err := compute.Boot(ctx, spec)
	defer func() {
		// It goes in any case, also when somebody has lost patience.
		gone, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		for _, s := range booted {
			err = errors.Join(err, compute.Delete(gone, s.ID), compute.WaitGone(gone, s.ID))
		}
	}()
	if err != nil {
		return r, err
	}
	server, err := compute.Wait(ctx, booted[0].ID, nil)
	if err != nil {
		return r, err
	}
	active := time.Since(start).Round(100 * time.Millisecond)
	hop, in := p.hopTo(b, server)
	if hop == "" {
		return doctor.Good("ACTIVE in %s, %s; the workshop does not log in there", active, server.Address()), nil
	}
	id, err := p.knock(ctx, in, hop)
	if err != nil {
		return r, fmt.Errorf("%s was ACTIVE in %s, but nobody gets in: %w", server.Address(), active, err)
	}
	return doctor.Good("ACTIVE in %s, logged in as %s@%s in %s", active, id.User, id.Hostname, time.Since(start).Round(100*time.Millisecond)), nil
}

// hopTo finds the hop that leads to what a boot makes: the one whose server is the variable that the
// boot's id is kept under. Its values are those of this server.
func (p *practice) hopTo(b action.Planned, server cloud.Server) (string, steps.Input) {
	in := p.s.input()
	for _, h := range p.s.workshop.Hops {
		names := steps.Names(h.Server)
		if len(names) != 1 || b.Save[names[0]] != "id" {
			continue
		}
		values := map[string]string{names[0]: server.ID}
		for _, name := range steps.Names(h.Host) {
			values[name] = server.Address().String()
		}
		in.Vars = in.Vars.With(values)
		return h.Name, in
	}
	return "", in
}

// knock logs in to a server that has just been booted, again and again until it answers.
func (p *practice) knock(ctx context.Context, in steps.Input, hop string) (action.Identity, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	defer func() {
		if chain, err := p.s.registry.Chain(context.WithoutCancel(ctx), in, p.out, hop); err == nil {
			_ = p.s.hosts.Forget(chain) // its address will soon be another's
		}
	}()
	for {
		host, err := p.open(ctx, in, hop)
		if err == nil {
			return host.Identity(ctx)
		}
		if !errors.Is(err, remote.ErrUnreachable) && !errors.Is(err, remote.ErrLost) {
			return action.Identity{}, err
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return action.Identity{}, err
		}
	}
}
