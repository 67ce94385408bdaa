package host

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// serviceProgram is service(8), in the words of a System V init script.
func serviceProgram(ctx context.Context, p *Process) int {
	args := p.Args[1:]
	if len(args) == 1 && args[0] == "--status-all" {
		for _, n := range p.Host.serviceNames() {
			mark := "-"
			if p.Host.running(n) != nil {
				mark = "+"
			}
			p.printf(" [ %s ]  %s\n", mark, n)
		}
		return 0
	}
	if len(args) < 2 {
		fmt.Fprintln(p.Stderr, "Usage: service < option > | --status-all | [ service_name [ command | --full-restart ] ]")
		return 1
	}
	name, action := args[0], args[1]
	n, u := p.Host.unit(name)
	if u == nil {
		fmt.Fprintf(p.Stderr, "%s: unrecognized service\n", name)
		return 1
	}
	if action == "status" {
		return p.sysvStatus(n)
	}
	switch action {
	case "start", "stop", "restart", "reload", "force-reload":
	default:
		p.printf("Usage: /etc/init.d/%s {start|stop|restart|reload|status}\n", n)
		return 2
	}
	if p.User != "root" {
		fmt.Fprintf(p.Stderr, "%s: you must be root\n", name)
		return 4
	}
	verb := map[string]string{"start": "Starting", "stop": "Stopping", "restart": "Restarting", "reload": "Reloading", "force-reload": "Reloading"}[action]
	p.printf(" * %s %s %s\n", verb, u.Description, n)
	if err := p.Host.Service(ctx, n, action); err != nil {
		p.printf("   ...fail!\n")
		fmt.Fprintln(p.Stderr, err)
		return 1
	}
	p.printf("   ...done.\n")
	return 0
}

// sysvStatus prints "NAME is running" and answers the exit status of the LSB: 3 stopped, 4 unknown.
func (p *Process) sysvStatus(n string) int {
	err := p.Host.serviceStatus(n)
	switch {
	case err == nil:
		p.printf("%s is running\n", n)
		return 0
	case errors.Is(err, ErrStarting):
		p.printf("%s is starting\n", n)
		return 4
	}
	p.printf("%s is not running\n", n)
	return 3
}

// systemctl is systemctl(1) for the verbs that act on one unit.
func systemctl(ctx context.Context, p *Process) int {
	var args []string
	for _, a := range p.Args[1:] {
		if !strings.HasPrefix(a, "-") {
			args = append(args, a)
		}
	}
	if strings.HasSuffix(p.Args[0], "update-rc.d") && len(args) > 1 {
		args[0], args[1] = args[1], args[0]
	}
	if len(args) == 0 || args[0] == "list-units" {
		for _, n := range p.Host.serviceNames() {
			if p.Host.running(n) != nil {
				_, u := p.Host.unit(n)
				p.printf("  %-24s loaded active running %s\n", n+".service", u.Description)
			}
		}
		return 0
	}
	if args[0] == "daemon-reload" || args[0] == "defaults" {
		return 0
	}
	if len(args) < 2 {
		fmt.Fprintln(p.Stderr, "Too few arguments.")
		return 1
	}
	code := 0
	for _, name := range args[1:] {
		code = max(code, p.systemctlUnit(ctx, args[0], name))
	}
	return code
}

func (p *Process) systemctlUnit(ctx context.Context, verb, name string) int {
	n, u := p.Host.unit(name)
	if u == nil {
		if verb == "is-active" {
			p.printf("inactive\n")
			return 3
		}
		fmt.Fprintf(p.Stderr, "Unit %s.service could not be found.\n", strings.TrimSuffix(name, ".service"))
		return 4 + b2i(verb != "status")
	}
	err := p.Host.serviceStatus(n)
	word := "active"
	switch {
	case errors.Is(err, ErrStarting):
		word = "activating"
	case err != nil:
		word = "inactive"
	}
	switch verb {
	case "is-active":
		p.printf("%s\n", word)
		return 3 * b2i(err != nil)
	case "status":
		p.printf("* %s.service - %s\n   Loaded: loaded (/lib/systemd/system/%s.service; enabled)\n   Active: %s%s\n", n, u.Description, n, word,
			map[bool]string{true: " (running)", false: ""}[err == nil])
		return 3 * b2i(err != nil)
	case "is-enabled":
		if err := p.Host.Service(ctx, n, verb); err != nil {
			p.printf("disabled\n")
			return 1
		}
		p.printf("enabled\n")
		return 0
	case "reload-or-restart", "try-restart":
		verb = "restart"
	}
	if p.User != "root" {
		fmt.Fprintf(p.Stderr, "Failed to %s %s.service: Access denied\n", verb, n)
		return 4
	}
	if err := p.Host.Service(ctx, n, verb); err != nil {
		fmt.Fprintf(p.Stderr, "Job for %s.service failed: %v\n", n, err)
		return 1
	}
	return 0
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// aptGet is apt-get, apt and apt-cache.
func aptGet(ctx context.Context, p *Process) int {
	var args []string
	for _, a := range p.Args[1:] {
		if !strings.HasPrefix(a, "-") {
			args = append(args, a)
		}
	}
	if len(args) == 0 {
		p.printf("apt 1.6 (amd64)\n")
		return 0
	}
	verb, names := args[0], args[1:]
	changes := verb == "install" || verb == "remove" || verb == "purge" || verb == "update" || verb == "upgrade" || verb == "dist-upgrade"
	if changes && p.User != "root" {
		fmt.Fprintln(p.Stderr, "E: Could not open lock file /var/lib/dpkg/lock - open (13: Permission denied)\n"+
			"E: Unable to lock the administration directory (/var/lib/dpkg/), are you root?")
		return 100
	}
	switch verb {
	case "update":
		p.printf("Hit:1 http://archive.ubuntu.com/ubuntu stable InRelease\nReading package lists... Done\n")
		return 0
	case "upgrade", "dist-upgrade", "autoremove", "clean", "autoclean":
		p.printf("Reading package lists... Done\nBuilding dependency tree\n0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n")
		return 0
	case "install":
		return p.aptInstall(ctx, names)
	case "remove", "purge":
		return p.aptRemove(names)
	case "search", "list":
		for _, n := range slices.Sorted(maps.Keys(p.Host.packages.Packages)) {
			if len(names) == 0 || strings.Contains(n, names[0]) {
				p.printf("%s - %s\n", n, p.Host.packages.Packages[n].Description)
			}
		}
		return 0
	case "policy", "show":
		return dpkgShow(p, names, false)
	}
	fmt.Fprintf(p.Stderr, "E: Invalid operation %s\n", verb)
	return 100
}

func (p *Process) aptInstall(ctx context.Context, names []string) int {
	p.printf("Reading package lists... Done\nBuilding dependency tree... Done\nReading state information... Done\n")
	var all []string
	for i, n := range names {
		n, _, _ = strings.Cut(n, "=")
		names[i] = n
		list, err := p.Host.missing(n)
		if err != nil {
			fmt.Fprintf(p.Stderr, "E: Unable to locate package %s\n", n)
			return 100
		}
		if len(list) == 0 {
			real, pk := p.Host.packages.find(n)
			p.printf("%s is already the newest version (%s).\n", real, pk.Version)
		}
		for _, l := range list {
			if !slices.Contains(all, l) {
				all = append(all, l)
			}
		}
	}
	if len(all) > 0 {
		p.printf("The following NEW packages will be installed:\n  %s\n", strings.Join(all, " "))
	}
	p.printf("0 upgraded, %d newly installed, 0 to remove and 0 not upgraded.\n", len(all))
	for _, n := range names {
		if err := p.Host.Install(ctx, n, p.Stdout); err != nil {
			if ctx.Err() != nil {
				return 130
			}
			fmt.Fprintf(p.Stderr, "dpkg: error processing package %s (--unpack):\n %v\nE: Sub-process /usr/bin/dpkg returned an error code (1)\n", n, err)
			return 100
		}
	}
	return 0
}

func (p *Process) aptRemove(names []string) int {
	p.printf("Reading package lists... Done\nBuilding dependency tree... Done\n")
	for _, n := range names {
		real, _ := p.Host.packages.find(n)
		if real == "" {
			fmt.Fprintf(p.Stderr, "E: Unable to locate package %s\n", n)
			return 100
		}
		if !p.Host.Installed(real) {
			p.printf("Package '%s' is not installed, so not removed\n", n)
			continue
		}
		p.printf("The following packages will be REMOVED:\n  %s\nRemoving %s ...\n", real, real)
		if err := p.Host.Uninstall(real); err != nil {
			fmt.Fprintf(p.Stderr, "E: %v\n", err)
			return 100
		}
	}
	return 0
}

func dpkg(_ context.Context, p *Process) int {
	if len(p.Args) < 2 {
		return p.Fail(2, "error: need an action option")
	}
	switch a := p.Args[1]; a {
	case "-l", "--list", "--get-selections":
		return p.dpkgList(p.Args[2:])
	case "-s", "--status", "-p":
		return dpkgShow(p, p.Args[2:], true)
	case "-W", "--show", "-f", "--showformat":
		code := 0
		for _, n := range p.Args[2:] {
			if strings.HasPrefix(n, "-") {
				continue
			}
			if !p.Host.Installed(n) {
				fmt.Fprintf(p.Stderr, "dpkg-query: no packages found matching %s\n", n)
				code = 1
				continue
			}
			_, pk := p.Host.packages.find(n)
			p.printf("%s\t%s\n", n, pk.Version)
		}
		return code
	case "--print-architecture":
		p.printf("amd64\n")
		return 0
	case "-i", "--install":
		return p.Fail(2, "error: installing from a file is not supported here; use apt-get install")
	default:
		return p.Fail(2, "error: unknown option %s", a)
	}
}

func (p *Process) dpkgList(names []string) int {
	p.printf("Desired=Unknown/Install/Remove/Purge/Hold\n| Status=Not/Inst/Conf-files/Unpacked/halF-conf/Half-inst/trig-aWait/Trig-pend\n" +
		"|/ Err?=(none)/Reinst-required (Status,Err: uppercase=bad)\n||/ Name                 Version              Architecture Description\n" +
		"+++-====================-====================-============-=================================\n")
	found := 0
	for _, n := range slices.Sorted(maps.Keys(p.Host.packages.Packages)) {
		if p.Host.Installed(n) && (len(names) == 0 || slices.Contains(names, n)) {
			pk := p.Host.packages.Packages[n]
			p.printf("ii  %-20s %-20s %-12s %s\n", n, pk.Version, "amd64", pk.Description)
			found++
		}
	}
	if found == 0 && len(names) > 0 {
		fmt.Fprintf(p.Stderr, "dpkg-query: no packages found matching %s\n", names[0])
		return 1
	}
	return 0
}

func dpkgShow(p *Process, names []string, installedOnly bool) int {
	code := 0
	for _, n := range names {
		real, pk := p.Host.packages.find(n)
		if pk == nil || installedOnly && !p.Host.Installed(real) {
			fmt.Fprintf(p.Stderr, "dpkg-query: package '%s' is not installed and no information is available\n", n)
			code = 1
			continue
		}
		status := "install ok installed"
		if !p.Host.Installed(real) {
			status = "unknown ok not-installed"
		}
		p.printf("Package: %s\nStatus: %s\nArchitecture: amd64\nVersion: %s\n", real, status, pk.Version)
		if len(pk.Depends) > 0 {
			p.printf("Depends: %s\n", strings.Join(pk.Depends, ", "))
		}
		p.printf("Description: %s\n\n", pk.Description)
	}
	return code
}

func pipProgram(ctx context.Context, p *Process) int {
	var args []string
	for _, a := range p.Args[1:] {
		if !strings.HasPrefix(a, "-") || a == "--version" {
			args = append(args, a)
		}
	}
	if len(args) == 0 || args[0] == "--version" {
		p.printf("pip 20.3.4 from /usr/lib/python3/dist-packages/pip (python 3.9)\n")
		return 0
	}
	h := p.Host
	h.mu.Lock()
	have := maps.Clone(h.state.Pips)
	h.mu.Unlock()
	switch args[0] {
	case "list":
		p.printf("Package      Version\n------------ -------\n")
		for _, n := range slices.Sorted(maps.Keys(have)) {
			p.printf("%-12s %s\n", n, have[n])
		}
	case "freeze":
		for _, n := range slices.Sorted(maps.Keys(have)) {
			p.printf("%s==%s\n", n, have[n])
		}
	case "show":
		for _, a := range args[1:] {
			n := h.packages.pipName(a)
			if have[n] == "" {
				fmt.Fprintf(p.Stderr, "WARNING: Package(s) not found: %s\n", a)
				return 1
			}
			p.printf("Name: %s\nVersion: %s\nSummary: %s\nLocation: /usr/local/lib/python3/dist-packages\nRequires: %s\n",
				n, have[n], h.packages.Pips[n].Summary, strings.Join(h.packages.Pips[n].Depends, ", "))
		}
	case "install":
		for _, a := range args[1:] {
			name, _, _ := strings.Cut(a, "==")
			done, err := h.InstallPip(ctx, name)
			if err != nil {
				fmt.Fprintf(p.Stderr, "ERROR: %v\n", err)
				return 1
			}
			if len(done) == 0 {
				p.printf("Requirement already satisfied: %s\n", a)
				continue
			}
			p.printf("Collecting %s\nInstalling collected packages: %s\nSuccessfully installed %s\n", name, name, strings.Join(done, " "))
		}
	case "uninstall":
		for _, a := range args[1:] {
			if !h.UninstallPip(a) {
				fmt.Fprintf(p.Stderr, "WARNING: Skipping %s as it is not installed.\n", a)
			}
		}
	default:
		fmt.Fprintf(p.Stderr, "ERROR: unknown command %q\n", args[0])
		return 1
	}
	return 0
}
