// Package haproxy is a small load balancer with haproxy's configuration file and statistics page:
// enough of HAProxy 2 to be the front of a workshop's web servers.
//
// [Parse] reads the configuration (HAProxy Configuration Manual, sections 2 to 4): global, defaults,
// listen, frontend and backend with bind, mode, balance roundrobin, leastconn and source, server
// with check, inter, rise, fall, weight, backup and disabled, stats enable and stats uri,
// default_backend, timeout and maxconn. Keywords that change nothing here are accepted. [Run] starts
// the proxies over whatever network it is given.
package haproxy

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Limits of a configuration: it is written by participants.
const (
	maxConfig  = 1 << 20
	maxProxies = 256
	maxServers = 1024
)

// Config is a configuration.
type Config struct {
	Proxies []*Proxy
}

// Proxy is a listen, frontend or backend section.
type Proxy struct {
	Kind    string // listen, frontend, backend
	Name    string
	Binds   []string // "address:port"
	Mode    string   // tcp or http
	Balance string   // roundrobin, leastconn, source
	Servers []*Server
	Stats   string // path of the statistics page, "" when there is none
	Default string // default_backend
	Connect time.Duration
	Client  time.Duration
	Backend time.Duration // timeout server
}

// Server is one line "server NAME ADDRESS".
type Server struct {
	Name     string
	Address  string
	Check    bool
	Inter    time.Duration
	Rise     int
	Fall     int
	Weight   int
	Backup   bool
	Disabled bool
}

// ignored are keywords that are accepted without an effect here.
var ignored = map[string]bool{
	"acl": true, "chroot": true, "ca-base": true, "crt-base": true, "compression": true, "cookie": true, "daemon": true,
	"description": true, "errorfile": true, "group": true, "hash-type": true, "http-check": true, "http-request": true,
	"http-response": true, "http-reuse": true, "log": true, "log-format": true, "log-tag": true, "maxconn": true, "nbproc": true,
	"nbthread": true, "option": true, "pidfile": true, "retries": true, "server-state-file": true, "spread-checks": true,
	"ssl-default-bind-ciphers": true, "ssl-default-bind-ciphersuites": true, "ssl-default-bind-options": true, "stick": true,
	"stick-table": true, "tcp-check": true, "tcp-request": true, "tune.ssl.default-dh-param": true, "ulimit-n": true, "user": true,
	"redirect": true, "monitor-uri": true, "capture": true, "rate-limit": true, "fullconn": true, "default-server": true,
}

// Parse reads a configuration. The error names every mistake with its line, as haproxy -c does.
func Parse(text string) (*Config, error) {
	if len(text) > maxConfig {
		return nil, fmt.Errorf("configuration larger than %d bytes", maxConfig)
	}
	p := &parser{config: &Config{}, defaults: &Proxy{Mode: "tcp", Balance: "roundrobin", Connect: 5 * time.Second}}
	num := 0
	for l := range strings.Lines(text) {
		num++
		words, err := split(l)
		if err != nil {
			p.fail(num, "%v", err)
			continue
		}
		if len(words) > 0 {
			p.line(num, words)
		}
	}
	p.finish()
	return p.config, errors.Join(p.bad...)
}

type parser struct {
	config   *Config
	defaults *Proxy
	at       *Proxy // the section's proxy; nil in global
	global   bool
	servers  int
	bad      []error
}

func (p *parser) fail(line int, format string, args ...any) {
	if len(p.bad) < 50 {
		p.bad = append(p.bad, fmt.Errorf("[haproxy.cfg:%d] : %s", line, fmt.Sprintf(format, args...)))
	}
}

// split takes a line apart: blanks, quotes, backslashes and comments as haproxy reads them.
func split(l string) ([]string, error) {
	var words []string
	var b strings.Builder
	in, quote := false, byte(0)
	for i := 0; i < len(l); i++ {
		switch ch := l[i]; {
		case quote == 0 && ch == '#':
			i = len(l)
		case quote == 0 && (ch == ' ' || ch == '\t' || ch == '\n' || ch == '\r'):
			if in {
				words = append(words, b.String())
				b.Reset()
				in = false
			}
		case quote == 0 && (ch == '"' || ch == '\''):
			quote, in = ch, true
		case ch == quote && quote != 0:
			quote = 0
		case ch == '\\' && quote != '\'' && i+1 < len(l):
			i++
			b.WriteByte(l[i])
			in = true
		default:
			b.WriteByte(ch)
			in = true
		}
	}
	if quote != 0 {
		return nil, errors.New("unmatched quote")
	}
	if in {
		words = append(words, b.String())
	}
	return words, nil
}

func (p *parser) line(num int, w []string) {
	switch w[0] {
	case "global":
		p.global, p.at = true, nil
		return
	case "defaults":
		p.global, p.at = false, p.defaults
		return
	case "listen", "frontend", "backend":
		p.section(num, w)
		return
	case "peers", "resolvers", "mailers", "userlist", "cache", "program":
		p.global, p.at = true, nil
		return
	}
	if p.global {
		return
	}
	if p.at == nil {
		p.fail(num, "unknown keyword '%s' out of section.", w[0])
		return
	}
	p.keyword(num, w)
}

func (p *parser) section(num int, w []string) {
	p.global = false
	p.at = &Proxy{}
	*p.at = *p.defaults
	p.at.Kind, p.at.Servers, p.at.Binds, p.at.Stats = w[0], nil, nil, p.defaults.Stats
	if len(w) < 2 {
		p.fail(num, "'%s' expects an <id> argument", w[0])
		return
	}
	p.at.Name = w[1]
	for _, o := range p.config.Proxies {
		if o.Name == p.at.Name && (o.Kind == p.at.Kind || o.Kind == "listen" || p.at.Kind == "listen") {
			p.fail(num, "Parsing [haproxy.cfg:%d]: proxy '%s' has the same name as another one.", num, o.Name)
		}
	}
	if len(p.config.Proxies) >= maxProxies {
		p.fail(num, "more than %d proxies", maxProxies)
		return
	}
	p.config.Proxies = append(p.config.Proxies, p.at)
	if len(w) > 2 && w[0] != "backend" { // the form of old: listen NAME ADDRESS:PORT
		p.bind(num, w[1:])
	}
}

func (p *parser) keyword(num int, w []string) {
	arg := ""
	if len(w) > 1 {
		arg = w[1]
	}
	switch w[0] {
	case "bind":
		p.bind(num, w)
	case "mode":
		if arg != "tcp" && arg != "http" && arg != "health" {
			p.fail(num, "unknown proxy mode '%s'.", arg)
			return
		}
		p.at.Mode = arg
	case "balance":
		if !slices.Contains([]string{"roundrobin", "static-rr", "leastconn", "source", "first", "random"}, arg) {
			p.fail(num, "balance only supports 'roundrobin', 'static-rr', 'leastconn', 'source', 'first' and 'random' here.")
			return
		}
		p.at.Balance = arg
	case "server":
		p.server(num, w)
	case "stats":
		p.stats(num, w)
	case "default_backend", "use_backend":
		if w[0] == "default_backend" || p.at.Default == "" {
			p.at.Default = arg
		}
	case "timeout":
		p.timeout(num, w)
	case "enabled":
	default:
		if !ignored[w[0]] {
			p.fail(num, "unknown keyword '%s' in '%s' section", w[0], orDefaults(p.at.Kind))
		}
	}
}

func orDefaults(kind string) string {
	if kind == "" {
		return "defaults"
	}
	return kind
}

func (p *parser) bind(num int, w []string) {
	if len(w) < 2 {
		p.fail(num, "'bind' expects {<path>|[addr1]:port1[-end1]}{,[addr]:port[-end]}... as arguments.")
		return
	}
	if p.at.Kind == "backend" || p.at.Kind == "" {
		p.fail(num, "'bind' not allowed in '%s' section.", orDefaults(p.at.Kind))
		return
	}
	for a := range strings.SplitSeq(w[1], ",") {
		host, port, err := net.SplitHostPort(a)
		n, err2 := strconv.ParseUint(port, 10, 16)
		if err != nil || err2 != nil || n == 0 {
			p.fail(num, "'bind' : invalid address: '%s' in '%s'", a, w[1])
			continue
		}
		if host == "*" {
			host = ""
		}
		p.at.Binds = append(p.at.Binds, net.JoinHostPort(host, port))
	}
}

// finish checks what only the whole file shows.
func (p *parser) finish() {
	for _, x := range p.config.Proxies {
		if x.Default == "" {
			continue
		}
		if p.config.backend(x.Default) == nil {
			p.bad = append(p.bad, fmt.Errorf("proxy '%s': unable to find required default_backend: '%s'", x.Name, x.Default))
		}
	}
}

func (c *Config) backend(name string) *Proxy {
	for _, x := range c.Proxies {
		if x.Name == name && x.Kind != "frontend" {
			return x
		}
	}
	return nil
}
