// Package tui is the console: the screen a participant works at.
//
// It only reads. What happens, happens in the engine (package steps); the console pulls what is
// new, draws it, and sends commands. The five-minute tour:
//
//	model.go    what the console is given (Options), what it holds (Model)
//	update.go   messages in: one handler per family, no input or output here
//	cmds.go     everything that waits or leaves the program is a tea.Cmd, made here
//	feed.go     what the engine and the cloud tell, applied
//	place.go    where the reader is, told to others, and a deck that changes meanwhile
//	steps.go    the tie between slides and steps, and what enter does
//	keys.go     the one table of keys: dispatch, bottom bar, help, palette, README
//	ask.go      the dialogs the console opens, and what their answers mean
//	lens.go     the habits of the log: filter, search on, mark, save
//	nova.go     the habits of the list of servers: details, console, delete
//	noticed.go  what that list tells about steps: booted by hand, or gone
//	history.go  the journal, to look back at
//	traffic.go  who answers on the web sites, and the way there for a browser
//	takeover.go a seat that another program held, and that is free now
//	raise.go    the panes of a step come up with it
//	demo.go     one key shows it all to a room; prompt.go types, playback.go shows recordings,
//	            comment.go is the cat's, and gate.go has the engine wait for what is typed
//	mouse.go    wheel and click, when they are wanted
//	tabs.go     the panes behind the one in front, in its border
//	layout.go   where each pane stands: a pure function of the size
//	view.go     the screen put together; bar.go its last lines
//
// Panes are in tui/pane, dialogs in tui/dialog, colours in tui/theme, words in tui/i18n, and
// tui/tuitest drives all of it in tests.
package tui

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"matou/cloud"
	"matou/slides"
	"matou/steps"
	"matou/tui/dialog"
	"matou/tui/i18n"
	"matou/tui/pane"
	"matou/tui/theme"
)

// Session is what the console asks of the engine; *steps.Engine is one.
type Session interface {
	Do(ctx context.Context, c steps.Command) error
	Feed(lines int) *steps.Feed
	State() steps.State
	Workshop() *steps.Workshop
	Vars() steps.Vars
	CommandLine(step steps.ID, phase steps.Phase, index int) string
}

// Feed is where the console pulls from; *steps.Feed is one.
type Feed interface {
	Next(ctx context.Context) (steps.Batch, error)
}

// OwnSource is the source of the lines in which the program tells about itself. The first of a batch
// that belongs to no step stands in the bar for a while too.
const OwnSource = "matou"

// Options is what the console is given besides its session. Everything in it is optional: what is
// missing is left out on the screen, and keys that need it say so.
type Options struct {
	Cloud   string // which cloud it is, for the status line: "cloud ovh"
	Sandbox bool   // it is the sandbox: the status line says so whatever Cloud says
	Seat    string
	Lang    string // "fr", "en"; empty: the workshop's first
	Theme   string // a name in Themes; empty: dark, or light when the terminal says that it is
	Version string

	Decks   map[string]*slides.Deck // by language
	Slides  []steps.ID              // which of the workshop's each slide is, see Workshop.OnSlides; nil: they are the same
	Servers *cloud.Poller
	Traffic Traffic
	Step    steps.ID // where to begin; empty: where the participant was, else at the first slide
	Slide   int      // where to begin whatever Step says, from 1; zero: as Step says

	ReadOnly bool     // look, but do nothing
	Holder   string   // who holds the seat, when ReadOnly
	Keep     bool     // no other console may go on for this one: somebody records it, say
	Warnings []string // to be told at the start

	ReducedMotion bool // nothing moves by itself
	NoCat         bool
	ASCII         bool // the terminal shows nothing else

	Texts  *i18n.Catalog
	Themes theme.Set
	Cats   pane.Cats
	Lines  int // of log kept; zero: pane.DefaultLogLines

	// Conceal hides passwords and tokens that stand on slides, and keeps them hidden: somebody else
	// will see the screen. Without it the workshop says how it begins, and a key changes it.
	Conceal bool
	// OnSlide is told where the reader is, the slide from 1 and its step, at each move. It is called
	// from Update, so it returns at once.
	OnSlide func(n int, step steps.ID)

	// Demo shows the workshop to a room; Gate is the one before the engine's executor. Recorded are the
	// steps of which there is a recording. Known answers, without waiting, what nobody needs to be asked
	// in a demonstration.
	Demo     Demo
	Gate     *Gate
	Recorded map[steps.ID]bool
	Known    func(steps.Question) (steps.Answer, bool)

	// Feed is pulled from in place of the session's own.
	Feed Feed
	// Shell is an interactive shell on a hop, or nil when there is none to be had. It runs in the
	// terminal in place of the console.
	Shell func(hop string) tea.ExecCommand
	// Edit opens what a step lets the participant edit, or is nil.
	Edit func(step steps.ID) tea.ExecCommand
	// Suspend stops this program and returns when a shell has continued it; nil when no shell could.
	Suspend tea.ExecCommand

	// What follows is called outside of Update, and may take its time.

	Server  func(ctx context.Context, id string) (cloud.Server, error) // one server in full, as nova show has it
	Console func(ctx context.Context, id string) (string, error)       // the newest lines of its console
	Delete  func(ctx context.Context, id string) error                 // one of the seat's own; returns when it is gone
	Made    func(ctx context.Context) (cloud.Made, error)              // all that the seat has in the cloud
	Journal func(ctx context.Context) ([]steps.Event, error)           // all that was journaled
	// Output lists the lines kept on disk of a step between two moments.
	Output func(ctx context.Context, step steps.ID, from, to time.Time) ([]steps.Line, error)
	// Recording is what a step printed when it was recorded, with this seat's values.
	Recording func(ctx context.Context, step steps.ID) ([]steps.RecordedLine, error)
	// Save writes lines to a new file that only its owner may read, and tells its path. An empty name
	// lets it choose one in the seat's folder.
	Save func(ctx context.Context, name string, lines []string) (path string, err error)

	Mouse bool // the mouse scrolls and gives the focus; selecting text then needs shift
}

// Model is the console's state. The context is the session's: Bubble Tea gives Update no other way
// to it.
type Model struct {
	ctx      context.Context
	session  Session
	feed     Feed
	workshop *steps.Workshop
	opts     Options

	keys        []binding // the table of keys, made once
	text        i18n.Texts
	styles      *theme.Styles
	themeChosen bool // by a person: the terminal's own ground no longer matters

	width, height int
	lay           layout
	focus         pane.ID
	byHand        bool // somebody has moved the focus since a step was asked for
	raised        raised
	zoom          bool
	demo          demo
	blurred       bool
	mouse         bool

	slide   *pane.Slide
	outline *pane.Outline
	servers *pane.Servers
	log     *pane.Log
	traffic *pane.Traffic
	cat     *pane.Cat
	drawn   map[pane.ID]drawn

	dialogs   dialog.Stack
	questions []steps.Question // waiting for an answer, the oldest first
	answered  map[int64]bool

	state    steps.State
	status   map[steps.ID]steps.Phrase
	trouble  error
	pulled   bool // the engine has told how everything stands
	vars     steps.Vars
	snapshot cloud.Snapshot
	noticed  noticed
	step     steps.ID // the one the console is at; empty on a slide without one
	command  string   // its command line
	going    string   // what it goes on with, while nothing of it runs
	editable bool     // there is something to edit in it
	told     whereabouts
	hold     hold

	toast   notice
	glad    time.Time // until when the cat is happy
	petted  time.Time // until when it enjoys having been stroked
	touched time.Time // when a key was last pressed
	typed   digits
	hit     int // of a search through the deck: the one gone to last
	wake    alarm
	catNext time.Time
}

// notice is a sentence that stands in the bar for a while.
type notice struct {
	text  string
	until time.Time
}

// digits is a slide number being typed.
type digits struct {
	n  int
	at time.Time
}

// alarm is the one timer that is on its way.
type alarm struct {
	id int
	at time.Time
}

// New makes the console for a session. Run it with tea.NewProgram; it ends with the program or ctx.
func New(ctx context.Context, s Session, o Options) *Model {
	w := s.Workshop()
	if o.Slides != nil {
		w = w.OnSlides(o.Slides)
	}
	m := &Model{
		ctx: ctx, session: s, feed: o.Feed, workshop: w, opts: o,
		keys: table(), focus: pane.SlideID, drawn: map[pane.ID]drawn{}, answered: map[int64]bool{},
		outline: pane.NewOutline(w), servers: pane.NewServers(o.Seat), log: pane.NewLog(o.Lines), traffic: pane.NewTraffic(w),
		cat: pane.NewCat(o.Cats, o.ReducedMotion), touched: time.Now(), mouse: o.Mouse, demo: demo{on: o.Demo.On}, hold: hold{holder: o.Holder},
	}
	if m.feed == nil {
		m.feed = s.Feed(FeedLines)
	}
	lang := o.Lang
	if lang == "" && len(w.Languages) > 0 {
		lang = w.Languages[0]
	}
	m.servers.SetExpect(m.expected)
	m.text = o.Texts.In(lang)
	m.slide = pane.NewSlide(m.deck(lang))
	m.slide.SetSubstitute(m.placeholder)
	m.slide.SetExample(m.example)
	m.slide.SetConceal(o.Conceal || w.Conceal)
	m.setTheme(o.Theme)
	m.themeChosen = o.Theme != ""
	m.setState(s.State())
	m.enter(o)
	for _, warning := range o.Warnings {
		m.log.Append([]steps.Line{{At: m.touched, Source: OwnSource, Text: warning}}, 0)
	}
	if len(o.Warnings) > 0 {
		m.say(m.touched, o.Warnings[0])
	}
	return m
}

// enter goes to where the console begins.
func (m *Model) enter(o Options) {
	first := o.Step
	if first == "" {
		first = m.resume()
	}
	switch i := m.slideOf(first); {
	case o.Slide > 0:
		m.slide.Goto(o.Slide - 1)
		m.arrive()
	case i >= 0:
		m.slide.Goto(i)
		m.choose(first)
	default:
		m.arrive()
	}
}

// deck is the deck in a language, or in any.
func (m *Model) deck(lang string) *slides.Deck {
	if d := m.opts.Decks[lang]; d != nil {
		return d
	}
	for _, l := range m.workshop.Languages {
		if d := m.opts.Decks[l]; d != nil {
			return d
		}
	}
	for _, d := range m.opts.Decks {
		return d
	}
	return nil
}

// setTheme changes the colours. A name there is none of leaves everything plain.
func (m *Model) setTheme(name string) {
	if name == "" {
		name = "dark"
	}
	m.styles = m.opts.Themes[name].Make(m.opts.ASCII)
	m.styles.Name = name
	m.relook()
}

// relook tells the panes about a new theme or language.
func (m *Model) relook() {
	look := pane.Look{Styles: m.styles, Text: m.text}
	for _, p := range m.panes() {
		p.SetLook(look)
	}
}

func (m *Model) look() pane.Look { return pane.Look{Styles: m.styles, Text: m.text} }

// panes are all the panes there are, by name.
func (m *Model) panes() map[pane.ID]pane.Pane {
	return map[pane.ID]pane.Pane{
		pane.SlideID: m.slide, pane.StepsID: m.outline, pane.ServersID: m.servers, pane.LogID: m.log,
		pane.TrafficID: m.traffic, pane.CatID: m.cat,
	}
}

// Init begins to pull: from the engine, and from the cloud when there is one to be listed. It asks
// the terminal for its ground too, and never waits for the answer.
func (m *Model) Init() tea.Cmd {
	cmds := []tea.Cmd{m.next(0)}
	if m.opts.Servers != nil {
		cmds = append(cmds, m.poll(0))
	}
	if m.opts.Traffic != nil {
		cmds = append(cmds, m.tally(0, 0))
	}
	if !m.themeChosen {
		cmds = append(cmds, tea.RequestBackgroundColor)
	}
	return tea.Batch(cmds...)
}
