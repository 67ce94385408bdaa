// Package plain is the workshop as a dialogue, line by line: for a screen reader, a serial line, or a
// pipe.
//
// It prints the slide as text, says what can be done next, reads a line, does it, and says what comes
// of it as it comes. Nothing is drawn, nothing is printed over, and a drawing is told in words. The
// commands are the keys of the console: r, enter is a letter less.
//
//	plain.go     what it is given (Options), the loop around its lines and the engine's news
//	commands.go  the one table of commands
//	turn.go      what enter does
//	ask.go       the questions of the engine and its own, and what an answer means
//	traffic.go   who answers on the workshop's web site
//	tell.go      what happens, in words
//	slide.go     a slide as text
//	input.go     lines, read when they are wanted
//
// Where a person sits at a terminal (Interactive) a running step can be stopped by a line. Where the
// lines come from a file or a program each waits until the step before it has ended, so that a script
// is a list of commands; then enter does not repeat a step that failed, and the end of the input is
// the end.
package plain

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"matou/cloud"
	"matou/slides"
	"matou/steps"
	"matou/tui/i18n"
)

// Session is what the dialogue asks of the engine; *steps.Engine is one.
type Session interface {
	Do(ctx context.Context, c steps.Command) error
	Feed(lines int) *steps.Feed
	State() steps.State
	Workshop() *steps.Workshop
	Vars() steps.Vars
	CommandLine(step steps.ID, phase steps.Phase, index int) string
}

// Options is what the dialogue is given besides its session. All but In and Out is optional.
type Options struct {
	In  io.Reader // may have a Cancel() bool that ends a Read, as those of muesli/cancelreader do
	Out io.Writer
	// Interactive says that a person types In at a terminal.
	Interactive bool
	// Echo shows or hides what is typed; nil: it can't be seen anyway.
	Echo func(on bool) error
	// Typed is told each line that the terminal has shown as it was typed, for a recording; nil: nobody.
	Typed func(text string)
	// Answer answers a question in place of a person, or says that it does not.
	Answer func(steps.Question) (steps.Answer, bool)

	Texts *i18n.Catalog
	Lang  string
	Decks map[string]*slides.Deck // by language
	// Slides says which of the workshop's each slide is, see Workshop.OnSlides; nil: they are the same.
	Slides []steps.ID
	Width  int      // cells to wrap text at; zero: 80
	Step   steps.ID // where to begin; empty: where the participant was

	Cloud    string
	Sandbox  bool
	Seat     string
	ReadOnly bool
	Holder   string // who holds the seat, when ReadOnly
	Warnings []string
	Conceal  bool // passwords on slides are not printed

	Servers *cloud.Poller
	// Traffic asks the current web site who answers, and returns within a time of its own; nil: there is
	// none to ask.
	Traffic func(ctx context.Context) (cloud.Traffic, error)
	Made    func(ctx context.Context) (cloud.Made, error) // all that the seat has in the cloud; nil: nobody to ask
	Shell   func(hop string) error                        // an interactive shell in this terminal; nil: there is none
	Edit    func(step steps.ID) error                     // opens what a step lets people edit; nil: nothing
	OnSlide func(n int, step steps.ID)                    // told where the reader is: the slide from 1, and its step
}

// FailedError says that the input ended while a step stood failed.
type FailedError struct {
	Step    steps.ID
	Failure steps.Failure
}

// Error names the step and the cause.
func (e *FailedError) Error() string { return fmt.Sprintf("%s: %s", e.Step, e.Failure.Cause) }

// feedLines is how many lines of output the dialogue may fall behind.
const feedLines = 5000

// stillEvery is how often a step that takes long is said to be running still.
const stillEvery = 30 * time.Second

// dialogue is one Run. All of it belongs to one goroutine.
type dialogue struct {
	ctx     context.Context
	session Session
	w       *steps.Workshop
	o       Options
	text    i18n.Texts
	out     *bufio.Writer
	input   *input

	deck  *slides.Deck
	index int      // of the slide, from 0
	step  steps.ID // the one enter is about; empty on a slide without one
	told  place    // what OnSlide was told last

	state   steps.State
	status  map[steps.ID]string // what was said of it last
	trouble string              // told last: the journal or the log can't be written
	free    bool                // told last: who only reads, and nobody holds the seat

	busy      steps.ID // the step whose end is waited for
	planned   bool     // and the plan's
	pending   *question
	answered  map[int64]bool
	passed    map[steps.ID]bool           // steps that enter no longer stops at
	failed    map[steps.ID]*steps.Failure // in this run, and not mended since
	lastFail  steps.ID
	open      bool // a prompt stands at the end of the output
	hidden    bool // what is typed is not shown
	eof, quit bool
}

type place struct {
	n    int
	step steps.ID
}

// Run holds the dialogue until the reader quits, the input ends, the engine ends, or ctx does. A
// *FailedError says that nobody was there and a step failed.
func Run(ctx context.Context, s Session, o Options) error {
	d := &dialogue{
		ctx: ctx, session: s, w: s.Workshop(), o: o, out: bufio.NewWriter(o.Out), input: newInput(o.In),
		state: s.State(), status: map[steps.ID]string{}, answered: map[int64]bool{}, passed: map[steps.ID]bool{},
		failed: map[steps.ID]*steps.Failure{},
	}
	if o.Slides != nil {
		d.w = d.w.OnSlides(o.Slides)
	}
	defer d.input.stop()
	defer d.show()
	if d.o.Width <= 0 {
		d.o.Width = 80
	}
	lang := o.Lang
	if lang == "" && len(d.w.Languages) > 0 {
		lang = d.w.Languages[0]
	}
	d.language(lang)
	batches, stop := d.pull()
	defer stop()
	d.greet()
	d.begin()
	return d.loop(batches)
}

// pull asks the engine for its news in a goroutine of its own; stop ends it and waits.
func (d *dialogue) pull() (<-chan steps.Batch, func()) {
	ctx, cancel := context.WithCancel(d.ctx)
	feed, news := d.session.Feed(feedLines), make(chan steps.Batch)
	var running sync.WaitGroup
	running.Go(func() {
		defer close(news)
		defer feed.Close()
		for {
			b, err := feed.Next(ctx)
			if err != nil {
				return
			}
			select {
			case news <- b:
			case <-ctx.Done():
				return
			}
		}
	})
	return news, func() { cancel(); running.Wait() }
}

func (d *dialogue) loop(news <-chan steps.Batch) error {
	tick := time.NewTicker(stillEvery)
	defer tick.Stop()
	for !d.quit {
		d.where()
		d.prompt()
		if err := d.out.Flush(); err != nil {
			return fmt.Errorf("print: %w", err)
		}
		select {
		case b, ok := <-news:
			if !ok {
				if d.ctx.Err() == nil {
					d.say(d.text.T("engine.ended"))
				}
				return nil
			}
			d.news(b)
		case l := <-d.input.lines:
			d.input.asked = false
			d.take(l)
		case <-tick.C:
			d.still()
		case <-d.ctx.Done():
			return nil
		}
	}
	_, unfinished := d.failed[d.lastFail]
	if d.o.Interactive || !unfinished {
		return nil
	}
	return &FailedError{Step: d.lastFail, Failure: *d.failed[d.lastFail]}
}

// show shows again what is typed, and leaves no line half written. It is the last thing done.
func (d *dialogue) show() {
	d.hide(false)
	if d.open {
		fmt.Fprintln(d.out)
	}
	_ = d.out.Flush() // the loop has told what there is to tell about Out
}

// hide stops showing what is typed, or shows it again.
func (d *dialogue) hide(hidden bool) bool {
	if d.o.Echo == nil || hidden == d.hidden {
		return true
	}
	if err := d.o.Echo(!hidden); err != nil {
		return false
	}
	d.hidden = hidden
	return true
}

// language changes the words and the deck, and keeps the place.
func (d *dialogue) language(lang string) {
	d.text = d.o.Texts.In(lang)
	d.deck = d.o.Decks[d.text.Lang]
	for _, l := range d.w.Languages {
		if d.deck == nil {
			d.deck = d.o.Decks[l]
		}
	}
	d.index = max(0, min(d.index, d.slides()-1))
}

func (d *dialogue) slides() int {
	if d.deck == nil {
		return 0
	}
	return len(d.deck.Slides)
}

// begin goes to where the participant was, or wants to be.
func (d *dialogue) begin() {
	index, step := d.w.Place(d.state)
	if d.o.Step != "" {
		index, step = max(0, d.w.SlideOf(d.o.Step)), d.o.Step
	}
	d.turn(index)
	if step != "" && step != d.step {
		d.step = step
		d.tellStep()
	}
}

// where tells OnSlide about a move.
func (d *dialogue) where() {
	if now := (place{d.index + 1, d.step}); d.o.OnSlide != nil && now != d.told {
		d.told = now
		d.o.OnSlide(now.n, now.step)
	}
}

// news tells what happened.
func (d *dialogue) news(b steps.Batch) {
	d.state = b.State
	d.batch(b)
	d.asked(b.Questions)
}

// take takes a line: it answers a question, or is a command.
func (d *dialogue) take(l line) {
	d.open = d.open && l.eof // the reader's own return has ended the line
	if d.o.Interactive && d.o.Typed != nil && !d.hidden && !l.eof {
		d.o.Typed(steps.Sanitize(l.text))
	}
	switch {
	case l.eof:
		d.ended()
	case d.pending != nil:
		d.answer(l.text)
	default:
		if !d.o.Interactive {
			d.echo(l.text)
		}
		d.command(l.text)
	}
}

// echo prints a command that nobody has seen being typed.
func (d *dialogue) echo(text string) { fmt.Fprintln(d.out, steps.Sanitize(text)); d.open = false }

// ended is the end of the input: a question is declined, and what runs is waited for.
func (d *dialogue) ended() {
	d.eof = true
	if d.pending != nil {
		d.decline()
	}
	d.quit = !d.running()
}

// running tells whether something was begun whose end was not told yet.
func (d *dialogue) running() bool { return d.busy != "" || d.planned }

// do gives a command to the engine. Step is whose end to wait for.
func (d *dialogue) do(c steps.Command, step steps.ID) {
	if err := d.session.Do(d.ctx, c); err != nil {
		d.say(d.refusal(err))
		return
	}
	d.busy = step
	delete(d.passed, step)
	if _, ok := c.(steps.CatchUp); ok {
		d.busy, d.planned = "", true
	}
	if d.o.Interactive {
		d.say(d.text.T("plain.started"))
	}
}

// explain is an error in the reader's language.
func (d *dialogue) explain(err error) string {
	return steps.Sanitize(steps.Explain(err, d.text, d.title))
}

// refusal words why a command was not followed.
func (d *dialogue) refusal(err error) string {
	var r *steps.Refusal
	if !errors.As(err, &r) {
		return d.explain(err)
	}
	if r.Code == steps.RefusedRunning {
		return d.text.T("plain.running")
	}
	return d.text.T("refusal."+string(r.Code), "step", d.title(r.Step), "needs", d.titles(r.Needs))
}
