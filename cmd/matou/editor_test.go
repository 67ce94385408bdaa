package main

import (
	"os/exec"
	"slices"
	"testing"
)

func TestEditorWords(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		env  map[string]string
		have []string
		want []string
	}{
		{"chosen", map[string]string{"EDITOR": "emacs -nw"}, []string{"vim"}, []string{"emacs", "-nw"}},
		{"the visual one first", map[string]string{"EDITOR": "ed", "VISUAL": "code --wait"}, nil, []string{"code", "--wait"}},
		{"nothing is chosen", nil, []string{"vi", "nano"}, []string{"vi"}},
		{"blanks are no choice", map[string]string{"VISUAL": " ", "EDITOR": ""}, []string{"nano"}, []string{"nano"}},
		{"none at all", nil, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			look := func(name string) (string, error) {
				if slices.Contains(tt.have, name) {
					return "/usr/bin/" + name, nil
				}
				return "", exec.ErrNotFound
			}
			if got := editorWords(func(name string) string { return tt.env[name] }, look); !slices.Equal(got, tt.want) {
				t.Errorf("%q, not %q", got, tt.want)
			}
		})
	}
}
