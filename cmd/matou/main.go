// Command matou is a terminal console for a hands-on cloud workshop: it shows the slides, runs each
// step from a keypress, proves that it holds, and picks up where it was after any accident.
//
// This package is flags and wiring, one file for each subcommand: none of them knows the workshop, and
// only they name concrete clouds and files. The way of a command line through it:
//
//	main.go       run: exit codes, and errors for people
//	root.go       the flags that all commands share
//	account.go    which cloud, and the credentials for it: flags, OS_*, clouds.yaml, openrc, or the sandbox
//	wire.go       a session: journal, sandbox, SSH, cloud, engine, put together and taken apart again
//	hosts.go      cloud/remote behind the interface that the actions ask for, and its questions
//
// and then what the command is about:
//
//	console.go    matou: the console (early.go draws it before the session is up; panes.go, watch.go feed it)
//	plain.go      matou --plain: the same as a dialogue
//	play.go       play, replay, check: the steps with no screen; follow.go prints them, as text or --json
//	status.go, servers.go, clean.go, doctor.go, export.go, notescmd.go, deckcmd.go, workshopcmd.go,
//	sandboxcmd.go, labcmd.go    the commands of these names
//
// Everything else has a package of its own, each with a tour:
//
//	go doc ./steps         the engine: commands in, journal and state out
//	go doc ./steps/action  the kinds of action a workshop may ask for
//	go doc ./cloud         the nouns of a cloud; openstack, remote, sandbox and lab below it
//	go doc ./slides        the deck
//	go doc ./tui           the console
//	go doc ./assets        the workshop itself, as data
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"charm.land/fang/v2"
	"github.com/spf13/cobra"

	"matou/cloud/lab"
	"matou/steps"
)

func main() {
	lab.Main() // a lab's servers are made of this program
	os.Exit(run(os.Args[1:], os.Stderr))
}

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1 // a step, or what the command was to do
	exitUsage  = 2 // the command line
)

// exitError is an error with the code the program ends with. Shown means that it was told already.
type exitError struct {
	code  int
	shown bool
	err   error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// usagef is a mistake on the command line that only the command itself can see.
func usagef(format string, args ...any) error {
	return &exitError{code: exitUsage, err: fmt.Errorf(format, args...)}
}

// running makes a cobra function of one that fails with code 1. What cobra itself refuses has no
// code yet: that is usage.
func running(f func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		err := f(cmd, args)
		var e *exitError
		if err == nil || errors.As(err, &e) {
			return err
		}
		return &exitError{code: exitFailed, err: err}
	}
}

func run(args []string, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := newRoot()
	root.SetArgs(args)
	err := fang.Execute(ctx, root, fang.WithVersion(version()), fang.WithErrorHandler(
		func(_ io.Writer, _ fang.Styles, err error) { tell(stderr, err, helpFor(root, args)) },
	))
	var e *exitError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &e):
		return e.code
	default:
		return exitUsage
	}
}

// tell prints why the program ends, and what explains the command line when that is the reason.
func tell(w io.Writer, err error, help string) {
	var e *exitError
	if errors.As(err, &e) && e.shown {
		return
	}
	var problems steps.Problems
	if errors.As(err, &problems) { // a line each, with nothing before it: editors go there
		for _, p := range problems {
			fmt.Fprintln(w, steps.Plain(p.String()))
		}
		return
	}
	fmt.Fprintf(w, "matou: %s\n", steps.Plain(err.Error()))
	if e == nil || e.code == exitUsage {
		fmt.Fprintln(w, "       "+help)
	}
}

// version is what the build says of itself.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}
