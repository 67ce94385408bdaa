package steps

import (
	"context"
	"io"
	"sync"
)

// Batch is everything that happened since the last pull.
type Batch struct {
	State     State
	Events    []Event // all of them, in order
	Lines     []Line  // the newest; Dropped older ones are in the log on disk only
	Dropped   int
	Status    map[ID]string // of each running step: what it is doing, in a few words
	Questions []Question    // all that wait for an answer, the oldest first
	Trouble   error         // the journal or the log can't be written: nil when all is well
}

// Feed is one reader's view of the engine. It is pulled from: nothing the engine does waits for a
// reader, however slow. Events are never lost; of lines the newest are kept.
type Feed struct {
	engine *Engine
	limit  int

	mu      sync.Mutex
	events  []Event
	lines   []Line
	dropped int
	dirty   bool
	signal  chan struct{}
}

// Next waits until there is something, and returns all of it. The first call returns at once with
// the state as it is. It ends with ctx's error, or with io.EOF when the engine has ended and
// everything was read.
func (f *Feed) Next(ctx context.Context) (Batch, error) {
	for {
		var b Batch
		f.mu.Lock()
		dirty := f.dirty
		b.Events, b.Lines, b.Dropped = f.events, f.lines, f.dropped
		f.events, f.lines, f.dropped, f.dirty = nil, nil, 0, false
		f.mu.Unlock()
		if extra := len(b.Lines) - f.limit; extra > 0 {
			b.Lines, b.Dropped = b.Lines[extra:], b.Dropped+extra
		}
		closed := f.engine.fill(&b)
		if dirty {
			return b, nil
		}
		if closed {
			return Batch{}, io.EOF
		}
		select {
		case <-f.signal:
		case <-ctx.Done():
			return Batch{}, ctx.Err()
		}
	}
}

// Close ends the feed; the engine forgets it.
func (f *Feed) Close() { f.engine.drop(f) }

func (f *Feed) addEvents(events []Event) {
	f.mu.Lock()
	f.events = append(f.events, events...)
	f.dirty = true
	f.mu.Unlock()
	f.wake()
}

// addLine keeps twice the limit at most before it lets go of the older half, so that a flood costs
// each line a constant amount.
func (f *Feed) addLine(l Line) {
	f.mu.Lock()
	if len(f.lines) >= 2*f.limit {
		f.dropped += copy(f.lines, f.lines[f.limit:])
		f.lines = f.lines[:f.limit]
	}
	f.lines = append(f.lines, l)
	f.dirty = true
	f.mu.Unlock()
	f.wake()
}

// touch says that something besides events and lines is new.
func (f *Feed) touch() {
	f.mu.Lock()
	f.dirty = true
	f.mu.Unlock()
	f.wake()
}

func (f *Feed) wake() {
	select {
	case f.signal <- struct{}{}:
	default:
	}
}
