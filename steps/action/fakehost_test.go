package action

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"sync"

	"matou/steps"
)

// reply is how a host answers a command line.
type reply struct {
	exit  int
	lines []string
	err   error
}

// host is a far end in memory: files, and answers to command lines that contain a text, each used
// once, the last one for ever.
type host struct {
	mu      sync.Mutex
	name    string
	files   map[string]string
	replies map[string][]reply
	ran     []string
	ids     []string // of what ran once
	dial    func(ctx context.Context, network, addr string) (net.Conn, error)
	writes  int
}

func (h *host) Run(ctx context.Context, line string, out func(string, bool)) (int, error) {
	h.mu.Lock()
	h.ran = append(h.ran, line)
	var r reply
	for part, replies := range h.replies {
		if strings.Contains(line, part) {
			r = replies[0]
			if len(replies) > 1 {
				h.replies[part] = replies[1:]
			}
			break
		}
	}
	h.mu.Unlock()
	for _, l := range r.lines {
		out(l, false)
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	return r.exit, r.err
}

// RunOnce is Run, with the id noted before the line.
func (h *host) RunOnce(ctx context.Context, id, line string, out func(string)) (int, error) {
	h.mu.Lock()
	h.ids = append(h.ids, id)
	h.mu.Unlock()
	return h.Run(ctx, line, func(text string, _ bool) { out(text) })
}

func (h *host) ReadFile(_ context.Context, path string, _ int) ([]byte, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	text, ok := h.files[path]
	if !ok {
		return nil, steps.Failf(steps.FailNotFound, "%s: read %s: %w", h.name, path, fs.ErrNotExist)
	}
	return []byte(text), nil
}

func (h *host) WriteFile(_ context.Context, path string, data []byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.files[path] = string(data)
	h.writes++
	return nil
}

func (h *host) Identity(context.Context) (Identity, error) {
	return Identity{User: "root", Hostname: h.name, Fingerprint: "SHA256:" + h.name, Verified: "console"}, nil
}

func (h *host) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	return h.dial(ctx, network, addr)
}

func (h *host) Follow(ctx context.Context, path string, lines int, out func(string, bool)) error {
	out(fmt.Sprintf("%s, %d lines", path, lines), false)
	out("after the connection was lost", true)
	<-ctx.Done()
	return ctx.Err()
}

// hosts are the hosts of a workshop by the name of their hop.
type hosts struct {
	mu        sync.Mutex
	byName    map[string]*host
	opened    [][]Hop
	forgotten [][]Hop
	openErr   error
}

func (h *hosts) Open(_ context.Context, chain []Hop, _ steps.Output) (Host, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.openErr != nil {
		return nil, h.openErr
	}
	h.opened = append(h.opened, chain)
	return h.byName[chain[len(chain)-1].Name], nil
}

func (h *hosts) Forget(chain []Hop) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.forgotten = append(h.forgotten, chain)
	return nil
}

func (h *hosts) host(name string) *host {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.byName[name]
}
