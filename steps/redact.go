package steps

import (
	"sort"
	"strings"
	"sync"
	"sync/atomic"
)

// Masked is what stands where a secret was.
const Masked = "••••••"

// Redactor takes secrets out of text. Secrets shorter than four bytes are let through: to hide
// every "a" would hide the text. It is safe for concurrent use; its zero value hides nothing.
type Redactor struct {
	mu       sync.Mutex
	known    map[string]bool
	replacer atomic.Pointer[strings.Replacer]
}

// Add makes values secret from now on.
func (r *Redactor) Add(values ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	changed := false
	for _, v := range values {
		if len(v) < 4 || r.known[v] {
			continue
		}
		if r.known == nil {
			r.known = map[string]bool{}
		}
		r.known[v] = true
		changed = true
	}
	if !changed {
		return
	}
	secrets := make([]string, 0, len(r.known))
	for v := range r.known {
		secrets = append(secrets, v)
	}
	sort.Slice(secrets, func(i, j int) bool { return len(secrets[i]) > len(secrets[j]) }) // a secret that holds another goes first
	pairs := make([]string, 0, 2*len(secrets))
	for _, v := range secrets {
		pairs = append(pairs, v, Masked)
	}
	r.replacer.Store(strings.NewReplacer(pairs...))
}

// Text is s without the secrets.
func (r *Redactor) Text(s string) string {
	if r == nil || s == "" {
		return s
	}
	if rep := r.replacer.Load(); rep != nil {
		return rep.Replace(s)
	}
	return s
}

// Event is e without the secrets, in all that is text.
func (r *Redactor) Event(e Event) Event {
	if r == nil || r.replacer.Load() == nil {
		return e
	}
	e.Command, e.Summary, e.Note = r.Text(e.Command), r.Text(e.Summary), r.Text(e.Note)
	if e.Failure != nil {
		f := *e.Failure
		f.Cause = r.Text(f.Cause)
		e.Failure = &f
	}
	if e.Values != nil {
		values := make(map[string]string, len(e.Values))
		for k, v := range e.Values {
			values[k] = r.Text(v)
		}
		e.Values = values
	}
	return e
}
