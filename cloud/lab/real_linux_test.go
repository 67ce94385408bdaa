package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
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
	"matou/cloud/lab/labtest"
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
		if time.Since(began) > patience {
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
	ctx, cancel := context.WithTimeout(l.t.Context(), patience)
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

// patience bounds every wait for something that takes a moment, on a machine that may be slow.
const patience = 90 * time.Second

// want runs a command until a text is in its output.
func (l *testLab) want(chain []remote.Hop, command, text string) {
	l.t.Helper()
	for began := time.Now(); ; time.Sleep(200 * time.Millisecond) {
		out, _ := l.run(chain, command+" 2>&1")
		if strings.Contains(out, text) {
			return
		}
		if time.Since(began) > patience {
			l.t.Errorf("%s: no %q in %s", command, text, out)
			return
		}
	}
}

const userData = `#cloud-config
write_files:
- {path: /etc/cron.d/tick, content: "@reboot root logger tick-$(hostname)\n"}
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
	if err := Build(t.Context(), o); errors.Is(err, ErrFetch) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	t.Logf("images after %s", time.Since(began).Round(time.Millisecond))
	groups := []string{p.Group(), Place{Dir: p.Dir, Name: "smoke-2"}.Group()}
	before := labtest.Traces(t, p.base(), groups...)
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
	l.want(first, "hostname", "web-1")
	t.Logf("ssh through two hops after %s", time.Since(booting).Round(time.Millisecond))
	l.want(second, "hostname", "web-2")
	testServer(t, l, servers)
	testConfined(t, l, servers[0].ID, first)
	testOut(t, first, l)
	testDisk(t, first, l)
	testMemory(t, l, servers)
	testFull(t, l)

	testKilled(t, l, servers[0])
	testBeside(t, l, servers[0])
	testStopped(t, l, servers[1])
	l.want(first, "grep 'web-1 root: tick-web-1' /var/log/syslog", "tick-web-1") // cron's work, in syslog
	l.want(second, "grep CRON /var/log/syslog", "logger tick-")
	testReboot(t, l, servers)

	if err := Down(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if left := labtest.Left(t, before, p.base(), groups...); len(left) > 0 {
		t.Errorf("left behind:\n%s", strings.Join(left, "\n"))
	}
	t.Logf("all in %s", time.Since(began).Round(time.Millisecond))
}

// testServer looks at a server as a participant would.
func testServer(t *testing.T, l *testLab, servers []cloud.Server) {
	t.Helper()
	chain := l.chain(servers[0])
	l.want(chain, "cat /proc/1/comm", "init")
	l.want(chain, "cat /srv/packed; stat -c ' %a' /srv/packed", "hello 600")
	l.want(chain, "cat /srv/runs", "run")
	l.want(chain, "grep cloud-init /var/log/syslog", "Cloud-init finished")
	l.want(chain, "grep -c . /proc/net/route; ip -br addr", servers[0].Address().String()+"/24")
	l.want(chain, "service cron status", "is running")
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
	l.want(l.chain(servers[1]), "cat /srv/runs | wc -l", "1")
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
	l.run(l.chain(s), "echo alive >/srv/before")
	l.kill()
	l.serve()
	now, err := l.cloud.Server(t.Context(), s.ID)
	if err != nil || now.Status != cloud.StatusActive || now.Address() != s.Address() {
		t.Errorf("after the kill: %v, %+v", err, now)
	}
	l.want(l.chain(s), "cat /srv/before", "alive")
	if out, _ := l.run(l.chain(s)[:2], "cat /root/openrc"); !strings.Contains(out, l.info.AuthURL) {
		t.Errorf("the container's openrc has another address than %s: %s", l.info.AuthURL, out)
	}
	l.want(l.chain(s)[:2], "curl -s "+l.info.AuthURL, `"v3`)
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
	other.want(other.chain(twin), "hostname", "twin")
	list, err := Machines(other.place)
	if err != nil || len(list) != 3 {
		data, _ := json.Marshal(list)
		t.Errorf("machines of the second lab: %v, %s", err, data)
	}
	if images, err := Images(testOptions(l.place)); err != nil || !slices.ContainsFunc(images, func(i Layer) bool { return i.Current && i.Used }) {
		t.Errorf("no image is in use: %+v, %v", images, err)
	}
	if err := RemoveImages(l.place.Dir); err == nil {
		t.Error("images were removed under two labs")
	}
	_ = other.ssh.Close()
	other.cloud.Close()
	if err := Down(t.Context(), other.place); err != nil {
		t.Error(err)
	}
	l.want(l.chain(s), "cat /srv/before", "alive")
}

// testStopped stops a server as a person would: its services end by themselves before the plug is
// pulled, and it comes back with what it had.
func testStopped(t *testing.T, l *testLab, s cloud.Server) {
	t.Helper()
	l.run(l.chain(s), "printf '#!/bin/sh\ntest $1 = start || { sleep 0.3; date >/srv/ended; }\n' >/etc/init.d/last; chmod 755 /etc/init.d/last; ln -s ../init.d/last /etc/rc2.d/S99last")
	l.post("servers/"+s.ID+"/action", `{"os-stop": null}`)
	l.until(s.ID, cloud.StatusShutoff)
	l.post("servers/"+s.ID+"/action", `{"os-start": null}`)
	l.until(s.ID, cloud.StatusActive)
	l.want(l.chain(s), "ls /srv/ended", "/srv/ended")
	text, err := l.cloud.ConsoleLog(t.Context(), s.ID, 200)
	if err != nil || !strings.Contains(text, "switching off") {
		t.Errorf("the console does not tell of the end: %v %s", err, text)
	}
}

// until waits for a server's status.
func (l *testLab) until(id string, want cloud.Status) {
	l.t.Helper()
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		s, err := l.cloud.Server(l.t.Context(), id)
		if err == nil && s.Status == want {
			return
		}
		if time.Since(began) > patience {
			l.t.Fatalf("server %s is %s, want %s: %v", id, s.Status, want, err)
		}
	}
}

// testReboot leaves a lab as a reboot of this machine does: nothing runs, all that is written says
// that it does, and the numbers are other processes' by now. The lab comes back with its servers, and
// those processes do not notice.
func testReboot(t *testing.T, l *testLab, servers []cloud.Server) {
	t.Helper()
	l.afterReboot()
	if _, err := Find(l.place); !errors.Is(err, ErrNotRunning) {
		t.Errorf("after a reboot the lab is %v", err)
	}
	l.serve()
	for _, s := range servers {
		l.until(s.ID, cloud.StatusActive)
	}
	l.want(l.chain(servers[0]), "cat /srv/before", "alive")
	l.afterReboot() // and now without coming back: the caller removes it
}

func (l *testLab) afterReboot() {
	l.t.Helper()
	l.kill()
	self, err := identify(os.Getpid())
	if err != nil {
		l.t.Fatal(err)
	}
	other := process{pid: self.pid, start: "another-boot-" + self.start}
	files, _ := filepath.Glob(filepath.Join(l.place.folder(), machinesDir, "*", processPid))
	files = append(files, filepath.Join(l.place.folder(), netFile), filepath.Join(l.place.folder(), serverFile))
	for _, name := range files {
		if err := loadProcess(name).kill(l.t.Context()); err != nil {
			l.t.Fatal(err)
		}
		if err := other.save(name); err != nil {
			l.t.Fatal(err)
		}
	}
	// cgroups do not outlive a reboot either.
	limits := newLimiter(cgroupRoot, l.place)
	for _, name := range files {
		if err := limits.release(l.t.Context(), filepath.Base(filepath.Dir(name))); err != nil {
			l.t.Fatal(err)
		}
	}
	if err := limits.close(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
	name := filepath.Join(l.place.folder(), infoFile)
	data, err := os.ReadFile(name)
	if err == nil {
		data = bytes.Replace(data, fmt.Appendf(nil, `"Process": %d`, l.info.Process), fmt.Appendf(nil, `"Process": %d`, self.pid), 1)
		err = os.WriteFile(name, data, 0o644)
	}
	if err != nil {
		l.t.Fatal(err)
	}
}
