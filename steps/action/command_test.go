package action

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"matou/assets"
	"matou/steps"
)

// TestCommands: what a person would type for each action of the workshop, with the values of a seat
// in the middle of it, and before it has begun.
func TestCommands(t *testing.T) {
	t.Parallel()
	files, err := assets.Workshop("web-cloud-puppet")
	if err != nil {
		t.Fatal(err)
	}
	w, err := steps.Load("web-cloud-puppet", files, Kinds())
	if err != nil {
		t.Fatal(err)
	}
	vars, err := w.Resolve(nil, steps.Builtins(w, "07"))
	if err != nil {
		t.Fatal(err)
	}
	later := vars.With(map[string]string{
		"master.id": "4f2c", "master.address": "158.69.78.12", "web.id": "9a1b", "web.address": "158.69.78.13",
		"more.ids": "b1 b2", "more.addresses": "158.69.78.14 158.69.78.15",
	})
	want := map[string]string{ // step/phase/index
		"jumphost/action/0":      "ssh jump@jump.example.org",
		"inception/action/0":     "ssh root@127.0.0.1 -p 2207",
		"openrc/action/0":        "source openrc",
		"openrc/check/0":         "source openrc",
		"servers/action/0":       "nova list",
		"master-boot/action/0":   "nova boot --image puppet-breizhcamp --flavor vps-ssd-2 --user-data puppet.yaml puppet-07",
		"master-boot/check/0":    "nova show 4f2c",
		"master-boot/undo/0":     "nova delete 4f2c",
		"master-show/action/0":   "nova show 4f2c",
		"master-ssh/action/0":    "ssh root@158.69.78.12",
		"master-ssh/check/0":     "hostname",
		"master-status/action/0": "service puppetserver status",
		"master-code/action/0":   "cd /etc/puppetlabs/code/environments/production && ls modules",
		"master-code/action/1":   "vim manifests/site.pp",
		"master-code/action/2":   "cd /etc/puppetlabs/code/environments/production && git diff bz1 bz2 -- manifests/site.pp",
		"master-code/check/1":    `grep -E '^node\s+/\^puppet/' /etc/puppetlabs/code/environments/production/manifests/site.pp`,
		"master-agent/action/0":  "puppet agent -t -v",
		"web-boot/action/0":      "cat web.yaml",
		"web-boot/action/1":      "nova boot --image 'Ubuntu 14.04' --flavor vps-ssd-1 --user-data web.yaml web-07",
		"web-join/action/4":      "echo '158.69.78.12 puppet' >> /etc/hosts",
		"web-join/check/0":       `grep -E '^\s*158.69.78.12\s+puppet\s*$' /etc/hosts`,
		"web-join/undo/1":        "sed -i '/ puppet$/d' /etc/hosts",
		"bz2/action/0":           "tail -F /var/log/syslog",
		"bz2/action/1":           "cd /etc/puppetlabs/code/environments/production && git checkout bz2",
		"bz2/check/0":            "cd /etc/puppetlabs/code/environments/production && git branch",
		"bz3/check/1":            "curl -i http://158.69.78.13:5000/",
		"bz4/check/2":            "nc -vz 158.69.78.12 80",
		"victoire/check/0":       "matou check",
		"bonus/action/0":         "vim web.yaml",
		"bonus/action/1":         "nova boot --image 'Ubuntu 14.04' --flavor vps-ssd-1 --user-data web.yaml --min-count 3 --max-count 3 web-07",
		"bonus/check/3":          "for i in $(seq 12); do curl -s http://158.69.78.12:80/; done",
		"bonus/undo/0":           "nova delete b1 b2",
		"cleanup/action/0":       "nova delete …",
		"cleanup/check/0":        "nova list",
	}
	reg := New(Deps{})
	used := map[string]bool{}
	for _, step := range w.Steps {
		for phase, actions := range map[steps.Phase][]steps.Action{steps.PhaseAction: step.Actions, steps.PhaseCheck: step.Checks, steps.PhaseUndo: step.Undo} {
			for i, a := range actions {
				used[a.Kind] = true
				in := steps.Input{Workshop: w, Seat: "07", Step: step.ID, Phase: phase, Index: i, Action: a, Vars: later}
				at := fmt.Sprintf("%s/%s/%d", step.ID, phase, i)
				got := reg.Command(in)
				if text, ok := want[at]; ok && got != text {
					t.Errorf("%s:\n got %s\nwant %s", at, got, text)
				}
				if got == "" || strings.Contains(got, "moutarde") || strings.Contains(got, "${") {
					t.Errorf("%s: %q", at, got)
				}
				delete(want, at)
				in.Vars = vars
				if got := reg.Command(in); got == "" {
					t.Errorf("%s: nothing before its values are known", at)
				}
			}
		}
	}
	for at := range want {
		t.Errorf("there is no %s", at)
	}
	for _, kind := range slices.Sorted(maps.Keys(Kinds())) {
		if !used[kind] {
			t.Logf("the workshop does not use %s", kind)
		}
	}
	if got := reg.Command(steps.Input{Workshop: w, Action: steps.Action{Kind: "no.kind"}}); got != "" {
		t.Errorf("no kind: %q", got)
	}
	boot, _ := w.Step("master-boot")
	in := steps.Input{Workshop: w, Action: boot.Actions[0], Vars: vars.With(map[string]string{"network": "my net", "keypair": "me"})}
	if got := reg.Command(in); !strings.Contains(got, "--nic net-name='my net' ") || !strings.Contains(got, "--key-name me ") {
		t.Error(got)
	}
	show, _ := w.Step("master-show")
	in = steps.Input{Workshop: w, Action: show.Actions[0], Vars: vars}
	if got := reg.Command(in); got != "nova show <master.id>" {
		t.Errorf("before it is booted: %q", got)
	}
	v6 := steps.Action{Kind: "tcp.open", With: texts("address", "[2001:db8::1]:80")}
	if got := reg.Command(steps.Input{Workshop: w, Action: v6}); got != "nc -vz 2001:db8::1 80" {
		t.Error(got)
	}
}

// TestTinyWorkshop: the other workshop is as good.
func TestTinyWorkshop(t *testing.T) {
	t.Parallel()
	w, err := steps.Load("tiny", os.DirFS("../testdata/tiny"), Kinds())
	if err != nil || len(w.Steps) == 0 {
		t.Errorf("%v", err)
	}
}

// TestKinds: every kind can be shown and run.
func TestKinds(t *testing.T) {
	t.Parallel()
	reg := New(Deps{})
	for name, k := range reg.kinds {
		if k.run == nil || k.words == nil || k.schema.Kind != name {
			t.Errorf("%s is not whole", name)
		}
		if k.schema.Timeout == 0 && name != "file.follow" {
			t.Errorf("%s has no timeout", name)
		}
	}
}
