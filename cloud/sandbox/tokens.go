package sandbox

import (
	"strings"
	"sync"
	"time"
)

// maxTokens bounds how many tokens are valid at once; the oldest goes first.
const maxTokens = 5000

// token is what a login gives. It lives in memory only: a restart ends all of them, as losing the
// Fernet keys does in a real cloud.
type token struct {
	id      string
	audit   string
	methods []string
	issued  time.Time
	expires time.Time
}

type tokens struct {
	mu    sync.Mutex
	byID  map[string]*token
	order []string
}

func newTokens() *tokens { return &tokens{byID: map[string]*token{}} }

// issue makes a token. The expiry is fixed by its first login: exchanging a token does not prolong
// it.
func (t *tokens) issue(methods []string, expires time.Time) *token {
	t.mu.Lock()
	defer t.mu.Unlock()
	tok := &token{
		id: "gAAAAA" + newSecret(96), audit: newSecret(16), methods: methods,
		issued: time.Now().UTC(), expires: expires.UTC(),
	}
	for len(t.order) >= maxTokens {
		delete(t.byID, t.order[0])
		t.order = t.order[1:]
	}
	t.byID[tok.id] = tok
	t.order = append(t.order, tok.id)
	return tok
}

// valid is the token with that id, or nil when there is none or it has expired.
func (t *tokens) valid(id string) *token {
	t.mu.Lock()
	defer t.mu.Unlock()
	tok := t.byID[strings.TrimSpace(id)]
	if tok == nil || !time.Now().Before(tok.expires) {
		return nil
	}
	return tok
}

// revoke ends a token. It stays counted until it is the oldest.
func (t *tokens) revoke(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.byID, strings.TrimSpace(id))
}

// credential is an application credential: a secret of its own for a program. It is kept in memory.
type credential struct{ id, name, description, secret string }

type credentials struct {
	mu   sync.Mutex
	list []credential
}

// maxCredentials bounds how many there may be.
const maxCredentials = 100
