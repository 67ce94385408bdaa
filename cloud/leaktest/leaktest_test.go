package leaktest

import (
	"testing"
	"time"

	"go.uber.org/goleak"
)

// tests stands for a package's tests.
type tests func() int

func (t tests) Run() int { return t() }

// TestPatience: a goroutine that ends late is waited for; after a failure nothing is.
func TestPatience(t *testing.T) {
	options := []goleak.Option{goleak.IgnoreCurrent()}
	began := time.Now()
	code := patient{tests(func() int {
		go time.Sleep(time.Second)
		return 0
	}), options}.Run()
	if took := time.Since(began); code != 0 || took < time.Second || goleak.Find(options...) != nil {
		t.Errorf("ended with %d after %v", code, took)
	}
	blocked := make(chan struct{})
	defer close(blocked)
	code = patient{tests(func() int {
		go func() { <-blocked }()
		return 3
	}), options}.Run()
	if code != 3 {
		t.Errorf("ended with %d", code)
	}
}
