package sandbox

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

const launchTime = "2006-01-02T15:04:05.000000"

// serverHandler is a handler of calls about one server. It holds the world's lock.
type serverHandler func(c *call, in *instance) reply

// onServer finds the server a call is about.
func (n *computeAPI) onServer(h serverHandler) handler {
	return func(c *call) reply {
		n.world.mu.Lock()
		in := n.world.find(c.PathValue("id"))
		if in == nil {
			n.world.mu.Unlock()
			return fail(http.StatusNotFound, "Instance %s could not be found.", clip(c.PathValue("id")))
		}
		before := n.world.seq
		rep := h(c, in)
		changed := n.world.seq != before
		n.world.mu.Unlock()
		if changed {
			n.world.save()
		}
		return rep
	}
}

// describe is a server as the microversion shows it; one is whether it is shown alone. The caller
// holds the world's lock.
func (n *computeAPI) describe(in *instance, minor int, one bool) object {
	w := n.world
	o := object{
		"id": in.ID, "name": in.Name, "status": in.status(), "tenant_id": w.projectID(), "user_id": w.userID(),
		"metadata": in.Metadata, "hostId": "",
		"image":   object{"id": in.ImageID, "links": []object{n.bookmark("images", in.ImageID)}},
		"flavor":  n.embedFlavor(in.FlavorID, minor),
		"created": in.Created.Format(time.RFC3339), "updated": in.Updated.Format(time.RFC3339),
		"addresses": n.addresses(in, true), "accessIPv4": "", "accessIPv6": "", "links": n.link("servers", in.ID),
		"OS-DCF:diskConfig": "MANUAL", "OS-EXT-AZ:availability_zone": "", "config_drive": "", "key_name": nil,
		"OS-SRV-USG:launched_at": nil, "OS-SRV-USG:terminated_at": nil, "OS-EXT-STS:task_state": nil,
		"OS-EXT-STS:vm_state": in.VMState, "OS-EXT-STS:power_state": in.Power,
		"os-extended-volumes:volumes_attached": []object{},
	}
	if in.Task != taskScheduling && in.VMState != vmError {
		o["hostId"], o["OS-EXT-AZ:availability_zone"] = w.hostID(), "nova"
		o["security_groups"] = groupNames(in)
	}
	if in.ConfigDrive {
		o["config_drive"] = "True"
	}
	if in.KeyName != "" {
		o["key_name"] = in.KeyName
	}
	if in.Task != "" {
		o["OS-EXT-STS:task_state"] = in.Task
	}
	if !in.Launched.IsZero() {
		o["OS-SRV-USG:launched_at"] = in.Launched.Format(launchTime)
	}
	if !in.Terminated.IsZero() {
		o["OS-SRV-USG:terminated_at"] = in.Terminated.Format(launchTime)
	}
	switch in.status() {
	case "ERROR", "DELETED":
		if in.Fault != nil && one {
			o["fault"] = object{
				"code": in.Fault.Code, "created": in.Fault.Created.Format(time.RFC3339),
				"message": in.Fault.Message,
			}
		}
	case "ACTIVE", "BUILD":
		o["progress"] = in.Progress
	}
	describeNewer(o, in, minor, one)
	return o
}

// describeNewer adds what microversions after 2.1 show to who is no administrator.
func describeNewer(o object, in *instance, minor int, one bool) {
	add := func(since int, key string, value any) {
		if minor >= since {
			o[key] = value
		}
	}
	add(9, "locked", false)
	add(19, "description", in.Description)
	add(26, "tags", in.Tags)
	add(63, "trusted_image_certificates", nil)
	add(73, "locked_reason", nil)
	add(90, "OS-EXT-SRV-ATTR:hostname", in.Hostname)
	if in.Description == "" {
		add(19, "description", nil)
	}
	if one {
		add(71, "server_groups", []string{})
	}
}

func groupNames(in *instance) []object {
	list := []object{}
	for _, g := range in.Groups {
		list = append(list, object{"name": g})
	}
	return list
}

// addresses is a server's addresses by network. Before its port is wired it has none.
func (n *computeAPI) addresses(in *instance, extended bool) object {
	if !in.Wired {
		return object{}
	}
	entry := object{"version": 4, "addr": in.Address.String()}
	if in.Address.Is6() {
		entry["version"] = 6
	}
	if extended {
		entry["OS-EXT-IPS:type"], entry["OS-EXT-IPS-MAC:mac_addr"] = "fixed", in.MAC
	}
	name := in.NetworkID
	if net := n.world.network(in.NetworkID); net != nil {
		name = net.Name
	}
	return object{name: []object{entry}}
}

func (n *computeAPI) showServer(c *call, in *instance) reply {
	return okay(object{"server": n.describe(in, c.minor, true)})
}

func (n *computeAPI) serverIPs(_ *call, in *instance) reply {
	return okay(object{"addresses": n.addresses(in, false)})
}

func (n *computeAPI) serverInterfaces(_ *call, in *instance) reply {
	list := []object{}
	if in.Wired {
		list = append(list, object{
			"net_id": in.NetworkID, "port_id": in.PortID, "mac_addr": in.MAC, "port_state": "ACTIVE",
			"fixed_ips": n.fixedIPs(in),
		})
	}
	return okay(object{"interfaceAttachments": list})
}

func (n *computeAPI) instanceActions(_ *call, in *instance) reply {
	list := []object{}
	for _, act := range slices.Backward(in.Actions) {
		list = append(list, object{
			"action": act.Action, "instance_uuid": in.ID, "request_id": act.RequestID, "user_id": n.world.userID(),
			"project_id": n.world.projectID(), "start_time": act.Start.Format(launchTime), "message": nil,
		})
	}
	return okay(object{"instanceActions": list})
}

func (n *computeAPI) noVolumes(*call, *instance) reply {
	return okay(object{"volumeAttachments": []object{}})
}

// updateServer renames a server; nothing else can be changed in place.
func (n *computeAPI) updateServer(c *call, in *instance) reply {
	var req struct {
		Server *struct {
			Name        *string `json:"name"`
			Description *string `json:"description"`
		} `json:"server"`
	}
	if err := c.decode(&req); err != nil || req.Server == nil {
		return fail(http.StatusBadRequest, "Malformed request body")
	}
	if s := req.Server.Name; s != nil {
		if text := checkName(*s); text != "" {
			return fail(http.StatusBadRequest, "%s", text)
		}
		in.Name = *s
	}
	if s := req.Server.Description; s != nil && c.minor >= 19 {
		in.Description = *s
	}
	in.Updated = now()
	n.world.changed()
	return okay(object{"server": n.describe(in, c.minor, true)})
}

// deleteServer ends a server from any state. Doing it again while it is under way changes nothing.
func (n *computeAPI) deleteServer(c *call, in *instance) reply {
	if in.Task != taskDeleting {
		in.Task = taskDeleting
		n.acted(c, in, "delete")
		n.world.begin(in, n.world.erase)
	}
	return reply{status: http.StatusNoContent}
}

// maxActions bounds how many actions a server remembers.
const maxActions = 50

// acted notes what is done to a server, and that it has changed.
func (n *computeAPI) acted(c *call, in *instance, action string) {
	in.Actions = append(in.Actions, instanceAction{Action: action, RequestID: c.id, Start: now()})
	if over := len(in.Actions) - maxActions; over > 0 {
		in.Actions = in.Actions[over:]
	}
	in.Updated = now()
	n.world.changed()
}

func (n *computeAPI) listServers(c *call) reply       { return n.list(c, false) }
func (n *computeAPI) listServersDetail(c *call) reply { return n.list(c, true) }

// list is both listings of servers: short, and with details.
func (n *computeAPI) list(c *call, detail bool) reply {
	keep, bad := n.filter(c, detail)
	if bad != nil {
		return *bad
	}
	n.world.mu.Lock()
	defer n.world.mu.Unlock()
	all := n.world.sorted()
	if q := c.URL.Query(); q.Has("changes-since") {
		all = append(all, n.world.gone...)
	}
	all = slices.DeleteFunc(all, func(in *instance) bool { return !keep(in) })
	page, next, bad := pageOf(c, all, func(in *instance) string { return in.ID })
	if bad != nil {
		return *bad
	}
	list, path := []object{}, "/v2.1/servers"
	if detail {
		path += "/detail"
	}
	for _, in := range page {
		if detail {
			list = append(list, n.describe(in, c.minor, false))
		} else {
			list = append(list, object{"id": in.ID, "name": in.Name, "links": n.link("servers", in.ID)})
		}
	}
	body := object{"servers": list}
	if next != "" {
		body["servers_links"] = []object{{"rel": "next", "href": n.base + computePrefix + path + "?" + next}}
	}
	return okay(body)
}

// filter reads the query's conditions. The name is a regular expression, as in Nova; conditions it
// does not know are ignored there too.
func (n *computeAPI) filter(c *call, detail bool) (func(*instance) bool, *reply) {
	q := c.URL.Query()
	refuse := func(status int, format string, args ...any) (func(*instance) bool, *reply) {
		rep := fail(status, format, args...)
		return nil, &rep
	}
	if v := q.Get("all_tenants"); v != "" && v != "0" && !strings.EqualFold(v, "false") {
		rule := "index"
		if detail {
			rule = "detail"
		}
		return refuse(http.StatusForbidden, "Policy doesn't allow os_compute_api:servers:%s:get_all_tenants to be performed.", rule)
	}
	exprs := map[string]*regexp.Regexp{}
	for _, key := range []string{"name", "ip", "ip6"} {
		if v := q.Get(key); v != "" {
			e, err := regexp.Compile("(?i)" + v) // as the database behind Nova compares
			if err != nil {
				return refuse(http.StatusBadRequest, "Invalid input for query parameters %s. Value: %s. %s is not a 'regex'",
					key, clip(v), pyString(clip(v)))
			}
			exprs[key] = e
		}
	}
	var since time.Time
	if v := q.Get("changes-since"); v != "" {
		t, ok := parseTime(v)
		if !ok {
			return refuse(http.StatusBadRequest, "Invalid input for query parameters changes-since. Value: %s. %s is not a 'date-time'",
				clip(v), pyString(clip(v)))
		}
		since = t
	}
	states := q["status"]
	return func(in *instance) bool {
		return (exprs["name"] == nil || exprs["name"].MatchString(in.Name)) &&
			(exprs["ip"] == nil || in.Wired && exprs["ip"].MatchString(in.Address.String())) &&
			(exprs["ip6"] == nil || in.Wired && in.Address.Is6() && exprs["ip6"].MatchString(in.Address.String())) &&
			(len(states) == 0 || slices.ContainsFunc(states, func(s string) bool { return strings.EqualFold(s, in.status()) })) &&
			(q.Get("image") == "" || q.Get("image") == in.ImageID) &&
			(q.Get("flavor") == "" || q.Get("flavor") == in.FlavorID) &&
			(q.Get("key_name") == "" || q.Get("key_name") == in.KeyName) &&
			(q.Get("uuid") == "" || q.Get("uuid") == in.ID) &&
			(q.Get("reservation_id") == "" || q.Get("reservation_id") == in.Reservation) &&
			!in.Updated.Before(since)
	}, nil
}

// parseTime reads the ISO 8601 forms that clients send.
func parseTime(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999", "2006-01-02 15:04:05", "2006-01-02T15:04Z", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// pyString is text quoted as Python prints it, which is how the services quote what they refuse.
func pyString(s string) string {
	quote := "'"
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = `"`
	}
	r := strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`, quote, `\`+quote)
	return quote + r.Replace(s) + quote
}

// pyValue is a decoded JSON value as Python prints it.
func pyValue(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		return map[bool]string{true: "True", false: "False"}[v]
	case string:
		return pyString(v)
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = pyValue(e)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case object:
		parts := make([]string, 0, len(v))
		for _, k := range sortedKeys(v) {
			parts = append(parts, pyString(k)+": "+pyValue(v[k]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	default:
		return fmt.Sprint(v)
	}
}
