package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strconv"

	"matou/cloud"
	"matou/cloud/remote"
	"matou/steps"
	"matou/steps/action"
)

// hosts gives the actions their hosts: cloud/remote behind the interface they ask for.
type hosts struct {
	client *remote.Client
	keys   []string // private key files to offer
	agent  bool     // offer the ssh-agent's
}

// outputKey finds the running action in a context: the questions of a login are put in its name.
type outputKey struct{}

func withOutput(ctx context.Context, out steps.Output) context.Context {
	return context.WithValue(ctx, outputKey{}, out)
}

// ask puts a question to the person through the action that logs in. There may be none: a shell
// opened by itself, say.
func ask(ctx context.Context, q steps.Question) (steps.Answer, error) {
	out, ok := ctx.Value(outputKey{}).(steps.Output)
	if !ok || out == nil {
		return steps.Answer{Nobody: true}, nil
	}
	return out.Ask(ctx, q)
}

// asker turns the questions of a login into those of the engine.
func asker(secret func(ctx context.Context, value string)) remote.Asker {
	return remote.Asker{
		HostKey: func(ctx context.Context, k remote.HostKey) (bool, error) {
			a, err := ask(ctx, steps.Question{
				Kind: steps.AskHostKey, Subject: k.Hop.String(),
				Data: map[string]string{
					"fingerprint": k.Fingerprint, "type": k.Type, "bits": strconv.Itoa(k.Bits), "address": k.Addr, "hop": k.Hop.Name, "expected": k.Expected,
				},
			})
			if err == nil && a.Nobody {
				err = nobody(steps.Question{Kind: steps.AskHostKey, Subject: k.Hop.String()})
			}
			return a.OK, err
		},
		Password: func(ctx context.Context, h remote.Hop, attempt int) (string, error) {
			return askSecret(ctx, secret, steps.Question{Kind: steps.AskPassword, Subject: h.String(), Attempt: attempt})
		},
		Passphrase: func(ctx context.Context, file string, attempt int) (string, error) {
			return askSecret(ctx, secret, steps.Question{Kind: steps.AskPassphrase, Subject: file, Attempt: attempt})
		},
		Challenge: func(ctx context.Context, h remote.Hop, instruction string, questions []string, echo []bool) ([]string, error) {
			answers := make([]string, len(questions))
			for i, question := range questions {
				data := map[string]string{"prompt": steps.Sanitize(question), "instruction": steps.Sanitize(instruction), "echo": fmt.Sprint(echo[i])}
				text, err := askSecret(ctx, secret, steps.Question{Kind: steps.AskPrompt, Subject: h.String(), Data: data})
				if err != nil {
					return nil, err
				}
				answers[i] = text
			}
			return answers, nil
		},
	}
}

// nobody is the failure of a question that nobody was there to answer. One that is asked again was
// answered, and wrong.
func nobody(q steps.Question) error {
	if q.Attempt > 1 {
		return steps.Fail(steps.FailLogin, "cause.wrong."+string(q.Kind), "{subject}: the "+string(q.Kind)+" was refused", "subject", q.Subject)
	}
	return steps.Fail(steps.FailNobody, "cause.nobody."+string(q.Kind), "{subject} asks for a "+string(q.Kind)+", and nobody is there to answer", "subject", q.Subject)
}

func askSecret(ctx context.Context, secret func(context.Context, string), q steps.Question) (string, error) {
	a, err := ask(ctx, q)
	if err != nil {
		return "", err
	}
	switch {
	case a.Nobody:
		return "", nobody(q)
	case !a.OK:
		return "", steps.Fail(steps.FailCanceled, "cause.declined", "{subject}: no answer was given", "subject", q.Subject)
	}
	secret(ctx, a.Text)
	return a.Text, nil
}

func (h *hosts) chain(chain []action.Hop) []remote.Hop {
	out := make([]remote.Hop, len(chain))
	for i, c := range chain {
		out[i] = remote.Hop{
			Name: c.Name, User: c.User, Host: c.Host, Port: c.Port, Password: c.Password, Fingerprints: c.Fingerprints,
			Expected: c.Expected,
			KeyFiles: h.keys, NoAgent: !h.agent, Sudo: c.Sudo,
		}
	}
	return out
}

// Open implements action.Hosts.
func (h *hosts) Open(ctx context.Context, chain []action.Hop, out steps.Output) (action.Host, error) {
	hops := h.chain(chain)
	conn, err := h.client.Conn(withOutput(ctx, out), hops...)
	if err != nil {
		return nil, hostFailure(err)
	}
	return &host{hosts: h, conn: conn, chain: hops}, nil
}

// Forget implements action.Hosts.
func (h *hosts) Forget(chain []action.Hop) error {
	hops := h.chain(chain)
	last := hops[len(hops)-1]
	_ = h.client.Disconnect(hops...) // the server is gone: so is the connection
	return h.client.Forget(last, hops[:len(hops)-1]...)
}

type host struct {
	hosts *hosts
	conn  *remote.Conn
	chain []remote.Hop
}

// Run implements action.Host.
func (h *host) Run(ctx context.Context, line string, out func(string, bool)) (int, error) {
	exit, err := h.conn.Run(ctx, remote.Command{Line: line}, func(l remote.Line) {
		if !l.Overwrite {
			out(l.Text, l.Stderr)
		}
	})
	if err != nil {
		return 0, hostFailure(err)
	}
	if exit.Missing {
		return 0, steps.Fail(steps.FailLost, "cause.end-unknown", "{hop}: the command's end is not known: {text}", "hop", h.conn.Hop().Name, "text", exit)
	}
	return exit.Code, nil
}

// RunOnce implements action.Host.
func (h *host) RunOnce(ctx context.Context, id, line string, out func(string)) (int, error) {
	exit, err := remote.RunOnce(ctx, h.hosts.client, h.chain, remote.Job{ID: id, Line: line}, func(l remote.Line) {
		if !l.Overwrite {
			out(l.Text)
		}
	})
	return exit.Code, hostFailure(err)
}

// ReadFile implements action.Host.
func (h *host) ReadFile(ctx context.Context, path string, limit int) ([]byte, error) {
	data, err := h.conn.ReadFile(ctx, path, limit)
	return data, hostFailure(err)
}

// WriteFile implements action.Host.
func (h *host) WriteFile(ctx context.Context, path string, data []byte) error {
	err := hostFailure(h.conn.WriteFile(ctx, path, data, 0o644))
	var f *steps.Failure
	if err == nil || ctx.Err() != nil || errors.As(err, &f) {
		return err
	}
	return &steps.Failure{Kind: steps.FailDisk, Cause: err.Error(), Err: err} // the host said no, in its own words
}

// Identity implements action.Host.
func (h *host) Identity(ctx context.Context) (action.Identity, error) {
	id, err := h.conn.Identity(ctx)
	if err != nil {
		return action.Identity{}, hostFailure(err)
	}
	fingerprint, trusted := h.conn.HostKey()
	return action.Identity{User: id.User, Hostname: id.Host, Fingerprint: fingerprint, Verified: string(trusted)}, nil
}

// DialContext implements action.Host.
func (h *host) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := h.conn.DialContext(ctx, network, addr)
	return conn, hostFailure(err)
}

// Follow implements action.Host.
func (h *host) Follow(ctx context.Context, path string, lines int, out func(string, bool)) error {
	return hostFailure(remote.Follow(ctx, h.hosts.client, h.chain, path, lines, func(l remote.FollowLine) {
		switch {
		case l.Gap && l.Missed:
			out(fmt.Sprintf("%s, ?", l.Lost), true)
		case l.Gap:
			out(l.Lost.String(), true)
		default:
			out(l.Text, false)
		}
	}))
}

// hostKinds maps what a host refuses with to the kind of failure.
var hostKinds = []struct {
	err  error
	kind string
}{
	{remote.ErrHostKeyUnknown, steps.FailHostKey},
	{remote.ErrHostKeyChanged, steps.FailHostKey},
	{remote.ErrHostKeyRevoked, steps.FailHostKey},
	{remote.ErrAuth, steps.FailLogin},
	{remote.ErrUnreachable, steps.FailUnreachable},
	{remote.ErrLost, steps.FailLost},
	{remote.ErrClosed, steps.FailLost},
	{remote.ErrBadHop, steps.FailValue},
	{remote.ErrNoShell, steps.FailUnreachable},
	{cloud.ErrTooLarge, steps.FailTooLarge},
	{fs.ErrNotExist, steps.FailNotFound},
	{fs.ErrPermission, steps.FailForbidden},
}

func hostFailure(err error) error {
	var f *steps.Failure
	if err == nil || errors.As(err, &f) {
		return err
	}
	for _, k := range hostKinds {
		if errors.Is(err, k.err) {
			return &steps.Failure{Kind: k.kind, Cause: err.Error(), Err: err}
		}
	}
	return err
}
