package bin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"matou/cloud/leaktest"
	"matou/cloud/sandbox/host/tree"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

var noon = time.Date(2016, time.March, 10, 12, 0, 0, 0, time.UTC)

func files(t testing.TB) tree.View {
	t.Helper()
	v := tree.New(tree.Options{Now: func() time.Time { return noon }}).Root()
	if err := errors.Join(v.MkdirAll("/w/d/e", 0o755), v.WriteFile("/w/f", []byte("b 2\na 10\nc 1\na 10\n"), 0o644),
		v.WriteFile("/w/d/g", []byte("needle in G\n"), 0o600), v.WriteFile("/w/.hidden", nil, 0o644), v.Symlink("f", "/w/l"),
		v.MkdirAll("/etc", 0o755), v.WriteFile("/etc/passwd", []byte("root:x:0:0::/root:/bin/bash\nu:x:7:8::/u:/bin/sh\n"), 0o644),
		v.WriteFile("/etc/group", []byte("root:x:0:\nug:x:8:\n"), 0o644), v.Chmod("/w/f", 0o755)); err != nil {
		t.Fatal(err)
	}
	return v
}

// call runs a program. Words are separated by blanks; ␣ stands for one inside a word.
func call(ctx context.Context, v tree.View, line, stdin string) (string, int) {
	var out bytes.Buffer
	words := strings.Split(line, " ")
	for i := range words {
		words[i] = strings.ReplaceAll(words[i], "␣", " ")
	}
	c := Call{
		Args: words, Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &out, Dir: "/w", User: "root", FS: v,
		Env: []string{"A=1", "B=2"}, Now: func() time.Time { return noon },
	}
	c.Exec = func(ctx context.Context, n Call) int {
		f := Table[n.Args[0]]
		if f == nil {
			fmt.Fprintf(n.Stderr, "%s: not found\n", n.Args[0])
			return 127
		}
		n.Exec = c.Exec
		return f(ctx, &n)
	}
	code := Table[base(words[0])](ctx, &c)
	return out.String(), code
}

func TestPrograms(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		line, in, want string
		exit           int
	}{
		{"ls", "", "d\nf\nl\n", 0},
		{"ls -a", "", ".\n..\n.hidden\nd\nf\nl\n", 0},
		{"ls -l", "", "total 8\ndrwxr-xr-x 3 root root 4096 Mar 10 12:00 d\n-rwxr-xr-x 1 root root   18 Mar 10 12:00 f\nlrwxrwxrwx 1 root root    1 Mar 10 12:00 l -> f\n", 0},
		{"ls -ld d", "", "drwxr-xr-x 3 root root 4096 Mar 10 12:00 d\n", 0},
		{"ls nope", "", "ls: cannot access 'nope': No such file or directory\n", 2},
		{"ls -y", "", "ls: invalid option -- 'y'\n", 2},
		{"ls f d", "", "f\n\nd:\ne\ng\n", 0},
		{"cat f nope", "", "b 2\na 10\nc 1\na 10\ncat: nope: No such file or directory\n", 1},
		{"cat -n -", "x\ny\n", "     1\tx\n     2\ty\n", 0},
		{"cat d", "", "cat: d: Is a directory\n", 1},
		{"grep a f", "", "a 10\na 10\n", 0},
		{"grep -c a f", "", "2\n", 0},
		{"grep -q zzz f", "", "", 1},
		{"grep x nope", "", "grep: nope: No such file or directory\n", 2},
		{"grep -n -v a f", "", "1:b 2\n3:c 1\n", 0},
		{"grep -ri NEEDLE .", "", "d/g:needle in G\n", 0},
		{"grep -o -E [0-9]+ f", "", "2\n10\n1\n10\n", 0},
		{`grep \(a\|c\)␣1 f`, "", "a 10\nc 1\na 10\n", 0},
		{"grep -F a␣1 f", "", "a 10\na 10\n", 0},
		{"grep -E a+|( f", "", "grep: invalid regular expression: a+|(\n", 2},
		{"grep [[:space:]]2$ f", "", "b 2\n", 0},
		{"grep -A1 -m1 b f", "", "b 2\n", 0},
		{"grep -A1 b f", "", "b 2\na 10\n", 0},
		{"egrep -w 1 f", "", "c 1\n", 0},
		{"sed s/a/X/ f", "", "b 2\nX 10\nc 1\nX 10\n", 0},
		{`sed -n /c/,$p f`, "", "c 1\na 10\n", 0},
		{`sed 2,3d f`, "", "b 2\na 10\n", 0},
		{`sed -E s|([a-z])␣([0-9]+)|\2␣&|g f`, "", "2 b 2\n10 a 10\n1 c 1\n10 a 10\n", 0},
		{`sed s/\(a\)/<\1>/2 -`, "aaa\n", "a<a>a\n", 0},
		{"sed /b/!d f", "", "b 2\n", 0},
		{"sed $!d f", "", "a 10\n", 0},
		{`sed 1i\up -`, "x\n", "up\nx\n", 0},
		{"sed 1q f", "", "b 2\n", 0},
		{"sed y/ab/xy/ f", "", "y 2\nx 10\nc 1\nx 10\n", 0},
		{"sed k f", "", "sed: -e expression #1: unknown command: `k'\n", 1},
		{"sed s/a f", "", "sed: -e expression #1: unterminated `s' command\n", 1},
		{"head -n 2 f", "", "b 2\na 10\n", 0},
		{"head -1 f", "", "b 2\n", 0},
		{"head -c 3 f", "", "b 2", 0},
		{"head -n -3 f", "", "b 2\n", 0},
		{"tail -n 1 f", "", "a 10\n", 0},
		{"tail -n +4 f", "", "a 10\n", 0},
		{"tail -2 f d/g", "", "==> f <==\nc 1\na 10\n\n==> d/g <==\nneedle in G\n", 0},
		{"wc -l", "a\nb\n", "2\n", 0},
		{"sort f", "", "a 10\na 10\nb 2\nc 1\n", 0},
		{"sort -u -r f", "", "c 1\nb 2\na 10\n", 0},
		{"sort -k2 -n f", "", "c 1\nb 2\na 10\na 10\n", 0},
		{"uniq -c", "a\na\nb\n", "      2 a\n      1 b\n", 0},
		{"cut -d␣ -f2 f", "", "2\n10\n1\n10\n", 0},
		{"cut -c1 f", "", "b\na\nc\na\n", 0},
		{"cut -f0 f", "", "cut: you must specify a list of bytes, characters, or fields\n", 1},
		{"tr a-z A-Z", "abc\n", "ABC\n", 0},
		{"tr -d \\n", "a\nb\n", "ab", 0},
		{"tr -s ␣", "a   b\n", "a b\n", 0},
		{"tee x", "in\n", "in\n", 0},
		{"seq 3", "", "1\n2\n3\n", 0},
		{"basename /a/b.c .c", "", "b\n", 0},
		{"dirname /a/b", "", "/a\n", 0},
		{"readlink l", "", "f\n", 0},
		{"readlink -f d/../l", "", "/w/f\n", 0},
		{"stat -c %a␣%U␣%s f", "", "755 root 18\n", 0},
		{"find . -name g", "", "./d/g\n", 0},
		{"find d -type d", "", "d\nd/e\n", 0},
		{"find . -maxdepth 1 -type f -exec echo <{}> ;", "", "<./.hidden>\n<./f>\n", 0},
		{"xargs -n1 echo =", "a b\n", "= a\n= b\n", 0},
		{"xargs nosuch", "a", "nosuch: not found\n", 127},
		{"env -i C=3 env", "", "C=3\n", 0},
		{"timeout 0.01 sleep 5", "", "", 124},
		{"timeout 5 false", "", "", 1},
		{"sha256sum -", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  -\n", 0},
		{"base64", "hello\n", "aGVsbG8K\n", 0},
		{"base64 -d", "aGVsbG8K\n", "hello\n", 0},
		{"date -u +%Y-%m-%dT%H:%M:%S␣%s␣%%", "", "2016-03-10T12:00:00 1457611200 %\n", 0},
		{"test -f f", "", "", 0},
		{"test ! -d f", "", "", 0},
		{"[ 3 -gt 2 ]", "", "", 0},
		{"[ a = b ]", "", "", 1},
		{"rm nope", "", "rm: cannot remove 'nope': No such file or directory\n", 1},
		{"rm -f nope", "", "", 0},
		{"rm d", "", "rm: cannot remove 'd': Is a directory\n", 1},
		{"rm -rf /", "", "rm: it is dangerous to operate recursively on '/'\n", 1},
		{"mkdir d", "", "mkdir: cannot create directory 'd': File exists\n", 1},
		{"cp d x", "", "cp: -r not specified; omitting directory 'd'\n", 1},
		{"mv nope x", "", "mv: cannot stat 'nope': No such file or directory\n", 1},
		{"chmod zzz f", "", "chmod: invalid mode: 'zzz'\n", 1},
		{"sleep x", "", "sleep: invalid time interval 'x'\n", 1},
		{"ccze -A", "Nov 22 18:00:01 web-1 CRON[12]: error here\nplain\n", "\x1b[1;36mNov 22 18:00:01\x1b[0m \x1b[1;34mweb-1\x1b[0m \x1b[35mCRON\x1b[0m[\x1b[1;32m12\x1b[0m]\x1b[0m: \x1b[1;31merror\x1b[0m here\nplain\n", 0},
	} {
		got, code := call(t.Context(), files(t), tt.line, tt.in)
		if got != tt.want || code != tt.exit {
			t.Errorf("%s\n got %d %q\nwant %d %q", tt.line, code, got, tt.exit, tt.want)
		}
	}
}

// TestChanges runs programs one after the other on one tree.
func TestChanges(t *testing.T) {
	t.Parallel()
	v := files(t)
	for _, tt := range []struct{ line, want string }{
		{"mkdir -p a/b/c", ""},
		{"cp f a/b", ""},
		{"cat a/b/f", "b 2\na 10\nc 1\na 10\n"},
		{"cp -r a z", ""},
		{"find z -type f", "z/b/f\n"},
		{"mv z/b/f z/moved", ""},
		{"ls z", "b\nmoved\n"},
		{"sed -i s/a/X/g z/moved", ""},
		{"head -n2 z/moved", "b 2\nX 10\n"},
		{"sed -i.bak /X/d z/moved", ""},
		{"cat z/moved", "b 2\nc 1\n"},
		{"ls z", "b\nmoved\nmoved.bak\n"},
		{"chmod u+x,go-r z/moved", ""},
		{"stat -c %A z/moved", "-rwx--x--x\n"},
		{"chown u:ug z/moved", ""},
		{"stat -c %U:%G z/moved", "u:ug\n"},
		{"touch new", ""},
		{"ln -sf new link", ""},
		{"readlink link", "new\n"},
		{"rm -r z a", ""},
		{"ls", "d\nf\nl\nlink\nnew\n"},
		{"install -D -m 600 f /opt/x/y", ""},
		{"stat -c %a /opt/x/y", "600\n"},
	} {
		if got, _ := call(t.Context(), v, tt.line, ""); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.line, got, tt.want)
		}
	}
}

// collector collects what a follower prints.
type collector struct {
	mu   sync.Mutex
	text strings.Builder
	more chan struct{}
}

func (c *collector) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text.Write(b)
	select {
	case c.more <- struct{}{}:
	default:
	}
	return len(b), nil
}

func (c *collector) wait(t *testing.T, want string) {
	t.Helper()
	limit := time.After(time.Minute)
	for {
		c.mu.Lock()
		got := c.text.String()
		c.mu.Unlock()
		if strings.HasSuffix(got, want) {
			return
		}
		select {
		case <-c.more:
		case <-limit:
			t.Fatalf("got %q, want the end %q", got, want)
		}
	}
}

func TestFollow(t *testing.T) {
	t.Parallel()
	v := files(t)
	ctx, cancel := context.WithCancel(t.Context())
	out := &collector{more: make(chan struct{}, 1)}
	done := make(chan int)
	go func() {
		c := &Call{Args: []string{"tail", "-n1", "-F", "/w/f"}, Stdout: out, Stderr: out, Dir: "/", FS: v, Now: time.Now}
		done <- tail(ctx, c)
	}()
	out.wait(t, "a 10\n")
	_ = v.AppendFile("/w/f", []byte("more\n"), 0o644)
	out.wait(t, "more\n")
	_ = v.Rename("/w/f", "/w/f.1")
	out.wait(t, "inaccessible: No such file or directory\n")
	_ = v.WriteFile("/w/f", []byte("new\n"), 0o644)
	out.wait(t, "following new file\nnew\n")
	_ = v.WriteFile("/w/f", []byte("x\n"), 0o644)
	out.wait(t, "truncated\nx\n")
	cancel()
	if code := <-done; code != 130 {
		t.Errorf("exit %d", code)
	}
}

// BenchmarkSmall is what a loop in a shell costs: a program, and a file of a few lines.
func BenchmarkSmall(b *testing.B) {
	v := files(b)
	for _, line := range []string{"cat /w/f", "head -n1 /w/f", "grep a /w/f"} {
		b.Run(base(strings.Fields(line)[0]), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if out, code := call(b.Context(), v, line, ""); code != 0 || out == "" {
					b.Fatalf("%q, exit %d", out, code)
				}
			}
		})
	}
}

func FuzzSed(f *testing.F) {
	f.Add("s/a/b/g;1,$d", "a\nb\n")
	f.Add(`/x/{s|\(.\)|\1&|2p;y/ab/ba/};$!N`, "aXb\n")
	f.Fuzz(func(t *testing.T, script, in string) {
		v := files(t)
		var out bytes.Buffer
		c := &Call{Args: []string{"sed", "-e", script}, Stdin: strings.NewReader(in), Stdout: &out, Stderr: &out, Dir: "/", FS: v, Now: time.Now}
		sed(t.Context(), c)
	})
}

func FuzzGrep(f *testing.F) {
	f.Add(`\(a\|b\)*[^]x]`, "ab\n")
	f.Add(`[[:alpha:]-]\{2,3\}$`, "ab\n")
	f.Fuzz(func(t *testing.T, pattern, in string) {
		v := files(t)
		for _, flag := range []string{"-E", "-G", "-F", "-ow"} {
			var out bytes.Buffer
			c := &Call{Args: []string{"grep", flag, "-e", pattern}, Stdin: strings.NewReader(in), Stdout: &out, Stderr: &out, Dir: "/", FS: v, Now: time.Now}
			grep(t.Context(), c)
		}
	})
}
