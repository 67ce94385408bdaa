package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"matou/cloud/sandbox"
	"matou/cloud/sandbox/fault"
	"matou/steps"
)

// ours tells whether the cloud is one that this program made, or that another of this person's has made
// at this seat: its hosts take passwords, and nobody's keys and known hosts are its business.
func (s *session) ours() bool { return s.world != nil || s.theirs != nil || s.account.lab != nil }

// sandboxParams are what the cloud says of itself, when it is ours.
func (s *session) sandboxParams() steps.Vars {
	switch {
	case s.world != nil:
		return s.world.Params()
	case s.theirs != nil:
		return s.theirs
	case s.account.lab != nil:
		params, err := sandbox.WorldParams(s.workshop.Files, s.workshop.Sandbox.World)
		if err != nil {
			return nil // the lab could not have started
		}
		maps.Copy(params, s.account.lab.Params)
		return params
	}
	return nil
}

// labPoll is how often a lab is asked while something changes: it is quick, and near.
const labPoll = 250 * time.Millisecond

// startWorld starts the embedded sandbox, or finds out why it can't.
func (o *options) startWorld(ctx context.Context, s *session, dir string) error {
	if s.workshop.Sandbox.World == "" {
		return usagef("workshop %s has no sandbox: name a cloud with --cloud", s.workshop.Name)
	}
	so, err := o.sandboxOptions(s.workshop, dir)
	if err != nil {
		return err
	}
	world, err := sandbox.Start(ctx, so)
	if err != nil {
		if errors.Is(err, sandbox.ErrHeld) {
			return fmt.Errorf("%w: leave that one, or give this one a world of its own (--state DIR)", err)
		}
		if full := new(fs.PathError); errors.As(err, &full) && filepath.IsAbs(full.Path) { // not a file of the workshop's
			return fmt.Errorf("%w: make room there, or name another folder (--state DIR)", err)
		}
		return err
	}
	s.world = world
	s.close = append(s.close, world.Close)
	if dir != "" { // for other programs of this person: matou servers in another terminal, nova, ssh
		if err := world.WriteFiles(dir); err != nil {
			s.warnings = append(s.warnings, err)
		}
	}
	if err := world.Trouble(); err != nil {
		s.warnings = append(s.warnings, err)
	}
	if so.Pace == 0 {
		s.account.poll = func(time.Duration) time.Duration { return 20 * time.Millisecond }
	} else if so.Pace < 1 {
		s.account.poll = func(time.Duration) time.Duration { return 250 * time.Millisecond }
	}
	return nil
}

func (o *options) sandboxOptions(w *steps.Workshop, dir string) (sandbox.Options, error) {
	so := sandbox.Options{Workshop: w.Files, World: w.Sandbox.World, Dir: dir}
	switch o.pace {
	case "recorded":
		so.Pace = 1
	case "fast":
		so.Pace = 0.2
	case "instant":
		so.Pace = 0
	default:
		f, err := strconv.ParseFloat(o.pace, 64)
		if err != nil || f < 0 || f > 100 {
			return so, usagef("pace %q: recorded, fast, instant, or a factor such as 0.5", o.pace)
		}
		so.Pace = f
	}
	if o.faults != "" {
		file, err := os.Open(o.faults)
		if err != nil {
			return so, usagef("faults: %v", err)
		}
		defer file.Close()
		if so.Faults, err = fault.Load(file); err != nil {
			return so, usagef("faults: %s: %v", o.faults, err)
		}
	}
	return so, nil
}

// handedOut is the fingerprint that an instructor would have given for a host: the sandbox knows its own.
func (s *session) handedOut(ctx context.Context, host string, port int) string {
	if s.world == nil {
		return ""
	}
	return s.world.Fingerprint(ctx, host, port)
}
