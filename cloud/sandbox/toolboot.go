package sandbox

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

func novaBoot(ctx context.Context, run *toolRun, c *cloudClient, args []string) error {
	o, err := parseOptions(args, "poll")
	if err != nil || len(o.rest) != 1 {
		return fmt.Errorf("%w: nova boot --flavor <flavor> --image <image> [--user-data <file>] [--meta <k=v>] [--poll] <name>", errUsage)
	}
	server, err := c.bootRequest(ctx, run, o)
	if err != nil {
		return err
	}
	var made struct {
		Server struct{ ID, AdminPass string }
	}
	if err := c.call(ctx, http.MethodPost, "compute", "/servers", object{"server": server}, &made); err != nil {
		return err
	}
	s, err := c.server(ctx, made.Server.ID)
	if err != nil {
		return err
	}
	s["adminPass"] = made.Server.AdminPass
	if err := c.printServer(ctx, run.stdout, s); err != nil {
		return err
	}
	if o.last("poll") == "" {
		return nil
	}
	return c.poll(ctx, run.stdout, made.Server.ID)
}

// bootRequest makes the body of the create from the command line.
func (c *cloudClient) bootRequest(ctx context.Context, run *toolRun, o options) (object, error) {
	if o.last("flavor") == "" {
		return nil, errors.New("you need to specify a Flavor ID.") //nolint:staticcheck // the real client's words
	}
	server := object{"name": o.rest[0], "imageRef": "", "min_count": 1, "max_count": 1}
	if name := o.last("image"); name != "" {
		id, err := c.idByName(ctx, "image", "/v2/images", "images", name)
		if err != nil {
			return nil, err
		}
		if server["imageRef"] = id; id == "" {
			return nil, fmt.Errorf("No Image matching %s. (HTTP 404)", name) //nolint:staticcheck // the real client's words
		}
	}
	id, err := c.idByName(ctx, "compute", "/flavors", "flavors", o.last("flavor"))
	if err != nil {
		return nil, err
	}
	if server["flavorRef"] = id; id == "" {
		return nil, fmt.Errorf("No flavor with a name or ID of %s exists.", pyString(o.last("flavor"))) //nolint:staticcheck // the real client's words
	}
	for flag, key := range map[string]string{"min-count": "min_count", "max-count": "max_count", "num-instances": "max_count"} {
		if n, err := strconv.Atoi(o.last(flag)); err == nil {
			server[key] = n
		}
	}
	if o.last("num-instances") != "" {
		server["min_count"] = server["max_count"] // "exactly that many", as the option meant when it was there
	}
	if k := o.last("key-name"); k != "" {
		server["key_name"] = k
	}
	meta := object{}
	for _, m := range o.values["meta"] {
		k, v, ok := strings.Cut(m, "=")
		if !ok {
			return nil, fmt.Errorf("%w: argument --meta: %s is not key=value", errUsage, pyString(m))
		}
		meta[k] = v
	}
	server["metadata"] = meta
	if name := o.last("user-data"); name != "" {
		data, err := run.readFile(name)
		if err != nil {
			return nil, fmt.Errorf("Can't open '%s': %w", name, err) //nolint:staticcheck // the real client's words
		}
		server["user_data"] = base64.StdEncoding.EncodeToString(data)
	}
	return server, nil
}

// idByName is the id of an image or a flavor, "" when there is none.
func (c *cloudClient) idByName(ctx context.Context, service, path, key, name string) (string, error) {
	var answer map[string]any
	if err := c.call(ctx, http.MethodGet, service, path, nil, &answer); err != nil {
		return "", err
	}
	list, _ := answer[key].([]any)
	for _, e := range list {
		if m, _ := e.(object); m["name"] == name || m["id"] == name {
			return idOf(e), nil
		}
	}
	return "", nil
}

// pollEvery is the interval of nova boot --poll.
const pollEvery = time.Second

// poll waits for a server to be built, saying how far it is.
func (c *cloudClient) poll(ctx context.Context, out io.Writer, id string) error {
	fmt.Fprintln(out)
	for {
		s, err := c.server(ctx, id)
		if err != nil {
			return err
		}
		switch textOf(s["status"]) {
		case "ACTIVE":
			_, err := io.WriteString(out, "\rServer building... 100% complete\nFinished\n")
			return err
		case "ERROR":
			fault, _ := s["fault"].(object)
			fmt.Fprintf(out, "\nError building server\n%s\n", textOf(fault["message"]))
			return errors.New("server is in ERROR")
		}
		fmt.Fprint(out, "\rServer building... 0% complete")
		timer := time.NewTimer(pollEvery)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
}
