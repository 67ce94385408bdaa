package tui

import (
	"matou/steps"
	"matou/tui/dialog"
)

// advice is what the workshop's authors have to say about a step to somebody who is stuck at it.
func (m *Model) advice(id steps.ID) []dialog.Para {
	step, _ := m.workshop.Step(id)
	var out []dialog.Para
	for _, text := range step.Advice(m.text.Lang) {
		out = append(out, dialog.Para{Text: m.styles.Glyph.Dot + " " + text})
	}
	return out
}

func offHints(m *Model) string {
	if m.step == "" {
		return m.text.T("off.no-step")
	}
	if len(m.advice(m.step)) == 0 {
		return m.text.T("off.no-hints")
	}
	return ""
}

// showHints shows what is advised for the step the console is at.
func (m *Model) showHints() {
	m.dialogs.Push(infoID, &dialog.Box{
		Title: m.text.T("hints.title", "step", m.title(m.step)), Body: m.advice(m.step),
		Buttons: []dialog.Button{{ID: dialog.Cancel, Label: m.text.T("button.close")}},
	}, nil)
}

// advised adds to a question about a password what is advised for its step: where that stands.
func (m *Model) advised(q steps.Question, d dialog.Dialog) dialog.Dialog {
	box, ok := d.(*dialog.Box)
	if !ok || q.Kind != steps.AskPassword {
		return d
	}
	if hints := m.advice(q.Step); len(hints) > 0 {
		box.Body = append(append(box.Body, dialog.Para{}), hints...)
	}
	return box
}
