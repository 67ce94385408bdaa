package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"matou/assets"
	"matou/cloud/lab"
	"matou/cloud/lab/labtest"
	"matou/steps"
)

// TestLab plays the workshop on real servers, from images to bonus. The player is killed in the
// middle of it, and so is the process that serves the lab. It wants root, and to be asked for:
//
//	MATOU_TEST_LAB=1          run it
//	MATOU_TEST_LAB_DIR=DIR    keep the images there for the next time
func TestLab(t *testing.T) {
	if os.Getenv("MATOU_TEST_LAB") == "" {
		t.Skip("makes real servers: MATOU_TEST_LAB=1, as root on Debian or Ubuntu")
	}
	l := newRealLab(t)
	l.must("lab", "down") // of a test that was interrupted
	began := time.Now()
	l.images()
	group := lab.Place{Dir: l.dir, Name: "e2e"}.Group()
	before := labtest.Traces(t, l.dir, group)
	t.Cleanup(func() {
		l.must("lab", "down")
		if left := labtest.Left(t, before, l.dir, group); len(left) > 0 {
			t.Errorf("left behind:\n%s", strings.Join(left, "\n"))
		}
		t.Logf("all in %s", time.Since(began).Round(time.Second))
	})
	t.Log(l.must("lab", "up"))
	t.Logf("lab up after %s", time.Since(began).Round(time.Second))

	l.killAt("bz2", func(cmd *exec.Cmd) { _ = cmd.Process.Kill() })
	l.killAt("bz4", func(cmd *exec.Cmd) {
		// The lab's own process: the player finds it again where it was.
		info, err := lab.Find(lab.Place{Dir: l.dir, Name: "e2e"})
		if err != nil {
			t.Error(err)
			return
		}
		p, err := os.FindProcess(info.Process)
		if err == nil {
			_ = p.Kill()
		}
		_ = cmd.Process.Kill()
	})
	l.must("lab", "up")
	l.play()
	names := map[string]int{}
	for _, row := range l.rows("servers", "--json") {
		names[row["name"].(string)]++
		if row["status"] != "ACTIVE" {
			t.Errorf("%s is %s", row["name"], row["status"])
		}
	}
	if len(names) != 5 || names["puppet-01"] != 1 || names["web-01"] != 1 {
		t.Errorf("servers: %v", names)
	}
	for _, row := range l.rows("status", "--json") {
		if s := row["status"]; s != string(steps.Done) && row["step"] != "cleanup" {
			t.Errorf("%s is %s", row["step"], s)
		}
	}
	l.must("check")
	if out := l.must("lab", "ssh", "web-01", "hostname"); strings.TrimSpace(out) != "web-01" {
		t.Errorf("lab ssh: %q", out)
	}
	if out := l.must("lab", "ssh", "inception", ". ./openrc && nova list"); !strings.Contains(out, "puppet-01") {
		t.Errorf("nova list in the container: %s", out)
	}
	// cron's work of every minute, on the server that has been there for longest
	if out := l.must("lab", "ssh", "web-01", "grep -c 'CRON.*puppet agent -t' /var/log/syslog"); out == "0\n" {
		t.Error("cron has not run the agent")
	}
	t.Log(l.must("lab", "status"))
}

type realLab struct {
	t          *testing.T
	dir, state string
}

// newRealLab skips where there can be no lab. MATOU_TEST_LAB_DIR is the folder that keeps the images.
func newRealLab(t *testing.T) *realLab {
	t.Helper()
	if err := lab.Supported(); err != nil {
		t.Skip(err)
	}
	dir := os.Getenv("MATOU_TEST_LAB_DIR")
	if dir == "" {
		dir = t.TempDir()
	}
	return &realLab{t: t, dir: dir, state: t.TempDir()}
}

// images builds those that are missing. No network is no failure of ours.
func (l *realLab) images() {
	l.t.Helper()
	files, err := assets.Workshop("web-cloud-puppet")
	if err != nil {
		l.t.Fatal(err)
	}
	began := time.Now()
	err = lab.Build(l.t.Context(), lab.Options{Place: lab.Place{Dir: l.dir}, Workshop: files, Progress: func(line string) {
		l.t.Logf("%6.1f s  %s", time.Since(began).Seconds(), line)
	}})
	switch {
	case errors.Is(err, lab.ErrFetch):
		l.t.Skip(err)
	case err != nil:
		l.t.Fatal(err)
	}
}

func (l *realLab) command(args ...string) *exec.Cmd {
	l.t.Helper()
	path, err := exec.LookPath("matou")
	if err != nil {
		l.t.Fatal(err)
	}
	common := []string{"--state", l.state, "--cloud", "lab:e2e"}
	if args[0] == "lab" {
		common = append([]string{"--state", l.state}, args...)
		args = []string{"--name", "e2e", "--dir", l.dir}
		if len(common) > 4 && common[3] == "ssh" {
			args, common = common[4:], append(common[:4:4], args...)
		}
	}
	cmd := exec.Command(path, append(common, args...)...)
	cmd.Env = append(os.Environ(), "HOME="+l.state, "LC_ALL=en_GB.UTF-8", labDirEnv+"="+l.dir)
	return cmd
}

func (l *realLab) must(args ...string) string {
	l.t.Helper()
	var stderr bytes.Buffer
	cmd := l.command(args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		l.t.Fatalf("%s: %v\n%s%s", strings.Join(args, " "), err, out, stderr.String())
	}
	return string(out)
}

func (l *realLab) rows(args ...string) []map[string]any {
	l.t.Helper()
	var all []map[string]any
	for line := range strings.Lines(l.must(args...)) {
		var row map[string]any
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			l.t.Fatalf("%s: %v in %s", args, err, line)
		}
		all = append(all, row)
	}
	return all
}

// killAt plays until a step is under way, and then does something violent.
func (l *realLab) killAt(step string, violence func(*exec.Cmd)) {
	l.t.Helper()
	cmd := l.command("play", "--json")
	out, err := cmd.StdoutPipe()
	if err != nil {
		l.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	lines := json.NewDecoder(out)
	for {
		var e struct {
			Type, Step, Kind string
			Took             int64 `json:"took_ms"`
		}
		if err := lines.Decode(&e); err != nil {
			l.t.Fatalf("play ended before %s: %v", step, err)
		}
		if e.Type == string(steps.StepDone) {
			l.t.Logf("%-14s %6.1f s", e.Step, float64(e.Took)/1000)
		}
		if e.Step == step && e.Type == string(steps.ActionStarted) && e.Kind == "puppet.agent" {
			break
		}
	}
	time.Sleep(time.Second) // the agent is in the middle of its run
	violence(cmd)
	_ = cmd.Wait()
	l.t.Logf("killed in %s", step)
}

func (l *realLab) play() {
	l.t.Helper()
	cmd := l.command("play", "--json")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	for line := range bytes.Lines(out) {
		var e map[string]any
		if json.Unmarshal(line, &e) == nil && e["type"] == string(steps.StepDone) {
			l.t.Logf("%-14s %s", e["step"], fmt.Sprintf("%6.1f s", asFloat(e["took_ms"])/1000))
		}
	}
	if err != nil {
		l.t.Fatalf("play: %v\n%s\n%s", err, out[max(0, len(out)-3000):], stderr.String())
	}
}

func asFloat(v any) float64 { f, _ := v.(float64); return f }
