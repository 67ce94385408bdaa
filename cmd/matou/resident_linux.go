package main

import (
	"bytes"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// forgetInit gives back the pages of the program's code that were needed to initialise packages.
// Each of some hundred packages has a little of that, and the kernel maps the 64 KiB around whatever
// is touched: most of the code would stay resident that nobody runs again. What is needed again is
// still in the page cache, and costs a fault. Code is never written to, so nothing is lost: see
// madvise(2), MADV_DONTNEED, on private mappings of a file.
func forgetInit() {
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return
	}
	for line := range bytes.Lines(maps) {
		// 00401000-00ff5000 r-xp 00001000 fe:00 123   /usr/bin/matou, see proc_pid_maps(5)
		fields := bytes.Fields(line)
		if len(fields) != 6 || string(fields[1]) != "r-xp" || string(fields[5]) != exe {
			continue
		}
		from, to, _ := bytes.Cut(fields[0], []byte("-"))
		begin, err1 := strconv.ParseUint(string(from), 16, 64)
		end, err2 := strconv.ParseUint(string(to), 16, 64)
		if err1 == nil && err2 == nil {
			_, _, _ = unix.Syscall(unix.SYS_MADVISE, uintptr(begin), uintptr(end-begin), unix.MADV_DONTNEED)
		}
	}
}
