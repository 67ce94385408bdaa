package cloud

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"matou/cloud/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func TestAddress(t *testing.T) {
	t.Parallel()
	address := func(ip, kind string) Address { return Address{IP: netip.MustParseAddr(ip), Type: kind} }
	tests := []struct {
		name string
		all  []Address
		want string
	}{
		{"none", nil, "invalid IP"},
		{"IPv6 only", []Address{address("2001:db8::1", "fixed"), address("2001:db8::2", "fixed")}, "2001:db8::1"},
		{"IPv4 is preferred", []Address{address("2001:db8::1", "fixed"), address("10.0.0.1", "fixed")}, "10.0.0.1"},
		{"floating wins", []Address{address("10.0.0.1", "fixed"), address("158.69.78.1", "floating")}, "158.69.78.1"},
	}
	for _, tt := range tests {
		if got := (Server{Addresses: tt.all}).Address(); got.String() != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestSettled(t *testing.T) {
	t.Parallel()
	for status, want := range map[Status]bool{
		StatusBuild: false, StatusReboot: false, StatusActive: true, StatusError: true, StatusShutoff: true,
	} {
		if status.Settled() != want {
			t.Errorf("%s: %v", status, !want)
		}
	}
}

// TestSortServers: whatever order a cloud answers in, the screen shows one.
func TestSortServers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		servers := make([]Server, rapid.IntRange(0, 8).Draw(t, "n"))
		for i := range servers {
			servers[i] = Server{
				ID: string(rune('a' + i)), Name: rapid.SampledFrom([]string{"web", "puppet"}).Draw(t, "name"),
				Created: time.Unix(rapid.Int64Range(0, 2).Draw(t, "created"), 0),
			}
		}
		shuffled := rapid.Permutation(servers).Draw(t, "order")
		SortServers(servers)
		SortServers(shuffled)
		if !slices.EqualFunc(servers, shuffled, func(a, b Server) bool { return a.ID == b.ID }) {
			t.Errorf("%v and %v", servers, shuffled)
		}
	})
}

func TestRef(t *testing.T) {
	t.Parallel()
	if (Ref{ID: "1", Name: "n"}).String() != "n" || (Ref{ID: "1"}).String() != "1" {
		t.Error("a Ref is not called by its name, or else its id")
	}
}

func TestServerNamed(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"web-01": true, "web-01-1": true, "web-01-12": true, "web-01-": false, "web-01-old": false, "web-0": false, "my-web-01": false, "": false,
	} {
		if got := (Server{Name: name}).Named("web-01"); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}

func TestServerOf(t *testing.T) {
	t.Parallel()
	s := Server{Metadata: map[string]string{MetaWorkshop: "cats", MetaSeat: "07"}}
	for _, test := range []struct {
		server         Server
		workshop, seat string
		want           bool
	}{
		{s, "cats", "07", true},
		{s, "cats", "08", false},
		{s, "dogs", "07", false},
		{Server{}, "cats", "", false},
		{Server{Metadata: map[string]string{MetaWorkshop: "cats"}}, "cats", "", false},
	} {
		if got := test.server.Of(test.workshop, test.seat); got != test.want {
			t.Errorf("%v of %q in %q: %v", test.server.Metadata, test.seat, test.workshop, got)
		}
	}
}
