package host

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"slices"
)

// stateDir holds what the host itself keeps in its tree.
const (
	stateDir  = "/var/lib/sandbox"
	stateFile = stateDir + "/state.json"
)

// state is what must survive a restart beside the files.
type state struct {
	Packages map[string]string `json:"packages"` // name -> version
	Pips     map[string]string `json:"pips"`
	Services map[string]bool   `json:"services"` // name -> runs
	Disabled []string          `json:"disabled,omitempty"`
	Programs []program         `json:"programs,omitempty"`
	Cloud    bool              `json:"cloud"` // cloud-init has run
	Console  string            `json:"console,omitempty"`
}

// program is something long-running that was started by hand or by Puppet.
type program struct {
	User string   `json:"user"`
	Dir  string   `json:"dir"`
	Args []string `json:"args"`
}

func (p program) same(o program) bool { return p.User == o.User && slices.Equal(p.Args, o.Args) }

func (h *Host) loadState() error {
	h.state = state{}
	data, err := h.tree.Root().ReadFile(stateFile)
	if err == nil {
		err = json.Unmarshal(data, &h.state)
	}
	if err != nil {
		return fmt.Errorf("read host state: %w", err)
	}
	for _, m := range []*map[string]string{&h.state.Packages, &h.state.Pips} {
		if *m == nil {
			*m = map[string]string{}
		}
	}
	if h.state.Services == nil {
		h.state.Services = map[string]bool{}
	}
	h.console = []byte(h.state.Console)
	return nil
}

// saveState writes the state down. A failure leaves the host running as it is: the tree tells its
// own trouble.
func (h *Host) saveState() {
	h.mu.Lock()
	data, err := json.Marshal(h.state)
	h.mu.Unlock()
	if err != nil {
		return
	}
	root := h.tree.Root()
	if root.MkdirAll(stateDir, 0o700) == nil && root.WriteFile(stateFile+".new", data, 0o600) == nil {
		_ = root.Rename(stateFile+".new", stateFile)
	}
}

func (h *Host) update(f func(s *state)) {
	h.mu.Lock()
	f(&h.state)
	h.mu.Unlock()
	h.saveState()
}

func pemEncode(b *pem.Block) []byte { return pem.EncodeToMemory(b) }
