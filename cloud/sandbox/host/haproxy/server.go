package haproxy

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

func (p *parser) server(num int, w []string) {
	if len(w) < 3 {
		p.fail(num, "'server' expects <name> and <addr>[:<port>] as arguments.")
		return
	}
	if p.at.Kind == "frontend" || p.at.Kind == "" {
		p.fail(num, "'server' not allowed in '%s' section.", orDefaults(p.at.Kind))
		return
	}
	if p.servers++; p.servers > maxServers {
		p.fail(num, "more than %d servers", maxServers)
		return
	}
	s := &Server{Name: w[1], Address: w[2], Inter: 2 * time.Second, Rise: 2, Fall: 3, Weight: 1}
	if _, port, err := net.SplitHostPort(s.Address); err != nil || port == "" {
		p.fail(num, "'server %s' : invalid address: '%s' (missing port)", s.Name, s.Address)
		return
	}
	for _, o := range p.at.Servers {
		if o.Name == s.Name {
			p.fail(num, "server '%s' : another server named '%s' was already defined", s.Name, s.Name)
		}
	}
	p.options(num, s, w[3:])
	p.at.Servers = append(p.at.Servers, s)
}

func (p *parser) options(num int, s *Server, w []string) {
	for i := 0; i < len(w); i++ {
		value := func() string {
			if i++; i < len(w) {
				return w[i]
			}
			return ""
		}
		switch w[i] {
		case "check":
			s.Check = true
		case "no-check":
			s.Check = false
		case "backup":
			s.Backup = true
		case "disabled":
			s.Disabled = true
		case "inter", "fastinter", "downinter":
			key := w[i]
			d, err := duration(value())
			if err != nil {
				p.fail(num, "server %s: %s: %v", s.Name, key, err)
			} else if key == "inter" {
				s.Inter = d
			}
		case "rise", "fall", "weight":
			key := w[i]
			n, err := strconv.Atoi(value())
			if err != nil || n < 0 || n > 65535 {
				p.fail(num, "server %s: '%s' expects a number", s.Name, key)
				continue
			}
			*map[string]*int{"rise": &s.Rise, "fall": &s.Fall, "weight": &s.Weight}[key] = n
		case "maxconn", "minconn", "maxqueue", "cookie", "port", "addr", "slowstart", "id", "source", "on-error", "on-marked-down":
			value()
		case "send-proxy", "send-proxy-v2", "enabled", "non-stick", "agent-check":
		default:
			p.fail(num, "'server %s' : unknown keyword '%s'.", s.Name, w[i])
		}
	}
}

func (p *parser) stats(num int, w []string) {
	if len(w) < 2 {
		p.fail(num, "'stats' expects 'enable', 'uri', ...")
		return
	}
	switch w[1] {
	case "enable":
		if p.at.Stats == "" {
			p.at.Stats = "/haproxy?stats"
		}
	case "uri":
		if len(w) < 3 || !strings.HasPrefix(w[2], "/") {
			p.fail(num, "'stats uri' needs an URI prefix.")
			return
		}
		p.at.Stats = w[2]
	case "refresh", "realm", "auth", "hide-version", "show-legends", "show-node", "show-desc", "admin", "scope", "socket", "timeout", "http-request":
	default:
		p.fail(num, "unknown stats parameter '%s' (expects 'hide-version', 'uri', 'realm', 'auth' or 'enable').", w[1])
	}
}

func (p *parser) timeout(num int, w []string) {
	if len(w) < 3 {
		p.fail(num, "'timeout' expects a name and a value.")
		return
	}
	d, err := duration(w[2])
	if err != nil {
		p.fail(num, "timeout %s: %v", w[1], err)
		return
	}
	switch w[1] {
	case "connect":
		p.at.Connect = d
	case "client":
		p.at.Client = d
	case "server":
		p.at.Backend = d
	case "check", "queue", "http-request", "http-keep-alive", "tunnel", "tarpit", "client-fin", "server-fin":
	default:
		p.fail(num, "'timeout' : unknown timeout '%s'", w[1])
	}
}

// duration reads a time with haproxy's units; milliseconds when there is none.
func duration(s string) (time.Duration, error) {
	units := []struct {
		suffix string
		unit   time.Duration
	}{{"us", time.Microsecond}, {"ms", time.Millisecond}, {"s", time.Second}, {"m", time.Minute}, {"h", time.Hour}, {"d", 24 * time.Hour}, {"", time.Millisecond}}
	for _, u := range units {
		text, ok := strings.CutSuffix(s, u.suffix)
		if !ok {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > 1<<31 {
			break
		}
		return min(time.Duration(n)*u.unit, 24*24*time.Hour), nil
	}
	return 0, fmt.Errorf("invalid time %q", s)
}
