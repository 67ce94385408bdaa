package shell

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"

	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"
)

// The interpreter runs the left side of a pipe, and what a loop or a function sends to the background, in
// goroutines of its own: a panic there would end the whole program, console and all. So such a part is
// replaced by a call of a program of ours with the part's text, which has the same runner evaluate it and
// recovers.

// partName is that program's name. Nobody types it: it begins with a rune of private use.
const partName = "\ue000part"

// aborted is the status of a part that came down: 128 and SIGABRT.
const aborted = 128 + 6

// contain replaces the outermost parts of a node that run in goroutines. It tells whether there are any.
func contain(node syntax.Node) (found bool) {
	syntax.Walk(node, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.BinaryCmd:
			if n.Op != syntax.Pipe && n.Op != syntax.PipeAll {
				return true
			}
			if cmd := part(n.X); cmd != nil {
				n.X, found = &syntax.Stmt{Position: n.X.Position, Cmd: cmd}, true
			}
			found = contain(n.Y) || found
			return false
		case *syntax.Stmt:
			if !n.Background && !n.Disown {
				return true
			}
			front := *n
			front.Background, front.Disown = false, false
			if cmd := part(&front); cmd != nil {
				n.Cmd, n.Redirs, n.Negated, found = cmd, nil, false, true
			}
			return false
		}
		return true
	})
	return found
}

// part is the call that stands for a statement; nil when the statement can't be written down.
func part(st *syntax.Stmt) *syntax.CallExpr {
	text, err := printed(st)
	if err != nil {
		return nil
	}
	file, err := syntax.NewParser().Parse(strings.NewReader(partName+" '"+strings.ReplaceAll(text, "'", `'\''`)+"'"), "")
	if err != nil || len(file.Stmts) != 1 {
		return nil
	}
	call, _ := file.Stmts[0].Cmd.(*syntax.CallExpr)
	return call
}

func printed(n syntax.Node) (string, error) {
	var b strings.Builder
	if err := syntax.NewPrinter().Print(&b, n); err != nil {
		return "", err
	}
	return b.String(), nil
}

// contained is a text whose parts are replaced; the text itself when it has none.
func (s *Shell) contained(text string) (string, error) {
	file, err := s.parse(text)
	if err != nil || !contain(file) {
		return text, err
	}
	return printed(file)
}

// runPart evaluates the text of a part, in the runner that calls it.
func (s *Shell) runPart(ctx context.Context, hc interp.HandlerContext, args []string) (err error) {
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintf(s.cfg.Stderr, "%s: %v: %v\nAborted\n", s.cfg.Prefix, errInternal, p)
			err = interp.ExitStatus(aborted)
		}
	}()
	text, err := s.contained(strings.Join(args, " "))
	if err != nil {
		s.say(hc, "%s", parseMessage(err))
		return interp.ExitStatus(2)
	}
	return hc.Builtin(ctx, []string{"eval", text})
}

// untraced leaves out of a trace (set -x) the calls that stand for parts: their own commands are in it.
type untraced struct{ io.Writer }

func (u untraced) Write(b []byte) (int, error) {
	if bytes.HasPrefix(b, []byte("+ "+partName)) {
		return len(b), nil
	}
	return u.Writer.Write(b)
}

// homes fills in ~name. The interpreter would do so itself, but in a part it asks the real machine's
// users, not the environment it was given.
func (s *Shell) homes(node syntax.Node) {
	here := map[*syntax.Word]bool{} // here-documents, in which ~ is a letter
	syntax.Walk(node, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Redirect:
			here[n.Hdoc] = true
		case *syntax.Word:
			if here[n] || len(n.Parts) == 0 {
				return true
			}
			lit, ok := n.Parts[0].(*syntax.Lit)
			if !ok || !strings.HasPrefix(lit.Value, "~") {
				return true
			}
			name, _, slash := strings.Cut(lit.Value[1:], "/")
			if name == "" || strings.ContainsAny(name, `\+-`) || !slash && len(n.Parts) > 1 {
				return true
			}
			home := "~" + name
			if s.cfg.Home != nil {
				if dir, ok := s.cfg.Home(name); ok {
					home = dir
				}
			}
			lit.Value = lit.Value[1+len(name):]
			n.Parts = append([]syntax.WordPart{&syntax.SglQuoted{Left: n.Pos(), Right: n.Pos(), Value: home}}, n.Parts...)
		}
		return true
	})
}
