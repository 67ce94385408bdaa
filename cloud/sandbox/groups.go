package sandbox

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// group is a security group that somebody made; the default one is always there. It is kept.
type group struct {
	ID, Name, Description string
	Created               time.Time
}

// groupRule is a rule that somebody made, in the default group or another. It is kept.
type groupRule struct {
	ID, GroupID, Description string
	Direction, Family        string
	Protocol                 *string
	Min, Max                 *int
	Prefix, FromGroup        *string
	Created                  time.Time
}

// The quotas of security groups and their rules, as Neutron has them from the start.
const (
	mostGroups = 10
	mostRules  = 100
)

// groupID finds a group by name or id; empty when there is none. The caller holds mu.
func (w *world) findGroup(name string) string {
	if name == "default" || name == w.groupID() {
		return w.groupID()
	}
	for _, g := range w.groups {
		if g.Name == name || g.ID == name {
			return g.ID
		}
	}
	return ""
}

// describe is a rule as the API shows it.
func (r *groupRule) describe(project string) object {
	var description any
	if r.Description != "" {
		description = r.Description
	}
	return stamped(object{
		"id": r.ID, "security_group_id": r.GroupID, "ethertype": r.Family, "direction": r.Direction,
		"protocol": nullable(r.Protocol), "port_range_min": nullable(r.Min), "port_range_max": nullable(r.Max),
		"remote_ip_prefix": nullable(r.Prefix), "remote_address_group_id": nil, "normalized_cidr": nullable(r.Prefix),
		"remote_group_id": nullable(r.FromGroup), "description": description,
	}, project, r.Created)
}

func nullable[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}

// rules lists all rules: those every group starts with, the world's, and those that were made.
func (n *networkAPI) rules() []object {
	n.world.mu.Lock()
	defer n.world.mu.Unlock()
	list := n.world.groupRules()
	for _, r := range n.world.rules {
		list = append(list, r.describe(n.world.projectID()))
	}
	return list
}

func (n *networkAPI) groups() []object {
	rules := n.rules()
	of := func(id string) []object {
		list := []object{}
		for i, r := range rules {
			if r["security_group_id"] == id {
				r["standard_attr_id"] = i + 10
				list = append(list, r)
			}
		}
		return list
	}
	n.world.mu.Lock()
	defer n.world.mu.Unlock()
	list := []object{stamped(object{
		"id": n.world.groupID(), "name": "default", "stateful": true, "description": "Default security group",
		"shared": false, "security_group_rules": of(n.world.groupID()),
	}, n.world.projectID(), networkBirth)}
	for _, g := range n.world.groups {
		list = append(list, stamped(object{
			"id": g.ID, "name": g.Name, "stateful": true, "description": g.Description,
			"shared": false, "security_group_rules": of(g.ID),
		}, n.world.projectID(), g.Created))
	}
	return list
}

func (n *networkAPI) refuseAs(status int, kind, text string) reply {
	rep := n.refuse(status, text)
	rep.body.(object)["NeutronError"].(object)["type"] = kind
	return rep
}

func (n *networkAPI) createGroup(c *call) reply {
	var body struct {
		Group *struct {
			Name        string `json:"name"`
			Description string `json:"description"`
		} `json:"security_group"`
	}
	if err := c.decode(&body); err != nil || body.Group == nil || len(body.Group.Name) > 255 {
		return n.refuse(http.StatusBadRequest, "Invalid input for operation: security_group is not as it must be.")
	}
	if strings.EqualFold(body.Group.Name, "default") {
		return n.refuseAs(http.StatusConflict, "SecurityGroupDefaultAlreadyExists", "Default security group already exists.")
	}
	w := n.world
	now := time.Now().UTC()
	g := &group{ID: newID(), Name: body.Group.Name, Description: body.Group.Description, Created: now}
	w.mu.Lock()
	if len(w.groups)+1 >= mostGroups {
		w.mu.Unlock()
		return n.refuseAs(http.StatusConflict, "OverQuota", "Quota exceeded for resources: ['security_group'].")
	}
	w.groups = append(w.groups, g)
	for _, family := range []string{"IPv4", "IPv6"} {
		w.rules = append(w.rules, &groupRule{ID: newID(), GroupID: g.ID, Direction: "egress", Family: family, Created: now})
	}
	w.changed()
	w.mu.Unlock()
	w.save()
	for _, o := range n.groups() {
		if o["id"] == g.ID {
			return reply{status: http.StatusCreated, body: object{"security_group": o}}
		}
	}
	return n.lost()
}

type ruleRequest struct {
	GroupID     string  `json:"security_group_id"`
	Description *string `json:"description"`
	Direction   string  `json:"direction"`
	Family      string  `json:"ethertype"`
	Protocol    *string `json:"protocol"`
	Min         *int    `json:"port_range_min"`
	Max         *int    `json:"port_range_max"`
	Prefix      *string `json:"remote_ip_prefix"`
	FromGroup   *string `json:"remote_group_id"`
}

// bad tells what Neutron would not take; empty when it would.
func (r *ruleRequest) bad() string {
	known := []string{"tcp", "udp", "icmp", "ipv6-icmp"}
	switch {
	case r.Direction != "ingress" && r.Direction != "egress":
		return "Invalid input for direction. Reason: '" + clip(r.Direction) + "' is not in ['ingress', 'egress']."
	case r.Family != "IPv4" && r.Family != "IPv6":
		return "Invalid input for ethertype. Reason: '" + clip(r.Family) + "' is not in ['IPv4', 'IPv6']."
	case r.Protocol != nil && !slices.Contains(known, *r.Protocol):
		return "Security group rule protocol " + clip(*r.Protocol) + " not supported."
	case (r.Min == nil) != (r.Max == nil), r.Min != nil && (*r.Min < 1 || *r.Max > 65535 || *r.Min > *r.Max):
		return "Invalid value for port range."
	case r.Min != nil && r.Protocol == nil:
		return "Must also specify protocol if port range is given."
	case r.Prefix != nil && r.FromGroup != nil:
		return "Only remote_ip_prefix or remote_group_id or remote_address_group_id may be provided."
	}
	if r.Prefix != nil {
		if _, err := netip.ParsePrefix(*r.Prefix); err != nil {
			return "Invalid input for remote_ip_prefix. Reason: '" + clip(*r.Prefix) + "' is not a valid CIDR."
		}
	}
	return ""
}

func (n *networkAPI) createRule(c *call) reply {
	var body struct {
		Rule *ruleRequest `json:"security_group_rule"`
	}
	if err := c.decode(&body); err != nil || body.Rule == nil {
		return n.refuse(http.StatusBadRequest, "Invalid input for operation: security_group_rule is not as it must be.")
	}
	r := body.Rule
	if r.Family == "" {
		r.Family = "IPv4"
	}
	if text := r.bad(); text != "" {
		return n.refuse(http.StatusBadRequest, text)
	}
	made := &groupRule{
		ID: newID(), GroupID: r.GroupID, Direction: r.Direction, Family: r.Family, Protocol: r.Protocol, Min: r.Min, Max: r.Max,
		Prefix: r.Prefix, FromGroup: r.FromGroup, Created: time.Now().UTC(),
	}
	if r.Description != nil {
		made.Description = *r.Description
	}
	w := n.world
	w.mu.Lock()
	if w.findGroup(r.GroupID) == "" {
		w.mu.Unlock()
		return n.refuseAs(http.StatusNotFound, "SecurityGroupNotFound", "Security group "+clip(r.GroupID)+" does not exist")
	}
	all := w.groupRules()
	for _, known := range w.rules {
		all = append(all, known.describe(w.projectID()))
	}
	for _, known := range all {
		if sameRule(known, made.describe(w.projectID())) {
			w.mu.Unlock()
			return n.refuseAs(http.StatusConflict, "SecurityGroupRuleExists", "Security group rule already exists. Rule id is "+known["id"].(string)+".")
		}
	}
	if len(all) >= mostRules {
		w.mu.Unlock()
		return n.refuseAs(http.StatusConflict, "OverQuota", "Quota exceeded for resources: ['security_group_rule'].")
	}
	w.rules = append(w.rules, made)
	w.changed()
	w.mu.Unlock()
	w.save()
	return reply{status: http.StatusCreated, body: object{"security_group_rule": made.describe(w.projectID())}}
}

// sameRule tells whether two rules let the same through: the description says nothing about that.
func sameRule(a, b object) bool {
	for _, key := range []string{"security_group_id", "ethertype", "direction", "protocol", "port_range_min", "port_range_max", "remote_group_id"} {
		if a[key] != b[key] {
			return false
		}
	}
	anywhere := func(o object) bool { p := o["remote_ip_prefix"]; return p == nil || p == "0.0.0.0/0" || p == "::/0" }
	return a["remote_ip_prefix"] == b["remote_ip_prefix"] || anywhere(a) && anywhere(b)
}

func (n *networkAPI) deleteRule(c *call) reply {
	w, id := n.world, c.PathValue("id")
	w.mu.Lock()
	before := len(w.rules)
	w.rules = slices.DeleteFunc(w.rules, func(r *groupRule) bool { return r.ID == id })
	gone := len(w.rules) < before
	w.changed()
	w.mu.Unlock()
	if !gone {
		return n.refuseAs(http.StatusNotFound, "SecurityGroupRuleNotFound", "Security group rule "+clip(id)+" does not exist")
	}
	w.save()
	return reply{status: http.StatusNoContent}
}

func (n *networkAPI) deleteGroup(c *call) reply {
	w, id := n.world, c.PathValue("id")
	w.mu.Lock()
	i := slices.IndexFunc(w.groups, func(g *group) bool { return g.ID == id })
	if i < 0 {
		w.mu.Unlock()
		if id == w.groupID() {
			return n.refuseAs(http.StatusConflict, "SecurityGroupCannotRemoveDefault", "Insufficient rights for removing default security group.")
		}
		return n.refuseAs(http.StatusNotFound, "SecurityGroupNotFound", "Security group "+clip(id)+" does not exist")
	}
	name := w.groups[i].Name
	for _, in := range w.servers {
		if slices.Contains(in.Groups, name) {
			w.mu.Unlock()
			return n.refuseAs(http.StatusConflict, "SecurityGroupInUse", "Security Group "+id+" in use.")
		}
	}
	w.groups = slices.Delete(w.groups, i, i+1)
	w.rules = slices.DeleteFunc(w.rules, func(r *groupRule) bool { return r.GroupID == id })
	w.changed()
	w.mu.Unlock()
	w.save()
	return reply{status: http.StatusNoContent}
}
