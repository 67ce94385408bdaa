package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"matou/cloud/lab"
)

// TestMain lets scripts, and tests that need a process of their own, run this very program as matou.
func TestMain(m *testing.M) {
	lab.Main()
	testscript.Main(m, map[string]func(){"matou": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			clean(e)
			return nil
		},
		RequireExplicitExec: true,
	})
}

// clean makes an environment in which nothing of this machine's shows.
func clean(e *testscript.Env) {
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "OS_") || strings.HasPrefix(name, "MATOU_") {
			e.Setenv(name, "")
		}
	}
	e.Setenv("XDG_STATE_HOME", filepath.Join(e.WorkDir, "state"))
	e.Setenv("HOME", e.WorkDir)
	e.Setenv("LC_ALL", "en_GB.UTF-8")
	e.Setenv("NO_COLOR", "1")
}

// program is this program as a process of its own, with its state in a folder of the test.
func program(t *testing.T, state string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath("matou") // testscript.Main put it on the path
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, append([]string{"--state", state, "--sandbox"}, args...)...)
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); !strings.HasPrefix(name, "OS_") && !strings.HasPrefix(name, "MATOU_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, "HOME="+state, "LC_ALL=en_GB.UTF-8")
	return cmd
}
