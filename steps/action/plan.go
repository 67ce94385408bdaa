package action

import (
	"strconv"

	"matou/cloud"
	"matou/steps"
)

// Planned is a boot that the workshop will ask for.
type Planned struct {
	Step     steps.ID
	Spec     cloud.ServerSpec // Name, Image, Flavor, Network and so on; no metadata
	UserData string           // the file it comes from; empty: none
	// Save says under which names the workshop keeps what the boot tells: variable -> result.
	Save map[string]string
}

// Plan lists the boots of a workshop with the values known so far. What has no value yet is left
// out of them; a file that can't be read is an error.
func (r *Registry) Plan(in steps.Input) ([]Planned, error) {
	var plan []Planned
	for _, step := range in.Workshop.Steps {
		for _, a := range step.Actions {
			if a.Kind != "server.boot" {
				continue
			}
			in.Step, in.Action = step.ID, a
			c := &call{Registry: r, in: in}
			known := func(template string, vars steps.Vars, quote func(string) string) (string, error) {
				text, err := steps.Expand(template, vars, quote)
				if err != nil {
					return "", nil //nolint:nilerr // it gets its value from a step that was not run yet
				}
				return text, nil
			}
			if err := c.fill(r.kinds[a.Kind].schema, known); err != nil {
				return nil, err
			}
			count, err := c.number("count", 1)
			if err != nil {
				return nil, err
			}
			spec, err := c.spec(max(count, 1))
			if err != nil {
				return nil, err
			}
			spec.Metadata = nil
			plan = append(plan, Planned{Step: step.ID, Spec: spec, UserData: c.texts["user-data"], Save: a.Save})
		}
	}
	return plan, nil
}

// Ports are the TCP ports at which the workshop's servers must be reachable.
func Ports(in steps.Input) ([]int, error) {
	var ports []int
	for _, template := range in.Workshop.Cloud.Ports {
		text, err := steps.Expand(template, in.Vars, nil)
		if err != nil {
			return nil, err
		}
		port, err := strconv.ParseUint(text, 10, 16)
		if err != nil || port == 0 {
			return nil, steps.Failf(steps.FailValue, "cloud ports: %q is no port", text)
		}
		ports = append(ports, int(port))
	}
	return ports, nil
}
