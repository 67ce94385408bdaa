package host

import (
	"context"
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// TestProgramsComeDown: a program of a host that panics has ended, wherever it ran; its shell, its host
// and the process that all of them are in go on.
func TestProgramsComeDown(t *testing.T) {
	t.Parallel()
	c := testConfig(t, "web-1", "ubuntu", "10.0.0.11")
	c.Commands = map[string]Program{"boom": func(context.Context, *Process) int {
		panic("a mistake of ours")
	}}
	h := boot(t, c)
	for line, want := range map[string]string{
		"boom; echo $?":                           "Aborted\n134\n",
		"echo x | boom; echo $?":                  "Aborted\n134\n",
		"boom | cat; echo $?":                     "Aborted\n0\n",
		"echo a$(boom 2>/dev/null)b":              "ab\n",
		"boom 2>/dev/null & wait; echo on":        "on\n",
		"f() { boom; }; f | cat; echo on":         "Aborted\non\n",
		"sh -c boom; echo $?":                     "Aborted\n134\n",
		"timeout 100 boom; echo $?":               "Aborted\n134\n",
		"printf 'x\\n' | xargs boom; echo on":     "Aborted\non\n",
		"(boom) 2>/dev/null; echo $?":             "134\n",
		"if boom 2>/dev/null; then :; fi; echo $": "$\n",
	} {
		if out, _ := h.Run(t.Context(), "root", line); out != want {
			t.Errorf("%s: %q, want %q", line, out, want)
		}
	}
	h.goFunc(func() { panic("in the background") })
	client := logIn(t, h)
	s, err := client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.CombinedOutput("boom")
	if sshStatus(err) != exitAborted || string(out) != "Aborted\n" {
		t.Errorf("over ssh: %q, %v", out, err)
	}
	if log := must(t, h, "grep -c 'boom: internal error' /var/log/syslog"); strings.TrimSpace(log) == "0" {
		t.Error("the log does not tell")
	}
}

// sshStatus is a command's status as its client was told; -1 when it was told none.
func sshStatus(err error) int {
	var exit *ssh.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitStatus()
	}
	return -1
}
