package sandbox

import (
	"crypto/md5"
	"crypto/sha512"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The Image API v2: https://docs.openstack.org/api-ref/image/v2/.

const imagePrefix = "/image"

func (a *api) imageService() *service {
	return &service{
		name: "glance", kind: "image", prefix: imagePrefix,
		refuse: func(status int, text string) reply {
			title := http.StatusText(status)
			if status == http.StatusInternalServerError {
				text = orText(text, "The server has either erred or is incapable of performing the requested operation.")
			}
			return reply{status: status, body: object{
				"message": text + "<br /><br />\n\n\n", "code": strconv.Itoa(status) + " " + title, "title": title,
			}}
		},
		lost: func() reply {
			return lostHTML(http.StatusNotFound, "The resource could not be found.<br /><br />\n")
		},
	}
}

type imageAPI struct {
	*api
	*service
}

func (a *api) imageRoutes() {
	s := a.imageService()
	g := &imageAPI{api: a, service: s}
	a.mux.HandleFunc("GET "+imagePrefix, func(rw http.ResponseWriter, r *http.Request) {
		a.serve(s, true, g.versions(http.StatusMultipleChoices), rw, r)
	})
	a.route(s, "GET /versions", true, g.versions(http.StatusOK))
	a.route(s, "GET /v2", true, g.versions(http.StatusMultipleChoices))
	a.route(s, "GET /v2/images", false, g.list)
	a.route(s, "GET /v2/images/{id}", false, g.show)
	a.route(s, "GET /v2/schemas/image", false, func(*call) reply { return okay(imageSchema()) })
	a.route(s, "GET /v2/schemas/images", false, func(*call) reply {
		return okay(object{"name": "images", "properties": object{
			"images": object{"type": "array", "items": imageSchema()}, "first": object{"type": "string"},
			"next": object{"type": "string"}, "schema": object{"type": "string"},
		}, "links": []object{{"rel": "first", "href": "{first}"}, {"rel": "next", "href": "{next}"}, {"rel": "describedby", "href": "{schema}"}}})
	})
	a.fallback(s)
}

func (g *imageAPI) versions(status int) handler {
	return func(*call) reply {
		list := []object{}
		for _, v := range []string{"v2.15", "v2.9", "v2.7", "v2.6", "v2.5", "v2.4", "v2.3", "v2.2", "v2.1", "v2.0"} {
			state := "SUPPORTED"
			if v == "v2.15" {
				state = "CURRENT"
			}
			list = append(list, object{
				"id": v, "status": state, "links": []object{{"rel": "self", "href": g.base + imagePrefix + "/v2/"}},
			})
		}
		return reply{status: status, body: object{"versions": list}}
	}
}

func (g *imageAPI) describe(im *image) object {
	created := im.Created.UTC().Format(time.RFC3339)
	path := "/v2/images/" + im.ID
	return object{
		"id": im.ID, "name": im.Name, "disk_format": "raw", "container_format": "bare", "visibility": "public",
		"size": im.Size, "virtual_size": im.Size, "status": "active", "protected": false, "min_ram": im.MinRAM,
		"min_disk": im.MinDisk, "owner": hexID("project", "services"), "os_hidden": false,
		"checksum":     fmt.Sprintf("%x", md5.Sum([]byte(im.ID))),
		"os_hash_algo": "sha512", "os_hash_value": fmt.Sprintf("%x", sha512.Sum512([]byte(im.ID))),
		"created_at": created, "updated_at": created, "tags": []string{}, "self": path, "file": path + "/file",
		"schema": "/v2/schemas/image",
	}
}

// list is the images by name, filtered and paged. Its refusals are pages, as those of the real one.
func (g *imageAPI) list(c *call) reply {
	q := c.URL.Query()
	limit := 25 // Glance's own default
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		switch {
		case err != nil:
			return lostHTML(http.StatusBadRequest, "limit param must be an integer<br /><br />\n")
		case n < 0:
			return lostHTML(http.StatusBadRequest, "limit param must be positive<br /><br />\n")
		}
		limit = min(n, maxPage)
	}
	var fit []*image
	for i := range g.world.file.Images {
		if im := &g.world.file.Images[i]; imageFits(im, q) {
			fit = append(fit, im)
		}
	}
	if marker := q.Get("marker"); marker != "" {
		i := slices.IndexFunc(fit, func(im *image) bool { return im.ID == marker })
		if i < 0 {
			return lostHTML(http.StatusBadRequest, "No image found with given ID<br /><br />\n")
		}
		fit = fit[i+1:]
	}
	list := []object{}
	for _, im := range fit[:min(limit, len(fit))] {
		list = append(list, g.describe(im))
	}
	body := object{"images": list, "schema": "/v2/schemas/images", "first": imagesPath(q, "")}
	if len(list) > 0 && len(list) == limit {
		body["next"] = imagesPath(q, fit[limit-1].ID)
	}
	return okay(body)
}

func imageFits(im *image, q url.Values) bool {
	name := q.Get("name")
	if list, ok := strings.CutPrefix(name, "in:"); ok {
		names := strings.Split(strings.ReplaceAll(list, `"`, ""), ",")
		if !slices.Contains(names, im.Name) {
			return false
		}
	} else if name != "" && name != im.Name {
		return false
	}
	hidden := strings.EqualFold(q.Get("os_hidden"), "true")
	return !hidden && (q.Get("id") == "" || q.Get("id") == im.ID) &&
		(q.Get("status") == "" || q.Get("status") == "active") &&
		(q.Get("visibility") == "" || q.Get("visibility") == "public" || q.Get("visibility") == "all")
}

// imagesPath is the listing's own address, without the service's: Glance's links are relative.
func imagesPath(q url.Values, marker string) string {
	follow := url.Values{}
	for k, v := range q {
		if k != "marker" {
			follow[k] = v
		}
	}
	if marker != "" {
		follow.Set("marker", marker)
	}
	if len(follow) == 0 {
		return "/v2/images"
	}
	return "/v2/images?" + follow.Encode()
}

func (g *imageAPI) show(c *call) reply {
	im := g.world.image(c.PathValue("id"))
	if im == nil {
		return g.refuse(http.StatusNotFound, "No image found with ID "+clip(c.PathValue("id")))
	}
	return okay(g.describe(im))
}

// imageSchema tells clients which of an image's keys are its own and which are extra properties.
func imageSchema() object {
	text := object{"type": []string{"null", "string"}}
	number := object{"type": []string{"null", "integer"}}
	flag := object{"type": "boolean"}
	properties := object{}
	for _, k := range []string{
		"id", "name", "status", "visibility", "checksum", "os_hash_algo", "os_hash_value", "owner",
		"created_at", "updated_at", "direct_url", "self", "file", "schema", "container_format", "disk_format",
	} {
		properties[k] = text
	}
	for _, k := range []string{"size", "virtual_size", "min_ram", "min_disk"} {
		properties[k] = number
	}
	properties["protected"], properties["os_hidden"] = flag, flag
	properties["tags"] = object{"type": "array", "items": object{"type": "string", "maxLength": 255}}
	return object{
		"name": "image", "properties": properties, "additionalProperties": object{"type": "string"},
		"links": []object{{"rel": "self", "href": "{self}"}, {"rel": "enclosure", "href": "{file}"}, {"rel": "describedby", "href": "{schema}"}},
	}
}
