package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// toolRun is one run of a command-line client on a host. The clients know the cloud only as the
// real ones do: from the OS_ variables of an openrc, over HTTP.
type toolRun struct {
	args           []string // without the command's name
	env            func(name string) string
	readFile       func(name string) ([]byte, error) // of the host
	stdout, stderr io.Writer
}

// toolTimeout bounds one request of a tool.
const toolTimeout = 30 * time.Second

// cloudClient is a client that has logged in.
type cloudClient struct {
	http      *http.Client
	token     string
	endpoints map[string]string // by type of service
	project   string
}

// refusal is what an API answered instead.
type refusal struct {
	status  int
	message string
	request string
}

func (r *refusal) Error() string {
	if r.request == "" {
		return fmt.Sprintf("%s (HTTP %d)", r.message, r.status)
	}
	return fmt.Sprintf("%s (HTTP %d) (Request-ID: %s)", r.message, r.status, r.request)
}

// kind is the name novaclient has for the exception.
func (r *refusal) kind() string {
	names := map[int]string{
		400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 406: "NotAcceptable",
		409: "Conflict", 413: "OverLimit", 429: "RateLimit", 501: "HTTPNotImplemented",
	}
	return orText(names[r.status], "ClientException")
}

// login takes the variables of the process and gets a token.
func login(ctx context.Context, env func(string) string) (*cloudClient, error) {
	auth := strings.TrimSuffix(env("OS_AUTH_URL"), "/")
	if !strings.HasSuffix(auth, "/v3") {
		auth += "/v3"
	}
	c := &cloudClient{http: &http.Client{Timeout: toolTimeout}, endpoints: map[string]string{}}
	body := object{"auth": object{
		"identity": object{"methods": []string{"password"}, "password": object{"user": object{
			"name": env("OS_USERNAME"), "password": env("OS_PASSWORD"),
			"domain": object{"name": orText(env("OS_USER_DOMAIN_NAME"), "Default")},
		}}},
		"scope": object{"project": object{
			"name":   orText(env("OS_PROJECT_NAME"), env("OS_TENANT_NAME")),
			"domain": object{"name": orText(env("OS_PROJECT_DOMAIN_NAME"), "Default")},
		}},
	}}
	var answer struct {
		Token struct {
			Project struct{ ID string }
			Catalog []struct {
				Type      string
				Endpoints []struct{ Interface, Region, URL string }
			}
		}
	}
	head, err := c.do(ctx, http.MethodPost, auth+"/auth/tokens", body, &answer)
	if err != nil {
		return nil, err
	}
	c.token, c.project = head.Get("X-Subject-Token"), answer.Token.Project.ID
	region := env("OS_REGION_NAME")
	for _, s := range answer.Token.Catalog {
		for _, e := range s.Endpoints {
			if e.Interface == "public" && (region == "" || region == e.Region) {
				c.endpoints[s.Type] = strings.TrimSuffix(e.URL, "/")
			}
		}
	}
	return c, nil
}

// call asks a service of the catalog.
func (c *cloudClient) call(ctx context.Context, method, service, path string, in, out any) error {
	base, ok := c.endpoints[service]
	if !ok {
		return fmt.Errorf("%s service not found in catalog", service)
	}
	_, err := c.do(ctx, method, base+path, in, out)
	return err
}

func (c *cloudClient) do(ctx context.Context, method, address string, in, out any) (http.Header, error) {
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("X-Auth-Token", c.token)
	}
	res, err := c.http.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			return nil, fmt.Errorf("Unable to establish connection to %s: %w", u.URL, u.Err) //nolint:staticcheck // the real client's words
		}
		return nil, err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, 16<<20))
	if err != nil {
		return nil, err
	}
	if res.StatusCode >= 300 {
		return nil, &refusal{status: res.StatusCode, message: messageOf(data, res.Status), request: res.Header.Get("X-Openstack-Request-Id")}
	}
	if out != nil {
		if err := json.Unmarshal(data, out); err != nil {
			return nil, fmt.Errorf("read answer: %w", err)
		}
	}
	return res.Header, nil
}

// messageOf is the message inside whichever envelope an error came in.
func messageOf(data []byte, fallback string) string {
	var envelope map[string]json.RawMessage
	if json.Unmarshal(data, &envelope) != nil {
		return fallback
	}
	var text string
	if json.Unmarshal(envelope["message"], &text) == nil && text != "" {
		return text
	}
	for _, v := range envelope {
		var inner struct{ Message string }
		if json.Unmarshal(v, &inner) == nil && inner.Message != "" {
			return inner.Message
		}
	}
	return fallback
}

// grid is the table that the clients print: a frame, titles, one line per row, all to the left.
func grid(titles []string, rows [][]string) string {
	width := make([]int, len(titles))
	for _, row := range append([][]string{titles}, rows...) {
		for i, cell := range row {
			width[i] = max(width[i], len([]rune(cell)))
		}
	}
	var b strings.Builder
	line := func() {
		for _, w := range width {
			b.WriteString("+" + strings.Repeat("-", w+2))
		}
		b.WriteString("+\n")
	}
	text := func(row []string) {
		for i, cell := range row {
			b.WriteString("| " + cell + strings.Repeat(" ", width[i]-len([]rune(cell))) + " ")
		}
		b.WriteString("|\n")
	}
	line()
	text(titles)
	line()
	for _, row := range rows {
		text(row)
	}
	line()
	return b.String()
}

// options are the flags and the other arguments of a command line. Flags take a value, as
// --flag VALUE or --flag=VALUE, unless they are among the switches.
type options struct {
	values map[string][]string
	rest   []string
}

func parseOptions(args []string, switches ...string) (options, error) {
	o := options{values: map[string][]string{}}
	isSwitch := map[string]bool{}
	for _, s := range switches {
		isSwitch[s] = true
	}
	for i := 0; i < len(args); i++ {
		flag, ok := strings.CutPrefix(args[i], "--")
		if !ok || flag == "" {
			o.rest = append(o.rest, args[i])
			continue
		}
		name, value, inline := strings.Cut(flag, "=")
		name = strings.ReplaceAll(name, "_", "-")
		switch {
		case inline:
		case isSwitch[name]:
			value = "yes"
		case i+1 >= len(args):
			return o, fmt.Errorf("argument --%s: expected one argument", name)
		default:
			i++
			value = args[i]
		}
		o.values[name] = append(o.values[name], value)
	}
	return o, nil
}

func (o options) last(name string) string {
	if v := o.values[name]; len(v) > 0 {
		return v[len(v)-1]
	}
	return ""
}
