// Package leaktest runs the tests of a package and fails when goroutines of theirs are left.
package leaktest

import (
	"time"

	"go.uber.org/goleak"
)

// patience is how long goroutines may take that are on their way out: a loaded machine runs them late.
const patience = time.Minute

// Main is what a TestMain calls with its m. It ends the process.
func Main(m goleak.TestingM, options ...goleak.Option) {
	goleak.VerifyTestMain(patient{m, options}, options...)
}

// patient gives goroutines time to end, after the tests have.
type patient struct {
	goleak.TestingM
	options []goleak.Option
}

// Run implements [goleak.TestingM].
func (p patient) Run() int {
	code := p.TestingM.Run()
	for began := time.Now(); code == 0 && time.Since(began) < patience; {
		if goleak.Find(p.options...) == nil { // it waits half a second itself
			break
		}
	}
	return code
}
