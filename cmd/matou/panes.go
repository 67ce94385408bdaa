package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"matou/cloud"
	"matou/steps"
	"matou/steps/action"
	"matou/tui"
)

// How long the console waits for a cloud it asks by itself, and for a server to go.
const (
	askLimit    = 30 * time.Second
	deleteLimit = 5 * time.Minute
)

// How much of a server's console, and of a step's output, is shown: what one reads back to.
const (
	consoleLines = 500
	outputLines  = 5000
)

// errNoWorld is what somebody who only looks gets when the program with the sandbox has ended.
var errNoWorld = errors.New("the program whose sandbox this was has ended: leave this one, and start it again")

// panes lets the console look at servers, the journal and the log on disk.
func (s *session) panes(to *tui.Options) {
	to.Server = func(ctx context.Context, id string) (server cloud.Server, err error) {
		err = s.asked(ctx, func(ctx context.Context, c action.Compute) error { server, err = c.Server(ctx, id); return err })
		return server, err
	}
	to.Console = func(ctx context.Context, id string) (text string, err error) {
		err = s.asked(ctx, func(ctx context.Context, c action.Compute) error {
			text, err = c.ConsoleLog(ctx, id, consoleLines)
			return err
		})
		return text, err
	}
	if s.holder == nil {
		to.Delete = func(ctx context.Context, id string) error {
			ctx, cancel := context.WithTimeout(ctx, deleteLimit)
			defer cancel()
			return s.registry.Delete(ctx, s.input(), &aside{s: s, password: s.account.password}, id)
		}
	}
	to.Made = s.made
	if s.dir == "" {
		to.Save = saver("")
		return
	}
	to.Save = saver(s.dir)
	to.Journal = func(context.Context) ([]steps.Event, error) {
		journal, err := steps.ReadJournal(s.dir)
		if err != nil {
			return nil, err
		}
		return journal.Events(), nil
	}
	to.Output = func(ctx context.Context, step steps.ID, from, to time.Time) ([]steps.Line, error) {
		return outputOf(ctx, s.dir, step, from, to, outputLines)
	}
}

// made is all that the seat has in the cloud.
func (s *session) made(ctx context.Context) (cloud.Made, error) {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	return s.registry.Made(ctx, s.input(), &aside{s: s, password: s.account.password})
}

// outputOf lists the newest lines a seat's log keeps of one step between two moments.
func outputOf(ctx context.Context, dir string, step steps.ID, from, to time.Time, most int) ([]steps.Line, error) {
	var lines []steps.Line
	err := steps.ReadLog(dir, func(l steps.Line) bool {
		if l.Step != step || l.At.Before(from) || l.At.After(to) {
			return ctx.Err() == nil
		}
		if len(lines) >= 2*most { // let go of the older half at once: each line costs a constant amount
			lines = lines[:copy(lines, lines[len(lines)-most:])]
		}
		lines = append(lines, l)
		return ctx.Err() == nil
	})
	return lines[max(0, len(lines)-most):], errors.Join(err, ctx.Err())
}

// asked asks the cloud somebody has logged in to, outside of any step.
func (s *session) asked(ctx context.Context, ask func(context.Context, action.Compute) error) error {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	if s.beside != nil {
		client := s.beside(ctx)
		if client == nil {
			return errNoWorld
		}
		defer client.Close()
		return ask(ctx, client)
	}
	compute, err := s.registry.Compute(ctx, s.input(), &aside{s: s, password: s.account.password})
	if err != nil {
		return err
	}
	return ask(ctx, compute)
}

// saver writes lines to a new file that only its owner may read; without a name one in a folder. A
// file that is there stays as it is.
func saver(dir string) func(context.Context, string, []string) (string, error) {
	return func(_ context.Context, name string, lines []string) (path string, err error) {
		name = strings.TrimSpace(name)
		switch rest, home := strings.CutPrefix(name, "~/"); {
		case name == "" && dir == "":
			return "", errors.New("nothing is kept of this seat: name a file")
		case name == "":
			name = filepath.Join(dir, time.Now().Format("log-20060102-150405.txt"))
		case home:
			at, err := os.UserHomeDir()
			if err != nil {
				return "", err
			}
			name = filepath.Join(at, rest)
		}
		if path, err = filepath.Abs(name); err != nil {
			return "", err
		}
		file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return "", err
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		out := bufio.NewWriter(file)
		for _, line := range lines {
			fmt.Fprintln(out, line)
		}
		return path, out.Flush()
	}
}
