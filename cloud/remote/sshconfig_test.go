package remote

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func config(t testing.TB, text string) (*SSHConfig, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return LoadSSHConfig(path, filepath.Join(t.TempDir(), "missing"))
}

func TestSSHConfig(t *testing.T) {
	t.Parallel()
	c, err := config(t, `
Host jump
  HostName jump.example.net
  User jump
  Port 2222
  IdentityFile ~/.ssh/%r_key
  IdentitiesOnly yes
Host web-* !web-9
  HostName %h.internal
  User root
  ProxyJump jump
  HostKeyAlias webs
Host far
  ProxyJump web-1,ops@[2001:db8::1]:2200
Host circle
  ProxyJump circle
Host *
  Port 22
`)
	if err != nil {
		t.Fatal(err)
	}
	chain := func(alias string) string {
		hops, err := c.Chain(alias)
		if err != nil {
			return err.Error()
		}
		var s []string
		for _, h := range hops {
			s = append(s, fmt.Sprintf("%s@%s", h.User, h.Addr()))
		}
		return strings.Join(s, " ")
	}
	me := localUser()
	for alias, want := range map[string]string{
		"jump":  "jump@jump.example.net:2222",
		"web-1": "jump@jump.example.net:2222 root@web-1.internal:22",
		"web-9": me + "@web-9:22",
		"far":   "jump@jump.example.net:2222 root@web-1.internal:22 ops@[2001:db8::1]:2200 " + me + "@far:22",
	} {
		if got := chain(alias); got != want {
			t.Errorf("%s: %s, want %s", alias, got, want)
		}
	}
	if _, err := c.Chain("circle"); !errors.Is(err, ErrBadHop) {
		t.Errorf("circle: %v", err)
	}

	client := newClient(t, func(o *Options) { o.SSHConfig = c })
	legs, err := client.resolve([]Hop{{Host: "jump", User: "me", Port: 22, KeyFiles: []string{"k"}}, {Host: "web-2"}})
	if err != nil || len(legs) != 2 {
		t.Fatal(legs, err)
	}
	if l := legs[0]; l.Addr() != "jump.example.net:22" || l.User != "me" || !l.onlyFiles || len(l.KeyFiles) != 2 || l.KeyFiles[1] != "~/.ssh/me_key" {
		t.Errorf("first hop %+v", l)
	}
	if l := legs[1]; l.alias != "webs:22" || l.Addr() != "web-2.internal:22" || l.Name != "web-2" {
		t.Errorf("second hop %v, alias %s", l.Hop, l.alias)
	}
}

func TestSSHConfigBad(t *testing.T) {
	t.Parallel()
	if c, err := config(t, "Match exec true\n"); err == nil || c == nil {
		t.Errorf("%v, %v", c, err)
	}
	for text, alias := range map[string]string{
		"Host a\n Port many": "a", "Host a\n ProxyJump b:0": "a", "Host a\n ProxyJump b c": "a", "Host a\n HostName x|y": "a",
	} {
		c, err := config(t, text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := newClient(t, func(o *Options) { o.SSHConfig = c }).resolve([]Hop{{Host: alias}}); !errors.Is(err, ErrBadHop) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzParseJump(f *testing.F) {
	for _, s := range []string{"h", "u@h", "u@h:1", "[::1]:22", "ssh://u@h:2/", "@:", "a,b", "u@u@h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h, err := parseJump(s)
		if err == nil && (h.check() != nil || strings.ContainsAny(h.Host, "@[] ,*")) {
			t.Fatalf("%q gave %+v", s, h)
		}
	})
}
