package action

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"matou/cloud"
	"matou/steps"
)

// sky is a nova with a network around it, in memory.
type sky struct {
	*nova
	networks []cloud.Network
	groups   []cloud.SecurityGroup
	floating []cloud.FloatingIP
	keys     []cloud.Keypair
	specs    []cloud.ServerSpec
	err      error // of every change
}

func (s *sky) Boot(ctx context.Context, spec cloud.ServerSpec) ([]cloud.Server, error) {
	s.specs = append(s.specs, spec)
	return s.nova.Boot(ctx, spec)
}

func (s *sky) Networks(context.Context) ([]cloud.Network, error) { return s.networks, nil }

func (s *sky) SecurityGroups(context.Context) ([]cloud.SecurityGroup, error) {
	return slices.Clone(s.groups), nil
}

func (s *sky) CreateSecurityGroup(_ context.Context, name, description string) (cloud.SecurityGroup, error) {
	g := cloud.SecurityGroup{ID: "g-" + name, Name: name, Description: description}
	s.groups = append(s.groups, g)
	return g, s.err
}

func (s *sky) AddRule(_ context.Context, r cloud.Rule) (cloud.Rule, error) {
	for i := range s.groups {
		if s.groups[i].ID == r.GroupID {
			r.ID = fmt.Sprintf("r-%s-%d-%d", s.groups[i].Name, r.PortMin, r.Family)
			s.groups[i].Rules = append(s.groups[i].Rules, r)
		}
	}
	return r, s.err
}

func (s *sky) DeleteRule(_ context.Context, id string) error {
	for i := range s.groups {
		s.groups[i].Rules = slices.DeleteFunc(s.groups[i].Rules, func(r cloud.Rule) bool { return r.ID == id })
	}
	return s.err
}

func (s *sky) DeleteSecurityGroup(_ context.Context, id string) error {
	s.groups = slices.DeleteFunc(s.groups, func(g cloud.SecurityGroup) bool { return g.ID == id })
	return s.err
}

func (s *sky) FloatingIPs(context.Context) ([]cloud.FloatingIP, error) {
	return slices.Clone(s.floating), nil
}

func (s *sky) Float(_ context.Context, server, _, description string) (cloud.FloatingIP, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := cloud.FloatingIP{ID: "f-" + server, IP: netip.AddrFrom4([4]byte{203, 0, 113, byte(len(s.floating) + 1)}), PortID: server, Description: description}
	s.floating = append(s.floating, f)
	i := slices.IndexFunc(s.servers, func(x cloud.Server) bool { return x.ID == server })
	s.servers[i].Addresses = append(s.servers[i].Addresses, cloud.Address{IP: f.IP, Type: "floating"})
	return f, s.err
}

func (s *sky) ReleaseFloatingIP(_ context.Context, id string) error {
	s.floating = slices.DeleteFunc(s.floating, func(f cloud.FloatingIP) bool { return f.ID == id })
	return s.err
}

func (s *sky) Keypairs(context.Context) ([]cloud.Keypair, error) { return s.keys, nil }

func (s *sky) ImportKeypair(_ context.Context, name, key string) error {
	s.keys = append(s.keys, cloud.Keypair{Name: name, PublicKey: key})
	return s.err
}

func (s *sky) DeleteKeypair(_ context.Context, name string) error {
	s.keys = slices.DeleteFunc(s.keys, func(k cloud.Keypair) bool { return k.Name == name })
	return s.err
}

// under puts a stand below a sky.
func under(t *testing.T, change ...func(*stand, *sky)) (*stand, *sky) {
	t.Helper()
	y := &sky{networks: []cloud.Network{{ID: "n1", Name: "net"}}, groups: []cloud.SecurityGroup{{ID: "g-default", Name: "default"}}}
	s := newStand(t, func(s *stand) {
		y.nova = s.nova
		s.w.Params = append(s.w.Params, steps.Param{Name: "network"})
		s.in.Vars["network"] = ""
		s.deps.Login = func(context.Context, steps.Output, func(context.Context) ([]byte, string, error), Dial) (Compute, error) {
			return y, nil
		}
		for _, c := range change {
			c(s, y)
		}
	})
	return s, y
}

// choosing answers choices.
type choosing struct {
	*heard
	answer string
	asked  []steps.Question
}

func (c *choosing) Ask(_ context.Context, q steps.Question) (steps.Answer, error) {
	c.asked = append(c.asked, q)
	return steps.Answer{OK: c.answer != "", Text: c.answer}, nil
}

// do runs one action with another output.
func (s *stand) do(kind string, with map[string]steps.Value, out steps.Output) (steps.Result, error) {
	in := s.in
	in.Action = steps.Action{Kind: kind, With: with}
	return s.reg.Execute(s.Context(), in, out)
}

func TestChooseNetwork(t *testing.T) {
	t.Parallel()
	two := func(_ *stand, y *sky) {
		y.networks = []cloud.Network{{ID: "n1", Name: "private"}, {ID: "n2", Name: "public"}, {ID: "n3", Name: "ext", External: true}, {ID: "n4", Name: "twin"}, {ID: "n5", Name: "twin"}}
	}
	with := texts("name", "web", "image", "i", "flavor", "f", "network", "${network}")
	kept := map[string]string{}
	s, y := under(t, two, func(s *stand, _ *sky) {
		s.deps.Remember = func(name, value string) error { kept[name] = value; return nil }
	})
	out := &choosing{heard: s.out, answer: "public"}
	if _, err := s.do("server.boot", with, out); err != nil {
		t.Fatal(err)
	}
	if len(out.asked) != 1 || !slices.Equal(out.asked[0].Choices, []string{"private", "public", "n4", "n5"}) || out.asked[0].Kind != steps.AskChoice {
		t.Errorf("asked %+v", out.asked)
	}
	if y.specs[0].Network != "public" || kept["network"] != "public" {
		t.Errorf("booted on %q, kept %v", y.specs[0].Network, kept)
	}
	s.in.Step = "another"
	if _, err := s.do("server.boot", with, out); err != nil || len(out.asked) != 1 || y.specs[1].Network != "public" {
		t.Errorf("once more: %v, %d questions", err, len(out.asked))
	}

	s, y = under(t, two)
	_, err := s.do("server.boot", with, &choosing{heard: s.out})
	var f *steps.Failure
	if !errors.As(err, &f) || f.Kind != steps.FailAmbiguous || !strings.Contains(f.Cause, "private, public") || len(y.specs) != 0 {
		t.Errorf("no answer: %v", err)
	}
	s.in.Vars["network"] = "n1"
	if _, err := s.do("server.boot", with, &choosing{heard: s.out}); err != nil || y.specs[0].Network != "n1" {
		t.Errorf("a network that is named: %v", err)
	}
	s, y = under(t)
	if _, err := s.do("server.boot", with, s.out); err != nil || y.specs[0].Network != "" {
		t.Errorf("the only one: %v", err)
	}
}

// TestOpenPortsAndClean: what is missing is made and marked; what others made stays, when it is
// used and when we go.
func TestOpenPortsAndClean(t *testing.T) {
	t.Parallel()
	s, y := under(t, func(s *stand, y *sky) {
		s.w.Cloud = steps.CloudSource{Ports: []string{"22", "80", "${web.port}"}, OpenPorts: "true"}
		s.in.Vars["web.port"] = "5000"
		y.groups = []cloud.SecurityGroup{{ID: "g-web", Name: "web", Rules: []cloud.Rule{
			{ID: "theirs", GroupID: "g-web", Ingress: true, Family: 4, Protocol: "tcp", PortMin: 22, PortMax: 22},
		}}}
	})
	with := texts("name", "web", "image", "i", "flavor", "f")
	with["security-groups"] = steps.Value{List: []string{"web", "fresh"}}
	if _, err := s.do("server.boot", with, s.out); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, r := range y.groups[0].Rules {
		ids = append(ids, r.ID)
	}
	if !slices.Equal(ids, []string{"theirs", "r-web-80-4", "r-web-80-6", "r-web-5000-4", "r-web-5000-6"}) {
		t.Errorf("rules %q", ids)
	}
	if len(y.groups) != 2 || y.groups[1].Description != "matou:"+s.w.Name {
		t.Errorf("groups %+v", y.groups)
	}

	// Another seat still has a server that stands behind these rules.
	y.servers = append(y.servers, cloud.Server{ID: "other", Metadata: map[string]string{cloud.MetaWorkshop: s.w.Name, cloud.MetaSeat: "99"}})
	made, err := s.reg.Made(t.Context(), s.in, s.out)
	if err != nil || len(made.Servers) != 1 || len(made.Rules)+len(made.Groups) != 0 {
		t.Errorf("%+v, %v", made, err)
	}
	y.servers = slices.DeleteFunc(y.servers, func(x cloud.Server) bool { return x.ID == "other" })
	made, err = s.reg.Made(t.Context(), s.in, s.out)
	if err != nil || len(made.Servers) != 1 || len(made.Rules) != 4 || len(made.Groups) != 1 {
		t.Errorf("%+v, %v", made, err)
	}
	if err := s.reg.Clean(t.Context(), s.in, s.out); err != nil {
		t.Fatal(err)
	}
	if len(y.servers) != 0 || len(y.groups) != 1 || len(y.groups[0].Rules) != 1 || y.groups[0].Rules[0].ID != "theirs" {
		t.Errorf("left: %+v, %+v", y.servers, y.groups)
	}
	if made, err = s.reg.Made(t.Context(), s.in, s.out); err != nil || !made.Empty() {
		t.Errorf("%+v, %v", made, err)
	}
}

func TestPortsUntouched(t *testing.T) {
	t.Parallel()
	s, y := under(t, func(s *stand, _ *sky) { s.w.Cloud = steps.CloudSource{Ports: []string{"22"}} })
	if _, err := s.do("server.boot", texts("name", "web", "image", "i", "flavor", "f"), s.out); err != nil || len(y.groups[0].Rules) != 0 {
		t.Errorf("nobody said that ports may be opened: %+v, %v", y.groups, err)
	}
	s, _ = under(t, func(s *stand, _ *sky) { s.w.Cloud = steps.CloudSource{Ports: []string{"ssh"}, OpenPorts: "true"} })
	if _, err := s.do("server.boot", texts("name", "web", "image", "i", "flavor", "f"), s.out); err == nil {
		t.Error("a port called ssh was taken")
	}
}

func TestFloatAndClean(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, y := under(t, func(s *stand, y *sky) {
			s.w.Cloud = steps.CloudSource{Floating: "public"}
			y.floating = []cloud.FloatingIP{{ID: "theirs", Description: "somebody's"}}
		})
		r, err := s.do("server.boot", texts("name", "web", "image", "i", "flavor", "f", "count", "2"), s.out)
		if err != nil || r.Values["address"] != "203.0.113.2" || r.Values["addresses"] != "203.0.113.2 203.0.113.3" {
			t.Fatalf("%+v, %v", r, err)
		}
		made, err := s.reg.Made(t.Context(), s.in, s.out)
		if err != nil || len(made.Addresses) != 2 || made.Addresses[0].Description != "matou:"+s.w.Name+":"+s.in.Seat {
			t.Errorf("%+v, %v", made, err)
		}
		if err := s.reg.Clean(t.Context(), s.in, s.out); err != nil || len(y.floating) != 1 || y.floating[0].ID != "theirs" {
			t.Errorf("left %+v, %v", y.floating, err)
		}
	})
}

func TestImportKeyAndClean(t *testing.T) {
	t.Parallel()
	const key = "ssh-ed25519 AAAAC3Nz me@here"
	file := filepath.Join(t.TempDir(), "key.pub")
	if err := os.WriteFile(file, []byte(key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, given := range []string{key, file} {
		s, y := under(t, func(_ *stand, y *sky) { y.keys = []cloud.Keypair{{Name: "mine", PublicKey: "ssh-rsa AAAA x"}} })
		with := texts("name", "web", "image", "i", "flavor", "f", "public-key", given)
		s.w.Steps[0].Actions = []steps.Action{{Kind: "server.boot", With: with}}
		for _, step := range []steps.ID{"boot", "again"} {
			s.in.Step = step
			if _, err := s.do("server.boot", with, s.out); err != nil {
				t.Fatal(err)
			}
		}
		name := "matou-" + s.w.Name + "-07"
		if len(y.keys) != 2 || y.keys[1].Name != name || y.keys[1].PublicKey != key || y.specs[1].Keypair != name {
			t.Errorf("keys %+v, booted with %q", y.keys, y.specs[1].Keypair)
		}
		y.keys[1].PublicKey = "ssh-ed25519 BBBB of-another-day"
		s.in.Step = "third"
		if _, err := s.do("server.boot", with, s.out); err != nil || len(y.keys) != 2 || y.keys[1].PublicKey != key {
			t.Errorf("keys %+v, %v", y.keys, err)
		}
		if err := s.reg.Clean(t.Context(), s.in, s.out); err != nil || len(y.keys) != 1 || y.keys[0].Name != "mine" {
			t.Errorf("left %+v, %v", y.keys, err)
		}
	}
	s, y := under(t)
	for _, bad := range []string{"/nowhere.pub", "-----BEGIN OPENSSH PRIVATE KEY----- x", "a b\nc d"} {
		if _, err := s.do("server.boot", texts("name", "web", "image", "i", "flavor", "f", "public-key", bad), s.out); err == nil || len(y.keys) != 0 {
			t.Errorf("%q: %v, %v", bad, err, y.keys)
		}
	}
}

// TestCleanGoesOn: one thing that can't be deleted keeps nothing else from going.
func TestCleanGoesOn(t *testing.T) {
	t.Parallel()
	s, y := under(t, func(s *stand, y *sky) {
		s.w.Cloud = steps.CloudSource{Floating: "public", OpenPorts: "true", Ports: []string{"22"}}
		y.floating = []cloud.FloatingIP{{ID: "f1", Description: "matou:" + s.w.Name + ":07"}}
		y.groups[0].Rules = []cloud.Rule{{ID: "r1", Description: "matou:" + s.w.Name}}
		y.err = cloud.ErrConflict
	})
	if err := s.reg.Clean(t.Context(), s.in, s.out); !errors.Is(err, cloud.ErrConflict) || len(y.floating) != 0 || len(y.groups[0].Rules) != 0 {
		t.Errorf("%v; left %+v, %+v", err, y.floating, y.groups)
	}
}

// TestAPIVia: the API is reached through the hop the workshop names, unless we are there.
func TestAPIVia(t *testing.T) {
	t.Parallel()
	tests := []struct{ via, here, want string }{
		{"", "", ""}, {"jump", "", "jump"}, {"box", "", "box"}, {"${api}", "", "jump"}, {"jump", "box", ""}, {"box", "jump", "box"},
	}
	for _, tt := range tests {
		var dial Dial
		s := newStand(t, func(s *stand) {
			s.w.Cloud.APIVia = tt.via
			s.in.Vars["api"] = "jump"
			s.deps.Here = tt.here
			login := s.deps.Login
			s.deps.Login = func(ctx context.Context, out steps.Output, openrc func(context.Context) ([]byte, string, error), d Dial) (Compute, error) {
				dial = d
				return login(ctx, out, openrc, d)
			}
		})
		dialled := ""
		for name, h := range s.hosts.byName {
			h.dial = func(_ context.Context, _, addr string) (net.Conn, error) {
				dialled = name + " " + addr
				return nil, errors.New("enough")
			}
		}
		if _, err := s.reg.Compute(t.Context(), s.in, s.out); err != nil {
			t.Fatal(err)
		}
		if (dial != nil) != (tt.want != "") {
			t.Errorf("%+v: dial is %v", tt, dial != nil)
		}
		if dial != nil {
			_, _ = dial(t.Context(), "tcp", "api.internal:5000")
			if dialled != tt.want+" api.internal:5000" {
				t.Errorf("%+v: dialled %q", tt, dialled)
			}
		}
	}
	s := newStand(t, func(s *stand) { s.w.Cloud.APIVia = "${api}"; s.in.Vars["api"] = "nowhere" })
	if _, err := s.reg.Compute(t.Context(), s.in, s.out); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("no such hop: %v", err)
	}
}

func TestPlan(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	with := texts("name", "web-${seat}", "image", "i", "flavor", "f", "keypair", "${not.yet}", "user-data", "data/web.yaml", "count", "3", "config-drive", "true", "volume-size", "20")
	with["security-groups"] = steps.Value{List: []string{"default"}}
	s.w.Steps = append(s.w.Steps, steps.Step{ID: "more", Actions: []steps.Action{{Kind: "ssh.run"}, {Kind: "server.boot", With: with, Save: map[string]string{"web.id": "id"}}}})
	s.in.Vars["seat"] = "07"
	plan, err := s.reg.Plan(s.in)
	if err != nil || len(plan) != 1 {
		t.Fatalf("%+v, %v", plan, err)
	}
	p := plan[0]
	if p.Step != "more" || p.Spec.Name != "web-07" || p.Spec.Count != 3 || p.Spec.Keypair != "" || !p.Spec.ConfigDrive || p.Spec.VolumeSize != 20 ||
		len(p.Spec.UserData) == 0 || p.UserData != "data/web.yaml" || p.Save["web.id"] != "id" {
		t.Errorf("%+v", p)
	}
	with["count"] = steps.Value{Text: "many"}
	if _, err := s.reg.Plan(s.in); err == nil {
		t.Error("many is no number")
	}
}

func TestBracketed(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"http://10.0.0.1:80/x":            "http://10.0.0.1:80/x",
		"http://2001:db8::1:80/x?a=b:c:d": "http://[2001:db8::1]:80/x?a=b:c:d",
		"http://2001:db8::1/":             "http://[2001:db8::1]/",
		"http://[2001:db8::1]:80/":        "http://[2001:db8::1]:80/",
		"2001:db8::5:5000":                "[2001:db8::5]:5000",
		"host:22":                         "host:22",
		"http://u:p:q@host:80/":           "http://u:p:q@host:80/",
		"":                                "",
	} {
		if got := bracketed(url); got != want {
			t.Errorf("%s: %s, want %s", url, got, want)
		}
	}
}
