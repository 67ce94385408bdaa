package tui

import (
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"matou/cloud"
	"matou/steps"
)

// handMade is a server that somebody booted by hand, under the name a step gives to its own.
type handMade struct {
	step     steps.ID
	id, name string
}

// noticed is what the list of servers has told about steps: what came by hand, and what went.
type noticed struct {
	hand   handMade        // on offer to be taken over; its zero value: none
	asked  map[string]bool // servers by id that were on offer once, and were answered for
	listed bool            // there has been a list
	doubts []steps.ID      // steps that were done, and whose servers are gone
}

// notice compares a list of servers with the one before. What it finds interrupts nobody: a server that
// was booted by hand is offered in the bar, and a step whose server is gone is checked when the console
// is at rest.
func (m *Model) notice(before, after cloud.Snapshot, now time.Time) {
	if after.Err != nil || m.opts.ReadOnly {
		return
	}
	m.doubt(before, after)
	m.offer()
	hand := m.noticed.hand
	if hand.id != "" && hand.step != m.step && !slices.ContainsFunc(before.Servers, func(s cloud.Server) bool { return s.ID == hand.id }) {
		m.say(now, m.offered())
	}
}

// doubt notes the steps that hold, and whose servers are gone: those that were in the list before, or,
// in the first list there is, all that the step should have booted.
func (m *Model) doubt(before, after cloud.Snapshot) {
	here := map[string]bool{}
	left := map[steps.ID]bool{}
	for _, s := range after.Servers {
		if m.ours(s) && !s.Leaving() {
			here[s.ID], left[steps.ID(s.Metadata[cloud.MetaStep])] = true, true
		}
	}
	var gone []steps.ID
	for _, s := range before.Servers {
		if m.ours(s) && !here[s.ID] {
			gone = append(gone, steps.ID(s.Metadata[cloud.MetaStep]))
		}
	}
	if !m.noticed.listed {
		m.noticed.listed = true
		for _, s := range m.workshop.Steps {
			if !left[s.ID] && slices.ContainsFunc(s.Actions, func(a steps.Action) bool { return a.Makes }) {
				gone = append(gone, s.ID)
			}
		}
	}
	for _, id := range gone {
		if step, ok := m.workshop.Step(id); ok && len(step.Checks) > 0 && m.state.Step(id).Status == steps.Done && !slices.Contains(m.noticed.doubts, id) {
			m.noticed.doubts = append(m.noticed.doubts, id)
		}
	}
}

// ours tells whether this seat made a server, or took it over.
func (m *Model) ours(s cloud.Server) bool {
	return s.Of(m.workshop.Name, m.opts.Seat)
}

// wants tells whether a step looks for a server of such a name.
func (m *Model) wants(step steps.Step, s cloud.Server) bool {
	return slices.ContainsFunc(step.Actions, func(a steps.Action) bool {
		base, err := steps.Expand(a.With["name"].Text, m.vars, nil)
		return a.Makes && a.Looks && err == nil && base != "" && s.Named(base)
	})
}

// offer looks for a server that a step which can be run now would boot, that nobody's Matou has made.
// Several of one name are left to the step: it says which there are.
func (m *Model) offer() {
	m.noticed.hand = handMade{}
	var strangers []cloud.Server
	for _, s := range m.snapshot.Servers {
		if !s.Marked() && !s.Leaving() && s.Status != cloud.StatusError {
			strangers = append(strangers, s)
		}
	}
	if len(strangers) == 0 || m.opts.ReadOnly || m.demo.on {
		return
	}
	for _, step := range m.workshop.Steps {
		switch m.state.Step(step.ID).Status {
		case steps.Ready, steps.Failed, steps.Stale, steps.Shown:
		case steps.Pending, steps.Running, steps.Done:
			continue
		}
		found := map[string][]cloud.Server{}
		for _, s := range strangers {
			if m.wants(step, s) {
				found[s.Name] = append(found[s.Name], s)
			}
		}
		for _, s := range strangers { // in the order of the list
			if of := found[s.Name]; len(of) == 1 && !m.noticed.asked[s.ID] {
				m.noticed.hand = handMade{step.ID, s.ID, cloud.Clean(s.Name)}
				return
			}
		}
	}
}

// offered words what is on offer, for whoever is at the step and for whoever is not.
func (m *Model) offered() string {
	hand, key := m.noticed.hand, keyName(m.text, m.lookup("check").keys[0])
	if hand.step == m.step {
		return m.text.T("by-hand.offer", "name", hand.name, "key", key)
	}
	return m.text.T("by-hand.elsewhere", "name", hand.name, "key", key, "slide", itoa(m.slideOf(hand.step)+1))
}

// answeredFor closes what is on offer once its step is looked at: the step itself asks whose it is.
func (m *Model) answeredFor(id steps.ID) {
	if hand := m.noticed.hand; hand.step == id && hand.id != "" {
		if m.noticed.asked == nil {
			m.noticed.asked = map[string]bool{}
		}
		m.noticed.asked[hand.id] = true
		m.noticed.hand = handMade{}
	}
}

// recheck checks a step whose server is gone, when nothing else goes on: the check tells what does not
// hold any more, and the journal gets to know it.
func (m *Model) recheck() tea.Cmd {
	for len(m.noticed.doubts) > 0 {
		if m.demo.on || m.running() != "" || len(m.state.Plan) > 0 || m.dialogs.Len() > 0 {
			return nil
		}
		id := m.noticed.doubts[0]
		m.noticed.doubts = m.noticed.doubts[1:]
		if m.state.Step(id).Status == steps.Done {
			return m.do(steps.Check{Step: id})
		}
	}
	return nil
}
