package steps

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Masked is what stands where a secret was.
const Masked = "••••••"

// Redactor takes secrets out of text. Secrets shorter than four bytes are let through: to hide
// every "a" would hide the text. It is safe for concurrent use; its zero value hides nothing.
type Redactor struct {
	mu      sync.Mutex               // held to change secrets
	secrets atomic.Pointer[[]string] // never changed once it is here
}

// Add makes values secret from now on.
func (r *Redactor) Add(values ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var known []string
	if old := r.secrets.Load(); old != nil {
		known = slices.Clone(*old)
	}
	before := len(known)
	for _, v := range values {
		if len(v) >= 4 && !slices.Contains(known, v) {
			known = append(known, v)
		}
	}
	if len(known) > before {
		r.secrets.Store(&known)
	}
}

// Text is s without the secrets. Of two that overlap no part stays.
func (r *Redactor) Text(s string) string {
	if r == nil || s == "" {
		return s
	}
	secrets := r.secrets.Load()
	if secrets == nil {
		return s
	}
	type span struct{ from, to int }
	var spans []span
	for _, v := range *secrets {
		for at := 0; ; {
			i := strings.Index(s[at:], v)
			if i < 0 {
				break
			}
			spans = append(spans, span{at + i, at + i + len(v)})
			at += i + 1
		}
	}
	if spans == nil {
		return s
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	var b strings.Builder
	end := 0
	for i := 0; i < len(spans); {
		b.WriteString(s[end:spans[i].from])
		b.WriteString(Masked)
		for end = spans[i].to; i < len(spans) && (spans[i].from < end); i++ {
			end = max(end, spans[i].to)
		}
	}
	b.WriteString(s[end:])
	return b.String()
}

// Open is how many bytes at the end of s may be the beginning of a secret: what cuts a stream into
// pieces must keep them back until it knows what follows. No secret in s crosses the cut.
func (r *Redactor) Open(s string) int {
	if r == nil || s == "" {
		return 0
	}
	secrets := r.secrets.Load()
	if secrets == nil {
		return 0
	}
	cut := len(s)
	for _, v := range *secrets {
		for n := min(len(v)-1, len(s)); n > len(s)-cut; n-- {
			if strings.HasSuffix(s, v[:n]) {
				cut = len(s) - n
				break
			}
		}
	}
	for moved := true; moved; {
		moved = false
		for _, v := range *secrets { // one that begins before the cut and ends after it
			from := max(0, cut-len(v)+1)
			if i := strings.Index(s[from:min(len(s), cut+len(v)-1)], v); i >= 0 && from+i < cut {
				cut, moved = from+i, true
			}
		}
	}
	return len(s) - cut
}

// Event is e without the secrets, in all that is text.
func (r *Redactor) Event(e Event) Event {
	if r == nil || r.secrets.Load() == nil {
		return e
	}
	e.Command, e.Summary, e.Note = r.Text(e.Command), r.Text(e.Summary), r.Text(e.Note)
	e.Said = mapped(e.Said, r.Text)
	if e.Failure != nil {
		f := *e.Failure
		f.Cause, f.Said = r.Text(f.Cause), mapped(f.Said, r.Text)
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
