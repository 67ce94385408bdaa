package sandbox

import (
	"encoding/json"
	"net/http"
	"strings"
)

// embedFlavor is the flavor inside a server: a reference at first, its values since 2.47.
func (n *computeAPI) embedFlavor(id string, minor int) object {
	f := n.world.flavor(id)
	if minor < 47 || f == nil {
		return object{"id": id, "links": []object{n.bookmark("flavors", id)}}
	}
	return object{
		"vcpus": f.VCPUs, "ram": f.RAM, "disk": f.Disk, "ephemeral": 0, "swap": 0,
		"original_name": f.Name, "extra_specs": f.extra(),
	}
}

func (f *flavor) extra() map[string]string {
	if f.Extra == nil {
		return map[string]string{}
	}
	return f.Extra
}

func (n *computeAPI) describeFlavor(f *flavor, minor int) object {
	o := object{
		"id": f.ID, "name": f.Name, "ram": f.RAM, "disk": f.Disk, "vcpus": f.VCPUs, "swap": "",
		"OS-FLV-EXT-DATA:ephemeral": 0, "OS-FLV-DISABLED:disabled": false, "os-flavor-access:is_public": true,
		"rxtx_factor": json.RawMessage("1.0"), "links": n.link("flavors", f.ID),
	}
	if minor >= 55 {
		o["description"] = nil
	}
	if minor >= 61 {
		o["extra_specs"] = f.extra()
	}
	if minor >= 75 {
		o["swap"] = 0
	}
	return o
}

func (n *computeAPI) listFlavors(c *call) reply       { return n.flavors(c, false) }
func (n *computeAPI) listFlavorsDetail(c *call) reply { return n.flavors(c, true) }

func (n *computeAPI) flavors(c *call, detail bool) reply {
	q := c.URL.Query()
	var fit []*flavor
	for i := range n.world.file.Flavors {
		f := &n.world.file.Flavors[i]
		if f.RAM >= count(q.Get("minRam"), 0) && f.Disk >= count(q.Get("minDisk"), 0) && !strings.EqualFold(q.Get("is_public"), "false") {
			fit = append(fit, f)
		}
	}
	page, next, bad := pageOf(c, fit, func(f *flavor) string { return f.ID })
	if bad != nil {
		return *bad
	}
	list, path := []object{}, "/v2.1/flavors"
	if detail {
		path += "/detail"
	}
	for _, f := range page {
		switch {
		case detail:
			list = append(list, n.describeFlavor(f, c.minor))
		case c.minor >= 55:
			list = append(list, object{"id": f.ID, "name": f.Name, "description": nil, "links": n.link("flavors", f.ID)})
		default:
			list = append(list, object{"id": f.ID, "name": f.Name, "links": n.link("flavors", f.ID)})
		}
	}
	body := object{"flavors": list}
	if next != "" {
		body["flavors_links"] = []object{{"rel": "next", "href": n.base + computePrefix + path + "?" + next}}
	}
	return okay(body)
}

func (n *computeAPI) showFlavor(c *call) reply {
	f := n.world.flavor(c.PathValue("id"))
	if f == nil {
		return fail(http.StatusNotFound, "Flavor %s could not be found.", clip(c.PathValue("id")))
	}
	return okay(object{"flavor": n.describeFlavor(f, c.minor)})
}

func (n *computeAPI) flavorExtra(c *call) reply {
	f := n.world.flavor(c.PathValue("id"))
	if f == nil {
		return fail(http.StatusNotFound, "Flavor %s could not be found.", clip(c.PathValue("id")))
	}
	return okay(object{"extra_specs": f.extra()})
}
