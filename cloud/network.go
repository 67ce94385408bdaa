package cloud

import (
	"net/netip"
	"slices"
)

// SecurityGroup is a set of rules about what may reach the servers that carry it. Nothing that no
// rule lets in gets in.
type SecurityGroup struct {
	ID, Name    string
	Description string
	Rules       []Rule
}

// Rule lets some traffic through. See
// https://docs.openstack.org/api-ref/network/v2/#security-group-rules-security-group-rules.
type Rule struct {
	ID, GroupID      string
	Description      string
	Ingress          bool   // towards the server
	Family           int    // 4 or 6
	Protocol         string // "tcp"...; empty: any
	PortMin, PortMax int    // 0: all ports
	From             netip.Prefix
	FromGroup        string // only from servers of that group; empty: not so restricted
}

// Reach is from where a port can be reached.
type Reach int

// The reaches, from the narrowest to the widest.
const (
	ReachNone   Reach = iota // no rule lets it in
	ReachGroup               // servers of a group only
	ReachPrefix              // some addresses only
	ReachAll
)

// Lets is from where TCP connections of an address family (4 or 6) to a port get through a rule.
func (r Rule) Lets(port, family int) Reach {
	tcp := r.Protocol == "" || r.Protocol == "tcp" || r.Protocol == "6" || r.Protocol == "any"
	within := r.PortMin == 0 && r.PortMax == 0 || r.PortMin <= port && port <= r.PortMax
	switch {
	case !r.Ingress || r.Family != family || !tcp || !within:
		return ReachNone
	case r.FromGroup != "":
		return ReachGroup
	case r.From.IsValid() && r.From.Bits() > 0:
		return ReachPrefix
	}
	return ReachAll
}

// Lets is from where TCP connections to a port get through the group's rules: the widest of them.
func (g SecurityGroup) Lets(port, family int) Reach {
	reach := ReachNone
	for _, r := range g.Rules {
		reach = max(reach, r.Lets(port, family))
	}
	return reach
}

// Closed lists the ports that connections over IPv4 do not reach from everywhere through any of
// the groups, and of them those that some addresses do reach.
func Closed(groups []SecurityGroup, ports []int) (closed, narrow []int) {
	for _, port := range ports {
		reach := ReachNone
		for _, g := range groups {
			reach = max(reach, g.Lets(port, 4))
		}
		if reach == ReachAll || slices.Contains(closed, port) {
			continue
		}
		closed = append(closed, port)
		if reach == ReachPrefix {
			narrow = append(narrow, port)
		}
	}
	return closed, narrow
}

// FloatingIP is a public address that can be moved from one server to another.
type FloatingIP struct {
	ID          string
	IP          netip.Addr
	NetworkID   string // the network it comes from
	PortID      string // of the server's port it leads to; empty: to none
	Description string
}
