package pane

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"
	"time"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"matou/assets"
	"matou/cloud"
	"matou/steps"
	"matou/tui/i18n"
	"matou/tui/theme"
)

func look(t testing.TB) Look {
	t.Helper()
	c, err := i18n.Load(assets.I18n())
	if err != nil {
		t.Fatal(err)
	}
	themes, err := theme.Load(assets.Themes())
	if err != nil {
		t.Fatal(err)
	}
	return Look{Styles: themes["dark"].Make(false), Text: c.In("en")}
}

func TestClean(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"plain", "plain"},
		{"\x1b[1;31mred\x1b[0m", "\x1b[1;31mred\x1b[0m"},
		{"\x1b[38:2::1:2:3mred", "\x1b[38:2::1:2:3mred"},
		{"a\x1b[2Jb\x1b[Hc\x1b[?25ld", "abcd"},
		{"\x1b]0;title\agone", "gone"},
		{"\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"},
		{"a\tb", "a    b"},
		{"a\rb\nc\x00d\x7f", "abcd"},
		{"\u202eabc\u200f", "abc"},
		{"\u0301start", "start"},
		{"caf\u0065\u0301", "caf\u0065\u0301"},
		{"bad \xff\xfe", "bad \ufffd"},
		{"z" + strings.Repeat("\u0336", 900) + "y", "z\u0336\u0336\u0336y"},
		{"é" + strings.Repeat("\u0336", 900) + "y", "é\u0336\u0336\u0336y"},
		{"👩‍👩‍👧‍👦 漢字", "👩‍👩‍👧‍👦 漢字"},
		{"\x1b[", ""},
	} {
		if got := Clean(c.in); got != c.want {
			t.Errorf("Clean(%q) = %q, not %q", c.in, got, c.want)
		}
	}
	if n := len(Clean(strings.Repeat("é", 1<<20))); n > maxLine+8 {
		t.Errorf("a long line keeps %d bytes", n)
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"a", "\x1b[31mx", "\x1b]0;t\a", "\x9b2J", "é\u0301", "\xff", "\x1bP1\x1b\\", "🇫", "\u0600a", "🏽!", "\uff9ea"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		out := Clean(in)
		if !utf8.ValidString(out) {
			t.Fatalf("%q is not UTF-8", out)
		}
		for _, r := range ansi.Strip(out) {
			if r < 0x20 || (r >= 0x7f && r < 0xa0) {
				t.Fatalf("%q left in %q", r, out)
			}
		}
		var state byte
		for rest := out; rest != ""; {
			seq, _, n, next := ansi.DecodeSequence(rest, state, nil)
			if seq[0] == 0x1b && !isSGR(seq) {
				t.Fatalf("%q left in %q", seq, out)
			}
			if n == 0 {
				t.Fatalf("%q can't be decoded in %q", rest, out)
			}
			rest, state = rest[n:], next
		}
		if border := "│"; ansi.StringWidth(border+ansi.Strip(out)) != 1+ansi.StringWidth(ansi.Strip(out)) {
			t.Fatalf("%q joins the border", out)
		}
	})
}

func lines(n int) []steps.Line {
	var out []steps.Line
	for i := range n {
		out = append(out, steps.Line{Source: "s", Text: fmt.Sprintf("line %d", i)})
	}
	return out
}

func TestLogKeepsTheNewest(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 99, 100, 101, 250} {
		l := NewLog(100)
		l.SetLook(look(t))
		l.SetSize(40, 10)
		l.Append(lines(n), 0)
		if want := min(n, 100); l.Len() != want {
			t.Fatalf("%d lines of %d kept", l.Len(), n)
		}
		if n > 0 && l.Last().Text != fmt.Sprintf("line %d", n-1) {
			t.Errorf("of %d lines the last is %q", n, l.Last().Text)
		}
		l.Append(lines(30), 0)
		if l.Last().Text != "line 29" {
			t.Errorf("then the last is %q", l.Last().Text)
		}
		l.Scroll(-1000)
		top := ansi.Strip(l.Lines()[0])
		l.Append(lines(3), 0)
		if n >= 100 {
			continue // what was at the top is gone, and the oldest that is left stands there
		}
		if n+33 <= 100 && ansi.Strip(l.Lines()[0]) != top {
			t.Errorf("the reader at %q was moved to %q", top, ansi.Strip(l.Lines()[0]))
		}
	}
}

func TestLogHoldsItsPlace(t *testing.T) {
	t.Parallel()
	l := NewLog(50)
	l.SetLook(look(t))
	l.SetSize(30, 5)
	l.Append(lines(50), 0)
	l.Scroll(-10)
	for range 100 { // everything the reader sees is pushed out
		l.Append(lines(1), 0)
	}
	if got := len(l.Lines()); got != 5 {
		t.Fatalf("%d lines", got)
	}
	l.Follow(true)
	if l.Follow(true); !l.Following() {
		t.Error("it does not follow")
	}
}

func TestServersColumns(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 10, 21, 22, 0, 0, time.UTC)
	snap := cloud.Snapshot{Version: 1, Servers: []cloud.Server{
		{
			ID: "5e6f1ff1-d672-47c8-b6ad-8dd0ae4121fa", Name: "web-07\x1b[2J", Status: cloud.StatusBuild, TaskState: "spawning", PowerState: "NOSTATE",
			Created: now.Add(-75 * time.Second), Metadata: map[string]string{cloud.MetaSeat: "07"},
		},
		{
			ID: "6", Name: "a-very-long-name-of-a-server-indeed", Status: cloud.StatusError, PowerState: "Running",
			Addresses: []cloud.Address{{Network: "Ext-Net", IP: netip.MustParseAddr("2001:db8::1")}},
		},
	}}
	for _, c := range []struct {
		width int
		want  []string
	}{
		{24, []string{"web-07", "BUILD", "ERROR"}},
		{46, []string{"web-07", "BUILD 1:15", "spawning…", "2001:db8::1"}},
		{70, []string{"spawning", "BUILD 1:15", "2001:db8::1"}},
		{100, []string{"NOSTATE", "Ext-Net=2001:db8::1"}},
		{140, []string{"5e6f1ff1-d672-47c8-b6ad-8dd0ae4121fa", "Power", "Networks"}},
	} {
		s := NewServers("07")
		s.SetLook(look(t))
		s.SetSize(c.width, 5)
		s.SetSnapshot(snap, now)
		text := ansi.Strip(strings.Join(s.Lines(), "\n"))
		for _, w := range c.want {
			if !strings.Contains(text, w) {
				t.Errorf("at %d cells %q is missing:\n%s", c.width, w, text)
			}
		}
		for _, line := range s.Lines() {
			if ansi.StringWidth(line) != c.width {
				t.Errorf("at %d cells: %q", c.width, line)
			}
		}
	}
}

func TestServersTrouble(t *testing.T) {
	t.Parallel()
	s := NewServers("07")
	s.SetLook(look(t))
	s.SetSize(60, 5)
	s.SetSnapshot(cloud.Snapshot{Version: 1, Err: errors.New("401")}, time.Now())
	if text := strings.Join(s.Lines(), "\n"); !strings.Contains(text, "The list doesn't come: 401") {
		t.Error(text)
	}
	s.SetSnapshot(cloud.Snapshot{Version: 2, Err: errors.New("401"), Servers: []cloud.Server{{ID: "1", Name: "a"}}}, time.Now())
	if _, _, foot := s.Heads(); !strings.Contains(foot, "list from") {
		t.Errorf("foot %q", foot)
	}
	// The one that is selected stays selected when others come before it.
	s.SetSnapshot(cloud.Snapshot{Version: 3, Servers: []cloud.Server{{ID: "0", Name: "0"}, {ID: "1", Name: "a"}}}, time.Now())
	if s.Selected().ID != "1" {
		t.Errorf("selected %q", s.Selected().ID)
	}
	s.SetSnapshot(cloud.Snapshot{Version: 4}, time.Now())
	if s.Selected().ID != "" {
		t.Errorf("selected %q of none", s.Selected().ID)
	}
}

func TestCats(t *testing.T) {
	t.Parallel()
	cats, err := LoadCats(assets.Cats())
	if err != nil {
		t.Fatal(err)
	}
	for _, mood := range Moods {
		d := cats[mood]
		if len(d.frames) < 2 || len(d.frames) > 4 {
			t.Errorf("%s has %d frames", mood, len(d.frames))
		}
		c := NewCat(cats, false)
		c.SetMood(mood)
		first := strings.Join(c.Drawing(), "\n")
		c.Step()
		if strings.Join(c.Drawing(), "\n") == first {
			t.Errorf("%s does not move", mood)
		}
		still := NewCat(cats, true)
		still.SetMood(mood)
		still.Step()
		if still.Every() != 0 || strings.Join(still.Drawing(), "\n") != first {
			t.Errorf("%s moves although it must not", mood)
		}
	}
}

func TestCatsRefused(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"no head":   "/\\_/\\\n",
		"too fast":  "% 1ms\nx\n",
		"too wide":  "% 1s\n" + strings.Repeat("x", CatWidth+1) + "\n",
		"too high":  "% 1s\n" + strings.Repeat("x\n", CatHeight+1),
		"not ASCII": "% 1s\né\n",
		"escape":    "% 1s\n\x1b[2J\n",
	} {
		if _, err := parseCat(text); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, err := LoadCats(fstest.MapFS{}); err == nil {
		t.Error("no cats at all: taken")
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "0:00", -time.Second: "0:00", 7 * time.Second: "0:07", 750 * time.Second: "12:30", 3723 * time.Second: "1:02:03",
	} {
		if got := Clock(d); got != want {
			t.Errorf("Clock(%v) = %s, not %s", d, got, want)
		}
	}
}

func BenchmarkLogAppendAndDraw(b *testing.B) {
	l := NewLog(10_000)
	l.SetLook(look(b))
	l.SetSize(70, 20)
	batch := make([]steps.Line, 500)
	for i := range batch {
		batch[i] = steps.Line{Source: "web-07 syslog", Text: "Nov 22 18:00:01 web-07 \x1b[32mpuppet-agent\x1b[0m[311]: Applied catalog in 2.31 seconds"}
	}
	for b.Loop() {
		l.Append(batch, 0)
		l.Lines()
	}
	b.ReportMetric(float64(b.N)*500/b.Elapsed().Seconds(), "lines/s")
}
