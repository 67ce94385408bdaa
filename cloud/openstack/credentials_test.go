package openstack

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"matou/cloud"
)

// request is what c sends to Keystone, without white space.
func request(t *testing.T, c Credentials) string {
	t.Helper()
	o := c.authOptions()
	scope, err := o.ToTokenV3ScopeMap()
	if err != nil {
		t.Fatal(err)
	}
	body, err := o.ToTokenV3CreateMap(scope)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(body["auth"])
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestFromEnv(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		env  string
		want string // in the request for a token
	}{
		{
			"v3 password", "AUTH_URL=https://auth.cloud.net/v3 USERNAME=u PASSWORD=p PROJECT_NAME=w USER_DOMAIN_NAME=Default PROJECT_DOMAIN_NAME=Other",
			`{"identity":{"methods":["password"],"password":{"user":{"domain":{"name":"Default"},"name":"u","password":"p"}}},"scope":{"project":{"domain":{"name":"Other"},"name":"w"}}}`,
		},
		{
			"v2 names", "AUTH_URL=https://auth.cloud.net/v2.0/ USERNAME=u PASSWORD=p TENANT_NAME=w TENANT_ID=",
			`{"identity":{"methods":["password"],"password":{"user":{"domain":{"id":"default"},"name":"u","password":"p"}}},"scope":{"project":{"domain":{"id":"default"},"name":"w"}}}`,
		},
		{
			"v2 names with id", "AUTH_URL=https://auth.cloud.net USERNAME=u PASSWORD=p TENANT_NAME=w TENANT_ID=42",
			`{"identity":{"methods":["password"],"password":{"user":{"domain":{"id":"default"},"name":"u","password":"p"}}},"scope":{"project":{"id":"42"}}}`,
		},
		{
			"user id", "AUTH_URL=http://c/v3 USER_ID=1 PASSWORD=p PROJECT_ID=2 USER_DOMAIN_NAME=Default",
			`{"identity":{"methods":["password"],"password":{"user":{"id":"1","password":"p"}}},"scope":{"project":{"id":"2"}}}`,
		},
		{
			"application credential", "AUTH_URL=http://c/v3 APPLICATION_CREDENTIAL_ID=a APPLICATION_CREDENTIAL_SECRET=s PROJECT_NAME=ignored",
			`{"identity":{"application_credential":{"id":"a","secret":"s"},"methods":["application_credential"]}}`,
		},
		{
			"application credential by name", "AUTH_URL=http://c/v3 USERNAME=u APPLICATION_CREDENTIAL_NAME=a APPLICATION_CREDENTIAL_SECRET=s",
			`{"identity":{"application_credential":{"name":"a","secret":"s","user":{"domain":{"id":"default"},"name":"u"}},"methods":["application_credential"]}}`,
		},
		{
			"token", "AUTH_URL=http://c/v3 TOKEN=t PROJECT_ID=2",
			`{"identity":{"methods":["token"],"token":{"id":"t"}},"scope":{"project":{"id":"2"}}}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			env := map[string]string{}
			for pair := range strings.FieldsSeq(tt.env) {
				name, value, _ := strings.Cut(pair, "=")
				env["OS_"+name] = value
			}
			c, err := FromEnv(func(name string) string { return env[name] })
			if err != nil {
				t.Fatal(err)
			}
			if got := request(t, c); got != tt.want {
				t.Errorf("asks for\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestFromEnvMissing(t *testing.T) {
	t.Parallel()
	for _, env := range []map[string]string{
		{},
		{"OS_USERNAME": "u"},
		{"OS_AUTH_URL": "http://c/v3"},
		{"OS_AUTH_URL": "auth.cloud.net", "OS_USERNAME": "u"},
		{"OS_AUTH_URL": "file:///etc/passwd", "OS_USERNAME": "u"},
	} {
		if _, err := FromEnv(func(name string) string { return env[name] }); !errors.Is(err, cloud.ErrNoAccount) {
			t.Errorf("%v gives %v", env, err)
		}
	}
}

func TestNeedsPassword(t *testing.T) {
	t.Parallel()
	tests := []struct {
		c    Credentials
		want bool
	}{
		{Credentials{Username: "u"}, true},
		{Credentials{Username: "u", Password: "p"}, false},
		{Credentials{Token: "t"}, false},
		{Credentials{ApplicationCredentialID: "a", Password: "p"}, true},
		{Credentials{ApplicationCredentialID: "a", ApplicationSecret: "s"}, false},
	}
	for _, tt := range tests {
		if got := tt.c.NeedsPassword(); got != tt.want {
			t.Errorf("%s: %v", tt.c, got)
		}
		if tt.c.WithPassword("typed").NeedsPassword() {
			t.Errorf("%s: still needs one after it was typed", tt.c)
		}
	}
}

func TestSecretsStayInside(t *testing.T) {
	t.Parallel()
	c := Credentials{
		AuthURL: "https://me:hidden-1@cloud.net/v3?key=hidden-2", Username: "u", Project: "w", Region: "R",
		Password: "hidden-3", ApplicationSecret: "hidden-4", Token: "hidden-5",
	}
	encoded, err := json.Marshal(struct{ Password, Secret, Token any }{c, &c, []Credentials{c}})
	if err != nil {
		t.Fatal(err)
	}
	var logged bytes.Buffer
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("login", "as", c)
	for _, text := range []string{
		c.String(), fmt.Sprint(c), fmt.Sprintf("%+v %#v %s %q", c, c, &c, []Credentials{c}), logged.String(),
		strings.ReplaceAll(string(encoded), c.AuthURL, ""),
	} {
		if strings.Contains(text, "hidden") {
			t.Errorf("a secret shows in %s", text)
		}
	}
	if want := "u@w at https://cloud.net/v3 (R)"; c.String() != want {
		t.Errorf("got %q, want %q", c.String(), want)
	}
}
