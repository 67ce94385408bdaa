package remote

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"matou/cloud"
)

// names are the known_hosts names a leg's key may be under, the one we record it under first.
func (l leg) names() []string {
	if l.plain != "" {
		return []string{l.alias, l.plain}
	}
	return []string{l.alias}
}

// plainKey is the key itself, which is what fingerprints are printed of.
func plainKey(key ssh.PublicKey) ssh.PublicKey {
	if cert, ok := key.(*ssh.Certificate); ok {
		return cert.Key
	}
	return key
}

// verify decides about the key a host shows. It runs inside the key exchange: nothing about the
// person has been sent yet, and nothing will be when it returns an error.
func (c *Client) verify(ctx context.Context, l leg, key ssh.PublicKey, clock *watchdog) (Trust, error) {
	rec, err := c.known.load(l.knownFiles)
	if err != nil {
		return "", err
	}
	v, trust := look(rec, l, key)
	shown := HostKey{
		Hop: l.Hop, Addr: l.alias, Type: plainKey(key).Type(), Bits: bitsOf(plainKey(key)), Fingerprint: ssh.FingerprintSHA256(plainKey(key)),
	}
	shown.Hop.Password = ""
	for _, k := range v.want {
		shown.Known = append(shown.Known, ssh.FingerprintSHA256(k.Key))
		if shown.KnownFile == "" {
			shown.KnownFile, shown.Line = rec.file(k.Filename), k.Line
		}
	}
	if errors.Is(v.err, ErrHostKeyRevoked) {
		return "", &HostKeyError{shown, v.err}
	}
	if len(l.Fingerprints) > 0 {
		return c.verifyExpected(l, key, shown, v)
	}
	if i := matching(l.Expected, shown.Fingerprint); i >= 0 {
		shown.Expected = shown.Fingerprint
	} else if len(l.Expected) > 0 {
		shown.Changed, shown.Known, shown.KnownFile, shown.Line = true, l.Expected, "", 0
		return "", &HostKeyError{shown, ErrHostKeyChanged}
	}
	switch {
	case v.err == nil:
		return trust, nil
	case errors.Is(v.err, ErrHostKeyChanged):
		shown.Changed = true
		return "", &HostKeyError{shown, v.err}
	}
	return c.verifyAsking(ctx, l, key, shown, clock)
}

// look asks the record under each of the leg's names. A key on record under the plain name is the
// host's, but another key there proves nothing: the name may mean another machine where it is said.
func look(rec *record, l leg, key ssh.PublicKey) (verdict, Trust) {
	v := rec.check(l.alias, key)
	if errors.Is(v.err, ErrHostKeyUnknown) && l.plain != "" {
		if plain := rec.check(l.plain, key); plain.err == nil || errors.Is(plain.err, ErrHostKeyRevoked) {
			v = plain
		}
	}
	if v.cert {
		return v, TrustCertificate
	}
	return v, TrustKnown
}

// verifyExpected goes by the fingerprints the caller has from elsewhere. They outweigh an older
// record: a new server may have got the address of one that is gone.
func (c *Client) verifyExpected(l leg, key ssh.PublicKey, shown HostKey, v verdict) (Trust, error) {
	if matching(l.Fingerprints, shown.Fingerprint) < 0 {
		shown.Changed, shown.Known, shown.KnownFile, shown.Line = true, l.Fingerprints, "", 0
		return "", &HostKeyError{shown, ErrHostKeyChanged}
	}
	if v.err != nil {
		c.known.add(l.alias, key, true)
	}
	return TrustFingerprint, nil
}

// matching finds a fingerprint among others, which may be written with the padding of base64 or without
// the name of the hash. It is -1 when it is not among them.
func matching(list []string, fingerprint string) int {
	return slices.IndexFunc(list, func(want string) bool {
		want = strings.TrimRight(strings.TrimSpace(want), "=")
		return want == fingerprint || "SHA256:"+want == fingerprint
	})
}

func (c *Client) verifyAsking(ctx context.Context, l leg, key ssh.PublicKey, shown HostKey, clock *watchdog) (Trust, error) {
	if c.o.Asker.HostKey == nil {
		return "", &HostKeyError{shown, ErrHostKeyUnknown}
	}
	accepted := false
	err := c.ask(ctx, clock, func() error {
		// Somebody may have been asked about this very key while we waited for our turn.
		if rec, err := c.known.load(l.knownFiles); err == nil {
			if v, _ := look(rec, l, key); v.err == nil {
				accepted = true
				return nil
			}
		}
		var err error
		if accepted, err = c.o.Asker.HostKey(ctx, shown); err == nil && accepted {
			c.known.add(l.alias, key, false)
		}
		return err
	})
	if err != nil {
		return "", cloud.During("ask about the host key", err, "cause.ask-key")
	}
	if !accepted {
		return "", &HostKeyError{shown, ErrHostKeyUnknown}
	}
	return TrustAccepted, nil
}

// ask runs a question: one at a time, with the handshake's clock stopped.
func (c *Client) ask(ctx context.Context, clock *watchdog, question func() error) error {
	defer clock.pause()()
	select {
	case c.asking <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-c.asking }()
	return question()
}

func decodeBase64(b []byte) []byte {
	data, err := base64.StdEncoding.DecodeString(string(b))
	if err != nil {
		return nil
	}
	return data
}

// goodHash tells whether a hashed host name has the form |1|salt|hash.
func goodHash(s string) bool {
	parts := strings.Split(s, "|")
	return len(parts) == 4 && parts[1] == "1" && decodeBase64([]byte(parts[2])) != nil && decodeBase64([]byte(parts[3])) != nil
}

// bitsOf is a key's size, 0 for a kind that has none.
func bitsOf(key ssh.PublicKey) int {
	k, ok := key.(ssh.CryptoPublicKey)
	if !ok {
		return 0
	}
	switch k := k.CryptoPublicKey().(type) {
	case *rsa.PublicKey:
		return k.N.BitLen()
	case *ecdsa.PublicKey:
		return k.Curve.Params().BitSize
	case ed25519.PublicKey:
		return 8 * len(k)
	}
	return 0
}
