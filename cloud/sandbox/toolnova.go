package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"

	"matou/cloud"
)

// errUsage is a mistake in the command line.
var errUsage = errors.New("usage")

// novaTool is the nova command of the hosts: the commands of the workshop, printing what
// python-novaclient prints.
func novaTool(ctx context.Context, run *toolRun) int {
	commands := map[string]func(context.Context, *toolRun, *cloudClient, []string) error{
		"list": novaList, "boot": novaBoot, "show": novaShow, "delete": novaDelete,
		"console-log": novaConsoleLog, "flavor-list": novaFlavors, "image-list": novaImageList,
	}
	if len(run.args) == 0 || run.args[0] == "help" || run.args[0] == "--help" {
		fmt.Fprintln(run.stdout, "usage: nova <subcommand> ...\n\nSubcommands here: "+strings.Join(sortedKeys(commands), ", "))
		return 0
	}
	command := commands[run.args[0]]
	if command == nil {
		fmt.Fprintf(run.stderr, "error: argument <subcommand>: invalid choice: %s\nTry 'nova help ' for more information.\n",
			pyString(run.args[0]))
		return 2
	}
	err := novaMissing(run.env)
	if err == nil {
		var c *cloudClient
		if c, err = login(ctx, run.env); err == nil {
			defer c.http.CloseIdleConnections()
			err = command(ctx, run, c, run.args[1:])
		}
	}
	var no *refusal
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errUsage):
		fmt.Fprintf(run.stderr, "%s\nTry 'nova help %s' for more information.\n", err, run.args[0])
		return 2
	case errors.As(err, &no):
		fmt.Fprintf(run.stderr, "ERROR (%s): %s\n", no.kind(), err)
	default:
		fmt.Fprintf(run.stderr, "ERROR (CommandError): %s\n", err)
	}
	return 1
}

// novaMissing says which variable is not there, as long as nobody sourced the openrc.
func novaMissing(env func(string) string) error {
	switch {
	case env("OS_USERNAME") == "":
		return errors.New("You must provide a user name/id (via --os-username, --os-user-id, env[OS_USERNAME] or " + //nolint:staticcheck // the real client's words
			"env[OS_USER_ID]) or an auth token (via --os-token).")
	case env("OS_PROJECT_NAME") == "" && env("OS_TENANT_NAME") == "":
		return errors.New("You must provide a project name or project ID via --os-project-name, --os-project-id, " + //nolint:staticcheck // the real client's words
			"env[OS_PROJECT_ID] or env[OS_PROJECT_NAME].")
	case env("OS_AUTH_URL") == "":
		return errors.New("You must provide an auth url via either --os-auth-url or env[OS_AUTH_URL].") //nolint:staticcheck // the real client's words
	}
	return nil
}

// wireServer is a server as the API describes it at 2.1.
type wireServer = map[string]any

func textOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "-"
	case string:
		return v
	default:
		return toJSON(v)
	}
}

func idOf(v any) string {
	m, _ := v.(object)
	s, _ := m["id"].(string)
	return s
}

func powerText(v any) string {
	names := map[string]string{"0": "NOSTATE", "1": "Running", "3": "Paused", "4": "Shutdown", "6": "Crashed", "7": "Suspended"}
	return orText(names[fmt.Sprint(v)], "N/A")
}

// addressesOf is the addresses by network, in the order of the networks' names.
func addressesOf(s wireServer) (names []string, byName map[string][]string) {
	byName = map[string][]string{}
	nets, _ := s["addresses"].(object)
	for _, name := range sortedKeys(nets) {
		list, _ := nets[name].([]any)
		for _, e := range list {
			m, _ := e.(object)
			byName[name] = append(byName[name], textOf(m["addr"]))
		}
		names = append(names, name)
	}
	return names, byName
}

func networksText(s wireServer) string {
	names, byName := addressesOf(s)
	for i, n := range names {
		names[i] = n + "=" + strings.Join(byName[n], ", ")
	}
	return strings.Join(names, "; ")
}

// servers is all servers of the project, page by page.
func (c *cloudClient) servers(ctx context.Context) ([]wireServer, error) {
	var all []wireServer
	for marker := ""; ; {
		var page struct{ Servers []wireServer }
		path := "/servers/detail"
		if marker != "" {
			path += "?marker=" + url.QueryEscape(marker)
		}
		if err := c.call(ctx, http.MethodGet, "compute", path, nil, &page); err != nil {
			return nil, err
		}
		if len(page.Servers) == 0 {
			return all, nil
		}
		all = append(all, page.Servers...)
		marker = textOf(page.Servers[len(page.Servers)-1]["id"])
	}
}

// server finds one by id or by name.
func (c *cloudClient) server(ctx context.Context, what string) (wireServer, error) {
	var one struct{ Server wireServer }
	err := c.call(ctx, http.MethodGet, "compute", "/servers/"+url.PathEscape(what), nil, &one)
	if err == nil {
		return one.Server, nil
	}
	var no *refusal
	if !errors.As(err, &no) || no.status != http.StatusNotFound {
		return nil, err
	}
	all, err := c.servers(ctx)
	if err != nil {
		return nil, err
	}
	var found []wireServer
	for _, s := range all {
		if s["name"] == what {
			found = append(found, s)
		}
	}
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("No server with a name or ID of %s exists.", pyString(what)) //nolint:staticcheck // the real client's words
	case 1:
		err := c.call(ctx, http.MethodGet, "compute", "/servers/"+textOf(found[0]["id"]), nil, &one)
		return one.Server, err
	}
	return nil, fmt.Errorf("Multiple server matches found for %s, use an ID to be more specific.", pyString(what)) //nolint:staticcheck // the real client's words
}

func novaList(ctx context.Context, run *toolRun, c *cloudClient, _ []string) error {
	all, err := c.servers(ctx)
	if err != nil {
		return err
	}
	sort.SliceStable(all, func(i, j int) bool { return textOf(all[i]["name"]) < textOf(all[j]["name"]) })
	rows := [][]string{}
	for _, s := range all {
		rows = append(rows, []string{
			textOf(s["id"]), textOf(s["name"]), textOf(s["status"]), textOf(s["OS-EXT-STS:task_state"]),
			powerText(s["OS-EXT-STS:power_state"]), networksText(s),
		})
	}
	_, err = io.WriteString(run.stdout, grid([]string{"ID", "Name", "Status", "Task State", "Power State", "Networks"}, rows))
	return err
}

func novaShow(ctx context.Context, run *toolRun, c *cloudClient, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("%w: nova show <server>", errUsage)
	}
	s, err := c.server(ctx, args[0])
	if err != nil {
		return err
	}
	return c.printServer(ctx, run.stdout, s)
}

// printServer prints the two columns of nova show.
func (c *cloudClient) printServer(ctx context.Context, out io.Writer, s wireServer) error {
	var props []cloud.Property
	for _, key := range sortedKeys(s) {
		value := textOf(s[key])
		switch key {
		case "links", "addresses":
			continue
		case "image", "flavor":
			value = c.nameOf(ctx, key, idOf(s[key]))
		case "security_groups":
			value = groupText(s[key])
		case "metadata":
			value = strings.NewReplacer(`":"`, `": "`, `","`, `", "`).Replace(value)
		}
		props = append(props, cloud.Property{Name: key, Value: value})
	}
	names, byName := addressesOf(s)
	for _, n := range names {
		props = append(props, cloud.Property{Name: n + " network", Value: strings.Join(byName[n], ", ")})
	}
	if s["security_groups"] == nil {
		props = append(props, cloud.Property{Name: "security_groups", Value: "default"})
	}
	sort.SliceStable(props, func(i, j int) bool { return props[i].Name < props[j].Name })
	_, err := io.WriteString(out, strings.Join(cloud.PropertyTable(props), "\n")+"\n")
	return err
}

func groupText(v any) string {
	list, _ := v.([]any)
	var names []string
	for _, g := range list {
		m, _ := g.(object)
		names = append(names, textOf(m["name"]))
	}
	return strings.Join(names, ", ")
}

// nameOf is "NAME (ID)" of an image or a flavor, the id alone when the name can't be had.
func (c *cloudClient) nameOf(ctx context.Context, kind, id string) string {
	var answer struct {
		Name   string
		Flavor struct{ Name string }
	}
	service, path := "image", "/v2/images/"
	if kind == "flavor" {
		service, path = "compute", "/flavors/"
	}
	if err := c.call(ctx, http.MethodGet, service, path+url.PathEscape(id), nil, &answer); err != nil {
		return id
	}
	return orText(answer.Name, answer.Flavor.Name) + " (" + id + ")"
}

func novaDelete(ctx context.Context, run *toolRun, c *cloudClient, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("%w: nova delete <server> [<server> ...]", errUsage)
	}
	failed := false
	for _, what := range args {
		s, err := c.server(ctx, what)
		if err == nil {
			err = c.call(ctx, http.MethodDelete, "compute", "/servers/"+textOf(s["id"]), nil, nil)
		}
		if err != nil {
			failed = true
			fmt.Fprintln(run.stdout, err)
			continue
		}
		fmt.Fprintf(run.stdout, "Request to delete server %s has been accepted.\n", what)
	}
	if failed {
		return errors.New("Unable to delete the specified server(s).") //nolint:staticcheck // the real client's words
	}
	return nil
}

func novaConsoleLog(ctx context.Context, run *toolRun, c *cloudClient, args []string) error {
	o, err := parseOptions(args)
	if err != nil || len(o.rest) != 1 {
		return fmt.Errorf("%w: nova console-log [--length <length>] <server>", errUsage)
	}
	s, err := c.server(ctx, o.rest[0])
	if err != nil {
		return err
	}
	arg := object{}
	if n, err := strconv.Atoi(o.last("length")); err == nil {
		arg["length"] = n
	}
	var answer struct{ Output string }
	if err := c.call(ctx, http.MethodPost, "compute", "/servers/"+textOf(s["id"])+"/action", object{"os-getConsoleOutput": arg}, &answer); err != nil {
		return err
	}
	_, err = fmt.Fprintln(run.stdout, answer.Output)
	return err
}

func novaFlavors(ctx context.Context, run *toolRun, c *cloudClient, _ []string) error {
	var answer struct {
		Flavors []struct {
			ID, Name  string
			RAM, Disk int
			VCPUs     int     `json:"vcpus"`
			RXTX      float64 `json:"rxtx_factor"`
		}
	}
	if err := c.call(ctx, http.MethodGet, "compute", "/flavors/detail", nil, &answer); err != nil {
		return err
	}
	rows := [][]string{}
	for _, f := range answer.Flavors {
		rows = append(rows, []string{
			f.ID, f.Name, strconv.Itoa(f.RAM), strconv.Itoa(f.Disk), "0", "0", strconv.Itoa(f.VCPUs),
			strconv.FormatFloat(f.RXTX, 'f', 1, 64), "True", "-",
		})
	}
	_, err := io.WriteString(run.stdout, grid([]string{
		"ID", "Name", "Memory_MiB", "Disk", "Ephemeral", "Swap", "VCPUs", "RXTX_Factor", "Is_Public", "Description",
	}, rows))
	return err
}

func novaImageList(ctx context.Context, run *toolRun, c *cloudClient, _ []string) error {
	var answer struct {
		Images []struct{ ID, Name, Status string }
	}
	if err := c.call(ctx, http.MethodGet, "image", "/v2/images", nil, &answer); err != nil {
		return err
	}
	rows := [][]string{}
	for _, im := range answer.Images {
		rows = append(rows, []string{im.ID, im.Name, strings.ToUpper(im.Status), ""})
	}
	_, err := io.WriteString(run.stdout, grid([]string{"ID", "Name", "Status", "Server"}, rows))
	return err
}
