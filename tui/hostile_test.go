package tui_test

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/vt"

	"matou/cloud"
	"matou/steps"
	"matou/tui"
	"matou/tui/pane"
)

// poisons are texts as a server, a host or a file may hand them out: each drives a terminal in its own way,
// or would be wider, or lie elsewhere, than it seems.
var poisons = []string{
	"Z\x1b[2J\x1b[H\x1b[31;1mZ", "Z\x1b]0;owned\x07\x1b]2;owned\x1b\\Z", "Z\x1b]52;c;cm0gLXJm\x07Z", "Z\x1b]8;;http://evil\x1b\\Z",
	"Z\x1bP+q544e\x1b\\\x1b_x\x1b\\\x1b^y\x1b\\\x1bXz\x1b\\Z", "Z\x1bc\x1b7\x1b(0qqq\x1b[?1049l\x1b[?25l", "Z\u009b2J\u009d0;t\u009c\u0090x\u009cZ",
	"Z\r\n\x08\x08\x0b\x0c\x00\x7f\tZ", "Z\u202eabc\u2066\u200f\u061c\u2028\u2029Z", "Z" + strings.Repeat("\u0336", 2000),
	"\u0301Z", "Z漢字漢字漢字漢字Z", "Z\xff\xfe\xc2\xf0\x9fZ", "Z\u200b\ufeff\u00ad\U000e0041Z", "Z\x1b[", "Z\x1b]0;", "Z#033[31mZ",
	"Z" + strings.Repeat("x", 100_000), "Z\x1b[38;5;1m\x1b[8mZ", "Z\x9b31mZ", "🇫Z", "\u0600Z",
}

// judge draws what the console wants drawn on a terminal of somebody else's making, and complains if that
// shows anything but what the console means, or was told anything but to print and colour.
func judge(f *fixture, poison string) {
	f.t.Helper()
	meant := strings.Split(f.Screen(), "\n")
	view := f.View()
	for what, text := range map[string]string{"the title of the window": view.WindowTitle, "the clipboard": f.Clipboard} {
		if strings.ContainsFunc(text, unicode.IsControl) || strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Bidi_Control, r) }) {
			f.t.Errorf("%.60q: %s is %q", poison, what, text)
		}
	}
	no := func(what string) { f.t.Errorf("%.60q: %s", poison, what) }
	p := ansi.NewParser()
	p.SetHandler(ansi.Handler{
		Execute: func(b byte) {
			if b != '\n' {
				no("a control character")
			}
		},
		Print: func(r rune) {
			if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
				no("a control character that is printed")
			}
		},
		HandleCsi: func(c ansi.Cmd, _ ansi.Params) {
			if c.Final() != 'm' || c.Prefix() != 0 || c.Intermediate() != 0 {
				no("a sequence that is no colour")
			}
		},
		HandleEsc: func(c ansi.Cmd) {
			if c.Final() != '\\' { // what ends a link
				no("an escape")
			}
		},
		HandleOsc: func(cmd int, data []byte) {
			if cmd != 8 || strings.Contains(string(data), "evil") {
				no("an operating system command")
			}
		},
		HandleDcs: func(ansi.Cmd, ansi.Params, []byte) { no("a device control") },
		HandlePm:  func([]byte) { no("a privacy message") },
		HandleApc: func([]byte) { no("an application command") },
		HandleSos: func([]byte) { no("a string") },
	})
	p.Parse([]byte(view.Content))

	width, height := ansi.StringWidth(strings.SplitN(view.Content, "\n", 2)[0]), len(meant)-1
	e := vt.NewEmulator(width, height)
	answers := make(chan struct{})
	go func() { defer close(answers); _, _ = io.Copy(io.Discard, e) }()
	_, _ = e.WriteString(strings.ReplaceAll(view.Content, "\n", "\r\n"))
	shown := strings.Split(e.String(), "\n")
	_ = e.InputPipe().(io.Closer).Close() // Close of the emulator itself races with its Read
	<-answers
	for i, line := range shown {
		if line = strings.TrimRight(strings.ReplaceAll(line, "\u00a0", " "), " "); i < height && line != meant[i] {
			f.t.Errorf("%.60q: line %d is shown as\n%q, and meant to be\n%q", poison, i+1, line, meant[i])
			return
		}
	}
}

// hostileCloud answers with poison wherever the API lets it.
func hostileCloud(poison string) change {
	return func(t *testing.T, o *tui.Options) {
		s := server("web-07", cloud.StatusActive, "", "158.69.78.13", time.Minute, mine)
		s.Name, s.ID, s.TaskState, s.PowerState, s.KeyName = poison, poison, poison, poison, poison
		s.Image, s.Flavor = cloud.Ref{ID: poison, Name: poison}, cloud.Ref{ID: poison, Name: poison}
		s.Metadata = map[string]string{cloud.MetaSeat: "07", cloud.MetaWorkshop: "cats", poison: poison}
		s.Addresses[0].Network = poison
		bad := s
		bad.ID, bad.Status, bad.Fault = poison+"2", cloud.StatusError, &cloud.Fault{Message: poison, Details: poison}
		odd := s
		odd.ID, odd.Status = poison+"3", cloud.Status(poison)
		withServers(t, s, bad, odd)(t, o)
		o.Server = func(context.Context, string) (cloud.Server, error) {
			full := s
			full.Properties = []cloud.Property{{Name: poison, Value: poison}, {Name: "fault", Value: "a\\nb" + poison}}
			return full, nil
		}
		o.Console = func(context.Context, string) (string, error) { return poison + "\r\n" + poison, nil }
		o.Delete = func(context.Context, string) error { return errors.New(poison) }
	}
}

// TestHostileCloud: what a cloud says of its servers harms neither the panes, nor the dialogs, nor what is
// copied.
func TestHostileCloud(t *testing.T) {
	t.Parallel()
	for _, poison := range poisons {
		for _, size := range [][2]int{{80, 24}, {160, 40}} {
			play(t, "servers", size[0], size[1], func(f *fixture) {
				for f.Press("tab"); !strings.Contains(f.Screen(), "ERROR"); f.Press("tab") {
				}
				judge(f, poison)
				for _, keys := range [][]string{{"enter"}, {"v"}, {"G"}, {"esc"}, {"x"}, {"d"}, {"o"}, {"esc"}, {"y"}, {"enter"}} {
					f.Press(keys...)
					f.Wait(300 * time.Millisecond)
					judge(f, poison)
				}
			}, hostileCloud(poison))
		}
	}
}

// TestHostileHosts: nor what hosts say in logs, questions, failures and statuses, nor what a journal says.
func TestHostileHosts(t *testing.T) {
	t.Parallel()
	for _, poison := range poisons {
		play(t, "hosts", 100, 30, func(f *fixture) {
			f.tell(steps.Batch{Lines: []steps.Line{{Source: poison, Text: poison, Step: "jump"}, {Source: "web", Text: poison + poison}}})
			f.Press("tab")
			judge(f, poison)
			f.set("jump", steps.StepState{Status: steps.Running, Attempt: 1, Started: time.Now()}, steps.Event{Type: steps.StepStarted, Step: "jump"})
			f.tell(steps.Batch{Status: map[steps.ID]steps.Phrase{"jump": {Text: poison}}})
			judge(f, poison)
			for i, kind := range []steps.QuestionKind{
				steps.AskHostKey, steps.AskPassword, steps.AskPassphrase, steps.AskPrompt, steps.AskChoice, steps.AskAdopt, steps.AskGiveBack,
			} {
				data := map[string]string{}
				for _, key := range []string{"fingerprint", "type", "known", "expected", "prompt", "instruction", "name", "id", "status", "art", "host", "console"} {
					data[key] = poison
				}
				data["age"], data["echo"] = "90", "true"
				f.tell(steps.Batch{Questions: []steps.Question{{ID: int64(i) + 1, Step: "jump", Kind: kind, Subject: poison, Data: data, Choices: []string{poison, "b"}}}})
				judge(f, poison)
				f.tell(steps.Batch{})
			}
			fail := &steps.Failure{Kind: steps.FailExit, Cause: poison + "\n" + poison, From: []steps.ID{steps.ID(poison)}}
			f.set("jump", steps.StepState{Status: steps.Failed, Attempt: 1, Failure: fail}, steps.Event{Type: steps.StepFailed, Step: "jump", Failure: fail})
			judge(f, poison)
			f.Press("esc")
			f.tell(steps.Batch{Trouble: errors.New(poison)})
			judge(f, poison)
			f.Press("J")
			judge(f, poison)
			f.Press("enter")
			judge(f, poison)
		}, with(func(o *tui.Options) {
			o.Cloud, o.Sandbox, o.Warnings = poison, false, []string{poison}
			o.Feed.(*session).vars["port"] = poison
			o.Journal = func(context.Context) ([]steps.Event, error) {
				at := time.Now()
				return []steps.Event{
					{Type: steps.StepStarted, Step: steps.ID(poison), Attempt: 1, At: at},
					{Type: steps.StepStarted, Step: "jump", Attempt: 1, At: at},
					{Type: steps.ActionStarted, Step: "jump", Command: poison, At: at},
					{Type: steps.ActionDone, Step: "jump", Summary: poison, At: at},
					{Type: steps.StepFailed, Step: "jump", At: at, Failure: &steps.Failure{Cause: poison}},
				}, nil
			}
			o.Output = func(context.Context, steps.ID, time.Time, time.Time) ([]steps.Line, error) {
				return []steps.Line{{Source: poison, Text: poison}}, nil
			}
		}))
	}
}

// TestHostileSite: nor what the site and its load balancer say.
func TestHostileSite(t *testing.T) {
	t.Parallel()
	for _, poison := range poisons {
		w := &web{links: pane.Links{Site: "http://127.0.0.1:1/" + poison, Stats: poison, SSH: poison}}
		play(t, "site", 120, 36, func(f *fixture) {
			f.finish("jump", "list", "boot", "puppet")
			v := turns("web-07")
			v.URL = "http://" + poison
			v.Recent[0].Who, v.Recent[1].Kind, v.Recent[1].Detail = poison, cloud.TroubleOther, poison
			v.Shares = append(v.Shares, cloud.Share{Name: poison, Count: 3})
			v.Troubles = []cloud.Trouble{{Kind: cloud.TroubleOther, Detail: poison, Count: 2}, {Kind: cloud.TroubleStatus, Detail: poison, Count: 1}}
			for i := range v.Stats {
				v.Stats[i].Proxy, v.Stats[i].Name, v.Stats[i].Status = poison, poison, poison
				v.Stats[i].Check, v.Stats[i].CheckSays = poison, poison
			}
			w.tell(v)
			f.Wait(time.Second)
			for range 6 {
				f.Press("tab")
				judge(f, poison)
			}
			w.tell(cloud.Traffic{URL: poison, Err: errors.New(poison), StatsErr: errors.New(poison)})
			f.Wait(time.Second)
			judge(f, poison)
		}, withWeb(w))
	}
}

// TestHostileMade: nor what is about to be deleted, or what a step's title makes of the window's.
func TestHostileMade(t *testing.T) {
	t.Parallel()
	for _, poison := range poisons {
		play(t, "made", 100, 30, func(f *fixture) {
			f.Press("right", "enter")
			f.Wait(time.Second)
			judge(f, poison)
			f.Press("enter")
			f.set("jump", steps.StepState{Status: steps.Running, Attempt: 1, Started: time.Now()}, steps.Event{Type: steps.StepStarted, Step: "jump"})
			judge(f, poison)
		}, with(func(o *tui.Options) {
			jump := &o.Feed.(*session).w.Steps[0]
			jump.Confirm, jump.Actions[0].Unmakes = steps.Text{"fr": "Tout ?"}, true
			o.Made = func(context.Context) (cloud.Made, error) {
				return cloud.Made{
					Servers: []cloud.Server{{Name: poison, ID: poison}}, Keypairs: []string{poison}, Groups: []cloud.SecurityGroup{{ID: poison, Name: poison}},
					Addresses: []cloud.FloatingIP{{ID: poison, IP: netip.MustParseAddr("192.0.2.1")}},
				}, nil
			}
		}))
	}
}
