package openstack

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"matou/cloud"
)

func liveSession(ctx context.Context, t *testing.T, k Credentials, o Options, requests *atomic.Int64) {
	s := Sessions{Dir: t.TempDir()}
	for round, want := range []int64{3, 1} { // a log-in, the versions, the list; then the list
		before := requests.Load()
		c, err := s.Login(ctx, k, o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Servers(ctx); err != nil {
			t.Error(err)
		}
		if err := s.Keep(c); err != nil {
			t.Error(err)
		}
		c.Close()
		if n := requests.Load() - before; n != want {
			t.Errorf("round %d: %d requests", round, n)
		}
	}
}

func liveKeypairs(ctx context.Context, t *testing.T, c *Client, spec cloud.ServerSpec) {
	const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl somebody"
	name := strings.ReplaceAll(spec.Metadata[cloud.MetaRun], "live-", "matou-live-")
	t.Cleanup(func() {
		if err := c.DeleteKeypair(context.WithoutCancel(ctx), name); err != nil {
			t.Error(err)
		}
	})
	if err := c.ImportKeypair(ctx, name, key); err != nil {
		t.Fatal(err)
	}
	if err := c.ImportKeypair(ctx, name, key); !errors.Is(err, cloud.ErrConflict) {
		t.Errorf("once more: %v", err)
	}
	pairs, err := c.Keypairs(ctx)
	if err != nil || !slices.ContainsFunc(pairs, func(p cloud.Keypair) bool { return p.Name == name && strings.HasPrefix(p.PublicKey, key[:80]) }) {
		t.Errorf("%+v, %v", pairs, err)
	}
	if err := c.HasKeypair(ctx, name+"x"); !errors.Is(err, cloud.ErrNotFound) || !strings.Contains(err.Error(), name) {
		t.Errorf("a name near it: %v", err)
	}
	for range 2 {
		if err := c.DeleteKeypair(ctx, name); err != nil {
			t.Errorf("delete: %v", err)
		}
	}
	if err := c.ImportKeypair(ctx, name, "no key"); !errors.Is(err, cloud.ErrBadRequest) {
		t.Errorf("not a key: %v", err)
	}
}

func liveGroups(ctx context.Context, t *testing.T, c *Client, spec cloud.ServerSpec) {
	mark := "matou:" + spec.Metadata[cloud.MetaRun]
	g, err := c.CreateSecurityGroup(ctx, "matou-live", mark)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.DeleteSecurityGroup(context.WithoutCancel(ctx), g.ID); err != nil {
			t.Error(err)
		}
	})
	if g.Description != mark || len(g.Rules) != 2 || g.Lets(22, 4) != cloud.ReachNone {
		t.Errorf("a new group: %+v", g)
	}
	rule := cloud.Rule{GroupID: g.ID, Description: mark, Ingress: true, Family: 4, Protocol: "tcp", PortMin: 22, PortMax: 22}
	made, err := c.AddRule(ctx, rule)
	if err != nil || made.ID == "" || made.Description != mark {
		t.Fatalf("%+v, %v", made, err)
	}
	rule.Description = "somebody's"
	if again, err := c.AddRule(ctx, rule); err != nil || again.ID != "" {
		t.Errorf("the same rule: %+v, %v", again, err)
	}
	narrow := cloud.Rule{GroupID: g.ID, Ingress: true, Family: 4, Protocol: "tcp", PortMin: 80, PortMax: 81, From: netip.MustParsePrefix("192.0.2.0/24")}
	if _, err := c.AddRule(ctx, narrow); err != nil {
		t.Error(err)
	}
	bad := rule
	bad.PortMin = 99999
	if _, err := c.AddRule(ctx, bad); !errors.Is(err, cloud.ErrBadRequest) {
		t.Errorf("a port there is not: %v", err)
	}
	groups, err := c.SecurityGroups(ctx)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(groups, func(k cloud.SecurityGroup) bool { return k.ID == g.ID })
	if i < 0 || groups[i].Lets(22, 4) != cloud.ReachAll || groups[i].Lets(81, 4) != cloud.ReachPrefix || groups[i].Lets(22, 6) != cloud.ReachNone {
		t.Errorf("groups: %+v", groups)
	}
	for range 2 {
		if err := c.DeleteRule(ctx, made.ID); err != nil {
			t.Errorf("delete rule: %v", err)
		}
	}
	spec.SecurityGroups = []string{"matou-live"}
	booted, err := c.Boot(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Wait(ctx, booted[0].ID, nil); err != nil {
		t.Error(err)
	}
	if err := c.DeleteSecurityGroup(ctx, g.ID); !errors.Is(err, cloud.ErrConflict) {
		t.Errorf("a group in use: %v", err)
	}
	if err := errors.Join(c.Delete(ctx, booted[0].ID), c.WaitGone(ctx, booted[0].ID)); err != nil {
		t.Error(err)
	}
	if _, err := c.FloatingIPs(ctx); err != nil {
		t.Errorf("floating addresses: %v", err)
	}
}
