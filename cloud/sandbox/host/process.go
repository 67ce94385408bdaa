package host

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"matou/cloud/sandbox/host/bin"
	"matou/cloud/sandbox/host/tree"
)

// proc is an entry of the process table.
type proc struct {
	pid     int
	user    string
	tty     string
	args    []string
	started time.Time
	cancel  context.CancelCauseFunc // nil: can't be killed
	service string                  // name of the service it belongs to
}

// Causes with which a process ends.
var (
	errInterrupted = errors.New("interrupted")
	errKilled      = errors.New("killed")
	errTerminated  = errors.New("terminated")
)

func (p *proc) name() string {
	name := p.args[0]
	return name[strings.LastIndexByte(name, '/')+1:]
}

// addProc enters a process of the system with a given id; 0 takes the next.
func (h *Host) addProc(pid int, user string, args ...string) *proc {
	h.mu.Lock()
	defer h.mu.Unlock()
	if pid == 0 {
		h.nextPID++
		if h.nextPID > 32768 {
			h.nextPID = 300
		}
		pid = h.nextPID
	}
	p := &proc{pid: pid, user: user, tty: "?", args: args, started: h.cfg.Now()}
	h.procs[pid] = p
	return p
}

func (h *Host) endProc(p *proc) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.procs, p.pid)
}

// processes lists the process table by id.
func (h *Host) processes() []proc {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make([]proc, 0, len(h.procs))
	for _, p := range h.procs {
		list = append(list, *p)
	}
	slices.SortFunc(list, func(a, b proc) int { return a.pid - b.pid })
	return list
}

// kill sends a signal by number to a process; 0 only asks whether it is there.
func (h *Host) kill(pid, signal int, by string) error {
	h.mu.Lock()
	p := h.procs[pid]
	h.mu.Unlock()
	switch {
	case p == nil:
		return tree.Errno("No such process")
	case by != "root" && p.user != by:
		return tree.EPERM
	case signal == 0 || pid == 1:
		return nil
	case p.service != "":
		if signal == 1 {
			return h.reloadService(p.service)
		}
		return h.stopService(p.service)
	case p.cancel == nil:
		return nil
	}
	cause := errTerminated
	switch signal {
	case 9:
		cause = errKilled
	case 2:
		cause = errInterrupted
	}
	p.cancel(cause)
	return nil
}

// session is on whose behalf something runs: a login, a cron job, a boot.
type session struct {
	host    *Host
	account bin.Account
	tty     *TTY
	prefix  string // starts the shell's messages
	remote  string // address of who logged in
	history *history
}

func (h *Host) session(user string) *session {
	a := bin.LookupUser(h.tree.Root(), user)
	if a.UID < 0 {
		a = bin.Account{Name: user, UID: 65534, GID: 65534, Home: "/", Shell: "/bin/sh"}
	}
	return &session{host: h, account: a, prefix: "bash: line 1"}
}

// env is the environment of a login.
func (s *session) env() []string {
	list := []string{
		"HOME=" + s.account.Home, "USER=" + s.account.Name, "LOGNAME=" + s.account.Name, "SHELL=" + s.account.Shell,
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/puppetlabs/bin", "LANG=C.UTF-8",
		"PWD=" + s.account.Home, "MAIL=/var/mail/" + s.account.Name, "UID=" + itoa(s.account.UID), "EUID=" + itoa(s.account.UID),
		"GID=" + itoa(s.account.GID),
	}
	for k, v := range s.host.cfg.Env {
		list = append(list, k+"="+v)
	}
	return list
}

func (s *session) home() string {
	if s.host.tree.Root().IsDir(s.account.Home) {
		return s.account.Home
	}
	return "/"
}
