package openstack

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/servers"

	"matou/cloud"
)

// wireServer is what Matou reads of a server in Nova's JSON, at any microversion. Since 2.69 a
// server whose cell is down has only some of it.
type wireServer struct {
	ID         string            `json:"id"`
	Name       string            `json:"name"`
	Status     string            `json:"status"`
	TaskState  string            `json:"OS-EXT-STS:task_state"`
	PowerState *int              `json:"OS-EXT-STS:power_state"`
	ProjectID  string            `json:"tenant_id"`
	UserID     string            `json:"user_id"`
	KeyName    string            `json:"key_name"`
	Metadata   map[string]string `json:"metadata"`
	Created    string            `json:"created"`
	Updated    string            `json:"updated"`
	Image      json.RawMessage   `json:"image"` // an object, or "" for a boot from a volume
	Flavor     struct {
		ID   string `json:"id"`            // before 2.47
		Name string `json:"original_name"` // since
	} `json:"flavor"`
	Addresses map[string][]struct {
		Addr string `json:"addr"`
		Type string `json:"OS-EXT-IPS:type"`
		MAC  string `json:"OS-EXT-IPS-MAC:mac_addr"`
	} `json:"addresses"`
	Fault *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
		Details string `json:"details"`
		Created string `json:"created"`
	} `json:"fault"`
}

// powerStates are Nova's numbers in the words of nova list.
var powerStates = []string{"NOSTATE", "Running", "", "Paused", "Shutdown", "", "Crashed", "Suspended"}

func (w wireServer) server() cloud.Server {
	s := cloud.Server{
		ID: w.ID, Name: cloud.Clean(w.Name), Status: cloud.Status(cloud.Clean(w.Status)),
		TaskState: cloud.Clean(w.TaskState), PowerState: "N/A",
		Metadata: w.Metadata, KeyName: cloud.Clean(w.KeyName), ProjectID: w.ProjectID, UserID: w.UserID,
		Flavor:  cloud.Ref{ID: w.Flavor.ID, Name: cloud.Clean(w.Flavor.Name)},
		Image:   cloud.Ref{ID: imageID(w.Image)},
		Created: parseTime(w.Created), Updated: parseTime(w.Updated),
	}
	if p := w.PowerState; p != nil && *p >= 0 && *p < len(powerStates) {
		s.PowerState = powerStates[*p]
	}
	for _, name := range sortedKeys(w.Addresses) {
		for _, a := range w.Addresses[name] {
			if ip, err := netip.ParseAddr(a.Addr); err == nil {
				s.Addresses = append(s.Addresses, cloud.Address{Network: cloud.Clean(name), IP: ip, Type: a.Type, MAC: a.MAC})
			}
		}
	}
	if f := w.Fault; f != nil {
		s.Fault = &cloud.Fault{
			Code: f.Code, Message: shorten(f.Message),
			Details: cloud.Clean(strings.ReplaceAll(f.Details[:min(len(f.Details), 16<<10)], "\n", " | ")),
			Created: parseTime(f.Created),
		}
	}
	return s
}

func imageID(raw json.RawMessage) string {
	var image struct{ ID string }
	if json.Unmarshal(raw, &image) != nil {
		return ""
	}
	return image.ID
}

func parseTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}
	}
	return t
}

// Servers lists the servers of the project, in the order of [cloud.SortServers]. It is one request
// for each thousand servers, whatever else is unknown: the names of images and, before microversion
// 2.47, of flavors are filled in when an earlier call has learnt them.
func (c *Client) Servers(ctx context.Context) ([]cloud.Server, error) {
	var found []wireServer
	err := c.withCompute(ctx, "list servers", func(sc *gophercloud.ServiceClient) (err error) {
		found, err = list[wireServer](ctx, sc, sc.ServiceURL("servers", "detail"), "servers")
		return err
	})
	if err != nil {
		return nil, err
	}
	all := make([]cloud.Server, len(found))
	for i, w := range found {
		all[i] = w.server()
		c.nameKnown(&all[i])
	}
	cloud.SortServers(all)
	return all, nil
}

// nameKnown fills in the names of s's image and flavor that are in the caches.
func (c *Client) nameKnown(s *cloud.Server) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, i := range c.images.items {
		if i.ID == s.Image.ID && s.Image.ID != "" {
			s.Image.Name = i.Name
		}
	}
	for _, f := range c.flavors.items {
		switch {
		case s.Flavor.ID != "" && f.ID == s.Flavor.ID:
			s.Flavor.Name = f.Name
		case s.Flavor.ID == "" && f.Name == s.Flavor.Name:
			s.Flavor.ID = f.ID
		}
	}
}

// Server gets one server, with the rows that nova show prints of it as Properties. The error is
// [cloud.ErrNotFound] when there is none with that id.
func (c *Client) Server(ctx context.Context, id string) (cloud.Server, error) {
	return c.server(ctx, "show server "+cloud.Clean(id), id)
}

func (c *Client) server(ctx context.Context, op, id string) (cloud.Server, error) {
	if !plainID(id) {
		return cloud.Server{}, refuse(op, cloud.ErrNotFound, "not the id of a server")
	}
	var raw json.RawMessage
	err := c.withCompute(ctx, op, func(sc *gophercloud.ServiceClient) (err error) {
		raw, err = getRaw(ctx, sc, sc.ServiceURL("servers", url.PathEscape(id)), "server")
		return err
	})
	if err != nil {
		return cloud.Server{}, err
	}
	var w wireServer
	if err := json.Unmarshal(raw, &w); err != nil {
		return cloud.Server{}, c.explain(op, err)
	}
	s := w.server()
	c.nameKnown(&s)
	if s.Image.ID != "" && s.Image.Name == "" {
		s.Image.Name = c.imageName(ctx, s.Image.ID)
	}
	if s.Flavor.ID != "" && s.Flavor.Name == "" {
		s.Flavor.Name = c.flavorName(ctx, s.Flavor.ID)
	}
	if s.Properties, err = properties(raw, s); err != nil {
		return cloud.Server{}, c.explain(op, err)
	}
	return s, nil
}

// Find lists the servers called name, or with that id. None is no error. Names are compared here:
// Nova's own filter takes a regular expression, in the dialect of its database.
func (c *Client) Find(ctx context.Context, name string) ([]cloud.Server, error) {
	all, err := c.Servers(ctx)
	if err != nil {
		return nil, err
	}
	var found []cloud.Server
	for _, s := range all {
		if s.Name == name || s.ID == name {
			found = append(found, s)
		}
	}
	return found, nil
}

// Delete asks for a server to be deleted; one that is gone already is no error. The server stays
// in listings for some seconds more, see [Client.WaitGone].
func (c *Client) Delete(ctx context.Context, id string) error {
	op := "delete server " + cloud.Clean(id)
	if !plainID(id) {
		return refuse(op, cloud.ErrNotFound, "not the id of a server")
	}
	return c.withCompute(ctx, op, func(sc *gophercloud.ServiceClient) error {
		err := servers.Delete(ctx, sc, url.PathEscape(id)).ExtractErr()
		if gophercloud.ResponseCodeIs(err, http.StatusNotFound) {
			return nil
		}
		return err
	})
}

// ConsoleLog gets the last lines of what a server printed on its console, or all that the cloud
// kept when lines is 0. The text is as the server printed it: not safe to show as it is.
func (c *Client) ConsoleLog(ctx context.Context, id string, lines int) (string, error) {
	op := "read console of server " + cloud.Clean(id)
	if !plainID(id) {
		return "", refuse(op, cloud.ErrNotFound, "not the id of a server")
	}
	var text string
	err := c.withCompute(ctx, op, func(sc *gophercloud.ServiceClient) (err error) {
		text, err = servers.ShowConsoleOutput(ctx, sc, url.PathEscape(id),
			servers.ShowConsoleOutputOpts{Length: max(lines, 0)}).Extract()
		return err
	})
	return text, err
}
