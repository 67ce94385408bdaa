package remote

import "sync"

// bounded keeps the first limit bytes written to it and counts the others. It never fails, so that
// the command on the other side runs to its end.
type bounded struct {
	mu      sync.Mutex
	limit   int
	kept    []byte
	dropped int64
}

func (b *bounded) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := min(len(p), b.limit-len(b.kept))
	b.kept = append(b.kept, p[:n]...)
	b.dropped += int64(len(p) - n)
	return len(p), nil
}

// take returns what was kept, and ends the keeping.
func (b *bounded) take() ([]byte, int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	kept := b.kept
	b.kept, b.limit = nil, 0
	return kept, b.dropped
}
