package openstack

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// sealed finds the one file of a folder of sessions.
func sealed(t *testing.T, dir string) (name string, data []byte) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(names) != 1 {
		t.Fatalf("files: %q, %v", names, err)
	}
	if data, err = os.ReadFile(names[0]); err != nil {
		t.Fatal(err)
	}
	return names[0], data
}

func TestSessionKept(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	s := Sessions{Dir: filepath.Join(t.TempDir(), "a", "b")}
	f.future(t)
	first, err := s.Login(t.Context(), f.credentials(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if _, err := first.Servers(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Keep(first); err != nil {
		t.Fatal(err)
	}
	name, data := sealed(t, s.Dir)
	if info, err := os.Stat(name); err != nil || os.PathSeparator == '/' && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	for _, secret := range []string{password, first.Token(), "participant", f.URL} {
		if bytes.Contains(data, []byte(secret)) || strings.Contains(name, secret) {
			t.Errorf("%q is there to be read", secret)
		}
	}

	before := len(f.calls)
	second, err := s.Login(t.Context(), f.credentials(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if servers, err := second.Servers(t.Context()); err != nil || len(servers) == 0 {
		t.Errorf("servers: %v, %v", servers, err)
	}
	if asked := f.calls[before:]; len(asked) != 1 {
		t.Errorf("with a kept session, it takes %q", asked)
	}
	if a, b := first.Identity(), second.Identity(); a != b || b.Expires.IsZero() {
		t.Errorf("identities: %+v, %+v", a, b)
	}
	if err := s.Keep(second); err != nil {
		t.Fatal(err)
	}
	if _, again := sealed(t, s.Dir); !bytes.Equal(data, again) {
		t.Error("nothing has changed, and it was written again")
	}
}

// TestSessionRevoked: the cloud forgets tokens when a password changes, or by an administrator.
func TestSessionRevoked(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.future(t)
	s := Sessions{Dir: t.TempDir()}
	client, err := s.Login(t.Context(), f.credentials(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := s.Keep(client); err != nil {
		t.Fatal(err)
	}
	f.mu.Lock()
	f.logins += 10 // another token is the good one now
	f.mu.Unlock()
	again, err := s.Login(t.Context(), f.credentials(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if _, err := again.Servers(t.Context()); err != nil {
		t.Fatal(err)
	}
	if again.Token() == client.Token() {
		t.Error("the old token is still used")
	}
	if err := s.Keep(again); err != nil {
		t.Fatal(err)
	}
	if kept, err := s.load(f.credentials()); err != nil || kept.Token != again.Token() {
		t.Errorf("kept: %v", err)
	}
}

func TestSessionUseless(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.future(t)
	good := f.credentials()
	other := good.WithPassword("another")
	tests := []struct {
		name   string
		spoil  func(t *testing.T, s Sessions, file string, data []byte)
		with   Credentials
		remain bool
	}{
		{"none", func(t *testing.T, _ Sessions, file string, _ []byte) { os.Remove(file) }, good, false},
		{"short", func(t *testing.T, _ Sessions, file string, _ []byte) { os.WriteFile(file, []byte("x"), 0o600) }, good, true},
		{"changed", func(t *testing.T, _ Sessions, file string, data []byte) {
			data[len(data)/2] ^= 1
			os.WriteFile(file, data, 0o600)
		}, good, false},
		{"another password", func(*testing.T, Sessions, string, []byte) {}, other, false},
		{"over", func(t *testing.T, s Sessions, _ string, _ []byte) {
			kept, err := s.load(good)
			kept.Expires = time.Now().Add(tooLate / 2)
			if err != nil || s.save(good, kept) != nil {
				t.Fatal(err)
			}
		}, good, false},
		{"no secret", func(*testing.T, Sessions, string, []byte) {}, good.WithPassword(""), true},
	}
	for _, tt := range tests {
		s := Sessions{Dir: t.TempDir()}
		client, err := Login(t.Context(), good, Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		if err := s.Keep(client); err != nil {
			t.Fatal(err)
		}
		file, data := sealed(t, s.Dir)
		tt.spoil(t, s, file, data)
		if kept, err := s.load(tt.with); err == nil {
			t.Errorf("%s: a session until %v", tt.name, kept.Expires)
		}
		if _, err := os.Stat(file); (err == nil) != tt.remain {
			t.Errorf("%s: the file: %v", tt.name, err)
		}
	}
}

// future makes the fake's tokens good for an hour from now.
func (f *fake) future(t *testing.T) {
	t.Helper()
	var doc map[string]map[string]any
	if err := json.Unmarshal([]byte(fixture(t, "token")), &doc); err != nil {
		t.Fatal(err)
	}
	doc["token"]["expires_at"] = time.Now().Add(time.Hour).UTC().Format("2006-01-02T15:04:05.000000Z")
	text, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	f.tokenText = string(text)
}

func TestResumeHostile(t *testing.T) {
	t.Parallel()
	for _, result := range []string{``, `null`, `[]`, `{"token": 7}`, `{"token": {"catalog": "x"}}`} {
		if _, err := resume(Credentials{AuthURL: "http://127.0.0.1:1", Username: "u", Password: "p"}, Options{}, session{Token: "t", Result: json.RawMessage(result)}); err == nil {
			t.Errorf("%q was taken", result)
		}
	}
}
