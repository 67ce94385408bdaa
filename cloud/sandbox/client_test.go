package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// direct talks to the APIs without a network between.
type direct struct {
	t     testing.TB
	h     http.Handler
	token string
}

type answer struct {
	status int
	header http.Header
	text   string
	json   any
}

func (d *direct) do(method, path string, body any, header ...string) answer {
	d.t.Helper()
	var text string
	switch b := body.(type) {
	case nil:
	case string:
		text = b
	default:
		data, err := json.Marshal(b)
		if err != nil {
			d.t.Fatal(err)
		}
		text = string(data)
	}
	req := httptest.NewRequest(method, path, strings.NewReader(text))
	req.Header.Set("Accept", "application/json")
	if d.token != "" {
		req.Header.Set("X-Auth-Token", d.token)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	d.h.ServeHTTP(rec, req)
	a := answer{status: rec.Code, header: rec.Header(), text: rec.Body.String()}
	if strings.Contains(a.header.Get("Content-Type"), "json") && a.text != "" {
		if err := json.Unmarshal([]byte(a.text), &a.json); err != nil {
			d.t.Errorf("%s %s: %v in %q", method, path, err, a.text)
		}
	}
	return a
}

func loginBody(user, password, project string) object {
	return object{"auth": object{
		"identity": object{"methods": []string{"password"}, "password": object{"user": object{
			"name": user, "password": password, "domain": object{"name": "Default"},
		}}},
		"scope": object{"project": object{"name": project, "domain": object{"name": "Default"}}},
	}}
}

func (d *direct) login() {
	d.t.Helper()
	a := d.do("POST", "/identity/v3/auth/tokens", loginBody("participant", "moutarde", "workshop"))
	if a.status != http.StatusCreated {
		d.t.Fatalf("login: %d %s", a.status, a.text)
	}
	d.token = a.header.Get("X-Subject-Token")
}

// at is the value behind a path of keys and indexes.
func (a answer) at(path ...any) any {
	v := a.json
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(object)
			v = m[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}

func (a answer) str(path ...any) string {
	s, _ := a.at(path...).(string)
	return s
}

func (a answer) want(t testing.TB, status int, message string) {
	t.Helper()
	if a.status != status || !strings.Contains(a.text, message) {
		t.Errorf("answer = %d %s, want %d with %q", a.status, a.text, status, message)
	}
}

const compute = "/compute/v2.1"

// order is a body that creates servers.
func orderBody(w *world, name string, more object) object {
	server := object{
		"name": name, "flavorRef": w.file.Flavors[0].ID, "imageRef": w.file.Images[0].ID, "metadata": object{"group": "breizhcamp"},
		"user_data": "IyEvYmluL3NoCmVjaG8gaGVsbG8K", "networks": []object{{"uuid": w.file.Networks[0].ID}},
	}
	for k, v := range more {
		if v == nil {
			delete(server, k)
		} else {
			server[k] = v
		}
	}
	return object{"server": server}
}

func (d *direct) create(w *world, name string) string {
	d.t.Helper()
	a := d.do("POST", compute+"/servers", orderBody(w, name, nil))
	if a.status != http.StatusAccepted {
		d.t.Fatalf("create %s: %d %s", name, a.status, a.text)
	}
	return a.str("server", "id")
}

func (d *direct) server(id string) string {
	a := d.do("GET", compute+"/servers/"+id, nil)
	if a.status != http.StatusOK {
		return fmt.Sprint(a.status)
	}
	task := a.str("server", "OS-EXT-STS:task_state")
	return strings.TrimSpace(a.str("server", "status") + " " + task)
}
