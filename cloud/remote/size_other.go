//go:build !unix

package remote

import (
	"sync"
	"time"

	"golang.org/x/term"
)

// watchSize reports the terminal's size each time it changes, until stop is called. Without a
// signal to wait for, it has to look.
func watchSize(fd int) (sizes <-chan WindowSize, stop func()) {
	ch, over := make(chan WindowSize), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(250 * time.Millisecond)
		defer tick.Stop()
		var last WindowSize
		for {
			select {
			case <-over:
				return
			case <-tick.C:
			}
			cols, rows, err := term.GetSize(fd)
			if now := (WindowSize{cols, rows}); err == nil && now != last {
				select {
				case ch <- now:
					last = now
				case <-over:
					return
				}
			}
		}
	})
	return ch, func() {
		close(over)
		wg.Wait()
	}
}
