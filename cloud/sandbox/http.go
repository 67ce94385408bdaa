package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"matou/cloud/sandbox/fault"
)

// maxBody is the largest request body, in bytes: what oslo.middleware allows the real services.
const maxBody = 114688

// Request is one call of an API, for a log. It names no secret.
type Request struct {
	Time     time.Time
	Method   string
	Path     string // with the query
	Status   int
	Duration time.Duration
	ID       string // X-Openstack-Request-Id
}

// object is a JSON object.
type object = map[string]any

// call is one request as a handler sees it.
type call struct {
	*http.Request
	id    string
	body  []byte
	token *token // nil where no token is needed
	minor int    // the Compute API's microversion is 2.minor
}

// reply is the answer to a call. A nil body is an empty one, a string is sent as it is.
type reply struct {
	status int
	body   any
	header map[string]string
}

type handler func(c *call) reply

// service is one OpenStack service: where it lives and how it words refusals.
type service struct {
	name   string // of the catalog
	kind   string
	prefix string
	path   string // of the endpoint, behind the prefix
	refuse func(status int, text string) reply
	lost   func() reply // no such path
}

// api is the HTTP side of the sandbox.
type api struct {
	world  *world
	tokens *tokens
	base   string // http://HOST:PORT
	log    func(Request)
	mux    *http.ServeMux
}

func newAPI(w *world, base string, log func(Request)) *api {
	a := &api{world: w, tokens: newTokens(), base: base, log: log, mux: http.NewServeMux()}
	a.identityRoutes()
	a.computeRoutes()
	a.imageRoutes()
	a.networkRoutes()
	a.mux.HandleFunc("/", func(rw http.ResponseWriter, _ *http.Request) {
		lostHTML(http.StatusNotFound, "The resource could not be found.<br /><br />\n").send(rw)
	})
	return a
}

// route binds a method and a path of a service to a handler. Paths with "open" need no token.
func (a *api) route(s *service, pattern string, open bool, h handler) {
	method, path, _ := strings.Cut(pattern, " ")
	a.mux.HandleFunc(method+" "+s.prefix+path, func(rw http.ResponseWriter, r *http.Request) {
		a.serve(s, open, h, rw, r)
	})
}

// fallback answers everything a service has no route for.
func (a *api) fallback(s *service) {
	h := func(rw http.ResponseWriter, r *http.Request) {
		a.serve(s, true, func(*call) reply { return s.lost() }, rw, r)
	}
	a.mux.HandleFunc(s.prefix+"/", h)
}

// ServeHTTP answers one request. A slash at the end means nothing in these APIs, and the project's
// id may stand in the path of the Compute API, as it had to in its early versions.
func (a *api) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	if trimmed := strings.TrimRight(path, "/"); trimmed != "" {
		path = trimmed
	}
	if rest, ok := strings.CutPrefix(path, "/compute/v2.1/"+a.world.projectID()); ok && (rest == "" || rest[0] == '/') {
		path = "/compute/v2.1" + rest
	}
	if path != r.URL.Path {
		clone := r.Clone(r.Context())
		clone.URL.Path, clone.URL.RawPath = path, ""
		r = clone
	}
	a.mux.ServeHTTP(rw, r)
}

// serve is what all calls have in common: a request id, the faults, the token, the limits, the log.
func (a *api) serve(s *service, open bool, h handler, rw http.ResponseWriter, r *http.Request) {
	start := time.Now()
	c := &call{Request: r, id: "req-" + newID(), minor: 1}
	rep := a.answer(s, open, h, c)
	head := rw.Header()
	head.Set("X-Openstack-Request-Id", c.id)
	switch s.name {
	case "nova":
		head.Set("X-Compute-Request-Id", c.id)
	case "keystone":
		head.Set("Vary", "X-Auth-Token")
	}
	rep.send(rw)
	if a.log != nil {
		a.log(Request{
			Time: start, Method: r.Method, Path: r.URL.RequestURI(), Status: rep.status,
			Duration: time.Since(start), ID: c.id,
		})
	}
}

func (a *api) answer(s *service, open bool, h handler, c *call) (rep reply) {
	defer func() {
		// A mistake in here must not take the console down with it.
		if recover() != nil {
			rep = s.refuse(http.StatusInternalServerError, "")
		}
	}()
	if rep, failed := a.inject(s, c, open); failed {
		return rep
	}
	if !open {
		c.token = a.tokens.valid(c.Header.Get("X-Auth-Token"))
		if c.token == nil {
			return a.unauthorized(s)
		}
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, c.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return s.refuse(http.StatusRequestEntityTooLarge, "Request is too large.")
	case err != nil:
		return s.refuse(http.StatusBadRequest, "Malformed request body")
	}
	c.body = body
	return h(c)
}

// inject makes what the fault rules want to go wrong go wrong. The subject is the method and the
// path within the service, without its version: "GET /servers/detail".
func (a *api) inject(s *service, c *call, open bool) (reply, bool) {
	path := strings.TrimPrefix(strings.TrimPrefix(c.URL.Path, s.prefix), s.path)
	for _, v := range []string{"/v3", "/v2.1", "/v2.0", "/v2"} {
		if rest, ok := strings.CutPrefix(path, v); ok && (rest == "" || rest[0] == '/') {
			path = rest
			break
		}
	}
	subject := c.Method + " " + orText(path, "/")
	faults := a.world.faults
	if r, ok := faults.Take(fault.API500, subject); ok {
		return s.refuse(http.StatusInternalServerError, r.Text), true
	}
	if r, ok := faults.Take(fault.API429, subject); ok {
		rep := s.refuse(http.StatusTooManyRequests, orText(r.Text, "This request was rate-limited."))
		rep.header = with(rep.header, "Retry-After", strconv.Itoa(r.RetryAfter))
		return rep, true
	}
	if open {
		return reply{}, false
	}
	if _, ok := faults.Take(fault.API401, subject); ok {
		a.tokens.revoke(c.Header.Get("X-Auth-Token"))
		return a.unauthorized(s), true
	}
	return reply{}, false
}

// unauthorized is the answer of keystonemiddleware, which sits in front of all services.
func (a *api) unauthorized(s *service) reply {
	rep := s.refuse(http.StatusUnauthorized, "The request you have made requires authentication.")
	if s.name == "nova" || s.name == "neutron" {
		rep.body = object{"error": object{
			"code": 401, "title": "Unauthorized",
			"message": "The request you have made requires authentication.",
		}}
	}
	rep.header = with(rep.header, "WWW-Authenticate", `Keystone uri="`+a.base+identityPrefix+`"`)
	return rep
}

func with(header map[string]string, key, value string) map[string]string {
	out := map[string]string{key: value}
	maps.Copy(out, header)
	return out
}

func okay(body any) reply { return reply{status: http.StatusOK, body: body} }

// send writes the reply.
func (r reply) send(rw http.ResponseWriter) {
	head := rw.Header()
	for k, v := range r.header {
		head.Set(k, v)
	}
	var data []byte
	switch body := r.body.(type) {
	case nil:
	case string:
		data = []byte(body)
		if head.Get("Content-Type") == "" {
			head.Set("Content-Type", "text/html; charset=UTF-8")
		}
	default:
		var buf bytes.Buffer
		enc := json.NewEncoder(&buf)
		enc.SetEscapeHTML(false) // hosts, messages and console logs are not for browsers
		if err := enc.Encode(body); err != nil {
			r.status = http.StatusInternalServerError
		}
		data = bytes.TrimRight(buf.Bytes(), "\n")
	}
	if head.Get("Content-Type") == "" {
		head.Set("Content-Type", "application/json")
	}
	if r.status != http.StatusNoContent {
		head.Set("Content-Length", strconv.Itoa(len(data)))
	}
	rw.WriteHeader(r.status)
	_, _ = rw.Write(data) // the client may have left; nobody is there to be told
}

// lostHTML is the page that WebOb answers with.
func lostHTML(status int, text string) reply {
	title := strconv.Itoa(status) + " " + http.StatusText(status)
	page := "<html>\n <head>\n  <title>" + title + "</title>\n </head>\n <body>\n  <h1>" + title + "</h1>\n  " +
		text + "\n\n\n </body>\n</html>"
	return reply{status: status, body: page}
}

// decode reads the body as JSON. Numbers keep their form, so that an echo in a message is exact.
func (c *call) decode(v any) error {
	dec := json.NewDecoder(bytes.NewReader(c.body))
	dec.UseNumber()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if dec.More() {
		return errors.New("more than one value")
	}
	return nil
}
