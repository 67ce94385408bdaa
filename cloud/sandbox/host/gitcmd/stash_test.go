package gitcmd

import (
	"strings"
	"testing"
)

func TestStash(t *testing.T) {
	t.Parallel()
	v := repository(t)
	write := func(text string) {
		t.Helper()
		if err := v.WriteFile("/repo/site.pp", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	is := func(want string) {
		t.Helper()
		if data, err := v.ReadFile("/repo/site.pp"); string(data) != want || err != nil {
			t.Errorf("site.pp is %q, %v; want %q", data, err, want)
		}
	}
	run := func(line string, want int, has ...string) {
		t.Helper()
		got, code := gitLine(v, line)
		if code != want {
			t.Errorf("git %s: exit %d, %s", line, code, got)
		}
		for _, h := range has {
			if !strings.Contains(got, h) {
				t.Errorf("git %s: no %q in %q", line, h, got)
			}
		}
	}
	run("stash", 0, "No local changes to save")
	run("stash pop", 1, "No stash entries found.")
	write("a\nb\nc\nmine\n")
	run("checkout two", 1, "stash them")
	run("stash", 0, "Saved working directory and index state WIP on one: ", "Step one")
	is("a\nb\nc\n")
	run("status", 0, "nothing to commit")
	run("branch --show-current", 0, "one")

	write("a\nb\nc\nother\n")
	run("stash push -m second", 0, "On one: second")
	run("stash list", 0, "stash@{0}: On one: second\nstash@{1}: WIP on one: ")
	run("stash show", 0, "site.pp | 1 +")
	run("stash show -p stash@{1}", 0, "+mine")
	run("stash apply 1", 0, "modified:   site.pp")
	is("a\nb\nc\nmine\n")
	run("stash apply", 1, "would be overwritten by merge:\n\tsite.pp", "kept")
	is("a\nb\nc\nmine\n")
	run("checkout -f one", 0)
	run("stash drop", 0, "Dropped refs/stash@{0} (")
	run("stash drop 7", 1, "stash@{7} is not a valid reference")
	run("stash drop x", 1, "is not a stash reference")

	// Both branches end differently: git writes both ends down, and keeps the stash.
	run("checkout two", 0)
	run("stash pop", 1, "Auto-merging site.pp", "CONFLICT (content): Merge conflict in site.pp", "kept")
	is("a\nB\nc\n<<<<<<< Updated upstream\nd\n=======\nmine\n>>>>>>> Stashed changes\n")
	run("stash list", 0, "stash@{0}")
	run("checkout -f two", 0)
	run("stash clear", 0)
	if got, _ := gitLine(v, "stash list"); got != "" {
		t.Errorf("after clear: %q", got)
	}

	// Elsewhere in the file it is merged.
	run("checkout one", 0)
	write("top\na\nb\nc\n")
	run("stash", 0)
	run("checkout two", 0)
	run("stash pop", 0, "Auto-merging site.pp", "Dropped refs/stash@{0}")
	is("top\na\nB\nc\nd\n")
	run("stash pop", 1, "No stash entries found.")
	run("stash frobnicate", 1)
}

func TestMerge(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		base, ours, theirs, want string
		clash                    bool
	}{
		{"a\nb\nc\n", "a\nb\nc\n", "a\nx\nc\n", "a\nx\nc\n", false},
		{"a\nb\nc\n", "a\nx\nc\n", "a\nx\nc\n", "a\nx\nc\n", false},
		{"a\nb\nc\nd\n", "x\nb\nc\nd\n", "a\nb\nc\n", "x\nb\nc\n", false},
		{"a\nb\nc\nd\ne\n", "a\nc\nd\ne\n", "a\nb\nc\nd\ne\nf\n", "a\nc\nd\ne\nf\n", false},
		{"a\n", "b\n", "c\n", "<<<<<<< Updated upstream\nb\n=======\nc\n>>>>>>> Stashed changes\n", true},
	} {
		if got, clash := merge(tt.base, tt.ours, tt.theirs); got != tt.want || clash != tt.clash {
			t.Errorf("merge(%q, %q, %q) is %q, %v; want %q, %v", tt.base, tt.ours, tt.theirs, got, clash, tt.want, tt.clash)
		}
	}
}
