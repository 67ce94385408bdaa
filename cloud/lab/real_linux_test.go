package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"matou/cloud"
	"matou/cloud/openstack"
	"matou/cloud/remote"
	"matou/cloud/sandbox"
)

// The tests in this file make real servers. They want root, and to be asked for:
//
//	MATOU_TEST_LAB=1          run them
//	MATOU_TEST_LAB_DIR=DIR    keep the images there for the next time
func realDir(t *testing.T) string {
	t.Helper()
	if os.Getenv("MATOU_TEST_LAB") == "" {
		t.Skip("makes real servers: MATOU_TEST_LAB=1, as root on Debian or Ubuntu")
	}
	if err := Supported(); err != nil {
		t.Skip(err)
	}
	if dir := os.Getenv("MATOU_TEST_LAB_DIR"); dir != "" {
		return dir
	}
	return t.TempDir()
}

// testLab is a lab served by a process of its own.
type testLab struct {
	t     *testing.T
	place Place
	cmd   *exec.Cmd
	info  Info
	cloud *openstack.Client
	ssh   *remote.Client
}

func (l *testLab) serve() {
	l.t.Helper()
	l.cmd = exec.Command(os.Args[0])
	l.cmd.Env = append(os.Environ(), serveEnv+"="+l.place.base()+"|"+l.place.name())
	l.cmd.Stderr = os.Stderr
	if err := l.cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		info, err := Find(l.place)
		if err == nil && info.Process == l.cmd.Process.Pid {
			l.info = info
			break
		}
		if time.Since(began) > 30*time.Second {
			l.t.Fatalf("the lab does not answer: %v", err)
		}
	}
	params, err := sandbox.WorldParams(testOptions(l.place).Workshop, "")
	if err != nil {
		l.t.Fatal(err)
	}
	l.cloud, err = openstack.Login(l.t.Context(), openstack.Credentials{
		AuthURL: l.info.AuthURL, Username: params["sandbox.user"], Password: params["sandbox.password"],
		Project: params["sandbox.project"], UserDomain: "Default",
	}, openstack.Options{Poll: func(time.Duration) time.Duration { return 10 * time.Millisecond }})
	if err != nil {
		l.t.Fatal(err)
	}
	l.ssh = remote.New(remote.Options{Asker: remote.Asker{HostKey: func(context.Context, remote.HostKey) (bool, error) { return true, nil }}})
}

// kill ends the serving process without a word.
func (l *testLab) kill() {
	_ = l.ssh.Close()
	l.cloud.Close()
	_ = l.cmd.Process.Kill()
	_ = l.cmd.Wait()
}

func (l *testLab) boot(name, image, data string, count int) []cloud.Server {
	l.t.Helper()
	list, err := l.cloud.Boot(l.t.Context(), cloud.ServerSpec{Name: name, Image: image, Flavor: "small", UserData: []byte(data), Count: count})
	if err != nil {
		l.t.Fatal(err)
	}
	for i := range list {
		if list[i], err = l.cloud.Wait(l.t.Context(), list[i].ID, nil); err != nil && image == "Plain" {
			l.t.Fatal(err)
		}
	}
	return list
}

// chain is the way to a server: jumphost, container, server.
func (l *testLab) chain(s cloud.Server, fingerprints ...string) []remote.Hop {
	host, port, _ := strings.Cut(l.info.SSH, ":")
	var n int
	fmt.Sscan(port, &n)
	return []remote.Hop{
		{Name: "jumphost", User: "jump", Host: host, Port: n, Password: "classroom", NoAgent: true},
		{Name: "inception", User: "root", Host: "127.0.0.1", Port: 2203, Password: "classroom", NoAgent: true},
		{Name: s.Name, User: "root", Host: s.Address().String(), Port: 22, Password: "classroom", NoAgent: true, Fingerprints: fingerprints},
	}
}

// run runs a command at the end of a chain, and waits for the host to answer first.
func (l *testLab) run(chain []remote.Hop, command string) (string, int) {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), 20*time.Second)
	defer cancel()
	for {
		conn, err := l.ssh.Conn(ctx, chain...)
		if err != nil && ctx.Err() == nil {
			continue // the client waits between its attempts
		}
		if err != nil {
			l.t.Fatal(err)
		}
		out, exit, err := conn.Output(ctx, command, 1<<20)
		if err != nil {
			l.t.Fatalf("%s: %v", command, err)
		}
		return string(out), exit.Code
	}
}

// want runs a command and wants a text in its output, within some seconds.
func (l *testLab) want(chain []remote.Hop, command, text string, within time.Duration) {
	l.t.Helper()
	for began := time.Now(); ; time.Sleep(200 * time.Millisecond) {
		out, _ := l.run(chain, command+" 2>&1")
		if strings.Contains(out, text) {
			return
		}
		if time.Since(began) > within {
			l.t.Errorf("%s: no %q in %s", command, text, out)
			return
		}
	}
}

const userData = `#cloud-config
write_files:
- {path: /etc/cron.d/tick, content: "* * * * * root logger tick-$(hostname)\n"}
- {path: /srv/packed, encoding: gz+b64, permissions: '0600', content: H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA==}
runcmd:
- echo run >>/srv/runs
`

// TestRealSmoke is the lab without Java: two servers, ssh, cron, syslog; what they may not do; a
// server process that is killed; a second lab beside it; and nothing left.
func TestRealSmoke(t *testing.T) {
	p := Place{Dir: realDir(t), Name: "smoke"}
	if err := Down(t.Context(), p); err != nil { // of a test that was interrupted
		t.Fatal(err)
	}
	began := time.Now()
	o := testOptions(p)
	o.Progress = func(line string) { t.Log(line) }
	if err := Build(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	t.Logf("images after %s", time.Since(began).Round(time.Millisecond))
	before := traces(t, p)
	l := &testLab{t: t, place: p}
	t.Cleanup(func() {
		if err := Down(context.WithoutCancel(t.Context()), p); err != nil {
			t.Error(err)
		}
	})
	l.serve()
	t.Logf("notes: %q", l.info.Missing)

	booting := time.Now()
	servers := l.boot("web", "Plain", userData, 2)
	t.Logf("2 servers ACTIVE after %s", time.Since(booting).Round(time.Millisecond))
	first, second := l.chain(servers[0]), l.chain(servers[1])
	l.want(first, "hostname", "web-1", 0)
	t.Logf("ssh through two hops after %s", time.Since(booting).Round(time.Millisecond))
	l.want(second, "hostname", "web-2", 0)
	testServer(t, l, servers)
	testConfined(t, l, servers[0].ID, first)
	testFull(t, l)

	testKilled(t, l, servers[0])
	testBeside(t, l, servers[0])
	l.want(first, "grep tick-web-1 /var/log/syslog", "tick-web-1", 70*time.Second) // cron's next minute
	l.want(second, "grep CRON /var/log/syslog", "logger tick-", time.Second)

	l.kill()
	_ = exec.Command("sync").Run() // loop devices free themselves when all is written
	if err := Down(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	var after []string
	for range 50 {
		if after = traces(t, p); slices.Equal(after, before) {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if !slices.Equal(after, before) {
		t.Errorf("before:\n%s\nafter:\n%s", strings.Join(before, "\n"), strings.Join(after, "\n"))
	}
	t.Logf("all in %s", time.Since(began).Round(time.Millisecond))
}

// testServer looks at a server as a participant would.
func testServer(t *testing.T, l *testLab, servers []cloud.Server) {
	t.Helper()
	chain := l.chain(servers[0])
	l.want(chain, "cat /proc/1/comm", "init", 0)
	l.want(chain, "cat /srv/packed; stat -c ' %a' /srv/packed", "hello 600", 2*time.Second)
	l.want(chain, "cat /srv/runs", "run", 5*time.Second)
	l.want(chain, "grep cloud-init /var/log/syslog", "Cloud-init finished", 5*time.Second)
	l.want(chain, "grep -c . /proc/net/route; ip -br addr", servers[0].Address().String()+"/24", 0)
	l.want(chain, "service cron status", "is running", 0)
	text, err := l.cloud.ConsoleLog(t.Context(), servers[0].ID, 100)
	if err != nil {
		t.Fatal(err)
	}
	key, _ := l.run(chain, "ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub")
	if key = strings.Fields(key)[1]; !strings.Contains(text, "256 "+key+" root@web-1 (ED25519)") {
		t.Errorf("%s is not in the console log:\n%s", key, text)
	}
	// The client holds the console's word against what the server shows.
	_ = l.ssh.Disconnect(l.chain(servers[1])...) // what is connected is not asked again
	_ = l.ssh.Forget(l.chain(servers[1])[2], l.chain(servers[1])[:2]...)
	if _, err := l.ssh.Conn(t.Context(), l.chain(servers[1], key)...); err == nil {
		t.Error("another server's key was taken for this one's")
	}
	l.post("servers/"+servers[1].ID+"/action", `{"reboot": {"type": "HARD"}}`)
	if _, err := l.cloud.Wait(t.Context(), servers[1].ID, nil); err != nil {
		t.Fatal(err)
	}
	l.want(l.chain(servers[1]), "cat /srv/runs | wc -l", "1", 5*time.Second)
}

// post sends a request that the client has no word for.
func (l *testLab) post(path, body string) {
	l.t.Helper()
	url := strings.Replace(l.info.AuthURL, "/identity/v3", "/compute/v2.1/", 1) + path
	req, err := http.NewRequestWithContext(l.t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		l.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Auth-Token", l.cloud.Token())
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		l.t.Fatal(err)
	}
	defer resp.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if resp.StatusCode != http.StatusAccepted {
		l.t.Fatalf("%s: %s", path, resp.Status)
	}
}

// testConfined tries what root on a server must not be able to do.
func testConfined(t *testing.T, l *testLab, id string, chain []remote.Hop) {
	t.Helper()
	for _, try := range []string{
		"mount -t tmpfs x /mnt", "mount -t devtmpfs x /mnt", "mount -o remount,rw /proc/sys", "umount /proc/sys", "mount --bind / /mnt",
		"mknod /tmp/sda b 8 0", "echo 1 >/proc/sys/vm/drop_caches", "echo h >/proc/sysrq-trigger", "dmesg", "hostname other",
		"ip link add x type dummy", "ip link set eth0 down", "date -s 2020-01-01", "chroot /proc/1/root/../../.. test -e /var/lib/matou",
		"cat /proc/kcore | head -c 1 | grep -q .", "test -e /sys/fs/cgroup/memory", "test -b /dev/sda -o -b /dev/vda -o -b /dev/loop0",
		"unshare -m true", "swapoff -a -v && false", "timeout 2 bash -c '</dev/tcp/192.0.2.1/22'", "timeout 4 bash -c '</dev/tcp/8.8.8.8/53'",
		"timeout 2 bash -c '</dev/tcp/169.254.169.254/80'", "test $(ps -e | wc -l) -gt 60",
		"curl -s -m 2 " + l.info.AuthURL,
	} {
		if out, exit := l.run(chain, try+" 2>&1"); exit == 0 {
			t.Errorf("%s: it could: %s", try, out)
		}
	}
	if out, _ := l.run(chain, "df -BM --output=size / | tail -1"); strings.TrimSpace(out) > "1024M" || len(strings.TrimSpace(out)) > 5 {
		t.Errorf("the disk of the flavor with 1 GiB has %s", out)
	}
	// More memory than the flavor has: the server's own kill, not the host's.
	if out, exit := l.run(chain, "head -c 400M /dev/zero | tail -c 400M | wc -c"); exit == 0 && strings.Contains(out, "419430400") {
		t.Errorf("the flavor with 192 MiB held 400: %s", out)
	}
	for controller, dir := range newLimiter(l.place).groups(id) {
		if data, err := os.ReadFile(filepath.Join(dir, "pids.max")); controller == "pids" && strings.TrimSpace(string(data)) != "2048" {
			t.Errorf("processes are bounded by %q, %v", data, err)
		}
	}
}

// testFull boots what does not fit, which ends as on a cloud that is full.
func testFull(t *testing.T, l *testLab) {
	t.Helper()
	full := l.boot("huge", "Huge", "", 1)[0]
	if full.Status != cloud.StatusError || full.Fault == nil || !strings.HasPrefix(full.Fault.Message, "No valid host was found") {
		t.Errorf("a server too large is %s, %+v", full.Status, full.Fault)
	}
	if err := l.cloud.Delete(t.Context(), full.ID); err != nil {
		t.Error(err)
	}
}

// testKilled ends the process that serves the lab, and starts another: the server has not noticed.
func testKilled(t *testing.T, l *testLab, s cloud.Server) {
	t.Helper()
	l.run(l.chain(s), "echo alive >/run/before")
	l.kill()
	l.serve()
	now, err := l.cloud.Server(t.Context(), s.ID)
	if err != nil || now.Status != cloud.StatusActive || now.Address() != s.Address() {
		t.Errorf("after the kill: %v, %+v", err, now)
	}
	l.want(l.chain(s), "cat /run/before", "alive", 0)
	if out, _ := l.run(l.chain(s)[:2], "cat /root/openrc"); !strings.Contains(out, l.info.AuthURL) {
		t.Errorf("the container's openrc has another address than %s: %s", l.info.AuthURL, out)
	}
	l.want(l.chain(s)[:2], "curl -s "+l.info.AuthURL, `"v3`, 0)
}

// testBeside makes a second lab with the same addresses, and removes it.
func testBeside(t *testing.T, l *testLab, s cloud.Server) {
	t.Helper()
	other := &testLab{t: t, place: Place{Dir: l.place.Dir, Name: "smoke-2"}}
	defer func() {
		if err := Down(context.WithoutCancel(t.Context()), other.place); err != nil {
			t.Error(err)
		}
		_ = other.cmd.Wait()
	}()
	other.serve()
	twin := other.boot("twin", "Plain", "", 1)[0]
	other.want(other.chain(twin), "hostname", "twin", 0)
	list, err := Machines(other.place)
	if err != nil || len(list) != 3 {
		data, _ := json.Marshal(list)
		t.Errorf("machines of the second lab: %v, %s", err, data)
	}
	if err := RemoveImages(l.place.Dir); err == nil {
		t.Error("images were removed under two labs")
	}
	_ = other.ssh.Close()
	other.cloud.Close()
	if err := Down(t.Context(), other.place); err != nil {
		t.Error(err)
	}
	l.want(l.chain(s), "cat /run/before", "alive", 0)
}
