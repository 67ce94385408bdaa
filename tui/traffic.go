package tui

import (
	"context"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"matou/cloud"
	"matou/steps"
	"matou/tui/pane"
)

// Traffic watches who answers on the workshop's web sites.
type Traffic interface {
	// Want says whether somebody looks: nothing is asked while nobody does. It returns at once.
	Want(on bool)
	// Reset begins a new count. It returns at once.
	Reset()
	// Wake has a site that did not answer asked again soon. It returns at once.
	Wake()
	// Next waits for something newer than a version.
	Next(ctx context.Context, version int) (cloud.Traffic, error)
	// Open makes ports of this machine lead to the sites, until Shut or the end, and tells their
	// addresses. Those that are open stay as they are.
	Open(ctx context.Context) (pane.Links, error)
	// Shut ends that, and what is being carried.
	Shut()
}

// trafficGather is how long the pane stands before it is drawn anew: two or three times a second is
// what an eye can follow, and what a bad line can carry.
const trafficGather = 400 * time.Millisecond

// trafficPatience is how long nobody touches a key until the sites are left in peace.
const trafficPatience = 15 * time.Minute

// The messages of the traffic pane.
type (
	trafficMsg struct {
		snap cloud.Traffic
		err  error
	}
	linksMsg struct {
		links pane.Links
		err   error
	}
)

// tally waits for news of the site, once, after a while; the message re-arms it.
func (m *Model) tally(version int, after time.Duration) tea.Cmd {
	ctx, traffic := m.ctx, m.opts.Traffic
	return func() tea.Msg {
		pause(ctx, after)
		snap, err := traffic.Next(ctx, version)
		return trafficMsg{snap, err}
	}
}

// counted takes what was seen of the site. The cat is happy about everybody who joins in; the bar tells it
// unless it has something else to tell.
func (m *Model) counted(msg trafficMsg, now time.Time) tea.Cmd {
	if msg.err != nil {
		return nil
	}
	for _, name := range m.traffic.SetTraffic(msg.snap) {
		m.glad = now.Add(gladFor)
		if m.toast.text == "" {
			m.say(now, m.text.T("traffic.joined", "name", pane.Clean(name)))
		}
	}
	return m.tally(msg.snap.Version, trafficGather)
}

// wantTraffic tells whether somebody looks at the traffic, or the step that runs is about it.
func (m *Model) wantTraffic(now time.Time) bool {
	if m.opts.Traffic == nil || m.blurred || m.traffic.Paused() {
		return false
	}
	if running := m.running(); running != "" && m.shows(running, pane.TrafficID) {
		return true
	}
	return m.lay.has(pane.TrafficID) && now.Sub(m.touched) < trafficPatience
}

// shows tells whether a step wants a pane on the screen.
func (m *Model) shows(id steps.ID, p pane.ID) bool {
	step, _ := m.workshop.Step(id)
	return slices.Contains(step.Panes, string(p))
}

// besideServers tells whether the traffic stands on a screen that shows more than one pane: it has the
// focus, or the step is about it.
func (m *Model) besideServers() bool {
	return m.opts.Traffic != nil && (m.focus == pane.TrafficID || m.shows(m.shown(), pane.TrafficID))
}

// serversFirst tells which of servers and traffic stands on a screen that has room for one of them: what
// has the focus, else what the step is about. When it is done, the traffic is what it was done for.
func (m *Model) serversFirst() bool {
	id := m.shown()
	return m.focus == pane.ServersID ||
		m.focus != pane.TrafficID && m.shows(id, pane.ServersID) && m.state.Step(id).Status != steps.Done
}

// busy tells whether a step runs whose log is more to look at than the traffic.
func (m *Model) busy() bool { return m.running() != "" && m.focus != pane.TrafficID }

// webKeys are the keys of the traffic alone.
func webKeys() []binding {
	web := []pane.ID{pane.TrafficID}
	return []binding{
		{"browse", []string{"B"}, "do", web, offTraffic, (*Model).openLinks},
		{"unbrowse", []string{"x"}, "do", web, offShut, (*Model).shutLinks},
		{"pause", []string{"f"}, "screen", web, offTraffic, quietly((*Model).pauseTraffic)},
		{"recount", []string{"R"}, "screen", web, offTraffic, quietly(func(m *Model) { m.opts.Traffic.Reset() })},
	}
}

// offTraffic says why there is nothing to watch.
func offTraffic(m *Model) string {
	if m.opts.Traffic == nil {
		return m.text.T("off.no-traffic")
	}
	return ""
}

func offShut(m *Model) string {
	if m.traffic.Links() == (pane.Links{}) {
		return m.text.T("off.no-link")
	}
	return offTraffic(m)
}

// pauseTraffic leaves the site in peace, or lets the asking go on.
func (m *Model) pauseTraffic() {
	key := "traffic.goes-on"
	if m.traffic.Pause() {
		key = "traffic.stopped"
	}
	m.say(time.Now(), m.text.T(key))
}

// openLinks makes ports of this machine lead to the site. Where they do already, they stay.
func (m *Model) openLinks(string) tea.Cmd {
	ctx, traffic := m.ctx, m.opts.Traffic
	return func() tea.Msg {
		links, err := traffic.Open(ctx)
		return linksMsg{links, err}
	}
}

func (m *Model) linked(msg linksMsg, now time.Time) {
	if msg.err != nil {
		if m.ctx.Err() == nil {
			m.say(now, m.text.T("traffic.link.failed", "why", m.refusal(msg.err)))
		}
		return
	}
	m.traffic.SetLinks(msg.links)
	m.say(now, m.text.T("traffic.link.open", "url", msg.links.Site))
}

func (m *Model) shutLinks(string) tea.Cmd {
	m.traffic.SetLinks(pane.Links{})
	traffic, text := m.opts.Traffic, m.text.T("traffic.link.shut")
	return func() tea.Msg {
		traffic.Shut()
		return saidMsg{text}
	}
}
