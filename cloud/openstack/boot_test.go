package openstack

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"matou/cloud"
)

func webSpec() cloud.ServerSpec {
	return cloud.ServerSpec{
		Name: "web-1", Image: "puppet-breizhcamp", Flavor: "vps-ssd-1", Keypair: "workshop", SecurityGroups: []string{"default"},
		UserData: []byte("IyEvYmluL3No"), // text that is base64 itself, and must not be taken for it
		Metadata: map[string]string{cloud.MetaRun: "run-7", cloud.MetaSeat: "12"},
	}
}

// sent is the server that Nova was asked for.
type sent struct {
	Name, ImageRef, FlavorRef string
	KeyName                   string            `json:"key_name"`
	UserData                  string            `json:"user_data"`
	MinCount                  int               `json:"min_count"`
	MaxCount                  int               `json:"max_count"`
	Metadata                  map[string]string `json:"metadata"`
	Networks                  json.RawMessage   `json:"networks"`
	SecurityGroups            json.RawMessage   `json:"security_groups"`
}

func TestBoot(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	c := f.client(t)
	f.on("POST", "/compute/v2.1/servers", 202, fixture(t, "server-create-202"))
	f.on("GET", "/compute/v2.1/servers/a22160be-90c2-4f4f-a80c-ebbc22448573", 200, fixture(t, "server-build"))
	got, err := c.Boot(t.Context(), webSpec())
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0].ID != "a22160be-90c2-4f4f-a80c-ebbc22448573" || got[0].Status != cloud.StatusBuild || got[0].TaskState != "scheduling" {
		t.Errorf("got %+v", got)
	}
	var body struct{ Server sent }
	if err := json.Unmarshal([]byte(f.body(t, "POST /compute/v2.1/servers")), &body); err != nil {
		t.Fatal(err)
	}
	s := body.Server
	if s.Name != "web-1" || s.KeyName != "workshop" || s.Metadata[cloud.MetaRun] != "run-7" || s.MinCount != 0 ||
		s.FlavorRef != "cd1e0196-a2ec-4255-b7a6-e02354be0028" || string(s.SecurityGroups) != `[{"name":"default"}]` ||
		string(s.Networks) != `[{"uuid":"3cab747e-acef-4f6d-871f-a3a72e1b3b8b"}]` || len(s.ImageRef) != 36 {
		t.Errorf("asked for %+v", s)
	}
	if data, err := base64.StdEncoding.DecodeString(s.UserData); err != nil || string(data) != "IyEvYmluL3No" {
		t.Errorf("user-data arrives as %q, %v", data, err)
	}

	// The lists are not asked for again; an unknown name is reason to look once more.
	before := f.asked("GET /image")
	if _, err := c.Boot(t.Context(), webSpec()); err != nil || f.asked("GET /image/v2/images?") != 1 {
		t.Errorf("%v, images asked %d times", err, f.asked("GET /image/v2/images?"))
	}
	spec := webSpec()
	spec.Image = "new"
	if _, err := c.Boot(t.Context(), spec); !errors.Is(err, cloud.ErrNotFound) || f.asked("GET /image") <= before {
		t.Errorf("got %v", err)
	}
}

// TestBootLosesNothing: the server exists, whatever happens to the answers around it.
func TestBootLosesNothing(t *testing.T) {
	t.Parallel()
	t.Run("the look after it fails", func(t *testing.T) {
		t.Parallel()
		f := newFake(t)
		f.on("POST", "/compute/v2.1/servers", 202, fixture(t, "server-create-202"))
		got, err := f.client(t).Boot(t.Context(), webSpec())
		if err != nil || len(got) != 1 || !strings.HasPrefix(got[0].ID, "a22160be") || got[0].Name != "web-1" {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("the line breaks", func(t *testing.T) {
		t.Parallel()
		f := newFake(t)
		f.handle("POST", "/compute/v2.1/servers", func(w http.ResponseWriter, _ *http.Request) {
			f.on("GET", "/compute/v2.1/servers/detail", 200, `{"servers": [{"id": "other", "name": "web-1"},
				{"id": "mine", "name": "web-1", "status": "BUILD", "metadata": {"matou:run": "run-7"}}]}`)
			conn, _, _ := w.(http.Hijacker).Hijack()
			conn.Close()
		})
		got, err := f.client(t).Boot(t.Context(), webSpec())
		if err != nil || len(got) != 1 || got[0].ID != "mine" {
			t.Errorf("got %+v, %v", got, err)
		}
		if n := f.asked("POST /compute"); n != 1 {
			t.Errorf("asked %d times for a server", n)
		}
	})
	t.Run("the line breaks before", func(t *testing.T) {
		t.Parallel()
		f := newFake(t)
		f.handle("POST", "/compute/v2.1/servers", func(w http.ResponseWriter, _ *http.Request) {
			conn, _, _ := w.(http.Hijacker).Hijack()
			conn.Close()
		})
		if got, err := f.client(t).Boot(t.Context(), webSpec()); !errors.Is(err, cloud.ErrUnavailable) || len(got) != 0 {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

func TestBootSeveral(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.on("POST", "/compute/v2.1/servers", 202, fixture(t, "server-create-202"))
	one := `{"id": "%d", "name": "web-%d", "status": "BUILD", "metadata": {"matou:run": "run-7"}}`
	f.series("GET", "/compute/v2.1/servers/detail",
		`{"servers": [`+fmt.Sprintf(one, 1, 1)+`]}`,
		`503 `,
		`{"servers": [`+fmt.Sprintf(one, 3, 3)+`,`+fmt.Sprintf(one, 1, 1)+`, {"id": "x", "name": "web-2"},`+fmt.Sprintf(one, 2, 2)+`]}`)
	spec := webSpec()
	spec.Count = 3
	got, err := f.client(t).Boot(t.Context(), spec)
	if err != nil || len(got) != 3 || got[0].Name != "web-1" || got[2].Name != "web-3" {
		t.Errorf("got %+v, %v", got, err)
	}
	var body struct{ Server sent }
	if err := json.Unmarshal([]byte(f.body(t, "POST /compute/v2.1/servers")), &body); err != nil || body.Server.MinCount != 3 || body.Server.MaxCount != 3 {
		t.Errorf("asked for %+v, %v", body.Server, err)
	}
}

func TestBootRefused(t *testing.T) {
	t.Parallel()
	twins := `{"images": [{"id": "i1", "name": "twin", "status": "active"}, {"id": "i2", "name": "twin", "status": "active"}, {"id": "i3", "name": "young", "status": "queued"}]}`
	tests := []struct {
		name   string
		change func(*fake, *cloud.ServerSpec)
		want   error
		text   string
	}{
		{"image", func(_ *fake, s *cloud.ServerSpec) { s.Image = "puppet-brezhcamp" }, cloud.ErrNotFound, `boot web-1: image "puppet-brezhcamp": not found: nearest: "puppet-breizhcamp"`},
		{"flavor", func(_ *fake, s *cloud.ServerSpec) { s.Flavor = "vps-ssd-11" }, cloud.ErrNotFound, `nearest: "vps-ssd-1"`},
		{"network", func(_ *fake, s *cloud.ServerSpec) { s.Network = "ext-nte" }, cloud.ErrNotFound, `nearest: "Ext-Net"`},
		{"keypair", func(_ *fake, s *cloud.ServerSpec) { s.Keypair = "workshp" }, cloud.ErrNotFound, `nearest: "workshop"`},
		{"twins", func(f *fake, s *cloud.ServerSpec) {
			s.Image = "twin"
			f.on("GET", "/image/v2/images", 200, twins)
		}, cloud.ErrAmbiguous, "choose by id: i1 (active), i2 (active)"},
		{"not ready", func(f *fake, s *cloud.ServerSpec) {
			s.Image = "young"
			f.on("GET", "/image/v2/images", 200, twins)
		}, cloud.ErrConflict, `image "young" is queued`},
		{"which network", func(f *fake, _ *cloud.ServerSpec) {
			f.on("GET", "/network/v2.0/networks", 200, `{"networks": [{"id": "1", "name": "a"}, {"id": "2", "name": "b", "shared": true}, {"id": "3", "name": "c", "router:external": true}]}`)
		}, cloud.ErrAmbiguous, `choose a network: ambiguous name: the project has "a", "b"`},
		{"no network", func(f *fake, _ *cloud.ServerSpec) {
			f.on("GET", "/network/v2.0/networks", 200, `{"networks": []}`)
		}, cloud.ErrNotFound, "the project has none"},
		{"user-data", func(_ *fake, s *cloud.ServerSpec) { s.UserData = make([]byte, 49150) }, cloud.ErrTooLarge, "user-data has 49150 bytes, the cloud takes 49149"},
		{"name", func(_ *fake, s *cloud.ServerSpec) { s.Name = " " }, cloud.ErrBadRequest, "1 to 255"},
		{"quota before", func(f *fake, s *cloud.ServerSpec) {
			s.Count = 4
			f.on("GET", "/compute/v2.1/limits", 200, `{"limits": {"absolute": {"maxTotalCores": 20, "totalCoresUsed": 18, "maxTotalInstances": -1, "totalInstancesUsed": 9}}}`)
		}, cloud.ErrQuota, "boot web-1: quota exceeded: cores: needs 4, 2 of 20 left"},
		{"quota after", func(f *fake, _ *cloud.ServerSpec) {
			f.on("GET", "/compute/v2.1/limits", 403, `{}`)
			f.on("POST", "/compute/v2.1/servers", 403, fixture(t, "quota-everything-403"))
		}, cloud.ErrQuota, "already used 5, 5, 10240 of 20, 10, 51200"},
		{"broken cloud", func(f *fake, _ *cloud.ServerSpec) { f.on("POST", "/compute/v2.1/servers", 500, `{}`) }, cloud.ErrUnavailable, "500"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f, spec := newFake(t), webSpec()
			tt.change(f, &spec)
			got, err := f.client(t).Boot(t.Context(), spec)
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) || len(got) != 0 {
				t.Errorf("got %v, %v", got, err)
			}
			if n := f.asked("POST /compute/v2.1/servers"); n > 1 {
				t.Errorf("asked %d times", n)
			}
		})
	}
}

func TestBootCanceled(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	c := f.client(t)
	ctx, cancel := context.WithCancel(t.Context())
	f.handle("POST", "/compute/v2.1/servers", func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		cancel()
		<-r.Context().Done()
	})
	if _, err := c.Boot(ctx, webSpec()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if n := f.asked("GET /compute/v2.1/servers"); n != 0 {
		t.Errorf("looked for servers %d times after that", n)
	}
}
