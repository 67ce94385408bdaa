// Package lab makes the servers of a cloud real: on one Linux machine, as root, each is a set of
// namespaces with its own root file system, address, host name and PID 1, which starts sshd, cron,
// syslog and whatever the image has. The APIs in front of them are package sandbox's; this package
// is the machines behind.
//
// From the outside in:
//
//   - [Serve] runs a lab: the APIs and the way in through the jumphost, both on loopback. [Down]
//     removes all of it, whatever happened to the process that served it. [Find] tells other
//     programs where a lab is, and needs no rights.
//   - images.go builds the images: layers of overlayfs, each made by a script of the workshop's
//     folder lab/ (lab.yaml says which), the first by this package's own recipe/. A layer is named
//     after the hash of all that went into it, and built only when there is none of that name.
//   - machine.go boots, adopts, restarts and ends machines. stage.go is what happens inside, as
//     PID 1, before init takes its place. A machine outlives the process that booted it: after a
//     crash [Serve] finds it running and takes it over.
//   - network.go: all of a lab's machines hang on one bridge, in a network namespace that only the
//     lab has. The host gets no link, no address and no route from it, so labs do not meet, and from
//     inside a lab there is no way out.
//   - limits.go and disk.go: memory and processes by cgroups, disk by a file system of the
//     flavor's size, where the machine can; [Status] says where it can't.
//
// On Ubuntu the images are Debian's all the same: mmdebstrap and debian-archive-keyring are in its
// universe, and nothing else differs that we know of by reading. Its restriction of user namespaces to
// programs with a profile does not concern root. Its AppArmor profiles go by path, also inside a
// server: rsyslogd's allows what the server's does. It has not been run there.
//
// Against a server whose root is not a friend: it has no capability over the kernel (no mounts, no
// devices, no modules, no network configuration) and can make no user namespace to get some, system
// calls that reach past namespaces are refused, /proc and /sys are read-only where they reach beyond
// it, and no device but the harmless ones is there. It is not a virtual machine: the kernel
// is shared.
package lab
