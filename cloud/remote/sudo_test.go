//go:build linux

package remote

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// account makes an account on this machine for the length of a test: with a password for sudo, or
// allowed to use it without one, or not at all. Machines that are nobody's playground skip it.
func account(t *testing.T, name, password, sudoers string) {
	t.Helper()
	if os.Getuid() != 0 || os.Getenv("MATOU_TEST_ROOT") != "1" {
		t.Skip("MATOU_TEST_ROOT=1 and root: an account is made on this machine, and removed")
	}
	for _, tool := range []string{"useradd", "userdel", "chpasswd", "sudo"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	run := func(stdin string, command ...string) {
		cmd := exec.Command(command[0], command[1:]...)
		cmd.Stdin = strings.NewReader(stdin)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", command[0], err, out)
		}
	}
	run("", "useradd", "--create-home", "--shell", "/bin/bash", name)
	file := filepath.Join("/etc/sudoers.d", name)
	t.Cleanup(func() {
		os.Remove(file)
		exec.Command("userdel", "--remove", name).Run()
	})
	run(name+":"+password+"\n", "chpasswd")
	if sudoers != "" {
		if err := os.WriteFile(file, []byte(name+" "+sudoers+"\n"), 0o440); err != nil {
			t.Fatal(err)
		}
	}
}

// as is the hop to sshd for another account.
func as(t *testing.T, hop Hop, name string) Hop {
	t.Helper()
	dir := filepath.Dir(hop.KeyFiles[0])
	for d := dir; d != "/tmp" && d != "/"; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(dir, "authorized"), 0o644); err != nil {
		t.Fatal(err)
	}
	hop.User, hop.Sudo = name, true
	return hop
}

func TestSudo(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, sudoers string
		password      string // known of the hop
		works         bool
	}{
		{"matou-t-free", "ALL=(ALL) NOPASSWD: ALL", "", true},
		{"matou-t-asks", "ALL=(ALL) ALL", "m0ut'arde $x", true},
		{"matou-t-wrong", "ALL=(ALL) ALL", "n0t-it", false},
		{"matou-t-none", "", "m0ut'arde $x", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			account(t, tt.name, "m0ut'arde $x", tt.sudoers)
			hop := as(t, sshd(t, ""), tt.name)
			hop.Password = tt.password
			c := newClient(t)
			conn := connect(t, c, hop)
			if id, err := conn.Identity(t.Context()); err != nil || id.User != tt.name {
				t.Errorf("the log-in is %v, %v", id, err)
			}
			var got []string
			gather := func(l Line) { got = append(got, l.Text) }
			exit, err := conn.Run(t.Context(), Command{Line: "id -un; cat; echo $V $HOME; exit 5", Stdin: strings.NewReader("input\n"), Env: map[string]string{"V": "a b"}}, gather)
			if !tt.works {
				if !errors.Is(err, ErrAuth) || !strings.Contains(err.Error(), "root") || strings.Contains(err.Error(), tt.password) {
					t.Errorf("%v, %v, %q", exit, err, got)
				}
				return
			}
			if err != nil || exit.Code != 5 || strings.Join(got, "|") != "root|input|a b /root" {
				t.Errorf("%v, %v, %q", exit, err, got)
			}

			file := filepath.Join("/root", "."+tt.name)
			t.Cleanup(func() { os.Remove(file) })
			data := "line\n" + tt.password + "\n"
			if err := conn.WriteFile(t.Context(), file, []byte(data), 0o600); err != nil {
				t.Fatal(err)
			}
			if back, err := os.ReadFile(file); err != nil || string(back) != data {
				t.Errorf("the file holds %q, %v", back, err)
			}
			if back, err := conn.ReadFile(t.Context(), file, 1000); err != nil || string(back) != data {
				t.Errorf("read back %q, %v", back, err)
			}
			got = nil
			exit, err = RunOnce(t.Context(), c, []Hop{hop}, Job{ID: "sudo-" + tt.name, Line: "id -un; cat; exit 2"}, gather)
			if err != nil || exit.Code != 2 || fmt.Sprint(got) != "[root]" {
				t.Errorf("once: %v, %v, %q", exit, err, got)
			}
			var out strings.Builder
			exit, err = conn.Shell(t.Context(), ShellOptions{Command: "id -un", Stdin: strings.NewReader("m0ut'arde $x\n"), Stdout: &out})
			if err != nil || !exit.OK() || !strings.Contains(out.String(), "root") {
				t.Errorf("shell: %v, %v, %q", exit, err, out.String())
			}
		})
	}
}

// TestSudoOfRoot: who is root already needs none, and needs none to be installed.
func TestSudoOfRoot(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("for root")
	}
	hop := sshd(t, "SetEnv PATH=/usr/bin:/bin HOME="+t.TempDir())
	hop.Sudo = true
	var got []string
	exit, err := connect(t, newClient(t), hop).Run(t.Context(), Command{Line: "id -un"}, func(l Line) { got = append(got, l.Text) })
	if err != nil || !exit.OK() || fmt.Sprint(got) != "[root]" {
		t.Errorf("%v, %v, %q", exit, err, got)
	}
}
