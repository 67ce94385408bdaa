package steps

import (
	"io/fs"
	"maps"
	"slices"
	"time"
)

// ID names a step, or a slide, of a workshop: lower-case letters, digits and dashes.
type ID string

// Text is something a person reads, by language ("fr", "en").
type Text map[string]string

// In is the text in a language; the first other language in alphabetical order when there is none,
// so that a missing translation is readable rather than blank.
func (t Text) In(lang string) string {
	if s, ok := t[lang]; ok {
		return s
	}
	if len(t) == 0 {
		return ""
	}
	return t[slices.Min(slices.Collect(maps.Keys(t)))]
}

// Workshop is everything workshop.yaml says. It is read once and never changed.
type Workshop struct {
	Name      string            // the folder's name: part of every path and metadata value
	Title     Text              //
	Languages []string          // of the decks and texts, the default one first
	Decks     map[string]string // language -> file of the deck
	Notes     map[string]string // language -> file of the speaker's notes; may be empty
	Slides    []ID              // the decks' slides in order: slide N of each deck has id Slides[N-1]
	Conceal   bool              // the passwords on the slides are hidden until somebody asks to see them
	Params    []Param
	Hops      []Hop
	Cloud     CloudSource
	// Placeholders are words the decks emphasise and what stands there for this seat, as a template:
	// "22XX" -> "${inception.port}".
	Placeholders map[string]string
	Steps        []Step
	Traffic      Traffic
	Sandbox      SandboxSource
	Files        fs.FS // the workshop's folder: decks, user-data, control repository
}

// Param is a value the workshop needs from outside, with its default.
type Param struct {
	Name    string
	Type    string // "string", "int", "bool" or "secret"
	Default string // a template: may name seat, seat.number and earlier parameters
	Help    Text
}

// Hop is an SSH host of the workshop. All fields but Name and Via are templates.
type Hop struct {
	Name     string
	Via      string // the hop it is reached through; empty: directly
	User     string
	Host     string
	Port     string
	Password string
	// HostKey lists the fingerprints, separated by blanks, that people were given to compare its key with.
	HostKey string
	Server  string // the id of the server behind it, if it is one we booted: its console log has the host key
	// Sudo, when "true", has everything there done as root, through sudo if the login is not root.
	Sudo string
}

// CloudSource says where the credentials come from when the environment has none, how the cloud is
// reached, and what servers need there beside themselves. All fields but Hop are templates.
type CloudSource struct {
	Hop    string // the hop whose openrc is read; also the one we are on when the environment has credentials
	OpenRC string // its path there
	// APIVia is the hop through which the cloud's API is reached; empty: directly.
	APIVia string
	// Ports are the TCP ports at which servers must be reachable.
	Ports []string
	// OpenPorts, when "true", has the security groups of the servers made, and opened at Ports, where
	// that is missing. What was made so is taken away again by the last seat that cleans up.
	OpenPorts string
	// Floating is the network that each server gets a floating address of; empty: none.
	Floating string
}

// SandboxSource says what the embedded sandbox needs to play this workshop.
type SandboxSource struct {
	World  string            // folder with world.yaml
	Params map[string]string // parameters that differ there: templates that may name sandbox.*
}

// Step is one row of the workshop: what to do, what proves it, how to take it back.
type Step struct {
	ID      ID
	Title   Text
	Slides  []ID // the slides it belongs to, in order
	Needs   []ID // the steps that must be done before
	Panes   []string
	Actions []Action
	Checks  []Action
	Undo    []Action
	Hints   []Text
	Confirm Text          // not empty: ask this before the actions run, Cancel first
	Victory bool          // the cat dances when it is done
	Expect  time.Duration // how long it takes when all goes well
	Line    int           // in workshop.yaml
}

// Advice is what the workshop's authors say in a language to somebody who is stuck at the step.
func (s Step) Advice(lang string) []string {
	var out []string
	for _, h := range s.Hints {
		if text := h.In(lang); text != "" {
			out = append(out, text)
		}
	}
	return out
}

// Action is one thing a step does, checks or takes back.
type Action struct {
	Name    string
	Kind    string
	Title   Text
	Command string            // what a person would type for it, a template; empty: the kind words it
	With    map[string]Value  // the kind's fields; strings in them are templates
	Save    map[string]string // variable -> key of the kind's result
	Timeout time.Duration     // of one run of it; zero: the kind's own
	Within  time.Duration     // tried again until it holds or this is over; zero: tried once
	Expect  time.Duration
	// Background starts it beside the actions that follow and ends it with the step: a followed log.
	Background bool
	Looks      bool // its kind can look for what is there: see Schema.Looks
	Makes      bool // its kind makes something in the cloud: see Schema.Makes
	Unmakes    bool // its kind takes away all that others made: see Schema.Unmakes
	Line       int  // in workshop.yaml
}

// Value is a field of an action: a string, or a list of strings, or a map of strings; the kind's
// schema says which. Numbers and booleans of the YAML stand as their text.
type Value struct {
	Text string
	List []string
	Map  map[string]string
}

// Step finds a step by id.
func (w *Workshop) Step(id ID) (Step, bool) {
	for _, s := range w.Steps {
		if s.ID == id {
			return s, true
		}
	}
	return Step{}, false
}

// ActionTitle is what people call an action, a check or an undo: its title in their language, or name
// where the workshop has no title for it, or no such action any more.
func (w *Workshop) ActionTitle(step ID, p Phase, index int, lang, name string) string {
	s, _ := w.Step(step)
	if list := s.actions(p); index >= 0 && index < len(list) && list[index].Name == name && len(list[index].Title) > 0 {
		return list[index].Title.In(lang)
	}
	return name
}

// Hop finds a hop by name.
func (w *Workshop) Hop(name string) (Hop, bool) {
	for _, h := range w.Hops {
		if h.Name == name {
			return h, true
		}
	}
	return Hop{}, false
}

// Chain lists the hops to reach the named one, the first to dial first, itself last. It is empty
// for a name that is no hop.
func (w *Workshop) Chain(name string) []Hop {
	var chain []Hop
	for seen := 0; name != "" && seen <= len(w.Hops); seen++ {
		h, ok := w.Hop(name)
		if !ok {
			return nil
		}
		chain = append([]Hop{h}, chain...)
		name = h.Via
	}
	return chain
}
