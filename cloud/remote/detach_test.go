//go:build unix

package remote

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// homely starts sshd with a home folder of the test's own, in which the login shell finds rc to read.
func homely(t *testing.T, rc, extra string) (hop Hop, home string) {
	t.Helper()
	home = t.TempDir()
	if err := os.WriteFile(filepath.Join(home, ".bashrc"), []byte(rc), 0o600); err != nil {
		t.Fatal(err)
	}
	return sshd(t, "SetEnv HOME="+home+"\n"+extra), home
}

// lines gathers output.
type lines struct {
	mu  sync.Mutex
	got []string
	on  func(n int, text string)
}

func (l *lines) take(line Line) {
	l.mu.Lock()
	l.got = append(l.got, line.Text)
	n := len(l.got)
	l.mu.Unlock()
	if l.on != nil {
		l.on(n, line.Text)
	}
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.got, "|")
}

// counting prints the numbers to n, with pauses, and leaves a mark for each time it was begun.
func counting(home string, n int, end string) string {
	return fmt.Sprintf("echo begun >>%s; i=0; while [ $i -lt %d ]; do i=$((i+1)); echo $i; sleep 0.1; done; %s", Quote(home+"/begun"), n, end)
}

func begun(t *testing.T, home string) int {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(home, "begun"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(data), "begun")
}

func TestRunOnce(t *testing.T) {
	t.Parallel()
	// A login shell that greets, in words that look like ours.
	hop, home := homely(t, "echo 'Bienvenue ! matou-0123 '; echo oups >&2\n", "")
	c := newClient(t)
	chain := []Hop{hop}
	for line, want := range map[string]struct {
		exit Exit
		out  string
	}{
		"echo one; echo two >&2; printf three": {Exit{}, "one|two|three"},
		"exit 6":                               {Exit{Code: 6}, ""},
		"echo 'a b'; kill -TERM $$":            {Exit{Code: 143}, "a b"},
		"cat; echo end":                        {Exit{}, "end"}, // it has no input
		"nonesuch-command 2>/dev/null":         {Exit{Code: 127}, ""},
		"printf 'matou-\\nmatou-\\n'":          {Exit{}, "matou-|matou-"},
	} {
		var l lines
		exit, err := RunOnce(t.Context(), c, chain, Job{ID: "job.1_-", Line: line}, l.take)
		if err != nil || exit != want.exit || !strings.HasPrefix(l.String(), want.out) || want.exit.Code != 143 && l.String() != want.out { // sh says that it was terminated
			t.Errorf("%s: %+v, %v, %q", line, exit, err, l.String())
		}
		if left, _ := filepath.Glob(home + "/.matou/jobs/*"); len(left) != 0 {
			t.Errorf("%s left %q", line, left)
		}
	}
	much := &bounded{limit: 0}
	exit, err := RunOnce(t.Context(), c, chain, Job{ID: "much", Line: "yes 0123456789 | head -c 3000000"}, func(l Line) { much.Write([]byte(l.Text + "\n")) })
	if _, n := much.take(); err != nil || !exit.OK() || n < 3_000_000 || n > 3_000_001 {
		t.Errorf("much output: %d bytes, %v, %v", n, exit, err)
	}
	for _, id := range []string{"", ".", "..", "a/b", "a b", "$(id)", strings.Repeat("x", 201)} {
		if _, err := RunOnce(t.Context(), c, chain, Job{ID: id, Line: "true"}, nil); !errors.Is(err, ErrNoShell) {
			t.Errorf("id %q: %v", id, err)
		}
	}
	wrong := hop
	wrong.Fingerprints = []string{"SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}
	if _, err := RunOnce(t.Context(), newClient(t), []Hop{wrong}, Job{ID: "x", Line: "true"}, nil); !errors.Is(err, ErrHostKeyChanged) {
		t.Error(err)
	}
}

// TestRunOnceLineDrops: the connection is cut again and again, and the command runs once.
func TestRunOnceLineDrops(t *testing.T) {
	t.Parallel()
	hop, home := homely(t, "", "")
	c := newClient(t)
	l := &lines{}
	l.on = func(n int, _ string) {
		if n%4 == 0 {
			go c.Disconnect(hop)
		}
	}
	exit, err := RunOnce(t.Context(), c, []Hop{hop}, Job{ID: "drops", Line: counting(home, 12, "exit 2")}, l.take)
	if err != nil || exit.Code != 2 || l.String() != "1|2|3|4|5|6|7|8|9|10|11|12" {
		t.Errorf("%+v, %v, %s", exit, err, l)
	}
	if n := begun(t, home); n != 1 {
		t.Errorf("it was begun %d times", n)
	}
}

// TestRunOncePickedUp: the program ends, and the next one finds the command where it is, or its end.
func TestRunOncePickedUp(t *testing.T) {
	t.Parallel()
	for _, after := range []time.Duration{0, 1500 * time.Millisecond} {
		t.Run(after.String(), func(t *testing.T) {
			t.Parallel()
			hop, home := homely(t, "", "")
			job := Job{ID: "picked-up", Line: counting(home, 8, "exit 4")}
			ctx, cancel := context.WithCancel(t.Context())
			l := &lines{on: func(n int, _ string) {
				if n == 3 {
					cancel()
				}
			}}
			first := New(Options{})
			if _, err := RunOnce(ctx, first, []Hop{hop}, job, l.take); !errors.Is(err, context.Canceled) {
				t.Errorf("cancelled: %v", err)
			}
			first.Close()
			time.Sleep(after)
			l = &lines{}
			exit, err := RunOnce(t.Context(), newClient(t), []Hop{hop}, job, l.take)
			if err != nil || exit.Code != 4 || l.String() != "1|2|3|4|5|6|7|8" {
				t.Errorf("%+v, %v, %s", exit, err, l)
			}
			if n := begun(t, home); n != 1 {
				t.Errorf("it was begun %d times", n)
			}
			// Its end has been told: the same name is a new run now.
			if exit, err := RunOnce(t.Context(), newClient(t), []Hop{hop}, job, nil); err != nil || exit.Code != 4 || begun(t, home) != 2 {
				t.Errorf("again: %+v, %v", exit, err)
			}
		})
	}
}

// TestRunOnceTwo: of two who ask at the same time, one begins it; both may see its end, or one that
// it is gone.
func TestRunOnceTwo(t *testing.T) {
	t.Parallel()
	hop, home := homely(t, "", "")
	c := newClient(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	good := 0
	for range 2 {
		wg.Go(func() {
			exit, err := RunOnce(t.Context(), c, []Hop{hop}, Job{ID: "two", Line: counting(home, 5, "exit 3")}, nil)
			mu.Lock()
			defer mu.Unlock()
			if err == nil && exit.Code == 3 {
				good++
			} else if !errors.Is(err, ErrLost) {
				t.Errorf("%+v, %v", exit, err)
			}
		})
	}
	wg.Wait()
	if n := begun(t, home); n != 1 || good == 0 {
		t.Errorf("begun %d times, %d good ends", n, good)
	}
}

// TestRunOnceDies: the command and what waits for it are killed, or the host was started again.
func TestRunOnceDies(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]string{
		"killed":   `kill -9 $(cat "$d/pid") $$`,
		"rebooted": `echo another >"$d/boot"; sleep 5`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hop, home := homely(t, "", "")
			l := &lines{}
			job := Job{ID: "dies", Line: "d=$HOME/.matou/jobs/dies; echo here; " + harm}
			exit, err := RunOnce(t.Context(), newClient(t), []Hop{hop}, job, l.take)
			if !errors.Is(err, ErrLost) || !exit.Missing || l.String() != "here" {
				t.Errorf("%+v, %v, %s", exit, err, l)
			}
			job.Line = "echo again"
			if exit, err := RunOnce(t.Context(), newClient(t), []Hop{hop}, job, l.take); err != nil || !exit.OK() {
				t.Errorf("%+v, %v, left in %s", exit, err, home)
			}
		})
	}
}

func TestRunOnceNoHome(t *testing.T) {
	t.Parallel()
	hop := sshd(t, "SetEnv HOME=/proc/nowhere")
	if _, err := RunOnce(t.Context(), newClient(t), []Hop{hop}, Job{ID: "x", Line: "true"}, nil); !errors.Is(err, ErrNoShell) || !strings.Contains(err.Error(), "mkdir") {
		t.Error(err)
	}
}

func TestOverlapWith(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"": 0, "abc": 0, "xm": 1, "xmar": 3, "mark": 0, "marma": 2} {
		if got := overlapWith([]byte(text), "mark"); got != want {
			t.Errorf("%q: %d", text, got)
		}
	}
}

// FuzzJobFollower: however the stream is cut, the output between the marks comes out as it is.
func FuzzJobFollower(f *testing.F) {
	f.Add("noise\n", "out\nput", 3)
	f.Add("", "M", 1)
	f.Add("MM\n", "M M\nM", 2)
	f.Fuzz(func(t *testing.T, noise, text string, cut int) {
		const mark = "Mark"
		if cut < 1 || strings.Contains(noise, mark) || strings.Contains(text, mark) {
			t.Skip()
		}
		var got strings.Builder
		follow := &jobFollower{mark: mark, o: newOutput(func(l Line) {
			got.WriteString(l.Text)
			if !l.Partial {
				got.WriteByte('\n')
			}
		}, -1)}
		stream := noise + mark + "\n" + text + mark + " 7\n"
		for len(stream) > 0 {
			n := min(cut, len(stream))
			follow.Write([]byte(stream[:n]))
			stream = stream[n:]
		}
		follow.o.finish()
		if follow.read != int64(len(text)) || string(follow.tail) != "7\n" || follow.state != 2 {
			t.Errorf("%d bytes of %d, tail %q", follow.read, len(text), follow.tail)
		}
		if strings.ContainsAny(text, "\r") {
			return
		}
		if want := strings.TrimSuffix(text, "\n"); strings.TrimSuffix(got.String(), "\n") != want {
			t.Errorf("%q, want %q", got.String(), want)
		}
	})
}
