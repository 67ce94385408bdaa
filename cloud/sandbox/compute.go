package sandbox

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// The Compute API v2.1: https://docs.openstack.org/api-ref/compute/, its microversions as in
// https://docs.openstack.org/nova/latest/reference/api-microversion-history.html.

const (
	computePrefix = "/compute"
	maxMinor      = 93 // Zed's newest microversion is 2.93
)

// faultNames are the envelopes of the Compute API's refusals.
var faultNames = map[int]string{
	http.StatusBadRequest: "badRequest", http.StatusUnauthorized: "unauthorized", http.StatusForbidden: "forbidden",
	http.StatusNotFound: "itemNotFound", http.StatusMethodNotAllowed: "badMethod", http.StatusConflict: "conflictingRequest",
	http.StatusTooManyRequests: "overLimit", http.StatusNotImplemented: "notImplemented",
	http.StatusServiceUnavailable: "serviceUnavailable", http.StatusUnsupportedMediaType: "badMediaType",
}

func (a *api) computeService() *service {
	return &service{
		name: "nova", kind: "compute", prefix: computePrefix, path: "/v2.1", refuse: computeRefuse,
		lost: func() reply {
			return lostHTML(http.StatusNotFound, "The resource could not be found.<br /><br />\n")
		},
	}
}

func computeRefuse(status int, text string) reply {
	if status == http.StatusRequestEntityTooLarge {
		// oslo.middleware answers before the API does, so it has another shape.
		return reply{status: status, body: object{
			"message": fmt.Sprintf("Request is too large. Larger than max_request_body_size (%d).<br /><br />\n\n\n", maxBody),
			"code":    "413 Request Entity Too Large", "title": "Request Entity Too Large",
		}}
	}
	if status == http.StatusInternalServerError {
		text = orText(text, "Unexpected API Error. Please report this to whoever runs this cloud, with the request's id.")
	}
	return reply{
		status: status, header: map[string]string{"Content-Type": "application/json; charset=UTF-8"},
		body: object{orText(faultNames[status], "computeFault"): object{"code": status, "message": text}},
	}
}

// fail is a refusal of the Compute API.
func fail(status int, format string, args ...any) reply {
	return computeRefuse(status, fmt.Sprintf(format, args...))
}

type computeAPI struct {
	*api
	*service
}

func (a *api) computeRoutes() {
	s := a.computeService()
	n := &computeAPI{api: a, service: s}
	a.mux.HandleFunc("GET "+computePrefix, func(rw http.ResponseWriter, r *http.Request) { a.serve(s, true, n.versions, rw, r) })
	a.route(s, "GET /v2.1", true, n.versioned(func(*call) reply { return okay(object{"version": n.version(true)}) }))
	for pattern, h := range map[string]handler{
		"GET /servers":                        n.listServers,
		"POST /servers":                       n.createServers,
		"GET /servers/detail":                 n.listServersDetail,
		"GET /servers/{id}":                   n.onServer(n.showServer),
		"PUT /servers/{id}":                   n.onServer(n.updateServer),
		"DELETE /servers/{id}":                n.onServer(n.deleteServer),
		"POST /servers/{id}/action":           n.action,
		"GET /servers/{id}/ips":               n.onServer(n.serverIPs),
		"GET /servers/{id}/os-interface":      n.onServer(n.serverInterfaces),
		"GET /servers/{id}/metadata":          n.onServer(n.showMetadata),
		"POST /servers/{id}/metadata":         n.onServer(n.mergeMetadata),
		"PUT /servers/{id}/metadata":          n.onServer(n.replaceMetadata),
		"GET /servers/{id}/metadata/{key}":    n.onServer(n.showMetadatum),
		"PUT /servers/{id}/metadata/{key}":    n.onServer(n.setMetadatum),
		"DELETE /servers/{id}/metadata/{key}": n.onServer(n.deleteMetadatum),

		"GET /servers/{id}/os-instance-actions":   n.onServer(n.instanceActions),
		"GET /servers/{id}/os-security-groups":    n.onServer(n.serverGroups),
		"GET /servers/{id}/os-volume_attachments": n.onServer(n.noVolumes),

		"GET /flavors": n.listFlavors, "GET /flavors/detail": n.listFlavorsDetail,
		"GET /flavors/{id}": n.showFlavor, "GET /flavors/{id}/os-extra_specs": n.flavorExtra,
		"GET /os-keypairs": n.listKeypairs, "POST /os-keypairs": n.createKeypair,
		"GET /os-keypairs/{name}": n.showKeypair, "DELETE /os-keypairs/{name}": n.deleteKeypair,
		"GET /limits": n.limits, "GET /os-quota-sets/{id}": n.quotaSet,
		"GET /os-quota-sets/{id}/detail": n.quotaDetail, "GET /os-quota-sets/{id}/defaults": n.quotaSet,
		"GET /os-availability-zone": n.zones, "GET /extensions": n.extensions,
		"GET /os-security-groups": n.securityGroups, "GET /os-tenant-networks": n.tenantNetworks,
		"GET /images": n.novaImages(false), "GET /images/detail": n.novaImages(true),
		"GET /os-availability-zone/detail": n.adminOnly("os-availability-zone:detail"),
		"GET /os-hypervisors":              n.adminOnly("os-hypervisors:list"), "GET /os-services": n.adminOnly("os-services:list"),
	} {
		method, path, _ := strings.Cut(pattern, " ")
		a.route(s, method+" /v2.1"+path, false, n.versioned(h))
	}
	a.fallback(s)
}

// versioned reads the microversion the caller asks for and names it in the answer.
func (n *computeAPI) versioned(h handler) handler {
	return func(c *call) reply {
		asked := c.Header.Get("X-OpenStack-Nova-API-Version")
		for _, v := range c.Header.Values("OpenStack-API-Version") {
			if rest, ok := strings.CutPrefix(strings.TrimSpace(v), "compute "); ok {
				asked = strings.TrimSpace(rest)
			}
		}
		major, minor, ok := parseVersion(asked)
		if !ok {
			return fail(http.StatusBadRequest, "API Version String %s is of invalid format. Must be of format MajorNum.MinorNum.",
				clip(asked))
		}
		var rep reply
		if major != 2 || minor < 1 || minor > maxMinor {
			rep = fail(http.StatusNotAcceptable, "Version %d.%d is not supported by the API. Minimum is 2.1 and maximum is 2.%d.",
				major, minor, maxMinor)
		} else {
			c.minor = minor
			rep = h(c)
		}
		spoken := fmt.Sprintf("%d.%d", major, minor)
		rep.header = with(rep.header, "OpenStack-API-Version", "compute "+spoken)
		rep.header["X-OpenStack-Nova-API-Version"] = spoken
		rep.header["Vary"] = "OpenStack-API-Version, X-OpenStack-Nova-API-Version"
		return rep
	}
}

// parseVersion reads "2.47" or "latest"; nothing is 2.1.
func parseVersion(s string) (major, minor int, ok bool) {
	switch s {
	case "":
		return 2, 1, true
	case "latest":
		return 2, maxMinor, true
	}
	before, after, found := strings.Cut(s, ".")
	major, err1 := strconv.Atoi(before)
	minor, err2 := strconv.Atoi(after)
	return major, minor, found && err1 == nil && err2 == nil && major > 0 && minor >= 0
}

func (n *computeAPI) version(full bool) object {
	links := []object{{"rel": "self", "href": n.base + computePrefix + "/v2.1/"}}
	v := object{
		"id": "v2.1", "status": "CURRENT", "version": fmt.Sprintf("2.%d", maxMinor), "min_version": "2.1",
		"updated": "2013-07-23T11:33:21Z",
	}
	if full {
		links = append(links, object{"rel": "describedby", "type": "text/html", "href": "http://docs.openstack.org/"})
		v["media-types"] = []object{{"base": "application/json", "type": "application/vnd.openstack.compute+json;version=2.1"}}
	}
	v["links"] = links
	return v
}

func (n *computeAPI) versions(*call) reply {
	return okay(object{"versions": []object{n.version(false)}})
}

// adminOnly refuses as the policy of a real cloud does for who is no administrator.
func (n *computeAPI) adminOnly(rule string) handler {
	return func(*call) reply {
		return fail(http.StatusForbidden, "Policy doesn't allow os_compute_api:%s to be performed.", rule)
	}
}

// until serves a call only up to 2.last: later microversions took it away.
func until(last int, h handler) handler {
	return func(c *call) reply {
		if c.minor > last {
			return fail(http.StatusNotFound, "The resource could not be found.")
		}
		return h(c)
	}
}

// link is the pair of links most of the API's resources have.
func (n *computeAPI) link(kind, id string) []object {
	return []object{
		{"rel": "self", "href": n.base + computePrefix + "/v2.1/" + kind + "/" + id},
		n.bookmark(kind, id),
	}
}

func (n *computeAPI) bookmark(kind, id string) object {
	return object{"rel": "bookmark", "href": n.base + computePrefix + "/" + kind + "/" + id}
}

// clip keeps an echo of what a caller sent short.
func clip(s string) string {
	const most = 2000
	if len(s) > most {
		return s[:most]
	}
	return s
}
