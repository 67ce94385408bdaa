package openstack

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/keypairs"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/servers"

	"matou/cloud"
)

// Boot asks for the servers that spec describes, and returns them as they are then: most of the
// time in BUILD, see [Client.Wait]. What can be found out before is: unknown and ambiguous names,
// user-data that is too long, a quota that is too small. Several servers (spec.Count) come from one
// request, all or none, and are called NAME-1, NAME-2 and so on.
//
// The servers carry [cloud.MetaRun], with a value of our own when spec has none. When the line
// breaks before Nova's answer has come, they are looked for by it, so that no server is left behind
// unknown; an error that is not one of the cloud's refusals leaves it open whether they exist.
func (c *Client) Boot(ctx context.Context, spec cloud.ServerSpec) ([]cloud.Server, error) {
	op := "boot " + firstOf(cloud.Clean(spec.Name), "a server")
	spec.Count = max(spec.Count, 1)
	spec.Metadata = maps.Clone(spec.Metadata)
	if spec.Metadata == nil {
		spec.Metadata = map[string]string{}
	}
	if spec.Metadata[cloud.MetaRun] == "" {
		spec.Metadata[cloud.MetaRun] = rand.Text()
	}
	options, err := c.createOpts(ctx, op, spec)
	if err != nil {
		return nil, err
	}
	var created wireServer
	err = c.withCompute(ctx, op, func(sc *gophercloud.ServiceClient) error {
		return servers.Create(ctx, sc, options, nil).ExtractInto(&created)
	})
	var r *refusal
	if err != nil && (!errors.As(err, &r) || r.status != 0 || ctx.Err() != nil || errors.Is(r.kind, cloud.ErrBadRequest)) {
		return nil, err
	}
	if err != nil || spec.Count > 1 {
		found := c.ofRun(ctx, spec)
		if len(found) == spec.Count || err == nil && len(found) > 0 {
			return found, nil
		}
		if err != nil {
			return found, err
		}
	}
	first := cloud.Server{
		ID: created.ID, Name: cloud.Clean(spec.Name), Status: cloud.StatusBuild, PowerState: powerStates[0],
		Metadata: spec.Metadata, KeyName: spec.Keypair,
	}
	// The answer to the request has little more than the id. Failing to read the rest is no
	// reason to lose it.
	if full, err := c.server(ctx, op, created.ID); err == nil {
		first = full
	}
	return []cloud.Server{first}, nil
}

// createOpts checks spec and words it as Nova's request.
func (c *Client) createOpts(ctx context.Context, op string, spec cloud.ServerSpec) (servers.CreateOptsBuilder, error) {
	if strings.TrimSpace(spec.Name) == "" || len([]rune(spec.Name)) > 255 {
		return nil, refuse(op, cloud.ErrBadRequest, "a server's name has 1 to 255 characters")
	}
	size := base64.StdEncoding.EncodedLen(len(spec.UserData))
	if size > cloud.MaxUserData {
		return nil, because(op, cloud.ErrTooLarge, inWords("cause.user-data", "user-data has {n} bytes, the cloud takes {most} ({size} and {limit} after base64)",
			"n", strconv.Itoa(len(spec.UserData)), "most", strconv.Itoa(cloud.MaxUserData/4*3), "size", strconv.Itoa(size), "limit", strconv.Itoa(cloud.MaxUserData)))
	}
	flavor, err := c.Flavor(ctx, spec.Flavor)
	if err != nil {
		return nil, during(op, err)
	}
	image, err := c.Image(ctx, spec.Image)
	if err != nil {
		return nil, during(op, err)
	}
	if image.Status != "" && image.Status != "active" {
		return nil, because(op, cloud.ErrConflict, inWords("cause.image-is", "image {name} is {status}", "name", strconv.Quote(image.Name), "status", cloud.Clean(image.Status)))
	}
	if image.MinRAM > flavor.RAM || image.MinDisk > flavor.Disk && flavor.Disk > 0 {
		return nil, refuse(op, cloud.ErrBadRequest, "image %q needs %d MiB of RAM and %d GiB of disk, flavor %q has %d and %d",
			image.Name, image.MinRAM, image.MinDisk, flavor.Name, flavor.RAM, flavor.Disk)
	}
	network, err := c.networkFor(ctx, spec.Network)
	if err != nil {
		return nil, during(op, err)
	}
	if err := c.checkKeypair(ctx, spec.Keypair); err != nil {
		return nil, during(op, err)
	}
	if err := c.checkQuota(ctx, op, flavor, spec.Count); err != nil {
		return nil, err
	}
	options := servers.CreateOpts{
		Name: spec.Name, ImageRef: image.ID, FlavorRef: flavor.ID, Networks: network,
		SecurityGroups: spec.SecurityGroups, Metadata: spec.Metadata,
	}
	if len(spec.UserData) > 0 {
		// gophercloud takes what happens to be base64 already as it is; so it always is.
		options.UserData = []byte(base64.StdEncoding.EncodeToString(spec.UserData))
	}
	if spec.ConfigDrive {
		options.ConfigDrive = &spec.ConfigDrive
	}
	if spec.Count > 1 {
		options.Min, options.Max = spec.Count, spec.Count
	}
	if flavor.Disk == 0 && c.hasVolumes() {
		// Nova lets administrators only boot onto the hypervisor's disk with such a flavor.
		options.ImageRef = ""
		options.BlockDevice = []servers.BlockDevice{{
			SourceType: servers.SourceImage, UUID: image.ID, DestinationType: servers.DestinationVolume,
			VolumeSize: volumeSize(spec, image), DeleteOnTermination: true,
		}}
	}
	return keypairs.CreateOptsExt{CreateOptsBuilder: options, KeyName: spec.Keypair}, nil
}

// hasVolumes tells whether the account's catalog has a block storage service.
func (c *Client) hasVolumes() bool {
	return slices.ContainsFunc(c.Services(), func(t string) bool {
		return t == "block-storage" || strings.HasPrefix(t, "volume")
	})
}

// volumeSize is the size of the volume to boot from, in GiB.
func volumeSize(spec cloud.ServerSpec, image cloud.Image) int {
	if spec.VolumeSize > 0 {
		return spec.VolumeSize
	}
	const gib = 1 << 30
	return max(cloud.MinVolume, image.MinDisk, int((image.Size+gib-1)/gib))
}

// networkFor words the network: since microversion 2.37 Nova wants to be told. A cloud without
// Neutron may choose itself.
func (c *Client) networkFor(ctx context.Context, wanted string) (any, error) {
	want := gophercloud.EndpointOpts{Availability: c.credentials.availability()}
	if _, err := openstack.NewNetworkV2(c.provider, want); err != nil && wanted == "" {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.micro == "" {
			return nil, nil
		}
		return "auto", nil
	}
	network, err := c.Network(ctx, wanted)
	if err != nil {
		return nil, err
	}
	return []servers.Network{{UUID: network.ID}}, nil
}

func (c *Client) checkKeypair(ctx context.Context, wanted string) error {
	if wanted == "" {
		return nil
	}
	pairs, err := c.Keypairs(ctx)
	if err != nil {
		return err
	}
	var names []string
	for _, p := range pairs {
		if p.Name == wanted {
			return nil
		}
		names = append(names, p.Name)
	}
	return because(fmt.Sprintf("keypair %q", cloud.Clean(wanted)), cloud.ErrNotFound, suggest(wanted, names))
}

// checkQuota refuses what the quota is known not to allow. Not being able to read it is no reason
// to refuse: Nova checks again.
func (c *Client) checkQuota(ctx context.Context, op string, flavor cloud.Flavor, count int) error {
	quotas, err := c.Quotas(ctx)
	if err != nil {
		return ctx.Err()
	}
	needs := map[string]int{"instances": count, "cores": flavor.VCPUs * count, "ram": flavor.RAM * count}
	units := map[string]string{"instances": "instances", "cores": "cores", "ram": "MiB of memory"}
	var short []string
	var first *wording
	for _, q := range quotas {
		if left := max(q.Limit-q.Used, 0); q.Limit >= 0 && needs[q.Resource] > left {
			one := inWords("cause.needs-"+q.Resource, units[q.Resource]+": needs {n}, {left} of {all} left",
				"n", strconv.Itoa(needs[q.Resource]), "left", strconv.Itoa(left), "all", strconv.Itoa(q.Limit))
			short, first = append(short, one.text), cmp.Or(first, &one)
		}
	}
	if len(short) == 0 {
		return nil
	}
	return because(op, cloud.ErrQuota, wording{strings.Join(short, "; "), first.key, first.pairs})
}

// ofRun lists the servers that carry spec's run. Nova shows them as soon as it has answered, or a
// moment after a line broke, so a few looks are enough.
func (c *Client) ofRun(ctx context.Context, spec cloud.ServerSpec) []cloud.Server {
	var found []cloud.Server
	start := time.Now()
	for range 4 {
		all, err := c.Servers(ctx)
		if err == nil {
			found = found[:0]
			for _, s := range all {
				if s.Metadata[cloud.MetaRun] == spec.Metadata[cloud.MetaRun] {
					found = append(found, s)
				}
			}
			if len(found) == spec.Count {
				break
			}
		}
		if sleep(ctx, c.options.Poll(time.Since(start))) != nil {
			break
		}
	}
	return found
}
