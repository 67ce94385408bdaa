package tui_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"matou/cloud"
	"matou/steps"
	"matou/tui"
)

// edge is a border: the tabs, and what stands at the right.
var edge = regexp.MustCompile(`^╭─ ([^─]*[^─ ]) ─+(?: ([^─]+) ─)?╮$`)

// counted is what stands behind a tab's name.
var counted = regexp.MustCompile(` [0-9]+(/[0-9]+)?$`)

// head is the border of the pane in front: its tabs without their counts, and what it says of itself.
func (f *fixture) head() (line string, tabs []string, right string) {
	line, _, _ = strings.Cut(f.Screen(), "\n")
	parts := edge.FindStringSubmatch(line)
	if parts == nil {
		f.t.Fatalf("no border: %s", line)
	}
	left, right := parts[1], parts[2]
	for tab := range strings.SplitSeq(left, " │ ") {
		tabs = append(tabs, counted.ReplaceAllString(tab, ""))
	}
	return line, tabs, right
}

// TestTabsGiveWay: what the border has no room for goes whole, counts before tabs. The pane in front keeps
// its tab and what it says of itself.
func TestTabsGiveWay(t *testing.T) {
	t.Parallel()
	two := &lister{servers: []cloud.Server{{ID: "1", Name: "puppet-07"}, {ID: "2", Name: "web-07"}}}
	for _, lang := range []struct{ name, traffic, rate string }{{"fr", "Trafic", "2 par seconde"}, {"en", "Traffic", "2 a second"}} {
		names := map[string][]string{
			"fr": {"Diapo", "Étapes", "Serveurs", "Journal", "Trafic", "Chat"},
			"en": {"Slide", "Steps", "Servers", "Log", "Traffic", "Cat"},
		}[lang.name]
		w := &web{}
		play(t, lang.name, 80, 24, func(f *fixture) {
			for i := range 14 { // as many as a day has
				f.w.Steps = append(f.w.Steps, steps.Step{ID: steps.ID(fmt.Sprintf("more-%d", i)), Title: steps.Text{lang.name: "…"}})
			}
			f.finish("jump", "list", "boot", "puppet")
			for _, s := range f.w.Steps[5:] {
				f.set(s.ID, steps.StepState{Status: steps.Done})
			}
			f.tell(steps.Batch{Lines: []steps.Line{{At: time.Now(), Source: "nova", Text: "here"}}})
			f.Press("tab", "tab", "tab", "tab")
			w.tell(turns("a", "b", "c", "d"))
			f.Settle()
			line, tabs, right := f.head()
			if !slices.Equal(tabs, names) || right != lang.rate || !strings.Contains(line, names[2]+" 2 │") {
				t.Errorf("at 80: %s", line)
			}
			f.Resize(60, 20)
			if line, tabs, right = f.head(); len(tabs) < 4 || !slices.Contains(tabs, lang.traffic) || right != lang.rate {
				t.Errorf("at 60: %s", line)
			}
			for width := 80; width >= 40; width -= 3 {
				f.Resize(width, 20)
				for _, name := range names {
					line, tabs, _ := f.head()
					for _, tab := range tabs {
						if !slices.Contains(names, tab) {
							t.Errorf("at %d, %s in front: %q is no tab: %s", width, name, tab, line)
						}
					}
					f.Press("tab")
				}
				if line, tabs, right = f.head(); !slices.Contains(tabs, lang.traffic) || right != lang.rate {
					t.Errorf("at %d: %s", width, line)
				}
			}
		}, withWeb(w), polled(two, func(o *tui.Options) { o.Lang = lang.name }))
	}
}
