package sandbox_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"matou/cloud"
	"matou/cloud/openstack"
	"matou/cloud/sandbox"
)

// TestConsoleClient drives the sandbox with the client the console drives a real cloud with.
func TestConsoleClient(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := sandbox.StartFake(t, 0.001)
	creds, err := openstack.ParseOpenRC(strings.NewReader(s.OpenRC()))
	if err != nil {
		t.Fatal(err)
	}
	c, err := openstack.Login(ctx, creds, openstack.Options{Poll: func(time.Duration) time.Duration { return 5 * time.Millisecond }})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if id := c.Identity(); id.Project != "workshop" || id.Region != "BHS1" {
		t.Errorf("identity = %+v", id)
	}
	for what, err := range map[string]error{
		"image": second(c.Image(ctx, "Ubuntu 14.04")), "flavor": second(c.Flavor(ctx, "vps-ssd-1")),
		"network": second(c.Network(ctx, "Ext-Net")), "quota": second(c.Quotas(ctx)), "keypairs": second(c.Keypairs(ctx)),
	} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	spec := cloud.ServerSpec{
		Name: "web", Image: "Ubuntu 14.04", Flavor: "vps-ssd-1", UserData: []byte("#cloud-config\n"),
		Metadata: map[string]string{cloud.MetaSeat: "01"}, Count: 3,
	}
	made, err := c.Boot(ctx, spec)
	if err != nil || len(made) != 3 {
		t.Fatalf("boot: %v, %v", made, err)
	}
	for _, m := range made {
		server, err := c.Wait(ctx, m.ID, func(cloud.Server) {})
		if err != nil || server.Status != cloud.StatusActive || !server.Address().IsValid() {
			t.Errorf("wait: %+v, %v", server, err)
		}
		if log, err := c.ConsoleLog(ctx, m.ID, 0); err != nil || !strings.Contains(log, server.Name+" login:") {
			t.Errorf("console log: %q, %v", log, err)
		}
		if err := c.Delete(ctx, m.ID); err != nil {
			t.Error(err)
		}
		if err := c.WaitGone(ctx, m.ID); err != nil {
			t.Error(err)
		}
	}
	spec.Count = 90
	if _, err := c.Boot(ctx, spec); !errors.Is(err, cloud.ErrQuota) {
		t.Errorf("boot 90: %v", err)
	}
	dir := t.TempDir()
	if err := s.WriteFiles(dir); err != nil {
		t.Fatal(err)
	}
	file, err := openstack.FromCloudsYAML("sandbox", filepath.Join(dir, "clouds.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := openstack.Login(ctx, file, openstack.Options{})
	if err != nil {
		t.Fatalf("clouds.yaml: %v", err)
	}
	again.Close()
	if _, err := openstack.Login(ctx, creds.WithPassword("mayonnaise"), openstack.Options{}); !errors.Is(err, cloud.ErrAuth) {
		t.Errorf("wrong password: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }
