package openstack

import (
	"context"
	"net/http"
	"net/url"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/servers"

	"matou/cloud"
)

// Mark puts metadata on a server, beside what it has: one request, so all of it or nothing. Nova takes
// none for a server in BUILD or ERROR, which is [cloud.ErrConflict].
// See https://docs.openstack.org/api-ref/compute/#create-or-update-metadata-items.
func (c *Client) Mark(ctx context.Context, id string, metadata map[string]string) error {
	op := "mark server " + cloud.Clean(id)
	if !plainID(id) {
		return refuse(op, cloud.ErrNotFound, "not the id of a server")
	}
	return c.withCompute(ctx, op, func(sc *gophercloud.ServiceClient) error {
		_, err := servers.UpdateMetadata(ctx, sc, url.PathEscape(id), servers.MetadataOpts(metadata)).Extract()
		return err
	})
}

// Unmark takes metadata off a server, key by key; one that is not there is no error.
func (c *Client) Unmark(ctx context.Context, id string, keys ...string) error {
	op := "unmark server " + cloud.Clean(id)
	if !plainID(id) {
		return refuse(op, cloud.ErrNotFound, "not the id of a server")
	}
	for _, key := range keys {
		err := c.withCompute(ctx, op, func(sc *gophercloud.ServiceClient) error {
			err := servers.DeleteMetadatum(ctx, sc, url.PathEscape(id), url.PathEscape(key)).ExtractErr()
			if gophercloud.ResponseCodeIs(err, http.StatusNotFound) {
				return nil
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
