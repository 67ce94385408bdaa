package openstack

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"matou/cloud"
)

func TestServers(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	c := f.client(t)
	all, err := c.Servers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := "log-in version servers"; f.asked("GET") != 2 || f.asked("POST") != 1 {
		t.Errorf("calls %q, want %s", f.calls, want)
	}
	table := strings.Join(cloud.ListTable(all), "\n")
	for _, want := range []string{"| dwarf-1 ", "| giant ", "| ERROR ", "| ACTIVE | -          | Running     | Ext-Net=158.69.78."} {
		if !strings.Contains(table, want) {
			t.Errorf("no %q in\n%s", want, table)
		}
	}
	for _, s := range all {
		if s.Flavor.Name == "" || s.Image.ID == "" || s.Created.IsZero() || s.ProjectID == "" {
			t.Errorf("incomplete: %+v", s)
		}
	}
	found, err := c.Find(t.Context(), "giant")
	if err != nil || len(found) != 1 || found[0].Status != cloud.StatusError {
		t.Errorf("find: %+v, %v", found, err)
	}
}

// TestPages follows links that name another host, and links that lead in a circle.
func TestPages(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	var last string
	f.handle("GET", "/compute/v2.1/servers/detail", func(w http.ResponseWriter, r *http.Request) {
		page := 0
		_, _ = fmt.Sscanf(r.FormValue("marker"), "page-%d", &page)
		next := fmt.Sprintf("https://inside.invalid/servers/detail?marker=page-%d", (page+1)%4)
		_, _ = fmt.Fprintf(w, `{"servers": [{"id": "id-%d", "name": "n"}], "servers_links": [{"rel": "next", "href": %q}]}`, page, next)
		last = r.RequestURI
	})
	all, err := f.client(t).Servers(t.Context())
	if err != nil || len(all) != 5 { // page 0 is seen twice: once as the start, once as the circle closes
		t.Errorf("%d servers, %v, at last %s", len(all), err, last)
	}

	f.handle("GET", "/image/v2/images", func(w http.ResponseWriter, r *http.Request) {
		text := fixture(t, "images")
		if r.FormValue("marker") == "" {
			text = `{"images": [{"id": "x", "name": null, "size": null}], "next": "/v2/images?limit=200&marker=x"}`
		}
		_, _ = w.Write([]byte(text))
	})
	images, err := f.client(t).Images(t.Context())
	if err != nil || len(images) < 3 || images[0].ID != "x" {
		t.Errorf("images: %+v, %v", images, err)
	}
}

func TestShow(t *testing.T) {
	t.Parallel()
	tests := []struct {
		recording string
		want      map[string]string
		absent    []string
	}{
		{"server-active-2.93", map[string]string{
			"Ext-Net network": "158.69.78.21", "flavor:original_name": "vps-ssd-1", "flavor:extra_specs": "{}",
			"OS-EXT-STS:task_state": "-", "locked": "False", "metadata": `{"group": "breizhcamp"}`,
			"os-extended-volumes:volumes_attached": "[]", "security_groups": "default", "key_name": "workshop",
		}, []string{"flavor", "links", "addresses"}},
		{"server-active", map[string]string{
			"flavor": "vps-ssd-1 (cd1e0196-a2ec-4255-b7a6-e02354be0028)", "OS-EXT-STS:power_state": "1",
		}, []string{"flavor:ram", "links", "addresses"}},
		{"server-build", map[string]string{"status": "BUILD", "hostId": "", "OS-EXT-STS:task_state": "scheduling"}, []string{"security_groups"}},
		{"server-error-admin", map[string]string{"status": "ERROR"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.recording, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			f.on("GET", "/compute/v2.1/flavors/cd1e0196-a2ec-4255-b7a6-e02354be0028", 200, `{"flavor": {"name": "vps-ssd-1"}}`)
			f.on("GET", "/compute/v2.1/servers/1", 200, fixture(t, tt.recording))
			s, err := f.client(t).Server(t.Context(), "1")
			if err != nil {
				t.Fatal(err)
			}
			rows := map[string]string{}
			last := ""
			for _, p := range s.Properties {
				rows[p.Name] = p.Value
				if p.Name <= last {
					t.Errorf("%s after %s", p.Name, last)
				}
				last = p.Name
			}
			for name, want := range tt.want {
				if got, ok := rows[name]; !ok || got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			if !strings.HasPrefix(rows["image"], "Image not found (") {
				t.Errorf("image is %q", rows["image"])
			}
			for _, name := range tt.absent {
				if v, ok := rows[name]; ok {
					t.Errorf("there is a row %s: %s", name, v)
				}
			}
		})
	}
}

func TestShowOdd(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	c := f.client(t)
	f.on("GET", "/compute/v2.1/servers/1", 200, `{"server": {"id": "1", "name": "w\u001b[2Jeb", "status": "ACTIVE", "image": "",
		"addresses": {"b": [{"addr": "2001:db8::1"}, {"addr": "nonsense"}], "a": [{"addr": "10.0.0.1"}, {"addr": "1.2.3.4", "OS-EXT-IPS:type": "floating"}]},
		"metadata": {"z": "caf\u00e9 <&> \"q\", a:b", "a": "\n"}, "OS-EXT-STS:power_state": 99}}`)
	s, err := c.Server(t.Context(), "1")
	if err != nil {
		t.Fatal(err)
	}
	if s.Name != "w[2Jeb" || s.PowerState != "N/A" || s.Address().String() != "1.2.3.4" || len(s.Addresses) != 3 {
		t.Errorf("got %+v", s)
	}
	got, _ := json.Marshal(s.Properties)
	for _, want := range []string{
		`Attempt to boot from volume - no image supplied`, `"a network","Value":"10.0.0.1, 1.2.3.4"`,
	} {
		if !strings.Contains(string(got), want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
	for _, p := range s.Properties {
		if want := `{"z": "café <&> \"q\", a:b", "a": "\n"}`; p.Name == "metadata" && p.Value != want {
			t.Errorf("metadata is %s, want %s", p.Value, want)
		}
	}
	for _, id := range []string{"", ".", "..", strings.Repeat("x", 300)} {
		if _, err := c.Server(t.Context(), id); !errors.Is(err, cloud.ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
		if err := c.Delete(t.Context(), id); !errors.Is(err, cloud.ErrNotFound) {
			t.Errorf("delete %q: %v", id, err)
		}
	}
	_, _ = c.Server(t.Context(), "a/../b?c")
	if f.asked("GET /compute/v2.1/servers/a%2F..%2Fb%3Fc") != 1 {
		t.Errorf("calls %q", f.calls)
	}
}

func TestDeleteAndConsole(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	c := f.client(t)
	if err := c.Delete(t.Context(), "1"); err != nil {
		t.Errorf("what is gone: %v", err)
	}
	f.on("DELETE", "/compute/v2.1/servers/1", 409, `{"conflictingRequest": {"message": "locked"}}`)
	if err := c.Delete(t.Context(), "1"); !errors.Is(err, cloud.ErrConflict) {
		t.Errorf("what is locked: %v", err)
	}
	f.on("POST", "/compute/v2.1/servers/1/action", 200, fixture(t, "server-console-output"))
	text, err := c.ConsoleLog(t.Context(), "1", 3)
	if err != nil || !strings.HasSuffix(text, "LAST LINE") {
		t.Errorf("got %q, %v", text, err)
	}
	if body := f.body(t, "POST /compute/v2.1/servers/1/action"); body != `{"os-getConsoleOutput":{"length":3}}` {
		t.Errorf("sent %s", body)
	}
	if quotas, err := c.Quotas(t.Context()); err != nil || len(quotas) != 3 || quotas[1] != (cloud.Quota{Resource: "cores", Limit: 20}) {
		t.Errorf("quotas %v, %v", quotas, err)
	}
	if pairs, err := c.Keypairs(t.Context()); err != nil || len(pairs) != 1 || pairs[0].Name != "workshop" {
		t.Errorf("keypairs %v, %v", pairs, err)
	}
}

func FuzzProperties(f *testing.F) {
	for _, name := range []string{"server-active-2.93", "server-error-admin", "server-build"} {
		var doc struct{ Server json.RawMessage }
		if err := json.Unmarshal([]byte(fixture(f, name)), &doc); err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(doc.Server))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var w wireServer
		if json.Unmarshal(raw, &w) != nil {
			return
		}
		s := w.server()
		rows, err := properties(raw, s)
		if err != nil {
			return
		}
		cloud.PropertyTable(rows)
		cloud.ListTable([]cloud.Server{s})
	})
}
