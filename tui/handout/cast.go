package handout

import (
	"cmp"
	"io"
	"slices"
	"strings"
	"time"

	"matou/steps"
	"matou/tui/cast"
	"matou/tui/i18n"
)

// How long nothing may happen in a recording: while something runs, and while nothing does.
const (
	pauseRunning = 30 * time.Second
	pauseIdle    = 2 * time.Second
)

// Cast writes the tale as a recording, a mark at each attempt. A step takes as long as it took; the
// time in which nothing ran is cut short, and players are asked to cut more.
func (t *Tale) Cast(out io.Writer, text i18n.Texts, mask *steps.Redactor) error {
	w, err := cast.New(out, cast.Header{
		Cols: 100, Rows: 30, Type: "xterm-256color", At: t.Attempts[0].At, Title: t.Workshop.Title.In(text.Lang), Idle: pauseIdle,
	}, cast.Options{Mask: mask, Lines: true})
	if err != nil {
		return err
	}
	var real, shown time.Time
	running := 0
	for i, m := range t.moments(text) {
		if i == 0 {
			real, shown = m.at, m.at
		}
		limit := pauseIdle
		if running > 0 && !m.cut {
			limit = pauseRunning
		}
		shown = shown.Add(min(max(m.at.Sub(real), 0), limit))
		real = m.at
		running += m.running
		if m.mark != "" {
			w.MarkAt(shown, m.mark)
		}
		if m.text != "" {
			w.OutputAt(shown, m.text)
		}
	}
	return w.EndAt(shown, 0)
}

// moment is one thing that is seen.
type moment struct {
	at      time.Time
	text    string
	mark    string
	running int  // by how many more attempts run from now on
	cut     bool // nobody watched the time before it: the program had ended
}

// moments are all of a tale, in order.
func (t *Tale) moments(text i18n.Texts) []moment {
	var all []moment
	for _, a := range t.Attempts {
		title := string(a.Step)
		if step, ok := t.Workshop.Step(a.Step); ok {
			title = step.Title.In(text.Lang)
		}
		all = append(all, moment{at: a.At, mark: string(a.Step) + ": " + title, text: "\n\x1b[1m" + title + "\x1b[m\n", running: 1})
		for _, act := range a.Actions {
			all = append(all, act.moments(t.title(a, act, text), text)...)
		}
		if a.End.Type == "" {
			continue
		}
		end := moment{at: a.End.At, running: -1, text: text.T("plain.done", "step", title, "time", span(time.Duration(a.End.Took))) + "\n"}
		if f := a.End.Failure; f != nil {
			end.text = "\x1b[31m" + text.T("failure.title") + "\x1b[m\n" + t.why(f, text) + "\n"
			end.cut = f.Kind == steps.FailInterrupted
		} else if a.End.Type == steps.StepUndone {
			end.text = text.T("toast.undone", "step", title) + "\n"
		} else if a.End.Type == steps.StepShown {
			end.text = text.T("plain.shown", "step", title) + "\n"
		}
		all = append(all, end)
	}
	slices.SortStableFunc(all, func(a, b moment) int { return cmp.Or(a.at.Compare(b.at)) })
	return all
}

// why is the cause of a failure in the reader's language.
func (t *Tale) why(f *steps.Failure, words i18n.Texts) string {
	return text(f.In(words, func(id steps.ID) string {
		if step, ok := t.Workshop.Step(id); ok {
			return step.Title.In(words.Lang)
		}
		return string(id)
	}))
}

// told is the summary of an action in the reader's language.
func (a *Action) told(words i18n.Texts) string {
	return text(steps.ActionState{Summary: a.Summary, Said: a.Said}.In(words))
}

// title is what an action is called in the reader's language.
func (t *Tale) title(a *Attempt, act *Action, text i18n.Texts) string {
	return t.Workshop.ActionTitle(a.Step, act.Phase, act.Index, text.Lang, act.Name)
}

// moments are those of one action: its command, its output, its outcome.
func (a *Action) moments(title string, text i18n.Texts) []moment {
	if a.Skipped {
		return nil
	}
	var all []moment
	if a.Phase != steps.PhaseCheck && a.Command != "" {
		all = append(all, moment{at: a.At, text: "\x1b[1m$ " + strings.ReplaceAll(a.Command, "\n", "\n> ") + "\x1b[m\n"})
	}
	line := func(l steps.Line) { all = append(all, moment{at: l.At, text: l.Source + ": " + l.Text + "\n"}) }
	for _, l := range a.Head {
		line(l)
	}
	if a.Left > 0 {
		all = append(all, moment{at: a.Tail[0].At, text: "[… " + text.N("handout.left", a.Left) + " …]\n"})
	}
	for _, l := range a.Tail {
		line(l)
	}
	if a.Done && a.Summary != "" {
		words := a.told(text)
		if a.Phase == steps.PhaseCheck {
			words = text.T("plain.holds", "check", title, "summary", " ("+words+")")
		}
		all = append(all, moment{at: a.Ended, text: words + "\n"})
	}
	return all
}
