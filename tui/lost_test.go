package tui_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"matou/steps"
	"matou/tui"
)

// TestWhatItWaitsFor wants the screen to say whose turn it is: a participant in front of a question
// is neither to watch a clock nor to try keys that do nothing.
func TestWhatItWaitsFor(t *testing.T) {
	t.Parallel()
	asking := func(f *fixture) {
		f.Press("2")
		f.set("jump", steps.StepState{Status: steps.Running, Attempt: 1, Phase: steps.PhaseAction, Started: time.Now()},
			steps.Event{Type: steps.StepStarted, Step: "jump", Attempt: 1, Phase: steps.PhaseAction})
		f.tell(hostKey(map[string]string{}))
	}
	play(t, "for an answer", 80, 24, func(f *fixture) {
		asking(f)
		f.Sees("Entrer par le rebond  attend votre réponse", "tab choisit, entrée valide, échap ferme")
		f.SeesNot("en cours", "? aide", "arrêter")
		f.Wait(time.Second)
		f.Press("o")
		f.tell(steps.Batch{})
		f.Sees("Entrer par le rebond  en cours", "? aide")
	})
	play(t, "for an answer, on a small screen", 60, 20, func(f *fixture) {
		asking(f)
		f.Sees("entrée valide")
		f.SeesNot("en cours")
	})
	play(t, "for nobody, in a dialog that only tells", 80, 24, func(f *fixture) {
		f.Press("?")
		f.Sees("entrée ferme")
	})
}

// TestCutShort wants a step that was stopped to look like one, not like a failure: nothing is broken
// when a laptop was closed.
func TestCutShort(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ kind, sees string }{
		{steps.FailInterrupted, "interrompue · entrée reprend, rien n'est perdu"},
		{steps.FailCanceled, "arrêtée · entrée reprend, rien n'est perdu"},
	} {
		play(t, tt.sees, 80, 24, func(f *fixture) {
			f.Press("2")
			f.set("jump", steps.StepState{Status: steps.Failed, Attempt: 1, Failure: &steps.Failure{Kind: tt.kind, Cause: "the program ended"}})
			f.Wait(2 * time.Second)
			f.Sees(tt.sees, "entrée rejouer")
			f.SeesNot("échouée", "the program ended")
		})
	}
}

// TestLongSentences wants the end of a sentence in the bar to be seen: it is where the reason stands.
func TestLongSentences(t *testing.T) {
	t.Parallel()
	why := "the server web-07 (5e6f1ff1-d672-47c8-b6ad-8dd0ae41a1fa) is there, and nobody said whose it is"
	checked := func(f *fixture) {
		f.Press("2", "c")
		fail := &steps.Failure{Kind: "check", Cause: why}
		f.set("jump", steps.StepState{Status: steps.Ready}, steps.Event{Type: steps.StepChecked, Step: "jump", Failure: fail})
	}
	play(t, "take two lines", 80, 24, func(f *fixture) {
		checked(f)
		if tight := strings.NewReplacer(" ", "", "\n", ""); !strings.Contains(tight.Replace(f.Screen()), tight.Replace(why)) {
			f.t.Errorf("the end of the sentence is not on the screen:\n%s", f.Screen())
		}
		f.Sees("Entrer par le rebond  prête")
	})
	play(t, "and one where there is room", 200, 60, func(f *fixture) {
		checked(f)
		f.Sees(why, "$ ssh chat@rebond.example")
	})
}

// TestAllTheCommands wants a step that does several things to say so before it does them.
func TestAllTheCommands(t *testing.T) {
	t.Parallel()
	play(t, "in one line", 80, 24, func(f *fixture) {
		f.w.Steps[0].Actions = []steps.Action{
			{Kind: "file.follow", Command: "tail -F /var/log/syslog", Background: true},
			{Kind: "data.show", Command: "cat web.yaml"},
			{Kind: "server.boot", Command: "nova boot web-${seat}"},
			{Kind: "ssh.run", Command: "curl http://${web.address}/"},
			{Kind: "ssh.run", Command: "true"},
		}
		f.Press("2")
		f.Sees("$ cat web.yaml ; nova boot web-07 ; …")
		f.SeesNot("tail -F", "web.address", "; true")
		f.set("jump", steps.StepState{Status: steps.Running, Attempt: 1, Phase: steps.PhaseAction, Index: 2, Started: time.Now()})
		f.Sees("$ nova boot web-07")
		f.SeesNot("cat web.yaml", " ; ")
	})
	play(t, "but none that nobody could type", 80, 24, func(f *fixture) {
		f.w.Steps[0].Checks = []steps.Action{{Kind: "server.status", Command: "nova show ${web.id}"}}
		f.Press("2", "c")
		f.set("jump", steps.StepState{Status: steps.Running, Attempt: 1, Phase: steps.PhaseCheck, Started: time.Now()})
		f.SeesNot("nova show", "web.id")
	})
}

// TestBackAfterACheck wants the slide again when the pane a check brought up has nothing to show for it.
func TestBackAfterACheck(t *testing.T) {
	t.Parallel()
	play(t, "that found nothing", 80, 24, func(f *fixture) {
		f.finish("jump", "list")
		f.Press("3", "c")
		f.set("boot", steps.StepState{Status: steps.Running, Attempt: 1, Began: steps.PhaseCheck, Phase: steps.PhaseAction, Started: time.Now()},
			steps.Event{Type: steps.ActionStarted, Step: "boot", Attempt: 1, Phase: steps.PhaseAction})
		f.Sees("La liste arrive")
		f.set("boot", steps.StepState{Status: steps.Ready}, steps.Event{Type: steps.StepChecked, Step: "boot", Attempt: 1, Failure: &steps.Failure{Kind: "check", Cause: "none"}})
		f.Sees("Le cloud répond tout de suite")
	}, withPanes)
}

// TestNothingBesideADialog wants no halves of sentences beside a dialog that covers the bar.
func TestNothingBesideADialog(t *testing.T) {
	t.Parallel()
	play(t, "that takes all lines", 80, 24, func(f *fixture) {
		f.Press("2", "?")
		f.Sees("Les touches")
		lines := strings.Split(f.Screen(), "\n")
		for _, line := range lines[len(lines)-4:] {
			if text := strings.TrimSpace(line); text != "" && !strings.HasPrefix(text, "│") && !strings.HasPrefix(text, "╰") {
				f.t.Errorf("beside the dialog stands %q", line)
			}
		}
	})
}

// TestNumbersInWords wants what an agent or a clean-up counted to be said in the console's language.
func TestNumbersInWords(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ key, told, sees string }{
		{"told.changed", "4", "faite en 0:05 · 4 changements"},
		{"told.deleted", "1", "faite en 0:05 · 1 serveur supprimé"},
		{"", "200 OK", "faite en 0:05 · 200 OK"},
	} {
		play(t, tt.sees, 80, 24, func(f *fixture) {
			done := steps.ActionState{Summary: tt.told}
			if tt.key != "" {
				done.Summary, done.Said = steps.Summed(tt.key, "{n} in English", "n", tt.told)
			}
			f.Press("2")
			f.set("jump", steps.StepState{Status: steps.Done, Took: 5 * time.Second, Actions: []steps.ActionState{done}})
			f.Sees(tt.sees)
		})
	}
}

// TestLookBackIsNamed wants the key to what was printed to be seen when a step is done: on a small screen
// the log went as fast as it came.
func TestLookBackIsNamed(t *testing.T) {
	t.Parallel()
	play(t, "in the bar", 80, 24, func(f *fixture) {
		f.finish("jump", "list")
		f.Press("2")
		f.Wait(2 * time.Second)
		f.Sees("→ continuer  J revoir")
	}, with(func(o *tui.Options) {
		o.Journal = func(context.Context) ([]steps.Event, error) { return nil, nil }
	}))
}

// TestHints wants what a workshop's authors advise to be there for somebody who is stuck: on a key,
// when the step has failed, and when a password is asked for that stands on the slide behind.
func TestHints(t *testing.T) {
	t.Parallel()
	hint := steps.Text{"fr": "Le mot de passe est sur la diapo.", "en": "The password is on the slide."}
	begin := func(f *fixture) {
		f.w.Steps[0].Hints = []steps.Text{hint}
		f.Press("2")
		f.Wait(2 * time.Second)
	}
	play(t, "on a key, which the bar names", 80, 24, func(f *fixture) {
		begin(f)
		f.Sees("i indices")
		f.Press("i")
		f.Sees("Pour s'y retrouver : Entrer par le rebond", "Le mot de passe est sur la diapo.")
		f.Press("enter")
		f.SeesNot("Pour s'y retrouver")
		f.asked()
	})
	play(t, "when there are none", 80, 24, func(f *fixture) {
		f.Press("2", "i")
		f.Sees("pas d'indice pour cette étape")
		f.SeesNot("i indices")
	})
	play(t, "in the dialog of a failure", 80, 24, func(f *fixture) {
		begin(f)
		fail := steps.Failf(steps.FailLogin, "permission denied")
		f.set("jump", steps.StepState{Status: steps.Failed, Attempt: 1, Failure: fail}, steps.Event{Type: steps.StepFailed, Step: "jump", Failure: fail})
		f.Sees("Que faire ?", "Le mot de passe est sur la diapo.", "Rejouer (r)")
	})
	play(t, "at the question for a password", 80, 24, func(f *fixture) {
		begin(f)
		f.tell(steps.Batch{Questions: []steps.Question{{ID: 7, Step: "jump", Kind: steps.AskPassword, Subject: "chat@rebond.example"}}})
		f.Sees("Quel est le mot de passe ?", "Le mot de passe est sur la diapo.")
		f.Wait(time.Second)
		f.Type("miaou")
		f.Press("enter")
		f.asked(steps.Reply{Question: 7, Answer: steps.Answer{OK: true, Text: "miaou"}})
	})
}

// A deck that shows none of the steps does not say that all is done.
func TestStepsOnNoSlide(t *testing.T) {
	t.Parallel()
	play(t, "all are left", 80, 24, func(f *fixture) {
		f.Sees("Il reste 5 étapes à faire")
		f.SeesNot("Merci")
		f.finish("jump", "list", "boot", "puppet", "victory")
		f.Wait(time.Second)
		f.Press("esc")
		f.Sees("Plus rien à faire")
	}, with(func(o *tui.Options) {
		o.Feed.(*session).w.Slides = []steps.ID{"a", "b", "c", "d", "e"}
	}))
}
