package host

import (
	"context"
	"fmt"
	"net"
	"strings"

	"matou/cloud/sandbox/host/haproxy"
	"matou/cloud/sandbox/host/tree"
)

func (h *Host) proxyConfig(file string) (*haproxy.Config, error) {
	if file == "" {
		file = "/etc/haproxy/haproxy.cfg"
	}
	data, err := h.tree.Root().ReadFile(file)
	if err != nil {
		return nil, err
	}
	return haproxy.Parse(string(data))
}

// prepareProxy reads the configuration: with a bad one haproxy does not start.
func (h *Host) prepareProxy(s *service) (func(ctx context.Context), error) {
	config, err := h.proxyConfig(s.unit.Config)
	if err != nil {
		h.Log("haproxy", "[ALERT] "+err.Error())
		return nil, fmt.Errorf("haproxy: %w", err)
	}
	b, err := h.runProxy(config)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) {
		close(s.ready)
		h.followReloads(ctx, s, b)
	}, nil
}

func (h *Host) runProxy(c *haproxy.Config) (*haproxy.Balancer, error) {
	b, err := haproxy.Run(c, haproxy.Network{
		Listen: func(at string) (net.Listener, error) { return h.Listen(at, "haproxy") },
		Dial:   h.Dial,
		Log:    func(line string) { h.Log("haproxy", line) },
	}, 1024)
	if err != nil {
		h.Log("haproxy", "[ALERT] "+err.Error())
		return nil, fmt.Errorf("haproxy: %w", err)
	}
	for _, p := range c.Proxies {
		h.Log("haproxy", fmt.Sprintf("Proxy %s started.", p.Name))
	}
	return b, nil
}

// followReloads keeps a balancer until the service ends. A reload with a bad configuration leaves
// the running one in place.
func (h *Host) followReloads(ctx context.Context, s *service, b *haproxy.Balancer) {
	defer func() { b.Close() }()
	for {
		select {
		case <-ctx.Done():
			return
		case r := <-s.reload:
			config, err := h.proxyConfig(s.unit.Config)
			if err != nil {
				h.Log("haproxy", "[ALERT] "+err.Error())
				r <- fmt.Errorf("haproxy: %w", err)
				continue
			}
			b.Close()
			next, err := h.runProxy(config)
			if err != nil {
				r <- err
				return
			}
			b = next
			r <- nil
		}
	}
}

// haproxyProgram is haproxy -c -f FILE and -v.
func haproxyProgram(_ context.Context, p *Process) int {
	file := "/etc/haproxy/haproxy.cfg"
	check := false
	for i, a := range p.Args {
		switch a {
		case "-v", "-vv":
			p.printf("HAProxy version 2.6.12-1 2023/12/16 - https://haproxy.org/\n")
			return 0
		case "-c":
			check = true
		case "-f":
			if i+1 < len(p.Args) {
				file = tree.Clean(p.Dir, p.Args[i+1])
			}
		}
	}
	if !check {
		return p.Fail(1, "start it as a service: service haproxy start")
	}
	if _, err := p.Host.proxyConfig(file); err != nil {
		for l := range strings.SplitSeq(err.Error(), "\n") {
			fmt.Fprintf(p.Stderr, "[ALERT]    (%d) : config : %s\n", p.PID, l)
		}
		fmt.Fprintf(p.Stderr, "[ALERT]    (%d) : config : Fatal errors found in configuration.\n", p.PID)
		return 1
	}
	p.printf("Configuration file is valid\n")
	return 0
}
