package tui_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"matou/cloud"
	"matou/tui"
)

// nova is a cloud that answers about single servers.
func nova(deleted *[]string) change {
	return with(func(o *tui.Options) {
		o.Server = func(_ context.Context, id string) (cloud.Server, error) {
			if strings.Contains(id, "a1fa") {
				return cloud.Server{}, errors.New("503")
			}
			return cloud.Server{ID: id, Properties: []cloud.Property{{Name: "id", Value: id}, {Name: "OS-EXT-STS:vm_state", Value: "active"}, {Name: "wide", Value: strings.Repeat("w", 200) + "!"}}}, nil
		}
		o.Console = func(_ context.Context, id string) (string, error) {
			return strings.Repeat("[ 0.0] kernel\r\n", 100) + "cloud-init \x1b]0;evil\adone\r\n\r\n", nil
		}
		o.Delete = func(_ context.Context, id string) error { *deleted = append(*deleted, id); return nil }
	})
}

func TestServerHabits(t *testing.T) {
	t.Parallel()
	servers := func(t *testing.T, o *tui.Options) {
		withServers(t, server("autre-03", cloud.StatusActive, "", "158.69.78.12", time.Hour, nil),
			server("web-07", cloud.StatusActive, "", "158.69.78.13", time.Minute, mine),
			server("zoo", cloud.StatusError, "", "10.0.0.9", time.Second, mine))(t, o)
	}
	at := func(f *fixture) { f.Press("tab", "tab") }
	before := func(f *fixture, a, b string) {
		f.t.Helper()
		if s := f.Screen(); strings.Index(s, a) > strings.Index(s, b) {
			f.t.Fatalf("%s comes after %s:\n%s", a, b, s)
		}
	}
	play(t, "sorted by column, either way", 80, 24, func(f *fixture) {
		at(f)
		before(f, "autre-03", "zoo")
		f.Press("X")
		f.Sees("Nom ↓", "Trié par : Nom")
		before(f, "zoo", "autre-03")
		f.Press("x", "x", "x")
		f.Sees("Adresse ↑")
		before(f, "zoo", "autre-03")
		f.Press("x", "x")
		f.Sees("Dans l'ordre de nova")
	}, servers)
	play(t, "filtered", 80, 24, func(f *fixture) {
		at(f)
		f.Press("&")
		f.Type("error|13")
		f.Press("enter")
		f.Sees("web-07", "zoo")
		f.SeesNot("autre-03")
		f.Press("esc")
		f.Sees("autre-03")
	}, servers)
	play(t, "the selected one stays selected", 80, 24, func(f *fixture) {
		at(f)
		f.Press("down", "X", "y")
		f.Sees("ID de web-07")
		f.Press("enter")
		if !strings.Contains(f.Clipboard, "w1fa") {
			f.t.Errorf("clipboard %q", f.Clipboard)
		}
	}, servers)
	var deleted []string
	play(t, "details, console, deleting only one's own", 80, 24, func(f *fixture) {
		at(f)
		f.Press("enter")
		f.Sees("503") // autre-03
		f.Press("esc", "d")
		f.Sees("pas été créé à cette place")
		f.Press("down", "enter")
		f.Sees("nova show web-07", "| OS-EXT-STS:vm_state | active", "Copier l'ID")
		f.SeesNot("!")
		for range 30 {
			f.Press("right")
		}
		f.Sees("w!")
		f.Press("v")
		f.Sees("nova console-log web-07", "cloud-init done")
		f.Press("g")
		f.SeesNot("cloud-init done")
		f.Press("esc", "d")
		f.Sees("Supprimer web-07 ?", "[ Annuler (n) ]")
		f.Press("enter")
		if len(deleted) > 0 {
			f.t.Fatal("deleted although it was canceled")
		}
		f.Press("d", "o")
		f.Sees("web-07 a disparu")
		if len(deleted) != 1 || !strings.Contains(deleted[0], "w1fa") {
			f.t.Errorf("deleted %q", deleted)
		}
	}, servers, nova(&deleted))
	play(t, "a server says how long it should take, and is late in time", 80, 24, func(f *fixture) {
		at(f)
		f.Sees("BUILD 0:30/0:40")
		early := f.Styled()
		f.Wait(15 * time.Second)
		f.Sees("BUILD 0:45/0:40")
		if strings.Count(early, "BUILD") != 1 {
			f.t.Error("one server, one status")
		}
	}, withServer(func() cloud.Server {
		return server("web-07", cloud.StatusBuild, "spawning", "", 30*time.Second, map[string]string{
			cloud.MetaSeat: "07", cloud.MetaWorkshop: "cats", cloud.MetaStep: "boot",
		})
	}))
	l := &lister{}
	play(t, "what changes is highlighted for a while", 120, 36, func(f *fixture) {
		f.Wait(time.Second)
		calm := f.Styled()
		l.mu.Lock()
		l.servers = []cloud.Server{server("web-07", cloud.StatusActive, "", "", time.Hour, nil)}
		l.mu.Unlock()
		f.Wait(20 * time.Second) // an idle list is asked for rarely
		f.Sees("web-07")
		settled := f.Styled()
		l.mu.Lock()
		l.servers = []cloud.Server{server("web-07", cloud.StatusShutoff, "", "", time.Hour, nil)}
		l.mu.Unlock()
		bright := ""
		for range 40 {
			f.Wait(500 * time.Millisecond)
			if s := f.Styled(); bright == "" && strings.Contains(s, "SHUTOFF") {
				bright = s
			}
		}
		f.Wait(10 * time.Second)
		if calm == settled || bright == "" || bright == f.Styled() {
			f.t.Error("a change looks like no change")
		}
	}, func(t *testing.T, o *tui.Options) {
		p := cloud.NewPoller(l)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); p.Run(ctx) }()
		t.Cleanup(func() { cancel(); <-done })
		o.Servers = p
	})
}
