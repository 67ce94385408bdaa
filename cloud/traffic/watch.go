// Package traffic asks a web site again and again who answers, counts the answers, and reads what its
// load balancer says of itself.
//
// It asks only while somebody looks ([Watcher.Want]), one request at a time and at most so many a
// second, and less and less often while nothing answers. It is pulled from, as [cloud.Poller] is: a
// reader waits in [Watcher.Next] and gets the newest snapshot. What it keeps is bounded, whatever the
// answers say.
package traffic

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"matou/cloud"
)

// least is the shortest time between two requests: the site is other people's too.
const least = 100 * time.Millisecond

// How long a site is left alone that does not answer: the first failures are looked at closely, for
// this is what a step in the middle of its work looks like.
const (
	closely  = 5               // failures in a row that are asked after at the usual pace
	slowest  = 3 * time.Second // between two requests to a site that does not answer
	wayFirst = 2 * time.Second // after a failure to reach the host we ask from: that may be a login
	wayLast  = 20 * time.Second
)

// Options say what is watched.
type Options struct {
	// Site is what to ask now; another URL begins a new count. The error says why there is nothing to
	// ask yet. It is called before each request, and returns at once.
	Site func() (Site, error)
	// Every is the time between two requests, 100 ms at the least; zero: 500 ms. Stats is that between
	// two looks at the statistics; zero: 2 s.
	Every, Stats time.Duration
	// Beside says that somebody else asks the same site. In step with them, of servers that take turns each
	// would only ever meet every other one: the time between two requests is left to chance, a little
	// longer than Every on average.
	Beside bool
}

// Watcher asks a site who answers.
type Watcher struct {
	o Options

	mu      sync.Mutex
	now     tally
	want    bool
	changed chan struct{} // closed when now has changed
	turned  chan struct{} // closed when want has

	woken [2]chan struct{} // of the requests, and of the looks at the statistics
}

// New makes a watcher. It asks nothing before it runs and somebody wants it to.
func New(o Options) *Watcher {
	if o.Every <= 0 {
		o.Every = 500 * time.Millisecond
	}
	o.Every = max(o.Every, least)
	if o.Stats <= 0 {
		o.Stats = 2 * time.Second
	}
	w := &Watcher{o: o, now: tally{cloud.Traffic{Site: -1}}, changed: make(chan struct{}), turned: make(chan struct{})}
	w.woken = [2]chan struct{}{make(chan struct{}, 1), make(chan struct{}, 1)}
	return w
}

// Want says whether somebody looks. A request under way is not waited for: it ends by itself.
func (w *Watcher) Want(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.want != on {
		w.want = on
		close(w.turned)
		w.turned = make(chan struct{})
	}
}

// Wake ends the pause that failures have made longer and longer: something has been done about them. The
// next request comes no sooner after the last one than it would from a site that answers.
func (w *Watcher) Wake() {
	for _, c := range w.woken {
		select {
		case c <- struct{}{}:
		default: // it is about to wake
		}
	}
}

// Reset begins a new count.
func (w *Watcher) Reset() {
	w.update(func(t *tally) bool {
		t.Traffic = cloud.Traffic{
			Version: t.Version, Site: t.Site, URL: t.URL, Err: t.Err, Stats: t.Stats, StatsAt: t.StatsAt, StatsErr: t.StatsErr,
		}
		return true
	})
}

// Next waits until there is something newer than a version, and returns it.
func (w *Watcher) Next(ctx context.Context, version int) (cloud.Traffic, error) {
	for {
		w.mu.Lock()
		now, changed := w.now.Traffic, w.changed
		w.mu.Unlock()
		if now.Version > version {
			return now, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return cloud.Traffic{}, ctx.Err()
		}
	}
}

// Run asks until ctx ends. It returns when nothing of it runs any more.
func (w *Watcher) Run(ctx context.Context) {
	var running sync.WaitGroup
	running.Go(func() { w.loop(ctx, w.woken[0], w.asker()) })
	running.Go(func() { w.loop(ctx, w.woken[1], w.reader()) })
	running.Wait()
}

// loop does something while somebody looks, with the pauses it asks for. A pause holds whoever looks:
// to look away and back asks no faster. What wakes it cuts a pause short.
func (w *Watcher) loop(ctx context.Context, wake <-chan struct{}, do func(ctx context.Context, woken bool) time.Duration) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	woken, last := false, time.Time{}
	for {
		select {
		case <-timer.C:
		case <-wake:
			woken = true
			timer.Reset(max(0, w.o.Every-time.Since(last)))
			continue
		case <-ctx.Done():
			return
		}
		if !w.wanted(ctx) {
			return
		}
		timer.Reset(do(ctx, woken))
		woken, last = false, time.Now()
	}
}

// wanted waits until somebody looks, and tells whether that was before the end.
func (w *Watcher) wanted(ctx context.Context) bool {
	for {
		w.mu.Lock()
		want, turned := w.want, w.turned
		w.mu.Unlock()
		if want {
			return true
		}
		select {
		case <-turned:
		case <-ctx.Done():
			return false
		}
	}
}

// asker makes requests, and says how long to leave the site alone.
func (w *Watcher) asker() func(context.Context, bool) time.Duration {
	fails := 0
	return func(ctx context.Context, woken bool) time.Duration {
		if woken {
			fails = 0
		}
		site, ok := w.site()
		if !ok {
			fails = 0
			return w.o.Every
		}
		a := site.ask(ctx)
		if ctx.Err() != nil {
			return 0
		}
		w.update(func(t *tally) bool {
			if t.URL != site.URL || t.Site != site.Number { // it was about another site, or another server
				return false
			}
			t.add(a)
			return true
		})
		if a.Kind == "" {
			fails = 0
			return w.every()
		}
		fails++
		return backOff(a.Kind, fails, w.o.Every)
	}
}

// every is the time until the next request.
func (w *Watcher) every() time.Duration {
	if !w.o.Beside {
		return w.o.Every
	}
	return w.o.Every/2 + rand.N(2*w.o.Every)
}

// backOff is how long to wait after so many failures in a row.
func backOff(kind cloud.TroubleKind, fails int, every time.Duration) time.Duration {
	if kind == cloud.TroubleWay {
		return min(wayFirst<<min(fails-1, 10), wayLast)
	}
	if fails <= closely {
		return every
	}
	return max(every, min(every<<min(fails-closely, 10), slowest))
}

// reader reads the statistics, and says how long to wait for the next ones.
func (w *Watcher) reader() func(context.Context, bool) time.Duration {
	fails := 0
	return func(ctx context.Context, woken bool) time.Duration {
		if woken {
			fails = 0
		}
		site, ok := w.site()
		if !ok || site.Stats == "" {
			return w.o.Stats
		}
		rows, err := site.stats(ctx)
		if ctx.Err() != nil {
			return 0
		}
		w.update(func(t *tally) bool {
			if t.URL != site.URL || t.Site != site.Number {
				return false
			}
			t.read(rows, err)
			return true
		})
		if err == nil {
			fails = 0
			return w.o.Stats
		}
		fails++
		if errors.Is(err, ErrWay) {
			return min(wayFirst<<min(fails-1, 10), wayLast)
		}
		return w.o.Stats
	}
}

// read takes what was read of the statistics. What was known before is no longer true when there are
// none.
func (t *tally) read(rows []cloud.ProxyRow, err error) {
	t.Stats, t.StatsAt, t.StatsErr = rows, time.Now(), err
}

// site is what to ask now. A new one begins a new count.
func (w *Watcher) site() (Site, bool) {
	site, err := w.o.Site()
	w.update(func(t *tally) bool {
		switch {
		case err != nil && t.Err != nil && t.Err.Error() == err.Error():
			return false
		case err != nil:
			t.Traffic = cloud.Traffic{Version: t.Version, Site: -1, Err: err}
			return true
		case t.Err != nil || t.URL != site.URL || t.Site != site.Number:
			t.Traffic = cloud.Traffic{Version: t.Version, Site: site.Number, URL: site.URL}
			return true
		}
		return false
	})
	return site, err == nil
}

// update changes what is known, and tells those who wait when it did.
func (w *Watcher) update(change func(*tally) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !change(&w.now) {
		return
	}
	w.now.Version++
	close(w.changed)
	w.changed = make(chan struct{})
}

// Once asks a site so many times, one after the other, and reads its statistics.
func Once(ctx context.Context, site Site, requests int) cloud.Traffic {
	t := tally{cloud.Traffic{Site: site.Number, URL: site.URL}}
	for range requests {
		a := site.ask(ctx)
		if ctx.Err() != nil {
			break
		}
		t.add(a)
		if a.Kind == cloud.TroubleWay { // that does not get better by asking
			break
		}
	}
	if site.Stats != "" && ctx.Err() == nil {
		t.read(site.stats(ctx))
	}
	return t.Traffic
}
