package openstack

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"

	"matou/cloud"
)

func TestWait(t *testing.T) {
	t.Parallel()
	build, active := fixture(t, "server-build"), fixture(t, "server-active-2.93")
	failed, deleting := fixture(t, "server-error-2.93"), fixture(t, "server-deleting")
	gone := "404 " + fixture(t, "server-unknown-404")
	spawning := with(t, build, "OS-EXT-STS:task_state", "spawning")
	stopped := with(t, active, "status", "SHUTOFF")
	tests := []struct {
		name  string
		looks []string
		want  error
		text  string
		seen  string
	}{
		{"builds", []string{build, spawning, active}, nil, "", "scheduling spawning "},
		{"is there already", []string{active}, nil, "", ""},
		{"fails", []string{build, failed}, cloud.ErrFault, "wait for giant: server is in ERROR: No valid host was found", "scheduling "},
		{"fails without a word", []string{with(t, failed, "fault", nil)}, cloud.ErrFault, "gives no reason", ""},
		{"is deleted", []string{build, deleting, gone}, cloud.ErrVanished, "it was deleted, it was ACTIVE (deleting)", "scheduling deleting"},
		{"was never there", []string{gone}, cloud.ErrVanished, "it was deleted", ""},
		{"is stopped", []string{stopped}, cloud.ErrConflict, "SHUTOFF", "  "},
		{"reboots", []string{with(t, active, "status", "REBOOT"), stopped, active}, nil, "", "  "},
		{"cloud stumbles", []string{build, "500 ", "503 <html>", "502 x", "200 nonsense", active}, nil, "", "scheduling "},
		{"cloud falls", []string{"500 out of memory"}, cloud.ErrUnavailable, "out of memory", ""},
		{"no right to", []string{"403 {}"}, cloud.ErrForbidden, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			f.series("GET", "/compute/v2.1/servers/1", tt.looks...)
			var seen []string
			s, err := f.client(t).Wait(t.Context(), "1", func(s cloud.Server) { seen = append(seen, s.TaskState) })
			if !errors.Is(err, tt.want) || err != nil && !strings.Contains(err.Error(), tt.text) {
				t.Errorf("got %v", err)
			}
			if err == nil && s.Status != cloud.StatusActive {
				t.Errorf("got %+v", s)
			}
			if got := strings.Join(seen, " "); got != tt.seen {
				t.Errorf("seen %q, want %q", got, tt.seen)
			}
		})
	}
}

// TestWaitOutlivesToken has the token expire while a server builds.
func TestWaitOutlivesToken(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	c := f.client(t)
	looks := 0
	f.handle("GET", "/compute/v2.1/servers/1", func(w http.ResponseWriter, _ *http.Request) {
		looks++
		f.mu.Lock()
		if looks == 2 {
			f.logins++
		}
		f.mu.Unlock()
		text := fixture(t, "server-build")
		if looks > 3 {
			text = fixture(t, "server-active")
		}
		_, _ = w.Write([]byte(text))
	})
	if _, err := c.Wait(t.Context(), "1", nil); err != nil {
		t.Error(err)
	}
	if f.asked("POST /identity") != 2 {
		t.Errorf("%d log-ins", f.asked("POST /identity"))
	}
	// The image's name is not known to this cloud; it is not asked for at each look.
	if n := f.asked("GET /image"); n != 1 {
		t.Errorf("%d requests for one image's name", n)
	}
}

// overdue is a context whose deadline passes when the test says so.
type overdue struct {
	context.Context
	once sync.Once
	done chan struct{}
}

func (o *overdue) expire()               { o.once.Do(func() { close(o.done) }) }
func (o *overdue) Done() <-chan struct{} { return o.done }
func (o *overdue) Err() error {
	select {
	case <-o.done:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

func TestWaitEnds(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	c := f.client(t)
	f.on("GET", "/compute/v2.1/servers/1", 200, fixture(t, "server-build"))
	late := &overdue{Context: t.Context(), done: make(chan struct{})}
	s, err := c.Wait(late, "1", func(cloud.Server) { late.expire() })
	if !errors.Is(err, cloud.ErrTimeout) || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "it was BUILD (scheduling)") {
		t.Errorf("got %v", err)
	}
	if s.Status != cloud.StatusBuild {
		t.Errorf("the last look is lost: %+v", s)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err = c.Wait(ctx, "1", func(cloud.Server) { cancel() })
	if !errors.Is(err, cloud.ErrCanceled) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestWaitGone(t *testing.T) {
	t.Parallel()
	deleting, failed := fixture(t, "server-deleting"), fixture(t, "server-error-2.93")
	gone := "404 " + fixture(t, "server-unknown-404")
	tests := []struct {
		name  string
		looks []string
		want  error
	}{
		{"goes", []string{deleting, deleting, gone}, nil},
		{"had failed", []string{failed, failed, gone}, nil},
		{"kept by the cloud for a while", []string{with(t, deleting, "status", "SOFT_DELETED")}, nil},
		{"can't be deleted", []string{deleting, failed}, cloud.ErrFault},
	}
	for _, tt := range tests {
		f := newFake(t)
		f.series("GET", "/compute/v2.1/servers/1", tt.looks...)
		if err := f.client(t).WaitGone(t.Context(), "1"); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
