//go:build unix

package main

import (
	"fmt"
	"syscall"

	"github.com/charmbracelet/x/term"
)

// echo lets a terminal show what is typed, or hides it (termios(3), ECHO). Lines are edited as before.
func echo(fd uintptr, on bool) error {
	state, err := term.GetState(fd)
	if err != nil {
		return fmt.Errorf("hide what is typed: %w", err)
	}
	if state.Lflag |= syscall.ECHO; !on {
		state.Lflag &^= syscall.ECHO
	}
	if err := term.SetState(fd, state); err != nil {
		return fmt.Errorf("hide what is typed: %w", err)
	}
	return nil
}
