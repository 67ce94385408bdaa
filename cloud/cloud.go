// Package cloud holds the nouns every cloud Matou talks to has in common: [Server], [Flavor],
// [Image], [Network], [Quota], [Fault], and the errors a cloud answers with.
//
// The words and the shapes are OpenStack's (Compute API v2.1, Image API v2, Networking API v2.0).
// Nothing here speaks HTTP or SSH: cloud/openstack fills these values from a real API or from the
// sandbox, which serves the same API; the screen reads them.
package cloud

import (
	"net/netip"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Status is a server's status as the Compute API words it.
type Status string

// The statuses Matou acts on. A cloud may answer others; they are shown as they come.
// See https://docs.openstack.org/api-guide/compute/server_concepts.html.
const (
	StatusBuild   Status = "BUILD"
	StatusActive  Status = "ACTIVE"
	StatusError   Status = "ERROR"
	StatusShutoff Status = "SHUTOFF"
	StatusReboot  Status = "REBOOT"
	StatusDeleted Status = "DELETED"
)

// Settled tells whether the status no longer changes by itself.
func (s Status) Settled() bool { return s != StatusBuild && s != StatusReboot }

// Fault says why a server is in ERROR: the text an instance fault carries.
type Fault struct {
	Code    int
	Message string
	Details string // only for administrators
	Created time.Time
}

// Address is one address of a server on one network.
type Address struct {
	Network string // the network's name
	IP      netip.Addr
	Type    string // "fixed" or "floating"
	MAC     string
}

// Ref names a resource that belongs to a server: an image, a flavor.
type Ref struct{ ID, Name string }

// String is the name when it is known, and the id otherwise.
func (r Ref) String() string {
	if r.Name != "" {
		return r.Name
	}
	return r.ID
}

// Property is one row of the table that nova show prints.
type Property struct{ Name, Value string }

// Server is an instance as the Compute API describes it.
type Server struct {
	ID         string
	Name       string
	Status     Status
	TaskState  string // "scheduling", "spawning"...; empty when none
	PowerState string // "Running", "NOSTATE"... as nova list words it
	Addresses  []Address
	Fault      *Fault // why the status is ERROR; Nova leaves it out of listings
	Metadata   map[string]string
	Image      Ref // zero for a server booted from a volume
	Flavor     Ref
	KeyName    string
	ProjectID  string
	UserID     string
	Created    time.Time
	Updated    time.Time
	// Properties are the rows of nova show, sorted by name. Only a single server's answer fills
	// them; a list does not.
	Properties []Property
}

// Address is the address to reach the server at: the floating one if there is one, else the first
// IPv4, else the first IPv6. The zero address when it has none yet.
func (s Server) Address() netip.Addr {
	best, rank := netip.Addr{}, 0
	for _, a := range s.Addresses {
		r := 1
		if a.IP.Is4() {
			r = 2
		}
		if a.Type == "floating" {
			r += 2
		}
		if r > rank {
			best, rank = a.IP, r
		}
	}
	return best
}

// SortServers orders servers by name, then by creation, then by id: an order that stays the same
// from one listing to the next.
func SortServers(servers []Server) {
	sort.SliceStable(servers, func(i, j int) bool {
		a, b := servers[i], servers[j]
		if a.Name != b.Name {
			return a.Name < b.Name
		}
		if !a.Created.Equal(b.Created) {
			return a.Created.Before(b.Created)
		}
		return a.ID < b.ID
	})
}

// ServerSpec says what to boot. Image, Flavor and Network are names or ids.
type ServerSpec struct {
	Name           string
	Image          string
	Flavor         string
	Network        string // empty: the only one the project has
	Keypair        string // empty: none
	SecurityGroups []string
	UserData       []byte // before base64, which may be no longer than [MaxUserData]
	Metadata       map[string]string
	ConfigDrive    bool
	Count          int // how many at once; 0 and 1 are one
	// VolumeSize is the size in GiB of the volume to boot from when the flavor has no disk, deleted
	// with the server; zero: as large as the image needs, [MinVolume] at least.
	VolumeSize int
}

// MinVolume is how large a volume to boot from is when nothing says more, in GiB: an installed
// system needs room to breathe.
const MinVolume = 10

// MaxUserData is the largest user-data the Compute API takes, in bytes after base64: 49,149 bytes
// of text at most.
const MaxUserData = 65535

// Flavor is a size servers come in. RAM in MiB, disk in GiB.
type Flavor struct {
	ID, Name         string
	VCPUs, RAM, Disk int
}

// Image is what a server's disk is copied from. MinDisk in GiB, MinRAM in MiB, Size in bytes.
type Image struct {
	ID, Name        string
	Status          string
	MinDisk, MinRAM int
	Size            int64
}

// Network is a network of the project, or one shared with it.
type Network struct {
	ID, Name         string
	Shared, External bool
}

// Keypair is the public half of an SSH key that Nova puts on the servers booted with it.
type Keypair struct{ Name, PublicKey, Fingerprint string }

// Quota is how much of one resource the project may use. Limit is -1 for no limit.
type Quota struct {
	Resource    string // "instances", "cores", "ram"
	Limit, Used int
}

// Identity says who a token belongs to and until when it holds.
type Identity struct {
	User, Project, ProjectID, Region string
	AuthURL                          string
	Expires                          time.Time
}

// The metadata keys that mark a server as made by Matou. Adoption, listing and clean-up go by
// them, never by the name.
const (
	MetaWorkshop = "matou:workshop"
	MetaSeat     = "matou:seat"
	MetaStep     = "matou:step"
	MetaRun      = "matou:run" // one per attempt to boot: names the intent in the journal
	// MetaAction is the name of the step's action that made it, for steps that boot several times. A
	// server of a version that did not write it has none.
	MetaAction = "matou:action"
	// MetaAdopted is the time, as RFC 3339 has it, at which a server that somebody made by hand was
	// taken over. One that Matou made has none.
	MetaAdopted = "matou:adopted"
)

// Marks are the metadata that Matou puts on a server: to let go of one is to take them off.
var Marks = []string{MetaWorkshop, MetaSeat, MetaStep, MetaAction, MetaRun, MetaAdopted}

// Adopted tells whether the server was made by hand, and taken over later.
func (s Server) Adopted() bool { return s.Metadata[MetaAdopted] != "" }

// Of tells whether a seat of a workshop made the server, or took it over. Without a name, a seat has none.
func (s Server) Of(workshop, seat string) bool {
	return seat != "" && s.Metadata[MetaSeat] == seat && s.Metadata[MetaWorkshop] == workshop
}

// Named tells whether the server has a name, or that name with a number: Nova names base-1, base-2 the
// servers that are asked for together (API reference, "create multiple servers").
func (s Server) Named(base string) bool {
	number, numbered := strings.CutPrefix(s.Name, base+"-")
	_, err := strconv.Atoi(number)
	return s.Name == base || numbered && err == nil
}

// Leaving tells whether the server is being deleted, or is gone already and listed for a while.
func (s Server) Leaving() bool {
	return strings.EqualFold(s.TaskState, "deleting") || s.Status == StatusDeleted || s.Status == "SOFT_DELETED"
}

// Marked tells whether Matou made the server, or took it over: for whatever workshop and seat.
func (s Server) Marked() bool {
	return slices.ContainsFunc(Marks, func(key string) bool { _, ok := s.Metadata[key]; return ok })
}
