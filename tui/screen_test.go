package tui_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"matou/cloud"
	"matou/steps"
	"matou/tui"
)

func TestPlaces(t *testing.T) {
	t.Parallel()
	play(t, "keys as in mdp and less", 80, 24, func(f *fixture) {
		f.Press("3")
		f.Sees("diapo 3/5", "encore 15 lignes")
		f.Press("space")
		f.Sees("user_id", "Ne perdez pas votre identifiant")
		f.Press("space")
		f.Sees("diapo 4/5")
		f.Press("k", "G")
		f.Sees("diapo 5/5")
		f.Press("g")
		f.Sees("diapo 1/5")
		f.Press("l", "h", "l", "j")
		f.Sees("diapo 3/5")
	})
	play(t, "wide slides pan", 80, 24, func(f *fixture) {
		f.Press("3", ">", ">", ">")
		f.Sees("-----+ │")
		f.Press("<", "<", "<", "<")
		f.Sees("│ +-----")
	})
	play(t, "the place is kept on resize", 80, 24, func(f *fixture) {
		f.Press("3", "j", "j", "j", "j", "j", "j", "j", "j", "j", "j", "j", "j", "j", "j", "j")
		f.Sees("Ne perdez pas")
		f.Resize(120, 36)
		f.Sees("diapo 3/5", "user_id")
		f.Resize(20, 5)
		f.Resize(80, 24)
		f.Sees("diapo 3/5", "user_id")
	})
	play(t, "tabs go round", 80, 24, func(f *fixture) {
		f.Press("tab")
		f.Sees("Entrer par le rebond", "prête")
		f.Press("tab")
		f.Sees("La liste arrive")
		f.Press("tab", "tab")
		f.Sees("À vous !")
		f.Press("tab")
		f.Sees("Quatre étapes")
		f.Press("shift+tab", "shift+tab", "esc")
		f.Sees("Quatre étapes")
	})
	play(t, "the steps lead to their slides", 120, 36, func(f *fixture) {
		f.Press("tab", "down", "down", "enter")
		f.Sees("diapo 3/5", "3/5 Démarrer le serveur")
	})
	play(t, "the index, by a few letters", 80, 24, func(f *fixture) {
		f.Press("o")
		f.Type("conf")
		f.Press("enter")
		f.Sees("diapo 4/5")
	})
	play(t, "search finds without accents", 80, 24, func(f *fixture) {
		f.Press("/")
		f.Type("repond tout")
		f.Sees("Le cloud répond tout de suite")
		f.Press("enter")
		f.Sees("diapo 3/5")
	})
	play(t, "and n and N go on through what it found", 80, 24, func(f *fixture) {
		f.Press("/")
		f.Type("cl")
		f.Press("enter") // la clé, the cloud, a class
		f.Sees("diapo 2/5")
		f.Press("n")
		f.Sees("diapo 3/5")
		f.Press("N")
		f.Sees("diapo 2/5")
		f.Press("N")
		f.Sees("Plus rien de ce côté.")
		f.Press("1", "n") // another slide ends the search: n is the next one again
		f.Sees("diapo 2/5")
	})
	play(t, "the palette goes to a step and says why not", 80, 24, func(f *fixture) {
		f.Press(":")
		f.Type("shell")
		f.Sees("pas de shell ici")
		f.Press("enter") // off: nothing happens
		f.Sees("pas de shell ici")
		f.Press("esc", ":")
		f.Type("Aller configurer")
		f.Press("enter")
		f.Sees("4/5 Configurer avec Puppet")
	})
	play(t, "zoom and back", 120, 36, func(f *fixture) {
		f.Press("tab", "tab", "z")
		f.SeesNot("Entrer par le rebond 0")
		f.Sees("Réseaux")
		f.Press("esc")
		f.Sees("Adresse")
	}, withServer(func() cloud.Server { return server("web-07", cloud.StatusActive, "", "158.69.78.13", time.Hour, mine) }))
	play(t, "the language changes everything, the place stays", 80, 24, func(f *fixture) {
		f.Press("2", "L")
		f.Sees("slide 2/5", "We go through the jump host", "Enter by the jump host", "The console speaks English.")
		f.Press("L")
		f.Sees("diapo 2/5", "On passe par la machine de rebond")
	})
	play(t, "themes change in turn", 80, 24, func(f *fixture) {
		before := f.Styled()
		f.Press("T")
		f.Sees("Thème : light")
		if f.Styled() == before {
			f.t.Fatal("nothing changed")
		}
	})
	play(t, "a light terminal gets the light theme", 80, 24, func(f *fixture) {
		before := f.Styled()
		f.Send(tea.BackgroundColorMsg{Color: ansi.RGBColor{R: 255, G: 255, B: 255}})
		if f.Styled() == before {
			f.t.Fatal("nothing changed")
		}
	}, with(func(o *tui.Options) { o.Theme = "" }))
	play(t, "it begins at a step", 80, 24, func(f *fixture) { f.Sees("diapo 4/5", "Configurer avec Puppet") },
		with(func(o *tui.Options) { o.Step = "puppet" }))
	play(t, "it goes on where the participant was", 80, 24, func(f *fixture) { f.Sees("diapo 3/5", "Démarrer le serveur") },
		func(_ *testing.T, o *tui.Options) {
			s := o.Feed.(*session)
			s.state.Steps["jump"] = steps.StepState{Status: steps.Done, Attempt: 1}
			s.state.Steps["list"] = steps.StepState{Status: steps.Done, Attempt: 1}
		})
	play(t, "server details", 120, 36, func(f *fixture) {
		f.Press("tab", "tab", "enter")
		f.Sees("5e6f1ff1-d672-47c8-b6ad-8dd0ae41w1fa", "vps-ssd-1", "Ext-Net=158.69.78.13")
		f.Press("y")
		if f.Clipboard != "5e6f1ff1-d672-47c8-b6ad-8dd0ae41w1fa" {
			f.t.Fatalf("clipboard %q", f.Clipboard)
		}
	}, withServer(func() cloud.Server { return server("web-07", cloud.StatusActive, "", "158.69.78.13", time.Hour, mine) }))
}

func TestLogPane(t *testing.T) {
	t.Parallel()
	many := func(f *fixture, from, n int) {
		var lines []steps.Line
		for i := range n {
			lines = append(lines, steps.Line{Source: "syslog", Text: fmt.Sprintf("line %d", from+i)})
		}
		f.tell(steps.Batch{Lines: lines, Dropped: 3})
	}
	play(t, "follows, pauses and counts what is unseen", 80, 24, func(f *fixture) {
		many(f, 0, 100)
		f.Press("tab", "tab", "tab")
		f.Sees("line 99", "en direct", "3 lignes sautées")
		f.Press("pgup")
		f.SeesNot("line 99")
		many(f, 100, 50)
		f.Sees("en pause, 50 nouvelles")
		f.SeesNot("line 149")
		f.Press("f")
		f.Sees("line 149", "en direct")
		f.Press("g")
		f.Sees("line 0", "en pause")
		f.Press("esc")
		f.Sees("line 149")
	})
	play(t, "search goes to the line and stops there", 80, 24, func(f *fixture) {
		many(f, 0, 100)
		f.Press("tab", "tab", "tab", "/")
		f.Type("line 42")
		f.Press("enter")
		f.Sees("line 42", "en pause")
		f.SeesNot("line 99")
	})
	play(t, "nothing remote breaks a border", 120, 36, func(f *fixture) {
		for _, text := range []string{
			"\x1b[31mred without an end", "\x1b]0;title\a", "\x1b[2J\x1b[H", "\x1b]52;c;bWlhb3U=\a", "a\rb\nc\x08", "漢字かな交じり文、とても長い行です。漢字かな交じり文、とても長い行です。",
			"\x9b31m", "é́́́", "\u202eright to left", strings.Repeat("x", 10_000), "\x1b[", "\x1bP+q544e\x1b\\", "\ttab", "👩‍👩‍👧‍👦 family",
		} {
			f.tell(steps.Batch{Lines: []steps.Line{{Source: "\x1b[31mevil\n", Text: text}}})
		}
		f.Screen()
		styled := f.Styled()
		for _, bad := range []string{"\x1b]0", "\x1b]52", "\x1b[2J", "\x1b[H", "\x1bP", "\r", "\x08", "\u202e"} {
			if strings.Contains(styled, bad) {
				f.t.Errorf("%q reached the terminal", bad)
			}
		}
	})
}

func TestSmallAndPlain(t *testing.T) {
	t.Parallel()
	play(t, "20x5 says what it is and where", 20, 5, func(f *fixture) {
		f.Sees("Un nuage de chats", "→ suite", "diapo 1/5  ? aide")
		f.Press("right")
		f.Sees("○ Entrer par le reb", "prête · environ 0:05", "ssh chat@rebond", "entrée lancer", "diapo 2/5")
		f.Press("enter")
		f.asked(steps.Start{Step: "jump"})
		f.set("jump", steps.StepState{Status: steps.Running, Started: time.Now()}, steps.Event{Type: steps.StepStarted, Step: "jump"})
		f.Sees("▶ Entrer par", "en cours 0:00/0:05", "échap arrêter")
		f.finish("jump", "list")
		f.Sees("faite en 0:0", "→ continuer")
		f.Press("e")
		f.Sees("rien à éditer ici")
	})
	play(t, "60x20", 60, 20, func(f *fixture) {
		f.Press("2")
		f.Sees("On passe par", "Entrer par le rebond", "$ ssh chat@rebond.example", "BAC À SABLE")
	})
	play(t, "ASCII is all there is", 120, 36, func(f *fixture) {
		for _, keys := range []string{"2", "?", "esc", ":", "esc", "3"} {
			f.Press(keys)
			for i, r := range f.Screen() {
				if r > 126 {
					f.t.Fatalf("%q at %d:\n%s", r, i, f.Screen())
				}
			}
		}
	}, with(func(o *tui.Options) { o.ASCII = true }))
	play(t, "mono has no colour", 120, 36, func(f *fixture) {
		f.Press("3")
		booting(f)
		for _, bad := range []string{"38;2;", "48;2;", "38;5;", "48;5;"} {
			if strings.Contains(f.Styled(), bad) {
				f.t.Errorf("%q in a screen without colours", bad)
			}
		}
	}, with(func(o *tui.Options) { o.Theme = "mono" }))
}

func TestCatMoods(t *testing.T) {
	t.Parallel()
	play(t, "they follow what happens", 120, 36, func(f *fixture) {
		f.Sees("éveillé")
		f.Wait(4 * time.Minute)
		f.Sees("endormi")
		f.Press("2")
		f.Sees("éveillé")
		f.set("jump", steps.StepState{Status: steps.Running, Started: time.Now()})
		f.Sees("au travail")
		f.Wait(11 * time.Second) // twice what it should take
		f.Sees("inquiet")
		f.finish("jump")
		f.Sees("content")
		f.Wait(10 * time.Second)
		f.Sees("éveillé")
		f.set("list", steps.StepState{Status: steps.Failed, Failure: &steps.Failure{Kind: steps.FailRate}})
		f.Press("tab", "down", "enter")
		f.Sees("grognon")
	})
	play(t, "nothing happens when nothing moves", 120, 36, func(f *fixture) {
		f.Wait(10 * time.Second)
		before := f.Updates
		f.Wait(10 * time.Minute)
		if n := f.Updates - before; n > 1 {
			f.t.Errorf("%d updates while idle", n)
		}
	}, with(func(o *tui.Options) { o.ReducedMotion = true }))
	play(t, "an unseen cat does not move", 80, 24, func(f *fixture) {
		f.Wait(time.Second)
		before := f.Updates
		f.Wait(10 * time.Minute)
		if f.Updates != before {
			f.t.Errorf("%d updates while idle", f.Updates-before)
		}
	})
	play(t, "nor does one nobody looks at", 120, 36, func(f *fixture) {
		f.Send(tea.BlurMsg{})
		f.Wait(5 * time.Second)
		before := f.Updates
		f.Wait(10 * time.Minute)
		if f.Updates != before {
			f.t.Errorf("%d updates while the window is not looked at", f.Updates-before)
		}
	})
	play(t, "a cat moves slowly", 120, 36, func(f *fixture) {
		before := f.Updates
		f.Wait(time.Minute)
		if n := f.Updates - before; n < 10 || n > 60 {
			f.t.Errorf("%d updates in a minute", n)
		}
	})
	play(t, "victory", 80, 24, func(f *fixture) {
		f.finish("jump", "list", "boot", "puppet", "victory")
		f.Sees("Victoire !", "Hourra")
		if p := f.View().ProgressBar; p == nil || p.Value != 100 {
			f.t.Errorf("progress %v", p)
		}
		a := f.Screen()
		f.Wait(400 * time.Millisecond)
		if a == f.Screen() {
			f.t.Error("the cat does not dance")
		}
	})
}

// Whatever is typed at whatever size, every line of the screen is as wide as the screen, and the
// console comes to rest.
func TestAnyKeys(t *testing.T) {
	t.Parallel()
	keys := []string{
		"enter", "esc", "tab", "shift+tab", "up", "down", "left", "right", "pgup", "pgdown", "home", "end", "space", "backspace",
		"r", "c", "u", "s", "e", "o", "/", ":", "z", "f", "y", "L", "T", "C", "?", "1", "3", "5", "g", "G", "j", "k", "h", "l", "<", ">", "x", "é",
		"X", "&", "F", "E", "t", "W", "m", "'", "n", "N", "w", "v", "d", "J", "M", "ctrl+z", "B", "R",
	}
	size := rapid.Custom(func(rt *rapid.T) [2]int {
		return [2]int{rapid.IntRange(1, 210).Draw(rt, "width"), rapid.IntRange(1, 64).Draw(rt, "height")}
	})
	rapid.Check(t, func(rt *rapid.T) {
		first := size.Draw(rt, "size")
		var acts []func(f *fixture)
		for range rapid.IntRange(1, 12).Draw(rt, "actions") {
			switch rapid.IntRange(0, 9).Draw(rt, "what") {
			case 0:
				to := size.Draw(rt, "size")
				acts = append(acts, func(f *fixture) { f.Resize(to[0], to[1]) })
			case 1:
				text := rapid.String().Draw(rt, "line")
				acts = append(acts, func(f *fixture) { f.tell(steps.Batch{Lines: []steps.Line{{Source: "x", Text: text}}}) })
			case 2:
				acts = append(acts, func(f *fixture) { f.Wait(time.Second) })
			default:
				key := rapid.SampledFrom(keys).Draw(rt, "key")
				acts = append(acts, func(f *fixture) { f.Press(key) })
			}
		}
		ok := true
		synctest.Test(t, func(t *testing.T) {
			site := &web{links: localLinks}
			f := start(t, first[0], first[1], withWeb(site), withServers(t, server("web-07", cloud.StatusBuild, "spawning", "", 11*time.Second, mine)))
			f.finish("jump", "list")
			booting(f)
			site.tell(turns("web-07", "web-07-1"))
			for _, act := range acts {
				act(f)
				f.Screen()
			}
			ok = !t.Failed()
		})
		if !ok {
			rt.Fatalf("the screen is torn")
		}
	})
}
