package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"mvdan.cc/sh/v3/interp"
)

// call sees every simple command before it runs. It rewrites the builtins that the interpreter
// would answer from the real machine, and words the errors of cd as bash does.
func (s *Shell) call(ctx context.Context, args []string) ([]string, error) {
	if err := bounded(); err != nil {
		return nil, err
	}
	return s.rewrite(interp.HandlerCtx(ctx), args), nil
}

func (s *Shell) rewrite(hc interp.HandlerContext, args []string) []string {
	switch args[0] {
	case "cd":
		return s.callCd(hc, args)
	case "pwd":
		for _, a := range args[1:] {
			if a == "-P" {
				return []string{virtual + "/bin/pwd"}
			}
		}
	case "wait", "jobs":
		if len(s.jobs) > 0 || args[0] == "jobs" {
			return []string{virtual + args[0]}
		}
	case "kill", "history", "umask", "ulimit":
		return append([]string{virtual + "/bin/" + args[0]}, args[1:]...)
	case "logout":
		return append([]string{"exit"}, args[1:]...)
	case "source", ".":
		return s.callSource(hc, args)
	case "eval", "trap":
		return s.callText(hc, args)
	case "command", "type":
		return s.callLookup(hc, args)
	case "builtin":
		return s.prefixed(hc, args)
	}
	return args
}

// prefixed rewrites what follows "command" or "builtin", which keep a function of the same name
// from being called.
func (s *Shell) prefixed(hc interp.HandlerContext, args []string) []string {
	if len(args) < 2 {
		return args
	}
	out := s.rewrite(hc, args[1:])
	if out[0] != args[1] {
		return out
	}
	return append(args[:1:1], out...)
}

func (s *Shell) say(hc interp.HandlerContext, format string, a ...any) {
	fmt.Fprintf(hc.Stderr, "%s: %s\n", s.cfg.Prefix, fmt.Sprintf(format, a...))
}

func (s *Shell) callCd(hc interp.HandlerContext, args []string) []string {
	if len(args) > 1 && (args[1] == "--" || args[1] == "-L" || args[1] == "-P") {
		args = append(args[:1:1], args[2:]...)
	}
	to := ""
	switch {
	case len(args) > 2:
		s.say(hc, "cd: too many arguments")
		return []string{"false"}
	case len(args) == 1:
		to = hc.Env.Get("HOME").String()
	case args[1] == "-":
		return args
	default:
		to = args[1]
	}
	if to == "" {
		return []string{"true"}
	}
	p := at(hc.Dir, to)
	i, err := s.cfg.FS.Stat(p)
	switch {
	case err != nil:
		s.say(hc, "cd: %s: No such file or directory", to)
	case !i.IsDir():
		s.say(hc, "cd: %s: Not a directory", to)
	case s.cfg.FS.Access(p, 1) != nil:
		s.say(hc, "cd: %s: Permission denied", to)
	default:
		return args
	}
	return []string{"false"}
}

// callSource vets the file before the interpreter, which reads it again, runs it.
func (s *Shell) callSource(hc interp.HandlerContext, args []string) []string {
	if len(args) < 2 {
		return args
	}
	name := args[1]
	p := at(hc.Dir, name)
	if !strings.Contains(name, "/") && !s.cfg.FS.Exists(p) {
		if found := s.lookup(hc, name); found != "" {
			p = found
		}
	}
	data, err := s.cfg.FS.ReadFile(p)
	if err != nil {
		s.say(hc, "%s: %s", name, reason(err))
		return []string{"false"}
	}
	if _, err := s.parse(string(data)); err != nil {
		fmt.Fprintf(hc.Stderr, "%s: %s: %s\n", s.cfg.Prefix, name, parseMessage(err))
		return []string{"false"}
	}
	if text, err := s.contained(string(data)); err == nil && text != string(data) && len(args) == 2 && !strings.Contains(text, "return") {
		return []string{"eval", text}
	}
	return append([]string{args[0], virtual + p}, args[2:]...)
}

// callText vets the text that a builtin will run later.
func (s *Shell) callText(hc interp.HandlerContext, args []string) []string {
	texts := []string{strings.Join(args[1:], " ")}
	if args[0] == "trap" {
		texts = args[1:]
	}
	for _, t := range texts {
		if _, err := s.parse(t); err != nil {
			s.say(hc, "%s: %s", args[0], parseMessage(err))
			return []string{"false"}
		}
	}
	if args[0] == "eval" {
		if text, err := s.contained(texts[0]); err == nil {
			return []string{"eval", text}
		}
	}
	return args
}

func (s *Shell) lookup(hc interp.HandlerContext, name string) string {
	if s.cfg.Lookup == nil {
		return ""
	}
	return s.cfg.Lookup(at("/", hc.Dir), hc.Env.Get("PATH").String(), name)
}

// callLookup answers "command -v" and "type" for programs from the tree. Names that are none are
// left to the interpreter, marked when it would go and look for them.
func (s *Shell) callLookup(hc interp.HandlerContext, args []string) []string {
	show := args[0] == "type"
	rest := args[1:]
	var flags []string
	for len(rest) > 0 && strings.HasPrefix(rest[0], "-") {
		show = show || rest[0] == "-v" || rest[0] == "-V"
		flags, rest = append(flags, rest[0]), rest[1:]
	}
	if !show {
		if len(flags) > 0 {
			return args
		}
		return s.prefixed(hc, args)
	}
	if len(rest) != 1 {
		return append(append(args[:1:1], flags...), s.marked(hc, rest)...)
	}
	name := rest[0]
	s.mu.Lock()
	known := s.funcs[name]
	s.mu.Unlock()
	if p := s.lookup(hc, name); p != "" && !known && !interp.IsBuiltin(name) {
		line := p
		if args[0] == "type" && len(flags) == 0 {
			line = name + " is " + p
		} else if args[0] == "type" && flags[0] == "-t" {
			line = "file"
		}
		_, _ = io.WriteString(hc.Stdout, line+"\n")
		return []string{"true"}
	}
	if args[0] == "type" && !known && !interp.IsBuiltin(name) && len(flags) == 0 && !keyword[name] && !s.cfg.Interactive {
		s.say(hc, "type: %s: not found", name)
		return []string{"false"}
	}
	if len(flags) > 0 && flags[0] == "-V" {
		flags[0] = "-v"
	}
	return append(append(args[:1:1], flags...), s.marked(hc, rest)...)
}

var keyword = map[string]bool{
	"if": true, "then": true, "else": true, "elif": true, "fi": true, "for": true, "while": true, "until": true,
	"do": true, "done": true, "case": true, "esac": true, "function": true, "select": true, "time": true,
	"in": true, "{": true, "}": true, "!": true, "[[": true, "]]": true,
}

// marked keeps the interpreter from looking for a name along the real machine's folders.
func (s *Shell) marked(_ interp.HandlerContext, names []string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = n
		if !s.funcs[n] && !interp.IsBuiltin(n) && !keyword[n] {
			out[i] = virtual + n
		}
	}
	return out
}

func reason(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}
