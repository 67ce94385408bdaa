//go:build unix

package remote

import (
	"os"
	"os/signal"
	"sync"
	"syscall"

	"golang.org/x/term"
)

// watchSize reports the terminal's size each time it changes, until stop is called.
func watchSize(fd int) (sizes <-chan WindowSize, stop func()) {
	ch, over := make(chan WindowSize), make(chan struct{})
	sig := make(chan os.Signal, 1)
	signal.Notify(sig, syscall.SIGWINCH)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-over:
				return
			case <-sig:
			}
			cols, rows, err := term.GetSize(fd)
			if err != nil {
				continue
			}
			select {
			case ch <- WindowSize{cols, rows}:
			case <-over:
				return
			}
		}
	})
	return ch, func() {
		signal.Stop(sig)
		close(over)
		wg.Wait()
	}
}
