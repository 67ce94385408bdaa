package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"matou/assets"
	"matou/steps"
)

// recordingDir is where a workshop's recording is, in its folder.
const recordingDir = "sandbox/recorded"

// lines are the puppet runs of a step of a recording: what they printed, in order.
func lines(t *testing.T, r *transcript, step steps.ID) []string {
	t.Helper()
	var out []string
	agent := false
	for _, l := range r.steps[step] {
		if l.Kind != "" {
			agent = l.Kind == "puppet.agent"
		} else if agent {
			text, ended := l.Text, true
			for ended { // its colours: once, twice, or not at all when there are none, which all look the same
				text, ended = strings.CutSuffix(text, "\x1b[0m")
			}
			out = append(out, l.Source+": "+r.scrub(text))
		}
	}
	return out
}

// TestRecording holds each workshop's recording against the files it was made from: when one of them
// has changed, what the sandbox prints is no longer known to be what the real ones print.
func TestRecording(t *testing.T) {
	t.Parallel()
	for _, name := range assets.Workshops() {
		files, err := assets.Workshop(name)
		if err != nil {
			t.Fatal(err)
		}
		was, err := fs.ReadFile(files, path.Join(recordingDir, digestFile))
		if err != nil {
			continue // it has no lab to record
		}
		is, err := recordingDigest(files)
		if err != nil {
			t.Fatal(err)
		}
		if strings.TrimSpace(string(was)) != is {
			t.Errorf("%s: app, control or user-data have changed since the recording: sudo matou lab record assets/workshops/%s/%s", name, name, recordingDir)
		}
	}
}

// TestSandboxWords plays the workshop in the sandbox and holds what puppet prints there against what
// it printed on real servers.
func TestSandboxWords(t *testing.T) {
	if testing.Short() {
		t.Skip("plays the whole workshop")
	}
	t.Parallel()
	w, err := loadWorkshop("web-cloud-puppet")
	if err != nil {
		t.Fatal(err)
	}
	// Cron's agent must not come before ours, which would then find nothing to do.
	dir := t.TempDir()
	faults := filepath.Join(dir, "faults.yaml")
	if err := os.WriteFile(faults, []byte("faults:\n  - {at: cron.skip, match: puppet agent}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := program(t, dir, "play", "--json", "--pace", "0.01", "--faults", faults)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("play: %v\n%s", err, out)
	}
	here := newTranscript(w, "01")
	if _, err := here.Write(out); err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("MATOU_TEST_RECORD"); dir != "" {
		if err := here.save(dir, w.Files); err != nil {
			t.Fatal(err)
		}
	}
	runs := 0
	for _, step := range w.Steps {
		data, err := fs.ReadFile(w.Files, path.Join(recordingDir, string(step.ID)+".jsonl"))
		if err != nil {
			continue
		}
		real := newTranscript(w, "01")
		for line := range strings.Lines(string(data)) {
			var l steps.RecordedLine
			if err := json.Unmarshal([]byte(line), &l); err != nil {
				t.Fatal(err)
			}
			real.steps[step.ID] = append(real.steps[step.ID], l)
		}
		got, want := lines(t, here, step.ID), lines(t, real, step.ID)
		if len(want) > 0 {
			runs++
		}
		a, b := strings.Join(got, "\n"), strings.Join(want, "\n")
		if a != b {
			t.Errorf("%s: the sandbox says:\n%s\nthe lab said:\n%s", step.ID, a, b)
		}
	}
	for _, name := range []string{"web-01", "puppet-01"} { // a seat has its own
		if text := here.scrub("for " + name + ".novalocal"); strings.Contains(text, name) {
			t.Errorf("%q names another seat's server", text)
		}
	}
	if runs < 5 {
		t.Errorf("%d recorded steps have a puppet run", runs)
	}
}
