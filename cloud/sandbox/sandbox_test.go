package sandbox

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
)

func TestWorldFileTellsAllMistakes(t *testing.T) {
	t.Parallel()
	fsys := fstest.MapFS{"w/world.yaml": {Data: []byte(`
identity: {project: p, user: u}
flavors: [{name: a, vcpus: 1, ram: 1}, {name: a, vcpus: 0, ram: 1}]
images: [{name: i, tree: ../x}]
networks: [{name: n, cidr: 10.0.0.0/24, gateway: 10.0.1.1, first: 10.0.0.5, last: 10.0.0.2}]
`)}}
	_, err := loadWorld(fsys, "w/world.yaml")
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"identity.password", "quota:", `flavor "a" is there twice`, `flavor "a": vcpus`, `image "i"`, `network "n"`,
		"hosts.jumphost", "hosts.container",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("missing %q in: %v", want, err)
		}
	}
	fsys["w/world.yaml"].Data = []byte("flavours: []\nimages: 5\n")
	if _, err := loadWorld(fsys, "w/world.yaml"); err == nil || !strings.Contains(err.Error(), "flavours") || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("strictness: %v", err)
	}
}

func FuzzWorldFile(f *testing.F) {
	data, err := os.ReadFile(filepath.Join(workshopDir, "sandbox/world.yaml"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(data))
	f.Add("networks: [{cidr: 1.2.3.4/0}]")
	f.Fuzz(func(_ *testing.T, text string) {
		_, _ = loadWorld(fstest.MapFS{"w": {Data: []byte(text)}}, "w")
	})
}

func TestRestartKeepsPortsAndServers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var before map[string]string
	var id string
	for round := range 2 {
		room := &fakeRoom{}
		s, err := Start(t.Context(), Options{Workshop: os.DirFS(workshopDir), Dir: dir, boot: room.boot})
		if err != nil {
			t.Fatal(err)
		}
		d := &direct{t: t, h: s.api}
		d.login()
		if round == 0 {
			before, id = s.Params(), d.create(s.world, "web-1")
		} else {
			after := s.Params()
			for _, k := range []string{"sandbox.auth_url", "sandbox.ssh.port"} {
				if after[k] != before[k] {
					t.Errorf("%s: %q, then %q", k, before[k], after[k])
				}
			}
			if got := d.server(id); got == "404" {
				t.Errorf("the server is %s after a restart", got)
			}
		}
		if _, err := Start(t.Context(), Options{Workshop: os.DirFS(workshopDir), Dir: dir, boot: room.boot}); !errors.Is(err, ErrHeld) ||
			!strings.Contains(err.Error(), "process ") {
			t.Errorf("a second sandbox in the folder: %v", err)
		}
		if err := Reset(dir); !errors.Is(err, ErrHeld) {
			t.Errorf("Reset while it runs: %v", err)
		}
		if err := errors.Join(s.Trouble(), s.Close()); err != nil {
			t.Error(err)
		}
	}
	data, err := os.ReadFile(filepath.Join(dir, stateFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"moutarde", "gAAAAA", "adminPass"} {
		if strings.Contains(string(data), secret) {
			t.Errorf("%s holds %q", stateFile, secret)
		}
	}
	if err := Reset(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, stateFile)); err == nil {
		t.Error("Reset left the state")
	}
}

func TestStateFolderTroubles(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s, _ := startFake(t, func(o *Options) { o.Dir = filepath.Join(file, "state") })
	if err := s.Trouble(); err == nil || !strings.Contains(err.Error(), "state is not kept") {
		t.Errorf("Trouble() = %v", err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, stateFile), []byte(`{"Version":1,"Servers":[{"ID`), 0o600); err != nil {
		t.Fatal(err)
	}
	s, _ = startFake(t, func(o *Options) { o.Dir = dir })
	if err := s.Trouble(); err == nil || !strings.Contains(err.Error(), "set aside") {
		t.Errorf("Trouble() = %v", err)
	}
	if m, _ := filepath.Glob(filepath.Join(dir, stateFile+".bad-*")); len(m) != 1 {
		t.Errorf("the damaged file is gone: %v", m)
	}
	newer := t.TempDir()
	if err := os.WriteFile(filepath.Join(newer, stateFile), []byte(`{"Version":99}`), 0o600); err != nil {
		t.Fatal(err)
	}
	room := &fakeRoom{}
	if _, err := Start(t.Context(), Options{Workshop: os.DirFS(workshopDir), Dir: newer, boot: room.boot}); err == nil ||
		!strings.Contains(err.Error(), "newer version") {
		t.Errorf("a newer world: %v", err)
	}
}

func TestFrontDoor(t *testing.T) {
	t.Parallel()
	s, room := startFake(t, nil)
	conn, err := net.Dial("tcp", net.JoinHostPort(s.Params()["sandbox.ssh.host"], s.Params()["sandbox.ssh.port"]))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	hello, err := io.ReadAll(conn)
	if err != nil || string(hello) != "SSH-2.0-fake jumphost\n" {
		t.Errorf("the door said %q, %v", hello, err)
	}
	dialled := make(chan string, 10)
	room.machine("jumphost").onDial = func(at string) { dialled <- at }
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() { _, _ = room.machine("jumphost").spec.Dial(t.Context(), "127.0.0.1:2207") })
	}
	wg.Wait()
	if at := <-dialled; at != "172.17.0.107:22" {
		t.Errorf("seat 07 is at %s", at)
	}
	m := room.machine("container-07")
	if m == nil || m.spec.Name != "inception-07" || !m.spec.Tools || !strings.Contains(string(m.spec.Always["/root/openrc"]), s.AuthURL()) ||
		len(m.spec.Files["/root/web.yaml"]) == 0 {
		t.Errorf("container: %+v", m)
	}
	if n := len(room.specs); n != 2 {
		t.Errorf("%d machines were booted, want the jumphost and one container", n)
	}
	for _, at := range []string{"127.0.0.1:2200", "127.0.0.1:2300", "127.0.0.1:80", "nonsense"} {
		if _, err := room.machine("jumphost").spec.Dial(t.Context(), at); err == nil {
			t.Errorf("dial %s: no error", at)
		}
	}
}

func TestWriteFiles(t *testing.T) {
	t.Parallel()
	s, _ := startFake(t, nil)
	dir := filepath.Join(t.TempDir(), "a b")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, knownHostsFile), []byte("keep\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.WriteFiles(dir); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		openrcFile: "export OS_AUTH_URL=" + s.AuthURL() + "\n", cloudsFile: "username: \"participant\"",
		sshConfigFile: "Host 158.69.78.*\n  User root\n  ProxyJump inception-01\n", knownHostsFile: "keep\n",
	} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !strings.Contains(string(data), want) {
			t.Errorf("%s: %v, no %q in:\n%s", name, err, want, data)
		}
		if st, err := os.Stat(filepath.Join(dir, name)); err == nil && st.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: mode %v", name, st.Mode())
		}
	}
}

// TestBeside finds a sandbox by the files it leaves for other programs.
func TestBeside(t *testing.T) {
	t.Parallel()
	s, _ := startFake(t, nil)
	files, dir := s.opts.Workshop, t.TempDir()
	if got, err := Beside(dir, files, s.opts.World); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("where none ever was: %v, %v", got, err)
	}
	if err := s.WriteFiles(dir); err != nil {
		t.Fatal(err)
	}
	got, err := Beside(dir, files, s.opts.World)
	if err != nil {
		t.Fatal(err)
	}
	want := s.Params()
	delete(want, "sandbox.auth_url") // openrc has it
	delete(want, "sandbox.dir")
	if !maps.Equal(got, want) {
		t.Errorf("%v, not %v", got, want)
	}
	for _, bad := range []string{"", "Host jumphost\n  Port 22\n", "HostName nowhere\nPort 22", "HostName 127.0.0.1\nPort 70000", "\x00\xff"} {
		if err := os.WriteFile(filepath.Join(dir, sshConfigFile), []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := Beside(dir, files, s.opts.World); err == nil {
			t.Errorf("%q: %v", bad, got)
		}
	}
}

func TestOpenSSHReadsTheConfig(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("ssh"); err != nil {
		t.Skip("OpenSSH is not installed")
	}
	s, _ := startFake(t, nil)
	dir := t.TempDir()
	if err := s.WriteFiles(dir); err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string][]string{
		"jumphost":     {"user jump", "port " + s.Params()["sandbox.ssh.port"], "hostname 127.0.0.1"},
		"inception-03": {"user root", "port 2203", "hostname 127.0.0.1", "proxyjump jumphost", "hostkeyalias inception-03"},
		"158.69.78.42": {"user root", "port 22", "proxyjump inception-01", "userknownhostsfile " + filepath.Join(dir, knownHostsFile)},
	} {
		out, err := exec.CommandContext(t.Context(), "ssh", "-G", "-F", filepath.Join(dir, sshConfigFile), host).CombinedOutput()
		if err != nil {
			t.Fatalf("ssh -G %s: %v\n%s", host, err, out)
		}
		for _, w := range want {
			if !strings.Contains(string(out), w+"\n") {
				t.Errorf("%s: no %q in\n%s", host, w, out)
			}
		}
	}
}

func TestTools(t *testing.T) {
	t.Parallel()
	var logged sync.Map
	s, _ := startFake(t, func(o *Options) { o.Log = func(r Request) { logged.Store(r.Method+" "+r.Path, r.Status) } })
	env := map[string]string{}
	for line := range strings.Lines(s.OpenRC()) {
		k, v, _ := strings.Cut(strings.TrimSpace(strings.TrimPrefix(line, "export ")), "=")
		env[k] = v
	}
	call := func(env map[string]string, args ...string) (string, int) {
		var out strings.Builder
		r := &toolRun{
			args: args[1:], env: func(k string) string { return env[k] }, stdout: &out, stderr: &out,
			readFile: func(name string) ([]byte, error) { return []byte("#cloud-config\n# " + name), nil },
		}
		tool := openstackTool
		if args[0] == "nova" {
			tool = novaTool
		}
		code := tool(t.Context(), r)
		return out.String(), code
	}
	for _, c := range []struct {
		env  map[string]string
		args []string
		code int
		want string
	}{
		{nil, []string{"nova", "list"}, 1, "ERROR (CommandError): You must provide a user name/id (via --os-username"},
		{nil, []string{"openstack", "server", "list"}, 1, "Missing value auth-url required for auth plugin password"},
		{env, []string{"nova", "list"}, 0, "+----+------+--------+------------+-------------+----------+\n| ID | Name |"},
		{env, []string{"nova", "boot", "--image", "nope", "--flavor", "vps-ssd-1", "x"}, 1, "ERROR (CommandError): No Image matching nope. (HTTP 404)"},
		{env, []string{"nova", "boot", "--image", "Ubuntu 14.04", "x"}, 1, "you need to specify a Flavor ID."},
		{
			env,
			[]string{"nova", "boot", "--image", "Ubuntu 14.04", "--flavor", "vps-ssd-1", "--num-instances", "90", "x"},
			1,
			"ERROR (Forbidden): Quota exceeded for cores, instances, ram: Requested 90, 90, 184320",
		},
		{
			env,
			[]string{"nova", "boot", "--poll", "--image", "Ubuntu 14.04", "--flavor", "vps-ssd-1", "--user-data", "web.yaml", "--meta", "k=v", "web-1"},
			0, "Server building... 100% complete\nFinished",
		},
		{env, []string{"nova", "list"}, 0, " web-1 | ACTIVE | -          | Running     | Ext-Net=158.69.78."},
		{env, []string{"nova", "show", "web-1"}, 0, "| Ext-Net network                      | 158.69.78."},
		{env, []string{"nova", "show", "nope"}, 1, "ERROR (CommandError): No server with a name or ID of 'nope' exists."},
		{env, []string{"nova", "console-log", "--length", "1", "web-1"}, 0, "web-1 login:"},
		{env, []string{"nova", "flavor-list"}, 0, "| vps-ssd-2 | 4096       | 20   | 0         | 0    | 1     | 1.0         | True      | -           |"},
		{env, []string{"nova", "image-list"}, 0, "puppet-breizhcamp"},
		{env, []string{"nova", "frobnicate"}, 2, "invalid choice: 'frobnicate'"},
		{env, []string{"openstack", "server", "list"}, 0, "| Ubuntu 14.04 | vps-ssd-1 |"},
		{env, []string{"openstack", "server", "show", "web-1"}, 0, "| properties                  | k='v'"},
		{env, []string{"openstack", "image", "list"}, 0, "| active |"},
		{env, []string{"nova", "delete", "web-1"}, 0, "Request to delete server web-1 has been accepted."},
	} {
		out, code := call(c.env, c.args...)
		if code != c.code || !strings.Contains(out, c.want) {
			t.Errorf("%v = %d, want %d with %q:\n%s", c.args, code, c.code, c.want, out)
		}
	}
	if status, ok := logged.Load("POST /identity/v3/auth/tokens"); !ok || status != http.StatusCreated {
		t.Errorf("the log has no login: %v", status)
	}
}
