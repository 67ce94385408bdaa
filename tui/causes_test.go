package tui

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"matou/steps"
)

// cause is the key of a cause or a summary, where the code gives it, with the English sentence and the values that stand
// beside it there.
type cause struct {
	key, sentence, at string
	names             []string
	open              bool // values come from elsewhere too
}

var causeKey = regexp.MustCompile(`^(cause|told|doing)\.[a-z.-]+$`)

// causes finds every call with the key of a cause among its arguments, in all packages.
func causes(t *testing.T) []cause {
	t.Helper()
	var all []cause
	for _, dir := range []string{"../cloud", "../steps", "../cmd", "."} {
		err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if lit, ok := n.(*ast.BasicLit); ok {
					if key, err := strconv.Unquote(lit.Value); err == nil && causeKey.MatchString(key) {
						all = append(all, cause{key: key, at: set.Position(lit.Pos()).String(), open: true})
					}
				}
				if call, ok := n.(*ast.CallExpr); ok {
					all = append(all, causeOf(call, set)...)
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// causeOf reads one call: the key, a sentence where the function takes one, then name, value pairs.
func causeOf(call *ast.CallExpr, set *token.FileSet) []cause {
	fun := ""
	switch f := call.Fun.(type) {
	case *ast.Ident:
		fun = f.Name
	case *ast.SelectorExpr:
		fun = f.Sel.Name
	}
	for i, arg := range call.Args {
		c := cause{key: literal(arg), at: set.Position(call.Pos()).String(), open: call.Ellipsis.IsValid()}
		if !causeKey.MatchString(c.key) || strings.HasSuffix(c.key, ".") || strings.HasSuffix(c.key, "-") {
			continue
		}
		rest := call.Args[i+1:]
		switch fun {
		case "Fail", "Within", "Summed", "and", "inWords":
			c.sentence, rest = literal(rest[0]), rest[1:]
		case "lastSeen":
			seen := c
			seen.key, seen.sentence = c.key+"-seen", literal(rest[0])+", it was {status}"
			c.sentence, rest = literal(rest[0]), rest[1:]
			for j := 0; j+1 < len(rest); j += 2 {
				seen.names = append(seen.names, literal(rest[j]))
			}
			seen.names = append(seen.names, "status")
			return []cause{c.with(rest), seen}
		case "Say", "SayOf", "During", "phrase", "Doing":
		case "said":
			c.open = true
		default:
			continue
		}
		return []cause{c.with(rest)}
	}
	return nil
}

// with is the cause with the names of its values.
func (c cause) with(args []ast.Expr) cause {
	for j := 0; j+1 < len(args); j += 2 {
		c.names = append(c.names, literal(args[j]))
	}
	return c
}

// literal is the text of a string that stands in the code; empty for anything else.
func literal(e ast.Expr) string {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return ""
	}
	text, _ := strconv.Unquote(lit.Value)
	return text
}

// causeFamilies are the keys that the code makes of a name.
func causeFamilies() []string {
	keys := []string{"cause.needs-cores", "cause.needs-instances", "cause.needs-ram"}
	for _, kind := range []steps.QuestionKind{steps.AskPassword, steps.AskPassphrase, steps.AskPrompt} {
		keys = append(keys, "cause.wrong."+string(kind), "cause.nobody."+string(kind))
	}
	return append(keys, "cause.nobody."+string(steps.AskHostKey))
}

// A cause or a summary that is given a key is told in every language, with the values it is given and no others; in
// English it is the sentence of the logs.
func TestCauses(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	shaped := 0
	for _, cause := range causes(t) {
		if strings.HasSuffix(cause.key, ".") || strings.HasSuffix(cause.key, "-") {
			continue
		}
		countable := c.In("en").Has(cause.key + ".other")
		for _, lang := range c.Langs() {
			text := c.In(lang)
			if countable {
				if !text.Has(cause.key+".one") || !text.Has(cause.key+".other") || !cause.open && !slices.Equal(cause.names, []string{"n"}) {
					t.Errorf("%s: %s counts %s, with %v", cause.at, lang, cause.key, cause.names)
				}
				continue
			}
			if !text.Has(cause.key) {
				t.Errorf("%s: %s has no text for %s", cause.at, lang, cause.key)
				continue
			}
			for _, hole := range place.FindAllString(text.T(cause.key), -1) {
				if name := strings.Trim(hole, "{}"); name != "why" && !cause.open && !slices.Contains(cause.names, name) {
					t.Errorf("%s: %s of %s has {%s}, the code gives %v", cause.at, cause.key, lang, name, cause.names)
				}
			}
		}
		if cause.sentence == "" || countable {
			continue
		}
		shaped++
		if english := strings.ReplaceAll(c.In("en").T(cause.key), `"`, ""); english != cause.sentence {
			t.Errorf("%s: %s is %q in English, and %q in logs", cause.at, cause.key, english, cause.sentence)
		}
		for _, name := range cause.names {
			if !cause.open && name != "" && !strings.Contains(cause.sentence, "{"+name+"}") {
				t.Errorf("%s: %s is given {%s}, and does not say it", cause.at, cause.key, name)
			}
		}
	}
	if shaped < 60 {
		t.Errorf("only %d causes with a sentence were found", shaped)
	}
}
