package cloud

import (
	"fmt"
	"time"
)

// Made is what somebody made in a cloud: what clean shows, and deletes. Servers are known by their
// metadata, the others by their description, and keypairs, which have none, by their name.
type Made struct {
	Servers   []Server
	Addresses []FloatingIP
	Keypairs  []string
	Rules     []Rule
	Groups    []SecurityGroup
}

// Count is how many things there are.
func (m Made) Count() int {
	return len(m.Servers) + len(m.Addresses) + len(m.Keypairs) + len(m.Rules) + len(m.Groups)
}

// Empty tells that there is nothing.
func (m Made) Empty() bool { return m.Count() == 0 }

// The kinds of things that somebody may have made.
const (
	ItemServer   = "server"
	ItemAddress  = "address" // a floating one
	ItemRule     = "rule"    // of a security group
	ItemGroup    = "group"   // of rules
	ItemKeypair  = "keypair"
	shortIDRunes = 8
)

// Item is one thing that somebody made, as a list of them shows it.
type Item struct {
	Kind    string
	Name    string        // or its address, or what it opens
	ID      string        // as much of it as tells it from others at a glance; empty for what has none
	Age     time.Duration // of a server; zero: not known
	Adopted bool          // a server that was made by hand, and taken over
}

// Items lists everything, servers first.
func (m Made) Items(now time.Time) []Item {
	var items []Item
	for _, s := range m.Servers {
		item := Item{Kind: ItemServer, Name: s.Name, ID: shortID(s.ID), Adopted: s.Adopted()}
		if !s.Created.IsZero() {
			item.Age = max(0, now.Sub(s.Created))
		}
		items = append(items, item)
	}
	for _, a := range m.Addresses {
		items = append(items, Item{Kind: ItemAddress, Name: a.IP.String(), ID: shortID(a.ID)})
	}
	for _, r := range m.Rules {
		items = append(items, Item{Kind: ItemRule, Name: fmt.Sprintf("TCP %d, IPv%d", r.PortMin, r.Family), ID: shortID(r.ID)})
	}
	for _, g := range m.Groups {
		items = append(items, Item{Kind: ItemGroup, Name: g.Name, ID: shortID(g.ID)})
	}
	for _, name := range m.Keypairs {
		items = append(items, Item{Kind: ItemKeypair, Name: name})
	}
	return items
}

func shortID(id string) string {
	if r := []rune(id); len(r) > shortIDRunes {
		return string(r[:shortIDRunes])
	}
	return id
}
