package action

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"matou/cloud"
	"matou/steps"
)

// deleteServers deletes servers by id. Ids that are not this seat's are refused: whatever a
// workshop's file says, nobody else's server goes. To take a step back is to delete also those it made
// without getting as far as to save their ids.
func deleteServers(ctx context.Context, c *call) (steps.Result, error) {
	compute, err := c.cloud(ctx)
	if err != nil {
		return steps.Result{}, err
	}
	all, err := compute.Servers(ctx)
	if err != nil {
		return steps.Result{}, err
	}
	ids := strings.Fields(c.texts["ids"])
	var doomed []cloud.Server
	for _, s := range all {
		left := c.in.Phase == steps.PhaseUndo && c.mine(s) && s.Metadata[cloud.MetaStep] == string(c.in.Step)
		switch {
		case !left && !slices.Contains(ids, s.ID):
			continue
		case !c.mine(s):
			return steps.Result{}, steps.Fail(steps.FailForbidden, "cause.not-ours", "{name} ({id}) was not made by seat {seat}: not deleted", "name", s.Name, "id", s.ID, "seat", c.in.Seat)
		}
		doomed = append(doomed, s)
	}
	if c.in.Phase == steps.PhaseUndo { // who deletes one by its id has been asked about it
		if doomed, err = c.spare(ctx, compute, doomed); err != nil {
			return steps.Result{}, err
		}
	}
	return c.removeAll(ctx, compute, doomed)
}

func (c *call) ownServers(ctx context.Context, compute Compute) ([]cloud.Server, error) {
	all, err := compute.Servers(ctx)
	return slices.DeleteFunc(all, func(s cloud.Server) bool { return !c.mine(s) }), err
}

func (c *call) removeAll(ctx context.Context, compute Compute, doomed []cloud.Server) (steps.Result, error) {
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for _, s := range doomed {
		c.show("nova", fmt.Sprintf("delete %s  %s", s.ID, s.Name))
		g.Go(func() error { return c.remove(gctx, compute, s) })
	}
	err := g.Wait()
	c.changed()
	n := fmt.Sprint(len(doomed))
	summary, said := steps.Summed("told.deleted", "{n} × DELETED", "n", n)
	return steps.Result{Values: map[string]string{"count": n}, Summary: summary, Said: said, Changed: len(doomed) > 0}, err
}

// remove deletes a server and waits until it is gone; its address may soon be another's, with
// another host key.
func (c *call) remove(ctx context.Context, compute Compute, s cloud.Server) error {
	if err := compute.Delete(ctx, s.ID); err != nil {
		return err
	}
	c.mu.Lock()
	delete(c.keys, s.ID)
	c.mu.Unlock()
	if err := c.forget(s); err != nil {
		c.show("ssh", err.Error()) // the next login asks, which is safe
	}
	return compute.WaitGone(ctx, s.ID)
}

// forget drops the known host key of each hop that leads to a server.
func (c *call) forget(s cloud.Server) error {
	var errs []error
	for _, h := range c.in.Workshop.Hops {
		if h.Server == "" {
			continue
		}
		if id, err := steps.Expand(h.Server, c.in.Vars, nil); err != nil || id != s.ID {
			continue
		}
		var chain []Hop
		for _, via := range c.in.Workshop.Chain(h.Name) {
			if c.isHere(via.Name) {
				continue
			}
			hop, err := c.hop(via)
			if err != nil {
				errs = append(errs, err)
				break
			}
			chain = append(chain, hop)
		}
		if len(chain) > 0 {
			errs = append(errs, c.deps.Hosts.Forget(chain))
		}
	}
	return errors.Join(errs...)
}

func checkNone(ctx context.Context, c *call) (steps.Result, error) {
	compute, err := c.cloud(ctx)
	if err != nil {
		return steps.Result{}, err
	}
	left, err := c.ownServers(ctx, compute)
	if err != nil {
		return steps.Result{}, err
	}
	if len(left) > 0 {
		return steps.Result{}, steps.Fail(steps.FailCheck, "cause.left", "{n} left, among them {name}", "n", len(left), "name", left[0].Name)
	}
	return steps.Result{Summary: "0"}, nil
}
