package tui_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"matou/cloud"
	"matou/steps"
	"matou/tui"
	"matou/tui/tuitest"
)

// atLog gives the log the focus; output puts lines into it.
func atLog(f *fixture) { f.Press("tab", "tab", "tab") }

func output(f *fixture, source string, texts ...string) {
	var lines []steps.Line
	for _, text := range texts {
		lines = append(lines, steps.Line{At: time.Now(), Step: "puppet", Source: source, Text: text})
	}
	f.tell(steps.Batch{Lines: lines})
}

func numbered(n int) []string {
	var texts []string
	for i := range n {
		texts = append(texts, fmt.Sprintf("line %d.", i))
	}
	return texts
}

// agentRun is what the Puppet agent prints, with some changes and errors.
func agentRun(version string, changed, failed int) []string {
	texts := []string{"\x1b[0;32mInfo: Using environment 'production'\x1b[0m", "\x1b[0;32mInfo: Caching catalog for web\x1b[0m", "\x1b[0;32mInfo: Applying configuration version '" + version + "'\x1b[0m"}
	for i := range changed {
		texts = append(texts, fmt.Sprintf("\x1b[mNotice: /Stage[main]/Main/File[/f%d]/ensure: created %s\x1b[0m", i, version))
	}
	for i := range failed {
		texts = append(texts, fmt.Sprintf("\x1b[1;31mError: /Stage[main]/Main/Package[p%d]/ensure: change failed %s\x1b[0m", i, version))
	}
	return append(texts, "\x1b[mNotice: Applied catalog in 2.13 seconds\x1b[0m")
}

func TestLogHabits(t *testing.T) {
	t.Parallel()
	play(t, "search goes on with n and back with N", 80, 24, func(f *fixture) {
		output(f, "syslog", numbered(100)...)
		atLog(f)
		f.Press("n")
		f.Sees("cherchez d'abord")
		f.Press("/")
		f.Type("5.")
		f.Press("enter") // the newest hit
		f.Sees("line 95.")
		f.Press("N", "N")
		f.Sees("line 75.")
		f.SeesNot("line 95.")
		f.Press("n")
		f.Sees("line 85.")
		f.Press("n", "n")
		f.Sees("Plus rien de ce côté")
	})
	play(t, "a filter shows what matches, and esc all", 80, 24, func(f *fixture) {
		output(f, "syslog", numbered(40)...)
		atLog(f)
		f.Press("&")
		f.Type("LINE [13]7")
		f.Press("enter")
		f.Sees("Rien ne passe le filtre") // capitals matter once there are any
		f.Press("&")
		for range "LINE [13]7" {
			f.Press("backspace")
		}
		f.Type("line [13]7")
		f.Press("enter")
		f.Sees("line 17.", "line 37.", "2 sur 40 &line [13]7")
		f.SeesNot("line 18.")
		output(f, "syslog", "line 370", "other")
		f.Sees("line 370", "3 sur 42")
		f.Press("esc")
		f.Sees("line 38.", "other")
	})
	play(t, "a filter can be turned round, and a bad one says why", 80, 24, func(f *fixture) {
		output(f, "a", "one", "two")
		output(f, "b", "three")
		atLog(f)
		f.Press("&")
		f.Type("!^a$")
		f.Press("enter")
		f.Sees("three")
		f.SeesNot("a│one")
		f.Press("esc", "&")
		f.Type("[")
		f.Press("enter")
		f.Sees("Ce n'est pas une expression rationnelle", "three", "a│one")
	})
	play(t, "the palette knows the filter", 80, 24, func(f *fixture) {
		atLog(f)
		f.Press(":")
		f.Type("correspond")
		f.Press("enter")
		f.Sees("Quelles lignes garder")
	})
	play(t, "levels have colours, unless the line has its own", 120, 36, func(f *fixture) {
		output(f, "x", "Error: one", "warning: two", "Notice: three", "stderr is fine", "\x1b[35mError: mine\x1b[0m")
		f.Sees("x│Error: one", "x│stderr is fine")
		s := f.Styled()
		for _, text := range []string{"Error: one", "warning: two", "Notice: three"} {
			if strings.Contains(s, "│\x1b[m"+text) {
				f.t.Errorf("%s has no colour", text)
			}
		}
		if !strings.Contains(s, "│\x1b[mstderr is fine") || !strings.Contains(s, "\x1b[35mError: mine") {
			f.t.Error("a colour where there should be none, or another one")
		}
	})
	play(t, "Puppet runs fold once the next begins, errors stay", 80, 24, func(f *fixture) {
		output(f, "web", agentRun("1", 3, 1)...)
		output(f, "web", "between")
		atLog(f)
		f.Sees("File[/f2]/ensure: created 1")
		output(f, "web", agentRun("2", 1, 0)...)
		f.Sees("+ Passage de Puppet 3 changements · 1 échec · 8 lignes", "change failed 1", "between", "created 2")
		f.SeesNot("created 1")
		f.Press("F")
		f.Sees("0 passage de Puppet replié", "created 1", "created 2")
		f.Press("F")
		f.Sees("2 passages de Puppet repliés", "1 changement · 0 échec")
		f.SeesNot("created 2")
		f.Press("E")
		f.Sees("change failed 1", "created 1", "en pause") // its run is opened
	})
	play(t, "the first error, then the next", 80, 24, func(f *fixture) {
		atLog(f)
		f.Press("E")
		f.Sees("Aucune erreur")
		output(f, "x", numbered(50)...)
		output(f, "x", "fatal: one")
		output(f, "x", numbered(50)...)
		output(f, "x", "fatal: two")
		output(f, "x", numbered(50)...)
		f.Press("E")
		f.Sees("fatal: one")
		f.SeesNot("fatal: two")
		f.Press("E")
		f.Sees("fatal: two")
	})
	play(t, "times, marks and wrapped lines", 80, 24, func(f *fixture) {
		output(f, "x", "first", strings.Repeat("é", 200)+" the end")
		atLog(f)
		f.Sees("the end") // broken to begin with
		f.Press("W")
		f.SeesNot("the end")
		f.Press("t")
		f.Sees(time.Now().Local().Format("15:04:")+"0", "x│first")
		f.Press("m")
		f.Sees("── repère, ")
		output(f, "x", numbered(100)...)
		f.SeesNot("repère,")
		f.Press("'")
		f.Sees("repère,", "en pause")
	})
	play(t, "words stay whole on a narrow pane, and the columns of a table", 120, 36, func(f *fixture) {
		output(f, "inception", "Notice: Bonjour tout le monde, et miaou de la part du master", "| 5e6f1ff1-d672-47c8-b6ad-8dd0ae41a1fa | puppet-07 | ACTIVE |")
		f.Sees("inception│Notice: Bonjour tout le monde, et   │", "         │miaou de la part du master")
		f.SeesNot("ACTIVE")
		atLog(f)
		f.Press("right", "right", "right", "right")
		f.Sees("puppet-07 | ACTIVE |", "miaou de la part du master")
	})
	play(t, "wrapped lines scroll and follow", 80, 24, func(f *fixture) {
		for i := range 30 {
			output(f, "x", fmt.Sprintf("%d begins %s ends %d.", i, strings.Repeat("x ", 60), i))
		}
		atLog(f)
		f.Sees("ends 29.")
		f.Press("g")
		f.Sees("0 begins", "ends 0.")
		f.Press("G")
		f.Sees("ends 29.", "en direct")
	})
	var name string
	var saved []string
	play(t, "saving asks where to", 80, 24, func(f *fixture) {
		output(f, "x", "\x1b[31mred\x1b[0m", "plain")
		atLog(f)
		f.Press("w")
		f.Sees("vous seul pourrez")
		f.Type("a.txt")
		f.Press("enter")
		f.Sees("2 lignes enregistrées dans /seat/a.txt")
		if name != "a.txt" || len(saved) != 2 || !strings.HasSuffix(saved[0], "Z x: red") {
			f.t.Errorf("saved %q: %q", name, saved)
		}
	}, with(func(o *tui.Options) {
		o.Save = func(_ context.Context, n string, lines []string) (string, error) {
			name, saved = n, lines
			return "/seat/" + n, nil
		}
	}))
	play(t, "what can't be saved says why", 80, 24, func(f *fixture) {
		output(f, "x", "plain")
		atLog(f)
		f.Press("w", "enter")
		f.Sees("Pas enregistré : disk full")
	}, with(func(o *tui.Options) {
		o.Save = func(context.Context, string, []string) (string, error) { return "", errors.New("disk full") }
	}))
}

// withPanes gives the step that boots panes of its own.
func withPanes(_ *testing.T, o *tui.Options) {
	w := o.Feed.(*session).w
	w.Steps[2].Panes = []string{"traffic", "servers", "log"}
}

func TestStepPanes(t *testing.T) {
	t.Parallel()
	begin := func(f *fixture) {
		f.set("boot", steps.StepState{Status: steps.Running, Attempt: 1, Phase: steps.PhaseAction, Started: time.Now()},
			steps.Event{Type: steps.StepStarted, Step: "boot", Attempt: 1, Phase: steps.PhaseAction})
	}
	play(t, "come up with the step and go with it", 80, 24, func(f *fixture) {
		f.finish("jump", "list")
		f.Press("3", "enter")
		begin(f)
		f.Sees("La liste arrive")
		f.finish("boot")
		f.Sees("Le cloud répond tout de suite")
	}, withPanes)
	play(t, "but not over the hand that moved the focus", 80, 24, func(f *fixture) {
		f.finish("jump", "list")
		f.Press("3", "enter", "tab")
		f.Sees("Lister les serveurs")
		begin(f)
		f.SeesNot("La liste arrive")
		f.finish("boot")
		f.Sees("Lister les serveurs")
	}, withPanes)
	play(t, "nor where all are to be seen", 120, 36, func(f *fixture) {
		f.finish("jump", "list")
		f.Press("3", "enter")
		begin(f)
		f.Press("right")
		f.Sees("diapo 4/5")
	}, withPanes)
	play(t, "a check shows nothing", 80, 24, func(f *fixture) {
		f.finish("jump", "list")
		f.Press("3", "c")
		f.set("boot", steps.StepState{Status: steps.Running, Attempt: 1, Phase: steps.PhaseCheck, Started: time.Now()},
			steps.Event{Type: steps.StepStarted, Step: "boot", Attempt: 1, Phase: steps.PhaseCheck})
		f.SeesNot("La liste arrive")
	}, withPanes)
}

func TestHistory(t *testing.T) {
	t.Parallel()
	journal := func(_ *testing.T, o *tui.Options) {
		now := time.Now() // of the test's own bubble
		at := func(s int) time.Time { return now.Add(time.Duration(s) * time.Second) }
		o.Journal = func(context.Context) ([]steps.Event, error) {
			return []steps.Event{
				{Type: steps.StepStarted, Step: "jump", Attempt: 1, At: at(-100)},
				{Type: steps.ActionStarted, Step: "jump", Attempt: 1, At: at(-100), Command: "ssh chat@rebond.example"},
				{Type: steps.StepFailed, Step: "jump", Attempt: 1, At: at(-93), Failure: &steps.Failure{Kind: steps.FailLogin, Cause: "the password was\x1b[2J refused"}},
				{Type: steps.StepStarted, Step: "jump", Attempt: 2, At: at(-50)},
				{Type: steps.StepDone, Step: "jump", Attempt: 2, At: at(-45)},
				{Type: steps.StepStarted, Step: "list", Attempt: 1, At: at(-5)},
			}, nil
		}
		o.Output = func(_ context.Context, id steps.ID, from, to time.Time) ([]steps.Line, error) {
			if id != "jump" || from.After(at(-99)) {
				return nil, nil
			}
			return []steps.Line{{At: at(-95), Source: "jump", Text: "Permission \x1b]0;t\adenied"}}, nil
		}
	}
	play(t, "lists the attempts, enter shows what was printed", 120, 36, func(f *fixture) {
		f.Press("J")
		f.Sees("Ce qui a été fait", "n° 1, échouée, 0:07", "n° 2, faite, 0:05", "n° 1, en cours, 0:05", "Entrer par le rebond : connexion r")
		f.Type("refused")
		f.Press("enter")
		f.Sees("Sortie de", "the password was refused", "$ ssh chat@rebond.example", "jump│Permission denied")
		f.Press("esc", "J")
		f.Type("lister")
		f.Press("enter")
		f.Sees("Rien de ce qui s'est affiché n'a été gardé")
	}, journal)
	play(t, "what the log keeps is enough without a disk", 120, 36, func(f *fixture) {
		f.tell(steps.Batch{Lines: []steps.Line{{At: time.Now(), Step: "list", Source: "nova", Text: "still in memory"}}})
		f.Press("tab", "J")
		f.Type("lister")
		f.Press("enter")
		f.Sees("nova│still in memory")
	}, journal)
	play(t, "a journal that can't be read says so", 80, 24, func(f *fixture) {
		f.Press("J")
		f.Sees("Le journal ne se lit pas : gone")
	}, with(func(o *tui.Options) {
		o.Journal = func(context.Context) ([]steps.Event, error) { return nil, errors.New("gone") }
	}))
	play(t, "no journal, no list", 80, 24, func(f *fixture) {
		f.Press("J")
		f.Sees("aucun journal n'est gardé")
	})
}

func TestMouse(t *testing.T) {
	t.Parallel()
	wheel := func(x, y int, b tea.MouseButton) tea.Msg { return tea.MouseWheelMsg{X: x, Y: y, Button: b} }
	play(t, "off unless asked for", 120, 36, func(f *fixture) {
		output(f, "x", numbered(100)...)
		f.Send(wheel(100, 30, tea.MouseWheelUp))
		f.Sees("en direct")
		if f.View().MouseMode != tea.MouseModeNone {
			f.t.Error("it takes the mouse")
		}
		f.Press("M")
		f.Sees("La souris fait défiler")
		if f.View().MouseMode != tea.MouseModeCellMotion {
			f.t.Error("it does not take the mouse")
		}
	})
	play(t, "the wheel scrolls what is below it, a click gives the focus", 120, 36, func(f *fixture) {
		output(f, "x", numbered(100)...)
		f.Send(wheel(100, 30, tea.MouseWheelUp))
		f.Sees("en pause")
		f.SeesNot("line 99.")
		f.Press("right") // the slide has the focus still
		f.Sees("diapo 2/5")
		f.Send(tea.MouseClickMsg{X: 100, Y: 30, Button: tea.MouseLeft})
		f.Press("G")
		f.Sees("line 99.")
		f.Press("?")
		before := f.Screen()
		f.Send(tea.MouseClickMsg{X: 60, Y: 18, Button: tea.MouseLeft})
		if f.Screen() != before {
			f.t.Error("a click answered a dialog")
		}
	}, with(func(o *tui.Options) { o.Mouse = true }))
	play(t, "a click selects a server", 120, 36, func(f *fixture) {
		for y, line := range strings.Split(f.Screen(), "\n") {
			if strings.Contains(line, "web-07") {
				f.Send(tea.MouseClickMsg{X: 90, Y: y, Button: tea.MouseLeft})
			}
		}
		f.Press("enter")
		f.Sees("5e6f1ff1-d672-47c8-b6ad-8dd0ae41w1fa")
	}, with(func(o *tui.Options) { o.Mouse = true }), func(t *testing.T, o *tui.Options) {
		withServers(t, server("autre-03", cloud.StatusActive, "", "158.69.78.12", time.Hour, nil),
			server("web-07", cloud.StatusActive, "", "158.69.78.13", time.Minute, mine))(t, o)
	})
}

func TestTerminal(t *testing.T) {
	t.Parallel()
	play(t, "the taskbar follows the step that runs", 80, 24, func(f *fixture) {
		if f.View().ProgressBar != nil {
			f.t.Error("progress of nothing")
		}
		f.Press("right")
		f.set("jump", steps.StepState{Status: steps.Running, Started: time.Now()})
		f.Wait(2500 * time.Millisecond)
		if p := f.View().ProgressBar; p == nil || p.State != tea.ProgressBarDefault || p.Value < 45 || p.Value > 60 {
			f.t.Errorf("halfway it is %v", p)
		}
		if title := f.View().WindowTitle; title != "Matou - Entrer par le rebond - 07" {
			f.t.Errorf("title %q", title)
		}
		f.finish("jump")
		if p := f.View().ProgressBar; p != nil {
			f.t.Errorf("when all is done it is %v", p)
		}
		f.set("list", steps.StepState{Status: steps.Running, Started: time.Now()})
		if p := f.View().ProgressBar; p == nil || p.State != tea.ProgressBarIndeterminate {
			f.t.Errorf("when nobody knows how long it is %v", p)
		}
	})
	play(t, "ctrl+z suspends", 80, 24, func(f *fixture) {
		if f.Press("ctrl+z"); f.Execs != 1 {
			f.t.Errorf("suspended %d times", f.Execs)
		}
		f.Press("right")
		f.Sees("diapo 2/5")
	})
	play(t, "ctrl+z where no shell could continue it", 80, 24, func(f *fixture) {
		if f.Press("ctrl+z"); f.Execs != 0 {
			f.t.Errorf("suspended %d times", f.Execs)
		}
		f.Sees("aucun shell d'où revenir")
	}, with(func(o *tui.Options) { o.Suspend = nil }))
	if got := tuitest.Key("ctrl+z").String(); got != "ctrl+z" {
		t.Errorf("key %q", got)
	}
}
