package sandbox

import (
	"net/http"
	"slices"
)

// catalog is where the services are, each under three interfaces as a real cloud has them.
func (a *api) catalog() []object {
	var list []object
	for _, s := range []*service{a.computeService(), a.identityService(), a.imageService(), a.networkService()} {
		var endpoints []object
		for _, face := range []string{"public", "internal", "admin"} {
			region := a.world.file.Identity.Region
			endpoints = append(endpoints, object{
				"id": hexID("endpoint", s.name+face), "interface": face, "region_id": region,
				"url": a.base + s.prefix + s.path, "region": region,
			})
		}
		list = append(list, object{
			"endpoints": endpoints, "id": hexID("service", s.name), "type": s.kind, "name": s.name,
		})
	}
	return list
}

func (k *identityAPI) describeProject() object {
	id := k.world.projectID()
	return object{
		"id": id, "name": k.world.file.Identity.Project, "domain_id": k.world.domainID(), "description": "",
		"enabled": true, "parent_id": k.world.domainID(), "is_domain": false, "tags": []string{}, "options": object{},
		"links": object{"self": k.base + identityPrefix + "/v3/projects/" + id},
	}
}

func (k *identityAPI) projects(c *call) reply {
	if user := c.PathValue("user"); user != "" && user != k.world.userID() {
		return k.forbidden("list_user_projects")
	}
	return okay(object{
		"projects": []object{k.describeProject()},
		"links":    object{"next": nil, "self": k.base + c.URL.Path, "previous": nil},
	})
}

func (k *identityAPI) project(c *call) reply {
	if !sameUUID(c.PathValue("project"), k.world.projectID()) {
		return k.forbidden("get_project")
	}
	return okay(object{"project": k.describeProject()})
}

func (k *identityAPI) describeCredential(cr credential) object {
	roles := []object{}
	for _, r := range k.world.file.Identity.Roles {
		roles = append(roles, object{"id": hexID("role", r), "name": r, "domain_id": nil})
	}
	return object{
		"id": cr.id, "name": cr.name, "description": cr.description, "project_id": k.world.projectID(),
		"user_id": k.world.userID(), "roles": roles, "expires_at": nil, "unrestricted": false, "system": nil,
		"links": object{"self": k.base + identityPrefix + "/v3/users/" + k.world.userID() + "/application_credentials/" + cr.id},
	}
}

// owner refuses calls about another user.
func (k *identityAPI) owner(c *call, rule string) (reply, bool) {
	return k.forbidden(rule), c.PathValue("user") == k.world.userID()
}

func (k *identityAPI) listCredentials(c *call) reply {
	if rep, ok := k.owner(c, "list_application_credentials"); !ok {
		return rep
	}
	k.creds.mu.Lock()
	defer k.creds.mu.Unlock()
	list := []object{}
	name := c.URL.Query().Get("name")
	for _, cr := range k.creds.list {
		if name == "" || name == cr.name {
			list = append(list, k.describeCredential(cr))
		}
	}
	return okay(object{
		"application_credentials": list,
		"links":                   object{"next": nil, "self": k.base + c.URL.Path, "previous": nil},
	})
}

func (k *identityAPI) createCredential(c *call) reply {
	if rep, ok := k.owner(c, "create_application_credential"); !ok {
		return rep
	}
	var req struct {
		Credential struct {
			Name        string `json:"name"`
			Description string `json:"description"`
			Secret      string `json:"secret"`
		} `json:"application_credential"`
	}
	if err := c.decode(&req); err != nil || req.Credential.Name == "" {
		return k.refuse(http.StatusBadRequest, "'name' is a required property")
	}
	k.creds.mu.Lock()
	defer k.creds.mu.Unlock()
	if slices.ContainsFunc(k.creds.list, func(cr credential) bool { return cr.name == req.Credential.Name }) {
		return k.refuse(http.StatusConflict, "Conflict occurred attempting to store application_credential - Duplicate entry found with name "+
			req.Credential.Name+".")
	}
	if len(k.creds.list) >= maxCredentials {
		return k.refuse(http.StatusForbidden, "Unable to create additional application credentials, maximum of 100 already exceeded for user.")
	}
	cr := credential{
		id: hexID("credential", newID()), name: req.Credential.Name, description: req.Credential.Description,
		secret: orText(req.Credential.Secret, newSecret(64)),
	}
	k.creds.list = append(k.creds.list, cr)
	body := k.describeCredential(cr)
	body["secret"] = cr.secret // shown this once
	return reply{status: http.StatusCreated, body: object{"application_credential": body}}
}

func (k *identityAPI) deleteCredential(c *call) reply {
	if rep, ok := k.owner(c, "delete_application_credential"); !ok {
		return rep
	}
	k.creds.mu.Lock()
	defer k.creds.mu.Unlock()
	i := slices.IndexFunc(k.creds.list, func(cr credential) bool { return cr.id == c.PathValue("id") })
	if i < 0 {
		return k.refuse(http.StatusNotFound, "Could not find Application Credential: "+c.PathValue("id")+".")
	}
	k.creds.list = slices.Delete(k.creds.list, i, i+1)
	return reply{status: http.StatusNoContent}
}
