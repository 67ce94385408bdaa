package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"matou/cloud"
	"matou/cloud/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// TestRun: side by side, each after what it needs, told in order.
func TestRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		after := func(d time.Duration, r Result) func(context.Context) Result {
			return func(ctx context.Context) Result {
				select {
				case <-time.After(d):
					return r
				case <-ctx.Done():
					return Because(ctx.Err())
				}
			}
		}
		never := func(context.Context) Result { t.Error("asked though what it needs had failed"); return Result{} }
		var told []string
		start := time.Now()
		findings := Run(t.Context(), []Check{
			{Name: "slow", Do: after(10*time.Second, Good("fine"))},
			{Name: "bad", Subject: "x", Do: after(time.Second, Bad("remedy.auth", "no"))},
			{Name: "needs-bad", Needs: []string{"slow", "bad:x"}, Do: never},
			{Name: "needs-skipped", Needs: []string{"needs-bad"}, Do: never},
			{Name: "too-long", Timeout: 3 * time.Second, Do: after(time.Hour, Good(""))},
			{Name: "beside", Do: after(10*time.Second, Result{Status: Warning})},
			{Name: "after", Needs: []string{"beside"}, Do: after(time.Second, Good(""))},
		}, func(f Finding) { told = append(told, f.Check+" "+string(f.Status)) })
		if took := time.Since(start); took != 11*time.Second {
			t.Errorf("took %s", took)
		}
		want := []string{"slow ok", "bad failed", "needs-bad skipped", "needs-skipped skipped", "too-long failed", "beside warning", "after ok"}
		if !slices.Equal(told, want) {
			t.Errorf("told %q", told)
		}
		if f := findings[2]; f.Cause != "bad:x" || f.Took != 0 {
			t.Errorf("%+v", f)
		}
		if f := findings[4]; f.Remedy != "remedy.timeout" || f.Took != 3*time.Second {
			t.Errorf("%+v", f)
		}
		if Healthy(findings) || !Healthy(findings[5:]) {
			t.Error("a warning is no failure, and a failure is one")
		}
	})
}

func TestRunMistakes(t *testing.T) {
	t.Parallel()
	for _, checks := range [][]Check{
		{{Name: "a", Needs: []string{"b"}}, {Name: "b"}},
		{{Name: "a", Needs: []string{"a"}}},
		{{Name: "a"}, {Name: "a"}},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v were taken", checks)
				}
			}()
			Run(t.Context(), checks, nil)
		}()
	}
}

// sky is a cloud in which everything is as it should be, until a test spoils it.
type sky struct {
	services []string
	skew     time.Duration
	slow     time.Duration
	flavor   cloud.Flavor
	image    cloud.Image
	groups   []cloud.SecurityGroup
	quotas   []cloud.Quota
	servers  []cloud.Server
	errs     map[string]error
}

func (s *sky) Identity() cloud.Identity { return cloud.Identity{User: "me", Project: "workshop"} }
func (s *sky) Services() []string       { return s.services }
func (s *sky) Skew() time.Duration      { return s.skew }

func (s *sky) Flavor(context.Context, string) (cloud.Flavor, error) {
	return s.flavor, s.errs["flavor"]
}

func (s *sky) Image(context.Context, string) (cloud.Image, error) { return s.image, s.errs["image"] }

func (s *sky) Network(context.Context, string) (cloud.Network, error) {
	return cloud.Network{ID: "n1", Name: "net"}, s.errs["network"]
}
func (s *sky) HasKeypair(context.Context, string) error { return s.errs["keypair"] }

func (s *sky) SecurityGroups(context.Context) ([]cloud.SecurityGroup, error) {
	return s.groups, s.errs["groups"]
}

func (s *sky) Quotas(context.Context) ([]cloud.Quota, error) { return s.quotas, s.errs["quotas"] }

func (s *sky) Servers(context.Context) ([]cloud.Server, error) {
	time.Sleep(s.slow)
	return s.servers, s.errs["servers"]
}

func blue() *sky {
	rule := func(port int) cloud.Rule {
		return cloud.Rule{Ingress: true, Family: 4, Protocol: "tcp", PortMin: port, PortMax: port}
	}
	return &sky{
		services: []string{"compute", "image", "network"},
		flavor:   cloud.Flavor{Name: "small", VCPUs: 1, RAM: 2048, Disk: 20},
		image:    cloud.Image{Name: "debian", Status: "active", MinDisk: 10},
		groups:   []cloud.SecurityGroup{{ID: "g1", Name: "default", Rules: []cloud.Rule{rule(22), rule(80)}}},
		quotas:   []cloud.Quota{{Resource: "instances", Limit: 10, Used: 2}, {Resource: "cores", Limit: -1}, {Resource: "ram", Limit: 20480, Used: 4096}},
		errs:     map[string]error{},
	}
}

func plan() Plan {
	return Plan{
		Workshop: "w", Seats: 2, Ports: []int{22, 80},
		Servers: []cloud.ServerSpec{
			{Name: "a", Flavor: "small", Image: "debian", Keypair: "k", SecurityGroups: []string{"default"}},
			{Name: "b", Flavor: "small", Image: "debian", Keypair: "k", SecurityGroups: []string{"default"}, Count: 3},
		},
	}
}

func TestCloudChecks(t *testing.T) {
	t.Parallel()
	lost := fmt.Errorf("image: %w", cloud.ErrNotFound)
	tests := []struct {
		name   string
		spoil  func(*sky, *Plan)
		check  string
		want   Status
		text   string // in the detail or the cause
		remedy string
	}{
		{"all is well", func(*sky, *Plan) {}, "quota", OK, "8 of 8 instances, 8 cores of no limit", ""},
		{"refused", func(s *sky, _ *Plan) { s.errs["login"] = cloud.ErrAuth }, "credentials", Failed, "not authenticated", "remedy.auth"},
		{"and then the others are not asked", func(s *sky, _ *Plan) { s.errs["login"] = cloud.ErrAuth }, "quota", Skipped, "catalog", ""},
		{"no compute", func(s *sky, _ *Plan) { s.services = s.services[1:] }, "catalog", Failed, "no compute", "cli.doctor.remedy.catalog"},
		{"clock a little off", func(s *sky, _ *Plan) { s.skew = -20 * time.Second }, "clock", Warning, "-20s", "cli.doctor.remedy.clock"},
		{"clock off", func(s *sky, _ *Plan) { s.skew = time.Hour }, "clock", Failed, "1h0m0s", "cli.doctor.remedy.clock"},
		{"slow", func(s *sky, _ *Plan) { s.slow = 3 * time.Second }, "latency", Warning, "3s", "cli.doctor.remedy.slow"},
		{"much too slow", func(s *sky, _ *Plan) { s.slow = 10 * time.Second }, "latency", Failed, "10s", "cli.doctor.remedy.slow"},
		{"no room", func(_ *sky, p *Plan) { p.Seats = 3 }, "quota", Failed, "12 instances, 8 of 10 left; 24576 MiB of RAM, 16384 of 20480 left; there is room for 2", "cli.doctor.remedy.quota"},
		{"room for those who have theirs", func(s *sky, p *Plan) {
			p.Seats = 3
			for range 4 {
				s.servers = append(s.servers, cloud.Server{Flavor: cloud.Ref{Name: "small"}, Metadata: map[string]string{cloud.MetaWorkshop: "w"}})
			}
			s.servers = append(s.servers, cloud.Server{Metadata: map[string]string{cloud.MetaWorkshop: "other"}})
		}, "quota", OK, "there already: 4", ""},
		{"quotas unreadable", func(s *sky, _ *Plan) { s.errs["quotas"] = cloud.ErrForbidden }, "quota", Failed, "", "remedy.forbidden"},
		{"no image", func(s *sky, _ *Plan) { s.errs["image"] = lost }, "image", Failed, "not found", "remedy.not-found"},
		{"image not ready", func(s *sky, _ *Plan) { s.image.Status = "queued" }, "image", Failed, "queued", "cli.doctor.remedy.image"},
		{"image too large", func(s *sky, _ *Plan) { s.image.MinDisk = 40 }, "image", Failed, "40 GiB", "cli.doctor.remedy.image"},
		{"no disk, no volumes", func(s *sky, _ *Plan) { s.flavor.Disk = 0 }, "image", Warning, "no disk", "cli.doctor.remedy.disk"},
		{"no disk, but volumes", func(s *sky, _ *Plan) { s.flavor.Disk = 0; s.services = append(s.services, "volumev3") }, "image", OK, "volume", ""},
		{"networks to choose from", func(s *sky, _ *Plan) { s.errs["network"] = cloud.ErrAmbiguous }, "network", Warning, "", "cli.doctor.remedy.network"},
		{"no keypair", func(s *sky, _ *Plan) { s.errs["keypair"] = lost }, "keypair", Failed, "", "remedy.not-found"},
		{"closed", func(_ *sky, p *Plan) { p.Ports = []int{22, 5000} }, "ports", Failed, "closed from outside: 5000", "cli.doctor.remedy.ports"},
		{"closed, to be opened", func(_ *sky, p *Plan) { p.Ports = []int{22, 5000}; p.OpensPorts = true }, "ports", OK, "will open 5000", ""},
		{"narrow", func(s *sky, p *Plan) {
			s.groups[0].Rules[1].FromGroup = "g1"
		}, "ports", Failed, "80", "cli.doctor.remedy.ports"},
		{"no group", func(s *sky, _ *Plan) { s.groups = nil }, "ports", Failed, `"default"`, "cli.doctor.remedy.group"},
		{"no group, to be made", func(s *sky, p *Plan) { s.groups = nil; p.OpensPorts = true }, "ports", OK, "will make default", ""},
		{"groups unreadable", func(s *sky, _ *Plan) { s.errs["groups"] = cloud.ErrUnavailable }, "ports", Failed, "", "remedy.unavailable"},
		{"floating", func(s *sky, p *Plan) { p.Floating = "pub"; s.errs["network"] = lost }, "floating", Failed, "", "remedy.not-found"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, p := blue(), plan()
				tt.spoil(s, &p)
				checks := CloudChecks(func(context.Context) (Cloud, error) { return s, s.errs["login"] }, p)
				for _, f := range Run(t.Context(), checks, nil) {
					if f.Check != tt.check {
						if tt.want == OK && f.Status != OK {
							t.Errorf("%s is %+v", f.Check, f)
						}
						continue
					}
					if f.Status != tt.want || f.Remedy != tt.remedy || !strings.Contains(f.Detail+f.Cause, tt.text) {
						t.Errorf("%+v", f)
					}
					return
				}
				t.Error("there is no such check")
			})
		})
	}
}

func TestUserData(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]Status{0: OK, 49149: OK, 49152: Failed, 100_000: Failed} {
		if f := Run(t.Context(), []Check{UserData("x", size)}, nil); f[0].Status != want {
			t.Errorf("%d bytes: %+v", size, f[0])
		}
	}
}

func TestBecause(t *testing.T) {
	t.Parallel()
	if r := Because(errors.New("what?")); r.Remedy != "remedy.internal" || r.Status != Failed {
		t.Errorf("%+v", r)
	}
}
