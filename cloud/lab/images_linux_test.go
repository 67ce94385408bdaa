package lab

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
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

// Whoever can't have a lab is told in one sentence what to do.
func TestSupported(t *testing.T) {
	const bookworm, ubuntu = "PRETTY_NAME=\"Debian GNU/Linux 12\"\nID=debian\n", "NAME=\"Ubuntu\"\nID=ubuntu\nID_LIKE=debian\n"
	tests := []struct {
		name, release string
		user          int
		path          string // "": this machine's
		want          string
	}{
		{"Debian", bookworm, 0, "", ""},
		{"Ubuntu", ubuntu, 0, "", ""},
		{"Mint", "ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", 0, "", ""},
		{"Fedora", "ID=fedora\nHOME_URL=https://fedora.example/not-debian\n", 0, "", "it needs Debian or Ubuntu"},
		{"no os-release", "", 0, "", "it needs Debian or Ubuntu"},
		{"not root", ubuntu, 1000, "", "it needs root: sudo matou lab up"},
		{"no tools", bookworm, 0, "/nowhere", "a program is missing: apt-get install bash coreutils iproute2 util-linux"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if tc.path != "" {
				t.Setenv("PATH", tc.path)
			}
			err := supported(tc.release, tc.user)
			switch {
			case tc.want == "" && err != nil:
				t.Error(err)
			case tc.want != "" && (!errors.Is(err, ErrUnsupported) || err.Error() != ErrUnsupported.Error()+": "+tc.want && !strings.HasPrefix(err.Error(), ErrUnsupported.Error()+": "+tc.want+";")):
				t.Errorf("it says %v, want %q", err, tc.want)
			}
		})
	}
}

// A build that lacks its tools makes nothing.
func TestBuildWithoutTools(t *testing.T) {
	if err := Supported(); err != nil {
		t.Skip(err)
	}
	bin := t.TempDir()
	for _, name := range []string{"ip", "nsenter", "bash", "sleep"} {
		if err := os.Symlink("/bin/true", filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin)
	o := Options{Place: Place{Dir: filepath.Join(t.TempDir(), "labs")}, Workshop: os.DirFS("testdata/workshop")}
	o.Sources = filepath.Join(bin, "ip") // any file: it is not read further than to name the layer
	err := Build(t.Context(), o)
	if !errors.Is(err, ErrUnsupported) || !strings.HasSuffix(err.Error(), "apt-get install coreutils dpkg mmdebstrap mount") {
		t.Errorf("it says %v", err)
	}
	if _, err := os.Stat(o.Dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it left something: %v", err)
	}
}

// A network that does not answer is told as that, and nothing is left of the build.
func TestRealWithoutNetwork(t *testing.T) {
	t.Parallel()
	realDir(t)
	sources := filepath.Join(t.TempDir(), "lab.list")
	if err := os.WriteFile(sources, []byte("deb [trusted=yes] http://127.0.0.1:9/debian bookworm main\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	o := Options{Place: Place{Dir: t.TempDir()}, Workshop: os.DirFS("testdata/workshop"), Sources: sources}
	if err := Build(t.Context(), o); !errors.Is(err, ErrFetch) {
		t.Errorf("it says %v", err)
	}
	left, _ := filepath.Glob(filepath.Join(o.images(), "*"))
	halves, _ := filepath.Glob(filepath.Join(o.images(), ".*"))
	for _, name := range append(left, halves...) {
		if base := filepath.Base(name); base != lockFile && filepath.Ext(name) != ".log" {
			t.Errorf("it left %s", base)
		}
	}
}
