package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/term"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"matou/assets"
	"matou/cloud/remote"
	"matou/slides"
	"matou/steps"
	"matou/steps/action"
	"matou/tui"
	"matou/tui/i18n"
	"matou/tui/pane"
	"matou/tui/theme"
)

// consoleFlags are those of the console itself.
type consoleFlags struct {
	step, deck, theme string
	noCat, still      bool
	mouse, plain      bool
	demo              bool
	typing            string
	runAfter          time.Duration
}

func addConsole(root *cobra.Command, o *options) {
	c := &consoleFlags{}
	f := root.Flags()
	f.StringVar(&c.step, "step", "", "step to begin at (default: where you were)")
	f.StringVar(&c.deck, "deck", "", "show this deck in place of the workshop's")
	f.StringVar(&c.theme, "theme", "", "theme: "+strings.Join(themeNames(), ", ")+" (default: as the terminal is)")
	f.BoolVar(&c.noCat, "no-cat", false, "no cat (oh no)")
	f.BoolVar(&c.still, "still", false, "nothing moves by itself")
	f.BoolVar(&c.mouse, "mouse", false, "the mouse scrolls and chooses (selecting text then needs shift)")
	f.BoolVar(&c.demo, "demo", false, "show it to a room: one key does what comes next, commands are typed before they run")
	f.StringVar(&c.typing, "typing", "40ms", "in a demo: how long each character of a command takes to be typed, or off")
	f.DurationVar(&c.runAfter, "run-after", 0, "in a demo: run a typed command by itself after that long (default: at the next key)")
	f.BoolVar(&c.plain, "plain", false, "a dialogue, line by line: for screen readers, serial lines and pipes")
	recordFlag(root, o)
	root.RunE = running(func(cmd *cobra.Command, _ []string) error {
		if c.plain || os.Getenv("TERM") == "dumb" { // there is no screen to draw on
			if c.demo {
				return usagef("--demo needs the screen, and --plain has none")
			}
			return o.plain(cmd, c)
		}
		return o.console(cmd.Context(), c)
	})
}

// console runs the console in this terminal: one that looks at the seat of another program may end for
// one that holds it.
func (o *options) console(ctx context.Context, c *consoleFlags) (err error) {
	if !term.IsTerminal(os.Stdin.Fd()) || !term.IsTerminal(os.Stdout.Fd()) {
		return usagef("the console needs a terminal; with none, there are --plain and matou play")
	}
	forgetInit()
	// What starting leaves behind is a few megabytes: collecting them on the way would take a tenth of
	// the time to the first screen. What comes later is small, and waits for nobody.
	percent := debug.SetGCPercent(200)
	parts, err := o.consoleParts(c)
	if err != nil {
		return err
	}
	if parts.demo, err = c.demonstration(); err != nil {
		return err
	}
	parts.up = func() { debug.SetGCPercent(min(percent, 50)) }
	var again *tui.Again
	for {
		if again, err = o.oneConsole(ctx, c, parts, again); again == nil || err != nil {
			return err
		}
	}
}

// oneConsole runs one console. Again is how it goes on for another one, and what it returns how another one
// goes on for it; nil when none does.
func (o *options) oneConsole(ctx context.Context, c *consoleFlags, parts consoleParts, again *tui.Again) (next *tui.Again, err error) {
	s, err := o.begin(ctx, parts.workshop, true)
	if err != nil {
		return nil, err
	}
	s.gate = &tui.Gate{}
	ctx, stop := context.WithCancel(ctx)
	defer stop() // what the console waits for ends with it
	e := newEarly(s, func() error {
		defer parts.up()
		if err := o.bringUp(s); err != nil {
			return err
		}
		s.comeBack(s.ctx)
		return nil
	}, stop)
	defer func() { err = errors.Join(err, e.Close()) }()
	to, err := o.consoleOptions(s, parts, c)
	if err != nil {
		return nil, err
	}
	to.Feed, to.Demo = e, parts.demo
	o.stage(s, e, &to)
	if s.holder == nil {
		to.Shell, to.Edit = e.shell, e.edit
	}
	if w := s.watchWeb(e.engine); w != nil {
		to.Traffic = w
	}
	if o.record != "" && e.wait() != nil { // a recording follows the engine, and masks what it knows
		return nil, nil // Close tells why
	}
	rec, err := o.startRecording(ctx, s, false)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rec.end(err)) }()
	keeper := s.keepPlace(c.deck)
	defer func() { err = errors.Join(err, keeper.close()) }()
	to.Conceal, to.Keep, to.OnSlide = rec != nil, rec != nil, keeper.set
	if again != nil {
		to.Slide, to.Lang, to.Theme, to.Mouse = again.Slide, again.Lang, cmp.Or(again.Theme, to.Theme), again.Mouse
	}
	model := tui.New(ctx, e, to)
	program := tea.NewProgram(model, tea.WithContext(ctx), tea.WithFPS(120), tea.WithOutput(rec.terminal()))
	ended := watchDecks(ctx, s.workshop, c.deck, func(decks map[string]*slides.Deck) {
		ids, _ := tieDeck(s.workshop, c.deck, decks) // the workshop's own were read at the start
		program.Send(tui.Reload{Decks: decks, Slides: ids})
	})
	_, err = program.Run()
	if a, ok := model.TakesOver(); ok && err == nil && ctx.Err() == nil {
		next = &a
	}
	if errors.Is(err, tea.ErrInterrupted) || ctx.Err() != nil {
		err = nil
	}
	stop()
	<-ended
	return next, err
}

// consoleParts is what the console is made of, read from files.
type consoleParts struct {
	workshop *steps.Workshop
	decks    map[string]*slides.Deck
	tied     []steps.ID // see tie; nil: the decks are the workshop's own
	catalog  *i18n.Catalog
	text     i18n.Texts
	themes   theme.Set
	cats     pane.Cats
	demo     tui.Demo
	up       func() // called when the session is up, or never will be
}

// consoleParts reads the parts, those that don't need each other at the same time: a person waits
// for them.
func (o *options) consoleParts(c *consoleFlags) (consoleParts, error) {
	var p consoleParts
	var all errgroup.Group
	all.Go(func() (err error) {
		if p.workshop, err = loadWorkshop(o.workshop); err == nil {
			p.decks, err = loadDecks(p.workshop, c.deck)
		}
		if err == nil {
			p.tied, err = tieDeck(p.workshop, c.deck, p.decks)
		}
		return err
	})
	all.Go(func() (err error) {
		if p.catalog, p.text, err = o.texts(); err != nil {
			return err
		}
		if p.themes, err = theme.Load(assets.Themes()); err != nil {
			return err
		}
		p.cats, err = pane.LoadCats(assets.Cats())
		return err
	})
	return p, all.Wait()
}

// comeBack logs in to the cloud again where a step of the past has: the servers of somebody who comes
// back are on the screen before they touch anything. It asks nothing; whatever it needs an answer for,
// a step asks.
func (s *session) comeBack(ctx context.Context) {
	state := s.engine.State()
	loggedIn := slices.ContainsFunc(s.workshop.Steps, func(step steps.Step) bool {
		return state.Step(step.ID).Status == steps.Done &&
			slices.ContainsFunc(step.Actions, func(a steps.Action) bool { return a.Kind == "cloud.login" })
	})
	switch {
	case !loggedIn:
		return
	case s.beside != nil:
		s.running.Go(func() { s.lookOver(ctx) })
		return
	}
	s.running.Go(func() {
		_, _ = s.registry.Compute(ctx, s.input(), &aside{s: s, password: s.account.password})
	})
}

// lookOver lists the servers of the sandbox in the program that holds the seat, until ctx ends.
func (s *session) lookOver(ctx context.Context) {
	client := s.beside(ctx)
	if client == nil {
		return // it has ended, or is about to begin
	}
	defer client.Close()
	s.poller.Use(client)
	<-ctx.Done()
}

// consoleOptions are what a session and the parts say about the console.
func (o *options) consoleOptions(s *session, p consoleParts, c *consoleFlags) (tui.Options, error) {
	if _, ok := s.workshop.Step(steps.ID(c.step)); c.step != "" && !ok {
		return tui.Options{}, unknownStep(s.workshop.Unknown(steps.ID(c.step)))
	}
	if _, ok := p.themes[c.theme]; c.theme != "" && !ok {
		return tui.Options{}, usagef("no theme %q: there is %s", c.theme, strings.Join(p.themes.Names(), ", "))
	}
	look := c.theme
	if look == "" && os.Getenv("NO_COLOR") != "" {
		look = "mono" // what others say in colour, it says in other ways
	}
	to := tui.Options{
		Cloud: s.cloudName(), Sandbox: s.account.from == accountSandbox, Seat: s.seat, Lang: p.text.Lang, Theme: look, Version: version(),
		Decks: p.decks, Slides: p.tied, Servers: s.poller, Step: steps.ID(c.step), ReadOnly: s.holder != nil,
		ReducedMotion: c.still || os.Getenv("MATOU_STILL") != "", NoCat: c.noCat, ASCII: !utf8Locale(),
		Texts: p.catalog, Themes: p.themes, Cats: p.cats, Mouse: c.mouse,
	}
	if hasJobControl() {
		to.Suspend = terminal{suspend}
	}
	s.panes(&to)
	if s.holder != nil {
		to.Holder = fmt.Sprintf("%d (%s)", s.holder.PID, s.holder.Host)
	}
	if n := tied(p.tied); p.tied != nil && n == 0 {
		to.Warnings = append(to.Warnings, p.text.T("cli.deck.untied"))
	} else if n < len(p.tied) {
		to.Warnings = append(to.Warnings, p.text.N("cli.deck.tied", n, "all", strconv.Itoa(len(p.tied))))
	}
	for _, err := range s.warnings {
		to.Warnings = append(to.Warnings, steps.Sanitize(err.Error()))
	}
	return to, nil
}

// loadDecks reads the workshop's decks, or one in place of them all.
func loadDecks(w *steps.Workshop, file string) (map[string]*slides.Deck, error) {
	decks := map[string]*slides.Deck{}
	if file != "" {
		deck, err := readDeck(file, os.Stdin)
		if err != nil {
			return nil, err
		}
		for _, lang := range w.Languages {
			decks[lang] = deck
		}
		return decks, nil
	}
	var mu sync.Mutex
	var all errgroup.Group
	for lang, file := range w.Decks {
		all.Go(func() error {
			src, err := fs.ReadFile(w.Files, file)
			if err != nil {
				return fmt.Errorf("read deck: %w", err)
			}
			deck := slides.Parse(file, src)
			mu.Lock()
			defer mu.Unlock()
			decks[lang] = deck
			return nil
		})
	}
	return decks, all.Wait()
}

// terminal is a program that takes the terminal over for a while: it implements tea.ExecCommand.
type terminal struct{ run func() error }

// Run implements tea.ExecCommand.
func (t terminal) Run() error { return t.run() }

// SetStdin implements tea.ExecCommand. The terminal itself is used: a shell needs its size and mode.
func (terminal) SetStdin(io.Reader) {}

// SetStdout implements tea.ExecCommand.
func (terminal) SetStdout(io.Writer) {}

// SetStderr implements tea.ExecCommand.
func (terminal) SetStderr(io.Writer) {}

// interactive runs a shell, or a command, on a hop in this terminal. It answers no questions: a hop
// must have been opened by a step before.
func (s *session) interactive(hop, command string) error {
	ctx := context.Background() // it ends when the person leaves it
	chain, err := s.registry.Chain(ctx, s.input(), &aside{s: s}, hop)
	if err != nil {
		return err
	}
	conn, err := s.client.Conn(ctx, (&hosts{client: s.client}).chain(chain)...)
	if err != nil {
		return hostFailure(err)
	}
	exit, err := remote.Interactive(ctx, conn, command)
	if err == nil && exit.Missing {
		return steps.Failf(steps.FailLost, "%s: %s", hop, exit)
	}
	return hostFailure(err)
}

// edit opens what a step lets people edit: a file on a host there, or the seat's own copy of a file
// of the workshop here. It is nil when there is nothing to edit.
func (s *session) edit(step steps.ID) tea.ExecCommand {
	in := s.input()
	in.Step = step
	target, ok := s.registry.Editable(in)
	if !ok {
		return nil
	}
	return terminal{func() error {
		if target.Hop != "" {
			return s.interactive(target.Hop, "${EDITOR:-vim} "+remote.Quote(target.Path))
		}
		return s.editOwn(in, target)
	}}
}

func (s *session) editOwn(in steps.Input, target action.Editable) error {
	ctx := context.Background() // it ends when the person leaves it
	return s.registry.EditOwn(in, target, func(file string) error { return runEditor(ctx, file) })
}
