package tui_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"matou/steps"
	"matou/tui"
	"matou/tui/tuitest"
)

// worker runs actions that take a second each; the first asks about a host key, and Puppet fails
// the first time.
type worker struct{ failed bool }

func (w *worker) Command(in steps.Input) string { return steps.Sketch(in.Action.Command, in.Vars) }

func (w *worker) Execute(ctx context.Context, in steps.Input, out steps.Output) (steps.Result, error) {
	if in.Phase == steps.PhaseCheck {
		return steps.Result{Summary: "holds"}, nil
	}
	if in.Step == "jump" {
		a, err := out.Ask(ctx, steps.Question{Kind: steps.AskHostKey, Subject: "chat@rebond.example", Data: map[string]string{"fingerprint": "SHA256:abc"}})
		if err != nil || !a.OK {
			return steps.Result{}, steps.Failf(steps.FailHostKey, "the key was refused")
		}
	}
	out.Status(steps.Phrase{Text: "doing it"})
	out.Line(string(in.Step), "one line of "+string(in.Step))
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return steps.Result{}, ctx.Err()
	}
	if in.Step == "puppet" && !w.failed {
		w.failed = true
		return steps.Result{}, steps.Failf(steps.FailPuppet, "exit status 4")
	}
	return steps.Result{Summary: string(in.Step) + " worked", Changed: true}, nil
}

// The console and the engine, from the first slide to Victory by keys.
func TestWithTheEngine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		engine, err := steps.New(workshop(), &worker{}, steps.Options{Seat: "07", Params: steps.Vars{"seat": "07", "port": "2207"}})
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- engine.Run(ctx) }()
		d := tuitest.New(t, tui.New(ctx, engine, tui.Options{
			Sandbox: true, Seat: "07", Lang: "en", Theme: "dark", Texts: texts(t), Themes: themes(t), Cats: cats(t), Decks: decks,
		}), 120, 36)
		d.Wait(100 * time.Millisecond)
		d.Press("enter", "enter")
		d.Wait(time.Second)
		d.Sees("First visit", "SHA256:abc", "curious")
		d.Press("y")
		d.Wait(500 * time.Millisecond)
		d.Sees("doing it", "jump│one line of jump")
		d.Wait(2 * time.Second)
		d.Sees("done in", "jump worked")
		d.Press("enter")
		d.Wait(2 * time.Second)
		d.Sees("list worked", "steps 2/5")
		d.Press("c")
		d.Wait(time.Second)
		d.Sees("List the servers: it holds.")
		d.Press("right", "enter")
		d.Wait(500 * time.Millisecond)
		d.Press("esc", "y")
		d.Wait(2 * time.Second)
		d.Sees("Boot the server: stopped.", "stopped · enter takes it up again")
		d.Press("enter")
		d.Wait(2 * time.Second)
		d.Sees("boot worked")
		d.Press("right", "enter", "y")
		d.Wait(2 * time.Second)
		d.Sees("That didn't work", "exit status 4", "The Puppet agent could not apply everything.")
		d.Press("r")
		d.Wait(2 * time.Second)
		d.Sees("puppet worked")
		d.Press("right", "enter")
		d.Wait(2 * time.Second)
		d.Sees("Victory!", "All of it stands", "steps 5/5")
		d.Press("enter", "q")
		if !d.Quit {
			t.Error("it did not quit")
		}
		cancel()
		if err := <-ended; err != nil && ctx.Err() == nil {
			t.Error(err)
		}
	})
}
