package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// closeTimeout bounds how long the process that serves a lab may take to end by itself.
const closeTimeout = 20 * time.Second

// Down removes a lab: the process that serves it, its machines, its network, its files. It does so
// whatever state the lab is in, and does nothing where there is none. Images stay, for the next lab;
// see [RemoveImages].
func Down(ctx context.Context, p Place) error {
	if err := p.Check(); err != nil {
		return err
	}
	dir := p.folder()
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("%w: it needs root: sudo matou lab down", ErrUnsupported)
	}
	if err := os.WriteFile(filepath.Join(dir, goingFile), nil, 0o600); err != nil {
		return fmt.Errorf("remove lab %s: %w", p.name(), err)
	}
	if err := endServer(ctx, p); err != nil {
		return fmt.Errorf("remove lab %s: %w", p.name(), err)
	}
	limits := newLimiter(cgroupRoot, p)
	if err := stopMachines(ctx, p, limits); err != nil {
		return fmt.Errorf("remove lab %s: %w", p.name(), err)
	}
	// With its last process, the network ends.
	if err := loadProcess(filepath.Join(dir, netFile)).kill(ctx); err != nil {
		return fmt.Errorf("remove lab %s: %w", p.name(), err)
	}
	if err := errors.Join(limits.close(ctx), os.RemoveAll(dir)); err != nil {
		return fmt.Errorf("remove lab %s: %w", p.name(), err)
	}
	_ = os.Remove(filepath.Dir(dir)) // unless there are other labs
	return nil
}

// endServer ends the process that serves the lab: politely, then not.
func endServer(ctx context.Context, p Place) error {
	server := loadProcess(filepath.Join(p.folder(), serverFile))
	if !server.alive() {
		return nil
	}
	if err := server.signal(syscall.SIGTERM); err != nil {
		return err
	}
	wait, cancel := context.WithTimeout(ctx, closeTimeout)
	defer cancel()
	for server.alive() {
		if !sleep(wait, 10*time.Millisecond) {
			return server.kill(ctx)
		}
	}
	return nil
}

// stopMachines ends all machines of a lab, by what is written about them.
func stopMachines(ctx context.Context, p Place, limits *limiter) error {
	root := filepath.Join(p.folder(), machinesDir)
	entries, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, closeTimeout)
	defer cancel()
	var errs []error
	for _, e := range entries {
		m := loadProcess(filepath.Join(root, e.Name(), processPid))
		errs = append(errs, m.kill(ctx), limits.release(ctx, e.Name()))
	}
	return errors.Join(errs...)
}
