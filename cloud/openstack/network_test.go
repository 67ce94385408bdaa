package openstack

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"matou/cloud"
)

const groupsAnswer = `{"security_groups": [
 {"id": "g2", "name": "web", "description": "ours", "security_group_rules": [
  {"id": "r1", "security_group_id": "g2", "direction": "ingress", "ethertype": "IPv4", "protocol": "tcp", "port_range_min": 22, "port_range_max": 22, "remote_ip_prefix": "0.0.0.0/0", "remote_group_id": null, "description": "matou:x"},
  {"id": "r2", "security_group_id": "g2", "direction": "ingress", "ethertype": "IPv4", "protocol": "tcp", "port_range_min": 5000, "port_range_max": 5010, "remote_ip_prefix": "10.0.0.0/8", "description": null}]},
 {"id": "g1", "name": "default", "description": "Default security group", "security_group_rules": [
  {"id": "r3", "security_group_id": "g1", "direction": "ingress", "ethertype": "IPv4", "protocol": null, "port_range_min": null, "port_range_max": null, "remote_ip_prefix": null, "remote_group_id": "g1"},
  {"id": "r4", "security_group_id": "g1", "direction": "egress", "ethertype": "IPv4", "protocol": null, "remote_ip_prefix": null}]}]}`

func TestSecurityGroups(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.on("GET", "/network/v2.0/security-groups", 200, groupsAnswer)
	groups, err := f.client(t).SecurityGroups(t.Context())
	if err != nil || len(groups) != 2 || groups[0].Name != "default" {
		t.Fatalf("%+v, %v", groups, err)
	}
	tests := []struct {
		group, port, family int
		want                cloud.Reach
	}{
		{0, 22, 4, cloud.ReachGroup},
		{0, 22, 6, cloud.ReachNone},
		{1, 22, 4, cloud.ReachAll},
		{1, 23, 4, cloud.ReachNone},
		{1, 5005, 4, cloud.ReachPrefix},
	}
	for _, tt := range tests {
		if got := groups[tt.group].Lets(tt.port, tt.family); got != tt.want {
			t.Errorf("%s, port %d, IPv%d: %v", groups[tt.group].Name, tt.port, tt.family, got)
		}
	}
	closed, narrow := cloud.Closed(groups, []int{22, 80, 5000, 80})
	if !slices.Equal(closed, []int{80, 5000}) || !slices.Equal(narrow, []int{5000}) {
		t.Errorf("closed %v, narrow %v", closed, narrow)
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	c := f.client(t)
	const path = "/network/v2.0/security-group-rules"
	f.on("POST", path, 201, `{"security_group_rule": {"id": "r9", "security_group_id": "g1", "direction": "ingress", "ethertype": "IPv4", "protocol": "tcp", "port_range_min": 80, "port_range_max": 80, "description": "matou:x"}}`)
	rule := cloud.Rule{GroupID: "g1", Description: "matou:x", Ingress: true, Family: 4, Protocol: "tcp", PortMin: 80, PortMax: 80}
	made, err := c.AddRule(t.Context(), rule)
	if err != nil || made.ID != "r9" || made.Lets(80, 4) != cloud.ReachAll {
		t.Errorf("%+v, %v", made, err)
	}
	if body := f.body(t, "POST "+path); !strings.Contains(body, `"port_range_min":80`) || !strings.Contains(body, `"description":"matou:x"`) || strings.Contains(body, "remote") {
		t.Errorf("sent %s", body)
	}
	// Somebody opened it meanwhile.
	f.on("POST", path, 409, `{"NeutronError": {"type": "SecurityGroupRuleExists", "message": "Security group rule already exists. Rule id is r1.", "detail": ""}}`)
	if made, err = c.AddRule(t.Context(), rule); err != nil || made.ID != "" {
		t.Errorf("%+v, %v", made, err)
	}
	f.on("POST", path, 409, `{"NeutronError": {"type": "OverQuota", "message": "Quota exceeded for resources: ['security_group_rule'].", "detail": ""}}`)
	if _, err = c.AddRule(t.Context(), rule); !errors.Is(err, cloud.ErrQuota) {
		t.Error(err)
	}
	if err := c.DeleteRule(t.Context(), "gone"); err != nil {
		t.Error(err)
	}
	f.on("DELETE", "/network/v2.0/security-groups/g1", 409, `{"NeutronError": {"type": "SecurityGroupInUse", "message": "Security Group g1 in use.", "detail": ""}}`)
	if err := c.DeleteSecurityGroup(t.Context(), "g1"); !errors.Is(err, cloud.ErrConflict) {
		t.Error(err)
	}
	for _, delete := range []func(context.Context, string) error{c.DeleteRule, c.DeleteSecurityGroup, c.ReleaseFloatingIP} {
		before := len(f.calls)
		if err := delete(t.Context(), "../networks"); err != nil && !errors.Is(err, cloud.ErrNotFound) {
			t.Error(err)
		}
		if err := delete(t.Context(), ""); err == nil {
			t.Error("no id is no mistake")
		}
		for _, call := range f.calls[before:] {
			if strings.Contains(call, "/../") || strings.HasSuffix(call, "/networks") {
				t.Errorf("asked for %s", call)
			}
		}
	}
}

func TestFloat(t *testing.T) {
	t.Parallel()
	const taken = `{"id": "f1", "floating_ip_address": "203.0.113.9", "floating_network_id": "N", "port_id": "other", "description": "mine"}`
	const free = `{"id": "f2", "floating_ip_address": "203.0.113.10", "floating_network_id": "N", "port_id": null, "description": "mine"}`
	const foreign = `{"id": "f3", "floating_ip_address": "203.0.113.11", "floating_network_id": "N", "port_id": null, "description": "somebody's"}`
	const here = `{"id": "f4", "floating_ip_address": "203.0.113.12", "floating_network_id": "N", "port_id": "p1", "description": "somebody's"}`
	tests := []struct {
		name, known, want, call string
	}{
		{"its own", here, "f4", ""},
		{"one of ours", taken + "," + foreign + "," + free, "f2", "PUT /network/v2.0/floatingips/f2"},
		{"a new one", taken + "," + foreign, "f9", "POST /network/v2.0/floatingips"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			c := f.client(t)
			f.on("GET", "/network/v2.0/networks", 200, `{"networks": [{"id": "N", "name": "public", "router:external": true}]}`)
			f.on("GET", "/network/v2.0/ports", 200, `{"ports": [{"id": "p1"}]}`)
			f.on("GET", "/network/v2.0/floatingips", 200, `{"floatingips": [`+tt.known+`]}`)
			f.on("PUT", "/network/v2.0/floatingips/f2", 200, `{"floatingip": `+free+`}`)
			f.on("POST", "/network/v2.0/floatingips", 201, `{"floatingip": {"id": "f9", "floating_ip_address": "203.0.113.99", "floating_network_id": "N", "port_id": "p1", "description": "mine"}}`)
			got, err := c.Float(t.Context(), "s1", "public", "mine")
			if err != nil || got.ID != tt.want || !got.IP.IsValid() {
				t.Fatalf("%+v, %v", got, err)
			}
			if tt.call != "" && f.asked(tt.call) != 1 || f.asked("POST /network")+f.asked("PUT") > 1 {
				t.Errorf("calls: %q", f.calls)
			}
			if f.asked("GET /network/v2.0/ports?device_id=s1") != 1 {
				t.Errorf("the port was not asked for: %q", f.calls)
			}
		})
	}
	f := newFake(t)
	c := f.client(t)
	f.on("GET", "/network/v2.0/networks", 200, `{"networks": [{"id": "N", "name": "public", "router:external": true}]}`)
	f.on("GET", "/network/v2.0/ports", 200, `{"ports": []}`)
	if _, err := c.Float(t.Context(), "s1", "public", "mine"); !errors.Is(err, cloud.ErrNotFound) {
		t.Error(err)
	}
	if all, err := c.FloatingIPs(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("a cloud without routers: %v, %v", all, err)
	}
}

func TestVolumeBoot(t *testing.T) {
	t.Parallel()
	const diskless = `{"flavors": [{"id": "7", "name": "no-disk", "ram": 2048, "disk": 0, "vcpus": 1}]}`
	tests := []struct {
		catalog bool
		size    int
		want    string
	}{
		{true, 0, `"volume_size":10`},
		{true, 33, `"volume_size":33`},
		{false, 0, `"imageRef":"`},
	}
	for _, tt := range tests {
		f := newFake(t)
		f.on("GET", "/compute/v2.1/flavors/detail", 200, diskless)
		f.on("POST", "/compute/v2.1/servers", 202, fixture(t, "server-create-202"))
		if tt.catalog {
			f.tokenText = strings.Replace(fixture(t, "token"), `"catalog": [`, `"catalog": [{"type": "volumev3", "name": "cinder", "endpoints": []},`, 1)
		}
		c := f.client(t)
		images, err := c.Images(t.Context())
		if err != nil || len(images) == 0 {
			t.Fatal(err)
		}
		_, err = c.Boot(t.Context(), cloud.ServerSpec{Name: "x", Flavor: "no-disk", Image: images[0].ID, VolumeSize: tt.size, ConfigDrive: true})
		if err != nil {
			t.Fatal(err)
		}
		body := f.body(t, "POST /compute/v2.1/servers")
		if !strings.Contains(body, tt.want) || strings.Contains(body, "block_device_mapping_v2") != tt.catalog || !strings.Contains(body, `"config_drive":true`) {
			t.Errorf("sent %s", body)
		}
		if tt.catalog && (!strings.Contains(body, `"delete_on_termination":true`) || !strings.Contains(body, `"boot_index":0`)) {
			t.Errorf("the volume: %s", body)
		}
	}
}
