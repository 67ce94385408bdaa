package main

import (
	"net"
	"strings"
	"testing"

	"matou/steps/action"
)

func TestSSHLine(t *testing.T) {
	ports := []net.Addr{&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 40123}, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 40124}}
	const lead = "ssh -N -L 40123:127.0.0.1:40123 -L 40124:127.0.0.1:40124"
	jump := action.Hop{User: "jump", Host: "jump.example.org", Port: 22}
	inner := action.Hop{User: "root", Host: "127.0.0.1", Port: 2207}
	for _, c := range []struct {
		name, connection string
		here             []action.Hop
		user, want       string
	}{
		{"in front of this machine", "", nil, "cat", ""},
		{"behind SSH", "192.0.2.7 50022 198.51.100.9 22", nil, "cat", lead + " cat@198.51.100.9"},
		{"another port, IPv6, nobody", "2001:db8::7 50022 2001:db8::9 2222", nil, "", lead + " -p 2222 2001:db8::9"},
		{"on the jumphost", "192.0.2.7 50022 10.0.0.9 22", []action.Hop{jump}, "cat", lead + " -p 22 jump@jump.example.org"},
		{"in the container", "", []action.Hop{jump, inner}, "root", lead + " -J jump@jump.example.org:22 -p 2207 root@127.0.0.1"},
		{"nonsense", "a b c; rm 22", nil, "cat", ""},
		{"a port that is none", "192.0.2.7 1 198.51.100.9 99999", nil, "cat", ""},
		{"a name a shell would read", "192.0.2.7 1 198.51.100.9 22", nil, "c;t", lead + " 'c;t@198.51.100.9'"},
	} {
		if got := sshLine(c.connection, c.here, c.user, ports); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestLocalURL(t *testing.T) {
	at := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080}
	for address, want := range map[string][2]string{
		"http://10.0.0.5:80/":          {"10.0.0.5:80", "http://127.0.0.1:8080/"},
		"http://lb/a?b=c":              {"lb:80", "http://127.0.0.1:8080/a?b=c"},
		"https://[2001:db8::1]/":       {"[2001:db8::1]:443", "https://127.0.0.1:8080/"},
		"http://[2001:db8::1]:9090/;x": {"[2001:db8::1]:9090", "http://127.0.0.1:8080/;x"},
	} {
		far, err := hostPort(address)
		if got := localURL(address, at); err != nil || far != want[0] || got != want[1] {
			t.Errorf("%s: %s, %s, %v", address, far, got, err)
		}
	}
	for _, bad := range []string{"", "/x", "http://", "http://[::", strings.Repeat("%", 3)} {
		if far, err := hostPort(bad); err == nil {
			t.Errorf("%q: %s", bad, far)
		}
	}
}
