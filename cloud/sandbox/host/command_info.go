package host

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"matou/cloud/sandbox/host/bin"
)

func whoami(_ context.Context, p *Process) int {
	p.printf("%s\n", p.User)
	return 0
}

func nproc(_ context.Context, p *Process) int {
	p.printf("1\n")
	return 0
}

func id(_ context.Context, p *Process) int {
	a := p.session.account
	flags := ""
	for _, arg := range p.Args[1:] {
		if strings.HasPrefix(arg, "-") {
			flags += arg[1:]
		} else if a = bin.LookupUser(p.FS, arg); a.UID < 0 {
			return p.Fail(1, "'%s': no such user", arg)
		}
	}
	group := bin.GroupName(p.FS, a.GID)
	switch {
	case strings.HasSuffix(p.Args[0], "groups"):
		p.printf("%s\n", group)
	case strings.Contains(flags, "u") && strings.Contains(flags, "n"):
		p.printf("%s\n", a.Name)
	case strings.Contains(flags, "u"):
		p.printf("%d\n", a.UID)
	case strings.Contains(flags, "n"):
		p.printf("%s\n", group)
	case strings.Contains(strings.ToLower(flags), "g"):
		p.printf("%d\n", a.GID)
	default:
		p.printf("uid=%d(%s) gid=%d(%s) groups=%d(%s)\n", a.UID, a.Name, a.GID, group, a.GID, group)
	}
	return 0
}

func hostname(_ context.Context, p *Process) int {
	if len(p.Args) < 2 || p.Args[1] == "-s" {
		p.printf("%s\n", p.Host.Hostname())
		return 0
	}
	switch a := p.Args[1]; {
	case a == "-f" || a == "--fqdn":
		p.printf("%s\n", p.Host.FQDN())
	case a == "-I" || a == "-i":
		p.printf("%s \n", p.Host.Address())
	case a == "-d":
		p.printf("%s\n", p.Host.cfg.Domain)
	case strings.HasPrefix(a, "-"):
		return p.Fail(4, "invalid option -- '%s'", strings.TrimLeft(a, "-"))
	case p.User != "root":
		return p.Fail(1, "you must be root to change the host name")
	default:
		p.Host.setHostname(a)
	}
	return 0
}

func (h *Host) setHostname(name string) {
	if name == "" || len(name) > 63 || strings.ContainsAny(name, " \t\n/:") {
		return
	}
	h.mu.Lock()
	h.name = name
	h.mu.Unlock()
	_ = h.tree.Root().WriteFile("/etc/hostname", []byte(name+"\n"), 0o644) // a full disk: the name holds until the next boot
}

func (h *Host) kernel() string {
	if data, err := h.tree.Root().ReadFile(stateDir + "/kernel"); err == nil && len(data) > 0 {
		return strings.TrimSpace(string(data))
	}
	return "3.13.0-170-generic"
}

func uname(_ context.Context, p *Process) int {
	all := []string{"Linux", p.Host.Hostname(), p.Host.kernel(), "#1 SMP", "x86_64", "GNU/Linux"}
	flags := "s"
	if len(p.Args) > 1 {
		flags = strings.TrimLeft(strings.Join(p.Args[1:], ""), "-")
	}
	var out []string
	for i, letter := range "snrvmo" {
		if strings.ContainsRune(flags, letter) || strings.Contains(flags, "a") {
			out = append(out, all[i])
		}
	}
	p.printf("%s\n", strings.Join(out, " "))
	return 0
}

func uptime(_ context.Context, p *Process) int {
	h := p.Host
	h.mu.Lock()
	up := h.cfg.Now().Sub(h.started)
	h.mu.Unlock()
	span := fmt.Sprintf("%d min", int(up.Minutes()))
	if up >= time.Hour {
		span = fmt.Sprintf("%2d:%02d", int(up.Hours())%24, int(up.Minutes())%60)
	}
	if days := int(up.Hours()) / 24; days > 0 {
		span = fmt.Sprintf("%d days, %s", days, span)
	}
	p.printf(" %s up %s,  1 user,  load average: 0.00, 0.01, 0.05\n", h.cfg.Now().Format("15:04:05"), span)
	return 0
}

func umask(_ context.Context, p *Process) int {
	if len(p.Args) == 1 {
		p.printf("0022\n")
	}
	return 0
}

func ulimit(_ context.Context, p *Process) int {
	p.printf("unlimited\n")
	return 0
}

func man(_ context.Context, p *Process) int {
	if len(p.Args) < 2 {
		fmt.Fprintln(p.Stderr, "What manual page do you want?")
		return 1
	}
	fmt.Fprintf(p.Stderr, "No manual entry for %s\n", p.Args[len(p.Args)-1])
	return 16
}

func getent(_ context.Context, p *Process) int {
	if len(p.Args) < 3 {
		return p.Fail(1, "wrong number of arguments")
	}
	switch p.Args[1] {
	case "hosts", "ahosts":
		a, err := resolve(p.Host, p.Args[2])
		if err != nil {
			return 2
		}
		p.printf("%-15s %s\n", a, p.Args[2])
	case "passwd":
		a := bin.LookupUser(p.FS, p.Args[2])
		if a.UID < 0 {
			return 2
		}
		p.printf("%s:x:%d:%d::%s:%s\n", a.Name, a.UID, a.GID, a.Home, a.Shell)
	default:
		return p.Fail(1, "Unknown database: %s", p.Args[1])
	}
	return 0
}

func free(_ context.Context, p *Process) int {
	p.printf("              total        used        free      shared  buff/cache   available\n" +
		"Mem:        4046404      612080     2811288       10452      623036     3198120\nSwap:             0           0           0\n")
	return 0
}

func df(_ context.Context, p *Process) int {
	used, limit := p.Host.tree.Size()
	p.printf("Filesystem     1K-blocks    Used Available Use%% Mounted on\n/dev/vda1      %9d %7d %9d %3d%% /\n",
		limit/1024, used/1024, (limit-used)/1024, used*100/limit)
	return 0
}

func lsbRelease(_ context.Context, p *Process) int {
	data, err := p.FS.ReadFile("/etc/issue")
	if err != nil {
		return 1
	}
	p.printf("Description:\t%s\n", strings.TrimSuffix(strings.TrimSpace(string(data)), ` \n \l`))
	return 0
}

func facter(_ context.Context, p *Process) int {
	facts := map[string]string{
		"hostname": p.Host.Hostname(), "fqdn": p.Host.FQDN(), "ipaddress": p.Host.Address(), "kernel": "Linux",
		"kernelrelease": p.Host.kernel(),
	}
	if len(p.Args) > 1 {
		p.printf("%s\n", facts[p.Args[1]])
		return 0
	}
	for _, k := range slices.Sorted(maps.Keys(facts)) {
		p.printf("%s => %s\n", k, facts[k])
	}
	return 0
}

func dmesg(_ context.Context, p *Process) int {
	p.printf("%s", p.Host.ConsoleLog())
	return 0
}
