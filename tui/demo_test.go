package tui_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/exp/golden"

	"matou/steps"
	"matou/tui"
)

// recordings are what the tests' steps printed on a better day.
var recordings = map[steps.ID][]steps.RecordedLine{
	"boot": {
		{Kind: "ssh.run", Command: "nova boot web-01"},
		{Ms: 400, Source: "nova", Text: "BUILD"},
		{Ms: 60_000, Source: "nova", Text: "ACTIVE at <web.address>"},
	},
	"puppet": {{Kind: "ssh.run", Command: "puppet agent -t -v"}, {Ms: 900, Source: "web", Text: "Notice: Applied catalog in <n> seconds"}},
}

// staged begins a demonstration, its commands typed at a pace, with recordings.
func staged(typing time.Duration) change {
	return with(func(o *tui.Options) {
		o.Demo = tui.Demo{On: true, Typing: typing}
		o.Recorded = map[steps.ID]bool{"boot": true, "puppet": true}
		o.Recording = func(_ context.Context, id steps.ID) ([]steps.RecordedLine, error) { return recordings[id], nil }
	})
}

func TestDemoTypes(t *testing.T) {
	t.Parallel()
	const command = "$ ssh chat@rebond.example -p 2207"
	play(t, "a character at a time, and runs at the next key", 80, 24, func(f *fixture) {
		f.Press("space")
		f.Sees("diapo 2/5", "DÉMO", "vers l'étape")
		f.SeesNot(command) // the bar does not give it away
		f.Press("pgdown")
		f.Sees("Journal", "$ _")
		f.Wait(450 * time.Millisecond)
		f.Sees("$ ssh _")
		f.SeesNot("ssh c")
		f.Wait(100 * time.Millisecond)
		f.Sees("$ ssh c_")
		f.Wait(4 * time.Second)
		f.Sees(command + "_")
		f.asked()
		f.Press("space")
		f.asked(steps.Start{Step: "jump"})
		f.set("jump", steps.StepState{Status: steps.Running, Attempt: 1, Started: time.Now()}, steps.Event{Type: steps.StepStarted, Step: "jump", Attempt: 1, Phase: steps.PhaseAction})
		f.tell(steps.Batch{Lines: []steps.Line{{At: time.Now(), Step: "jump", Source: "jump", Text: "hello"}}})
		f.Sees("$   │ssh chat@rebond.example -p 2207", "jump│hello")
		f.Press("space")
		f.asked()
		f.Sees("tourne. La suite vient quand c'est prouvé")
		f.finish("jump")
		f.Sees("jump│hello", "faite en 0:03") // it stays, to be read
		f.SeesNot("La suite vient")
		f.Press("right")
		f.Wait(2 * time.Second)
		f.Sees("$ nova list_") // the slide has another step
		f.Press("pgup")
		f.SeesNot("nova list_")
		f.Sees("diapo 2/5")
		f.Press("left")
		f.Sees("diapo 1/5")
	}, staged(100*time.Millisecond))
	one, two := &web{}, &web{}
	answers := func(f *fixture, site *web) {
		f.finish("jump", "list", "boot")
		f.Press("4")
		f.Wait(2 * time.Second)
		f.Press("space")
		f.Wait(time.Second)
		f.Sees("$ puppet agent")
		f.set("puppet", steps.StepState{Status: steps.Running, Attempt: 1, Phase: steps.PhaseAction, Started: time.Now()},
			steps.Event{Type: steps.StepStarted, Step: "puppet", Attempt: 1, Phase: steps.PhaseAction})
		site.tell(turns("web-07", "web-07-1"))
		f.tell(steps.Batch{Lines: []steps.Line{{At: time.Now(), Step: "puppet", Source: "web", Text: "Notice: done"}}})
		f.Sees("web│Notice: done")
	}
	play(t, "and who answers comes up, where that is the point", 80, 24, func(f *fixture) {
		answers(f, one)
		f.SeesNot("Le load balancer")
		f.finish("puppet")
		f.Wait(time.Second)
		f.Sees("Le load balancer", "a web-07", "b web-07-1", "=^.^=")
		f.SeesNot("Notice: done")
		f.Press("space")
		f.Sees("diapo 5/5")
		f.SeesNot("Le load balancer")
	}, withWeb(one), staged(0))
	play(t, "beside what is done for it, where there is room", 120, 36, func(f *fixture) {
		answers(f, two)
		f.Sees("╭─ Log", "╭─ Traffic", "a web-07")
		f.SeesNot("Servers")
		f.finish("puppet")
		f.Wait(time.Second)
		f.Sees("╭─ Traffic", "b web-07-1", "╭─ Log", "web│Notice: done")
		f.Press("space")
		f.SeesNot("╭─ Traffic")
	}, withWeb(two), staged(0), with(func(o *tui.Options) { o.Lang = "en" }))
	play(t, "the rest at a key", 80, 24, func(f *fixture) {
		f.Press("space", "space", "space")
		f.Sees(command + "_")
		f.asked()
		f.Press("space")
		f.asked(steps.Start{Step: "jump"})
	}, staged(time.Second))
	play(t, "all at once when typing is off", 80, 24, func(f *fixture) {
		f.Press("space", "space")
		f.Sees(command + "_")
		n := f.Updates
		f.Wait(time.Minute)
		if f.Updates-n > 3 { // the cat's comment goes, the greeting too
			f.t.Errorf("%d updates while nothing moves", f.Updates-n)
		}
	}, staged(0), with(func(o *tui.Options) { o.ReducedMotion = true }))
	play(t, "by itself, after a while", 80, 24, func(f *fixture) {
		f.Press("space", "space")
		f.Wait(3 * time.Second)
		f.asked()
		f.Wait(2 * time.Second)
		f.asked(steps.Start{Step: "jump"})
	}, staged(10*time.Millisecond), with(func(o *tui.Options) { o.Demo.RunAfter = 4 * time.Second }))
	play(t, "asks where the workshop asks", 80, 24, func(f *fixture) {
		f.finish("jump", "list", "boot")
		f.Press("4")
		f.Wait(2 * time.Second)
		f.Press("space", "space")
		f.Sees("On lance l'agent pour de bon ?")
		f.Press("space", "pgdown") // no answer to that
		f.asked()
		f.Sees("On lance l'agent pour de bon ?")
		f.Press("enter") // leave it
		f.Press("space", "o")
		f.asked(steps.Start{Step: "puppet"})
	}, staged(0))
	play(t, "nothing in a read-only console", 80, 24, func(f *fixture) {
		f.Press("space", "space")
		f.Sees("diapo 3/5")
		f.asked()
	}, staged(0), with(func(o *tui.Options) { o.ReadOnly = true }))
}

func TestDemoMode(t *testing.T) {
	t.Parallel()
	play(t, "a key begins and ends it", 120, 36, func(f *fixture) {
		f.Sees("╭─ Étapes", "╭─ Journal")
		f.Press("D")
		f.Sees("DÉMO", "La démo commence", "=^.^=")
		f.SeesNot("╭─ Journal") // the slide has the screen
		f.Press("space", "space")
		f.Sees("╭─ Journal", "╭─ Étapes", "$ ssh chat@")
		f.Press("D")
		f.SeesNot("DÉMO", "=^.^=")
		f.Sees("Les touches sont de nouveau")
		f.asked()
		f.Press("enter")
		f.asked(steps.Start{Step: "jump"})
	})
	play(t, "says where it ends", 80, 24, func(f *fixture) {
		f.finish("jump", "list", "boot", "puppet", "victory")
		f.Sees("Victoire")
		f.Wait(time.Second)
		f.Press("pgdown", "5")
		f.Wait(2 * time.Second)
		f.Press("space")
		f.Sees("C'était la dernière diapo")
	}, staged(0))
	play(t, "answers what it knows, and asks the rest", 80, 24, func(f *fixture) {
		f.tell(hostKey(map[string]string{}))
		f.asked(steps.Reply{Question: 7, Answer: steps.Answer{OK: true}})
		f.SeesNot("[ Refuser (n) ]")
		f.Sees("on connaît la réponse")
		b := hostKey(map[string]string{})
		b.Questions[0].ID, b.Questions[0].Subject = 8, "somebody"
		f.tell(b)
		f.Sees("[ Refuser (n) ]")
		f.Wait(time.Second)
		f.Press("space")
		f.asked()
	}, staged(0), with(func(o *tui.Options) {
		o.Known = func(q steps.Question) (steps.Answer, bool) { return steps.Answer{OK: true}, q.Subject != "somebody" }
	}))
	play(t, "the cat says one thing at a time, and not for ever", 80, 24, func(f *fixture) {
		f.Sees("=^.^=")
		f.Wait(13 * time.Second)
		f.SeesNot("=^.^=")
	}, staged(0))
	play(t, "the cat says something now and then while a room waits", 80, 24, func(f *fixture) {
		f.finish("jump", "list")
		f.Press("3")
		f.Wait(3 * time.Second)
		f.set("boot", steps.StepState{Status: steps.Running, Attempt: 1, Phase: steps.PhaseAction, Started: time.Now()},
			steps.Event{Type: steps.StepStarted, Step: "boot", Attempt: 1, Phase: steps.PhaseAction})
		f.Wait(19 * time.Second)
		f.SeesNot("=^.^=")
		f.Wait(2 * time.Second)
		f.Sees("=^.^=")
		f.Wait(12 * time.Second)
		f.SeesNot("=^.^=")
	}, staged(0))
	play(t, "no cat, no comment", 80, 24, func(f *fixture) {
		f.SeesNot("=^.^=")
	}, staged(0), with(func(o *tui.Options) { o.NoCat = true }))
}

// failBoot has the third step fail live.
func failBoot(f *fixture) {
	f.finish("jump", "list")
	f.Press("3")
	f.Wait(2 * time.Second)
	for i := 0; i < 5 && !strings.Contains(f.Screen(), "$ nova boot"); i++ {
		f.Press("space")
		f.Wait(5 * time.Second)
	}
	f.Press("space")
	f.asked(steps.Start{Step: "boot"})
	fail := steps.Failf(steps.FailQuota, "no room left for cats")
	f.set("boot", steps.StepState{Status: steps.Failed, Attempt: 1, Phase: steps.PhaseAction, Failure: fail},
		steps.Event{Type: steps.StepStarted, Step: "boot", Attempt: 1, Phase: steps.PhaseAction}, steps.Event{Type: steps.StepFailed, Step: "boot", Failure: fail})
}

func TestRecordingInPlace(t *testing.T) {
	t.Parallel()
	show := func(f *fixture) {
		failBoot(f)
		f.Sees("no room left for cats", "(r)", "(l)", "(v) ]")
		f.Wait(time.Second)
		f.Press("pgdown") // a remote has no enter
		f.asked(steps.Show{Step: "boot"})
		f.set("boot", steps.StepState{Status: steps.Shown, Attempt: 1, Failure: f.State().Steps["boot"].Failure}, steps.Event{Type: steps.StepShown, Step: "boot", Attempt: 1})
	}
	play(t, "is marked, and the step stays to be done", 80, 24, func(f *fixture) {
		show(f)
		f.Sees("ENREGISTREMENT, pas en direct", "Enregistrement, pas en direct : Démarrer le serveur", "$ nova boot --image")
		f.SeesNot("BUILD")
		f.Wait(4 * time.Second)
		f.Sees("enr. $   │nova boot --image 'Debian 12'", "enr. nova│BUILD") // this seat's command
		f.Wait(2 * time.Second)
		f.Sees("enr. nova│ACTIVE at <web.address>", "Fin de l'enregistrement", "montrée, à rattraper", "étapes 2/5")
		f.Press("space")
		f.Sees("diapo 4/5")
		f.SeesNot("ENREGISTREMENT")
	}, staged(10*time.Millisecond))
	play(t, "at once, at a key", 80, 24, func(f *fixture) {
		show(f)
		f.Press("space")
		f.Sees("Fin de l'enregistrement", "ACTIVE")
	}, staged(10*time.Millisecond))
	play(t, "in English, without colours", 80, 24, func(f *fixture) {
		show(f)
		f.Press("space")
		f.Sees("RECORDING, not live", "rec. nova|ACTIVE", "End of the recording", "shown, to be caught up", "= 3/5")
	}, staged(0), with(func(o *tui.Options) { o.Lang, o.Theme, o.ASCII = "en", "mono", true }))
	play(t, "of what waits for it, too", 80, 24, func(f *fixture) {
		show(f)
		f.Press("space", "space", "space")
		f.Sees("Pas encore possible en vrai", "montrée, à rattraper  Démarrer le serveur", "[ L'enregistrement (v) ]")
		f.Press("space")
		f.asked(steps.Show{Step: "puppet"})
	}, staged(0))
	play(t, "or goes on without", 80, 24, func(f *fixture) {
		show(f)
		f.Press("space", "space", "space", "n")
		f.asked()
		f.Sees("diapo 5/5")
	}, staged(0))
	play(t, "is offered again after the dialog was left", 80, 24, func(f *fixture) {
		failBoot(f)
		f.Wait(time.Second)
		f.Press("esc")
		f.SeesNot("[ L'enregistrement (v) ]")
		f.Press("space")
		f.Sees("[ L'enregistrement (v) ]")
	}, staged(0))
	play(t, "is refused", 80, 24, func(f *fixture) {
		f.refuse = &steps.Refusal{Code: steps.RefusedRunning, Step: "boot"}
		f.Press("3")
		f.Wait(2 * time.Second)
		f.Press("V")
		f.Sees("Une étape est en cours")
		f.SeesNot("ENREGISTREMENT")
	}, staged(0))
	play(t, "can't be read", 80, 24, func(f *fixture) {
		f.Press("3")
		f.Wait(2 * time.Second)
		f.Press("V")
		f.asked()
		f.Sees("the disk is gone")
	}, staged(0), with(func(o *tui.Options) {
		o.Recording = func(context.Context, steps.ID) ([]steps.RecordedLine, error) {
			return nil, errors.New("the disk is gone")
		}
	}))
	play(t, "only in a demonstration, and where there is one", 80, 24, func(f *fixture) {
		f.Press("2", "V")
		f.Sees("seulement en mode démo")
		f.Press("D", "V")
		f.Sees("pas d'enregistrement de cette étape")
		f.asked()
	})
	play(t, "stands in the journal as what it was", 80, 24, func(f *fixture) {
		f.Press("J")
		f.Sees("Démarrer le serveur", "montrée, pas faite")
		f.Press("enter")
		f.Sees("Enregistrement, pas en direct : Démarrer le serveur", "enr. nova│ACTIVE at")
	}, staged(0), with(func(o *tui.Options) {
		o.Journal = func(context.Context) ([]steps.Event, error) {
			return []steps.Event{{Type: steps.StepShown, Step: "boot", Attempt: 1, At: time.Now()}}, nil
		}
	}))
}

func TestDemoScreens(t *testing.T) {
	t.Parallel()
	scenes := []struct {
		name string
		play func(f *fixture, site *web)
	}{
		{"slide", func(f *fixture, _ *web) { f.Press("space") }},
		{"typing", func(f *fixture, _ *web) { f.Press("space", "space"); f.Wait(600 * time.Millisecond) }},
		{"answers", func(f *fixture, site *web) {
			f.finish("jump", "list", "boot")
			f.Press("4")
			f.Wait(2 * time.Second)
			f.Press("space")
			f.Wait(2 * time.Second)
			f.set("puppet", steps.StepState{Status: steps.Running, Attempt: 1, Phase: steps.PhaseAction, Started: time.Now()},
				steps.Event{Type: steps.StepStarted, Step: "puppet", Attempt: 1, Phase: steps.PhaseAction})
			f.tell(steps.Batch{Lines: []steps.Line{{At: time.Now(), Step: "puppet", Source: "web", Text: "Notice: Applied catalog in 0.49 seconds"}}})
			site.tell(turns("web-07", "web-07-1", "web-07-2", "web-07-3"))
			f.Wait(1300 * time.Millisecond) // the cat has said what it says of work
			f.finish("puppet")
			f.Wait(2300 * time.Millisecond)
		}},
		{"recording", func(f *fixture, _ *web) {
			failBoot(f)
			f.Wait(time.Second)
			f.Press("v")
			f.set("boot", steps.StepState{Status: steps.Shown, Attempt: 1}, steps.Event{Type: steps.StepShown, Step: "boot", Attempt: 1})
			f.Wait(6 * time.Second)
		}},
	}
	for _, size := range [][2]int{{80, 24}, {120, 36}, {200, 60}} {
		for _, scene := range scenes {
			for _, lang := range []string{"fr", "en"} {
				site := &web{}
				play(t, fmt.Sprintf("%s-%s-%dx%d", scene.name, lang, size[0], size[1]), size[0], size[1], func(f *fixture) {
					scene.play(f, site)
					golden.RequireEqual(f.t, f.Screen())
				}, withWeb(site), staged(40*time.Millisecond), with(func(o *tui.Options) { o.Lang = lang }))
			}
		}
	}
}
