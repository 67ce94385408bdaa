package main

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"appears": appears,
			"nowhere": nowhere,
		},
	})
}

// appears waits for a file that a program in the background writes: appears FILE.
func appears(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: appears FILE")
	}
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if info, err := os.Stat(ts.MkAbs(args[0])); err == nil && info.Size() > 0 {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("%s does not appear", args[0])
		}
	}
}

// nowhere fails when a text is in a file of a folder, which has to have files: nowhere TEXT DIR.
func nowhere(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: nowhere TEXT DIR")
	}
	files := 0
	ts.Check(filepath.WalkDir(ts.MkAbs(args[1]), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if files++; bytes.Contains(data, []byte(args[0])) {
			ts.Fatalf("%s is in %s", args[0], path)
		}
		return err
	}))
	if files == 0 {
		ts.Fatalf("%s has no file", args[1])
	}
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

// write makes a file, and the folders above it.
func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
