package remote

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"matou/cloud"
)

// maxKeyFile bounds a private key file.
const maxKeyFile = 1 << 20

// agentTimeout is how long an agent may take to list its keys.
const agentTimeout = 5 * time.Second

// signers are the keys to offer, best first: keys both named and held by the agent (which needs no
// passphrase), named keys, then the agent's others.
func (a *login) signers(ctx context.Context) []ssh.Signer {
	held := a.agentSigners(ctx)
	var named, both []ssh.Signer
	for _, path := range a.leg.KeyFiles {
		signers, err := a.keyFile(ctx, expandHome(path))
		if err != nil {
			a.notes = append(a.notes, fmt.Sprintf("key %s: %v", path, err))
		}
		for _, s := range signers {
			if i := slices.IndexFunc(held, func(h ssh.Signer) bool { return sameKey(h, s) }); i >= 0 {
				both = append(both, held[i])
				held = slices.Delete(held, i, i+1)
			} else if !slices.ContainsFunc(named, func(n ssh.Signer) bool { return sameKey(n, s) }) {
				named = append(named, s)
			}
		}
	}
	if a.leg.onlyFiles {
		held = nil
	}
	all := slices.Concat(both, named, held)
	for i, s := range all {
		all[i] = a.modern(s)
	}
	return all
}

func sameKey(a, b ssh.Signer) bool {
	return bytes.Equal(a.PublicKey().Marshal(), b.PublicKey().Marshal())
}

// modern keeps RSA keys from signing with SHA-1 unless the options allow it.
func (a *login) modern(s ssh.Signer) ssh.Signer {
	as, ok := s.(ssh.AlgorithmSigner)
	t := s.PublicKey().Type()
	if !ok || a.c.o.LegacyAlgorithms || t != ssh.KeyAlgoRSA && t != ssh.CertAlgoRSAv01 {
		return s
	}
	restricted, err := ssh.NewSignerWithAlgorithms(as, []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256})
	if err != nil { // a certificate signer that is restricted already
		return s
	}
	return restricted
}

// keyFile reads a private key, and the certificate beside it if there is one.
func (a *login) keyFile(ctx context.Context, path string) ([]ssh.Signer, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxKeyFile {
		return nil, errors.New("not a key file")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	signer, err := ssh.ParsePrivateKey(data)
	var locked *ssh.PassphraseMissingError
	if errors.As(err, &locked) {
		signer, err = a.lockedKey(ctx, path, data, locked.PublicKey)
	}
	if err != nil {
		return nil, err
	}
	signers := []ssh.Signer{signer}
	if pub := readPublic(path + "-cert.pub"); pub != nil {
		if cert, ok := pub.(*ssh.Certificate); ok {
			if cs, err := ssh.NewCertSigner(cert, signer); err == nil {
				signers = []ssh.Signer{cs, signer}
			}
		}
	}
	return signers, nil
}

func readPublic(path string) ssh.PublicKey {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	pub, _, _, _, err := ssh.ParseAuthorizedKey(data)
	if err != nil {
		return nil
	}
	return pub
}

// lockedKey makes a signer that asks for the passphrase only when the server wants the key. That
// takes the public key, which older formats do not have in the clear.
func (a *login) lockedKey(ctx context.Context, path string, data []byte, pub ssh.PublicKey) (ssh.Signer, error) {
	if pub == nil {
		pub = readPublic(path + ".pub")
	}
	a.c.mu.Lock()
	open := a.c.signers[path]
	a.c.mu.Unlock()
	if open != nil {
		return open, nil
	}
	if a.c.o.Asker.Passphrase == nil {
		return nil, errors.New("locked by a passphrase")
	}
	unlock := func() (ssh.Signer, error) { return a.unlock(ctx, path, data) }
	if pub == nil {
		return unlock()
	}
	return &lockedSigner{pub: pub, unlock: unlock}, nil
}

// unlock asks for the passphrase until it fits, at most three times.
func (a *login) unlock(ctx context.Context, path string, data []byte) (ssh.Signer, error) {
	for n := 1; n <= attempts; n++ {
		var phrase string
		err := a.ask(ctx, func() error {
			var err error
			phrase, err = a.c.o.Asker.Passphrase(ctx, path, n)
			return err
		})
		if err != nil {
			return nil, cloud.During("ask for the passphrase", err, "cause.ask-passphrase")
		}
		signer, err := ssh.ParsePrivateKeyWithPassphrase(data, []byte(phrase))
		if errors.Is(err, x509.IncorrectPasswordError) {
			continue
		}
		if err != nil {
			return nil, err
		}
		a.c.mu.Lock()
		a.c.signers[path] = signer
		a.c.mu.Unlock()
		return signer, nil
	}
	a.notes = append(a.notes, fmt.Sprintf("key %s: wrong passphrase", path))
	return nil, errors.New("wrong passphrase")
}

// lockedSigner is a key that is unlocked by its first signature.
type lockedSigner struct {
	pub    ssh.PublicKey
	unlock func() (ssh.Signer, error)
	open   ssh.Signer
}

func (s *lockedSigner) PublicKey() ssh.PublicKey { return s.pub }

func (s *lockedSigner) Sign(rand io.Reader, data []byte) (*ssh.Signature, error) {
	return s.SignWithAlgorithm(rand, data, "")
}

func (s *lockedSigner) SignWithAlgorithm(rand io.Reader, data []byte, algo string) (*ssh.Signature, error) {
	if s.open == nil {
		open, err := s.unlock()
		if err != nil {
			return nil, err
		}
		s.open = open
	}
	if as, ok := s.open.(ssh.AlgorithmSigner); ok && algo != "" {
		return as.SignWithAlgorithm(rand, data, algo)
	}
	return s.open.Sign(rand, data)
}

// agentSigners are the agent's keys. An agent that is away or silent is no reason to fail.
func (a *login) agentSigners(ctx context.Context) []ssh.Signer {
	sock := os.Getenv("SSH_AUTH_SOCK")
	if a.leg.NoAgent || sock == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, agentTimeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "unix", sock)
	if err != nil {
		a.notes = append(a.notes, "no answer from the ssh agent")
		return nil
	}
	a.done = append(a.done, func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(agentTimeout))
	signers, err := agent.NewClient(conn).Signers()
	if err != nil {
		a.notes = append(a.notes, "no keys from the ssh agent")
		return nil
	}
	// Signing may wait for a person who has to touch a token; that ends with the handshake.
	conn.SetDeadline(time.Time{})
	return signers
}
