package remote

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"matou/cloud"
)

func TestRun(t *testing.T) {
	t.Parallel()
	needShell(t)
	s := newServer(t)
	conn := connect(t, newClient(t), s.hop())
	tests := []struct {
		name string
		cmd  Command
		want []Line
		exit Exit
		err  error
	}{
		{"two streams", Command{Line: "echo a; echo b >&2"}, []Line{{Text: "a"}, {Text: "b", Stderr: true}}, Exit{}, nil},
		{"exit code", Command{Line: "exit 6"}, nil, Exit{Code: 6}, nil},
		{"stdin", Command{Line: "cat", Stdin: strings.NewReader("x\ny")}, []Line{{Text: "x"}, {Text: "y"}}, Exit{}, nil},
		{"no stdin", Command{Line: "cat; echo end"}, []Line{{Text: "end"}}, Exit{}, nil},
		{
			"environment",
			Command{Line: `echo "$A-$B"`, Env: map[string]string{"A": "$(id)", "B": "it's"}},
			[]Line{{Text: "$(id)-it's"}},
			Exit{},
			nil,
		},
		{"bad variable", Command{Line: "true", Env: map[string]string{"A;reboot": ""}}, nil, Exit{Code: -1}, ErrNoShell},
		{"limit", Command{Line: "echo 1234567", MaxOutput: 3}, []Line{{Text: "123"}}, Exit{Dropped: 5}, nil},
		{"signal", Command{Line: "killed"}, nil, Exit{Code: 137, Signal: "KILL"}, nil},
		{"no status", Command{Line: "nostatus"}, []Line{{Text: "bye"}}, Exit{Code: -1, Missing: true}, ErrLost},
		{"refused", Command{Line: "refuse"}, nil, Exit{Code: -1}, ErrNoShell},
		{"escape sequence", Command{Line: `printf '\033[2J\377\n'`}, []Line{{Text: "\x1b[2J\xff"}}, Exit{}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []Line
			exit, err := conn.Run(t.Context(), tt.cmd, func(l Line) { got = append(got, l) })
			if !errors.Is(err, tt.err) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			if exit != tt.exit {
				t.Errorf("exit %+v, want %+v", exit, tt.exit)
			}
			if len(got) != len(tt.want) {
				t.Fatalf("lines %+v, want %+v", got, tt.want)
			}
			for _, w := range tt.want { // two streams come in no fixed order
				found := false
				for _, g := range got {
					found = found || g == w
				}
				if !found {
					t.Errorf("lines %+v lack %+v", got, w)
				}
			}
		})
	}
}

func TestRunHugeLine(t *testing.T) {
	t.Parallel()
	conn := connect(t, newClient(t), newServer(t).hop())
	const size, limit = 8 << 20, 5 << 20
	total, longest := 0, 0
	exit, err := conn.Run(t.Context(), Command{Line: "zeros 8388608", MaxOutput: limit}, func(l Line) {
		total += len(l.Text)
		longest = max(longest, len(l.Text))
	})
	if err != nil || !exit.OK() {
		t.Fatal(exit, err)
	}
	if total != limit || longest > maxLine || exit.Dropped != size-limit {
		t.Errorf("passed %d, longest %d, dropped %d", total, longest, exit.Dropped)
	}
}

func TestRunCancelled(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"hang", "mute"} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			conn := connect(t, newClient(t), newServer(t).hop())
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(20*time.Millisecond, cancel)
			over := false
			_, err := conn.Run(ctx, Command{Line: line}, func(Line) {
				if over {
					t.Error("a line came after Run had returned")
				}
			})
			over = true
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("error %v", err)
			}
			if !conn.alive() {
				t.Error("cancelling one command ended the connection")
			}
		})
	}
}

// TestLostWhileOpening: an open that never ends, as x/crypto/ssh has them when the connection ends in
// that moment, holds up neither those who wait for it nor the end of the client.
func TestLostWhileOpening(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	client := newClient(t)
	conn := connect(t, client, s.hop())
	opening, release, dropped := make(chan struct{}), make(chan struct{}), make(chan int)
	failed := make(chan error)
	go func() {
		_, err := within(t.Context(), conn, func() (int, error) {
			close(opening)
			<-release
			return 7, nil
		}, func(v int) { dropped <- v })
		failed <- err
	}()
	<-opening
	s.drop()
	if err := <-failed; !errors.Is(err, ErrLost) {
		t.Errorf("the connection ends: %v", err)
	}
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	close(release)
	if v := <-dropped; v != 7 {
		t.Errorf("dropped %d", v)
	}
}

// TestMortal: whoever has seen the end of a connection writes nothing on it any more.
func TestMortal(t *testing.T) {
	t.Parallel()
	here, there := net.Pipe()
	m := &mortal{Conn: here}
	defer m.Close()
	go func() { io.ReadFull(there, make([]byte, 1)); there.Close() }()
	if _, err := m.Write([]byte{1}); err != nil {
		t.Error(err)
	}
	if _, err := m.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("read: %v", err)
	}
	if _, err := m.Write([]byte{1}); !errors.Is(err, net.ErrClosed) {
		t.Errorf("write: %v", err)
	}
}

func TestRunLost(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	client := newClient(t)
	conn := connect(t, client, s.hop())
	var got []Line
	exit, err := conn.Run(t.Context(), Command{Line: "drop"}, func(l Line) { got = append(got, l) })
	if !errors.Is(err, ErrLost) || !exit.Missing {
		t.Fatalf("exit %+v, error %v", exit, err)
	}
	var he *HopError
	if !errors.As(err, &he) || he.Hop.Name != "test" || he.Hop.Password != "" {
		t.Errorf("error does not name the hop, or has its password: %#v", err)
	}
	if len(got) != 1 || got[0].Text != "about to go" {
		t.Errorf("lines %v", got)
	}
	<-conn.Done()
	if again := connect(t, client, s.hop()); again == conn {
		t.Error("a dead connection was handed out")
	}
	if n := s.accepted.Load(); n != 2 {
		t.Errorf("%d connections, want 2", n)
	}
}

func TestOutputLimit(t *testing.T) {
	t.Parallel()
	conn := connect(t, newClient(t), newServer(t).hop())
	out, exit, err := conn.Output(t.Context(), "zeros 1000", 10)
	if err != nil || string(out) != "0000000000" || exit.Dropped != 990 {
		t.Fatalf("%q %+v %v", out, exit, err)
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	needShell(t)
	conn := connect(t, newClient(t), newServer(t).hop())
	dir := t.TempDir()
	name := filepath.Join(dir, "it's $(a) -file\n")
	content := []byte("line\r\n\x00\xff no newline at the end")
	if _, err := conn.ReadFile(t.Context(), name, 100); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if err := conn.WriteFile(t.Context(), name, content, 0o640); err != nil {
		t.Fatal(err)
	}
	got, err := conn.ReadFile(t.Context(), name, len(content))
	if err != nil || string(got) != string(content) {
		t.Errorf("read back %q, %v", got, err)
	}
	if _, err := conn.ReadFile(t.Context(), name, len(content)-1); !errors.Is(err, cloud.ErrTooLarge) {
		t.Errorf("too long a file: %v", err)
	}
	if err := conn.WriteFile(t.Context(), filepath.Join(dir, "none", "x"), content, 0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
	if err := conn.WriteFile(t.Context(), dir+"/", content, 0); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("no name: %v", err)
	}
	left, err := filepath.Glob(filepath.Join(dir, ".*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
	id, err := conn.Identity(t.Context())
	if err != nil || id.User == "" || id.Host == "" {
		t.Errorf("identity %v, %v", id, err)
	}
}

func TestAfterMarker(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		out, want string
		ok        bool
	}{
		{"noise\nM\nbody\n", "body\n", true},
		{"M\r\nbody", "body", true},
		{"no mark", "", false},
		{"M", "", true},
		{"M\n\nbody", "\nbody", true},
	} {
		got, ok := afterMarker([]byte(tt.out), "M")
		if string(got) != tt.want || ok != tt.ok {
			t.Errorf("%q: %q, %v", tt.out, got, ok)
		}
	}
}
