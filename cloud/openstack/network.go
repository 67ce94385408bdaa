package openstack

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"

	"matou/cloud"
)

// withNetwork calls f with a client for Neutron, and explains what it fails with.
func (c *Client) withNetwork(op string, f func(*gophercloud.ServiceClient) error) error {
	sc, err := openstack.NewNetworkV2(c.provider, gophercloud.EndpointOpts{Availability: c.credentials.availability()})
	if err == nil {
		err = f(sc)
	}
	return c.explain(op, err)
}

type wireRule struct {
	ID          string  `json:"id,omitempty"`
	GroupID     string  `json:"security_group_id"`
	Description *string `json:"description,omitempty"`
	Direction   string  `json:"direction"`
	Family      string  `json:"ethertype"`
	Protocol    *string `json:"protocol"`
	PortMin     *int    `json:"port_range_min"`
	PortMax     *int    `json:"port_range_max"`
	Prefix      *string `json:"remote_ip_prefix,omitempty"`
	FromGroup   *string `json:"remote_group_id,omitempty"`
}

func (w wireRule) rule() cloud.Rule {
	r := cloud.Rule{
		ID: w.ID, GroupID: w.GroupID, Description: cloud.Clean(value(w.Description)), Ingress: w.Direction == "ingress",
		Family: 4, Protocol: strings.ToLower(value(w.Protocol)), PortMin: value(w.PortMin), PortMax: value(w.PortMax),
		FromGroup: value(w.FromGroup),
	}
	if w.Family == "IPv6" {
		r.Family = 6
	}
	if p, err := netip.ParsePrefix(value(w.Prefix)); err == nil {
		r.From = p
	}
	return r
}

func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

type wireGroup struct {
	ID          string     `json:"id"`
	Name        string     `json:"name"`
	Description string     `json:"description"`
	Rules       []wireRule `json:"security_group_rules"`
}

func (w wireGroup) group() cloud.SecurityGroup {
	g := cloud.SecurityGroup{ID: w.ID, Name: cloud.Clean(w.Name), Description: cloud.Clean(w.Description)}
	for _, r := range w.Rules {
		g.Rules = append(g.Rules, r.rule())
	}
	return g
}

// SecurityGroups lists the project's security groups with their rules, by name.
func (c *Client) SecurityGroups(ctx context.Context) ([]cloud.SecurityGroup, error) {
	var found []wireGroup
	err := c.withNetwork("list security groups", func(sc *gophercloud.ServiceClient) (err error) {
		found, err = list[wireGroup](ctx, sc, sc.ServiceURL("security-groups"), "security_groups")
		return err
	})
	if err != nil {
		return nil, err
	}
	groups := make([]cloud.SecurityGroup, len(found))
	for i, f := range found {
		groups[i] = f.group()
	}
	slices.SortStableFunc(groups, func(a, b cloud.SecurityGroup) int { return strings.Compare(a.Name, b.Name) })
	return groups, nil
}

// CreateSecurityGroup makes a group. It starts with the rules Neutron gives all of them: everything
// may leave.
func (c *Client) CreateSecurityGroup(ctx context.Context, name, description string) (cloud.SecurityGroup, error) {
	var answer struct {
		Group wireGroup `json:"security_group"`
	}
	body := map[string]any{"security_group": map[string]any{"name": name, "description": description}}
	err := c.withNetwork("make security group "+cloud.Clean(name), func(sc *gophercloud.ServiceClient) error {
		_, err := sc.Post(ctx, sc.ServiceURL("security-groups"), body, &answer, okay(http.StatusCreated))
		return err
	})
	return answer.Group.group(), err
}

// AddRule makes a rule, as r describes it. One that is there already, whoever made it, is no error:
// the rule returned has no id then.
func (c *Client) AddRule(ctx context.Context, r cloud.Rule) (cloud.Rule, error) {
	w := wireRule{GroupID: r.GroupID, Description: &r.Description, Direction: "egress", Family: "IPv4"}
	if r.Ingress {
		w.Direction = "ingress"
	}
	if r.Family == 6 {
		w.Family = "IPv6"
	}
	if r.Protocol != "" {
		w.Protocol = &r.Protocol
	}
	if r.PortMin != 0 {
		w.PortMin, w.PortMax = &r.PortMin, &r.PortMax
	}
	if r.From.IsValid() {
		text := r.From.String()
		w.Prefix = &text
	}
	if r.FromGroup != "" {
		w.FromGroup = &r.FromGroup
	}
	var answer struct {
		Rule wireRule `json:"security_group_rule"`
	}
	var exists bool
	err := c.withNetwork("open a port", func(sc *gophercloud.ServiceClient) error {
		_, err := sc.Post(ctx, sc.ServiceURL("security-group-rules"), map[string]any{"security_group_rule": w}, &answer, okay(http.StatusCreated))
		exists = gophercloud.ResponseCodeIs(err, http.StatusConflict) && strings.Contains(err.Error(), "SecurityGroupRuleExists")
		if exists {
			return nil
		}
		return err
	})
	if err != nil || exists {
		return r, err
	}
	return answer.Rule.rule(), nil
}

// DeleteRule removes a rule; one that is gone already is no error.
func (c *Client) DeleteRule(ctx context.Context, id string) error {
	return c.deleteNetwork(ctx, "delete rule", "security-group-rules", id)
}

// DeleteSecurityGroup removes a group; one that is gone already is no error. The error is
// [cloud.ErrConflict] while a server carries it.
func (c *Client) DeleteSecurityGroup(ctx context.Context, id string) error {
	return c.deleteNetwork(ctx, "delete security group", "security-groups", id)
}

func (c *Client) deleteNetwork(ctx context.Context, op, what, id string) error {
	if !plainID(id) {
		return refuse(op, cloud.ErrNotFound, "not an id")
	}
	return c.withNetwork(op+" "+cloud.Clean(id), func(sc *gophercloud.ServiceClient) error {
		_, err := sc.Delete(ctx, sc.ServiceURL(what, url.PathEscape(id)), nil)
		if gophercloud.ResponseCodeIs(err, http.StatusNotFound) {
			return nil
		}
		return err
	})
}

func okay(codes ...int) *gophercloud.RequestOpts { return &gophercloud.RequestOpts{OkCodes: codes} }

type wireFloating struct {
	ID          string  `json:"id"`
	IP          string  `json:"floating_ip_address"`
	NetworkID   string  `json:"floating_network_id"`
	PortID      *string `json:"port_id"`
	Description string  `json:"description"`
}

func (w wireFloating) floating() cloud.FloatingIP {
	ip, _ := netip.ParseAddr(w.IP) // zero while Neutron has not chosen one
	return cloud.FloatingIP{ID: w.ID, IP: ip, NetworkID: w.NetworkID, PortID: value(w.PortID), Description: cloud.Clean(w.Description)}
}

// FloatingIPs lists the project's floating addresses. A cloud that has none to give answers with an
// empty list.
func (c *Client) FloatingIPs(ctx context.Context) ([]cloud.FloatingIP, error) {
	var found []wireFloating
	err := c.withNetwork("list floating addresses", func(sc *gophercloud.ServiceClient) (err error) {
		found, err = list[wireFloating](ctx, sc, sc.ServiceURL("floatingips"), "floatingips")
		if gophercloud.ResponseCodeIs(err, http.StatusNotFound) { // Neutron without its router extension
			return nil
		}
		return err
	})
	all := make([]cloud.FloatingIP, len(found))
	for i, f := range found {
		all[i] = f.floating()
	}
	return all, err
}

// Float gives a server a floating address of the network called from: one of those whose
// description is the given one and that lead nowhere, or a new one, which gets that description. A
// server that has one already keeps it.
func (c *Client) Float(ctx context.Context, server, from, description string) (cloud.FloatingIP, error) {
	op := "give server " + cloud.Clean(server) + " a floating address"
	network, err := c.Network(ctx, from)
	if err != nil {
		return cloud.FloatingIP{}, err
	}
	port, err := c.portOf(ctx, op, server)
	if err != nil {
		return cloud.FloatingIP{}, err
	}
	all, err := c.FloatingIPs(ctx)
	if err != nil {
		return cloud.FloatingIP{}, err
	}
	var free cloud.FloatingIP
	for _, f := range all {
		if f.PortID == port {
			return f, nil
		}
		if f.PortID == "" && f.NetworkID == network.ID && f.Description == description {
			free = f
		}
	}
	var answer struct {
		Floating wireFloating `json:"floatingip"`
	}
	err = c.withNetwork(op, func(sc *gophercloud.ServiceClient) error {
		if free.ID != "" {
			body := map[string]any{"floatingip": map[string]any{"port_id": port}}
			_, err := sc.Put(ctx, sc.ServiceURL("floatingips", url.PathEscape(free.ID)), body, &answer, okay(http.StatusOK))
			return err
		}
		body := map[string]any{"floatingip": map[string]any{
			"floating_network_id": network.ID, "port_id": port, "description": description,
		}}
		_, err := sc.Post(ctx, sc.ServiceURL("floatingips"), body, &answer, okay(http.StatusCreated))
		return err
	})
	return answer.Floating.floating(), err
}

// portOf is the id of a server's first port.
func (c *Client) portOf(ctx context.Context, op, server string) (string, error) {
	type port struct{ ID string }
	var found []port
	err := c.withNetwork(op, func(sc *gophercloud.ServiceClient) (err error) {
		found, err = list[port](ctx, sc, sc.ServiceURL("ports")+"?device_id="+url.QueryEscape(server), "ports")
		return err
	})
	if err == nil && len(found) == 0 {
		err = refuse(op, cloud.ErrNotFound, "it is on no network")
	}
	if err != nil {
		return "", err
	}
	return found[0].ID, nil
}

// ReleaseFloatingIP gives a floating address back; one that is gone already is no error.
func (c *Client) ReleaseFloatingIP(ctx context.Context, id string) error {
	return c.deleteNetwork(ctx, "release floating address", "floatingips", id)
}

// Services lists the types of the services in the account's catalog: "compute", "image", "network".
func (c *Client) Services() []string {
	var types []string
	for _, e := range c.catalog.Entries {
		types = append(types, cloud.Clean(e.Type))
	}
	slices.Sort(types)
	return slices.Compact(types)
}
