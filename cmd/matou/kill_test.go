package main

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"matou/steps"
)

// TestKillAnywhere ends the program without a word, again and again, wherever it happens to be, and
// starts it anew: the workshop gets to its end, and the cloud has exactly the servers it should.
func TestKillAnywhere(t *testing.T) {
	if testing.Short() {
		t.Skip("takes several seconds")
	}
	t.Parallel()
	state := t.TempDir()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 1))
	for range 12 {
		cmd := program(t, state, "play", "--pace", "0.01")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100*time.Millisecond + time.Duration(dice.Int64N(int64(1500*time.Millisecond))))
		_ = cmd.Process.Kill() // SIGKILL; it may have ended by itself
		_ = cmd.Wait()
	}
	cmd := program(t, state, "play", "--pace", "0.01")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("the last run: %v\n%s", err, out)
	}
	names := map[string]int{}
	for _, row := range rows(t, state, "servers", "--json") {
		names[row["name"].(string)]++
		if row["status"] != "ACTIVE" {
			t.Errorf("%s is %s", row["name"], row["status"])
		}
	}
	for name, n := range names {
		if n != 1 {
			t.Errorf("%d servers are called %s", n, name)
		}
	}
	if len(names) != 5 || names["puppet-01"] != 1 || names["web-01"] != 1 {
		t.Errorf("servers: %v", names)
	}
	for _, row := range rows(t, state, "status", "--json") {
		want := string(steps.Done)
		if row["step"] == "cleanup" {
			want = string(steps.Ready)
		}
		if row["status"] != want {
			t.Errorf("%s is %s", row["step"], row["status"])
		}
	}
}

// rows runs a command whose output is JSON Lines.
func rows(t *testing.T, state string, args ...string) []map[string]any {
	t.Helper()
	var stderr bytes.Buffer
	cmd := program(t, state, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	var all []map[string]any
	for line := range bytes.Lines(out) {
		var row map[string]any
		if err := json.Unmarshal(line, &row); err != nil {
			t.Fatalf("%s: %v in %s", strings.Join(args, " "), err, line)
		}
		all = append(all, row)
	}
	return all
}
