package sandbox

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"matou/cloud/sandbox/fault"
)

// maxCount is how many servers one request may name; the quota is far below.
const maxCount = 1 << 20

// order is a checked request for servers.
type order struct {
	instance // what all of them have
	count    int
	min      int
	reserve  bool
	flavor   *flavor
	network  *network
	address  string // the fixed address asked for; "" is any
}

// createServers answers POST /servers: it checks everything before anything exists, as the real
// one does, and answers when the servers are kept.
func (n *computeAPI) createServers(c *call) reply {
	o, bad := n.readOrder(c)
	if bad != nil {
		return *bad
	}
	w := n.world
	w.mu.Lock()
	if bad := n.overQuota(o); bad != nil {
		w.mu.Unlock()
		return *bad
	}
	made := make([]*instance, 0, o.count)
	reservation := newReservation()
	for i := range o.count {
		in, err := n.newInstance(c, o, i)
		if err != nil {
			for _, done := range made {
				delete(w.servers, done.ID)
			}
			w.mu.Unlock()
			return fail(http.StatusBadRequest, "%s", err)
		}
		in.Reservation = reservation
		w.servers[in.ID] = in
		made = append(made, in)
	}
	w.changed()
	w.mu.Unlock()
	// Kept first, started then: a crash in between leaves servers that go on building.
	w.save()
	w.mu.Lock()
	for _, in := range made {
		if in.Task == taskScheduling {
			w.begin(in, w.build)
		}
	}
	w.mu.Unlock()
	return n.accepted(o, made[0], reservation)
}

func (n *computeAPI) accepted(o *order, first *instance, reservation string) reply {
	if o.reserve {
		return reply{status: http.StatusAccepted, body: object{"reservation_id": reservation}}
	}
	links := n.link("servers", first.ID)
	return reply{
		status: http.StatusAccepted, header: map[string]string{"Location": links[0]["href"].(string)},
		body: object{"server": object{
			"id": first.ID, "links": links, "OS-DCF:diskConfig": "MANUAL", "security_groups": groupNames(first),
			"adminPass": newWord(12), // told once, kept nowhere
		}},
	}
}

// newInstance makes the i-th server of an order. The caller holds the world's lock.
func (n *computeAPI) newInstance(c *call, o *order, i int) (*instance, error) {
	in := o.instance
	in.ID, in.PortID, in.MAC = newID(), newID(), newMAC()
	in.Metadata, in.Tags, in.Groups = maps.Clone(o.Metadata), slices.Clone(o.Tags), slices.Clone(o.Groups)
	if o.count > 1 {
		in.Name = fmt.Sprintf("%s-%d", o.Name, i+1)
		in.Hostname = fmt.Sprintf("%s-%d", o.Hostname, i+1)
	}
	in.VMState, in.Task = vmBuilding, taskScheduling
	in.Created = now()
	in.NetworkID = o.network.ID
	var err error
	if o.address == "" {
		in.Address, err = n.world.freeAddress(o.network, in.ID)
	} else {
		in.Address, err = n.world.claim(o.network, o.address)
	}
	if err != nil {
		return nil, err
	}
	n.acted(c, &in, "create")
	return &in, nil
}

// overQuota refuses with the words of the real one, all resources in one sentence.
// The caller holds the world's lock.
func (n *computeAPI) overQuota(o *order) *reply {
	q := n.world.file.Quota
	instances, cores, ram := n.world.use()
	var names, asked, used, limits []string
	check := func(name string, each, use, limit int) int {
		if use+each*o.count > limit {
			names, asked = append(names, name), append(asked, strconv.Itoa(each*o.count))
			used, limits = append(used, strconv.Itoa(use)), append(limits, strconv.Itoa(limit))
		}
		if each == 0 {
			return o.count
		}
		return max(0, (limit-use)/each)
	}
	if r, ok := n.world.faults.Take(fault.Quota, o.Name); ok {
		rep := fail(http.StatusForbidden, "%s", orText(r.Text, fmt.Sprintf(
			"Quota exceeded for instances: Requested %d, but already used %d of %d instances", o.count, q.Instances, q.Instances)))
		return &rep
	}
	fits := min(check("cores", o.flavor.VCPUs, cores, q.Cores), check("instances", 1, instances, q.Instances),
		check("ram", o.flavor.RAM, ram, q.RAM))
	if len(names) == 0 {
		return nil
	}
	if fits >= o.min {
		o.count = fits // max_count is a wish, min_count a need
		return nil
	}
	list := strings.Join(names, ", ")
	rep := fail(http.StatusForbidden, "Quota exceeded for %s: Requested %s, but already used %s of %s %s", list,
		strings.Join(asked, ", "), strings.Join(used, ", "), strings.Join(limits, ", "), list)
	return &rep
}

// readOrder reads and checks the body.
func (n *computeAPI) readOrder(c *call) (*order, *reply) {
	refuse := func(format string, args ...any) (*order, *reply) {
		rep := fail(http.StatusBadRequest, format, args...)
		return nil, &rep
	}
	server, text := checkBody(c)
	if text != "" {
		return refuse("%s", text)
	}
	str := func(key string) string { s, _ := server[key].(string); return s }
	o := &order{count: 1, min: 1}
	o.Name, o.Description = str("name"), str("description")
	o.Hostname = hostname(orText(str("hostname"), o.Name), c.Header.Get("X-Openstack-Request-Id"))
	o.min = count(server["min_count"], 1)
	o.count = count(server["max_count"], o.min)
	if o.count > maxCount {
		return refuse("max_count must be <= %d", maxCount) // what is multiplied with it must not overflow
	}
	if o.min > o.count {
		return refuse("min_count must be <= max_count")
	}
	o.reserve = truth(server["return_reservation_id"])
	o.ConfigDrive = truth(server["config_drive"])
	o.Metadata, o.Tags = map[string]string{}, []string{}
	meta, _ := server["metadata"].(object)
	for k, v := range meta {
		o.Metadata[k], _ = v.(string)
	}
	tags, _ := server["tags"].([]any)
	for _, t := range tags {
		s, _ := t.(string)
		o.Tags = append(o.Tags, s)
	}
	o.UserData, _ = base64.StdEncoding.DecodeString(stripSpace(str("user_data")))
	if len(o.Metadata) > n.world.file.Quota.metadataItems() {
		rep := fail(http.StatusForbidden, "Maximum number of metadata items exceeds %d", n.world.file.Quota.metadataItems())
		return nil, &rep
	}
	if text := n.readReferences(server, o); text != "" {
		return refuse("%s", text)
	}
	return o, nil
}

// readReferences finds what the order refers to, in the order in which the real one complains.
func (n *computeAPI) readReferences(server object, o *order) string {
	str := func(key string) string { s, _ := server[key].(string); return s }
	w := n.world
	if text := n.readNetworks(server["networks"], o); text != "" {
		return text
	}
	if zone := str("availability_zone"); zone != "" && zone != "nova" && !strings.HasPrefix(zone, "nova:") {
		return "The requested availability zone is not available"
	}
	imageID := str("imageRef")
	if imageID == "" {
		return "Missing imageRef attribute"
	}
	im := w.image(imageID)
	if im == nil {
		return "Can not find requested image"
	}
	flavorID := str("flavorRef")
	if i := strings.LastIndexByte(flavorID, '/'); i >= 0 {
		flavorID = flavorID[i+1:] // a link is a reference too
	}
	if o.flavor = w.flavor(flavorID); o.flavor == nil {
		return fmt.Sprintf("Flavor %s could not be found.", clip(flavorID))
	}
	if o.flavor.Disk < im.MinDisk {
		return "Flavor's disk is too small for requested image. Flavor disk is " + strconv.Itoa(o.flavor.Disk<<30) +
			" bytes, image is " + strconv.Itoa(im.MinDisk<<30) + " bytes."
	}
	if o.flavor.RAM < im.MinRAM {
		return "Flavor's memory is too small for requested image."
	}
	o.ImageID, o.FlavorID = im.ID, o.flavor.ID
	if key := str("key_name"); key != "" {
		w.mu.Lock()
		k := w.keys[key]
		w.mu.Unlock()
		if k == nil {
			return "Invalid key_name provided."
		}
		o.KeyName, o.PublicKey = key, k.PublicKey
	}
	return n.readGroups(server["security_groups"], o)
}

// readGroups finds the groups by name or id. None given means the default one.
func (n *computeAPI) readGroups(value any, o *order) string {
	w := n.world
	groups, _ := value.([]any)
	w.mu.Lock()
	defer w.mu.Unlock()
	o.Groups = []string{}
	for _, g := range groups {
		m, _ := g.(object)
		name, _ := m["name"].(string)
		id := w.findGroup(name)
		if id == "" {
			return fmt.Sprintf("Unable to find security_group with name or id %s", pyString(clip(name)))
		}
		known := "default"
		for _, made := range w.groups {
			if made.ID == id {
				known = made.Name
			}
		}
		if !slices.Contains(o.Groups, known) {
			o.Groups = append(o.Groups, known)
		}
	}
	if len(o.Groups) == 0 {
		o.Groups = append(o.Groups, "default")
	}
	return ""
}

// readNetworks chooses the network. None given, "auto" and "none" mean the only one there is; a
// server without an address would be of no use to a workshop, so "none" has one as well.
func (n *computeAPI) readNetworks(value any, o *order) string {
	nets := n.world.file.Networks
	list, _ := value.([]any)
	if len(list) == 0 {
		if len(nets) > 1 {
			return "Multiple possible networks found, use a Network ID to be more specific."
		}
		o.network = &nets[0]
		return ""
	}
	for _, e := range list {
		m, _ := e.(object)
		id, _ := m["uuid"].(string)
		switch {
		case id == "" && m["port"] != nil:
			return "Port " + clip(pyValue(m["port"])) + " could not be found."
		case id == "":
			return "Bad network format: missing 'uuid'"
		case !isUUID(id):
			return fmt.Sprintf("Bad networks format: network uuid is not in proper format (%s)", clip(id))
		}
		net := n.world.network(id)
		if net == nil {
			return fmt.Sprintf("Network %s could not be found.", id)
		}
		if o.network == nil {
			o.network = net
			o.address, _ = m["fixed_ip"].(string)
		}
	}
	return ""
}

func (q quota) metadataItems() int {
	if q.MetadataItems > 0 {
		return q.MetadataItems
	}
	return 128
}

// hostname makes a host name of a server's name as Nova does: lower case, dashes for what has no
// place in one, "Server-ID" when nothing is left.
func hostname(name, id string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-', r == '.':
			b.WriteRune(r)
		case r == ' ', r == '_':
			b.WriteByte('-')
		}
	}
	s := strings.Trim(b.String(), ".-")
	if len(s) > 63 {
		s = strings.Trim(s[:63], ".-")
	}
	if s == "" {
		return orText(id, "server")
	}
	return s
}
