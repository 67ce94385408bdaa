package remote

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"matou/cloud"
)

// The methods of RFC 4252 and RFC 4256 that are used.
const (
	methodKey       = "publickey"
	methodPassword  = "password"
	methodChallenge = "keyboard-interactive"
)

// maxRedials bounds how often one login dials again after the server hung up.
const maxRedials = 4

// graceful is how long a person may think before a server that hung up is taken to have lost
// patience (sshd's LoginGraceTime is 120 s, others have less) rather than to have refused.
const graceful = 15 * time.Second

// login is the attempt to log in at one hop. It outlives the connection: what was tried on one is
// not tried again on the next.
type login struct {
	c    *Client
	leg  leg
	done []func() // closes what was opened for it

	clock   *watchdog     // of the connection there is now
	thought time.Duration // how long people took on this connection
	methods []string      // what the server would take
	phase   string        // the method being tried
	err     error         // our own reason to give up

	keysDone   bool
	keys       int // offered
	keyPartial bool
	candidates []string // passwords to try before asking
	primed     bool     // candidates is filled
	used       string   // the password sent last
	passwords  int      // sent
	asked      int
	rounds     int // of keyboard-interactive
	redials    int
	notes      []string // what made a key unusable
}

func (a *login) begin(clock *watchdog) {
	a.clock, a.thought, a.phase, a.err = clock, 0, "", nil
	if a.keyPartial {
		a.keysDone = false // the key was half of what the server wants, and has to come first again
	}
	if !a.primed {
		a.primed = true
		a.c.mu.Lock()
		typed := a.c.secrets[a.leg.key]
		a.c.mu.Unlock()
		for _, p := range []string{typed, a.leg.Password} {
			if p != "" && !slices.Contains(a.candidates, p) {
				a.candidates = append(a.candidates, p)
			}
		}
	}
}

func (a *login) close() {
	for _, f := range a.done {
		f()
	}
}

// next picks what to try now: keys, then passwords, then whatever the server asks.
func (a *login) next(ctx context.Context, ac *ssh.ClientAuthContext) (ssh.AuthMethod, error) {
	if a.err != nil {
		return nil, a.err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	a.methods = ac.AllowedMethods
	a.keyPartial = slices.Contains(ac.PartialSuccessMethods, methodKey)
	takes := func(m string) bool { return slices.Contains(ac.AllowedMethods, m) }
	if takes(methodKey) && !a.keysDone {
		a.keysDone = true
		if signers := a.signers(ctx); len(signers) > 0 {
			a.phase, a.keys = methodKey, len(signers)
			return ssh.PublicKeys(signers...), nil
		}
	}
	if takes(methodPassword) && !slices.Contains(ac.PartialSuccessMethods, methodPassword) {
		pw, ok, err := a.password(ctx)
		if err != nil {
			return nil, err
		}
		if ok {
			a.phase = methodPassword
			return ssh.Password(pw), nil
		}
	}
	if takes(methodChallenge) && a.asked < attempts && a.rounds <= attempts {
		a.rounds++
		a.phase = methodChallenge
		return ssh.KeyboardInteractive(func(_, instruction string, questions []string, echo []bool) ([]string, error) {
			answers, err := a.challenge(ctx, instruction, questions, echo)
			a.err = err
			return answers, err
		}), nil
	}
	return nil, fmt.Errorf("%w: %w", ErrAuth, a.tried())
}

// password returns the next password to try; ok is false when there is none.
func (a *login) password(ctx context.Context) (pw string, ok bool, err error) {
	if len(a.candidates) > 0 {
		a.used, a.candidates = a.candidates[0], a.candidates[1:]
		a.passwords++
		return a.used, true, nil
	}
	if a.c.o.Asker.Password == nil || a.asked >= attempts {
		return "", false, nil
	}
	a.asked++
	err = a.ask(ctx, func() error {
		var err error
		pw, err = a.c.o.Asker.Password(ctx, a.public(), a.asked)
		return err
	})
	if err != nil {
		return "", false, cloud.During("ask for the password", err, "cause.ask-password")
	}
	a.used = pw
	a.passwords++
	return pw, true, nil
}

// challenge answers a round of keyboard-interactive.
func (a *login) challenge(ctx context.Context, instruction string, questions []string, echo []bool) ([]string, error) {
	if len(questions) == 0 {
		return nil, nil
	}
	asker := a.c.o.Asker.Challenge
	hidden := len(questions) == 1 && !echo[0]
	if hidden && (strings.Contains(strings.ToLower(questions[0]), "password") || asker == nil) {
		pw, ok, err := a.password(ctx)
		if err != nil {
			return nil, err
		}
		if ok {
			return []string{pw}, nil
		}
		return nil, fmt.Errorf("%w: %w", ErrAuth, a.tried())
	}
	if asker == nil {
		text := strconv.Quote(cut(questions[0], 80))
		return nil, fmt.Errorf("%w: %w", ErrAuth, cloud.Say(fmt.Errorf("the server asks %s, and nobody is there to answer", text), "cause.asks", "text", text))
	}
	var answers []string
	err := a.ask(ctx, func() error {
		var err error
		answers, err = asker(ctx, a.public(), instruction, questions, echo)
		return err
	})
	if err != nil {
		return nil, cloud.During("ask what the server wants to know", err, "cause.ask-answer")
	}
	if len(answers) != len(questions) {
		return nil, fmt.Errorf("%w: %d answers to %d questions", ErrAuth, len(answers), len(questions))
	}
	return answers, nil
}

// ask runs a question with the clock stopped, and counts the time it took.
func (a *login) ask(ctx context.Context, question func() error) error {
	start := time.Now()
	defer func() { a.thought += time.Since(start) }()
	return a.c.ask(ctx, a.clock, question)
}

func (a *login) public() Hop {
	h := a.leg.Hop
	h.Password = ""
	return h
}

// summary says what was tried.
func (a *login) summary() string {
	var parts []string
	if a.keys > 0 {
		parts = append(parts, count(a.keys, "key")+" not accepted")
	}
	switch {
	case a.passwords > 0:
		parts = append(parts, count(a.passwords, "password")+" not accepted")
	case slices.Contains(a.methods, methodPassword):
		parts = append(parts, "no password known")
	}
	parts = append(parts, a.notes...)
	return strings.Join(append(parts, "the server takes "+a.takes()), "; ")
}

// tried is [login.summary] as an error: what a server did not take, and what it would.
func (a *login) tried() error {
	err := errors.New(a.summary())
	switch {
	case len(a.notes) > 0: // of key files, and those have much to say
		return err
	case a.passwords > 0 && a.keys > 0:
		return cloud.Say(err, "cause.tried-both", "keys", strconv.Itoa(a.keys), "passwords", strconv.Itoa(a.passwords), "methods", a.takes())
	case a.passwords > 0:
		return cloud.Say(err, "cause.tried-passwords", "n", strconv.Itoa(a.passwords), "methods", a.takes())
	case slices.Contains(a.methods, methodPassword):
		return cloud.Say(err, "cause.tried-nothing", "methods", a.takes())
	case a.keys > 0:
		return cloud.Say(err, "cause.tried-keys", "n", strconv.Itoa(a.keys), "methods", a.takes())
	}
	return cloud.Say(err, "cause.takes", "methods", a.takes())
}

// takes lists the ways to log in that the server offers.
func (a *login) takes() string { return cut(strings.Join(a.methods, ", "), 200) }

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// again tells whether to dial once more after err.
func (a *login) again(err error) bool {
	if !errors.Is(err, ErrLost) || a.redials >= maxRedials {
		return false
	}
	a.redials++
	takesMore := slices.Contains(a.methods, methodPassword) || slices.Contains(a.methods, methodChallenge)
	switch {
	case a.thought >= graceful:
		if a.used != "" { // it may never have been looked at
			a.candidates = append(a.candidates, a.used)
			a.used = ""
		}
		return true
	case a.phase == methodKey:
		return takesMore
	case a.phase != "":
		return len(a.candidates) > 0 || a.c.o.Asker.Password != nil && a.asked < attempts && a.passwords > 0
	}
	return false
}

// final words the error the login ends with. A server that says why it hung up has refused us.
func (a *login) final(err error) error {
	if errors.Is(err, ErrLost) && a.phase != "" && strings.Contains(err.Error(), "ssh: disconnect, reason") {
		return fmt.Errorf("%w: %s; %s", ErrAuth, a.summary(), err.Error())
	}
	return err
}

// explain turns what x/crypto's handshake failed with into what it means.
func (a *login) explain(ctx context.Context, err, refused error, late, trusted bool) error {
	var negotiation *ssh.AlgorithmNegotiationError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case refused != nil:
		return refused
	case late:
		return fmt.Errorf("%w: %w", ErrUnreachable, cloud.Say(fmt.Errorf("connected, but no answer in the handshake within %v", a.c.o.HandshakeTimeout),
			"cause.silent-handshake", "time", a.c.o.HandshakeTimeout.String()))
	case a.err != nil:
		return a.err
	case errors.As(err, &negotiation):
		return cloud.During("no common algorithm", err, "cause.algorithms")
	case !trusted:
		return fmt.Errorf("%w: %w", ErrUnreachable, cloud.During("connected, but the handshake failed", err, "cause.handshake"))
	}
	return cloud.SayOf(fmt.Errorf("%w while logging in: %w", ErrLost, err), err, "cause.lost-login")
}

// remember keeps a typed password that worked, for when the connection has to be made again.
func (a *login) remember() {
	if a.used == "" || a.used == a.leg.Password {
		return
	}
	a.c.mu.Lock()
	defer a.c.mu.Unlock()
	if !a.c.closed {
		a.c.secrets[a.leg.key] = a.used
	}
}
