package openstack

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestMessage(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 400)
	tests := []struct{ name, body, want string }{
		{"nova", fixture(t, "image-not-found-400"), "Can not find requested image"},
		{"nova forbidden", fixture(t, "servers-detail-all-tenants-participant-403"), "Policy doesn't allow os_compute_api:servers:detail:get_all_tenants to be performed"},
		{"nova schema", fixture(t, "user-data-not-base64-400"), "Invalid input for field/attribute user_data: is not a 'base64'"},
		{"nova schema, huge", `{"badRequest": {"message": "Invalid input for field/attribute user_data. Value: ` + strings.Repeat("QQ", 4e4) + `. '` + strings.Repeat("QQ", 4e4) + `' is too long"}}`, "Invalid input for field/attribute user_data: is too long"},
		{"keystone", fixture(t, "token-wrong-password-401"), "The request you have made requires authentication"},
		{"glance", fixture(t, "glance-image-not-found-404"), "No image found with ID 6e1b6e4e-0000-4000-8000-000000000000"},
		{"neutron", `{"NeutronError": {"type": "NetworkNotFound", "message": "Network x could not be found.", "detail": ""}}`, "Network x could not be found"},
		{"neutron, old", `{"NeutronError": "Quota exceeded"}`, "Quota exceeded"},
		{"placement", `{"errors": [{"status": 404, "title": "Not Found", "detail": "No such provider."}]}`, "No such provider"},
		{"haproxy", "<html><head><title>x</title></head><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>", "503 Service Unavailable No server is available to handle this request"},
		{"escapes", `{"error": {"message": "\u001b[2Jgone\u0007 &lt;b&gt; \u202eabc\r\nnext"}}`, "[2Jgone <b> abc next"},
		{"long", `{"message": "` + long + `"}`, long[:2*148] + "…"},
		{"a list", `["x"]`, `["x"]`},
		{"nothing", ``, ``},
		{"no sentence", `{"code": 500}`, ``},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := message([]byte(tt.body)); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func FuzzMessage(f *testing.F) {
	for _, name := range []string{"quota-everything-403", "glance-unauthorized-401", "neutron-unauthorized-401", "user-data-not-base64-400"} {
		f.Add([]byte(fixture(f, name)))
	}
	f.Add([]byte("<html><!-- "))
	f.Add([]byte(`{"a":{"b":{"c":{"d":{"message":"deep"}}}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		got := message(body)
		if len(got) > maxMessage || !utf8.ValidString(got) || strings.ContainsFunc(got, unicode.IsControl) {
			t.Errorf("message(%q) = %q", body, got)
		}
	})
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	names := []string{"puppet-breizhcamp", "Ubuntu 14.04", "Ubuntu 16.04", "Debian 8", "CentOS 7", "Windows"}
	for wanted, want := range map[string]string{
		"pupet-breizhcamp": `nearest: "puppet-breizhcamp"`,
		"ubuntu 14.04":     `nearest: "Ubuntu 14.04", "Ubuntu 16.04"`,
		"Debain 8":         `nearest: "Debian 8"`,
	} {
		if got := suggest(wanted, names).text; got != want {
			t.Errorf("%s: %s", wanted, got)
		}
	}
	if got := suggest("completely different", names).text; !strings.HasPrefix(got, "there are ") || !strings.HasSuffix(got, "and 1 more") {
		t.Error(got)
	}
	if got := suggest("x", nil).text; got != "there is none at all" {
		t.Error(got)
	}
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "acb", 1}, {"kitten", "sitting", 3}, {"été", "ete", 2}} {
		if got := distance(tt.a, tt.b); got != tt.want || distance(tt.b, tt.a) != got {
			t.Errorf("distance(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}
