package tui_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"matou/cloud"
	"matou/steps"
	"matou/tui"
)

// polled is a cloud whose list the test changes; the step that boots makes web-07.
func polled(l *lister, more ...func(*tui.Options)) change {
	return func(t *testing.T, o *tui.Options) {
		withCloud(t, l)(t, o)
		boot := &o.Feed.(*session).w.Steps[2].Actions[0]
		boot.Makes, boot.Looks, boot.With = true, true, map[string]steps.Value{"name": {Text: "web-${seat}"}}
		for _, f := range more {
			f(o)
		}
	}
}

// poll is longer than an idle list is left alone.
const poll = 20 * time.Second

// TestBootedByHand: a server that was booted in another terminal is offered at the next list, and nobody
// is interrupted by it.
func TestBootedByHand(t *testing.T) {
	t.Parallel()
	const offer = "c adopte web-07, créé à la main"
	byHand := func(status cloud.Status, meta map[string]string) cloud.Server {
		return server("web-07", status, "", "158.69.78.13", time.Minute, meta)
	}
	atBoot := func(f *fixture) {
		f.finish("jump", "list")
		f.Wait(10 * time.Second)
		f.Press("3")
		f.Sees("prête")
		f.asked()
	}
	for _, size := range [][2]int{{80, 24}, {120, 36}, {60, 20}, {60, 5}} {
		l := &lister{}
		play(t, "offered in the bar", size[0], size[1], func(f *fixture) {
			atBoot(f)
			l.now(byHand(cloud.StatusBuild, nil))
			f.Wait(poll)
			f.Sees(offer)
			f.Press("right", "left") // no dialog has taken them
			f.Wait(10 * time.Second)
			f.Sees(offer)
			f.asked()
			f.Press("c")
			f.asked(steps.Check{Step: "boot"})
			f.set("boot", steps.StepState{Status: steps.Running, Attempt: 1, Phase: steps.PhaseCheck, Began: steps.PhaseCheck, Started: time.Now()},
				steps.Event{Type: steps.StepStarted, Step: "boot", Attempt: 1, Phase: steps.PhaseCheck})
			f.set("boot", steps.StepState{Status: steps.Ready, Attempt: 1},
				steps.Event{Type: steps.StepChecked, Step: "boot", Failure: &steps.Failure{Kind: steps.FailCanceled, Cause: "left"}})
			f.Wait(poll)
			f.SeesNot(offer) // it was asked about, and that was the answer
		}, polled(l))
	}
	l := &lister{}
	play(t, "what is being typed goes on", 80, 24, func(f *fixture) {
		atBoot(f)
		f.Press("/")
		f.Type("Pup")
		l.now(byHand(cloud.StatusActive, nil))
		f.Wait(poll)
		f.Type("pet")
		f.Press("enter")
		f.Sees("diapo 4/5")
		f.asked()
	}, polled(l))
	e := &lister{}
	play(t, "said elsewhere too", 80, 24, func(f *fixture) {
		atBoot(f)
		f.Press("left")
		e.now(byHand(cloud.StatusActive, nil))
		for range 40 {
			if f.Wait(500 * time.Millisecond); strings.Contains(f.Screen(), "web-07 est là, créé à la main : c l'adopte, sur la diapo 3") {
				return
			}
		}
		f.Sees("sur la diapo 3")
	}, polled(e))
	n := &lister{servers: []cloud.Server{byHand(cloud.StatusActive, nil)}}
	play(t, "there before its step could be done, and one of several", 80, 24, func(f *fixture) {
		f.Press("3")
		f.Wait(poll)
		f.SeesNot("créé à la main")
		f.finish("jump", "list")
		f.Sees(offer)
		like, second := byHand(cloud.StatusActive, nil), byHand(cloud.StatusActive, nil)
		like.Name, like.ID, second.Name, second.ID = "web-07-old", "1", "web-07-2", "2"
		n.now(like, second)
		f.Wait(poll)
		f.Sees("c adopte web-07-2, créé à la main")
		second.ID = "3"
		n.now(like, second, n.servers[1]) // two of a name: the step says which there are
		f.Wait(poll)
		f.SeesNot("créé à la main")
	}, polled(n))
	r := &lister{}
	play(t, "nobody may do anything here", 80, 24, func(f *fixture) {
		f.finish("jump", "list")
		f.Press("3")
		r.now(byHand(cloud.StatusActive, nil))
		f.Wait(poll)
		f.SeesNot("créé à la main")
	}, polled(r), with(func(o *tui.Options) { o.ReadOnly = true }))
	for name, s := range map[string]cloud.Server{
		"another seat's":    byHand(cloud.StatusActive, map[string]string{cloud.MetaSeat: "08", cloud.MetaWorkshop: "cats"}),
		"one in ERROR":      byHand(cloud.StatusError, nil),
		"one that is going": byHand("SOFT_DELETED", nil),
	} {
		l := &lister{}
		play(t, "but not "+name, 80, 24, func(f *fixture) {
			atBoot(f)
			l.now(s)
			f.Wait(poll)
			f.Sees("prête")
			f.SeesNot("créé à la main")
		}, polled(l))
	}
}

// TestServerGone: a step whose server is gone does not look done for longer than the list does.
func TestServerGone(t *testing.T) {
	t.Parallel()
	made := func() cloud.Server {
		return server("web-07", cloud.StatusActive, "", "158.69.78.13", time.Minute,
			map[string]string{cloud.MetaSeat: "07", cloud.MetaWorkshop: "cats", cloud.MetaStep: "boot"})
	}
	booted := func(f *fixture, l *lister) {
		f.finish("jump", "list", "boot")
		l.now(made())
		f.Wait(poll)
		f.asked()
	}
	check := steps.Check{Step: "boot"}
	l := &lister{servers: []cloud.Server{made()}}
	play(t, "deleted elsewhere", 80, 24, func(f *fixture) {
		booted(f, l)
		l.now()
		f.Wait(poll)
		f.asked(check)
		f.set("boot", steps.StepState{Status: steps.Stale, Attempt: 2}, steps.Event{Type: steps.StepStale, Step: "boot", Failure: &steps.Failure{Kind: steps.FailNotFound, Cause: "gone"}})
		f.Sees("Démarrer le serveur ne tient plus")
		f.Wait(poll)
		f.asked()
	}, polled(l))
	d := &lister{servers: []cloud.Server{made()}}
	play(t, "deleted here, at once", 80, 24, func(f *fixture) {
		booted(f, d)
		f.Press("tab", "tab", "d", "o")
		f.asked(check)
	}, polled(d, func(o *tui.Options) {
		o.Delete = func(context.Context, string) error { d.now(); o.Servers.Wake(); return nil }
	}))
	g := &lister{servers: []cloud.Server{made()}}
	play(t, "not while something runs, or a dialog is open", 80, 24, func(f *fixture) {
		booted(f, g)
		f.set("puppet", steps.StepState{Status: steps.Running, Attempt: 1, Phase: steps.PhaseAction, Started: time.Now()})
		g.now()
		f.Wait(poll)
		f.asked()
		f.Press("?")
		f.finish("puppet")
		f.asked()
		f.Press("esc")
		f.asked(check)
	}, polled(g))
	n := &lister{}
	play(t, "gone before the console was opened", 80, 24, func(f *fixture) {
		f.Wait(time.Second)
		f.asked(check)
	}, polled(n, func(o *tui.Options) {
		s := o.Feed.(*session)
		for _, id := range []steps.ID{"jump", "list", "boot"} {
			s.state.Steps[id] = steps.StepState{Status: steps.Done, Attempt: 1}
		}
	}))
}
