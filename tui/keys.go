package tui

import (
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"matou/steps"
	"matou/tui/i18n"
	"matou/tui/pane"
)

// binding is one line of the table: the keys, where they hold, why they may not now, and what they
// do. Its words are the texts key.<id> (short, for the bar) and help.<id> (a sentence).
type binding struct {
	id    string
	keys  []string
	group string    // of the help
	in    []pane.ID // the panes it holds in; nil: all. The first match of the table wins
	off   func(m *Model) string
	do    func(m *Model, key string) tea.Cmd
}

func (b binding) run(m *Model, key string) tea.Cmd { return b.do(m, key) }

// why says why a key does not work now; empty when it does.
func (b binding) why(m *Model) string {
	if b.off == nil {
		return ""
	}
	return b.off(m)
}

// The bindings that hold in a demonstration only, and the one of a console that only looks.
const (
	onwardID   = "onward"
	backwardID = "backward"
	takeOverID = "take-over"
)

func (b binding) ofDemo() bool { return b.id == onwardID || b.id == backwardID }

// find is the binding of a key for the pane that has the focus.
func (m *Model) find(key string) (binding, bool) {
	for _, b := range m.keys {
		for _, k := range b.keys {
			if k == key && b.holds(m.focus) && (!b.ofDemo() || m.demo.on) {
				return b, true
			}
		}
	}
	return binding{}, false
}

func (b binding) holds(focus pane.ID) bool {
	for _, id := range b.in {
		if id == focus {
			return true
		}
	}
	return b.in == nil
}

// has tells whether a binding is the one its first key finds in the pane that has the focus.
func (m *Model) has(b binding) bool {
	found, ok := m.find(b.keys[0])
	return ok && found.id == b.id
}

// quietly makes what a key does from what has no command to return.
func quietly(f func(m *Model)) func(*Model, string) tea.Cmd {
	return func(m *Model, _ string) tea.Cmd { f(m); return nil }
}

// table is all keys of the console: dispatch, bar, help, palette and README read it.
func table() []binding {
	text, list, both := []pane.ID{pane.LogID}, []pane.ID{pane.ServersID}, []pane.ID{pane.LogID, pane.ServersID}
	return slices.Concat(demoTable(), webKeys(), []binding{
		{"open-step", []string{"enter"}, "do", []pane.ID{pane.StepsID}, nil, quietly(func(m *Model) { m.goTo(m.outline.Cursor()) })},
		{"open-server", []string{"enter"}, "do", []pane.ID{pane.ServersID}, noServer, (*Model).openServer},
		{"run", []string{"enter"}, "do", nil, readOnlyStep, func(m *Model, _ string) tea.Cmd { return m.run(time.Now()) }},
		{"replay", []string{"r"}, "do", nil, offReplay, (*Model).replay},
		{"check", []string{"c"}, "do", nil, offCheck, func(m *Model, _ string) tea.Cmd { return m.do(steps.Check{Step: m.step}) }},
		{"undo", []string{"u"}, "do", nil, offUndo, quietly((*Model).askUndo)},
		{"cancel", []string{"esc"}, "do", nil, nil, quietly((*Model).back)},
		{"catchup", []string{"C"}, "do", nil, offCatchUp, quietly((*Model).askCatchUp)},
		{"shell", []string{"s"}, "do", nil, offShell, (*Model).shell},
		{"edit", []string{"e"}, "do", nil, offEdit, (*Model).edit},
		{"hints", []string{"i"}, "do", nil, offHints, quietly((*Model).showHints)},
		{"copy", []string{"y"}, "do", nil, nil, quietly((*Model).askCopy)},
		{"console", []string{"v"}, "do", list, offConsole, (*Model).openConsole},
		{"delete", []string{"d"}, "do", list, offDelete, quietly((*Model).askDelete)},
		{"save", []string{"w"}, "do", text, offSave, quietly((*Model).askSave)},
		{"history", []string{"J"}, "do", nil, offHistory, (*Model).history},
		{"pet", []string{"P"}, "do", nil, offPet, quietly((*Model).pet)},

		{"next", []string{"right", "l", "n"}, "move", notIn(pane.LogID), nil, (*Model).forth},
		{"prev", []string{"left", "h", "p", "backspace"}, "move", notIn(pane.LogID), nil, quietly(func(m *Model) { m.turn(m.slide.Prev()) })},
		{"page-down", []string{"space", "pgdown"}, "move", nil, nil, quietly(func(m *Model) { m.page(1) })},
		{"page-up", []string{"b", "pgup"}, "move", nil, nil, quietly(func(m *Model) { m.page(-1) })},
		{"down", []string{"down", "j"}, "move", nil, nil, quietly(func(m *Model) { m.line(1) })},
		{"up", []string{"up", "k"}, "move", nil, nil, quietly(func(m *Model) { m.line(-1) })},
		{"first", []string{"home", "g"}, "move", nil, nil, quietly(func(m *Model) { m.edge(-1) })},
		{"last", []string{"end", "G"}, "move", nil, nil, quietly(func(m *Model) { m.edge(1) })},
		{"number", []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}, "move", nil, nil, (*Model).digit},
		{"pan-left", []string{"<", "shift+left"}, "move", nil, nil, quietly(func(m *Model) { m.pan(-8) })},
		{"pan-right", []string{">", "shift+right"}, "move", nil, nil, quietly(func(m *Model) { m.pan(8) })},
		{"log-left", []string{"left", "h"}, "move", text, nil, quietly(func(m *Model) { m.pan(-8) })},
		{"log-right", []string{"right", "l"}, "move", text, nil, quietly(func(m *Model) { m.pan(8) })},
		{"found-next", []string{"n"}, "move", text, offFound, quietly(func(m *Model) { m.findOn(1) })},
		{"found-prev", []string{"N"}, "move", nil, offFound, quietly(func(m *Model) { m.findOn(-1) })},
		{"error", []string{"E"}, "move", text, nil, quietly((*Model).toError)},
		{"mark-back", []string{"'"}, "move", text, nil, quietly((*Model).toMark)},

		{"pane-next", []string{"tab"}, "screen", nil, nil, quietly(func(m *Model) { m.shift(1) })},
		{"pane-prev", []string{"shift+tab"}, "screen", nil, nil, quietly(func(m *Model) { m.shift(-1) })},
		{"zoom", []string{"z"}, "screen", nil, nil, quietly(func(m *Model) { m.zoom = !m.zoom })},
		{"follow", []string{"f"}, "screen", notIn(pane.TrafficID), nil, quietly(func(m *Model) { m.log.Follow(!m.log.Following()) })},
		{"filter", []string{"&"}, "screen", both, nil, quietly((*Model).askFilter)},
		{"sort", []string{"x"}, "screen", list, nil, quietly(func(m *Model) { m.sorted(m.servers.Sort()) })},
		{"reverse", []string{"X"}, "screen", list, nil, quietly(func(m *Model) { m.sorted(m.servers.Reverse()) })},
		{"fold", []string{"F"}, "screen", text, nil, quietly((*Model).fold)},
		{"times", []string{"t"}, "screen", text, nil, quietly(func(m *Model) { m.log.Times() })},
		{"wrap", []string{"W"}, "screen", text, nil, quietly(func(m *Model) { m.log.Wrap() })},
		{"mark", []string{"m"}, "screen", text, nil, quietly(func(m *Model) { m.log.Mark(time.Now()) })},
		{"outline", []string{"o"}, "screen", nil, nil, quietly((*Model).openOutline)},
		{"search", []string{"/"}, "screen", nil, nil, quietly((*Model).openSearch)},
		{"palette", []string{":"}, "screen", nil, nil, quietly((*Model).openPalette)},
		{"language", []string{"L"}, "screen", nil, offLanguage, quietly((*Model).switchLanguage)},
		{"theme", []string{"T"}, "screen", nil, offTheme, quietly((*Model).switchTheme)},
		{"secrets", []string{"S"}, "screen", nil, offSecrets, quietly((*Model).toggleSecrets)},
		{"mouse", []string{"M"}, "screen", nil, nil, quietly((*Model).toggleMouse)},
		{"suspend", []string{"ctrl+z"}, "screen", nil, offSuspend, (*Model).suspend},
		{"help", []string{"?", "f1"}, "screen", nil, nil, quietly((*Model).openHelp)},
		{"quit", []string{"q", "ctrl+c"}, "screen", nil, nil, (*Model).quit},
	}, seatKeys())
}

// demoTable is the keys of a demonstration. They come before all others: one key has to mean the same
// wherever the show is.
func demoTable() []binding {
	return []binding{
		{"demo", []string{"D"}, "demo", nil, nil, quietly((*Model).toggleDemo)},
		{onwardID, []string{"space", "right", "pgdown", "enter"}, "demo", nil, nil, func(m *Model, _ string) tea.Cmd { return m.onward(time.Now()) }},
		{backwardID, []string{"left", "pgup", "backspace"}, "demo", nil, nil, quietly((*Model).backward)},
		{"recording", []string{"V"}, "demo", nil, offRecording, func(m *Model, _ string) tea.Cmd { return m.showRecording(m.step) }},
		{"catchup-shown", []string{"A"}, "demo", nil, offCatchUpShown, quietly((*Model).askCatchUpShown)},
	}
}

// notIn lists the panes but one.
func notIn(id pane.ID) []pane.ID {
	var out []pane.ID
	for _, p := range pane.All {
		if p != id {
			out = append(out, p)
		}
	}
	return out
}

// groups are the groups of the help, in order.
var groups = []string{"do", "move", "screen", "demo"}

// KeyHelp is one line of the list of keys.
type KeyHelp struct {
	Group string // its title
	Keys  string // "r", "right l n"
	Name  string // in a word or two
	Help  string // in a sentence
}

// Bindings lists all keys in a language, by group: the README's list is made of it.
func Bindings(t i18n.Texts) []KeyHelp {
	var out []KeyHelp
	for _, group := range groups {
		for _, b := range table() {
			if b.group == group {
				out = append(out, KeyHelp{t.T("group." + group), keysOf(t, b), t.T("key." + b.id), t.T("help." + b.id)})
			}
		}
	}
	return out
}

// keysOf words the keys of a binding.
func keysOf(t i18n.Texts, b binding) string {
	if b.id == "number" {
		return "0-9"
	}
	var names []string
	for _, k := range b.keys {
		names = append(names, keyName(t, k))
	}
	return strings.Join(names, " ")
}

// keyName is what stands on a key's cap.
func keyName(t i18n.Texts, key string) string {
	if name := "cap." + key; t.Has(name) {
		return t.T(name)
	}
	return key
}

// hints are the keys the bar names, for how the step stands, the most useful first.
func (m *Model) hints() []string {
	end := []string{"help", "pane-next", "outline", "palette", "quit"}
	if m.hold.free {
		return append([]string{takeOverID, "next", "prev"}, end...)
	}
	if m.demo.on {
		first := []string{onwardID, backwardID, "cancel"}
		if m.state.Step(m.step).Status == steps.Failed {
			first = append(first, "recording")
		}
		return append(append(first, "catchup-shown", "demo"), end...)
	}
	switch m.focus {
	case pane.StepsID:
		return append([]string{"open-step", "down", "cancel"}, end...)
	case pane.ServersID:
		return append([]string{"open-server", "console", "copy", "sort", "filter", "cancel"}, end...)
	case pane.LogID:
		if m.state.Step(m.shown()).Status == steps.Failed { // why is here; what to do next is not far
			return append([]string{"run", "error", "cancel", "follow", "search", "filter"}, end...)
		}
		return append([]string{"follow", "search", "found-next", "filter", "error", "cancel"}, end...)
	case pane.TrafficID:
		return append([]string{"browse", "next", "copy", "pause", "help", "cancel", "recount"}, end...)
	case pane.SlideID, pane.CatID:
	}
	var first []string
	switch m.state.Step(m.shown()).Status {
	case steps.Running:
		first = []string{"cancel", "hints", "follow", "next"}
	case steps.Done:
		first = []string{"next", "history", "replay", "check", "shell", "edit", "undo"}
		if m.nextHere() != "" {
			first = append([]string{"run"}, first...)
		}
	case steps.Failed:
		first = []string{"run", "hints", "shell", "check", "edit"}
	case steps.Ready, steps.Stale, steps.Shown:
		first = []string{"run", "next", "hints", "check", "shell", "edit"}
		if m.noticed.hand.id != "" && m.noticed.hand.step == m.step {
			first = []string{"check", "next", "run", "shell"}
		}
	case steps.Pending:
		first = []string{"next", "prev", "catchup"}
		if m.step == "" {
			first = []string{"next", "prev"}
		}
	}
	return append(first, end...)
}

// lookup finds a binding by its id.
func (m *Model) lookup(id string) binding {
	for _, b := range m.keys {
		if b.id == id {
			return b
		}
	}
	return binding{}
}
