package sandbox

import (
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The Identity API v3: https://docs.openstack.org/api-ref/identity/v3/.

const (
	identityPrefix = "/identity"
	identityTime   = "2006-01-02T15:04:05.000000Z"
)

func (a *api) identityService() *service {
	return &service{
		name: "keystone", kind: "identity", prefix: identityPrefix, path: "/v3",
		refuse: func(status int, text string) reply {
			if status == http.StatusInternalServerError {
				text = orText(text, "An unexpected error prevented the server from fulfilling your request.")
			}
			return reply{status: status, body: object{"error": object{
				"code": status, "message": text, "title": http.StatusText(status),
			}}}
		},
		lost: func() reply {
			return reply{status: http.StatusNotFound, body: "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n" +
				"<h1>Not Found</h1>\n<p>There is nothing at this address on the server.</p>\n"}
		},
	}
}

func (a *api) identityRoutes() {
	s := a.identityService()
	k := &identityAPI{api: a, service: s}
	a.mux.HandleFunc("GET /{$}", func(rw http.ResponseWriter, r *http.Request) { a.serve(s, true, k.versions, rw, r) })
	a.mux.HandleFunc(identityPrefix, func(rw http.ResponseWriter, r *http.Request) { a.serve(s, true, k.versions, rw, r) })
	a.route(s, "GET /v3", true, func(*call) reply { return okay(object{"version": k.version()}) })
	a.route(s, "POST /v3/auth/tokens", true, k.login)
	a.route(s, "GET /v3/auth/tokens", false, k.show)
	a.route(s, "DELETE /v3/auth/tokens", false, k.revoke)
	a.route(s, "GET /v3/auth/catalog", false, func(*call) reply { return okay(object{"catalog": a.catalog()}) })
	a.route(s, "GET /v3/auth/projects", false, k.projects)
	a.route(s, "GET /v3/users/{user}/projects", false, k.projects)
	a.route(s, "GET /v3/projects/{project}", false, k.project)
	a.route(s, "GET /v3/users/{user}/application_credentials", false, k.listCredentials)
	a.route(s, "POST /v3/users/{user}/application_credentials", false, k.createCredential)
	a.route(s, "DELETE /v3/users/{user}/application_credentials/{id}", false, k.deleteCredential)
	for path, rule := range map[string]string{
		"/v3/projects": "list_projects", "/v3/users": "list_users", "/v3/services": "list_services",
		"/v3/endpoints": "list_endpoints", "/v3/domains": "list_domains", "/v3/roles": "list_roles",
	} {
		a.route(s, "GET "+path, false, func(*call) reply { return k.forbidden(rule) })
	}
	a.fallback(s)
}

type identityAPI struct {
	*api
	*service
	creds credentials
}

func (k *identityAPI) forbidden(rule string) reply {
	return k.refuse(http.StatusForbidden, "You are not authorized to perform the requested action: identity:"+rule+".")
}

func (k *identityAPI) version() object {
	return object{
		"id": "v3.14", "status": "stable", "updated": "2020-04-07T00:00:00Z",
		"links":       []object{{"rel": "self", "href": k.base + identityPrefix + "/v3/"}},
		"media-types": []object{{"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}},
	}
}

func (k *identityAPI) versions(*call) reply {
	return reply{
		status: http.StatusMultipleChoices,
		header: map[string]string{"Location": k.base + identityPrefix + "/v3/"},
		body:   object{"versions": object{"values": []object{k.version()}}},
	}
}

// named is how the API refers to a user, a project or a domain.
type named struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Domain *named `json:"domain"`
}

type loginRequest struct {
	Auth *struct {
		Identity *struct {
			Methods  []string `json:"methods"`
			Password *struct {
				User *struct {
					named
					Password string `json:"password"`
				} `json:"user"`
			} `json:"password"`
			Token *struct {
				ID string `json:"id"`
			} `json:"token"`
			Application *struct {
				ID     string `json:"id"`
				Name   string `json:"name"`
				Secret string `json:"secret"`
				User   *named `json:"user"`
			} `json:"application_credential"`
		} `json:"identity"`
		Scope any `json:"scope"`
	} `json:"auth"`
}

// login gives a token for a password, another token or an application credential. Whatever is wrong
// with who asks is the same 401: a stranger learns nothing.
func (k *identityAPI) login(c *call) reply {
	var req loginRequest
	if err := c.decode(&req); err != nil {
		return k.refuse(http.StatusBadRequest, "Expecting to find valid JSON in request body. The server could not comply"+
			" with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error.")
	}
	switch {
	case req.Auth == nil:
		return k.refuse(http.StatusBadRequest, "'auth' is a required property")
	case req.Auth.Identity == nil:
		return k.refuse(http.StatusBadRequest, "'identity' is a required property")
	case len(req.Auth.Identity.Methods) == 0:
		return k.refuse(http.StatusBadRequest, "'methods' is a required property")
	}
	expires := time.Now().Add(k.world.file.Identity.TokenLifetime)
	for _, method := range req.Auth.Identity.Methods {
		until, ok := k.prove(method, &req)
		if !ok {
			return k.stranger()
		}
		if !until.IsZero() {
			expires = until
		}
	}
	if !k.scoped(req.Auth.Scope) {
		return k.stranger()
	}
	tok := k.tokens.issue(req.Auth.Identity.Methods, expires)
	return reply{status: http.StatusCreated, header: map[string]string{"X-Subject-Token": tok.id}, body: k.describe(tok)}
}

func (k *identityAPI) stranger() reply {
	rep := k.refuse(http.StatusUnauthorized, "The request you have made requires authentication.")
	rep.header = map[string]string{"WWW-Authenticate": `Keystone uri="` + k.base + identityPrefix + `/v3"`}
	return rep
}

// prove checks one method. until is when the proof itself ends, zero when it does not.
func (k *identityAPI) prove(method string, req *loginRequest) (until time.Time, ok bool) {
	id := req.Auth.Identity
	switch {
	case method == "password" && id.Password != nil && id.Password.User != nil:
		u := id.Password.User
		return until, k.isUser(&u.named) && same(u.Password, k.world.file.Identity.Password)
	case method == "token" && id.Token != nil:
		if tok := k.tokens.valid(id.Token.ID); tok != nil {
			return tok.expires, true
		}
	case method == "application_credential" && id.Application != nil:
		app := id.Application
		k.creds.mu.Lock()
		defer k.creds.mu.Unlock()
		return until, slices.ContainsFunc(k.creds.list, func(cr credential) bool {
			byName := app.ID == "" && app.Name == cr.name && k.isUser(app.User)
			return (app.ID == cr.id || byName) && same(app.Secret, cr.secret)
		})
	}
	return until, false
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func (k *identityAPI) isUser(n *named) bool {
	if n == nil {
		return false
	}
	if n.ID != "" {
		return n.ID == k.world.userID()
	}
	return n.Name == k.world.file.Identity.User && k.isDomain(n.Domain)
}

func (k *identityAPI) isDomain(n *named) bool {
	return n != nil && (n.ID == k.world.domainID() || n.ID == "" && n.Name == k.world.file.Identity.Domain)
}

// scoped tells whether the scope is one the user has: none, which is the user's own project, or that
// project by id or by name and domain.
func (k *identityAPI) scoped(scope any) bool {
	if scope == nil || scope == "unscoped" {
		return true
	}
	m, _ := scope.(object)
	if _, ok := m["unscoped"]; ok {
		return true
	}
	p, _ := m["project"].(object)
	if id, ok := p["id"].(string); ok {
		return sameUUID(id, k.world.projectID())
	}
	d, _ := p["domain"].(object)
	domainID, _ := d["id"].(string)
	domain, _ := d["name"].(string)
	return p["name"] == k.world.file.Identity.Project && k.isDomain(&named{ID: domainID, Name: domain})
}

// domainID is "default" for the domain every Keystone starts with.
func (w *world) domainID() string {
	if name := w.file.Identity.Domain; !strings.EqualFold(name, "Default") {
		return hexID("domain", name)
	}
	return "default"
}

// describe is a token's body.
func (k *identityAPI) describe(tok *token) object {
	id := k.world.file.Identity
	domain := object{"id": k.world.domainID(), "name": id.Domain}
	roles := []object{}
	for _, r := range id.Roles {
		roles = append(roles, object{"id": hexID("role", r), "name": r})
	}
	return object{"token": object{
		"methods":    tok.methods,
		"user":       object{"domain": domain, "id": k.world.userID(), "name": id.User, "password_expires_at": nil},
		"audit_ids":  []string{tok.audit},
		"expires_at": tok.expires.Format(identityTime),
		"issued_at":  tok.issued.Format(identityTime),
		"project":    object{"domain": domain, "id": k.world.projectID(), "name": id.Project},
		"is_domain":  false,
		"roles":      roles,
		"catalog":    k.catalog(),
	}}
}

func (k *identityAPI) show(c *call) reply {
	subject := c.Header.Get("X-Subject-Token")
	if subject == "" {
		return k.forbidden("validate_token")
	}
	tok := k.tokens.valid(subject)
	if tok == nil {
		return k.refuse(http.StatusNotFound, "Could not recognize Fernet token")
	}
	rep := okay(k.describe(tok))
	rep.header = map[string]string{"X-Subject-Token": tok.id}
	return rep
}

func (k *identityAPI) revoke(c *call) reply {
	subject := c.Header.Get("X-Subject-Token")
	if k.tokens.valid(subject) == nil {
		return k.refuse(http.StatusNotFound, "Could not recognize Fernet token")
	}
	k.tokens.revoke(subject)
	return reply{status: http.StatusNoContent}
}
