package lab

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// What apt and mmdebstrap end with, when there is no network and when a package is broken.
func TestUnfetched(t *testing.T) {
	t.Parallel()
	for end, want := range map[string]bool{
		"E: Failed to fetch http://a.invalid/InRelease  Could not resolve 'a.invalid'\nE: Some index files failed to download. They have been ignored, or old ones used instead.\nE: mmdebstrap failed to run\n": true,
		"Err:1 http://a.invalid x\nE: Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?\n":                                                                                      true,
		"Err:1 http://a.invalid x\nGet:1 http://a.invalid x\ndpkg: error processing package b\nE: Sub-process /usr/bin/dpkg returned an error code (1)\n":                                                        false,
		"chroot: failed to run command\n": false,
		"":                                false,
	} {
		if unfetched.MatchString(end) != want {
			t.Errorf("%q: want %v", end, want)
		}
	}
}

func TestPrune(t *testing.T) {
	t.Parallel()
	if err := Supported(); err != nil {
		t.Skip(err)
	}
	o := Options{Place: Place{Dir: t.TempDir()}, Workshop: os.DirFS("testdata/workshop")}
	if gone, err := Prune(t.Context(), o); err != nil || gone != nil {
		t.Fatalf("nothing to remove: %v, %v", gone, err)
	}
	current, err := o.current()
	if errors.Is(err, ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil || len(current) != 1 {
		t.Fatalf("current: %v, %v", current, err)
	}
	var now string
	for now = range current {
	}
	for _, name := range []string{now, "debian-0123456789ab", "other-0123456789ab"} {
		if err := os.MkdirAll(filepath.Join(o.images(), name, "tree"), 0o755); err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{name + "/" + doneFile, name + ".log"} {
			if err := os.WriteFile(filepath.Join(o.images(), file), []byte("1s\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.MkdirAll(filepath.Join(o.images(), buildingPrefix+"x", "tree"), 0o755); err != nil {
		t.Fatal(err)
	}
	gone, err := Prune(t.Context(), o)
	if err != nil || len(gone) != 2 {
		t.Fatalf("removed %v, %v", gone, err)
	}
	left, err := os.ReadDir(o.images())
	var names []string
	for _, e := range left {
		names = append(names, e.Name())
	}
	if want := []string{now, now + ".log", lockFile}; err != nil || !slices.Equal(names, want) {
		t.Errorf("left are %q, want %q (%v)", names, want, err)
	}
	list, err := Images(o)
	if err != nil || len(list) != 1 || !list[0].Current || list[0].Used {
		t.Errorf("images %+v, %v", list, err)
	}
}
