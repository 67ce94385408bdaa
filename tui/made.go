package tui

import (
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"matou/cloud"
	"matou/steps"
	"matou/tui/dialog"
	"matou/tui/i18n"
	"matou/tui/pane"
)

// madeMsg brings what a seat has in the cloud to the dialog that asks whether it may go.
type madeMsg struct {
	box  *dialog.Box
	made cloud.Made
	err  error
}

// confirmStep asks what the workshop says to ask before a step. Before one that takes everything away it
// shows what that is, as soon as the cloud has said.
func (m *Model) confirmStep(step steps.Step, question string, run tea.Cmd) tea.Cmd {
	box := m.confirm(m.title(step.ID), question, m.text.T("button.go"), run)
	takes := slices.ContainsFunc(step.Actions, func(a steps.Action) bool { return a.Unmakes })
	if !takes || m.opts.Made == nil {
		return nil
	}
	box.Body = append(box.Body, dialog.Para{}, dialog.Para{Look: dialog.Dim, Text: m.text.T("servers.asking")})
	ctx, ask := m.ctx, m.opts.Made
	return func() tea.Msg {
		made, err := ask(ctx)
		return madeMsg{box, made, err}
	}
}

// fill puts what came in the place of the waiting.
func (msg madeMsg) fill(t i18n.Texts, now time.Time) {
	body := msg.box.Body[:len(msg.box.Body)-1]
	switch {
	case msg.err != nil:
		body = append(body, dialog.Para{Look: dialog.Bad, Text: t.T("made.unknown", "why", pane.Clean(steps.Explain(msg.err, t, nil)))})
	case msg.made.Empty():
		body = append(body, dialog.Para{Text: t.T("made.none")})
	default:
		for _, item := range msg.made.Items(now) {
			body = append(body, dialog.Para{Look: dialog.Row, Label: t.T("made." + item.Kind), Text: madeText(item, t)})
		}
	}
	msg.box.Body = body
}

// madeText is one thing in a line.
func madeText(item cloud.Item, t i18n.Texts) string {
	words := []string{cloud.Clean(item.Name)}
	if item.ID != "" {
		words = append(words, cloud.Clean(item.ID))
	}
	if item.Age > 0 {
		words = append(words, t.T("servers.ago", "time", pane.Clock(item.Age)))
	}
	if item.Adopted {
		words = append(words, t.T("made.by-hand"))
	}
	return strings.Join(words, "  ")
}
