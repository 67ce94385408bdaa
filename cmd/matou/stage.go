package main

import (
	"context"
	"time"

	"matou/steps"
	"matou/tui"
)

// The slowest a command may be typed, a character.
const slowestTyping = 2 * time.Second

// demonstration is what the flags say of one.
func (c *consoleFlags) demonstration() (tui.Demo, error) {
	d := tui.Demo{On: c.demo, RunAfter: c.runAfter}
	if c.runAfter < 0 {
		return d, usagef("--run-after %s: not in the past", c.runAfter)
	}
	if c.typing == "off" {
		return d, nil
	}
	each, err := time.ParseDuration(c.typing)
	if err != nil || each < 0 || each > slowestTyping {
		return d, usagef("--typing %q: off, or how long a character takes, such as 40ms, %s at most", c.typing, slowestTyping)
	}
	d.Typing = each
	return d, nil
}

// stage gives the console what a demonstration needs: recordings to fall back on, and answers to what
// nobody has to be asked.
func (o *options) stage(s *session, e *early, to *tui.Options) {
	to.Gate = s.gate
	to.Recorded = map[steps.ID]bool{}
	for _, step := range s.workshop.Steps {
		to.Recorded[step.ID] = s.workshop.HasRecording(step.ID)
	}
	to.Recording = func(_ context.Context, id steps.ID) ([]steps.RecordedLine, error) {
		return s.workshop.Recording(id, e.Vars())
	}
	to.Known = func(q steps.Question) (steps.Answer, bool) {
		switch q.Kind {
		case steps.AskHostKey: // hosts that this program made, or is told to trust
			ok := q.Data["changed"] != "true" && (o.accept || s.ours())
			return steps.Answer{OK: ok}, ok
		case steps.AskPassword:
			ok := s.account.password != "" && q.Attempt <= 1
			return steps.Answer{OK: ok, Text: s.account.password}, ok
		default:
			return steps.Answer{}, false
		}
	}
}
