package tui

import (
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"matou/cloud"
	"matou/steps"
)

// listed takes a new list of servers. A step whose server is no longer in it is to be checked: somebody
// has deleted it, here or by hand, and whoever goes on would find out three slides later.
func (m *Model) listed(snap cloud.Snapshot, now time.Time) {
	if snap.Err == nil && !snap.At.IsZero() {
		for _, id := range m.bereft(snap.Servers) {
			if !slices.Contains(m.gone, id) {
				m.gone = append(m.gone, id)
			}
		}
		m.known = snap.Servers
	}
	m.snapshot = snap
	m.servers.SetSnapshot(snap, now)
}

// bereft lists the done steps that have a server which is not there: one of the last list, or in the
// first list any that they booted. A list may be older than a server that was booted just now.
func (m *Model) bereft(servers []cloud.Server) []steps.ID {
	has := func(list []cloud.Server, id string) bool {
		return slices.ContainsFunc(list, func(s cloud.Server) bool { return s.ID == id })
	}
	var out []steps.ID
	for _, step := range m.workshop.Steps {
		if len(step.Checks) == 0 || m.state.Step(step.ID).Status != steps.Done {
			continue
		}
		if slices.ContainsFunc(m.booted(step), func(id string) bool {
			return !has(servers, id) && (m.known == nil || has(m.known, id))
		}) {
			out = append(out, step.ID)
		}
	}
	return out
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

// recheck checks a step that has lost its server, when nothing else is going on.
func (m *Model) recheck() tea.Cmd {
	if len(m.gone) == 0 || m.opts.ReadOnly || m.demo.on || m.running() != "" || len(m.state.Plan) > 0 || m.dialogs.Len() > 0 {
		return nil
	}
	id := m.gone[0]
	m.gone = m.gone[1:]
	if m.state.Step(id).Status != steps.Done { // whoever deleted it has said so
		return nil
	}
	return m.do(steps.Check{Step: id})
}
