package gitcmd

import (
	"bytes"
	"context"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/go-git/go-billy/v5/memfs"
	"github.com/go-git/go-billy/v5/util"

	"matou/cloud/sandbox/host/bin"
	"matou/cloud/sandbox/host/tree"
)

func repository(t testing.TB) tree.View {
	t.Helper()
	return repositoryIn(t, tree.New(tree.Options{}).Root())
}

func repositoryIn(t testing.TB, v tree.View) tree.View {
	t.Helper()
	w := fstest.MapFS{
		"modules/m/init.pp": {Data: []byte("class m {}\n")}, "b/one/site.pp": {Data: []byte("a\nb\nc\n")},
		"b/two/site.pp": {Data: []byte("a\nB\nc\nd\n")}, "b/two/more.pp": {Data: []byte("more\n")},
	}
	b := Builder{View: v, Dir: "/repo", Name: "atelier", Mail: "a@b", When: time.Unix(1457644881, 0).UTC(), Links: map[string]string{"modules/x": "/usr/x"}}
	for _, n := range []string{"one", "two"} {
		err := b.Branch(n, "Step "+n, []Source{{FS: w, Dir: "modules", To: "modules"}, {FS: w, Dir: "b/" + n}})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Checkout("one"); err != nil {
		t.Fatal(err)
	}
	return v
}

// gitLine runs a line of words and answers both outputs.
func gitLine(v tree.View, line string) (string, int) {
	var out bytes.Buffer
	c := &bin.Call{
		Args: append([]string{"git"}, strings.Fields(line)...), Stdout: &out, Stderr: &out, Dir: "/repo", User: "root", FS: v,
		Now: func() time.Time { return time.Unix(1457650000, 0).UTC() },
	}
	code := Run(context.Background(), c, func(_ context.Context, url string) (fs.FS, error) {
		if url == "https://x/app.git" {
			return fstest.MapFS{"start.py": {Data: []byte("#!/usr/bin/python3\n")}}, nil
		}
		return nil, fs.ErrNotExist
	})
	return out.String(), code
}

func TestGit(t *testing.T) {
	t.Parallel()
	v := repository(t)
	for _, tt := range []struct {
		line, want string
		exit       int
	}{
		{"branch", "* one\n  two\n", 0},
		{"status", "On branch one\nnothing to commit, working tree clean\n", 0},
		{"rev-parse --abbrev-ref HEAD", "one\n", 0},
		{"diff --stat one..two", " more.pp | 1 +\n site.pp | 3 ++-\n 2 files changed, 3 insertions(+), 1 deletion(-)\n", 0},
		{"checkout two", "Switched to branch 'two'\n", 0},
		{"checkout two", "Already on 'two'\n", 0},
		{"branch --show-current", "two\n", 0},
		{"show HEAD:site.pp", "a\nB\nc\nd\n", 0},
		{"checkout nope", "error: pathspec 'nope' did not match any file(s) known to git\n", 1},
		{"frobnicate", "git: 'frobnicate' is not a git command. See 'git --help'.\n", 1},
		{"log --oneline -1 nope", "fatal: ambiguous argument 'nope': unknown revision or path not in the working tree.\n" +
			"Use '--' to separate paths from revisions, like this:\n'git <command> [<revision>...] -- [<file>...]'\n", 128},
		{"-C / status", "fatal: not a git repository (or any of the parent directories): .git\n", 128},
		{"checkout -b mine", "Switched to a new branch 'mine'\n", 0},
		{"checkout -q two", "Switched to branch 'two'\n", 0},
		{"clone https://x/app.git /opt/app", "Cloning into '/opt/app'...\n", 0},
		{"clone https://x/other.git", "Cloning into 'other'...\nfatal: repository 'https://x/other.git' not found\n", 128},
	} {
		got, code := gitLine(v, tt.line)
		if got != tt.want || code != tt.exit {
			t.Errorf("git %s: exit %d, %q\nwant %d, %q", tt.line, code, got, tt.exit, tt.want)
		}
	}
	if i, err := v.Stat("/opt/app/start.py"); err != nil || i.Mode().Perm() != 0o755 {
		t.Errorf("the clone's script: %v, %v", i.Mode(), err)
	}
	if target, err := v.Readlink("/repo/modules/x"); target != "/usr/x" {
		t.Errorf("link: %q, %v", target, err)
	}
}

// TestKilledCheckout: wherever a checkout is cut off, the next start finds the one branch or the other,
// and no change that nobody made.
func TestKilledCheckout(t *testing.T) {
	t.Parallel()
	store := memfs.New()
	tr, _, err := tree.Open(store, tree.Options{})
	if err != nil {
		t.Fatal(err)
	}
	v := repositoryIn(t, tr.Root())
	journal := func() []byte {
		t.Helper()
		data, err := util.ReadFile(store, "tree.jsonl")
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	before := len(journal())
	if out, code := gitLine(v, "checkout two"); code != 0 {
		t.Fatal(out)
	}
	whole := journal()
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for cut := before; cut <= len(whole); cut += max(1, min(97, len(whole)-cut)) {
		again := memfs.New()
		if err := util.WriteFile(again, "tree.jsonl", whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		tr, _, err := tree.Open(again, tree.Options{})
		if err != nil {
			t.Fatal(err)
		}
		branch, _ := gitLine(tr.Root(), "rev-parse --abbrev-ref HEAD")
		status, _ := gitLine(tr.Root(), "status")
		if !strings.Contains(status, "nothing to commit") {
			t.Fatalf("cut after %d bytes of %d: on %s%s", cut-before, len(whole)-before, branch, status)
		}
		seen[branch]++
		_ = tr.Close()
	}
	if len(seen) != 2 {
		t.Errorf("found %v", seen)
	}
}

func TestForcedCheckoutOfTheSameBranch(t *testing.T) {
	t.Parallel()
	v := repository(t)
	if err := v.WriteFile("/repo/site.pp", []byte("mine\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, _ := gitLine(v, "status --short"); got != " M site.pp\n" {
		t.Fatalf("before: %q", got)
	}
	if got, code := gitLine(v, "checkout -f one"); got != "Already on 'one'\n" || code != 0 {
		t.Errorf("checkout -f: %d, %q", code, got)
	}
	if got, _ := gitLine(v, "status --short"); got != "" {
		t.Errorf("after: %q", got)
	}
}

func TestDiffText(t *testing.T) {
	t.Parallel()
	v := repository(t)
	got, _ := gitLine(v, "diff one two -- site.pp")
	want := "diff --git a/site.pp b/site.pp\nindex de98044..dd8b6f1 100644\n--- a/site.pp\n+++ b/site.pp\n@@ -1,3 +1,4 @@\n a\n-b\n+B\n c\n+d\n"
	// The hashes are git's own: only their shape is checked here.
	strip := func(s string) string {
		var out []string
		for l := range strings.SplitSeq(s, "\n") {
			if strings.HasPrefix(l, "index ") {
				l = "index"
			}
			out = append(out, l)
		}
		return strings.Join(out, "\n")
	}
	if strip(got) != strip(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if !strings.Contains(got, "index de98044..") { // git hash-object of "a\nb\nc\n"
		t.Errorf("blob hash: %s", got)
	}
}

func TestLocalChanges(t *testing.T) {
	t.Parallel()
	v := repository(t)
	_ = v.WriteFile("/repo/site.pp", []byte("a\nb\nc\nmine\n"), 0o644)
	if got, code := gitLine(v, "checkout two"); code != 1 || !strings.Contains(got, "would be overwritten by checkout:\n\tsite.pp\n") {
		t.Errorf("clash: %d, %s", code, got)
	}
	if data, _ := v.ReadFile("/repo/site.pp"); string(data) != "a\nb\nc\nmine\n" {
		t.Errorf("the change is lost: %q", data)
	}
	if got, code := gitLine(v, "status -s"); code != 0 || got != " M site.pp\n" {
		t.Errorf("status: %q", got)
	}
	if got, code := gitLine(v, "commit -am mine"); code != 0 || !strings.HasPrefix(got, "[one ") || !strings.Contains(got, "1 file changed") {
		t.Errorf("commit: %d, %s", code, got)
	}
	if _, code := gitLine(v, "checkout two"); code != 0 {
		t.Error("checkout after the commit")
	}
	// A change in a file that is the same on both branches comes along.
	_ = v.WriteFile("/repo/modules/m/init.pp", []byte("class m { }\n"), 0o644)
	if got, code := gitLine(v, "checkout one"); code != 0 || !strings.HasPrefix(got, "M\tmodules/m/init.pp\n") {
		t.Errorf("checkout with a harmless change: %d, %s", code, got)
	}
	if data, _ := v.ReadFile("/repo/modules/m/init.pp"); string(data) != "class m { }\n" {
		t.Errorf("the change is lost: %q", data)
	}
	if got, code := gitLine(v, "checkout -- modules/m/init.pp"); code != 0 || got != "Updated 1 path from the index\n" {
		t.Errorf("revert: %d, %q", code, got)
	}
	_ = v.WriteFile("/repo/more.pp", []byte("untracked\n"), 0o644)
	if got, code := gitLine(v, "checkout two"); code != 1 || !strings.Contains(got, "untracked working tree files would be overwritten") {
		t.Errorf("untracked: %d, %s", code, got)
	}
}
