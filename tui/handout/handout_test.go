package handout_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"matou/assets"
	"matou/steps"
	"matou/tui/handout"
	"matou/tui/i18n"
)

func english(t testing.TB) i18n.Texts {
	t.Helper()
	c, err := i18n.Load(assets.I18n())
	if err != nil {
		t.Fatal(err)
	}
	return c.In("en")
}

func workshop() *steps.Workshop {
	en := func(s string) steps.Text { return steps.Text{"en": s} }
	act := []steps.Action{{Name: "do", Kind: "ssh.run"}}
	return &steps.Workshop{
		Name: "cats", Title: en("A *cloud* of cats"), Languages: []string{"en"},
		Steps: []steps.Step{
			{ID: "jump", Title: en("Enter"), Actions: act, Checks: act},
			{ID: "boot", Title: en("Boot <it>"), Actions: act, Checks: act},
			{ID: "rest", Title: en("Rest"), Actions: act},
		},
	}
}

var began = time.Date(2026, 3, 10, 14, 0, 0, 0, time.Local)

func at(seconds float64) time.Time {
	return began.Add(time.Duration(seconds * float64(time.Second)))
}

// seat writes a seat's folder: an attempt that works, and one that fails, is interrupted, and works.
func seat(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	journal, err := steps.OpenJournal(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer journal.Close()
	act := func(typ steps.EventType, step steps.ID, n int, phase steps.Phase, after float64, change func(*steps.Event)) {
		e := steps.Event{V: 1, Type: typ, Step: step, Attempt: n, Phase: phase, At: at(after), Name: "do"}
		if change != nil {
			change(&e)
		}
		if err := journal.Append(e); err != nil {
			t.Fatal(err)
		}
	}
	types := func(s string) func(*steps.Event) { return func(e *steps.Event) { e.Command = s } }
	sums := func(s string) func(*steps.Event) { return func(e *steps.Event) { e.Summary = s } }
	fails := func(kind, cause string) func(*steps.Event) {
		return func(e *steps.Event) { e.Failure = &steps.Failure{Kind: kind, Cause: cause} }
	}
	a, c := steps.PhaseAction, steps.PhaseCheck
	act(steps.JournalOpened, "", 0, "", 0, func(e *steps.Event) { e.Workshop, e.Seat = "cats", "07" })
	act(steps.StepStarted, "jump", 1, a, 0, nil)
	act(steps.ActionStarted, "jump", 1, a, 0, types("ssh \x1b]0;x\achat@jump"))
	act(steps.ActionDone, "jump", 1, a, 2, sums("as `chat`, moutarde"))
	act(steps.ActionStarted, "jump", 1, c, 2, nil)
	act(steps.ActionDone, "jump", 1, c, 3, sums("holds"))
	act(steps.StepDone, "jump", 1, "", 3, func(e *steps.Event) { e.Took = steps.Millis(3 * time.Second) })
	act(steps.StepStarted, "boot", 1, a, 10, nil)
	act(steps.ActionStarted, "boot", 1, a, 10, types("nova boot \\\n  web"))
	act(steps.ActionFailed, "boot", 1, a, 20, fails(steps.FailQuota, "no room\n```\n# not a title"))
	act(steps.StepFailed, "boot", 1, "", 20, fails(steps.FailQuota, "no room\n```\n# not a title"))
	act(steps.StepStarted, "boot", 2, a, 30, nil)
	act(steps.ActionStarted, "boot", 2, a, 30, types("nova boot web"))
	act(steps.EngineRecovered, "boot", 2, "", 50000, nil)
	act(steps.StepFailed, "boot", 2, "", 50000, fails(steps.FailInterrupted, "the program ended"))
	act(steps.StepStarted, "boot", 3, a, 50010, nil)
	act(steps.ActionSkipped, "boot", 3, a, 50010, nil)
	act(steps.ActionStarted, "boot", 3, c, 50010, nil)
	act(steps.ActionDone, "boot", 3, c, 50011, nil)
	act(steps.StepDone, "boot", 3, "", 50011, func(e *steps.Event) { e.Took = steps.Millis(time.Second) })
	act(steps.StepStarted, "jump", 2, c, 50020, nil)
	act(steps.ActionStarted, "jump", 2, c, 50020, nil)
	act(steps.ActionFailed, "jump", 2, c, 50021, fails(steps.FailCheck, "it went away"))
	act(steps.StepStale, "jump", 2, "", 50021, fails(steps.FailCheck, "it went away"))

	log, err := steps.OpenLog(dir)
	if err != nil {
		t.Fatal(err)
	}
	say := func(step steps.ID, after float64, text string) {
		source := "nova"
		if text == "line 9" {
			source = "web"
		}
		log.Append(steps.Line{At: at(after), Step: step, Source: source, Text: text})
	}
	say("boot", -100, "from before")
	say("jump", 1, "\x1b[31mred\x1b[m\x1b[2J and moutarde")
	say("jump", 1.5, "```")
	for i := range 10 {
		say("boot", 10.5+float64(i)/10, fmt.Sprintf("line %d", i))
	}
	say("nothing", 12, "of nobody")
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func read(t testing.TB, dir string) (*handout.Tale, *steps.Redactor) {
	t.Helper()
	mask := &steps.Redactor{}
	mask.Add("moutarde")
	tale, err := handout.Read(workshop(), dir, handout.Options{Lines: 3, Mask: mask})
	if err != nil {
		t.Fatal(err)
	}
	return tale, mask
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	tale, _ := read(t, seat(t))
	var out bytes.Buffer
	if err := tale.Markdown(&out, english(t)); err != nil {
		t.Fatal(err)
	}
	want := `# A \*cloud\* of cats

Seat 07, from 2026-03-10 14:00 to 2026-03-11 03:53: 1 of 3 steps done.

## 1. Enter

*stale*

~~~~console
$ ssh chat@jump
red and ••••••
~~~
~~~~

~~ as ~chat~, •••••• ~~

What proves it:

- Holds: ~do~ ~holds~

Checked at 2026-03-11 03:53: it did not hold.

~~~text
it went away
~~~

> It ran, but the result isn't there. Wait a little and check with c, or replay.

## 2. Boot \<it\>

*done in 1s*

### Attempt 1, 2026-03-10 14:00

~~~console
$ nova boot \
>   web
nova: line 0
nova: line 1
nova: line 2
[… 4 lines left out …]
nova: line 7
nova: line 8
web: line 9
~~~

**Failed at 2026-03-10 14:00:**

~~~~text
no room
~~~
# not a title
~~~~

> The project is full. Delete what is no longer needed, or ask for more room, then replay.

### Attempt 2, 2026-03-10 14:00

~~~console
$ nova boot web
~~~

**Failed at 2026-03-11 03:53:**

~~~text
the program ended
~~~

> Matou ended in the middle. Replay: what was done will be found.

### Attempt 3, 2026-03-11 03:53

~do~ had been done before.

What proves it:

- Holds: ~do~

## Not begun

- Rest
`
	want = strings.ReplaceAll(want, "~", "`")
	if got := out.String(); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestCast(t *testing.T) {
	t.Parallel()
	tale, mask := read(t, seat(t))
	var out bytes.Buffer
	if err := tale.Cast(&out, english(t), mask); err != nil {
		t.Fatal(err)
	}
	var total float64
	var marks []string
	for i, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		var row []any
		if i == 0 {
			continue
		}
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		total += row[0].(float64)
		if row[1] == "m" {
			marks = append(marks, row[2].(string))
		}
	}
	// 3 s and 10 s of work, the pauses between cut to 2 s each, that in which the program was dead as well.
	if total < 15 || total > 30 {
		t.Errorf("it takes %.1f s", total)
	}
	if got := strings.Join(marks, ", "); got != "jump: Enter, boot: Boot <it>, boot: Boot <it>, boot: Boot <it>, jump: Enter" {
		t.Errorf("marks %s", got)
	}
	for _, text := range []string{"moutarde", `\u001b]0`, `\u001b[2J`} {
		if strings.Contains(out.String(), text) {
			t.Errorf("%q is in it", text)
		}
	}
	for _, text := range []string{`$ ssh chat@jump`, "nova: ```\\r\\n", "line 9", "proven: do (holds)", "That didn't work"} {
		if !strings.Contains(out.String(), text) {
			t.Errorf("%q is not in\n%s", text, out.String())
		}
	}
}

func TestNothing(t *testing.T) {
	t.Parallel()
	if _, err := handout.Read(workshop(), t.TempDir(), handout.Options{}); !errors.Is(err, handout.ErrNothing) {
		t.Errorf("an empty seat: %v", err)
	}
}

// A seat's files are anybody's: whatever is in them, a hand-out drives no terminal, and what hosts
// said does not get out of its blocks.
func FuzzRead(f *testing.F) {
	dir := seat(f)
	journal, err1 := os.ReadFile(filepath.Join(dir, "journal.jsonl"))
	log, err2 := os.ReadFile(filepath.Join(dir, "output.jsonl"))
	if err := errors.Join(err1, err2); err != nil {
		f.Fatal(err)
	}
	text := english(f)
	f.Add(journal, log)
	f.Add([]byte(`{"v":1,"type":"step.started","step":"jump","attempt":1}`+"\n"+`{"v":1,"type":"step.failed","step":"jump","attempt":1,"failure":{"kind":"x","cause":"\u001b[2J\n~~~"}}`+"\n"), []byte("{"))
	f.Fuzz(func(t *testing.T, journal, log []byte) {
		dir := t.TempDir()
		if err := errors.Join(os.WriteFile(filepath.Join(dir, "journal.jsonl"), journal, 0o600), os.WriteFile(filepath.Join(dir, "output.jsonl"), log, 0o600)); err != nil {
			t.Fatal(err)
		}
		tale, err := handout.Read(workshop(), dir, handout.Options{})
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := tale.Markdown(&out, text); err != nil {
			t.Fatal(err)
		}
		if i := bytes.IndexFunc(out.Bytes(), func(r rune) bool { return r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 }); i >= 0 {
			t.Errorf("a control character at %d of %q", i, out.String())
		}
		fence := ""
		for line := range strings.Lines(out.String()) {
			line = strings.TrimSuffix(line, "\n")
			mark := line[:len(line)-len(strings.TrimLeft(line, "`"))]
			switch {
			case fence == "" && len(mark) >= 3 && !strings.Contains(line[len(mark):], "`"):
				fence = mark
			case line == fence:
				fence = ""
			}
		}
		if fence != "" {
			t.Errorf("an open block in %q", out.String())
		}
		if err := tale.Cast(&bytes.Buffer{}, text, nil); err != nil {
			t.Error(err)
		}
	})
}
