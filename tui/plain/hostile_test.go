package plain_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode"

	"matou/cloud"
	"matou/steps"
	"matou/tui/plain"
)

// TestHostile: whatever a cloud, a host or a journal says, the dialogue prints and does nothing else.
func TestHostile(t *testing.T) {
	t.Parallel()
	const poison = "Z\x1b[2J\x1b]0;owned\x07\x1b]52;c;cm0=\x07\x1bP+q\x1b\\\u009b2J\u009d0;t\u009c\u202e\u2066\u200f\r\x08\x00\x7f\x1b[31mZ"
	bubble(t, "poison everywhere", func(t *testing.T) {
		data := map[string]string{}
		for _, key := range []string{"fingerprint", "type", "known", "expected", "prompt", "instruction", "name", "id", "status", "console"} {
			data[key] = poison
		}
		w := &worker{}
		for _, kind := range []steps.QuestionKind{
			steps.AskHostKey, steps.AskPassword, steps.AskPassphrase, steps.AskPrompt, steps.AskChoice, steps.AskAdopt, steps.AskGiveBack,
		} {
			w.asks = append(w.asks, steps.Question{Kind: kind, Subject: poison, Data: data, Choices: []string{poison, "b"}})
		}
		r := open(t, w, plain.Options{
			Step: "jump", Warnings: []string{poison}, Cloud: poison, Holder: poison,
			Traffic: func(context.Context) (cloud.Traffic, error) {
				return cloud.Traffic{
					URL: poison, Asked: 2, StatsErr: errors.New(poison), Shares: []cloud.Share{{Name: poison, Count: 1}},
					Troubles: []cloud.Trouble{{Kind: cloud.TroubleOther, Detail: poison, Count: 1}},
					Stats:    []cloud.ProxyRow{{Proxy: poison, Name: poison, Kind: cloud.ProxyServer, Status: poison, Check: poison, CheckSays: poison}},
				}, nil
			},
			Made: func(context.Context) (cloud.Made, error) {
				return cloud.Made{Keypairs: []string{poison}}, errors.New(poison)
			},
		})
		var all strings.Builder
		for _, line := range []string{"", "yes", "secret", "secret", "secret", "1", "2", "2", poison, "/" + poison, "traffic", "3", "r", "no"} {
			r.types(strings.ReplaceAll(line, "\n", ""))
			time.Sleep(time.Second)
			all.WriteString(r.out.take())
		}
		r.end()
		<-r.ended
		all.WriteString(r.out.take())
		got := all.String()
		for i, c := range got {
			if c != '\n' && unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c) {
				t.Fatalf("%q in %q", c, got[max(0, i-80):min(len(got), i+80)])
			}
		}
		if n := strings.Count(got, "ZZ"); n < 10 {
			t.Errorf("poison shows %d times in\n%s", n, got)
		}
	})
}
