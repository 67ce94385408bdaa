package puppet

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What differs between two real runs of the same manifest.
var volatile = regexp.MustCompile(`Applied catalog in [0-9.]+|configuration version '\d+'|/tmp/puppet-file\S+|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ \+0000|after [0-9.]+ seconds|\d{8}-\d+-\w+\.lock`)

func steady(s string) string { return volatile.ReplaceAllString(s, "~") }

// before are what a recording's server had been through.
var before = map[string]func(t *testing.T, m *memMaster, n *memNode){
	"cron2":    func(t *testing.T, m *memMaster, n *memNode) { once(t, m, n, "services2") },
	"cron3":    func(t *testing.T, m *memMaster, n *memNode) { once(t, m, n, "cron2") },
	"files2":   func(t *testing.T, m *memMaster, n *memNode) { once(t, m, n, "files") },
	"services": func(_ *testing.T, _ *memMaster, n *memNode) { n.services["cron"] = false },
	"services2": func(t *testing.T, m *memMaster, n *memNode) {
		once(t, m, n, "services")
		n.packages["git"], n.disabled["rsyslog"] = true, true
	},
	"sources": func(_ *testing.T, m *memMaster, _ *memNode) {
		m.env["modules/puppetdb/files/database.ini"].Data = []byte("[database]\nsubname = //127.0.0.1:5432/puppetdb\nusername = puppetdb\npassword = puppetdb\n")
	},
	"vcs2": func(_ *testing.T, _ *memMaster, n *memNode) {
		n.packages["git"] = true
		n.put("/opt/demo2/.git/config", "")
		n.put("/opt/demoflask/start.py", "")
	},
}

// once runs the agent with another recording's manifest.
func once(t *testing.T, m *memMaster, n *memNode, name string) {
	manifest, err := os.ReadFile("testdata/recorded/" + name + ".pp")
	if err != nil {
		t.Fatal(err)
	}
	m.site(string(manifest))
	run(t, newSim(t), n, m.connect, nil)
}

// TestRecorded holds the words against those of the real puppet 7.23: each file of testdata/recorded
// is a manifest, and what puppet agent -t printed when a server had it.
func TestRecorded(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("testdata/recorded/*.pp")
	if err != nil || len(names) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".pp"), func(t *testing.T) {
			t.Parallel()
			manifest, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(strings.TrimSuffix(name, ".pp") + ".out")
			if err != nil {
				t.Fatal(err)
			}
			m, n := newMaster(t, "bz1"), settledWeb(t)
			m.root = "/etc/puppet/code/environments/production"
			if prepare := before[strings.TrimSuffix(filepath.Base(name), ".pp")]; prepare != nil {
				prepare(t, m, n)
			}
			m.site(string(manifest))
			out, code := run(t, newSim(t), n, m.connect, nil)
			got := out + "rc=" + render(int64(code)) + "\n"
			if steady(got) != steady(string(want)) {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}
