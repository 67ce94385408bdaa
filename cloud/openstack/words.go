package openstack

import (
	"errors"
	"strings"

	"matou/cloud"
)

// operations are what is asked of a cloud, as a refusal's text begins, and the keys of the texts that say so
// in other languages. What follows the beginning is what it is about.
var operations = []struct{ begins, key string }{
	{"boot ", "cause.op.boot"},
	{"wait for the end of server ", "cause.op.gone"},
	{"wait for the end of ", "cause.op.gone"},
	{"wait for server ", "cause.op.wait"},
	{"wait for ", "cause.op.wait"},
	{"show server ", "cause.op.show"},
	{"delete server ", "cause.op.delete"},
	{"log in as ", "cause.op.login"},
	{"image ", "cause.op.image"},
	{"flavor ", "cause.op.flavor"},
	{"network ", "cause.op.network"},
	{"keypair ", "cause.op.keypair"},
	{"list servers", "cause.op.servers"},
	{"list images", "cause.op.images"},
	{"list flavors", "cause.op.flavors"},
	{"list networks", "cause.op.networks"},
	{"list keypairs", "cause.op.keypairs"},
	{"choose a network", "cause.op.choose-network"},
}

// operation words what was asked; the key is empty for what only an expert asks.
func operation(op string) (key, subject string) {
	for _, o := range operations {
		if rest, ok := strings.CutPrefix(op, o.begins); ok && (rest == "" || strings.HasSuffix(o.begins, " ")) {
			return o.key, rest
		}
	}
	return "", ""
}

// during puts what was asked before an error, as a refusal does.
func during(op string, err error) error {
	text := errors.New(op + ": " + err.Error())
	key, subject := operation(op)
	if key == "" {
		return &refused{text, err}
	}
	return cloud.SayOf(&refused{text, err}, err, key, "subject", subject)
}

// refused is an error with another text.
type refused struct {
	error
	why error
}

func (r *refused) Unwrap() error { return r.why }

// Said is the key of a text that says what was asked, and the refusal itself behind it.
func (r *refusal) Said() (key string, pairs []string, why error) {
	key, subject := operation(r.op)
	if key == "" {
		return "cause.op.other", []string{"subject", r.op}, answer{r}
	}
	return key, []string{"subject", subject}, answer{r}
}

// answer is a refusal without what was asked.
type answer struct{ of *refusal }

func (a answer) Error() string { return strings.TrimPrefix(a.of.Error(), a.of.op+": ") }

// Said is that of the refusal's kind, and its reason.
func (a answer) Said() (key string, pairs []string, why error) {
	if s, ok := a.of.kind.(interface {
		Said() (string, []string, error)
	}); ok {
		key, pairs, _ = s.Said()
	}
	if a.of.reason != "" {
		why = errors.New(a.of.reason)
		if a.of.key != "" {
			why = cloud.Say(why, a.of.key, a.of.pairs...)
		}
	}
	return key, pairs, why
}

// wording is a reason in words, and what a catalogue needs to say it in others.
type wording struct {
	text, key string
	pairs     []string
}

// inWords makes a wording of a sentence, and of name, value pairs that stand for {name} in it.
func inWords(key, sentence string, pairs ...string) wording {
	var old []string
	for i := 0; i+1 < len(pairs); i += 2 {
		old = append(old, "{"+pairs[i]+"}", pairs[i+1])
	}
	return wording{strings.NewReplacer(old...).Replace(sentence), key, pairs}
}

// because gives a refusal its reason.
func because(op string, kind error, why wording) *refusal {
	return &refusal{op: op, kind: kind, reason: why.text, key: why.key, pairs: why.pairs}
}
