package steps

import (
	"context"
	"io"
	"maps"
	"slices"
	"sync"
)

// Batch is everything that happened since the last pull.
type Batch struct {
	State     State
	Events    []Event // all of them, in order
	Lines     []Line  // the newest; Dropped older ones are in the log on disk only
	Dropped   int
	Status    map[ID]Phrase // of each running step: what it is doing, in a few words
	Questions []Question    // all that wait for an answer, the oldest first
	Trouble   error         // the journal or the log can't be written: nil when all is well
	Free      bool          // for who only reads: nobody holds the seat any more
	Holder    Holder        // for who only reads: who holds it, once that was looked at
}

// Feed is one reader's view of the engine. It is pulled from: nothing the engine does waits for a
// reader, however slow. Events are never lost; of lines the newest are kept.
type Feed struct {
	engine *Engine
	limit  int

	mu      sync.Mutex
	events  []Event
	lines   []Line // a ring, once there are limit of them
	oldest  int    // in lines
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
		oldest := f.oldest
		f.events, f.lines, f.oldest, f.dropped, f.dirty = nil, nil, 0, 0, false
		f.mu.Unlock()
		if oldest > 0 {
			b.Lines = slices.Concat(b.Lines[oldest:], b.Lines[:oldest])
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

// addLine keeps the newest lines.
func (f *Feed) addLine(l Line) {
	f.mu.Lock()
	if len(f.lines) < f.limit {
		f.lines = append(f.lines, l)
	} else {
		f.lines[f.oldest] = l
		f.oldest = (f.oldest + 1) % f.limit
		f.dropped++
	}
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

// Feed makes a reader. It keeps at most that many of the newest lines between two pulls.
func (e *Engine) Feed(lines int) *Feed {
	f := &Feed{engine: e, limit: max(1, lines), signal: make(chan struct{}, 1), dirty: true}
	f.wake()
	e.mu.Lock()
	e.feeds[f] = true
	e.mu.Unlock()
	return f
}

func (e *Engine) drop(f *Feed) {
	e.mu.Lock()
	delete(e.feeds, f)
	e.mu.Unlock()
}

// fill completes a batch with what is the engine's.
func (e *Engine) fill(b *Batch) (closed bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	b.State, b.Trouble, b.Free, b.Holder = e.state, e.trouble, e.free, e.holder
	if e.o.Log != nil && b.Trouble == nil {
		b.Trouble = e.o.Log.Trouble()
	}
	b.Status = maps.Clone(e.status)
	for _, q := range e.questions {
		b.Questions = append(b.Questions, q.Question)
	}
	return e.closed
}
