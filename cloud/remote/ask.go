package remote

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Asker asks the person. Its functions block until there is an answer or ctx ends; they are called
// one at a time. A nil function is nobody there: an unknown host key is then refused with
// [ErrHostKeyUnknown], a missing password is [ErrAuth].
type Asker struct {
	// HostKey asks whether to trust a host seen for the first time. A changed key is never asked
	// about: it is returned as a [HostKeyError].
	HostKey func(ctx context.Context, k HostKey) (accept bool, err error)
	// Password asks for the password of h. Attempt counts from 1 to 3, then the hop has failed.
	Password func(ctx context.Context, h Hop, attempt int) (string, error)
	// Passphrase asks for what unlocks a private key file, once the server wants that key. Attempt
	// counts from 1 to 3, then the key is left out.
	Passphrase func(ctx context.Context, file string, attempt int) (string, error)
	// Challenge asks what the server wants to know (keyboard-interactive, RFC 4256). The texts come
	// from the server. Echo tells which answers may be shown while typed.
	Challenge func(ctx context.Context, h Hop, instruction string, questions []string, echo []bool) ([]string, error)
}

// attempts is how often a person may try a password or a passphrase.
const attempts = 3

// HostKey is a key a host showed, and what is on record about it.
type HostKey struct {
	Hop         Hop      // without its password
	Addr        string   // the name it is recorded under, as in known_hosts
	Type        string   // "ssh-ed25519"
	Bits        int      // its size, as ssh-keygen -l prints; 0 when it is not known
	Fingerprint string   // SHA256:..., as ssh-keygen -l prints
	Expected    string   // the one of Hop.Expected that it matches; empty: none was handed out
	Known       []string // fingerprints on record, or expected, when changed
	Changed     bool
	KnownFile   string // where the record is, when changed; empty when it was Hop.Fingerprints
	Line        int    // in KnownFile, from 1
}

// HostKeyError is a refused host key: it wraps [ErrHostKeyUnknown], [ErrHostKeyChanged] or
// [ErrHostKeyRevoked] and has what a dialog shows.
type HostKeyError struct {
	HostKey
	Err error
}

// Error names the key that was shown, and the one that was expected instead.
func (e *HostKeyError) Error() string {
	at := e.Addr
	if e.Hop.Host != "" {
		at = e.Hop.Addr() // what people know it by: the record may have another name for it
	}
	s := fmt.Sprintf("%v: %s shows %s key %s", e.Err, at, e.Type, e.Fingerprint)
	for i, k := range e.Known {
		if i == 0 {
			s += ", expected " + k
		} else {
			s += " or " + k
		}
	}
	if e.KnownFile != "" {
		s += fmt.Sprintf(" (%s:%d", e.KnownFile, e.Line)
		if at != e.Addr {
			s += ", as " + e.Addr
		}
		s += ")"
	}
	return s
}

// Said is the key of a text that names the key that was shown, and the one that was expected instead.
func (e *HostKeyError) Said() (key string, pairs []string, why error) {
	key = "cause.key-new"
	switch {
	case errors.Is(e.Err, ErrHostKeyChanged):
		key = "cause.key-other"
	case errors.Is(e.Err, ErrHostKeyRevoked):
		key = "cause.key-bad"
	}
	where := e.Addr
	if e.Hop.Host != "" {
		where = e.Hop.Addr()
	}
	record := ""
	if e.KnownFile != "" {
		record = fmt.Sprintf(" (%s:%d)", e.KnownFile, e.Line)
	}
	return key, []string{"address", where, "type", e.Type, "key", e.Fingerprint, "known", strings.Join(e.Known, ", "), "record", record}, nil
}

// Unwrap returns the sentinel.
func (e *HostKeyError) Unwrap() error { return e.Err }
