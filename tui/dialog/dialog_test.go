package dialog_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"matou/assets"
	"matou/tui/dialog"
	"matou/tui/i18n"
	"matou/tui/pane"
	"matou/tui/theme"
	"matou/tui/tuitest"
)

func look(t *testing.T) pane.Look {
	t.Helper()
	c, err := i18n.Load(assets.I18n())
	if err != nil {
		t.Fatal(err)
	}
	themes, err := theme.Load(assets.Themes())
	if err != nil {
		t.Fatal(err)
	}
	return pane.Look{Styles: themes["dark"].Make(false), Text: c.In("en")}
}

func box() *dialog.Box {
	b := &dialog.Box{Title: "Title", Body: []dialog.Para{{Look: dialog.Row, Label: "key", Text: "value"}}, Buttons: []dialog.Button{
		{ID: dialog.Cancel, Label: "Cancel", Key: "n"}, {ID: "yes", Label: "Yes", Key: "y"},
	}}
	for i := range 40 {
		b.Body = append(b.Body, dialog.Para{Text: fmt.Sprintf("paragraph %d with enough words to be wrapped on a narrow screen", i)})
	}
	return b
}

var now = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func TestStackGuards(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		typing bool
		keys   []int // when "enter" is pressed, in ms after the dialog came
		want   bool  // it was answered
	}{
		{"at once", false, []int{0}, false},
		{"in flight", false, []int{200}, false},
		{"read first", false, []int{600}, true},
		{"held down", false, []int{100, 200, 300, 400, 500, 600}, false},
		{"held down for long", false, []int{200, 400, 600, 800, 1000, 1200, 1400, 1600, 1800}, true},
		{"typing goes on after the guard", true, []int{100, 300}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var s dialog.Stack
			answered := false
			d := box()
			if c.typing {
				d.Ask(true)
			}
			s.Pop("x", d, now, func(dialog.Answer) tea.Cmd { answered = true; return nil })
			for _, ms := range c.keys {
				s.Update(tuitest.Key("enter"), now.Add(time.Duration(ms)*time.Millisecond))
			}
			if answered != c.want {
				t.Errorf("answered: %v", answered)
			}
		})
	}
}

func TestStack(t *testing.T) {
	t.Parallel()
	var s dialog.Stack
	if s.Update(tuitest.Key("enter"), now) != nil || s.Top() != "" || s.Draw(look(t), 80, 24) != nil {
		t.Error("an empty stack does something")
	}
	got := ""
	s.Push("a", box(), func(a dialog.Answer) tea.Cmd { got += "a:" + a.Button; return nil })
	s.Push("b", box(), func(a dialog.Answer) tea.Cmd { got += "b:" + a.Button; return nil })
	s.Push("c", box(), nil)
	s.Close("b")
	s.Update(tuitest.Key("esc"), now)
	s.Update(tuitest.Key("y"), now)
	if got != "a:yes" || s.Len() != 0 || s.Has("b") {
		t.Errorf("answers %q, %d left", got, s.Len())
	}
}

func TestBoxFits(t *testing.T) {
	t.Parallel()
	l := look(t)
	for _, size := range [][2]int{{80, 24}, {40, 12}, {20, 5}, {120, 36}, {200, 60}, {8, 3}} {
		b := box()
		lines := b.Draw(l, size[0], size[1])
		if len(lines) > size[1] {
			t.Errorf("%v: %d lines", size, len(lines))
		}
		for _, line := range lines {
			if ansi.StringWidth(line) != ansi.StringWidth(lines[0]) || ansi.StringWidth(line) > size[0] {
				t.Errorf("%v: %q", size, line)
			}
		}
	}
}

// TestBoxKeys: a button's key answers with shift or caps lock as well, as the console has the recording
// on V and a dialog on v; G scrolls.
func TestBoxKeys(t *testing.T) {
	t.Parallel()
	b := &dialog.Box{Buttons: []dialog.Button{{ID: "no", Label: "No", Key: "n"}, {ID: "recording", Label: "Recording", Key: "v"}, {ID: "go", Label: "Go", Key: "g"}}}
	for key, want := range map[string]string{"v": "recording", "V": "recording", "N": "no", "g": "go", "q": dialog.Cancel} {
		if a := b.Update(tuitest.Key(key)); a == nil || a.Button != want {
			t.Errorf("%s: %+v, want %s", key, a, want)
		}
	}
	for _, key := range []string{"G", "x", "f1"} {
		if a := b.Update(tuitest.Key(key)); a != nil {
			t.Errorf("%s: %+v, want no answer", key, a)
		}
	}
}

func TestBoxScrolls(t *testing.T) {
	t.Parallel()
	l := look(t)
	b := box()
	text := func() string { return ansi.Strip(strings.Join(b.Draw(l, 40, 12), "\n")) }
	if s := text(); !strings.Contains(s, "key  value") || !strings.Contains(s, "more lines") || !strings.Contains(s, "Cancel (n)") {
		t.Errorf("at the top:\n%s", s)
	}
	for _, k := range []string{"down", "pgdown", "space", "up"} {
		b.Update(tuitest.Key(k))
	}
	if strings.Contains(text(), "key  value") {
		t.Errorf("it did not scroll:\n%s", text())
	}
	b.Update(tuitest.Key("G"))
	if s := text(); !strings.Contains(s, "narrow screen") || strings.Contains(s, "more lines") {
		t.Errorf("at the end:\n%s", s)
	}
	b.Update(tuitest.Key("g"))
	if !strings.Contains(text(), "key  value") {
		t.Errorf("back at the top:\n%s", text())
	}
}

func TestFinder(t *testing.T) {
	t.Parallel()
	items := []dialog.Item{{ID: "1", Text: "first"}, {ID: "2", Text: "second", Off: "not now"}, {ID: "3", Text: "third"}}
	f := dialog.NewFinder("Title", "nothing", 2, dialog.Fuzzy(items))
	if a := f.Update(tuitest.Key("enter")); a == nil || a.Button != "3" {
		t.Errorf("it opens at %v", a)
	}
	f.Update(tuitest.Key("up"))
	if a := f.Update(tuitest.Key("enter")); a != nil {
		t.Errorf("what is off was chosen: %v", a)
	}
	for _, k := range []string{"f", "s", "t"} {
		f.Update(tuitest.Key(k))
	}
	if a := f.Update(tuitest.Key("enter")); a == nil || a.Button != "1" || a.Text != "fst" {
		t.Errorf("found %v", a)
	}
	f.Update(tuitest.Key("z"))
	if a := f.Update(tuitest.Key("enter")); a != nil {
		t.Errorf("chose %v of nothing", a)
	}
	if text := ansi.Strip(strings.Join(f.Draw(look(t), 40, 12), "\n")); !strings.Contains(text, "nothing") {
		t.Error(text)
	}
	if a := f.Update(tuitest.Key("esc")); a == nil || a.Button != dialog.Cancel {
		t.Errorf("left with %v", a)
	}
}
