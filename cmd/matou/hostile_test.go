package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"matou/assets"
	"matou/cloud"
	"matou/steps"
	"matou/tui/i18n"
)

// poison drives a terminal in every way that one text can. What is left of it is the Z, and its accents.
const poison = "A\x1b[2J\x1b[H\x1b]0;owned\x07\x1b]52;c;cm0=\x07\x1b]8;;http://evil\x1b\\\x1bP+q544e\x1b\\\x1bc\u009b31m\u009d0;t\u009c\u202e\u2066\u200f\u061c\r\x08\x7f\nZ"

var zalgo = "z" + strings.Repeat("\u0336", 900)

// harmless complains about whatever in a text could drive a terminal. Output that goes to a pipe has no
// colours either.
func harmless(t *testing.T, what, text string) {
	t.Helper()
	for i, r := range text {
		if r != '\n' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			t.Errorf("%s: %q in %q", what, r, text[max(0, i-60):min(len(text), i+60)])
			return
		}
	}
	if i := strings.Index(text, strings.Repeat("\u0336", 4)); i >= 0 {
		t.Errorf("%s: accents without end in %q", what, text[max(0, i-60):i+20])
	}
}

// poisonedSeat is a seat's folder as somebody else may have left it: every file is well-formed, and every
// text in it is poison.
func poisonedSeat(t *testing.T, state string) {
	t.Helper()
	dir := filepath.Join(state, "web-cloud-puppet", "sandbox", "seats", "01")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	fail := &steps.Failure{Kind: steps.FailExit, Cause: poison + zalgo, Broken: poison, From: []steps.ID{poison}}
	told := &steps.Failure{Kind: steps.FailCheck, Cause: poison, Said: []steps.Phrase{
		{Key: "cause.branch", Args: map[string]string{"hop": poison + zalgo, "branch": poison, poison: poison}}, {Text: poison + zalgo},
	}}
	events := []steps.Event{
		{Type: steps.JournalOpened, Workshop: poison, Seat: poison + zalgo, Note: poison},
		{Type: steps.StepStarted, Step: "jumphost", Attempt: 1, Run: poison, Phase: steps.PhaseAction},
		{Type: steps.ActionStarted, Step: "jumphost", Attempt: 1, Phase: steps.PhaseAction, Name: poison, Kind: poison, Command: "```\n" + poison + "`<b>"},
		{Type: steps.ActionDone, Step: "jumphost", Attempt: 1, Phase: steps.PhaseAction, Summary: poison + zalgo, Said: []steps.Phrase{{Key: "told.changed", Args: map[string]string{"n": "3", poison: poison}}, {Text: poison + zalgo}}, Values: map[string]string{"master.id": poison, "master.address": poison, poison: poison}},
		{Type: steps.StepFailed, Step: "jumphost", Attempt: 1, Failure: fail},
		{Type: steps.StepStarted, Step: "jumphost", Attempt: 2, Phase: steps.PhaseAction},
		{Type: steps.StepFailed, Step: "jumphost", Attempt: 2, Failure: told},
		{Type: steps.StepStarted, Step: poison, Attempt: 1 << 40, Phase: poison},
		{Type: steps.StepStale, Step: "inception", Failure: told, Names: []string{poison}},
		{Type: steps.PlanMade, Plan: []steps.ID{poison, "jumphost"}},
		{Type: poison, Step: "jumphost", Index: -1},
	}
	var journal, output bytes.Buffer
	for i, e := range events {
		e.V, e.Seq, e.At = 1, int64(i)+1, at.Add(time.Duration(i)*time.Second)
		data, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&journal, "%s\n", data)
	}
	data, err := json.Marshal(steps.Line{Seq: 1, At: at.Add(2500 * time.Millisecond), Step: "jumphost", Source: poison + zalgo, Text: poison + zalgo + "```"})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&output, "%s\n%s\n\x00\xff\n", data, strings.Repeat("x", 2<<20))
	place, err := json.Marshal(map[string]any{"slide": 2, "step": poison, "at": at, "began": at})
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"journal.jsonl": journal.Bytes(), "output.jsonl": output.Bytes(), "place.json": place} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPoisonedSeat: an instructor reads a seat that somebody else wrote.
func TestPoisonedSeat(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args  []string
		input string
		ends  int
		says  string
	}{
		{args: []string{"status"}, says: "jumphost"},
		{args: []string{"status", "--json"}, says: `Z`},
		{args: []string{"export"}, says: "AZz"},
		{args: []string{"export", "--format", "cast"}, says: "jumphost"},
		{args: []string{"notes", "--once"}, says: "Slide 2 of 29"},
		{args: []string{"check", "jumphost", "--pace", "instant"}, says: "jumphost"},
		{args: []string{"play", "--until", "jumphost", "--pace", "instant", "--json"}, says: "step.done"},
		{args: []string{"--plain", "--pace", "instant"}, input: "\n\nquit\n", says: "Slide"},
	} {
		state := t.TempDir()
		poisonedSeat(t, state)
		cmd := program(t, state, tt.args...)
		cmd.Stdin = strings.NewReader(tt.input)
		cmd.Env = append(cmd.Env, "NO_COLOR=1", "TERM=dumb")
		out, err := cmd.CombinedOutput()
		name := strings.Join(tt.args, " ")
		if err != nil && cmd.ProcessState.ExitCode() != 1 {
			t.Errorf("%s: %v\n%.1000s", name, err, out)
		}
		if !strings.Contains(string(out), tt.says) {
			t.Errorf("%s does not say %q:\n%.2000s", name, tt.says, out)
		}
		harmless(t, name, string(out))
		if tt.args[0] == "export" && len(tt.args) > 1 {
			castHarmless(t, out)
		}
	}
}

var colour = regexp.MustCompile(`\x1b\[[0-9;:]*m`)

// castHarmless looks into what a player would write to a terminal.
func castHarmless(t *testing.T, recording []byte) {
	t.Helper()
	for i, line := range bytes.Split(bytes.TrimSpace(recording), []byte("\n")) {
		var event []any
		if i == 0 {
			continue
		}
		if err := json.Unmarshal(line, &event); err != nil || len(event) != 3 {
			t.Fatalf("line %d: %v in %s", i+1, err, line)
		}
		text, _ := event[2].(string)
		harmless(t, "the recording", strings.ReplaceAll(colour.ReplaceAllString(text, ""), "\r\n", "\n"))
	}
}

// TestLargeSeat: a journal and a log without end cost neither memory nor a crash.
func TestLargeSeat(t *testing.T) {
	if testing.Short() {
		t.Skip("writes large files")
	}
	t.Parallel()
	state := t.TempDir()
	poisonedSeat(t, state)
	dir := filepath.Join(state, "web-cloud-puppet", "sandbox", "seats", "01")
	for _, name := range []string{"journal.jsonl", "output.jsonl", "params.json", "place.json", "holder.json"} {
		file, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		info, err := file.Stat()
		if err == nil {
			err = file.Truncate(info.Size() + 1<<28) // a line of zeros without end; the disk holds none of it
		}
		if err = errors.Join(err, file.Close()); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"status"}, {"export"}, {"notes", "--once"}} {
		cmd := program(t, state, args...)
		cmd.Env = append(cmd.Env, "NO_COLOR=1", "GOMEMLIMIT=64MiB")
		out, _ := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != 0 && code != 1 {
			t.Errorf("%s: %d\n%.1000s", args, code, out)
		}
		harmless(t, args[0], string(out))
		if peak := peakMemory(cmd.ProcessState); peak > max(200<<20, ownPeak()) {
			t.Errorf("%s takes %d MiB", args, peak>>20)
		}
	}
}

// TestPrintMade: what clean is about to delete is shown as it is called, and can't say more.
func TestPrintMade(t *testing.T) {
	t.Parallel()
	all, err := i18n.Load(assets.I18n())
	if err != nil {
		t.Fatal(err)
	}
	bad := poison + zalgo
	made := cloud.Made{
		Servers: []cloud.Server{{
			ID: bad, Name: bad, Status: cloud.Status(bad), TaskState: bad, PowerState: bad,
			Metadata: map[string]string{bad: bad}, Addresses: []cloud.Address{{Network: bad, IP: netip.MustParseAddr("192.0.2.1")}},
		}},
		Addresses: []cloud.FloatingIP{{ID: "\x1b]0;t\x07", IP: netip.MustParseAddr("192.0.2.2")}},
		Keypairs:  []string{bad},
		Rules:     []cloud.Rule{{ID: "\u009b2J\u202e", PortMin: 80, Family: 4}},
		Groups:    []cloud.SecurityGroup{{ID: "\r\n\x1b[A", Name: bad}},
	}
	var out bytes.Buffer
	if err := printMade(&out, all.In("en"), made); err != nil {
		t.Fatal(err)
	}
	harmless(t, "printMade", out.String())
	if got := strings.Count(out.String(), "Z"); got < 4 || strings.Count(out.String(), "\n+ ") != 4 {
		t.Errorf("it shows\n%s", out.String())
	}
	out.Reset()
	if err := printServers(&out, made.Servers, true); err != nil {
		t.Fatal(err)
	}
	harmless(t, "servers --json", strings.ReplaceAll(out.String(), zalgo, "")) // data is whole
	var back serverRow
	if err := json.Unmarshal(out.Bytes(), &back); err != nil || back.Name != bad {
		t.Errorf("the name is %q, %v", back.Name, err)
	}
}

// TestTellIsHarmless: errors carry what servers say.
func TestTellIsHarmless(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	tell(&out, &exitError{code: exitFailed, err: fmt.Errorf("boot: %s", poison)}, "matou --help")
	if harmless(t, "an error", out.String()); !strings.Contains(out.String(), "matou: boot: A") {
		t.Errorf("%q", out.String())
	}
	out.Reset()
	p := &printer{text: i18n.Texts{}}
	_ = p.stepFailed(&out, "boot", &steps.Failure{Kind: steps.FailExit, Cause: poison})
	harmless(t, "a failed step", out.String())
}
