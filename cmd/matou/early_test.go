package main

import (
	"context"
	"errors"
	"strings"
	"testing"

	"matou/steps"
	"matou/tui"
)

// begun is a session in the sandbox that is not up yet.
func begun(t *testing.T) (*options, *session) {
	t.Helper()
	o := &options{sandbox: true, workshop: "web-cloud-puppet", state: t.TempDir(), pace: "instant"}
	w, err := loadWorkshop(o.workshop)
	if err != nil {
		t.Fatal(err)
	}
	s, err := o.begin(t.Context(), w, true)
	if err != nil {
		t.Fatal(err)
	}
	return o, s
}

func TestEarly(t *testing.T) {
	t.Parallel()
	o, s := begun(t)
	e := newEarly(s, func() error {
		s.warnings = append(s.warnings, errors.New("the world is \x1b[2Jflat"))
		return o.bringUp(s)
	}, func() { t.Error("it has failed") })
	if e.State().Step("jumphost").Status != steps.Ready || e.CommandLine("jumphost", steps.PhaseAction, 0) != "" || e.edit("jumphost") != nil {
		t.Error("what is shown before it is up")
	}
	b, err := e.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Lines) == 0 || b.Lines[0].Source != tui.OwnSource || b.Lines[0].Text != "the world is flat" {
		t.Errorf("the first batch: %+v", b.Lines)
	}
	if e.CommandLine("jumphost", steps.PhaseAction, 0) == "" || e.Vars()["seat"] != "01" {
		t.Error("what is shown once it is up")
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

// TestEarlyFails also shows that a console ends when its session can't be brought up.
func TestEarlyFails(t *testing.T) {
	t.Parallel()
	_, s := begun(t)
	flat, failed := errors.New("flat"), 0
	e := newEarly(s, func() error { return flat }, func() { failed++ })
	for range 2 {
		if _, err := e.Next(t.Context()); !errors.Is(err, flat) {
			t.Errorf("next: %v", err)
		}
	}
	if err := e.Do(t.Context(), steps.Start{Step: "jumphost"}); !errors.Is(err, flat) {
		t.Errorf("do: %v", err)
	}
	if err := e.Close(); !errors.Is(err, flat) || failed != 1 {
		t.Errorf("close: %v; told %d times", err, failed)
	}
}

func TestEarlyClosed(t *testing.T) {
	t.Parallel()
	_, s := begun(t)
	e := newEarly(s, func() error { t.Error("brought up after its end"); return nil }, func() {})
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	if _, err := e.Next(context.Background()); err == nil || !strings.Contains(err.Error(), "ended") {
		t.Errorf("next: %v", err)
	}
}
