package lab

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
)

// kept are the capabilities that root has on a machine: over its own files, accounts, processes and
// ports, and none over the kernel. It is the list that containers commonly have, without mknod, and
// with ptrace: start-stop-daemon has to see whose program a process runs. What it can trace is in
// its own pid namespace.
var kept = []int{
	unix.CAP_CHOWN, unix.CAP_DAC_OVERRIDE, unix.CAP_FSETID, unix.CAP_FOWNER, unix.CAP_NET_RAW, unix.CAP_SETGID, unix.CAP_SETUID,
	unix.CAP_SETFCAP, unix.CAP_SETPCAP, unix.CAP_NET_BIND_SERVICE, unix.CAP_SYS_CHROOT, unix.CAP_KILL, unix.CAP_AUDIT_WRITE, unix.CAP_SYS_PTRACE,
}

// dropCapabilities gives up all others, for good: what is not in the bounding set does not survive
// the exec of init, and does not come back (capabilities(7)).
func dropCapabilities() error {
	for c := 0; ; c++ {
		switch err := unix.Prctl(unix.PR_CAPBSET_READ, uintptr(c), 0, 0, 0); {
		case errors.Is(err, unix.EINVAL):
			return nil // there are no more
		case err != nil:
			return fmt.Errorf("read capabilities: %w", err)
		}
		if !slices.Contains(kept, c) {
			if err := unix.Prctl(unix.PR_CAPBSET_DROP, uintptr(c), 0, 0, 0); err != nil {
				return fmt.Errorf("drop capability %d: %w", c, err)
			}
		}
	}
}

// refusedCalls are the system calls that a machine's programs are refused, with what they are told.
// They reach parts of the kernel that know no namespaces, or are where its mistakes have been.
var refusedCalls = map[uint32]unix.Errno{
	unix.SYS_KEYCTL: unix.EPERM, unix.SYS_ADD_KEY: unix.EPERM, unix.SYS_REQUEST_KEY: unix.EPERM, // keyrings(7)
	unix.SYS_BPF: unix.EPERM, unix.SYS_PERF_EVENT_OPEN: unix.EPERM, unix.SYS_USERFAULTFD: unix.EPERM,
	unix.SYS_IO_URING_SETUP: unix.ENOSYS, unix.SYS_IO_URING_ENTER: unix.ENOSYS, unix.SYS_IO_URING_REGISTER: unix.ENOSYS,
	// Its flags are in memory, which a filter can't read. Whoever is told that it is not there uses clone.
	unix.SYS_CLONE3: unix.ENOSYS,
}

// architectures are what a program's calls have to be numbered for: numbers mean something else in
// another one.
var architectures = map[string]uint32{"amd64": unix.AUDIT_ARCH_X86_64, "arm64": unix.AUDIT_ARCH_AARCH64}

// x32 marks calls of amd64's other ABI, whose numbers are not the filter's either.
const x32 = 0x40000000

// Where a filter finds what it looks at (struct seccomp_data, seccomp(2)): both architectures are
// little-endian, so the low half of an argument comes first.
const (
	callNumber = 0
	callArch   = 4
	callArg0   = 16
)

// callFilter is the filter as a program (bpf(4)). A new user namespace would give whoever makes it
// all capabilities in it, and with them calls that a server has no business with.
func callFilter(arch uint32) []unix.SockFilter {
	load := func(at uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: at}
	}
	equal := func(k uint32, skip uint8) unix.SockFilter { // goes on when equal, else skips so many
		return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: k, Jf: skip}
	}
	set := func(k uint32, skip uint8) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, K: k, Jf: skip}
	}
	end := func(action uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: action}
	}
	refuse := func(e unix.Errno) unix.SockFilter { return end(unix.SECCOMP_RET_ERRNO | uint32(e)) }
	allow := end(unix.SECCOMP_RET_ALLOW)

	f := []unix.SockFilter{load(callArch), equal(arch, 1), {Code: unix.BPF_JMP | unix.BPF_JA, K: 1}, refuse(unix.ENOSYS), load(callNumber)}
	if arch == unix.AUDIT_ARCH_X86_64 {
		f = append(f, set(x32, 1), refuse(unix.ENOSYS))
	}
	var numbers []uint32
	for n := range refusedCalls {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	for _, n := range numbers {
		f = append(f, equal(n, 1), refuse(refusedCalls[n]))
	}
	for _, n := range []uint32{unix.SYS_CLONE, unix.SYS_UNSHARE} {
		f = append(f, equal(n, 4), load(callArg0), set(unix.CLONE_NEWUSER, 1), refuse(unix.EPERM), allow)
	}
	return append(f, allow)
}

// filterCalls puts the filter on this thread, and so on what it becomes and starts. There is none for
// other architectures than the two.
func filterCalls() error {
	arch, ok := architectures[runtime.GOARCH]
	if !ok {
		return nil
	}
	f := callFilter(arch)
	program := unix.SockFprog{Len: uint16(len(f)), Filter: &f[0]}
	err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0)
	runtime.KeepAlive(f)
	if err != nil {
		return fmt.Errorf("filter system calls: %w", err)
	}
	return nil
}
