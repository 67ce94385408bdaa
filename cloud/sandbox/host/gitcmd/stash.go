package gitcmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// stashRef names the newest stash. As in git-stash(1), the older ones are in its log.
const stashRef = plumbing.ReferenceName("refs/stash")

// stashed is one stash: a commit of the changes, on top of the commit they were made to.
type stashed struct {
	hash    plumbing.Hash
	message string
	line    string // of the log
}

func (c *command) stash(ctx context.Context) error {
	what := "push"
	if len(c.args) > 0 && !strings.HasPrefix(c.args[0], "-") {
		what, c.args = c.args[0], c.args[1:]
	}
	switch what {
	case "push", "save":
		return c.stashPush(what)
	case "list":
		list, err := c.stashes()
		for i, s := range list {
			c.out("stash@{%d}: %s\n", i, s.message)
		}
		return err
	case "clear":
		return c.keepStashes(nil)
	}
	list, err := c.stashes()
	if err != nil {
		return err
	}
	n, err := c.whichStash(list)
	if err != nil {
		return err
	}
	switch what {
	case "pop", "apply":
		return c.stashApply(ctx, list, n, what == "pop")
	case "drop":
		return c.stashDrop(list, n)
	case "show":
		return c.stashShow(list[n])
	}
	fmt.Fprintf(c.Stderr, "fatal: subcommand wasn't specified; 'push' can't be assumed due to unexpected token '%s'\n", what)
	return errExit(1)
}

// stashPush puts the changes to tracked files away, and leaves the work tree as the last commit has it.
func (c *command) stashPush(verb string) error {
	message := ""
	for i, a := range c.args {
		if (a == "-m" || a == "--message") && i+1 < len(c.args) {
			message = c.args[i+1]
		}
	}
	if verb == "save" {
		message = strings.Join(c.args, " ")
	}
	st, names, err := c.changes()
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(names, func(n string) bool { return st[n].Worktree != git.Untracked }) {
		c.out("No local changes to save\n")
		return nil
	}
	branch, head := c.current()
	if branch == "" {
		branch = "(no branch)"
	}
	commit, err := c.repo.CommitObject(head)
	if err != nil {
		return errors.New("you do not have the initial commit yet")
	}
	if message = "On " + branch + ": " + message; strings.HasSuffix(message, ": ") {
		message = fmt.Sprintf("WIP on %s: %s %s", branch, short(head), subject(commit))
	}
	w, err := c.repo.Worktree()
	if err != nil {
		return err
	}
	who := &object.Signature{Name: c.User, Email: c.User + "@localhost", When: c.Now()}
	hash, err := w.Commit(message, &git.CommitOptions{All: true, Author: who, Committer: who})
	if err != nil {
		return err
	}
	if err := w.Reset(&git.ResetOptions{Commit: head, Mode: git.HardReset}); err != nil {
		return err
	}
	list, err := c.stashes()
	if err != nil {
		return err
	}
	line := fmt.Sprintf("%s %s %s <%s> %d +0000\t%s", plumbing.ZeroHash, hash, who.Name, who.Email, who.When.Unix(), message)
	c.out("Saved working directory and index state %s\n", message)
	return c.keepStashes(append([]stashed{{hash, message, line}}, list...))
}

func (c *command) stashLog() string { return path.Join(c.dir, ".git/logs", string(stashRef)) }

// stashes lists them, the newest first: its log has it last (gitrepository-layout(5)).
func (c *command) stashes() ([]stashed, error) {
	data, err := c.FS.ReadFile(c.stashLog())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []stashed
	for line := range strings.SplitSeq(strings.TrimSuffix(string(data), "\n"), "\n") {
		head, message, _ := strings.Cut(line, "\t")
		if words := strings.Fields(head); len(words) > 2 {
			list = append(list, stashed{plumbing.NewHash(words[1]), message, line})
		}
	}
	slices.Reverse(list)
	return list, nil
}

// keepStashes writes the log anew.
func (c *command) keepStashes(list []stashed) error {
	if len(list) == 0 {
		err := c.FS.Remove(c.stashLog())
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return errors.Join(err, c.repo.Storer.RemoveReference(stashRef))
	}
	var b strings.Builder
	for _, s := range slices.Backward(list) {
		b.WriteString(s.line + "\n")
	}
	return errors.Join(
		c.FS.MkdirAll(path.Dir(c.stashLog()), 0o755),
		c.FS.WriteFile(c.stashLog(), []byte(b.String()), 0o644),
		c.repo.Storer.SetReference(plumbing.NewHashReference(stashRef, list[0].hash)))
}

// whichStash reads "stash@{1}" or "1" off the command line; without either it is the newest.
func (c *command) whichStash(list []stashed) (int, error) {
	n := 0
	for _, a := range c.args {
		if strings.HasPrefix(a, "-") {
			continue
		}
		var err error
		if n, err = strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(a, "stash@{"), "}")); err != nil || n < 0 {
			fmt.Fprintf(c.Stderr, "fatal: '%s' is not a stash reference\n", a)
			return 0, errExit(1)
		}
	}
	switch {
	case len(list) == 0:
		fmt.Fprintln(c.Stderr, "No stash entries found.")
		return 0, errExit(1)
	case n >= len(list):
		fmt.Fprintf(c.Stderr, "error: stash@{%d} is not a valid reference\n", n)
		return 0, errExit(1)
	}
	return n, nil
}

func (c *command) stashDrop(list []stashed, n int) error {
	c.out("Dropped refs/stash@{%d} (%s)\n", n, list[n].hash)
	return c.keepStashes(slices.Delete(list, n, n+1))
}

// sides are what the changes of a stash were made to, and what they made of it.
func (c *command) stashSides(s stashed) (base, theirs map[string]string, err error) {
	commit, err := c.repo.CommitObject(s.hash)
	if err != nil {
		return nil, nil, err
	}
	parent, err := commit.Parent(0)
	if err != nil {
		return nil, nil, err
	}
	var trees [2]map[string]string
	for i, k := range []*object.Commit{parent, commit} {
		t, err := k.Tree()
		if err != nil {
			return nil, nil, err
		}
		trees[i] = contents(t)
	}
	return trees[0], trees[1], nil
}

func (c *command) stashShow(s stashed) error {
	base, theirs, err := c.stashSides(s)
	if err != nil {
		return err
	}
	mode := "--stat"
	if slices.Contains(c.args, "-p") {
		mode = ""
	}
	return c.diffFiles(base, theirs, nil, mode)
}

// stashApply brings the changes of a stash back, onto whatever is checked out now. What was changed
// in both is merged by lines; where both changed the same lines, both are written down and the stash
// is kept.
func (c *command) stashApply(ctx context.Context, list []stashed, n int, drop bool) error {
	base, theirs, err := c.stashSides(list[n])
	if err != nil {
		return err
	}
	var names []string
	for name := range base {
		if x, ok := theirs[name]; !ok || x != base[name] {
			names = append(names, name)
		}
	}
	for name := range theirs {
		if _, ok := base[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	const kept = "The stash entry is kept in case you need it again.\n"
	if dirty, err := c.dirty(names); err != nil || len(dirty) > 0 {
		fmt.Fprintf(c.Stderr, "error: Your local changes to the following files would be overwritten by merge:\n\t%s\n"+
			"Please commit your changes or stash them before you merge.\nAborting\n%s", strings.Join(dirty, "\n\t"), kept)
		return errors.Join(err, errExit(1))
	}
	clash := false
	for _, name := range names {
		bad, err := c.mergeFile(name, base[name], theirs)
		if err != nil {
			return err
		}
		clash = clash || bad
	}
	c.args = nil
	if err := c.status(ctx); err != nil {
		return err
	}
	switch {
	case clash:
		c.out(kept)
		return errExit(1)
	case drop:
		return c.stashDrop(list, n)
	}
	return nil
}

// dirty lists those of some files that have changes nobody has committed.
func (c *command) dirty(names []string) ([]string, error) {
	_, changed, err := c.changes()
	var out []string
	for _, n := range names {
		if slices.Contains(changed, n) {
			out = append(out, n)
		}
	}
	return out, err
}

// mergeFile changes one file of the work tree as a stash has changed it, and tells whether the two
// disagree.
func (c *command) mergeFile(name, base string, theirs map[string]string) (clash bool, err error) {
	full := path.Join(c.dir, name)
	text, there := theirs[name]
	here := c.FS.Exists(full)
	var data []byte
	if here {
		if data, err = c.FS.ReadFile(full); err != nil {
			return false, err
		}
	}
	switch ours := string(data); {
	case !there && !here: // both have deleted it
		return false, nil
	case !there && ours == base:
		return false, c.FS.Remove(full)
	case !there:
		c.out("CONFLICT (modify/delete): %s deleted in Stashed changes and modified in Updated upstream.\n", name)
		return true, nil
	case here && ours != base:
		c.out("Auto-merging %s\n", name)
		if text, clash = merge(base, ours, text); clash {
			c.out("CONFLICT (content): Merge conflict in %s\n", name)
		}
	}
	return clash, errors.Join(c.FS.MkdirAll(path.Dir(full), 0o755), c.FS.WriteFile(full, []byte(text), 0o644))
}

// change replaces the lines of a text from one up to another.
type change struct {
	from, to int
	lines    []string
}

// changesOf are what a comparison by lines has replaced, in order.
func changesOf(d lineDiff) []change {
	var out []change
	at, open := 0, false
	for _, l := range d {
		switch l[0] {
		case ' ':
			at++
			open = false
			continue
		case '+', '-':
		default: // a note, not a line
			continue
		}
		if !open {
			out = append(out, change{from: at, to: at})
			open = true
		}
		last := &out[len(out)-1]
		if l[0] == '-' {
			at++
			last.to = at
		} else {
			last.lines = append(last.lines, l[1:])
		}
	}
	return out
}

// merge makes both sides' changes to a text, and tells whether they disagree somewhere: both are
// written down there, between git's marks.
func merge(base, ours, theirs string) (text string, clash bool) {
	lines := strings.Split(strings.TrimSuffix(base, "\n"), "\n")
	a, b := changesOf(compare(base, ours)), changesOf(compare(base, theirs))
	var out []string
	at := 0
	for len(a) > 0 || len(b) > 0 {
		var mine, other []change
		next := b
		if len(a) > 0 && (len(b) == 0 || a[0].from <= b[0].from) {
			next = a
		}
		from, to := next[0].from, next[0].to
		for grown := true; grown; { // all that touches what is replaced so far
			grown = false
			if len(a) > 0 && a[0].from <= to {
				mine, to, a, grown = append(mine, a[0]), max(to, a[0].to), a[1:], true
			}
			if len(b) > 0 && b[0].from <= to {
				other, to, b, grown = append(other, b[0]), max(to, b[0].to), b[1:], true
			}
		}
		out = append(out, lines[at:from]...)
		x, y := replaced(lines, mine, from, to), replaced(lines, other, from, to)
		switch {
		case len(other) == 0, slices.Equal(x, y):
			out = append(out, x...)
		case len(mine) == 0:
			out = append(out, y...)
		default:
			clash = true
			out = slices.Concat(out, []string{"<<<<<<< Updated upstream"}, x, []string{"======="}, y, []string{">>>>>>> Stashed changes"})
		}
		at = to
	}
	return strings.Join(append(out, lines[at:]...), "\n") + "\n", clash
}

// replaced is a part of a text with some changes made in it.
func replaced(lines []string, changes []change, from, to int) []string {
	var out []string
	for _, c := range changes {
		out = append(append(out, lines[from:c.from]...), c.lines...)
		from = c.to
	}
	return append(out, lines[from:to]...)
}
