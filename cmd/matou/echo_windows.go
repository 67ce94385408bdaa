package main

import (
	"fmt"

	"github.com/charmbracelet/x/term"
)

// enableEchoInput is ENABLE_ECHO_INPUT of SetConsoleMode.
const enableEchoInput = 0x0004

// echo lets a console show what is typed, or hides it (SetConsoleMode). Lines are edited as before.
func echo(fd uintptr, on bool) error {
	state, err := term.GetState(fd)
	if err != nil {
		return fmt.Errorf("hide what is typed: %w", err)
	}
	if state.Mode |= enableEchoInput; !on {
		state.Mode &^= enableEchoInput
	}
	if err := term.SetState(fd, state); err != nil {
		return fmt.Errorf("hide what is typed: %w", err)
	}
	return nil
}
