package tui_test

import (
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"

	"matou/cloud"
	"matou/steps"
	"matou/tui"
	"matou/tui/tuitest"
)

// play runs a test of the console in a bubble of its own.
func play(t *testing.T, name string, width, height int, f func(f *fixture), changes ...change) {
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) { f(start(t, width, height, changes...)) })
	})
}

func (f *fixture) asked(want ...steps.Command) {
	f.t.Helper()
	if got := f.did(); !reflect.DeepEqual(got, want) && (len(got) > 0 || len(want) > 0) {
		f.t.Fatalf("the engine was asked %#v, not %#v", got, want)
	}
}

func TestEnter(t *testing.T) {
	t.Parallel()
	play(t, "turns the page of a slide without a step", 80, 24, func(f *fixture) {
		f.Sees("Prochaine étape : Entrer par le rebond (diapo 2)")
		f.Press("enter")
		f.asked()
		f.Sees("diapo 2/5", "ssh chat@rebond.example -p 2207")
	})
	play(t, "starts a ready step", 80, 24, func(f *fixture) {
		f.Press("right", "enter")
		f.asked(steps.Start{Step: "jump"})
	})
	play(t, "does not start a running step twice", 80, 24, func(f *fixture) {
		f.Press("right")
		f.set("jump", steps.StepState{Status: steps.Running, Started: time.Now()})
		f.Press("enter")
		f.asked()
		f.Sees("Ça tourne déjà")
	})
	play(t, "goes on with the next step of the slide", 80, 24, func(f *fixture) {
		f.Press("right")
		f.finish("jump")
		f.Sees("faite en 0:03", "entrée étape suivante")
		f.Press("enter")
		f.asked(steps.Start{Step: "list"})
		f.Sees("2/5 Lister les serveurs")
	})
	play(t, "and nobody passes that one without a word", 80, 24, func(f *fixture) {
		const left = "Reste à faire sur la diapo 2 : « Lister les serveurs ». ← y revient."
		f.Press("right", "right")
		f.Sees("diapo 3/5")
		f.SeesNot("Reste à faire") // who only reads leaves nothing behind
		f.Press("left")
		f.finish("jump")
		f.Sees("entrée étape suivante", "→ suite")
		f.Press("right")
		f.Sees("diapo 3/5", left)
		f.Press("left")
		f.Sees("diapo 2/5", "2/5 Lister les serveurs", "prête")
		f.SeesNot("Reste à faire")
		f.Press("space")
		f.Sees("diapo 3/5", left)
		f.Press("2")
		f.set("list", steps.StepState{Status: steps.Running, Attempt: 1, Started: time.Now()})
		f.Press("right")
		f.SeesNot("Reste à faire")
		f.finish("list")
		f.Press("left")
		f.Sees("→ continuer")
		f.Press("right")
		f.SeesNot("Reste à faire")
		f.asked()
	})
	play(t, "ends a slide's number, and starts nothing", 80, 24, func(f *fixture) {
		f.Press("2", "enter")
		f.asked()
		f.Sees("diapo 2/5")
		f.Press("enter")
		f.asked(steps.Start{Step: "jump"})
	})
	play(t, "says that a step is done", 80, 24, func(f *fixture) {
		f.finish("jump", "list", "boot")
		f.Press("3")
		f.Wait(2 * time.Second)
		f.Press("enter")
		f.asked()
		f.Sees("C'est déjà fait")
	})
	play(t, "retries a failed step", 80, 24, func(f *fixture) {
		f.Press("right")
		f.set("jump", steps.StepState{Status: steps.Failed, Failure: &steps.Failure{Kind: steps.FailLogin, Cause: "refused"}})
		f.Sees("échouée · connexion refusée : refused", "entrée rejouer")
		f.Press("enter")
		f.asked(steps.Retry{Step: "jump"})
	})
	play(t, "shows the command a step is about, not the log it follows", 80, 24, func(f *fixture) {
		step := &f.w.Steps[3]
		step.Actions = append([]steps.Action{{Name: "log", Kind: "file.follow", Command: "tail -F /var/log/syslog", Background: true}}, step.Actions...)
		f.Press("4")
		f.Wait(time.Second)
		f.Sees("$ puppet agent -t -v")
		f.SeesNot("tail -F")
	})
	play(t, "says what a step waits for", 80, 24, func(f *fixture) {
		f.Press("3")
		f.Sees("attend : Lister les serveurs")
		f.Wait(2 * time.Second)
		f.Press("enter")
		f.asked()
		f.Sees("Il faut d'abord : Lister les serveurs")
	})
	play(t, "asks first when the workshop says so", 80, 24, func(f *fixture) {
		f.finish("jump", "list", "boot")
		f.Press("4")
		f.Wait(2 * time.Second)
		f.Press("enter")
		f.asked()
		f.Sees("On lance l'agent pour de bon ?", "[ Annuler (n) ]")
		f.Press("enter") // Cancel is preselected
		f.asked()
		f.Press("enter", "o")
		f.asked(steps.Start{Step: "puppet"})
	})
	play(t, "does nothing in a read-only console", 80, 24, func(f *fixture) {
		f.Press("right", "enter")
		f.asked()
		f.Sees("le processus 42 (salle) tient cette place ; fermez-le, puis", "relancez Matou ici")
		f.Press("r", "c", "u", "C", "s", "e")
		f.asked()
	}, with(func(o *tui.Options) { o.ReadOnly, o.Holder = true, "42 (salle)" }))
	play(t, "words a refusal", 80, 24, func(f *fixture) {
		f.refuse = &steps.Refusal{Code: steps.RefusedNeeds, Step: "list", Needs: []steps.ID{"jump"}}
		f.Press("right", "enter")
		f.Sees("Lister les serveurs attend : Entrer par le rebond.")
	})
}

func TestOtherActions(t *testing.T) {
	t.Parallel()
	play(t, "check, replay and undo", 80, 24, func(f *fixture) {
		f.finish("jump", "list", "boot")
		f.Press("3", "c")
		f.asked(steps.Check{Step: "boot"})
		f.Press("r")
		f.asked(steps.Retry{Step: "boot", FromStart: true})
		f.Press("u")
		f.asked()
		f.Sees("Défaire « Démarrer le serveur » ?")
		f.Press("right", "enter")
		f.asked(steps.Undo{Step: "boot"})
	})
	play(t, "esc cancels after asking", 80, 24, func(f *fixture) {
		f.Press("right")
		f.set("jump", steps.StepState{Status: steps.Running, Started: time.Now()})
		f.Press("esc", "n")
		f.asked()
		f.Press("esc", "o")
		f.asked(steps.Cancel{})
	})
	play(t, "catching up shows the plan", 80, 24, func(f *fixture) {
		f.finish("jump")
		f.Press("4", "C")
		f.asked()
		f.Sees("Ces 3 étapes", "1  Lister les serveurs", "3  Configurer avec Puppet")
		f.Press("o")
		f.asked(steps.CatchUp{Until: "puppet"})
	})
	play(t, "quit asks while something runs", 80, 24, func(f *fixture) {
		f.Press("right")
		f.set("jump", steps.StepState{Status: steps.Running, Started: time.Now()})
		f.Press("q")
		if f.Quit {
			f.t.Fatal("it quit without asking")
		}
		f.Press("o")
		if !f.Quit {
			f.t.Fatal("it did not quit")
		}
	})
	play(t, "quit does not ask otherwise", 80, 24, func(f *fixture) {
		f.Press("ctrl+c")
		if !f.Quit {
			f.t.Fatal("it did not quit")
		}
	})
	play(t, "a missing shell says so", 80, 24, func(f *fixture) {
		f.Press("right", "s")
		f.Sees("pas de shell ici")
	})
	hops := []string{}
	play(t, "the shell is on the step's host", 80, 24, func(f *fixture) {
		f.finish("jump", "list", "boot", "puppet")
		f.Press("4", "s", "2", "s")
		if want := []string{"web", "jump"}; !reflect.DeepEqual(hops, want) || f.Execs != 2 {
			f.t.Fatalf("shells on %v, %d programs", hops, f.Execs)
		}
	}, with(func(o *tui.Options) {
		o.Shell = func(hop string) tea.ExecCommand { hops = append(hops, hop); return noProgram{} }
	}))
	var chosen []string
	play(t, "where a step works on several hosts, one is chosen", 80, 24, func(f *fixture) {
		f.w.Steps[3].Actions = append(f.w.Steps[3].Actions, steps.Action{Kind: "puppet.agent", With: map[string]steps.Value{"hops": {List: []string{"jump"}}}})
		f.finish("jump", "list", "boot", "puppet")
		f.Press("4", "s")
		f.Sees("Un shell sur quelle machine")
		f.Wait(time.Second)
		f.Press("down", "enter")
		if want := []string{"jump"}; !reflect.DeepEqual(chosen, want) || f.Execs != 1 {
			f.t.Fatalf("shells on %v, %d programs", chosen, f.Execs)
		}
		f.Press("s")
		f.Wait(time.Second)
		f.Press("esc")
		if f.Execs != 1 {
			f.t.Fatalf("%d programs after a cancel", f.Execs)
		}
	}, with(func(o *tui.Options) {
		o.Shell = func(hop string) tea.ExecCommand { chosen = append(chosen, hop); return noProgram{} }
	}))
	play(t, "copy puts the address on the clipboard", 120, 36, func(f *fixture) {
		f.Press("y")
		f.Sees("5e6f1ff1-d672-47c8-b6ad-8dd0ae41w1fa", "adresse de web-07")
		f.Type("158")
		f.Press("enter")
		if f.Clipboard != "158.69.78.13" {
			f.t.Fatalf("clipboard %q", f.Clipboard)
		}
	}, withServer(func() cloud.Server { return server("web-07", cloud.StatusActive, "", "158.69.78.13", time.Hour, mine) }))
}

type noProgram struct{}

func (noProgram) Run() error          { return nil }
func (noProgram) SetStdin(io.Reader)  {}
func (noProgram) SetStdout(io.Writer) {}
func (noProgram) SetStderr(io.Writer) {}

func hostKey(data map[string]string) steps.Batch {
	data["type"], data["fingerprint"] = "ssh-ed25519", "SHA256:mVpXC0ZgW3pQJ0sXWzQ7n2mXxS0T9m1Yk0c1pQ3x4aE"
	return steps.Batch{Questions: []steps.Question{{ID: 7, Step: "jump", Kind: steps.AskHostKey, Subject: "chat@rebond.example:2207", Data: data}}}
}

func TestQuestions(t *testing.T) {
	t.Parallel()
	no := steps.Reply{Question: 7}
	play(t, "a host key is refused unless accepted", 80, 24, func(f *fixture) {
		f.tell(hostKey(map[string]string{}))
		f.Sees("Première visite", "chat@rebond.example:2207", "SHA256:mVpXC0ZgW3pQJ0sXWzQ7n2mXxS0T9m1Yk0c1pQ3x4aE", "[ Refuser (n) ]")
		f.Wait(time.Second)
		f.Press("enter")
		f.asked(no)
		f.SeesNot("Première visite")
	})
	play(t, "a host key is accepted by its own key", 80, 24, func(f *fixture) {
		f.tell(hostKey(map[string]string{}))
		f.Wait(time.Second)
		f.Press("o")
		f.asked(steps.Reply{Question: 7, Answer: steps.Answer{OK: true}})
	})
	play(t, "a host key is accepted as ssh has it", 80, 24, func(f *fixture) {
		f.tell(hostKey(map[string]string{}))
		f.Wait(time.Second)
		f.Press("y")
		f.asked(steps.Reply{Question: 7, Answer: steps.Answer{OK: true}})
	})
	play(t, "keys on their way answer nothing", 80, 24, func(f *fixture) {
		f.tell(hostKey(map[string]string{}))
		for range 5 { // a key held down
			f.Press("o")
			f.Wait(100 * time.Millisecond)
		}
		f.asked()
		f.Sees("Première visite")
	})
	play(t, "a changed key can't be accepted", 80, 24, func(f *fixture) {
		f.tell(hostKey(map[string]string{"changed": "true", "known": "SHA256:old"}))
		f.Sees("La clé a changé", "SHA256:old", "SHA256:mVpXC0")
		f.Wait(time.Second)
		f.Press("o", "y", "tab", "enter")
		f.asked(no)
	})
	play(t, "a key has a picture, where there is room", 120, 36, func(f *fixture) {
		f.tell(hostKey(map[string]string{"bits": "256"}))
		f.Sees("Première visite", "+--[ED25519 256]--+", "|       . B = +o#O|", "+----[SHA256]-----+", "[ Refuser (n) ]")
		for _, size := range [][2]int{{80, 24}, {60, 20}, {20, 5}} {
			f.Resize(size[0], size[1])
			f.SeesNot("[ED25519", "[SHA256]")
		}
	})
	play(t, "a key that was handed out", 80, 24, func(f *fixture) {
		b := hostKey(map[string]string{})
		b.Questions[0].Data["expected"] = b.Questions[0].Data["fingerprint"]
		f.tell(b)
		f.Sees("Première visite", "Attendue", "C'est celle que l'organisateur a donnée")
		f.Sees("[ C'est bien elle (o) ]")
		f.SeesNot("Comparez-la")
		f.Wait(time.Second)
		f.Press("enter")
		f.asked(steps.Reply{Question: 7, Answer: steps.Answer{OK: true}})
	})
	play(t, "a password is hidden", 80, 24, func(f *fixture) {
		f.tell(steps.Batch{Questions: []steps.Question{{ID: 7, Kind: steps.AskPassword, Subject: "chat@rebond.example", Attempt: 2}}})
		f.Wait(time.Second)
		f.Type("miaou q")
		f.Sees("Mot de passe", "> •••••••", "Ce n'était pas ça")
		f.SeesNot("miaou")
		f.Press("enter")
		f.asked(steps.Reply{Question: 7, Answer: steps.Answer{OK: true, Text: "miaou q"}})
	})
	play(t, "a password can be pasted", 40, 12, func(f *fixture) {
		f.tell(steps.Batch{Questions: []steps.Question{{ID: 7, Kind: steps.AskPassphrase, Subject: "~/.ssh/id_ed25519"}}})
		f.Wait(time.Second)
		f.Send(tea.PasteMsg{Content: "miaou"})
		f.Press("enter")
		f.asked(steps.Reply{Question: 7, Answer: steps.Answer{OK: true, Text: "miaou"}})
	})
	play(t, "a prompt that echoes is shown", 80, 24, func(f *fixture) {
		f.tell(steps.Batch{Questions: []steps.Question{{
			ID: 7, Kind: steps.AskPrompt, Subject: "h", Data: map[string]string{"prompt": "Code:", "echo": "true"},
		}}})
		f.Wait(time.Second)
		f.Type("1234")
		f.Sees("Elle dit : Code:", "1234")
		f.Press("esc")
		f.asked(no)
	})
	play(t, "a prompt is the host's own words and can't drive the terminal", 80, 24, func(f *fixture) {
		f.tell(steps.Batch{Questions: []steps.Question{{
			ID: 7, Kind: steps.AskPrompt, Subject: "h\x1b]0;t\a", Data: map[string]string{"prompt": "\x1b[2J\x1b[1;1H\x1b[31mPassword\r\n: "},
		}}})
		f.Sees("Elle dit : Password:")
		if s := f.Styled(); strings.Contains(s, "\x1b[2J") || strings.Contains(s, "\x1b]0") || strings.Contains(s, "\x1b[31m") {
			f.t.Errorf("an escape sequence of the host reached the terminal")
		}
	})
	play(t, "a choice is made from a list", 80, 24, func(f *fixture) {
		f.tell(steps.Batch{Questions: []steps.Question{{ID: 7, Kind: steps.AskChoice, Subject: "network", Choices: []string{"Ext-Net", "private"}}}})
		f.Wait(time.Second)
		f.Type("priv")
		f.Press("enter")
		f.asked(steps.Reply{Question: 7, Answer: steps.Answer{OK: true, Text: "private"}})
	})
	byHand := func(kind steps.QuestionKind, choices ...string) steps.Batch {
		return steps.Batch{Questions: []steps.Question{{
			ID: 7, Kind: kind, Subject: "puppet-07", Choices: choices,
			Data: map[string]string{"name": "puppet-07", "id": "c47c0ffe-1dea", "status": "ACTIVE", "age": "192"},
		}}}
	}
	for keys, want := range map[string]steps.Answer{
		"o": {OK: true, Text: steps.ChoiceAdopt}, "enter": {}, "tab tab enter": {OK: true, Text: steps.ChoiceAnother},
	} {
		play(t, "a server made by hand is asked about: "+keys, 80, 24, func(f *fixture) {
			f.tell(byHand(steps.AskAdopt, steps.ChoiceAdopt, steps.ChoiceAnother))
			f.Sees("Ce serveur est-il à vous", "puppet-07", "c47c0ffe-1dea", "ACTIVE", "il y a 3:12", "C'est le mien", "En créer un autre")
			f.Wait(time.Second)
			f.Press(strings.Fields(keys)...)
			f.asked(steps.Reply{Question: 7, Answer: want})
		})
	}
	play(t, "a check takes over, and boots nothing", 80, 24, func(f *fixture) {
		f.tell(byHand(steps.AskAdopt, steps.ChoiceAdopt))
		f.Sees("C'est le mien")
		f.SeesNot("En créer un autre", "à côté")
	})
	play(t, "one that was taken over is given back by itself", 80, 24, func(f *fixture) {
		f.tell(byHand(steps.AskGiveBack, steps.ChoiceDelete, steps.ChoiceKeep))
		f.Sees("créé à la main", "Le supprimer", "Le laisser")
		f.Wait(time.Second)
		f.Press("tab", "tab", "enter")
		f.asked(steps.Reply{Question: 7, Answer: steps.Answer{OK: true, Text: steps.ChoiceKeep}})
	})
	play(t, "a question that is gone takes its dialog along", 80, 24, func(f *fixture) {
		f.tell(hostKey(map[string]string{}))
		f.tell(steps.Batch{})
		f.SeesNot("Première visite")
		f.asked()
	})
	play(t, "the next question follows", 80, 24, func(f *fixture) {
		b := hostKey(map[string]string{})
		b.Questions = append(b.Questions, steps.Question{ID: 8, Kind: steps.AskPassword, Subject: "chat@rebond.example"})
		f.tell(b)
		f.Wait(time.Second)
		f.Press("o")
		f.Sees("Mot de passe")
		f.Wait(time.Second)
		f.Type("x")
		f.Press("enter")
		f.asked(steps.Reply{Question: 7, Answer: steps.Answer{OK: true}}, steps.Reply{Question: 8, Answer: steps.Answer{OK: true, Text: "x"}})
	})
}

func TestFailure(t *testing.T) {
	t.Parallel()
	fail := func(f *fixture, kind string) {
		failure := &steps.Failure{Kind: kind, Cause: "boot web-07: quota exceeded: \x1b]0;gotcha\acores 20/20"}
		f.set("jump", steps.StepState{Status: steps.Failed, Failure: failure}, steps.Event{Type: steps.StepFailed, Step: "jump", Failure: failure})
	}
	play(t, "says what, why and what next", 80, 24, func(f *fixture) {
		f.Press("right")
		fail(f, steps.FailQuota)
		f.Press("r", "enter")
		f.asked() // both were on their way
		f.Sees("Ça n'a pas marché", "plus de place dans le projet : boot web-07: quota exceeded: cores", "20/20", "Le projet est plein.", "[ Fermer ]")
		f.Wait(time.Second)
		f.Press("r")
		f.asked(steps.Retry{Step: "jump"})
	})
	play(t, "speaks the language of the console, and changes with it", 120, 36, func(f *fixture) {
		f.Press("right")
		failure := steps.Fail(steps.FailCheck, "cause.branch", "{hop} is on branch {branch}", "hop", "web-1\x1b[2J", "branch", "bz2")
		f.set("jump", steps.StepState{Status: steps.Failed, Failure: failure}, steps.Event{Type: steps.StepFailed, Step: "jump", Failure: failure})
		f.Sees("Ça n'a pas marché", "web-1 est sur la branche bz2")
		f.Wait(time.Second)
		f.Press("esc")
		f.Sees("échouée · web-1 est sur la branche bz2")
		f.Press("L")
		f.Sees("failed · web-1 is on branch bz2")
	})
	play(t, "tells what a step is doing in the language of the console", 80, 24, func(f *fixture) {
		f.Press("right")
		f.set("jump", steps.StepState{Status: steps.Running, Started: time.Now()}, steps.Event{Type: steps.StepStarted, Step: "jump"})
		f.tell(steps.Batch{Status: map[steps.ID]steps.Phrase{"jump": steps.Doing("doing.puppetserver", "hop", "web-1\x1b[2J", "try", 2, "tries", 5)}})
		f.Sees("web-1 : puppetserver démarre (2/5)")
		f.Press("L")
		f.Sees("web-1: puppetserver is starting (2/5)")
		f.tell(steps.Batch{Status: map[steps.ID]steps.Phrase{"jump": steps.Doing("doing.step", "step", "list")}})
		f.Sees("checks again: List the servers")
	})
	play(t, "names the step that took away what it stands on", 120, 36, func(f *fixture) {
		f.Press("right")
		f.set("jump", steps.StepState{Status: steps.Stale, Failure: steps.Fail(steps.FailNeeds, "cause.taken-back", "{step} was taken back", "step", steps.ID("list"))})
		f.Sees("« Lister les serveurs » a été défaite")
	})
	play(t, "leads to the log", 80, 24, func(f *fixture) {
		f.tell(steps.Batch{Lines: []steps.Line{{Source: "nova", Text: "no room"}}})
		fail(f, "a kind of tomorrow")
		f.Sees("une erreur de Matou")
		f.Wait(time.Second)
		f.Press("l")
		f.Sees("nova│no room")
	})
	play(t, "a canceled step needs no dialog", 80, 24, func(f *fixture) {
		fail(f, steps.FailCanceled)
		f.SeesNot("Ça n'a pas marché")
		f.Sees("Entrer par le rebond : arrêté.")
	})
	play(t, "a journal that can't be written is told", 80, 24, func(f *fixture) {
		f.tell(steps.Batch{Trouble: errors.New("disk full")})
		f.Sees("la progression ne s'enregistre plus : disk full")
	})
}

func TestDriverKeys(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"enter", "esc", "a", "G", "?", "space", "ctrl+c", "shift+tab", "shift+left", "pgdown", "f1"} {
		if got := tuitest.Key(name).String(); got != name {
			t.Errorf("key %q is told as %q", name, got)
		}
	}
}

// A plan that runs is what the bar is about, wherever the participant is.
func TestPlanIsShown(t *testing.T) {
	t.Parallel()
	play(t, "shows the step a plan is at", 80, 24, func(f *fixture) {
		f.Press("4")
		f.Wait(2 * time.Second)
		f.state.Plan = []steps.ID{"jump", "list", "boot", "puppet"}
		f.set("jump", steps.StepState{Status: steps.Running, Phase: steps.PhaseAction, Started: time.Now()})
		f.Sees("diapo 4/5", "1/5 Entrer par le rebond", "$ ssh chat@rebond.example", "échap arrêter")
	})
}
