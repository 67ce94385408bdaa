package assets_test

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"matou/assets"
	"matou/slides"
	"matou/steps"
	"matou/steps/action"
)

const name = "web-cloud-puppet"

func open(t *testing.T) fs.FS {
	t.Helper()
	w, err := assets.Workshop(name)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func load(t *testing.T) *steps.Workshop {
	t.Helper()
	w, err := steps.Load(name, open(t), action.Kinds())
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func deck(t *testing.T, w *steps.Workshop, lang string) (*slides.Deck, []byte) {
	t.Helper()
	src, err := fs.ReadFile(w.Files, w.Decks[lang])
	if err != nil {
		t.Fatal(err)
	}
	return slides.Parse(w.Decks[lang], src), src
}

func TestWorkshop(t *testing.T) {
	t.Parallel()
	if !slices.Contains(assets.Workshops(), name) {
		t.Errorf("workshops %q without %s", assets.Workshops(), name)
	}
	for _, bad := range []string{"", ".", "..", "nothing", "web-cloud-puppet/control", "../i18n", `a\b`, "/"} {
		if _, err := assets.Workshop(bad); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("workshop %q: error %v, want one that says it does not exist", bad, err)
		}
	}
	err := fstest.TestFS(open(t), "workshop.yaml", "deck.fr.md", "deck.en.md", "app/start.py",
		"user-data/puppet.yaml", "user-data/web.yaml", "control/branches/bz5/manifests/site.pp")
	if err != nil {
		t.Error(err)
	}
}

// TestEmbedded holds the program's copy against the folder: nothing is left out.
func TestEmbedded(t *testing.T) {
	t.Parallel()
	for dir, embedded := range map[string]fs.FS{
		path.Join("workshops", name): open(t), "i18n": assets.I18n(), "themes": assets.Themes(), "cats": assets.Cats(),
	} {
		if got, want := list(t, embedded), list(t, os.DirFS(filepath.FromSlash(dir))); !slices.Equal(got, want) {
			t.Errorf("%s (-folder +program):\n%s", dir, cmp.Diff(want, got))
		}
	}
}

func list(t *testing.T, fsys fs.FS) []string {
	t.Helper()
	var names []string
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return names
}

// TestSteps wants every row of the course to be a step with a proof, and the proofs to be those of
// a participant: victory stands on all of them.
func TestSteps(t *testing.T) {
	t.Parallel()
	want := []steps.ID{
		"jumphost", "inception", "openrc", "servers", "master-boot", "master-show", "master-ssh",
		"master-status", "master-code", "master-agent", "web-boot", "web-join", "bz2", "bz3", "bz4", "bz5",
		"victoire", "bonus", "cleanup",
	}
	w := load(t)
	var got []steps.ID
	for _, s := range w.Steps {
		got = append(got, s.ID)
		if len(s.Actions) == 0 || len(s.Checks) == 0 || len(s.Slides) == 0 || len(s.Hints) == 0 || len(s.Panes) == 0 || s.Expect == 0 {
			t.Errorf("step %s lacks actions, checks, slides, hints, panes or an expected time", s.ID)
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("steps (-want +got):\n%s", d)
	}
	plan := steps.PlanUntil(w, steps.State{}, "victoire")
	if d := cmp.Diff(want[:17], plan); d != "" {
		t.Errorf("what victory stands on (-want +got):\n%s", d)
	}
	victory, _ := w.Step("victoire")
	var held []steps.ID
	for _, id := range victory.Checks[0].With["steps"].List {
		held = append(held, steps.ID(id))
	}
	if d := cmp.Diff(want[:16], held); d != "" {
		t.Errorf("what victory checks (-want +got):\n%s", d)
	}
}

// TestBranchChecks wants a branch proven at one step to be proven still at the steps that follow.
// TestTitles: whatever a step does or checks has a title in both languages; its name is for machines.
func TestTitles(t *testing.T) {
	w := load(t)
	for _, s := range w.Steps {
		for _, a := range slices.Concat(s.Actions, s.Checks, s.Undo) {
			if len(a.Title) != len(w.Languages) {
				t.Errorf("%s: %q has no title in every language", s.ID, a.Name)
			}
		}
	}
	check := w.Steps[0].Checks[0]
	if got := w.ActionTitle(w.Steps[0].ID, steps.PhaseCheck, 0, "fr", check.Name); got != check.Title["fr"] || got == check.Name {
		t.Errorf("in French %q is called %q", check.Name, got)
	}
	if got := w.ActionTitle(w.Steps[0].ID, steps.PhaseCheck, 9, "fr", "of another day"); got != "of another day" {
		t.Errorf("what is no longer there is called %q", got)
	}
}

func TestBranchChecks(t *testing.T) {
	t.Parallel()
	branches := []string{"bz1", "bz2", "bz3", "bz4", "bz5"}
	w := load(t)
	for _, s := range w.Steps {
		for _, c := range s.Checks {
			if c.Kind != "git.branch" {
				continue
			}
			re := regexp.MustCompile(c.With["match"].Text)
			for _, b := range branches {
				if got, want := re.MatchString(b), b >= string(s.ID); got != want {
					t.Errorf("step %s on branch %s: %v, want %v", s.ID, b, got, want)
				}
				// Written by hand it counts as well: what stands in site.pp from that branch on, and not before.
				site, err := fs.ReadFile(w.Files, "control/branches/"+b+"/manifests/site.pp")
				if err != nil {
					t.Fatal(err)
				}
				has := regexp.MustCompile("(?m)" + c.With["has"].Text)
				if got, want := has.Match(site), b >= string(s.ID); got != want {
					t.Errorf("step %s, site.pp of %s: %v, want %v", s.ID, b, got, want)
				}
			}
		}
	}
}

// TestDecks wants both decks to be the same course: as many slides as there are ids, the same
// commands on each but for the words that stand for a participant's own values.
func TestDecks(t *testing.T) {
	t.Parallel()
	w := load(t)
	commands := map[string][][]string{}
	for _, lang := range w.Languages {
		d, _ := deck(t, w, lang)
		if len(d.Slides) != 29 || len(d.Slides) != len(w.Slides) {
			t.Fatalf("deck %s has %d slides, want 29, and as many as the %d ids", lang, len(d.Slides), len(w.Slides))
		}
		for i, s := range d.Slides {
			var lines []string
			for _, c := range s.Commands() {
				for _, p := range c.Placeholders() {
					if _, ok := w.Placeholders[p]; !ok && !strings.HasPrefix(c.Text, "puppet module") {
						t.Errorf("deck %s, slide %s: nothing stands for *%s*", lang, w.Slides[i], p)
					}
				}
				lines = append(lines, c.Fill(func(p string) (string, bool) {
					return w.Placeholders[p], true
				}))
			}
			commands[lang] = append(commands[lang], lines)
		}
	}
	if d := cmp.Diff(commands["fr"], commands["en"]); d != "" {
		t.Errorf("commands of the decks (-fr +en):\n%s", d)
	}
	total := 0
	for _, lines := range commands["fr"] {
		total += len(lines)
	}
	if total < 30 {
		t.Errorf("only %d commands in the deck", total)
	}
}

// TestDeckSize wants every line of the decks on a terminal of 80 columns, and no trap of the format
// in them.
func TestDeckSize(t *testing.T) {
	t.Parallel()
	w := load(t)
	for _, lang := range w.Languages {
		d, src := deck(t, w, lang)
		if d.Width > 76 {
			t.Errorf("deck %s is %d columns wide", lang, d.Width)
		}
		for i, line := range strings.Split(string(src), "\n") {
			if strings.TrimRight(line, " ") != line || strings.ContainsAny(line, "\t\r") {
				t.Errorf("deck %s, line %d: blanks at the end, or tabs", lang, i+1)
			}
		}
	}
}

// TestDeckFits wants every slide of ours to be seen whole in the console at 80x24, where the panes'
// border, the bar and the status line leave it 18 lines: what is below them are the commands.
func TestDeckFits(t *testing.T) {
	t.Parallel()
	w := load(t)
	for _, lang := range w.Languages {
		d, src := deck(t, w, lang)
		for _, p := range slides.Lint(d, src, slides.LintOptions{Width: 78, Height: 18}) {
			if p.Key == slides.KeyTooTall || p.Key == slides.KeyTooWide {
				t.Errorf("deck %s, line %d: %s %v", lang, p.Line, p.Key, p.Args)
			}
		}
	}
}

// TestStepAfterItsSlide wants no step on a slide before the one that explains it: enter there would do
// what nobody has read about.
func TestStepAfterItsSlide(t *testing.T) {
	t.Parallel()
	w := load(t)
	for _, lang := range w.Languages {
		d, _ := deck(t, w, lang)
		for _, s := range w.Steps {
			if !strings.HasPrefix(string(s.ID), "bz") {
				continue
			}
			i := w.SlideOf(s.ID)
			has := false
			for _, c := range d.Slides[i].Commands() {
				has = has || strings.Contains(c.Text, "git checkout "+string(s.ID))
			}
			if !has {
				t.Errorf("deck %s: step %s begins on slide %s, which has no git checkout %s", lang, s.ID, w.Slides[i], s.ID)
			}
		}
	}
}
