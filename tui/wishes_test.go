package tui_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"matou/steps"
	"matou/tui"
)

func TestPetting(t *testing.T) {
	t.Parallel()
	play(t, "the cat likes it, for a while", 120, 36, func(f *fixture) {
		f.Press("P")
		f.Sees("ravi", "Ronron")
		before := f.Screen()
		f.Wait(700 * time.Millisecond)
		if f.Screen() == before {
			f.t.Error("it does not move")
		}
		f.Wait(5 * time.Second)
		f.Sees("éveillé")
	})
	play(t, "even a grumpy one", 120, 36, func(f *fixture) {
		f.set("jump", steps.StepState{Status: steps.Failed, Attempt: 1, Failure: &steps.Failure{Kind: steps.FailRate}})
		f.Press("2")
		f.Sees("grognon")
		f.Press("P")
		f.Sees("ravi")
		f.Wait(5 * time.Second)
		f.Sees("grognon")
	})
	play(t, "out of sight it is heard", 80, 24, func(f *fixture) {
		f.Press("P")
		f.Sees("Ronron")
	})
	play(t, "it keeps still when nothing is to move", 120, 36, func(f *fixture) {
		f.Press("P")
		f.Sees("ravi")
		before := f.Screen()
		f.Wait(3 * time.Second)
		if f.Screen() != before {
			f.t.Error("it moves")
		}
	}, with(func(o *tui.Options) { o.ReducedMotion = true }))
	play(t, "no cat, no petting", 120, 36, func(f *fixture) {
		f.Press("P")
		f.Sees("pas de chat ici")
		f.SeesNot("ravi")
	}, with(func(o *tui.Options) { o.NoCat = true }))
}

func TestSecretsOnSlides(t *testing.T) {
	t.Parallel()
	play(t, "are shown, and hidden with a key", 80, 24, func(f *fixture) {
		f.Press("2")
		f.Sees("Mot de passe : croquette")
		f.Press("S")
		f.Sees("Mot de passe : •••••••••", "sont cachés")
		f.Press("S")
		f.Sees("croquette", "se voient de nouveau")
	})
	play(t, "are hidden at first where the workshop says so", 80, 24, func(f *fixture) {
		f.Press("2")
		f.SeesNot("croquette")
		f.Press("S")
		f.Sees("croquette")
	}, func(_ *testing.T, o *tui.Options) { o.Feed.(*session).w.Conceal = true })
	play(t, "stay hidden in a recording", 80, 24, func(f *fixture) {
		f.Press("2", "S")
		f.SeesNot("croquette")
		f.Sees("on enregistre : les mots de passe restent cachés")
	}, with(func(o *tui.Options) { o.Conceal = true }))
}

func TestTabsByMouse(t *testing.T) {
	t.Parallel()
	click := func(f *fixture, text string, below int) {
		line, _, _ := strings.Cut(f.Screen(), "\n")
		at := strings.Index(line, text)
		if at < 0 {
			f.t.Fatalf("no %q in %q", text, line)
		}
		f.Send(tea.MouseClickMsg{X: len([]rune(line[:at])), Y: below, Button: tea.MouseLeft})
	}
	mouse := with(func(o *tui.Options) { o.Mouse = true })
	for _, size := range [][2]int{{80, 24}, {60, 20}} {
		play(t, fmt.Sprintf("a click opens a tab, %dx%d", size[0], size[1]), size[0], size[1], func(f *fixture) {
			click(f, "Journal", 0)
			f.Sees("Tout ce que disent le cloud")
			click(f, "Étapes", 0)
			f.Sees("Configurer avec Puppet")
			click(f, "│ Serveurs", 0) // between two
			f.Sees("Configurer avec Puppet")
			click(f, "Serveurs", 1) // below them
			f.Sees("Configurer avec Puppet")
			click(f, "Chat", 0)
			f.Sees("À vous !")
			click(f, "Diapo", 0)
			f.Sees("Quatre étapes")
		}, mouse)
	}
	play(t, "only with the mouse taken", 80, 24, func(f *fixture) {
		click(f, "Journal", 0)
		f.Sees("Quatre étapes")
	})
}

func TestSearchMarks(t *testing.T) {
	t.Parallel()
	play(t, "what was found, not the whole line", 120, 36, func(f *fixture) {
		output(f, "x", "one Cat here", "Error: no such cat", "\x1b[32mgreen cat\x1b[0m and more", "a dog")
		atLog(f)
		f.Press("/")
		f.Type("CAT")
		f.Press("enter", "N")
		s := f.Styled()
		mark := themes(f.t)["dark"].Make(false)
		for _, want := range []string{
			"one " + mark.Match.Render("Cat") + " here",
			mark.Selected.Render("Error: no such ") + mark.Match.Render("cat"),
			"\x1b[32mgreen ", mark.Match.Render("cat"), " and more", "│\x1b[ma dog",
		} {
			if !strings.Contains(s, want) {
				f.t.Errorf("%q is not on the screen:\n%q", want, s)
			}
		}
		f.Sees("one Cat here", "Error: no such cat", "green cat and more", "a dog")
	})
	play(t, "in wrapped and panned lines", 80, 24, func(f *fixture) {
		output(f, "x", strings.Repeat("é ", 60)+"needle "+strings.Repeat("è ", 60))
		atLog(f)
		f.Press("/")
		f.Type("needle")
		f.Press("enter")
		mark := themes(f.t)["dark"].Make(false).Match
		if !strings.Contains(f.Styled(), mark.Render("needle")) {
			f.t.Error("no mark in the wrapped line")
		}
		f.Press("W", "right", "right", "right", "right", "right", "right", "right", "right", "right")
		if f.Sees("needle"); !strings.Contains(f.Styled(), mark.Render("needle")) {
			f.t.Error("no mark in the panned line")
		}
	})
}

// What there is nothing to do with is not on offer, and says why.
func TestNothingToEditOrReach(t *testing.T) {
	t.Parallel()
	var edited []steps.ID
	tools := with(func(o *tui.Options) {
		o.Shell = func(string) tea.ExecCommand { return noProgram{} }
		o.Edit = func(id steps.ID) tea.ExecCommand {
			if id != "puppet" {
				return nil
			}
			edited = append(edited, id)
			return noProgram{}
		}
	})
	play(t, "no shell where nobody has been", 80, 24, func(f *fixture) {
		f.Press("2")
		f.SeesNot("s shell", "e éditer")
		f.Press("s")
		f.Sees("personne n'est encore entré sur jump")
		f.Press("?")
		f.Sees("Ouvrir un shell", "(personne", "n'est encore entré sur jump)")
		f.Press("esc")
		f.finish("jump")
		f.Press("2", "s")
		if f.Execs != 1 {
			f.t.Errorf("%d shells", f.Execs)
		}
	}, tools)
	play(t, "nothing to edit", 80, 24, func(f *fixture) {
		f.Press("2", "e")
		f.Sees("rien à éditer ici")
		f.finish("jump", "list", "boot")
		f.Press("4")
		f.Sees("e éditer")
		f.Press("e")
		if f.Execs != 1 {
			f.t.Errorf("%d editors for %v", f.Execs, edited)
		}
	}, tools)
	play(t, "a failure at the door offers no shell behind it", 80, 24, func(f *fixture) {
		fail := steps.Failf(steps.FailLogin, "no")
		f.set("jump", steps.StepState{Status: steps.Failed, Attempt: 1, Failure: fail}, steps.Event{Type: steps.StepFailed, Step: "jump", Failure: fail})
		f.Sees("Rejouer (r)")
		f.SeesNot("Shell (s)")
	}, tools)
	play(t, "one further in does", 80, 24, func(f *fixture) {
		f.finish("jump", "list", "boot")
		fail := steps.Failf(steps.FailPuppet, "no")
		f.set("puppet", steps.StepState{Status: steps.Failed, Attempt: 1, Phase: steps.PhaseAction, Index: 1, Failure: fail}, steps.Event{Type: steps.StepFailed, Step: "puppet", Failure: fail})
		f.Sees("Shell (s)")
	}, tools)
}

func TestProgressFits(t *testing.T) {
	t.Parallel()
	play(t, "the time is never cut off, the gauge goes first", 80, 24, func(f *fixture) {
		for _, doing := range []string{"", "web-07 BUILD spawning", "web-07 BUILD block_device_mapping", strings.Repeat("x", 100)} {
			f.Press("3")
			f.set("boot", steps.StepState{Status: steps.Running, Attempt: 1, Started: time.Now()}, steps.Event{Type: steps.StepStarted, Step: "boot"})
			f.tell(steps.Batch{Status: map[steps.ID]steps.Phrase{"boot": {Text: doing}}})
			for line := range strings.SplitSeq(f.Screen(), "\n") {
				if strings.Contains(line, "3/5 Démarrer") && (!strings.Contains(line, "0:40") || strings.Contains(line, "environ …")) {
					f.t.Errorf("%q: %q", doing, line)
				}
			}
		}
	})
}

func TestTinyScreens(t *testing.T) {
	t.Parallel()
	for height, want := range map[int][]string{
		1: {"○ Entrer"}, 2: {"○ Entrer", "entrée lancer"}, 3: {"○ Entrer", "entrée lancer", "diapo 2/5"},
		4: {"○ Entrer", "prête", "entrée lancer", "diapo 2/5"}, 7: {"○ Entrer", "prête", "ssh chat", "entrée lancer", "diapo 2/5"},
	} {
		play(t, fmt.Sprintf("%d lines", height), 24, height, func(f *fixture) {
			f.Press("2")
			f.Sees(want...)
			f.Press("e")
			f.Sees("rien à éditer ici")
		})
	}
	play(t, "a host key can be refused and accepted on 20x5", 20, 5, func(f *fixture) {
		f.Press("2")
		f.tell(hostKey(map[string]string{}))
		f.Wait(time.Second)
		f.Sees("[ Refuser")
		f.Press("tab")
		f.Sees("[ C'est bien")
		f.SeesNot("Refuser")
	})
}

func TestLongCause(t *testing.T) {
	t.Parallel()
	fail := func(f *fixture, cause string) {
		f.finish("jump", "list", "boot")
		f.Press("4")
		failure := steps.Failf(steps.FailPuppet, "%s", cause)
		f.set("puppet", steps.StepState{Status: steps.Failed, Attempt: 1, Phase: steps.PhaseAction, Failure: failure}, steps.Event{Type: steps.StepFailed, Step: "puppet", Failure: failure})
		f.Wait(time.Second)
	}
	play(t, "what to do is seen first, all of it below", 80, 24, func(f *fixture) {
		fail(f, "the agent ended with 4: "+strings.Repeat("Error: no catalog ", 60)+"at the very end")
		f.Sees("the agent ended with 4", "Que faire ?", "corrigez, puis rejouez")
		f.SeesNot("very end")
		f.Press("G")
		f.Sees("very end")
	})
	play(t, "many lines are no different", 80, 24, func(f *fixture) {
		fail(f, "first\n"+strings.Repeat("more\n", 40)+"the last line")
		f.Sees("first", "Que faire ?")
		f.Press("G")
		f.Sees("the last line")
	})
	play(t, "a short one stands once", 80, 24, func(f *fixture) {
		fail(f, "two\nlines")
		f.Sees("two", "lines", "Que faire ?")
		f.SeesNot("Le message en entier")
	})
}

// Keys that were on their way when a dialog popped up by itself answer none of them, whichever it is.
func TestNoDialogIsAnsweredByKeysOnTheirWay(t *testing.T) {
	t.Parallel()
	failure := steps.Failf(steps.FailPuppet, "no")
	for name, pop := range map[string]func(f *fixture){
		"host key": func(f *fixture) { f.tell(hostKey(map[string]string{})) },
		"changed key": func(f *fixture) {
			f.tell(hostKey(map[string]string{"changed": "true", "known": "SHA256:other"}))
		},
		"password":   func(f *fixture) { f.tell(question(steps.AskPassword)) },
		"passphrase": func(f *fixture) { f.tell(question(steps.AskPassphrase)) },
		"prompt":     func(f *fixture) { f.tell(question(steps.AskPrompt)) },
		"choice": func(f *fixture) {
			q := question(steps.AskChoice)
			q.Questions[0].Choices = []string{"one", "two"}
			f.tell(q)
		},
		"failure": func(f *fixture) {
			f.set("jump", steps.StepState{Status: steps.Failed, Attempt: 1, Failure: failure}, steps.Event{Type: steps.StepFailed, Step: "jump", Failure: failure})
		},
		"victory": func(f *fixture) { f.finish("jump", "list", "boot", "puppet", "victory") },
	} {
		play(t, name, 80, 24, func(f *fixture) {
			f.Press("2")
			f.did()
			pop(f)
			open := f.Screen()
			f.Press("enter", "r", "o", "y", "s", "l", "q", "esc", "enter")
			f.Send(tea.PasteMsg{Content: "rr\no\n"})
			if did := f.did(); len(did) > 0 || f.Quit || f.Execs > 0 {
				f.t.Errorf("they did %v, quit: %v, %d programs", did, f.Quit, f.Execs)
			}
			if now := f.Screen(); now != open {
				f.t.Errorf("they changed\n%s\nto\n%s", open, now)
			}
		})
	}
}

func question(kind steps.QuestionKind) steps.Batch {
	return steps.Batch{Questions: []steps.Question{{ID: 1, Step: "jump", Kind: kind, Subject: "chat@rebond"}}}
}

func TestPaste(t *testing.T) {
	t.Parallel()
	play(t, "into the console it does nothing", 80, 24, func(f *fixture) {
		f.Press("2")
		f.did()
		before := f.Screen()
		f.Send(tea.PasteStartMsg{}, tea.PasteMsg{Content: "\rr\r\nC o\rqq\x1b"}, tea.PasteEndMsg{})
		if did := f.did(); len(did) > 0 || f.Quit || f.Screen() != before {
			f.t.Errorf("it did %v, quit: %v:\n%s", did, f.Quit, f.Screen())
		}
	})
	play(t, "into a list it is what is looked for", 80, 24, func(f *fixture) {
		f.Press("o")
		f.Send(tea.PasteMsg{Content: "configurer\n"})
		f.Sees("1/1", "Configurer")
		f.SeesNot("Victoire")
	})
}

func TestResizeStorm(t *testing.T) {
	t.Parallel()
	play(t, "the place is kept through any size", 80, 24, func(f *fixture) {
		f.finish("jump", "list")
		booting(f)
		f.Press("3", "j", "j", "j", "j", "j", "j", "j", "j", "j", "j", "j", "j", "j", "j")
		before := f.Screen()
		for w := 1; w <= 220; w += 7 {
			for h := 1; h <= 64; h += 9 {
				f.Resize(w, h)
				f.Screen() // tears are found there
			}
		}
		f.Resize(80, 24)
		if f.Screen() != before {
			f.t.Errorf("it was\n%s\nand is\n%s", before, f.Screen())
		}
	})
	play(t, "with a dialog open too", 80, 24, func(f *fixture) {
		f.Press("?")
		before := f.Screen()
		for _, size := range [][2]int{{1, 1}, {200, 60}, {20, 5}, {36, 8}, {110, 24}, {80, 24}} {
			f.Resize(size[0], size[1])
			f.Screen()
		}
		if f.Screen() != before {
			f.t.Errorf("it was\n%s\nand is\n%s", before, f.Screen())
		}
	})
}

func TestBarAtTheLogOfAFailure(t *testing.T) {
	t.Parallel()
	play(t, "names what to do next", 80, 24, func(f *fixture) {
		fail := steps.Failf(steps.FailPuppet, "no")
		f.finish("jump", "list", "boot")
		f.Press("4")
		f.set("puppet", steps.StepState{Status: steps.Failed, Attempt: 1, Failure: fail}, steps.Event{Type: steps.StepFailed, Step: "puppet", Failure: fail})
		f.Wait(2 * time.Second) // enter right after a digit ends the number
		f.Press("l")
		f.Sees("entrée rejouer  E première erreur  échap revenir")
		f.did()
		f.Press("enter")
		f.asked(steps.Retry{Step: "puppet"})
	})
}

func TestPaletteShowsPanes(t *testing.T) {
	t.Parallel()
	play(t, "by their names", 80, 24, func(f *fixture) {
		for _, look := range []struct{ typed, sees string }{{"serveurs", "La liste arrive"}, {"panneau : journal", "Tout ce que disent"}, {"panneau : diapo", "Quatre étapes"}} {
			f.Press(":")
			f.Type(look.typed)
			f.Press("enter")
			f.Sees(look.sees)
		}
	})
}
