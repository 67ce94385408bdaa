//go:build unix

package tree

import "syscall"

// Sys answers the owner as a *syscall.Stat_t: the shell's test -O and -G look there.
func (i Info) Sys() any { return &syscall.Stat_t{Uid: uint32(i.uid), Gid: uint32(i.gid)} }
