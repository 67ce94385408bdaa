package plain

import (
	"strconv"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"matou/steps"
)

// question waits for a line.
type question struct {
	id     int64  // of the engine's question; zero: one of our own
	prompt string // stands before the answer
	secret bool   // what is typed is not shown
	// answer takes a line, and tells whether it was one that answers.
	answer  func(text string) bool
	decline func()
	shown   bool
}

// asked takes the questions that wait now: one that is gone is no longer asked, the oldest that
// nobody has answered is put to the reader.
func (d *dialogue) asked(all []steps.Question) {
	waits := map[int64]steps.Question{}
	var next *steps.Question
	for _, q := range all {
		if d.answered[q.ID] || d.o.ReadOnly {
			continue
		}
		waits[q.ID] = q
		if next == nil {
			next = &q
		}
	}
	if p := d.pending; p != nil && p.id != 0 {
		if _, ok := waits[p.id]; ok {
			return
		}
		d.close()
		d.say(d.text.T("refusal.question"))
	}
	if next == nil {
		return
	}
	if d.pending != nil { // our own has to wait: something stands still for the engine's
		d.decline()
	}
	d.put(*next)
}

// put asks one question of the engine.
func (d *dialogue) put(q steps.Question) {
	if d.o.Answer != nil {
		if a, ok := d.o.Answer(q); ok {
			d.sayQuestion(q)
			d.reply(q, a)
			return
		}
	}
	d.sayQuestion(q)
	if q.Kind == steps.AskHostKey && q.Data["changed"] == "true" || d.eof {
		d.reply(q, steps.Answer{})
		return
	}
	p := &question{id: q.ID, decline: func() { d.reply(q, steps.Answer{}) }}
	switch q.Kind {
	case steps.AskHostKey:
		p.prompt = d.text.T("plain.yes-or-no")
		p.answer = d.yesOrNo(func(yes bool) { d.reply(q, steps.Answer{OK: yes}) })
	case steps.AskChoice:
		p.prompt = d.text.T("plain.number")
		p.answer = func(text string) bool {
			n, err := strconv.Atoi(strings.TrimSpace(text))
			if err != nil || n < 1 || n > len(q.Choices) {
				return false
			}
			d.reply(q, steps.Answer{OK: true, Text: q.Choices[n-1]})
			return true
		}
	case steps.AskAdopt, steps.AskGiveBack:
		p.prompt = d.text.T("plain.number")
		p.answer = func(text string) bool {
			n, err := strconv.Atoi(strings.TrimSpace(text))
			if err != nil || n < 1 || n > len(q.Choices)+1 {
				return false
			}
			if n == 1 {
				d.reply(q, steps.Answer{})
			} else {
				d.reply(q, steps.Answer{OK: true, Text: q.Choices[n-2]})
			}
			return true
		}
	default:
		p.prompt = d.text.T("plain.type")
		p.secret = q.Kind != steps.AskPrompt || q.Data["echo"] != "true"
		p.answer = func(text string) bool {
			d.reply(q, steps.Answer{OK: text != "" || q.Kind == steps.AskPrompt, Text: text})
			return true
		}
	}
	d.pending = p
	if p.secret && !d.hide(true) {
		d.say(d.text.T("plain.not-hidden"))
		d.decline()
	}
}

// reply gives the engine an answer.
func (d *dialogue) reply(q steps.Question, a steps.Answer) {
	d.answered[q.ID] = true
	if !a.OK {
		d.say(d.text.T("plain.declined"))
	}
	_ = d.session.Do(d.ctx, steps.Reply{Question: q.ID, Answer: a}) // one that is gone needs no answer
}

// sayQuestion prints what is asked, with all there is to know for the answer.
func (d *dialogue) sayQuestion(q steps.Question) {
	t, safe := d.text, func(s string) string { return ansi.Strip(steps.Sanitize(s)) }
	data := func(key, name string) {
		if v := safe(q.Data[name]); v != "" {
			d.say("  " + d.pair(t.T(key), v))
		}
	}
	subject := safe(q.Subject)
	switch {
	case q.Kind == steps.AskHostKey && q.Data["changed"] == "true":
		d.say("", t.T("question.host-key-changed.title")+" "+subject)
		data("question.host-key.type", "type")
		data("question.host-key-changed.known", "known")
		data("question.host-key-changed.now", "fingerprint")
		d.say(t.T("question.host-key-changed.text"), t.T("question.host-key-changed.next"))
	case q.Kind == steps.AskHostKey:
		d.say("", d.pair(t.T("question.host-key.title"), subject))
		data("question.host-key.type", "type")
		data("question.host-key.fingerprint", "fingerprint")
		compare := "question.host-key.compare"
		if q.Data["expected"] != "" {
			data("question.host-key.expected", "expected")
			compare = "question.host-key.compare-given"
		}
		if q.Data["expected"] != "" && q.Data["expected"] == q.Data["fingerprint"] {
			compare = "question.host-key.same"
		}
		d.say(t.T("plain.host-key"), t.T(compare))
	case q.Kind == steps.AskChoice:
		d.say("", t.T("question.choice.title", "subject", subject))
		for i, c := range q.Choices {
			d.say("  " + strconv.Itoa(i+1) + ". " + safe(c))
		}
	case q.Kind == steps.AskAdopt || q.Kind == steps.AskGiveBack:
		kind := "question." + string(q.Kind) + "."
		d.say("", t.T(kind+"title"), t.T(kind+"text", "name", subject))
		data("servers.id", "id")
		data("servers.status", "status")
		if s, err := strconv.Atoi(q.Data["age"]); err == nil {
			d.say("  " + d.pair(t.T("servers.created"), t.T("servers.ago", "time", span(time.Duration(s)*time.Second))))
		}
		d.say("  1. " + t.T("button.cancel"))
		for i, c := range q.Choices {
			d.say("  " + strconv.Itoa(i+2) + ". " + t.T(kind+c))
		}
	default:
		d.say("", d.pair(t.T("question."+string(q.Kind)+".title"), subject))
		if prompt := safe(q.Data["prompt"]); prompt != "" {
			d.say(t.T("question.prompt.says", "prompt", prompt))
		} else {
			d.say(t.T("question." + string(q.Kind) + ".text"))
		}
		if q.Kind == steps.AskPassword {
			d.advise(q.Step)
		}
		if q.Attempt > 1 {
			d.say(t.T("question.again"))
		}
	}
}

// confirm asks a question of our own; anything but a yes leaves things as they are.
func (d *dialogue) confirm(text string, yes, no func()) {
	d.say(text)
	if d.eof {
		no()
		return
	}
	d.pending = &question{prompt: d.text.T("plain.yes-or-no"), decline: no, answer: d.yesOrNo(func(ok bool) {
		if ok {
			yes()
			return
		}
		d.say(d.text.T("plain.left"))
		no()
	})}
}

// yesOrNo wants one of the two from a person: a return that was on its way when the question came is
// no answer. In a script all that is no yes is a no.
func (d *dialogue) yesOrNo(then func(yes bool)) func(string) bool {
	return func(text string) bool {
		switch word := strings.ToLower(strings.TrimSpace(text)); {
		case word == "y" || word == "yes" || word == "o" || word == "oui":
			then(true)
		case word == "n" || word == "no" || word == "non" || !d.o.Interactive:
			then(false)
		default:
			return false
		}
		return true
	}
}

// answer gives a line to the question that waits.
func (d *dialogue) answer(text string) {
	p := d.pending
	if p.secret || !d.o.Interactive {
		d.out.WriteByte('\n') // the return was not shown either
	}
	d.close()
	if !p.answer(text) {
		p.shown = false
		d.pending = p
	}
}

func (d *dialogue) close() {
	d.pending = nil
	d.hide(false)
}

// decline leaves the question that waits unanswered.
func (d *dialogue) decline() {
	p := d.pending
	d.close()
	p.decline()
}

// prompt wants a line where one is due, and says so once.
func (d *dialogue) prompt() {
	switch {
	case d.eof || d.quit:
	case d.pending != nil:
		if !d.pending.shown || !d.open {
			d.ask(d.pending.prompt)
			d.pending.shown = true
		}
		d.input.ask()
	case d.running():
		if d.o.Interactive { // so that it can be stopped
			d.input.ask()
		}
	default:
		if !d.open {
			d.ask(d.next())
		}
		d.input.ask()
	}
}

// ask prints a prompt.
func (d *dialogue) ask(text string) {
	d.out.WriteString(text + " > ")
	d.open = true
}
