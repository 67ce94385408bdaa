package main

import (
	"maps"
	"os"
	"path/filepath"
	"testing"
)

func TestRemember(t *testing.T) {
	t.Parallel()
	s := &session{dir: t.TempDir()}
	for _, network := range []string{"private", "public"} {
		if err := s.remember("network", network); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.remember("other", "x"); err != nil {
		t.Fatal(err)
	}
	kept, err := readParams(s.dir)
	if err != nil || !maps.Equal(kept, map[string]string{"network": "public", "other": "x"}) {
		t.Errorf("%v, %v", kept, err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, paramsFile), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readParams(s.dir); err == nil {
		t.Error("a damaged file was read")
	}
	if kept, err := readParams(""); err != nil || kept != nil {
		t.Errorf("no folder: %v, %v", kept, err)
	}
	if err := (&session{}).remember("network", "x"); err != nil {
		t.Error(err)
	}
}
