package tui_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/charmbracelet/x/exp/golden"

	"matou/cloud"
	"matou/steps"
	"matou/tui"
)

// scenes are the moments a participant meets, each as it is reached by keys and news.
var scenes = []struct {
	name string
	play func(f *fixture)
}{
	{"first", func(f *fixture) {}},
	{"boot", func(f *fixture) {
		f.finish("jump", "list")
		f.Press("right", "right")
		booting(f)
	}},
	{"done", func(f *fixture) {
		f.Press("right")
		f.finish("jump")
	}},
	{"failure", func(f *fixture) {
		f.finish("jump", "list", "boot")
		f.Press("4")
		fail := steps.Fail(steps.FailPuppet, "cause.puppet-says", "{hop}: puppet agent: exit {exit}: {text}",
			"hop", "web-07", "exit", 4, "text", "Could not find class ::python for web-07")
		f.set("puppet", steps.StepState{Status: steps.Failed, Attempt: 1, Phase: steps.PhaseAction, Failure: fail},
			steps.Event{Type: steps.StepFailed, Step: "puppet", Failure: fail})
	}},
	{"hostkey", func(f *fixture) {
		f.Press("right")
		f.tell(steps.Batch{Questions: []steps.Question{{
			ID: 1, Step: "jump", Kind: steps.AskHostKey, Subject: "chat@rebond.example:2207",
			Data: map[string]string{"type": "ssh-ed25519", "bits": "256", "fingerprint": "SHA256:mVpXC0ZgW3pQJ0sXWzQ7n2mXxS0T9m1Yk0c1pQ3x4aE"},
		}}})
	}},
	{"help", func(f *fixture) { f.Press("right", "?") }},
	{"palette", func(f *fixture) { f.Press(":") }},
	{"victory", func(f *fixture) {
		f.Press("5")
		f.finish("jump", "list", "boot", "puppet", "victory")
	}},
}

// booting has a server built, with some output.
func booting(f *fixture) {
	now := time.Now()
	f.set("boot", steps.StepState{Status: steps.Running, Attempt: 1, Phase: steps.PhaseAction, Started: now.Add(-12 * time.Second)},
		steps.Event{Type: steps.StepStarted, Step: "boot"})
	var lines []steps.Line
	for i, text := range []string{
		"boot web-07: image Debian 12, flavor vps-ssd-1", "request accepted, id 5e6f1ff1-d672-47c8-b6ad-8dd0ae41w1fa",
		"\x1b[32mscheduling\x1b[0m", "networking", "\x1b[1;33mblock_device_mapping\x1b[0m, la suite arrive", "spawning",
	} {
		lines = append(lines, steps.Line{Seq: int64(i), At: now, Source: "nova", Text: text})
	}
	lines = append(lines, steps.Line{Seq: 9, At: now, Source: "web-07 syslog", Text: "Nov 22 18:00:01 web-07 CRON[311]: (root) CMD (puppet agent --onetime)"})
	f.tell(steps.Batch{Lines: lines, Status: map[steps.ID]steps.Phrase{"boot": {Text: "spawning"}}})
}

func TestScreens(t *testing.T) {
	t.Parallel()
	for _, size := range [][2]int{{80, 24}, {120, 36}, {200, 60}} {
		for _, lang := range []string{"fr", "en"} {
			for _, scene := range scenes {
				t.Run(fmt.Sprintf("%dx%d-%s-%s", size[0], size[1], lang, scene.name), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						f := start(t, size[0], size[1], with(func(o *tui.Options) { o.Lang = lang }), withServers(t,
							server("autre-03", cloud.StatusActive, "", "158.69.78.12", time.Hour, nil),
							server("web-07", cloud.StatusBuild, "spawning", "", 11*time.Second, mine)))
						scene.play(f)
						golden.RequireEqual(t, f.Screen())
					})
				})
			}
		}
	}
}
