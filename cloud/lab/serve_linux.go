package lab

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"matou/cloud/sandbox"
)

func (o *Options) progress(line string) {
	if o.Progress != nil {
		o.Progress(line)
	}
}

// Supported tells whether this machine can have a lab. The error wraps [ErrUnsupported] and says what
// to do.
func Supported() error {
	release, _ := os.ReadFile("/etc/os-release") // none: no Debian
	return supported(string(release), os.Geteuid())
}

// supported looks at the system's os-release(5): Debian's derivatives name it in ID_LIKE.
func supported(release string, user int) error {
	if !debian.MatchString(release) {
		return fmt.Errorf("%w: it needs Debian or Ubuntu; use the sandbox, or another machine", ErrUnsupported)
	}
	if user != 0 {
		return fmt.Errorf("%w: it needs root: sudo matou lab up", ErrUnsupported)
	}
	return needTools("ip", "nsenter", "bash", "sleep")
}

var debian = regexp.MustCompile(`(?m)^ID(_LIKE)?="?([a-z]+ )*debian\b`)

// packages are where tools come from.
var packages = map[string]string{
	"ip": "iproute2", "nsenter": "util-linux", "mount": "mount", "mkfs.ext4": "e2fsprogs", "mmdebstrap": "mmdebstrap",
	"bash": "bash", "sleep": "coreutils", "chroot": "coreutils", "dpkg-deb": "dpkg",
}

// needTools tells which programs are missing, and how to get them.
func needTools(names ...string) error {
	var missing []string
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			missing = append(missing, packages[name])
		}
	}
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	return fmt.Errorf("%w: a program is missing: apt-get install %s", ErrUnsupported, strings.Join(slices.Compact(missing), " "))
}

// Build makes the images of a workshop that are not there yet. Building takes minutes; nothing is
// left of a build that is interrupted.
func Build(ctx context.Context, o Options) error {
	b, err := o.builder()
	if err != nil {
		return err
	}
	var names []string
	for name := range b.recipe.images {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, c string) int {
		// the first layer first; the rest in the order of how much stands below them
		x, _ := b.recipe.chain(a)
		y, _ := b.recipe.chain(c)
		if len(x) != len(y) {
			return len(x) - len(y)
		}
		return strings.Compare(a, c)
	})
	return b.ensure(ctx, names)
}

func (o *Options) builder() (*builder, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	if err := Supported(); err != nil {
		return nil, err
	}
	r, sources, err := o.recipe()
	if err != nil {
		return nil, err
	}
	return &builder{dir: o.images(), recipe: r, sources: sources, progress: o.progress}, nil
}

// recipe is what the workshop's images are made of: its recipe, and the sources of their packages.
func (o *Options) recipe() (*recipe, []byte, error) {
	r, err := loadRecipe(o.Workshop)
	if err != nil {
		return nil, nil, err
	}
	sources, err := debianSources(o.Sources)
	if err != nil {
		return nil, nil, err
	}
	return r, sources, nil
}

// Serve runs a lab until ctx ends: its servers then stop, and are there again when it is next served.
// ready is called when all of it answers. The images must have been built. The error wraps
// [ErrRunning] when another process serves it.
func Serve(ctx context.Context, o Options, ready func(Info)) (err error) {
	b, err := o.builder()
	if err != nil {
		return err
	}
	dir := o.folder()
	if err := os.MkdirAll(filepath.Join(dir, machinesDir), 0o755); err != nil {
		return fmt.Errorf("serve lab: %w", err)
	}
	lock := flock.New(filepath.Join(dir, lockFile))
	ok, err := lock.TryLock()
	if err != nil || !ok {
		return fmt.Errorf("serve lab %s: %w", o.name(), errors.Join(ErrRunning, err))
	}
	defer lock.Close()
	if err := os.Remove(filepath.Join(dir, goingFile)); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a removal that was interrupted
		return fmt.Errorf("serve lab: %w", err)
	}
	self, err := identify(os.Getpid())
	if err == nil {
		err = self.save(filepath.Join(dir, serverFile))
	}
	if err != nil {
		return fmt.Errorf("serve lab: %w", err)
	}
	// What runs here for machines ends after all of them have ended.
	doors, closeDoors := context.WithCancel(context.WithoutCancel(ctx))
	defer closeDoors()
	ms := &machines{place: o.Place, images: b, limits: newLimiter(cgroupRoot, o.Place), doors: doors, disks: canDisk() == nil, served: make(chan struct{})}
	defer func() { err = errors.Join(err, ms.leave()) }()
	if err := ms.settle(ctx); err != nil {
		return fmt.Errorf("serve lab: %w", err)
	}
	world, err := sandbox.Start(context.WithoutCancel(ctx), sandbox.Options{
		Workshop: o.Workshop, World: o.World, Dir: filepath.Join(dir, worldDir), Listen: o.Listen, Seats: o.Seats, Machines: ms,
	})
	if err != nil {
		return fmt.Errorf("serve lab: %w", err)
	}
	defer func() { err = errors.Join(err, world.Close()) }()
	info, err := ms.info(o, world, self)
	if err != nil {
		return fmt.Errorf("serve lab: %w", err)
	}
	defer os.Remove(filepath.Join(dir, infoFile))
	if ready != nil {
		ready(info)
	}
	<-ctx.Done()
	return nil
}

// settle makes the lab's network, when it is not there any more. Machines of an older one, which a
// crash may have left, could not reach anything: they are stopped.
func (ms *machines) settle(ctx context.Context) error {
	if !loadProcess(filepath.Join(ms.place.folder(), netFile)).alive() {
		if err := stopMachines(ctx, ms.place, ms.limits); err != nil {
			return err
		}
	}
	var err error
	ms.net, err = openNet(ctx, ms.place)
	return err
}

// leave takes back what settle made, when no machine needs it any more.
func (ms *machines) leave() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if err := ms.net.kill(ctx); err != nil {
		return err
	}
	return ms.limits.close(ctx)
}

// info writes down where the lab is.
func (ms *machines) info(o Options, world *sandbox.Sandbox, self process) (Info, error) {
	api := strings.TrimPrefix(world.AuthURL(), "http://")
	api, _, _ = strings.Cut(api, "/")
	ms.api = api
	close(ms.served)
	dir := o.folder()
	born, err := os.ReadFile(filepath.Join(dir, bornFile))
	if err != nil {
		born = []byte(strings.ToLower(rand.Text()[:8]))
		if err := os.WriteFile(filepath.Join(dir, bornFile), born, 0o644); err != nil {
			return Info{}, err
		}
	}
	params := world.Params()
	info := Info{
		Name: o.name(), Born: string(born), Workshop: o.Label, Process: self.pid, Start: self.start, Since: time.Now().UTC().Truncate(time.Second),
		AuthURL: world.AuthURL(), SSH: net.JoinHostPort(params["sandbox.ssh.host"], params["sandbox.ssh.port"]),
		Params: map[string]string{}, Missing: ms.limits.missing(),
	}
	for name, value := range params {
		if !strings.HasSuffix(name, "password") && name != "sandbox.dir" {
			info.Params[name] = value
		}
	}
	if !ms.disks {
		info.Missing = append(info.Missing, "no disk limit for a server: this machine has no loop devices, or no mkfs.ext4")
	}
	slices.Sort(info.Missing)
	if err := world.WriteFiles(filepath.Join(dir, clientDir)); err != nil {
		return Info{}, err
	}
	data, err := json.MarshalIndent(info, "", "  ")
	if err != nil {
		return Info{}, err
	}
	return info, writeFile(filepath.Join(dir, infoFile), append(data, '\n'), 0o644)
}
