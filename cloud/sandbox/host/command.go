package host

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"matou/cloud/sandbox/host/bin"
	"matou/cloud/sandbox/host/gitcmd"
	"matou/cloud/sandbox/host/tree"
)

// builtins are the programs that need the host. The map is filled by init because some of them
// run others through it.
var builtins map[string]Program

func init() {
	builtins = map[string]Program{
		"sh": shellProgram, "bash": shellProgram, "dash": shellProgram,
		"apt-cache": aptGet, "apt-get": aptGet, "apt": aptGet, "crontab": crontab, "curl": curl, "dpkg": dpkg,
		"dpkg-query": dpkg, "git": gitProgram, "history": historyProgram, "hostname": hostname, "id": id,
		"invoke-rc.d": serviceProgram, "kill": kill, "logger": logger, "man": man, "nano": editor, "netstat": sockets,
		"pgrep": pidof, "pidof": pidof, "pip": pipProgram, "pip3": pipProgram, "pkill": pidof, "ps": ps, "puppet": puppetProgram,
		"python": python, "python3": python, "reboot": reboot, "service": serviceProgram, "ss": sockets, "ssh": sshProgram,
		"sudo": sudo, "systemctl": systemctl, "ulimit": ulimit, "umask": umask, "uname": uname, "uptime": uptime, "vi": editor,
		"vim": editor, "w": who, "wget": wget, "which": which, "who": who, "whoami": whoami, "haproxy": haproxyProgram,
		"top": ps, "free": free, "df": df, "su": su, "ip": ipProgram, "ifconfig": ipProgram, "ping": ping, "getent": getent,
		"tty": ttyProgram, "stty": stty, "lsb_release": lsbRelease, "facter": facter, "update-rc.d": systemctl,
		"cloud-init": cloudInitProgram, "ssh-keygen": sshKeygen, "dmesg": dmesg, "last": who, "chpasswd": chpasswd, "groups": id, "nproc": nproc,
	}
}

func (p *Process) printf(format string, args ...any) { fmt.Fprintf(p.Stdout, format, args...) }

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

func ps(_ context.Context, p *Process) int {
	flags := strings.Join(p.Args[1:], "")
	list := p.Host.processes()
	start := func(q proc) string { return q.started.Format("15:04") }
	switch {
	case strings.Contains(flags, "f") && strings.Contains(flags, "e"):
		p.printf("UID          PID    PPID  C STIME TTY          TIME CMD\n")
		for _, q := range list {
			p.printf("%-8s %7d %7d  0 %s %-8s 00:00:00 %s\n", q.user, q.pid, min(1, q.pid-1), start(q), q.tty, strings.Join(q.args, " "))
		}
	case strings.Contains(flags, "a"), strings.HasSuffix(p.Args[0], "top"):
		p.printf("USER         PID %%CPU %%MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n")
		for _, q := range list {
			p.printf("%-8s %7d  0.0  0.4  12000  4100 %-8s S    %s   0:00 %s\n", q.user, q.pid, q.tty, start(q), strings.Join(q.args, " "))
		}
	default:
		p.printf("    PID TTY          TIME CMD\n")
		for _, q := range list {
			if p.TTY != nil && q.tty == p.TTY.name || strings.Contains(flags, "e") {
				p.printf("%7d %-8s 00:00:00 %s\n", q.pid, q.tty, q.name())
			}
		}
	}
	return 0
}

// matches tells whether a process goes by a name; scripts go by theirs when asked for.
func (q *proc) matches(name string, scripts bool) bool {
	if q.name() == name || q.args[0] == name {
		return true
	}
	return scripts && len(q.args) > 1 && (q.args[1] == name || q.args[1][strings.LastIndexByte(q.args[1], '/')+1:] == name)
}

// pidof, pgrep and pkill.
func pidof(_ context.Context, p *Process) int {
	tool := p.Args[0][strings.LastIndexByte(p.Args[0], '/')+1:]
	var names []string
	flags := ""
	for _, a := range p.Args[1:] {
		if strings.HasPrefix(a, "-") {
			flags += a[1:]
		} else {
			names = append(names, a)
		}
	}
	var pids []string
	for _, q := range slices.Backward(p.Host.processes()) {
		if q.pid == p.PID {
			continue
		}
		for _, n := range names {
			hit := q.matches(n, strings.Contains(flags, "x"))
			if tool != "pidof" {
				hit = strings.Contains(q.name(), n) || strings.Contains(flags, "f") && strings.Contains(strings.Join(q.args, " "), n)
			}
			if hit {
				pids = append(pids, itoa(q.pid))
			}
		}
	}
	if len(pids) == 0 {
		return 1
	}
	switch tool {
	case "pidof":
		if !strings.Contains(flags, "q") {
			p.printf("%s\n", strings.Join(pids, " "))
		}
	case "pkill":
		for _, s := range pids {
			pid, _ := strconv.Atoi(s)
			if err := p.Host.kill(pid, 15, p.User); err != nil {
				return p.Fail(1, "killing pid %s failed: %v", s, err)
			}
		}
	default:
		slices.Reverse(pids)
		p.printf("%s\n", strings.Join(pids, "\n"))
	}
	return 0
}

var signals = map[string]int{"HUP": 1, "INT": 2, "QUIT": 3, "KILL": 9, "USR1": 10, "USR2": 12, "TERM": 15, "CONT": 18, "STOP": 19}

func kill(_ context.Context, p *Process) int {
	sig := 15
	args := p.Args[1:]
	if len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' {
		name := args[0][1:]
		args = args[1:]
		if name == "s" && len(args) > 0 {
			name, args = args[0], args[1:]
		}
		if name == "l" {
			p.printf("HUP INT QUIT KILL USR1 USR2 TERM CONT STOP\n")
			return 0
		}
		n, err := strconv.Atoi(name)
		if err != nil {
			var ok bool
			if n, ok = signals[strings.TrimPrefix(strings.ToUpper(name), "SIG")]; !ok {
				fmt.Fprintf(p.Stderr, "%s: kill: %s: invalid signal specification\n", p.session.prefix, name)
				return 1
			}
		}
		sig = n
	}
	if len(args) == 0 {
		fmt.Fprintln(p.Stderr, "kill: usage: kill [-s sigspec | -n signum | -sigspec] pid | jobspec ...")
		return 2
	}
	code := 0
	for _, a := range args {
		pid, err := strconv.Atoi(a)
		if err != nil {
			fmt.Fprintf(p.Stderr, "%s: kill: %s: arguments must be process or job IDs\n", p.session.prefix, a)
			code = 1
			continue
		}
		if err := p.Host.kill(pid, sig, p.User); err != nil {
			fmt.Fprintf(p.Stderr, "%s: kill: (%d) - %v\n", p.session.prefix, pid, err)
			code = 1
		}
	}
	return code
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

func which(_ context.Context, p *Process) int {
	code := 0
	for _, a := range p.Args[1:] {
		if strings.HasPrefix(a, "-") {
			continue
		}
		if found, bad := p.session.lookup(p.Dir, p.Getenv("PATH"), a); bad == 0 {
			p.printf("%s\n", found)
		} else {
			code = 1
		}
	}
	return code
}

func man(_ context.Context, p *Process) int {
	if len(p.Args) < 2 {
		fmt.Fprintln(p.Stderr, "What manual page do you want?")
		return 1
	}
	fmt.Fprintf(p.Stderr, "No manual entry for %s\n", p.Args[len(p.Args)-1])
	return 16
}

func historyProgram(_ context.Context, p *Process) int {
	if p.session.history != nil {
		for i, l := range p.session.history.lines() {
			p.printf("%5d  %s\n", i+1, l)
		}
	}
	return 0
}

func logger(_ context.Context, p *Process) int {
	o, ok := p.Parse("t: p: s i")
	if !ok {
		return 1
	}
	tag := p.User
	if o.Has("t") {
		tag = o.Value("t")
	}
	if len(o.Rest) > 0 {
		p.Host.Log(tag, strings.Join(o.Rest, " "))
		return 0
	}
	if p.Stdin != nil {
		in := bufio.NewScanner(p.Stdin)
		for in.Scan() {
			p.Host.Log(tag, in.Text())
		}
	}
	return 0
}

// sudo and su run a command as another user: root may, and so may everybody with sudo, because a
// workshop's servers are for playing.
func sudo(ctx context.Context, p *Process) int {
	args, user := p.Args[1:], "root"
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		if args[0] == "-u" && len(args) > 1 {
			user, args = args[1], args[1:]
		}
		if args[0] == "-i" || args[0] == "-s" {
			args = append([]string{args[0], "bash"}, args[1:]...)
		}
		args = args[1:]
	}
	if len(args) == 0 {
		return p.Fail(1, "usage: sudo [-u user] command")
	}
	return p.runAs(ctx, user, args)
}

func su(ctx context.Context, p *Process) int {
	args, user := p.Args[1:], "root"
	line := ""
	for i := 0; i < len(args); i++ {
		switch a := args[i]; {
		case a == "-c" && i+1 < len(args):
			line = args[i+1]
			i++
		case strings.HasPrefix(a, "-"):
		default:
			user = a
		}
	}
	if p.User != "root" {
		return p.Fail(1, "Authentication failure")
	}
	if line == "" {
		return p.Fail(1, "only 'su USER -c LINE' is supported here")
	}
	return p.runAs(ctx, user, []string{"bash", "-c", line})
}

func (p *Process) runAs(ctx context.Context, user string, args []string) int {
	if bin.LookupUser(p.FS, user).UID < 0 {
		return p.Fail(1, "unknown user: %s", user)
	}
	s := p.Host.session(user)
	s.tty, s.prefix, s.history = p.session.tty, p.session.prefix, p.session.history
	next := *p.Call
	next.Args, next.Env = args, append(s.env(), "SUDO_USER="+p.User)
	return s.exec(ctx, commandOf(next))
}

func reboot(_ context.Context, p *Process) int {
	return p.Fail(1, "reboot the server through the cloud (nova reboot)")
}

func crontab(ctx context.Context, p *Process) int {
	user, args := p.User, p.Args[1:]
	if len(args) > 1 && args[0] == "-u" {
		if p.User != "root" && args[1] != p.User {
			fmt.Fprintln(p.Stderr, "must be privileged to use -u")
			return 1
		}
		user, args = args[1], args[2:]
	}
	root := p.Host.tree.Root()
	file := crontabs + "/" + user
	if len(args) == 0 {
		args = []string{"-"}
	}
	switch args[0] {
	case "-l":
		data, err := root.ReadFile(file)
		if err != nil {
			fmt.Fprintf(p.Stderr, "no crontab for %s\n", user)
			return 1
		}
		p.printf("%s", data)
		return 0
	case "-r":
		if err := root.Remove(file); err != nil {
			fmt.Fprintf(p.Stderr, "no crontab for %s\n", user)
			return 1
		}
		return 0
	case "-e":
		return editCrontab(ctx, p, file)
	}
	return p.loadCrontab(args[0], user, file)
}

func (p *Process) loadCrontab(from, user, file string) int {
	var data []byte
	var err error
	if from == "-" {
		out := &limited{max: 1 << 20}
		if p.Stdin != nil {
			_, err = bufio.NewReader(p.Stdin).WriteTo(out)
		}
		data = []byte(out.String())
	} else {
		data, err = p.FS.ReadFile(tree.Clean(p.Dir, from))
	}
	if err != nil {
		fmt.Fprintf(p.Stderr, "%s: %s\n", from, bin.Reason(err))
		return 1
	}
	if _, err := parseCrontab(user, string(data)); err != nil {
		fmt.Fprintf(p.Stderr, "\"%s\":%v\nerrors in crontab file, can't install.\n", from, err)
		return 1
	}
	root := p.Host.tree.Root()
	if err := errors.Join(root.MkdirAll(crontabs, 0o755), root.WriteFile(file, data, 0o600)); err != nil {
		return p.Fail(1, "%s: %s", file, bin.Reason(err))
	}
	return 0
}

func gitProgram(ctx context.Context, p *Process) int {
	return gitcmd.Run(ctx, p.Call, func(_ context.Context, url string) (fs.FS, error) {
		dir, ok := p.Host.packages.Git[url]
		if !ok {
			dir, ok = p.Host.packages.Git[strings.TrimSuffix(url, ".git")]
		}
		if !ok || p.Host.cfg.Workshop == nil {
			return nil, fs.ErrNotExist
		}
		return fs.Sub(p.Host.cfg.Workshop, dir)
	})
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

// chpasswd sets passwords; they are kept in memory only.
func chpasswd(_ context.Context, p *Process) int {
	if p.User != "root" {
		return p.Fail(1, "cannot lock /etc/passwd; try again later.")
	}
	if p.Stdin == nil {
		return 0
	}
	list := map[string]string{}
	in := bufio.NewScanner(p.Stdin)
	for n := 1; in.Scan(); n++ {
		name, password, ok := strings.Cut(in.Text(), ":")
		if !ok || bin.LookupUser(p.FS, name).UID < 0 {
			return p.Fail(1, "(line %d, user %s) password not changed", n, name)
		}
		list[name] = password
	}
	p.Host.setPasswords(list)
	return 0
}
