package tui

import (
	"slices"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"matou/cloud"
	"matou/steps"
)

// notice has steps checked that no longer hold, or hold by now, because of what somebody did in the
// cloud: a server of theirs is gone, or one has come that a person booted by hand. Each server is a
// reason once. What it finds, the check says; a server made by hand it asks about.
func (m *Model) notice(before, after cloud.Snapshot, now time.Time) tea.Cmd {
	if after.Err != nil || m.opts.ReadOnly || m.takingAway() {
		return nil
	}
	var asked []steps.ID
	var cmds []tea.Cmd
	check := func(id steps.ID, text string) {
		step, ok := m.workshop.Step(id)
		if !ok || len(step.Checks) == 0 || slices.Contains(asked, id) {
			return
		}
		asked = append(asked, id)
		m.say(now, text)
		cmds = append(cmds, m.do(steps.Check{Step: id}))
	}
	for _, s := range before.Servers {
		id := steps.ID(s.Metadata[cloud.MetaStep])
		if m.ours(s) && m.state.Step(id).Status == steps.Done && !has(after, s.ID) {
			check(id, m.text.T("noticed.gone", "name", cloud.Clean(s.Name), "step", m.title(id)))
		}
	}
	for _, s := range after.Servers {
		if s.Status != cloud.StatusActive || s.Marked() || m.noticed[s.ID] {
			continue
		}
		if id := m.wanting(s.Name); id != "" {
			m.noticed[s.ID] = true
			check(id, m.text.T("noticed.came", "name", cloud.Clean(s.Name), "step", m.title(id)))
		}
	}
	return tea.Batch(cmds...)
}

// ours tells whether this seat made a server, or took it over.
func (m *Model) ours(s cloud.Server) bool {
	return m.opts.Seat != "" && s.Metadata[cloud.MetaSeat] == m.opts.Seat && s.Metadata[cloud.MetaWorkshop] == m.workshop.Name
}

func has(snap cloud.Snapshot, id string) bool {
	return slices.ContainsFunc(snap.Servers, func(s cloud.Server) bool { return s.ID == id })
}

// takingAway tells whether a step is under way that deletes servers, and says itself what that means.
func (m *Model) takingAway() bool {
	return slices.ContainsFunc(m.workshop.Steps, func(step steps.Step) bool {
		st := m.state.Step(step.ID)
		return st.Status == steps.Running &&
			(st.Phase == steps.PhaseUndo || slices.ContainsFunc(step.Actions, func(a steps.Action) bool { return a.Unmakes }))
	})
}

// wanting is the first step that could be done now and looks for a server of a name, or of that name
// with a number, as Nova names several of one request.
func (m *Model) wanting(name string) steps.ID {
	for _, step := range m.workshop.Steps {
		switch m.state.Step(step.ID).Status {
		case steps.Ready, steps.Failed, steps.Stale:
		default:
			continue
		}
		for _, a := range step.Actions {
			base, err := steps.Expand(a.With["name"].Text, m.vars, nil)
			if !a.Looks || err != nil || base == "" {
				continue
			}
			number, numbered := strings.CutPrefix(name, base+"-")
			if _, err := strconv.Atoi(number); name == base || numbered && err == nil {
				return step.ID
			}
		}
	}
	return ""
}
