package steps

import (
	"context"
	"errors"
	"io/fs"
	"time"
)

// watch follows the journal of another program.
func (e *Engine) watch(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
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
