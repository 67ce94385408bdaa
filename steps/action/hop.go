package action

import (
	"context"
	"fmt"
	"time"

	"matou/steps"
)

var hopKinds = []kind{
	{
		schema: steps.Schema{
			Kind: "hop.open", Fields: map[string]steps.Field{"hop": {Type: steps.FieldHop, Required: true}},
			Results: []string{"identity", "fingerprint"}, Timeout: time.Minute,
		},
		run: openHop, words: loginWords,
	},
	{
		schema: steps.Schema{
			Kind: "ssh.login", Fields: map[string]steps.Field{"hop": {Type: steps.FieldHop, Required: true}},
			Results: []string{"identity", "fingerprint"}, Timeout: time.Minute,
		},
		run: openHop, words: loginWords,
	},
}

// openHop logs in to a hop, or finds that it is logged in, or that it runs there.
func openHop(ctx context.Context, c *call) (steps.Result, error) {
	name := c.texts["hop"]
	if c.isHere(name) {
		c.show(name, fmt.Sprintf("this program runs on %s: no need to log in", name))
		summary, said := steps.Summed("told.here", "here")
		return steps.Result{Values: map[string]string{"identity": "here", "fingerprint": ""}, Summary: summary, Said: said}, nil
	}
	host, err := c.open(ctx, name)
	if err != nil {
		return steps.Result{}, err
	}
	id, err := host.Identity(ctx)
	if err != nil {
		return steps.Result{}, err
	}
	who := id.User + "@" + id.Hostname
	if c.in.Phase != steps.PhaseCheck {
		c.show(name, fmt.Sprintf("%s, host key %s (%s)", who, id.Fingerprint, id.Verified))
	}
	return steps.Result{
		Values:  map[string]string{"identity": who, "fingerprint": id.Fingerprint},
		Summary: who, Changed: true,
	}, nil
}

// loginWords is the ssh command for the last stretch of the way to a hop.
func loginWords(c *call) string {
	h, ok := c.in.Workshop.Hop(c.texts["hop"])
	if !ok {
		return ""
	}
	line := fmt.Sprintf("ssh %s@%s", steps.Sketch(h.User, c.in.Vars), steps.Sketch(h.Host, c.in.Vars))
	if port := steps.Sketch(h.Port, c.in.Vars); port != "22" {
		line += " -p " + port
	}
	return line
}
