package tui_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"

	"matou/cloud"
	"matou/tui"
)

// shades draws which style every cell of a screen has: a letter for each style, a dot for none, and
// a list of what the letters are (SGR parameters, ECMA-48 8.3.117). Two of them compare by eye.
func shades(styled string) string {
	letters := map[string]byte{}
	var legend, rows strings.Builder
	const names = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for line := range strings.SplitSeq(styled, "\n") {
		var row []byte
		style := ""
		state := byte(0)
		for line != "" {
			seq, width, n, next := ansi.DecodeSequence(line, state, nil)
			line, state = line[n:], next
			if width > 0 {
				mark := byte('.')
				if style != "" {
					if _, ok := letters[style]; !ok {
						letters[style] = names[len(letters)%len(names)]
						fmt.Fprintf(&legend, "%c %s\n", letters[style], style)
					}
					mark = letters[style]
				}
				row = append(row, strings.Repeat(string(mark), width)...)
				continue
			}
			if !strings.HasPrefix(seq, "\x1b[") || !strings.HasSuffix(seq, "m") {
				continue
			}
			params := seq[2 : len(seq)-1]
			anew, reset := strings.CutPrefix(params+";", "0;")
			switch {
			case params == "":
				style = ""
			case reset:
				style = strings.TrimSuffix(anew, ";")
			case style == "":
				style = params
			default:
				style += ";" + params
			}
		}
		rows.WriteString(strings.TrimRight(string(row), ".") + "\n")
	}
	return legend.String() + "\n" + rows.String()
}

// TestThemes looks at the screens in all themes. They differ in nothing but their looks, and these
// stand in goldens where all there is to colour is on the screen.
func TestThemes(t *testing.T) {
	t.Parallel()
	for _, scene := range scenes {
		t.Run("same-words-"+scene.name, func(t *testing.T) {
			t.Parallel()
			want := ""
			for _, name := range []string{"dark", "light", "contrast", "mono"} {
				synctest.Test(t, func(t *testing.T) {
					f := start(t, 80, 24, servers(t), with(func(o *tui.Options) { o.Theme = name }))
					scene.play(f)
					got := f.Screen()
					if want == "" {
						want = got
					}
					if got != want {
						t.Errorf("%s shows\n%s\nnot\n%s", name, got, want)
					}
				})
			}
		})
	}
	for _, look := range []struct {
		scene, lang   string
		width, height int
	}{
		{"boot", "fr", 80, 24},
		{"boot", "fr", 120, 36},
		{"boot", "fr", 200, 60},
		{"boot", "en", 80, 24},
		{"boot", "en", 120, 36},
		{"boot", "en", 200, 60},
		{"failure", "fr", 80, 24},
		{"hostkey", "en", 80, 24},
		{"victory", "fr", 120, 36},
	} {
		for _, name := range []string{"dark", "light", "contrast", "mono"} {
			t.Run(fmt.Sprintf("%dx%d-%s-%s-%s", look.width, look.height, look.lang, look.scene, name), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					f := start(t, look.width, look.height, servers(t), with(func(o *tui.Options) { o.Lang, o.Theme = look.lang, name }))
					for _, scene := range scenes {
						if scene.name == look.scene {
							scene.play(f)
						}
					}
					golden.RequireEqual(t, shades(f.Styled()))
				})
			})
		}
	}
}

// servers is a cloud with a server of another seat and one of this seat that is being built.
func servers(t *testing.T) change {
	return withServers(t,
		server("autre-03", cloud.StatusActive, "", "158.69.78.12", time.Hour, nil),
		server("web-07", cloud.StatusBuild, "spawning", "", 11*time.Second, mine))
}
