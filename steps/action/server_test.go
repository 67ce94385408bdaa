package action

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"matou/cloud"
	"matou/steps"
)

var web = texts("name", "web", "image", "debian", "flavor", "small", "user-data", "data/web.yaml")

func TestBoot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var changes atomic.Int32
		s := newStand(t, func(s *stand) { s.deps.Changed = func() { changes.Add(1) } })
		began := time.Now()
		r := s.good("server.boot", web)
		if time.Since(began) > 0 {
			t.Errorf("a first boot waits %s for nothing", time.Since(began))
		}
		if r.Values["id"] != "id-1" || r.Values["address"] != "10.0.0.1" || r.Values["names"] != "web" || !r.Changed {
			t.Errorf("%+v", r)
		}
		want := map[string]string{cloud.MetaWorkshop: "course", cloud.MetaSeat: "07", cloud.MetaStep: "boot", cloud.MetaAction: "server.boot", cloud.MetaRun: "run1"}
		if got := s.nova.servers[0].Metadata; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("metadata %v", got)
		}
		if n := strings.Count(s.out.text(), "BUILD spawning"); n != 1 || changes.Load() == 0 {
			t.Errorf("BUILD is told %d times, changes %d:\n%s", n, changes.Load(), s.out.text())
		}
		again := s.good("server.boot", web)
		if again.Values["id"] != "id-1" || again.Changed || s.nova.called("boot") != 1 {
			t.Errorf("a second time: %+v, %v", again, s.nova.calls)
		}
		three := texts("name", "web", "image", "debian", "flavor", "small", "count", "3")
		more := s.good("server.boot", three)
		if more.Values["ids"] != "id-1 id-2 id-3" || s.nova.called("boot web x2") != 1 || !more.Changed {
			t.Errorf("two more: %+v, %v", more, s.nova.calls)
		}
	})
}

func TestBootRefusesNonsense(t *testing.T) {
	t.Parallel()
	for _, count := range []string{"0", "-1", "many"} {
		s := newStand(t)
		s.bad("server.boot", texts("name", "w", "image", "i", "flavor", "f", "count", count), steps.FailValue)
		if s.nova.called("boot") > 0 {
			t.Errorf("count %s boots", count)
		}
	}
	s := newStand(t)
	s.bad("server.boot", texts("name", "w", "image", "i", "flavor", "f", "user-data", "no.yaml"), steps.FailNotFound)
	s.bad("server.boot", texts("name", "w", "image", "i", "flavor", "f", "user-data", "../x"), steps.FailValue)
	s.bad("server.boot", texts("name", "${nothing}"), steps.FailValue)
}

// TestBootAdopts: after a lost answer the server, which shows up a moment later, is taken over, and
// no second one is made.
func TestBootAdopts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(t)
		s.nova.bootErr = fmt.Errorf("boot: %w", cloud.ErrUnavailable)
		s.bad("server.boot", web, steps.FailUnavailable)
		s.nova.bootErr = nil
		s.nova.hidden["id-1"] = time.Now().Add(1200 * time.Millisecond)
		s.in.Resumed = true
		r := s.good("server.boot", web)
		if r.Values["id"] != "id-1" || r.Changed || len(s.nova.ids()) != 1 {
			t.Errorf("%+v, servers %v", r, s.nova.ids())
		}
	})
}

// TestBootResumedWithoutOne: when the lost request made none, one is made after a moment's patience.
func TestBootResumedWithoutOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(t)
		s.in.Resumed = true
		began := time.Now()
		if r := s.good("server.boot", web); !r.Changed || len(s.nova.ids()) != 1 {
			t.Errorf("%+v, servers %v", r, s.nova.ids())
		}
		if took := time.Since(began); took < lateServers || took > lateServers+time.Second {
			t.Errorf("patience of %s", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		s.nova.servers = nil
		if _, err := s.runIn(ctx, "server.boot", web); failure(err) != steps.FailTimeout {
			t.Errorf("patience has no end: %v", err)
		}
	})
}

// TestBootReplacesDead: a server in ERROR is deleted first, those that are well stay.
func TestBootReplacesDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(t)
		s.nova.fate["web-2"] = fmt.Errorf("wait for web-2: no valid host: %w", cloud.ErrFault)
		three := texts("name", "web", "image", "debian", "flavor", "small", "count", "3")
		s.bad("server.boot", three, steps.FailFault)
		s.in.Resumed = true
		s.nova.bootErr = fmt.Errorf("boot: %w", cloud.ErrQuota)
		s.bad("server.boot", three, steps.FailQuota)
		s.nova.bootErr, s.nova.fate = nil, nil
		r := s.good("server.boot", three)
		if ids := strings.Fields(r.Values["ids"]); len(ids) != 3 || slices.Contains(ids, "id-2") || s.nova.called("delete id-2") != 1 {
			t.Errorf("%v, %v", ids, s.nova.calls)
		}
		if len(s.nova.ids()) != 3 {
			t.Errorf("servers %v", s.nova.ids())
		}
	})
}

// TestBootCancelled: what is cut short between the request and its end is found by the next run.
func TestBootCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(t)
		ctx, cancel := context.WithCancel(t.Context())
		s.nova.waiting = func(string) { cancel() }
		if _, err := s.runIn(ctx, "server.boot", web); !errors.Is(err, context.Canceled) {
			t.Fatalf("%v", err)
		}
		s.nova.waiting = nil
		s.reg = New(s.deps) // the next program
		s.in.Resumed = true
		if r := s.good("server.boot", web); r.Values["id"] != "id-1" || s.nova.called("boot") != 1 {
			t.Errorf("%+v, %v", r, s.nova.calls)
		}
	})
}

// others are servers that must never be touched: another seat's, another workshop's, another step's,
// somebody's own, which is called as Nova calls one of several; and one of ours that is on its way out.
func others() []cloud.Server {
	server := func(id, workshop, seat, step string) cloud.Server {
		s := cloud.Server{ID: id, Name: "web-1", Status: cloud.StatusActive}
		if workshop != "" {
			s.Name = "web"
			s.Metadata = map[string]string{cloud.MetaWorkshop: workshop, cloud.MetaSeat: seat, cloud.MetaStep: step}
		}
		return s
	}
	return []cloud.Server{
		server("a", "course", "08", "boot"), server("b", "other", "07", "boot"), server("c", "course", "07", "else"), server("d", "", "", ""),
	}
}

func TestBootAdoptsNobodyElses(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	going := others()[0]
	going.ID, going.TaskState = "e", "deleting"
	going.Metadata = map[string]string{cloud.MetaWorkshop: "course", cloud.MetaSeat: "07", cloud.MetaStep: "boot"}
	s.nova.servers = append(others(), going)
	r := s.good("server.boot", web)
	if r.Values["id"] != "id-6" || !r.Changed || s.nova.called("delete") > 0 {
		t.Errorf("%+v, %v", r, s.nova.calls)
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.good("server.boot", texts("name", "web", "image", "debian", "flavor", "small", "count", "2"))
	s.in.Vars["box.id"], s.in.Vars["box.address"] = "id-1", "10.0.0.1"
	s.nova.servers = append(s.nova.servers, others()...)

	why := s.bad("server.delete", texts("ids", "id-1 a"), steps.FailForbidden)
	if s.nova.called("delete") > 0 || !strings.Contains(why, "seat 07") {
		t.Errorf("another seat's server among ours: %s, %v", why, s.nova.calls)
	}
	for _, id := range []string{"b", "d"} {
		s.bad("server.delete", texts("ids", id), steps.FailForbidden)
	}
	s.nova.consoles["id-1"] = console("ubuntu")
	s.good("hop.open", texts("hop", "box"))
	if len(s.reg.keys["id-1"]) == 0 {
		t.Error("the server's key is not known")
	}
	if r := s.good("server.delete", texts("ids", "id-1 gone-already")); r.Values["count"] != "1" || !r.Changed {
		t.Errorf("%+v", r)
	}
	if f := s.hosts.forgotten; len(f) != 1 || len(f[0]) != 2 || f[0][1].Host != "10.0.0.1" || f[0][1].Port != 2222 {
		t.Errorf("forgotten %+v", f)
	}
	if len(s.reg.keys["id-1"]) > 0 {
		t.Error("the key of a server that is gone is still known")
	}
	if r := s.good("server.delete", texts("ids", "id-1")); r.Values["count"] != "0" || r.Changed {
		t.Errorf("a second time: %+v", r)
	}

	s.bad("server.none", nil, steps.FailCheck)
	if r := s.good("server.clean", nil); r.Values["count"] != "2" { // one of this step, one of another
		t.Errorf("%+v", r)
	}
	s.good("server.none", nil)
	if got := s.nova.ids(); !slices.Equal(got, []string{"a", "b", "d"}) {
		t.Errorf("left: %v", got)
	}
	if err := s.reg.Clean(t.Context(), s.in, s.out); err != nil {
		t.Error(err)
	}
}

func TestShowAndStatus(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.good("server.boot", web)
	s.nova.servers[0].Properties = []cloud.Property{{Name: "net network", Value: "10.0.0.1"}}
	r := s.good("server.show", texts("id", "id-1"))
	if r.Values["address"] != "10.0.0.1" || r.Values["status"] != "ACTIVE" || !strings.Contains(s.out.text(), "net network") {
		t.Errorf("%+v\n%s", r, s.out.text())
	}
	s.bad("server.show", texts("id", "nothing"), steps.FailNotFound)
	s.good("server.status", texts("ids", "id-1", "status", "ACTIVE"))
	s.bad("server.status", texts("ids", "id-1", "status", "SHUTOFF"), steps.FailCheck)
	s.bad("server.status", texts("ids", " ", "status", "ACTIVE"), steps.FailCheck)
	s.nova.servers[0].Status, s.nova.servers[0].Fault = cloud.StatusError, &cloud.Fault{Message: "no valid host\n"}
	if why := s.bad("server.status", texts("ids", "id-1", "status", "ACTIVE"), steps.FailFault); why != "web is ERROR: no valid host" {
		t.Error(why)
	}
	s.nova.servers[0].Addresses = nil
	s.bad("server.show", texts("id", "id-1"), steps.FailCheck)
	if r := s.good("server.list", nil); r.Values["count"] != "1" || !strings.Contains(s.out.text(), "web") {
		t.Errorf("%+v", r)
	}
}

// TestUndoOfABootThatFailed: what a boot left behind goes with the step, though no id was ever saved.
func TestUndoOfABootThatFailed(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.nova.servers = others()
	s.nova.fate["web"] = fmt.Errorf("wait: %w", cloud.ErrFault)
	s.bad("server.boot", web, steps.FailFault)
	s.in.Phase = steps.PhaseUndo
	if r := s.good("server.delete", texts("ids", "${web.id}")); r.Values["count"] != "1" {
		t.Errorf("%+v", r)
	}
	if got := s.nova.ids(); !slices.Equal(got, []string{"a", "b", "c", "d"}) {
		t.Errorf("left: %v", got)
	}
	s.in.Phase = steps.PhaseAction
	if r := s.good("server.delete", texts("ids", "${web.id}")); r.Values["count"] != "0" {
		t.Errorf("outside of an undo: %+v", r)
	}
}

func TestDeleteOne(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.good("server.boot", web)
	s.nova.servers = append(s.nova.servers, others()...)
	for id, kind := range map[string]string{"a": steps.FailForbidden, "b": steps.FailForbidden, "gone": steps.FailNotFound} {
		var f *steps.Failure
		if err := s.reg.Delete(t.Context(), s.in, s.out, id); !errors.As(err, &f) || f.Kind != kind {
			t.Errorf("%s: %v", id, err)
		}
	}
	if s.nova.called("delete") > 0 {
		t.Fatalf("deleted: %v", s.nova.calls)
	}
	if err := s.reg.Delete(t.Context(), s.in, s.out, "id-1"); err != nil || s.nova.called("delete") != 1 {
		t.Errorf("%v, %v", err, s.nova.calls)
	}
}
