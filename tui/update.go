package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"matou/steps"
	"matou/tui/pane"
)

// Update takes one message. It waits for nothing and asks nobody: what takes time is a command.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	now := time.Now()
	var cmd tea.Cmd
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case tea.KeyPressMsg:
		m.touched = now
		cmd = m.press(msg, now)
	case tea.MouseMsg:
		m.touched = now
		cmd = m.moused(msg, now)
	case tea.PasteMsg:
		cmd = m.dialogs.Update(msg, now)
	case tea.BackgroundColorMsg:
		if !m.themeChosen && !msg.IsDark() {
			m.setTheme("light")
		}
	case tea.FocusMsg:
		m.blurred = false
	case tea.BlurMsg:
		m.blurred = true
	case batchMsg:
		cmd = m.apply(msg, now)
	case snapMsg:
		if msg.err != nil {
			return m, nil
		}
		before := m.snapshot
		m.snapshot = msg.snap
		m.servers.SetSnapshot(msg.snap, now)
		m.notice(before, msg.snap, now)
		cmd = m.poll(msg.snap.Version)
	case wakeMsg:
		if msg.id != m.wake.id {
			return m, nil
		}
		m.wake.at = time.Time{}
	default:
		cmd = m.came(msg, now)
	}
	auto := m.direct(now)
	m.settle(now)
	m.report()
	return m, tea.Batch(cmd, auto, m.recheck(), m.arm(now))
}

// came takes what a command of the console's own has brought.
func (m *Model) came(msg tea.Msg, now time.Time) tea.Cmd {
	switch msg := msg.(type) {
	case didMsg:
		m.did(msg, now)
	case leftMsg:
		return m.left(msg, now)
	case shownMsg:
		msg.fill(m)
	case madeMsg:
		msg.fill(m.text, now)
	case saidMsg:
		if m.ctx.Err() == nil {
			m.say(now, msg.text)
		}
	case doingMsg:
		m.say(now, msg.text)
		return msg.then
	case trafficMsg:
		return m.counted(msg, now)
	case linksMsg:
		m.linked(msg, now)
	case recordingMsg:
		m.beginPlayback(msg, now)
	case catchingMsg:
		return m.catchUp()
	case historyMsg:
		m.openHistory(msg, now)
	case Reload:
		m.reload(msg, now)
	}
	return nil
}

// settle brings everything that follows from the rest up to date: where panes stand, how the cat
// feels, what the clocks say.
func (m *Model) settle(now time.Time) {
	if m.width > 0 {
		m.arrange()
	}
	m.outline.SetFocused(m.focus == pane.StepsID)
	m.servers.SetFocused(m.focus == pane.ServersID)
	m.servers.SetNow(now)
	if m.opts.Traffic != nil {
		m.opts.Traffic.Want(m.wantTraffic(now))
	}
	if m.running() != "" {
		m.outline.SetState(m.state, m.outlineClock(now))
	}
	if !m.toast.until.After(now) {
		m.toast = notice{}
	}
	m.cat.SetMood(m.mood(now))
	if every := m.catMoves(); every > 0 {
		if m.catNext.IsZero() || m.catNext.After(now.Add(every)) {
			m.catNext = now.Add(every)
		}
		if !m.catNext.After(now) {
			m.cat.Step()
			m.catNext = now.Add(every)
		}
	} else {
		m.catNext = time.Time{}
	}
}

// press gives a key to the top dialog, or to the table of keys.
func (m *Model) press(msg tea.KeyPressMsg, now time.Time) tea.Cmd {
	if m.dialogs.Len() > 0 {
		return m.dialogs.Update(m.demoKey(msg), now)
	}
	b, ok := m.find(msg.String())
	if !ok {
		return nil
	}
	m.toast = notice{} // what the last key had to say has been read
	if why := b.why(m); why != "" {
		m.say(now, why)
		return nil
	}
	return b.run(m, msg.String())
}

// did says why a command was refused.
func (m *Model) did(msg didMsg, now time.Time) {
	if c, ok := msg.command.(steps.CatchUp); ok && c.Shown && msg.err != nil {
		m.demo.catching = false
	}
	if msg.err != nil && m.ctx.Err() == nil {
		m.say(now, m.refusal(msg.err))
	}
}

// left comes back from a shell or an editor: what was done there counts, so the step is checked.
func (m *Model) left(msg leftMsg, now time.Time) tea.Cmd {
	if msg.err != nil && msg.edited {
		m.notEdited(msg.err, now)
		return nil
	}
	if msg.err != nil {
		m.say(now, m.text.T("shell.failed", "why", m.explain(msg.err)))
		return nil
	}
	step, ok := m.workshop.Step(msg.step)
	if !ok || len(step.Checks) == 0 || m.opts.ReadOnly || m.state.Step(msg.step).Status == steps.Running {
		return nil
	}
	m.say(now, m.text.T("shell.back"))
	return m.do(steps.Check{Step: msg.step})
}

// toastFor is how long a sentence stands in the bar.
const toastFor = 6 * time.Second

// say puts a sentence into the bar for a while.
func (m *Model) say(now time.Time, text string) { m.toast = notice{text, now.Add(toastFor)} }

// sleepAfter is how long nobody touches a key until the cat sleeps.
const sleepAfter = 3 * time.Minute

// mood follows from how things stand.
func (m *Model) mood(now time.Time) pane.Mood {
	running := m.running()
	switch {
	case m.dialogs.Has(victoryID):
		return pane.Dancing
	case now.Before(m.petted):
		return pane.Petted
	case len(m.questions) > 0:
		return pane.Curious
	case running != "":
		step, _ := m.workshop.Step(running)
		if took := m.worked(running, now); step.Expect > 0 && took > 2*step.Expect {
			return pane.Worried
		}
		if m.servers.Building() {
			return pane.Curious
		}
		return pane.Working
	case m.state.Step(m.step).Status == steps.Failed:
		return pane.Grumpy
	case m.state.Step(m.step).Status == steps.Stale || m.trouble != nil:
		return pane.Worried
	case now.Before(m.glad):
		return pane.Happy
	case now.Sub(m.touched) >= sleepAfter:
		return pane.Asleep
	default:
		return pane.Awake
	}
}

// catMoves is how long the cat's frame stands; zero when it is out of sight or nobody looks.
func (m *Model) catMoves() time.Duration {
	if m.blurred || (!m.lay.has(pane.CatID) && !m.dialogs.Has(victoryID)) {
		return 0
	}
	return m.cat.Every()
}

// due is when something on the screen changes by itself next; zero when nothing does.
func (m *Model) due(now time.Time) time.Time {
	var due time.Time
	soonest := func(t time.Time) {
		if t.After(now) && (due.IsZero() || t.Before(due)) {
			due = t
		}
	}
	soonest(m.toast.until)
	soonest(m.servers.Fades())
	if m.wantTraffic(now) {
		soonest(m.touched.Add(trafficPatience))
	}
	for _, t := range m.demoDue(now) {
		soonest(t)
	}
	if m.lay.has(pane.CatID) && !m.blurred {
		soonest(m.catNext)
		soonest(m.glad)
		soonest(m.petted)
		soonest(m.touched.Add(sleepAfter))
	} else if m.dialogs.Has(victoryID) {
		soonest(m.catNext)
	}
	if m.running() != "" || m.servers.Building() {
		soonest(now.Truncate(time.Second).Add(time.Second))
	}
	return due
}

// arm sets the timer for what is due, unless one that is early enough is on its way. A later one
// that comes all the same is known by its number and ignored.
func (m *Model) arm(now time.Time) tea.Cmd {
	due := m.due(now)
	if due.IsZero() || (!m.wake.at.IsZero() && !m.wake.at.After(due)) {
		return nil
	}
	m.wake = alarm{m.wake.id + 1, due}
	return m.after(due.Sub(now), wakeMsg{m.wake.id})
}
