package shell

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"matou/cloud/leaktest"
	"matou/cloud/sandbox/host/tree"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// world is a tree with two programs: show prints its arguments, cat copies.
func world(t testing.TB) tree.View {
	t.Helper()
	v := tree.New(tree.Options{Limit: 8 << 20}).Root()
	if err := errors.Join(v.MkdirAll("/root", 0o755), v.MkdirAll("/usr/bin", 0o755), v.MkdirAll("/tmp", 0o777), v.Device("/dev-null", 0o666),
		v.WriteFile("/root/a.txt", []byte("alpha\n"), 0o644), v.WriteFile("/root/b.txt", []byte("beta\n"), 0o644),
		v.WriteFile("/root/lib.sh", []byte("greet() { echo hi $1; }\nx=sourced\n"), 0o644),
		v.WriteFile("/usr/bin/show", nil, 0o755)); err != nil {
		t.Fatal(err)
	}
	return v
}

type result struct {
	out, err string
	exit     int
}

func run(t testing.TB, v tree.View, text string) result {
	t.Helper()
	var out, stderr bytes.Buffer
	var mu sync.Mutex
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var wg sync.WaitGroup
	s, err := New(Config{
		FS: v, Dir: "/root", Env: []string{"HOME=/root", "PATH=/usr/bin", "UID=0", "EUID=0", "GID=0"},
		Stdout: &locked{&mu, &out}, Stderr: &locked{&mu, &stderr}, Prefix: "bash",
		Background: ctx, Go: func(f func()) { wg.Go(f) },
		Exec: func(ctx context.Context, c Command) int {
			switch c.Args[0] {
			case "show":
				fmt.Fprintf(c.Stdout, "%q\n", c.Args[1:])
			case "cat":
				if c.Stdin != nil {
					_, _ = io.Copy(c.Stdout, c.Stdin)
				}
			case "/bin/pwd":
				fmt.Fprintln(c.Stdout, c.Dir)
			default:
				fmt.Fprintf(c.Stderr, "bash: %s: command not found\n", c.Args[0])
				return 127
			}
			return 0
		},
		Lookup: func(_, _, name string) string {
			if name == "show" || name == "cat" {
				return "/usr/bin/" + name
			}
			return ""
		},
		Home: func(u string) (string, bool) { return "/home/" + u, u == "jump" },
	})
	if err != nil {
		t.Fatal(err)
	}
	code, err := s.Run(ctx, text, false)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	cancel()
	wg.Wait()
	mu.Lock()
	defer mu.Unlock()
	return result{out.String(), stderr.String(), code}
}

type locked struct {
	mu *sync.Mutex
	w  io.Writer
}

func (l *locked) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

func TestShell(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text string
		want result
	}{
		{`echo "a  b" 'c$d' e\ f`, result{out: "a  b c$d e f\n"}},
		{"show *.txt", result{out: "[\"a.txt\" \"b.txt\"]\n"}},
		{"show /root/[b]* nope*", result{out: "[\"/root/b.txt\" \"nope*\"]\n"}},
		{"cat <a.txt >c; cat <c >>c2; cat <c2", result{out: "alpha\n"}},
		{"cat <<X\nhere $((1+1))\nX", result{out: "here 2\n"}},
		{"cat <<'X'\nhere $HOME\nX", result{out: "here $HOME\n"}},
		{"echo a | cat | cat", result{out: "a\n"}},
		{"false; echo $?; nosuch; echo $?", result{out: "1\n127\n", err: "bash: nosuch: command not found\n"}},
		{"cd /tmp && pwd; cd - ; cd; pwd; cd /nope; cd a b", result{out: "/tmp\n/root\n/root\n", err: "bash: cd: /nope: No such file or directory\nbash: cd: too many arguments\n", exit: 1}},
		{"cd a.txt", result{err: "bash: cd: a.txt: Not a directory\n", exit: 1}},
		{"cat </nope; echo $?", result{out: "1\n", err: "bash: /nope: No such file or directory\n"}},
		{"echo x >/root; echo $?", result{out: "1\n", err: "bash: /root: Is a directory\n"}},
		{". ./lib.sh; greet you; echo $x", result{out: "hi you\nsourced\n"}},
		{"source /etc/passwd", result{err: "bash: /etc/passwd: No such file or directory\n", exit: 1}},
		{"f() { return 3; }; f; echo $?", result{out: "3\n"}},
		{"for i in {1..3}; do echo -n $i; done; echo", result{out: "123\n"}},
		{"x=$(echo sub); echo ${x^^} ${#x} ${x/s/S}", result{out: "SUB 3 Sub\n"}},
		{"[ -f a.txt ] && [ -d /tmp ] && [ ! -e nope ] && [[ -r b.txt ]] && echo yes", result{out: "yes\n"}},
		{"[ -O a.txt ]; [[ -G a.txt ]]; echo done", result{out: "done\n"}},
		{"command -v show; command -v nosuch; command -v cd; echo $?", result{out: "/usr/bin/show\ncd\n0\n"}},
		{"command -v go gcc ls sh; echo $?", result{out: "1\n"}},
		{"type show; f() { :; }; type f", result{out: "show is /usr/bin/show\nf is a function\n"}},
		{"echo ~ ~jump ~root", result{out: "/root /home/jump ~root\n"}},
		{"pwd -P; builtin pwd -P; command pwd -P", result{out: "/root\n/root\n/root\n"}},
		{"echo ${TMPDIR:-none}", result{out: "none\n"}},
		{"cat <(echo x)", result{err: "bash: process substitution is not supported here\n", exit: 2}},
		{"eval 'cat <(echo x)'; echo $?", result{out: "1\n", err: "bash: eval: process substitution is not supported here\n"}},
		{"echo 'unclosed", result{err: "bash: line 1: syntax error: reached EOF without closing quote `'`\n", exit: 2}},
		{"echo before; exit 4; echo after", result{out: "before\n", exit: 4}},
		{"trap 'echo bye' EXIT; echo a", result{out: "a\nbye\n"}},
		{"set -e; false; echo no", result{exit: 1}},
		{"echo one & wait; echo two", result{out: "one\ntwo\n"}},
		{"f() { f; }; f; echo on", result{out: "on\n", err: "bash: maximum function nesting level exceeded: refused\n"}},
		{"echo {1..99999999}", result{err: "bash: brace expansion: too many words\n", exit: 2}},
		{"echo {1..100}{1..100}{1..100}", result{err: "bash: brace expansion: too many words\n", exit: 2}},
		{"read a b <<<'one two three'; echo \"$b\"", result{out: "two three\n"}},
		{"while read l; do echo \"<$l>\"; done <a.txt", result{out: "<alpha>\n"}},
		{"printf '%s-%d\\n' a 1 b 2", result{out: "a-1\nb-2\n"}},
	} {
		if got := run(t, world(t), tt.text); got != tt.want {
			t.Errorf("%s\n got %+v\nwant %+v", tt.text, got, tt.want)
		}
	}
}

func TestIncomplete(t *testing.T) {
	t.Parallel()
	s, err := New(Config{FS: world(t), Dir: "/", Stdout: io.Discard, Stderr: io.Discard, Exec: func(context.Context, Command) int { return 0 }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for text, want := range map[string]error{"for i in 1\n": ErrIncomplete, "echo 'a": ErrIncomplete, "cat <<X\n": ErrIncomplete, "echo a": nil, "fi": nil} {
		if _, err := s.Run(t.Context(), text, true); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", text, err, want)
		}
	}
}

func TestContextEndsLoops(t *testing.T) {
	t.Parallel()
	s, err := New(Config{FS: world(t), Dir: "/", Stdout: io.Discard, Stderr: io.Discard, Exec: func(context.Context, Command) int { return 0 }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if code, _ := s.Run(ctx, "while :; do :; done", false); code != 130 || s.Exited() {
		t.Errorf("exit %d, exited %v", code, s.Exited())
	}
	if code, _ := s.Run(t.Context(), "true", false); code != 0 {
		t.Errorf("the shell does not go on: %d", code)
	}
}

// FuzzShell runs any text: it must end, without a panic, and without a file of the real machine
// being made or read.
func FuzzShell(f *testing.F) {
	marker := filepath.Join(f.TempDir(), "marker")
	if err := os.WriteFile(marker, []byte("real machine"), 0o600); err != nil {
		f.Fatal(err)
	}
	dir := f.TempDir()
	for _, seed := range []string{
		"cat <" + marker, "echo x >" + dir + "/made", ". " + marker, "cat $(<" + marker + ")", "cat <(cat " + marker + ")",
		"f(){ f|f& };f", "while :;do :;done", "a=b;while :;do a=$a$a;break;done", "trap 'echo x' EXIT DEBUG", "exec >" + dir + "/made",
		"echo ~root ~", "[[ -O x && -G y ]]", "case x in x) echo;;esac", "for((;;)){ :; }", "echo ${a[@]} ${!a*} $((1/0))", "cat <<A\n$(cd /)\nA", "mapfile x </etc/passwd",
		"select i in a; do :; done", "wait; jobs; kill 1; command -v ls; type -a cat", "[ a -ef b ]", "shopt -s globstar; echo /**",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 2000 || strings.Count(text, "$") > 40 {
			return
		}
		v := world(t)
		var out bytes.Buffer
		var mu sync.Mutex
		ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		defer cancel()
		w := &capped{locked{&mu, &out}, 1 << 20}
		var wg sync.WaitGroup
		s, err := New(Config{
			FS: v, Dir: "/root", Env: []string{"HOME=/root", "PATH=/usr/bin"}, Stdout: w, Stderr: w, Prefix: "bash",
			Background: ctx, Go: func(f func()) { wg.Go(f) },
			Exec: func(_ context.Context, c Command) int {
				if c.Stdin != nil && c.Args[0] == "cat" {
					_, _ = io.Copy(c.Stdout, c.Stdin)
				}
				return 0
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		_, _ = s.Run(ctx, text, false)
		s.Close()
		cancel()
		wg.Wait()
		if took := time.Since(began); took > time.Minute {
			t.Errorf("took %v", took)
		}
		mu.Lock()
		defer mu.Unlock()
		if strings.Contains(out.String(), errInternal.Error()) {
			t.Errorf("panic: %q", out.String())
		}
		if strings.Contains(out.String(), "real machine") {
			t.Errorf("read the real machine: %q", out.String())
		}
		if list, _ := os.ReadDir(dir); len(list) > 0 {
			t.Errorf("wrote to the real machine: %v", list)
		}
	})
}

// capped refuses to take more than a bound.
type capped struct {
	locked
	left int
}

func (c *capped) Write(b []byte) (int, error) {
	c.mu.Lock()
	c.left -= len(b)
	over := c.left < 0
	c.mu.Unlock()
	if over {
		return 0, io.ErrShortWrite
	}
	return c.locked.Write(b)
}
