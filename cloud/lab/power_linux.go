package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"syscall"
	"time"
)

// Reboot implements [sandbox.Machine].
func (m *machine) Reboot(ctx context.Context) error {
	if err := m.Shutdown(ctx); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.start(ctx); err != nil {
		return err
	}
	return m.openDoors(ctx)
}

// offFile is what a machine leaves when it has ended its services: see recipe/files/off.
const offFile = "run/off"

// PowerOff implements [sandbox.Orderly]: it presses the button, and waits until the services have
// ended. What keeps running, or a machine whose root has other ideas, is no reason to wait for longer
// than ctx. A lab that is being removed keeps nothing, so there is nothing to wait for.
func (m *machine) PowerOff(ctx context.Context) {
	p := m.process()
	if _, err := os.Stat(filepath.Join(m.place.folder(), goingFile)); err == nil || !p.alive() {
		return
	}
	// Its root is not to be trusted with our paths: a link in it must not lead out of it.
	root, err := os.OpenRoot(p.file("root"))
	if err != nil {
		return
	}
	defer root.Close()
	_ = root.Remove(offFile)
	if err := p.signal(syscall.SIGINT); err != nil {
		return
	}
	for p.alive() {
		if _, err := root.Lstat(offFile); err == nil || !sleep(ctx, 20*time.Millisecond) {
			return
		}
	}
}

// Shutdown implements [sandbox.Machine]. It pulls the plug: what was written is written, for it is
// the host that keeps it.
func (m *machine) Shutdown(ctx context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range m.doors {
		d.close()
	}
	m.doors = nil
	if err := m.proc.kill(ctx); err != nil {
		return err
	}
	if err := os.Remove(m.file(processPid)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return m.limits.release(ctx, m.spec.ID)
}

// Forget implements [sandbox.Machines].
func (ms *machines) Forget(id string) error {
	if path.Base(id) != id || id == "." || id == ".." {
		return fmt.Errorf("forget machine %q: not a name", id)
	}
	if err := os.RemoveAll(filepath.Join(ms.place.folder(), machinesDir, id)); err != nil {
		return fmt.Errorf("forget machine: %w", err)
	}
	return nil
}
