package puppet

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// FuzzCompile gives the compiler, and then the run, any text as site.pp: there is a catalogue or an
// error, soon, and never a panic.
func FuzzCompile(f *testing.F) {
	for _, glob := range []string{"testdata/recorded/*.pp", workshopDir + "/control/branches/*/manifests/*.pp", workshopDir + "/sandbox/puppet-modules/*/*/*.pp"} {
		names, err := filepath.Glob(glob)
		if err != nil || len(names) == 0 {
			f.Fatalf("%s: no seeds: %v", glob, err)
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(data))
		}
	}
	f.Add("$x = @(\"E\")\n ${facts['os']}\n | E\nnode /x/, 'y', default { File <<| a == 1 |>> -> Class['b'] ~> x::y { ['a', 'b']: * => { c => d }, } }")
	f.Add("[[1, 2], { a => 'b' }].each |Integer $i, $v| { case $v { Hash: { next() } default: { break() } } }")
	sim := newSim(f)
	f.Fuzz(func(t *testing.T, text string) {
		begin := time.Now()
		m := newMaster(t, "bz1")
		m.site(text)
		n := newNode("web-1", "10.0.0.11")
		code := sim.Agent(t.Context(), n, m.connect, []string{"-t"}, nil, io.Discard)
		if code < 0 || code > 6 || code == 3 || code == 5 {
			t.Errorf("exit %d", code)
		}
		if d := time.Since(begin); d > time.Minute {
			t.Errorf("took %v", d)
		}
	})
}

// FuzzCrontab reads any crontab and writes it again: what it read stays.
func FuzzCrontab(f *testing.F) {
	f.Add("# HEADER: x\n# Puppet Name: a\nA=b\n*/5 1 * * * /bin/true\n@daily x\n\n# Puppet Name: b\n@reboot y z\n")
	f.Add("# Puppet Name: \n\n\n* * *\n#c")
	f.Fuzz(func(t *testing.T, text string) {
		once := parseCrontab(text).render("now")
		if twice := parseCrontab(once).render("now"); twice != once {
			t.Errorf("%q became %q, then %q", text, once, twice)
		}
	})
}
