package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"matou/steps"
)

// runEditor opens a file in the person's editor, in this terminal.
func runEditor(ctx context.Context, file string) error {
	words := editorWords(os.Getenv, exec.LookPath)
	if len(words) == 0 {
		return steps.Fail(steps.FailNotFound, "cause.no-editor", "no editor: set EDITOR, or change {file} yourself", "file", file)
	}
	cmd := exec.CommandContext(ctx, words[0], append(words[1:], file)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return steps.Fail(steps.FailExit, "cause.editor", "{command} ended with {exit}: {file} is as it was", "command", words[0], "exit", exit.ExitCode(), "file", file)
	}
	if err != nil {
		return fmt.Errorf("run %s: %w", words[0], err)
	}
	return nil
}

// editorWords is the command line of the person's editor: the one they have chosen, as other programs
// read it, or the first of the usual ones there is; nil when there is none.
func editorWords(getenv func(string) string, look func(string) (string, error)) []string {
	for _, name := range []string{"VISUAL", "EDITOR"} {
		if words := strings.Fields(getenv(name)); len(words) > 0 {
			return words
		}
	}
	for _, name := range []string{"vim", "vi", "nano"} {
		if _, err := look(name); err == nil {
			return []string{name}
		}
	}
	return nil
}
