package sandbox

import "testing"

// StartFake starts a sandbox with fake machines, for tests that drive it from outside.
func StartFake(t *testing.T, pace float64) *Sandbox {
	s, _ := startFake(t, func(o *Options) { o.Pace = pace })
	return s
}
