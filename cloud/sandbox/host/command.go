package host

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

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
