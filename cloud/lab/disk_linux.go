package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// diskFile is a machine's disk: a sparse file with a file system of the flavor's size.
const diskFile = "disk.img"

// makeDisk makes a disk of so many GiB. It takes what is written to it, no more.
func makeDisk(ctx context.Context, name string, size int) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("make disk: %w", err)
	}
	if err := errors.Join(f.Truncate(int64(size)<<30), f.Close()); err != nil {
		return fmt.Errorf("make disk: %w", err)
	}
	// No journal: a lab's disk does not outlive the machine it is on in any case that matters.
	cmd := exec.CommandContext(ctx, "mkfs.ext4", "-q", "-F", "-m", "0", "-O", "^has_journal,^resize_inode", "-E",
		"lazy_itable_init=1,nodiscard", "-i", "16384", name)
	if out, err := cmd.CombinedOutput(); err != nil {
		return errors.Join(fmt.Errorf("make disk: %w: %s", err, strings.TrimSpace(string(out))), os.Remove(name))
	}
	return nil
}

// mountDisk mounts a disk. The loop device frees itself when the last mount of it ends, which is when
// the machine does (loop(4), LO_FLAGS_AUTOCLEAR).
func mountDisk(name, target string) error {
	file, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("mount disk: %w", err)
	}
	defer file.Close()
	device, err := attachLoop(file)
	if err != nil {
		return fmt.Errorf("mount disk: %w", err)
	}
	defer device.Close()
	if err := unix.Mount(device.Name(), target, "ext4", unix.MS_NOATIME|unix.MS_NODEV, ""); err != nil {
		return fmt.Errorf("mount disk: %w", err)
	}
	return nil
}

// attachLoop finds a free loop device and puts the file behind it. Others look for one too: whoever
// comes second tries the next.
func attachLoop(file *os.File) (*os.File, error) {
	control, err := os.OpenFile("/dev/loop-control", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer control.Close()
	for range 100 {
		n, err := unix.IoctlRetInt(int(control.Fd()), unix.LOOP_CTL_GET_FREE)
		if err != nil {
			return nil, fmt.Errorf("find a loop device: %w", err)
		}
		device, err := os.OpenFile("/dev/loop"+strconv.Itoa(n), os.O_RDWR, 0)
		if err != nil {
			return nil, err
		}
		err = unix.IoctlLoopConfigure(int(device.Fd()), &unix.LoopConfig{
			Fd: uint32(file.Fd()), Info: unix.LoopInfo64{Flags: unix.LO_FLAGS_AUTOCLEAR},
		})
		if err == nil {
			return device, nil
		}
		_ = device.Close()
		if !errors.Is(err, unix.EBUSY) {
			return nil, fmt.Errorf("set up a loop device: %w", err)
		}
	}
	return nil, errors.New("all loop devices are taken")
}

// canDisk tells whether disks can be made and mounted here.
func canDisk() error {
	if err := needTools("mkfs.ext4"); err != nil {
		return err
	}
	control, err := os.OpenFile("/dev/loop-control", os.O_RDWR, 0) // in a container it is often not allowed
	if err != nil {
		return err
	}
	defer control.Close()
	n, err := unix.IoctlRetInt(int(control.Fd()), unix.LOOP_CTL_GET_FREE)
	if err != nil {
		return err
	}
	device, err := os.OpenFile("/dev/loop"+strconv.Itoa(n), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return device.Close()
}

// diskUse is how many MiB of the host's disk a folder takes.
func diskUse(dir string) int {
	var blocks int64
	_ = filepath.WalkDir(dir, func(name string, _ os.DirEntry, err error) error {
		var st unix.Stat_t
		if err == nil && unix.Lstat(name, &st) == nil {
			blocks += st.Blocks
		}
		return nil
	})
	return int(blocks >> 11)
}
