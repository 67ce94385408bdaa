package host

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

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
func (p *proc) matches(name string, scripts bool) bool {
	if p.name() == name || p.args[0] == name {
		return true
	}
	return scripts && len(p.args) > 1 && (p.args[1] == name || p.args[1][strings.LastIndexByte(p.args[1], '/')+1:] == name)
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
