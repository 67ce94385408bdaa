package gitcmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"matou/cloud/sandbox/host/bin"
	"matou/cloud/sandbox/host/tree"
)

// Remote answers what a clone of a URL brings: files by name. fs.ErrNotExist: there is no such
// repository.
type Remote func(ctx context.Context, url string) (fs.FS, error)

// command is one invocation of git.
type command struct {
	*bin.Call
	dir    string // root of the work tree
	args   []string
	remote Remote
	repo   *git.Repository
	colour bool
}

// errUsage ends a command that has printed its own message; the number is the exit status.
type errExit int

func (e errExit) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

type verb struct {
	run    func(c *command, ctx context.Context) error
	bare   bool // needs no repository
	writes bool // changes files, and prints no more than a pipe holds
}

var verbs = map[string]verb{
	"status": {run: (*command).status}, "branch": {run: (*command).branch}, "checkout": {run: (*command).checkout, writes: true},
	"switch": {run: (*command).checkout, writes: true}, "log": {run: (*command).log}, "diff": {run: (*command).diff},
	"show": {run: (*command).show}, "rev-parse": {run: (*command).revParse}, "add": {run: (*command).add, writes: true},
	"commit": {run: (*command).commit, writes: true}, "config": {run: (*command).config}, "init": {run: (*command).init, bare: true, writes: true},
	"clone": {run: (*command).clone, bare: true, writes: true}, "remote": {run: (*command).remotes}, "reset": {run: (*command).reset, writes: true},
	"restore": {run: (*command).restore, writes: true}, "stash": {run: (*command).stash, writes: true},
	"fetch": {run: (*command).fetch}, "pull": {run: (*command).fetch},
	"--version": {run: (*command).version, bare: true}, "version": {run: (*command).version, bare: true},
}

// Run is the git command. It answers the exit status.
func Run(ctx context.Context, call *bin.Call, remote Remote) int {
	c := &command{Call: call, args: call.Args[1:], remote: remote, colour: call.Width > 0}
	dir := call.Dir
	for len(c.args) > 0 && strings.HasPrefix(c.args[0], "-") && c.args[0] != "--version" {
		switch {
		case c.args[0] == "-C" && len(c.args) > 1:
			dir = tree.Clean(dir, c.args[1])
			c.args = c.args[1:]
		case c.args[0] == "-c" && len(c.args) > 1:
			c.args = c.args[1:]
		case c.args[0] == "--no-pager" || c.args[0] == "-P":
		default:
			fmt.Fprintf(c.Stderr, "unknown option: %s\n", c.args[0])
			return 129
		}
		c.args = c.args[1:]
	}
	if len(c.args) == 0 {
		c.out("usage: git [-C <path>] [--no-pager] <command> [<args>]\n")
		return 1
	}
	name := c.args[0]
	c.args = c.args[1:]
	v, ok := verbs[name]
	if !ok {
		fmt.Fprintf(c.Stderr, "git: '%s' is not a git command. See 'git --help'.\n", name)
		return 1
	}
	c.Dir = dir
	if !v.bare {
		if err := c.open(dir); err != nil {
			return c.end(err)
		}
	}
	if !v.writes {
		return c.end(v.run(c, ctx))
	}
	// Its host goes on while a real git is killed; here both end with the sandbox, and half a checkout
	// would look like somebody's own changes.
	var err error
	_ = c.FS.Batch(func() error {
		err = v.run(c, ctx)
		return nil // what a git that failed has written stays
	})
	return c.end(err)
}

func (c *command) end(err error) int {
	var code errExit
	switch {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	}
	fmt.Fprintf(c.Stderr, "fatal: %v\n", err)
	return 128
}

func (c *command) out(format string, args ...any) { fmt.Fprintf(c.Stdout, format, args...) }

// open finds the repository that dir is in.
func (c *command) open(dir string) error {
	for d := dir; ; d = path.Dir(d) {
		if c.FS.IsDir(path.Join(d, ".git")) {
			repo, err := openAt(c.FS, d)
			c.repo, c.dir = repo, d
			return err
		}
		if d == "/" {
			return errors.New("not a git repository (or any of the parent directories): .git")
		}
	}
}

func (c *command) version(context.Context) error {
	c.out("git version 2.39.5\n")
	return nil
}

// current answers the branch that is checked out, "" when HEAD is detached, and its commit.
func (c *command) current() (string, plumbing.Hash) {
	head, err := c.repo.Reference(plumbing.HEAD, false)
	if err != nil {
		return "", plumbing.ZeroHash
	}
	if head.Type() == plumbing.SymbolicReference {
		name := head.Target().Short()
		ref, err := c.repo.Reference(head.Target(), true)
		if err != nil {
			return name, plumbing.ZeroHash
		}
		return name, ref.Hash()
	}
	return "", head.Hash()
}

// revision resolves what a person writes for a commit.
func (c *command) revision(name string) (*object.Commit, error) {
	h, err := c.repo.ResolveRevision(plumbing.Revision(name))
	if err != nil {
		return nil, fmt.Errorf("ambiguous argument '%s': unknown revision or path not in the working tree.\n"+
			"Use '--' to separate paths from revisions, like this:\n'git <command> [<revision>...] -- [<file>...]'", name)
	}
	return c.repo.CommitObject(*h)
}

func (c *command) branch(context.Context) error {
	all := false
	var names []string
	remove := false
	for _, a := range c.args {
		switch a {
		case "-a", "--all":
			all = true
		case "-d", "-D":
			remove = true
		case "--show-current":
			name, _ := c.current()
			if name != "" {
				c.out("%s\n", name)
			}
			return nil
		case "-v", "--list", "-l", "--no-color", "-r":
		default:
			names = append(names, a)
		}
	}
	_ = all // there are no remote branches to add
	current, hash := c.current()
	if len(names) > 0 {
		return c.changeBranch(names, remove, current, hash)
	}
	refs, err := c.repo.Branches()
	if err != nil {
		return err
	}
	var list []string
	_ = refs.ForEach(func(r *plumbing.Reference) error {
		list = append(list, r.Name().Short())
		return nil
	})
	slices.Sort(list)
	if current == "" {
		c.out("* %s\n", c.green("(HEAD detached at "+short(hash)+")"))
	}
	for _, b := range list {
		if b == current {
			c.out("* %s\n", c.green(b))
		} else {
			c.out("  %s\n", b)
		}
	}
	return nil
}

func (c *command) changeBranch(names []string, remove bool, current string, hash plumbing.Hash) error {
	ref := plumbing.NewBranchReferenceName(names[0])
	old, err := c.repo.Reference(ref, true)
	if remove {
		switch {
		case err != nil:
			fmt.Fprintf(c.Stderr, "error: branch '%s' not found.\n", names[0])
			return errExit(1)
		case names[0] == current:
			fmt.Fprintf(c.Stderr, "error: Cannot delete branch '%s' checked out at '%s'\n", current, c.dir)
			return errExit(1)
		}
		c.out("Deleted branch %s (was %s).\n", names[0], short(old.Hash()))
		return c.repo.Storer.RemoveReference(ref)
	}
	if err == nil {
		return fmt.Errorf("a branch named '%s' already exists", names[0])
	}
	if len(names) > 1 {
		commit, err := c.revision(names[1])
		if err != nil {
			return err
		}
		hash = commit.Hash
	}
	return c.repo.Storer.SetReference(plumbing.NewHashReference(ref, hash))
}

func (c *command) green(s string) string {
	if !c.colour {
		return s
	}
	return "\x1b[32m" + s + "\x1b[m"
}

func short(h plumbing.Hash) string { return h.String()[:7] }

func (c *command) revParse(context.Context) error {
	abbrev, shortened := false, false
	for _, a := range c.args {
		switch a {
		case "--abbrev-ref":
			abbrev = true
		case "--short":
			shortened = true
		case "--show-toplevel":
			c.out("%s\n", c.dir)
		case "--is-inside-work-tree":
			c.out("true\n")
		case "--git-dir":
			c.out("%s/.git\n", c.dir)
		case "--verify", "-q", "--quiet":
		default:
			commit, err := c.revision(a)
			if err != nil {
				return err
			}
			switch name, _ := c.current(); {
			case abbrev && a == "HEAD" && name != "":
				c.out("%s\n", name)
			case abbrev:
				c.out("%s\n", a)
			case shortened:
				c.out("%s\n", short(commit.Hash))
			default:
				c.out("%s\n", commit.Hash)
			}
		}
	}
	return nil
}

func (c *command) config(context.Context) error {
	cfg, err := c.repo.Config()
	if err != nil {
		return err
	}
	var args []string
	for _, a := range c.args {
		switch a {
		case "--global", "--local", "--system", "--get", "--add":
		case "-l", "--list":
			c.out("core.repositoryformatversion=0\ncore.bare=false\n")
			if cfg.User.Name != "" {
				c.out("user.name=%s\nuser.email=%s\n", cfg.User.Name, cfg.User.Email)
			}
			return nil
		default:
			args = append(args, a)
		}
	}
	if len(args) == 0 {
		return errExit(129)
	}
	section, key, ok := strings.Cut(args[0], ".")
	if !ok {
		fmt.Fprintf(c.Stderr, "error: key does not contain a section: %s\n", args[0])
		return errExit(2)
	}
	sec := cfg.Raw.Section(section)
	if len(args) == 1 {
		v := sec.Option(key)
		if v == "" {
			return errExit(1)
		}
		c.out("%s\n", v)
		return nil
	}
	sec.SetOption(key, args[1])
	data, err := cfg.Marshal()
	if err != nil {
		return err
	}
	next := config.NewConfig()
	if err := next.Unmarshal(data); err != nil {
		return err
	}
	return c.repo.SetConfig(next)
}

func (c *command) remotes(context.Context) error {
	list, err := c.repo.Remotes()
	if err != nil {
		return err
	}
	verbose := slices.Contains(c.args, "-v")
	for _, r := range list {
		if !verbose {
			c.out("%s\n", r.Config().Name)
			continue
		}
		url := r.Config().URLs[0]
		c.out("%s\t%s (fetch)\n%s\t%s (push)\n", r.Config().Name, url, r.Config().Name, url)
	}
	return nil
}

func (c *command) fetch(context.Context) error {
	list, err := c.repo.Remotes()
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return errors.New("no remote repository specified.  Please, specify either a URL or a\nremote name from which new revisions should be fetched")
	}
	c.out("Already up to date.\n")
	return nil
}
