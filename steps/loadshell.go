package steps

import (
	"errors"
	"fmt"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// errQuoted is a value where quoting cannot make one word of it.
var errQuoted = errors.New("each ${value} must stand outside of quotes, comments and here-documents: it is quoted as it is filled in")

// mark stands for a value while a command line is parsed; the shell's grammar gives it no meaning.
const mark = "\ue000"

// checkShell parses a command line of a workshop: it must be one, and each of its values must stand
// where a quoted word may. Between quotes the quoting would end what it should protect.
func checkShell(template string) error {
	var b strings.Builder
	marks := 0
	for p := range pieces(template) {
		if p.name {
			marks++
			p.text = mark
		}
		b.WriteString(p.text)
	}
	line := b.String()
	if strings.Count(line, mark) != marks {
		return errQuoted // the template holds our mark: nobody can say which is which
	}
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(line), "")
	if err != nil {
		return fmt.Errorf("no command line of a shell: %w", err)
	}
	syntax.Walk(file, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Redirect:
			return n.Hdoc == nil
		case *syntax.ParamExp, *syntax.ArithmExp, *syntax.ArithmCmd, *syntax.LetClause:
			return false
		case *syntax.Word:
			for _, part := range n.Parts {
				if lit, ok := part.(*syntax.Lit); ok {
					marks -= strings.Count(lit.Value, mark) - strings.Count(lit.Value, "\\"+mark)
				}
			}
		}
		return true
	})
	if marks != 0 {
		return errQuoted
	}
	return nil
}
