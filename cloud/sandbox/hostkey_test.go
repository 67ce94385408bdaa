package sandbox_test

import (
	"context"
	"errors"
	"net"
	"strconv"
	"testing"

	"golang.org/x/crypto/ssh"

	"matou/assets"
	"matou/cloud/sandbox"
)

// TestFingerprint: the world tells the host keys of what people log in to, as a board would show them.
func TestFingerprint(t *testing.T) {
	files, err := assets.Workshop("web-cloud-puppet")
	if err != nil {
		t.Fatal(err)
	}
	s, err := sandbox.Start(context.WithoutCancel(t.Context()), sandbox.Options{Workshop: files, World: "sandbox"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	params := s.Params()
	port, err := strconv.Atoi(params["sandbox.ssh.port"])
	if err != nil {
		t.Fatal(err)
	}
	base, err := strconv.Atoi(params["sandbox.container.port"])
	if err != nil {
		t.Fatal(err)
	}
	var shown string
	config := &ssh.ClientConfig{HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
		shown = ssh.FingerprintSHA256(key)
		return errors.New("seen enough")
	}}
	if c, err := ssh.Dial("tcp", net.JoinHostPort(params["sandbox.ssh.host"], params["sandbox.ssh.port"]), config); err == nil {
		_ = c.Close()
	}
	if got := s.Fingerprint(t.Context(), params["sandbox.ssh.host"], port); got != shown || got == "" {
		t.Errorf("the jumphost shows %s, the board %s", shown, got)
	}
	one, two := s.Fingerprint(t.Context(), "127.0.0.1", base+1), s.Fingerprint(t.Context(), "127.0.0.1", base+2)
	if one == "" || one == two || s.Fingerprint(t.Context(), "127.0.0.1", base+1) != one {
		t.Errorf("containers: %s, %s", one, two)
	}
	if got := s.Fingerprint(t.Context(), "10.9.9.9", 22) + s.Fingerprint(t.Context(), "jump.example.org", 22); got != "" {
		t.Errorf("a stranger's is %s", got)
	}
}
