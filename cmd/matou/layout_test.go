package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The rules of who may know whom, as in .golangci.yml: a package of ours, and what neither it nor
// anything it imports may be.
var forbidden = []struct {
	from string // packages with this prefix
	not  []string
}{
	{from: "matou/assets", not: []string{"matou/", "charm.land/", "golang.org/"}},
	{from: "matou/slides", not: []string{"matou/tui", "matou/steps", "matou/cloud", "matou/cmd", "charm.land/bubbletea", "charm.land/bubbles", "github.com/alecthomas/chroma/v2/lexers", "github.com/alecthomas/chroma/v2/styles"}},
	{from: "matou/steps", not: []string{"matou/tui", "matou/slides", "matou/cmd", "charm.land/", "github.com/gophercloud/", "golang.org/x/crypto/"}},
	{from: "matou/cloud", not: []string{"matou/tui", "matou/slides", "matou/steps", "matou/cmd", "charm.land/bubbletea", "charm.land/bubbles"}},
	{from: "matou/cloud/traffic", not: []string{"matou/cloud/", "github.com/", "golang.org/"}},
	{from: "matou/tui", not: []string{"github.com/gophercloud/", "golang.org/x/crypto/", "matou/steps/action", "matou/cloud/", "matou/cmd"}},
}

func TestImports(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{.ImportPath}} {{join .Deps \" \"}}", "matou/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	deps := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		deps[words[0]] = words[1:]
	}
	seen := 0
	for pkg, all := range deps {
		for _, rule := range forbidden {
			if pkg != rule.from && !strings.HasPrefix(pkg, rule.from+"/") {
				continue
			}
			seen++
			for _, dep := range all {
				for _, not := range rule.not {
					if strings.HasPrefix(dep, not) && !strings.HasPrefix(dep, rule.from) {
						t.Errorf("%s imports %s, by itself or through another", pkg, dep)
					}
				}
			}
		}
	}
	if seen < len(forbidden) {
		t.Errorf("the rules met %d packages only", seen)
	}
	// The engine knows no cloud, though its actions do; the cloud's nouns know the standard library only.
	for _, dep := range deps["matou/steps"] {
		if strings.HasPrefix(dep, "matou/") {
			t.Errorf("matou/steps imports %s", dep)
		}
	}
	for _, dep := range deps["matou/cloud"] {
		if strings.Contains(strings.SplitN(dep, "/", 2)[0], ".") {
			t.Errorf("matou/cloud imports %s", dep)
		}
	}
}

func TestTopLevel(t *testing.T) {
	entries, err := os.ReadDir("../..")
	if err != nil {
		t.Fatal(err)
	}
	var visible []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && e.Name() != "matou" { // what go build leaves there
			visible = append(visible, e.Name())
		}
	}
	want := []string{"README.md", "assets", "cloud", "cmd", "go.mod", "go.sum", "slides", "steps", "tui"}
	if !slices.Equal(visible, want) {
		t.Errorf("the top level is %v, want %v", visible, want)
	}
}

// A template that is executed calls methods by name: when the program has one, the linker keeps every
// exported method of every type, six megabytes of them, and a console takes two more of memory.
func TestLinkerDropsMethods(t *testing.T) {
	if testing.Short() {
		t.Skip("links the program")
	}
	path := filepath.Join(t.TempDir(), "matou")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, "matou/cmd/matou").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	symbols, err := exec.CommandContext(t.Context(), "go", "tool", "nm", path).Output()
	if err != nil {
		t.Fatalf("go tool nm: %v", err)
	}
	if !bytes.Contains(symbols, []byte(" main.main\n")) {
		t.Fatal("the program's symbols can't be read")
	}
	for _, name := range []string{"text/template.(*state).evalField", "html/template.New"} {
		if bytes.Contains(symbols, []byte(" "+name+"\n")) {
			t.Errorf("%s is in the program", name)
		}
	}
}
