package host

import (
	"context"
	"io/fs"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-billy/v5/memfs"

	"matou/cloud/leaktest"
	"matou/cloud/sandbox/puppet"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// workshop is the real one: its images are data of this package's making.
func workshop(t testing.TB) fs.FS {
	t.Helper()
	return os.DirFS("../../../assets/workshops/web-cloud-puppet")
}

func testConfig(t testing.TB, name, image, addr string) Config {
	t.Helper()
	w := workshop(t)
	sandbox, err := fs.Sub(w, "sandbox")
	if err != nil {
		t.Fatal(err)
	}
	images, err := fs.Sub(sandbox, "images")
	if err != nil {
		t.Fatal(err)
	}
	sim, err := puppet.Load(sandbox, w)
	if err != nil {
		t.Fatal(err)
	}
	return Config{
		Name: name, Image: image, Images: images, Packages: sandbox, Workshop: w, Address: netip.MustParseAddr(addr),
		Users: map[string]string{"root": "moutarde"}, Puppet: sim, FS: memfs.New(),
	}
}

func boot(t testing.TB, c Config) *Host {
	t.Helper()
	h, err := Boot(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := h.Shutdown(ctx); err != nil {
			t.Error(err)
		}
	})
	return h
}

// pairOfHosts is a master and a web server that knows it.
func pairOfHosts(t testing.TB) (master, web *Host) {
	t.Helper()
	n := NewNet()
	c := testConfig(t, "puppet-1", "puppet", "10.0.0.10")
	c.Net = n
	master = boot(t, c)
	c = testConfig(t, "web-1", "ubuntu", "10.0.0.11")
	c.Net = n
	web = boot(t, c)
	return master, web
}

// must runs a line as root that has to succeed.
func must(t testing.TB, h *Host, line string) string {
	t.Helper()
	out, code := h.Run(context.Background(), "root", line)
	if code != 0 {
		t.Fatalf("%s: %s: exit %d\n%s", h.Hostname(), line, code, out)
	}
	return out
}

// agent runs the Puppet agent and wants exit status 0 or 2.
func agent(t testing.TB, h *Host) string {
	t.Helper()
	out, code := h.Run(context.Background(), "root", "puppet agent -t -v")
	if code != 0 && code != 2 {
		t.Fatalf("%s: puppet agent: exit %d\n%s", h.Hostname(), code, out)
	}
	return out
}

const production = "cd /etc/puppetlabs/code/environments/production && "

func TestWorkshop(t *testing.T) {
	t.Parallel()
	master, web := pairOfHosts(t)
	if got := must(t, master, "service puppetserver status"); got != "puppetserver is running\n" {
		t.Errorf("status: %q", got)
	}
	if got := strings.Fields(must(t, master, production+"ls modules")); strings.Join(got, " ") != "apt concat epel firewall haproxy inifile postgresql puppetdb python stdlib vcsrepo" {
		t.Errorf("modules: %v", got)
	}
	if out, code := web.Run(t.Context(), "root", "crontab -l"); code != 1 || out != "no crontab for root\n" {
		t.Errorf("crontab: %q, %d", out, code)
	}
	out := agent(t, master)
	if strings.Contains(out, "puppetdb") {
		t.Errorf("the image is not configured yet:\n%s", out)
	}
	must(t, web, `echo "10.0.0.10 puppet" >> /etc/hosts`)
	agent(t, web)
	if got := must(t, web, "crontab -l"); !strings.Contains(got, "* * * * * /opt/puppetlabs/bin/puppet agent -t -v") {
		t.Errorf("crontab: %q", got)
	}
	if _, code := web.Run(t.Context(), "root", "python3 -c 'import flask'"); code == 0 {
		t.Error("flask before bz2")
	}
	must(t, master, production+"git checkout bz2")
	agent(t, web)
	must(t, web, "python3 -c 'import flask'")
	must(t, master, production+"git checkout bz3")
	agent(t, web)
	if got := must(t, master, "curl -fs http://10.0.0.11:5000/"); !strings.HasPrefix(got, "Bonjour de web-1\n") {
		t.Errorf("application: %q", got)
	}
	must(t, web, "pidof -x start.py")
	must(t, master, production+"git checkout bz4")
	agent(t, master)
	if _, code := master.Run(t.Context(), "root", "curl -s http://10.0.0.10/"); code != 52 {
		t.Errorf("without a backend: curl exits %d, want 52", code)
	}
	if got := must(t, master, "curl -s http://10.0.0.10:9090/"); !strings.Contains(got, "Statistics Report for HAProxy") {
		t.Errorf("statistics: %q", got)
	}
	must(t, master, production+"git checkout bz5")
	agent(t, web)
	agent(t, master)
	if got := must(t, master, "curl -s http://10.0.0.10/"); !strings.HasPrefix(got, "Bonjour de web-1\n") {
		t.Errorf("through haproxy: %q", got)
	}
	if got := must(t, master, "curl -s 'http://10.0.0.10:9090/;csv' | grep ^web,web-1"); !strings.Contains(got, ",UP,") {
		t.Errorf("statistics: %q", got)
	}
}

func TestRestartKeepsTheWorld(t *testing.T) {
	t.Parallel()
	n := NewNet()
	c := testConfig(t, "web-1", "ubuntu", "10.0.0.11")
	c.Net = n
	h, err := Boot(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	must(t, h, "apt-get install -y python3-flask git && git clone https://github.com/arnaudmorin/puppet-demoflask.git /opt/demoflask")
	must(t, h, "/opt/demoflask/start.py & ")
	must(t, h, "echo kept > /root/file; chmod 600 /root/file; ln -s file /root/link")
	must(t, h, "curl -fs http://127.0.0.1:5000/")
	key := h.HostKey()
	if err := h.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Dial(t.Context(), nil, "10.0.0.11:22"); err == nil {
		t.Fatal("a stopped host answers")
	}
	h = boot(t, c)
	if string(h.HostKey().Marshal()) != string(key.Marshal()) {
		t.Error("another host key after the restart")
	}
	if got := must(t, h, "cat /root/link; stat -c %a /root/file"); got != "kept\n600\n" {
		t.Errorf("files: %q", got)
	}
	// The application comes back in the background.
	deadline := time.Now().Add(time.Minute)
	for {
		if _, code := h.Run(t.Context(), "root", "curl -fs http://127.0.0.1:5000/"); code == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the application is not back")
		}
		time.Sleep(time.Millisecond)
	}
	if err := h.Reboot(t.Context()); err != nil {
		t.Fatal(err)
	}
	if out, code := h.Run(t.Context(), "root", "pidof -x start.py"); code == 0 {
		t.Errorf("a program started by hand survives a reboot: %s", out)
	}
}

// TestFirstBootGoesOn: the sandbox ends while cloud-init is at work; when it comes back, cloud-init does
// its work to the end, once.
func TestFirstBootGoesOn(t *testing.T) {
	t.Parallel()
	c := testConfig(t, "web-1", "ubuntu", "10.0.0.11")
	c.UserData = []byte("#cloud-config\nruncmd:\n  - touch /root/begun\n  - until test -e /root/go; do sleep 0.01; done\n  - echo done >>/root/done\n")
	wait := func(h *Host, file string) {
		t.Helper()
		for end := time.Now().Add(time.Minute); !h.Tree().Root().Exists(file); time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("no %s", file)
			}
		}
	}
	h, err := Boot(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	wait(h, "/root/begun")
	if err := h.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	h = boot(t, c)
	must(t, h, "touch /root/go; cloud-init status --wait")
	wait(h, "/root/done")
	if err := h.Reboot(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := must(t, h, "cloud-init status --wait >/dev/null; cat /root/done"); got != "done\n" {
		t.Errorf("done: %q", got)
	}
}

// BenchmarkBoot is what a participant waits for, at an instant pace.
func BenchmarkBoot(b *testing.B) {
	c := testConfig(b, "puppet-1", "puppet", "10.0.0.10")
	for b.Loop() {
		c.FS = memfs.New()
		h, err := Boot(b.Context(), c)
		if err != nil {
			b.Fatal(err)
		}
		if err := h.Shutdown(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

func TestPuppetserverStarts(t *testing.T) {
	t.Parallel()
	c := testConfig(t, "puppet-1", "puppet", "10.0.0.10")
	c.Pace = 1
	h := boot(t, c)
	out, code := h.Run(t.Context(), "root", "service puppetserver status")
	if out != "puppetserver is starting\n" || code != 4 {
		t.Errorf("status: %q, %d", out, code)
	}
	if out, code := h.Run(t.Context(), "root", "puppet agent -t"); code != 1 {
		t.Errorf("agent before the server is up: %d\n%s", code, out)
	}
}

func TestCloudInit(t *testing.T) {
	t.Parallel()
	n := NewNet()
	c := testConfig(t, "puppet-1", "puppet", "10.0.0.10")
	c.Net = n
	data, err := fs.ReadFile(c.Workshop, "user-data/puppet.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c.UserData = data
	h := boot(t, c)
	must(t, h, "timeout 5 cloud-init status --wait")
	log := must(t, h, "cat /var/log/cloud-init-output.log")
	if strings.Contains(log, "WARNING") {
		t.Errorf("user-data failed:\n%s", log)
	}
	console := h.ConsoleLog()
	for _, want := range []string{"-----BEGIN SSH HOST KEY FINGERPRINTS-----", "SHA256:", "cloud-init["} {
		if !strings.Contains(console, want) {
			t.Errorf("console log lacks %q:\n%s", want, console)
		}
	}
	c = testConfig(t, "web-1", "ubuntu", "10.0.0.11")
	c.Net = n
	if data, err = fs.ReadFile(c.Workshop, "user-data/web.yaml"); err != nil {
		t.Fatal(err)
	}
	text := string(data)
	text = strings.Replace(text, `# - echo "149.202.165.157 puppet"`, `- echo "10.0.0.10 puppet"`, 1)
	text = strings.Replace(text, "# - /opt/puppetlabs/bin/puppet", "- /opt/puppetlabs/bin/puppet", 1)
	c.UserData = []byte(text)
	w := boot(t, c)
	must(t, w, "timeout 5 cloud-init status --wait")
	if got := must(t, w, "crontab -l"); !strings.Contains(got, "puppet agent") {
		t.Errorf("crontab: %q\n%s", got, must(t, w, "cat /var/log/cloud-init-output.log"))
	}
}
