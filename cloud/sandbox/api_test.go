package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"matou/cloud/sandbox/fault"
)

// shape is the set of paths in a JSON value, with the kind of what is there.
func shape(v any) []string {
	set := map[string]bool{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case object:
			set[path+"{}"] = true
			for k, e := range v {
				walk(path+"."+k, e)
			}
		case []any:
			set[path+"[]"] = true
			for _, e := range v {
				walk(path+"[]", e)
			}
		default:
			set[path] = true
		}
	}
	walk("", v)
	return sortedKeys(set)
}

func recorded(t *testing.T, name string) any {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata/recorded", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// compareShape reports which paths only the recording has and which only we have.
func compareShape(t *testing.T, name string, a answer, ignore ...string) {
	t.Helper()
	real, ours := shape(recorded(t, name)), shape(a.json)
	skip := func(p string) bool {
		return slices.ContainsFunc(ignore, func(i string) bool { return strings.HasPrefix(p, i) })
	}
	for _, p := range real {
		if !slices.Contains(ours, p) && !skip(p) {
			t.Errorf("%s: the real one has %s, ours has not", name, p)
		}
	}
	for _, p := range ours {
		if !slices.Contains(real, p) && !skip(p) {
			t.Errorf("%s: ours has %s, the real one has not", name, p)
		}
	}
}

func TestShapesOfServers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "", 1, fault.Rule{At: fault.BootError, Match: "^giant"})
		defer b.end()
		a := b.do("POST", "/compute/v2.1/os-keypairs", object{"keypair": object{
			"name": "workshop", "public_key": recordedKey(t),
		}})
		compareShape(t, "keypair-create", a)
		newest := []string{"OpenStack-API-Version", "compute 2.93"}
		more := object{"key_name": "workshop"}
		a = b.do("POST", compute+"/servers", orderBody(b.w, "dwarf-1", more))
		compareShape(t, "server-create-202", a)
		id := a.str("server", "id")
		if loc := a.header.Get("Location"); !strings.HasSuffix(loc, "/servers/"+id) {
			t.Errorf("Location = %q", loc)
		}
		one := compute + "/servers/" + id
		compareShape(t, "server-build", b.do("GET", one, nil))
		time.Sleep(time.Hour)
		synctest.Wait()
		compareShape(t, "server-active", b.do("GET", one, nil))
		compareShape(t, "server-active-2.93", b.do("GET", one, nil, newest...))
		compareShape(t, "server-ips", b.do("GET", one+"/ips", nil))
		compareShape(t, "server-interfaces", b.do("GET", one+"/os-interface", nil))
		compareShape(t, "server-actions", b.do("GET", one+"/os-instance-actions", nil))
		compareShape(t, "server-console-output", b.do("POST", one+"/action", `{"os-getConsoleOutput":{}}`))
		compareShape(t, "ports-of-server", b.do("GET", "/networking/v2.0/ports?device_id="+id, nil))
		b.do("POST", one+"/action", `{"reboot":{"type":"SOFT"}}`)
		compareShape(t, "server-reboot", b.do("GET", one, nil))
		time.Sleep(time.Hour)
		synctest.Wait()
		b.do("POST", one+"/action", `{"os-stop":null}`)
		time.Sleep(time.Hour)
		synctest.Wait()
		compareShape(t, "server-shutoff", b.do("GET", one, nil))
		b.do("POST", one+"/action", `{"os-start":null}`)
		giant := b.do("POST", compute+"/servers", orderBody(b.w, "giant", more)).str("server", "id")
		time.Sleep(time.Hour)
		synctest.Wait()
		compareShape(t, "server-error", b.do("GET", compute+"/servers/"+giant, nil))
		compareShape(t, "server-error-2.93", b.do("GET", compute+"/servers/"+giant, nil, newest...))
		compareShape(t, "servers-create-3-202", b.do("POST", compute+"/servers", orderBody(b.w, "dwarf", object{
			"min_count": 3, "max_count": 3, "return_reservation_id": true, "key_name": "workshop",
		})))
		time.Sleep(time.Hour)
		synctest.Wait()
		compareShape(t, "servers", b.do("GET", compute+"/servers", nil))
		compareShape(t, "servers-detail-page-1", b.do("GET", compute+"/servers/detail?limit=2", nil))
		b.do("DELETE", one, nil)
		compareShape(t, "server-deleting", b.do("GET", one, nil))
	})
}

func recordedKey(t *testing.T) string {
	t.Helper()
	key, _ := recorded(t, "keypair").(object)["keypair"].(object)["public_key"].(string)
	return key
}

func TestShapes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "", 0)
		defer b.end()
		b.do("POST", compute+"/os-keypairs", object{"keypair": object{"name": "workshop", "public_key": recordedKey(t)}})
		project := b.w.projectID()
		nobody := &direct{t: t, h: b.h, token: "not-a-token"}
		for name, a := range map[string]answer{
			"token":                      nobody.do("POST", "/identity/v3/auth/tokens", loginBody("participant", "moutarde", "workshop")),
			"keystone-versions":          nobody.do("GET", "/", nil),
			"keystone-v3":                nobody.do("GET", "/identity/v3", nil),
			"auth-projects":              b.do("GET", "/identity/v3/auth/projects", nil),
			"nova-v2.1":                  b.do("GET", compute+"/", nil),
			"unauthorized-bad-token-401": nobody.do("GET", compute+"/servers/detail", nil),
			"neutron-unauthorized-401":   nobody.do("GET", "/networking/v2.0/networks", nil),
			"glance-unauthorized-401":    nobody.do("GET", "/image/v2/images", nil),
			"glance-image-not-found-404": b.do("GET", "/image/v2/images/6e1b6e4e-0000-4000-8000-000000000000", nil),
			"keypair":                    b.do("GET", compute+"/os-keypairs/workshop", nil),
			"keypairs":                   b.do("GET", compute+"/os-keypairs", nil),
			"flavors":                    b.do("GET", compute+"/flavors", nil),
			"flavors-detail":             b.do("GET", compute+"/flavors/detail", nil),
			"images":                     b.do("GET", "/image/v2/images", nil),
			"images-page-1":              b.do("GET", "/image/v2/images?limit=1", nil),
			"images-through-nova":        b.do("GET", compute+"/images/detail", nil),
			"networks":                   b.do("GET", "/networking/v2.0/networks", nil),
			"subnets":                    b.do("GET", "/networking/v2.0/subnets", nil),
			"security-groups":            b.do("GET", "/networking/v2.0/security-groups", nil),
			"limits":                     b.do("GET", compute+"/limits", nil),
			"quota-set-detail":           b.do("GET", compute+"/os-quota-sets/"+project+"/detail", nil),
			"availability-zones":         b.do("GET", compute+"/os-availability-zone", nil),
		} {
			compareShape(t, name, a, ".networks[].availability_zones[]")
			if a.header.Get("X-Openstack-Request-Id") == "" {
				t.Errorf("%s: no request id", name)
			}
		}
	})
}

// TestRefusals compares whole answers: the words are what a console shows.
func TestRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "", 0)
		defer b.end()
		servers := compute + "/servers"
		order := func(more object) object { return orderBody(b.w, "x", more) }
		missing := "6e1b6e4e-0000-4000-8000-000000000000"
		for name, a := range map[string]answer{
			"microversion-too-new-406":                   b.do("GET", servers+"/detail", nil, "OpenStack-API-Version", "compute 2.999"),
			"user-data-not-base64-400":                   b.do("POST", servers, order(object{"user_data": "not base64 !"})),
			"image-not-uuid-400":                         b.do("POST", servers, order(object{"imageRef": "puppet-breizhcamp"})),
			"image-missing-400":                          b.do("POST", servers, order(object{"imageRef": nil})),
			"image-not-found-400":                        b.do("POST", servers, order(object{"imageRef": missing})),
			"flavor-not-found-400":                       b.do("POST", servers, order(object{"flavorRef": "nope"})),
			"network-not-found-400":                      b.do("POST", servers, order(object{"networks": []object{{"uuid": missing}}})),
			"keypair-not-found-400":                      b.do("POST", servers, order(object{"key_name": "nope"})),
			"name-empty-400":                             b.do("POST", servers, order(object{"name": ""})),
			"servers-detail-all-tenants-participant-403": b.do("GET", servers+"/detail?all_tenants=1", nil),
		} {
			want := recorded(t, name)
			if fmt.Sprint(a.json) != fmt.Sprint(want) {
				t.Errorf("%s:\n got %v\nwant %v", name, a.json, want)
			}
			if code, _ := name[len(name)-3:], 0; fmt.Sprint(a.status) != code {
				t.Errorf("%s: status %d", name, a.status)
			}
		}
		b.do("GET", servers+"/"+missing, nil).want(t, 404, "Instance "+missing+" could not be found.")
		b.do("POST", servers, "{bad").want(t, 400, "Malformed request body")
		b.do("POST", servers, "[]").want(t, 400, "[] is not of type 'object'")
		b.do("POST", servers, order(object{"foo": 1})).want(t, 400, "('foo' was unexpected)")
		b.do("POST", servers, order(object{"user_data": strings.Repeat("A", maxUserData+5)})).want(t, 400, "is too long")
		b.do("POST", servers, order(object{"user_data": strings.Repeat("A", maxBody)})).want(t, 413, "Request is too large")
		b.do("POST", servers, order(object{"min_count": 3, "max_count": 2})).want(t, 400, "min_count must be <= max_count")
		b.do("POST", servers, order(object{"min_count": 1, "max_count": json.Number("9223372036854775807")})).want(t, 400, "max_count")
		b.do("POST", servers, order(object{"networks": nil}), "OpenStack-API-Version", "compute 2.37").want(t, 400, "'networks' is a required property")
		b.do("POST", servers, order(object{"networks": "auto"})).want(t, 400, "'auto' is not of type 'array'")
		b.do("POST", servers, order(object{"networks": "auto"}), "OpenStack-API-Version", "compute latest").want(t, 202, "adminPass")
		b.do("GET", servers+"?limit=x", nil).want(t, 400, "does not match '^[0-9]*$'")
		b.do("GET", servers+"?marker=nope", nil).want(t, 400, "marker [nope] not found")
		b.do("GET", servers+"?name=%5B", nil).want(t, 400, "is not a 'regex'")
		b.do("GET", servers+"?changes-since=nope", nil).want(t, 400, "is not a 'date-time'")
		b.do("GET", compute+"/nope", nil).want(t, 404, "could not be found")
		b.do("GET", compute+"/images", nil, "OpenStack-API-Version", "compute 2.93").want(t, 404, "could not be found")
		b.do("GET", compute+"/os-hypervisors", nil).want(t, 403, "Policy doesn't allow os_compute_api:os-hypervisors:list")
		b.do("GET", compute+"/flavors", nil, "OpenStack-API-Version", "compute 2.x").want(t, 400, "invalid format")
	})
}

func TestQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "", 0)
		defer b.end()
		b.w.file.Quota = quota{Instances: 10, Cores: 20, RAM: 51200}
		many := func(n int) object { return orderBody(b.w, "x", object{"min_count": n, "max_count": n}) }
		b.do("POST", compute+"/servers", many(5)).want(t, 202, "id")
		a := b.do("POST", compute+"/servers", many(6))
		if want := recorded(t, "quota-instances-403"); fmt.Sprint(a.json) != fmt.Sprint(want) {
			t.Errorf("got %v, want %v", a.json, want)
		}
		a = b.do("POST", compute+"/servers", many(50))
		if want := recorded(t, "quota-everything-403"); fmt.Sprint(a.json) != fmt.Sprint(want) {
			t.Errorf("got %v, want %v", a.json, want)
		}
		b.do("POST", compute+"/servers", orderBody(b.w, "wish", object{"min_count": 1, "max_count": 50})).want(t, 202, "id")
		a = b.do("GET", compute+"/limits", nil)
		if a.at("limits", "absolute", "totalInstancesUsed") != 10.0 {
			t.Errorf("max_count is no wish: %s", a.text)
		}
		addresses := map[any]bool{}
		for i := range 10 {
			addresses[b.do("GET", "/networking/v2.0/ports", nil).at("ports", i, "fixed_ips", 0, "ip_address")] = true
		}
		synctest.Wait()
		if len(addresses) > 10 {
			t.Errorf("addresses: %v", addresses)
		}
	})
}

func TestPaging(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "", 0)
		defer b.end()
		b.do("POST", compute+"/servers", orderBody(b.w, "x", object{"min_count": 7, "max_count": 7}))
		synctest.Wait()
		seen := map[string]bool{}
		path := compute + "/servers/detail?limit=3&name=x-"
		for pages := 0; path != "" && pages < 5; pages++ {
			a := b.do("GET", path, nil)
			list, _ := a.at("servers").([]any)
			for i := range list {
				seen[a.str("servers", i, "name")] = true
			}
			path = strings.TrimPrefix(a.str("servers_links", 0, "href"), "http://127.0.0.1:1")
		}
		if len(seen) != 7 {
			t.Errorf("paging saw %v", sortedKeys(seen))
		}
		if a := b.do("GET", compute+"/servers?name=x-[12]$&status=active", nil); len(a.at("servers").([]any)) != 2 {
			t.Errorf("filters: %s", a.text)
		}
	})
}

func TestTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "", 0)
		defer b.end()
		b.w.file.Identity.TokenLifetime = time.Hour
		for _, bad := range []object{
			loginBody("participant", "mayonnaise", "workshop"), loginBody("nobody", "moutarde", "workshop"),
			loginBody("participant", "moutarde", "other"),
		} {
			b.do("POST", "/identity/v3/auth/tokens", bad).want(t, http.StatusUnauthorized, "The request you have made requires authentication.")
		}
		b.do("POST", "/identity/v3/auth/tokens", `{"auth":{}}`).want(t, 400, "'identity' is a required property")
		b.login()
		first := b.token
		a := b.do("POST", "/identity/v3/auth/tokens", object{"auth": object{"identity": object{
			"methods": []string{"token"}, "token": object{"id": first},
		}}})
		a.want(t, 201, "expires_at")
		a = b.do("GET", "/identity/v3/auth/tokens", nil, "X-Subject-Token", first)
		a.want(t, 200, "participant")
		b.do("DELETE", "/identity/v3/auth/tokens", nil, "X-Subject-Token", first).want(t, 204, "")
		b.do("GET", compute+"/servers", nil).want(t, 401, "")
		b.login()
		time.Sleep(time.Hour - time.Second)
		b.do("GET", compute+"/servers", nil).want(t, 200, "servers")
		time.Sleep(time.Second)
		b.do("GET", compute+"/servers", nil).want(t, 401, "")
	})
}

func TestApplicationCredential(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "", 0)
		defer b.end()
		path := "/identity/v3/users/" + b.w.userID() + "/application_credentials"
		a := b.do("POST", path, object{"application_credential": object{"name": "me"}})
		id, secret := a.str("application_credential", "id"), a.str("application_credential", "secret")
		with := func(id, secret string) object {
			return object{"auth": object{"identity": object{
				"methods":                []string{"application_credential"},
				"application_credential": object{"id": id, "secret": secret},
			}}}
		}
		b.do("POST", "/identity/v3/auth/tokens", with(id, secret)).want(t, 201, "catalog")
		b.do("POST", "/identity/v3/auth/tokens", with(id, "wrong")).want(t, 401, "")
		b.do("DELETE", path+"/"+id, nil).want(t, 204, "")
		b.do("POST", "/identity/v3/auth/tokens", with(id, secret)).want(t, 401, "")
	})
}

func TestAPIFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "", 0,
			fault.Rule{At: fault.API401, Match: "^GET /servers/detail$", After: 1, Count: 1},
			fault.Rule{At: fault.API429, Match: "^GET /flavors$", Count: 1, RetryAfter: 7},
			fault.Rule{At: fault.API500, Match: "^GET /(images|networks)$", Count: 2})
		defer b.end()
		b.do("GET", compute+"/servers/detail", nil).want(t, 200, "")
		b.do("GET", compute+"/servers/detail", nil).want(t, 401, "requires authentication")
		b.do("GET", compute+"/servers/detail", nil).want(t, 401, "") // the token is gone
		b.login()
		b.do("GET", compute+"/servers/detail", nil).want(t, 200, "")
		a := b.do("GET", compute+"/flavors", nil)
		a.want(t, 429, "overLimit")
		if a.header.Get("Retry-After") != "7" {
			t.Errorf("Retry-After = %q", a.header.Get("Retry-After"))
		}
		b.do("GET", compute+"/flavors", nil).want(t, 200, "")
		b.do("GET", "/image/v2/images", nil).want(t, 500, "message")
		b.do("GET", "/networking/v2.0/networks", nil).want(t, 500, "NeutronError")
	})
}

func TestMetadata(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "", 1)
		defer b.end()
		id := b.create(b.w, "web-1")
		meta := compute + "/servers/" + id + "/metadata"
		b.do("POST", meta, `{"metadata":{"a":"1"}}`).want(t, 409, "Cannot 'update metadata' instance "+id+" while it is in vm_state building")
		b.do("DELETE", meta+"/group", nil).want(t, 409, "Cannot 'delete metadata' instance "+id+" while it is in vm_state building")
		time.Sleep(time.Hour)
		b.do("POST", meta, `{"metadata":{"a":"1"}}`).want(t, 200, `"group":"breizhcamp"`)
		b.do("PUT", meta+"/b", `{"meta":{"b":"2"}}`).want(t, 200, `{"b":"2"}`)
		b.do("PUT", meta+"/b", `{"meta":{"c":"2"}}`).want(t, 400, "mismatch")
		b.do("DELETE", meta+"/a", nil).want(t, 204, "")
		b.do("DELETE", meta+"/a", nil).want(t, 404, "was not found")
		b.do("GET", meta, nil).want(t, 200, `{"metadata":{"b":"2","group":"breizhcamp"}}`)
		b.do("PUT", meta, `{"metadata":{}}`).want(t, 200, `{"metadata":{}}`)
		b.do("PUT", meta, `{"metadata":{"x":1}}`).want(t, 400, "is not of type 'string'")
	})
}

func FuzzCreate(f *testing.F) {
	b := newBench(f, "", 0)
	f.Cleanup(b.end)
	good, err := json.Marshal(orderBody(b.w, "x", nil))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(good), "compute 2.1")
	f.Add(`{"server":{"name":"x","networks":[{"uuid":null}],"security_groups":[1]}}`, "compute 2.93")
	f.Add(`{"server":{"metadata":[],"min_count":1e99}}`, "compute 2.37")
	f.Fuzz(func(t *testing.T, body, version string) {
		if strings.ContainsAny(version, "\r\n\x00") {
			t.Skip()
		}
		b := &direct{t: t, h: b.h, token: b.token}
		for _, path := range []string{"/servers", "/os-keypairs", "/servers/x/action"} {
			if a := b.do("POST", compute+path, body, "OpenStack-API-Version", version); a.status >= 500 {
				t.Errorf("POST %s = %d %s", path, a.status, a.text)
			}
		}
		if a := b.do("POST", "/identity/v3/auth/tokens", body); a.status >= 500 {
			t.Errorf("login = %d %s", a.status, a.text)
		}
	})
}
