package main

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// TestFaults plays the workshop on bad days. What a program can get over, it gets over; the rest is
// told with what failed, why and what to do, ends with 1, and a second try succeeds where the first
// stopped.
func TestFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("takes several seconds")
	}
	tests := []struct {
		name, fault string
		until       string
		step        string   // that fails; empty: none does
		says        []string // on standard error
	}{
		{name: "token refused in the middle", fault: "{at: api.401, match: ^GET /servers, after: 2, count: 1}", until: "master-show"},
		{name: "too many requests", fault: "{at: api.429, match: /servers, count: 2, retry_after: 1}", until: "master-boot"},
		{name: "slow boot", fault: "{at: boot.slow, match: ^puppet, delay: 5s}", until: "master-boot"},
		{
			name: "no valid host", fault: `{at: boot.error, match: ^puppet, count: 1, text: "No valid host was found. "}`, until: "master-show",
			step: "master-boot", says: []string{"No valid host was found"},
		},
		{
			name: "quota", fault: `{at: quota, match: ^puppet, count: 1, text: "Quota exceeded for cores: Requested 2, but already used 19 of 20 cores"}`,
			until: "master-show", step: "master-boot", says: []string{"quota", "cores"},
		},
		{
			name: "broken API", fault: `{at: api.500, match: "^POST /servers", count: 9}`, until: "master-boot",
			step: "master-boot", says: []string{"boot puppet-01"},
		},
		{
			name: "host key changed", fault: "{at: ssh.hostkey, match: ^puppet, count: 1}", until: "master-status",
			step: "master-ssh", says: []string{"SHA256:"},
		},
		{name: "connection cut at log-in", fault: "{at: ssh.drop, match: ^puppet, count: 1}", until: "master-status"},
		{
			name: "agent fails", fault: "{at: puppet.fail, match: ^puppet, count: 1}", until: "master-agent",
			step: "master-agent", says: []string{"puppet agent: exit"},
		},
		{
			name: "full disk", fault: `{at: disk.full, match: "^web-01 /etc/.*hosts", count: 1}`, until: "web-join",
			step: "web-join", says: []string{"No space left on device", "A file could not be written"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			state := t.TempDir()
			var stdout, stderr bytes.Buffer
			cmd := program(t, state, "play", "--pace", "0.01", "--until", tt.until, "--faults", badDay(t, tt.fault))
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			err := cmd.Run()
			if tt.step == "" {
				if err != nil {
					t.Fatalf("%v\n%s\n%s", err, stdout.String(), stderr.String())
				}
				return
			}
			if code := cmd.ProcessState.ExitCode(); code != exitFailed {
				t.Fatalf("ended with %d\n%s\n%s", code, stdout.String(), stderr.String())
			}
			told := strings.Split(strings.TrimSpace(stderr.String()), "\n")
			if !strings.HasPrefix(told[0], "matou: "+tt.step+": ") || len(told) < 2 {
				t.Errorf("standard error does not say which step, why and what to do:\n%s", stderr.String())
			}
			for _, want := range tt.says {
				if !strings.Contains(stderr.String(), want) {
					t.Errorf("standard error does not say %q:\n%s", want, stderr.String())
				}
			}
			if out, err := program(t, state, "play", "--pace", "0.01", "--until", tt.until).CombinedOutput(); err != nil {
				t.Errorf("the second try: %v\n%s", err, out)
			}
		})
	}
}

// badDay is a file of faults with one in it.
func badDay(t *testing.T, fault string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "faults.yaml")
	write(t, name, "faults:\n  - "+fault+"\n")
	return name
}

// TestFaultsInFrench: what fails before any cloud or server has said a word is all told in the reader's language.
func TestFaultsInFrench(t *testing.T) {
	if testing.Short() {
		t.Skip("takes several seconds")
	}
	tests := []struct{ name, fault, wants string }{
		{"no line", "{at: ssh.drop, match: ^jump}", `^matou: jumphost: demande d'identité : jumphost \(jump@[0-9.:]+\) : la ligne a coupé : le serveur a raccroché\n +La ligne a coupé\.`},
		{"no cloud", "{at: api.500, text: x}", `^matou: openrc: identifiants de inception:openrc : connexion au cloud \(.*\) : service indisponible : x\n +Le cloud ne répond pas`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			state := t.TempDir()
			var stderr bytes.Buffer
			cmd := program(t, state, "play", "--pace", "0.01", "--lang", "fr", "--until", "servers", "--faults", badDay(t, tt.fault))
			cmd.Stderr = &stderr
			if err := cmd.Run(); cmd.ProcessState.ExitCode() != exitFailed {
				t.Fatal(err)
			}
			if said := strings.ReplaceAll(stderr.String(), "\u00a0", " "); !regexp.MustCompile(tt.wants).MatchString(said) {
				t.Error(said)
			}
		})
	}
}

// TestInterrupted: who stops play in the middle of a boot is told so, in their language, and can go on.
func TestInterrupted(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no signals")
	}
	state := t.TempDir()
	if out, err := program(t, state, "play", "--pace", "0.01", "--until", "servers").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var stderr bytes.Buffer
	cmd := program(t, state, "play", "--pace", "recorded", "--lang", "fr", "--until", "master-boot")
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stopped := false
	for in := bufio.NewScanner(stdout); in.Scan(); {
		if !stopped && strings.Contains(in.Text(), "BUILD") {
			stopped = true // a second one would not wait for anything
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Error(err)
			}
		}
	}
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != exitFailed {
		t.Error(err)
	}
	if want := "matou: master-boot: arrêté\n       Vous avez arrêté l'étape. Rejouez-la quand vous voulez.\n"; stderr.String() != want {
		t.Errorf("%q", stderr.String())
	}
	if out, err := program(t, state, "play", "--pace", "0.01", "--until", "master-boot").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
