package openstack

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"strings"

	"github.com/gophercloud/gophercloud/v2"

	"matou/cloud"
)

// Credentials are what a cloud is logged in to with. Password, ApplicationSecret and Token are
// secrets: printing, logging and encoding a Credentials value leaves them out.
type Credentials struct {
	AuthURL string // of the identity service, with or without its version

	Username, UserID               string
	UserDomain, UserDomainID       string // of Username; neither: the domain "default"
	Password                       string `json:"-"`
	Project, ProjectID             string
	ProjectDomain, ProjectDomainID string // of Project; neither: the user's

	Region    string // empty: the first of the catalog
	Interface string // "public" (also when empty), "internal" or "admin"

	ApplicationCredentialID, ApplicationCredentialName string
	ApplicationSecret                                  string `json:"-"`
	Token                                              string `json:"-"`

	CACert, ClientCert, ClientKey string // paths of PEM files; empty: the system's, none
	Insecure                      bool   // take any certificate

	// Source says where they come from, for people: "environment", "clouds.yaml (workshop)".
	Source string

	// scope is what clouds.yaml can ask for beyond a project: a trust, a domain, the system.
	scope *gophercloud.AuthScope
	// tls is what the three YAML files together say, read by gophercloud; nil: the paths above.
	tls *tls.Config
}

// String names the account and the cloud, never a secret.
func (c Credentials) String() string {
	who := firstOf(c.Username, c.UserID, c.ApplicationCredentialName, c.ApplicationCredentialID, "token")
	if project := firstOf(c.Project, c.ProjectID); project != "" {
		who += "@" + project
	}
	text := who + " at " + withoutUserinfo(c.AuthURL)
	if c.Region != "" {
		text += " (" + c.Region + ")"
	}
	return cloud.Clean(text)
}

// GoString is String: %#v would otherwise print every field.
func (c Credentials) GoString() string { return "openstack.Credentials{" + c.String() + "}" }

// LogValue is what log/slog shows of credentials.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.String()) }

// NeedsPassword tells whether nothing in c proves who asks, so that a person must be asked.
func (c Credentials) NeedsPassword() bool {
	if c.ApplicationCredentialID != "" || c.ApplicationCredentialName != "" {
		return c.ApplicationSecret == ""
	}
	return c.Password == "" && c.Token == ""
}

// WithPassword is c with the secret a person typed: the user's password, or the secret of the
// application credential when that is what c names.
func (c Credentials) WithPassword(secret string) Credentials {
	if c.ApplicationCredentialID != "" || c.ApplicationCredentialName != "" {
		c.ApplicationSecret = secret
	} else {
		c.Password = secret
	}
	return c
}

// secrets are the values to be blotted out of any text that leaves this package.
func (c Credentials) secrets() []string {
	return []string{c.Password, c.ApplicationSecret, c.Token}
}

// FromEnv reads the OS_ variables that a sourced openrc sets, through getenv (os.Getenv, or a
// map's lookup). The names of the days of Keystone v2 are understood: OS_TENANT_NAME,
// OS_TENANT_ID, and an OS_AUTH_URL that ends in /v2.0. The error is [cloud.ErrNoAccount] when
// there is no OS_AUTH_URL, or nothing that names an account. See
// https://docs.openstack.org/python-openstackclient/latest/cli/man/openstack.html.
func FromEnv(getenv func(string) string) (Credentials, error) {
	get := func(names ...string) string {
		for _, name := range names {
			if v := strings.TrimSpace(getenv("OS_" + name)); v != "" {
				return v
			}
		}
		return ""
	}
	c := Credentials{
		AuthURL:                   get("AUTH_URL"),
		Username:                  get("USERNAME"),
		UserID:                    get("USER_ID", "USERID"),
		Password:                  getenv("OS_PASSWORD"),
		UserDomain:                get("USER_DOMAIN_NAME"),
		UserDomainID:              get("USER_DOMAIN_ID"),
		Project:                   get("PROJECT_NAME", "TENANT_NAME"),
		ProjectID:                 get("PROJECT_ID", "TENANT_ID"),
		ProjectDomain:             get("PROJECT_DOMAIN_NAME"),
		ProjectDomainID:           get("PROJECT_DOMAIN_ID"),
		Region:                    get("REGION_NAME"),
		Interface:                 get("INTERFACE", "ENDPOINT_TYPE"),
		ApplicationCredentialID:   get("APPLICATION_CREDENTIAL_ID"),
		ApplicationCredentialName: get("APPLICATION_CREDENTIAL_NAME"),
		ApplicationSecret:         getenv("OS_APPLICATION_CREDENTIAL_SECRET"),
		Token:                     get("TOKEN", "AUTH_TOKEN"),
		CACert:                    get("CACERT"),
		ClientCert:                get("CERT"),
		ClientKey:                 get("KEY"),
		Source:                    "environment",
	}
	c.Insecure, _ = strconv.ParseBool(get("INSECURE"))
	if c.UserDomain == "" && c.UserDomainID == "" {
		c.UserDomain, c.UserDomainID = get("DOMAIN_NAME"), get("DOMAIN_ID", "DEFAULT_DOMAIN")
	}
	return c, c.check()
}

// check says what is missing to log in with c, short of a secret.
func (c Credentials) check() error {
	if c.AuthURL == "" {
		return fmt.Errorf("%w: OS_AUTH_URL is not set", cloud.ErrNoAccount)
	}
	u, err := url.Parse(c.AuthURL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("%w: %q is not the address of an identity service",
			cloud.ErrNoAccount, cloud.Clean(withoutUserinfo(c.AuthURL)))
	}
	named := firstOf(c.Username, c.UserID, c.ApplicationCredentialID, c.Token)
	if named == "" {
		return fmt.Errorf("%w: neither a user (OS_USERNAME), an application credential nor a token is set",
			cloud.ErrNoAccount)
	}
	return nil
}

// authOptions words c as gophercloud does. Domains matter only beside names, and Keystone refuses
// what is redundant, so each way to log in carries no more than it needs.
func (c Credentials) authOptions() gophercloud.AuthOptions {
	o := gophercloud.AuthOptions{IdentityEndpoint: c.AuthURL, AllowReauth: true}
	user, userID := orDefault(c.UserDomain, c.UserDomainID)
	switch {
	case c.ApplicationCredentialID != "":
		o.ApplicationCredentialID, o.ApplicationCredentialSecret = c.ApplicationCredentialID, c.ApplicationSecret
		return o
	case c.ApplicationCredentialName != "":
		o.ApplicationCredentialName, o.ApplicationCredentialSecret = c.ApplicationCredentialName, c.ApplicationSecret
		if o.UserID = c.UserID; o.UserID == "" {
			o.Username, o.DomainName, o.DomainID = c.Username, user, userID
		}
		return o
	case c.Password == "" && c.Token != "":
		// A token is taken as it is. One that names no project yet is exchanged for one that does,
		// and that exchange can't be repeated once the first has expired.
		o.TokenID, o.AllowReauth = c.Token, false
	case c.UserID != "":
		o.UserID, o.Password = c.UserID, c.Password
	default:
		o.Username, o.DomainName, o.DomainID, o.Password = c.Username, user, userID, c.Password
	}
	switch {
	case c.scope != nil:
		o.Scope = c.scope
	case c.ProjectID != "":
		o.Scope = &gophercloud.AuthScope{ProjectID: c.ProjectID}
	case c.Project != "":
		o.Scope = &gophercloud.AuthScope{ProjectName: c.Project}
		if c.ProjectDomain == "" && c.ProjectDomainID == "" {
			o.Scope.DomainName, o.Scope.DomainID = user, userID
		} else {
			o.Scope.DomainName, o.Scope.DomainID = orDefault(c.ProjectDomain, c.ProjectDomainID)
		}
	}
	return o
}

// orDefault picks one way to name a domain: its id if there is one, else its name, else the id
// that Keystone gives to the domain accounts of v2 live in.
func orDefault(name, id string) (string, string) {
	switch {
	case id != "":
		return "", id
	case name != "":
		return name, ""
	}
	return "", "default"
}

func (c Credentials) availability() gophercloud.Availability {
	switch strings.TrimSuffix(strings.ToLower(c.Interface), "url") {
	case "internal":
		return gophercloud.AvailabilityInternal
	case "admin":
		return gophercloud.AvailabilityAdmin
	}
	return gophercloud.AvailabilityPublic
}

func withoutUserinfo(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "an address that is none"
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
