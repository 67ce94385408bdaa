package cloud

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// lister answers with what it holds, and remembers when it was asked.
type lister struct {
	mu      sync.Mutex
	servers []Server
	err     error
	asked   []time.Time
}

func (l *lister) Servers(context.Context) ([]Server, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked = append(l.asked, time.Now())
	return append([]Server(nil), l.servers...), l.err
}

func (l *lister) set(err error, servers ...Server) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.servers, l.err = servers, err
}

func (l *lister) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.asked)
}

// poll runs p until the test is over.
func poll(t *testing.T, p *Poller) {
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { p.Run(ctx) })
	t.Cleanup(func() { cancel(); wg.Wait() })
}

func TestPollerPace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &lister{servers: []Server{{ID: "1", Status: StatusBuild}}}
		p := NewPoller(l)
		poll(t, p)
		time.Sleep(4 * time.Second)
		if n := l.count(); n != 3 {
			t.Errorf("asked %d times in the first 4 s of a boot", n)
		}
		time.Sleep(56 * time.Second)
		if n := l.count(); n > 13 {
			t.Errorf("asked %d times in the first minute of a boot", n)
		}
		// Another boot is followed as closely as the first was.
		l.set(nil, Server{ID: "1", Status: StatusBuild}, Server{ID: "2", Status: StatusBuild})
		p.Wake()
		synctest.Wait()
		before := l.count()
		time.Sleep(4 * time.Second)
		if n := l.count() - before; n != 2 {
			t.Errorf("asked %d times in the first 4 s of the next boot", n)
		}
		l.set(nil, Server{ID: "1", Status: StatusActive}, Server{ID: "2", Status: StatusActive})
		p.Wake()
		synctest.Wait()
		before = l.count()
		time.Sleep(time.Minute + time.Millisecond)
		if n := l.count() - before; n != 4 {
			t.Errorf("asked %d times in a quiet minute", n)
		}
		before = l.count()
		p.Wake()
		synctest.Wait()
		if l.count() != before+1 {
			t.Error("Wake didn't ask at once")
		}
	})
}

func TestPollerBacksOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &lister{err: errors.New("away")}
		p := NewPoller(l)
		poll(t, p)
		time.Sleep(2*time.Minute + time.Millisecond)
		// After 2, 4, 8 s, and then each 15 s.
		if n := l.count(); n != 4+7 {
			t.Errorf("asked %d times in two bad minutes", n)
		}
	})
}

func TestPollerSnapshots(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := NewPoller(nil)
		poll(t, p)
		synctest.Wait()
		if s := p.Snapshot(); s.Version != 0 || s.Err != nil {
			t.Errorf("before anybody logged in: %+v", s)
		}
		l := &lister{servers: []Server{{ID: "b", Name: "web"}, {ID: "a", Name: "puppet"}}}
		p.Use(l)
		first, err := p.Next(t.Context(), 0)
		if err != nil || first.Version != 1 || len(first.Servers) != 2 || first.Servers[0].Name != "puppet" {
			t.Fatalf("got %+v, %v", first, err)
		}

		// The same list is no news; a failure is, and keeps what was known.
		p.Wake()
		synctest.Wait()
		if s := p.Snapshot(); s.Version != 1 {
			t.Errorf("version %d though nothing changed", s.Version)
		}
		away := errors.New("away")
		l.set(away)
		p.Wake()
		bad, err := p.Next(t.Context(), first.Version)
		if err != nil || !errors.Is(bad.Err, away) || len(bad.Servers) != 2 || !bad.At.Equal(first.At) {
			t.Errorf("got %+v, %v", bad, err)
		}
		p.Wake()
		synctest.Wait()
		if s := p.Snapshot(); s.Version != bad.Version {
			t.Error("the same failure counts as news")
		}
		l.set(nil, Server{ID: "a", Name: "puppet"})
		p.Wake()
		good, err := p.Next(t.Context(), bad.Version)
		if err != nil || good.Err != nil || len(good.Servers) != 1 {
			t.Errorf("got %+v, %v", good, err)
		}

		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if _, err := p.Next(ctx, good.Version); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("waiting for news that don't come gives %v", err)
		}
	})
}

// TestPollerWatch: one server is followed through the polls that are made for all.
func TestPollerWatch(t *testing.T) {
	t.Parallel()
	build, active := Server{ID: "1", Status: StatusBuild, TaskState: "spawning"}, Server{ID: "1", Status: StatusActive}
	synctest.Test(t, func(t *testing.T) {
		l := &lister{}
		p := NewPoller(l)
		poll(t, p)
		synctest.Wait()
		watch := func(ctx context.Context) (seen []Status, err error) {
			p.Wake()
			err = p.Watch(ctx, "1", func(s Server) { seen = append(seen, s.Status) })
			return seen, err
		}
		l.set(nil, build)
		go func() { time.Sleep(10 * time.Second); l.set(nil, active) }()
		before := l.count()
		seen, err := watch(t.Context())
		if err != nil || seen[0] != StatusBuild || seen[len(seen)-1] != StatusActive {
			t.Errorf("saw %v, %v", seen, err)
		}
		if n := l.count() - before; n > len(seen)+1 {
			t.Errorf("%d looks, and %d requests", len(seen), n)
		}
		// What is not there, or can't be seen, is the caller's to find out about.
		l.set(nil)
		p.Wake()
		synctest.Wait()
		if seen, err := watch(t.Context()); err != nil || len(seen) != 0 {
			t.Errorf("saw %v of a server that is gone, %v", seen, err)
		}
		l.set(errors.New("away"))
		p.Wake()
		synctest.Wait()
		if _, err := watch(t.Context()); err != nil {
			t.Error(err)
		}
		l.set(nil, build)
		p.Wake()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := watch(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after a minute: %v", err)
		}
	})
	if err := NewPoller(nil).Watch(t.Context(), "1", nil); err != nil {
		t.Error(err)
	}
}
