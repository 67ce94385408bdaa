package shell

import (
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

const (
	// nowhere is a folder that exists on no machine. The interpreter makes the named pipes of <(...)
	// in TMPDIR, with the real system's calls; there they fail. The parser's guard refuses them first.
	nowhere = "/proc/0/nowhere"

	maxText       = 1 << 20 // bytes of a script
	maxBraces     = 1 << 14 // words one word may expand to
	maxFrames     = 4000    // stack frames under a call, about 300 nested function calls
	maxGoroutines = 20000   // of the whole program: a fork bomb stops there
	maxNesting    = 200     // levels of nested syntax
)

// errRefused is wrapped by what the guard refuses: the statement ends, the shell goes on.
var errRefused = errors.New("refused")

// parse reads a text and refuses what must not run.
func (s *Shell) parse(text string) (*syntax.File, error) {
	if len(text) > maxText {
		return nil, fmt.Errorf("script larger than %d bytes", maxText)
	}
	if deep(text) {
		return nil, fmt.Errorf("nested deeper than %d levels", maxNesting)
	}
	file, err := syntax.NewParser().Parse(strings.NewReader(text), "")
	if err != nil {
		return nil, err
	}
	return file, s.vet(file)
}

// deep estimates how far a text nests before the parser, which is recursive, reads it.
func deep(text string) bool {
	depth := 0
	for _, r := range text {
		switch r {
		case '(', '{', '`':
			depth++
		case ')', '}':
			depth = max(depth-1, 0)
		}
		if depth > maxNesting {
			return true
		}
	}
	return strings.Count(text, "if ")+strings.Count(text, "while ")+strings.Count(text, "case ") > 20*maxNesting
}

// vet refuses process substitution, which needs real named pipes, and brace expansions without
// measure; it notes the functions that are defined.
func (s *Shell) vet(file *syntax.File) error {
	var err error
	syntax.Walk(file, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.ProcSubst:
			err = errors.New("process substitution is not supported here")
		case *syntax.Assign:
			if !n.Naked && (n.Name == nil || n.Name.Value == "") || n.Naked && n.Name == nil && n.Value == nil {
				err = errors.New("assignment without a name") // the interpreter would panic
			}
		case *syntax.CoprocClause:
			err = errors.New("coproc is not supported here")
		case *syntax.FuncDecl:
			if n.Name != nil {
				s.mu.Lock()
				s.funcs[n.Name.Value] = true
				s.mu.Unlock()
			}
		case *syntax.Word:
			if braces(n) > maxBraces {
				err = errors.New("brace expansion: too many words")
			}
		}
		return err == nil
	})
	return err
}

var braceRange = regexp.MustCompile(`\{(-?\d+|[a-zA-Z])\.\.(-?\d+|[a-zA-Z])`)

// braces is an upper bound of the words that a word's braces make.
func braces(w *syntax.Word) int {
	product := 1
	for _, part := range w.Parts {
		lit, ok := part.(*syntax.Lit)
		if !ok || !strings.Contains(lit.Value, "{") {
			continue
		}
		for _, m := range braceRange.FindAllStringSubmatch(lit.Value, -1) {
			a, err1 := strconv.Atoi(m[1])
			b, err2 := strconv.Atoi(m[2])
			size := 128
			if err1 == nil && err2 == nil {
				size = max(a-b, b-a) + 1
			} else if len(m[1])+len(m[2]) > 2 {
				return maxBraces + 1
			}
			if product *= max(size, 1); size < 0 || product > maxBraces {
				return maxBraces + 1
			}
		}
		// A list of n choices in k braces makes at most ((n+k)/k)^k words.
		if k := strings.Count(lit.Value, "{"); k > 0 {
			n := strings.Count(lit.Value, ",")/k + 2
			for range min(k, 20) {
				if product *= n; product > maxBraces*16 {
					return maxBraces + 1
				}
			}
			if k > 20 {
				return maxBraces + 1
			}
		}
	}
	return product
}

// bounded refuses a call when functions nest too deep, or when the program has too many
// goroutines: what a real machine answers with its stack limit and EAGAIN.
func bounded() error {
	var pc [1]uintptr
	if runtime.Callers(maxFrames, pc[:]) > 0 {
		return fmt.Errorf("maximum function nesting level exceeded: %w", errRefused)
	}
	if runtime.NumGoroutine() > maxGoroutines {
		return fmt.Errorf("fork: retry: Resource temporarily unavailable: %w", errRefused)
	}
	return nil
}
