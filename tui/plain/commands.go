package plain

import (
	"context"
	"strconv"
	"strings"
	"time"

	"matou/steps"
	"matou/tui/i18n"
)

// command is one line of the table: what is typed, its help, and what it does with the words after it.
type command struct {
	name string
	help string
	do   func(d *dialogue, rest string)
}

// table is all commands: dispatch and help read it. The letters are those of the console's keys.
func table(t i18n.Texts) []command {
	step := func(f func(d *dialogue, step steps.Step)) func(*dialogue, string) {
		return func(d *dialogue, _ string) {
			if step, ok := d.here(); ok {
				f(d, step)
			}
		}
	}
	plainly := func(f func(d *dialogue)) func(*dialogue, string) { return func(d *dialogue, _ string) { f(d) } }
	return []command{
		{"", t.T("plain.help.enter"), plainly((*dialogue).enter)},
		{"r", t.T("help.replay"), step((*dialogue).replay)},
		{"c", t.T("help.check"), step(func(d *dialogue, s steps.Step) { d.do(steps.Check{Step: s.ID}, s.ID) })},
		{"u", t.T("help.undo"), step((*dialogue).undo)},
		{"C", t.T("help.catchup"), plainly((*dialogue).catchUp)},
		{"x", t.T("plain.help.cancel"), plainly((*dialogue).cancel)},
		{"s", t.T("help.shell"), step((*dialogue).shell)},
		{"e", t.T("help.edit"), step((*dialogue).edit)},
		{"n", t.T("help.next"), plainly(func(d *dialogue) { d.turn(d.index + 1) })},
		{"p", t.T("help.prev"), plainly(func(d *dialogue) { d.turn(d.index - 1) })},
		{"12", t.T("help.number"), nil},
		{"w", t.T("plain.help.again"), plainly(func(d *dialogue) { d.turn(d.index) })},
		{"a", t.T("plain.help.art"), plainly((*dialogue).art)},
		{"o", t.T("plain.help.outline"), plainly((*dialogue).outline)},
		{"v", t.T("plain.help.servers"), plainly((*dialogue).servers)},
		{"t", t.T("plain.help.traffic"), plainly((*dialogue).traffic)},
		{"/", t.T("plain.help.search"), (*dialogue).search},
		{"L", t.T("help.language"), plainly((*dialogue).switchLanguage)},
		{"?", t.T("help.help"), plainly((*dialogue).help)},
		{"q", t.T("help.quit"), plainly((*dialogue).leave)},
	}
}

// command does what a line says.
func (d *dialogue) command(text string) {
	text = strings.TrimSpace(text)
	if n, err := strconv.Atoi(text); err == nil {
		d.turn(n - 1)
		return
	}
	name, rest := text, ""
	if strings.HasPrefix(text, "/") {
		name, rest = "/", strings.TrimSpace(text[1:])
	}
	for _, c := range table(d.text) {
		if c.name == name && c.do != nil {
			if d.running() && c.name != "x" && c.name != "q" && c.name != "?" {
				d.say(d.text.T("plain.running"))
				return
			}
			c.do(d, rest)
			return
		}
	}
	d.say(d.text.T("plain.unknown", "text", steps.Sanitize(text)))
}

// here is the step of the slide, if there is one and it may be touched.
func (d *dialogue) here() (steps.Step, bool) {
	step, ok := d.w.Step(d.step)
	switch {
	case d.o.ReadOnly:
		d.say(d.readOnly())
		return step, false
	case !ok:
		d.say(d.text.T("off.no-step"))
	}
	return step, ok
}

func (d *dialogue) replay(step steps.Step) {
	switch d.state.Step(step.ID).Status {
	case steps.Pending:
		d.say(d.text.T("run.needs", "needs", d.titles(d.missing(step))))
	case steps.Ready:
		d.start(step, steps.Start{Step: step.ID})
	case steps.Done, steps.Stale:
		d.start(step, steps.Retry{Step: step.ID, FromStart: true})
	default:
		d.start(step, steps.Retry{Step: step.ID})
	}
}

func (d *dialogue) undo(step steps.Step) {
	switch {
	case len(step.Undo) == 0:
		d.say(d.text.T("refusal.no-undo"))
	case d.state.Step(step.ID).Attempt == 0:
		d.say(d.text.T("off.not-run"))
	default:
		d.confirm(d.text.T("undo.text", "step", d.title(step.ID)), func() { d.do(steps.Undo{Step: step.ID}, step.ID) }, func() {})
	}
}

// catchUp shows what it would look at before anything is done.
func (d *dialogue) catchUp() {
	until := d.step
	for i := d.index; until == "" && i >= 0; i-- {
		if at := d.w.StepsAt(i); len(at) > 0 {
			until = at[len(at)-1].ID
		}
	}
	var plan []steps.ID
	if until != "" {
		plan = steps.PlanUntil(d.w, d.state, until)
	}
	switch {
	case d.o.ReadOnly:
		d.say(d.readOnly())
	case len(plan) == 0:
		d.say(d.text.T("refusal.nothing"))
	default:
		for i, id := range plan {
			d.say("  " + strconv.Itoa(i+1) + ". " + d.title(id))
		}
		d.confirm(d.text.N("catchup.text", len(plan)), func() { d.do(steps.CatchUp{Until: until}, "") }, func() {})
	}
}

func (d *dialogue) cancel() {
	if !d.running() {
		d.say(d.text.T("refusal.idle"))
		return
	}
	if err := d.session.Do(d.ctx, steps.Cancel{}); err != nil {
		d.say(d.refusal(err))
	}
}

// shell opens a shell on the step's host; what was done there counts, so the step is checked.
func (d *dialogue) shell(step steps.Step) {
	hop := d.w.HopOf(step.ID)
	switch {
	case d.o.Shell == nil:
		d.say(d.text.T("off.no-shell"))
	case hop == "":
		d.say(d.text.T("off.no-host"))
	default:
		d.shellOn(step, hop)
	}
}

// shellOn opens a shell on one of the step's hosts: the only one, or the one the reader chooses.
func (d *dialogue) shellOn(step steps.Step, hop string) {
	run := func(hop string) {
		d.say(d.text.T("shell.exit", "host", hop))
		d.aside(step, func() error { return d.o.Shell(hop) })
	}
	hops := d.w.HopsOf(step.ID)
	if len(hops) < 2 || !d.o.Interactive {
		run(hop)
		return
	}
	d.say(d.text.T("shell.where"))
	for i, name := range hops {
		d.say("  " + strconv.Itoa(i+1) + ". " + name)
	}
	d.pending = &question{prompt: d.text.T("plain.number"), decline: func() {}, answer: func(text string) bool {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || n < 1 || n > len(hops) {
			return false
		}
		run(hops[n-1])
		return true
	}}
}

func (d *dialogue) edit(step steps.Step) {
	if d.o.Edit == nil {
		d.say(d.text.T("off.no-edit"))
		return
	}
	d.aside(step, func() error { return d.o.Edit(step.ID) })
}

// aside gives the terminal to something else for a while.
func (d *dialogue) aside(step steps.Step, run func() error) {
	_ = d.out.Flush() // the loop tells
	if err := run(); err != nil {
		d.say(d.text.T("shell.failed", "why", d.explain(err)))
		return
	}
	if len(step.Checks) > 0 {
		d.say(d.text.T("shell.back"))
		d.do(steps.Check{Step: step.ID}, step.ID)
	}
}

// outline lists the slides, each with its step and how that stands.
func (d *dialogue) outline() {
	for i := range d.slides() {
		s := d.deck.Slides[i]
		mark := "  "
		if i == d.index {
			mark = "> "
		}
		text := mark + strconv.Itoa(s.Number) + ". " + s.Title
		for _, step := range d.w.StepsAt(i) {
			text += "; " + d.pair(d.title(step.ID), d.text.T("status."+string(d.state.Step(step.ID).Status)))
		}
		d.say(text)
	}
}

// serversFor is how long a list of servers is waited for.
const serversFor = 5 * time.Second

// servers tells the project's servers, one a line.
func (d *dialogue) servers() {
	if d.o.Servers == nil {
		d.say(d.text.T("servers.unknown"))
		return
	}
	ctx, stop := context.WithTimeout(d.ctx, serversFor)
	defer stop()
	snap, err := d.o.Servers.Next(ctx, 0)
	switch {
	case err != nil:
		d.say(d.text.T("servers.unknown"))
		return
	case snap.Err != nil:
		d.say(d.text.T("servers.trouble", "why", d.explain(snap.Err)))
	case len(snap.Servers) == 0:
		d.say(d.text.T("servers.none"))
	}
	for _, v := range snap.Servers {
		words := []string{v.Name, string(v.Status)}
		for _, word := range []string{v.TaskState, v.Networks(), v.ID} {
			if word != "" {
				words = append(words, word)
			}
		}
		if v.Fault != nil {
			words = append(words, v.Fault.Message)
		}
		d.say("  " + steps.Sanitize(strings.Join(words, ", ")))
	}
}

// searchHits is how many places of a search are told.
const searchHits = 20

// search tells where a text stands in the deck.
func (d *dialogue) search(query string) {
	if query == "" || d.deck == nil {
		d.say(d.text.T("search.none"))
		return
	}
	hits := d.deck.Search(query)
	if len(hits) == 0 {
		d.say(d.text.T("finder.nothing"))
	}
	for _, h := range hits[:min(len(hits), searchHits)] {
		d.say("  " + strconv.Itoa(h.Slide) + ": " + strings.TrimSpace(h.Text))
	}
}

func (d *dialogue) switchLanguage() {
	langs := d.o.Texts.Langs()
	if len(langs) < 2 {
		d.say(d.text.T("off.one-language"))
		return
	}
	for i, l := range langs {
		if l == d.text.Lang {
			d.language(langs[(i+1)%len(langs)])
			break
		}
	}
	d.say(d.text.T("toast.language"))
	d.turn(d.index)
}

func (d *dialogue) help() {
	for _, c := range table(d.text) {
		name := c.name
		if name == "" {
			name = d.text.T("cap.enter")
		}
		d.say("  " + d.pair(name, c.help))
	}
}

// leave quits, after asking when something runs.
func (d *dialogue) leave() {
	if !d.running() {
		d.quit = true
		return
	}
	d.confirm(d.text.T("plain.quit"), func() { d.quit = true }, func() {})
}
