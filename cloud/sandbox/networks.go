package sandbox

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// The Networking API v2.0: https://docs.openstack.org/api-ref/network/v2/. Its networks
// can be read only: they are the workshop's. Security groups can be made, see groups.go.

const networkPrefix = "/networking"

func (a *api) networkService() *service {
	return &service{
		name: "neutron", kind: "network", prefix: networkPrefix,
		refuse: networkRefuse,
		lost:   func() reply { return networkRefuse(http.StatusNotFound, "The resource could not be found.") },
	}
}

func networkRefuse(status int, text string) reply {
	kind := "HTTPNotFound"
	switch status {
	case http.StatusInternalServerError:
		kind, text = "HTTPInternalServerError", orText(text, "Request Failed: internal server error while processing your request.")
	case http.StatusTooManyRequests:
		kind = "HTTPTooManyRequests"
	case http.StatusBadRequest:
		kind = "HTTPBadRequest"
	case http.StatusRequestEntityTooLarge:
		kind = "HTTPRequestEntityTooLarge"
	}
	return reply{status: status, body: object{"NeutronError": object{"type": kind, "message": text, "detail": ""}}}
}

type networkAPI struct {
	*api
	*service
}

func (a *api) networkRoutes() {
	s := a.networkService()
	n := &networkAPI{api: a, service: s}
	a.mux.HandleFunc("GET "+networkPrefix, func(rw http.ResponseWriter, r *http.Request) {
		a.serve(s, true, func(*call) reply {
			return okay(object{"versions": []object{{
				"id": "v2.0", "status": "CURRENT", "links": []object{{"rel": "self", "href": a.base + networkPrefix + "/v2.0/"}},
			}}})
		}, rw, r)
	})
	for _, r := range []struct {
		path, plural, single, kind string
		all                        func() []object
	}{
		{"networks", "networks", "network", "Network", n.networks},
		{"subnets", "subnets", "subnet", "Subnet", n.subnets},
		{"ports", "ports", "port", "Port", n.ports},
		{"security-groups", "security_groups", "security_group", "SecurityGroup", n.groups},
		{"security-group-rules", "security_group_rules", "security_group_rule", "SecurityGroupRule", n.rules},
		{"floatingips", "floatingips", "floatingip", "FloatingIP", func() []object { return []object{} }},
		{"routers", "routers", "router", "Router", func() []object { return []object{} }},
	} {
		a.route(s, "GET /v2.0/"+r.path, false, func(c *call) reply { return n.list(c, r.path, r.plural, r.all()) })
		a.route(s, "GET /v2.0/"+r.path+"/{id}", false, func(c *call) reply { return n.one(c, r.single, r.kind, r.all()) })
	}
	a.route(s, "POST /v2.0/security-groups", false, n.createGroup)
	a.route(s, "DELETE /v2.0/security-groups/{id}", false, n.deleteGroup)
	a.route(s, "POST /v2.0/security-group-rules", false, n.createRule)
	a.route(s, "DELETE /v2.0/security-group-rules/{id}", false, n.deleteRule)
	a.route(s, "GET /v2.0/extensions", false, n.extensions)
	a.route(s, "GET /v2.0/extensions/{alias}", false, n.extension)
	a.route(s, "GET /v2.0/quotas/{id}", false, n.quotas)
	a.route(s, "GET /v2.0/quotas/{id}/details.json", false, n.quotas)
	a.fallback(s)
}

// list filters and pages a listing the way all of Neutron's are: any key of the resource may be a
// condition, given several times for "one of".
func (n *networkAPI) list(c *call, path, plural string, all []object) reply {
	q := c.URL.Query()
	all = slices.DeleteFunc(all, func(o object) bool { return !networkFits(o, q) })
	body := object{}
	if text := q.Get("limit"); text != "" {
		limit, err := strconv.Atoi(text)
		if err != nil || limit < 0 {
			return n.refuse(http.StatusBadRequest, "Invalid input for limit. Reason: "+pyString(clip(text))+" is not an integer >= 0.")
		}
		if marker := q.Get("marker"); marker != "" {
			i := slices.IndexFunc(all, func(o object) bool { return o["id"] == marker })
			all = all[i+1:]
		}
		if limit > 0 && len(all) >= limit {
			all = all[:limit]
			q.Set("marker", all[limit-1]["id"].(string))
			body[plural+"_links"] = []object{{"rel": "next", "href": n.base + networkPrefix + "/v2.0/" + path + "?" + q.Encode()}}
		}
	}
	list := []object{}
	for _, o := range all {
		list = append(list, only(o, q["fields"]))
	}
	body[plural] = list
	return okay(body)
}

func networkFits(o object, q url.Values) bool {
	for key, want := range q {
		v, known := o[key]
		if !known || key == "fields" || key == "limit" || key == "marker" {
			continue
		}
		if !slices.ContainsFunc(want, func(w string) bool {
			b, isBool := v.(bool)
			asked, err := strconv.ParseBool(w)
			return fmt.Sprint(v) == w || isBool && err == nil && asked == b
		}) {
			return false
		}
	}
	return true
}

func only(o object, fields []string) object {
	if len(fields) == 0 {
		return o
	}
	cut := object{}
	for _, f := range fields {
		if v, ok := o[f]; ok {
			cut[f] = v
		}
	}
	return cut
}

func (n *networkAPI) one(c *call, single, kind string, all []object) reply {
	id := c.PathValue("id")
	for _, o := range all {
		if s, _ := o["id"].(string); sameUUID(s, id) {
			return okay(object{single: only(o, c.URL.Query()["fields"])})
		}
	}
	rep := n.refuse(http.StatusNotFound, kind+" "+clip(id)+" could not be found.")
	rep.body.(object)["NeutronError"].(object)["type"] = kind + "NotFound"
	return rep
}

// stamped adds what every resource of the Networking API has.
func stamped(o object, project string, at time.Time) object {
	text := at.UTC().Format(time.RFC3339)
	o["project_id"], o["tenant_id"], o["created_at"], o["updated_at"] = project, project, text, text
	o["revision_number"], o["tags"] = 1, []string{}
	return o
}

var networkBirth = time.Date(2016, 3, 1, 8, 0, 0, 0, time.UTC)

func (n *networkAPI) networks() []object {
	list := []object{}
	for _, net := range n.world.file.Networks {
		list = append(list, stamped(object{
			"id": net.ID, "name": net.Name, "admin_state_up": true, "mtu": 1500, "status": "ACTIVE",
			"subnets": []string{net.SubnetID}, "shared": true, "availability_zone_hints": []string{},
			"availability_zones": []string{"nova"}, "ipv4_address_scope": nil, "ipv6_address_scope": nil,
			"router:external": false, "description": "", "port_security_enabled": true,
		}, hexID("project", "services"), networkBirth))
	}
	return list
}

func (n *networkAPI) subnets() []object {
	list := []object{}
	for _, net := range n.world.file.Networks {
		ip := 4
		if net.CIDR.Addr().Is6() {
			ip = 6
		}
		list = append(list, stamped(object{
			"id": net.SubnetID, "name": net.Name + "-" + net.CIDR.Masked().Addr().String(), "network_id": net.ID, "ip_version": ip,
			"subnetpool_id": nil, "enable_dhcp": true, "ipv6_ra_mode": nil, "ipv6_address_mode": nil,
			"gateway_ip": net.Gateway, "cidr": net.CIDR.Masked(), "host_routes": []object{}, "dns_nameservers": net.DNS,
			"allocation_pools": []object{{"start": net.First, "end": net.Last}}, "description": "", "service_types": []string{},
		}, hexID("project", "services"), networkBirth))
	}
	return list
}

func (a *api) fixedIPs(in *instance) []object {
	subnet := ""
	if net := a.world.network(in.NetworkID); net != nil {
		subnet = net.SubnetID
	}
	return []object{{"subnet_id": subnet, "ip_address": in.Address.String()}}
}

func (n *networkAPI) ports() []object {
	n.world.mu.Lock()
	defer n.world.mu.Unlock()
	list := []object{}
	for _, in := range n.world.sorted() {
		if !in.Wired {
			continue
		}
		list = append(list, stamped(object{
			"id": in.PortID, "name": "", "network_id": in.NetworkID, "mac_address": in.MAC, "admin_state_up": true,
			"status": "ACTIVE", "device_id": in.ID, "device_owner": "compute:nova", "fixed_ips": n.fixedIPs(in),
			"allowed_address_pairs": []object{}, "extra_dhcp_opts": []object{}, "security_groups": []string{n.world.groupID()},
			"description": "", "binding:vnic_type": "normal", "port_security_enabled": true,
		}, n.world.projectID(), in.Created))
	}
	return list
}

func (w *world) groupID() string { return nameID("security-group", w.file.Identity.Project) }

// groupRules are the four rules every project's default group starts with, and those that open the
// world's ports.
func (w *world) groupRules() []object {
	list := []object{}
	for _, direction := range []string{"ingress", "egress"} {
		for _, family := range []string{"IPv4", "IPv6"} {
			o := object{
				"id": nameID("rule", w.file.Identity.Project+direction+family), "security_group_id": w.groupID(),
				"ethertype": family, "direction": direction, "protocol": nil, "port_range_min": nil, "port_range_max": nil,
				"remote_ip_prefix": nil, "remote_address_group_id": nil, "normalized_cidr": nil, "remote_group_id": nil,
				"standard_attr_id": len(list) + 10, "description": nil,
			}
			if direction == "ingress" {
				o["remote_group_id"] = w.groupID()
			}
			list = append(list, stamped(o, w.projectID(), networkBirth))
		}
	}
	for _, port := range w.file.Ports {
		list = append(list, stamped(object{
			"id": nameID("rule", w.file.Identity.Project+strconv.Itoa(port)), "security_group_id": w.groupID(),
			"ethertype": "IPv4", "direction": "ingress", "protocol": "tcp", "port_range_min": port, "port_range_max": port,
			"remote_ip_prefix": "0.0.0.0/0", "remote_address_group_id": nil, "normalized_cidr": "0.0.0.0/0", "remote_group_id": nil,
			"standard_attr_id": len(list) + 10, "description": "",
		}, w.projectID(), networkBirth))
	}
	return list
}

var networkExtensions = []struct{ alias, name string }{
	{"security-group", "security-group"},
	{"quotas", "Quota management support"},
	{"quota_details", "Quota details management support"},
	{"port-security", "Port Security"},
	{"availability_zone", "Availability Zone"},
	{"net-mtu", "Network MTU"},
	{"standard-attr-timestamp", "Resource timestamps"},
	{"pagination", "Pagination support"},
	{"sorting", "Sorting support"},
	{"project-id", "project_id field enabled"},
}

func describeExtension(alias, name string) object {
	return object{"alias": alias, "name": name, "description": name, "updated": "2016-01-01T10:00:00-00:00", "links": []object{}}
}

func (n *networkAPI) extensions(*call) reply {
	list := []object{}
	for _, e := range networkExtensions {
		list = append(list, describeExtension(e.alias, e.name))
	}
	return okay(object{"extensions": list})
}

func (n *networkAPI) extension(c *call) reply {
	for _, e := range networkExtensions {
		if e.alias == c.PathValue("alias") {
			return okay(object{"extension": describeExtension(e.alias, e.name)})
		}
	}
	return n.lost()
}

func (n *networkAPI) quotas(c *call) reply {
	used := map[string]int{
		"network": 0, "subnet": 0, "subnetpool": 0, "port": len(n.ports()), "rbac_policy": 0,
		"security_group": 1, "security_group_rule": 4, "floatingip": 0, "router": 0,
	}
	limits := map[string]int{
		"network": 100, "subnet": 100, "subnetpool": -1, "port": 500, "rbac_policy": 10,
		"security_group": 10, "security_group_rule": 100, "floatingip": 50, "router": 10,
	}
	set := object{}
	for k, limit := range limits {
		set[k] = limit
		if c.URL.Path[len(c.URL.Path)-1] == 'n' { // details.json
			set[k] = object{"limit": limit, "used": used[k], "reserved": 0}
		}
	}
	return okay(object{"quota": set})
}

// claim is a free address of the network, asked for by the caller. The caller holds mu.
func (w *world) claim(n *network, text string) (netip.Addr, error) {
	a, err := netip.ParseAddr(text)
	if err != nil || !n.CIDR.Contains(a) || a == n.Gateway {
		return netip.Addr{}, fmt.Errorf("Fixed IP %s is not a valid ip address for network %s.", clip(text), n.ID) //nolint:staticcheck // the cloud's own words
	}
	for _, in := range w.servers {
		if in.Address == a {
			return netip.Addr{}, fmt.Errorf("Fixed IP address %s is already in use on instance %s.", a, in.ID) //nolint:staticcheck // the cloud's own words
		}
	}
	return a, nil
}
