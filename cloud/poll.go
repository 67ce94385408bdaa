package cloud

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// Lister answers with all servers of the project.
type Lister interface {
	Servers(ctx context.Context) ([]Server, error)
}

// Snapshot is what one poll saw. Err is set when the last poll failed; Servers then still holds
// what the last good one saw, and At when that was.
type Snapshot struct {
	Servers []Server
	At      time.Time
	Err     error
	Version int // grows with each poll that changed anything shown
}

// Poller keeps one list of servers fresh for any number of readers: one request at a time for the
// whole program, often while something changes, rarely otherwise. It is pulled from: a reader waits
// in [Poller.Next] and gets the newest snapshot, never a queue of old ones.
type Poller struct {
	// Pace says how long to wait between two polls while something changes, given for how long the
	// latest of it has been changing. Nil: [Pace].
	Pace    func(elapsed time.Duration) time.Duration
	Idle    time.Duration // how long between two polls otherwise; zero: 15 s
	Timeout time.Duration // of one poll; zero: 20 s

	mu      sync.Mutex
	lister  Lister
	fails   int                  // polls in a row that failed
	busy    map[string]time.Time // since when the servers that change have been seen to
	now     Snapshot
	changed chan struct{}
	polled  chan struct{} // closed after each poll
	wake    chan struct{}
}

// Pace is how often to look at servers that change: soon at first, when much happens and some are
// done in seconds, and then less and less often. Over a boot of a minute it makes fewer requests
// than looking every 5 s does.
func Pace(elapsed time.Duration) time.Duration {
	return min(1500*time.Millisecond+elapsed/4, 7*time.Second)
}

// NewPoller makes a poller. Lister may be nil until [Poller.Use] gives one: there is nothing to
// ask before somebody has logged in.
func NewPoller(lister Lister) *Poller {
	return &Poller{lister: lister, changed: make(chan struct{}), polled: make(chan struct{}), wake: make(chan struct{}, 1)}
}

// Use sets what is asked from now on, and asks it at once.
func (p *Poller) Use(lister Lister) {
	p.mu.Lock()
	p.lister = lister
	p.mu.Unlock()
	p.Wake()
}

// Wake asks now: something is known to have changed.
func (p *Poller) Wake() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Snapshot is what is known now.
func (p *Poller) Snapshot() Snapshot {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

// Next waits until there is a snapshot newer than version, and returns it.
func (p *Poller) Next(ctx context.Context, version int) (Snapshot, error) {
	for {
		p.mu.Lock()
		now, changed := p.now, p.changed
		p.mu.Unlock()
		if now.Version > version {
			return now, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Snapshot{}, ctx.Err()
		}
	}
}

// Watch follows one server through the polls that are made anyway, and calls seen with each that has
// it. Who has just made it calls [Poller.Wake] before. It returns nil as soon as there is reason to look
// at the server itself: nothing more is being done to it, it is in the list no more, or the list could
// not be had.
func (p *Poller) Watch(ctx context.Context, id string, seen func(Server)) error {
	missing := 0
	for {
		p.mu.Lock()
		now, polled, lister := p.now, p.polled, p.lister
		p.mu.Unlock()
		if lister == nil || now.Err != nil {
			return ctx.Err()
		}
		if i := slices.IndexFunc(now.Servers, func(s Server) bool { return s.ID == id }); i >= 0 {
			s := now.Servers[i]
			seen(s)
			if !s.busy() {
				return nil
			}
		} else if missing++; missing > 2 { // what is known may be old, and a poll under way older than id
			return nil
		} else if missing > 1 {
			p.Wake()
		}
		select {
		case <-polled:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// busy tells whether the server is about to change by itself.
func (s Server) busy() bool { return !s.Status.Settled() || s.TaskState != "" }

// Run polls until ctx ends.
func (p *Poller) Run(ctx context.Context) {
	for {
		timer := time.NewTimer(p.poll(ctx))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-p.wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// poll asks once and says how long to wait before the next time.
func (p *Poller) poll(ctx context.Context) time.Duration {
	idle, limit := orElse(p.Idle, 15*time.Second), orElse(p.Timeout, 20*time.Second)
	p.mu.Lock()
	lister := p.lister
	p.mu.Unlock()
	if lister == nil {
		return idle
	}
	asking, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	servers, err := lister.Servers(asking)
	if ctx.Err() != nil {
		return idle // Run is over: that is no news of the cloud
	}
	SortServers(servers)

	p.mu.Lock()
	defer p.mu.Unlock()
	next := Snapshot{Servers: servers, At: time.Now(), Err: err, Version: p.now.Version}
	if err != nil {
		next.Servers, next.At = p.now.Servers, p.now.At
	}
	if next.Version == 0 || !sameError(err, p.now.Err) || !slices.EqualFunc(next.Servers, p.now.Servers, sameServer) {
		next.Version++
		close(p.changed)
		p.changed = make(chan struct{})
	}
	p.now = next
	close(p.polled)
	p.polled = make(chan struct{})
	if err != nil {
		// A cloud in trouble is asked less and less often, but never less than an idle one.
		p.fails = min(p.fails+1, 5)
		return min(time.Second<<p.fails, max(idle, time.Second))
	}
	p.fails = 0
	return p.pause(idle)
}

// pause is how long to wait after a poll that went well. The lock is held.
func (p *Poller) pause(idle time.Duration) time.Duration {
	before, now := p.busy, time.Now()
	p.busy = map[string]time.Time{}
	elapsed := time.Duration(-1)
	for _, s := range p.now.Servers {
		if !s.busy() {
			continue
		}
		since, known := before[s.ID]
		if !known {
			since = now
		}
		p.busy[s.ID] = since
		if e := now.Sub(since); elapsed < 0 || e < elapsed {
			elapsed = e
		}
	}
	switch {
	case elapsed < 0:
		return idle
	case p.Pace != nil:
		return p.Pace(elapsed)
	}
	return Pace(elapsed)
}

func orElse(d, fallback time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return fallback
}

func sameError(a, b error) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return a.Error() == b.Error()
}

func sameServer(a, b Server) bool {
	return a.ID == b.ID && a.Name == b.Name && a.Status == b.Status && a.TaskState == b.TaskState &&
		a.PowerState == b.PowerState && a.Updated.Equal(b.Updated) &&
		slices.Equal(a.Addresses, b.Addresses) && maps.Equal(a.Metadata, b.Metadata)
}
