package steps

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// Phrase is a piece of what is told to a person, for a catalogue to word in their language: the key of a
// text there and its values by name, or, without a key, words that are somebody else's and stay as they are.
// A value called step is the id of a step; people read its title.
type Phrase struct {
	Key  string            `json:"key,omitempty"`
	Args map[string]string `json:"args,omitempty"`
	Text string            `json:"text,omitempty"`
}

// Doing is what an action is doing: the key of a text, and its values as name, value pairs.
func Doing(key string, values ...any) Phrase { return phrase(key, values...) }

// In words it in a language, with the titles of the steps it names; it is empty when there is nothing to
// say, or the language has no such text.
func (p Phrase) In(words Words, title func(ID) string) string { return tell([]Phrase{p}, words, title) }

func (p Phrase) equal(q Phrase) bool {
	return p.Key == q.Key && p.Text == q.Text && maps.Equal(p.Args, q.Args)
}

// Words is a language: a catalogue of texts, as tui/i18n has them.
type Words interface {
	// T is a text with its values, given as name, value pairs.
	T(key string, pairs ...string) string
	// N is a countable text: it has two leaves, .one and .other.
	N(key string, n int, pairs ...string) string
	Has(key string) bool
}

// around stands, in a text, for all that was said before it.
const around = "{why}"

// tell words phrases, joined as the language joins a subject and what is said of it. It is empty when the
// language lacks one of them.
func tell(phrases []Phrase, words Words, title func(ID) string) string {
	said := ""
	for _, p := range phrases {
		text := p.Text
		if p.Key != "" {
			n, err := strconv.Atoi(p.Args["n"])
			countable := err == nil && words.Has(p.Key+".other")
			if !countable && !words.Has(p.Key) {
				return ""
			}
			wraps := !countable && strings.Contains(words.T(p.Key), around)
			pairs := []string{"why", said}
			for name, value := range p.Args {
				if name == "step" && title != nil {
					value = title(ID(value))
				}
				pairs = append(pairs, name, value)
			}
			if countable {
				text = words.N(p.Key, n, pairs...)
			} else if text = words.T(p.Key, pairs...); wraps {
				said = ""
			}
		}
		if said != "" {
			text = words.T("cause.of", "subject", said, "text", text)
		}
		said = text
	}
	return said
}

// Summed is a summary in English, and what words it in any language: the key of a text, which may be
// countable by a value n, and its values as name, value pairs that stand for {name} in the sentence.
func Summed(key, sentence string, values ...any) (string, []Phrase) {
	return fill(sentence, values), []Phrase{phrase(key, values...)}
}

// In is the summary of what an action did in a language; what needs no words is the same in all.
func (a ActionState) In(words Words) string { return summary(a.Summary, a.Said, words) }

// In is the summary of an event in a language, see [ActionState.In].
func (e Event) In(words Words) string { return summary(e.Summary, e.Said, words) }

func summary(english string, said []Phrase, words Words) string {
	return cmp.Or(tell(said, words, nil), english)
}

// In is the cause in a language. One that nobody has put into words there, because a journal is older or
// nobody foresaw it, stands as it is behind what its kind is called. Title gives a step's title; nil: its id.
func (f *Failure) In(words Words, title func(ID) string) string {
	said := f.Said
	if said == nil && f.Err != nil {
		said = phrases(f.Err)
	}
	if text := tell(said, words, title); text != "" {
		return text
	}
	key := "why." + f.Kind
	if !words.Has(key) {
		key = "why." + FailInternal
	}
	if f.Cause == "" {
		return strings.TrimRight(words.T(key, "cause", ""), ":\u00a0 ")
	}
	return words.T(key, "cause", f.Cause)
}

// Explain is an error in a language, see [Failure.In]: as it is, when nobody has put any of it into words.
func Explain(err error, words Words, title func(ID) string) string {
	if text := tell(phrases(err), words, title); text != "" {
		return text
	}
	var f *Failure
	if errors.As(err, &f) {
		return (&Failure{Kind: f.Kind, Cause: err.Error()}).In(words, title)
	}
	return err.Error()
}

// Speaker is an error that can be put into another language than the one of its text: it has the key of a
// text and its values, as name, value pairs, and the error whose text follows its own, if one does.
type Speaker interface {
	error
	Said() (key string, pairs []string, why error)
}

// phrases takes an error's text apart: what the errors in its chain can say in another language, and between
// them what stays as it is. It is nil when none of them can say anything.
func phrases(err error) []Phrase {
	out, known := split(err.Error(), err)
	if !known {
		return nil
	}
	return out
}

// split takes the text of an error apart, see [phrases]; known tells whether any of it has a key.
func split(text string, err error) (out []Phrase, known bool) {
	raw := func(s string) {
		if s = strings.Trim(s, ": "); s != "" {
			out = append(out, Phrase{Text: s})
		}
	}
	eachError(err, func(e error) bool {
		said := spoken(e)
		if said == nil {
			return false
		}
		before, after, ok := cutPart(text, e.Error())
		if !ok {
			return false
		}
		raw(before)
		out = append(out, said...)
		text, known = after, true
		return true
	})
	raw(text)
	return out, known
}

// eachError visits the errors of a tree, what is around another first. One whose visit returns true has
// spoken for those inside it.
func eachError(err error, visit func(error) bool) {
	if err == nil || visit(err) {
		return
	}
	switch e := err.(type) { //nolint:errorlint // the tree itself is walked
	case interface{ Unwrap() error }:
		eachError(e.Unwrap(), visit)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			eachError(inner, visit)
		}
	}
}

// cutPart finds a part of a text that colons part from the rest.
func cutPart(text, part string) (before, after string, ok bool) {
	for at := 0; part != ""; at++ {
		i := strings.Index(text[at:], part)
		if i < 0 {
			break
		}
		at += i
		before, after = text[:at], text[at+len(part):]
		if (before == "" || strings.HasSuffix(before, ": ")) && (after == "" || strings.HasPrefix(after, ": ")) {
			return before, after, true
		}
	}
	return "", "", false
}

// spoken is what one error says by itself; nil when it has nothing to say.
func spoken(err error) []Phrase {
	switch e := err.(type) { //nolint:errorlint // the chain is walked by who calls
	case *Failure:
		return e.Said
	case Speaker:
		key, pairs, why := e.Said()
		return said(key, anys(pairs), why)
	case *url.Error: // what was asked for is said by who asked
		return quiet(e.Err)
	case *os.SyscallError:
		return quiet(e.Err)
	case *net.OpError:
		switch {
		case e.Op == "dial" && e.Addr == nil: // there is no address of a name that nobody knows
			return quiet(e.Err)
		case e.Op == "dial":
			return said("cause.dial", []any{"address", e.Addr}, e.Err)
		}
	case *net.DNSError:
		if e.IsNotFound {
			return []Phrase{phrase("cause.no-name", "name", e.Name)}
		}
	case syscall.Errno:
		for _, known := range systemErrors {
			if e == known.errno {
				return []Phrase{phrase(known.key)}
			}
		}
	}
	switch {
	case err == io.EOF: //nolint:errorlint // the chain is walked by who calls
		return []Phrase{phrase("cause.hung-up")}
	case err == os.ErrDeadlineExceeded: //nolint:errorlint // likewise
		return []Phrase{phrase("cause.no-answer")}
	}
	return nil
}

// systemErrors are what a system says of a connection or a file that did not come about.
var systemErrors = []struct {
	errno syscall.Errno
	key   string
}{
	{syscall.ECONNREFUSED, "cause.refused"},
	{syscall.ECONNRESET, "cause.reset"},
	{syscall.EHOSTUNREACH, "cause.no-route"},
	{syscall.ENETUNREACH, "cause.no-route"},
	{syscall.ETIMEDOUT, "cause.no-answer"},
	{syscall.ENOENT, "cause.no-file"},
	{syscall.EACCES, "cause.not-permitted"},
	{syscall.ENOSPC, "cause.no-space"},
}

// quiet is an error whose own words add nothing: what it is about, if that can say something.
func quiet(err error) []Phrase {
	if out, known := split(err.Error(), err); known {
		return out
	}
	return nil
}

// said is a phrase, and those of the error that it is about.
func said(key string, pairs []any, why error) []Phrase {
	out := []Phrase{phrase(key, pairs...)}
	if why != nil {
		more, _ := split(why.Error(), why)
		out = append(out, more...)
	}
	return out
}

// phrase makes a phrase of name, value pairs.
func phrase(key string, pairs ...any) Phrase {
	p := Phrase{Key: key}
	for i := 0; i+1 < len(pairs); i += 2 {
		if p.Args == nil {
			p.Args = map[string]string{}
		}
		p.Args[fmt.Sprint(pairs[i])] = fmt.Sprint(pairs[i+1])
	}
	return p
}

func anys(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// Fail makes a failure that can be told in any language: key names the text that a catalogue has of the
// sentence, which is the English of logs. Values follow as name, value pairs and stand for {name} in it. An
// error that comes last, without a name, is why: it is wrapped, and its text follows.
func Fail(kind, key, sentence string, values ...any) *Failure {
	f := &Failure{Kind: kind}
	if n := len(values); n%2 == 1 {
		f.Err, _ = values[n-1].(error)
		values = values[:n-1]
	}
	f.Said, f.Cause = said(key, values, f.Err), fill(sentence, values)
	if f.Err != nil {
		f.Cause += ": " + f.Err.Error()
	}
	return f
}

// Within puts a sentence before an error, as [Fail] does, and keeps its kind; one that has none is wrapped
// as it is.
func Within(err error, key, sentence string, values ...any) error {
	f := Fail("", key, sentence, append(values, err)...)
	var inner *Failure
	if !errors.As(err, &inner) {
		return &spokenError{text: f.Cause, phrase: f.Said[0], why: err}
	}
	f.Kind, f.Broken, f.From, f.Missing = inner.Kind, inner.Broken, inner.From, inner.Missing
	return f
}

// spokenError is an error with a sentence before it.
type spokenError struct {
	text   string
	phrase Phrase
	why    error
}

func (e *spokenError) Error() string { return e.text }

func (e *spokenError) Unwrap() error { return e.why }

// Said implements [Speaker].
func (e *spokenError) Said() (key string, pairs []string, why error) {
	for name, value := range e.phrase.Args {
		pairs = append(pairs, name, value)
	}
	return e.phrase.Key, pairs, e.why
}

// and says one thing more of a failure; the text of the key stands around what was said before.
func (f *Failure) and(key, sentence string, values ...any) {
	f.Cause = fill(sentence, append([]any{"why", f.Cause}, values...))
	if f.Said == nil && f.Err != nil {
		f.Said = phrases(f.Err)
	}
	if f.Said != nil {
		f.Said = append(slices.Clone(f.Said), phrase(key, values...))
	}
}

// fill puts values into a sentence.
func fill(sentence string, values []any) string {
	var old []string
	for i := 0; i+1 < len(values); i += 2 {
		old = append(old, "{"+fmt.Sprint(values[i])+"}", fmt.Sprint(values[i+1]))
	}
	return strings.NewReplacer(old...).Replace(sentence)
}

// What a journal may hold of phrases: a failure of ours has half as many.
const (
	maxPhrases = 16
	maxArgs    = 16
)

// mapped puts all that is said through a function: what masks secrets, or drops what drives a terminal. What
// there is too much of goes.
func mapped(all []Phrase, text func(string) string) []Phrase {
	all = slices.Clone(all[:min(len(all), maxPhrases)])
	for i, p := range all {
		all[i].Key, all[i].Text = bare(p.Key), text(p.Text)
		if p.Args == nil {
			continue
		}
		all[i].Args = map[string]string{}
		for _, name := range slices.Sorted(maps.Keys(p.Args))[:min(len(p.Args), maxArgs)] {
			all[i].Args[bare(name)] = text(p.Args[name])
		}
	}
	return all
}
