package shell

import (
	"bytes"
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestPanicInAPart: a mistake in what the interpreter runs beside ends that command with 134, as it would
// end any other program, and the shell goes on.
func TestPanicInAPart(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ text, out string }{
		{"boom; echo on", "on\n"},
		{"boom | cat; echo on", "on\n"},
		{"cat a.txt | boom; echo on", "on\n"},
		{"echo 'a b' | boom | cat; echo on", "on\n"},
		{"echo 1 | { cat; boom; } | cat; echo on", "1\non\n"},
		{"boom |& cat; echo on", "on\n"},
		{"f() { boom | cat; }; f; f; echo on", "on\non\n"},
		{"for i in 1 2; do { boom; } & wait; done; echo on", "on\n"},
		{"x=$(boom | cat); echo on", "on\n"},
		{"eval 'boom | cat'; echo on", "on\n"},
		{". bad.sh; echo on", "on\n"},
		{"set -o pipefail; boom | cat; echo $?", "134\n"},
		{"boom | cat | cat; set -x; echo 'x y' | cat", "x y\n"},
	} {
		v := world(t)
		if err := v.WriteFile("/root/bad.sh", []byte("boom | cat\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		var out, stderr bytes.Buffer
		var mu sync.Mutex
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		var wg sync.WaitGroup
		s, err := New(Config{
			FS: v, Dir: "/root", Env: []string{"HOME=/root", "PATH=/usr/bin"}, Stdout: &locked{&mu, &out}, Stderr: &locked{&mu, &stderr}, Prefix: "bash",
			Background: ctx, Go: func(f func()) { wg.Go(f) },
			Exec: func(_ context.Context, c Command) int {
				switch c.Args[0] {
				case "boom":
					panic("boom")
				case "cat":
					in := c.Stdin
					if len(c.Args) > 1 {
						in = strings.NewReader("alpha\n")
					}
					_, _ = io.Copy(c.Stdout, in)
				}
				return 0
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Run(ctx, tt.text, false); err != nil {
			t.Error(err)
		}
		s.Close()
		cancel()
		wg.Wait()
		if want := strings.TrimPrefix(tt.out, "on\n"); !strings.HasSuffix(out.String(), tt.out) && !strings.Contains(out.String(), want) {
			t.Errorf("%s: printed %q", tt.text, out.String())
		}
		if !strings.Contains(stderr.String(), "internal error of the shell: boom") || !strings.Contains(stderr.String(), "Aborted\n") {
			t.Errorf("%s: told %q", tt.text, stderr.String())
		}
		if strings.Contains(stderr.String(), partName) {
			t.Errorf("%s: the trace shows how it is done: %q", tt.text, stderr.String())
		}
	}
}

// TestParts: what is run as a part does what it did before.
func TestParts(t *testing.T) {
	t.Parallel()
	v := world(t)
	for _, tt := range []struct {
		text, out string
		exit      int
	}{
		{"echo \"it's\" 'a  b' | cat", "it's a  b\n", 0},
		{"cat <<A | cat | cat\none $((1+1))\n'two'\nA", "one 2\n'two'\n", 0},
		{"x=1; { x=2; echo $x; } | cat; echo $x", "2\n1\n", 0},
		{"false; echo $? | cat", "1\n", 0},
		{"exit 3 | cat; echo $?", "0\n", 0},
		{"set -o pipefail; exit 3 | cat; echo $?", "3\n", 0},
		{"echo ~root ~jump/x '~root' | cat; (echo ~nobody) | cat", "~root /home/jump/x ~root\n~nobody\n", 0},
		{"x=~nobody; echo $x | cat; cat <<A | cat\n~jump\nA", "~nobody\n~jump\n", 0},
		{"f() { local y=5; echo $y $1 | cat; }; f arg", "5 arg\n", 0},
		{"for i in a b; do echo $i | cat; done | cat", "a\nb\n", 0},
		{"while read l; do echo \"<$l>\"; done <<A | cat\none\ntwo\nA", "<one>\n<two>\n", 0},
		{"! true | cat; echo $?", "1\n", 0},
		{"! false | cat", "", 1},
		{"echo a | (cat; echo b | cat) | cat", "a\nb\n", 0},
		{"echo $(echo a | cat) | cat", "a\n", 0},
		{"eval 'echo a | cat' | cat", "a\n", 0},
		{"shopt -s expand_aliases; alias hi='echo hello'\nhi | cat", "hello\n", 0},
		{"echo a 2>&1 >/dev-null | cat", "", 0},
		{"set -- p q; echo $# $2 | cat", "2 q\n", 0},
		{"if echo x | cat; then echo y | cat; fi", "x\ny\n", 0},
		{"f() { echo in | cat & wait; }; f", "in\n", 0},
		{"a=(1 2 3); echo ${a[@]} | cat", "1 2 3\n", 0},
	} {
		if got := run(t, v, tt.text); got.out != tt.out || got.exit != tt.exit || got.err != "" {
			t.Errorf("%s: %q, %q, %d; want %q, %d", tt.text, got.out, got.err, got.exit, tt.out, tt.exit)
		}
	}
}
