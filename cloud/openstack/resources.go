package openstack

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/keypairs"

	"matou/cloud"
)

// Flavors lists the sizes servers may have, by RAM and then name.
func (c *Client) Flavors(ctx context.Context) ([]cloud.Flavor, error) {
	type flavor struct {
		ID, Name         string
		VCPUs, RAM, Disk int
	}
	var found []flavor
	err := c.withCompute(ctx, "list flavors", func(sc *gophercloud.ServiceClient) (err error) {
		found, err = list[flavor](ctx, sc, sc.ServiceURL("flavors", "detail"), "flavors")
		return err
	})
	if err != nil {
		return nil, err
	}
	flavors := make([]cloud.Flavor, len(found))
	for i, f := range found {
		flavors[i] = cloud.Flavor(f)
		flavors[i].Name = cloud.Clean(f.Name)
	}
	slices.SortStableFunc(flavors, func(a, b cloud.Flavor) int {
		return cmp.Or(a.RAM-b.RAM, strings.Compare(a.Name, b.Name))
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flavors.fill(flavors)
	return flavors, nil
}

// Images lists the images one may boot from, by name.
func (c *Client) Images(ctx context.Context) ([]cloud.Image, error) {
	const op = "list images"
	sc, err := openstack.NewImageV2(c.provider, gophercloud.EndpointOpts{Availability: c.credentials.availability()})
	if err != nil {
		return nil, c.explain(op, err)
	}
	found, err := list[wireImage](ctx, sc, sc.ServiceURL("images")+"?limit=200", "images")
	if err != nil {
		return nil, c.explain(op, err)
	}
	images := make([]cloud.Image, len(found))
	for i, f := range found {
		images[i] = f.image()
	}
	slices.SortStableFunc(images, func(a, b cloud.Image) int { return strings.Compare(a.Name, b.Name) })
	c.mu.Lock()
	defer c.mu.Unlock()
	c.images.fill(images)
	return images, nil
}

type wireImage struct {
	ID      string  `json:"id"`
	Name    *string `json:"name"` // an image may have none
	Status  string  `json:"status"`
	MinDisk int     `json:"min_disk"`
	MinRAM  int     `json:"min_ram"`
	Size    *int64  `json:"size"` // null until the data has come
}

func (w wireImage) image() cloud.Image {
	i := cloud.Image{ID: w.ID, Status: w.Status, MinDisk: w.MinDisk, MinRAM: w.MinRAM}
	if w.Name != nil {
		i.Name = cloud.Clean(*w.Name)
	}
	if w.Size != nil {
		i.Size = *w.Size
	}
	return i
}

// Networks lists the project's networks and those shared with it, by name.
func (c *Client) Networks(ctx context.Context) ([]cloud.Network, error) {
	const op = "list networks"
	sc, err := openstack.NewNetworkV2(c.provider, gophercloud.EndpointOpts{Availability: c.credentials.availability()})
	if err != nil {
		return nil, c.explain(op, err)
	}
	type network struct {
		ID, Name string
		Shared   bool
		External bool `json:"router:external"`
	}
	found, err := list[network](ctx, sc, sc.ServiceURL("networks"), "networks")
	if err != nil {
		return nil, c.explain(op, err)
	}
	networks := make([]cloud.Network, len(found))
	for i, f := range found {
		networks[i] = cloud.Network(f)
		networks[i].Name = cloud.Clean(f.Name)
	}
	slices.SortStableFunc(networks, func(a, b cloud.Network) int { return strings.Compare(a.Name, b.Name) })
	c.mu.Lock()
	defer c.mu.Unlock()
	c.networks.fill(networks)
	return networks, nil
}

// Quotas says how many instances, cores and MiB of RAM the project may have and has.
func (c *Client) Quotas(ctx context.Context) ([]cloud.Quota, error) {
	var answer struct {
		Limits struct {
			Absolute map[string]int `json:"absolute"`
		} `json:"limits"`
	}
	err := c.withCompute(ctx, "read quotas", func(sc *gophercloud.ServiceClient) error {
		_, err := sc.Get(ctx, sc.ServiceURL("limits"), &answer, nil)
		return err
	})
	if err != nil {
		return nil, err
	}
	a := answer.Limits.Absolute
	var quotas []cloud.Quota
	for _, q := range []struct{ resource, limit, used string }{
		{"instances", "maxTotalInstances", "totalInstancesUsed"},
		{"cores", "maxTotalCores", "totalCoresUsed"},
		{"ram", "maxTotalRAMSize", "totalRAMUsed"},
	} {
		if limit, ok := a[q.limit]; ok {
			quotas = append(quotas, cloud.Quota{Resource: q.resource, Limit: limit, Used: a[q.used]})
		}
	}
	return quotas, nil
}

// Keypairs lists the user's key pairs, by name.
func (c *Client) Keypairs(ctx context.Context) ([]cloud.Keypair, error) {
	type entry struct {
		Keypair struct {
			Name        string `json:"name"`
			PublicKey   string `json:"public_key"`
			Fingerprint string `json:"fingerprint"`
		} `json:"keypair"`
	}
	var found []entry
	err := c.withCompute(ctx, "list keypairs", func(sc *gophercloud.ServiceClient) (err error) {
		found, err = list[entry](ctx, sc, sc.ServiceURL("os-keypairs"), "keypairs")
		return err
	})
	if err != nil {
		return nil, err
	}
	pairs := make([]cloud.Keypair, len(found))
	for i, f := range found {
		k := f.Keypair
		pairs[i] = cloud.Keypair{Name: cloud.Clean(k.Name), PublicKey: cloud.Clean(k.PublicKey), Fingerprint: cloud.Clean(k.Fingerprint)}
	}
	slices.SortStableFunc(pairs, func(a, b cloud.Keypair) int { return strings.Compare(a.Name, b.Name) })
	return pairs, nil
}

// ImportKeypair makes publicKey (a line of authorized_keys) known under name. The error is
// [cloud.ErrConflict] when the name is taken.
func (c *Client) ImportKeypair(ctx context.Context, name, publicKey string) error {
	return c.withCompute(ctx, "import keypair "+cloud.Clean(name), func(sc *gophercloud.ServiceClient) error {
		return keypairs.Create(ctx, sc, keypairs.CreateOpts{Name: name, PublicKey: publicKey}).Err
	})
}

// DeleteKeypair removes a key pair; one that is not there is no error.
func (c *Client) DeleteKeypair(ctx context.Context, name string) error {
	op := "delete keypair " + cloud.Clean(name)
	if !plainID(name) {
		return refuse(op, cloud.ErrNotFound, "not a name of a keypair")
	}
	return c.withCompute(ctx, op, func(sc *gophercloud.ServiceClient) error {
		_, err := sc.Delete(ctx, sc.ServiceURL("os-keypairs", url.PathEscape(name)), nil)
		if gophercloud.ResponseCodeIs(err, http.StatusNotFound) {
			return nil
		}
		return err
	})
}

// HasKeypair is no error when there is a key pair of that name. [cloud.ErrNotFound] names the
// nearest ones there are.
func (c *Client) HasKeypair(ctx context.Context, name string) error {
	return c.checkKeypair(ctx, name)
}
