//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEditor edits web.yaml from the console, with the person's own editor: what is well-formed is this
// seat's copy from then on, and what is not is told, and is there the next time.
func TestEditor(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	state := t.TempDir()
	if out, err := program(t, state, "play", "--pace", "instant", "--until", "master-agent").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	editor, turns, seen := filepath.Join(state, "editor"), filepath.Join(state, "turns"), filepath.Join(state, "seen")
	write(t, editor, `echo >> "`+turns+`"
case $(wc -l < "`+turns+`") in
*1) echo "# by hand" >> "$1" ;;
*2) printf 'a: [b\n' >> "$1" ;;
*3) cp "$1" "`+seen+`"; printf 'a: b\n' > "$1" ;;
esac
`)
	s := newScreen(t, 80, 24, program(t, state, "--pace", "instant", "--still"), "VISUAL=", "EDITOR=sh "+editor)
	s.sees("e edit")
	s.press("e")
	s.sees("Make a web server: not yet.") // back, and looked at again
	s.press("e")
	s.sees("would no longer be YAML")
	s.sees("e opens it again")
	polls := 0
	again := func(key string) { // not too often: an escape and the key behind it would be one
		if polls++; polls%100 == 0 {
			s.press(key)
		}
	}
	s.until("the dialog to close", func(text string) bool {
		again(keyEsc) // it takes no key at first
		return !strings.Contains(text, "no longer be YAML")
	})
	s.until("the third time", func(string) bool {
		again("e")
		_, err := os.Stat(seen)
		return err == nil
	})
	s.sees("Make a web server: not yet.")
	s.press("q")
	<-s.done
	data, err := os.ReadFile(seen)
	if err != nil {
		t.Fatal(err)
	}
	if text := string(data); !strings.HasSuffix(text, "# by hand\na: [b\n") {
		t.Errorf("the third time the editor found\n%s", text)
	}
}
