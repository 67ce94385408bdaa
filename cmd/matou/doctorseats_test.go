//go:build unix

package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"matou/cloud/doctor"
)

// sshKey writes a new private key, and returns the line of its public half.
func sshKey(t *testing.T, path string) string {
	t.Helper()
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(priv, "")
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, string(pem.EncodeToMemory(block)))
	public, err := ssh.NewPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	return string(ssh.MarshalAuthorizedKey(public))
}

// room is a jumphost and the containers of some seats, all of them real sshds of this machine: seat NN
// is at port prefix+NN, the jumphost at prefix+00.
type room struct{ home, prefix, jumphost string }

func newRoom(t *testing.T, seats ...int) room {
	t.Helper()
	bin, err := exec.LookPath("sshd")
	if err != nil {
		bin = "/usr/sbin/sshd"
	}
	if _, err := os.Stat(bin); err != nil {
		t.Skip("no sshd on this machine (Debian: openssh-server)")
	}
	if _, err := os.Stat("/run/sshd"); os.Getuid() == 0 && err != nil {
		t.Skip("sshd run by root needs the folder /run/sshd")
	}
	r := room{home: t.TempDir()}
	write(t, filepath.Join(r.home, "authorized"), sshKey(t, filepath.Join(r.home, ".ssh", "id_ed25519")))
	r.prefix = freePorts(t)
	for _, seat := range append([]int{0}, seats...) {
		name := filepath.Join(r.home, fmt.Sprintf("sshd-%02d", seat))
		pub := sshKey(t, name)
		if seat == 0 {
			r.jumphost = pub
		}
		address := fmt.Sprintf("127.0.0.1:%s%02d", r.prefix, seat)
		write(t, name+".conf", fmt.Sprintf("ListenAddress %s\nHostKey %s\nAuthorizedKeysFile %s/authorized\nPidFile none\nStrictModes no\nUsePAM no\nPermitRootLogin yes\nPrintMotd no\n", address, name, r.home))
		cmd := exec.Command(bin, "-D", "-e", "-f", name+".conf")
		cmd.WaitDelay = time.Second
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
		for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
			conn, err := net.Dial("tcp", address)
			if err == nil {
				conn.Close()
				break
			}
			if time.Now().After(end) {
				t.Fatal(err)
			}
		}
	}
	if os.Getuid() != 0 {
		r.locked(t)
	}
	return r
}

// locked skips the test when sshd refuses this account whatever its key: nobody's, say, is locked on most
// systems. It does not ask our own client.
func (r room) locked(t *testing.T) {
	t.Helper()
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(r.home, ".ssh", "id_ed25519"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.ParsePrivateKey(data)
	if err != nil {
		t.Fatal(err)
	}
	client, err := ssh.Dial("tcp", "127.0.0.1:"+r.prefix+"00", &ssh.ClientConfig{
		User: me.Username, Auth: []ssh.AuthMethod{ssh.PublicKeys(key)}, Timeout: time.Minute,
		HostKeyCallback: func(string, net.Addr, ssh.PublicKey) error { return nil }, // of this very test
	})
	if err != nil {
		t.Skipf("sshd does not let %s in, whose account may be locked: %v", me.Username, err)
	}
	_ = client.Close()
}

// freePorts finds a prefix under which ports 00 to 04 are free.
func freePorts(t *testing.T) string {
	t.Helper()
next:
	for prefix := 201; prefix < 320; prefix++ {
		for seat := range 5 {
			ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d%02d", prefix, seat))
			if err != nil {
				continue next
			}
			ln.Close()
		}
		return fmt.Sprint(prefix)
	}
	t.Skip("no five free ports in a row")
	return ""
}

// fingerprint is what a seat's container shows as its key.
func (r room) fingerprint(t *testing.T, seat string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(r.home, "sshd-"+seat))
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.ParsePrivateKey(data)
	if err != nil {
		t.Fatal(err)
	}
	return ssh.FingerprintSHA256(key.PublicKey())
}

// diagnose runs the doctor for four seats of a workshop that knows the room, and returns what it found
// of seats and containers.
func (r room) diagnose(t *testing.T, args ...string) map[string]findingRow {
	t.Helper()
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(r.home, "class", "deck.en.md"), "-> # A class\n")
	write(t, filepath.Join(r.home, "class", "workshop.yaml"), fmt.Sprintf(`title: {en: A class}
languages: [en]
decks: {en: deck.en.md}
slides: [hello]
hops:
  - {name: jumphost, user: %[1]q, host: 127.0.0.1, port: "%[2]s00"}
  - {name: inception, via: jumphost, user: %[1]q, host: 127.0.0.1, port: "%[2]s${seat}"}
cloud: {hop: inception, openrc: "%[3]s/openrc-${seat}"}
steps:
  - id: enter
    title: {en: Enter}
    slides: [hello]
    panes: [log]
    expect: 1s
    hints: [{en: The door}]
    actions: [{name: enter, kind: ssh.login, with: {hop: inception}}]
    checks: [{name: it is there, kind: ssh.run, with: {hop: inception, command: "true"}}]
`, me.Username, r.prefix, r.home))
	path, err := exec.LookPath("matou")
	if err != nil {
		t.Fatal(err)
	}
	args = append([]string{"--state", filepath.Join(r.home, "state"), "--workshop", filepath.Join(r.home, "class"), "--cloud", "openrc", "doctor", "--json", "--seats", "4"}, args...)
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Env = []string{"HOME=" + r.home, "PATH=" + os.Getenv("PATH"), "LC_ALL=en_GB.UTF-8"}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if code := cmd.ProcessState.ExitCode(); code != exitFailed {
		t.Errorf("exit %d, %v: %s", code, err, stderr.String())
	}
	found := map[string]findingRow{}
	for line := range strings.Lines(string(out)) {
		var f findingRow
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		found[strings.TrimSpace(f.Check+" "+f.Subject)] = f
	}
	return found
}

// TestDoctorSeats: every seat's container is logged in to, and its openrc read.
func TestDoctorSeats(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1, 2, 3)
	const openrc = "export OS_AUTH_URL=http://127.0.0.1:1/v3\nexport OS_USERNAME=u%s\nexport OS_PASSWORD=secret-of-the-seat\nexport OS_PROJECT_NAME=p\n"
	for _, seat := range []string{"01", "02"} {
		write(t, filepath.Join(r.home, "openrc-"+seat), fmt.Sprintf(openrc, seat))
	}
	found := r.diagnose(t, "--accept-new-host-keys")
	for _, want := range []struct {
		key    string
		status doctor.Status
		says   string // detail or cause
		remedy string
	}{
		{"hop inception", doctor.OK, "host key", ""},
		{"openrc", doctor.OK, "u01@p", ""},
		{"seat 02 inception", doctor.OK, "u02@p", ""},
		{"seat 03 inception", doctor.Failed, "openrc-03", "openrc into every seat"},
		{"seat 04 inception", doctor.Failed, "refused", "container running"},
	} {
		f := found[want.key]
		if f.Status != want.status || !strings.Contains(f.Detail+f.Cause, want.says) || !strings.Contains(f.Remedy, want.remedy) {
			t.Errorf("%s: %+v", want.key, f)
		}
		if strings.Contains(fmt.Sprint(f), "secret-of") {
			t.Errorf("%s tells the password: %+v", want.key, f)
		}
	}

	// All containers are one host but for their ports: each is told with the key that is its own, once it
	// is on record as well.
	for _, found := range []map[string]findingRow{found, r.diagnose(t)} {
		for _, seat := range []string{"01", "02"} {
			f := found[map[string]string{"01": "hop inception", "02": "seat 02 inception"}[seat]]
			if want := "host key " + r.fingerprint(t, seat); !strings.Contains(f.Detail, want) {
				t.Errorf("seat %s: %+v, want %s", seat, f, want)
			}
		}
	}

	// Nobody vouches for the containers' keys: that is a question for whoever will sit there.
	write(t, filepath.Join(r.home, ".ssh", "known_hosts"), fmt.Sprintf("[127.0.0.1]:%s00 %s", r.prefix, r.jumphost))
	if err := os.RemoveAll(filepath.Join(r.home, "state")); err != nil {
		t.Fatal(err)
	}
	found = r.diagnose(t)
	if f := found["seat 02 inception"]; f.Status != doctor.Warning || !strings.Contains(f.Remedy, "--accept-new-host-keys") {
		t.Errorf("a key seen for the first time: %+v", f)
	}
	if f := found["hop inception"]; f.Status != doctor.Failed {
		t.Errorf("our own: %+v", f)
	}
}
