package sandbox

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/go-git/go-billy/v5"
	"github.com/go-git/go-billy/v5/memfs"
	"github.com/go-git/go-billy/v5/osfs"

	"matou/cloud/sandbox/host"
	"matou/cloud/sandbox/puppet"
)

// machines boots virtual hosts: the machines of a real sandbox.
type machines struct {
	base host.Config   // what all of them share
	dir  string        // their trees are in folders of it; "" is memory
	up   chan struct{} // closed when those that were there before are back

	mu     sync.Mutex
	memory map[string]billy.Filesystem // trees of a world in memory, so that a stopped server keeps its own
}

func newMachines(o *Options, dir string) (*machines, error) {
	world, err := fs.Sub(o.Workshop, o.World)
	if err != nil {
		return nil, fmt.Errorf("open world: %w", err)
	}
	images, err := fs.Sub(world, "images")
	if err != nil {
		return nil, fmt.Errorf("open images: %w", err)
	}
	sim, err := puppet.Load(world, o.Workshop)
	if err != nil {
		return nil, fmt.Errorf("load puppet: %w", err)
	}
	m := &machines{dir: dir, up: make(chan struct{}), memory: map[string]billy.Filesystem{}}
	m.base = host.Config{
		Images: images, Packages: world, Workshop: o.Workshop, Net: host.NewNet(),
		Pace: o.Pace, Faults: o.Faults, Puppet: sim, Up: m.up,
	}
	return m, nil
}

// tree is where a machine's files are.
func (m *machines) tree(id string) (billy.Filesystem, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dir == "" {
		if m.memory[id] == nil {
			m.memory[id] = memfs.New()
		}
		return m.memory[id], nil
	}
	dir := filepath.Join(m.dir, hostsFolder, id)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return osfs.New(dir, osfs.WithBoundOS()), nil
}

func (m *machines) boot(ctx context.Context, spec machineSpec) (machine, error) {
	tree, err := m.tree(spec.ID)
	if err != nil {
		return nil, err
	}
	c := m.base
	c.FS, c.Name, c.Address, c.Image = tree, spec.Name, spec.Address, spec.Image
	c.Users, c.Keys, c.UserData = spec.Users, spec.Keys, spec.UserData
	c.Env, c.Files, c.Always, c.Dial = spec.Env, spec.Files, spec.Always, spec.Dial
	if spec.Tools {
		c.Commands = map[string]host.Program{"nova": tool(novaTool), "openstack": tool(openstackTool)}
	}
	h, err := host.Boot(ctx, c)
	if err != nil {
		return nil, err
	}
	return h, nil
}

// forget removes the tree of a machine that is gone.
func (m *machines) forget(id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.memory, id)
	if m.dir == "" || id == "" {
		return nil
	}
	return os.RemoveAll(filepath.Join(m.dir, hostsFolder, filepath.Base(id)))
}

// tool makes a program of a host out of a client.
func tool(run func(context.Context, *toolRun) int) host.Program {
	return func(ctx context.Context, p *host.Process) int {
		return run(ctx, &toolRun{
			args: p.Args[1:], env: p.Getenv, stdout: p.Stdout, stderr: p.Stderr,
			readFile: func(name string) ([]byte, error) { return p.FS.ReadFile(p.Path(name)) },
		})
	}
}
