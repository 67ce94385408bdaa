package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Machines lists the machines of a lab, running or not, for people. It needs root.
func Machines(p Place) ([]MachineState, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	root := filepath.Join(p.folder(), machinesDir)
	entries, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list machines: %w", err)
	}
	limits := newLimiter(p)
	var list []MachineState
	for _, e := range entries {
		dir := filepath.Join(root, e.Name())
		proc := loadProcess(filepath.Join(dir, processPid))
		s := MachineState{ID: e.Name(), Disk: diskUse(dir), Memory: -1}
		if proc.alive() {
			s.Running, s.Memory = true, limits.memory(e.Name())
			s.PID = proc.pid
		}
		list = append(list, s)
	}
	return list, nil
}

// Images lists the layers that were built, in any lab's name.
func Images(dir string) ([]Layer, error) {
	root := Place{Dir: dir}.images()
	entries, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list images: %w", err)
	}
	var list []Layer
	for _, e := range entries {
		took, err := os.ReadFile(filepath.Join(root, e.Name(), doneFile))
		if err == nil {
			list = append(list, Layer{Name: e.Name(), Took: strings.TrimSpace(string(took)), Size: diskUse(filepath.Join(root, e.Name()))})
		}
	}
	return list, nil
}

// RemoveImages removes all images. The error wraps [ErrRunning] while a lab may be using them.
func RemoveImages(dir string) error {
	if names := Labs(dir); len(names) > 0 {
		return fmt.Errorf("remove images: there are labs: %s: %w", strings.Join(names, ", "), ErrRunning)
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("%w: it needs root", ErrUnsupported)
	}
	p := Place{Dir: dir}
	if err := os.RemoveAll(p.images()); err != nil {
		return fmt.Errorf("remove images: %w", err)
	}
	_ = os.Remove(p.base()) // unless something else is in it
	return nil
}
