//go:build unix

package main

import "golang.org/x/sys/unix"

// hasJobControl tells whether a shell with job control has started the program, and can bring it
// back: it gives each of its jobs a process group of its own. A group that is the session's own, as
// after "ssh host matou", is not even stopped (POSIX, orphaned process group).
func hasJobControl() bool {
	session, err := unix.Getsid(0)
	return err == nil && session != unix.Getpgrp()
}
