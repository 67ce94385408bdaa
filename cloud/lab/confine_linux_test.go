package lab

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"matou/cloud"
	"matou/cloud/remote"
)

// testConfined tries what root on a server must not be able to do.
func testConfined(t *testing.T, l *testLab, id string, chain []remote.Hop) {
	t.Helper()
	for _, tool := range strings.Fields("mount umount mknod dmesg hostname ip date chroot unshare nsenter setpriv curl timeout perl") {
		if _, exit := l.run(chain, "command -v "+tool); exit != 0 {
			t.Errorf("there is no %s on the server: what tries it proves nothing", tool)
		}
	}
	for _, try := range []string{
		// mounts and devices
		"mount -t tmpfs x /mnt", "mount -t devtmpfs x /mnt", "mount -o remount,rw /proc/sys", "umount /proc/sys", "mount --bind / /mnt",
		"umount -l /proc", "mknod /tmp/sda b 8 0", "mknod /tmp/mem c 1 1", "test -b /dev/sda -o -b /dev/vda -o -b /dev/loop0 -o -e /dev/loop-control",
		// the kernel
		"echo 1 >/proc/sys/vm/drop_caches", "echo /tmp/x >/proc/sys/kernel/core_pattern", "echo 1 >/proc/sys/net/ipv4/ip_forward",
		"echo h >/proc/sysrq-trigger", "dmesg", "cat /proc/kcore | head -c 1 | grep -q .", "cat /proc/kallsyms | head -c 1 | grep -q .",
		"test -e /sys/fs/cgroup/memory", "ls /sys/kernel | grep -q .", "touch /sys/class/x",
		"hostname other", "date -s 2020-01-01", "nice -n -5 true 2>&1 | grep -v cannot",
		// other namespaces
		"unshare -m true", "unshare -n true", "unshare -U true", "unshare -Ur mount -t tmpfs x /mnt", "unshare -UrC true",
		"unshare -Urpf --mount-proc cat /proc/sys/kernel/hostname", "nsenter -t 1 -m true", "nsenter -t $PPID -n true",
		"ip link add x type dummy", "ip link set eth0 down", "ip addr add 198.51.100.1/24 dev eth0",
		// the host's files and processes
		"chroot /proc/1/root/../../.. test -e " + l.place.base(), "chroot /proc/1/cwd/../../.. test -e " + l.place.base(),
		"test -e " + l.place.base(), "test $(ps -e | wc -l) -gt 60", fmt.Sprintf("grep -q %s /proc/%d/cmdline", filepath.Base(os.Args[0]), os.Getpid()),
		// capabilities: nobody's are more than root's
		"grep -h CapBnd /proc/[0-9]*/status | grep -v " + fmt.Sprintf("%016x", keptMask()),
		"for p in /proc/[0-9]*; do e=$(sed -n 's/^CapEff:.//p' $p/status); [ $((0x$e & ~0x" + fmt.Sprintf("%x", keptMask()) + ")) = 0 ] || echo $p; done | grep .",
		"setpriv --inh-caps +sys_admin true",
	} {
		if out, exit := l.run(chain, try+" 2>&1"); exit == 0 {
			t.Errorf("%s: it could: %s", try, out)
		}
	}
	if _, filtered := architectures[runtime.GOARCH]; filtered {
		l.want(chain, "grep -h Seccomp: /proc/[0-9]*/status | sort -u", "2")
		if out, _ := l.run(chain, "grep -h Seccomp: /proc/[0-9]*/status | sort -u | wc -l"); strings.TrimSpace(out) != "1" {
			t.Errorf("a process of the server is not filtered: %s", out)
		}
	}
	for controller, dir := range newLimiter(cgroupRoot, l.place).groups(id) {
		if data, err := os.ReadFile(filepath.Join(dir, "pids.max")); controller == "pids" && strings.TrimSpace(string(data)) != "2048" {
			t.Errorf("processes are bounded by %q, %v", data, err)
		}
	}
}

func keptMask() (mask uint64) {
	for _, c := range kept {
		mask |= 1 << c
	}
	return mask
}

// testOut tries to get out of the lab's network: to this machine by each of its addresses, and beyond.
func testOut(t *testing.T, chain []remote.Hop, l *testLab) {
	t.Helper()
	door, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer door.Close()
	port := strconv.Itoa(door.Addr().(*net.TCPAddr).Port)
	tries := []string{"192.0.2.1/22", "8.8.8.8/53", "169.254.169.254/80", "127.0.0.1/" + port, strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(l.info.AuthURL, "http://"), "/identity/v3"), ":", "/")}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addresses {
		if ip, ok := a.(*net.IPNet); ok && ip.IP.To4() != nil {
			tries = append(tries, ip.IP.String()+"/"+port)
		}
	}
	all := "for to in " + strings.Join(tries, " ") + `; do (timeout 3 bash -c "</dev/tcp/$to" 2>/dev/null && echo reached $to) & done; wait`
	if out, _ := l.run(chain, all); out != "" {
		t.Errorf("a server got out: %s", out)
	}
	// The same does reach what is there.
	l.want(chain, "timeout 3 bash -c '</dev/tcp/127.0.0.1/22' && echo reached", "reached")
	if out, exit := l.run(chain, "curl -s -m 2 "+l.info.AuthURL); exit == 0 {
		t.Errorf("a server reached the API: %s", out)
	}
}

// lacks tells whether the lab said that this machine can't bound something.
func (l *testLab) lacks(what string) bool {
	for _, m := range l.info.Missing {
		if strings.Contains(m, what) {
			l.t.Logf("not tested: %s", m)
			return true
		}
	}
	return false
}

// testDisk fills the disk of a server: it is as large as the flavor says, and full then.
func testDisk(t *testing.T, chain []remote.Hop, l *testLab) {
	t.Helper()
	if l.lacks("disk limit") {
		return
	}
	if out, _ := l.run(chain, "df -BM --output=size / | tail -1"); strings.TrimSpace(out) > "1024M" || len(strings.TrimSpace(out)) > 5 {
		t.Errorf("the disk of the flavor with 1 GiB has %s", out)
	}
	if out, exit := l.run(chain, "head -c 1100M /dev/zero 2>&1 >/srv/big; s=$?; rm -f /srv/big; exit $s"); exit == 0 || !strings.Contains(out, "No space left on device") {
		t.Errorf("1.1 GB went onto a disk of 1 GiB: %d, %s", exit, out)
	}
	l.want(chain, "echo there is room again >/srv/small && cat /srv/small", "room again")
}

// testMemory takes more memory than the flavor has: that program is killed, and nothing else.
func testMemory(t *testing.T, l *testLab, servers []cloud.Server) {
	t.Helper()
	if l.lacks("memory limit") {
		return
	}
	pids := func() (all [2]string) {
		for i := range all {
			all[i], _ = l.run(l.chain(servers[i]), "cat /run/sshd.pid /run/crond.pid /run/rsyslogd.pid; cut -d' ' -f22 /proc/1/stat")
		}
		return all
	}
	before := pids()
	if out, exit := l.run(l.chain(servers[0]), "perl -e '$x = \"x\" x (400 << 20); print length $x'"); exit == 0 || strings.Contains(out, "419430400") {
		t.Errorf("the flavor with 192 MiB held 400: %s", out)
	}
	if after := pids(); after != before {
		t.Errorf("other programs did not live through it: %q, before %q", after, before)
	}
	dir := newLimiter(cgroupRoot, l.place).groups(servers[0].ID)["memory"]
	control, _ := os.ReadFile(filepath.Join(dir, "memory.oom_control"))
	events, _ := os.ReadFile(filepath.Join(dir, "memory.events"))
	if strings.Contains(string(control)+string(events), "oom_kill 0\n") {
		t.Errorf("the kernel killed nothing: %s%s", control, events)
	}
}
