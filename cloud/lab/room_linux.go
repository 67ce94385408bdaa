package lab

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"matou/cloud/sandbox"
)

// promise is memory that a machine booted just now will take in a moment.
type promise struct {
	memory int
	until  time.Time
}

// What has to stay free for the host, and how long a new machine may take to use its memory.
const (
	spareMemory = 256 // MiB
	spareDisk   = 1   // GiB
	settling    = 90 * time.Second
)

// room tells whether one more machine fits: by what its image really takes, and by what is free.
func (m *machine) room() error {
	need := hostMemory
	if im := m.images.recipe.images[m.spec.Image]; im != nil && im.Memory > 0 {
		need = im.Memory
	}
	ms := m.machines
	ms.mu.Lock()
	defer ms.mu.Unlock()
	now := time.Now()
	ms.recent = slices.DeleteFunc(ms.recent, func(p promise) bool { return p.until.Before(now) })
	free := freeMemory()
	for _, p := range ms.recent {
		free -= p.memory
	}
	if free < need+spareMemory {
		return fmt.Errorf("%w: %d MiB of memory are free, %s takes %d", sandbox.ErrNoRoom, free, m.spec.Image, need)
	}
	var st unix.Statfs_t
	if err := unix.Statfs(ms.place.folder(), &st); err == nil && st.Bavail*uint64(st.Bsize) < 2*spareDisk<<30 {
		return fmt.Errorf("%w: the disk with %s is full", sandbox.ErrNoRoom, ms.place.folder())
	}
	ms.recent = append(ms.recent, promise{memory: need, until: now.Add(settling)})
	return nil
}

// freeMemory is how many MiB the host has left (MemAvailable, proc_meminfo(5)).
func freeMemory() int {
	data, _ := os.ReadFile("/proc/meminfo")
	for line := range strings.Lines(string(data)) {
		var kib int
		if _, err := fmt.Sscanf(line, "MemAvailable: %d kB", &kib); err == nil {
			return kib >> 10
		}
	}
	return 0
}
