package action

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"matou/cloud"
	"matou/steps"
)

// mark is the description of what all seats of a workshop share, seatMark of what is one seat's.
// Clean goes by them.
func (c *call) mark() string     { return "matou:" + c.in.Workshop.Name }
func (c *call) seatMark() string { return c.mark() + ":" + c.in.Seat }

// keyName is the name of the keypair that this seat leaves in the cloud: a keypair has nothing else
// to know it by.
func (c *call) keyName() string { return "matou-" + c.in.Workshop.Name + "-" + c.in.Seat }

// prepare fills in what spec leaves open, and makes what it stands on: a network the person chooses,
// the seat's key, and the ports that must be open, as far as the workshop says so.
func (c *call) prepare(ctx context.Context, compute Compute, spec *cloud.ServerSpec) error {
	network, ok := compute.(Networking)
	if !ok {
		return nil
	}
	var err error
	if spec.Network == "" {
		if spec.Network, err = c.chooseNetwork(ctx, network); err != nil {
			return err
		}
	}
	if key := c.texts["public-key"]; key != "" && spec.Keypair == "" {
		spec.Keypair = c.keyName()
		if err := c.importKey(ctx, network, spec.Keypair, key); err != nil {
			return err
		}
	}
	open, err := steps.Expand(c.in.Workshop.Cloud.OpenPorts, c.in.Vars, nil)
	if err != nil {
		return err
	}
	if open != "true" {
		return nil
	}
	return c.openPorts(ctx, network, spec.SecurityGroups)
}

// chooseNetwork asks which network the servers are to be on, when there are several. The answer is
// kept: as the parameter that the action's field names, for the next programs too.
func (c *call) chooseNetwork(ctx context.Context, network Networking) (string, error) {
	c.mu.Lock()
	chosen := c.chosen["network"]
	c.mu.Unlock()
	if chosen != "" {
		return chosen, nil
	}
	all, err := network.Networks(ctx)
	if err != nil {
		return "", err
	}
	var names []string
	for _, n := range all {
		same := slices.ContainsFunc(all, func(o cloud.Network) bool { return o.Name == n.Name && o.ID != n.ID })
		switch {
		case n.External && !n.Shared: // it gives floating addresses; no server can be on it
		case same || n.Name == "":
			names = append(names, n.ID)
		default:
			names = append(names, n.Name)
		}
	}
	if len(names) < 2 {
		return "", nil // the only one there is, or none: the cloud's client says so
	}
	answer, err := c.out.Ask(ctx, steps.Question{Kind: steps.AskChoice, Subject: "network", Choices: names})
	if err != nil || !answer.OK || !slices.Contains(names, answer.Text) {
		f := steps.Fail(steps.FailAmbiguous, "cause.networks", "the project has the networks {names}", "names", strings.Join(names, ", "))
		f.Err = err
		return "", f
	}
	c.mu.Lock()
	c.chosen["network"] = answer.Text
	c.mu.Unlock()
	return answer.Text, c.remember("network", answer.Text)
}

// remember keeps the value of the parameter that a field of the action is made of, if it is made of
// one alone.
func (c *call) remember(field, value string) error {
	names := steps.Names(c.in.Action.With[field].Text)
	if c.deps.Remember == nil || len(names) != 1 ||
		!slices.ContainsFunc(c.in.Workshop.Params, func(p steps.Param) bool { return p.Name == names[0] }) {
		return nil
	}
	if err := c.deps.Remember(names[0], value); err != nil {
		return steps.Failf(steps.FailDisk, "remember %s: %w", names[0], err)
	}
	c.show("matou", fmt.Sprintf("%s: %s, from now on", names[0], value))
	return nil
}

// importKey sees to it that the seat's keypair is the given key: a line of authorized_keys, or the
// file it is in.
func (c *call) importKey(ctx context.Context, network Networking, name, key string) error {
	if !strings.Contains(key, " ") {
		path := key
		if rest, ok := strings.CutPrefix(path, "~/"); ok {
			home, err := os.UserHomeDir()
			if err != nil {
				return steps.Failf(steps.FailValue, "public key %s: %w", key, err)
			}
			path = filepath.Join(home, rest)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return steps.Failf(steps.FailNotFound, "public key: %w", err)
		}
		key = string(data)
	}
	key = strings.TrimSpace(key)
	if strings.Contains(key, "PRIVATE KEY") || strings.Contains(key, "\n") || len(strings.Fields(key)) < 2 {
		return steps.Failf(steps.FailValue, "public-key: that is not one line with a public key")
	}
	pairs, err := network.Keypairs(ctx)
	if err != nil {
		return err
	}
	for _, p := range pairs {
		if p.Name != name {
			continue
		}
		if sameKey(p.PublicKey, key) {
			return nil
		}
		if err := network.DeleteKeypair(ctx, name); err != nil { // ours, of another day
			return err
		}
	}
	c.show("nova", "keypair "+name)
	return network.ImportKeypair(ctx, name, key)
}

// sameKey compares two lines of authorized_keys without their comments.
func sameKey(a, b string) bool {
	f, g := strings.Fields(a), strings.Fields(b)
	return len(f) > 1 && len(g) > 1 && f[0] == g[0] && f[1] == g[1]
}

// openPorts sees to it that the groups are there, and that between them they let everybody in at
// the workshop's ports. Only what is missing is made; what others made stays as it is.
func (c *call) openPorts(ctx context.Context, network Networking, names []string) error {
	ports, err := Ports(c.in)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		names = []string{"default"}
	}
	all, err := network.SecurityGroups(ctx)
	if err != nil {
		return err
	}
	var groups []cloud.SecurityGroup
	for _, name := range names {
		i := slices.IndexFunc(all, func(g cloud.SecurityGroup) bool { return g.Name == name || g.ID == name })
		if i >= 0 {
			groups = append(groups, all[i])
			continue
		}
		c.show("nova", "security group "+name)
		g, err := network.CreateSecurityGroup(ctx, name, c.mark())
		if err != nil {
			return err
		}
		groups = append(groups, g)
	}
	closed, _ := cloud.Closed(groups, ports)
	for _, port := range closed {
		c.show("nova", fmt.Sprintf("open port %d in %s", port, groups[0].Name))
		for _, family := range []int{4, 6} {
			_, err := network.AddRule(ctx, cloud.Rule{
				GroupID: groups[0].ID, Description: c.mark(), Ingress: true, Family: family, Protocol: "tcp", PortMin: port, PortMax: port,
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// floatTime is how long Nova may take to show a floating address that Neutron gave.
const floatTime = time.Minute

// float gives each server a floating address, when the workshop says from where.
func (c *call) float(ctx context.Context, compute Compute, servers []cloud.Server) ([]cloud.Server, error) {
	from, err := steps.Expand(c.in.Workshop.Cloud.Floating, c.in.Vars, nil)
	network, ok := compute.(Networking)
	if err != nil || from == "" || !ok {
		return servers, err
	}
	ctx, cancel := context.WithTimeout(ctx, floatTime)
	defer cancel()
	for i, s := range servers {
		a, err := network.Float(ctx, s.ID, from, c.seatMark())
		if err != nil {
			return nil, err
		}
		c.show("nova", fmt.Sprintf("%s  %s  %s", s.ID, s.Name, a.IP))
		for !slices.ContainsFunc(s.Addresses, func(x cloud.Address) bool { return x.IP == a.IP }) {
			if s, err = compute.Server(ctx, s.ID); err != nil {
				return nil, err
			}
			select {
			case <-time.After(300 * time.Millisecond):
			case <-ctx.Done():
				return nil, errors.Join(cloud.ErrTimeout, ctx.Err())
			}
		}
		servers[i] = s
	}
	return servers, nil
}
