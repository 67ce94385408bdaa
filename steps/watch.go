package steps

import (
	"context"
	"errors"
	"io/fs"
	"time"
)

// watchEvery is how often who only reads looks what the other program has done, and whether it is there.
const watchEvery = time.Second

// watch follows the journal of another program.
func (e *Engine) watch(ctx context.Context) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case r := <-e.inbox:
			r.reply <- &Refusal{Code: RefusedReadOnly}
		case <-tick.C:
			if e.o.Journal == nil {
				continue
			}
			e.follow()
			e.lookFree()
		case <-ctx.Done():
			return nil
		}
	}
}

// follow shows what the other program has added. Before it has begun there is no journal, which is
// no trouble; when it has put an old one aside, the state begins anew.
func (e *Engine) follow() {
	events, err := e.o.Journal.Refresh()
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(events) > 0 && len(events) == len(e.o.Journal.Events()) {
		e.state = Replay(e.w, nil)
	}
	if len(events) > 0 {
		e.show(events)
	}
	if (err == nil) != (e.trouble == nil) {
		for f := range e.feeds {
			f.touch()
		}
	}
	e.trouble = err
}

// lookFree finds out whether the other program still holds the seat. What can't be found out stays as it
// was: nobody is told that a seat is free which may not be.
func (e *Engine) lookFree() {
	holder, held, err := e.o.Journal.Held()
	if err != nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.free == !held && (holder.PID == 0 || holder.String() == e.holder.String()) { // a new one says who it is a moment later
		return
	}
	e.free, e.holder = !held, holder
	for f := range e.feeds {
		f.touch()
	}
}
