package sandbox

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// TestChurn does random things to servers at random moments. Whatever the order: no address is
// given twice, and when all is quiet each server is in a state that stays.
func TestChurn(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, "", 1)
			defer b.end()
			r := rand.New(rand.NewPCG(seed, 1))
			var ids []string
			for range 60 {
				id := "none"
				if len(ids) > 0 {
					id = ids[r.IntN(len(ids))]
				}
				one := compute + "/servers/" + id
				switch r.IntN(8) {
				case 0, 1:
					a := b.do("POST", compute+"/servers", orderBody(b.w, fmt.Sprintf("s-%d", len(ids)), nil))
					if id := a.str("server", "id"); id != "" {
						ids = append(ids, id)
					}
				case 2:
					b.do("DELETE", one, nil)
				case 3:
					b.do("POST", one+"/action", `{"os-stop":null}`)
				case 4:
					b.do("POST", one+"/action", `{"os-start":null}`)
				case 5:
					b.do("POST", one+"/action", `{"reboot":{"type":"HARD"}}`)
				case 6:
					b.do("POST", one+"/action", `{"rebuild":{"imageRef":"`+b.w.file.Images[0].ID+`"}}`)
				case 7:
					time.Sleep(time.Duration(r.IntN(30)) * time.Second)
				}
				synctest.Wait()
			}
			time.Sleep(time.Hour)
			synctest.Wait()
			b.quiet(seed)
		})
	}
}

// quiet checks the invariants of a world in which nothing happens any more.
func (b *bench) quiet(seed uint64) {
	b.t.Helper()
	b.w.mu.Lock()
	defer b.w.mu.Unlock()
	taken := map[netip.Addr]string{}
	for id, in := range b.w.servers {
		if other := taken[in.Address]; other != "" {
			b.t.Errorf("seed %d: %s and %s have %s", seed, id, other, in.Address)
		}
		taken[in.Address] = id
		m := b.room.machine(id)
		running := in.machine != nil
		switch {
		case in.Task != "":
			b.t.Errorf("seed %d: %s is stuck in %s", seed, id, in.Task)
		case in.status() == "ACTIVE" && (!running || m.down), in.status() == "SHUTOFF" && (running || !m.down):
			b.t.Errorf("seed %d: %s is %s, machine running %v", seed, id, in.status(), running)
		case in.status() != "ACTIVE" && in.status() != "SHUTOFF":
			b.t.Errorf("seed %d: %s is %s", seed, id, in.status())
		}
	}
	for _, in := range b.w.gone {
		if m := b.room.machine(in.ID); m != nil && !m.down {
			b.t.Errorf("seed %d: the machine of %s runs on", seed, in.ID)
		}
	}
}

// TestFolderVanishes takes the folder away and gives it back: the world runs on, says so, and keeps
// itself again as soon as it can.
func TestFolderVanishes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, dir, 0)
		defer b.end()
		if err := os.Rename(dir, dir+".away"); err != nil {
			t.Fatal(err)
		}
		b.create(b.w, "web-1")
		synctest.Wait()
		if b.w.store.problem() == nil {
			t.Error("no trouble without a folder")
		}
		if err := os.Rename(dir+".away", dir); err != nil {
			t.Fatal(err)
		}
		b.create(b.w, "web-2")
		synctest.Wait()
		if err := b.w.store.problem(); err != nil {
			t.Errorf("trouble stays: %v", err)
		}
	})
}
