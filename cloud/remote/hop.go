package remote

import (
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"unicode"
)

// Hop is one SSH host in a chain.
type Hop struct {
	Name string // for people: "jumphost"; empty: the host's name
	// User, Host and Port say where. What is empty is looked up in Options.SSHConfig, and is
	// otherwise the local user's name and 22. Host may be an alias of the configuration.
	User, Host string
	Port       int
	// Password is tried before anybody is asked. It never shows in text, logs or JSON.
	Password string `json:"-"`
	// Fingerprints are the keys expected from elsewhere (SHA256:..., as ssh-keygen -l prints). If
	// there are any, a key that matches one is accepted and recorded without asking, and any other
	// is refused as changed.
	Fingerprints []string
	// Expected are keys that somebody handed out to be compared with. A key that matches one is asked
	// about all the same, with the one it matches; any other is refused as changed.
	Expected []string
	KeyFiles []string // private keys to offer; a leading ~/ is the home folder
	NoAgent  bool     // do not use the agent at $SSH_AUTH_SOCK
	// Sudo has commands and shells run as root: through sudo, with the log-in's password if it asks
	// for one, when the log-in is another. [Conn.Identity] tells the log-in all the same.
	Sudo bool
}

// Addr is the address to dial, host:port.
func (h Hop) Addr() string { return net.JoinHostPort(h.Host, strconv.Itoa(h.port())) }

func (h Hop) port() int {
	if h.Port == 0 {
		return 22
	}
	return h.Port
}

// String words the hop for people, without its password: "jumphost (jump@192.0.2.1:22)".
func (h Hop) String() string {
	at := h.Addr()
	if h.User != "" {
		at = h.User + "@" + at
	}
	if h.Name == "" || h.Name == h.Host {
		return at
	}
	return h.Name + " (" + at + ")"
}

// GoString is String: %#v must not show the password either.
func (h Hop) GoString() string { return "remote.Hop{" + h.String() + "}" }

// LogValue keeps the password out of logs.
func (h Hop) LogValue() slog.Value { return slog.StringValue(h.String()) }

// check refuses what cannot be a host, a port or a user: these go into known_hosts lines, where
// some characters have a meaning, and into text for people.
func (h Hop) check() error {
	if h.Host == "" {
		return fmt.Errorf("%w: no host", ErrBadHop)
	}
	bad := func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }
	if i := strings.IndexFunc(h.Host, func(r rune) bool { return bad(r) || strings.ContainsRune(`*?!,|#@[]"'/\`, r) }); i >= 0 {
		return fmt.Errorf("%w: host %q: character %d is not allowed", ErrBadHop, h.Host, i+1)
	}
	if strings.IndexFunc(h.User, bad) >= 0 {
		return fmt.Errorf("%w: user %q", ErrBadHop, h.User)
	}
	if h.Port < 0 || h.Port > 65535 {
		return fmt.Errorf("%w: port %d", ErrBadHop, h.Port)
	}
	return nil
}

// leg is a hop with everything that is known once its place in the chain and the configuration
// have been looked at.
type leg struct {
	Hop
	key        string   // names the connection: the users and addresses of the whole way
	alias      string   // host:port under which the host key is recorded
	plain      string   // host:port a person's own known_hosts may have it under; "" when that says nothing
	knownFiles []string // further known_hosts files for this host
	onlyFiles  bool     // IdentitiesOnly: agent keys only when they are among the KeyFiles
}

// route turns hops, already looked up in the configuration, into legs.
func route(legs []leg) ([]leg, error) {
	key, way := "", ""
	for i := range legs {
		l := &legs[i]
		if err := l.check(); err != nil {
			return nil, hopError(l.Hop, err)
		}
		l.Port = l.port()
		key += "/" + l.User + "@" + l.Addr()
		l.key = key
		host := strings.ToLower(l.Host)
		if l.alias == "" {
			l.alias = net.JoinHostPort(strings.ReplaceAll(host, "%", "-"), strconv.Itoa(l.Port))
			if way != "" {
				l.alias = net.JoinHostPort(dashed(host)+".via."+way, strconv.Itoa(l.Port))
				if !loopback(host) {
					l.plain = l.Addr()
				}
			}
		}
		here := dashed(host)
		if l.Port != 22 {
			here += "-" + strconv.Itoa(l.Port)
		}
		if way != "" {
			here += ".via." + way
		}
		way = here
	}
	return legs, nil
}

// dashed makes an IPv6 address fit into a longer host name.
func dashed(host string) string { return strings.NewReplacer(":", "-", "%", "-").Replace(host) }

// loopback tells whether host names whatever machine it is said on.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && (ip.IsLoopback() || ip.IsUnspecified())
}
