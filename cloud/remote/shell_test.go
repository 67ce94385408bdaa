package remote

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestShell(t *testing.T) {
	t.Parallel()
	needShell(t)
	first, s := newServer(t), newServer(t)
	client := newClient(t)
	pace := connect(t, client, first.hop()).pace
	conn := connect(t, client, first.hop(), s.hop())
	keys, typing := io.Pipe()
	defer typing.Close()
	sizes := make(chan WindowSize)
	var out bytes.Buffer
	var exit Exit
	var err error
	var wg sync.WaitGroup
	wg.Go(func() {
		exit, err = conn.Shell(t.Context(), ShellOptions{Stdin: keys, Stdout: &out, Stderr: &out, Term: "vt100", Cols: 100, Rows: 30, Resize: sizes})
	})
	sizes <- WindowSize{120, 40}
	got := <-s.window
	if cols, rows := binary.BigEndian.Uint32([]byte(got)), binary.BigEndian.Uint32([]byte(got[4:])); cols != 120 || rows != 40 {
		t.Errorf("resized to %dx%d", cols, rows)
	}
	if held := pace.holders(); held != 1 {
		t.Errorf("%d shells hold the first hop's pace, while there is one", held)
	}
	io.WriteString(typing, "echo hello; exit 3\n")
	wg.Wait() // although nobody closes its stdin
	if held := pace.holders(); held != 0 {
		t.Errorf("%d shells hold the first hop's pace after the last has ended", held)
	}
	if err != nil || exit.Code != 3 || out.String() != "hello\n" {
		t.Errorf("%q, %+v, %v", out.String(), exit, err)
	}
	if pty, _ := s.pty.Load().(string); !strings.Contains(pty, "vt100\x00\x00\x00\x64\x00\x00\x00\x1e") {
		t.Errorf("terminal asked for: %q", pty)
	}
}

// Follow goes on over a lost connection, shows the gap, and repeats nothing.
func TestFollow(t *testing.T) {
	t.Parallel()
	needShell(t)
	s := newServer(t)
	c := newClient(t)
	path := filepath.Join(t.TempDir(), "sys log")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	io.WriteString(file, "old\none\ntwo\n")
	lines := make(chan FollowLine, 100)
	over := make(chan error, 1)
	stop := make(chan struct{})
	ctx, cancel := contextUntil(t, stop)
	defer cancel()
	go func() { over <- Follow(ctx, c, []Hop{s.hop()}, path, 2, func(l FollowLine) { lines <- l }) }()
	next := func() FollowLine {
		t.Helper()
		select {
		case l := <-lines:
			return l
		case err := <-over:
			t.Fatal("ended: ", err)
		case <-time.After(time.Minute):
			t.Fatal("no line")
		}
		return FollowLine{}
	}
	expect := func(texts ...string) {
		t.Helper()
		for _, want := range texts {
			if l := next(); l.Text != want || l.Gap {
				t.Fatalf("got %+v, want %q", l, want)
			}
		}
	}
	expect("one", "two")
	io.WriteString(file, "three\n")
	expect("three")
	s.drop()
	io.WriteString(file, "while away\n")
	if l := next(); !l.Gap || l.Lost <= 0 || l.Missed {
		t.Fatalf("no gap: %+v", l)
	}
	expect("while away")
	io.WriteString(file, "four\n")
	expect("four")
	close(stop)
	if err := <-over; !errors.Is(err, ctx.Err()) || err == nil {
		t.Errorf("ended with %v", err)
	}
	select {
	case l := <-lines:
		t.Errorf("one more: %+v", l)
	default:
	}
}

func TestFollowHopeless(t *testing.T) {
	t.Parallel()
	hop := newServer(t).hop()
	hop.Password = "wrong"
	err := Follow(t.Context(), newClient(t), []Hop{hop}, "/var/log/syslog", 1, func(FollowLine) { t.Error("a line") })
	if !errors.Is(err, ErrAuth) {
		t.Error(err)
	}
}
