package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"matou/cloud"
	"matou/steps"
)

// missed has the first step checked whose server is not in the first list of servers that comes: it was
// deleted while no console was there to notice.
func (m *Model) missed(before, after cloud.Snapshot) tea.Cmd {
	if !before.At.IsZero() || after.At.IsZero() || after.Err != nil || m.opts.ReadOnly || m.running() != "" {
		return nil
	}
	for _, step := range m.workshop.Steps {
		gone := func(id string) bool { return !has(after, id) }
		if m.state.Step(step.ID).Status == steps.Done && len(step.Checks) > 0 && slices.ContainsFunc(m.booted(step), gone) {
			return m.do(steps.Check{Step: step.ID})
		}
	}
	return nil
}

// booted lists the servers a step has made, by their ids.
func (m *Model) booted(step steps.Step) []string {
	var ids []string
	for _, a := range step.Actions {
		for name, value := range a.Save {
			if strings.HasPrefix(a.Kind, "server.") && (value == "id" || value == "ids") {
				ids = append(ids, strings.Fields(m.vars[name])...)
			}
		}
	}
	return ids
}
