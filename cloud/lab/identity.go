package lab

import (
	"fmt"
	"os"
	"strings"
)

// process is a process by its number and the time it started, in ticks since the machine did: the
// pair does not come again while the machine runs.
type process struct {
	pid   int
	start string
}

// identify reads a process's start time, the 22nd field of its stat (proc_pid_stat(5)). The second
// is a name in brackets, which may hold anything.
func identify(pid int) (process, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return process{}, err
	}
	text := string(data)
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) < 20 {
		return process{}, fmt.Errorf("process %d: stat is %q", pid, text)
	}
	if fields[0] == "Z" {
		return process{}, fmt.Errorf("process %d: %w", pid, os.ErrProcessDone)
	}
	return process{pid: pid, start: boot() + "-" + fields[19]}, nil
}

// boot is this run of the machine: after a reboot, numbers and ticks begin anew.
func boot() string {
	data, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(data))
}
