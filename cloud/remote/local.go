package remote

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
)

// LocalIdentity is who one is on this machine.
func LocalIdentity() (Identity, error) {
	host, err := os.Hostname()
	if err != nil {
		return Identity{}, fmt.Errorf("local identity: %w", err)
	}
	return Identity{User: localUser(), Host: host}, nil
}

// OnHost tells whether this machine is the one hop names: then the chain starts behind it. An
// address of the loopback network says nothing (a port of it may lead anywhere), so for such a hop
// the answer is no. A name that cannot be looked up here is not this machine either.
func OnHost(ctx context.Context, hop Hop) bool {
	if loopback(hop.Host) {
		return false
	}
	if name, err := os.Hostname(); err == nil && name == hop.Host {
		return true
	}
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", hop.Host)
	if err != nil {
		return false
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	return slices.ContainsFunc(addrs, func(a net.Addr) bool {
		p, err := netip.ParsePrefix(a.String())
		return err == nil && !p.Addr().IsLoopback() && slices.ContainsFunc(found, func(f netip.Addr) bool {
			return f.Unmap() == p.Addr().Unmap()
		})
	})
}
