package tui_test

import (
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"matou/cloud"
	"matou/steps"
	"matou/tui"
)

// What somebody does in the cloud by other means has the step looked at that it concerns, at the next
// poll, and once.
func TestNoticed(t *testing.T) {
	t.Parallel()
	byHand := server("web-07", cloud.StatusActive, "", "158.69.78.13", time.Minute, nil)
	made := byHand
	made.Metadata = maps.Clone(mine)
	made.Metadata[cloud.MetaStep] = "boot"
	poll := func(f *fixture) { f.Wait(30 * time.Second) }
	var l *lister
	look := func(name string, changes []change, do func(f *fixture)) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l = &lister{}
				f := start(t, 80, 24, append(changes, withCloud(t, l))...)
				boot := &f.w.Steps[2].Actions[0]
				boot.Looks, boot.With = true, map[string]steps.Value{"name": {Text: "web-${seat}"}}
				do(f)
			})
		})
	}
	boot := steps.Check{Step: "boot"}

	look("a server booted by hand", nil, func(f *fixture) {
		f.finish("jump", "list")
		poll(f)
		building := byHand
		building.Status = cloud.StatusBuild
		l.now(building)
		poll(f)
		f.asked()
		l.now(byHand)
		for range 20 {
			if f.Wait(time.Second); strings.Contains(f.Screen(), "web-07 est apparu") {
				break
			}
		}
		f.Sees("web-07 est apparu", "Démarrer le serveur")
		f.asked(boot)
		f.w.Steps[2].Panes = []string{"servers"}
		f.set("boot", steps.StepState{Status: steps.Running, Phase: steps.PhaseAction, Started: time.Now(), Attempt: 1},
			steps.Event{Type: steps.StepStarted, Step: "boot", Phase: steps.PhaseCheck, Attempt: 1},
			steps.Event{Type: steps.ActionStarted, Step: "boot", Phase: steps.PhaseAction, Look: true, Attempt: 1})
		f.Sees("Quatre étapes pour servir") // the slide that is being read stays
		f.set("boot", steps.StepState{Status: steps.Ready})
		other := server("autre-03", cloud.StatusActive, "", "", time.Minute, nil)
		l.now(byHand, other)
		poll(f)
		f.asked() // it was asked about, and the other one is nobody's business
	})
	look("it was there before its step could be done", nil, func(f *fixture) {
		l.now(byHand)
		poll(f)
		f.asked()
		f.finish("jump")
		f.asked()
		f.finish("list")
		f.asked(boot)
	})
	look("one of several of a request, and one of a like name", nil, func(f *fixture) {
		f.finish("jump", "list")
		like, second := byHand, byHand
		like.Name, like.ID, second.Name, second.ID = "web-07-old", "1", "web-07-2", "2"
		l.now(like)
		poll(f)
		f.asked()
		l.now(like, second)
		poll(f)
		f.asked(boot)
	})
	look("somebody else's", nil, func(f *fixture) {
		f.finish("jump", "list")
		theirs := byHand
		theirs.Metadata = map[string]string{cloud.MetaSeat: "08", cloud.MetaWorkshop: "cats"}
		l.now(theirs)
		poll(f)
		f.asked()
	})
	look("a server of ours is gone", nil, func(f *fixture) {
		l.now(made)
		f.finish("jump", "list", "boot")
		poll(f)
		f.asked()
		l.now()
		poll(f)
		f.asked(boot)
		poll(f)
		f.asked()
	})
	look("it goes while a step takes it away", nil, func(f *fixture) {
		l.now(made)
		f.finish("jump", "list", "boot")
		f.w.Steps[3].Actions[0].Unmakes = true
		f.set("puppet", steps.StepState{Status: steps.Running, Phase: steps.PhaseAction, Started: time.Now()})
		poll(f)
		l.now()
		poll(f)
		f.asked()
	})
	look("nobody may do anything here", []change{with(func(o *tui.Options) { o.ReadOnly = true })}, func(f *fixture) {
		f.finish("jump", "list")
		l.now(byHand)
		poll(f)
		f.asked()
	})
}
