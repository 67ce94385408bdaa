package cloud

import "fmt"

// said is an error that a person can be told in another language than the one of its text.
type said struct {
	error
	key   string
	pairs []string
	why   error
}

// Unwrap is the error whose text it is.
func (s *said) Unwrap() error { return s.error }

// Said is the key of the text that a catalogue has for the error, its values as name, value pairs, and the
// error whose text follows its own; nil when none does.
func (s *said) Said() (key string, pairs []string, why error) { return s.key, s.pairs, s.why }

// Say gives an error the key of the text that tells it in other languages, and the values of that text, as
// name, value pairs. The error and its own text stay as they are.
func Say(err error, key string, pairs ...string) error {
	return &said{error: err, key: key, pairs: pairs}
}

// SayOf is [Say] for an error whose text ends in that of another, why, which may have something to say too.
func SayOf(err, why error, key string, pairs ...string) error {
	return &said{error: err, key: key, pairs: pairs, why: why}
}

// During puts what was being done before an error, and gives that the key of the text that tells it, see [SayOf].
func During(what string, err error, key string, pairs ...string) error {
	return SayOf(fmt.Errorf("%s: %w", what, err), err, key, pairs...)
}
