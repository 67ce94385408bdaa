package action

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"matou/cloud"
	"matou/steps"
)

// byHand puts a server into the cloud that somebody booted with the nova command three minutes ago.
func (s *stand) byHand(name string, status cloud.Status, metadata map[string]string) string {
	id := fmt.Sprintf("id-%d", len(s.nova.servers)+1)
	s.nova.servers = append(s.nova.servers, cloud.Server{ID: id, Name: name, Status: status, Metadata: metadata, Created: time.Now().Add(-3 * time.Minute)})
	return id
}

// TestBootTakesOver: a server booted by hand is asked about, awaited, marked, and then is the step's own.
func TestBootTakesOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(t)
		s.out.answers = map[steps.QuestionKind]string{steps.AskAdopt: steps.ChoiceAdopt}
		s.byHand("other", cloud.StatusActive, nil)
		id := s.byHand("web", cloud.StatusBuild, map[string]string{"note": "mine"})
		r := s.good("server.boot", web)
		if r.Values["id"] != id || r.Values["address"] != "10.0.0.2" || !r.Changed || s.nova.called("boot") > 0 {
			t.Errorf("%+v, %v", r, s.nova.calls)
		}
		q := s.out.asked[0]
		if q.Data["id"] != id || q.Data["age"] != "180" || q.Data["status"] != "BUILD" || len(q.Choices) != 2 {
			t.Errorf("asked %+v", q)
		}
		got := s.nova.servers[1].Metadata
		if got[cloud.MetaSeat] != "07" || got[cloud.MetaStep] != "boot" || got["note"] != "mine" || got[cloud.MetaAdopted] == "" {
			t.Errorf("metadata %v", got)
		}
		again := s.good("server.boot", web)
		if again.Values["id"] != id || again.Changed || len(s.out.asked) != 1 || s.nova.called("mark") != 1 {
			t.Errorf("a second time: %+v, asked %d times, %v", again, len(s.out.asked), s.nova.calls)
		}
	})
}

// TestBootBesideOrNot: what is not ours is left alone, and no second server comes about unasked.
func TestBootBesideOrNot(t *testing.T) {
	tests := []struct {
		name   string
		there  func(*stand)
		answer string // "nobody", or what the person chooses
		look   bool
		fails  string
		boots  int
		asks   int
	}{
		{name: "another", there: func(s *stand) { s.byHand("web", cloud.StatusActive, nil) }, answer: steps.ChoiceAnother, boots: 1, asks: 1},
		{name: "cancel", there: func(s *stand) { s.byHand("web", cloud.StatusActive, nil) }, answer: "", fails: steps.FailCanceled, asks: 1},
		{name: "nobody", there: func(s *stand) { s.byHand("web", cloud.StatusActive, nil) }, answer: "nobody", fails: steps.FailTaken, asks: 1},
		{name: "another seat's", there: func(s *stand) {
			s.byHand("web", cloud.StatusActive, map[string]string{cloud.MetaWorkshop: "course", cloud.MetaSeat: "08", cloud.MetaStep: "boot"})
		}, answer: "nobody", boots: 1},
		{name: "another workshop's", there: func(s *stand) {
			s.byHand("web", cloud.StatusActive, map[string]string{cloud.MetaWorkshop: "else", cloud.MetaSeat: "07"})
		}, answer: "nobody", boots: 1},
		{name: "in ERROR", there: func(s *stand) { s.byHand("web", cloud.StatusError, nil) }, answer: "nobody", boots: 1},
		{name: "another name", there: func(s *stand) { s.byHand("web-2", cloud.StatusActive, nil) }, answer: "nobody", boots: 1},
		{name: "two", there: func(s *stand) {
			s.byHand("web", cloud.StatusActive, nil)
			s.byHand("web", cloud.StatusActive, nil)
		}, answer: steps.ChoiceAdopt, fails: steps.FailTaken},
		{name: "a look at nothing", there: func(*stand) {}, look: true, fails: steps.FailCheck},
		{name: "a look boots nothing", there: func(s *stand) { s.byHand("web", cloud.StatusActive, nil) }, answer: steps.ChoiceAnother, look: true, fails: steps.FailCanceled, asks: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStand(t)
				s.in.Look = tt.look
				tt.there(s)
				if tt.answer != "nobody" {
					s.out.answers = map[steps.QuestionKind]string{steps.AskAdopt: tt.answer}
				}
				if tt.fails == "" {
					s.good("server.boot", web)
				} else if text := s.bad("server.boot", web, tt.fails); tt.fails == steps.FailTaken && !strings.Contains(text, "id-1") {
					t.Errorf("it does not name the server: %s", text)
				}
				if n := s.nova.called("boot"); n != tt.boots || s.nova.called("mark") > 0 || len(s.out.asked) != tt.asks {
					t.Errorf("%d boots, %d questions, %v", n, len(s.out.asked), s.nova.calls)
				}
			})
		})
	}
}

// A server that Matou made outside any workshop is told of as such.
func TestOwner(t *testing.T) {
	for want, marks := range map[string]map[string]string{
		"seat 08 in workshop course": {cloud.MetaWorkshop: "course", cloud.MetaSeat: "08"},
		"somebody else":              {cloud.MetaRun: "r"},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newStand(t)
			s.byHand("web", cloud.StatusActive, marks)
			s.good("server.boot", web)
			if !strings.Contains(s.out.text(), "web is of "+want+": left alone") {
				t.Error(s.out.text())
			}
		})
	}
}

// TestTakeOverCutShort: whenever a take-over is cut short, the next run has one server, and no twin.
func TestTakeOverCutShort(t *testing.T) {
	for _, when := range []string{"waiting", "marking"} {
		synctest.Test(t, func(t *testing.T) {
			s := newStand(t)
			s.out.answers = map[steps.QuestionKind]string{steps.AskAdopt: steps.ChoiceAdopt}
			id := s.byHand("web", cloud.StatusBuild, nil)
			ctx, cancel := context.WithCancel(t.Context())
			if when == "waiting" {
				s.nova.waiting = func(string) { cancel() }
			} else {
				s.nova.markErr = fmt.Errorf("mark: %w", cloud.ErrUnavailable)
			}
			if _, err := s.runIn(ctx, "server.boot", web); err == nil {
				t.Fatalf("%s: no error", when)
			}
			cancel()
			s.nova.waiting, s.nova.markErr, s.in.Resumed = nil, nil, true
			if r := s.good("server.boot", web); r.Values["id"] != id || len(s.nova.ids()) != 1 {
				t.Errorf("%s: %+v, servers %v", when, r, s.nova.ids())
			}
		})
	}
}

// TestTakeOverSeveral: those that nova numbers are taken over one by one, and the missing ones booted.
func TestTakeOverSeveral(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(t)
		s.out.answers = map[steps.QuestionKind]string{steps.AskAdopt: steps.ChoiceAdopt}
		s.byHand("web-1", cloud.StatusActive, nil)
		s.byHand("web-2", cloud.StatusActive, nil)
		three := texts("name", "web", "image", "debian", "flavor", "small", "count", "3")
		if r := s.good("server.boot", three); r.Values["ids"] != "id-3 id-1 id-2" || s.nova.called("boot web x1") != 1 {
			t.Errorf("%+v, %v", r, s.nova.calls)
		}
	})
}

// TestTwoBoots: two actions of one step never take each other's servers, nor does one of an older
// version, which knew no actions.
func TestTwoBoots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(t)
		fields := func(name string) map[string]steps.Value {
			return texts("name", name, "image", "debian", "flavor", "small")
		}
		s.w.Steps[0].Actions = []steps.Action{
			{Name: "server.boot", Kind: "server.boot", With: fields("front")}, {Name: "server.boot", Kind: "server.boot", With: fields("back")},
		}
		run := func(index int) string {
			t.Helper()
			in := s.in
			in.Index, in.Action = index, s.w.Steps[0].Actions[index]
			r, err := s.reg.Execute(t.Context(), in, s.out)
			if err != nil {
				t.Fatal(err)
			}
			return r.Values["id"]
		}
		old := map[string]string{cloud.MetaWorkshop: "course", cloud.MetaSeat: "07", cloud.MetaStep: "boot", cloud.MetaRun: "run0"}
		back := s.byHand("back", cloud.StatusActive, old)
		front := run(0)
		if front == back || run(1) != back || run(0) != front || len(s.nova.ids()) != 2 {
			t.Errorf("front %s, back %s of %v", front, back, s.nova.ids())
		}
		s.byHand("nobody's", cloud.StatusActive, nil) // the fake numbers them by how many there are
		s.nova.servers = slices.DeleteFunc(s.nova.servers, func(v cloud.Server) bool { return v.ID == back })
		if again := run(1); again == front || again == back || run(1) != again {
			t.Errorf("back again is %s, front %s", again, front)
		}
	})
}

// TestCleanSparesWhatWasMadeByHand: a server that was taken over is asked about by itself; left there, it
// is nobody's again.
func TestCleanSparesWhatWasMadeByHand(t *testing.T) {
	for answer, left := range map[string]int{steps.ChoiceDelete: 0, steps.ChoiceKeep: 1, "nobody": 1} {
		synctest.Test(t, func(t *testing.T) {
			s := newStand(t)
			s.out.answers = map[steps.QuestionKind]string{steps.AskAdopt: steps.ChoiceAdopt}
			s.byHand("web", cloud.StatusActive, map[string]string{"note": "mine"})
			s.good("server.boot", web)
			s.nova.servers = append(s.nova.servers, cloud.Server{ID: "id-8", Name: "made", Status: cloud.StatusActive, Metadata: map[string]string{
				cloud.MetaWorkshop: "course", cloud.MetaSeat: "07", cloud.MetaStep: "boot",
			}})
			if answer != "nobody" {
				s.out.answers[steps.AskGiveBack] = answer
			}
			s.good("server.clean", nil)
			s.good("server.none", nil)
			if len(s.nova.servers) != left {
				t.Errorf("%s: servers %v", answer, s.nova.ids())
			}
			if left > 0 && (s.nova.servers[0].Marked() || s.nova.servers[0].Metadata["note"] != "mine") {
				t.Errorf("%s: metadata %v", answer, s.nova.servers[0].Metadata)
			}
		})
	}
	s := newStand(t)
	s.out.answers = map[steps.QuestionKind]string{steps.AskAdopt: steps.ChoiceAdopt, steps.AskGiveBack: ""}
	s.byHand("web", cloud.StatusActive, nil)
	s.good("server.boot", web)
	s.bad("server.clean", nil, steps.FailCanceled)
	if len(s.nova.ids()) != 1 || !s.nova.servers[0].Adopted() {
		t.Errorf("a clean that was called off: %v", s.nova.servers)
	}
	if err := s.reg.Delete(t.Context(), s.in, s.out, "id-1"); err != nil || len(s.nova.ids()) != 0 { // asked about by its id
		t.Errorf("%v, servers %v", err, s.nova.ids())
	}
	if err := s.reg.Delete(t.Context(), s.in, s.out, "id-1"); err == nil || errors.Is(err, cloud.ErrForbidden) {
		t.Errorf("deleting what is gone: %v", err)
	}
}
