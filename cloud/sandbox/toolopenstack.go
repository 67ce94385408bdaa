package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

func toJSON(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(data)
}

// openstackTool is the openstack command of the hosts: server list, server show and the lists of
// what a server can be made of.
func openstackTool(ctx context.Context, run *toolRun) int {
	commands := map[string]func(context.Context, io.Writer, *cloudClient, []string) error{
		"server list": osServers, "server show": osServer, "flavor list": osFlavors, "image list": osImages,
	}
	var words, rest []string
	for _, a := range run.args {
		if len(words) < 2 && !strings.HasPrefix(a, "-") {
			words = append(words, a)
		} else {
			rest = append(rest, a)
		}
	}
	name := strings.Join(words, " ")
	command := commands[name]
	if command == nil {
		fmt.Fprintf(run.stderr, "openstack: %s is not an openstack command. See 'openstack --help'.\nCommands here: %s\n",
			pyString(name), strings.Join(sortedKeys(commands), ", "))
		return 2
	}
	if run.env("OS_AUTH_URL") == "" {
		fmt.Fprintln(run.stderr, "Missing value auth-url required for auth plugin password")
		return 1
	}
	c, err := login(ctx, run.env)
	if err == nil {
		defer c.http.CloseIdleConnections()
		err = command(ctx, run.stdout, c, rest)
	}
	if err != nil {
		fmt.Fprintln(run.stderr, err)
		return 1
	}
	return 0
}

// names is a function from id to name of images or flavors.
func (c *cloudClient) names(ctx context.Context, service, path, key string) (func(v any) string, error) {
	var answer map[string]any
	if err := c.call(ctx, http.MethodGet, service, path, nil, &answer); err != nil {
		return nil, err
	}
	list, _ := answer[key].([]any)
	byID := map[string]string{}
	for _, e := range list {
		m, _ := e.(object)
		byID[idOf(e)] = textOf(m["name"])
	}
	return func(v any) string { return orText(byID[idOf(v)], idOf(v)) }, nil
}

func osServers(ctx context.Context, out io.Writer, c *cloudClient, _ []string) error {
	all, err := c.servers(ctx)
	if err != nil {
		return err
	}
	images, err := c.names(ctx, "image", "/v2/images", "images")
	if err != nil {
		return err
	}
	flavors, err := c.names(ctx, "compute", "/flavors", "flavors")
	if err != nil {
		return err
	}
	if len(all) == 0 {
		_, err := fmt.Fprintln(out) // the real one prints an empty line for an empty list
		return err
	}
	rows := [][]string{}
	for _, s := range all {
		rows = append(rows, []string{
			textOf(s["id"]), textOf(s["name"]), textOf(s["status"]), networksText(s), images(s["image"]), flavors(s["flavor"]),
		})
	}
	_, err = io.WriteString(out, grid([]string{"ID", "Name", "Status", "Networks", "Image", "Flavor"}, rows))
	return err
}

func osServer(ctx context.Context, out io.Writer, c *cloudClient, args []string) error {
	if len(args) != 1 {
		return errors.New("usage: openstack server show <server>")
	}
	s, err := c.server(ctx, args[0])
	if err != nil {
		return err
	}
	none := func(v any) string {
		if v == nil {
			return "None"
		}
		return textOf(v)
	}
	var props []string
	meta, _ := s["metadata"].(object)
	for _, k := range sortedKeys(meta) {
		props = append(props, k+"="+pyString(textOf(meta[k])))
	}
	values := map[string]string{
		"addresses": networksText(s), "properties": strings.Join(props, ", "), "volumes_attached": "",
		"image": c.nameOf(ctx, "image", idOf(s["image"])), "flavor": c.nameOf(ctx, "flavor", idOf(s["flavor"])),
		"project_id": textOf(s["tenant_id"]), "OS-EXT-STS:power_state": powerText(s["OS-EXT-STS:power_state"]),
	}
	if g := groupText(s["security_groups"]); g != "" {
		values["security_groups"] = "name=" + pyString(g)
	}
	for _, k := range sortedKeys(s) {
		switch k {
		case "links", "metadata", "tenant_id", "os-extended-volumes:volumes_attached", "security_groups":
		default:
			if _, done := values[k]; !done {
				values[k] = none(s[k])
			}
		}
	}
	rows := [][]string{}
	for _, k := range sortedKeys(values) {
		rows = append(rows, []string{k, values[k]})
	}
	_, err = io.WriteString(out, grid([]string{"Field", "Value"}, rows))
	return err
}

func osFlavors(ctx context.Context, out io.Writer, c *cloudClient, _ []string) error {
	var answer struct{ Flavors []object }
	if err := c.call(ctx, http.MethodGet, "compute", "/flavors/detail", nil, &answer); err != nil {
		return err
	}
	rows := [][]string{}
	for _, f := range answer.Flavors {
		rows = append(rows, []string{textOf(f["id"]), textOf(f["name"]), textOf(f["ram"]), textOf(f["disk"]), "0", textOf(f["vcpus"]), "True"})
	}
	_, err := io.WriteString(out, grid([]string{"ID", "Name", "RAM", "Disk", "Ephemeral", "VCPUs", "Is Public"}, rows))
	return err
}

func osImages(ctx context.Context, out io.Writer, c *cloudClient, _ []string) error {
	var answer struct{ Images []object }
	if err := c.call(ctx, http.MethodGet, "image", "/v2/images", nil, &answer); err != nil {
		return err
	}
	rows := [][]string{}
	for _, im := range answer.Images {
		rows = append(rows, []string{textOf(im["id"]), textOf(im["name"]), textOf(im["status"])})
	}
	_, err := io.WriteString(out, grid([]string{"ID", "Name", "Status"}, rows))
	return err
}
