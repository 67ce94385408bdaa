package sandbox

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"matou/cloud/sandbox/fault"
)

// bench is a world with its APIs and fake machines, and no port.
type bench struct {
	*direct
	w    *world
	room *fakeRoom
	end  func()
}

// newBench must be called inside the bubble that uses it.
func newBench(t testing.TB, dir string, pace float64, rules ...fault.Rule) *bench {
	t.Helper()
	file, err := loadWorld(os.DirFS(workshopDir), "sandbox/world.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file.Identity.TokenLifetime = 7 * 24 * time.Hour // tokens are not what these tests are about
	ctx, cancel := context.WithCancel(context.Background())
	w := newWorld(ctx, file)
	room := &fakeRoom{}
	w.pace, w.boot = pace, room.boot
	if w.faults, err = fault.New(rules...); err != nil {
		t.Fatal(err)
	}
	if w.store, err = openStore(dir); err != nil {
		t.Fatal(err)
	}
	if err := w.store.load(w); err != nil {
		t.Fatal(err)
	}
	if err := w.store.problem(); err != nil {
		t.Fatal(err)
	}
	w.resume()
	b := &bench{direct: &direct{t: t, h: newAPI(w, "http://127.0.0.1:1", nil)}, w: w, room: room}
	b.end = func() {
		cancel()
		if err := w.close(); err != nil {
			t.Error(err)
		}
	}
	b.login()
	return b
}

func (b *bench) expect(id, want string) {
	b.t.Helper()
	synctest.Wait()
	if got := b.server(id); got != want {
		b.t.Errorf("server is %q, want %q", got, want)
	}
}

func TestServerLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "", 1)
		defer b.end()
		tm := b.w.file.Timing
		id := b.create(b.w, "web-1")
		b.expect(id, "BUILD scheduling")
		a := b.do("GET", compute+"/servers/"+id, nil)
		if len(a.at("server", "addresses").(object)) != 0 || a.str("server", "hostId") != "" {
			t.Errorf("a server being scheduled has %s", a.text)
		}
		b.do("POST", compute+"/servers/"+id+"/action", `{"os-getConsoleOutput":{}}`).want(t, http.StatusConflict, "is not ready")
		time.Sleep(tm.Scheduling)
		b.expect(id, "BUILD networking")
		time.Sleep(tm.Networking)
		b.expect(id, "BUILD spawning")
		time.Sleep(tm.Spawning)
		b.expect(id, "ACTIVE")
		m := b.room.machine(id)
		if m == nil || m.spec.Name != "web-1" || string(m.spec.UserData) != "#!/bin/sh\necho hello\n" || m.spec.Image != b.w.file.Images[0].Tree {
			t.Fatalf("machine = %+v", m)
		}
		b.do("POST", compute+"/servers/"+id+"/action", `{"os-getConsoleOutput":{"length":1}}`).want(t, http.StatusOK, `"web-1 login: "`)
		for _, turn := range []struct {
			action, during, after string
			takes                 time.Duration
		}{
			{`{"reboot":{"type":"SOFT"}}`, "REBOOT rebooting", "ACTIVE", tm.Rebooting},
			{`{"os-stop":null}`, "ACTIVE powering-off", "SHUTOFF", tm.Stopping},
			{`{"os-start":null}`, "SHUTOFF powering-on", "ACTIVE", tm.Starting},
			{`{"reboot":{"type":"HARD"}}`, "HARD_REBOOT rebooting_hard", "ACTIVE", tm.Rebooting},
			{`{"rebuild":{"imageRef":"` + b.w.file.Images[1].ID + `"}}`, "REBUILD rebuilding", "ACTIVE", tm.Spawning},
		} {
			b.do("POST", compute+"/servers/"+id+"/action", turn.action).want(t, http.StatusAccepted, "")
			b.expect(id, turn.during)
			b.do("POST", compute+"/servers/"+id+"/action", turn.action).want(t, http.StatusConflict, "Cannot '")
			time.Sleep(turn.takes)
			b.expect(id, turn.after)
		}
		if again := b.room.machine(id); !m.down || m.reboots != 1 || again.spec.Image != b.w.file.Images[1].Tree {
			t.Errorf("machines: first down %v, rebooted %d times; last %+v", m.down, m.reboots, again.spec)
		}
		b.do("DELETE", compute+"/servers/"+id, nil).want(t, http.StatusNoContent, "")
		b.expect(id, "ACTIVE deleting")
		b.do("DELETE", compute+"/servers/"+id, nil).want(t, http.StatusNoContent, "")
		time.Sleep(tm.Deleting)
		b.expect(id, "404")
		if !b.room.machine(id).down {
			t.Error("the machine of a deleted server runs on")
		}
		a = b.do("GET", compute+"/servers/detail?changes-since=2000-01-01T00:00:00Z", nil)
		if a.str("servers", 0, "status") != "DELETED" {
			t.Errorf("changes-since does not tell of the deletion: %s", a.text)
		}
	})
}

// TestBootPanics: what brings the boot of a machine down puts its server into ERROR, and the next boots.
func TestBootPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "", 0)
		defer b.end()
		b.w.boot = func(context.Context, machineSpec) (machine, error) { panic("a user-data nobody thought of") }
		b.expect(b.create(b.w, "web-1"), "ERROR")
		b.w.boot = b.room.boot
		b.expect(b.create(b.w, "web-2"), "ACTIVE")
	})
}

// A server that is stopped, or rebooted softly, ends what it runs by itself, if it does so in time. One
// that is rebooted hard, or deleted, is not asked.
func TestPowerOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "", 0)
		id := b.create(b.w, "web-1")
		b.expect(id, "ACTIVE")
		m := b.room.machine(id)
		act := func(action, during, after string, offs int) {
			t.Helper()
			b.do("POST", compute+"/servers/"+id+"/action", action).want(t, http.StatusAccepted, "")
			b.expect(id, during)
			if during != after {
				time.Sleep(settleTimeout)
				b.expect(id, after)
			}
			if m.offs != offs {
				t.Errorf("%s: asked %d times, want %d", action, m.offs, offs)
			}
		}
		act(`{"reboot":{"type":"HARD"}}`, "ACTIVE", "ACTIVE", 0)
		act(`{"reboot":{"type":"SOFT"}}`, "ACTIVE", "ACTIVE", 1)
		m.slow = true
		act(`{"reboot":{"type":"SOFT"}}`, "REBOOT rebooting", "ACTIVE", 2)
		act(`{"os-stop":null}`, "ACTIVE powering-off", "SHUTOFF", 3)
		if !m.down {
			t.Error("a machine that does not end by itself runs on")
		}
		act(`{"os-start":null}`, "ACTIVE", "ACTIVE", 3)
		m, other := b.room.machine(id), b.create(b.w, "web-2")
		b.expect(other, "ACTIVE")
		n := b.room.machine(other)
		m.slow, n.slow = true, true
		b.do("DELETE", compute+"/servers/"+other, nil).want(t, http.StatusNoContent, "")
		b.expect(other, "404")
		third := b.create(b.w, "web-3")
		b.expect(third, "ACTIVE")
		b.room.machine(third).slow = true
		began := time.Now()
		b.end()
		if n.offs != 0 || m.offs != 1 || b.room.machine(third).offs != 1 || time.Since(began) != settleTimeout {
			t.Errorf("at the end: deleted asked %d times, the others %d and %d, in %s", n.offs, m.offs, b.room.machine(third).offs, time.Since(began))
		}
	})
}

func TestDeleteWhileBuilding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "", 1)
		defer b.end()
		id := b.create(b.w, "web-1")
		time.Sleep(b.w.file.Timing.Scheduling)
		synctest.Wait()
		b.do("DELETE", compute+"/servers/"+id, nil).want(t, http.StatusNoContent, "")
		b.expect(id, "BUILD deleting")
		time.Sleep(time.Hour)
		b.expect(id, "404")
		if b.room.machine(id) != nil {
			t.Error("a server deleted while it was building was booted")
		}
	})
}

func TestBootFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "", 1,
			fault.Rule{At: fault.BootError, Match: "^bad", Count: 1},
			fault.Rule{At: fault.BootSlow, Match: "^slow", Delay: time.Hour},
			fault.Rule{At: fault.Quota, Match: "^much"})
		defer b.end()
		tm := b.w.file.Timing
		b.do("POST", compute+"/servers", orderBody(b.w, "much", nil)).want(t, http.StatusForbidden, "Quota exceeded for instances")
		bad, slow := b.create(b.w, "bad-1"), b.create(b.w, "slow-1")
		time.Sleep(tm.Scheduling + tm.Networking + tm.Spawning)
		b.expect(bad, "ERROR")
		a := b.do("GET", compute+"/servers/"+bad, nil)
		if a.str("server", "fault", "message") != noValidHost {
			t.Errorf("fault = %v", a.at("server", "fault"))
		}
		b.expect(slow, "BUILD spawning")
		time.Sleep(time.Hour)
		b.expect(slow, "ACTIVE")
		b.room.err = errors.New("no space left on device")
		sick := b.create(b.w, "sick-1")
		time.Sleep(time.Hour)
		b.expect(sick, "ERROR")
		a = b.do("GET", compute+"/servers/"+sick, nil)
		if !strings.Contains(a.str("server", "fault", "message"), "no space left") {
			t.Errorf("fault = %v", a.at("server", "fault"))
		}
	})
}

// freeze is what a kill at this moment leaves behind: the files, and nothing of the process.
func freeze(t *testing.T, dir, copied string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, stateFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(copied, stateFile), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestKilledAtAnyState(t *testing.T) {
	for _, k := range []struct {
		name  string
		after time.Duration
		was   string
		to    string
	}{
		{"just created", 0, "BUILD scheduling", "ACTIVE"},
		{"networking", 3 * time.Second, "BUILD networking", "ACTIVE"},
		{"spawning", 10 * time.Second, "BUILD spawning", "ACTIVE"},
		{"active", time.Hour, "ACTIVE", "ACTIVE"},
	} {
		t.Run(k.name, func(t *testing.T) {
			dir, copied := t.TempDir(), t.TempDir()
			var id string
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, dir, 1)
				defer b.end()
				id = b.create(b.w, "web-1")
				time.Sleep(k.after)
				b.expect(id, k.was)
				freeze(t, dir, copied)
			})
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, copied, 1)
				defer b.end()
				b.expect(id, k.was)
				time.Sleep(time.Hour)
				b.expect(id, k.to)
				if n := len(b.do("GET", compute+"/servers", nil).at("servers").([]any)); n != 1 {
					t.Errorf("%d servers after the restart, want 1", n)
				}
				if !slices.ContainsFunc(b.room.specs, func(s machineSpec) bool { return s.ID == id }) {
					t.Error("the machine was not booted")
				}
			})
		})
	}
}

func TestKilledWhileDeleting(t *testing.T) {
	dir, copied := t.TempDir(), t.TempDir()
	var id string
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, dir, 1)
		defer b.end()
		id = b.create(b.w, "web-1")
		time.Sleep(time.Hour)
		b.do("DELETE", compute+"/servers/"+id, nil)
		freeze(t, dir, copied)
	})
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, copied, 1)
		defer b.end()
		b.expect(id, "ACTIVE deleting")
		time.Sleep(time.Hour)
		b.expect(id, "404")
	})
}
