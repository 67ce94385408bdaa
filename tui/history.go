package tui

import (
	"context"
	"slices"
	"strconv"
	"time"

	tea "charm.land/bubbletea/v2"

	"matou/steps"
	"matou/tui/dialog"
	"matou/tui/pane"
)

// historyMsg brings the journal.
type historyMsg struct {
	events []steps.Event
	err    error
}

// attempt is one attempt at a step, as the journal has it.
type attempt struct {
	step     steps.ID
	n        int
	from, to time.Time // to is zero while it runs
	result   string    // the key of the text that words it
	bad      bool
	failure  *steps.Failure
	actions  []string // what was done, and what it told
	shown    bool     // nothing was done: a recording stood in for it
}

// most attempts are listed: the oldest of a long day are in the journal all the same.
const mostAttempts = 500

// attempts lists the attempts in a journal, the newest first. It only reads.
func attempts(events []steps.Event, words steps.Words) []attempt {
	var all []attempt
	open := map[steps.ID]int{}
	end := func(e steps.Event, result string, bad bool) {
		i, ok := open[e.Step]
		if !ok {
			return
		}
		delete(open, e.Step)
		all[i].to, all[i].result, all[i].bad = e.At, result, bad
		all[i].failure = e.Failure
	}
	note := func(e steps.Event, text string) {
		if i, ok := open[e.Step]; ok && text != "" {
			all[i].actions = append(all[i].actions, pane.Clean(text))
		}
	}
	for _, e := range events {
		switch e.Type {
		case steps.StepStarted:
			open[e.Step] = len(all)
			all = append(all, attempt{step: e.Step, n: e.Attempt, from: e.At, result: "status.running"})
		case steps.ActionStarted:
			note(e, "$ "+e.Command)
		case steps.ActionDone:
			note(e, e.In(words))
		case steps.StepDone:
			end(e, "status.done", false)
		case steps.StepFailed:
			end(e, "status.failed", true)
		case steps.StepChecked:
			end(e, "history.not-yet", false)
		case steps.StepStale:
			end(e, "status.stale", true)
		case steps.StepShown:
			one := attempt{step: e.Step, n: e.Attempt, from: e.At, to: e.At, result: "history.shown", shown: true}
			all = append(all, one)
		case steps.StepUndone:
			end(e, "history.undone", false)
		case steps.EngineRecovered:
			end(e, "history.interrupted", true)
		default:
		}
	}
	slices.Reverse(all)
	return all[:min(len(all), mostAttempts)]
}

func offHistory(m *Model) string {
	if m.opts.Journal == nil {
		return m.text.T("off.no-journal")
	}
	return ""
}

// history reads the journal; what it says opens as a list.
func (m *Model) history(string) tea.Cmd {
	ctx, read := m.ctx, m.opts.Journal
	return func() tea.Msg {
		events, err := read(ctx)
		return historyMsg{events, err}
	}
}

// openHistory lists the attempts; the newest of the step the console is at is chosen.
func (m *Model) openHistory(msg historyMsg, now time.Time) {
	if msg.err != nil {
		m.say(now, m.text.T("history.unread", "why", m.explain(msg.err)))
		return
	}
	all, at := attempts(msg.events, m.text), -1
	items := make([]dialog.Item, len(all))
	for i, a := range all {
		if a.step == m.step && at < 0 {
			at = i
		}
		text := a.from.Local().Format("01-02 15:04:05") + "  " + m.title(a.step)
		if a.failure != nil {
			text = m.text.T("history.cause", "step", text, "cause", m.why(a.failure))
		}
		items[i] = dialog.Item{ID: strconv.Itoa(i), Text: text, Right: m.outcome(a, now)}
	}
	m.dialogs.Push(infoID, dialog.NewFinder(m.text.T("history.title"), m.text.T("history.none"), max(0, at), dialog.Fuzzy(items)),
		func(a dialog.Answer) tea.Cmd {
			if i, err := strconv.Atoi(a.Button); err == nil {
				return m.showAttempt(all[i])
			}
			return nil
		})
}

// outcome words how an attempt ended, and how long it took.
func (m *Model) outcome(a attempt, now time.Time) string {
	return m.text.T("history.attempt", "n", strconv.Itoa(a.n), "result", m.text.T(a.result), "time", pane.Clock(a.end(now).Sub(a.from)))
}

func (a attempt) end(now time.Time) time.Time {
	if a.to.IsZero() {
		return now
	}
	return a.to
}

// linger is how long after an attempt its last lines may still come.
const linger = time.Second

// showAttempt shows what an attempt did and printed: from disk, or what the log still keeps of it.
func (m *Model) showAttempt(a attempt) tea.Cmd {
	st, now := m.styles, time.Now()
	to := a.end(now).Add(linger)
	if a.shown {
		return m.showShown(a)
	}
	head := []string{st.Strong.Render(m.title(a.step)), st.Dim.Render(m.outcome(a, now))}
	if a.failure != nil {
		head = append(head, st.Error.Render(m.why(a.failure)))
	}
	for _, line := range a.actions {
		head = append(head, st.Command.Render(line))
	}
	view := &dialog.Viewer{Title: m.text.T("history.output", "time", a.from.Local().Format("15:04:05")), Wait: m.text.T("history.reading")}
	m.dialogs.Push(infoID, view, nil)
	ctx, kept, read, nothing := m.ctx, m.log.Of(a.step, a.from, to), m.opts.Output, st.Dim.Render(m.text.T("history.silent"))
	return func() tea.Msg {
		lines, err := outputOf(ctx, read, a, to, kept)
		if err != nil {
			return shownMsg{view: view, err: err}
		}
		out := append(head, "")
		for _, line := range lines {
			source := st.Dim.Render(line.At.Local().Format("15:04:05") + " " + pane.Clean(line.Source) + st.Glyph.Vertical)
			out = append(out, source+pane.Clean(line.Text))
		}
		if len(lines) == 0 {
			out = append(out, nothing)
		}
		return shownMsg{view: view, lines: out}
	}
}

func outputOf(ctx context.Context, read func(context.Context, steps.ID, time.Time, time.Time) ([]steps.Line, error), a attempt, to time.Time, kept []steps.Line) ([]steps.Line, error) {
	if read == nil {
		return kept, nil
	}
	lines, err := read(ctx, a.step, a.from, to)
	if len(lines) == 0 && err == nil {
		return kept, nil
	}
	return lines, err
}
