package tui

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"matou/steps"
	"matou/tui/dialog"
	"matou/tui/pane"
)

// gladFor is how long the cat is happy about a step that was done.
const gladFor = 8 * time.Second

// apply takes what one pull brought, and pulls again.
func (m *Model) apply(msg batchMsg, now time.Time) tea.Cmd {
	if msg.err != nil {
		if m.ctx.Err() == nil {
			m.say(now, m.text.T("engine.ended"))
		}
		return nil
	}
	b := msg.batch
	m.narrate(b, now)
	m.held(b, now)
	if i := slices.IndexFunc(b.Lines, func(l steps.Line) bool { return l.Source == OwnSource && l.Step == "" }); i >= 0 {
		m.say(now, pane.Clean(b.Lines[i].Text))
	}
	m.status, m.trouble, m.pulled = b.Status, b.Trouble, true
	m.setState(b.State)
	defer m.offer() // it follows from how the steps stand
	outdated := 0
	for _, e := range b.Events {
		if e.Type == steps.StepStale && e.Failure != nil && e.Failure.Kind == steps.FailNeeds {
			outdated++ // most of the time many at once: told together
			continue
		}
		m.happened(e, now)
	}
	known := m.answerKnown(b.Questions, now)
	if m.demo.caught {
		m.demo.caught = false
		m.say(now, m.text.T("demo.caught-up"))
	}
	if outdated > 0 {
		m.say(now, m.text.N("toast.outdated", outdated))
	}
	m.ask(b.Questions, now)
	m.arriveIfLost()
	if len(b.Lines) > 0 {
		return tea.Batch(known, m.next(gather))
	}
	return tea.Batch(known, m.next(0))
}

// setState takes the state of the journal, and what follows from it.
func (m *Model) setState(s steps.State) {
	m.state, m.vars = s, m.session.Vars()
	m.outline.SetState(s, m.outlineClock(time.Now()))
	m.slide.SetSubstitute(m.placeholder)
	m.recall()
}

// happened reacts to one event.
func (m *Model) happened(e steps.Event, now time.Time) {
	m.raise(e)
	m.stageFor(e)
	if m.caughtUp(e, now) {
		return
	}
	switch e.Type {
	case steps.StepDone:
		if m.demo.on { // what was said of waiting for it is over
			m.toast = notice{}
		}
		m.glad = now.Add(gladFor)
		if m.opts.Traffic != nil && m.shows(e.Step, pane.TrafficID) {
			m.opts.Traffic.Wake()
		}
		m.dialogs.Close(failureID)
		if m.state.Step(e.Step).Began == steps.PhaseCheck {
			m.say(now, m.text.T("toast.holds", "step", m.title(e.Step)))
		}
		if step, ok := m.workshop.Step(e.Step); ok && step.Victory {
			m.victory(now)
		}
	case steps.StepFailed:
		if e.Failure != nil && e.Failure.Kind != steps.FailCanceled {
			m.failed(e.Step, *e.Failure, now)
			return
		}
		m.say(now, m.text.T("toast.canceled", "step", m.title(e.Step)))
	case steps.StepChecked:
		why := ""
		if e.Failure != nil {
			why, _, _ = strings.Cut(m.why(e.Failure), "\n")
		}
		m.say(now, m.text.T("toast.checked", "step", m.title(e.Step), "why", why))
	case steps.StepStale:
		text := m.text.T("toast.stale", "step", m.title(e.Step))
		if e.Step != m.step { // r would replay another
			text = m.text.T("toast.stale-there", "step", m.title(e.Step))
		}
		m.say(now, text)
	case steps.StepShown:
		m.say(now, m.text.T("toast.shown", "step", m.title(e.Step)))
	case steps.StepUndone:
		m.say(now, m.text.T("toast.undone", "step", m.title(e.Step)))
	case steps.StepStarted:
		m.answeredFor(e.Step)
		m.dialogs.Close(failureID)
	default:
	}
}

// ask opens a dialog for the oldest question, and closes those whose question is gone: it timed
// out, or was answered in another console.
func (m *Model) ask(questions []steps.Question, now time.Time) {
	waiting := map[string]bool{}
	m.questions = m.questions[:0]
	for _, q := range questions {
		if !m.answered[q.ID] {
			m.questions = append(m.questions, q)
			waiting[questionID(q)] = true
		}
	}
	if top := m.dialogs.Top(); strings.HasPrefix(top, "question ") && !waiting[top] {
		m.dialogs.Close(top)
	}
	if len(m.questions) == 0 || m.opts.ReadOnly {
		return
	}
	q := m.questions[0]
	id := questionID(q)
	if m.dialogs.Has(id) {
		return
	}
	m.dialogs.Pop(id, m.advised(q, dialog.ForQuestion(q, m.text)), now, func(a dialog.Answer) tea.Cmd {
		m.answered[q.ID] = true
		m.ask(append([]steps.Question(nil), m.questions...), time.Now())
		return m.do(steps.Reply{Question: q.ID, Answer: dialog.ReplyTo(q, a)})
	})
}

func questionID(q steps.Question) string { return fmt.Sprintf("question %d", q.ID) }

// refusal words why a command was not followed.
func (m *Model) refusal(err error) string {
	var r *steps.Refusal
	if errors.As(err, &r) {
		var needs []string
		for _, id := range r.Needs {
			needs = append(needs, m.title(id))
		}
		return m.text.T("refusal."+string(r.Code), "step", m.title(r.Step), "needs", strings.Join(needs, ", "))
	}
	return m.explain(err)
}

// explain is an error in the reader's language.
func (m *Model) explain(err error) string { return pane.Clean(steps.Explain(err, m.text, m.title)) }

// why is the cause of a failure in the reader's language.
func (m *Model) why(f *steps.Failure) string { return pane.Clean(f.In(m.text, m.title)) }

// title is a step's title in the reader's language.
func (m *Model) title(id steps.ID) string {
	if s, ok := m.workshop.Step(id); ok {
		return s.Title.In(m.text.Lang)
	}
	return pane.Bare(string(id)) // a journal's, and anybody's
}

// placeholder is what stands for a word the deck emphasises: the seat's own value.
func (m *Model) placeholder(word string) (string, bool) {
	template, ok := m.workshop.Placeholders[word]
	if !ok {
		return "", false
	}
	value, err := steps.Expand(template, m.vars, nil)
	return pane.Clean(value), err == nil && value != ""
}

// example says of a word the deck emphasises that it stands for a value of the seat's which no step has
// brought yet: somebody may take the one in the deck for their own.
func (m *Model) example(word string) string {
	if _, ok := m.workshop.Placeholders[word]; !ok || !m.pulled {
		return ""
	}
	return m.text.T("slide.example")
}
