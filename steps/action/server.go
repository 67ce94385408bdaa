package action

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"matou/cloud"
	"matou/steps"
)

var serverKinds = []kind{
	{
		schema: steps.Schema{
			Kind: "server.boot", Claims: true, Makes: true, Timeout: 15 * time.Minute,
			Fields: map[string]steps.Field{
				"name":            {Type: steps.FieldString, Required: true},
				"image":           {Type: steps.FieldString, Required: true},
				"flavor":          {Type: steps.FieldString, Required: true},
				"network":         {Type: steps.FieldString},
				"user-data":       {Type: steps.FieldFile},
				"keypair":         {Type: steps.FieldString},
				"public-key":      {Type: steps.FieldString}, // a file here, or the line itself: imported for this seat
				"security-groups": {Type: steps.FieldList},
				"config-drive":    {Type: steps.FieldBool},
				"volume-size":     {Type: steps.FieldInt}, // GiB, when the flavor has no disk
				"count":           {Type: steps.FieldInt},
			},
			Results: []string{"id", "name", "address", "ids", "names", "addresses"}, Looks: true,
		},
		run: boot, words: bootWords,
	},
	{
		schema: steps.Schema{
			Kind: "server.show", Fields: map[string]steps.Field{"id": {Type: steps.FieldString, Required: true}},
			Results: []string{"address", "status", "name"}, Timeout: time.Minute, Looks: true,
		},
		run: showServer, words: func(c *call) string { return "nova show " + c.texts["id"] },
	},
	{
		schema: steps.Schema{
			Kind: "server.status", Timeout: time.Minute,
			Fields: map[string]steps.Field{
				"ids":    {Type: steps.FieldString, Required: true},
				"status": {Type: steps.FieldString, Required: true},
			},
		},
		run: checkStatus, words: func(c *call) string { return "nova show " + c.texts["ids"] },
	},
	{
		schema: steps.Schema{
			Kind: "server.delete", Claims: true, Timeout: 5 * time.Minute,
			Fields: map[string]steps.Field{"ids": {Type: steps.FieldString, Required: true, Late: true}},
		},
		run: deleteServers, words: func(c *call) string { return "nova delete " + c.texts["ids"] },
	},
	{
		schema: steps.Schema{Kind: "server.clean", Claims: true, Unmakes: true, Timeout: 5 * time.Minute, Results: []string{"count"}},
		run:    cleanServers, words: func(*call) string { return "nova delete …" },
	},
	{
		schema: steps.Schema{Kind: "server.none", Timeout: time.Minute},
		run:    checkNone, words: func(*call) string { return "nova list" },
	},
}

// bootWords quotes only what a shell would not take as it is.
func bootWords(c *call) string {
	words := []string{"nova boot", "--image", quote(c.texts["image"]), "--flavor", quote(c.texts["flavor"])}
	for _, option := range []struct{ field, flag string }{{"network", "--nic net-name="}, {"user-data", "--user-data "}, {"keypair", "--key-name "}} {
		if v := c.texts[option.field]; v != "" {
			if option.field == "user-data" {
				v = v[strings.LastIndexByte(v, '/')+1:]
			}
			words = append(words, option.flag+quote(v))
		}
	}
	if n := c.texts["count"]; n != "" && n != "1" {
		words = append(words, "--min-count", n, "--max-count", n)
	}
	return strings.Join(append(words, quote(c.texts["name"])), " ")
}

// boot makes the servers that are not there yet. Those of an earlier run, whatever became of the
// program then, are known by their metadata; a dead one is deleted first. One that a person booted by
// hand is taken over, if they say so.
func boot(ctx context.Context, c *call) (steps.Result, error) {
	compute, err := c.cloud(ctx)
	if err != nil {
		return steps.Result{}, err
	}
	count, err := c.number("count", 1)
	if err != nil {
		return steps.Result{}, err
	}
	if count < 1 {
		return steps.Result{}, steps.Failf(steps.FailValue, "server.boot count: %d servers are none", count)
	}
	servers, all, err := c.find(ctx, compute, count)
	if err != nil {
		return steps.Result{}, err
	}
	found := len(servers)
	if found < count {
		hand, err := c.takeOver(ctx, compute, all, count)
		if err != nil {
			return steps.Result{}, err
		}
		servers = append(servers, hand...)
	}
	missing := count - len(servers)
	switch {
	case missing <= 0:
		servers = servers[:count]
	case c.in.Look:
		return steps.Result{}, steps.Fail(steps.FailCheck, "cause.missing", "{n} of {all} servers are there, called {name}", "n", len(servers), "all", count, "name", c.texts["name"])
	default:
		spec, err := c.spec(missing)
		if err == nil {
			err = c.prepare(ctx, compute, &spec)
		}
		if err != nil {
			return steps.Result{}, err
		}
		c.out.Status(steps.Doing("doing.boot", "name", c.texts["name"]))
		made, err := compute.Boot(ctx, spec)
		c.changed()
		if err != nil {
			return steps.Result{}, err
		}
		for _, s := range made {
			c.show("nova", fmt.Sprintf("%s  %s", s.ID, cmp.Or(s.Name, c.texts["name"])))
		}
		servers = append(servers, made...)
	}
	servers, err = c.waitAll(ctx, compute, servers)
	if err == nil {
		servers, err = c.float(ctx, compute, servers)
	}
	if err != nil || c.deps.Servers == nil || c.in.Workshop.Cloud.Floating != "" { // else the list has told
		c.changed()
	}
	if err != nil {
		return steps.Result{}, err
	}
	cloud.SortServers(servers)
	return bootResult(servers, found), nil
}

// spec is what the action asks for, so many servers of it.
func (c *call) spec(count int) (cloud.ServerSpec, error) {
	volume, err := c.number("volume-size", 0)
	if err != nil {
		return cloud.ServerSpec{}, err
	}
	data, err := c.userData()
	if err != nil {
		return cloud.ServerSpec{}, err
	}
	return cloud.ServerSpec{
		Name: c.texts["name"], Image: c.texts["image"], Flavor: c.texts["flavor"], Network: c.texts["network"],
		Keypair: c.texts["keypair"], SecurityGroups: c.lists["security-groups"], UserData: data, Count: count,
		ConfigDrive: c.texts["config-drive"] == "true", VolumeSize: volume,
		Metadata: c.marks(),
	}, nil
}

// bootResult is what a boot tells, found of whose servers were there already.
func bootResult(servers []cloud.Server, found int) steps.Result {
	var ids, names, addresses []string
	for _, s := range servers {
		ids, names = append(ids, s.ID), append(names, s.Name)
		if a := s.Address(); a.IsValid() {
			addresses = append(addresses, a.String())
		}
	}
	values := map[string]string{
		"id": ids[0], "name": names[0],
		"ids": strings.Join(ids, " "), "names": strings.Join(names, " "), "addresses": strings.Join(addresses, " "),
	}
	if len(addresses) > 0 {
		values["address"] = addresses[0]
	}
	return steps.Result{Values: values, Summary: "ACTIVE " + strings.Join(addresses, " "), Changed: found < len(servers)}
}

// waitAll waits for all servers side by side, and tells each change once. What the list of servers
// tells, which is asked for anyway, is not asked of each: only what it says at the end is.
func (c *call) waitAll(ctx context.Context, compute Compute, servers []cloud.Server) ([]cloud.Server, error) {
	ready := make([]cloud.Server, len(servers))
	g, ctx := errgroup.WithContext(ctx)
	for i, s := range servers {
		g.Go(func() error {
			last := ""
			seen := func(now cloud.Server) {
				text := strings.TrimSpace(fmt.Sprintf("%s %s", now.Status, now.TaskState))
				c.out.Status(steps.Phrase{Text: strings.TrimSpace(now.Name + " " + text)}) // Nova's words
				if text != last {
					last = text
					c.show("nova", fmt.Sprintf("%s  %s", cmp.Or(now.Name, now.ID), text)) // its id stands above: a narrow log has no room for both
				}
			}
			if c.deps.Servers != nil {
				// An end of ctx is compute's to word.
				_ = c.deps.Servers.Watch(ctx, s.ID, seen)
			}
			done, err := compute.Wait(ctx, s.ID, seen)
			ready[i] = done
			return err
		})
	}
	return ready, g.Wait()
}

func (c *call) changed() {
	if c.deps.Changed != nil {
		c.deps.Changed()
	}
}

// userData is the seat's own copy of the file, if it has one, else the workshop's.
func (c *call) userData() ([]byte, error) {
	name := c.texts["user-data"]
	if name == "" {
		return nil, nil
	}
	data, _, err := c.dataFile(name)
	return data, err
}

func showServer(ctx context.Context, c *call) (steps.Result, error) {
	compute, err := c.cloud(ctx)
	if err != nil {
		return steps.Result{}, err
	}
	s, err := compute.Server(ctx, c.texts["id"])
	if err != nil {
		return steps.Result{}, err
	}
	if c.in.Phase != steps.PhaseCheck {
		c.show("nova", cloud.PropertyTable(s.Properties)...)
	}
	address := s.Address()
	if !address.IsValid() {
		return steps.Result{}, steps.Fail(steps.FailCheck, "cause.server-address", "{name} has no address yet: it is {status}", "name", s.Name, "status", s.Status)
	}
	return steps.Result{
		Values:  map[string]string{"address": address.String(), "status": string(s.Status), "name": s.Name},
		Summary: fmt.Sprintf("%s %s", s.Status, address),
	}, nil
}

func checkStatus(ctx context.Context, c *call) (steps.Result, error) {
	compute, err := c.cloud(ctx)
	if err != nil {
		return steps.Result{}, err
	}
	ids := strings.Fields(c.texts["ids"])
	if len(ids) == 0 {
		return steps.Result{}, steps.Fail(steps.FailCheck, "cause.no-servers", "there is no server to look at")
	}
	for _, id := range ids {
		s, err := compute.Server(ctx, id)
		if err != nil {
			return steps.Result{}, err
		}
		if want := c.texts["status"]; string(s.Status) != want {
			f := steps.Fail(steps.FailCheck, "cause.status", "{name} is {status}, not {wanted}", "name", s.Name, "status", s.Status, "wanted", want)
			if s.Fault != nil {
				f = steps.Fail(steps.FailFault, "cause.status-fault", "{name} is {status}: {text}", "name", s.Name, "status", s.Status, "text", strings.TrimSpace(s.Fault.Message))
			}
			return steps.Result{}, f
		}
	}
	return steps.Result{Summary: fmt.Sprintf("%d × %s", len(ids), c.texts["status"])}, nil
}
