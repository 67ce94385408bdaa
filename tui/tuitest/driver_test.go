package tuitest

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"
)

func TestKey(t *testing.T) {
	t.Parallel()
	// Bubble Tea's own name of a key is what the console compares.
	for _, name := range []string{"enter", "esc", "tab", "up", "pgdown", "f1", "space", "a", "G", "?", "ctrl+c", "shift+tab", "ctrl+shift+up"} {
		if got := Key(name).String(); got != name {
			t.Errorf("Key(%q) is %q", name, got)
		}
	}
	if got := Key("ctrl+c").Text; got != "" {
		t.Errorf("ctrl+c types %q", got)
	}
}

type after string

// echo writes down what it gets; some keys lead to commands.
type echo struct {
	width, height int
	text          string
}

func (echo) Init() tea.Cmd { return func() tea.Msg { return after("init") } }

func (e echo) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		e.width, e.height = msg.Width, msg.Height
	case after:
		e.text += "<" + string(msg) + ">"
	case tea.KeyPressMsg:
		e.text += msg.String()
		switch msg.String() {
		case "b":
			return e, tea.Batch(func() tea.Msg { return after("one") }, func() tea.Msg { return after("two") })
		case "t":
			return e, tea.Tick(time.Minute, func(time.Time) tea.Msg { return after("tick") })
		case "l":
			return e, func() tea.Msg { return Key("l") }
		case "c":
			return e, tea.SetClipboard("copied")
		case "x":
			return e, tea.ExecProcess(&exec.Cmd{Path: "none"}, func(error) tea.Msg { return after("ran") })
		case "q":
			return e, tea.Quit
		}
	}
	return e, nil
}

func (e echo) View() tea.View {
	lines := make([]string, e.height)
	for i := range lines {
		lines[i] = strings.Repeat(" ", e.width)
	}
	if e.height > 0 {
		lines[0] = fmt.Sprintf("%-*s", e.width, e.text)
	}
	return tea.NewView(strings.Join(lines, "\n"))
}

func TestDriver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := New(t, echo{}, 60, 3)
		d.Sees("<init>")
		d.Press("b")
		d.Sees("<one>", "<two>")
		d.Press("t")
		d.Wait(59 * time.Second)
		d.SeesNot("<tick>")
		d.Wait(time.Second)
		d.Sees("<tick>")
		d.Press("c", "x")
		if d.Clipboard != "copied" || d.Execs != 1 {
			t.Errorf("clipboard %q, %d programs", d.Clipboard, d.Execs)
		}
		d.SeesNot("<ran>")
		d.Resize(70, 2)
		if got := strings.Count(d.Screen(), "\n"); got != 2 {
			t.Errorf("%d lines after the resize", got)
		}
		d.Type("é!")
		d.Sees("é!")
		taken := d.Updates
		d.Wait(time.Hour)
		if d.Updates != taken {
			t.Errorf("%d messages while idle", d.Updates-taken)
		}
		d.Press("q", "z")
		d.SeesNot("z")
		if !d.Quit {
			t.Error("it did not quit")
		}
	})
}

// verdict keeps what a driver says of a test, in place of the test.
type verdict struct {
	testing.TB
	said []string
}

func (v *verdict) Helper() {}

func (v *verdict) Errorf(format string, args ...any) {
	v.said = append(v.said, fmt.Sprintf(format, args...))
}

func (v *verdict) Fatalf(format string, args ...any) { v.Errorf(format, args...) }

func TestDriverFails(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		do   func(d *Driver)
		want string
	}{
		"missing text":    {func(d *Driver) { d.Sees("nothing of the kind") }, `"nothing of the kind" is not on the screen`},
		"unwanted text":   {func(d *Driver) { d.SeesNot("<init>") }, `"<init>" is on the screen`},
		"narrow line":     {func(d *Driver) { d.width++; d.Screen() }, "line 1 is 20 cells wide, not 21"},
		"missing line":    {func(d *Driver) { d.height++; d.Screen() }, "screen of 2 lines on a terminal of 3"},
		"feeding oneself": {func(d *Driver) { d.Press("l") }, "the model does not come to rest"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				v := &verdict{TB: t}
				d := New(v, echo{}, 20, 2)
				tt.do(d)
				if len(v.said) == 0 || !strings.Contains(v.said[0], tt.want) {
					t.Errorf("it said %q, not %q", v.said, tt.want)
				}
			})
		})
	}
}
