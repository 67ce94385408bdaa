package openstack

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"matou/cloud"
)

// horizon is shaped like the openrc that OpenStack's dashboard hands out.
const horizon = `#!/usr/bin/env bash
# To use an OpenStack cloud you need to authenticate.
export OS_AUTH_URL=https://auth.cloud.ovh.net/v3/
# With the addition of Keystone...
export OS_PROJECT_ID=7aaf74de54834425af0abfb93a6b9d79
export OS_PROJECT_NAME="Projet de l'été"
export OS_USER_DOMAIN_NAME="Default"
if [ -z "$OS_USER_DOMAIN_NAME" ]; then unset OS_USER_DOMAIN_NAME; fi
export OS_PROJECT_DOMAIN_ID="default"
# unset v2.0 items in case set
unset OS_TENANT_ID
unset OS_TENANT_NAME
export OS_USERNAME="user-\$7"
echo "Please enter your OpenStack Password for project $OS_PROJECT_NAME as user $OS_USERNAME: "
read -sr OS_PASSWORD_INPUT
export OS_PASSWORD=$OS_PASSWORD_INPUT
export OS_REGION_NAME="BHS1"
export OS_INTERFACE=public
export OS_IDENTITY_API_VERSION=3
`

func TestParseOpenRC(t *testing.T) {
	t.Parallel()
	const head = "OS_AUTH_URL=http://c:5000/v3\nOS_USERNAME=u\n"
	mark := filepath.ToSlash(filepath.Join(t.TempDir(), "was-here"))
	t.Cleanup(func() { // when all cases have ended
		if _, err := os.Stat(mark); err == nil {
			t.Error("a command of the openrc was run")
		}
	})
	tests := []struct {
		name, text string
		want       Credentials
	}{
		{"horizon", horizon, Credentials{
			AuthURL: "https://auth.cloud.ovh.net/v3/", Username: "user-$7", UserDomain: "Default", Project: "Projet de l'été",
			ProjectID: "7aaf74de54834425af0abfb93a6b9d79", ProjectDomainID: "default", Region: "BHS1", Interface: "public",
		}},
		{"without export", head + "OS_PASSWORD=p # comment\n", Credentials{Password: "p"}},
		{"quotes", head + `export OS_PASSWORD='a"b$c'"d\"e\$f\n"g\ h`, Credentials{Password: `a"b$cd"e$f\ng h`}},
		{"references", "H=c:5000\n" + head + "export OS_AUTH_URL=http://$H/v3 OS_REGION_NAME=${R:-${H}}\nOS_TENANT_NAME=${OS_USERNAME}-x", Credentials{Region: "c:5000", Project: "u-x"}},
		{"windows", "\uFEFF" + strings.ReplaceAll(head+"export OS_PASSWORD=p\n", "\n", "\r\n"), Credentials{Password: "p"}},
		{"greeting", "Welcome to (the jumphost!\nIt's \"down\n" + head, Credentials{}},
		{"substitution", head + "export OS_PASSWORD=$(touch " + mark + ")`touch " + mark + "`", Credentials{}},
		{"conditions", head + "if true; then OS_PASSWORD=p; fi\n(OS_PASSWORD=q)\nfalse || OS_PASSWORD=r", Credentials{}},
		{"and", head + "OS_PASSWORD=p && export OS_PASSWORD", Credentials{Password: "p"}},
		{"doubling", head + strings.Repeat("A=$A$A$A$A$A$A$A$Axxxxxxxx\n", 64) + "OS_PASSWORD=p", Credentials{Password: "p"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := ParseOpenRC(strings.NewReader(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if tt.want.AuthURL == "" {
				tt.want.AuthURL, tt.want.Username = "http://c:5000/v3", "u"
			}
			tt.want.Source = "openrc"
			if got != tt.want {
				t.Errorf("got %#v password %q\nwant %#v password %q", got, got.Password, tt.want, tt.want.Password)
			}
		})
	}
}

func TestParseOpenRCRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want error
	}{
		{"", cloud.ErrNoAccount},
		{"cat: openrc: No such file or directory", cloud.ErrNoAccount},
		{"\x00\xff\xfe", cloud.ErrNoAccount},
		{strings.Repeat("# endless\n", 8000), cloud.ErrTooLarge},
		{strings.Repeat("(\n", 10000), cloud.ErrNoAccount},
	}
	for _, tt := range tests {
		if _, err := ParseOpenRC(strings.NewReader(tt.text)); !errors.Is(err, tt.want) {
			t.Errorf("%.20q gives %v", tt.text, err)
		}
	}
}

func FuzzParseOpenRC(f *testing.F) {
	f.Add(horizon)
	f.Add("export OS_AUTH_URL='http://c'\nOS_USERNAME=${A:=\"$B\"} C+=d\ndeclare -x OS_PASSWORD=$'a\\nb'")
	f.Add("if\n'\n\"\n`\n$((1**9))\n${a[1]}\n<<E\nOS_USERNAME=x\nE\n")
	f.Fuzz(func(t *testing.T, text string) {
		vars := assignments(text)
		again := assignments(text)
		if !maps.Equal(vars, again) {
			t.Error("two readings differ")
		}
		for name, value := range vars {
			if len(value) > maxOpenRC {
				t.Errorf("%s has %d bytes", name, len(value))
			}
		}
		c, err := ParseOpenRC(strings.NewReader(text))
		if err == nil && (c.AuthURL == "" || c.Source != "openrc") {
			t.Errorf("no error, but %#v", c)
		}
	})
}

func TestFromCloudsYAML(t *testing.T) {
	for _, name := range []string{"OS_CLOUD", "OS_REGION_NAME", "OS_INTERFACE", "OS_CACERT", "OS_CERT", "OS_KEY", "OS_CLIENT_CONFIG_FILE"} {
		t.Setenv(name, "")
	}
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	path := write("clouds.yaml", `clouds:
  workshop:
    profile: ovh
    auth: {username: u, project_name: w, user_domain_name: Default, project_domain_id: other}
    region_name: BHS1
    interface: internal
    verify: false
  ci:
    auth_type: v3applicationcredential
    auth: {auth_url: "http://c/v3", application_credential_id: a, application_credential_secret: s}
  trustee:
    auth: {auth_url: "http://c/v3", user_id: "1", password: 12345, trust_id: t}
  bare: {profile: ovh}
  nowhere:
    auth: {username: u}
`)
	write("secure.yaml", "clouds:\n  workshop:\n    auth: {password: hidden}\n")
	write("clouds-public.yaml", "public-clouds:\n  ovh:\n    auth: {auth_url: \"https://auth.cloud.ovh.net/v3\"}\n")

	tests := []struct {
		name, want string
	}{
		{"workshop", `{"identity":{"methods":["password"],"password":{"user":{"domain":{"name":"Default"},"name":"u","password":"hidden"}}},"scope":{"project":{"domain":{"id":"other"},"name":"w"}}}`},
		{"ci", `{"identity":{"application_credential":{"id":"a","secret":"s"},"methods":["application_credential"]}}`},
		{"trustee", `{"identity":{"methods":["password"],"password":{"user":{"id":"1","password":"12345"}}},"scope":{"OS-TRUST:trust":{"id":"t"}}}`},
	}
	for _, tt := range tests {
		c, err := FromCloudsYAML(tt.name, path)
		if err != nil {
			t.Fatal(err)
		}
		if got := request(t, c); got != tt.want {
			t.Errorf("%s asks for\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
	t.Setenv("OS_CLOUD", "workshop")
	t.Setenv("OS_CLIENT_CONFIG_FILE", path)
	c, err := FromCloudsYAML("")
	if err != nil || c.AuthURL != "https://auth.cloud.ovh.net/v3" || c.Region != "BHS1" || !c.Insecure ||
		c.Interface != "internal" || c.Source != "clouds.yaml (workshop)" {
		t.Errorf("got %#v %v", c, err)
	}
	for name, want := range map[string]string{
		"workshp": `nearest: "workshop"`, "bare": "neither a user", "nowhere": "OS_AUTH_URL is not set",
	} {
		if _, err := FromCloudsYAML(name, path); !errors.Is(err, cloud.ErrNoAccount) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gives %v", name, err)
		}
	}
	bad := write("bad.yaml", "clouds:\n  a:\n    auth: hidden-password\n")
	if _, err := FromCloudsYAML("a", bad); !errors.Is(err, cloud.ErrDecode) || strings.Contains(err.Error(), "hidden") {
		t.Errorf("a bad file gives %v", err)
	}
	if _, err := FromCloudsYAML("a", filepath.Join(dir, "none.yaml")); !errors.Is(err, cloud.ErrNoAccount) {
		t.Errorf("no file gives %v", err)
	}
}
