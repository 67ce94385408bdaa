package openstack

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"matou/assets"
	"matou/cloud"
	"matou/cloud/sandbox"
)

// liveEnv names the variable that holds the path of an openrc. The account must be able to boot
// three servers; what this test makes is found by its marks, and nothing else is touched.
const liveEnv = "MATOU_TEST_OPENSTACK"

// TestContract is one suite for two clouds: the sandbox, always, and the real one that an openrc
// leads to. What holds for one holds for the other, which keeps the sandbox honest.
func TestContract(t *testing.T) {
	t.Run("sandbox", func(t *testing.T) {
		files, err := assets.Workshop("web-cloud-puppet")
		if err != nil {
			t.Fatal(err)
		}
		s, err := sandbox.Start(context.WithoutCancel(t.Context()), sandbox.Options{Workshop: files, World: "sandbox", Pace: 0.001})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		contract(t, s.OpenRC(), func(time.Duration) time.Duration { return 5 * time.Millisecond })
	})
	t.Run("openstack", func(t *testing.T) {
		path := os.Getenv(liveEnv)
		if path == "" || path == "0" {
			t.Skip(liveEnv + " names no openrc")
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		contract(t, string(text), nil)
	})
}

// contract is what the console relies on in a cloud.
func contract(t *testing.T, openrc string, poll func(time.Duration) time.Duration) {
	credentials, err := ParseOpenRC(strings.NewReader(openrc))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()

	var requests atomic.Int64
	options := Options{Poll: poll, OnRequest: func(string, string, int, time.Duration) { requests.Add(1) }}
	c, err := Login(ctx, credentials, options)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if id := c.Identity(); id.User == "" || id.Project == "" || id.Expires.Before(time.Now()) {
		t.Errorf("identity is %+v", id)
	}
	if skew := c.Skew(); skew.Abs() > 5*time.Second {
		t.Errorf("its clock is off by %s", skew)
	}
	run := "live-" + rand.Text()
	t.Cleanup(func() { sweep(t, c, run) })
	spec := liveSpec(ctx, t, c, run)
	t.Run("credentials", func(t *testing.T) { liveCredentials(ctx, t, credentials, c.Token()) })
	t.Run("kept session", func(t *testing.T) { liveSession(ctx, t, credentials, options, &requests) })
	t.Run("refusals", func(t *testing.T) { liveRefusals(ctx, t, c, spec) })
	t.Run("keypairs", func(t *testing.T) { liveKeypairs(ctx, t, c, spec) })
	t.Run("groups", func(t *testing.T) { liveGroups(ctx, t, c, spec) })
	t.Run("one", func(t *testing.T) { liveOne(ctx, t, c, spec) })
	t.Run("two at once", func(t *testing.T) { liveTwo(ctx, t, c, spec) })

	before := requests.Load()
	if _, err := c.Servers(ctx); err != nil {
		t.Error(err)
	}
	if n := requests.Load() - before; n != 1 {
		t.Errorf("listing servers took %d requests", n)
	}
}

func liveCredentials(ctx context.Context, t *testing.T, good Credentials, token string) {
	wrong := good.WithPassword("mayonnaise")
	nobody := good
	nobody.Project = "no-such-project"
	for name, k := range map[string]Credentials{"wrong password": wrong, "unknown project": nobody} {
		if _, err := Login(ctx, k, Options{}); !errors.Is(err, cloud.ErrAuth) || strings.Contains(err.Error(), k.Password) {
			t.Errorf("%s: %v", name, err)
		}
	}
	far := good
	far.Region = good.Region + "x"
	if c, err := Login(ctx, far, Options{}); err == nil {
		if _, err := c.Servers(ctx); !errors.Is(err, cloud.ErrUnavailable) || !strings.Contains(err.Error(), good.Region) {
			t.Errorf("another region: %v", err)
		}
		c.Close()
	} else {
		t.Error(err)
	}
	byToken := good
	byToken.Password, byToken.Token = "", token
	c, err := Login(ctx, byToken, Options{})
	if err != nil {
		t.Fatalf("with a token: %v", err)
	}
	defer c.Close()
	if _, err := c.Servers(ctx); err != nil || c.Identity().Project != good.Project {
		t.Errorf("with a token: %v", err)
	}
	stale := byToken
	stale.Token = "gAAAAstale"
	if _, err := Login(ctx, stale, Options{}); !errors.Is(err, cloud.ErrAuth) {
		t.Errorf("with a stale token: %v", err)
	}
}

// liveSpec picks the smallest flavor that fits an image.
func liveSpec(ctx context.Context, t *testing.T, c *Client, run string) cloud.ServerSpec {
	t.Helper()
	flavors, err := c.Flavors(ctx)
	if err != nil || len(flavors) == 0 {
		t.Fatalf("flavors: %v, %v", flavors, err)
	}
	images, err := c.Images(ctx)
	if err != nil || len(images) == 0 {
		t.Fatalf("images: %v, %v", images, err)
	}
	if _, err := c.Networks(ctx); err != nil {
		t.Fatal(err)
	}
	for _, f := range flavors {
		for _, i := range images {
			if f.Disk >= i.MinDisk && f.RAM >= i.MinRAM && f.Disk < 1000 {
				return cloud.ServerSpec{
					Name: "matou-live", Flavor: f.Name, Image: i.Name, UserData: []byte("#!/bin/sh\necho hello\n"), ConfigDrive: true,
					Metadata: map[string]string{cloud.MetaWorkshop: "live", cloud.MetaRun: run, "note": "café, \"noir\""},
				}
			}
		}
	}
	t.Fatal("no flavor fits an image")
	return cloud.ServerSpec{}
}

func liveRefusals(ctx context.Context, t *testing.T, c *Client, good cloud.ServerSpec) {
	tests := []struct {
		name   string
		change func(*cloud.ServerSpec)
		want   error
		text   string
	}{
		{"image", func(s *cloud.ServerSpec) { s.Image += "x" }, cloud.ErrNotFound, good.Image},
		{"flavor", func(s *cloud.ServerSpec) { s.Flavor += "x" }, cloud.ErrNotFound, good.Flavor},
		{"network", func(s *cloud.ServerSpec) { s.Network = "no-such-net" }, cloud.ErrNotFound, "no-such-net"},
		{"keypair", func(s *cloud.ServerSpec) { s.Keypair = "no-such-key" }, cloud.ErrNotFound, "no-such-key"},
		{"user-data", func(s *cloud.ServerSpec) { s.UserData = make([]byte, 50000) }, cloud.ErrTooLarge, "50000"},
		{"quota", func(s *cloud.ServerSpec) { s.Count = 1000 }, cloud.ErrQuota, "needs 1000"},
		{"name", func(s *cloud.ServerSpec) { s.Name = "" }, cloud.ErrBadRequest, "name"},
		{"group", func(s *cloud.ServerSpec) { s.SecurityGroups = []string{"no-such-group"} }, cloud.ErrBadRequest, "no-such-group"},
	}
	for _, tt := range tests {
		spec := good
		tt.change(&spec)
		_, err := c.Boot(ctx, spec)
		if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%s: %v", tt.name, err)
		} else {
			t.Logf("%s: %v", tt.name, err)
		}
	}
	const unknown = "6e1b6e4e-0000-4000-8000-000000000000"
	if _, err := c.Server(ctx, unknown); !errors.Is(err, cloud.ErrNotFound) {
		t.Errorf("show: %v", err)
	}
	if _, err := c.Wait(ctx, unknown, nil); !errors.Is(err, cloud.ErrVanished) {
		t.Errorf("wait: %v", err)
	}
	if err := c.Delete(ctx, unknown); err != nil {
		t.Errorf("delete: %v", err)
	}
}

func liveOne(ctx context.Context, t *testing.T, c *Client, spec cloud.ServerSpec) {
	booted, err := c.Boot(ctx, spec)
	if err != nil || len(booted) != 1 {
		t.Fatalf("boot: %v, %v", booted, err)
	}
	var states []string
	s, err := c.Wait(ctx, booted[0].ID, func(s cloud.Server) {
		states = append(states, string(s.Status)+"/"+s.TaskState)
	})
	t.Logf("states: %v", slices.Compact(states))
	if err != nil {
		t.Fatal(err)
	}
	if !s.Address().IsValid() || s.Status != cloud.StatusActive || s.Flavor.Name != spec.Flavor || s.Image.Name != spec.Image {
		t.Errorf("server is %+v", s)
	}
	for key, value := range spec.Metadata {
		if s.Metadata[key] != value {
			t.Errorf("metadata %s is %q, want %q", key, s.Metadata[key], value)
		}
	}
	t.Logf("show:\n%s", strings.Join(cloud.PropertyTable(s.Properties), "\n"))
	asNova(ctx, t, c, s)
	if _, err := c.ConsoleLog(ctx, s.ID, 10); err != nil {
		t.Error(err)
	}
	found, err := c.Find(ctx, spec.Name)
	if err != nil || !slices.ContainsFunc(found, func(f cloud.Server) bool { return f.ID == s.ID }) {
		t.Errorf("find: %v, %v", found, err)
	}
	c.provider.SetToken("expired")
	if _, err := c.Server(ctx, s.ID); err != nil {
		t.Errorf("with an expired token: %v", err)
	}
	liveMarks(ctx, t, c, s)
	if err := c.Delete(ctx, s.ID); err != nil {
		t.Fatal(err)
	}
	if err := c.WaitGone(ctx, s.ID); err != nil {
		t.Fatal(err)
	}
	if err := c.Delete(ctx, s.ID); err != nil {
		t.Errorf("deleting it again: %v", err)
	}
}

// liveMarks takes a server over, and lets go of it again.
func liveMarks(ctx context.Context, t *testing.T, c *Client, s cloud.Server) {
	t.Helper()
	if err := c.Mark(ctx, s.ID, map[string]string{cloud.MetaSeat: "07", cloud.MetaAdopted: "2026-11-22T21:00:00Z"}); err != nil {
		t.Fatal(err)
	}
	marked, err := c.Server(ctx, s.ID)
	if err != nil || marked.Metadata[cloud.MetaSeat] != "07" || !marked.Adopted() || marked.Metadata["note"] != s.Metadata["note"] {
		t.Errorf("marked: %v, %v", marked.Metadata, err)
	}
	if err := c.Unmark(ctx, s.ID, cloud.MetaSeat, cloud.MetaAdopted, cloud.MetaSeat); err != nil {
		t.Fatal(err)
	}
	bare, err := c.Server(ctx, s.ID)
	if _, left := bare.Metadata[cloud.MetaSeat]; err != nil || left || bare.Adopted() || bare.Metadata[cloud.MetaRun] != s.Metadata[cloud.MetaRun] {
		t.Errorf("unmarked: %v, %v", bare.Metadata, err)
	}
	const unknown = "6e1b6e4e-0000-4000-8000-000000000000"
	if err := c.Mark(ctx, unknown, map[string]string{"a": "b"}); !errors.Is(err, cloud.ErrNotFound) {
		t.Errorf("marking a server there is not: %v", err)
	}
}

func liveTwo(ctx context.Context, t *testing.T, c *Client, spec cloud.ServerSpec) {
	spec.Count = 2
	booted, err := c.Boot(ctx, spec)
	if err != nil || len(booted) != 2 {
		t.Fatalf("boot: %v, %v", booted, err)
	}
	if err := c.Mark(ctx, booted[0].ID, map[string]string{"a": "b"}); err != nil && !errors.Is(err, cloud.ErrConflict) {
		t.Errorf("marking a server in BUILD: %v", err)
	}
	for _, b := range booted {
		s, err := c.Wait(ctx, b.ID, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(s.Name, spec.Name+"-") {
			t.Errorf("one of two is called %q", s.Name)
		}
	}
	t.Logf("list:\n%s", strings.Join(cloud.ListTable(booted), "\n"))
}

// sweep deletes what carries run, and waits until it is gone.
func sweep(t *testing.T, c *Client, run string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	all, err := c.Servers(ctx)
	if err != nil {
		t.Error(err)
	}
	for _, s := range all {
		if s.Metadata[cloud.MetaRun] != run {
			continue
		}
		if err := errors.Join(c.Delete(ctx, s.ID), c.WaitGone(ctx, s.ID)); err != nil {
			t.Error(err)
		}
	}
}

// asNova compares our tables with those of the nova command, where it is installed.
func asNova(ctx context.Context, t *testing.T, c *Client, s cloud.Server) {
	t.Helper()
	nova, err := exec.LookPath("nova")
	if err != nil {
		t.Log("no nova command to compare with")
		return
	}
	run := func(args ...string) string {
		cmd := exec.CommandContext(ctx, nova, args...)
		k := c.credentials
		cmd.Env = append(os.Environ(), "OS_AUTH_URL="+k.AuthURL, "OS_USERNAME="+k.Username, "OS_PASSWORD="+k.Password,
			"OS_PROJECT_NAME="+k.Project, "OS_USER_DOMAIN_NAME="+k.UserDomain, "OS_PROJECT_DOMAIN_NAME="+k.ProjectDomain,
			"OS_REGION_NAME="+k.Region, "OS_IDENTITY_API_VERSION=3", "PYTHONIOENCODING=utf-8")
		out, err := cmd.Output()
		if err != nil {
			t.Errorf("nova %v: %v", args, err)
		}
		return strings.TrimSpace(string(out))
	}
	if ours, theirs := strings.Join(cloud.PropertyTable(s.Properties), "\n"), run("show", s.ID); ours != theirs {
		t.Errorf("ours\n%s\nnova show\n%s", ours, theirs)
	}
	all, err := c.Servers(ctx)
	if err != nil {
		t.Error(err)
	}
	// nova sorts by name, and leaves it to chance which of two namesakes comes first
	ours, theirs := cloud.ListTable(all), strings.Split(run("list"), "\n")
	slices.Sort(ours)
	slices.Sort(theirs)
	if !slices.Equal(ours, theirs) {
		t.Errorf("ours\n%s\nnova list\n%s", strings.Join(ours, "\n"), strings.Join(theirs, "\n"))
	}
}
