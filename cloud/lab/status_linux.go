package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
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
	limits := newLimiter(cgroupRoot, p)
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

// Images lists the layers that were built, in any lab's name, for a workshop or another.
func Images(o Options) ([]Layer, error) {
	root := o.images()
	entries, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list images: %w", err)
	}
	current, err := o.current()
	if err != nil {
		return nil, fmt.Errorf("list images: %w", err)
	}
	mounted := mountedLayers(root)
	var list []Layer
	for _, e := range entries {
		took, err := os.ReadFile(filepath.Join(root, e.Name(), doneFile))
		if err == nil {
			list = append(list, Layer{
				Name: e.Name(), Took: strings.TrimSpace(string(took)), Size: diskUse(filepath.Join(root, e.Name())),
				Current: current[e.Name()], Used: mounted[e.Name()],
			})
		}
	}
	return list, nil
}

// current is the names of the layers that the workshop's recipe makes.
func (o *Options) current() (map[string]bool, error) {
	r, sources, err := o.recipe()
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for name := range r.images {
		all, err := r.layers(name, sources)
		if err != nil {
			return nil, err
		}
		for _, l := range all {
			names[l.id] = true
		}
	}
	return names, nil
}

// mountedLayers is the names of the layers that the root of some process stands on: an overlay's
// options, in mountinfo (proc(5)), name them.
func mountedLayers(root string) map[string]bool {
	used := map[string]bool{}
	infos, _ := filepath.Glob("/proc/[0-9]*/mountinfo")
	for _, name := range infos {
		data, _ := os.ReadFile(name) // its process may have ended
		for part := range strings.SplitSeq(string(data), root+"/") {
			if layer, _, ok := strings.Cut(part, "/tree"); ok && !strings.ContainsAny(layer, " \n/") {
				used[layer] = true
			}
		}
	}
	return used
}

// Prune removes the layers that are neither current nor used, and what is left of builds that were
// interrupted. It returns what it removed.
func Prune(ctx context.Context, o Options) ([]Layer, error) {
	if err := Supported(); err != nil {
		return nil, err
	}
	root := o.images()
	if _, err := os.Stat(root); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	lock := flock.New(filepath.Join(root, lockFile))
	if ok, err := lock.TryLockContext(ctx, 500*time.Millisecond); !ok {
		return nil, fmt.Errorf("remove old images: wait for a build: %w", err)
	}
	defer lock.Close()
	list, err := Images(o)
	if err != nil {
		return nil, err
	}
	halves, _ := filepath.Glob(filepath.Join(root, buildingPrefix+"*"))
	var gone []Layer
	var errs []error
	for _, half := range halves {
		errs = append(errs, os.RemoveAll(half))
	}
	for _, l := range list {
		if l.Current || l.Used {
			continue
		}
		name := filepath.Join(root, l.Name)
		// What was built to its end is no image any more before its files begin to go.
		err := os.Remove(filepath.Join(name, doneFile))
		if err == nil {
			err = os.RemoveAll(name)
		}
		if err == nil {
			_ = os.Remove(name + ".log")
			gone = append(gone, l)
		}
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return gone, fmt.Errorf("remove old images: %w", err)
	}
	return gone, nil
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
