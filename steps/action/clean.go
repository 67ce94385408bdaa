package action

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"matou/cloud"
	"matou/steps"
)

// cleanServers deletes all that this seat made, and nothing else.
func cleanServers(ctx context.Context, c *call) (steps.Result, error) {
	compute, err := c.cloud(ctx)
	if err != nil {
		return steps.Result{}, err
	}
	made, err := c.made(ctx, compute)
	if err == nil {
		made.Servers, err = c.spare(ctx, compute, made.Servers)
	}
	if err != nil {
		return steps.Result{}, err
	}
	return c.unmake(ctx, compute, made)
}

// Made is all that a seat made in its cloud: what Clean would delete.
func (r *Registry) Made(ctx context.Context, in steps.Input, out steps.Output) (cloud.Made, error) {
	c := &call{Registry: r, in: in, out: out}
	compute, err := c.cloud(ctx)
	if err != nil {
		return cloud.Made{}, fail(err)
	}
	made, err := c.made(ctx, compute)
	if err != nil {
		return cloud.Made{}, fail(err)
	}
	return made, nil
}

// Clean deletes all that a seat made, outside of any step.
func (r *Registry) Clean(ctx context.Context, in steps.Input, out steps.Output) error {
	_, err := cleanServers(ctx, &call{Registry: r, in: in, out: out})
	if err != nil {
		return fail(err)
	}
	return nil
}

// made finds what this seat made. What all seats share, rules and groups, is among it only when no
// other seat has a server left to lose by it.
func (c *call) made(ctx context.Context, compute Compute) (cloud.Made, error) {
	var made cloud.Made
	all, err := compute.Servers(ctx)
	if err != nil {
		return made, err
	}
	last := true
	for _, s := range all {
		switch {
		case c.mine(s):
			made.Servers = append(made.Servers, s)
		case s.Metadata[cloud.MetaWorkshop] == c.in.Workshop.Name:
			last = false
		}
	}
	network, ok := compute.(Networking)
	if !ok {
		return made, nil
	}
	source := c.in.Workshop.Cloud
	if source.Floating != "" {
		addresses, err := network.FloatingIPs(ctx)
		if err != nil {
			return made, err
		}
		made.Addresses = slices.DeleteFunc(addresses, func(f cloud.FloatingIP) bool { return f.Description != c.seatMark() })
	}
	if c.importsKey() {
		pairs, err := network.Keypairs(ctx)
		if err != nil {
			return made, err
		}
		for _, p := range pairs {
			if p.Name == c.keyName() {
				made.Keypairs = append(made.Keypairs, p.Name)
			}
		}
	}
	if source.OpenPorts == "" || !last {
		return made, nil
	}
	return c.madeRules(ctx, network, made)
}

func (c *call) madeRules(ctx context.Context, network Networking, made cloud.Made) (cloud.Made, error) {
	groups, err := network.SecurityGroups(ctx)
	if err != nil {
		return made, err
	}
	for _, g := range groups {
		if g.Description == c.mark() {
			made.Groups = append(made.Groups, g) // its rules go with it
			continue
		}
		for _, r := range g.Rules {
			if r.Description == c.mark() {
				made.Rules = append(made.Rules, r)
			}
		}
	}
	return made, nil
}

// importsKey tells whether the workshop leaves a key in the cloud.
func (c *call) importsKey() bool {
	for _, step := range c.in.Workshop.Steps {
		for _, a := range step.Actions {
			if a.With["public-key"].Text != "" {
				return true
			}
		}
	}
	return false
}

// unmake deletes what was made: servers first, for the rest hangs on them. What fails is told at the
// end, and keeps nothing else from going.
func (c *call) unmake(ctx context.Context, compute Compute, made cloud.Made) (steps.Result, error) {
	result, err := c.removeAll(ctx, compute, made.Servers)
	if err != nil {
		return result, err
	}
	network, ok := compute.(Networking)
	if !ok {
		return result, nil
	}
	var errs []error
	drop := func(what, name string, f func() error) {
		c.show("nova", fmt.Sprintf("delete %s %s", what, name))
		errs = append(errs, f())
	}
	for _, a := range made.Addresses {
		drop("floating address", a.IP.String(), func() error { return network.ReleaseFloatingIP(ctx, a.ID) })
	}
	for _, r := range made.Rules {
		drop("rule", fmt.Sprintf("%s (port %d)", r.ID, r.PortMin), func() error { return network.DeleteRule(ctx, r.ID) })
	}
	for _, g := range made.Groups {
		drop("security group", g.Name, func() error { return network.DeleteSecurityGroup(ctx, g.ID) })
	}
	for _, name := range made.Keypairs {
		drop("keypair", name, func() error { return network.DeleteKeypair(ctx, name) })
	}
	result.Changed = result.Changed || !made.Empty()
	return result, errors.Join(errs...)
}
