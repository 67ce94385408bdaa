package openstack

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"

	"matou/cloud"
)

// choose finds the one thing that wanted names, by id or by name. Known is what the cache holds;
// all asks the cloud, which happens when the cache is old or has no answer. Name gives the id and
// the name of a thing, and what tells it apart from its namesakes.
func choose[T any](ctx context.Context, what, wanted string, known cache[T],
	all func(context.Context) ([]T, error), name func(T) (id, name, note string),
) (T, error) {
	var none T
	things := known.items
	if !known.fresh() || len(matching(things, wanted, name)) == 0 {
		var err error
		if things, err = all(ctx); err != nil {
			return none, err
		}
	}
	found := matching(things, wanted, name)
	op := fmt.Sprintf("%s %q", what, cloud.Clean(wanted))
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		var names []string
		for _, t := range things {
			if _, n, _ := name(t); n != "" {
				names = append(names, n)
			}
		}
		return none, because(op, cloud.ErrNotFound, suggest(wanted, names))
	}
	var ids []string
	for _, t := range found[:min(len(found), 5)] {
		id, _, note := name(t)
		ids = append(ids, strings.TrimSpace(id+" "+note))
	}
	return none, because(op, cloud.ErrAmbiguous, inWords("cause.same-name", "{n} have that name, choose by id: {ids}",
		"n", strconv.Itoa(len(found)), "ids", strings.Join(ids, ", ")))
}

// matching gives the thing with that id, or else all with that name.
func matching[T any](things []T, wanted string, name func(T) (id, name, note string)) []T {
	var found []T
	for _, t := range things {
		id, n, _ := name(t)
		if id == wanted {
			return []T{t}
		}
		if n == wanted {
			found = append(found, t)
		}
	}
	return found
}

// Flavor finds a flavor by name or id.
func (c *Client) Flavor(ctx context.Context, wanted string) (cloud.Flavor, error) {
	return choose(ctx, "flavor", wanted, snapshot(c, &c.flavors), c.Flavors,
		func(f cloud.Flavor) (string, string, string) {
			return f.ID, f.Name, fmt.Sprintf("(%d MiB, %d cores)", f.RAM, f.VCPUs)
		})
}

// Image finds an image by name or id.
func (c *Client) Image(ctx context.Context, wanted string) (cloud.Image, error) {
	return choose(ctx, "image", wanted, snapshot(c, &c.images), c.Images,
		func(i cloud.Image) (string, string, string) { return i.ID, i.Name, "(" + i.Status + ")" })
}

// Network finds a network by name or id. An empty name is the only one a server may be put on:
// the project's own or a shared one; the error is [cloud.ErrAmbiguous] when there are several.
func (c *Client) Network(ctx context.Context, wanted string) (cloud.Network, error) {
	if wanted != "" {
		return choose(ctx, "network", wanted, snapshot(c, &c.networks), c.Networks,
			func(n cloud.Network) (string, string, string) { return n.ID, n.Name, "" })
	}
	known := snapshot(c, &c.networks)
	all := known.items
	if !known.fresh() || len(all) == 0 {
		var err error
		if all, err = c.Networks(ctx); err != nil {
			return cloud.Network{}, err
		}
	}
	var usable []cloud.Network
	for _, n := range all {
		if n.Shared || !n.External { // one that is only external gives floating addresses
			usable = append(usable, n)
		}
	}
	switch len(usable) {
	case 1:
		return usable[0], nil
	case 0:
		return cloud.Network{}, because("choose a network", cloud.ErrNotFound, inWords("cause.no-network", "the project has none"))
	}
	var names []string
	for _, n := range usable[:min(len(usable), 8)] {
		names = append(names, fmt.Sprintf("%q", n.Name))
	}
	return cloud.Network{}, because("choose a network", cloud.ErrAmbiguous,
		inWords("cause.has-networks", "the project has {names}", "names", strings.Join(names, ", ")))
}

func snapshot[T any](c *Client, of *cache[T]) cache[T] {
	c.mu.Lock()
	defer c.mu.Unlock()
	return *of
}

// imageName asks for the name of one image; empty when it can't be learnt, which is then believed
// for a while. An image that has been deleted since is common, and its servers live on.
func (c *Client) imageName(ctx context.Context, id string) string {
	sc, err := openstack.NewImageV2(c.provider, gophercloud.EndpointOpts{Availability: c.credentials.availability()})
	if err != nil || !plainID(id) || c.isNameless(id) {
		return ""
	}
	var w wireImage
	if _, err := sc.Get(ctx, sc.ServiceURL("images", url.PathEscape(id)), &w, nil); err != nil || w.ID != id {
		c.setNameless(ctx, id)
		return ""
	}
	image := w.image()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.images.add(image, func(known cloud.Image) bool { return known.ID == id })
	return image.Name
}

// flavorName is imageName for flavors, which matters before microversion 2.47.
func (c *Client) flavorName(ctx context.Context, id string) string {
	if !plainID(id) || c.isNameless(id) {
		return ""
	}
	var f struct {
		Name             string
		VCPUs, RAM, Disk int
	}
	err := c.withCompute(ctx, "show flavor", func(sc *gophercloud.ServiceClient) error {
		raw, err := getRaw(ctx, sc, sc.ServiceURL("flavors", url.PathEscape(id)), "flavor")
		if err != nil {
			return err
		}
		return json.Unmarshal(raw, &f)
	})
	if err != nil {
		c.setNameless(ctx, id)
		return ""
	}
	flavor := cloud.Flavor{ID: id, Name: cloud.Clean(f.Name), VCPUs: f.VCPUs, RAM: f.RAM, Disk: f.Disk}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flavors.add(flavor, func(known cloud.Flavor) bool { return known.ID == id })
	return flavor.Name
}

func (c *Client) isNameless(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, known := c.nameless[id]
	return known && time.Since(at) < cacheFor
}

func (c *Client) setNameless(ctx context.Context, id string) {
	if ctx.Err() != nil {
		return // it is the asking that failed
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.nameless == nil || len(c.nameless) > 1000 {
		c.nameless = map[string]time.Time{}
	}
	c.nameless[id] = time.Now()
}
