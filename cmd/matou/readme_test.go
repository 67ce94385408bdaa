package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"matou/assets"
	"matou/tui"
	"matou/tui/i18n"
)

var update = flag.Bool("update", false, "write the parts of the README that come from the program")

// TestReadmeKeys holds the README's list of keys to the table the console goes by.
func TestReadmeKeys(t *testing.T) {
	all, err := i18n.Load(assets.I18n())
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	group := ""
	for _, k := range tui.Bindings(all.In("en")) {
		if k.Group != group {
			group = k.Group
			fmt.Fprintf(&b, "\n| %s | |\n|---|---|\n", group)
		}
		fmt.Fprintf(&b, "| `%s` | %s |\n", strings.ReplaceAll(k.Keys, "|", "\\|"), k.Help)
	}
	b.WriteString("\n")
	data, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok1 := strings.Cut(string(data), "-update -->\n")
	_, after, ok2 := strings.Cut(rest, "<!-- end of keys -->")
	if !ok1 || !ok2 {
		t.Fatal("the README has no place for the keys")
	}
	want := before + "-update -->\n" + b.String() + "<!-- end of keys -->" + after
	if *update {
		if err := os.WriteFile("../../README.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(data) != want {
		t.Error("the README's keys are not those of the console: go test ./cmd/matou -run TestReadme -update")
	}
}
