package tui_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/exp/golden"

	"matou/cloud"
	"matou/steps"
	"matou/tui"
	"matou/tui/pane"
)

// web is a site whose traffic the test decides.
type web struct {
	mu      sync.Mutex
	snap    cloud.Traffic
	changed chan struct{}
	want    bool
	turns   int // how often somebody began or ceased to look
	resets  int
	wakes   int
	links   pane.Links
	err     error
	open    bool
}

func (w *web) Want(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.want != on {
		w.turns++
	}
	w.want = on
}

func (w *web) Reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.resets++
}

func (w *web) Wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wakes++
}

func (w *web) Next(ctx context.Context, version int) (cloud.Traffic, error) {
	for {
		w.mu.Lock()
		snap, changed := w.snap, w.changed
		w.mu.Unlock()
		if snap.Version > version {
			return snap, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return cloud.Traffic{}, ctx.Err()
		}
	}
}

func (w *web) Open(context.Context) (pane.Links, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open = w.err == nil
	return w.links, w.err
}

func (w *web) Shut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open = false
}

// tell shows a snapshot.
func (w *web) tell(snap cloud.Traffic) {
	w.mu.Lock()
	defer w.mu.Unlock()
	snap.Version = w.snap.Version + 1
	w.snap = snap
	close(w.changed)
	w.changed = make(chan struct{})
}

func (w *web) wanted() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.want
}

// withWeb gives the workshop a site that the step puppet brings.
func withWeb(w *web) change {
	return func(_ *testing.T, o *tui.Options) {
		w.changed = make(chan struct{}) // of this bubble
		shop := o.Feed.(*session).w
		shop.Traffic.Sites = []steps.Site{{
			Title: steps.Text{"fr": "Le load balancer", "en": "The load balancer"}, From: "puppet",
			URL: "http://lb/", Header: "X-Served-By", Stats: "http://lb:9090/",
		}}
		for i := range shop.Steps {
			switch shop.Steps[i].ID {
			case "puppet":
				shop.Steps[i].Panes = []string{"log", "traffic"}
			case "victory":
				shop.Steps[i].Panes = []string{"servers", "log", "traffic"}
			}
		}
		o.Traffic = w
	}
}

// turns is what is seen of servers that take turns.
func turns(names ...string) cloud.Traffic {
	at := time.Now()
	v := cloud.Traffic{URL: "http://158.69.78.12:80/", Rate: 2}
	for i := range 40 {
		name := names[i%len(names)]
		v.Recent = append(v.Recent, cloud.Answer{At: at, Who: name, Took: time.Duration(8+i%5) * time.Millisecond})
	}
	for _, name := range names {
		v.Shares = append(v.Shares, cloud.Share{Name: name, Count: 40 / len(names), Last: at})
	}
	v.Asked = 40
	v.Stats = []cloud.ProxyRow{
		{Proxy: "stats", Name: "FRONTEND", Status: "OPEN", Total: 3},
		{Proxy: "stats", Name: "BACKEND", Kind: cloud.ProxyBackend, Status: "UP"},
		{Proxy: "web", Name: "FRONTEND", Status: "OPEN", Total: 40},
	}
	for _, name := range names {
		v.Stats = append(v.Stats, cloud.ProxyRow{
			Proxy: "web", Name: name, Kind: cloud.ProxyServer, Status: "UP", Check: "L4OK", CheckTook: time.Millisecond, Total: 10, In: 790, Out: 11_240,
		})
	}
	last := &v.Stats[len(v.Stats)-1]
	last.Status, last.Check, last.CheckSays, last.Downtime = "DOWN", "L4CON", "Connection refused", 83*time.Second
	v.Stats = append(v.Stats, cloud.ProxyRow{Proxy: "web", Name: "BACKEND", Kind: cloud.ProxyBackend, Status: "UP", Total: 40, In: 3160, Out: 44_960, Active: 3})
	return v
}

// refusing is what is seen before there is anybody to answer.
func refusing(kind cloud.TroubleKind, detail string) cloud.Traffic {
	v := cloud.Traffic{URL: "http://158.69.78.12:80/", Asked: 9, Rate: 0.4}
	for range 9 {
		v.Recent = append(v.Recent, cloud.Answer{At: time.Now(), Kind: kind, Detail: detail, Took: 3 * time.Millisecond})
	}
	v.Troubles = []cloud.Trouble{{Kind: kind, Detail: detail, Count: 9, Last: time.Now()}}
	return v
}

var localLinks = pane.Links{Site: "http://127.0.0.1:40123/", Stats: "http://127.0.0.1:40124/"}

func TestTraffic(t *testing.T) {
	t.Parallel()
	w := func() *web { return &web{links: localLinks} }
	one := w()
	play(t, "nobody is asked while nobody looks", 120, 36, func(f *fixture) {
		looks := func(want bool, when string) {
			f.t.Helper()
			if one.wanted() != want {
				f.t.Errorf("%s: looked at %v", when, !want)
			}
		}
		f.SeesNot("Trafic")
		looks(false, "at the start")
		f.finish("jump", "list", "boot")
		f.Press("4")
		f.Sees("Trafic", "Pas encore de site à regarder", "Configurer avec Puppet")
		looks(true, "on the slide of the step")
		f.Send(tea.BlurMsg{})
		looks(false, "with the window behind others")
		f.Send(tea.FocusMsg{})
		looks(true, "with the window in front")
		f.Press("z")
		looks(false, "behind a large slide")
		f.Press("z", "tab", "tab", "tab", "tab", "?")
		f.Sees("Les touches (Trafic)")
		f.Press("end")
		f.Sees("Laisser le site tranquille")
		f.SeesNot("Suivre le journal")
		f.Press("esc", "f")
		f.Sees("en pause")
		looks(false, "while paused")
		f.Press("f")
		looks(true, "after the pause")
		f.Wait(16 * time.Minute)
		looks(false, "when nobody is there any more")
		f.Press("j")
		looks(true, "when somebody is back")
		f.Press("esc", "1")
		looks(false, "on a slide that has nothing to do with it")
		f.Press("2")
		f.set("puppet", steps.StepState{Status: steps.Running, Started: time.Now()})
		looks(true, "while its step runs elsewhere")
	}, withWeb(one))
	two := w()
	play(t, "it comes up by itself, and the slide comes back", 80, 24, func(f *fixture) {
		f.finish("jump", "list", "boot")
		f.Press("4")
		f.Sees("Trafic")
		f.set("puppet", steps.StepState{Status: steps.Running, Attempt: 1, Phase: steps.PhaseAction, Started: time.Now()},
			steps.Event{Type: steps.StepStarted, Step: "puppet", Attempt: 1, Phase: steps.PhaseAction})
		f.Sees("Tout ce que disent")
		if !two.wanted() {
			f.t.Error("the step wants it, and nobody looks")
		}
		two.tell(turns("web-07", "web-07-1"))
		wakes := two.wakes
		f.finish("puppet")
		if two.wakes != wakes+1 {
			f.t.Error("it is not asked at once when the step is done")
		}
		f.Sees("Le load balancer", "a web-07", "b web-07-1", "50%")
		f.Press("right")
		f.Sees("diapo 5/5", "Victoire")
		f.SeesNot("Le load balancer")
	}, withWeb(two))
	three := w()
	play(t, "a link for the browser", 80, 24, func(f *fixture) {
		f.Press("shift+tab", "shift+tab")
		three.tell(turns("web-07"))
		f.Wait(time.Second)
		f.Sees("B crée un lien")
		f.Press("x")
		f.Sees("aucun lien n'est ouvert")
		f.Press("B")
		f.Sees("Navigateur http://127.0.0.1:40123/", "haproxy    http://127.0.0.1:40124/", "à travers SSH")
		if link := "\x1b]8;;http://127.0.0.1:40123/\a"; !strings.Contains(f.Styled(), link) {
			f.t.Errorf("no %q in %q", link, f.Styled())
		}
		f.Press("y", "enter")
		if f.Clipboard != "http://127.0.0.1:40123/" {
			f.t.Errorf("clipboard %q", f.Clipboard)
		}
		f.Press("x")
		f.Sees("Les liens sont fermés", "B crée un lien")
		if three.open {
			f.t.Error("it is open still")
		}
		three.err = errors.New("listen tcp 127.0.0.1:8080: bind: address already in use")
		f.Press("B")
		f.Sees("Pas de lien : listen tcp 127.0.0.1:8080")
		three.err, three.links.SSH = nil, "ssh -N -L 40123:127.0.0.1:40123 -L 40124:127.0.0.1:40124 -J jump@jump.example.org:22 -p 2207 root@127.0.0.1"
		f.Press("B")
		f.Sees("Pour un navigateur sur la vôtre", "ssh -N -L 40123:127.0.0.1:40123")
		f.Press("y")
		f.Type("ssh")
		f.Press("enter")
		if f.Clipboard != three.links.SSH {
			f.t.Errorf("clipboard %q", f.Clipboard)
		}
		f.Press("R")
		if three.resets != 1 {
			f.t.Errorf("%d new counts", three.resets)
		}
	}, withWeb(three))
	four := w()
	play(t, "a server that joins in makes the cat happy", 120, 36, func(f *fixture) {
		f.finish("jump", "list", "boot")
		f.Wait(10 * time.Second)
		f.Press("4")
		f.Sees("éveillé")
		four.tell(turns("web-07"))
		f.Wait(time.Second)
		f.Sees("éveillé", "a web-07")
		next := turns("web-07", "web-07-1")
		next.Asked++
		four.tell(next)
		f.Wait(time.Second)
		f.Sees("web-07-1 s'y met !", "content", "b web-07-1")
	}, withWeb(four))
	five := w()
	play(t, "servers first while they are made, then who answers", 120, 36, func(f *fixture) {
		f.finish("jump", "list", "boot", "puppet")
		f.Press("5")
		f.Sees("Serveurs")
		f.SeesNot("Trafic")
		f.Press("shift+tab", "shift+tab")
		f.Sees("Trafic")
		f.Press("esc")
		f.SeesNot("Trafic")
		f.finish("victory")
		f.Wait(2 * time.Second) // a key in flight does not answer it
		f.Press("enter")
		f.Sees("Trafic")
		f.SeesNot("Serveurs")
	}, withWeb(five))
	six := w()
	play(t, "a fast site redraws no faster than an eye follows", 120, 36, func(f *fixture) {
		f.finish("jump", "list", "boot")
		f.Press("4")
		f.Wait(time.Second)
		before := f.Updates
		for range 1000 {
			six.tell(turns("web-07"))
			time.Sleep(10 * time.Millisecond)
			f.Settle()
		}
		if n := f.Updates - before; n > 30 {
			f.t.Errorf("%d updates in 10 s", n)
		}
	}, withWeb(six), with(func(o *tui.Options) { o.ReducedMotion = true }))
	seven := w()
	play(t, "nothing remote breaks a border", 60, 20, func(f *fixture) {
		f.Press("shift+tab", "shift+tab")
		for _, bad := range []string{"\x1b]0;title\a", "\x1b[2J", "a\rb\nc", "漢字かな交じり文、とても長い行です。漢字かな交じり文", "\u202eleft", strings.Repeat("x", 300), ""} {
			v := turns(bad, "web")
			v.URL, v.Err = "http://"+bad+"/", nil
			v.Troubles = []cloud.Trouble{{Kind: cloud.TroubleOther, Detail: bad, Count: 1, Last: time.Now()}}
			v.Stats[0].Proxy, v.Stats[3].Name, v.Stats[3].Status, v.Stats[4].CheckSays = bad, bad, bad, bad
			seven.tell(v)
			f.Wait(time.Second)
			f.Screen()
			v.Stats, v.StatsErr = nil, errors.New(bad)
			v.Recent = append(v.Recent, cloud.Answer{Kind: cloud.TroubleStatus, Detail: bad})
			seven.tell(v)
			f.Wait(time.Second)
			f.Screen()
			for _, code := range []string{"\x1b]0", "\x1b[2J", "\r", "\u202e"} {
				if strings.Contains(f.Styled(), code) {
					f.t.Errorf("%q reached the terminal", code)
				}
			}
		}
	}, withWeb(seven))
	play(t, "without a site there is no such pane", 80, 24, func(f *fixture) {
		f.SeesNot("Trafic")
		f.Press("shift+tab", "shift+tab")
		f.Sees("Tout ce que disent")
	})
}

// trafficScenes are the moments the pane is for.
var trafficScenes = []struct {
	name string
	play func(f *fixture, w *web)
}{
	{"none", func(f *fixture, w *web) { w.tell(cloud.Traffic{Site: -1, Err: errors.New("no site has come up yet")}) }},
	{"refused", func(f *fixture, w *web) { w.tell(refusing(cloud.TroubleRefused, "")) }},
	{"empty", func(f *fixture, w *web) {
		v := refusing(cloud.TroubleEmpty, "")
		v.Stats = turns("web-07").Stats[:3]
		w.tell(v)
	}},
	{"turns", func(f *fixture, w *web) { w.tell(turns("web-07", "web-07-1", "web-07-2", "web-07-3")) }},
	{"links", func(f *fixture, w *web) {
		w.links.SSH = "ssh -N -L 40123:127.0.0.1:40123 -L 40124:127.0.0.1:40124 -J jump@jump.example.org:22 -p 2207 root@127.0.0.1"
		w.tell(turns("web-07", "web-07-1", "web-07-2", "web-07-3"))
		f.Press("B")
		f.Wait(7 * time.Second)
	}},
}

func TestTrafficScreens(t *testing.T) {
	t.Parallel()
	for _, size := range [][2]int{{60, 20}, {80, 24}, {120, 36}, {200, 60}} {
		for _, lang := range []string{"fr", "en"} {
			for _, scene := range trafficScenes {
				t.Run(fmt.Sprintf("%dx%d-%s-%s", size[0], size[1], lang, scene.name), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						w := &web{links: localLinks}
						f := start(t, size[0], size[1], withWeb(w), with(func(o *tui.Options) { o.Lang = lang }))
						f.finish("jump", "list", "boot")
						f.Press("4", "shift+tab", "shift+tab")
						scene.play(f, w)
						f.Wait(2 * time.Second)
						golden.RequireEqual(t, f.Screen())
					})
				})
			}
		}
	}
}

// TestTrafficThemes looks at the pane in all themes. They say the same words: colour tells nothing that no
// word does. Their looks stand in goldens.
func TestTrafficThemes(t *testing.T) {
	t.Parallel()
	look := func(t *testing.T, width, height int, lang, name, scene string) (words, looks string) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			w := &web{links: localLinks}
			f := start(t, width, height, withWeb(w), with(func(o *tui.Options) { o.Lang, o.Theme = lang, name }))
			f.finish("jump", "list", "boot")
			f.Press("4", "shift+tab", "shift+tab")
			for _, s := range trafficScenes {
				if s.name == scene {
					s.play(f, w)
				}
			}
			f.Wait(2 * time.Second)
			words, looks = f.Screen(), shades(f.Styled())
		})
		return words, looks
	}
	for _, scene := range trafficScenes {
		t.Run("same-words-"+scene.name, func(t *testing.T) {
			t.Parallel()
			want, _ := look(t, 80, 24, "fr", "dark", scene.name)
			for _, name := range []string{"light", "contrast", "mono"} {
				if got, _ := look(t, 80, 24, "fr", name, scene.name); got != want {
					t.Errorf("%s shows\n%s\nnot\n%s", name, got, want)
				}
			}
		})
	}
	for _, size := range [][2]int{{80, 24}, {120, 36}, {200, 60}} {
		for _, scene := range []struct{ name, lang string }{{"turns", "fr"}, {"turns", "en"}, {"refused", "fr"}} {
			for _, name := range []string{"dark", "light", "contrast", "mono"} {
				t.Run(fmt.Sprintf("%dx%d-%s-%s-%s", size[0], size[1], scene.lang, scene.name, name), func(t *testing.T) {
					t.Parallel()
					_, looks := look(t, size[0], size[1], scene.lang, name, scene.name)
					golden.RequireEqual(t, looks)
				})
			}
		}
	}
}

// Before the first size is known, and on a screen too small for it, the pane is as good as any.
func TestTrafficWithoutRoom(t *testing.T) {
	t.Parallel()
	for _, size := range [][2]int{{0, 0}, {1, 1}, {3, 1}, {9, 2}, {36, 8}} {
		p := pane.NewTraffic(&steps.Workshop{Traffic: steps.Traffic{Sites: []steps.Site{{Stats: "x"}}}})
		p.SetLook(pane.Look{Styles: themes(t)["dark"].Make(false), Text: texts(t).In("en")})
		p.SetSize(size[0], size[1])
		p.SetTraffic(turns("web-07", "web-07-1"))
		p.SetLinks(localLinks)
		p.Scroll(100)
		if lines := p.Lines(); len(lines) != size[1] {
			t.Errorf("%v: %d lines", size, len(lines))
		}
		p.Heads()
	}
}
