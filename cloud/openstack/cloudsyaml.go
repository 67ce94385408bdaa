package openstack

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/gophercloud/gophercloud/v2/openstack/config/clouds"
	"go.yaml.in/yaml/v4"

	"matou/cloud"
)

// FromCloudsYAML reads the account called name from clouds.yaml, joined with secure.yaml beside it
// and with the profile it names in clouds-public.yaml. No name means the one in OS_CLOUD, or the
// only one there is. Without paths, the file is the one OS_CLIENT_CONFIG_FILE names, or else the
// first of ./clouds.yaml, openstack/clouds.yaml in the user's configuration folder and
// /etc/openstack/clouds.yaml. OS_REGION_NAME, OS_INTERFACE, OS_CACERT, OS_CERT and OS_KEY win over
// the file, as they do for the openstack command. The error is [cloud.ErrNoAccount] when there is
// no such file or account. The format is documented at
// https://docs.openstack.org/openstacksdk/latest/user/config/configuration.html.
func FromCloudsYAML(name string, paths ...string) (Credentials, error) {
	path, err := findCloudsYAML(paths)
	if err != nil {
		return Credentials{}, fmt.Errorf("read clouds.yaml: %w", err)
	}
	op := "read " + path
	file, err := readClouds(path)
	if err != nil {
		return Credentials{}, fmt.Errorf("%s: %w", op, err)
	}
	if name = firstOf(name, os.Getenv("OS_CLOUD")); name == "" && len(file.Clouds) == 1 {
		for name = range file.Clouds {
		}
	}
	entry, ok := file.Clouds[name]
	if !ok {
		return Credentials{}, fmt.Errorf("%s: %w: no cloud called %q; %s", op, cloud.ErrNoAccount, name,
			suggest(name, file.names()).text)
	}
	if entry.AuthInfo == nil {
		// gophercloud's parser takes an auth section for granted; a profile may be the one to bring it.
		entry.AuthInfo = &clouds.AuthInfo{}
		file.Clouds[name] = entry
	}
	c, err := file.credentials(name, path)
	if err != nil {
		return Credentials{}, fmt.Errorf("%s: %w: cloud %q: %s", op, cloud.ErrNoAccount, name, withoutValues(err))
	}
	if err := c.check(); err != nil {
		return Credentials{}, fmt.Errorf("%s: cloud %q: %w", op, name, err)
	}
	return c, nil
}

func findCloudsYAML(paths []string) (string, error) {
	if len(paths) == 0 {
		if named := os.Getenv("OS_CLIENT_CONFIG_FILE"); named != "" {
			paths = []string{named}
		}
	}
	if len(paths) == 0 {
		paths = []string{"clouds.yaml"}
		config := os.Getenv("XDG_CONFIG_HOME")
		if home, err := os.UserHomeDir(); config == "" && err == nil {
			config = filepath.Join(home, ".config")
		}
		if config != "" {
			paths = append(paths, filepath.Join(config, "openstack", "clouds.yaml"))
		}
		paths = append(paths, "/etc/openstack/clouds.yaml")
	}
	for _, p := range paths {
		if info, err := os.Stat(p); err == nil && info.Mode().IsRegular() {
			return p, nil
		}
	}
	return "", fmt.Errorf("%w: no file at %s", cloud.ErrNoAccount, strings.Join(paths, ", "))
}

// cloudsFile is a clouds.yaml as gophercloud describes it.
type cloudsFile clouds.Clouds

func (f cloudsFile) names() []string {
	var names []string
	for name := range f.Clouds {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func readClouds(path string) (cloudsFile, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return cloudsFile{}, err
	}
	var file cloudsFile
	if err := yaml.Unmarshal(text, &file); err != nil {
		return cloudsFile{}, fmt.Errorf("%w: %s", cloud.ErrDecode, withoutValues(err))
	}
	return file, nil
}

// credentials lets gophercloud merge the files. It gets the entry as text once more: its own
// reading stops at an entry without an auth section.
func (f cloudsFile) credentials(name, path string) (Credentials, error) {
	text, err := yaml.Marshal(clouds.Clouds{Clouds: map[string]clouds.Cloud{name: f.Clouds[name]}})
	if err != nil {
		return Credentials{}, err
	}
	options := []clouds.ParseOption{clouds.WithCloudName(name), clouds.WithCloudsYAML(strings.NewReader(string(text)))}
	secure, err := os.ReadFile(filepath.Join(filepath.Dir(path), "secure.yaml"))
	if err == nil {
		options = append(options, clouds.WithSecureYAML(strings.NewReader(string(secure))))
	} else if !errors.Is(err, os.ErrNotExist) {
		return Credentials{}, err
	}
	if beside := filepath.Join(filepath.Dir(path), "clouds-public.yaml"); isFile(beside) {
		options = append(options, clouds.WithPublicLocations(beside))
	}
	auth, endpoint, tlsConfig, err := clouds.Parse(options...)
	if err != nil {
		return Credentials{}, err
	}
	entry := f.Clouds[name]
	c := Credentials{
		AuthURL: auth.IdentityEndpoint, Username: auth.Username, UserID: auth.UserID, Password: auth.Password,
		UserDomain: auth.DomainName, UserDomainID: auth.DomainID,
		Project: auth.TenantName, ProjectID: auth.TenantID,
		Region: endpoint.Region, Interface: string(endpoint.Availability),
		ApplicationCredentialID:   auth.ApplicationCredentialID,
		ApplicationCredentialName: auth.ApplicationCredentialName,
		ApplicationSecret:         auth.ApplicationCredentialSecret,
		Token:                     auth.TokenID,
		CACert:                    firstOf(os.Getenv("OS_CACERT"), entry.CACertFile),
		ClientCert:                firstOf(os.Getenv("OS_CERT"), entry.ClientCertFile),
		ClientKey:                 firstOf(os.Getenv("OS_KEY"), entry.ClientKeyFile),
		Insecure:                  tlsConfig != nil && tlsConfig.InsecureSkipVerify,
		Source:                    "clouds.yaml (" + name + ")",
		tls:                       tlsConfig,
	}
	if s := auth.Scope; s != nil {
		if s.ProjectName != "" {
			c.ProjectDomain, c.ProjectDomainID = s.DomainName, s.DomainID
		} else if s.ProjectID == "" {
			c.scope = s
		}
	}
	return c, nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

var quotedValue = regexp.MustCompile("`[^`]*`")

// withoutValues drops the values a YAML error quotes: one of them may be the password.
func withoutValues(err error) string {
	return cloud.Clean(quotedValue.ReplaceAllString(err.Error(), "a value"))
}
