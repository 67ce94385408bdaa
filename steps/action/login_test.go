package action

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"matou/cloud"
	"matou/steps"
)

// key is a fingerprint made of one letter.
func key(letter string) string { return "SHA256:" + strings.Repeat(letter, 43) }

// console is what a kind of server prints as it boots.
func console(kind string) string {
	switch kind {
	case "debian":
		return "ci-info: no authorized SSH keys fingerprints found for user debian.\r\n" +
			"<14>Mar 10 21:00:00 cloud-init: #############################################################\r\n" +
			"<14>Mar 10 21:00:00 cloud-init: -----BEGIN SSH HOST KEY FINGERPRINTS-----\r\n" +
			"<14>Mar 10 21:00:00 cloud-init: 256 " + key("e") + " root@puppet-07 (ECDSA)\r\n" +
			"<14>Mar 10 21:00:00 cloud-init: 256 " + key("d") + " root@puppet-07 (ED25519)\r\n" +
			"<14>Mar 10 21:00:00 cloud-init: 3072 " + key("r") + " root@puppet-07 (RSA)\r\n" +
			"<14>Mar 10 21:00:00 cloud-init: -----END SSH HOST KEY FINGERPRINTS-----\r\n" +
			"-----BEGIN SSH HOST KEY KEYS-----\r\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI root@puppet-07\r\n-----END SSH HOST KEY KEYS-----\r\n"
	case "ubuntu":
		return "[   21.000001] cloud-init[812]: Generating public/private ed25519 key pair.\n" +
			"[   21.000002] cloud-init[812]: The key fingerprint is:\n" +
			"[   21.000003] cloud-init[812]: " + key("d") + " root@web-07\n" +
			"<14>Mar 10 21:00:00 ec2: \n<14>Mar 10 21:00:00 ec2: -----BEGIN SSH HOST KEY FINGERPRINTS-----\n" +
			"<14>Mar 10 21:00:00 ec2: 256 " + key("d") + " root@web-07 (ED25519)\n" +
			"<14>Mar 10 21:00:00 ec2: -----END SSH HOST KEY FINGERPRINTS-----\n"
	case "package": // openssh-server's own words, where there is no cloud-init
		return "Creating SSH2 RSA key; this may take some time ...\n3072 " + key("r") + " root@box (RSA)\n"
	case "half":
		return console("debian")[:strings.Index(console("debian"), "3072")]
	case "md5":
		return "<14>Mar 10 ec2: 2048 aa:bb:cc:dd:ee:ff:00:11:22:33:44:55:66:77:88:99  root@web (RSA)\n-----END SSH HOST KEY FINGERPRINTS-----\n"
	case "authorized":
		return "ci-info: | ssh-ed25519 | " + key("x") + " | - | me@laptop |\nsshd[1]: Accepted publickey for root: ED25519 " + key("x") + "\n"
	}
	return ""
}

func TestFingerprintsFromTheConsole(t *testing.T) {
	t.Parallel()
	tests := []struct {
		console string
		want    []string
		kept    bool
	}{
		{"debian", []string{key("e"), key("d"), key("r")}, true},
		{"ubuntu", []string{key("d")}, true},
		{"package", []string{key("r")}, false},
		{"half", []string{key("e"), key("d")}, false}, // the rest is still to come
		{"md5", nil, false},
		{"authorized", nil, false},
		{"nothing", nil, false},
	}
	for _, tt := range tests {
		s := newStand(t)
		s.nova.consoles["id-9"] = console(tt.console)
		s.good("ssh.login", texts("hop", "box"))
		s.good("ssh.login", texts("hop", "box"))
		for _, chain := range s.hosts.opened {
			if got := chain[1].Fingerprints; !slices.Equal(got, tt.want) || chain[0].Fingerprints != nil {
				t.Errorf("%s: %q", tt.console, got)
			}
		}
		if asked := s.nova.called("console"); asked != 2 && !tt.kept || asked != 1 && tt.kept {
			t.Errorf("%s: the console was read %d times", tt.console, asked)
		}
	}
	s := newStand(t) // a cloud without console logs
	s.good("ssh.login", texts("hop", "box"))
	if got := s.hosts.opened[0][1].Fingerprints; got != nil {
		t.Errorf("%q", got)
	}
}

func TestHopOpen(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	r := s.good("hop.open", texts("hop", "box"))
	if r.Values["identity"] != "root@box" || r.Values["fingerprint"] != "SHA256:box" {
		t.Errorf("%+v", r)
	}
	chain := s.hosts.opened[0]
	if len(chain) != 2 || chain[0].User != "me" || chain[0].Port != 22 || chain[0].Password != "moutarde" || chain[1].Port != 2222 {
		t.Errorf("%+v", chain)
	}
	if !slices.Contains(s.out.secrets, "moutarde") {
		t.Error("the password is not known to be a secret")
	}
	for name, change := range map[string]func(*stand){
		"no such hop":  func(s *stand) { s.w.Hops = s.w.Hops[:1] },
		"no address":   func(s *stand) { s.in.Vars["box.address"] = "" },
		"not known":    func(s *stand) { delete(s.in.Vars, "box.address") },
		"no port":      func(s *stand) { s.w.Hops[0].Port = "ssh" },
		"port 0":       func(s *stand) { s.w.Hops[0].Port = "0" },
		"port too big": func(s *stand) { s.w.Hops[0].Port = "65536" },
	} {
		s := newStand(t, change)
		if s.bad("hop.open", texts("hop", "box"), steps.FailValue); len(s.hosts.opened) > 0 {
			t.Errorf("%s: opened %v", name, s.hosts.opened)
		}
	}
	s.hosts.openErr = steps.Failf(steps.FailLogin, "no")
	s.bad("hop.open", texts("hop", "box"), steps.FailLogin)
}

// TestHere: on a hop, and on those before it, there is nothing to log in to; behind it there is.
func TestHere(t *testing.T) {
	t.Parallel()
	s := newStand(t, func(s *stand) { s.deps.Here = "jump" })
	if r := s.good("hop.open", texts("hop", "jump")); r.Values["identity"] != "here" || len(s.hosts.opened) > 0 {
		t.Errorf("%+v", r)
	}
	s.good("hop.open", texts("hop", "box"))
	if chain := s.hosts.opened[0]; len(chain) != 1 || chain[0].Name != "box" {
		t.Errorf("%+v", chain)
	}
	s.bad("ssh.run", texts("hop", "jump", "command", "ls"), steps.FailValue)
	if _, err := s.reg.Chain(t.Context(), s.in, s.out, "jump"); failure(err) != steps.FailValue {
		t.Error(err)
	}
	if chain, err := s.reg.Chain(t.Context(), s.in, s.out, "box"); err != nil || len(chain) != 1 {
		t.Errorf("%v, %v", chain, err)
	}
}

func TestCloudLogin(t *testing.T) {
	t.Parallel()
	logins, told := 0, 0
	s := newStand(t, func(s *stand) {
		s.deps.OnLogin = func(Compute) { told++ }
		s.deps.Login = func(ctx context.Context, _ steps.Output, openrc func(context.Context) ([]byte, string, error), _ Dial) (Compute, error) {
			logins++
			data, source, err := openrc(ctx)
			if err != nil {
				return nil, err
			}
			if string(data) != "export OS_USERNAME=student" || source != "jump:/home/me/openrc" {
				return nil, fmt.Errorf("%q from %s", data, source)
			}
			return s.nova, nil
		}
	})
	s.bad("cloud.login", nil, steps.FailNotFound)
	s.hosts.host("jump").files["/home/me/openrc"] = "export OS_USERNAME=student"
	r := s.good("cloud.login", nil)
	if r.Values["user"] != "student" || r.Values["project"] != "camp" || r.Values["expires"] != "2026-03-10T22:00:00Z" {
		t.Errorf("%+v", r)
	}
	before := logins
	s.good("server.list", nil)
	s.in.Phase = steps.PhaseCheck
	s.good("cloud.login", nil)
	if logins != before || told != 1 {
		t.Errorf("%d logins more, %d told", logins-before, told)
	}
	if compute, err := s.reg.Compute(t.Context(), s.in, s.out); err != nil || compute != Compute(s.nova) {
		t.Errorf("%v, %v", compute, err)
	}

	here := newStand(t, func(h *stand) { h.deps.Here, h.deps.Login = "jump", s.deps.Login })
	here.bad("cloud.login", nil, steps.FailAccount)
	here.w.Cloud.Hop = ""
	here.bad("cloud.login", nil, steps.FailAccount)
}

// TestFailureKinds: each error of a cloud has a kind, and so a remedy; the text stays.
func TestFailureKinds(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]string{
		cloud.ErrAuth: steps.FailAuth, cloud.ErrQuota: steps.FailQuota, cloud.ErrForbidden: steps.FailForbidden, cloud.ErrNotFound: steps.FailNotFound,
		cloud.ErrAmbiguous: steps.FailAmbiguous, cloud.ErrConflict: steps.FailConflict, cloud.ErrTooLarge: steps.FailTooLarge,
		cloud.ErrRateLimit: steps.FailRate, cloud.ErrFault: steps.FailFault, cloud.ErrTimeout: steps.FailTimeout, cloud.ErrUnavailable: steps.FailUnavailable,
		cloud.ErrBadRequest: steps.FailValue, cloud.ErrDecode: steps.FailUnavailable, cloud.ErrVanished: steps.FailNotFound, cloud.ErrNoAccount: steps.FailAccount,
		context.DeadlineExceeded: steps.FailTimeout, errors.New("else"): "*fmt.wrapError", steps.Failf(steps.FailLost, "gone"): steps.FailLost,
	} {
		got := fail(fmt.Errorf("boot web: %w", err))
		if failure(got) != want || !strings.HasPrefix(got.Error(), "boot web: ") || !errors.Is(got, err) {
			t.Errorf("%v: %v of kind %s, want %s", err, got, failure(got), want)
		}
	}
}
