package tui_test

import (
	"testing"
	"time"

	"matou/steps"
	"matou/tui"
)

// TestTakeOver: a console that only looks says when the seat has become free, and a key ends it for one
// that takes the seat over, at the same slide and in the same words.
func TestTakeOver(t *testing.T) {
	t.Parallel()
	looks := with(func(o *tui.Options) { o.ReadOnly, o.Holder = true, "42 (salle)" })
	free := func(f *fixture) { f.tell(steps.Batch{Free: true}) }
	taken := func(f *fixture) { f.tell(steps.Batch{Holder: steps.Holder{PID: 43, Host: "couloir"}}) }

	play(t, "is offered while the seat is free", 80, 24, func(f *fixture) {
		f.Press("H")
		f.Sees("le processus 42 (salle) tient cette place")
		if f.Quit {
			t.Fatal("took a seat over that somebody holds")
		}
		free(f)
		f.Sees("lecture seule, place libre", "le programme qui tenait cette place est terminé : H la reprend ici")
		f.Wait(time.Minute)
		f.SeesNot("est terminé")
		f.Sees("lecture seule, place libre", "H reprendre la place")
		f.Press("right", "enter")
		f.asked()
		f.Sees("H la reprend ici")
		taken(f)
		f.Sees("le processus 43 (couloir) tient cette place")
		f.SeesNot("place libre", "reprendre la place")
		free(f)
		f.Press("L", "H")
		if a, ok := f.model.TakesOver(); !f.Quit || !ok || a != (tui.Again{Slide: 2, Lang: "en", Theme: "dark"}) {
			t.Fatalf("%v %v %+v", f.Quit, ok, a)
		}
	}, looks)
	play(t, "is told once", 80, 24, func(f *fixture) {
		free(f)
		f.Wait(time.Minute)
		free(f)
		f.SeesNot("est terminé")
	}, looks)
	play(t, "is known in the palette", 80, 24, func(f *fixture) {
		f.Press(":")
		f.Type("reprendre")
		f.Sees("cette console tient déjà sa place")
	})
	play(t, "is not for a console that somebody records", 80, 24, func(f *fixture) {
		free(f)
		f.Sees("est terminé : relancez Matou ici")
		f.Press("H")
		if f.Quit {
			t.Fatal("the recording ended")
		}
		f.SeesNot("H reprendre la place")
	}, looks, with(func(o *tui.Options) { o.Keep = true }))
	play(t, "begins where the other console ended", 80, 24, func(f *fixture) {
		f.Sees("diapo 3/5")
		f.Press("q")
		if _, ok := f.model.TakesOver(); !f.Quit || ok {
			t.Fatal("q takes nothing over")
		}
	}, with(func(o *tui.Options) { o.Slide, o.Step = 3, "puppet" }))
	play(t, "says so in a small terminal", 60, 20, func(f *fixture) {
		free(f)
		f.Wait(time.Minute)
		f.Sees("lecture seule, place libre", "diapo 1/5", "H reprendre la place")
		f.Resize(20, 5)
		f.Press("H")
		if !f.Quit {
			t.Fatal("no key works")
		}
	}, looks)
}
