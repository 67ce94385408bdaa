package lab

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// What callers must tell apart.
var (
	// ErrUnsupported says that this machine can't have a lab, and what to do.
	ErrUnsupported = errors.New("no lab here")
	// ErrNotRunning says that there is no lab of that name.
	ErrNotRunning = errors.New("no lab is running")
	// ErrRunning says that there is one already.
	ErrRunning = errors.New("the lab is running")
	// ErrFetch says that a package of an image can't be had: that is the network's fault, or the
	// package source's, not the recipe's.
	ErrFetch = errors.New("packages can't be fetched: look at this machine's network and proxy, or name another source with --sources")
)

// DefaultDir is where labs and images are kept.
const DefaultDir = "/var/lib/matou"

// DefaultName is the lab that is meant when none is named.
const DefaultName = "lab"

// Place says which lab is meant. The zero value is the default one.
type Place struct {
	Dir  string // "" is [DefaultDir]
	Name string // "" is [DefaultName]
}

// Options say which lab to serve.
type Options struct {
	Place
	Workshop fs.FS  // the workshop's folder, with lab/lab.yaml in it
	Label    string // the workshop's name
	World    string // folder in it with world.yaml; "" is "sandbox"
	Seats    int    // how many seats ssh_config names; 0 is 9. Any of 1 to 99 can be used.
	Sources  string // file with apt's package sources; "" is this machine's, or debian.org
	Listen   string // "" is 127.0.0.1
	// Progress is told what takes long, a line at a time. It may be nil.
	Progress func(string)
}

// Check refuses names that can't be part of a path, a link and a cgroup.
func (p Place) Check() error {
	name := p.name()
	if len(name) > 20 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || name[0] == '-' {
		return fmt.Errorf("lab %q: only lower-case letters, digits and dashes, 20 at most, not beginning with a dash", name)
	}
	return nil
}

func (p Place) name() string {
	if p.Name == "" {
		return DefaultName
	}
	return p.Name
}

func (p Place) base() string {
	if p.Dir == "" {
		return DefaultDir
	}
	return p.Dir
}

// Group names the lab's cgroups, and the process that holds its network. Labs of one name may be in
// several folders.
func (p Place) Group() string {
	group := "matou-lab-" + p.name()
	if p.base() != DefaultDir {
		group += fmt.Sprintf("-%x", sha256.Sum256([]byte(p.folder())))[:7]
	}
	return group
}

// folder is the lab's own, images the one that all labs share.
func (p Place) folder() string { return filepath.Join(p.base(), "labs", p.name()) }
func (p Place) images() string { return filepath.Join(p.base(), "images") }

// The files of a lab's folder.
const (
	infoFile     = "lab.json"
	bornFile     = "born"
	lockFile     = "lock"
	goingFile    = "going" // the lab is being removed
	netFile      = "net"
	serverFile   = "server"
	worldDir     = "world"
	clientDir    = "client" // openrc, clouds.yaml and ssh_config for other programs
	machinesDir  = "machines"
	processPid   = "pid"
	processReady = "ready"
)

// Info is what other programs need to use a running lab. It holds no secret.
type Info struct {
	Name     string
	Born     string // changes each time the lab is made anew: progress belongs to one of them
	Workshop string
	Process  int
	Start    string // tells it from another process of that number
	Since    time.Time
	AuthURL  string
	SSH      string            // the jumphost's address, host:port
	Params   map[string]string // values for a workshop's templates
	Missing  []string          // what this machine can't do, one sentence each
}

// Find reads where a running lab is. The error wraps [ErrNotRunning] when none of that name runs.
func Find(p Place) (Info, error) {
	var info Info
	if err := p.Check(); err != nil {
		return info, err
	}
	data, err := os.ReadFile(filepath.Join(p.folder(), infoFile))
	if errors.Is(err, fs.ErrNotExist) {
		return info, fmt.Errorf("find lab %s: %w", p.name(), ErrNotRunning)
	}
	if err == nil {
		err = json.Unmarshal(data, &info)
	}
	if err != nil {
		return info, fmt.Errorf("find lab %s: %w", p.name(), err)
	}
	if now, err := identify(info.Process); err != nil || now.start != info.Start {
		return info, fmt.Errorf("find lab %s: process %d has ended: %w", p.name(), info.Process, ErrNotRunning)
	}
	return info, nil
}

// Labs lists the names of the labs that there are, running or not, sorted.
func Labs(dir string) []string {
	entries, _ := os.ReadDir(filepath.Dir(Place{Dir: dir}.folder())) // none: no labs
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names
}

// writeFile replaces a file as a whole.
func writeFile(name string, data []byte, mode fs.FileMode) error {
	tmp := name + ".new"
	if err := os.WriteFile(tmp, data, mode); err != nil {
		return err
	}
	return os.Rename(tmp, name)
}

// MachineState is a machine as [Machines] lists it.
type MachineState struct {
	ID      string // the server's, or "jumphost", or "container-" and the seat
	Running bool
	PID     int // its init, as the host sees it
	Memory  int // MiB; -1 when not known
	Disk    int // MiB
}

// Layer is a layer of an image.
type Layer struct {
	Name    string // the image, and the hash of its recipe
	Took    string // how long it took to build
	Size    int    // MiB
	Current bool   // the workshop's recipe makes this one; an older recipe, or another workshop's, made the others
	Used    bool   // a server runs on it
}
