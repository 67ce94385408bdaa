package openstack

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"matou/cloud"
)

// maxOpenRC bounds an openrc file, in bytes. Real ones have less than 4 KiB.
const maxOpenRC = 64 << 10

// ParseOpenRC reads the credentials that sourcing an openrc file would set. The file comes from a
// host we may not trust, so nothing in it is executed: assignments are read, with their quotes and
// with references to variables set before; command substitutions, conditions and everything else
// count as empty. A file that asks for the password (read -sr OS_PASSWORD_INPUT) therefore gives
// none, see [Credentials.NeedsPassword]. Lines that are no shell at all, such as a greeting that a
// log-in printed before, are skipped. The error is [cloud.ErrNoAccount] when it names no cloud.
func ParseOpenRC(r io.Reader) (Credentials, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxOpenRC+1))
	if err != nil {
		return Credentials{}, fmt.Errorf("read openrc: %w", err)
	}
	if len(text) > maxOpenRC {
		return Credentials{}, fmt.Errorf("read openrc: %w: longer than %d KiB", cloud.ErrTooLarge, maxOpenRC>>10)
	}
	vars := assignments(string(text))
	c, err := FromEnv(func(name string) string { return vars[name] })
	c.Source = "openrc"
	if err != nil {
		err = fmt.Errorf("read openrc: %w", err)
	}
	return c, err
}

// assignments gives the variables that text sets.
func assignments(text string) map[string]string {
	text = strings.ReplaceAll(strings.TrimPrefix(text, "\uFEFF"), "\r\n", "\n")
	vars := map[string]string{}
	for _, stmt := range parseLenient(text) {
		assign(stmt, vars)
	}
	return vars
}

// parseLenient parses text, leaving out lines that can't be parsed. The number of attempts is
// bounded as each looks at the whole text again.
func parseLenient(text string) []*syntax.Stmt {
	lines := strings.Split(text, "\n")
	for range 16 {
		file, err := syntax.NewParser().Parse(strings.NewReader(strings.Join(lines, "\n")), "openrc")
		if err == nil {
			return file.Stmts
		}
		at := 0
		var bad syntax.ParseError
		var dialect syntax.LangError
		if errors.As(err, &bad) {
			at = int(bad.Pos.Line())
		} else if errors.As(err, &dialect) {
			at = int(dialect.Pos.Line())
		}
		if at < 1 || at > len(lines) || lines[at-1] == "" {
			return nil
		}
		lines[at-1] = ""
	}
	return nil
}

// assign applies what one top-level statement sets to vars. Only plain statements count: what
// stands inside a condition, a function or a pipeline might never have run.
func assign(stmt *syntax.Stmt, vars map[string]string) {
	switch cmd := stmt.Cmd.(type) {
	case *syntax.DeclClause:
		if cmd.Variant.Value == "export" || cmd.Variant.Value == "declare" || cmd.Variant.Value == "typeset" {
			setAll(cmd.Args, vars)
		}
	case *syntax.CallExpr:
		if len(cmd.Args) == 0 {
			setAll(cmd.Assigns, vars)
		} else if cmd.Args[0].Lit() == "unset" {
			for _, arg := range cmd.Args[1:] {
				delete(vars, arg.Lit())
			}
		}
	case *syntax.BinaryCmd:
		if cmd.Op == syntax.AndStmt {
			assign(cmd.X, vars)
			assign(cmd.Y, vars)
		}
	}
}

func setAll(assigns []*syntax.Assign, vars map[string]string) {
	for _, a := range assigns {
		if a.Name == nil || a.Naked || a.Array != nil || a.Index != nil {
			continue
		}
		value := ""
		if a.Value != nil {
			value = expand(a.Value.Parts, vars, false)
		}
		if a.Append {
			value = vars[a.Name.Value] + value
		}
		vars[a.Name.Value] = value[:min(len(value), maxOpenRC)]
	}
}

// expand gives the text of a word. Quoted says whether the parts stand inside double quotes, where
// a backslash escapes only $ ` " and itself (POSIX Shell Command Language, 2.2.3).
func expand(parts []syntax.WordPart, vars map[string]string, quoted bool) string {
	var b strings.Builder
	for _, part := range parts {
		switch p := part.(type) {
		case *syntax.Lit:
			b.WriteString(unescape(p.Value, quoted))
		case *syntax.SglQuoted:
			b.WriteString(p.Value)
		case *syntax.DblQuoted:
			b.WriteString(expand(p.Parts, vars, true))
		case *syntax.ParamExp:
			b.WriteString(parameter(p, vars, quoted))
		}
		if b.Len() > maxOpenRC {
			break // a reference to itself, again and again, doubles a value each time
		}
	}
	return b.String()
}

// parameter gives $NAME, ${NAME} and ${NAME:-default}; other forms are empty.
func parameter(p *syntax.ParamExp, vars map[string]string, quoted bool) string {
	if p.Param == nil || p.Excl || p.Length || p.Width || p.Index != nil || p.Slice != nil || p.Repl != nil {
		return ""
	}
	value, set := vars[p.Param.Value]
	if p.Exp == nil {
		return value
	}
	fallback := false
	switch p.Exp.Op {
	case syntax.DefaultUnset, syntax.AssignUnset:
		fallback = !set
	case syntax.DefaultUnsetOrNull, syntax.AssignUnsetOrNull:
		fallback = value == ""
	default:
		return ""
	}
	if !fallback {
		return value
	}
	if p.Exp.Word == nil {
		return ""
	}
	return expand(p.Exp.Word.Parts, vars, quoted)
}

func unescape(text string, quoted bool) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) {
			next := text[i+1]
			switch {
			case next == '\n':
				i++
				continue
			case !quoted || strings.IndexByte("$`\"\\", next) >= 0:
				i++
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}
