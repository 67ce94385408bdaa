package lab

import (
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// workshop is a file system with a recipe and what it names.
func workshop(yaml string) fstest.MapFS {
	return fstest.MapFS{
		"lab/lab.yaml": {Data: []byte(yaml)}, "lab/a.sh": {Data: []byte("a")}, "lab/b.sh": {Data: []byte("b")},
		"in/one": {Data: []byte("1")}, "in/two": {Data: []byte("2")},
	}
}

const twoImages = "images:\n  a: {on: debian, script: a.sh, inputs: [in]}\n  b: {on: a, script: b.sh}\n  c: {on: b}\n"

func ids(t *testing.T, fsys fstest.MapFS, name string) []string {
	t.Helper()
	r, err := loadRecipe(fsys)
	if err != nil {
		t.Fatal(err)
	}
	all, err := r.layers(name, []byte("sources"))
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, l := range all {
		list = append(list, l.id)
	}
	return list
}

func TestLayers(t *testing.T) {
	t.Parallel()
	before := ids(t, workshop(twoImages), "c")
	if len(before) != 3 || !strings.HasPrefix(before[0], "debian-") || !strings.HasPrefix(before[1], "a-") || !strings.HasPrefix(before[2], "b-") {
		t.Fatalf("layers %v", before)
	}
	if again := ids(t, workshop(twoImages), "b"); !slices.Equal(again, before) {
		t.Errorf("the same recipe has other names: %v and %v", before, again)
	}
	tests := []struct {
		name, file, data string
		same             int // how many layers keep their name
	}{
		{"a script", "lab/b.sh", "bb", 2},
		{"a script below", "lab/a.sh", "aa", 1},
		{"an input", "in/two", "22", 1},
		{"one more input", "in/three", "", 1},
		{"something else", "other", "x", 3},
	}
	for _, tc := range tests {
		fsys := workshop(twoImages)
		fsys[tc.file] = &fstest.MapFile{Data: []byte(tc.data)}
		after := ids(t, fsys, "c")
		for i := range after {
			if (after[i] == before[i]) != (i < tc.same) {
				t.Errorf("%s changed: layer %d was %s, is %s", tc.name, i, before[i], after[i])
			}
		}
	}
}

func TestRecipeMistakes(t *testing.T) {
	t.Parallel()
	for yaml, want := range map[string]string{
		"images: {a: {on: nothing}}":                               `no image "nothing"`,
		"images: {a: {on: b}, b: {on: c}, c: {on: b}}":             "stands on itself",
		"images: {a: {script: a.sh}}":                              "stands on nothing",
		"images: {debian: {on: a}}":                                "not a name",
		"images: {a/b: {on: debian}}":                              "not a name",
		"images: {a: {on: debian, script: none.sh}}":               "lab/none.sh",
		"images: {a: {on: debian, memory: -1}}":                    "negative",
		"images: {a: {on: debian, color: blue}}":                   "color",
		"images: {a: {on: debian, script: ../../../etc/passwd}}":   "does not exist",
		"images: {a: {on: debian, script: a.sh, inputs: [/etc]}}":  "does not exist",
		"images: {a: {on: debian, script: a.sh, inputs: [gone/]}}": "does not exist",
	} {
		if _, err := loadRecipe(workshop(yaml)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", yaml, err, want)
		}
	}
}

// The workshop we ship has an image for every tree that its world names.
func TestShippedRecipe(t *testing.T) {
	t.Parallel()
	r, err := loadRecipe(os.DirFS("../../assets/workshops/web-cloud-puppet"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tree := range []string{"ubuntu", "puppet", "inception", "jumphost"} {
		if _, err := r.chain(tree); err != nil {
			t.Errorf("%s: %v; there are %v", tree, err, slices.Sorted(maps.Keys(r.images)))
		}
	}
}

func TestPlace(t *testing.T) {
	t.Parallel()
	for name, good := range map[string]bool{"": true, "lab": true, "a-1": true, "-a": false, "A": false, "a/b": false, "..": false, strings.Repeat("a", 21): false} {
		if err := (Place{Name: name}).Check(); (err == nil) != good {
			t.Errorf("name %q: %v", name, err)
		}
	}
}

func TestFindNothing(t *testing.T) {
	t.Parallel()
	p := Place{Dir: t.TempDir()}
	if _, err := Find(p); !errors.Is(err, ErrNotRunning) {
		t.Errorf("find in an empty folder: %v", err)
	}
	if err := os.MkdirAll(p.folder(), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p.folder()+"/"+infoFile, []byte(`{"Process": 2147483647}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Find(p); !errors.Is(err, ErrNotRunning) {
		t.Errorf("find after a crash: %v", err)
	}
	if names := Labs(p.Dir); !slices.Equal(names, []string{"lab"}) {
		t.Errorf("labs %v", names)
	}
}
