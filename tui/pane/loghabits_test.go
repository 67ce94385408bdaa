package pane

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"matou/steps"
)

func newLog(t testing.TB, keep, width, height int) *Log {
	t.Helper()
	l := NewLog(keep)
	l.SetLook(look(t))
	l.SetSize(width, height)
	return l
}

func TestLevels(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]level{
		"Error: no": errorLevel, "web-07 sshd: fatal: x": errorLevel, "job failed": errorLevel, "[ERROR] x": errorLevel,
		"stderr": plainLevel, "terror": plainLevel, "Warning: x": warnLevel, "WARN x": warnLevel, "forewarned": plainLevel,
		"Notice: Applied catalog": noticeLevel, "Info: x": plainLevel, "": plainLevel,
	} {
		if got := levelOf(text); got != want {
			t.Errorf("%q is %d, not %d", text, got, want)
		}
	}
}

func TestRunsInSyslog(t *testing.T) {
	t.Parallel()
	l := newLog(t, 100, 100, 20)
	say := func(texts ...string) {
		for _, text := range texts {
			l.Append([]steps.Line{{Source: "syslog", Text: "Nov 22 18:00:01 web-07 " + text}}, 0)
		}
	}
	say("CRON[1]: (root) CMD (puppet)", "puppet-agent[311]: (/Stage[main]/Main/File[/a]/ensure) created",
		"sshd[9]: hello", "puppet-agent[311]: (/Stage[main]/Main/Exec[b]/returns) change from 'notrun' to ['0'] failed: b",
		"puppet-agent[311]: Could not evaluate", "puppet-agent[311]: Applied catalog in 2.31 seconds", "puppet-agent[x]: odd")
	say("puppet-agent[400]: Applied catalog in 1.00 seconds")
	text := ansi.Strip(strings.Join(l.Lines(), "\n"))
	for _, want := range []string{"+ Puppet run 1 changed · 1 failed · 4 lines", "sshd[9]: hello", "change from", "Could not evaluate", "odd", "[400]"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing:\n%s", want, text)
		}
	}
	if strings.Contains(text, "Applied catalog in 2.31") {
		t.Errorf("not folded:\n%s", text)
	}
}

// A run that was cut off does not swallow what other steps print later.
func TestRunCutOff(t *testing.T) {
	t.Parallel()
	l := newLog(t, 100, 80, 20)
	say := func(step steps.ID, texts ...string) {
		for _, text := range texts {
			l.Append([]steps.Line{{Step: step, Source: "web", Text: text}}, 0)
		}
	}
	say("a", "Info: Caching catalog for web", "Info: Applying configuration version '1'", "Notice: /Stage[main]/x: created", "lost")
	say("b", "curl: hello")
	say("a", "Info: Caching catalog for web", "Notice: Applied catalog in 2 seconds")
	if text := ansi.Strip(strings.Join(l.Lines(), "\n")); !strings.Contains(text, "curl: hello") || strings.Contains(text, "lost") {
		t.Error(text)
	}
}

func TestLogBytes(t *testing.T) {
	t.Parallel()
	l := newLog(t, 10_000, 40, 5)
	for range 5000 {
		l.Append([]steps.Line{{Source: "s", Text: strings.Repeat("x", maxLine)}}, 0)
	}
	if n := l.Len() * maxLine; n > logBytes || n < logBytes/2 {
		t.Errorf("%d bytes are kept", n)
	}
}

func TestExport(t *testing.T) {
	t.Parallel()
	l := newLog(t, 10, 40, 5)
	at := time.Date(2026, 3, 10, 21, 0, 0, 0, time.UTC)
	l.Append([]steps.Line{{At: at, Source: "a", Text: "\x1b[31mone"}, {At: at, Source: "b", Text: "two"}}, 0)
	l.Mark(at)
	if got := l.Export(); len(got) != 2 || got[0] != "2026-03-10T21:00:00Z a: one" {
		t.Errorf("%q", got)
	}
	if err := l.Filter("!ONE"); err != nil {
		t.Fatal(err)
	}
	if got := l.Export(); len(got) != 2 {
		t.Errorf("%q", got)
	}
	if err := l.Filter("("); err == nil {
		t.Error("half a group is taken")
	}
	if err := l.Filter("t.o"); err != nil || len(l.Export()) != 1 {
		t.Errorf("%q, %v", l.Export(), err)
	}
}

// Whatever is done to a log, it draws the pane exactly, and the view is what a rebuilt one would be.
func TestLogAnyHabit(t *testing.T) {
	t.Parallel()
	shown := look(t)
	rapid.Check(t, func(rt *rapid.T) {
		l := NewLog(rapid.IntRange(1, 60).Draw(rt, "keep"))
		l.SetLook(shown)
		l.SetSize(rapid.IntRange(0, 60).Draw(rt, "width"), rapid.IntRange(0, 12).Draw(rt, "height"))
		texts := []string{
			"Info: Caching catalog for x", "Info: Applying configuration version '1'", "Notice: Applied catalog in 1 seconds", "Error: no",
			"plain", strings.Repeat("漢字 wide ", 20), "\x1b[31mred " + strings.Repeat("x", 90), "puppet-agent[1]: x", "puppet-agent[2]: Applied catalog in 1 s", "",
		}
		for range rapid.IntRange(1, 40).Draw(rt, "acts") {
			switch rapid.IntRange(0, 13).Draw(rt, "act") {
			case 0:
				l.Scroll(rapid.IntRange(-20, 20).Draw(rt, "by"))
			case 1:
				l.Fold()
			case 2:
				l.Wrap()
			case 3:
				l.Times()
			case 4:
				_ = l.Filter(rapid.SampledFrom([]string{"", "in", "!e", "(", "nothing at all"}).Draw(rt, "filter"))
			case 5:
				l.Mark(time.Time{})
			case 6:
				l.Search(rapid.SampledFrom([]string{"", "a", "x"}).Draw(rt, "query"), 5)
			case 7:
				l.Next(rapid.SampledFrom([]int{-1, 1}).Draw(rt, "dir"))
			case 8:
				l.ToError()
			case 9:
				l.ToMark()
			case 10:
				l.Follow(rapid.Bool().Draw(rt, "follow"))
			default:
				var lines []steps.Line
				for range rapid.IntRange(1, 20).Draw(rt, "lines") {
					lines = append(lines, steps.Line{Source: rapid.SampledFrom([]string{"a", "web"}).Draw(rt, "source"), Text: rapid.SampledFrom(texts).Draw(rt, "text")})
				}
				l.Append(lines, 0)
			}
			rows := l.Lines()
			if len(rows) != l.height {
				rt.Fatalf("%d rows of %d", len(rows), l.height)
			}
			for _, row := range rows {
				if ansi.StringWidth(row) != l.width {
					rt.Fatalf("%q is not %d wide", row, l.width)
				}
			}
			view := fmt.Sprint(l.view)
			if l.rebuild(); view != fmt.Sprint(l.view) {
				rt.Fatalf("the view is %s, and should be %v", view, l.view)
			}
		}
	})
}

// A table of nova's that is wider than the pane loses its right end, not its columns.
func TestTableInLog(t *testing.T) {
	t.Parallel()
	l := newLog(t, 10, 30, 6)
	l.Append([]steps.Line{
		{Source: "nova", Text: "+-------------+------------------+"},
		{Source: "nova", Text: "| id          | 5e6f1ff1-d672    |"},
		{Source: "nova", Text: "not a table, and longer than there is room"},
	}, 0)
	got := ansi.Strip(strings.Join(l.Lines(), "\n"))
	if n := strings.Count(got, "nova│"); n != 3 || !strings.Contains(got, "nova│| id          | 5e6f1ff1…") || !strings.Contains(got, "    │than there is room") {
		t.Errorf("the log is\n%s", got)
	}
}

func TestBroken(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, text string
		width      int
		want       []string
	}{
		{"fits", "abc def", 7, []string{"abc def"}},
		{"between words", "could not find class", 10, []string{"could not", "find class"}},
		{"a word that just fits", "could find class", 10, []string{"could find", "class"}},
		{"a long word is cut", "x abcdefghijkl", 6, []string{"x abcd", "efghij", "kl"}},
		{"wide characters", "漢字漢字 漢字", 9, []string{"漢字漢字", "漢字"}},
		{"no width at all", "abc", 0, []string{"abc"}},
	} {
		if got := broken(test.text, test.width); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
	got := broken("\x1b[31mred words here\x1b[m", 9)
	if len(got) != 2 || ansi.Strip(got[0]) != "red words" || ansi.Strip(got[1]) != "here" || !strings.Contains(got[1], "\x1b[31m") {
		t.Errorf("a coloured text: %q", got)
	}
}
