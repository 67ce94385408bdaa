package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"matou/steps"
)

// forget puts the seat's journal aside and drops its own copies of files: the seat begins anew. The
// engine ends first, for it writes the journal to its last moment.
func (s *session) forget() error {
	if s.dir == "" || s.holder != nil {
		return nil //nolint:nilerr // who only reads a seat has nothing to forget
	}
	if err := s.Close(); err != nil {
		return err
	}
	return forgetSeat(s.dir)
}

func forgetSeat(dir string) error {
	journal, err := steps.OpenJournal(dir)
	if err != nil {
		return err
	}
	if _, err := journal.Archive(); err != nil {
		return errors.Join(err, journal.Close())
	}
	for _, name := range []string{"files", "known_hosts", paramsFile} {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("forget the seat's %s: %w", name, err)
		}
	}
	return nil
}

// forgetSeats makes all seats of a world begin anew.
func forgetSeats(dir string) error {
	seats, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("list seats: %w", err)
	}
	var errs []error
	for _, seat := range seats {
		if seat.IsDir() {
			errs = append(errs, forgetSeat(filepath.Join(dir, seat.Name())))
		}
	}
	return errors.Join(errs...)
}
