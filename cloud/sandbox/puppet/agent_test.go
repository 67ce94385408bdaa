package puppet

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"matou/cloud/sandbox/fault"
)

var update = flag.Bool("update", false, "write the golden files")

var print256 = regexp.MustCompile(`(fingerprint \(SHA256\): )[0-9A-F:]+`)

// golden compares with a file of testdata; ESC is written as \e there, so that it can be read.
func golden(t *testing.T, name, got string) {
	t.Helper()
	got = strings.ReplaceAll(print256.ReplaceAllString(got, "${1}~"), "\x1b", `\e`)
	file := filepath.Join("testdata/golden", name+".txt")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got:\n%s\nwant:\n%s", name, got, want)
	}
}

// newPuppet is a puppet master as its image makes it: bz1 has been applied, but for the cron job.
func newPuppet(t testing.TB) *memNode {
	t.Helper()
	n := newNode("puppet-1", "10.99.0.10")
	for _, s := range []string{"postgresql", "puppetdb", "puppetserver"} {
		n.services[s] = true
	}
	for _, d := range []string{"/etc/puppetdb", "/etc/puppetdb/conf.d"} {
		if err := n.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if out, code := run(t, newSim(t), n, newMaster(t, "bz1").connect, nil); code != ExitChanged {
		t.Fatalf("making the image: %d\n%s", code, out)
	}
	for _, f := range []string{"/var/spool/cron/crontabs/root", "/var/cache/puppet/state/state.yaml"} {
		if err := n.Remove(f); err != nil {
			t.Fatal(err)
		}
	}
	n.syslog = nil
	return n
}

// TestBranches walks the workshop: each branch on both servers, everything twice.
func TestBranches(t *testing.T) {
	t.Parallel()
	s, m := newSim(t), newMaster(t, "bz1")
	puppet, web := newPuppet(t), newNode("web-1", "10.99.0.11")
	for _, step := range []struct {
		branch string
		node   *memNode
		code   int
	}{
		{"bz1", puppet, ExitChanged},
		{"bz1", web, ExitChanged},
		{"bz2", web, ExitChanged},
		{"bz3", web, ExitChanged},
		{"bz4", puppet, ExitChanged},
		{"bz5", web, ExitUnchanged},
		{"bz5", puppet, ExitChanged},
	} {
		m.checkout(t, step.branch)
		out, code := run(t, s, step.node, m.connect, nil)
		if code != step.code {
			t.Errorf("%s on %s: exit %d, want %d", step.branch, step.node.name, code, step.code)
		}
		golden(t, step.branch+"-"+step.node.name, out)
		again := step.node.state()
		out, code = run(t, s, step.node, m.connect, nil)
		if step.node.state() != again {
			t.Errorf("%s on %s: a second run changed the server:\n%s", step.branch, step.node.name, out)
		}
		// a notify is a change each time
		want := map[*memNode]int{puppet: ExitChanged, web: ExitUnchanged}[step.node]
		if code != want {
			t.Errorf("%s on %s again: exit %d, want %d\n%s", step.branch, step.node.name, code, want, out)
		}
	}
	golden(t, "haproxy.cfg", puppet.text("/etc/haproxy/haproxy.cfg"))
	golden(t, "crontab", web.text("/var/spool/cron/crontabs/root"))
	golden(t, "syslog-web-1", strings.Join(web.syslog[:20], "\n")+"\n")
	if !web.procs["start.py"] {
		t.Errorf("the application was not started: %q", web.execs)
	}
}

// TestJump goes from nothing to bz5 at once, with three servers, the master first.
func TestJump(t *testing.T) {
	t.Parallel()
	s, m := newSim(t), newMaster(t, "bz5")
	puppet := newPuppet(t)
	webs := []*memNode{newNode("web-1", "10.99.0.11"), newNode("web-2", "10.99.0.12"), newNode("web-3", "10.99.0.13")}
	run(t, s, puppet, m.connect, nil)
	if cfg := puppet.text("/etc/haproxy/haproxy.cfg"); strings.Contains(cfg, "server web") {
		t.Errorf("members before any was exported:\n%s", cfg)
	}
	for _, w := range webs {
		if out, code := run(t, s, w, m.connect, nil); code != ExitChanged {
			t.Fatalf("%s: %d\n%s", w.name, code, out)
		}
	}
	out, code := run(t, s, puppet, m.connect, nil)
	if code != ExitChanged || !strings.Contains(out, "+  server web-3 10.99.0.13:5000 check") {
		t.Errorf("exit %d\n%s", code, out)
	}
	// a server that no longer exports is no longer there
	delete(m.exported, "web-2.novalocal")
	run(t, s, puppet, m.connect, nil)
	if cfg := puppet.text("/etc/haproxy/haproxy.cfg"); strings.Contains(cfg, "web-2") || !strings.Contains(cfg, "web-1") {
		t.Errorf("members:\n%s", cfg)
	}
}

// TestEdited writes the slides' snippets into site.pp by hand, as a participant may.
func TestEdited(t *testing.T) {
	t.Parallel()
	s, m := newSim(t), newMaster(t, "bz1")
	web := settledWeb(t)
	site := string(m.env["manifests/site.pp"].Data)
	end := strings.LastIndex(site, "}")
	m.site(site[:end] + `
  class { 'python' :
    version    => 'system',
    pip        => 'present',
    dev        => 'absent',
    virtualenv => 'absent',
    gunicorn   => 'absent',
  }
  python::pip { 'Flask': }
  package { 'git':
    ensure    => 'latest',
  }
  ->
  vcsrepo { '/opt/demoflask':
    ensure    => latest,
    provider  => git,
    source    => 'https://github.com/arnaudmorin/puppet-demoflask.git',
  }
  ->
  exec { '/opt/demoflask/start.py &':
    unless    => '/bin/pidof -x start.py',
    require   => Python::Pip['Flask'],
  }
}
`)
	out, code := run(t, s, web, m.connect, nil)
	if code != ExitChanged || !web.procs["start.py"] || !web.packages["python3-flask"] {
		t.Errorf("exit %d\n%s", code, out)
	}
	// The file ends too early: nothing changes, and cron's next run says the same.
	m.site(site[:end])
	state := web.state()
	out, code = run(t, s, web, m.connect, nil)
	if code != ExitFailed || !strings.Contains(out, "Syntax error at end of input (file: /etc/puppetlabs/code/environments/production/manifests/site.pp) on node web-1.novalocal") || web.state() != state {
		t.Errorf("exit %d\n%s", code, out)
	}
}

// TestRefusedConfiguration misspells an option: haproxy's own check keeps the old file.
func TestRefusedConfiguration(t *testing.T) {
	t.Parallel()
	s, m, n := newSim(t), newMaster(t, "bz4"), newPuppet(t)
	run(t, s, n, m.connect, nil)
	good := n.text("/etc/haproxy/haproxy.cfg")
	site := string(m.env["manifests/site.pp"].Data)
	m.site(strings.Replace(site, "'roundrobin'", "'roundrobbin'", 1))
	out, code := run(t, s, n, m.connect, nil)
	if code != ExitChangedFailure || n.text("/etc/haproxy/haproxy.cfg") != good {
		t.Errorf("exit %d\n%s", code, out)
	}
	golden(t, "refused-configuration", out)
	m.site(site)
	if out, code = run(t, s, n, m.connect, nil); code != ExitChanged || strings.Contains(out, "haproxy") {
		t.Errorf("once mended: exit %d\n%s", code, out)
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		err  error
		node *memNode
		want string
	}{
		{"no-host-first", ErrUnknownHost, newNode("web-1", "10.0.0.1"), "No more routes to ca"},
		{"no-host", ErrUnknownHost, settledWeb(t), "getaddrinfo: Temporary failure in name resolution"},
		{"refused", ErrRefused, settledWeb(t), `Connection refused - connect(2) for "puppet" port 8140`},
		{"no-route", ErrNoRoute, settledWeb(t), `No route to host - connect(2) for "puppet" port 8140`},
		{"other", errors.New("Connection timed out"), settledWeb(t), "(Connection timed out)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			state := c.node.state()
			out, code := run(t, newSim(t), c.node, func(context.Context, string) (Master, error) { return nil, c.err }, nil)
			if code != ExitFailed || !strings.Contains(out, c.want) || c.node.state() != state {
				t.Errorf("exit %d, want 1 and %q:\n%s", code, c.want, out)
			}
			golden(t, "unreachable-"+c.name, out)
		})
	}
}

func TestInProgress(t *testing.T) {
	t.Parallel()
	s, m, n := newSim(t), newMaster(t, "bz1"), settledWeb(t)
	var out string
	var code int
	n.onWait = func() {
		n.onWait = nil
		other := newNode("web-1", "10.99.0.11") // another Node of the same machine
		out, code = run(t, s, other, m.connect, nil)
	}
	if _, first := run(t, s, n, m.connect, nil); first != ExitUnchanged {
		t.Errorf("the first run: exit %d", first)
	}
	const want = "\x1b[mNotice: Run of Puppet configuration client already in progress; skipping  (/var/cache/puppet/state/agent_catalog_run.lock exists)\x1b[0m\n"
	if code != ExitFailed || out != want {
		t.Errorf("the second run: exit %d, %q", code, out)
	}
	if _, err := n.Stat("/var/cache/puppet/state/agent_catalog_run.lock"); err == nil {
		t.Error("the lock is still there")
	}
	// A file left behind by a crash locks nobody out.
	n.put("/var/cache/puppet/state/agent_catalog_run.lock", "1")
	if out, code := run(t, s, n, m.connect, nil); code != ExitUnchanged {
		t.Errorf("with a stale lock: exit %d\n%s", code, out)
	}
}

func TestFault(t *testing.T) {
	t.Parallel()
	faults, err := fault.New(fault.Rule{At: fault.PuppetFail, Match: "^web-1$", Count: 2, Text: "Execution expired"})
	if err != nil {
		t.Fatal(err)
	}
	s, m, n := newSim(t), newMaster(t, "bz2"), settledWeb(t)
	out, code := run(t, s, n, m.connect, faults)
	if code != ExitFailures || !strings.Contains(out, "Package[python3]/ensure: change from 'purged' to 'present' failed: Execution expired") {
		t.Errorf("exit %d\n%s", code, out)
	}
	if !strings.Contains(out, "Dependency Package[python3] has failures: true") || n.packages["python3-pip"] {
		t.Errorf("dependents were not skipped:\n%s", out)
	}
	m.checkout(t, "bz1")
	if out, code := run(t, s, n, m.connect, faults); code != ExitFailures || !strings.Contains(out, "Could not evaluate: Execution expired") {
		t.Errorf("with nothing to change: exit %d\n%s", code, out)
	}
	m.checkout(t, "bz2")
	if out, code := run(t, s, n, m.connect, faults); code != ExitChanged {
		t.Errorf("after the faults: exit %d\n%s", code, out)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	s, m, n := newSim(t), newMaster(t, "bz3"), settledWeb(t)
	for after := 1; after < 12; after++ {
		ctx, cancel := context.WithCancel(t.Context())
		left := after
		n.onWait = func() {
			if left--; left == 0 {
				cancel()
			}
		}
		var out strings.Builder
		code := s.Agent(ctx, n, m.connect, []string{"-t"}, nil, &out)
		cancel()
		if code != ExitFailed || !strings.HasSuffix(out.String(), "Notice: Caught INT; exiting\x1b[0m\n") {
			t.Errorf("after %d waits: exit %d\n%s", after, code, out.String())
		}
	}
	n.onWait = nil
	if out, code := run(t, s, n, m.connect, nil); code != ExitChanged {
		t.Errorf("afterwards: exit %d\n%s", code, out)
	}
}

func TestArguments(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args string
		code int
		want string // "" for no output at all
	}{
		{"--foo", ExitFailed, "Error: Could not parse application options: invalid option: --foo"},
		{"--version", 0, "7.23.0\n"},
		{"--onetime --no-daemonize", 0, ""},
		{"--onetime --verbose --detailed-exitcodes", ExitChanged, "Info: Using environment"},
		{"-t --noop", ExitUnchanged, "Cron[puppet-agent]/ensure: created (noop)"},
		{"-t --color=false", ExitChanged, "Info: Caching catalog for web-1.novalocal\n"},
		{"-t --server other", ExitFailed, "https://other:8140/puppet-ca/v1"},
	} {
		n, m := newNode("web-1", "10.99.0.11"), newMaster(t, "bz1")
		connect := func(_ context.Context, server string) (Master, error) {
			if server != "puppet" {
				return nil, ErrUnknownHost
			}
			return m, nil
		}
		out, code := run(t, newSim(t), n, connect, nil, strings.Fields(c.args)...)
		if code != c.code || !strings.Contains(out, c.want) || c.want == "" && out != "" {
			t.Errorf("puppet agent %s: exit %d, want %d and %q:\n%s", c.args, code, c.code, c.want, out)
		}
		if c.args == "-t --noop" && n.text("/var/spool/cron/crontabs/root") != "" {
			t.Error("--noop changed the crontab")
		}
	}
}

func TestPuppetDBDown(t *testing.T) {
	t.Parallel()
	m := newMaster(t, "bz1")
	m.fail = errors.New("Failed to execute '/pdb/cmd/v1' on at least 1 of the following 'server_urls': https://puppet:8081")
	out, code := run(t, newSim(t), settledWeb(t), m.connect, nil)
	if code != ExitFailed || !strings.Contains(out, "Error 500 on SERVER: Server Error: Failed to execute '/pdb/cmd/v1'") {
		t.Errorf("exit %d\n%s", code, out)
	}
}

func TestLoadTellsAllMistakes(t *testing.T) {
	t.Parallel()
	fsys := fstest.MapFS{
		"puppet.yaml": {Data: []byte("version: 1\nmodules: none\nvcs:\n  http://a: nowhere\n")},
	}
	if _, err := Load(fsys, fstest.MapFS{}); err == nil || !strings.Contains(err.Error(), "modules: ") || !strings.Contains(err.Error(), "vcs: http://a: ") {
		t.Errorf("got %v", err)
	}
	for _, text := range []string{"colour: red\n", "times: {start: soon}\n", "times: {start: -1s}\n", "facts: 3\n", "{"} {
		fsys["puppet.yaml"] = &fstest.MapFile{Data: []byte(text)}
		if _, err := Load(fsys, nil); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
	fsys["puppet.yaml"] = &fstest.MapFile{}
	if _, err := Load(fsys, nil); err != nil {
		t.Errorf("an empty file: %v", err)
	}
	if _, err := Load(fstest.MapFS{}, nil); err != nil {
		t.Errorf("a workshop without puppet: %v", err)
	}
}
