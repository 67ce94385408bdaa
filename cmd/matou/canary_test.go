package main

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"matou/assets"
)

// The secrets of the workshop in this test: nothing else has these letters.
const (
	canaryHost  = "Kanari-host-93ab"  // of the hosts and the cloud
	canaryGiven = "Kanari-given-c07d" // what somebody types who has it wrong
)

// canaries finds them, and the tokens that the sandbox's cloud gives.
var canaries = regexp.MustCompile(`Kanari-[a-z]+-[0-9a-f]{4}|gAAAAA[\w-]{20,}|"adminPass": *"[^"]+"`)

// canaryWorkshop is the workshop with other passwords, in a folder of its own.
func canaryWorkshop(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "workshop")
	all, err := assets.Workshop("web-cloud-puppet")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, all); err != nil {
		t.Fatal(err)
	}
	changed := 0
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(data, []byte("moutarde")) {
			return err
		}
		changed++
		return os.WriteFile(path, bytes.ReplaceAll(data, []byte("moutarde"), []byte(canaryHost)), 0o600)
	})
	if err != nil || changed < 5 {
		t.Fatalf("%d files have a password, %v", changed, err)
	}
	return dir
}

// writes is a place where output goes: all of it is looked at.
type writes struct {
	mu    sync.Mutex
	b     bytes.Buffer
	begun func() // called once, at the first write
}

func (w *writes) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.begun != nil {
		w.begun()
		w.begun = nil
	}
	return w.b.Write(p)
}

// TestCanary plays the workshop with passwords that nothing else is called, in every way that writes
// something, and looks for them, and for the cloud's tokens, in all that was written and in the list of
// processes.
func TestCanary(t *testing.T) {
	if testing.Short() {
		t.Skip("plays the workshop three times")
	}
	t.Parallel()
	dir, state, out := canaryWorkshop(t), t.TempDir(), t.TempDir()
	look := func(where string, data []byte) {
		t.Helper()
		if hit := canaries.Find(data); hit != nil {
			at := bytes.Index(data, hit)
			t.Errorf("%s: %q", where, data[max(0, at-80):min(len(data), at+len(hit)+20)])
		}
	}
	play := func(name, input string, args ...string) string {
		t.Helper()
		cmd := program(t, state, append([]string{"--workshop", dir}, args...)...)
		cmd.Env = append(cmd.Env, "NO_COLOR=1", "TERM=dumb")
		cmd.Stdin = strings.NewReader(input)
		var printed, told writes
		if strings.HasPrefix(name, "play") {
			printed.begun = func() { processes(cmd, look) }
		}
		cmd.Stdout, cmd.Stderr = &printed, &told
		if err := cmd.Run(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, told.b.Bytes())
		}
		look(name+": standard output", printed.b.Bytes())
		look(name+": standard error", told.b.Bytes())
		return printed.b.String()
	}
	file := func(name string) string { return filepath.Join(out, name) }

	if got := play("play", "", "play", "--pace", "instant", "--json", "--record", file("play.cast")); !strings.Contains(got, `"step":"victoire"`) {
		t.Fatalf("the play is cut short:\n%.2000s", got)
	}
	play("play as text", "", "--seat", "02", "play", "--pace", "instant", "--set", "jumphost.password="+canaryHost)
	if got := play("plain", strings.Repeat("\n", 400), "--seat", "03", "--plain", "--pace", "instant", "--record", file("plain.cast")); !strings.Contains(got, "Victory!") {
		t.Fatalf("the dialogue is cut short:\n%.2000s", got)
	}
	play("export", "", "export", "-o", file("out.md"))
	play("export as a recording", "", "export", "--format", "cast", "-o", file("out.cast"))
	play("export, other language", "", "export", "--seat", "03", "--lang", "fr")
	play("status", "", "status", "--json")
	play("servers", "", "servers", "--pace", "instant", "--json")
	play("doctor", "", "doctor", "--pace", "instant")
	play("check", "", "check", "--pace", "instant")
	wrong := program(t, state, "--workshop", dir, "--seat", "04", "play", "--until", "inception", "--pace", "instant", "--set", "jumphost.password="+canaryGiven)
	if said, err := wrong.CombinedOutput(); err == nil {
		t.Errorf("a wrong password is taken: %s", said)
	} else {
		look("a wrong password", said)
	}
	everywhere(t, out, nil, look)
	found := 0 // or the test would look for nothing
	everywhere(t, state, nil, func(_ string, data []byte) { found += bytes.Count(data, []byte(canaryHost)) })
	if found == 0 {
		t.Error("the credentials of the cloud are not where a participant sources them")
	}
	// What the cloud's and the hosts' files say is theirs: the credentials a participant sources, and the
	// user-data that a server is given, of which the seat has a copy to edit.
	everywhere(t, state, func(path string) bool {
		return strings.Contains(path, "/seats/") && !strings.Contains(path, "/files/")
	}, look)
}

// everywhere looks into all files of a folder that are wanted, and there must be some.
func everywhere(t *testing.T, dir string, wanted func(path string) bool, look func(where string, data []byte)) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		name := filepath.ToSlash(strings.TrimPrefix(path, dir))
		if err != nil || !d.Type().IsRegular() || wanted != nil && !wanted(name) {
			return err
		}
		data, err := os.ReadFile(path)
		if err == nil {
			files++
			look(name, data)
		}
		return err
	})
	if err != nil || files == 0 {
		t.Errorf("%d files in %s, %v", files, dir, err)
	}
}

// processes looks at what anybody can see of a running program and of those it has started. What the
// program was given itself, on its command line and in its environment, is not its doing.
func processes(cmd *exec.Cmd, look func(where string, data []byte)) {
	if runtime.GOOS != "linux" {
		return
	}
	parent := strconv.Itoa(cmd.Process.Pid)
	list, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, stat := range list {
		data, err := os.ReadFile(stat)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(data), ") ")
		fields, pid := strings.Fields(rest), strings.Split(stat, "/")[2]
		own := pid == parent && !strings.Contains(strings.Join(cmd.Args, " "), "Kanari")
		if len(fields) < 2 || !own && fields[1] != parent {
			continue
		}
		for _, what := range []string{"cmdline", "environ"} {
			if file, err := os.Open("/proc/" + pid + "/" + what); err == nil {
				data, _ := io.ReadAll(file)
				_ = file.Close()
				look("process "+what, data)
			}
		}
	}
}
