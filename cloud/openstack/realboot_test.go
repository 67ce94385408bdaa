package openstack

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gophercloud/gophercloud/v2"

	"matou/cloud"
)

// tls: the whole cloud behind TLS, with an authority that nobody knows, and then one that also wants
// to see who comes.
func (r *real) tls(t *testing.T) {
	dir := t.TempDir()
	plain := r.between(t, (*httptest.Server).StartTLS, nil, nil)
	if _, err := Login(t.Context(), plain, Options{}); !errors.Is(err, cloud.ErrUnavailable) || !strings.Contains(err.Error(), "unknown authority") {
		t.Errorf("unknown authority: %v", err)
	}
	config := func(k Credentials, more string) Credentials {
		t.Helper()
		path := filepath.Join(dir, "clouds.yaml")
		text := "clouds:\n  tls:\n    region_name: " + k.Region + "\n    auth: {auth_url: " + k.AuthURL + ", username: " + k.Username + ", password: " + k.Password +
			", project_name: " + k.Project + ", user_domain_name: Default, project_domain_name: Default}\n" + more
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		k, err := FromCloudsYAML("tls", path)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	r.lists(t, config(plain, "    verify: false\n"), Options{})

	var cert *x509.Certificate
	strict := r.between(t, func(s *httptest.Server) {
		s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
		s.StartTLS()
		cert = s.Certificate()
	}, nil, nil)
	ca := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
		"-keyout", filepath.Join(dir, "me.key"), "-out", filepath.Join(dir, "me.pem"), "-subj", "/CN=participant").CombinedOutput(); err != nil {
		t.Skipf("no client certificate can be made here: %v: %s", err, out)
	}
	if _, err := Login(t.Context(), config(strict, "    cacert: "+ca+"\n"), Options{}); !errors.Is(err, cloud.ErrUnavailable) || !strings.Contains(err.Error(), "certificate required") {
		t.Errorf("without a certificate of ours: %v", err)
	}
	full := "    cacert: " + ca + "\n    cert: " + filepath.Join(dir, "me.pem") + "\n    key: " + filepath.Join(dir, "me.key") + "\n"
	r.lists(t, config(strict, full), Options{})
	// The same, as openrc says it.
	strict.CACert, strict.ClientCert, strict.ClientKey = ca, filepath.Join(dir, "me.pem"), filepath.Join(dir, "me.key")
	r.lists(t, strict, Options{})
}

// networks: a project that has several is asked which; addresses of both families.
func (r *real) networks(t *testing.T) {
	name := "matou-" + r.run
	shared, err := r.Network(t.Context(), "")
	if err != nil {
		t.Skipf("the project has no network, or several: %v", err)
	}
	network := made(t, r.Client, "network", "v2.0/networks", "network", map[string]any{"name": name})
	made(t, r.Client, "network", "v2.0/subnets", "subnet", map[string]any{"network_id": network, "ip_version": 6, "cidr": "2001:db8:22::/64", "enable_dhcp": false})
	if _, err := r.Networks(t.Context()); err != nil { // the list is old by now
		t.Fatal(err)
	}
	spec := r.spec(t)
	_, err = r.Boot(t.Context(), spec)
	if !errors.Is(err, cloud.ErrAmbiguous) || !strings.Contains(err.Error(), shared.Name) || !strings.Contains(err.Error(), name) {
		t.Errorf("two networks: %v", err)
	}
	spec.Network = name
	s := r.boot(t, spec)
	if a := s.Address(); !a.Is6() || !netip.MustParsePrefix("2001:db8:22::/64").Contains(a) {
		t.Errorf("on a network of IPv6 alone it got %v", s.Addresses)
	}
	r.gone(t, s.ID)

	made(t, r.Client, "network", "v2.0/subnets", "subnet", map[string]any{"network_id": network, "ip_version": 4, "cidr": "192.0.2.0/24", "enable_dhcp": false})
	spec.Network = network // by id
	s = r.boot(t, spec)
	if a := s.Address(); !a.Is4() || len(s.Addresses) != 2 {
		t.Errorf("on a network of both families it got %v, and is reached at %v", s.Addresses, a)
	}
	r.gone(t, s.ID)
}

// flavor makes a flavor that everybody may use.
func flavor(t *testing.T, admin *Client, name string, cores, ram, disk int) {
	t.Helper()
	made(t, admin, "compute", "flavors", "flavor", map[string]any{"name": name, "vcpus": cores, "ram": ram, "disk": disk})
}

// quota: what is left is too little, told before, and by Nova when we could not know.
func (r *real) quota(t *testing.T, admin *Client) {
	quotas, err := r.Quotas(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	cores := 0
	for _, q := range quotas {
		if q.Resource == "cores" {
			cores = q.Limit
		}
	}
	if cores < 2 || cores > 100 {
		t.Skipf("the project may have %d cores", cores)
	}
	spec := r.spec(t)
	spec.Flavor = "matou-" + r.run
	flavor(t, admin, spec.Flavor, cores/2+1, 64, 10)
	spec.Count = 2
	_, err = r.Boot(t.Context(), spec)
	if !errors.Is(err, cloud.ErrQuota) || !strings.Contains(err.Error(), ": cores: needs ") || !strings.Contains(err.Error(), " left") {
		t.Errorf("before: %v", err)
	}
	t.Log(err)
	blind := r.login(t, r.between(t, nil, func(w http.ResponseWriter, req *http.Request) bool {
		if strings.HasSuffix(req.URL.Path, "/limits") {
			http.NotFound(w, req)
			return true
		}
		return false
	}, nil), Options{})
	_, err = blind.Boot(t.Context(), spec)
	if !errors.Is(err, cloud.ErrQuota) || !strings.Contains(err.Error(), "cores: Requested") {
		t.Errorf("after: %v", err)
	}
	t.Log(err)
}

// fault: a server that no hypervisor can take goes to ERROR, and its fault says so.
func (r *real) fault(t *testing.T, admin *Client) {
	spec := r.spec(t)
	spec.Flavor = "matou-" + r.run
	flavor(t, admin, spec.Flavor, 1, 64, 100_000_000)
	booted, err := r.Boot(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	defer r.gone(t, booted[0].ID)
	s, err := r.Wait(t.Context(), booted[0].ID, nil)
	if !errors.Is(err, cloud.ErrFault) || !strings.Contains(err.Error(), "No valid host was found") || s.Status != cloud.StatusError {
		t.Errorf("%s, %v", s.Status, err)
	}
	if _, err := r.ConsoleLog(t.Context(), s.ID, 5); !errors.Is(err, cloud.ErrConflict) {
		t.Errorf("what it printed at its boot: %v", err)
	}
}

// noDisk: without block storage only administrators may boot from a flavor that has no disk.
func (r *real) noDisk(t *testing.T, admin *Client) {
	spec := r.spec(t)
	spec.Flavor = "matou-" + r.run
	flavor(t, admin, spec.Flavor, 1, 2048, 0)
	if r.hasVolumes() {
		s := r.boot(t, spec)
		if s.Image.ID != "" {
			t.Errorf("it is not on a volume: %v", s.Image)
		}
		r.gone(t, s.ID)
		return
	}
	_, err := r.Boot(t.Context(), spec)
	if !errors.Is(err, cloud.ErrForbidden) || !strings.Contains(err.Error(), "zero disk") {
		t.Errorf("without volumes: %v", err)
	}
}

// floating: an address is allocated, leads to the server, and goes back.
func (r *real) floating(t *testing.T, admin *Client) {
	name := "matou-" + r.run
	extension := address(t, admin, "network") + "v2.0/extensions/router"
	if _, err := admin.provider.Request(t.Context(), http.MethodGet, extension, &gophercloud.RequestOpts{JSONResponse: &struct{}{}}); err != nil {
		t.Skipf("this cloud's Neutron has no routers: %v", err)
	}
	outside := made(t, admin, "network", "v2.0/networks", "network", map[string]any{"name": name + "-out", "router:external": true})
	made(t, admin, "network", "v2.0/subnets", "subnet", map[string]any{"network_id": outside, "ip_version": 4, "cidr": "198.51.100.0/28", "enable_dhcp": false})
	inside := made(t, r.Client, "network", "v2.0/networks", "network", map[string]any{"name": name})
	subnet := made(t, r.Client, "network", "v2.0/subnets", "subnet", map[string]any{"network_id": inside, "ip_version": 4, "cidr": "192.0.2.0/24", "enable_dhcp": false})
	router := made(t, r.Client, "network", "v2.0/routers", "router", map[string]any{"name": name, "external_gateway_info": map[string]any{"network_id": outside}})
	leg := map[string]any{"subnet_id": subnet}
	raw(t.Context(), t, r.Client, "network", http.MethodPut, "v2.0/routers/"+router+"/add_router_interface", leg)
	t.Cleanup(func() {
		raw(context.WithoutCancel(t.Context()), t, r.Client, "network", http.MethodPut, "v2.0/routers/"+router+"/remove_router_interface", leg)
	})
	if _, err := r.Networks(t.Context()); err != nil {
		t.Fatal(err)
	}

	spec := r.spec(t)
	spec.Network = name
	s := r.boot(t, spec)
	defer r.gone(t, s.ID)
	mark := "matou " + r.run
	ip, err := r.Float(t.Context(), s.ID, name+"-out", mark)
	if err != nil {
		t.Fatal(err)
	}
	released := false
	release := func() {
		if err := r.ReleaseFloatingIP(context.WithoutCancel(t.Context()), ip.ID); err != nil {
			t.Error(err)
		}
		released = true
	}
	defer func() {
		if !released {
			release()
		}
	}()
	if !netip.MustParsePrefix("198.51.100.0/28").Contains(ip.IP) || ip.Description != mark {
		t.Errorf("got %+v", ip)
	}
	if again, err := r.Float(t.Context(), s.ID, name+"-out", mark); err != nil || again.ID != ip.ID {
		t.Errorf("a second time: %+v, %v", again, err)
	}
	// Nova hears of it from Neutron, a moment later.
	c := r.Client
	if _, err := c.follow(t.Context(), "wait for the address", s.ID, nil, func(now cloud.Server) (bool, error) { return now.Address() == ip.IP, nil }); err != nil {
		t.Errorf("the server is reached at another address: %v", err)
	}
	release()
	all, err := r.FloatingIPs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		if f.ID == ip.ID {
			t.Errorf("still there: %+v", f)
		}
	}
}
