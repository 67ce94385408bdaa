package remote

import (
	"context"
	"sync"
	"time"
)

// watchdog closes a connection whose handshake stalls, or whose caller left: x/crypto's handshake
// takes no context, and a connection through another hop has no deadlines in x/crypto. The clock
// can be stopped while a person thinks.
type watchdog struct {
	limit time.Duration
	bite  func()
	unctx func() bool

	mu     sync.Mutex
	timer  *time.Timer
	paused int
	bitten bool
	over   bool
}

func newWatchdog(ctx context.Context, limit time.Duration, bite func()) *watchdog {
	w := &watchdog{limit: limit, bite: bite}
	w.timer = time.AfterFunc(limit, w.late)
	w.unctx = context.AfterFunc(ctx, bite)
	return w
}

func (w *watchdog) late() {
	w.mu.Lock()
	bites := w.paused == 0 && !w.over
	w.bitten = w.bitten || bites
	w.mu.Unlock()
	if bites {
		w.bite()
	}
}

// pause stops the clock until the function it returns is called; the full time is left then.
func (w *watchdog) pause() (resume func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.paused++
	w.timer.Stop()
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.paused--; w.paused == 0 && !w.over {
			w.timer.Reset(w.limit)
		}
	}
}

// stop calls the dog off and tells whether it had bitten because of the time.
func (w *watchdog) stop() (late bool) {
	w.unctx()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
	w.timer.Stop()
	return w.bitten
}
