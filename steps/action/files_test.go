package action

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"

	"matou/steps"
)

func TestFileLine(t *testing.T) {
	t.Parallel()
	const match = `^\s*[0-9.]+\s+puppet\s*$`
	tests := []struct {
		name, before, match, want string
		changed                   bool
	}{
		{"no file", "", match, "10.0.0.2 puppet\n", true},
		{"appended", "127.0.0.1 localhost\n", match, "127.0.0.1 localhost\n10.0.0.2 puppet\n", true},
		{"no newline at the end", "127.0.0.1 localhost", "", "127.0.0.1 localhost\n10.0.0.2 puppet\n", true},
		{"there already", "a\n10.0.0.2 puppet\nb\n", match, "a\n10.0.0.2 puppet\nb\n", false},
		{"there already, no match asked", "10.0.0.2 puppet\n10.0.0.1 puppet\n", "", "10.0.0.2 puppet\n10.0.0.1 puppet\n", false},
		{"another master's", "a\n10.0.0.1 puppet\nb\n", match, "a\n10.0.0.2 puppet\nb\n", true},
		{"another master's before it", "10.0.0.1 puppet\nb\n10.0.0.2 puppet\n", match, "10.0.0.2 puppet\nb\n", true},
		{"twice", "10.0.0.2 puppet\n10.0.0.2 puppet\n", match, "10.0.0.2 puppet\n", true},
		{"blank lines stay", "a\n\n\n", "", "a\n\n\n10.0.0.2 puppet\n", true},
	}
	for _, tt := range tests {
		s := newStand(t)
		box := s.hosts.host("box")
		if tt.name != "no file" {
			box.files["/etc/hosts"] = tt.before
		}
		with := texts("hop", "box", "path", "/etc/hosts", "line", "10.0.0.2 puppet", "match", tt.match)
		if r := s.good("file.line", with); r.Changed != tt.changed || box.files["/etc/hosts"] != tt.want {
			t.Errorf("%s: changed %v, %q", tt.name, r.Changed, box.files["/etc/hosts"])
		}
		writes := box.writes
		if r := s.good("file.line", with); r.Changed || box.writes != writes || box.files["/etc/hosts"] != tt.want {
			t.Errorf("%s: a second time: %q", tt.name, box.files["/etc/hosts"])
		}
	}
	s := newStand(t)
	s.in.Vars["two"] = "a\nb"
	s.bad("file.line", texts("hop", "box", "path", "/f", "line", "${two}"), steps.FailValue)
}

// TestFileLineAnything: whatever the file, the line is there once, no line but those that match is
// gone, and a second run changes nothing.
func TestFileLineAnything(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	box := s.hosts.host("box")
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOf(rapid.SampledFrom([]string{"", "a", "1 puppet", "2 puppet", "b"})).Draw(t, "lines")
		box.files["/f"] = strings.Join(lines, "\n") + rapid.SampledFrom([]string{"", "\n"}).Draw(t, "end")
		with := texts("hop", "box", "path", "/f", "line", "2 puppet", "match", "puppet$")
		if _, err := s.run("file.line", with); err != nil {
			t.Fatal(err)
		}
		once := box.files["/f"]
		if strings.Count(once, "puppet") != 1 || !slices.Contains(strings.Split(once, "\n"), "2 puppet") {
			t.Fatalf("%q of %q", once, lines)
		}
		for _, l := range []string{"a", "b"} {
			if strings.Count(once, l) != strings.Count(strings.Join(lines, "\n"), l) {
				t.Fatalf("%q is missing in %q of %q", l, once, lines)
			}
		}
		if r, err := s.run("file.line", with); err != nil || r.Changed || box.files["/f"] != once {
			t.Fatalf("a second time: %q, then %q, %v", once, box.files["/f"], err)
		}
	})
}

func TestFileShowHasFollow(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.hosts.host("box").files["/x/site.pp"] = "node /^puppet/ {\n}\nnode /^web/ {\n}\n"
	if r := s.good("file.show", texts("hop", "box", "path", "/x/site.pp")); r.Summary != "/x/site.pp: 4" || !strings.Contains(s.out.text(), "box site.pp: node /^web/ {") {
		t.Errorf("%+v\n%s", r, s.out.text())
	}
	s.bad("file.show", texts("hop", "box", "path", "/no"), steps.FailNotFound)
	if r := s.good("file.has", texts("hop", "box", "path", "/x/site.pp", "match", `^node /\^web/`)); r.Summary != "node /^web/" {
		t.Errorf("%+v", r)
	}
	s.bad("file.has", texts("hop", "box", "path", "/x/site.pp", "match", `^node /\^db/`), steps.FailCheck)
	s.in.Vars["name"] = "web.1+("
	s.hosts.host("box").files["/x/names"] = "web.1+(\n"
	s.good("file.has", texts("hop", "box", "path", "/x/names", "match", `^${name}$`))
	s.in.Vars["name"] = "w.b"
	s.hosts.host("box").files["/x/names"] = "web\n"
	s.bad("file.has", texts("hop", "box", "path", "/x/names", "match", `^${name}$`), steps.FailCheck) // a dot of a value is a dot

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.runIn(ctx, "file.follow", texts("hop", "box", "path", "/var/log/syslog")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if !strings.Contains(s.out.text(), "box syslog: /var/log/syslog, 5 lines") || !strings.Contains(s.out.text(), "box syslog: ~~~ after") {
		t.Error(s.out.text())
	}
}

// edit are the fields of the bonus: two lines to uncomment, one address to replace.
func edit(file string) map[string]steps.Value {
	return map[string]steps.Value{
		"file":      {Text: file},
		"uncomment": {List: []string{`^\s*- echo "[0-9.]+ puppet" >>/etc/hosts$`, `^\s*- puppet agent -t$`}},
		"replace":   {Map: map[string]string{"1.2.3.4": "${box.address}"}},
	}
}

func edited(address string) string {
	return "#cloud-config\nruncmd:\n  - echo \"" + address + " puppet\" >>/etc/hosts\n  - puppet agent -t\n  - end\n"
}

func TestDataEdit(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	own := filepath.Join(s.deps.DataDir, "data", "web.yaml")
	try := func(when, want string, changed bool) {
		t.Helper()
		r := s.good("data.edit", edit("data/web.yaml"))
		data, err := os.ReadFile(own)
		if err != nil || string(data) != want || r.Changed != changed {
			t.Errorf("%s: changed %v, %v:\n%s", when, r.Changed, err, data)
		}
	}
	try("first", edited("10.0.0.9"), true)
	if !strings.Contains(s.out.text(), "+   - puppet agent -t") || strings.Contains(s.out.text(), "+   - end") {
		t.Error(s.out.text())
	}
	try("again", edited("10.0.0.9"), false)
	s.in.Vars["box.address"] = "10.0.0.42"
	try("the master has another address", edited("10.0.0.42"), true)
	try("again", edited("10.0.0.42"), false)
	s.in.Vars["box.address"] = "10.0.0.4"
	try("an address that the other begins with", edited("10.0.0.4"), true)
	s.in.Vars["box.address"] = "0.0.0.4"
	try("an address that the other ends with", edited("0.0.0.4"), true)

	byHand := strings.Replace(edited("0.0.0.4"), "  - end", "  - mine\n  - end", 1)
	if err := os.WriteFile(own, []byte(byHand), 0o600); err != nil {
		t.Fatal(err)
	}
	try("what was added by hand stays", byHand, false)
	if err := os.WriteFile(own, []byte("runcmd: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	try("a copy with nothing of it", edited("0.0.0.4"), true)

	s.good("data.has", texts("file", "data/web.yaml", "match", `^\s*- echo "${box.address} puppet"`))
	s.bad("data.has", texts("file", "data/web.yaml", "match", `1\.2\.3\.4`), steps.FailCheck)
	if r := s.good("data.show", texts("file", "data/web.yaml")); r.Summary != "web.yaml *" {
		t.Errorf("%+v", r)
	}
}

func TestDataEditRefuses(t *testing.T) {
	t.Parallel()
	s := newStand(t, func(s *stand) {
		s.w.Files = fstest.MapFS{"data/web.yaml": {Data: []byte("a: b\n# c\n")}, "data/note.txt": {Data: []byte("a: [\n# b\n")}}
	})
	own := filepath.Join(s.deps.DataDir, "data", "web.yaml")
	with := func(file, uncomment, from, to string) map[string]steps.Value {
		v := map[string]steps.Value{"file": {Text: file}}
		if uncomment != "" {
			v["uncomment"] = steps.Value{List: []string{uncomment}}
		}
		if to != "" {
			v["replace"] = steps.Value{Map: map[string]string{from: to}}
		}
		return v
	}
	s.bad("data.edit", with("data/web.yaml", "^nothing", "", ""), steps.FailCheck)
	s.bad("data.edit", with("data/web.yaml", "(", "", ""), steps.FailValue)
	s.bad("data.edit", with("data/web.yaml", "", "nothing", "something"), steps.FailCheck)
	s.bad("data.edit", with("data/web.yaml", "", "", "x"), steps.FailValue)
	s.bad("data.edit", with("data/web.yaml", "", "b", "[b"), steps.FailValue) // no longer YAML
	s.bad("data.edit", with("data/web.yaml", "", "b", "${unknown}"), steps.FailValue)
	s.bad("data.edit", with("data/no.yaml", "", "a", "b"), steps.FailNotFound)
	for _, outside := range []string{"../web.yaml", "/etc/passwd", "data/../../x", ""} {
		s.bad("data.show", texts("file", outside), steps.FailValue)
	}
	if _, err := os.Stat(own); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a refused edit left a copy: %v", err)
	}
	s.good("data.edit", with("data/note.txt", "^b$", "", "")) // text need not be YAML
	s.good("data.edit", with("data/web.yaml", "", "b", "bob"))
	s.good("data.edit", with("data/web.yaml", "", "b", "bob")) // what it becomes holds what it replaces
	if data, err := os.ReadFile(own); err != nil || string(data) != "a: bob\n# c\n" {
		t.Errorf("%q, %v", data, err)
	}
}

func TestEditable(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.w.Steps = []steps.Step{
		{ID: "none", Actions: []steps.Action{{Kind: "server.list"}}},
		{ID: "remote", Actions: []steps.Action{{Kind: "server.list"}, {Kind: "file.show", With: texts("hop", "box", "path", "/x/${user}")}, {Kind: "data.show", With: texts("file", "data/web.yaml")}}},
		{ID: "written", Checks: []steps.Action{
			{Kind: "git.branch", With: texts("hop", "box", "repo", "/code", "match", "^a$")},
			{Kind: "git.branch", With: texts("hop", "box", "repo", "/code", "match", "^a$", "path", "manifests/site.pp", "has", "x")},
		}},
		{ID: "later", Actions: []steps.Action{{Kind: "file.show", With: texts("hop", "box", "path", "${unknown}")}, {Kind: "data.edit", With: edit("data/web.yaml")}}},
	}
	for id, want := range map[steps.ID]Editable{"none": {}, "remote": {Hop: "box", Path: "/x/me"}, "later": {Path: "data/web.yaml"}, "written": {Hop: "box", Path: "/code/manifests/site.pp"}, "nowhere": {}} {
		in := s.in
		in.Step = id
		if got, ok := s.reg.Editable(in); got != want || ok != (want != Editable{}) {
			t.Errorf("%s: %+v, %v", id, got, ok)
		}
	}
}

func TestEditOwn(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	own := filepath.Join(s.deps.DataDir, "data", "web.yaml")
	e := Editable{Path: "data/web.yaml"}
	var where string
	write := func(text string) func(string) error {
		return func(file string) error {
			where = file
			if filepath.Base(file) != "web.yaml" {
				t.Errorf("the editor sees %s", file)
			}
			if text == "" {
				return nil
			}
			return os.WriteFile(file, []byte(text), 0o600)
		}
	}
	if err := s.reg.EditOwn(s.in, e, write("")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(own); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("nothing was changed, but there is a copy: %v", err)
	}
	if err := s.reg.EditOwn(s.in, e, write("a: [")); failure(err) != steps.FailValue {
		t.Errorf("no YAML: %v", err)
	}
	for turn := range 2 { // what was refused is there again; unchanged, it is given up
		got := ""
		if err := s.reg.EditOwn(s.in, e, func(file string) error {
			data, err := os.ReadFile(file)
			got = string(data)
			return err
		}); err != nil || (got == "a: [") != (turn == 0) {
			t.Errorf("turn %d: %q, %v", turn, got, err)
		}
	}
	if err := s.reg.EditOwn(s.in, e, write("a: [")); failure(err) != steps.FailValue {
		t.Errorf("no YAML again: %v", err)
	}
	if err := s.reg.EditOwn(s.in, e, func(string) error { return os.ErrPermission }); !errors.Is(err, os.ErrPermission) {
		t.Errorf("an editor that fails: %v", err)
	}
	if err := s.reg.EditOwn(s.in, e, os.Remove); failure(err) != steps.FailDisk {
		t.Errorf("an editor that takes the file away: %v", err)
	}
	if err := s.reg.EditOwn(s.in, e, write("a: b\n")); err != nil {
		t.Error(err)
	}
	if data, err := os.ReadFile(own); err != nil || string(data) != "a: b\n" {
		t.Errorf("%q, %v", data, err)
	}
	if _, err := os.Stat(where); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is left behind", where)
	}
	if entries, err := os.ReadDir(filepath.Dir(own)); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", slices.Collect(func(yield func(string) bool) {
			for _, e := range entries {
				_ = yield(e.Name())
			}
		}), err)
	}
	if err := s.reg.EditOwn(s.in, Editable{Path: "../x"}, write("")); failure(err) != steps.FailValue {
		t.Errorf("a file outside: %v", err)
	}
	// What was edited is what a server is booted with.
	c := &call{Registry: s.reg, in: s.in, texts: map[string]string{"user-data": "data/web.yaml"}}
	if data, err := c.userData(); err != nil || string(data) != "a: b\n" {
		t.Errorf("%q, %v", data, err)
	}
}
