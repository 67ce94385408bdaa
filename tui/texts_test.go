package tui

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"matou/assets"
	"matou/cloud"
	"matou/slides"
	"matou/steps"
	"matou/tui/i18n"
	"matou/tui/pane"
)

func catalog(t *testing.T) *i18n.Catalog {
	t.Helper()
	c, err := i18n.Load(assets.I18n())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	return c
}

// used lists every key the console asks for: those written in its code, and the families that are
// made of names defined elsewhere.
func used(t *testing.T) map[string]bool {
	t.Helper()
	keys, en := written(t), catalog(t).In("en")
	family := func(prefix string, names ...string) {
		for _, n := range names {
			keys[prefix+n] = true
		}
	}
	family("remedy.", constants(t, "../steps", regexp.MustCompile(`^Fail[A-Z]`))...)
	family("why.", constants(t, "../steps", regexp.MustCompile(`^Fail[A-Z]`))...)
	family("", causeFamilies()...)
	for _, c := range causes(t) {
		if !strings.HasSuffix(c.key, ".") && !strings.HasSuffix(c.key, "-") {
			keys[c.key] = true
			if en.Has(c.key + ".other") {
				delete(keys, c.key)
				keys[c.key+".one"], keys[c.key+".other"] = true, true
			}
		}
	}
	family("refusal.", constants(t, "../steps", regexp.MustCompile(`^Refused[A-Z]`))...)
	for _, s := range []steps.Status{steps.Pending, steps.Ready, steps.Running, steps.Done, steps.Failed, steps.Stale, steps.Shown} {
		family("status.", string(s))
	}
	for _, id := range pane.All {
		family("pane.", string(id))
		family("tab.", string(id))
	}
	for _, m := range pane.Moods {
		family("mood.", string(m))
		family("cat.", string(m))
	}
	for _, g := range groups {
		family("group.", g)
	}
	for _, b := range table() {
		family("key.", b.id)
		family("help.", b.id)
		for _, k := range b.keys {
			if len(k) > 1 && k != "ctrl+c" && k != "f1" {
				family("cap.", k)
			}
		}
	}
	for _, kind := range cloud.TroubleKinds {
		family("traffic.trouble.", string(kind))
		family("traffic.why.", string(kind))
	}
	family("traffic.", "goes-on", "stopped")
	family("traffic.link.", "site", "stats")
	family("traffic.stats.", "status", "check", "sessions", "in", "out", "downtime")
	for _, moment := range append(commented(), momentTyped, momentRecording) {
		family("comment.", moment)
	}
	family("history.", "shown", "not-yet", "undone", "interrupted")
	family("toast.", "mouse-on", "mouse-off")
	family("problem.", append(slides.ProblemKeys(), "unknown-id", "other-id", "slides")...)
	family("severity.", slides.Info.String(), slides.Warning.String(), slides.Error.String())
	family("key.", "run-next", "go-on", "back", "onward-all", "onward-run", "onward-wait", "onward-type")
	for _, kind := range []steps.QuestionKind{steps.AskPassword, steps.AskPassphrase, steps.AskPrompt} {
		family("question."+string(kind)+".", "title", "text")
	}
	family("made.", cloud.ItemServer, cloud.ItemAddress, cloud.ItemRule, cloud.ItemGroup, cloud.ItemKeypair)
	family("question.adopt.", "title", "text", "beside", steps.ChoiceAdopt, steps.ChoiceAnother)
	family("question.give-back.", "title", "text", steps.ChoiceDelete, steps.ChoiceKeep)
	family("servers.", "id", "name", "status", "task", "power", "networks", "address", "image", "flavor", "keypair", "created", "seat")
	return keys
}

// commented lists the moods in which the cat says something to a room.
func commented() (moods []string) {
	for _, m := range pane.Moods {
		if m != pane.Asleep {
			moods = append(moods, string(m))
		}
	}
	return moods
}

// written finds the keys that stand in the code as they are: T("key"...) and N("key"...).
func written(t *testing.T) map[string]bool {
	t.Helper()
	keys := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			fun, ok := call.Fun.(*ast.SelectorExpr)
			lit, isLit := call.Args[0].(*ast.BasicLit)
			if !ok || !isLit || lit.Kind != token.STRING || (fun.Sel.Name != "T" && fun.Sel.Name != "N") {
				return true
			}
			key, _ := strconv.Unquote(lit.Value)
			if fun.Sel.Name == "N" {
				keys[key+".one"], keys[key+".other"] = true, true
			} else {
				keys[key] = true
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// Keys that are chosen between before they are asked for.
	for _, key := range []string{"question.host-key.compare", "question.host-key.compare-given", "question.host-key.why", "question.host-key.same", "remedy.internal"} {
		keys[key] = true
	}
	return keys
}

// constants reads the values of a package's string constants by their names.
func constants(t *testing.T, dir string, names *regexp.Regexp) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Names) != 1 || len(spec.Values) != 1 || !names.MatchString(spec.Names[0].Name) {
				return true
			}
			if lit, ok := spec.Values[0].(*ast.BasicLit); ok {
				text, _ := strconv.Unquote(lit.Value)
				out = append(out, text)
			}
			return true
		})
	}
	if len(out) == 0 {
		t.Fatalf("no constants %v in %s", names, dir)
	}
	return out
}

func TestTextsMissing(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	keys := used(t)
	for _, lang := range []string{"fr", "en"} {
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			if !c.In(lang).Has(key) {
				t.Errorf("%s: no text for %s", lang, key)
			}
		}
	}
}

func TestTextsUnused(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	keys := used(t)
	for _, lang := range c.Langs() {
		for _, key := range c.In(lang).Keys() {
			if !keys[key] && !strings.HasPrefix(key, "cli.") {
				t.Errorf("%s: nobody asks for %s", lang, key)
			}
		}
	}
}

var place = regexp.MustCompile(`\{[a-z]+\}`)

func TestTextsAlike(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	fr, en := c.In("fr"), c.In("en")
	for _, key := range en.Keys() {
		a, b := place.FindAllString(fr.T(key), -1), place.FindAllString(en.T(key), -1)
		slices.Sort(a)
		slices.Sort(b)
		if !slices.Equal(a, b) {
			t.Errorf("%s: values %v in French, %v in English", key, a, b)
		}
	}
	for _, texts := range []i18n.Texts{fr, en} {
		for _, mood := range pane.Moods {
			if w := ansi.StringWidth(texts.T("cat." + string(mood))); w > pane.CatWidth {
				t.Errorf("%s cat.%s is %d cells wide, the cat has %d", texts.Lang, mood, w, pane.CatWidth)
			}
		}
		for _, moment := range append(commented(), momentTyped, momentRecording) {
			for line := range strings.SplitSeq(texts.T("comment."+moment), "\n") {
				if w := ansi.StringWidth(line); w < 4 || w > 44 {
					t.Errorf("%s comment.%s: %q is %d cells wide: 44 at most fit on a border", texts.Lang, moment, line, w)
				}
			}
		}
	}
}

func TestNoWordsInCode(t *testing.T) {
	t.Parallel()
	// A French letter in code is a text that cannot be translated.
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "ascii.go") {
			return err
		}
		data, err := os.ReadFile(path)
		if strings.ContainsAny(string(data), "éèàùçê") {
			t.Errorf("%s has text in it", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestBindings(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, b := range table() {
		for _, id := range pane.All {
			for _, k := range b.keys {
				if !b.holds(id) {
					continue
				}
				at := string(id) + " " + k
				if other, ok := seen[at]; ok && !(k == "enter" && b.id == "run") && other != onwardID && other != backwardID {
					t.Errorf("%s: both %s and %s", at, other, b.id)
				}
				seen[at] = b.id
			}
		}
	}
	list := Bindings(catalog(t).In("fr"))
	if len(list) != len(table()) {
		t.Errorf("%d keys listed of %d", len(list), len(table()))
	}
	for _, k := range list {
		if k.Keys == "" || k.Name == "" || k.Help == "" {
			t.Errorf("incomplete: %+v", k)
		}
	}
	m := &Model{focus: pane.SlideID, keys: table()}
	for _, id := range m.hints() {
		if m.lookup(id).id == "" {
			t.Errorf("the bar names %q, which no key does", id)
		}
	}
}

// In French a blank stands before some signs; it must not break there.
func TestFrenchBlanks(t *testing.T) {
	t.Parallel()
	fr := catalog(t).In("fr")
	for _, key := range fr.Keys() {
		for _, bad := range []string{" ?", " !", " :", " ;", " »", "« "} {
			if strings.Contains(fr.T(key), bad) {
				t.Errorf("%s: %q may break before %q", key, fr.T(key), bad)
			}
		}
	}
}
