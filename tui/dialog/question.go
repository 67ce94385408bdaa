package dialog

import (
	"slices"
	"strconv"
	"time"

	"matou/steps"
	"matou/tui/i18n"
	"matou/tui/pane"
)

// ForQuestion is the dialog that puts a question of the engine to the reader.
func ForQuestion(q steps.Question, t i18n.Texts) Dialog {
	q = clean(q)
	switch q.Kind {
	case steps.AskHostKey:
		if q.Data["changed"] == "true" {
			return changedKey(q, t)
		}
		return newKey(q, t)
	case steps.AskChoice:
		return choice(q, t)
	case steps.AskAdopt, steps.AskGiveBack:
		return whose(q, t)
	case steps.AskPassphrase, steps.AskPrompt, steps.AskPassword:
	}
	return secret(q, t)
}

// clean takes out of a question what a host could have put there to drive the terminal: its prompt
// is the host's own words, and is shown before anybody trusts it.
func clean(q steps.Question) steps.Question {
	q.Subject = pane.Bare(q.Subject)
	data := make(map[string]string, len(q.Data))
	for k, v := range q.Data {
		data[k] = pane.Bare(v)
	}
	choices := make([]string, len(q.Choices))
	for i, c := range q.Choices {
		choices[i] = pane.Bare(c)
	}
	q.Data, q.Choices = data, choices
	return q
}

// ReplyTo is what an answer of the dialog means to the engine.
func ReplyTo(q steps.Question, a Answer) steps.Answer {
	if a.Button == Cancel {
		return steps.Answer{}
	}
	switch q.Kind {
	case steps.AskAdopt, steps.AskGiveBack:
		return steps.Answer{OK: true, Text: a.Button}
	case steps.AskChoice:
		i, err := strconv.Atoi(a.Button)
		if err != nil || i < 0 || i >= len(q.Choices) {
			return steps.Answer{}
		}
		return steps.Answer{OK: true, Text: q.Choices[i]}
	default:
	}
	return steps.Answer{OK: true, Text: a.Text}
}

// newKey asks to trust a host that was never seen. The fingerprint comes first, so that even the
// smallest screen shows what is being accepted. No is preselected, the safe answer being the one
// that comes without thinking, unless the key is the very one that people were given to compare with.
func newKey(q steps.Question, t i18n.Texts) Dialog {
	b := &Box{
		Title: t.T("question.host-key.title"),
		Body: []Para{
			{Strong, "", q.Subject},
			{Row, t.T("question.host-key.type"), q.Data["type"]},
			{Row, t.T("question.host-key.fingerprint"), q.Data["fingerprint"]},
		},
		Picture: randomart(q.Data["fingerprint"], q.Data["type"], q.Data["bits"]),
		Buttons: []Button{
			{ID: Cancel, Label: t.T("question.host-key.refuse"), Key: "n"},
			{ID: "ok", Label: t.T("question.host-key.accept"), Key: t.T("button.yes-key"), Also: "y"},
		},
	}
	compare := "question.host-key.compare"
	if q.Data["expected"] != "" {
		b.Body = append(b.Body, Para{Row, t.T("question.host-key.expected"), q.Data["expected"]})
		compare = "question.host-key.compare-given"
	}
	if q.Data["expected"] != "" && q.Data["expected"] == q.Data["fingerprint"] {
		b.Chosen = 1
		b.Body = append(b.Body, Para{}, Para{Strong, "", t.T("question.host-key.same")})
		b.Body = append(b.Body, Para{}, Para{Dim, "", t.T("question.host-key.why")})
		return b
	}
	b.Body = append(b.Body, Para{Plain, "", ""}, Para{Plain, "", t.T("question.host-key.text")},
		Para{Plain, "", ""}, Para{Dim, "", t.T(compare)})
	return b
}

// changedKey shows both keys of a host that is not the one it was. There is no way to accept it
// here: a person has to find out why, and take the old key out by hand.
func changedKey(q steps.Question, t i18n.Texts) Dialog {
	return &Box{
		Title:  t.T("question.host-key-changed.title"),
		Danger: true,
		Body: []Para{
			{Strong, "", q.Subject},
			{Row, t.T("question.host-key.type"), q.Data["type"]},
			{Row, t.T("question.host-key-changed.known"), q.Data["known"]},
			{Row, t.T("question.host-key-changed.now"), q.Data["fingerprint"]},
			{Plain, "", ""},
			{Bad, "", t.T("question.host-key-changed.text")},
			{Plain, "", ""},
			{Dim, "", t.T("question.host-key-changed.next")},
		},
		Buttons: []Button{{ID: Cancel, Label: t.T("button.close")}},
	}
}

// secret asks for a line that is hidden as it is typed, unless the host says to show it.
func secret(q steps.Question, t i18n.Texts) Dialog {
	kind := string(q.Kind)
	b := &Box{Title: t.T("question." + kind + ".title"), Body: []Para{{Strong, "", q.Subject}}}
	text := t.T("question." + kind + ".text")
	if prompt := q.Data["prompt"]; prompt != "" {
		text = t.T("question.prompt.says", "prompt", prompt)
	}
	b.Body = append(b.Body, Para{Plain, "", ""}, Para{Plain, "", text})
	if q.Attempt > 1 {
		b.Body = append(b.Body, Para{Bad, "", t.T("question.again")})
	}
	b.Buttons = []Button{{ID: "ok", Label: t.T("button.send")}, {ID: Cancel, Label: t.T("button.cancel")}}
	return b.Ask(q.Kind != steps.AskPrompt || q.Data["echo"] != "true")
}

// whose asks about a server that somebody made by hand: whether to take it over, or whether it goes with
// the others. To leave it as it is comes first.
func whose(q steps.Question, t i18n.Texts) Dialog {
	kind := "question." + string(q.Kind) + "."
	b := &Box{
		Title:   t.T(kind + "title"),
		Body:    append([]Para{{Plain, "", t.T(kind+"text", "name", q.Data["name"])}, {}}, serverRows(q, t)...),
		Buttons: []Button{{ID: Cancel, Label: t.T("button.cancel"), Key: "n"}},
	}
	if slices.Contains(q.Choices, steps.ChoiceAnother) {
		b.Body = append(b.Body, Para{}, Para{Dim, "", t.T(kind + "beside")})
	}
	for i, c := range q.Choices {
		button := Button{ID: c, Label: t.T(kind + c)}
		if i == 0 {
			button.Key, button.Also = t.T("button.yes-key"), "y"
		}
		b.Buttons = append(b.Buttons, button)
	}
	return b
}

// serverRows are what a question knows of a server.
func serverRows(q steps.Question, t i18n.Texts) []Para {
	rows := []Para{
		{Row, t.T("servers.name"), q.Data["name"]}, {Row, t.T("servers.id"), q.Data["id"]}, {Row, t.T("servers.status"), q.Data["status"]},
	}
	if s, err := strconv.Atoi(q.Data["age"]); err == nil {
		rows = append(rows, Para{Row, t.T("servers.created"), t.T("servers.ago", "time", pane.Clock(time.Duration(s)*time.Second))})
	}
	return rows
}

// choice lists what there is to choose from.
func choice(q steps.Question, t i18n.Texts) Dialog {
	items := make([]Item, len(q.Choices))
	for i, c := range q.Choices {
		items[i] = Item{ID: strconv.Itoa(i), Text: c}
	}
	return NewFinder(t.T("question.choice.title", "subject", q.Subject), t.T("finder.nothing"), 0, Fuzzy(items))
}
