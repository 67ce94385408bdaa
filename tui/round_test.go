package tui_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"matou/cloud"
	"matou/steps"
	"matou/tui"
)

// TestFocusRing: where all panes stand beside each other, tab moves the focus, which shows at the border,
// and back to where it began.
func TestFocusRing(t *testing.T) {
	t.Parallel()
	play(t, "round and back", 120, 36, func(f *fixture) {
		first := f.Styled()
		seen := map[string]bool{first: true}
		for range 3 { // to the steps, the servers, the log
			f.Press("tab")
			seen[f.Styled()] = true
		}
		f.Press("tab", "tab") // the cat, and the slide again
		if len(seen) != 4 {
			f.t.Errorf("%d looks of four panes that have the focus in turn", len(seen))
		}
		if f.Styled() != first {
			f.t.Error("it does not come back to the slide")
		}
		f.Press("shift+tab", "shift+tab")
		f.Sees("suivre/pause") // the log's keys
	}, with(func(o *tui.Options) { o.ReducedMotion = true }))
}

// TestHelpOfAPane: the help has the keys of the pane it was asked for in, and those alone.
func TestHelpOfAPane(t *testing.T) {
	t.Parallel()
	all := func(f *fixture) string {
		f.Press("?")
		text := f.Screen()
		for range 12 {
			f.Press("pgdown")
			text += f.Screen()
		}
		f.Press("esc")
		return text
	}
	play(t, "the servers', then the log's", 80, 24, func(f *fixture) {
		f.Press("tab", "tab")
		servers := all(f)
		f.Press("tab")
		log := all(f)
		for _, own := range []string{"Supprimer ce serveur", "Trier par la colonne suivante"} {
			if !strings.Contains(servers, own) || strings.Contains(log, own) {
				f.t.Errorf("%q is of the servers alone", own)
			}
		}
		if own := "Poser un repère"; !strings.Contains(log, own) || strings.Contains(servers, own) {
			f.t.Errorf("%q is of the log alone:\n%s", own, log)
		}
	})
}

// TestNovaColumns: on a wide screen the list has all that nova list shows.
func TestNovaColumns(t *testing.T) {
	t.Parallel()
	play(t, "all of them", 200, 60, func(f *fixture) {
		f.Press("tab", "tab", "z")
		f.Sees("ID ", "Nom", "Statut", "Tâche", "Courant", "Réseaux", "5e6f1ff1-d672-47c8-b6ad-8dd0ae41w1fa", "web-07", "ACTIVE", "Running", "Ext-Net=158.69.78.13")
	}, withServer(func() cloud.Server { return server("web-07", cloud.StatusActive, "", "158.69.78.13", time.Hour, mine) }))
}

// TestLogIsBounded: the newest lines are kept, and no others.
func TestLogIsBounded(t *testing.T) {
	t.Parallel()
	play(t, "the newest", 80, 24, func(f *fixture) {
		output(f, "x", numbered(500)...)
		atLog(f)
		f.Sees("line 499.")
		f.Press("g")
		f.Sees("line 450.")
		f.SeesNot("line 449.")
	}, with(func(o *tui.Options) { o.Lines = 50 }))
}

// TestRsyslogColours: the way rsyslog writes an escape is a colour on the screen, from the engine on.
func TestRsyslogColours(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := start(t, 80, 24)
		output(f, "syslog", steps.Sanitize("puppet-agent[3]: #033[1;31mcould not#033[0m, and after it"))
		atLog(f)
		f.Sees("puppet-agent[3]: could not, and after it")
		if s := f.Styled(); strings.Contains(s, "#033") || !strings.Contains(s, "could not\x1b[m, and after it") && !strings.Contains(s, "could not\x1b[0m, and after it") {
			t.Errorf("the colour does not end where it should:\n%q", s)
		}
	})
}
