package remote

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"matou/cloud"
)

// What reaching a host fails with. Errors of this package wrap one of these inside a [HopError],
// which says at which hop it happened.
var (
	ErrHostKeyUnknown = cloud.Say(errors.New("host key not known"), "cause.key-unknown")        // and nobody there to accept it, or it was declined
	ErrHostKeyChanged = cloud.Say(errors.New("host key changed"), "cause.key-changed")          // not the key on record, nor an expected one
	ErrHostKeyRevoked = cloud.Say(errors.New("host key revoked"), "cause.key-revoked")          // marked @revoked in a known_hosts file
	ErrAuth           = cloud.Say(errors.New("not authenticated"), "cause.login")               // no key or password was accepted
	ErrUnreachable    = cloud.Say(errors.New("unreachable"), "cause.unreachable")               // no connection: refused, no route, no such name, no answer
	ErrLost           = cloud.Say(errors.New("connection lost"), "cause.lost")                  // it was up, and ended before the work did
	ErrClosed         = cloud.Say(errors.New("client closed"), "cause.closed")                  // Client.Close was called
	ErrBadHop         = cloud.Say(errors.New("not a usable hop"), "cause.bad-hop")              // a host name, port or user that cannot be one
	ErrNoShell        = cloud.Say(errors.New("command could not be started"), "cause.no-shell") // the server refused the session, the terminal or the command
)

// HopError is an error with the hop it happened at.
type HopError struct {
	Hop Hop // without its password
	Err error
}

// Error is one printable line: text that came from a server is cleaned of control characters.
func (e *HopError) Error() string {
	return clean(fmt.Sprintf("hop %s: %v", e.Hop, e.Err))
}

// Said is the key of a text that names the hop, its value, and the error behind it.
func (e *HopError) Said() (key string, pairs []string, why error) {
	return "cause.hop", []string{"hop", e.Hop.String()}, e.Err
}

// Unwrap returns the error without the hop.
func (e *HopError) Unwrap() error { return e.Err }

// hopError puts the hop around err, once: the innermost hop that failed is the one to name.
func hopError(h Hop, err error) error {
	var he *HopError
	if err == nil || errors.As(err, &he) {
		return err
	}
	h.Password = ""
	return &HopError{Hop: h, Err: err}
}

// noAnswer is a host that did not answer.
func noAnswer(d time.Duration) error {
	return cloud.Say(fmt.Errorf("no answer within %v", d), "cause.silent", "time", d.String())
}

// retriable tells whether the same attempt may succeed later without anybody doing anything.
func retriable(err error) bool {
	return errors.Is(err, ErrUnreachable) || errors.Is(err, ErrLost)
}

// clean replaces what a terminal would obey by question marks.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case r == unicode.ReplacementChar || !unicode.IsPrint(r):
			return '?'
		}
		return r
	}, s)
}

// cut keeps at most n bytes of s.
func cut(s string, n int) string {
	if len(s) > n {
		return s[:n] + "..."
	}
	return s
}
