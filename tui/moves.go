package tui

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	tea "charm.land/bubbletea/v2"

	"matou/steps"
	"matou/tui/dialog"
	"matou/tui/pane"
)

// Why a key does not work now; empty when it does.

// readOnlyStep lets enter turn the page of a slide that has no step.
func readOnlyStep(m *Model) string {
	if m.step == "" {
		return ""
	}
	return readOnly(m)
}

// offStep holds for all keys that do something with the step.
func offStep(m *Model) string {
	if why := readOnly(m); why != "" {
		return why
	}
	if m.step == "" {
		return m.text.T("off.no-step")
	}
	if m.state.Step(m.step).Status == steps.Running {
		return m.text.T("run.running")
	}
	return ""
}

func offReplay(m *Model) string {
	if why := offStep(m); why != "" {
		return why
	}
	if st := m.state.Step(m.step).Status; st == steps.Pending {
		step, _ := m.workshop.Step(m.step)
		return m.text.T("run.needs", "needs", m.needs(step))
	}
	return ""
}

func offCheck(m *Model) string {
	if why := offStep(m); why != "" {
		return why
	}
	if step, _ := m.workshop.Step(m.step); len(step.Checks) == 0 {
		return m.text.T("refusal.no-checks", "step", m.title(m.step))
	}
	return ""
}

func offUndo(m *Model) string {
	if why := offStep(m); why != "" {
		return why
	}
	step, _ := m.workshop.Step(m.step)
	st := m.state.Step(m.step)
	switch {
	case len(step.Undo) == 0:
		return m.text.T("refusal.no-undo", "step", m.title(m.step))
	case st.Attempt == 0:
		return m.text.T("off.not-run")
	}
	return ""
}

func offCatchUp(m *Model) string {
	if why := readOnly(m); why != "" {
		return why
	}
	if len(m.plan()) == 0 {
		return m.text.T("refusal.nothing")
	}
	if m.running() != "" {
		return m.text.T("run.running")
	}
	return ""
}

func offShell(m *Model) string {
	switch {
	case m.opts.Shell == nil:
		return m.text.T("off.no-shell")
	case m.opts.ReadOnly:
		return readOnly(m)
	}
	return m.offShellOn(m.step)
}

// offShellOn says why there is no shell on the host of a step.
func (m *Model) offShellOn(id steps.ID) string {
	switch hop := m.host(id); {
	case hop == "":
		return m.text.T("off.no-host")
	case !m.reached(hop):
		return m.text.T("off.no-login", "host", hop)
	}
	return ""
}

func offEdit(m *Model) string {
	if why := offStep(m); why != "" {
		return why
	}
	if !m.editable {
		return m.text.T("off.no-edit")
	}
	return ""
}

func offLanguage(m *Model) string {
	if len(m.opts.Texts.Langs()) < 2 {
		return m.text.T("off.one-language")
	}
	return ""
}

func offTheme(m *Model) string {
	if len(m.opts.Themes) < 2 {
		return m.text.T("off.one-theme")
	}
	return ""
}

// What keys do.

func (m *Model) replay(string) tea.Cmd {
	step, _ := m.workshop.Step(m.step)
	again := m.do(steps.Retry{Step: m.step, FromStart: m.state.Step(m.step).Status == steps.Done})
	if m.state.Step(m.step).Status == steps.Ready {
		return m.start(step)
	}
	if question := step.Confirm.In(m.text.Lang); question != "" {
		return m.confirmStep(step, question, again)
	}
	return again
}

// shell opens a shell on the step's host. Where the step works on several, they are there to choose from,
// its main one first.
func (m *Model) shell(string) tea.Cmd {
	step := m.step
	hops := slices.DeleteFunc(m.workshop.HopsOf(step), func(hop string) bool { return !m.reached(hop) })
	if len(hops) < 2 {
		return m.shellOn(m.host(step), step)
	}
	items := make([]dialog.Item, len(hops))
	for i, hop := range hops {
		items[i] = dialog.Item{ID: hop, Text: hop}
	}
	m.dialogs.Push(infoID, dialog.NewFinder(m.text.T("shell.where"), m.text.T("finder.nothing"), 0, dialog.Fuzzy(items)),
		func(a dialog.Answer) tea.Cmd {
			if a.Button == dialog.Cancel {
				return nil
			}
			return m.shellOn(a.Button, step)
		})
	return nil
}

func (m *Model) shellOn(hop string, step steps.ID) tea.Cmd {
	c := m.opts.Shell(hop)
	if c == nil {
		m.say(time.Now(), m.text.T("shell.none", "host", hop))
		return nil
	}
	return m.exec(&announced{ExecCommand: c, text: m.text.T("shell.exit", "host", hop)}, step, false)
}

// announced says something in the terminal before it hands it over.
type announced struct {
	tea.ExecCommand
	text string
	out  io.Writer
}

// SetStdout implements tea.ExecCommand.
func (a *announced) SetStdout(w io.Writer) {
	a.out = w
	a.ExecCommand.SetStdout(w)
}

// Run implements tea.ExecCommand.
func (a *announced) Run() error {
	if a.out != nil {
		fmt.Fprintf(a.out, "\r\n%s\r\n", a.text) // a terminal that takes no words will take no shell either
	}
	return a.ExecCommand.Run()
}

func (m *Model) edit(string) tea.Cmd {
	c := m.opts.Edit(m.step)
	if c == nil {
		m.say(time.Now(), m.text.T("off.no-edit"))
		return nil
	}
	return m.exec(c, m.step, true)
}

// back is esc: it closes what is open, one thing at a time, and cancels what runs last of all.
func (m *Model) back() {
	switch {
	case m.zoom:
		m.zoom = false
	case m.filtered() != "":
		_ = m.setFilter("") // an empty one is never refused
	case m.focus == pane.LogID && !m.log.Following():
		m.log.Follow(true)
	case m.focus != pane.SlideID:
		m.moveTo(pane.SlideID)
	case m.running() != "" && !m.opts.ReadOnly:
		m.askCancel()
	default:
		m.slide.Mark("")
		m.log.Search("", 0)
		m.toast = notice{}
	}
}

// shift gives the focus to another pane.
func (m *Model) shift(by int) {
	order := m.order()
	for i, id := range order {
		if id == m.focus {
			m.moveTo(order[(i+by+len(order))%len(order)])
			return
		}
	}
	m.moveTo(pane.SlideID)
}

// moveTo gives the focus to a pane because somebody wants it there: no step takes it away again.
func (m *Model) moveTo(id pane.ID) { m.focus, m.byHand = id, true }

// order lists the panes the focus goes through.
func (m *Model) order() []pane.ID {
	var order []pane.ID
	for _, id := range pane.All {
		if (id != pane.CatID || !m.opts.NoCat) && (id != pane.TrafficID || m.opts.Traffic != nil) {
			order = append(order, id)
		}
	}
	return order
}

func (m *Model) line(by int) {
	switch m.focus {
	case pane.StepsID:
		m.outline.Move(by)
	case pane.ServersID:
		m.servers.Move(by)
	case pane.LogID:
		m.log.Scroll(by)
	case pane.TrafficID:
		m.traffic.Scroll(by)
	default:
		m.roll(by, by)
	}
}

func (m *Model) page(by int) {
	switch m.focus {
	case pane.StepsID:
		m.outline.Move(by * 10)
	case pane.ServersID:
		m.servers.Move(by * 10)
	case pane.LogID:
		m.log.Scroll(by * m.log.Height())
	case pane.TrafficID:
		m.traffic.Scroll(by * m.traffic.Height())
	default:
		m.roll(by, by*m.slide.Height())
	}
}

// roll scrolls the slide, and at its end turns the page, as less and mdp do.
func (m *Model) roll(by, lines int) {
	switch {
	case m.slide.Scroll(lines):
	case by > 0:
		m.turnOn()
	default:
		m.turn(m.slide.Prev())
	}
}

func (m *Model) edge(to int) {
	const far = 1 << 20
	switch m.focus {
	case pane.StepsID:
		m.outline.Move(to * far)
	case pane.ServersID:
		m.servers.Move(to * far)
	case pane.LogID:
		m.log.Scroll(to * far)
	case pane.TrafficID:
		m.traffic.Scroll(to * far)
	default:
		m.turn(m.slide.Goto(max(0, to) * far))
	}
}

func (m *Model) pan(cells int) {
	if m.focus == pane.LogID {
		m.log.Pan(cells)
		return
	}
	m.slide.Pan(cells)
}

// digitTime is how long a number may still grow.
const digitTime = 1500 * time.Millisecond

// digit goes to the slide of a number as it is typed, as mdp does.
func (m *Model) digit(key string) tea.Cmd {
	now := time.Now()
	d, err := strconv.Atoi(key)
	if err != nil {
		return nil
	}
	if now.Sub(m.typed.at) > digitTime || m.typed.n*10+d > m.slide.Count() {
		m.typed.n = 0 // a number of its own
	}
	m.typed = digits{m.typed.n*10 + d, now}
	if m.typed.n > 0 {
		m.turn(m.slide.Goto(m.typed.n - 1))
	}
	return nil
}

func (m *Model) switchLanguage() {
	langs := m.opts.Texts.Langs()
	for i, l := range langs {
		if l == m.text.Lang {
			m.text = m.opts.Texts.In(langs[(i+1)%len(langs)])
			break
		}
	}
	m.slide.SetDeck(m.deck(m.text.Lang))
	m.relook()
	m.say(time.Now(), m.text.T("toast.language"))
}

func (m *Model) switchTheme() {
	m.themeChosen = true
	m.setTheme(m.opts.Themes.Next(m.styles.Name))
	m.say(time.Now(), m.text.T("toast.theme", "theme", m.styles.Name))
}

// plan is what catching up to here would look at.
func (m *Model) plan() []steps.ID {
	until := m.step
	if until == "" {
		until = m.before()
	}
	if until == "" {
		return nil
	}
	return steps.PlanUntil(m.workshop, m.state, until)
}

// before is the last step at or before the slide that is shown.
func (m *Model) before() steps.ID {
	found := steps.ID("")
	for _, s := range m.workshop.Steps {
		if i := m.slideOf(s.ID); i >= 0 && i <= m.slide.Index() {
			found = s.ID
		}
	}
	return found
}
