package tui

import (
	"testing"
	"time"
)

// TestPromptClock asks a prompt at all times, those before it began among them: a message is taken at
// a moment, and what it leads to begins a little later.
func TestPromptClock(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, took := range []time.Duration{0, time.Second} {
		p := prompt{text: []rune("étape"), began: now, took: took}
		for _, at := range []struct {
			after time.Duration
			typed string
		}{{-time.Minute, ""}, {-1, ""}, {0, ""}, {399 * time.Millisecond, "é"}, {400 * time.Millisecond, "ét"}, {time.Second, "étape"}} {
			want := at.typed
			if took == 0 {
				want = "étape"
			}
			if got := p.typed(now.Add(at.after)); got != want {
				t.Errorf("of %s, %s after it began: %q, not %q", took, at.after, got, want)
			}
			if due := p.due(now.Add(at.after)); due.IsZero() != (want == "étape") || !due.IsZero() && !due.After(now.Add(at.after)) {
				t.Errorf("of %s, %s after it began: due at %s", took, at.after, due.Sub(now))
			}
		}
	}
}
