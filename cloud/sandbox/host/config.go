package host

import (
	"context"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"time"

	"github.com/go-git/go-billy/v5"

	"matou/cloud/sandbox/fault"
	"matou/cloud/sandbox/host/bin"
	"matou/cloud/sandbox/puppet"
)

// Agent runs a Puppet agent on a node: *puppet.Simulator does.
type Agent interface {
	Agent(ctx context.Context, n puppet.Node, connect puppet.Connect, args []string, faults *fault.Set, out io.Writer) int
}

// Program is a command of a host. It answers the exit status.
type Program func(ctx context.Context, p *Process) int

// Process is one running program.
type Process struct {
	*bin.Call
	Host *Host
	PID  int
	TTY  *TTY // its terminal, nil when it has none

	session *session
}

// Config says what to boot.
type Config struct {
	Name     string     // hostname
	Domain   string     // appended to the name for the full name; "novalocal" when empty
	Address  netip.Addr // its address on Net; the zero address: reachable through ServeSSH only
	Image    string     // folder of Images
	Images   fs.FS      // one folder an image: image.yaml and files/
	Packages fs.FS      // holds packages.yaml
	Workshop fs.FS      // the workshop's folder, for the copy: and git: entries of an image
	// FS keeps the tree's journal. Empty: the image is copied in (first boot). Not empty: the host
	// goes on where it was (restart). nil: memory only.
	FS       billy.Filesystem
	Net      *Net
	Users    map[string]string // login -> password; kept in memory only
	Keys     []string          // lines for the authorized_keys of every user of Users
	UserData []byte            // cloud-init's, run once at the first boot
	// Up is closed when the hosts that were there before are back: a first boot that was cut short goes on
	// then, and finds those it needs. nil: at once.
	Up       <-chan struct{}
	Pace     float64 // of recorded time: 1 as recorded, 0 instant
	Faults   *fault.Set
	Puppet   Agent
	Commands map[string]Program // more commands, in /usr/bin
	Env      map[string]string  // of every login
	Files    map[string][]byte  // absolute path -> content, written unless the file exists
	Always   map[string][]byte  // likewise, written at every boot
	// Dial connects to an address of the host's own loopback that none of its services has taken;
	// it answers [ErrRefused] for those it does not know either.
	Dial func(ctx context.Context, hostport string) (net.Conn, error)
	Now  func() time.Time // nil is time.Now
}

func (c Config) withDefaults() Config {
	if c.Domain == "" {
		c.Domain = "novalocal"
	}
	if c.Net == nil {
		c.Net = NewNet()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Pace < 0 {
		c.Pace = 0
	}
	return c
}
