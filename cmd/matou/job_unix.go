//go:build unix

package main

import (
	"fmt"
	"os"
	"os/signal"

	"golang.org/x/sys/unix"
)

// hasJobControl tells whether a shell with job control has started the program, and can bring it
// back: it gives each of its jobs a process group of its own. A group that is the session's own, as
// after "ssh host matou", is not even stopped (POSIX, orphaned process group).
func hasJobControl() bool {
	session, err := unix.Getsid(0)
	return err == nil && session != unix.Getpgrp()
}

// suspend stops the whole job, as ctrl+z does where the terminal takes it, and returns when the shell has
// continued it.
func suspend() error {
	back := make(chan os.Signal, 1)
	signal.Notify(back, unix.SIGCONT)
	defer signal.Stop(back)
	if err := unix.Kill(0, unix.SIGTSTP); err != nil {
		return fmt.Errorf("suspend: %w", err)
	}
	<-back
	return nil
}
