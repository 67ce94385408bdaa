package puppet

import (
	"context"
	"errors"
	"io/fs"
	"time"
)

// Errors a [Connect] answers with; the run words each one as puppet does.
var (
	// ErrUnknownHost says that the server's name does not resolve on the node.
	ErrUnknownHost = errors.New("puppet: server name does not resolve")
	// ErrRefused says that nothing listens on the server's port 8140.
	ErrRefused = errors.New("puppet: connection refused")
	// ErrNoRoute says that no machine has the server's address.
	ErrNoRoute = errors.New("puppet: no route to host")
)

// Node is the machine the agent runs on. Paths are absolute, with slashes; errors satisfy
// [errors.Is] with the fs errors where one fits (fs.ErrNotExist and so on).
//
// A Node stands for one agent process: a new value for each run is fine. Two runs exclude each
// other by the node's FQDN and address.
type Node interface {
	// Hostname is the short name ("web-1").
	Hostname() string
	// FQDN is the full name ("web-1.novalocal"): the certificate's and the catalogue's name.
	FQDN() string
	// Address is the address of the first interface, the fact ipaddress.
	Address() string

	ReadFile(path string) ([]byte, error)
	// WriteFile replaces a file, making missing parent folders; mode's permission bits are set
	// on an existing file too.
	WriteFile(path string, data []byte, mode fs.FileMode) error
	// Remove removes a file or a folder with all it holds; fs.ErrNotExist when there is none.
	Remove(path string) error
	// Mkdir makes a folder and its missing parents; an existing folder is no error.
	Mkdir(path string, mode fs.FileMode) error
	// Stat follows symbolic links.
	Stat(path string) (fs.FileInfo, error)

	// Installed tells whether a package is installed.
	Installed(pkg string) bool
	// Install installs a package; the error's text is what apt says ("Unable to locate package x").
	Install(pkg string) error
	Uninstall(pkg string) error

	// Exec runs a line in the machine's own shell and answers both outputs and the exit status;
	// a line that ends in & returns at once.
	Exec(ctx context.Context, line string) (output string, exit int)
	// Service acts on a service: start, stop, restart, reload, enable, disable. status and
	// is-enabled answer nil for yes. An unknown service is an error for each of them.
	Service(ctx context.Context, name, action string) error
	// Wait lets d of recorded time pass, at the host's own pace; the error is ctx's.
	Wait(ctx context.Context, d time.Duration) error
	// Log writes one line to the machine's syslog; program comes without a process id
	// ("puppet-agent"), the line without colours. The agent logs each run there, by hand or by cron.
	Log(program, line string)
}

// Master is the puppet server an agent reached: what a compilation reads and where exported
// resources are kept.
type Master interface {
	// Environment is the folder of the production environment as it is now: manifests/site.pp,
	// modules/NAME/{manifests,files,templates}.
	Environment() fs.FS
	// EnvironmentPath is that folder's path on the master, for messages
	// ("/etc/puppetlabs/code/environments/production").
	EnvironmentPath() string
	// Version is the configuration version of a catalogue compiled now: seconds since 1970.
	Version() string
	// Exported answers what all nodes export, in a stable order.
	Exported() ([]Exported, error)
	// Export replaces what one node exports.
	Export(node string, r []Exported) error
}

// Connect reaches the puppet server called server as the node sees it (its /etc/hosts), or
// answers [ErrUnknownHost], [ErrRefused], [ErrNoRoute], or another error, whose text is shown.
type Connect func(ctx context.Context, server string) (Master, error)

// Exported is one resource a node exports with @@: what PuppetDB keeps. It marshals to JSON.
type Exported struct {
	Node   string         `json:"certname"`
	Type   string         `json:"type"` // as a reference is written: "Haproxy::Balancermember"
	Title  string         `json:"title"`
	Params map[string]any `json:"parameters"` // string, float64, bool, nil, []any, map[string]any
	Tags   []string       `json:"tags,omitempty"`
	File   string         `json:"file,omitempty"`
	Line   int            `json:"line,omitempty"`
}
