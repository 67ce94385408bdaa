package remote

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

type randReader struct{}

func (randReader) Read(p []byte) (int, error) { return rand.Read(p) }

func rsaSigner(t testing.TB) ssh.Signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// writeKey writes a private key, locked when there is a phrase, and returns its public half.
func writeKey(t testing.TB, path, phrase string) ssh.PublicKey {
	t.Helper()
	_, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var block *pem.Block
	if phrase == "" {
		block, err = ssh.MarshalPrivateKey(priv, "")
	} else {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(priv, "", []byte(phrase))
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(priv)
	if err != nil {
		t.Fatal(err)
	}
	return signer.PublicKey()
}

// typing answers with each word in turn.
func typing(asked *int, words ...string) func(*Options) {
	return func(o *Options) {
		o.Asker.Password = func(_ context.Context, h Hop, attempt int) (string, error) {
			*asked++
			if attempt != *asked || h.Password != "" {
				return "", fmt.Errorf("attempt %d, asked %d times", attempt, *asked)
			}
			return words[min(*asked, len(words))-1], nil
		}
	}
}

func TestPassword(t *testing.T) {
	t.Parallel()
	quits := func(n int) func(*server) { return func(s *server) { s.config.MaxAuthTries = n } }
	keyboard := func(s *server) {
		s.config.PasswordCallback = nil
		s.config.KeyboardInteractiveCallback = func(m ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			a, err := ask("", "", []string{"Password: "}, []bool{false})
			if err != nil {
				return nil, err
			}
			return s.checkPassword(m, []byte(a[0]))
		}
	}
	for _, tt := range []struct {
		name   string
		server func(*server)
		known  string
		words  []string // nil: nobody there
		asked  int
		err    error
	}{
		{"known", nil, "moutarde", nil, 0, nil},
		{"wrong, nobody there", nil, "ketchup", nil, 0, ErrAuth},
		{"none, nobody there", nil, "", nil, 0, ErrAuth},
		{"typed", nil, "", []string{"moutarde"}, 1, nil},
		{"wrong, then typed", nil, "ketchup", []string{"mayo", "moutarde"}, 2, nil},
		{"wrong for ever", nil, "ketchup", []string{"mayo"}, 3, ErrAuth},
		{"server hangs up after each", quits(1), "ketchup", []string{"mayo", "salsa", "moutarde"}, 3, nil},
		{"server hangs up, wrong for ever", quits(1), "", []string{"mayo"}, 3, ErrAuth},
		{"keyboard-interactive, known", keyboard, "moutarde", nil, 0, nil},
		{"keyboard-interactive, typed", keyboard, "ketchup", []string{"mayo", "moutarde"}, 2, nil},
		{"keyboard-interactive, wrong for ever", keyboard, "ketchup", []string{"mayo"}, 3, ErrAuth},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			options := []func(*server){}
			if tt.server != nil {
				options = append(options, tt.server)
			}
			s := newServer(t, options...)
			asked := 0
			c := newClient(t, func(o *Options) {
				if tt.words != nil {
					typing(&asked, tt.words...)(o)
				}
			})
			hop := s.hop()
			hop.Password = tt.known
			_, err := c.Conn(t.Context(), hop)
			if !errors.Is(err, tt.err) || asked != tt.asked {
				t.Fatalf("error %v after %d questions; want %v after %d", err, asked, tt.err, tt.asked)
			}
			for _, secret := range []string{"moutarde", "ketchup", "mayo", "salsa"} {
				if err != nil && strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), secret) {
					t.Errorf("a password shows in %#v", err)
				}
			}
			if err == nil && asked > 0 { // the typed password is good for the next connection too
				s.drop()
				<-c.slots[c.mustKey(hop)].conn.Done()
				connect(t, c, hop)
				if asked != tt.asked {
					t.Error("asked again on reconnecting")
				}
			}
		})
	}
}

func (c *Client) mustKey(h Hop) string {
	legs, err := c.resolve([]Hop{h})
	if err != nil {
		panic(err)
	}
	return legs[0].key
}

func TestChallenge(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(s *server) {
		s.config.PasswordCallback = func(m ssh.ConnMetadata, pw []byte) (*ssh.Permissions, error) {
			if _, err := s.checkPassword(m, pw); err != nil {
				return nil, err
			}
			return nil, &ssh.PartialSuccessError{Next: ssh.ServerAuthCallbacks{
				KeyboardInteractiveCallback: func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
					a, err := ask("", "token", []string{"Code: ", "Colour: "}, []bool{false, true})
					if err != nil || strings.Join(a, " ") != "123 blue" {
						return nil, errors.New("no")
					}
					return nil, nil
				},
			}}
		}
	})
	c := newClient(t, func(o *Options) {
		o.Asker.Challenge = func(_ context.Context, _ Hop, instruction string, questions []string, echo []bool) ([]string, error) {
			if instruction != "token" || len(questions) != 2 || !slices.Equal(echo, []bool{false, true}) {
				return nil, errors.New("asked something else")
			}
			return []string{"123", "blue"}, nil
		}
	})
	connect(t, c, s.hop())
	if _, err := newClient(t).Conn(t.Context(), s.hop()); !errors.Is(err, ErrAuth) {
		t.Errorf("nobody to answer: %v", err)
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	plain, locked := filepath.Join(dir, "plain"), filepath.Join(dir, "locked")
	plainPub, lockedPub := writeKey(t, plain, ""), writeKey(t, locked, "sesame")
	missing := filepath.Join(dir, "missing")
	for _, tt := range []struct {
		name    string
		accepts ssh.PublicKey
		files   []string
		phrases []string
		asked   int
		err     error
	}{
		{"plain", plainPub, []string{missing, plain}, nil, 0, nil},
		{"locked one not needed", plainPub, []string{locked, plain}, []string{"sesame"}, 0, nil},
		{"locked", lockedPub, []string{plain, locked}, []string{"simsim", "sesame"}, 2, nil},
		{"locked, never right", lockedPub, []string{locked}, []string{"a", "b", "c", "d"}, 3, ErrAuth},
		{"locked, nobody there", lockedPub, []string{locked}, nil, 0, ErrAuth},
		{"not accepted", lockedPub, []string{plain}, nil, 0, ErrAuth},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, func(s *server) { s.authKeys = []ssh.PublicKey{tt.accepts}; s.password = "" })
			asked := 0
			c := newClient(t, func(o *Options) {
				if tt.phrases == nil {
					return
				}
				o.Asker.Passphrase = func(_ context.Context, file string, attempt int) (string, error) {
					asked++
					if file != locked || attempt != asked {
						return "", fmt.Errorf("asked for %s, attempt %d", file, attempt)
					}
					return tt.phrases[asked-1], nil
				}
			})
			hop := s.hop()
			hop.KeyFiles = tt.files
			_, err := c.Conn(t.Context(), hop)
			if !errors.Is(err, tt.err) || asked != tt.asked {
				t.Fatalf("error %v after %d questions; want %v after %d", err, asked, tt.err, tt.asked)
			}
			if err == nil && asked > 0 {
				if err := c.Disconnect(hop); err != nil {
					t.Fatal(err)
				}
				connect(t, c, hop)
				if asked != tt.asked {
					t.Error("asked for the passphrase again")
				}
			}
		})
	}
}

// An agent may hold more keys than the server has patience for; the password still gets its turn.
func TestAgent(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("agents listen on named pipes there")
	}
	dir, err := os.MkdirTemp("", "agent") // t.TempDir may be too long for a socket's name
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ring := agent.NewKeyring()
	var last ssh.Signer
	for range 8 {
		_, priv, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if err := ring.Add(agent.AddedKey{PrivateKey: priv}); err != nil {
			t.Fatal(err)
		}
		if last, err = ssh.NewSignerFromKey(priv); err != nil {
			t.Fatal(err)
		}
	}
	ln, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				agent.ServeAgent(ring, conn)
			}()
		}
	}()
	t.Setenv("SSH_AUTH_SOCK", ln.Addr().String())

	s := newServer(t, func(s *server) { s.config.MaxAuthTries = 3 })
	connect(t, newClient(t), s.hop())
	if n := s.accepted.Load(); n != 2 {
		t.Errorf("%d connections, want one for the keys and one for the password", n)
	}
	s = newServer(t, func(s *server) { s.authKeys = []ssh.PublicKey{last.PublicKey()} })
	hop := s.hop()
	hop.Password = ""
	connect(t, newClient(t), hop)
	hop.NoAgent = true
	if _, err := newClient(t).Conn(t.Context(), hop); !errors.Is(err, ErrAuth) {
		t.Errorf("NoAgent: %v", err)
	}
}

// What a hop knows in secret shows nowhere.
func TestHopHidesPassword(t *testing.T) {
	t.Parallel()
	h := Hop{Name: "j", User: "u", Host: "h", Password: "moutarde"}
	for _, s := range []string{fmt.Sprint(h), fmt.Sprintf("%+v %#v %s %q", h, h, &h, h), h.LogValue().String()} {
		if strings.Contains(s, "moutarde") {
			t.Errorf("password in %q", s)
		}
	}
	if got, want := h.String(), "j (u@h:22)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
