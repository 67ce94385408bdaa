package steps_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"matou/steps"
)

// recorded is a workshop of one step, with a recording of it.
func recorded(text string) *steps.Workshop {
	return &steps.Workshop{
		Steps:   []steps.Step{{ID: "boot"}, {ID: "ssh"}},
		Sandbox: steps.SandboxSource{World: "sandbox"},
		Files:   fstest.MapFS{"sandbox/recorded/boot.jsonl": {Data: []byte(text)}},
	}
}

func TestRecording(t *testing.T) {
	t.Parallel()
	w := recorded(`{"ms":0,"kind":"server.boot","command":"nova boot ${web.name}\nnova show ${web.id}"}
{"ms":1200,"source":"master","text":"from ${more.addresses 2} at ${time}, ${more.addresses 4}, \u001b[31mred\u001b]0;title\u0007"}
`)
	got, err := w.Recording("boot", steps.Vars{"web.name": "web-07", "web.id": "", "more.addresses": "10.0.0.1, 10.0.0.2"})
	if err != nil {
		t.Fatal(err)
	}
	want := []steps.RecordedLine{
		{Kind: "server.boot", Command: "nova boot web-07\nnova show <web.id>"},
		{Ms: 1200, Source: "master", Text: "from 10.0.0.2 at <time>, <more.addresses 4>, \x1b[31mred\x1b[0m"},
	}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("read %+v", got)
	}
	for id, has := range map[steps.ID]bool{"boot": true, "ssh": false, "../boot": false} {
		if got := w.HasRecording(id); got != has {
			t.Errorf("%s is recorded: %v", id, got)
		}
	}
	for _, id := range []steps.ID{"ssh", "nope", "../../secret"} {
		if _, err := w.Recording(id, nil); !errors.Is(err, steps.ErrNoRecording) {
			t.Errorf("%s: %v", id, err)
		}
	}
	if _, err := (&steps.Workshop{Steps: w.Steps}).Recording("boot", nil); !errors.Is(err, steps.ErrNoRecording) {
		t.Errorf("a workshop without files: %v", err)
	}
	if _, err := recorded("{}\n{").Recording("boot", nil); err == nil || !strings.Contains(err.Error(), "boot.jsonl: line 2") {
		t.Errorf("a damaged one: %v", err)
	}
	if _, err := recorded(strings.Repeat("{}\n", 30000)).Recording("boot", nil); err == nil {
		t.Error("one without end was read")
	}
}

func FuzzRecording(f *testing.F) {
	f.Add(`{"ms":0,"kind":"a","command":"b ${c}"}`, "d")
	f.Add(`{"ms":-1,"source":"\u001b[2J","text":"${c 1}"}`, "\x1b[2J x")
	f.Fuzz(func(t *testing.T, text, value string) {
		lines, err := recorded(text).Recording("boot", steps.Vars{"c": value})
		if err != nil {
			return
		}
		for _, l := range lines {
			for _, s := range []string{l.Kind, l.Source, l.Text, strings.ReplaceAll(l.Command, "\n", "")} {
				if steps.Sanitize(s) != s {
					t.Errorf("it drives the terminal: %q", s)
				}
			}
		}
	})
}

// TestOldAndNewJournals replays what older programs wrote, and a shown step among what nobody knows.
func TestOldAndNewJournals(t *testing.T) {
	t.Parallel()
	var events []steps.Event
	for line := range strings.SplitSeq(`{"v":1,"seq":1,"type":"step.started","step":"a","attempt":1,"phase":"action"}
{"v":1,"seq":2,"type":"step.failed","step":"a","attempt":1,"failure":{"kind":"quota","cause":"no room"}}
{"v":9,"seq":3,"type":"step.sung","step":"a","attempt":1}
{"v":1,"seq":4,"type":"step.shown","step":"a","attempt":7}
{"v":1,"seq":5,"type":"step.shown","step":"b"}`, "\n") {
		var e steps.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	s := steps.Replay(course(), events)
	if a, b := s.Step("a").Status, s.Step("b").Status; a != steps.Failed || b != steps.Shown {
		t.Errorf("a is %s, b is %s", a, b)
	}
	if s = steps.Replay(course(), events[:2]); s.Step("a").Status != steps.Failed {
		t.Errorf("an old journal: %+v", s.Step("a"))
	}
}
