package sandbox

import (
	"context"
	"errors"
	"net"
	"net/netip"
)

// machine is what runs behind an ACTIVE server, behind the jumphost and behind a seat's container.
type machine interface {
	// ServeSSH serves one SSH connection until it ends or ctx does.
	ServeSSH(ctx context.Context, conn net.Conn) error
	// ConsoleLog is what a screen attached to the machine would show.
	ConsoleLog() string
	// Dial connects to an address as the machine sees it.
	Dial(ctx context.Context, hostport string) (net.Conn, error)
	Reboot(ctx context.Context) error
	// Shutdown ends all it runs. Its tree stays.
	Shutdown(ctx context.Context) error
}

// machineSpec says what to boot.
type machineSpec struct {
	ID       string // names its tree in the state folder
	Name     string // hostname
	Address  netip.Addr
	Image    string // folder of the image
	Users    map[string]string
	Keys     []string // public keys in the form of authorized_keys
	UserData []byte
	Env      map[string]string
	Files    map[string][]byte // absolute path -> content, written unless they exist
	Always   map[string][]byte // likewise, written at every boot
	Tools    bool              // gets the nova and openstack commands

	// Of a server only: what the flavor and the network say.
	Network netip.Prefix
	MAC     string
	Memory  int // MiB
	Disk    int // GiB

	// Dial connects to an address of its own loopback that none of its services has taken.
	Dial func(ctx context.Context, hostport string) (net.Conn, error)
	// Ports are the ports of its loopback that Dial leads on from.
	Ports []int
}

// Machine is what [Machines] makes.
type Machine = machine

// MachineSpec says which.
type MachineSpec = machineSpec

// Orderly is a [Machine] that can end what it runs by itself, before it is shut down.
type Orderly interface {
	// PowerOff asks it to, and returns when it has, or when ctx ends.
	PowerOff(ctx context.Context)
}

// Machines puts machines of another kind behind the servers, the jumphost and the containers:
// package lab's are real ones.
type Machines interface {
	// Boot makes a machine, or takes over the one of that id, if the machine it left behind when the
	// process ended still runs. An error that wraps [ErrNoRoom] is told as the scheduler's.
	Boot(ctx context.Context, spec MachineSpec) (Machine, error)
	// Forget removes all that is kept of a machine that was shut down. There may be nothing.
	Forget(id string) error
}

// ErrNoRoom says that there is no room for one more machine.
var ErrNoRoom = errors.New("no room for one more machine")

// bootFunc makes machines. The machine may run until ctx ends.
type bootFunc func(ctx context.Context, spec machineSpec) (machine, error)

// forgetFunc removes the tree of a machine that is gone for good.
type forgetFunc func(id string) error
