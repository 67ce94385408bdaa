package remote

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"
)

// unknown makes the hop one whose key must be looked up or asked about.
func unknown(h Hop) Hop {
	h.Fingerprints = nil
	return h
}

func accepting(asked *[]HostKey, answer bool) func(*Options) {
	return func(o *Options) {
		o.Asker.HostKey = func(_ context.Context, k HostKey) (bool, error) {
			*asked = append(*asked, k)
			return answer, nil
		}
	}
}

func TestHostKeyFirstUse(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	hop := unknown(s.hop())
	var asked []HostKey
	file := filepath.Join(t.TempDir(), "a", "b", "known_hosts")
	own := func(o *Options) { o.KnownHosts = file }
	c := newClient(t, own, accepting(&asked, true))
	connect(t, c, hop)
	if len(asked) != 1 || asked[0].Fingerprint != s.fingerprint() || asked[0].Type != "ssh-ed25519" || asked[0].Bits != 256 || asked[0].Hop.Password != "" {
		t.Fatalf("asked %+v", asked)
	}
	if st := c.States(); len(st) != 1 || st[0].Verified != TrustAccepted || !st[0].Up || st[0].Fingerprint != s.fingerprint() {
		t.Errorf("states %+v", st)
	}
	data, err := os.ReadFile(file)
	if want := fmt.Sprintf("[127.0.0.1]:%d ssh-ed25519 ", hop.Port); err != nil || !strings.HasPrefix(string(data), want) {
		t.Errorf("recorded %q, %v; want %q", data, err, want)
	}
	if info, err := os.Stat(file); runtime.GOOS != "windows" && (err != nil || info.Mode().Perm() != 0o600) {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}

	// Nobody is asked a second time, in this process or the next.
	c2 := newClient(t, own)
	connect(t, c2, hop)
	if st := c2.States(); st[0].Verified != TrustKnown {
		t.Errorf("verified by %q", st[0].Verified)
	}
	if err := c2.Forget(hop); err != nil {
		t.Fatal(err)
	}
	if _, err := newClient(t, own).Conn(t.Context(), hop); !errors.Is(err, ErrHostKeyUnknown) {
		t.Errorf("after Forget: %v", err)
	}
}

// TestHostKeyHandedOut: a key that was handed out is asked about once, with what it was compared to.
func TestHostKeyHandedOut(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	hop := unknown(s.hop())
	hop.Expected = []string{"SHA256:another", strings.TrimPrefix(s.fingerprint(), "SHA256:") + "="}
	var asked []HostKey
	c := newClient(t, accepting(&asked, true))
	connect(t, c, hop)
	if len(asked) != 1 || asked[0].Expected != s.fingerprint() || asked[0].Changed {
		t.Fatalf("asked %+v", asked)
	}
	if err := c.Disconnect(hop); err != nil {
		t.Fatal(err)
	}
	connect(t, c, hop)
	if len(asked) != 1 {
		t.Errorf("asked again: %+v", asked)
	}
}

// TestHostKeyErrorNamesTheHost: people know a host by the name they gave, not by that of the record.
func TestHostKeyErrorNamesTheHost(t *testing.T) {
	t.Parallel()
	err := &HostKeyError{HostKey{
		Hop: Hop{Name: "inception", Host: "127.0.0.1", Port: 2207}, Addr: "127-0-0-1.via.jump:2207", Type: "ssh-ed25519",
		Fingerprint: "SHA256:new", Known: []string{"SHA256:old"}, KnownFile: "known_hosts", Line: 3,
	}, ErrHostKeyChanged}
	want := "host key changed: 127.0.0.1:2207 shows ssh-ed25519 key SHA256:new, expected SHA256:old (known_hosts:3, as 127-0-0-1.via.jump:2207)"
	if err.Error() != want {
		t.Errorf("%q, want %q", err.Error(), want)
	}
}

// A key that is refused ends the attempt before the server learns anything about the person.
func TestHostKeyBeforeLogin(t *testing.T) {
	t.Parallel()
	other := newSigner(t).PublicKey()
	line := func(s *server, marker string, key ssh.PublicKey) string {
		return marker + knownhosts.Line([]string{s.ln.Addr().String()}, key) + "\n"
	}
	tests := []struct {
		name string
		set  func(s *server, h *Hop) string // what the known_hosts file has
		asks bool
		want error
	}{
		{"unknown, nobody there", func(*server, *Hop) string { return "" }, false, ErrHostKeyUnknown},
		{"unknown, declined", func(*server, *Hop) string { return "" }, true, ErrHostKeyUnknown},
		{"changed", func(s *server, _ *Hop) string { return line(s, "", other) }, true, ErrHostKeyChanged},
		{"changed, hashed", func(s *server, _ *Hop) string {
			return xknownhosts.HashHostname(knownhosts.Normalize(s.ln.Addr().String())) + " ssh-ed25519 " +
				strings.Fields(line(s, "", other))[2] + "\n"
		}, true, ErrHostKeyChanged},
		{"revoked", func(s *server, _ *Hop) string { return line(s, "@revoked ", s.key.PublicKey()) }, true, ErrHostKeyRevoked},
		{"revoked, though expected", func(s *server, h *Hop) string {
			h.Fingerprints = []string{s.fingerprint()}
			return line(s, "@revoked ", s.key.PublicKey())
		}, true, ErrHostKeyRevoked},
		{"another fingerprint expected, though known", func(s *server, h *Hop) string {
			h.Fingerprints = []string{ssh.FingerprintSHA256(other)}
			return line(s, "", s.key.PublicKey())
		}, true, ErrHostKeyChanged},
		{"another fingerprint handed out", func(_ *server, h *Hop) string {
			h.Expected = []string{ssh.FingerprintSHA256(other)}
			return ""
		}, true, ErrHostKeyChanged},
		{"another fingerprint handed out, though known", func(s *server, h *Hop) string {
			h.Expected = []string{ssh.FingerprintSHA256(other)}
			return line(s, "", s.key.PublicKey())
		}, true, ErrHostKeyChanged},
		{"changed, though handed out", func(s *server, h *Hop) string {
			h.Expected = []string{s.fingerprint()}
			return line(s, "", other)
		}, true, ErrHostKeyChanged},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			hop := unknown(s.hop())
			file := filepath.Join(t.TempDir(), "known_hosts")
			if err := os.WriteFile(file, []byte(tt.set(s, &hop)), 0o600); err != nil {
				t.Fatal(err)
			}
			var asked []HostKey
			c := newClient(t, func(o *Options) { o.ReadKnownHosts = []string{file} }, func(o *Options) {
				if tt.asks {
					accepting(&asked, false)(o)
				}
			})
			_, err := c.Conn(t.Context(), hop)
			if !errors.Is(err, tt.want) {
				t.Fatalf("error %v, want %v", err, tt.want)
			}
			if n := s.tries.Load(); n != 0 {
				t.Errorf("%d attempts to log in", n)
			}
			var ke *HostKeyError
			if !errors.As(err, &ke) || ke.Fingerprint != s.fingerprint() {
				t.Fatalf("no HostKeyError with the key that was shown: %#v", err)
			}
			if errors.Is(tt.want, ErrHostKeyChanged) {
				if len(asked) != 0 || !ke.Changed || len(ke.Known) != 1 || ke.Known[0] != ssh.FingerprintSHA256(other) {
					t.Errorf("asked %d times, known %v", len(asked), ke.Known)
				}
				if !strings.Contains(err.Error(), s.fingerprint()) || !strings.Contains(err.Error(), ke.Known[0]) {
					t.Errorf("%q does not have both fingerprints", err)
				}
				fromElsewhere := slices.Contains(slices.Concat(hop.Fingerprints, hop.Expected), ke.Known[0])
				if !fromElsewhere && (ke.KnownFile != file || ke.Line != 1) {
					t.Errorf("record at %s:%d", ke.KnownFile, ke.Line)
				}
			}
		})
	}
}

func TestHostKeyExpected(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	hop := s.hop()
	file := filepath.Join(t.TempDir(), "known_hosts")
	stale := knownhosts.Line([]string{hop.Addr()}, newSigner(t).PublicKey())
	if err := os.WriteFile(file, []byte("# mine\n"+stale+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := newClient(t, func(o *Options) { o.KnownHosts = file })
	connect(t, c, hop) // the address went to a new server, whose fingerprint is known
	if st := c.States(); st[0].Verified != TrustFingerprint {
		t.Errorf("verified by %q", st[0].Verified)
	}
	data, _ := os.ReadFile(file)
	if want := "# mine\n" + knownhosts.Line([]string{hop.Addr()}, s.key.PublicKey()) + "\n"; string(data) != want {
		t.Errorf("file is %q, want %q", data, want)
	}
}

// A known ed25519 key is asked for, though the server has others that would be taken first.
func TestHostKeyAlgorithm(t *testing.T) {
	t.Parallel()
	rsaKey := rsaSigner(t)
	s := newServer(t, func(s *server) { s.config.AddHostKey(rsaKey) })
	for _, key := range []ssh.PublicKey{s.key.PublicKey(), rsaKey.PublicKey()} {
		file := filepath.Join(t.TempDir(), "known_hosts")
		if err := os.WriteFile(file, []byte(knownhosts.Line([]string{s.ln.Addr().String()}, key)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		c := newClient(t, func(o *Options) { o.ReadKnownHosts = []string{file} })
		connect(t, c, unknown(s.hop()))
		if got := c.States()[0].KeyType; got != key.Type() {
			t.Errorf("%s on record, got %s", key.Type(), got)
		}
	}
}

func TestHostCertificate(t *testing.T) {
	t.Parallel()
	ca, key := rsaSigner(t), newSigner(t)
	cert := &ssh.Certificate{
		Key: key.PublicKey(), CertType: ssh.HostCert, ValidPrincipals: []string{"127.0.0.1"}, ValidBefore: ssh.CertTimeInfinity,
	}
	if err := cert.SignCert(randReader{}, ca); err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewCertSigner(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(t, func(s *server) { s.key = key; s.config.AddHostKey(signer) })
	file := filepath.Join(t.TempDir(), "known_hosts")
	line := "@cert-authority " + knownhosts.Line([]string{s.ln.Addr().String()}, ca.PublicKey()) + "\n"
	if err := os.WriteFile(file, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	c := newClient(t, func(o *Options) { o.ReadKnownHosts = []string{file} })
	connect(t, c, unknown(s.hop()))
	if st := c.States()[0]; st.Verified != TrustCertificate || st.Fingerprint != s.fingerprint() {
		t.Errorf("verified %+v", st)
	}
	// Without the authority the host is asked for its plain key, and that is unknown.
	if _, err := newClient(t).Conn(t.Context(), unknown(s.hop())); !errors.Is(err, ErrHostKeyUnknown) {
		t.Errorf("no authority: %v", err)
	}
}

func TestKnownHostsBadLines(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	good := knownhosts.Line([]string{s.ln.Addr().String()}, s.key.PublicKey())
	file := filepath.Join(t.TempDir(), "known_hosts")
	text := "host ssh-new AAAA\r\n@strange x y z\n[::1 ssh-ed25519 AAAA\n\xff\n" + strings.Repeat("x", 1<<17) + "\n" + good + "\r\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := newClient(t, func(o *Options) { o.ReadKnownHosts = []string{file, filepath.Join(t.TempDir(), "missing")} })
	connect(t, c, unknown(s.hop()))
	if err := c.KnownHostsError(); err != nil {
		t.Error(err)
	}
}

// Accepted keys hold without a file, and what could not be written is told.
func TestKnownHostsNotWritable(t *testing.T) {
	t.Parallel()
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := newServer(t)
	var asked []HostKey
	c := newClient(t, func(o *Options) { o.KnownHosts = filepath.Join(blocked, "known_hosts") }, accepting(&asked, true))
	hop := unknown(s.hop())
	connect(t, c, hop)
	if err := c.Disconnect(hop); err != nil {
		t.Fatal(err)
	}
	conn := connect(t, c, hop)
	if len(asked) != 1 || conn.trust != TrustKnown || c.KnownHostsError() == nil {
		t.Errorf("asked %d times, trust %q, error %v", len(asked), conn.trust, c.KnownHostsError())
	}
	if err := c.Forget(hop); err == nil {
		t.Error("Forget said nothing of the file it could not read")
	}
}

// Two who meet the same unknown host at once lead to one question.
func TestHostKeyAskedOnce(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	var asked []HostKey
	c := newClient(t, accepting(&asked, true))
	var wg sync.WaitGroup
	for i := range 6 {
		hop := unknown(s.hop())
		hop.User = fmt.Sprint("user", i%3)
		wg.Go(func() {
			if _, err := c.Conn(t.Context(), hop); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := s.accepted.Load(); len(asked) != 1 || n != 3 {
		t.Errorf("asked %d times over %d connections; want 1 over 3", len(asked), n)
	}
}

func TestAliases(t *testing.T) {
	t.Parallel()
	hops := func(h ...Hop) []Hop { return h }
	jump, container := Hop{Host: "Jump.example"}, Hop{Host: "127.0.0.1", Port: 2201}
	for _, tt := range []struct {
		chain        []Hop
		alias, plain string
	}{
		{hops(jump), "jump.example:22", ""},
		{hops(Hop{Host: "jump.example", Port: 2222}), "jump.example:2222", ""},
		{hops(container), "127.0.0.1:2201", ""},
		{hops(jump, container), "127.0.0.1.via.jump.example:2201", ""},
		{hops(jump, container, Hop{Host: "10.0.0.5"}), "10.0.0.5.via.127.0.0.1-2201.via.jump.example:22", "10.0.0.5:22"},
		{hops(jump, Hop{Host: "fe80::1"}), "fe80--1.via.jump.example:22", "[fe80::1]:22"},
	} {
		legs, err := newClient(t).resolve(tt.chain)
		if err != nil {
			t.Fatal(err)
		}
		if l := legs[len(legs)-1]; l.alias != tt.alias || l.plain != tt.plain {
			t.Errorf("%v: %q %q, want %q %q", tt.chain, l.alias, l.plain, tt.alias, tt.plain)
		}
	}
	for _, host := range []string{"", "a b", "a,b", "*", "!a", "a\n", "|1|x|y", "#x", "@revoked", "a\x1b[2J", "a/b"} {
		if _, err := newClient(t).resolve([]Hop{{Host: host}}); !errors.Is(err, ErrBadHop) {
			t.Errorf("host %q: %v", host, err)
		}
	}
}

func FuzzCleanKnownHosts(f *testing.F) {
	key := newSigner(f).PublicKey()
	good := knownhosts.Line([]string{"h"}, key)
	f.Add([]byte(good))
	f.Add([]byte("@cert-authority *.x " + good[2:] + "\n|1|AA|BB " + good[2:]))
	f.Add([]byte("@revoked\n[a ssh-rsa x\n!, ssh-ed25519 y"))
	f.Fuzz(func(t *testing.T, data []byte) {
		cleaned, changed := cleanKnownHosts(data)
		if !changed && string(cleaned) != string(data) {
			t.Fatal("changed without saying so")
		}
		file := filepath.Join(t.TempDir(), "k")
		if err := os.WriteFile(file, cleaned, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := knownhosts.NewDB(file); err != nil {
			t.Fatalf("%q still stops the parser: %v", cleaned, err)
		}
		if strings.Count(string(cleaned), "\n") != strings.Count(string(data), "\n") {
			t.Fatal("lines are numbered differently")
		}
	})
}

// TestBits: a key's size is what ssh-keygen -l prints.
func TestBits(t *testing.T) {
	t.Parallel()
	small, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	large, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for want, key := range map[int]any{521: &small.PublicKey, 2048: &large.PublicKey} {
		public, err := ssh.NewPublicKey(key)
		if err != nil {
			t.Fatal(err)
		}
		if got := bitsOf(public); got != want {
			t.Errorf("%s: %d", public.Type(), got)
		}
	}
	if got := bitsOf(nil); got != 0 {
		t.Errorf("no key: %d", got)
	}
}
