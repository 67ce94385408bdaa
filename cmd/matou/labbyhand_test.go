package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"matou/cloud/lab"
	"matou/steps"
)

// maxOverhead is how much longer than its commands, typed one after the other, the workshop may take
// when matou plays it.
const maxOverhead = 1.05

// TestLabByHand plays the workshop on real servers, and then types the same commands, with ssh and
// nova, on others: it tells what matou adds to the time of the commands, and what it takes away where
// it boots servers side by side. It is a measurement: it wants a machine with nothing else to do.
//
//	MATOU_TEST_LAB=byhand go test -run TestLabByHand -v -timeout 30m ./cmd/matou
func TestLabByHand(t *testing.T) {
	if os.Getenv("MATOU_TEST_LAB") != "byhand" {
		t.Skip("a measurement: MATOU_TEST_LAB=byhand, as root on Debian or Ubuntu")
	}
	l := newRealLab(t)
	l.images()
	t.Cleanup(func() { l.must("lab", "down") })
	load, _ := os.ReadFile("/proc/loadavg")
	t.Logf("load before: %s", load)

	l.fresh()
	played := l.measure()
	l.fresh()
	h := &byHand{realLab: l, dir: t.TempDir()}
	h.workshop()
	t.Logf("by hand:\n%s", h.table.String())

	all := played.actions + played.checks + played.between
	t.Logf("play, to the victory: %.1f s: actions %.1f, checks %.2f, between them %.2f; matou's own processor time %.2f s",
		all, played.actions, played.checks, played.between, played.cpu)
	t.Logf("checks and the rest are %.1f %% of the actions", 100*(all/played.actions-1))
	t.Logf("the same by hand: %.1f s, of which the nova client %.1f s, while its servers boot already", h.victory, h.nova)
	t.Logf("play / by hand: %.3f", all/h.victory)
	t.Logf("the bonus: play %.1f s, three boots side by side; by hand %.1f s, one after the other", played.bonus, h.bonus)
	if over := all / played.actions; over > maxOverhead {
		t.Errorf("matou takes %.3f of the time of its actions, more than %.2f", over, maxOverhead)
	}
	if played.bonus >= h.bonus {
		t.Error("three boots side by side are no faster than one after the other")
	}
}

// fresh makes a lab with nothing in it. cron is stopped on its servers: whose run of the agent finds
// the work is chance otherwise.
func (l *realLab) fresh() {
	l.t.Helper()
	l.must("lab", "down")
	l.state = l.t.TempDir()
	l.must("lab", "up")
	ctx, stop := context.WithCancel(l.t.Context())
	var quiet sync.WaitGroup
	quiet.Go(func() {
		done := map[string]bool{}
		for ctx.Err() == nil {
			list, _ := lab.Machines(lab.Place{Dir: l.dir, Name: "e2e"})
			for _, m := range list {
				if m.Running && len(m.ID) == 36 && !done[m.ID] {
					pid := strconv.Itoa(m.PID)
					done[m.ID] = exec.CommandContext(ctx, "nsenter", "-t", pid, "-m", "-p", "killall", "-q", "cron").Run() == nil
				}
			}
			select {
			case <-ctx.Done():
			case <-time.After(500 * time.Millisecond):
			}
		}
	})
	l.t.Cleanup(func() { stop(); quiet.Wait() })
}

// played is where the time of a play went, in seconds.
type played struct {
	actions, checks, between float64 // until the victory
	bonus                    float64
	cpu                      float64
}

func (l *realLab) measure() played {
	l.t.Helper()
	cmd := l.command("play", "--json")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		l.t.Fatalf("play: %v\n%s", err, stderr.String())
	}
	p := played{cpu: (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()}
	var first, last time.Time
	for line := range bytes.Lines(out) {
		var e steps.Event
		if json.Unmarshal(line, &e) != nil || e.Step == "" {
			continue
		}
		took := time.Duration(e.Took).Seconds()
		switch {
		case e.Step == "bonus" && e.Type == steps.StepDone:
			p.bonus = took
		case e.Step == "bonus":
		case e.Type == steps.ActionDone && e.Phase == steps.PhaseCheck:
			p.checks += took
		case e.Type == steps.ActionDone:
			p.actions += took
		case e.Type == steps.StepStarted && first.IsZero():
			first = e.At
		}
		if e.Type == steps.StepDone && e.Step != "bonus" {
			last = e.At
			l.t.Logf("play %-14s %6.1f s", e.Step, took)
		}
	}
	p.between = last.Sub(first).Seconds() - p.actions - p.checks
	return p
}

// byHand types commands, as the deck tells.
type byHand struct {
	*realLab
	dir   string
	table strings.Builder

	victory, nova, bonus float64 // seconds; nova is a part of the others
}

func (h *byHand) workshop() {
	h.t.Helper()
	h.configure()
	h.on("inception", "true")
	master := h.boot("puppet-01", "puppet-breizhcamp", "vps-ssd-2", "puppet.yaml")
	h.until(master, "hostname", "puppet-01")
	h.until(master, "service puppetserver status", "puppetserver is running")
	h.on(master, "ls /etc/puppetlabs/code/environments/production/modules")
	h.on(master, "cat /etc/puppetlabs/code/environments/production/manifests/site.pp")
	h.agent(master)
	h.on(master, "crontab -l")
	web := h.boot("web-01", "Ubuntu 14.04", "vps-ssd-1", "web.yaml")
	h.until(web, "ls /opt/puppetlabs/bin/puppet", "puppet")
	h.on(web, "echo '"+master+" puppet' >>/etc/hosts")
	h.agent(web)
	h.on(web, "crontab -l")
	for _, step := range []struct{ branch, hosts string }{{"bz2", web}, {"bz3", web}, {"bz4", master}, {"bz5", web + " " + master}} {
		h.on(master, "cd /etc/puppetlabs/code/environments/production && git checkout -q "+step.branch)
		for host := range strings.FieldsSeq(step.hosts) {
			h.agent(host)
		}
	}
	h.until("inception", "curl -s http://"+master+"/", "Bonjour de web-01")

	victory, nova := h.victory, h.nova
	began := time.Now()
	h.on("inception", `sed -i -e '/puppet" >>\/etc\/hosts$/s/# *- /- /' -e '/puppet agent -t -v$/s/# *- /- /' -e 's/149.202.165.157/`+master+`/' web.yaml && grep -q '^ *- echo "`+master+`' web.yaml`)
	for i := range 3 {
		more := h.boot(fmt.Sprintf("web-1%d", i), "Ubuntu 14.04", "vps-ssd-1", "web.yaml")
		h.until(master, "curl -fs http://"+more+":5000/", "Bonjour de")
	}
	h.agent(master)
	h.bonus = time.Since(began).Seconds()
	h.victory, h.nova = victory, nova
}

// configure writes what lets ssh in without a terminal, one connection a host, as a person keeps one
// open.
func (h *byHand) configure() {
	h.t.Helper()
	info, err := lab.Find(lab.Place{Dir: h.realLab.dir, Name: "e2e"})
	if err != nil {
		h.t.Fatal(err)
	}
	host, port, _ := strings.Cut(info.SSH, ":")
	const common = `
  User root
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  LogLevel ERROR
  PubkeyAuthentication no
  ControlMaster auto
  ControlPersist 600
`
	config := "Host jumphost\n  HostName " + host + "\n  Port " + port + strings.Replace(common, "root", "jump", 1) +
		"Host inception\n  HostName 127.0.0.1\n  Port 2201\n  ProxyCommand ssh -F " + h.dir + "/config -W %h:%p jumphost" + common +
		"Host * !jumphost !inception\n  ProxyCommand ssh -F " + h.dir + "/config -W %h:%p inception" + common
	config = strings.ReplaceAll(config, "  ControlMaster", "  ControlPath "+h.dir+"/%C\n  ControlMaster")
	for name, text := range map[string]string{"config": config, "askpass": "#!/bin/sh\necho moutarde\n"} {
		if err := os.WriteFile(filepath.Join(h.dir, name), []byte(text), 0o700); err != nil {
			h.t.Fatal(err)
		}
	}
	h.t.Cleanup(func() {
		sockets, _ := filepath.Glob(h.dir + "/*")
		for _, s := range sockets {
			_ = exec.Command("ssh", "-o", "ControlPath="+s, "-O", "exit", "x").Run()
		}
	})
}

// try runs one command on a host, and counts its time.
func (h *byHand) try(host, command string) (string, error) {
	cmd := exec.CommandContext(h.t.Context(), "ssh", "-F", h.dir+"/config", host, command)
	cmd.Env = append(os.Environ(), "SSH_ASKPASS="+h.dir+"/askpass", "SSH_ASKPASS_REQUIRE=force")
	began := time.Now()
	out, err := cmd.CombinedOutput()
	took := time.Since(began).Seconds()
	fmt.Fprintf(&h.table, "%8.2f s  %-13s %s\n", took, host, strings.ReplaceAll(command, "\n", " "))
	h.victory += took
	return string(out), err
}

func (h *byHand) on(host, command string) string {
	h.t.Helper()
	out, err := h.try(host, command)
	if err != nil {
		h.t.Fatalf("%s: %s: %v\n%s", host, command, err, out)
	}
	return out
}

// until types a command again and again, a second apart, as somebody who waits does.
func (h *byHand) until(host, command, want string) {
	h.t.Helper()
	for began := time.Now(); ; {
		if out, _ := h.try(host, command); strings.Contains(out, want) {
			return
		}
		if time.Since(began) > 10*time.Minute {
			h.t.Fatalf("%s: %s: no %q", host, command, want)
		}
		time.Sleep(time.Second)
		h.victory++
	}
}

// agent runs the agent. 2 says that it changed something.
func (h *byHand) agent(host string) {
	h.t.Helper()
	out, err := h.try(host, "puppet agent -t -v")
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 2) {
		h.t.Fatalf("%s: puppet agent: %v\n%s", host, err, out)
	}
}

// boot boots a server and tells its address. What the nova client takes is counted apart, too: it is
// the time of the command that people type, but its server has booted long before it looks again.
func (h *byHand) boot(name, image, flavor, data string) string {
	h.t.Helper()
	before := h.victory
	h.on("inception", fmt.Sprintf(". ./openrc && nova boot --poll --image %q --flavor %s --user-data %s %s", image, flavor, data, name))
	out := h.on("inception", ". ./openrc && nova show "+name)
	h.nova += h.victory - before
	for word := range strings.FieldsSeq(out) {
		if strings.Count(word, ".") == 3 && strings.Trim(word, "0123456789.,") == "" {
			return strings.Trim(word, ",")
		}
	}
	h.t.Fatalf("%s has no address:\n%s", name, out)
	return ""
}
