package sandbox

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"matou/cloud/sandbox/fault"
)

// maxTombstones bounds how many deleted servers are remembered for changes-since.
const maxTombstones = 200

// The states of a server inside the Compute service (OS-EXT-STS:vm_state) and the tasks a server
// may be in the middle of (OS-EXT-STS:task_state). The status of the API follows from the two.
const (
	vmBuilding = "building"
	vmActive   = "active"
	vmStopped  = "stopped"
	vmError    = "error"
	vmDeleted  = "deleted"

	taskScheduling = "scheduling"
	taskNetworking = "networking"
	taskSpawning   = "spawning"
	taskDeleting   = "deleting"
	taskReboot     = "rebooting"
	taskRebootHard = "rebooting_hard"
	taskStop       = "powering-off"
	taskStart      = "powering-on"
	taskRebuild    = "rebuilding"
)

// Power states of the API (OS-EXT-STS:power_state).
const (
	powerNone    = 0
	powerRunning = 1
	powerOff     = 4
)

// instance is a server. The exported fields are kept in world.json, the others live with the
// process. All are guarded by world.mu.
type instance struct {
	ID, Name, Description, Hostname string
	ImageID, FlavorID               string
	KeyName                         string `json:",omitempty"`
	PublicKey                       string `json:",omitempty"` // of the keypair as it was when the server was made
	Reservation                     string
	Metadata                        map[string]string
	UserData                        []byte `json:",omitempty"`
	Tags                            []string
	Groups                          []string
	ConfigDrive                     bool

	VMState, Task string
	Power         int
	Progress      int
	Created       time.Time
	Updated       time.Time
	Launched      time.Time
	Terminated    time.Time
	Fault         *instanceFault `json:",omitempty"`
	Actions       []instanceAction

	NetworkID string
	Address   netip.Addr
	MAC       string
	PortID    string
	Wired     bool // the address is shown: networking is done

	machine machine
	cancel  context.CancelFunc
	ended   chan struct{} // closed when the job under way has ended; nil when none was ever
}

type instanceFault struct {
	Code    int
	Message string
	Created time.Time
}

type instanceAction struct {
	Action, RequestID string
	Start             time.Time
}

type keypair struct {
	ID          int
	Name        string
	Type        string
	PublicKey   string
	Fingerprint string
	Created     time.Time
}

// status is the status the API shows.
func (in *instance) status() string {
	switch {
	case in.Task == taskReboot:
		return "REBOOT"
	case in.Task == taskRebootHard:
		return "HARD_REBOOT"
	case in.Task == taskRebuild:
		return "REBUILD"
	case in.VMState == vmBuilding:
		return "BUILD"
	case in.VMState == vmStopped:
		return "SHUTOFF"
	default:
		return strings.ToUpper(in.VMState)
	}
}

// world is the cloud's state: who is there and in which state. It knows neither HTTP nor SSH.
type world struct {
	file   *worldFile
	pace   float64
	faults *fault.Set
	boot   bootFunc
	forget forgetFunc
	store  *store
	jobs   sync.WaitGroup

	mu       sync.Mutex
	groups   []*group
	rules    []*groupRule
	root     context.Context // ends when the sandbox closes: the jobs' context
	seq      uint64          // grows with every change to what is kept
	servers  map[string]*instance
	gone     []*instance // deleted lately, oldest first
	keys     map[string]*keypair
	nextKey  int
	ports    portNumbers
	stopping bool
}

// portNumbers are the TCP ports the sandbox listened on, to listen there again.
type portNumbers struct{ HTTP, SSH int }

func newWorld(root context.Context, file *worldFile) *world {
	return &world{
		file: file, root: root, store: &store{},
		servers: map[string]*instance{}, keys: map[string]*keypair{}, nextKey: 1,
		forget: func(string) error { return nil },
	}
}

// now is the present as the APIs tell it: whole seconds, UTC.
func now() time.Time { return time.Now().UTC().Truncate(time.Second) }

// changed marks the state as differing from what is kept. The caller holds mu.
func (w *world) changed() { w.seq++ }

// find is the server with an id, or nil. The caller holds mu.
func (w *world) find(id string) *instance { return w.servers[id] }

// sorted is all servers as the API lists them: newest first. The caller holds mu.
func (w *world) sorted() []*instance {
	list := make([]*instance, 0, len(w.servers))
	for _, in := range w.servers {
		list = append(list, in)
	}
	slices.SortFunc(list, func(a, b *instance) int {
		return cmp.Or(b.Created.Compare(a.Created), strings.Compare(a.ID, b.ID))
	})
	return list
}

func (w *world) flavor(id string) *flavor {
	for i := range w.file.Flavors {
		if w.file.Flavors[i].ID == id {
			return &w.file.Flavors[i]
		}
	}
	return nil
}

func (w *world) image(id string) *image {
	for i := range w.file.Images {
		if sameUUID(w.file.Images[i].ID, id) {
			return &w.file.Images[i]
		}
	}
	return nil
}

func (w *world) network(id string) *network {
	for i := range w.file.Networks {
		if sameUUID(w.file.Networks[i].ID, id) {
			return &w.file.Networks[i]
		}
	}
	return nil
}

func sameUUID(a, b string) bool {
	return strings.EqualFold(strings.ReplaceAll(a, "-", ""), strings.ReplaceAll(b, "-", ""))
}

// use is how much of the quota is taken. The caller holds mu.
func (w *world) use() (instances, cores, ram int) {
	for _, in := range w.servers {
		instances++
		if f := w.flavor(in.FlavorID); f != nil {
			cores += f.VCPUs
			ram += f.RAM
		}
	}
	return instances, cores, ram
}

// freeAddress is an address of the network that no server has. The search starts at a place that
// follows from the server's id, so that addresses are spread as a real pool spreads them.
// The caller holds mu.
func (w *world) freeAddress(n *network, id string) (netip.Addr, error) {
	taken := map[netip.Addr]bool{n.Gateway: true}
	for _, in := range w.servers {
		taken[in.Address] = true
	}
	sum := sha256.Sum256([]byte(id))
	start := n.First
	for range int(sum[0]) {
		start = nextIn(n, start)
	}
	for a := start; ; {
		if !taken[a] {
			return a, nil
		}
		if a = nextIn(n, a); a == start {
			return netip.Addr{}, fmt.Errorf("no more IP addresses available on network %s", n.ID)
		}
	}
}

func nextIn(n *network, a netip.Addr) netip.Addr {
	if a == n.Last {
		return n.First
	}
	return a.Next()
}

// hostID is the opaque name of the compute node: the same for all servers of a project there.
func (w *world) hostID() string {
	return fmt.Sprintf("%x", sha256.Sum224([]byte(w.projectID()+"compute-1")))
}

func (w *world) projectID() string { return hexID("project", w.file.Identity.Project) }
func (w *world) userID() string    { return hexID("user", w.file.Identity.User) }
